"""Raw clients: HTTP and WebSocket by hand, so that everything wrong can be sent."""
import base64
import json
import os
import socket
import struct
from http.client import HTTPConnection

SECONDS = 10
TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0


def http_bytes(port, request, timeout=SECONDS):
    """Sends bytes, returns all that comes until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout) as sock:
        try:
            sock.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_all(sock)


def read_all(sock):
    out = b""
    try:
        while chunk := sock.recv(65536):
            out += chunk
    except (TimeoutError, ConnectionResetError):
        pass
    return out


def http(port, method, path, body=None, headers=None):
    """One request: (status, headers in lower case, body as text)."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode(errors="replace")
    finally:
        connection.close()


class Polling:
    """An Engine.IO polling session by hand."""

    def __init__(self, port, headers=None):
        self.port = port
        self.path = "/socket.io/?EIO=4&transport=polling"
        status, _, body = http(port, "GET", self.path, headers=headers)
        assert status == 200 and body.startswith("0{"), (status, body)
        self.handshake = json.loads(body[1:])
        self.sid = self.handshake["sid"]
        self.path += "&sid=" + self.sid

    def get(self):
        return http(self.port, "GET", self.path)

    def post(self, body, headers=None):
        return http(self.port, "POST", self.path, body, {"Content-Type": "text/plain;charset=UTF-8", **(headers or {})})


class Closed(Exception):
    """The server ended the connection; `.code` is the close frame's, or None when there was none."""

    def __init__(self, code, reason=""):
        super().__init__(f"closed with {code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    """A WebSocket by hand. `connect()` makes the Engine.IO handshake and, with a namespace, the Socket.IO one."""

    def __init__(self, port, path="/socket.io/?EIO=4&transport=websocket", headers=None, timeout=SECONDS, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.sock.connect(("127.0.0.1", port))
        lines = {"Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Version": "13",
                 **(headers or {})}
        request = f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None) + "\r\n"
        self.sock.sendall(request.encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            chunk = self.sock.recv(65536)
            if not chunk:
                break
            self.buffer += chunk
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1]) if head else 0
        self.handshake = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    # -- frames

    def send_frame(self, opcode, payload=b"", fin=True, mask=True, rsv=0, length=None):
        """One frame, with whatever is wrong with it."""
        size = len(payload) if length is None else length
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        bit = 0x80 if mask else 0
        if size < 126:
            head += bytes([bit | size])
        elif size < 65536:
            head += struct.pack("!BH", bit | 126, size)
        else:
            head += struct.pack("!BQ", bit | 127, size)
        if mask:
            key = os.urandom(4)
            repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")
            head += key
        self.sock.sendall(head + payload)

    def send(self, text):
        self.send_frame(TEXT, text.encode() if isinstance(text, str) else text)

    def send_bytes(self, raw):
        self.sock.sendall(raw)

    def frame(self):
        """The next frame: (opcode, payload). Raises `Closed` when the connection ends."""
        head = self._take(2)
        opcode, size = head[0] & 15, head[1] & 127
        assert not head[1] & 128, "a server's frame is not masked"
        if size == 126:
            size = struct.unpack("!H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._take(8))[0]
        payload = self._take(size)
        if opcode == CLOSE:
            code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else None
            raise Closed(code, payload[2:].decode(errors="replace"))
        return opcode, payload

    def _take(self, count):
        while len(self.buffer) < count:
            try:
                chunk = self.sock.recv(65536)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                raise Closed(None)
            self.buffer += chunk
        out, self.buffer = self.buffer[:count], self.buffer[count:]
        return out

    # -- Engine.IO and Socket.IO

    def receive(self):
        """The next text message; Engine.IO pings are answered on the way."""
        while True:
            opcode, payload = self.frame()
            if opcode == TEXT:
                text = payload.decode()
                if text == "2":
                    self.send("3")
                    continue
                return text
            if opcode == BINARY:
                return payload

    def connect(self, nsp=None, token=None):
        assert self.status == 101, self.status
        opened = self.receive()
        assert opened.startswith("0{"), opened
        self.handshake = json.loads(opened[1:])
        if nsp is not None:
            self.join(nsp, token)
        return self

    def join(self, nsp, token):
        head = "40" if nsp == "/" else f"40{nsp},"
        self.send(head + json.dumps({"token": token}))
        answer = self.receive()
        assert answer.startswith(head + "{"), answer
        return json.loads(answer[len(head):])

    def event(self, nsp, *args, ack=None):
        self.send(f"42{nsp}," + ("" if ack is None else str(ack)) + json.dumps(list(args)))

    def wait_closed(self):
        """Reads until the connection ends; returns (close code or None, all messages before)."""
        before = []
        try:
            while True:
                before.append(self.receive())
        except Closed as closed:
            return closed.code, before
