"""Deployments on containerlab that fail, hang or are cancelled: the reason is told, and nothing is left."""
import os
import signal
import time

import pytest
from stibium_harness import Client, DockerService, Lab, labs
from stibium_harness.lab import DEPLOY, DESTROY, DONE, STOP, until
from stibium_harness.node_image import IMAGE

LABS = {"pair": labs.pair("pair"), "ring": labs.ring("ring", 8), "no-image": labs.lab("no-image", {"n1": {"image": "nosuch:latest"}}),
        "no-kind": labs.lab("no-kind", {"n1": {"kind": "nosuchkind"}}), "sleepy": labs.pair("sleepy", exec=["sleep 20"]),
        "one-end": labs.lab("one-end", {"n1": {}}, [("n1:eth1", "n7:eth1")])}


@pytest.fixture(scope="module")
def service(docker, with_runtime):
    with DockerService(docker, labs={f"{name}.clab.yml": text for name, text in LABS.items()}) as one:
        yield one


@pytest.fixture(autouse=True)
def no_rules(service):
    yield
    service.script()


def left(docker, name):
    return [*docker.containers(name), *(["network"] if docker.engine.exists("networks", "clab") else [])]


def fails(service, name, *told):
    """The reason is in the ack, in a status message and in the log; the lab has failed, and can be destroyed."""
    with Client(service, "/status-messages") as messages, Lab(service, name) as lab:
        ack = lab.command(DEPLOY)
        assert ack["code"] == 5001 and "\n" not in ack["message"], ack
        for text in told:
            assert text in ack["message"], ack
        taken = messages.until(lambda message: message["payload"]["severity"] >= 2)
        assert told[0] in taken[-1]["payload"]["content"] + taken[-1]["payload"]["logContent"]
        assert any(told[0].split()[0] in line for line in lab.log())
        assert lab.instance() is None or lab.instance()["state"] == 3
        ack = lab.command(DESTROY)
        assert ack == DONE or ack["code"] == 5003, ack
    until(lambda: not left(service.docker, name), lambda: left(service.docker, name))


def test_an_unknown_image(service):
    fails(service, "no-image", "Error response from daemon: Get \"https://registry.example/v2/\"", "no such host")


def test_an_unknown_kind(service):
    fails(service, "no-kind", 'kind "nosuchkind" is not supported')


def test_a_link_to_nowhere(service):
    with Client(service, "/status-messages") as messages:
        service.put("one-end.clab.yml", LABS["one-end"] + " ")
        told = any("one-end" in str(lab["name"]) for lab in service.lab_list())
        if told:
            fails(service, "one-end", "n7")
        else:
            messages.until(lambda message: "one-end" in str(message))


def test_bad_yaml_is_a_status_message_with_its_line(service):
    with Client(service, "/status-messages") as messages:
        service.put("bad.clab.yml", "name: bad\ntopology:\n  nodes: {n1: {kind: linux\n")
        messages.until(lambda message: "bad.clab.yml" in str(message))
    assert not any(lab["name"] == "bad" for lab in service.lab_list())
    (service.labs_folder / "bad.clab.yml").unlink()


def test_a_container_that_has_the_name_already(docker, service):
    only_stand_in(docker)
    service.script({"command": "deploy", "point": "folder", "do": "wait", "seconds": 2, "times": 1})
    with Lab(service, "pair") as lab:
        acks = lab.begin(DEPLOY)
        lab_log_has(service, lab, "Creating docker network")
        name = f"clab-{lab.instance()['name']}-n2"
        docker.engine.call("POST", f"/containers/create?name={name}", {"Image": IMAGE})
        try:
            ack = until(lambda: acks, "no ack")[0]
            assert ack["code"] == 5001 and "already in use" in ack["message"], ack
            ack = lab.command(DESTROY)
            assert ack == DONE or ack["code"] == 5003
            assert docker.engine.exists("containers", name), "what is not ours is never touched"
        finally:
            docker.engine.remove(name)


def test_labs_of_the_same_name(service):
    service.put("other/collection.yml", "creator: bob\n")
    service.put("other/pair.clab.yml", labs.pair("pair", subnet="10.8.8"))
    with Lab(service, "pair") as first:
        ids = until(lambda: len(found := [lab["id"] for lab in service.lab_list() if lab["name"] == "pair"]) == 2 and found, "not two")
        first.deploy()
        other = next(one for one in ids if one != first.id)
        assert first.commands.command(other, DEPLOY, 60) == DONE
        assert len({service.instance(one)["name"] for one in ids}) == 2
        assert first.ping("n1", "10.1.0.2") or first.ping("n1", "10.8.8.2")
        assert first.commands.command(other, DESTROY, 60) == DONE
        assert first.states() == {"n1": "running", "n2": "running"}
    (service.labs_folder / "other/pair.clab.yml").unlink()


@pytest.mark.parametrize("moment", ["Parsing", "Creating container", "Created link", "name=r5", "Executed command", 0.0, 0.3, 0.9])
def test_cancelled_in_mid_deploy(docker, service, moment):
    with Lab(service, "ring") as lab:
        acks = lab.begin(DEPLOY)
        if isinstance(moment, str):
            lab_log_has(service, lab, moment)
        else:
            time.sleep(moment)
        ack = lab.command(DESTROY)
        assert ack == DONE or ack["code"] == 5003, ack
        until(lambda: acks, "the deployment is not acked")
        assert acks[0] == DONE or acks[0]["code"] == 5000, acks
        if acks[0] != DONE or ack == DONE:
            assert lab.instance() is None
            until(lambda: not left(docker, "ring"), lambda: left(docker, "ring"), 10)
            assert not list(service.data_folder.glob("**/clab-*"))
        # It can be deployed right away.
        if moment == "Created link":
            lab.deploy()
            assert lab.ping("r0", "10.2.0.2")


def lab_log_has(service, lab, text):
    def seen():
        try:
            lab.until_log(text, seconds=30)
            return True
        except Exception as error:
            if "Invalid namespace" in str(getattr(error, "data", "")):
                return False  # its first deployment has not begun
            raise
    until(seen, text, 30)


def test_a_containerlab_that_ignores_signals_is_killed(docker, service):
    only_stand_in(docker)
    service.script({"command": "deploy", "point": "link", "do": "hang", "deaf": True})
    with Lab(service, "ring") as lab:
        acks = lab.begin(DEPLOY)
        until(lambda: len(docker.containers()) >= 2, "no containers")
        begin = time.monotonic()
        assert lab.command(DESTROY) == DONE
        assert time.monotonic() - begin < 30
        assert until(lambda: acks, "no ack")[0]["code"] == 5000
        until(lambda: not left(docker, "ring"), lambda: left(docker, "ring"), 10)


def test_a_hanging_deployment_ends_at_its_deadline(docker, with_runtime):
    only_stand_in(docker)
    with DockerService(docker, labs={"pair.clab.yml": LABS["pair"]}, config={"runtime": {"deadline": "3s"}},
                       script=[{"command": "deploy", "point": "exec", "do": "hang"}]) as service:
        with Lab(service, "pair") as lab:
            ack = lab.command(DEPLOY)
            assert ack["code"] in (5000, 5001), ack
            service.script()
            lab.deploy()
            assert lab.ping("n1", "10.1.0.2")


def test_a_flood_of_output_is_a_log_like_any_other(docker, service):
    only_stand_in(docker)
    service.script({"command": "deploy", "point": "folder", "do": "flood", "lines": 30000, "bytes": 200, "times": 1},
                   {"command": "deploy", "point": "exec", "do": "print", "text": "y" * 3_000_000 + "\n\x1b[31mred\x1b[0m\r\nno end"})
    with Lab(service, "pair") as lab:
        lab.deploy()
        log = lab.log()
        assert "red" in log and any(line.startswith("y" * 1000) for line in log) and not any("\x1b" in line for line in log)
        assert service.rss() < 400 * 1024 * 1024 or os.environ.get("STIBIUM_SANITIZED")


def test_a_containerlab_that_dies_fails_the_deployment(docker, service):
    only_stand_in(docker)
    service.script({"command": "deploy", "point": "exec", "do": "die", "times": 1})
    with Lab(service, "pair") as lab:
        ack = lab.command(DEPLOY)
        assert ack["code"] == 5001 and ("signal" in ack["message"] or "kill" in ack["message"].lower()), ack
        lab.deploy()
        assert lab.ping("n1", "10.1.0.2")


def test_node_commands_that_fail(docker, service):
    only_stand_in(docker)
    with Lab(service, "pair") as lab:
        lab.deploy()
        service.script({"command": "stop", "point": "start", "do": "fail", "text": "the moon is wrong", "times": 1})
        ack = lab.command(STOP, node="n2")
        assert ack["code"] == 5001 and "moon is wrong" in ack["message"], ack
        assert lab.states()["n2"] == "running"
        lab.stop("n2")
        service.script({"command": "destroy", "point": "start", "do": "fail", "text": "not today", "times": 1})
        ack = lab.command(DESTROY)
        if ack != DONE:
            assert ack["code"] == 5001 and "not today" in ack["message"].lower(), ack
            lab.destroy()


def test_a_containerlab_that_is_not_there(docker, with_runtime):
    with DockerService(docker, labs={"pair.clab.yml": LABS["pair"]}, config={"runtime": {"containerlab": "/nowhere/containerlab"}}) as service:
        answer = service.get("/readyz")
        assert answer.status_code == 503 and "containerlab" in answer.text
        with Lab(service, "pair") as lab:
            ack = lab.command(DEPLOY)
            assert ack["code"] in (5000, 5001) and "containerlab" in ack["message"], ack


def test_an_old_containerlab_has_no_node_commands(docker, with_runtime):
    only_stand_in(docker)
    with DockerService(docker, labs={"pair.clab.yml": LABS["pair"]}, env={"STANDIN_VERSION": "0.70.1"}) as service:
        with Lab(service, "pair") as lab:
            lab.deploy()
            assert lab.ping("n1", "10.1.0.2")
            lab.stop("n2")
            assert lab.states() == {"n1": "running", "n2": "exited"}
            assert any("link" in line.lower() for line in lab.log()[-10:]), "that links are lost is said"
            lab.start("n2")
            assert lab.states()["n2"] == "running"
            # Docker's own events: there are none of containerlab
            docker.engine.call("POST", f"/containers/{service.container(lab.id, 'n1')}/pause")
            until(lambda: lab.states()["n1"] in ("paused", "exited"), lab.states)
            docker.engine.call("POST", f"/containers/{service.container(lab.id, 'n1')}/unpause")
            lab.until_state("n1", "running")


def test_the_service_ends_while_a_deployment_runs(docker, service):
    with Lab(service, "sleepy") as lab:
        lab.begin(DEPLOY)
        until(lambda: len(lab.states()) == 2, "no nodes")
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(20)
        service.start()
        lab.reconnect()
        ack = until_settled(lab)
        assert ack == DONE or ack["code"] == 5003
    until(lambda: not left(docker, "sleepy"), lambda: left(docker, "sleepy"))


def until_settled(lab, seconds=30):
    deadline = time.monotonic() + seconds
    while (ack := lab.command(DESTROY)) != DONE and ack["code"] != 5003:
        assert time.monotonic() < deadline, ack
        time.sleep(0.2)
    return ack


def only_stand_in(docker):
    if not docker.is_stand_in:
        pytest.skip("containerlab itself does not do that on demand")
