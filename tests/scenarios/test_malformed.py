"""Everything wrong, on every layer: each has its documented answer, and the service goes on serving another client."""
import json
import os
import struct
import threading
import time

import pytest
from stibium_harness import Service, topology
from stibium_harness.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, Polling, WebSocket, http_bytes

LIMIT = 20000
POLL = "/socket.io/?EIO=4&transport=polling"
WS = "/socket.io/?EIO=4&transport=websocket"


@pytest.fixture(scope="module")
def service():
    config = {"server": {"maxPayload": LIMIT, "connectTimeout": "5s"}}
    with Service(labs={"l.clab.yml": topology("l")}, scripted=True, config=config) as one:
        one.lab_id = one.lab("l")
        yield one


@pytest.fixture(scope="module")
def witness(service):
    """Another client, connected all the while."""
    with WebSocket(service.port).connect("/lab-commands", service.admin()) as ws:
        yield ws


@pytest.fixture(autouse=True)
def serves_others(service, witness):
    """After each case the witness and a new client are served."""
    yield
    for ws in (witness, WebSocket(service.port).connect("/lab-commands", service.admin())):
        ws.event("/lab-commands", "data", {"labId": service.lab_id, "command": 5}, ack=7)
        assert ws.receive() == '43/lab-commands,7[{"payload":[]}]'
        if ws is not witness:
            ws.close()
    assert service.running()


# -- HTTP: (request, status, Engine.IO error code or None)

def request_line(line, *headers, body=b""):
    return "\r\n".join([line, "Host: x", *headers, "Connection: close", "", ""]).encode() + body


HTTP = {
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(32) + b"\r\n\r\n", 400, None),
    "no HTTP version": (b"GET /socket.io/\r\n\r\n", 400, None),
    "a header line without a colon": (b"GET / HTTP/1.1\r\nHost x\r\nConnection: close\r\n\r\n", 400, None),
    "headers without end": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000, 431, None),
    "a target that is too long": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, None),
    "a broken content length": (request_line("POST " + POLL + " HTTP/1.1", "Content-Length: many"), 400, None),
    "two content lengths": (request_line("POST " + POLL + " HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400, None),
    "a broken chunk": (request_line("POST " + POLL + " HTTP/1.1", "Transfer-Encoding: chunked", body=b"zz\r\n"), 400, None),
    "no transport": (request_line("GET /socket.io/?EIO=4 HTTP/1.1"), 400, 0),
    "an unknown transport": (request_line("GET /socket.io/?EIO=4&transport=flash HTTP/1.1"), 400, 0),
    "no protocol version": (request_line("GET /socket.io/?transport=polling HTTP/1.1"), 400, 5),
    "an old protocol version": (request_line("GET /socket.io/?EIO=3&transport=polling HTTP/1.1"), 400, 5),
    "a protocol version to come": (request_line("GET /socket.io/?EIO=5&transport=polling HTTP/1.1"), 400, 5),
    "a protocol version that is no number": (request_line("GET /socket.io/?EIO=abc&transport=polling HTTP/1.1"), 400, 5),
    "a handshake by POST": (request_line("POST " + POLL + " HTTP/1.1", "Content-Length: 0"), 400, 2),
    "PUT": (request_line("PUT " + POLL + " HTTP/1.1", "Content-Length: 0"), 400, 2),
    "DELETE": (request_line("DELETE " + POLL + " HTTP/1.1"), 400, 2),
    "an unknown session": (request_line("GET " + POLL + "&sid=nobody HTTP/1.1"), 400, 1),
    "a very long session id": (request_line("GET " + POLL + "&sid=" + "a" * 4000 + " HTTP/1.1"), 400, 1),
    "a POST to an unknown session": (request_line("POST " + POLL + "&sid=nobody HTTP/1.1", "Content-Length: 1", body=b"2"), 400, 1),
    "a WebSocket without an upgrade": (request_line("GET " + WS + " HTTP/1.1"), 400, 3),
    "an unknown path": (request_line("GET /nothing/here HTTP/1.1"), 404, None),
}


@pytest.mark.parametrize("name", HTTP)
def test_http(service, name):
    request, status, code = HTTP[name]
    answer = http_bytes(service.port, request)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    if code is not None:
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == code


# -- the WebSocket upgrade: (changed headers, path, status)

UPGRADE = {
    "no key": ({"Sec-WebSocket-Key": None}, WS, 400),
    "a key that is too short": ({"Sec-WebSocket-Key": "YWJj"}, WS, 400),
    "no version": ({"Sec-WebSocket-Version": None}, WS, 426),
    "another version": ({"Sec-WebSocket-Version": "8"}, WS, 426),
    "an unknown session": ({}, WS + "&sid=nobody", 400),
    "an old protocol": ({}, "/socket.io/?EIO=3&transport=websocket", 400),
    "another path": ({}, "/elsewhere", 404),
}


@pytest.mark.parametrize("name", UPGRADE)
def test_upgrade(service, name):
    headers, path, status = UPGRADE[name]
    with WebSocket(service.port, path, headers) as ws:
        assert ws.status == status


# -- frames on an open session: (what is sent, close code)

FRAMES = {
    "an unmasked frame": (lambda ws: ws.send_frame(TEXT, b"3", mask=False), 1002),
    "reserved bit 1": (lambda ws: ws.send_frame(TEXT, b"3", rsv=4), 1002),
    "reserved bit 3": (lambda ws: ws.send_frame(TEXT, b"3", rsv=1), 1002),
    "an unknown data opcode": (lambda ws: ws.send_frame(3, b"3"), 1002),
    "an unknown control opcode": (lambda ws: ws.send_frame(11, b""), 1002),
    "a fragmented ping": (lambda ws: ws.send_frame(PING, b"", fin=False), 1002),
    "a ping of 126 bytes": (lambda ws: ws.send_frame(PING, b"x" * 126), 1002),
    "a continuation of nothing": (lambda ws: ws.send_frame(CONTINUATION, b"x"), 1002),
    "a text inside a fragmented text": (lambda ws: (ws.send_frame(TEXT, b"4", fin=False), ws.send_frame(TEXT, b"3")), 1002),
    "a length that is not the shortest": (lambda ws: ws.send_bytes(b"\x81\xfe\x00\x01\0\0\0\0" + b"3"), 1002),
    "a length with its highest bit": (lambda ws: ws.send_bytes(b"\x81\xff" + b"\xff" * 8 + b"\0\0\0\0"), 1002),
    "a length beyond the limit": (lambda ws: ws.send_bytes(b"\x81\xff" + struct.pack("!Q", 1 << 40) + b"\0\0\0\0"), 1009),
    "fragments beyond the limit": (lambda ws: [ws.send_frame(TEXT if i == 0 else CONTINUATION, b"4" * 9000, fin=False)
                                               for i in range(3)], 1009),
    "text that is no UTF-8": (lambda ws: ws.send_frame(TEXT, b"4\xff\xfe"), 1007),
    "a surrogate": (lambda ws: ws.send_frame(TEXT, b"4\xed\xa0\x80"), 1007),
    "an overlong character": (lambda ws: ws.send_frame(TEXT, b"4\xc0\xaf"), 1007),
    "half a character at the end": (lambda ws: ws.send_frame(TEXT, b"4\xe2\x82"), 1007),
    "a close frame of one byte": (lambda ws: ws.send_frame(CLOSE, b"\x03"), 1002),
    "a close frame with a code that is not allowed": (lambda ws: ws.send_frame(CLOSE, struct.pack("!H", 1005)), 1002),
    "a close frame whose reason is no UTF-8": (lambda ws: ws.send_frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007),
    "a good close frame": (lambda ws: ws.send_frame(CLOSE, struct.pack("!H", 1000)), 1000),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames(service, name):
    send, code = FRAMES[name]
    with WebSocket(service.port).connect("/lab-updates", service.admin()) as ws:
        send(ws)
        assert ws.wait_closed() == (code, [])


def test_frames_that_are_fine(service):
    """Pings, fragments and empty fragments are no offence."""
    with WebSocket(service.port).connect("/lab-commands", service.admin()) as ws:
        ws.send_frame(PING, b"hello")
        assert ws.frame() == (PONG, b"hello")
        ws.send_frame(PONG, b"unasked")
        message = b'42/lab-commands,5["data","\xe2\x82\xac"]'
        cut = message.index(b"\xe2") + 1  # inside the character
        ws.send_frame(TEXT, message[:cut], fin=False)
        ws.send_frame(PING, b"between")
        ws.send_frame(CONTINUATION, b"", fin=False)
        ws.send_frame(CONTINUATION, message[cut:])
        assert ws.frame() == (PONG, b"between")
        assert ws.receive().startswith('43/lab-commands,5[{"code":5422')


def test_a_frame_byte_by_byte(service):
    with WebSocket(service.port).connect("/lab-commands", service.admin()) as ws:
        message = b'42/lab-commands,5["data",{}]'
        for byte in bytes([0x81, 0x80 | len(message)]) + b"\0\0\0\0" + message:
            ws.send_bytes(bytes([byte]))
        assert ws.receive().startswith('43/lab-commands,5[{"code":5422')


# -- Engine.IO on a WebSocket: each ends the session

ENGINE = {
    "an empty message": "",
    "an unknown type": "7",
    "a letter": "x",
    "an open packet": '0{"sid":"x"}',
    "a ping": "2",
    "a probe on a session that is no candidate": "2probe",
    "an upgrade without a probe": "5",
    "a noop with data": "6data",
    "a pong with data": "3data",
}


@pytest.mark.parametrize("name", ENGINE)
def test_engine(service, name):
    with WebSocket(service.port).connect("/lab-updates", service.admin()) as ws:
        ws.send(ENGINE[name])
        code, before = ws.wait_closed()
        assert before == [] and code in (1000, 1002, 1008, None)


def test_a_close_packet_ends_the_session(service):
    with WebSocket(service.port).connect("/lab-updates", service.admin()) as ws:
        ws.send("1")
        assert ws.wait_closed()[1] == []


# -- Engine.IO on polling: (body, status) of a POST to a session

POSTS = {
    "an empty body": ("", 400),
    "an unknown type": ("7", 400),
    "only separators": ("\x1e\x1e", 400),
    "a packet too many types": ("42\x1ex", 400),
    "base64 that is none": ("b***", 400),
    "bytes that are no UTF-8": (b"4\xff", 400),
    "a body beyond the limit": ("4" + "x" * LIMIT, 413),
}


@pytest.mark.parametrize("name", POSTS)
def test_posts(service, name):
    body, status = POSTS[name]
    polling = Polling(service.port)
    assert polling.post(body)[0] == status
    # Such a session is over.
    answer = polling.get()
    if answer[0] == 200:
        answer = polling.get()
    assert answer[0] == 400 and json.loads(answer[2])["code"] == 1


def test_two_polls_at_a_time(service):
    polling = Polling(service.port)
    first = []
    waiting = threading.Thread(target=lambda: first.append(polling.get()))
    waiting.start()
    time.sleep(0.3)
    assert polling.get()[0] == 400
    waiting.join(5)
    assert first and first[0][0] in (200, 400)
    assert polling.get()[0] == 400


def test_probing_messages(service):
    """A probing WebSocket that breaks the rules is closed; the polling session goes on."""
    for wrong in ("5", "4x", "2", "x", ""):
        polling = Polling(service.port)
        with WebSocket(service.port, f"{WS}&sid={polling.sid}") as ws:
            ws.send(wrong)
            ws.wait_closed()
        assert polling.post("40/lab-updates," + json.dumps({"token": service.admin()}))[0] == 200
        assert "40/lab-updates" in polling.get()[2]


def test_a_second_upgrade(service):
    """A WebSocket for a session that has one already is refused."""
    polling = Polling(service.port)
    with WebSocket(service.port, f"{WS}&sid={polling.sid}") as ws:
        ws.send("2probe")
        assert ws.receive() == "3probe"
        ws.send("5")
        ws.join("/lab-updates", service.admin())
        with WebSocket(service.port, f"{WS}&sid={polling.sid}") as second:
            assert second.status == 400 or second.wait_closed()
        assert polling.get()[0] == 400


# -- Socket.IO: each ends the session

SOCKET = {
    "no type": "4",
    "an unknown type": "47",
    "a letter": "4x",
    "an event without a payload": "42/lab-commands,",
    "an event that is no JSON": '42/lab-commands,["data"',
    "an event that is an object": '42/lab-commands,{"data":1}',
    "an event that is a text": '42/lab-commands,"data"',
    "an empty event": "42/lab-commands,[]",
    "an event whose name is an object": "42/lab-commands,[{}]",
    "an event with rubbish after it": '42/lab-commands,["data",{}]x',
    "an ack id that is too large": '42/lab-commands,99999999999999999999999["data",{}]',
    "an ack without an id": "43/lab-commands,[1]",
    "an ack that is no list": "43/lab-commands,1{}",
    "a CONNECT with a text": '40/lab-updates,"token"',
    "a CONNECT that is no JSON": "40/lab-updates,{token",
    "a CONNECT with a list": "40/lab-updates,[1]",
    "a DISCONNECT with a payload": "41/lab-commands,{}",
    "a CONNECT_ERROR": '44/lab-commands,{"message":"no"}',
    "a binary event that announces nothing": '45/lab-commands,["data"]',
    "a binary event with too many attachments": '4599999-/lab-commands,["data"]',
    "a text while an attachment is due": ['451-/lab-commands,["data",{"_placeholder":true,"num":0}]', "40/lab-updates,{}"],
    "an attachment out of nowhere": [b"bytes"],
    "an event for a namespace that is not open": '42/lab-updates,["data",{}]',
    "an event for / that is not open": '42["data",{}]',
    "an event nested too deeply": "42/lab-commands," + '["data",' + "[" * 9000 + "]" * 9000 + "]",
    "a namespace that is too long": "40/" + "x" * 5000 + ",{}",
}
# What Socket.IO's own parser lets pass: a CONNECT with a text or a list has no auth that is an object.
REFUSED = {"a CONNECT with a text", "a CONNECT with a list"}


@pytest.mark.parametrize("name", SOCKET)
def test_socket(service, name):
    messages = SOCKET[name]
    with WebSocket(service.port).connect("/lab-commands", service.admin()) as ws:
        for message in messages if isinstance(messages, list) else [messages]:
            ws.send_frame(BINARY, message) if isinstance(message, bytes) else ws.send(message)
        if name in REFUSED:
            refused = ws.receive()
            assert refused.startswith("44/lab-updates,")
            assert json.loads(refused.split(",", 1)[1])["message"] == "Unauthorized"
            return
        code, before = ws.wait_closed()
        assert before == [] and code in (1000, 1002, 1008, None)


def test_a_malformed_packet_touches_no_other_session(service):
    with WebSocket(service.port).connect("/lab-updates", service.admin()) as other:
        with WebSocket(service.port).connect("/lab-updates", service.admin()) as ws:
            ws.send("42/lab-updates,[")
            ws.wait_closed()
        other.send("40/status-messages," + json.dumps({"token": service.admin()}))
        assert other.receive().startswith("40/status-messages,")


def test_too_many_namespaces(service):
    with WebSocket(service.port, timeout=5).connect() as ws:
        try:
            for i in range(5000):
                ws.send(f"40/n{i},{{}}")
            _, before = ws.wait_closed()
        except (OSError, Closed):
            return
        assert all(m.startswith("44/n") for m in before)


def test_connecting_twice_is_no_offence(service):
    with WebSocket(service.port).connect() as ws:
        first = ws.join("/lab-updates", service.admin())
        second = ws.join("/lab-updates", service.admin())
        assert first["sid"] != second["sid"]


# -- commands and shells: answered with 5422, and the namespace stays

COMMANDS = {
    "no argument": ["data"],
    "a wrong event": ["date", {"labId": "x", "command": 5}],
    "a number": ["data", 1],
    "a text that is no JSON": ["data", "{labId"],
    "a list": ["data", []],
    "no labId": ["data", {"command": 5}],
    "a labId that is an object": ["data", {"labId": {}, "command": 5}],
    "no command": ["data", {"labId": "x"}],
    "a command that is a text": ["data", {"labId": "x", "command": "5"}],
    "an unknown command": ["data", {"labId": "x", "command": 77}],
    "a command with a fraction": ["data", {"labId": "x", "command": 5.5}],
    "a node that is null where one is needed": ["data", {"labId": "x", "command": 6, "node": None}],
    "a node that is a number": ["data", {"labId": "x", "command": 6, "node": 3}],
    "a huge node name": ["data", {"labId": "x", "command": 6, "node": "n" * 5000}],
    "a shellId that is a list": ["data", {"labId": "x", "command": 7, "shellId": ["s"]}],
    "an event with a reserved name": ["connect", {}],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(service, name):
    with WebSocket(service.port).connect("/lab-commands", service.admin()) as ws:
        ws.event("/lab-commands", *COMMANDS[name], ack=1)
        try:
            answer = ws.receive()
        except Closed:
            assert name == "an event with a reserved name"  # Socket.IO forbids it on the wire
            return
        head, _, body = answer.partition("[")
        assert head == "43/lab-commands,1"
        ack = json.loads("[" + body)
        assert len(ack) == 1 and ack[0]["code"] == 5422 and ack[0]["message"]
        ws.event("/lab-commands", "data", {"labId": service.lab_id, "command": 5}, ack=2)
        assert ws.receive() == '43/lab-commands,2[{"payload":[]}]'


def test_binary_commands(service):
    """Attachments are no part of any command: such an event is answered like any other argument that is wrong."""
    with WebSocket(service.port).connect("/lab-commands", service.admin()) as ws:
        for number in (0, 7):  # the second has no attachment
            ws.send(f'451-/lab-commands,4["data",{{"_placeholder":true,"num":{number}}}]')
            ws.send_frame(BINARY, b"bytes")
            assert ws.receive().startswith('43/lab-commands,4[{"code":5422')


def test_there_are_enough_of_them():
    cases = sum(map(len, (HTTP, UPGRADE, FRAMES, ENGINE, POSTS, SOCKET, COMMANDS)))
    assert cases >= 60
