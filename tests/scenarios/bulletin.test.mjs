// /lab-updates and /status-messages: shape, and who gets what.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { connect, topology } from "../harness/harness.mjs";
import { pair, people, startWithLabs } from "./labs.mjs";

const done = { payload: null };

describe("bulletin", () => {
  let service, tokens, office, lab;
  before(async () => {
    service = await startWithLabs();
    tokens = await people(service);
    office = await service.lab("office");
    lab = await service.lab("pair");
  });
  after(() => service?.close());

  for (const nsp of ["/lab-updates", "/status-messages"])
    it(`${nsp} delivers what concerns labs that the user sees`, async () => {
      const alice = await connect(service, "/lab-commands", { token: tokens.alice });
      const readers = {};
      for (const [name, token] of Object.entries({ ...tokens, admin: await service.admin() })) readers[name] = await connect(service, nsp, { token });
      const twice = await connect(service, nsp, { token: tokens.bob });
      assert.deepEqual(await alice.command(office, 0), done);
      for (const name of ["alice", "bob", "admin"]) await readers[name].next("data");
      await twice.next("data");
      assert.deepEqual(await alice.command(office, 1), done);
      await readers.eve.quiet();
      for (const client of [alice, twice, ...Object.values(readers)]) client.close();
    });
  it("what concerns a lab at the top is for its readers only", async () => {
    const admin = await connect(service, "/lab-commands");
    const bob = await connect(service, "/lab-updates", { token: tokens.bob });
    assert.deepEqual(await admin.command(lab, 0), done);
    assert.deepEqual(await admin.command(lab, 1), done);
    await bob.quiet();
    admin.close();
    bob.close();
  });
  it("a file that appears is a lab; one that goes takes its lab along", async () => {
    const updates = await connect(service, "/lab-updates");
    service.put("fresh.clab.yml", pair("fresh"));
    const fresh = await service.lab("fresh");
    await updates.until(({ payload }) => payload.labId === fresh || payload.labId === undefined || payload.labId === "");
    rmSync(join(service.labsFolder, "fresh.clab.yml"));
    for (const end = Date.now() + 10_000; (await service.labList()).some(({ id }) => id === fresh);) assert.ok(Date.now() < end);
    updates.close();
  });
  it("a broken file gives a status message with file and line", async () => {
    const messages = await connect(service, "/status-messages");
    service.put("broken.clab.yml", "name: broken\ntopology:\n  nodes: [1, 2\n");
    const taken = await messages.until(({ payload }) => /broken\.clab\.yml/.test(payload.content + payload.logContent));
    const { payload } = taken.at(-1);
    assert.match(payload.content, /broken\.clab\.yml, line [34]/);
    assert.ok(payload.severity >= 2);
    service.put("broken.clab.yml", topology("mended"));
    await service.lab("mended");
    messages.close();
  });
  it("the bulletins take no events from clients, and answer with an error", async () => {
    for (const nsp of ["/lab-updates", "/status-messages", "/shell-commands"]) {
      const client = await connect(service, nsp);
      const [ack] = await client.call("data", { labId: lab, command: 5 });
      assert.equal(ack.code, 5422, nsp);
      client.close();
    }
  });
});
