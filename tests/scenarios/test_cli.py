"""The command line client against a real service: what it prints, and how it ends."""
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from fcntl import ioctl
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from stibium_harness import Service, topology
from stibium_harness.service import BIN, PASSWORD, USER

STIBIUM = str(BIN / "stibium")


@pytest.fixture(scope="module")
def service():
    labs = {"ping.clab.yml": topology("ping", {"n1": {}, "n2": {}}, log_lines=3, deploy_lines=2),
            "pong.clab.yml": topology("pong", {"n1": {}}, deploy_delay=1500, deploy_error="no such image")}
    with Service(labs=labs, scripted=True) as one:
        yield one


def run(service, *words, typed="", env=None, code=0):
    done = subprocess.run([STIBIUM, *words], input=typed, capture_output=True, text=True, timeout=30,
                          env=env or service.client_environment())
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def deployed(service):
    run(service, "deploy", "ping")
    yield service
    subprocess.run([STIBIUM, "destroy", "ping"], capture_output=True, timeout=30, env=service.client_environment())


def test_a_lab_lives_and_says_so(service):
    assert "ping" in run(service, "labs") and "inactive" in run(service, "labs", "ping")
    told = run(service, "deploy", "ping").splitlines()
    assert "deploy line 1" in told and "deploy line 2" in told and told[-1] == "ping is deployed"
    again = run(service, "deploy", "ping").splitlines()
    assert again.count("deploy line 1") == 1, "the log of the deployment before is not shown again"
    assert run(service, "stop", "ping", "n2") == "n2 of ping is stopped\n"
    assert "(code 5004)" in run(service, "stop", "ping", "n2", code=1)
    nodes = {line.split()[0]: line.split()[2] for line in run(service, "labs", "ping").splitlines()[1:]}
    assert nodes == {"n1": "running", "n2": "exited"}
    assert run(service, "start", "ping", "n2") == "n2 of ping runs\n"
    assert run(service, "restart", "ping", "n2") == "n2 of ping runs again\n"
    assert run(service, "destroy", "ping").endswith("ping is destroyed\n")


def test_labs_are_found_by_what_only_they_begin_with(service):
    lab = service.lab("ping")
    assert "ping is inactive" in run(service, "labs", lab[:8])
    assert "may be each of" in run(service, "labs", "p", code=1)
    assert "there is no lab" in run(service, "deploy", "nothing", code=1)


def test_a_failed_deployment_shows_its_log_and_fails(service):
    assert "no such image" in run(service, "deploy", "pong", code=1)
    run(service, "destroy", "pong")


def test_logs(deployed):
    assert run(deployed, "logs", "ping", "n1").splitlines() == ["n1 line 1", "n1 line 2", "n1 line 3"]
    assert run(deployed, "logs", "-n", "1", "ping", "n1") == "n1 line 3\n"
    assert "deploy line 1" in run(deployed, "logs", "ping")
    assert "no log of zz" in run(deployed, "logs", "ping", "zz", code=1)
    following = subprocess.Popen([STIBIUM, "logs", "-f", "ping", "n1"], stdout=subprocess.PIPE, text=True,
                                 env=deployed.client_environment(), stderr=subprocess.DEVNULL)
    assert following.stdout.readline() == "n1 line 1\n"
    run(deployed, "shell", "ping", "n1", typed="log later\nexit 0\n")
    rest = [following.stdout.readline() for _ in range(3)]
    assert rest[-1] == "later\n", rest
    run(deployed, "destroy", "ping")
    assert following.wait(10) == 0, "a log that ends, ends its follower"


def test_piped_input_is_typed_and_ended(deployed):
    told = run(deployed, "shell", "ping", "n1", typed="size\nexit 0\n")
    assert "80" in told and "24" in told
    assert run(deployed, "shells", "ping") == "no open shells\n"


def test_json(deployed):
    assert [lab["name"] for lab in json.loads(run(deployed, "--json", "labs"))] == ["ping", "pong"]
    assert json.loads(run(deployed, "--json", "restart", "ping", "n2")) == {"payload": None}
    assert json.loads(run(deployed, "--json", "logs", "-n", "1", "ping", "n1")) == {"line": "n1 line 3"}
    failed = subprocess.run([STIBIUM, "--json", "stop", "ping", "zz"], capture_output=True, text=True, timeout=30,
                            env=deployed.client_environment())
    assert failed.returncode == 1 and json.loads(failed.stdout)["code"] == 5006


def test_watch(deployed):
    watching = subprocess.Popen([STIBIUM, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=deployed.client_environment())
    assert watching.stderr.readline().startswith("watching ")
    time.sleep(0.3)
    run(deployed, "stop", "ping", "n2")
    told = [watching.stdout.readline() for _ in range(2)]
    watching.send_signal(signal.SIGINT)
    watching.wait(10)
    assert any(line.startswith("lab ") and "n2 exited" in line for line in told), told
    assert any(line.startswith("success") for line in told), told


class Terminal:
    """A client on a terminal of its own."""

    def __init__(self, service, *words):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(STIBIUM, [STIBIUM, *words], service.client_environment())
        self.said = ""

    def resize(self, cols, rows):
        ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def type(self, text):
        os.write(self.file, text.encode())

    def expect(self, text, seconds=10):
        deadline = time.monotonic() + seconds
        while text not in self.said:
            assert time.monotonic() < deadline, (text, self.said)
            if select.select([self.file], [], [], 0.1)[0]:
                try:
                    self.said += os.read(self.file, 65536).decode(errors="replace")
                except OSError:
                    break
        assert text in self.said, self.said
        self.said = self.said.partition(text)[2]

    def is_cooked(self):
        flags = termios.tcgetattr(self.file)[3]
        return bool(flags & termios.ICANON and flags & termios.ECHO)

    def end(self):
        _, status = os.waitpid(self.pid, 0)
        return status


def test_a_shell_on_a_terminal(deployed):
    terminal = Terminal(deployed, "shell", "ping", "n1")
    terminal.expect("detach with ~.")
    terminal.resize(101, 33)
    time.sleep(0.5)
    assert not terminal.is_cooked()
    terminal.type("size\r")
    terminal.expect("101")
    terminal.type("\r~.")
    terminal.expect("--attach ")
    assert terminal.end() == 0 and terminal.is_cooked()

    shell = run(deployed, "shells", "ping").splitlines()[1].split()[0]
    again = Terminal(deployed, "shell", "ping", "--attach", shell[:8])
    again.expect("size")  # the scrollback
    again.type("exit 0\r")
    again.expect("[shell closed")
    assert again.end() == 0 and again.is_cooked()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGABRT])
def test_the_terminal_is_restored_whatever_ends_the_client(deployed, how):
    terminal = Terminal(deployed, "shell", "ping", "n1")
    terminal.expect("detach with ~.")
    time.sleep(0.5)
    assert not terminal.is_cooked()
    os.kill(terminal.pid, how)
    assert os.WTERMSIG(terminal.end()) == how
    assert terminal.is_cooked()
    shell = run(deployed, "shells", "ping").splitlines()[1].split()[0]
    assert run(deployed, "close", "ping", shell) == "the shell in n1 is closed\n"


def test_login_is_kept(service):
    env = service.client_environment(STIBIUM_TOKEN="")
    assert "stibium login" in run(service, "labs", env=env, code=1)
    assert "wrong" in run(service, "login", "--username", USER, "--password", "no", env=env, code=1)
    run(service, "login", "--username", USER, "--password", PASSWORD, env=env)
    kept = service.folder / "config/stibium/logins.json"
    assert kept.stat().st_mode & 0o777 == 0o600 and PASSWORD not in kept.read_text()
    assert "ping" in run(service, "labs", env=env)
    run(service, "logout", env=env)
    run(service, "labs", env=env, code=1)
    assert "ping" in run(service, "labs", env={**env, "SB_NATIVE_USERNAME": USER, "SB_NATIVE_PASSWORD": PASSWORD})


def test_tokens(service):
    data = str(service.data_folder)
    token = run(service, "token", "--data", data, "--user", "bob", "--groups", "nothing").strip()
    assert "ping" not in run(service, "--token", token, "labs")
    token = run(service, "token", "--data", data, "--user", "bob", "--groups", "default,other", "--ttl", "12h").strip()
    assert "ping" in run(service, "--token", token, "labs")
    assert "(code 5403)" in run(service, "--token", token, "deploy", "ping", code=1)
    assert "not accepted" in run(service, "--token", "nonsense", "labs", code=1)
    assert "there is no folder" in run(service, "token", "--data", data + "/no", "--user", "bob", code=1)
    run(service, "token", "--data", data, "--user", "bob", "--ttl", "soon", code=2)


@pytest.mark.parametrize("words", [[], ["nonsense"], ["stop", "ping"], ["shell", "ping"], ["logs"], ["--url", "https://x", "labs"],
                                   ["--url", "a b", "labs"]])
def test_wrong_usage_is_2(service, words):
    run(service, *words, code=2)


def test_help_and_version(service):
    assert "Examples:" in run(service, "--help") and run(service, "--version").startswith("stibium ")
    assert "Examples:" in subprocess.run([str(service.program), "--help"], capture_output=True, text=True).stdout


def test_health_needs_no_login(service):
    nobody = service.client_environment(STIBIUM_TOKEN="")
    assert run(service, "health", env=nobody).startswith("ready: ")
    assert run(service, "health", "--alive", env=nobody) == "alive\n"
    assert json.loads(run(service, "--json", "health", env=nobody))["state"] == "ready"
    run(service, "--url", "http://127.0.0.1:1", "health", code=1)


def test_health_tells_why_it_is_not_ready(service):
    class Ill(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b'{"code":503,"message":"runtime: no Docker"}')

        def log_message(self, *words):
            pass

    with HTTPServer(("127.0.0.1", 0), Ill) as ill:
        threading.Thread(target=ill.serve_forever, daemon=True).start()
        told = run(service, "--url", f"http://127.0.0.1:{ill.server_port}", "health", code=1)
        ill.shutdown()
    assert "not ready: runtime: no Docker" in told


def test_no_service_is_told(service):
    told = run(service, "--url", "http://127.0.0.1:1", "labs", code=1)
    assert "http://127.0.0.1:1" in told and "deploy/run" in told


