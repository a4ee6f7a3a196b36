"""What is shipped, made from a build: the Debian package, the image, and the compose file with a service from it."""
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from .docker import HARNESS, NETWORK
from .service import BIN, PASSWORD, USER

ROOT = Path(__file__).resolve().parents[3]


def package(folder):
    """Makes the Debian package from the build under test, in a folder. Returns its path."""
    subprocess.run(["cpack", "--config", str(BIN.parent / "CPackConfig.cmake"), "-D", f"CPACK_OUTPUT_FILE_PREFIX={folder}"],
                   cwd=folder, check=True, capture_output=True, text=True, timeout=120)
    shutil.rmtree(folder / "_CPack_Packages")
    return next(folder.glob("*.deb"))


def docker(host, *words, timeout=60, **more):
    """Runs the docker program, and fails with what it said."""
    done = subprocess.run(["docker", *map(str, words)], env={**os.environ, "DOCKER_HOST": host}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False, **more)
    assert done.returncode == 0, f"docker {' '.join(map(str, words))}:\n{done.stdout[-8000:]}"
    return done.stdout


def build_arguments(base):
    """For `docker build`: the base images, the host's network for Debian's packages, and the machine's proxy."""
    words = ["--network", "host", "--build-arg", f"BUILD_BASE={base}", "--build-arg", f"RUN_BASE={base}"]
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        if os.environ.get(name):
            words += ["--build-arg", name]
    return words


def image_of(host, deb, base, tag):
    """Builds the image from a package, by way of the Dockerfile."""
    # As in a source tree, where `.dockerignore` lets packages through.
    context = deb.parent / "context"
    (context / "build/release/package").mkdir(parents=True)
    shutil.copytree(ROOT / "deploy", context / "deploy")
    shutil.copy(ROOT / ".dockerignore", context)
    shutil.copy(deb, context / "build/release/package")
    docker(host, "build", "-f", context / "deploy/Dockerfile", "-t", tag, *build_arguments(base), "--build-arg",
           f"PACKAGE=build/release/package/{deb.name}", context, timeout=300)


def for_stand_in(host, image, tag, folder):
    """An image that also has what the stand-in for containerlab needs."""
    shutil.copytree(HARNESS / "standin", folder / "standin")
    (folder / "Dockerfile").write_text(f"FROM {image}\nRUN apt-get update -q && apt-get install -qy --no-install-recommends "
                                       "python3-yaml\nCOPY standin /usr/bin/standin\n")
    docker(host, "build", "-t", tag, *build_arguments(image), folder, timeout=300)


class Composed:
    """`compose up` with the labs of a folder on a free port; `down` when the block ends. Folders stand below the engine's, which
    cleans up after runs that are cut off."""

    def __init__(self, engine, image, labs, runtime="embedded"):
        self.engine, self.folder = engine, engine.daemon.folder / f"compose-{os.urandom(4).hex()}"
        self.override = self.folder / "compose.override.yaml"
        self.files = ["-f", str(ROOT / "deploy/compose.yaml")]
        self.netns, self.data = self.folder / "netns", self.folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.env = {**os.environ, "DOCKER_HOST": engine.host, "SB_NATIVE_USERNAME": USER, "SB_NATIVE_PASSWORD": PASSWORD,
                    "STIBIUM_IMAGE": image, "STIBIUM_RUNTIME": runtime, "STIBIUM_LISTEN": f"127.0.0.1:{self.port}",
                    "STIBIUM_LABS": str(labs), "STIBIUM_DATA": str(self.data), "NETNS": str(self.netns),
                    "DOCKER_SOCKET": engine.host.removeprefix("unix://"),
                    "CONTAINERLAB": engine.containerlab}

    def compose(self, *words, code=0, timeout=120, **more):
        program = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        done = subprocess.run([*program, *self.files, "-p", "stibium-test", *words], env={**self.env, **more.pop("env", {})},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False, **more)
        assert done.returncode == code, f"compose {' '.join(words)}:\n{done.stdout[-8000:]}"
        return done.stdout

    def __enter__(self):
        self.data.mkdir(parents=True)
        self.netns.mkdir()
        self.override.write_text(json.dumps({"services": {"stibium": {"environment": NETWORK}}}))
        self.files += ["-f", str(self.override)]
        # As /run is on a machine with systemd: shared.
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self.netns], check=True)
        try:
            subprocess.run(["mount", "--make-shared", self.netns], check=True)
            self.compose("up", "-d")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.compose("logs"))
        self.close()

    def close(self):
        try:
            self.compose("down")
        finally:
            subprocess.run(["umount", "-R", "-l", self.netns], check=True)
            shutil.rmtree(self.folder)

    def stibium(self, *words, typed="", code=0, **more):
        """The client inside of the container."""
        return self.compose("exec", "-T", "stibium", "stibium", *words, code=code, input=typed, **more)

    def container(self, template):
        """`docker inspect` of the service's container."""
        name = self.compose("ps", "-a", "-q").strip()
        return docker(self.engine.host, "inspect", "-f", template, name).strip()

    def until_ready(self):
        """Like until_healthy, without the pauses of Docker's checks."""
        self.compose("exec", "-T", "stibium", "timeout", "30", "sh", "-c", "until stibium health 2>&1; do sleep 0.1; done")

    def until_healthy(self, seconds=60):
        deadline = time.monotonic() + seconds
        while (state := self.container("{{.State.Health.Status}}")) != "healthy":
            assert time.monotonic() < deadline, state + "\n" + self.compose("logs")
            time.sleep(0.5)
