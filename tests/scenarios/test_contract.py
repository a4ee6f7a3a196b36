"""The contract with python3-socketio against the embedded runtime: a lab's life on each transport, and the refusals."""
import json
import re

import pytest
from stibium_harness import Client, Refused, Service, topology
from stibium_harness.lab import DONE

NODES = {
    "n1": {"exec": ["ip addr add 10.0.0.1/30 dev eth1", "ip link set eth1 up"]},
    "n2": {"cmd": "sh -c 'echo hello from n2; exec sleep 100000'",
           "exec": ["ip addr add 10.0.0.2/30 dev eth1", "ip link set eth1 up"]},
}
LINKS = [("n1:eth1", "n2:eth1")]


@pytest.fixture(scope="module")
def service():
    with Service(labs={"pair.clab.yml": topology("pair", NODES, LINKS),
                       "campus/collection.yml": json.dumps({"creator": "alice"}),
                       "campus/office.clab.yml": topology("office", NODES, LINKS)}) as one:
        yield one


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
def test_a_labs_life(service, transport):
    lab = service.lab("pair")

    def client(nsp):
        return Client(service, nsp, transport=transport)

    with client("/lab-commands") as commands, client("/lab-updates") as updates, client("/status-messages") as messages, \
            client("/shell-commands") as notices:
        assert commands.command(lab, 0, timeout=30) == DONE
        assert updates.next("data") == {"payload": {"labId": lab}}
        assert set(messages.next("data")["payload"]) == {"id", "timestamp", "source", "content", "logContent", "severity"}
        with client(f"/logs/{lab}") as log:
            assert log.next("backlog")
        with client(f"/logs/{lab}/n2") as log:
            assert "hello from n2" in log.next("backlog")
        with client(f"/logs/{lab}/" + service.node(lab, "n2")["containerId"][:12]) as log:
            assert "hello from n2" in log.next("backlog")
        assert commands.call("data", json.dumps({"labId": lab, "command": 5})) == {"payload": []}
        shell = commands.command(lab, 6, node="n1")["payload"]
        assert commands.command(lab, 5) == {"payload": [{"id": shell, "node": "n1"}]}
        with client(f"/shells/{shell}") as terminal:
            assert isinstance(terminal.next("backlog"), list)
            terminal.emit("resize", {"cols": 101, "rows": 31})
            assert terminal.call("data", "stty size; hostname; ping -c1 -W5 10.0.0.2; echo status=$?\r") == DONE
            text = terminal.text_until("status=0", 20)
            assert "31 101" in text and "n1" in text
            assert commands.command(lab, 7, shellId=shell) == DONE
            assert terminal.ended.wait(10)
        notice = notices.next("data")
        assert notice["payload"] == {k: v for k, v in notice.items() if k != "payload"}
        assert (notice["labId"], notice["node"], notice["shellId"], notice["command"]) == (lab, "n1", shell, 1)
        assert commands.command(lab, 2, node="n2", timeout=20) == DONE
        assert commands.command(lab, 6, node="n2")["code"] == 5004
        assert commands.command(lab, 3, node="n2", timeout=20) == DONE
        assert commands.command(lab, 4, node="n2", timeout=20) == DONE
        assert commands.command(lab, 3, node="n2")["code"] == 5000
        assert commands.command(lab, 2, node="n9")["code"] == 5006
        assert commands.command(lab, 9)["code"] == 5422
        with client(f"/logs/{lab}/n1") as log:
            log.next("backlog")
            assert commands.command(lab, 1, timeout=30) == DONE
            assert log.ended.wait(10)
        assert commands.command(lab, 1)["code"] == 5003


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
def test_refusals(service, transport):
    office = service.lab("office")
    alice, eve = service.token("alice", "campus"), service.token("eve")
    with Client(service, "/lab-commands", alice, transport=transport) as commands:
        if service.instance(office) is None:
            assert commands.command(office, 0, timeout=30) == DONE
    for nsp, auth, message, code in [
        ("/lab-commands", {}, "Unauthorized", 5403),
        ("/lab-commands", {"token": "abc"}, "Invalid Token", 5403),
        ("/nope", {}, "Unauthorized", 5403),
        ("/nope", {"token": "abc"}, "Invalid Token", 5403),
        ("/nope", {"token": alice}, "Invalid namespace", 5005),
        (f"/logs/{office}", {"token": eve}, "No Access", 5403),
        (f"/logs/{office}/n1", {"token": eve}, "No Access", 5403),
    ]:
        with pytest.raises(Refused) as refused:
            Client(service, nsp, auth=auth, transport=transport)
        assert refused.value.data["message"] == message
        assert refused.value.data["data"]["code"] == code


def test_tokens_of_the_login(service):
    cookies = service.login()
    assert {"accessToken", "authToken"} <= set(cookies.keys())
    with Client(service, "/lab-commands", cookies["accessToken"]) as commands:
        assert commands.command(service.lab("pair"), 5) == {"payload": []}


def test_three_connections_of_one_user(service):
    lab = service.lab("pair")
    token = service.token("carol", admin=True)
    with Client(service, "/lab-updates", token) as one, Client(service, "/lab-updates", token, transport="polling") as two, \
            Client(service, "/lab-updates", token) as three, Client(service, "/lab-commands", token) as commands:
        assert commands.command(lab, 0, timeout=30) == DONE
        assert commands.command(lab, 1, timeout=30) == DONE
        commands.call("data", {})  # whatever was sent before has gone out by now
        for client in (one, two, three):
            assert client.next("data") == {"payload": {"labId": lab}}


def test_order_of_keys(service):
    lab = service.lab("pair")
    with Client(service, "/lab-commands") as commands:
        assert commands.command(lab, 0, timeout=30) == DONE
        shell = commands.command(lab, 6, node="n1")["payload"]
        with Client(service, f"/shells/{shell}") as terminal:
            terminal.next("backlog")
            terminal.emit("data", "stty raw -echo; echo rea''dy; exec cat\r")
            terminal.text_until(re.compile("\rready\r?\n"))
            keys = "".join(chr(97 + (i * 7 + i // 26) % 26) for i in range(5000))
            for key in keys:
                terminal.emit("data", key)
            text = ""
            while len(text) < len(keys):
                text += terminal.next("data")
            assert text == keys
        assert commands.command(lab, 1, timeout=30) == DONE
