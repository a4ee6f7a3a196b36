"""The connection itself: heartbeat, timeouts, sizes, CORS, upgrade."""
import json
import time

import pytest
from stibium_harness import Client, Service, http, topology
from stibium_harness.wire import Closed, Polling, WebSocket

QUICK = {"server": {"pingInterval": "300ms", "pingTimeout": "200ms", "connectTimeout": "1s", "maxPayload": 10000,
                    "corsOrigins": ["https://lab.example.org"]}}


@pytest.fixture(scope="module")
def service():
    with Service(labs={"l.clab.yml": topology("l")}, scripted=True, config=QUICK) as one:
        yield one


def test_the_defaults_are_told(scripted):
    with WebSocket(scripted.port).connect() as ws:
        assert ws.handshake["upgrades"] == []
        told = {k: ws.handshake[k] for k in ("pingInterval", "pingTimeout", "maxPayload")}
        assert told == {"pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}
    assert Polling(scripted.port).handshake["upgrades"] == ["websocket"]


def test_the_configuration_is_told(service):
    with WebSocket(service.port).connect() as ws:
        told = {k: ws.handshake[k] for k in ("pingInterval", "pingTimeout", "maxPayload")}
        assert told == {"pingInterval": 300, "pingTimeout": 200, "maxPayload": 10000}


def test_a_client_that_answers_pings_stays(service):
    with WebSocket(service.port).connect("/lab-updates", service.admin()) as ws:
        end = time.monotonic() + 2
        pings = 0
        while time.monotonic() < end:
            opcode, payload = ws.frame()
            assert (opcode, payload) == (1, b"2")
            pings += 1
            ws.send("3")
        assert pings >= 4


def test_a_client_that_answers_no_ping_is_dropped(service):
    with WebSocket(service.port).connect("/lab-updates", service.admin()) as ws:
        begin = time.monotonic()
        with pytest.raises(Closed):
            while True:
                ws.frame()
        assert 0.3 < time.monotonic() - begin < 2.5


def test_a_polling_client_that_answers_no_ping_is_dropped(service):
    polling = Polling(service.port)
    polling.post("40/lab-updates," + json.dumps({"token": service.admin()}))
    time.sleep(2.5)
    status, _, body = polling.get()
    if status == 200:  # the close packet, or what was queued before it
        status, _, body = polling.get()
    assert status == 400 and json.loads(body)["code"] == 1


def test_a_client_that_asks_for_no_namespace_is_dropped(service):
    with WebSocket(service.port).connect() as ws:
        begin = time.monotonic()
        ws.wait_closed()
        assert 0.8 < time.monotonic() - begin < 3.5


def test_a_refused_namespace_does_not_count_as_silence(service):
    with WebSocket(service.port).connect() as ws:
        ws.send("40/nope,{}")
        assert ws.receive().startswith("44/nope,")


def test_a_message_above_the_limit_ends_the_session(service):
    with WebSocket(service.port).connect("/lab-commands", service.admin()) as ws:
        ws.event("/lab-commands", "data", "x" * 9000, ack=1)
        assert ws.receive().startswith("43/lab-commands,1[")
        ws.event("/lab-commands", "data", "x" * 10001, ack=2)
        code, before = ws.wait_closed()
        assert code == 1009 and before == []


def test_cors_is_answered_for_the_origins_of_the_list_only(service):
    path = "/socket.io/?EIO=4&transport=polling"
    status, headers, _ = http(service.port, "GET", path, headers={"Origin": "https://lab.example.org"})
    assert status == 200
    assert headers["access-control-allow-origin"] == "https://lab.example.org"
    assert headers["access-control-allow-credentials"] == "true"
    assert "origin" in headers.get("vary", "").lower()
    for origin in ("https://evil.example.org", "http://lab.example.org", "null", "https://lab.example.org.evil.org"):
        _, headers, _ = http(service.port, "GET", path, headers={"Origin": origin})
        assert "access-control-allow-origin" not in headers, origin


def test_cors_preflight(service):
    asks = {"Origin": "https://lab.example.org", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type"}
    status, headers, _ = http(service.port, "OPTIONS", "/socket.io/?EIO=4&transport=polling", headers=asks)
    assert status in (200, 204)
    assert headers["access-control-allow-origin"] == "https://lab.example.org"
    assert "POST" in headers["access-control-allow-methods"]


def test_cors_is_off_by_default(scripted):
    _, headers, _ = http(scripted.port, "GET", "/socket.io/?EIO=4&transport=polling", headers={"Origin": "https://lab.example.org"})
    assert "access-control-allow-origin" not in headers


def test_upgrade_keeps_the_order(scripted):
    """Events before, during and after the upgrade come in order, once each."""
    token = scripted.admin()
    with Client(scripted, "/lab-commands") as commands:
        shell = commands.command(scripted.lab_id, 6, node="n1")["payload"]
    with Client(scripted, f"/shells/{shell}") as typist:
        for _ in range(5):
            polling = Polling(scripted.port)
            log = f"/logs/{scripted.lab_id}/n1"
            polling.post(f"40{log}," + json.dumps({"token": token}))
            lines = []

            def take(packets):
                for packet in packets:
                    if packet.startswith("42"):
                        event, argument = json.loads(packet.split(",", 1)[1])[:2]
                        lines.extend(argument if event == "backlog" else [argument])

            body = ""
            while "backlog" not in body:
                body = polling.get()[2]
            lines.clear()
            typist.emit("data", "produce up 300 1000\n")
            take(polling.get()[2].split("\x1e"))
            with WebSocket(scripted.port, f"/socket.io/?EIO=4&transport=websocket&sid={polling.sid}") as ws:
                ws.send("2probe")
                assert ws.receive() == "3probe"
                take(polling.get()[2].split("\x1e"))
                ws.send("5")
                while "up 300" not in lines:
                    take([ws.receive()])
            assert [line for line in lines if line.startswith("up ")] == [f"up {i}" for i in range(1, 301)]


def test_namespaces_share_a_connection(scripted):
    with WebSocket(scripted.port).connect() as ws:
        sids = {ws.join(nsp, scripted.admin())["sid"] for nsp in ("/", "/lab-commands", "/lab-updates", "/status-messages")}
        assert len(sids) == 4 and ws.handshake["sid"] not in sids
        ws.send("41/lab-updates,")
        ws.event("/lab-commands", "data", {"labId": scripted.lab_id, "command": 5}, ack=0)
        assert ws.receive().startswith("43/lab-commands,0[{\"payload\":")
