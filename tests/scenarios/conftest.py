"""Fixtures of the Python scenarios: one service per module unless a test starts its own."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness"))

from stibium_harness import Client, Docker, Lab, NoDocker, Service, topology  # noqa: E402
from stibium_harness.service import BIN  # noqa: E402

# What is shipped has no sanitizers.
collect_ignore = ["test_package.py"] if os.environ.get("STIBIUM_SANITIZED") else []


@pytest.fixture(scope="module")
def scripted():
    """A scripted service with a lab `l` that runs, for whatever needs no more than that."""
    with Service(labs={"l.clab.yml": topology("l", {"n1": {}, "n2": {}})}, scripted=True) as service:
        service.lab_id = service.lab("l")
        with Client(service, "/lab-commands") as commands:
            assert commands.command(service.lab_id, 0) == {"payload": None}
        yield service


def report(text):
    """What tests/run prints at its end."""
    if path := os.environ.get("STIBIUM_REPORT"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(text + "\n")
    print(text, file=sys.stderr)


@pytest.fixture(scope="session")
def engine():
    """A Docker engine of our own with a containerlab, for the whole run. At its end everything is as it was."""
    try:
        docker = Docker()
    except NoDocker as why:
        report(f"DOCKER CANNOT RUN HERE: {why}. Every scenario on containerlab was SKIPPED.")
        pytest.skip(f"no Docker: {why}")
    report(f"Scenarios on containerlab ran on {docker.what}.")
    yield docker
    docker.close()


@pytest.fixture(scope="session")
def with_runtime():
    """A service that was built without the runtime cannot be tested with it."""
    asked = subprocess.run([BIN / "stibiumd", "--runtime", "containerlab", "--check-config"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        report("THIS stibiumd HAS NO RUNTIME containerlab: its scenarios were SKIPPED.")
        pytest.skip(asked.stderr)


@pytest.fixture
def pair(service):
    """The module's lab `pair`, deployed."""
    with Lab(service, "pair") as lab:
        lab.deploy()
        yield lab


@pytest.fixture(scope="module")
def docker(engine):
    """The engine; when the module is done, nothing of its labs is left."""
    yield engine
    engine.expect_nothing_left()
