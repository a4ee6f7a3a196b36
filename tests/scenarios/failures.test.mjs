// What clients see when the runtime is slow, fails, hangs or dies: on the scripted runtime. Every command is acked once.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Service, connect, sleep, topology, within } from "../harness/harness.mjs";

const done = { payload: null };

describe("a runtime that misbehaves", () => {
  let service, commands;
  const labs = {};
  const add = (name, script = {}, nodes) => (labs[`${name}.clab.yml`] = topology(name, { script, ...(nodes ? { nodes } : {}) }));
  add("slow", { "deploy.delay": 1500 });
  add("failing", { "deploy.error": "Error: image not found: no/such:image", "deploy.lines": 3 });
  add("hanging", { "deploy.hang": "yes" });
  add("deaf", { "deploy.hang": "yes", "deploy.deaf": "yes" });
  add("bystander", { "log.lines": 2 });
  add("destroy-fails", { "destroy.error": "Error: cannot remove container" });
  add("stop-fails", { "stop.error": "Error: no such process" });
  add("no-terminal", { "terminal.error": "exec failed: no shell in the image" });
  add("slow-terminal", { "terminal.hang": "yes" });
  add("short-lived", { exits: 400 });
  add("talking", { "log.lines": 3, "log.rate": 20 });
  for (const name of ["queue1", "queue2", "queue3"]) add(name, { "deploy.delay": 800 });
  before(async () => {
    service = await Service.start({ scripted: true, labs, config: { runtime: { deadline: "3s" } } });
    commands = await connect(service, "/lab-commands");
  });
  after(() => service?.close());

  it("5002: a lab that is being deployed", async () => {
    const lab = await service.lab("slow");
    const first = commands.command(lab, 0);
    await sleep(200);
    assert.equal((await commands.command(lab, 0)).code, 5002);
    assert.equal((await service.instance(lab)).state, 0);
    assert.deepEqual(await first, done);
  });
  it("5000: a deployment that a destroy cancels is never acked as done", async () => {
    const lab = await service.lab("hanging");
    const deploy = commands.command(lab, 0);
    await sleep(200);
    const destroy = commands.command(lab, 1);
    const [first, second] = await Promise.all([deploy, destroy]);
    assert.equal(first.code, 5000);
    assert.match(first.message, /cancel/);
    assert.deepEqual(second, done);
    assert.equal(await service.instance(lab), undefined);
  });
  it("5001: a runtime that fails, with its last line; its lines are in the log; the lab has failed", async () => {
    const lab = await service.lab("failing");
    const ack = await commands.command(lab, 0);
    assert.equal(ack.code, 5001);
    assert.match(ack.message, /image not found: no\/such:image/);
    const log = await connect(service, `/logs/${lab}`);
    const lines = await log.next("backlog");
    for (const i of [1, 2, 3]) assert.ok(lines.some((line) => line.includes(`deploy line ${i}`)), lines.join("\n"));
    log.close();
    assert.equal((await service.instance(lab))?.state, 3);
  });
  it("a failed lab can be deployed again: its log begins anew", async () => {
    const lab = await service.lab("failing");
    const log = await connect(service, `/logs/${lab}`);
    await log.next("backlog");
    assert.equal((await commands.command(lab, 0)).code, 5001);
    const again = await connect(service, `/logs/${lab}`);
    const lines = await again.next("backlog");
    assert.equal(lines.filter((line) => line.includes("deploy line 1")).length, 1);
    log.close();
    again.close();
  });
  it("5001: a deployment past its deadline, also when the runtime does not hear the cancel", async () => {
    const lab = await service.lab("deaf");
    const ack = await commands.command(lab, 0, {}, 50_000);
    assert.ok([5000, 5001].includes(ack.code), JSON.stringify(ack));
    assert.match(ack.message, /deadline|time|3 s/i);
  });
  it("5001: a destroy that fails leaves the lab there", async () => {
    const lab = await service.lab("destroy-fails");
    assert.deepEqual(await commands.command(lab, 0), done);
    const ack = await commands.command(lab, 1);
    assert.equal(ack.code, 5001);
    assert.match(ack.message, /cannot remove container/);
    assert.ok(await service.instance(lab));
  });
  it("5001: a node command that fails", async () => {
    const lab = await service.lab("stop-fails");
    assert.deepEqual(await commands.command(lab, 0), done);
    const ack = await commands.command(lab, 2, { node: "n1" });
    assert.equal(ack.code, 5001);
    assert.match(ack.message, /no such process/);
  });
  it("5001: a terminal that cannot be opened takes no place of the user's", async () => {
    const lab = await service.lab("no-terminal");
    assert.deepEqual(await commands.command(lab, 0), done);
    for (let i = 0; i < 25; ++i) {
      const ack = await commands.command(lab, 6, { node: "n1" });
      assert.equal(ack.code, 5001);
      assert.match(ack.message, /no shell in the image/);
    }
    assert.deepEqual(await commands.command(lab, 5), { payload: [] });
  });
  it("a terminal that never opens is acked with an error", async () => {
    const lab = await service.lab("slow-terminal");
    assert.deepEqual(await commands.command(lab, 0), done);
    const ack = await commands.command(lab, 6, { node: "n1" }, 45_000);
    assert.ok([5000, 5001].includes(ack.code), JSON.stringify(ack));
    assert.deepEqual(await commands.command(lab, 5), { payload: [] });
  });
  it("a node that dies by itself is told: state, update, status message, its shells", async () => {
    const lab = await service.lab("short-lived");
    const updates = await connect(service, "/lab-updates");
    const notices = await connect(service, "/shell-commands");
    assert.deepEqual(await commands.command(lab, 0), done);
    const { payload: shell } = await commands.command(lab, 6, { node: "n1" });
    const notice = await notices.next("data");
    assert.equal(notice.shellId, shell);
    assert.equal(notice.command, 1);
    await updates.until(({ payload }) => payload.labId === lab);
    for (const end = Date.now() + 5000; (await service.node(lab, "n1")).state !== "exited"; await sleep(50)) assert.ok(Date.now() < end);
    assert.equal((await commands.command(lab, 6, { node: "n1" })).code, 5004);
    updates.close();
    notices.close();
  });
  it("commands wait their turn, and their place is told in the lab's log", async () => {
    const ids = await Promise.all(["queue1", "queue2", "queue3"].map((name) => service.lab(name)));
    const begin = Date.now();
    const acks = await Promise.all(ids.map((id) => commands.command(id, 0)));
    assert.deepEqual(acks, [done, done, done]);
    assert.ok(Date.now() - begin >= 1500, "three deployments of 0.8 s with two at a time take 1.6 s");
    const lines = [];
    for (const id of ids) {
      const log = await connect(service, `/logs/${id}`);
      lines.push(...(await log.next("backlog")));
      log.close();
    }
    assert.match(lines.join("\n"), /queue|wait|position/i);
  });
  it("a client that leaves while its command runs changes nothing for it", async () => {
    const lab = await service.lab("slow");
    const leaving = await connect(service, "/lab-commands");
    leaving.emit("data", { labId: lab, command: 1 });
    for (const end = Date.now() + 5000; await service.instance(lab); await sleep(50)) assert.ok(Date.now() < end);
    leaving.emit("data", { labId: lab, command: 0 });
    await sleep(300);
    leaving.close();
    for (const end = Date.now() + 5000; (await service.instance(lab))?.state !== 1; await sleep(50)) assert.ok(Date.now() < end);
  });
  it("1000 commands under way at once are acked once each, in order for one socket", async () => {
    const lab = await service.lab("bystander");
    const order = [];
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        commands.call("data", { labId: lab, command: 5 }).then((args) => {
          assert.deepEqual(args, [{ payload: [] }]);
          order.push(i);
        }),
      ),
    );
    assert.deepEqual(order, [...order].sort((a, b) => a - b));
  });
});

describe("a runtime actor that dies", () => {
  let service;
  before(async () => {
    service = await Service.start({ scripted: true, labs: { "t.clab.yml": topology("throwing", { script: { "deploy.throw": "yes" } }), "b.clab.yml": topology("bystander") } });
  });
  after(() => service?.close());

  it("the command is acked, and the service starts again at the same address; clients come back by themselves", async () => {
    const [throwing, bystander] = [await service.lab("throwing"), await service.lab("bystander")];
    const commands = await connect(service, "/lab-commands", { reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 200 });
    const back = new Promise((resolve) => commands.socket.io.once("reconnect", resolve));
    const ack = await commands.command(throwing, 0);
    assert.equal(ack.code, 5000);
    await within(15_000, back, "the reconnection");
    await within(5000, new Promise((resolve) => (commands.socket.connected ? resolve() : commands.socket.once("connect", resolve))), "the namespace");
    assert.deepEqual(await commands.command(bystander, 0), done);
    assert.match(service.stderr(), /runtime has ended/);
    commands.close();
  });
});
