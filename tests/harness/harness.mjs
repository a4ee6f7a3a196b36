// Starts real stibium services and real socket.io clients for tests. The Python face is in stibium_harness/.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Manager } from "socket.io-client";

const bin = process.env.STIBIUM_BIN ?? fileURLToPath(new URL("../../build/dev/bin", import.meta.url));
const sweeper = fileURLToPath(new URL("stibium_harness/sweep.py", import.meta.url));
const startMs = 30_000;
const stopMs = 15_000;
export const user = "admin";
export const password = "correct horse";
export { sleep };

// The text of a topology; `script` are labels `script.*` of the first node, without that prefix.
export function topology(name, { nodes = { n1: {} }, links = [], script = {} } = {}) {
  const bodies = Object.entries(nodes).map(([node, body], index) => {
    const labels = { ...body.labels };
    if (index === 0) for (const [key, value] of Object.entries(script)) labels[`script.${key}`] = String(value);
    return [node, { kind: "linux", ...body, ...(Object.keys(labels).length ? { labels } : {}) }];
  });
  // JSON is YAML.
  return JSON.stringify({ name, topology: { nodes: Object.fromEntries(bodies), links: links.map((endpoints) => ({ endpoints })) } });
}

// A port that no connection gets by chance: while a service is away, its port must wait for it.
async function freePort() {
  const lowest = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * Math.max(lowest - 10_000, 100));
    const probe = createServer();
    const free = await new Promise((resolve) => probe.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true)));
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

// `stibiumd` (or `scripted_stibiumd`) with labs, data and configuration in a temporary folder.
export class Service {
  constructor({ labs = {}, scripted = false, config = {}, env = {} } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "stibium-"));
    this.program = join(bin, scripted ? "scripted_stibiumd" : "stibiumd");
    this.labsFolder = join(this.folder, "labs");
    this.dataFolder = join(this.folder, "data");
    mkdirSync(this.labsFolder);
    this.config = config;
    this.env = env;
    this.port = 0;
    this.sockets = new Set();
    for (const [path, text] of Object.entries(labs)) this.put(path, text);
  }

  static async start(options) {
    const service = new Service(options);
    try {
      await service.start();
    } catch (error) {
      await service.close();
      throw error;
    }
    return service;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async start() {
    const config = join(this.folder, "stibium.yml");
    writeFileSync(config, JSON.stringify(this.config));
    const listen = this.port || (await freePort());
    const options = ["--listen", `127.0.0.1:${listen}`, "--labs", this.labsFolder, "--data", this.dataFolder, "--config", config];
    // The service dies with the test run, however that ends.
    this.process = spawn("setpriv", ["--pdeathsig", "TERM", this.program, ...options], {
      stdio: ["ignore", "pipe", openSync(join(this.folder, "stderr"), "a")],
      env: { ...process.env, SB_NATIVE_USERNAME: user, SB_NATIVE_PASSWORD: password, ...this.env },
    });
    this.ended = once(this.process, "exit");
    const listening = (async () => {
      for await (const line of createInterface({ input: this.process.stdout })) {
        const match = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
        if (match) return Number(match[1]);
      }
    })();
    this.port = await within(startMs, listening, "the service to listen");
    if (!this.port) throw new Error(`${this.program} does not listen:\n${this.stderr().slice(-4000)}`);
    this.process.stdout.resume();
  }

  stderr() {
    const path = join(this.folder, "stderr");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  async stop() {
    const begin = Date.now();
    this.process.kill("SIGTERM");
    await within(stopMs, this.ended, "the service to end");
    return Date.now() - begin;
  }

  async kill() {
    this.process.kill("SIGKILL");
    await this.ended;
  }

  // Closes all clients, destroys what runs, stops the service, removes its folder.
  async close() {
    try {
      if (this.port && this.process.exitCode === null && this.process.signalCode === null) {
        await this.destroyLabs();
        for (const socket of this.sockets) socket.io._close();
        await this.stop();
      }
    } finally {
      await promisify(execFile)("/usr/bin/python3", [sweeper, this.folder]);
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  async destroyLabs() {
    try {
      const running = (await this.labList()).filter((lab) => lab.instance);
      if (!running.length) return;
      const commands = await connect(this, "/lab-commands");
      for (const lab of running) await commands.command(lab.id, 1);
    } catch (error) {
      console.error(`harness: cannot destroy: ${error.message}`); // what is left is ended below
    }
  }

  // Writes a file of the labs folder, whole or not at all.
  put(path, text) {
    const target = join(this.labsFolder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${this.folder}/fresh`, text);
    renameSync(`${this.folder}/fresh`, target);
  }

  async get(path, token) {
    return fetch(this.url + path, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  }

  async labList(token) {
    const answer = await this.get("/labs", token ?? (await this.admin()));
    if (!answer.ok) throw new Error(`GET /labs: ${answer.status}`);
    return (await answer.json()).payload;
  }

  // The id of the lab with this name; waits for it.
  async lab(name, ms = 10_000) {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
      const found = (await this.labList()).find((lab) => lab.name === name);
      if (found) return found.id;
    }
    throw new Error(`no lab ${name}`);
  }

  async instance(lab) {
    return (await (await this.get(`/labs/${lab}`, await this.admin())).json()).payload.instance;
  }

  async node(lab, name) {
    return (await this.instance(lab)).nodes.find((node) => node.name === name);
  }

  // A token made by `stibium token`.
  async token(name, { groups = [], admin = false, ttl = "30m" } = {}) {
    const options = ["token", "--data", this.dataFolder, "--user", name, "--ttl", ttl];
    if (groups.length) options.push("--groups", groups.join(","));
    if (admin) options.push("--admin");
    return (await promisify(execFile)(join(bin, "stibium"), options)).stdout.trim();
  }

  // An admin's token, made once.
  admin() {
    return (this.adminToken ??= this.token("root-admin", { admin: true }));
  }
}

export async function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const transports = { websocket: ["websocket"], polling: ["polling"], upgrade: ["polling", "websocket"] };

// A socket.io-client that notes all its events in order. Options: transport, token (the admin's by default), auth (overrides it),
// manager (another client, to share its connection), and those of socket.io-client.
export class Client {
  constructor(service, nsp, { transport = "websocket", auth, manager, wait = true, ...options } = {}) {
    this.events = [];
    this.waiting = [];
    const io = manager?.socket.io ?? new Manager(service.url, { transports: transports[transport], reconnection: false, autoConnect: false, forceNew: true, ...options });
    this.socket = io.socket(nsp, { auth });
    service.sockets.add(this.socket);
    this.socket.onAny((...event) => this.take(event));
    this.connected = new Promise((resolve, reject) => {
      this.socket.once("connect", () => resolve(this));
      this.socket.once("connect_error", reject);
    });
    this.connected.catch(() => {});
    this.ended = new Promise((resolve) => this.socket.once("disconnect", resolve));
    this.socket.connect();
  }

  take(event) {
    this.events.push(event);
    for (const wake of this.waiting.splice(0)) wake();
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  close() {
    this.socket.io._close();
  }

  leave() {
    this.socket.disconnect();
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  // The one ack of an event, as its list of arguments. A second one later fails the test run.
  async call(event, data, ms = 10_000) {
    let acks = 0;
    const ack = new Promise((resolve) => {
      this.socket.emit(event, data, (...args) => {
        if (++acks > 1) throw new Error(`acked ${acks} times`);
        resolve(args);
      });
    });
    return within(ms, ack, `the ack of ${JSON.stringify(data)}`);
  }

  async command(lab, command, more = {}, ms = 30_000) {
    const args = await this.call("data", { labId: lab, command, ...more }, ms);
    if (args.length !== 1) throw new Error(`an ack with ${args.length} arguments`);
    return args[0];
  }

  // The next event's argument; it must have that name.
  async next(name, ms = 10_000) {
    const end = Date.now() + ms;
    while (!this.events.length) {
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no ${name ?? "event"} within ${ms} ms`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => (clearTimeout(timer), resolve()));
      });
    }
    const [event, ...args] = this.events.shift();
    if (name && event !== name) throw new Error(`expected ${name}, came ${event} ${JSON.stringify(args)}`);
    return args[0];
  }

  // Takes `data` events until one satisfies `wanted`; returns all taken.
  async until(wanted, ms = 10_000) {
    const taken = [];
    for (const end = Date.now() + ms; ;) {
      try {
        taken.push(await this.next("data", Math.max(1, end - Date.now())));
      } catch (error) {
        throw new Error(`${error.message}; came before: ${JSON.stringify(taken.slice(-20))}`);
      }
      if (wanted(taken.at(-1))) return taken;
    }
  }

  // Takes `data` events until their joined text contains `wanted` (a text or an expression).
  async textUntil(wanted, ms = 10_000) {
    let text = "";
    const there = () => (wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted));
    for (const end = Date.now() + ms; !there();) {
      try {
        text += await this.next("data", Math.max(1, end - Date.now()));
      } catch (error) {
        throw new Error(`no ${wanted}: ${error.message}; came before: ${JSON.stringify(text.slice(-2000))}`);
      }
    }
    return text;
  }

  // Nothing comes for a while.
  async quiet(ms = 300) {
    await sleep(ms);
    if (this.events.length) throw new Error(`unexpected: ${JSON.stringify(this.events[0])}`);
  }
}

// A client that is connected to the namespace.
export async function connect(service, nsp, options = {}) {
  const auth = options.auth ?? { token: options.token ?? (await service.admin()) };
  const client = new Client(service, nsp, { ...options, auth });
  await within(10_000, client.connected, `the namespace ${nsp}`);
  return client;
}

// The CONNECT_ERROR of a namespace that must be refused.
export async function refusal(service, nsp, options = {}) {
  const client = new Client(service, nsp, options);
  try {
    await within(10_000, client.connected, `the refusal of ${nsp}`);
  } catch (error) {
    return { message: error.message, data: error.data };
  } finally {
    client.close();
  }
  throw new Error(`${nsp} was not refused`);
}
