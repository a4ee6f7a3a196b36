"""The end of the service, planned and not."""
import subprocess
import time

import pytest
from stibium_harness import Client, Refused, Service, topology
from stibium_harness.lab import DONE
from stibium_harness.wire import Closed, WebSocket

NODES = {"n1": {}, "n2": {"cmd": "sh -c 'echo hello; i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.2; done'"}}


def test_kill_and_restart_with_a_running_lab():
    with Service(labs={"l.clab.yml": topology("l", NODES)}) as service:
        lab = service.lab("l")
        token = service.token("alice", admin=True)
        with Client(service, "/lab-commands", token) as commands:
            assert commands.command(lab, 0, timeout=30) == DONE
        with Client(service, f"/logs/{lab}") as log:
            lab_log = log.next("backlog")
        before = service.instance(lab)
        service.kill()
        time.sleep(1)
        service.start()
        service.lab("l")
        deadline = time.monotonic() + 10
        while not (after := service.instance(lab, token)) or not after["recovered"]:
            assert time.monotonic() < deadline, after
            time.sleep(0.1)
        assert after["name"] == before["name"] and after["state"] == 1
        assert {n["name"]: n["containerId"] for n in after["nodes"]} == {n["name"]: n["containerId"] for n in before["nodes"]}
        assert all(n["state"] == "running" for n in after["nodes"])
        with Client(service, f"/logs/{lab}", token) as log:
            backlog = log.next("backlog")
            assert backlog[:len(lab_log)] == lab_log
        with Client(service, f"/logs/{lab}/n2", token) as log:
            lines = log.next("backlog")
            lines += log.until(lambda line: line.startswith("tick "))
            ticks = [int(line.split()[1]) for line in lines if line.startswith("tick ")]
            assert "hello" in lines and ticks == list(range(1, ticks[-1] + 1))
        with Client(service, "/lab-commands", token) as commands:
            shell = commands.command(lab, 6, node="n1")["payload"]
            with Client(service, f"/shells/{shell}", token) as terminal:
                terminal.next("backlog")
                terminal.emit("data", "hostname\r")
                terminal.text_until("n1\r\n")
            assert commands.command(lab, 2, node="n2", timeout=20) == DONE
            assert commands.command(lab, 3, node="n2", timeout=20) == DONE
            assert commands.command(lab, 1, timeout=30) == DONE
        assert service.instance(lab) is None


def test_kill_while_a_lab_is_being_deployed():
    with Service(labs={"l.clab.yml": topology("l", {"n1": {"exec": ["sleep 3"]}})}) as service:
        lab = service.lab("l")
        with Client(service, "/lab-commands") as commands:
            commands.emit("data", {"labId": lab, "command": 0})
            time.sleep(1)
            service.kill()
        service.start()
        with Client(service, "/lab-commands") as commands:
            deadline = time.monotonic() + 30
            # Whatever the service made of it: it ends in a state from which the lab can be deployed.
            while (ack := commands.command(lab, 0, timeout=30)) != DONE:
                assert ack["code"] in (5000, 5002), ack
                assert time.monotonic() < deadline, ack
                time.sleep(0.2)
            assert service.instance(lab)["state"] == 1


def test_a_scripted_lab_is_gone_after_a_restart():
    with Service(labs={"l.clab.yml": topology("l")}, scripted=True) as service:
        lab = service.lab("l")
        with Client(service, "/lab-commands") as commands:
            assert commands.command(lab, 0) == DONE
        service.kill()
        service.start()
        deadline = time.monotonic() + 10
        while (instance := service.instance(lab)) and instance["state"] != 3:
            assert time.monotonic() < deadline, instance
            time.sleep(0.1)
        with Client(service, f"/logs/{lab}") as log:
            assert log.next("backlog")
        with pytest.raises(Refused) as refused:
            Client(service, f"/logs/{lab}/n1")
        assert refused.value.data["message"] == "Invalid namespace"
        with Client(service, "/lab-commands") as commands:
            assert commands.command(lab, 0) == DONE


def test_sigterm_with_clients():
    with Service(labs={"l.clab.yml": topology("l", {"n1": {}}, log_rate=500)}, scripted=True) as service:
        lab = service.lab("l")
        with Client(service, "/lab-commands") as commands:
            assert commands.command(lab, 0) == DONE
            shell = commands.command(lab, 6, node="n1")["payload"]
        reading = [WebSocket(service.port).connect(f"/logs/{lab}/n1", service.admin()) for _ in range(20)]
        silent = [WebSocket(service.port, receive_buffer=4096).connect(f"/logs/{lab}/n1", service.admin()) for _ in range(5)]
        terminal = Client(service, f"/shells/{shell}")
        polling = Client(service, "/lab-updates", transport="polling")
        assert service.stop() < 10
        assert service.process.returncode == 0
        for ws in reading:
            # Going away: a client of Socket.IO comes back by itself, which it would not after a DISCONNECT.
            code, messages = ws.wait_closed()
            assert code == 1001 and not any(m.startswith("41") for m in messages)
        assert terminal.ended.wait(5) and polling.ended.wait(5)
        for ws in reading + silent:
            ws.close()
        terminal.close()
        polling.close()


def test_sigterm_while_a_command_runs():
    with Service(labs={"l.clab.yml": topology("l", deploy_hang="yes")}, scripted=True) as service:
        lab = service.lab("l")
        with Client(service, "/lab-commands") as commands:
            acks = []
            commands.sio.emit("data", {"labId": lab, "command": 0}, namespace="/lab-commands", callback=acks.append)
            time.sleep(0.3)
            assert service.stop() < 10
            assert commands.ended.wait(5)
            assert len(acks) <= 1 and all(ack["code"] == 5000 for ack in acks)


def test_the_port_that_is_taken_is_named():
    with Service(scripted=True) as service:
        taken = subprocess.run([str(service.program), "--listen", f"127.0.0.1:{service.port}", "--labs",
                                str(service.labs_folder), "--data", str(service.folder / "other")],
                               capture_output=True, text=True, timeout=20)
        assert taken.returncode != 0
        assert str(service.port) in taken.stderr
