// Stands in for the suites' node-imports.js. Browsers give every message a task of its own, ws does not when several come
// in one read: here the first is dispatched at once, the others one by one in later tasks.
import fetch from "node-fetch";
import { WebSocket as Plain } from "ws";
import chai from "chai";
import chaiString from "chai-string";

chai.use(chaiString);

class WebSocket extends Plain {
  emit(name, ...rest) {
    if (name !== "message" && name !== "close") return super.emit(name, ...rest);
    this.later ??= [];
    if (this.busy) {
      this.later.push([name, ...rest]);
      return true;
    }
    this.busy = true;
    setImmediate(() => this.next());
    return super.emit(name, ...rest);
  }

  next() {
    const event = this.later.shift();
    this.busy = event !== undefined;
    if (!event) return;
    setImmediate(() => this.next());
    super.emit(...event);
  }
}

globalThis.fetch = fetch;
globalThis.WebSocket = WebSocket;
globalThis.chai = chai;
