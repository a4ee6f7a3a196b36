"""Ends what services of a folder have left running. Nodes of the embedded runtime outlive their service by design, so a test
that kills one, or is cut off itself, leaves them behind. Also a program: sweep.py FOLDER"""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path


def sweep(folder):
    """Kills every process that has its working folder, its output or its command line in `folder`, or works for a service there, and removes the network
    namespaces that the runtime has noted there."""
    folder = str(folder)
    for _ in range(3):
        left = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if pid != os.getpid() and _belongs(pid, folder)]
        if not left:
            break
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue  # it has ended meanwhile
        time.sleep(0.1)
    for name in sorted(_namespaces(folder)):
        subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, check=False)


def _belongs(pid, folder):
    if _is_caller(pid):
        return False
    home = Path("/proc") / str(pid)
    for link in ("cwd", "fd/1", "fd/2"):
        try:
            if os.readlink(home / link).startswith(folder):
                return True
        except OSError:
            continue
    try:
        if f"STIBIUM_RUN_ROOT={folder}".encode() in (home / "environ").read_bytes():
            return True
        return folder in (home / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False


def _is_caller(pid):
    """Those who called this program are spared: they may write there, or name the folder."""
    above = os.getpid()
    while above > 1:
        try:
            above = int(Path(f"/proc/{above}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
        if above == pid:
            return True
    return False


def _namespaces(folder):
    """Those of the embedded runtime's nodes, and those where links of stopped containers wait."""
    names = set()
    there = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    for path in Path(folder).glob("**/*.clab.yml"):
        if "labs" not in path.parts:
            parked = f"clab-park-clab-{path.name.removesuffix('.clab.yml')}-"
            names.update(name for name in there if name.startswith(parked))
    for path in Path(folder).glob("**/run/*/*/state.json*"):
        names.update(re.findall(r'"netns"\s*:\s*"([\w.-]+)"', path.read_text(errors="replace")))
    return names


if __name__ == "__main__":
    import dockerd
    for note in list(Path(sys.argv[1]).glob("*/" + dockerd._NOTE)):
        dockerd.sweep(note.parent)
    sweep(sys.argv[1])
