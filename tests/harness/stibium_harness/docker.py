"""Services on `--runtime containerlab`: the engine and the containerlab of a test run, and what they may not leave behind."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import dockerd, node_image
from .node_image import IMAGE
from .service import Service

HARNESS = Path(__file__).resolve().parents[1]
# Another network than containerlab's own, which the machine may use.
NETWORK = {"STANDIN_IPV4_SUBNET": "172.29.77.0/24", "STANDIN_IPV6_SUBNET": "3fff:172:29:77::/64"}
PROBE = {"name": "stibium-probe", "topology": {"nodes": {"n1": {"kind": "linux", "image": IMAGE, "privileged": False}}}}


class Docker:
    """A Docker engine with the node image, and a containerlab that works on it: the real one where it can, else the stand-in.

    Raises NoDocker where there can be none."""

    def __init__(self):
        self.before = traces()
        self.daemon = dockerd.Dockerd()
        try:
            self.daemon.start()
            self.host = self.daemon.host
            node_image.provide(self.host)
            self.engine = dockerd._engine(self.host)
            self.containerlab, self.what = self._choose()
        except BaseException:
            self.daemon.close()
            raise

    def environment(self):
        """Finds the engine and the containerlab, as a user's environment does."""
        path = os.pathsep.join([str(Path(getattr(self, "containerlab", "/usr/bin/")).parent), os.environ.get("PATH", os.defpath)])
        return {"DOCKER_HOST": self.host, "CLAB_VERSION_CHECK": "disable", "PATH": path, **NETWORK}

    @property
    def is_stand_in(self):
        return self.containerlab == str(HARNESS / "containerlab")

    def _choose(self):
        real, why = shutil.which("containerlab"), "there is none on the PATH"
        if real and real != str(HARNESS / "containerlab"):
            with tempfile.TemporaryDirectory(prefix="stibium-probe-") as folder:
                (file := Path(folder) / "probe.clab.yml").write_text(json.dumps(PROBE))
                done = self.run(real, "deploy", "-t", str(file))
                self.run(real, "destroy", "-t", str(file), "--cleanup")
            if done.returncode == 0:
                return real, f"containerlab itself ({real})"
            why = "it cannot deploy a lab of one node here: " + " ".join(done.stderr.split()[-20:])
        return str(HARNESS / "containerlab"), f"the stand-in for containerlab, since {why}"

    def run(self, *words, **more):
        return subprocess.run(list(words), env={**os.environ, **self.environment()}, capture_output=True, text=True, timeout=120,
                              check=False, **more)

    def clab(self, *words, **more):
        """Runs containerlab itself."""
        return self.run(self.containerlab, *words, **more)

    # -- containers

    def containers(self, lab=None):
        """Containers of labs, by name."""
        found = self.engine.containers(*([f"containerlab={lab}"] if lab else []))
        return {one["Names"][0].lstrip("/"): one for one in found}

    def state(self, container):
        return self.engine.inspect(container)["State"]

    def kill_main(self, container):
        """Kills a node's main process, as a crash does."""
        os.kill(self.state(container)["Pid"], 9)

    # -- what is left

    def left(self):
        """What is there now and was not before this engine was started, but for what belongs to other engines."""
        running = self.daemon.process.poll() is None
        found = {key: now - self.before[key] for key, now in traces().items()}
        found["interfaces"] = {name for name in found["interfaces"] if not self._is_foreign(name)}
        found["containers"] = set(self.containers()) if running else set()
        found["networks"] = {one["Name"] for one in self.engine.call("GET", "/networks")} - {"host", "none", "bridge"} if running else set()
        found["processes"] = set(self._processes())
        return {key: sorted(what) for key, what in found.items() if what}

    def _is_foreign(self, name):
        """A bridge of another engine, or what is attached to one."""
        bridge = name if name.startswith("br-") else os.path.basename(os.path.realpath(f"/sys/class/net/{name}/master"))
        ours = dockerd.bridges(self.daemon.folder)
        return bridge.startswith("br-") and bridge not in ours

    def _processes(self):
        """Nodes, and what was started for them; never the engine's own."""
        marks = f"DOCKER_HOST={self.host}".encode(), f"{tempfile.gettempdir()}/stibium-".encode()
        for home in Path("/proc").glob("[0-9]*"):
            try:
                words, groups = (home / "cmdline").read_bytes(), (home / "cgroup").read_text()
                environment = (home / "environ").read_bytes()
            except OSError:
                continue  # it has ended
            of_a_service = marks[1] in words and b"/stibium-docker-" not in words
            if f"/{self.daemon.cgroup}/" in groups or of_a_service or (marks[0] in environment and int(home.name) != os.getpid()):
                yield f"{home.name} {words.decode(errors='replace')[:200]}"

    def expect_nothing_left(self, seconds=15):
        deadline = time.monotonic() + seconds
        while left := self.left():
            assert time.monotonic() < deadline, left
            time.sleep(0.2)

    def close(self):
        """Ends the engine; fails when something is left."""
        bridges = dockerd.bridges(self.daemon.folder)
        self.daemon.close()
        deadline = time.monotonic() + 10
        while left := {*self._processes(), *(bridges & set(os.listdir("/sys/class/net"))),
                       *(place for key in ("rules", "mounts", "folders") for place in traces()[key] - self.before[key])}:
            assert time.monotonic() < deadline, left
            time.sleep(0.2)
        assert not self.daemon.folder.exists()


def traces():
    """What labs and engines leave on a machine: network namespaces, interfaces, rules, mounts, folders."""
    rules = [subprocess.run([program, "-S"], capture_output=True, text=True, check=False).stdout if shutil.which(program) else ""
             for program in ("iptables", "ip6tables")]
    temporary = Path(tempfile.gettempdir())
    mounts = {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()}
    return {"namespaces": set(dockerd.namespaces()),
            "interfaces": set(os.listdir("/sys/class/net")),
            "rules": {line for text in rules for line in text.splitlines()},
            "mounts": {place for place in mounts if place.startswith(str(temporary)) and "/stibium-docker-" not in place},
            "folders": {str(path) for path in temporary.glob("stibium-*") if not path.name.startswith("stibium-docker-")}}


class DockerService(Service):
    """`stibiumd --runtime containerlab` on such an engine. `script` are the first rules for the stand-in."""

    def __init__(self, docker, labs=None, config=None, env=None, script=()):
        self.docker = docker
        config = {**(config or {})}
        config["runtime"] = {"name": "containerlab", "stopGrace": "1s", **config.get("runtime", {})}
        super().__init__(labs=labs, config=config, env={**docker.environment(), **(env or {})})
        self.script_path = self.folder / "script.json"
        self.env["STANDIN_SCRIPT"] = str(self.script_path)
        self.script(*script)

    def script(self, *rules):
        """What the stand-in does from now on."""
        fresh = self.script_path.with_suffix(".new")
        fresh.write_text(json.dumps(rules))
        fresh.rename(self.script_path)

    def container(self, lab, node):
        """The name of a node's container."""
        return f"clab-{self.instance(lab)['name']}-{node}"

    def close(self):
        """Also removes what the service did not, so that one failed test does not spoil the next ones."""
        self.script()
        super().close()
        if self.docker.daemon.process.poll() is not None:
            return
        left = [name for name, one in self.docker.containers().items()
                if one["Labels"].get("clab-topo-file", "").startswith(str(self.folder))]
        for name in left:
            print(f"harness: left by the service: {name}", file=sys.stderr)
            self.docker.engine.remove(name)
        if left:
            self.docker.engine.call("POST", "/networks/prune")
