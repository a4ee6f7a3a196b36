"""A Docker engine for tests: a dockerd of its own with its own socket and folder, which leaves nothing behind.

Also a program: `dockerd.py sweep FOLDER` ends and removes what a test run that was cut off has left in FOLDER.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 30
_NOTE = "stibium-dockerd.json"  # in the folder: what is needed to clean up after a kill


class NoDocker(Exception):
    """Docker cannot run here; the text says why."""


class Dockerd:
    """The process. Its networks have no rules in iptables: containers reach each other and this machine, nothing else."""

    def __init__(self, folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="stibium-docker-"))
        self.host = f"unix://{self.folder}/docker.sock"
        self.cgroup = f"stibium-test-{os.getpid()}"
        self.process = None
        self.log = self.folder / "log"
        (self.folder / _NOTE).write_text(json.dumps({"cgroup": self.cgroup}))
        (self.folder / "data").mkdir()
        # In memory: layers are thousands of files, which some disks take long to remove.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=50%,mode=0711", "stibium-test", str(self.folder / "data")], check=False,
                       stderr=subprocess.DEVNULL)

    def start(self):
        program = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/usr/local/sbin")
        if os.geteuid() != 0:
            raise NoDocker("dockerd needs root")
        if not program:
            raise NoDocker("there is no dockerd")
        command = [program, "-H", self.host, "--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec"),
                   "-p", str(self.folder / "pid"), "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
                   "--ip-masq=false", "--cgroup-parent", "/" + self.cgroup, "--config-file", str(self.folder / "no.json"),
                   "--shutdown-timeout=3"]
        (self.folder / "no.json").write_text("{}")
        environment = {**os.environ, "TMPDIR": str(self.folder)}
        environment.pop("DOCKER_HOST", None)
        with open(self.log, "ab") as log:
            # It ends with the test run, however that ends.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.host):
            if self.process.poll() is not None or time.monotonic() > deadline:
                told = [line for line in self.log.read_text(errors="replace").splitlines() if re.search("level=(error|fatal)|failed", line)]
                raise NoDocker("dockerd does not start: " + (told[-1] if told else "it says nothing"))
            time.sleep(0.05)

    def stop(self):
        """As an operator does: containers end with it, and come back with it if their policy says so."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        """Removes all containers and networks, ends it, removes the folder."""
        try:
            if self.process and self.process.poll() is None:
                empty(self.host)
                self.stop()
        finally:
            sweep(self.folder)


def answers(host):
    """Whether an engine answers there."""
    engine = _engine(host)
    try:
        return engine.call("GET", "/version", timeout=5) is not None
    except Exception:  # not there, not ready, no Docker at all
        return False


def _engine(host):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from standin.engine import Engine
    sys.path.pop(0)
    return Engine(host)


def empty(host):
    """Removes every container and every network that can be removed."""
    engine = _engine(host)
    for container in engine.call("GET", "/containers/json?all=1"):
        engine.remove(container["Id"])
    engine.call("POST", "/networks/prune")


def bridges(folder):
    """The bridges of all networks that the engine of this folder ever had."""
    try:
        known = (Path(folder) / "data/network/files/local-kv.db").read_bytes()
    except OSError:
        return set()
    return {f"br-{found[:12].decode()}" for found in re.findall(rb"[0-9a-f]{64}", known)}


def namespaces():
    try:
        return sorted(os.listdir("/run/netns"))
    except FileNotFoundError:
        return []


def sweep(folder):
    """Ends and removes what a Dockerd of this folder has left: processes, mounts, cgroups, bridges, files."""
    folder = Path(folder)
    note = json.loads((folder / _NOTE).read_text())
    _kill(note["cgroup"], str(folder))
    left_bridges = bridges(folder) & set(os.listdir("/sys/class/net"))
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        if (place := line.split()[1]).startswith(str(folder) + "/"):
            subprocess.run(["umount", "-l", place], check=False, stderr=subprocess.DEVNULL)
    for name in left_bridges:
        subprocess.run(["ip", "link", "delete", name], check=False)
    for parent in Path("/sys/fs/cgroup").glob("**/" + note["cgroup"]):
        for group, _, _ in os.walk(parent, topdown=False):
            try:
                os.rmdir(group)
            except OSError:
                pass
    shutil.rmtree(folder, ignore_errors=True)


def processes(cgroup, folder):
    """The containers' processes, dockerd and its helpers."""
    found = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            groups = Path(f"/proc/{pid}/cgroup").read_text()
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended
        is_docker = os.path.basename(words[0].decode(errors="replace")) in ("dockerd", "containerd", "containerd-shim-runc-v2")
        if f"/{cgroup}/" in groups or (is_docker and any(folder in word.decode(errors="replace") for word in words)):
            found.append(pid)
    return found


def _kill(cgroup, folder):
    for _ in range(50):
        left = processes(cgroup, folder)
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)


if __name__ == "__main__":
    if sys.argv[1:2] != ["sweep"] or len(sys.argv) != 3:
        sys.exit("usage: dockerd.py sweep FOLDER")
    for note_path in list(Path(sys.argv[2]).glob("*/" + _NOTE)):
        sweep(note_path.parent)
