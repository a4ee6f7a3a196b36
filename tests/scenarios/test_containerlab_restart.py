"""The service is killed in every state of a lab on containerlab, and started again."""
import time
from pathlib import Path

import pytest
import requests
from stibium_harness import Client, DockerService, Lab, labs
from stibium_harness.lab import DEPLOY, DESTROY, DONE, RESTART, START, STOP, until

RUNNING = ["running", "stopping a node", "node stopped", "starting a node", "restarting a node"]
STATES = [*RUNNING, "deploying early", "deploying", "redeploying", "destroying", "failed", "destroyed"]


@pytest.fixture(scope="module")
def service(docker, with_runtime):
    made = {"pair.clab.yml": labs.pair("pair"), "ring.clab.yml": labs.ring("ring", 3),
            "no-image.clab.yml": labs.lab("no-image", {"n1": {"image": "nosuch:latest"}})}
    with DockerService(docker, labs=made) as one:
        yield one


def bring(lab, state):
    """Brings a lab to where the service shall be killed."""
    if state == "deploying early":
        lab.begin(DEPLOY)
        time.sleep(0.05)
        return
    if state == "deploying":
        lab.begin(DEPLOY)
        until(lambda: len(lab.states()) >= 2, "no nodes yet")
        return
    if state == "failed":
        assert lab.command(DEPLOY)["code"] == 5001
        return
    lab.deploy()
    if state == "redeploying":
        lab.begin(DEPLOY)
        time.sleep(0.4)
    elif state == "node stopped":
        lab.stop("r1")
    elif state == "destroyed":
        lab.destroy()
    elif state != "running":
        if state == "starting a node":
            lab.stop("r1")
        number = {"stopping a node": STOP, "starting a node": START, "restarting a node": RESTART, "destroying": DESTROY}[state]
        lab.begin(number, **({} if number == DESTROY else {"node": "r1"}))
        time.sleep(0.15)


@pytest.mark.parametrize("state", STATES)
def test_killed(docker, service, state):
    with Lab(service, "no-image" if state == "failed" else "ring") as lab:
        bring(lab, state)
        service.kill()
        service.start()
        lab.reconnect()
        settle(lab)
        instance = lab.instance()
        if state in ("running", "node stopped"):
            assert instance["state"] == 1 and instance["recovered"]
        if state == "node stopped":
            assert lab.states()["r1"] == "exited"
            lab.start("r1")
        if state in RUNNING:
            run_again(lab, "r1", ("r0", "10.2.0.2"), ("r1", "10.2.1.2"))
            lab.destroy()
        elif state != "failed":
            assert state != "destroyed" or instance is None
            lab.deploy()
            assert lab.ping("r0", "10.2.0.2") and len(docker.containers(lab.instance()["name"])) == 3
            lab.destroy()
        # A containerlab of the one that was killed must not go on making things.
        until(lambda: not [name for name in docker.containers() if "-ring" in name], lambda: sorted(docker.containers()))
        time.sleep(0.5)
        assert not [name for name in docker.containers() if "-ring" in name]


@pytest.mark.parametrize("command", [STOP, RESTART])
def test_killed_while_links_are_parked(docker, service, command):
    """And containerlab with it: the node runs on without its links."""
    service.script({"point": "parked", "do": "hang"})
    try:
        with Lab(service, "ring") as lab:
            lab.deploy()
            lab.begin(command, node="r1")
            until(lambda: parking_places(lab), "no link is parked")
            service.kill()
            service.start()
            lab.reconnect()
            settle(lab)
            assert lab.states()["r1"] == "running"
            lab.until_pings("r0", "10.2.0.2")
            lab.until_pings("r1", "10.2.1.2")
            assert not parking_places(lab)
            service.script()
            lab.stop("r1")
            lab.start("r1")
            lab.until_pings("r1", "10.2.1.2", 3)
    finally:
        service.script()


def parking_places(lab):
    return list(Path("/run").glob(f"netns/clab-park-clab-{lab.instance()['name']}-*"))


def run_again(lab, node, *pings, seconds=40):
    """All pings get answers; the node is started when a stop that was under way has come to its end in Docker after all."""
    def start():
        if lab.states()[node] != "running":
            lab.command(START, node=node)
    lab.until_all_ping(pings, seconds, before_each=start)


def settle(lab, seconds=30):
    """Nothing is under way any more."""
    deadline = time.monotonic() + seconds
    while (instance := lab.instance()) and instance["state"] not in (1, 3):
        assert time.monotonic() < deadline, instance
        time.sleep(0.1)


def test_logs_go_on_over_a_kill(docker, service):
    service.put("ticking.clab.yml", labs.lab("ticking", {"n1": {"cmd": labs.TICKING}}))
    with Lab(service, "ticking") as lab:
        lab.deploy()
        until(lambda: "tick 5" in lab.log("n1"), "it does not tick")
        first = lab.log()
        service.kill()
        time.sleep(1)
        service.start()
        lab.reconnect()
        until(lambda: (now := lab.instance()) and now["state"] == 1, "not taken back")
        until(lambda: (ticks := lab.log("n1")) and int(ticks[-1].split()[-1]) >= 15, lambda: lab.log("n1"))
        ticks = [line for line in lab.log("n1") if line.startswith("tick ")]
        assert ticks == [f"tick {i + 1}" for i in range(len(ticks))]
        assert lab.log()[:len(first)] == first


def test_an_orphan_runs_until_an_admin_removes_it(docker, service):
    with Lab(service, "pair") as lab:
        lab.deploy()
        name = lab.instance()["name"]
        service.kill()
        for path in service.data_folder.glob("stibium.db*"):
            path.unlink()
        service.start()
        lab.reconnect()
        found = until(lambda: service.get("/orphans", service.admin()).json()["payload"], "no orphan is told")
        assert [one["name"] for one in found] == [name] and lab.instance() is None
        assert set(docker.containers(name)) == {f"clab-{name}-n1", f"clab-{name}-n2"}, "nothing is removed unasked"
        removed = requests.delete(f"{service.url}/orphans/{name}", headers={"Authorization": f"Bearer {service.admin()}"}, timeout=60)
        assert removed.status_code == 200, removed.text
        assert not docker.containers(name)


def unlink(docker, node, interface):
    assert docker.engine.run(node, ["ip", "link", "del", interface])[0] == 0


def test_a_link_is_removed_while_the_service_is_away(docker, service):
    """No container tells of it: the interfaces are compared with the topology."""
    with Lab(service, "ring") as lab:
        lab.deploy()
        name = service.container(lab.id, "r1")
        service.stop()
        unlink(docker, name, "eth1")
        service.start()
        lab.reconnect()
        with Client(service, "/status-messages") as messages:
            lab.until_all_ping([("r0", "10.2.0.2"), ("r1", "10.2.1.2"), ("r2", "10.2.2.2")])
            messages.until(lambda message: "r1 has its lost links again" in str(message["payload"]))
        assert any("has its lost links again" in line for line in lab.log())
        lines = lab.log()
        # What is stopped has no links, and that is how it is to be.
        lab.stop("r1")
        service.stop()
        service.start()
        lab.reconnect()
        until(lambda: (now := lab.instance()) and now["state"] == 1, "not taken back")
        time.sleep(3)
        assert not [line for line in lab.log()[len(lines):] if "Repairing" in line]
        assert lab.states()["r1"] == "exited"


def test_a_node_breaks_while_the_service_is_away(docker, service):
    with Lab(service, "pair") as lab:
        lab.deploy()
        service.kill()
        name = [one for one in docker.containers() if one.endswith("-n2")][0]
        before = docker.state(name)["Pid"]
        docker.kill_main(name)
        until(lambda: docker.state(name)["Pid"] not in (0, before), "Docker does not start it again")
        service.start()
        lab.reconnect()
        lab.until_pings("n1", "10.1.0.2")
        assert DONE == lab.command(DESTROY)
