// Shells: real terminals on the embedded runtime, and their ends.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Service, connect, refusal, sleep, topology } from "../harness/harness.mjs";
import { people, startWithLabs } from "./labs.mjs";

const done = { payload: null };

describe("shells on the embedded runtime", () => {
  let service, commands, lab;
  const openShell = async (node = "n1", options = {}) => {
    const { payload: id, ...error } = await commands.command(lab, 6, { node });
    assert.equal(typeof id, "string", JSON.stringify(error));
    const terminal = await connect(service, `/shells/${id}`, options);
    const backlog = await terminal.next("backlog");
    return { id, terminal, backlog };
  };
  const close = async ({ id, terminal }) => {
    assert.deepEqual(await commands.command(lab, 7, { shellId: id }), done);
    await terminal.ended;
    terminal.close();
  };
  before(async () => {
    service = await startWithLabs();
    commands = await connect(service, "/lab-commands");
    lab = await service.lab("pair");
    assert.deepEqual(await commands.command(lab, 0), done);
  });
  after(() => service?.close());

  for (const transport of ["websocket", "polling", "upgrade"]) {
    it(`echoes what is typed, and its output, ${transport}`, async () => {
      const shell = await openShell("n1", { transport });
      assert.deepEqual(await shell.terminal.call("data", "hostname; echo $((6*7))\r"), [done]);
      const text = await shell.terminal.textUntil(/42\r\n/);
      assert.match(text, /hostname; echo/);
      assert.match(text, /n1\r\n/);
      await close(shell);
    });
    it(`5000 keys typed one by one come back in order, ${transport}`, async () => {
      const shell = await openShell("n1", { transport });
      const { terminal } = shell;
      terminal.emit("data", "stty raw -echo; echo rea''dy; exec cat\r");
      await terminal.textUntil(/\rready\r?\n/);
      const keys = Array.from({ length: 5000 }, (_, i) => String.fromCharCode(97 + ((i * 7 + Math.floor(i / 26)) % 26)));
      for (const key of keys) terminal.emit("data", key);
      let text = "";
      for (const end = Date.now() + 30_000; text.length < keys.length && Date.now() < end;) text += await terminal.next("data");
      assert.equal(text, keys.join(""));
      await close(shell);
    });
  }
  it("resize changes the terminal's size", async () => {
    const shell = await openShell();
    const { terminal } = shell;
    terminal.emit("resize", { cols: 132, rows: 43 });
    terminal.emit("data", "stty size\r");
    await terminal.textUntil("43 132");
    terminal.emit("resize", JSON.stringify({ cols: 100, rows: 30 }));
    terminal.emit("data", "stty size\r");
    await terminal.textUntil("30 100");
    await close(shell);
  });
  it("a resize that is wrong is answered with 5422 and changes nothing", async () => {
    const shell = await openShell();
    const { terminal } = shell;
    terminal.emit("resize", { cols: 90, rows: 20 });
    for (const wrong of [{ cols: 0, rows: 10 }, { cols: 10 }, { cols: 1001, rows: 10 }, { cols: "80", rows: 24 }, { cols: 1.5, rows: 2 }, null, 5, "x", []]) {
      const [ack] = await terminal.call("resize", wrong);
      assert.equal(ack.code, 5422, JSON.stringify(wrong));
    }
    terminal.emit("data", "stty size\r");
    await terminal.textUntil("20 90");
    await close(shell);
  });
  it("input that is no text is answered with 5422", async () => {
    const shell = await openShell();
    for (const wrong of [5, null, {}, ["x"], true]) {
      const [ack] = await shell.terminal.call("data", wrong);
      assert.equal(ack.code, 5422);
      assert.match(ack.message, /data/);
    }
    shell.terminal.emit("data", "echo st''ill\r");
    await shell.terminal.textUntil("still\r\n");
    await close(shell);
  });
  it("two connections of the same user share a shell", async () => {
    const shell = await openShell();
    const second = await connect(service, `/shells/${shell.id}`);
    const backlog = await second.next("backlog");
    assert.ok(Array.isArray(backlog));
    second.emit("data", "echo sha''red\r");
    await Promise.all([shell.terminal.textUntil("shared\r\n"), second.textUntil("shared\r\n")]);
    const third = await connect(service, `/shells/${shell.id}`);
    assert.match((await third.next("backlog")).join(""), /shared\r\n/);
    await close(shell);
    assert.equal(await second.ended, "io server disconnect");
    second.close();
    third.close();
  });
  it("a shell lives on while nobody watches", async () => {
    const shell = await openShell();
    shell.terminal.emit("data", "sleep 0.5; echo al''one\r");
    await sleep(100);
    shell.terminal.close();
    await sleep(1000);
    shell.terminal = await connect(service, `/shells/${shell.id}`);
    assert.match((await shell.terminal.next("backlog")).join(""), /alone\r\n/);
    await close(shell);
  });
  it("a character that is split over two reads arrives whole", async () => {
    const shell = await openShell();
    shell.terminal.emit("data", "stty -echo; printf 'A\\342'; sleep 0.3; printf '\\202'; sleep 0.3; printf '\\254B\\n'\r");
    const text = await shell.terminal.textUntil("B\r\n");
    assert.ok(text.includes("A€B"), JSON.stringify(text));
    assert.ok(!text.includes("\ufffd"));
    await close(shell);
  });
  it("the end of the shell's program ends the shell, and says so", async () => {
    const notices = await connect(service, "/shell-commands");
    const shell = await openShell();
    shell.terminal.emit("data", "exit 3\r");
    assert.equal(await shell.terminal.ended, "io server disconnect");
    const notice = await notices.next("data");
    assert.equal(notice.command, 1);
    assert.match(notice.message, /end|exit/);
    assert.equal((await refusal(service, `/shells/${shell.id}`, { auth: { token: await service.admin() } })).message, "Invalid namespace");
    shell.terminal.close();
    notices.close();
  });
  it("/shell-commands has the bare object and the same under payload; each way of ending has its reason", async () => {
    const notices = await connect(service, "/shell-commands");
    const ends = {
      user: (shell) => commands.command(lab, 7, { shellId: shell.id }),
      stop: () => commands.command(lab, 2, { node: "n1" }),
    };
    for (const [why, end] of Object.entries(ends)) {
      const shell = await openShell();
      assert.deepEqual(await end(shell), done);
      const { payload, ...bare } = await notices.next("data");
      assert.deepEqual(payload, bare);
      assert.deepEqual({ ...bare, message: "" }, { labId: lab, node: "n1", shellId: shell.id, command: 1, message: "" });
      assert.match(bare.message, new RegExp(why));
      await shell.terminal.ended;
      shell.terminal.close();
    }
    assert.deepEqual(await commands.command(lab, 3, { node: "n1" }), done);
    notices.close();
  });
  it("/shell-commands goes to every connection of the owner, and to nobody else", async () => {
    const tokens = await people(service);
    const office = await service.lab("office");
    assert.deepEqual(await commands.command(office, 0), done);
    const bob = await connect(service, "/lab-commands", { token: tokens.bob });
    const mine = await Promise.all([1, 2].map(() => connect(service, "/shell-commands", { token: tokens.bob })));
    const others = await Promise.all([tokens.alice, await service.admin()].map((token) => connect(service, "/shell-commands", { token })));
    const { payload: shellId } = await bob.command(office, 6, { node: "n1" });
    await bob.command(office, 7, { shellId });
    for (const client of mine) assert.equal((await client.next("data")).shellId, shellId);
    for (const client of others) await client.quiet(100);
    for (const client of [bob, ...mine, ...others]) client.close();
  });
  it("a big output comes whole", async () => {
    const shell = await openShell();
    shell.terminal.emit("data", "stty -echo; echo beg''in; seq 1 60000; echo d''one\r");
    const text = await shell.terminal.textUntil("done\r\n", 60_000);
    const numbers = text.split("begin\r\n")[1].split("\r\n").slice(0, 60_000).map(Number);
    assert.equal(numbers.length, 60_000);
    numbers.forEach((number, index) => assert.equal(number, index + 1));
    await close(shell);
  });
});

describe("a shell that nobody uses", () => {
  let service;
  before(async () => {
    service = await Service.start({
      scripted: true,
      config: { shell: { timeout: "2s", scrollbackBytes: "4KiB" } },
      labs: { "l.clab.yml": topology("l") },
    });
  });
  after(() => service?.close());

  it("is closed as inactive; use keeps it open", async () => {
    const commands = await connect(service, "/lab-commands");
    const notices = await connect(service, "/shell-commands");
    const lab = await service.lab("l");
    assert.deepEqual(await commands.command(lab, 0), done);
    const { payload: id } = await commands.command(lab, 6, { node: "n1" });
    const terminal = await connect(service, `/shells/${id}`);
    for (let i = 0; i < 6; ++i) {
      await sleep(600);
      terminal.emit("data", "x");
    }
    assert.ok(terminal.socket.connected);
    const begin = Date.now();
    assert.equal(await terminal.ended, "io server disconnect");
    assert.ok(Date.now() - begin > 1000);
    const notice = await notices.next("data");
    assert.match(notice.message, /inactiv/);
    for (const client of [commands, notices, terminal]) client.close();
  });
  it("an I/O error of the terminal is command 0", async () => {
    const commands = await connect(service, "/lab-commands");
    const notices = await connect(service, "/shell-commands");
    const lab = await service.lab("l");
    for (const line of ["break\n", "throw\n"]) {
      const { payload: id } = await commands.command(lab, 6, { node: "n1" });
      const terminal = await connect(service, `/shells/${id}`);
      terminal.emit("data", line);
      assert.equal(await terminal.ended, "io server disconnect");
      const notice = await notices.next("data");
      assert.equal(notice.command, 0, JSON.stringify(notice));
      assert.ok(notice.message.length > 0);
      terminal.close();
    }
    commands.close();
    notices.close();
  });
  it("the scrollback is bounded, its oldest goes first, and nothing is cut inside a character", async () => {
    const commands = await connect(service, "/lab-commands");
    const lab = await service.lab("l");
    const { payload: id } = await commands.command(lab, 6, { node: "n1" });
    const terminal = await connect(service, `/shells/${id}`);
    await terminal.next("backlog");
    for (let i = 0; i < 300; ++i) terminal.emit("data", `€€€€€€€€€€ ${i}\n`);
    await terminal.textUntil("€ 299\r\n");
    const late = await connect(service, `/shells/${id}`);
    const text = (await late.next("backlog")).join("");
    assert.ok(Buffer.byteLength(text) <= 4096, `${Buffer.byteLength(text)} bytes`);
    assert.ok(text.endsWith("€ 299\r\n"));
    assert.ok(!text.includes("\ufffd"));
    await commands.command(lab, 7, { shellId: id });
    for (const client of [commands, terminal, late]) client.close();
  });
});
