"""The service is killed while the embedded runtime works, and started again: nothing is left that nobody knows."""
import contextlib
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
from stibium_harness import Lab, Service, topology
from stibium_harness.lab import DEPLOY, DESTROY, RESTART, until

SIZE = 16
TOKEN = f"k{os.getpid()}"


def big():
    """Names that no other test has: network namespaces are the machine's."""
    nodes = {f"{TOKEN}-{i}": {"cmd": f"sleep 54321.{os.getpid()}"} for i in range(SIZE)}
    links = [(f"{TOKEN}-{i}:eth1", f"{TOKEN}-{(i + 1) % SIZE}:eth2") for i in range(SIZE)]
    return topology("big", nodes, links)


@pytest.fixture(scope="module")
def service():
    with Service(labs={"big.clab.yml": big()}) as one:
        yield one


def children(pid):
    with contextlib.suppress(OSError):
        return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]
    return []


def words_of(pid):
    with contextlib.suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    return []


def processes(service):
    """Nodes, and whatever else works for the service's labs."""
    mark, found = f"STIBIUM_RUN_ROOT={service.data_folder}".encode(), {}
    for home in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (home / "environ").read_bytes() or f"54321.{os.getpid()}" in words_of(home.name):
                found[int(home.name)] = words_of(home.name)
    return found


def left(service):
    """What there is of labs, on the disk and in the kernel."""
    run = service.data_folder / "run"
    return {"processes": processes(service), "namespaces": [one for one in os.listdir("/run/netns") if TOKEN in one],
            "folders": [str(one) for one in run.glob("*")] if run.exists() else []}


def expect_nothing(service):
    until(lambda: not any(left(service).values()), lambda: left(service), 10)


def come_back(service, lab):
    service.start()
    lab.reconnect()
    until(lambda: not (now := lab.instance()) or now["state"] in (1, 3), lab.instance, 60)
    # Whatever has become of the command: the lab can be destroyed, and then nothing is left.
    lab.command(DESTROY)
    until(lambda: lab.instance() is None, lab.instance, 30)


@contextlib.contextmanager
def first_one_frozen(service, matches):
    """Stops the first helper of the service that `matches` by its command line, as if the machine were that slow."""
    caught, over = [], threading.Event()

    def watch():
        while not over.is_set() and not caught:
            for pid in children(service.pid):
                words = words_of(pid)
                if any(matches in word for word in words):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGSTOP)
                        caught.append(pid)
                        break
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield caught
    finally:
        over.set()
        watcher.join()
        for pid in caught:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


# The programs that make namespaces and links, that remove them, and that start a node.
@pytest.mark.parametrize("command,matches", [(DEPLOY, "-batch"), (DESTROY, "umount -l"), (DEPLOY, "--kill-child")])
def test_killed_while_a_helper_is_at_work(service, command, matches):
    with Lab(service, "big") as lab:
        if command == DESTROY:
            lab.deploy()
        with first_one_frozen(service, matches) as caught:
            lab.begin(command)
            until(lambda: caught, "no helper was caught", 30)
            service.kill()
            come_back(service, lab)
        expect_nothing(service)  # the helper may go on, if it is there


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment(service, seed):
    dice = random.Random(seed)
    with Lab(service, "big") as lab:
        for _ in range(2):
            command = dice.choice([DEPLOY, DEPLOY, DESTROY, RESTART])
            if command != DEPLOY:
                lab.deploy()
            lab.begin(command, **({"node": f"{TOKEN}-1"} if command == RESTART else {}))
            time.sleep(dice.uniform(0, 0.8))
            service.kill()
            if dice.random() < 0.5:  # and once more while labs are being taken back
                service.start()
                time.sleep(dice.uniform(0, 0.2))
                service.kill()
            come_back(service, lab)
            expect_nothing(service)
