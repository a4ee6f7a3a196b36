"""Fixtures of the Python scenarios: one service per module unless a test starts its own."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness"))

from stibium_harness import Client, Service, topology  # noqa: E402


@pytest.fixture(scope="module")
def scripted():
    """A scripted service with a lab `l` that runs, for whatever needs no more than that."""
    with Service(labs={"l.clab.yml": topology("l", {"n1": {}, "n2": {}})}, scripted=True) as service:
        service.lab_id = service.lab("l")
        with Client(service, "/lab-commands") as commands:
            assert commands.command(service.lab_id, 0) == {"payload": None}
        yield service
