"""Labs on containerlab that others break: they are told as they are, and mended."""
import time

import pytest
from stibium_harness import Client, DockerService, Lab, labs
from stibium_harness.lab import until


# Whether a deploy starts nodes that do not run is containerlab's affair.
@pytest.fixture(scope="module", params=["leave", "start"])
def either(docker, with_runtime, request):
    if request.param == "start" and not docker.is_stand_in:
        pytest.skip("containerlab itself has one way of doing it")
    with DockerService(docker, labs={"pair.clab.yml": labs.pair("pair")}, env={"STANDIN_STOPPED": request.param}) as one:
        with Lab(one, "pair") as lab:
            lab.deploy()
            yield lab


@pytest.fixture(scope="module")
def service(docker, with_runtime):
    made = {"pair.clab.yml": labs.pair("pair"), "ring.clab.yml": labs.ring("ring", 4),
            "crashing.clab.yml": labs.lab("crashing", {"n1": {"cmd": "sh -c 'sleep 1; exit 3'"}, "n2": {}})}
    with DockerService(docker, labs=made) as one:
        yield one


def other_process(docker, name, before):
    return until(lambda: docker.engine.exists("containers", name) and docker.state(name)["Pid"] not in (0, before), f"{name} does not run", 30)


def test_a_main_process_that_is_killed(docker, service, pair):
    name = service.container(pair.id, "n2")
    assert pair.ping("n1", "10.1.0.2")
    before, lines = docker.state(name)["Pid"], len(pair.log())
    with Client(service, "/status-messages") as messages, Client(service, "/lab-updates") as updates:
        docker.kill_main(name)
        assert updates.next("data") == {"payload": {"labId": pair.id}}
        other_process(docker, name, before)
        pair.until_pings("n1", "10.1.0.2")
        assert pair.ping("n2", "10.1.0.1")
        messages.until(lambda message: "n2" in str(message["payload"]))
    assert pair.states() == {"n1": "running", "n2": "running"}
    assert any("n2" in line for line in pair.log()[lines:])


def test_a_node_in_the_middle_gets_all_its_links_back(docker, service):
    with Lab(service, "ring") as lab:
        lab.deploy()
        docker.kill_main(service.container(lab.id, "r1"))
        lab.until_pings("r0", "10.2.0.2")
        lab.until_pings("r1", "10.2.1.2")
        assert lab.ping("r2", "10.2.2.2")


def test_a_container_that_is_killed(docker, either):
    """Docker does not start it again; the service does."""
    docker.engine.call("POST", f"/containers/{either.service.container(either.id, 'n2')}/kill")
    either.until_pings("n1", "10.1.0.2")
    either.until_state("n2", "running")


def test_a_node_that_was_stopped_here_stays_stopped(docker, either):
    either.stop("n2")
    name = either.service.container(either.id, "n1")
    before = docker.state(name)["Pid"]
    docker.kill_main(name)
    other_process(docker, name, before)
    either.until_state("n1", "running")
    time.sleep(3)
    assert either.states() == {"n1": "running", "n2": "exited"}
    either.start("n2")
    either.until_pings("n1", "10.1.0.2")


def test_a_container_that_is_removed(docker, service, pair):
    name = service.container(pair.id, "n2")
    before = docker.engine.inspect(name)["Id"]
    with Client(service, f"/logs/{pair.id}/n1") as log:
        log.next("backlog")
        docker.engine.remove(name)
        pair.until_pings("n1", "10.1.0.2")
        assert not log.ended.is_set()
    assert pair.states() == {"n1": "running", "n2": "running"}
    now = docker.engine.inspect(name)["Id"]
    assert now != before and now.startswith(service.node(pair.id, "n2")["containerId"][:12])
    assert pair.ping("n2", "10.1.0.1") and pair.until_log("hello", "n2")


@pytest.mark.parametrize("after", [0, 3])
def test_an_interface_that_is_removed(docker, service, pair, after):
    time.sleep(after)  # right after a command it might be the command's doing: that is seen later
    with pair.shell("n2") as shell:
        assert shell.run("ip link delete eth1")[0] == 0
    pair.until_pings("n1", "10.1.0.2")


def test_what_a_command_does_to_links_is_not_repaired(docker, service, pair):
    time.sleep(3)  # the deploy is over
    pair.restart("n1")
    assert pair.ping("n1", "10.1.0.2")
    lines = pair.log()
    time.sleep(4)
    assert pair.log() == lines
    pair.stop("n2")
    lines = pair.log()
    time.sleep(4)
    assert pair.log() == lines and pair.states() == {"n1": "running", "n2": "exited"}


def test_a_node_that_is_paused(docker, service, pair):
    name = service.container(pair.id, "n2")
    with Client(service, "/lab-updates") as updates:
        docker.engine.call("POST", f"/containers/{name}/pause")
        assert updates.next("data") == {"payload": {"labId": pair.id}}
        # For clients it does not run, and can be started.
        until(lambda: pair.states()["n2"] in ("paused", "exited"), pair.states)
        assert any("n2 is paused" in line for line in pair.log())
    docker.engine.call("POST", f"/containers/{name}/unpause")
    pair.until_state("n2", "running")
    assert pair.ping("n1", "10.1.0.2")


def test_a_node_that_keeps_crashing_does_not_keep_the_service_busy(docker, service):
    with Lab(service, "crashing") as lab:
        lab.deploy()
        until(lambda: docker.engine.inspect(service.container(lab.id, "n1"))["RestartCount"] >= 4, "it does not crash", 40)
        with lab.shell("n2") as shell:
            assert shell.run("hostname")[0] == 0
        assert len(lab.log()) < 500
        lab.destroy()


def test_a_lab_that_somebody_else_destroys(docker, service):
    with Lab(service, "pair") as lab:
        lab.deploy()
        for name in docker.containers(lab.instance()["name"]):
            docker.engine.remove(name)
        # Mended or failed: it ends in a state that is true.
        until(lambda: set(lab.states().values()) == {"running"} and len(docker.containers(lab.instance()["name"])) == 2
              or lab.instance()["state"] == 3, lambda: lab.instance(), 40)


def test_what_is_not_ours_is_not_touched(docker, service, pair, tmp_path):
    file = tmp_path / "foreign.clab.yml"
    file.write_text(labs.pair("foreign", subnet="10.7.7"))
    assert docker.clab("deploy", "-t", str(file)).returncode == 0
    try:
        before = docker.state("clab-foreign-n2")["Pid"]
        service.kill()
        docker.kill_main("clab-foreign-n2")
        other_process(docker, "clab-foreign-n2", before)
        service.start()
        pair.reconnect()
        until(lambda: (now := pair.instance()) and now["state"] == 1, "not taken back")
        pair.destroy()
        assert set(docker.containers("foreign")) == {"clab-foreign-n1", "clab-foreign-n2"}
        done = docker.clab("exec", "-t", str(file), "--label", "clab-node-name=n1", "--cmd", "ip addr show eth1", "--format", "json")
        assert "10.7.7.1" not in done.stdout, "nobody has mended it"
    finally:
        docker.clab("destroy", "-t", str(file), "--cleanup")


def test_docker_is_restarted_under_running_labs(docker, service, pair):
    with Client(service, f"/logs/{pair.id}/n1") as log:
        log.next("backlog")
        docker.daemon.stop()
        until(lambda: service.get("/readyz").status_code == 503, "still ready without Docker", 30)
        assert "ocker" in service.get("/readyz").text
        assert pair.command(2, node="n2").get("code") in (5000, 5001, 5004)
        assert service.running()
        docker.daemon.start()
        until(lambda: service.get("/readyz").status_code == 200, lambda: service.get("/readyz").text, 60)
        pair.until_pings("n1", "10.1.0.2", 60)
        assert set(pair.states().values()) == {"running"}
    assert pair.log("n1").count("hello") == 2
    pair.stop("n2")
    pair.start("n2")
    assert pair.ping("n1", "10.1.0.2")


def test_docker_is_not_there_at_the_start(docker, with_runtime):
    docker.daemon.stop()
    try:
        with DockerService(docker, labs={"pair.clab.yml": labs.pair("pair")}) as service:
            assert service.get("/readyz").status_code == 503 and "ocker" in service.get("/readyz").text
            with Lab(service, "pair") as lab:
                assert lab.command(0)["code"] in (5000, 5001)
                docker.daemon.start()
                until(lambda: service.get("/readyz").status_code == 200, lambda: service.get("/readyz").text, 60)
                lab.deploy()
                assert lab.ping("n1", "10.1.0.2")
    finally:
        if docker.daemon.process.poll() is not None:
            docker.daemon.start()
