"""Labs on containerlab and Docker: what their containers are, and many of them at once."""
import os
import re
import threading
import time
from pathlib import Path

import pytest
from stibium_harness import DockerService, Lab, labs
from stibium_harness.lab import DEPLOY, DESTROY, DONE, until

MANY = 20
SEVERAL = [f"five{i}" for i in range(5)]


@pytest.fixture(scope="module")
def service(docker, with_runtime):
    made = {"pair.clab.yml": labs.pair("pair"), "many.clab.yml": labs.ring("many", MANY),
            **{f"{name}.clab.yml": labs.ring(name, 2, f"10.{10 + i}") for i, name in enumerate(SEVERAL)}}
    with DockerService(docker, labs=made, config={"runtime": {"parallel": 2}}) as one:
        yield one


def test_the_service_is_ready(service):
    answer = service.get("/readyz")
    assert answer.status_code == 200, answer.text


def test_an_instance_is_what_containerlab_has_made(docker, service, pair):
    instance = pair.instance()
    containers = docker.containers(instance["name"])
    assert set(containers) == {service.container(pair.id, node) for node in ("n1", "n2")}
    for node in instance["nodes"]:
        one = containers[service.container(pair.id, node["name"])]
        assert one["Id"].startswith(node["containerId"]) and node["state"] == "running"
        address = next(iter(one["NetworkSettings"]["Networks"].values()))["IPAddress"]
        assert address in str(node), (address, node)
    assert instance["name"] in docker.clab("inspect", "--all", "--format", "json").stdout


def test_the_log_has_what_containerlab_says_while_it_says_it(service, pair):
    log = pair.log()
    assert any("Creating container name=n1" in line for line in log) and any("Created link: " in line for line in log)
    assert not any("\x1b" in line for line in log)
    pair.stop("n2")
    pair.start("n2")
    assert any("Restored link node=n2" in line for line in pair.log()[len(log):])


def test_stopping_parks_links_and_takes_no_longer_than_its_grace(docker, service, pair):
    name = service.container(pair.id, "n2")
    begin = time.monotonic()
    pair.stop("n2")
    assert time.monotonic() - begin < 10
    assert os.path.exists(f"/run/netns/clab-park-{name}") and docker.state(name)["Status"] == "exited"
    pair.start("n2")
    assert not os.path.exists(f"/run/netns/clab-park-{name}") and pair.ping("n1", "10.1.0.2")


def test_a_node_that_ignores_sigterm_is_stopped_within_the_grace(docker, service):
    service.put("stubborn.clab.yml", labs.lab("stubborn", {"n1": {"cmd": "sleep 100000"}}))
    with Lab(service, "stubborn") as lab:
        lab.deploy()
        begin = time.monotonic()
        lab.stop("n1")
        assert time.monotonic() - begin < 10


def test_redeploying_makes_new_containers(docker, pair):
    before = {node["containerId"] for node in pair.instance()["nodes"]}
    pair.deploy()
    assert before.isdisjoint({node["containerId"] for node in pair.instance()["nodes"]})


def test_destroying_leaves_nothing(docker, service):
    with Lab(service, "pair") as lab:
        lab.deploy()
        name = lab.instance()["name"]
        lab.destroy()
        assert not docker.containers(name)
        assert not list(service.data_folder.glob(f"**/clab-{name}"))
    until(lambda: not docker.engine.exists("networks", "clab"), "the management network is left")


def test_twenty_nodes_in_one_lab(docker, service):
    with Lab(service, "many") as lab:
        lab.deploy()
        assert len(lab.states()) == MANY and set(lab.states().values()) == {"running"}
        for i in range(0, MANY, 5):
            assert lab.ping(f"r{i}", f"10.2.{i}.2")
        lab.until_log("hello", f"r{MANY - 1}")
        lab.destroy()


def test_several_labs_at_once_keep_to_the_parallel_limit(docker, service):
    made = [Lab(service, name) for name in SEVERAL]
    most, ended = [0], threading.Event()

    def count():
        while not ended.wait(0.02):
            running = [pid for pid, words in _children(service.pid) if re.search(r"containerlab\0(re)?deploy\0", words)]
            most[0] = max(most[0], len(running))

    watching = threading.Thread(target=count)
    watching.start()
    try:
        acks = [lab.begin(DEPLOY) for lab in made]
        until(lambda: all(acks), lambda: acks, 60)
        assert all(ack == [DONE] for ack in acks), acks
        assert 1 <= most[0] <= 2, most
        for i, lab in enumerate(made):
            assert lab.ping("r0", f"10.{10 + i}.0.2") and set(lab.states().values()) == {"running"}
        acks = [lab.begin(DESTROY) for lab in made]
        until(lambda: all(acks), lambda: acks, 60)
        assert all(ack == [DONE] for ack in acks), acks
    finally:
        ended.set()
        watching.join()
        for lab in made:
            lab.commands.close()


def _children(pid):
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                yield int(stat.parent.name), (stat.parent / "cmdline").read_text()
        except OSError:
            continue  # it has ended
