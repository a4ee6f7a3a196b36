"""The same cases on the embedded and on the containerlab runtime, so that the two cannot drift apart."""
import re
import time

import pytest
from stibium_harness import Client, DockerService, Lab, Refused, Service, labs
from stibium_harness.lab import DEPLOY, DESTROY, DONE, RESTART, START, STOP, until

LABS = {"pair.clab.yml": labs.pair("pair"), "twin.clab.yml": labs.pair("twin", subnet="10.9.9"),
        "x.clab.yml": labs.pair("x", "y-z", "-".join("abcdefgh")), "x-y.clab.yml": labs.pair("x-y", "z", "n.1_a"),
        "ticking.clab.yml": labs.lab("ticking", {"n1": {"cmd": labs.TICKING}}),
        "slow.clab.yml": labs.lab("slow", {"n1": {"exec": ["sleep 20"]}, "n2": {}}),
        "no-program.clab.yml": labs.lab("no-program", {"bad": {"cmd": "/no/such/program"}}),
        "no-exec.clab.yml": labs.lab("no-exec", {"n1": {"exec": ["false"]}})}


@pytest.fixture(scope="module", params=["embedded", "containerlab"])
def service(request):
    if request.param == "embedded":
        made = Service(labs=LABS, config={"runtime": {"stopGrace": "1s"}})
    else:
        request.getfixturevalue("with_runtime")
        made = DockerService(request.getfixturevalue("docker"), labs=LABS)
    with made as one:
        yield one


def code(ack):
    assert sorted(ack) == ["code", "message"] and ack["message"], ack
    return ack["code"]


def test_a_lab_is_deployed_and_destroyed(service):
    with Client(service, "/lab-updates") as updates, Client(service, "/status-messages") as messages, Lab(service, "pair") as lab:
        assert code(lab.command(DESTROY)) == code(lab.command(STOP, node="n1")) == 5003
        lab.deploy()
        assert updates.next("data") == {"payload": {"labId": lab.id}}
        assert messages.next("data")["payload"]["content"]
        instance = lab.instance()
        assert instance["state"] == 1 and lab.states() == {"n1": "running", "n2": "running"}
        assert all(node["containerId"] for node in instance["nodes"])
        log = lab.log()
        assert log and all("\x1b" not in line and "\r" not in line for line in log)
        assert lab.ping("n1", "10.1.0.2") and lab.ping("n2", "10.1.0.1")
        lab.destroy()
        with pytest.raises(Refused):
            Client(service, f"/logs/{lab.id}/n1")
        assert lab.log()


def test_a_running_lab_is_redeployed(service, pair):
    with Client(service, f"/logs/{pair.id}/n1") as log:
        log.next("backlog")
        pair.deploy()
        assert log.ended.wait(10)
    assert pair.instance()["state"] == 1 and pair.ping("n1", "10.1.0.2")


def test_nodes_stop_start_and_restart_and_keep_their_links(pair):
    assert pair.ping("n1", "10.1.0.2")
    pair.stop("n2")
    assert pair.states() == {"n1": "running", "n2": "exited"}
    assert not pair.ping("n1", "10.1.0.2", tries=1)
    assert code(pair.command(STOP, node="n2")) == code(pair.command(6, node="n2")) == 5004
    pair.start("n2")
    assert pair.states()["n2"] == "running" and pair.ping("n1", "10.1.0.2") and pair.ping("n2", "10.1.0.1")
    assert code(pair.command(START, node="n2")) == 5000
    pair.restart("n2")
    assert pair.ping("n1", "10.1.0.2") and pair.ping("n2", "10.1.0.1")
    for number in (STOP, START, RESTART, 6):
        assert code(pair.command(number, node="n9")) == 5006


def test_logs_of_nodes(service):
    with Lab(service, "ticking") as lab:
        lab.deploy()
        with Client(service, f"/logs/{lab.id}/n1") as log:
            lines = log.next("backlog")
            lines += log.until(lambda line: line.endswith("tick 12"), 20)
            ticks = [line for line in lines if line.startswith("tick ")]
            assert ticks == [f"tick {i}" for i in range(1, 13)], lines
        node = service.node(lab.id, "n1")["containerId"]
        with Client(service, f"/logs/{lab.id}/{node[:12]}") as log:
            assert "tick 1" in log.next("backlog")
            lab.stop("n1")
            lab.start("n1")
            # The log goes on with the node: the second life begins after the first.
            log.until(lambda line: line == "tick 1", 20)
        lines = lab.log("n1")
        assert lines.count("tick 1") == 2 and lines.count("tick 2") >= 1


def test_shells(service, pair):
    with pair.shell("n1") as shell:
        assert shell.run("hostname")[1].count("n1") >= 1
        shell.client.emit("resize", {"cols": 132, "rows": 43})
        until(lambda: "43 132" in shell.run("stty size")[1], "not resized")
        shell.run("stty -echo")
        shell.type("printf 'A\\342'; sleep 0.3; printf '\\202'; sleep 0.3; printf '\\254Zü\\n'\r")
        assert "A€Zü\r\n" in shell.client.text_until(re.compile("Zü\r\n"))
        assert shell.run("exit_with() { return $1; }; exit_with 7")[0] == 7
        text = shell.run("seq 1 20000", 60)[1]
        assert [int(n) for n in re.findall(r"^(\d+)\r$", text, re.M)][-20000:] == list(range(1, 20001))
        assert pair.command(5) == {"payload": [{"id": shell.id, "node": "n1"}]}


def test_a_shell_that_is_closed_takes_its_processes_with_it(service, pair):
    with Client(service, "/shell-commands") as notices:
        with pair.shell("n1") as shell:
            shell.run("sleep 98765 & true")
            shell.type("sleep 98764\r")
            time.sleep(0.5)
        assert "user" in notices.next("data")["message"]
    with pair.shell("n1") as shell:
        until(lambda: shell.run("pgrep -f 'sleep [9]876'")[0] == 1, "its processes run on", 10)


def test_a_shell_ends_with_its_program_and_with_its_node(service, pair):
    with Client(service, "/shell-commands") as notices:
        for ending in (lambda shell: shell.emit("data", "exit 3\r"), lambda shell: pair.stop("n1")):
            ack = pair.command(6, node="n1")
            with Client(service, f"/shells/{ack['payload']}") as terminal:
                terminal.next("backlog")
                ending(terminal)
                assert terminal.ended.wait(15)
            assert notices.next("data")["command"] == 1
    assert pair.command(5) == {"payload": []}


def test_two_labs_with_equal_node_names(service, pair):
    with Lab(service, "twin") as twin:
        twin.deploy()
        assert twin.ping("n1", "10.9.9.2") and pair.ping("n1", "10.1.0.2")
        twin.stop("n2")
        assert pair.states() == {"n1": "running", "n2": "running"} and pair.ping("n1", "10.1.0.2")
        twin.destroy()
        assert pair.ping("n1", "10.1.0.2")


def test_names_with_dashes(service):
    with Lab(service, "x") as x, Lab(service, "x-y") as xy:
        x.deploy()
        xy.deploy()
        assert set(x.states()) == {"y-z", "a-b-c-d-e-f-g-h"} and set(xy.states()) == {"z", "n.1_a"}
        x.stop("y-z")
        assert x.states()["y-z"] == "exited" and xy.states()["z"] == "running"
        assert xy.ping("z", "10.1.0.2")
        assert x.until_log("hello", "a-b-c-d-e-f-g-h") == xy.until_log("hello", "n.1_a") == ["hello"]


def test_a_program_that_is_not_there_fails_the_deployment(service):
    with Client(service, "/status-messages") as messages, Lab(service, "no-program") as lab:
        ack = lab.command(DEPLOY)
        assert code(ack) == 5001 and "no such" in ack["message"], ack
        messages.until(lambda message: message["payload"]["severity"] >= 2)
        assert lab.instance()["state"] == 3
        assert any("/no/such/program" in line for line in lab.log())


def test_an_exec_line_that_fails_is_told_in_the_log(service):
    with Lab(service, "no-exec") as lab:
        lab.deploy()
        assert any("false" in line for line in lab.log()) and lab.states() == {"n1": "running"}


def test_destroy_cancels_a_deployment(service):
    with Lab(service, "slow") as lab:
        acks = lab.begin(DEPLOY)
        until(lambda: lab.states(), "no node yet")
        time.sleep(0.5)
        assert code(lab.command(DEPLOY)) == 5002
        begin = time.monotonic()
        lab.destroy()
        assert time.monotonic() - begin < 15
        assert [code(ack) for ack in until(lambda: acks, "no ack")] == [5000]


def test_the_service_is_killed_and_started_again(service, pair):
    before = pair.instance()
    lines = pair.until_log("hello", "n1")
    service.kill()
    service.start()
    pair.reconnect()
    after = until(lambda: (now := pair.instance()) and now["state"] == 1 and now["recovered"] and now, "not taken back")
    assert after["name"] == before["name"]
    assert {n["name"]: n["containerId"] for n in after["nodes"]} == {n["name"]: n["containerId"] for n in before["nodes"]}
    assert pair.until_log("hello", "n1") == lines
    assert pair.ping("n1", "10.1.0.2")
    pair.stop("n2")
    service.kill()
    service.start()
    pair.reconnect()
    pair.until_state("n2", "exited")
    pair.start("n2")
    assert pair.ping("n1", "10.1.0.2")


def test_the_service_is_killed_in_a_deployment(service):
    with Lab(service, "slow") as lab:
        lab.begin(DEPLOY)
        until(lambda: lab.states(), "no node yet")
        service.kill()
        service.start()
        lab.reconnect()
        # Failed, or cleaned up: whatever it is, the lab can be used again.
        deadline = time.monotonic() + 30
        while (ack := lab.command(DESTROY)) != DONE and ack["code"] != 5003:
            assert time.monotonic() < deadline, ack
            time.sleep(0.2)
        assert lab.instance() is None
