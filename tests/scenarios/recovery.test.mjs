// Connection state recovery with socket.io-client: what was missed comes, in order, once.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Service, connect, sleep, topology, within } from "../harness/harness.mjs";
import { assertSequence } from "./sequence.mjs";

const done = { payload: null };
const again = { reconnection: true, reconnectionDelay: 400, reconnectionDelayMax: 400, randomizationFactor: 0 };

for (const transport of ["websocket", "polling", "upgrade"])
  describe(`recovery, ${transport}`, () => {
    let service, commands, lab, shell, terminal;
    const reconnected = (client) => within(15_000, new Promise((resolve) => client.socket.once("connect", resolve)), "the reconnection");
    const lose = async (client) => {
      const lost = new Promise((resolve) => client.socket.once("disconnect", resolve));
      client.socket.io.engine.close();
      await lost;
    };
    before(async () => {
      service = await Service.start({
        scripted: true,
        config: { server: { recoveryWindow: "3s" }, logs: { backlogLines: 2000 } },
        labs: { "l.clab.yml": topology("l", { nodes: { n1: {}, n2: {} } }) },
      });
      commands = await connect(service, "/lab-commands");
      lab = await service.lab("l");
      assert.deepEqual(await commands.command(lab, 0), done);
      shell = (await commands.command(lab, 6, { node: "n1" })).payload;
      terminal = await connect(service, `/shells/${shell}`);
    });
    after(() => service?.close());

    it("a log goes on where it was: recovered, nothing missed, nothing twice, no new backlog", async () => {
      const reader = await connect(service, `/logs/${lab}/n1`, { transport, ...again });
      await reader.next("backlog");
      terminal.emit("data", "produce a 1500 1000\n");
      const lines = await reader.until((line) => line.startsWith("a "));
      const id = reader.socket.id;
      for (let i = 0; i < 2; ++i) {
        const back = reconnected(reader);
        await lose(reader);
        await back;
        assert.equal(reader.socket.recovered, true);
        assert.equal(reader.socket.id, id);
      }
      lines.push(...(await reader.until((line) => line === "a 1500", 15_000)));
      assertSequence(lines, "a", 1, 1500);
      reader.close();
    });
    it("a shell goes on where it was", async () => {
      const watcher = await connect(service, `/shells/${shell}`, { transport, ...again });
      await watcher.next("backlog");
      terminal.emit("data", "first\n");
      await watcher.textUntil("first\r\n");
      const back = reconnected(watcher);
      await lose(watcher);
      terminal.emit("data", "while it was away\n");
      await back;
      assert.equal(watcher.socket.recovered, true);
      terminal.emit("data", "later\n");
      const text = await watcher.textUntil("later\r\n");
      assert.equal(text, "while it was away\r\nlater\r\n");
      watcher.close();
    });
    it("commands work after a break", async () => {
      const client = await connect(service, "/lab-commands", { transport, ...again });
      const back = reconnected(client);
      await lose(client);
      await back;
      const listed = await client.command(lab, 5);
      assert.equal(listed.payload.length, 1);
      client.close();
    });
    it("a bulletin that claims to be recovered has missed nothing", async () => {
      const updates = await connect(service, "/lab-updates", { transport, ...again });
      assert.deepEqual(await commands.command(lab, 2, { node: "n2" }), done);
      assert.deepEqual(await updates.next("data"), { payload: { labId: lab } });
      await sleep(200);
      updates.events.length = 0;
      const back = reconnected(updates);
      await lose(updates);
      assert.deepEqual(await commands.command(lab, 3, { node: "n2" }), done);
      await back;
      if (updates.socket.recovered) assert.deepEqual(await updates.next("data"), { payload: { labId: lab } });
      else await updates.quiet(100); // the client fetches all labs again, as after every connect
      assert.deepEqual(await commands.command(lab, 4, { node: "n2" }), done);
      await updates.next("data");
      updates.close();
    });
    it("too late is a new socket with a whole backlog", async () => {
      const reader = await connect(service, `/logs/${lab}/n1`, { transport, ...again, reconnectionDelay: 5000, reconnectionDelayMax: 5000 });
      await reader.next("backlog");
      terminal.emit("data", "log before\n");
      assert.equal(await reader.next("data"), "before");
      const back = reconnected(reader);
      await lose(reader);
      await back;
      assert.equal(reader.socket.recovered, false);
      assert.ok((await reader.next("backlog")).includes("before"));
      reader.close();
    });
    it("missed lines that the backlog has lost make it a new socket", async () => {
      const reader = await connect(service, `/logs/${lab}/n1`, { transport, ...again, reconnectionDelay: 1000, reconnectionDelayMax: 1000 });
      await reader.next("backlog");
      terminal.emit("data", "log mark\n");
      assert.equal(await reader.next("data"), "mark");
      const back = reconnected(reader);
      await lose(reader);
      terminal.emit("data", "produce flood 5000 1000000\n");
      await back;
      assert.equal(reader.socket.recovered, false);
      const backlog = await reader.next("backlog");
      assert.ok(backlog.length <= 2000);
      reader.close();
    });
    it("another user cannot take a socket over", async () => {
      const reader = await connect(service, `/logs/${lab}/n1`, { transport });
      await reader.next("backlog");
      terminal.emit("data", "log secret\n");
      await reader.next("data");
      const { _pid: pid, _lastOffset: offset, id } = reader.socket;
      assert.ok(pid && offset);
      reader.socket.io.engine.close();
      await sleep(100);
      const token = await service.token("mallory", { admin: true });
      const thief = await connect(service, `/logs/${lab}/n1`, { auth: { token, pid, offset } });
      assert.notEqual(thief.socket.id, id);
      await thief.next("backlog");
      thief.close();
    });
    it("recovery=0 in the query declines it: no pid, no offsets", async () => {
      const reader = await connect(service, `/logs/${lab}/n1`, { transport, query: { recovery: 0 } });
      await reader.next("backlog");
      terminal.emit("data", "log plain\n");
      await reader.next("data");
      assert.equal(reader.socket._pid, undefined);
      assert.equal(reader.socket._lastOffset, undefined);
      reader.close();
    });
  });
