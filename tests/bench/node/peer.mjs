// The benchmark's Node peer: the same namespaces, events and bytes as stibium.
// Arguments: the log's namespace, the shell's namespace.
import { createServer } from "node:http";
import { Server } from "socket.io";

const [logName, shellName] = process.argv.slice(2);
const http = createServer();
const io = new Server(http, { pingInterval: 25000, pingTimeout: 20000 });

const log = io.of(logName);
log.on("connection", (socket) => socket.emit("backlog", []));

io.of(shellName).on("connection", (socket) => {
  socket.emit("backlog", []);
  socket.on("data", (typed) => {
    for (const line of typed.split("\n")) if (line) log.emit("data", line);
  });
});

io.of("/lab-commands").on("connection", (socket) => {
  socket.on("data", (command, ack) => {
    ack(command.command === 5 ? { payload: [] } : { code: 5422, message: "command" });
  });
});

http.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
