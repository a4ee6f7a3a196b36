"""Docker's Engine API over its Unix socket: one connection per call."""
import http.client
import json
import os
import socket
import struct
from urllib.parse import quote

API = "/v1.41"


class EngineError(Exception):
    """Docker refused; `.status` is HTTP's, 0 when Docker is not there."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class _Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """`host` as in DOCKER_HOST, which says it when nothing else does."""

    def __init__(self, host=None):
        host = host or os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
        if not host.startswith("unix://"):
            raise EngineError(0, f'unable to parse docker host `{host}`')
        self.host = host
        self.path = host.removeprefix("unix://")

    def url(self, path):
        """How Docker's Go client names an address."""
        return f"http://{quote(self.path, safe='')}{API}{path}"

    def open(self, method, path, body=None, timeout=None):
        """The response of a call, its body unread."""
        connection = _Connection(self.path, timeout)
        try:
            if hasattr(body, "read"):
                connection.request(method, API + path, body, {"Content-Type": "application/x-tar"}, encode_chunked=True)
            else:
                connection.request(method, API + path, json.dumps(body) if body is not None else None,
                                   {"Content-Type": "application/json"})
            response = connection.getresponse()
        except OSError as error:
            raise EngineError(0, f"Cannot connect to the Docker daemon at {self.host}. Is the docker daemon running?") from error
        if response.status >= 400:
            text = response.read().decode(errors="replace")
            connection.close()
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError, TypeError):
                pass
            raise EngineError(response.status, f"Error response from daemon: {text}")
        response.connection = connection
        return response

    def call(self, method, path, body=None, timeout=None):
        """The answer as a value, None when it is empty."""
        response = self.open(method, path, body, timeout)
        try:
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(0, f"error during connect: {error}") from error
        finally:
            response.connection.close()
        return json.loads(text) if text.strip() else None

    def put(self, path, file):
        """Uploads an archive; what comes back is progress."""
        response = self.open("POST", path, file)
        told = response.read().decode(errors="replace")
        response.connection.close()
        if '"error"' in told:
            raise EngineError(500, told)

    def containers(self, *labels):
        filters = json.dumps({"label": ["containerlab", *labels]})
        return self.call("GET", f"/containers/json?all=1&filters={quote(filters)}")

    def inspect(self, container):
        return self.call("GET", f"/containers/{container}/json")

    def exists(self, kind, name):
        """Whether an image, a network or a container of that name is there."""
        try:
            return self.call("GET", f"/{kind}/{name}" + ("" if kind == "networks" else "/json"))
        except EngineError as error:
            if error.status == 404:
                return None
            raise

    def remove(self, container):
        """Ends and removes; what is gone already is no error."""
        try:
            self.call("DELETE", f"/containers/{container}?force=1&v=1")
        except EngineError as error:
            if error.status != 404:
                raise

    def run(self, container, argv):
        """Runs a program in a container: its exit code, output and error output."""
        made = self.call("POST", f"/containers/{container}/exec",
                         {"AttachStdout": True, "AttachStderr": True, "Cmd": argv})
        response = self.open("POST", f"/exec/{made['Id']}/start", {"Detach": False, "Tty": False})
        texts = {1: b"", 2: b""}
        data = response.read()
        response.connection.close()
        while len(data) >= 8:
            stream, size = struct.unpack(">BxxxI", data[:8])
            texts[2 if stream == 2 else 1] += data[8:8 + size]
            data = data[8 + size:]
        code = self.call("GET", f"/exec/{made['Id']}/json")["ExitCode"]
        return code, texts[1].decode(errors="replace"), texts[2].decode(errors="replace")
