"""The stand-in for containerlab says and does what containerlab does."""
import json
import os
import re
import signal
import subprocess
import time

import pytest
from stibium_harness import labs
from stibium_harness.docker import HARNESS

CLAB = str(HARNESS / "containerlab")
STAMP = r"\d\d:\d\d:\d\d "


class Lab:
    """A topology file and the stand-in for it."""

    def __init__(self, docker, folder, text, name="ping"):
        self.docker, self.folder, self.name = docker, folder, name
        self.file = folder / f"{name}.clab.yml"
        self.file.write_text(text)

    def run(self, command, *words, code=0, **env):
        done = subprocess.run([CLAB, command, "-t", self.file.name, *words], cwd=self.folder, capture_output=True, text=True,
                              env=self.environment(**env), timeout=60, check=False)
        assert done.returncode == code, (command, done.stdout, done.stderr)
        return done

    def environment(self, **env):
        return {**os.environ, **self.docker.environment(), **env}

    def ping(self):
        done = self.run("exec", "--label", "clab-node-name=n1", "--cmd", "ping -c1 -W2 10.1.0.2", "--format", "json")
        (container, (one,)), = json.loads(done.stdout).items()
        assert container == f"clab-{self.name}-n1" and sorted(one) == ["cmd", "return-code", "stderr", "stdout"]
        return one["return-code"] == 0


@pytest.fixture
def ping(docker, tmp_path):
    lab = Lab(docker, tmp_path, labs.pair("ping"))
    yield lab
    lab.run("destroy", "--cleanup")


def lines(text, *patterns):
    """Each line is as its pattern says, in any order within the text."""
    said = text.splitlines()
    for pattern in patterns:
        assert any(re.fullmatch(STAMP + pattern, line) for line in said), (pattern, text)
    assert len(said) == len(patterns), text


def reason(text):
    """What stands under ERROR, as one line."""
    head, _, block = text.partition("\n".join([" " * 10, "   ERROR  ", " " * 10]) + "\n")
    assert block.endswith("\n\n") and all(line.startswith("  ") for line in block.splitlines() if line), text
    return " ".join(block.split())


def test_deploy_inspect_destroy(docker, ping):
    done = ping.run("deploy")
    lines(done.stderr, "INFO Containerlab started version=.*", r"INFO Parsing & checking topology file=ping\.clab\.yml",
          "INFO Creating docker network name=clab IPv4 subnet=.* IPv6 subnet=.* MTU=0",
          f"INFO Creating lab directory path={ping.folder}/clab-ping", "INFO Creating container name=n1", "INFO Creating container name=n2",
          "INFO Created link: n1:eth1 ▪┄┄▪ n2:eth1",
          'INFO Executed command node=n1 command="ip addr add 10.1.0.1/24 dev eth1" stdout=""',
          'INFO Executed command node=n2 command="ip addr add 10.1.0.2/24 dev eth1" stdout=""',
          *['INFO Executed command node=n%d command="ip link set eth1 up" stdout=""' % i for i in (1, 2)],
          "INFO Adding host entries path=/etc/hosts", "INFO Adding SSH config for nodes path=.*")
    assert done.stdout.startswith("\x1b[1m╭") and "│ clab-ping-n2 │ linux " in done.stdout
    assert ping.ping()
    shown = json.loads(ping.run("inspect", "--all", "--format", "json").stdout)["ping"]
    assert list(shown[0]) == ["lab_name", "labPath", "absLabPath", "name", "container_id", "image", "kind", "state", "status",
                              "ipv4_address", "ipv6_address"]
    assert [one["name"] for one in shown] == ["clab-ping-n1", "clab-ping-n2"] and shown[0]["absLabPath"] == str(ping.file)
    assert re.fullmatch(r"172\.29\.77\.\d+/24", shown[0]["ipv4_address"]) and len(shown[0]["container_id"]) == 12
    made = docker.engine.inspect("clab-ping-n1")
    assert made["Config"]["Tty"] and made["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert made["Config"]["Labels"]["clab-node-longname"] == "clab-ping-n1"
    done = ping.run("destroy", "--cleanup")
    lines(done.stderr, *[r"INFO Parsing & checking topology file=ping\.clab\.yml"] * 2, "INFO Destroying lab name=ping",
          "INFO Removed container name=clab-ping-n1", "INFO Removed container name=clab-ping-n2",
          "INFO Removing host entries path=/etc/hosts", "INFO Removing SSH config path=.*")
    assert not (ping.folder / "clab-ping").exists() and not docker.engine.exists("networks", "clab")
    assert "no containerlab containers found" in ping.run("destroy", "--cleanup").stderr
    assert json.loads(ping.run("inspect", "--all", "--format", "json").stdout) == {}


def test_links_wait_while_a_node_is_stopped(docker, ping):
    ping.run("deploy")
    lines(ping.run("stop", "--node", "n2", "--timeout", "1s").stderr, r"INFO Parsing .*")
    assert os.path.exists("/run/netns/clab-park-clab-ping-n2") and docker.state("clab-ping-n2")["Status"] == "exited"
    ping.run("stop", "--node", "n2", "--timeout", "1s")
    lines(ping.run("start", "--node", "n2").stderr, r"INFO Parsing .*", "INFO Restored link node=n2 interface=eth1",
          "INFO Executed command node=n2 command=.ip addr .*", "INFO Executed command node=n2 command=.ip link .*")
    assert ping.ping() and not os.path.exists("/run/netns/clab-park-clab-ping-n2")
    ping.run("restart", "--node", "n2", "--timeout", "1s")
    assert ping.ping()
    assert reason(ping.run("stop", "--node", "zz", code=1).stderr) == 'Incorrect input: node "zz" is not present in the topology.'
    docker.engine.remove("clab-ping-n1")
    assert reason(ping.run("stop", "--node", "n1", code=1).stderr) == 'Node "n1" container "clab-ping-n1" not found.'


def test_deploy_reconciles(docker, ping):
    ping.run("deploy")
    before = docker.state("clab-ping-n2")["Pid"]
    docker.kill_main("clab-ping-n2")
    deadline = time.monotonic() + 15
    while docker.state("clab-ping-n2")["Pid"] in (before, 0):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not ping.ping()
    done = ping.run("deploy", "--format", "json")
    for text in ('node=n1 change="added link"', 'node=n2 change="added link"', 'INFO Creating link link="n1:eth1 -- n2:eth1"'):
        assert text in done.stderr
    assert "Executed command" not in done.stderr and "Creating container" not in done.stderr
    assert list(json.loads(done.stdout)) == ["ping"]
    docker.engine.remove("clab-ping-n2")
    plan = ping.run("deploy", "--dry-run")
    assert "Action" in plan.stdout and "Details" in plan.stdout and "clab-ping-n2" not in docker.containers("ping")
    done = ping.run("deploy")
    assert "Creating container name=n2" in done.stderr and "Executed command node=n2" in done.stderr
    assert "node=n1 command" not in done.stderr
    ping.run("redeploy", "--cleanup")
    assert ping.ping()


@pytest.mark.parametrize("text, said", [
    (labs.lab("bad", {"n1": {"image": "nosuch:latest"}}), r"Error response from daemon: Get .*no such host\."),
    (labs.lab("bad", {"n1": {"kind": "nosuchkind"}}), r'Constructing node "n1": kind "nosuchkind" is not supported\. .*xrd"\.'),
    ("name: bad\ntopology: {nodes: {n1: {kind: linux\n", r".*yaml: line \d+: .*"),
    (labs.lab("bad", {"n1": {}}, [("n1:eth1", "n7:eth1")]), r'.*"n7".*')], ids=["image", "kind", "yaml", "link"])
def test_failures_are_told_at_the_end(docker, tmp_path, text, said):
    done = Lab(docker, tmp_path, text, "bad").run("deploy", code=1)
    assert re.fullmatch(said, reason(done.stderr)), done.stderr
    assert max(map(len, done.stderr.partition("ERROR")[2].splitlines())) <= 118
    docker.engine.call("POST", "/networks/prune")


def test_an_interrupted_deploy_leaves_what_it_has_made(docker, tmp_path):
    lab = Lab(docker, tmp_path, labs.ring("many", 8), "many")
    running = subprocess.Popen([CLAB, "deploy", "-t", "many.clab.yml"], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
                               env=lab.environment())
    for line in running.stderr:
        if "Created link" in line:
            break
    running.send_signal(signal.SIGINT)
    begin = time.monotonic()
    said = running.stderr.read()
    assert running.wait(5) == 1 and time.monotonic() - begin < 0.5
    assert 'ERRO received signal "interrupt", canceling context' in said and reason(said) == "Context canceled."
    assert docker.containers("many") and (tmp_path / "clab-many").exists()
    lab.run("destroy", "--cleanup")
    # One that Docker was making meanwhile may come after the others went.
    time.sleep(1)
    lab.run("destroy", "--cleanup")
    docker.engine.call("POST", "/networks/prune")


def test_events(docker, ping):
    ping.run("deploy")
    with subprocess.Popen([CLAB, "events", "--format", "json", "--initial-state"], stdout=subprocess.PIPE, text=True,
                          env=ping.environment()) as following:
        seen = []

        def until(action, **attributes):
            for line in following.stdout:
                event = json.loads(line)
                assert list(event) == ["timestamp", "type", "action", "actor_id", "actor_name", "actor_full_id", "attributes"]
                seen.append(event)
                if event["action"] == action and attributes.items() <= event["attributes"].items():
                    return event

        try:
            assert until("running")["attributes"]["containerlab"] == "ping"
            until("running")
            ping.run("stop", "--node", "n2", "--timeout", "1s")
            assert until("delete", ifname="eth1")["type"] == "interface"
            assert "exitCode" in until("die")["attributes"]
            ping.run("start", "--node", "n2")
            assert until("start")["attributes"]["clab-node-name"] == "n2"
            until("create", ifname="eth1")
            docker.engine.call("POST", "/containers/clab-ping-n2/pause")
            until("pause")
            docker.engine.call("POST", "/containers/clab-ping-n2/unpause")
            ping.run("destroy", "--cleanup")
            until("destroy")
        finally:
            following.kill()
    assert {"snapshot", "running", "kill", "die", "stop", "start"} <= {event["action"] for event in seen}


def test_the_script(docker, tmp_path):
    lab = Lab(docker, tmp_path, labs.pair("ping"))
    rules = tmp_path / "rules"

    def run(*rule, code):
        rules.write_text(json.dumps(rule))
        return lab.run("deploy", code=code, STANDIN_SCRIPT=str(rules))

    assert reason(run({"point": "start", "do": "fail", "text": "no luck", "times": 1}, code=1).stderr) == "No luck."
    assert json.loads(rules.read_text()) == []
    flooded = run({"point": "start", "do": "flood", "lines": 2000}, {"point": "folder", "do": "die"}, code=-9)
    assert flooded.stderr.count("flood ") == 2000
    rules.write_text(json.dumps([{"point": "begin", "do": "hang", "deaf": True}]))
    hanging = subprocess.Popen([CLAB, "deploy", "-t", "ping.clab.yml"], cwd=tmp_path, env=lab.environment(STANDIN_SCRIPT=str(rules)))
    time.sleep(0.5)
    hanging.send_signal(signal.SIGINT)
    hanging.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        hanging.wait(0.5)
    hanging.kill()
    hanging.wait()
    old = subprocess.run([CLAB, "stop", "--node", "n1"], capture_output=True, env=lab.environment(STANDIN_VERSION="0.74.3"), check=False)
    assert old.returncode != 0
    docker.engine.call("POST", "/networks/prune")
