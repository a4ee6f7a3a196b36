"""A service under test: a process of its own with a folder of its own, on a free port."""
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import requests

from .sweep import sweep

BIN = Path(os.environ.get("STIBIUM_BIN", Path(__file__).resolve().parents[3] / "build/dev/bin"))
START_SECONDS = 30
STOP_SECONDS = 15
USER, PASSWORD = "admin", "correct horse"


def topology(name, nodes=None, links=(), **labels):
    """The text of a topology. `nodes` maps names to their bodies; `labels` go to the first node as `script.*`, with _ for
    the dots."""
    nodes = {n: dict(body) for n, body in (nodes or {"n1": {}}).items()}
    for body in nodes.values():
        body.setdefault("kind", "linux")
    if labels:
        first = next(iter(nodes.values()))
        first["labels"] = {**first.get("labels", {}),
                           **{"script." + key.replace("_", "."): str(value) for key, value in labels.items()}}
    # JSON is YAML.
    return json.dumps({"name": name, "topology": {"nodes": nodes, "links": [{"endpoints": list(l)} for l in links]}})


def free_port():
    """A port that no connection gets by chance: while a service is away, its port must wait for it."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10_000, max(lowest, 10_100))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Service:
    """`stibiumd` (or `scripted_stibiumd`, for `scripted=True`) with labs, data and configuration in a temporary folder.

    `config` is the configuration file as a nested dict. Everything is stopped and removed when the `with` block ends.
    """

    def __init__(self, labs=None, scripted=False, config=None, env=None):
        self.folder = Path(tempfile.mkdtemp(prefix="stibium-"))
        self.program = BIN / ("scripted_stibiumd" if scripted else "stibiumd")
        self.labs_folder = self.folder / "labs"
        self.data_folder = self.folder / "data"
        self.labs_folder.mkdir()
        self.config = config or {}
        self.env = env or {}
        self.process = None
        self.port = None
        self.stderr_path = self.folder / "stderr"
        self._listens = threading.Event()
        for path, text in (labs or {}).items():
            self.put(path, text)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind, error, trace):
        if kind is not None:
            print(f"--- {self.program.name}, the end of its standard error ---\n{self.stderr()[-4000:]}")
        self.close()

    # -- the process

    def start(self):
        """Starts the service and waits until it listens."""
        config = self.folder / "stibium.yml"
        config.write_text(json.dumps(self.config))
        self.port = self.port or free_port()
        command = [str(self.program), "--listen", f"127.0.0.1:{self.port}", "--labs", str(self.labs_folder),
                   "--data", str(self.data_folder), "--config", str(config)]
        env = {**os.environ, "SB_NATIVE_USERNAME": USER, "SB_NATIVE_PASSWORD": PASSWORD, **self.env}
        self._listens.clear()
        with open(self.stderr_path, "ab") as stderr:
            # The service dies with the test run, however that ends.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], stdout=subprocess.PIPE,
                                            stderr=stderr, env=env, text=True)
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while not self._listens.wait(0.05):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.program.name} does not listen:\n{self.stderr()[-4000:]}")
        return self

    def _read(self, stdout):
        for line in stdout:
            if match := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(match[1])
                self._listens.set()

    def stop(self):
        """Ends the service as an operator does. Returns how long it took, in seconds."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        return time.monotonic() - begin

    def kill(self):
        """Ends the service without any warning."""
        self.process.kill()
        self.process.wait()

    def close(self):
        """Destroys what runs, stops the service, removes its folder."""
        try:
            if self.process and self.process.poll() is None:
                if self._listens.is_set():
                    self._destroy_labs()
                self.stop()
        finally:
            sweep(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _destroy_labs(self):
        from .client import Client
        try:
            running = [lab["id"] for lab in self.lab_list() if "instance" in lab]
            for lab in running:
                with Client(self, "/lab-commands") as client:
                    client.command(lab, 1, timeout=30)
        except Exception as error:  # whatever it is: what is left is ended below
            print(f"harness: cannot destroy: {error!r}")

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def rss(self):
        """Resident memory in bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")

    def stderr(self):
        return self.stderr_path.read_text(errors="replace") if self.stderr_path.exists() else ""

    # -- labs and users

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def put(self, path, text):
        """Writes a file of the labs folder, whole or not at all."""
        target = self.labs_folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name("." + target.name + ".new")
        fresh.write_text(text)
        fresh.rename(target)

    def get(self, path, token=None, **more):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.get(self.url + path, headers=headers, timeout=10, **more)

    def lab_list(self, token=None):
        answer = self.get("/labs", token or self.admin())
        answer.raise_for_status()
        return answer.json()["payload"]

    def lab(self, name, token=None, seconds=10):
        """The id of the lab with this name; waits for it."""
        deadline = time.monotonic() + seconds
        while True:
            for lab in self.lab_list(token):
                if lab["name"] == name:
                    return lab["id"]
            if time.monotonic() > deadline:
                raise KeyError(name)
            time.sleep(0.05)

    def instance(self, lab_id, token=None):
        """The lab's instance as the REST side shows it, or None."""
        answer = self.get(f"/labs/{lab_id}", token or self.admin())
        answer.raise_for_status()
        return answer.json()["payload"].get("instance")

    def node(self, lab_id, name):
        return next(n for n in self.instance(lab_id)["nodes"] if n["name"] == name)

    def login(self):
        """The native user's cookies."""
        answer = requests.post(self.url + "/users/login/native", json={"username": USER, "password": PASSWORD}, timeout=10)
        answer.raise_for_status()
        return answer.cookies

    def token(self, user, *groups, admin=False, ttl="30m"):
        """A token made by `stibium token`."""
        command = [str(BIN / "stibium"), "token", "--data", str(self.data_folder), "--user", user, "--ttl", ttl]
        if groups:
            command += ["--groups", ",".join(groups)]
        if admin:
            command += ["--admin"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        if done.returncode != 0:
            raise RuntimeError(f"stibium token: {done.stderr}")
        return done.stdout.strip()

    def client_environment(self, **more):
        """What the command line client needs to reach this service as an admin, and nothing that a user of the machine has set."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("STIBIUM_", "SB_NATIVE_"))}
        return {**kept, "STIBIUM_URL": self.url, "STIBIUM_TOKEN": self.admin(), "XDG_CONFIG_HOME": str(self.folder / "config"), **more}

    def admin(self):
        """An admin's token, made once per service."""
        if not getattr(self, "_admin", None):
            self._admin = self.token("root-admin", admin=True)
        return self._admin
