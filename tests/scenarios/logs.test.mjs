// Logs: backlog first, every line once and in order, aliases, availability, bounds.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Service, connect, refusal, sleep, topology } from "../harness/harness.mjs";
import { startWithLabs } from "./labs.mjs";
import { assertSequence } from "./sequence.mjs";

const done = { payload: null };

describe("logs on the embedded runtime", () => {
  let service, commands, lab;
  before(async () => {
    service = await startWithLabs();
    commands = await connect(service, "/lab-commands");
    lab = await service.lab("pair");
    assert.deepEqual(await commands.command(lab, 0), done);
  });
  after(() => service?.close());

  it("a node's output is its log", async () => {
    const log = await connect(service, `/logs/${lab}/n2`);
    assert.ok((await log.next("backlog")).includes("hello from n2"));
    log.close();
  });
  it("a node without output has an empty backlog", async () => {
    const log = await connect(service, `/logs/${lab}/n1`);
    assert.deepEqual(await log.next("backlog"), []);
    log.close();
  });
  it("a node's log is also there under its container's id, of 12 and 64 digits", async () => {
    const { containerId } = await service.node(lab, "n2");
    assert.match(containerId, /^[0-9a-f]{64}$/);
    for (const name of [containerId, containerId.slice(0, 12)]) {
      const log = await connect(service, `/logs/${lab}/${name}`);
      assert.ok((await log.next("backlog")).includes("hello from n2"));
      log.close();
    }
    const short = await refusal(service, `/logs/${lab}/${containerId.slice(0, 11)}`, { auth: { token: await service.admin() } });
    assert.equal(short.message, "Invalid namespace");
  });
  it("an unknown node has no log", async () => {
    const error = await refusal(service, `/logs/${lab}/n3`, { auth: { token: await service.admin() } });
    assert.equal(error.message, "Invalid namespace");
    assert.equal(error.data.code, 5005);
  });
  it("a node that is stopped and started goes on in the same log", async () => {
    const log = await connect(service, `/logs/${lab}/n2`);
    await log.next("backlog");
    assert.deepEqual(await commands.command(lab, 2, { node: "n2" }), done);
    assert.deepEqual(await commands.command(lab, 3, { node: "n2" }), done);
    await log.until((line) => line === "hello from n2");
    assert.equal(log.socket.connected, true);
    log.close();
  });
  it("the lab's log tells of its commands", async () => {
    const log = await connect(service, `/logs/${lab}`);
    assert.ok((await log.next("backlog")).length > 0);
    assert.deepEqual(await commands.command(lab, 4, { node: "n1" }), done);
    assert.equal(typeof (await log.next("data")), "string");
    log.close();
  });
  it("a new deployment starts a new log; its readers stay", async () => {
    const log = await connect(service, `/logs/${lab}`);
    const before = await log.next("backlog");
    assert.deepEqual(await commands.command(lab, 0), done);
    const again = await connect(service, `/logs/${lab}`);
    const after = await again.next("backlog");
    assert.ok(log.socket.connected);
    assert.ok(log.events.length > 0 && log.events.every(([event]) => event === "data"));
    assert.ok(!after.slice(1).some((line) => before.includes(line) && /^\d{4}-/.test(line)), "old lines are gone");
    log.close();
    again.close();
  });
});

describe("logs under load, on the scripted runtime", () => {
  let service, commands, lab, shell, terminal;
  before(async () => {
    service = await Service.start({
      scripted: true,
      labs: { "l.clab.yml": topology("l", { nodes: { n1: {}, quiet: {} } }) },
      config: { logs: { backlogLines: 500, lineBytes: 1024 } },
    });
    commands = await connect(service, "/lab-commands");
    lab = await service.lab("l");
    assert.deepEqual(await commands.command(lab, 0), done);
    shell = (await commands.command(lab, 6, { node: "n1" })).payload;
    terminal = await connect(service, `/shells/${shell}`);
  });
  after(() => service?.close());
  const type = (line) => terminal.emit("data", `${line}\n`);

  for (const transport of ["websocket", "polling", "upgrade"])
    it(`joining while lines come: each is in the backlog or comes after it, ${transport}`, async () => {
      const name = `join-${transport}`;
      type(`produce ${name} 400 1000`);
      const readers = [];
      for (let i = 0; i < 8; ++i) {
        readers.push(await connect(service, `/logs/${lab}/n1`, { transport }));
        await sleep(30);
      }
      for (const reader of readers) {
        const backlog = await reader.next("backlog");
        const rest = backlog.includes(`${name} 400`) ? [] : await reader.until((line) => line === `${name} 400`);
        assertSequence([...backlog, ...rest], name, 1, 400);
        reader.close();
      }
    });
  it("two producers of 1000 lines/s each reach every subscriber complete and in order", async () => {
    const readers = await Promise.all(["websocket", "polling", "upgrade", "websocket"].map((transport) => connect(service, `/logs/${lab}/n1`, { transport })));
    for (const reader of readers) await reader.next("backlog");
    type("produce left 3000 1000");
    type("produce right 3000 1000");
    await Promise.all(
      readers.map(async (reader) => {
        const lines = [];
        let ends = 0;
        while (ends < 2) {
          lines.push(...(await reader.until((line) => line === "left 3000" || line === "right 3000", 20_000)));
          ++ends;
        }
        assertSequence(lines, "left", 1, 3000);
        assertSequence(lines, "right", 1, 3000);
        assert.equal(lines.length, 6000);
        reader.close();
      }),
    );
  });
  it("a full backlog loses its oldest lines", async () => {
    type("produce many 700 100000");
    const reader = await connect(service, `/logs/${lab}/n1`);
    const early = await reader.next("backlog");
    if (!early.includes("many 700")) await reader.until((line) => line === "many 700");
    reader.close();
    const later = await connect(service, `/logs/${lab}/n1`);
    const backlog = await later.next("backlog");
    assert.equal(backlog.length, 500);
    assertSequence(backlog, "many", 201, 700);
    later.close();
  });
  it("a line that is too long is cut into several, nothing of it is lost", async () => {
    const reader = await connect(service, `/logs/${lab}/n1`);
    await reader.next("backlog");
    const text = Array.from({ length: 600 }, (_, i) => `${i}-ä`).join(" ");
    type(`log ${text}`);
    type("log end-of-cut");
    const lines = await reader.until((line) => line === "end-of-cut");
    assert.ok(lines.length > 3);
    assert.equal(lines.slice(0, -1).join(""), text);
    for (const line of lines) assert.ok(Buffer.byteLength(line) <= 1024);
    reader.close();
  });
  it("lines are text as it was, whatever is in it", async () => {
    const reader = await connect(service, `/logs/${lab}/n1`);
    await reader.next("backlog");
    const odd = '"quoted" \\back\\ \u0001 \u2028 € 😀 </script> \u001e {"a":[1]}';
    type(`log ${odd}`);
    assert.equal(await reader.next("data"), odd);
    reader.close();
  });
  it("another node's log is another log", async () => {
    const reader = await connect(service, `/logs/${lab}/quiet`);
    assert.deepEqual(await reader.next("backlog"), []);
    type("log only n1");
    await reader.quiet();
    reader.close();
  });
  it("a client that leaves the namespace gets nothing more, its others do", async () => {
    const first = await connect(service, `/logs/${lab}/n1`);
    const second = await connect(service, `/logs/${lab}/quiet`, { manager: first });
    await first.next("backlog");
    await second.next("backlog");
    first.leave();
    await sleep(100);
    type("log after leaving");
    await first.quiet();
    assert.ok(second.socket.connected);
    const back = await connect(service, `/logs/${lab}/n1`, { manager: second });
    assert.ok((await back.next("backlog")).includes("after leaving"));
    second.close();
  });
  it("the same user on three connections gets everything three times", async () => {
    const token = await service.token("carol", { admin: true });
    const readers = await Promise.all([1, 2, 3].map(() => connect(service, `/logs/${lab}/n1`, { token })));
    for (const reader of readers) await reader.next("backlog");
    type("produce thrice 100 1000");
    for (const reader of readers) {
      assertSequence(await reader.until((line) => line === "thrice 100"), "thrice", 1, 100);
      reader.close();
    }
  });
});
