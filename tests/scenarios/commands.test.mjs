// /lab-commands on the embedded runtime: a lab's life on every transport, and every error that needs no failing runtime.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, refusal } from "../harness/harness.mjs";
import { people, startWithLabs } from "./labs.mjs";

const done = { payload: null };

for (const transport of ["websocket", "polling", "upgrade"]) {
  describe(`a lab's life, ${transport}`, () => {
    let service, commands, lab;
    const open = (nsp) => connect(service, nsp, { transport });
    before(async () => {
      service = await startWithLabs();
      lab = await service.lab("pair");
      commands = await open("/lab-commands");
    });
    after(() => service?.close());

    it("uses the transport that was asked for", async () => {
      const wanted = transport === "polling" ? "polling" : "websocket";
      if (transport === "upgrade" && commands.transport !== wanted) await new Promise((resolve) => commands.socket.io.engine.once("upgrade", resolve));
      assert.equal(commands.transport, wanted);
    });
    it("0 deploys, and says so in log, update and status message", async () => {
      const updates = await open("/lab-updates");
      const messages = await open("/status-messages");
      assert.deepEqual(await commands.command(lab, 0), done);
      assert.equal((await service.instance(lab)).state, 1);
      assert.deepEqual(await updates.next("data"), { payload: { labId: lab } });
      const { payload: message } = await messages.next("data");
      assert.deepEqual(Object.keys(message).sort(), ["content", "id", "logContent", "severity", "source", "timestamp"]);
      assert.ok([0, 1, 2, 3, 4].includes(message.severity));
      assert.ok(!Number.isNaN(Date.parse(message.timestamp)));
      const log = await open(`/logs/${lab}`);
      const backlog = await log.next("backlog");
      assert.ok(backlog.length > 0 && backlog.every((line) => typeof line === "string"));
      for (const client of [updates, messages, log]) client.close();
    });
    it("0 redeploys a running lab", async () => {
      const log = await open(`/logs/${lab}/n1`);
      await log.next("backlog");
      assert.deepEqual(await commands.command(lab, 0), done);
      assert.equal(await log.ended, "io server disconnect");
      log.close();
      assert.equal((await service.instance(lab)).state, 1);
    });
    it("accepts the command as a text that holds the object", async () => {
      assert.deepEqual(await commands.call("data", JSON.stringify({ labId: lab, command: 5 })), [{ payload: [] }]);
    });
    it("5 lists, 6 opens, 7 closes shells", async () => {
      const { payload: shell } = await commands.command(lab, 6, { node: "n1" });
      assert.equal(typeof shell, "string");
      assert.deepEqual(await commands.command(lab, 5), { payload: [{ id: shell, node: "n1" }] });
      const terminal = await open(`/shells/${shell}`);
      assert.ok(Array.isArray(await terminal.next("backlog")));
      assert.deepEqual(await terminal.call("data", "echo $((40+2))-$(hostname)\r"), [done]);
      await terminal.textUntil("42-n1");
      assert.deepEqual(await commands.command(lab, 7, { shellId: shell }), done);
      assert.equal(await terminal.ended, "io server disconnect");
      assert.deepEqual(await commands.command(lab, 5), { payload: [] });
      terminal.close();
    });
    it("the link carries pings", async () => {
      const { payload: shell } = await commands.command(lab, 6, { node: "n1" });
      const terminal = await open(`/shells/${shell}`);
      await terminal.next("backlog");
      terminal.emit("data", "ping -c1 -W5 10.0.0.2; echo status=$?\r");
      await terminal.textUntil(/status=0/, 15_000);
      await commands.command(lab, 7, { shellId: shell });
      terminal.close();
    });
    it("2 stops, 3 starts, 4 restarts a node; links stay", async () => {
      assert.deepEqual(await commands.command(lab, 2, { node: "n2" }), done);
      assert.equal((await service.node(lab, "n2")).state, "exited");
      assert.deepEqual(await commands.command(lab, 3, { node: "n2" }), done);
      assert.equal((await service.node(lab, "n2")).state, "running");
      assert.deepEqual(await commands.command(lab, 4, { node: "n2" }), done);
      assert.equal((await service.node(lab, "n2")).state, "running");
      const { payload: shell } = await commands.command(lab, 6, { node: "n1" });
      const terminal = await open(`/shells/${shell}`);
      await terminal.next("backlog");
      terminal.emit("data", "ping -c1 -W5 10.0.0.2; echo status=$?\r");
      await terminal.textUntil(/status=0/, 15_000);
      terminal.close();
    });
    it("a command without an ack runs all the same", async () => {
      const updates = await open("/lab-updates");
      commands.emit("data", { labId: lab, command: 2, node: "n2" });
      await updates.next("data");
      for (let i = 0; (await service.node(lab, "n2")).state !== "exited"; ++i) assert.ok(i < 200, "the node was not stopped");
      updates.close();
    });
    it("an error of a command without an ack becomes a status message to that user", async () => {
      const messages = await open("/status-messages");
      commands.emit("data", { labId: lab, command: 2, node: "nobody" });
      // What the case before has done may be told only now.
      const told = await messages.until(({ payload }) => /nobody/.test(payload.content + payload.logContent));
      assert.ok(told.at(-1).payload.severity >= 2);
      messages.close();
    });
    it("1 destroys: node logs and shells end, the lab's log stays", async () => {
      const nodeLog = await open(`/logs/${lab}/n1`);
      const labLog = await open(`/logs/${lab}`);
      const { payload: shell } = await commands.command(lab, 6, { node: "n1" });
      const terminal = await open(`/shells/${shell}`);
      const notices = await open("/shell-commands");
      assert.deepEqual(await commands.command(lab, 1), done);
      assert.equal(await nodeLog.ended, "io server disconnect");
      assert.equal(await terminal.ended, "io server disconnect");
      assert.match((await notices.next("data")).message, /destroy/);
      assert.equal(await service.instance(lab), undefined);
      assert.equal(labLog.socket.connected, true);
      assert.equal((await refusal(service, `/logs/${lab}/n1`, { auth: { token: await service.admin() } })).message, "Invalid namespace");
      assert.deepEqual(await commands.command(lab, 1).then(({ code }) => code), 5003);
      const again = await open(`/logs/${lab}`);
      assert.ok((await again.next("backlog")).length > 0);
      for (const client of [nodeLog, labLog, terminal, notices, again]) client.close();
    });
  });
}

describe("errors of commands", () => {
  let service, tokens, admin, lab, idle, office;
  const unknown = "00000000-0000-4000-8000-000000000000";
  before(async () => {
    service = await startWithLabs({ shell: { userLimit: 2 } });
    tokens = await people(service);
    admin = await connect(service, "/lab-commands");
    [lab, idle, office] = [await service.lab("pair"), await service.lab("idle"), await service.lab("office")];
    assert.deepEqual(await admin.command(lab, 0), done);
    assert.deepEqual(await admin.command(office, 0), done);
  });
  after(() => service?.close());

  const fails = async (client, data, code, message) => {
    const [ack, ...more] = await client.call("data", data);
    assert.equal(more.length, 0);
    assert.deepEqual(Object.keys(ack).sort(), ["code", "message"], JSON.stringify(ack));
    assert.equal(ack.code, code, ack.message);
    assert.match(ack.message, message ?? /./);
  };

  for (const [what, data, message] of [
    ["a text that is no JSON", "deploy!", /JSON/],
    ["a text that holds a list", "[1]", /object/],
    ["a text that holds null", "null", /object/],
    ["a number", 5, /object|data/],
    ["a list", [1, 2], /object|data/],
    ["null", null, /object|data/],
    ["true", true, /object|data/],
    ["an empty object", {}, /labId/],
    ["no labId", { command: 0 }, /labId/],
    ["an empty labId", { labId: "", command: 0 }, /labId/],
    ["a labId that is a number", { labId: 5, command: 0 }, /labId/],
    ["a labId that is much too long", { labId: "x".repeat(5000), command: 0 }, /labId/],
    ["no command", { labId: "x" }, /command/],
    ["a command that is a text", { labId: "x", command: "0" }, /command/],
    ["a broken number", { labId: "x", command: 1.5 }, /command/],
    ["a negative number", { labId: "x", command: -1 }, /command/],
    ["an unknown number", { labId: "x", command: 8 }, /command/],
    ["a huge number", { labId: "x", command: 1e30 }, /command/],
    ["2 without a node", { labId: "x", command: 2 }, /node/],
    ["3 without a node", { labId: "x", command: 3 }, /node/],
    ["4 without a node", { labId: "x", command: 4 }, /node/],
    ["6 without a node", { labId: "x", command: 6 }, /node/],
    ["6 with an empty node", { labId: "x", command: 6, node: "" }, /node/],
    ["a node that is a number", { labId: "x", command: 6, node: 1 }, /node/],
    ["7 without a shellId", { labId: "x", command: 7 }, /shellId/],
    ["a shellId that is a list", { labId: "x", command: 7, shellId: [] }, /shellId/],
  ])
    it(`5422: ${what}`, async () => {
      await fails(admin, data, 5422, message);
      if (typeof data === "object" && data) await fails(admin, JSON.stringify(data), 5422, message);
    });
  it("5422: no argument at all", async () => {
    const ack = await new Promise((resolve) => admin.socket.emit("data", resolve));
    assert.equal(ack.code, 5422);
  });
  it("an unknown event is answered when an ack was asked for", async () => {
    const [ack] = await admin.call("no-such-event", { labId: lab, command: 5 });
    assert.equal(ack.code, 5422);
    assert.match(ack.message, /no-such-event|event/);
  });

  for (const command of [0, 1, 2, 3, 4, 5, 6])
    it(`5005: command ${command} on an unknown lab`, () => fails(admin, { labId: unknown, command, node: "n1" }, 5005));
  it("5005 or 5007: command 7 on an unknown lab", async () => {
    const ack = await admin.command(unknown, 7, { shellId: unknown });
    assert.ok([5005, 5007].includes(ack.code), JSON.stringify(ack));
  });

  for (const command of [0, 1, 2, 3, 4, 5, 6])
    it(`5403: command ${command} on a lab that the user does not see`, async () => {
      const eve = await connect(service, "/lab-commands", { token: tokens.eve });
      await fails(eve, { labId: office, command, node: "n1" }, 5403);
      eve.close();
    });
  for (const command of [0, 1, 2, 3, 4])
    it(`5403: command ${command} on a lab that another user has made`, async () => {
      const bob = await connect(service, "/lab-commands", { token: tokens.bob });
      await fails(bob, { labId: office, command, node: "n1" }, 5403);
      bob.close();
    });
  it("who sees a lab may open shells on it", async () => {
    const bob = await connect(service, "/lab-commands", { token: tokens.bob });
    const { payload: shell } = await bob.command(office, 6, { node: "n1" });
    assert.deepEqual(await bob.command(office, 5), { payload: [{ id: shell, node: "n1" }] });
    const alice = await connect(service, "/lab-commands", { token: tokens.alice });
    assert.deepEqual(await alice.command(office, 5), { payload: [] });
    await fails(alice, { labId: office, command: 7, shellId: shell }, 5403);
    assert.deepEqual(await bob.command(office, 7, { shellId: shell }), done);
    bob.close();
    alice.close();
  });
  it("the maker of a lab may command it", async () => {
    const alice = await connect(service, "/lab-commands", { token: tokens.alice });
    assert.deepEqual(await alice.command(office, 2, { node: "n1" }), done);
    assert.deepEqual(await alice.command(office, 3, { node: "n1" }), done);
    alice.close();
  });

  for (const command of [1, 2, 3, 4, 6])
    it(`5003: command ${command} on a lab without an instance`, () => fails(admin, { labId: idle, command, node: "n1" }, 5003));
  for (const command of [2, 3, 4, 6])
    it(`5006: command ${command} on an unknown node`, () => fails(admin, { labId: lab, command, node: "nobody" }, 5006, /nobody/));
  it("5000: 3 on a node that runs", () => fails(admin, { labId: lab, command: 3, node: "n1" }, 5000, /n1/));
  it("5004: 2, 4 and 6 on a node that does not run", async () => {
    assert.deepEqual(await admin.command(lab, 2, { node: "n1" }), done);
    for (const command of [2, 4, 6]) await fails(admin, { labId: lab, command, node: "n1" }, 5004, /n1/);
    assert.deepEqual(await admin.command(lab, 3, { node: "n1" }), done);
  });
  it("5007: an unknown shell, and a shell of another lab", async () => {
    await fails(admin, { labId: lab, command: 7, shellId: "nothing" }, 5007);
    await fails(admin, { labId: lab, command: 7, shellId: unknown }, 5007);
    const { payload: shell } = await admin.command(office, 6, { node: "n1" });
    await fails(admin, { labId: lab, command: 7, shellId: shell }, 5007);
    assert.deepEqual(await admin.command(office, 7, { shellId: shell }), done);
  });
  it("5008: one shell more than a user may hold; closing one makes room", async () => {
    const first = (await admin.command(lab, 6, { node: "n1" })).payload;
    const second = (await admin.command(office, 6, { node: "n1" })).payload;
    await fails(admin, { labId: lab, command: 6, node: "n1" }, 5008);
    const bob = await connect(service, "/lab-commands", { token: tokens.bob });
    const other = (await bob.command(office, 6, { node: "n1" })).payload;
    assert.equal(typeof other, "string", "the limit is each user's own");
    await bob.command(office, 7, { shellId: other });
    bob.close();
    assert.deepEqual(await admin.command(lab, 7, { shellId: first }), done);
    const third = (await admin.command(lab, 6, { node: "n2" })).payload;
    assert.equal(typeof third, "string");
    await admin.command(office, 7, { shellId: second });
    await admin.command(lab, 7, { shellId: third });
  });
  it("5001: the runtime's last error line is in the message", async () => {
    const bad = await service.lab("broken-program");
    const ack = await admin.command(bad, 0);
    assert.equal(ack.code, 5001);
    assert.match(ack.message, /no\/such\/program/);
    const log = await connect(service, `/logs/${bad}`);
    assert.match((await log.next("backlog")).join("\n"), /no\/such\/program/);
    log.close();
  });
  it("bad input has closed nothing", async () => assert.deepEqual(await admin.command(lab, 5), { payload: [] }));
});

describe("compat.nodeCommandIds: reference", () => {
  let service;
  before(async () => (service = await startWithLabs({ compat: { nodeCommandIds: "reference" } })));
  after(() => service?.close());
  it("2 starts and 3 stops", async () => {
    const lab = await service.lab("pair");
    const commands = await connect(service, "/lab-commands");
    assert.deepEqual(await commands.command(lab, 0), done);
    assert.equal((await commands.command(lab, 2, { node: "n1" })).code, 5000);
    assert.deepEqual(await commands.command(lab, 3, { node: "n1" }), done);
    assert.equal((await service.node(lab, "n1")).state, "exited");
    assert.deepEqual(await commands.command(lab, 2, { node: "n1" }), done);
    assert.equal((await service.node(lab, "n1")).state, "running");
    commands.close();
  });
});
