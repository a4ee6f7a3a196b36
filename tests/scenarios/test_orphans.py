"""Instances that no lab knows."""
import subprocess

import pytest
import requests
from stibium_harness import Client, DockerService, Service, labs
from stibium_harness.lab import DONE, until
from stibium_harness.service import BIN

LABS = {"l.clab.yml": labs.lab("l", {"n1": {}})}


@pytest.fixture(params=["embedded", "containerlab"])
def fresh(request):
    """A service on each runtime."""
    if request.param == "embedded":
        return Service(labs=LABS)
    request.getfixturevalue("with_runtime")
    return DockerService(request.getfixturevalue("docker"), labs=LABS)


def test_an_instance_that_a_lost_database_leaves_is_shown_to_admins_and_removed_by_one(fresh):
    with fresh as service:
        lab = service.lab("l")
        with Client(service, "/lab-commands") as commands:
            assert commands.command(lab, 0, timeout=30) == DONE
        name = service.instance(lab)["name"]
        assert service.get("/orphans", service.admin()).json() == {"payload": []}
        service.stop()
        for file in service.data_folder.glob("stibium.db*"):
            file.unlink()
        service.start()
        assert service.instance(service.lab("l")) is None
        found = until(lambda: service.get("/orphans", service.admin()).json()["payload"], "no orphans")
        assert [each["name"] for each in found] == [name]
        assert [node["name"] for node in found[0]["nodes"]] == ["n1"]

        alice = service.token("alice", "default")
        assert service.get("/orphans", alice).status_code == 403
        remove = {"url": f"{service.url}/orphans/{name}", "timeout": 30}
        assert requests.delete(headers={"Authorization": f"Bearer {alice}"}, **remove).status_code == 403

        def stibium(*words):
            return subprocess.run([BIN / "stibium", "--url", service.url, "--token", service.admin(), *words],
                                  capture_output=True, text=True, timeout=60)
        assert name in stibium("orphans").stdout
        done = stibium("orphans", "--remove", name)
        assert done.returncode == 0 and name in done.stdout, done
        assert service.get("/orphans", service.admin()).json() == {"payload": []}
        again = stibium("orphans", "--remove", name)
        assert again.returncode == 1 and "no orphan" in again.stderr
