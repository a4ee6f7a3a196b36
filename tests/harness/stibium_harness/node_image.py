"""The image of the nodes: a minimal Debian with the tools of the scenarios, made by debootstrap once and kept."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .dockerd import NoDocker, _engine

IMAGE = "stibium-node:bookworm"
PACKAGES = "iproute2,iputils-ping,procps"
# What no test needs makes up half of it.
USELESS = ["var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info"]


def tarball():
    """The image's files; made when they are not there yet, which takes a minute and needs a Debian mirror."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stibium"
    kept = Path(os.environ.get("STIBIUM_NODE_IMAGE") or folder / "node-bookworm.tar.gz")
    if not kept.exists():
        _make(kept)
    return kept


def _mirror():
    """Where packages come from: what STIBIUM_DEBIAN_MIRROR says, else where this machine has its own from, else
    (empty) debootstrap's choice."""
    if chosen := os.environ.get("STIBIUM_DEBIAN_MIRROR"):
        return [chosen]
    asked = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Codename: bookworm"],
                           capture_output=True, text=True, check=False)
    return asked.stdout.split()[:1]


def _make(target):
    if not shutil.which("debootstrap"):
        raise NoDocker("there is no debootstrap for the node image")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stibium-image-") as place:
        root, fresh = Path(place) / "root", target.with_suffix(f".{os.getpid()}")
        print("making the node image with debootstrap; it is kept for the next time", flush=True)
        done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root),
                               *_mirror()], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoDocker("debootstrap has failed: " + (done.stdout + done.stderr).strip().splitlines()[-1])
        for path in USELESS:
            shutil.rmtree(root / path, ignore_errors=True)
        try:
            subprocess.run(["tar", "-C", str(root), "--numeric-owner", "--exclude=./dev/*", "-czf", str(fresh), "."], check=True)
            fresh.rename(target)
        finally:
            fresh.unlink(missing_ok=True)


def provide(host):
    """Gives the image to an engine that does not have it."""
    engine = _engine(host)
    if engine.exists("images", IMAGE) is None:
        repository, tag = IMAGE.split(":")
        with open(tarball(), "rb") as data:
            engine.put(f"/images/create?fromSrc=-&repo={repository}&tag={tag}&changes=CMD%20%5B%22%2Fbin%2Fbash%22%5D", data)
