"""A client that stops reading harms nobody else, and not the service's memory."""
import json
import os
import re
import selectors
import threading
import time

import pytest
from stibium_harness import Client, Service, topology
from stibium_harness.wire import Closed, Polling, WebSocket

FOLLOWERS, SECONDS, RATE = 50, 15, 2000
# A sanitizer's shadow, its quarantine and its slowness are not what is measured here.
AIR = 8 if os.environ.get("STIBIUM_SANITIZED") else 1


@pytest.fixture(scope="module")
def service():
    with Service(labs={"l.clab.yml": topology("l")}, scripted=True, config={"server": {"pingInterval": "2m"}}) as one:
        one.lab_id = one.lab("l")
        with Client(one, "/lab-commands") as commands:
            assert commands.command(one.lab_id, 0) == {"payload": None}
        yield one


def shell(service):
    with Client(service, "/lab-commands") as commands:
        return commands.command(service.lab_id, 6, node="n1")["payload"]


class Followers(threading.Thread):
    """Reads one log on many sockets until each has its last line, and notes gaps and pauses. Frames are not taken apart:
    the numbers in the bytes are enough, and this must not be what is slow."""

    def __init__(self, service, nsp, name, last):
        super().__init__(daemon=True)
        self.pattern = re.compile(re.escape(name.encode()) + rb" (\d+)\"")
        self.last, self.wrong, self.longest = last, [], 0.0
        self.selector = selectors.DefaultSelector()
        for index in range(FOLLOWERS):
            ws = WebSocket(service.port, timeout=20).connect(nsp, service.admin())
            # [socket's object, rest of the bytes, last number, time of the last bytes]
            self.selector.register(ws.sock, selectors.EVENT_READ, [ws, ws.buffer, 0, None])

    def run(self):
        while self.selector.get_map():
            ready = self.selector.select(20)
            if not ready:
                self.wrong.append("nothing came for 20 s")
                return
            for key, _ in ready:
                if not self.read(key.fileobj, key.data):
                    self.selector.unregister(key.fileobj)

    def read(self, sock, state):
        fresh = sock.recv(1 << 18)
        if not fresh:
            self.wrong.append(f"closed after {state[2]}")
            return False
        now = time.monotonic()
        if state[3] and state[2]:
            self.longest = max(self.longest, now - state[3])
        state[3] = now
        text = state[1] + fresh
        end = 0
        for match in self.pattern.finditer(text):
            if (number := int(match[1])) != state[2] + 1:
                self.wrong.append(f"after {state[2]} came {number}")
                return False
            state[2], end = number, match.end()
        state[1] = text[max(end, len(text) - 200):]
        return state[2] < self.last


def drain(service, stalled):
    """All `data` lines that wait for a client, and one more that is written when it has caught up."""
    lines = []
    stalled.sock.settimeout(1)
    with Client(service, f"/shells/{shell(service)}") as typist:
        while "caught up" not in lines:
            try:
                event, line = json.loads(stalled.receive().split(",", 1)[1])[:2]
            except TimeoutError:
                assert not lines or "caught up" not in lines
                typist.emit("data", "log caught up\n")
                continue
            if event == "data":
                lines.append(line)
    return lines


def assert_gaps_are_announced(lines, name, count):
    """Every line is there, or a marker in its place says how many are missing."""
    expected, markers = 1, 0
    for line in lines:
        if line.startswith(name + " "):
            assert int(line[len(name) + 1:]) == expected, f"{line} instead of {expected}"
            expected += 1
        elif line != "caught up":
            expected += int(re.fullmatch(r"… (\d+) lines skipped …", line)[1])
            markers += 1
    assert expected == count + 1 and markers > 0


def test_a_stalled_follower_of_a_log(service):
    nsp = f"/logs/{service.lab_id}/n1"
    name, count = "busy-" + "x" * 80, SECONDS * RATE
    followers = Followers(service, nsp, name, count)
    stalled = WebSocket(service.port, timeout=20, receive_buffer=4096).connect(nsp, service.admin())
    before = service.rss()
    followers.start()
    highest = before
    with Client(service, f"/shells/{shell(service)}") as typist:
        typist.emit("data", f"produce {name} {count} {RATE}\n")
        while followers.is_alive():
            highest = max(highest, service.rss())
            time.sleep(0.1)
    assert followers.wrong == []
    assert followers.longest < 1.0 * AIR, f"a pause of {followers.longest:.2f} s"
    # The backlog of 10000 lines, a queue of 1 MiB for each, and some air.
    assert highest - before < AIR * 48 * 1024 * 1024, f"grew by {(highest - before) >> 20} MiB"

    try:
        lines = drain(service, stalled)
    except Closed:
        assert "slow client" in service.stderr()
        return
    assert_gaps_are_announced(lines, name, count)


def test_a_stalled_follower_of_a_shell_stops_its_terminal(service):
    """Nothing is lost: the terminal waits for the client."""
    identifier = shell(service)
    lines = 200_000
    slow = WebSocket(service.port, timeout=20, receive_buffer=4096).connect(f"/shells/{identifier}", service.admin())
    assert json.loads(slow.receive().split(",", 1)[1])[0] == "backlog"
    before = service.rss()
    slow.event(f"/shells/{identifier}", "data", f"flood {lines}\n")
    highest = before
    for _ in range(30):
        time.sleep(0.1)
        highest = max(highest, service.rss())
    with Client(service, "/lab-commands") as commands:
        assert len(commands.command(service.lab_id, 5)["payload"]) >= 1
    assert highest - before < AIR * 16 * 1024 * 1024, f"grew by {(highest - before) >> 20} MiB"
    text = ""
    last = f"flood {lines}\r\n"
    while len(text) <= len(last) or not text.endswith(last):  # the first is the echo
        event, piece = json.loads(slow.receive().split(",", 1)[1])[:2]
        if event == "data":
            text += piece
    assert text.split("\r\n", 1)[1] == "".join(f"flood {i}\r\n" for i in range(1, lines + 1))


def test_a_stalled_polling_client(service):
    """Its lines are bounded too; a session that is never polled goes by its heartbeat."""
    nsp = f"/logs/{service.lab_id}/n1"
    polling = Polling(service.port)
    polling.post(f"40{nsp}," + json.dumps({"token": service.admin()}))
    before = service.rss()
    with Client(service, f"/shells/{shell(service)}") as typist, Client(service, nsp) as reader:
        reader.next("backlog")
        typist.emit("data", "produce poll 60000 20000\n")
        reader.until(lambda line: line == "poll 60000", 30)
    assert service.rss() - before < AIR * 48 * 1024 * 1024
    lines = []
    with Client(service, f"/shells/{shell(service)}") as typist:
        while "caught up" not in lines:
            status, _, body = polling.get()
            assert status == 200, body
            events = [json.loads(packet.split(",", 1)[1])[:2] for packet in body.split("\x1e") if packet.startswith("42")]
            lines += [line for event, line in events if event == "data"]
            if len(body) < 100_000 and "caught up" not in lines:
                typist.emit("data", "log caught up\n")
    assert_gaps_are_announced(lines, "poll", 60000)


def test_many_acks_for_a_client_that_does_not_read(service):
    """Answers to a client that asks and never reads are bounded: it is dropped."""
    before = service.rss()
    ws = WebSocket(service.port, timeout=5, receive_buffer=4096).connect("/lab-commands", service.admin())
    request = f'42/lab-commands,1["data",{{"labId":"{"x" * 100}","command":99}}]'
    highest = before
    try:
        for i in range(200_000):
            ws.send(request)
            if i % 2000 == 0:
                highest = max(highest, service.rss())
    except (TimeoutError, OSError):
        pass  # the service reads no more, or has closed
    assert highest - before < AIR * 32 * 1024 * 1024, f"grew by {(highest - before) >> 20} MiB"
    with Client(service, "/lab-commands") as commands:
        assert "payload" in commands.command(service.lab_id, 5)
