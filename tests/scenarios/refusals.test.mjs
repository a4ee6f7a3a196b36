// Authentication and refusal: every row of the contract's table, in its order.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, refusal, sleep } from "../harness/harness.mjs";
import { people, startWithLabs } from "./labs.mjs";

for (const transport of ["websocket", "polling", "upgrade"]) {
  describe(`refusals, ${transport}`, () => {
    let service, tokens, office;
    const refused = async (nsp, auth, message, code) => {
      const error = await refusal(service, nsp, { auth, transport });
      assert.equal(error.message, message);
      assert.equal(error.data.code, code);
      assert.equal(typeof error.data.message, "string");
    };
    before(async () => {
      service = await startWithLabs();
      tokens = await people(service);
      office = await service.lab("office");
      const commands = await connect(service, "/lab-commands");
      assert.deepEqual(await commands.command(office, 0), { payload: null });
      commands.close();
    });
    after(() => service?.close());

    for (const [what, auth] of [
      ["no auth", undefined],
      ["an empty object", {}],
      ["a null token", { token: null }],
      ["an empty token", { token: "" }],
      ["a text", (cb) => cb("token")],
      ["a list", (cb) => cb(["token"])],
    ])
      it(`${what} is Unauthorized`, () => refused("/lab-commands", auth, "Unauthorized", 5403));

    it("a malformed token is an Invalid Token", () => refused("/lab-commands", { token: "abc" }, "Invalid Token", 5403));
    it("a token that is no text is an Invalid Token", () => refused("/lab-commands", { token: 5 }, "Invalid Token", 5403));
    it("a token that is too long is an Invalid Token", () => refused("/lab-commands", { token: "x".repeat(20_000) }, "Invalid Token", 5403));
    it("a wrongly signed token is an Invalid Token", () => {
      const [head, body] = tokens.alice.split(".");
      return refused("/lab-commands", { token: `${head}.${body}.${"A".repeat(43)}` }, "Invalid Token", 5403);
    });
    it("a changed token is an Invalid Token", () => {
      const [head, body, sign] = tokens.alice.split(".");
      const claims = { ...JSON.parse(Buffer.from(body, "base64url")), isAdmin: true };
      const forged = Buffer.from(JSON.stringify(claims)).toString("base64url");
      return refused("/lab-commands", { token: `${head}.${forged}.${sign}` }, "Invalid Token", 5403);
    });
    it("a token without a signature is an Invalid Token", () => {
      const body = tokens.alice.split(".")[1];
      const head = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
      return refused("/lab-commands", { token: `${head}.${body}.` }, "Invalid Token", 5403);
    });
    it("an expired token is an Invalid Token", async () => {
      const token = await service.token("alice", { groups: ["campus"], ttl: "1s" });
      await sleep(2500);
      await refused("/lab-commands", { token }, "Invalid Token", 5403);
    });
    for (const nsp of ["/nope", "/lab-commands/x", "/logs", "/logs/x", "/shells/x", "/logs/00000000-0000-4000-8000-000000000000/n1"])
      it(`${nsp} is an Invalid namespace`, () => refused(nsp, { token: tokens.alice }, "Invalid namespace", 5005));
    it("the namespaces of a lab that was never deployed are Invalid namespaces", async () => {
      const idle = await service.lab("idle");
      await refused(`/logs/${idle}`, { token: await service.admin() }, "Invalid namespace", 5005);
      await refused(`/logs/${idle}/n1`, { token: await service.admin() }, "Invalid namespace", 5005);
    });
    it("a log of a lab that the user does not see is No Access", async () => {
      await refused(`/logs/${office}`, { token: tokens.eve }, "No Access", 5403);
      await refused(`/logs/${office}/n1`, { token: tokens.eve }, "No Access", 5403);
    });
    it("another user's shell is No Access", async () => {
      const alice = await connect(service, "/lab-commands", { token: tokens.alice });
      const { payload: shell } = await alice.command(office, 6, { node: "n1" });
      await refused(`/shells/${shell}`, { token: tokens.eve }, "No Access", 5403);
      await refused(`/shells/${shell}`, { token: tokens.bob }, "No Access", 5403);
      assert.deepEqual(await alice.command(office, 7, { shellId: shell }), { payload: null });
      alice.close();
    });
    it("they are checked in the order of the table", async () => {
      await refused("/nope", {}, "Unauthorized", 5403);
      await refused("/nope", { token: "abc" }, "Invalid Token", 5403);
      await refused(`/logs/${office}`, { token: "abc" }, "Invalid Token", 5403);
    });
    it("a refusal leaves the connection's other namespaces alone", async () => {
      const commands = await connect(service, "/lab-commands", { token: tokens.alice, transport });
      const error = await refusalOn(commands, service, "/nope", tokens.alice);
      assert.equal(error.message, "Invalid namespace");
      assert.deepEqual(await commands.command(office, 5), { payload: [] });
      commands.close();
    });
    it("every namespace is authenticated by itself", async () => {
      const commands = await connect(service, "/lab-commands", { token: tokens.alice, transport });
      assert.equal((await refusalOn(commands, service, "/lab-updates", undefined)).message, "Unauthorized");
      commands.close();
    });
    it("/ is there, and has no events", async () => {
      const root = await connect(service, "/", { token: tokens.alice, transport });
      root.emit("data", "anything");
      await root.quiet();
      root.close();
      await refused("/", {}, "Unauthorized", 5403);
    });
    it("each namespace has a sid of its own", async () => {
      const first = await connect(service, "/lab-commands", { token: tokens.alice, transport });
      const second = await connect(service, "/lab-updates", { token: tokens.alice, manager: first });
      assert.ok(first.socket.id && second.socket.id);
      assert.notEqual(first.socket.id, second.socket.id);
      assert.notEqual(first.socket.id, first.socket.io.engine.id);
      if (transport !== "websocket") assert.ok(first.socket.io.engine.id);
      first.close();
    });
  });
}

// The CONNECT_ERROR of one more namespace on a client's connection.
async function refusalOn(client, service, nsp, token) {
  const { Client } = await import("../harness/harness.mjs");
  const other = new Client(service, nsp, { manager: client, auth: token ? { token } : undefined });
  return other.connected.then(
    () => assert.fail(`${nsp} was not refused`),
    (error) => error,
  );
}
