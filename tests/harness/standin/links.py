"""Links: pairs of virtual interfaces inside the containers' network namespaces, and their parking place."""
import json
import secrets
import subprocess

from .output import Failed

MTU = 9500


def _ip(entering, *lines):
    done = subprocess.run([*entering, "ip", "-batch", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(" ".join(done.stderr.split()) or "ip failed")


def _of(pid):
    return ["nsenter", "-t", str(pid), "-n"]


def _mac():
    return "aa:c1:ab:" + ":".join(f"{byte:02x}" for byte in secrets.token_bytes(3))


def interfaces(pid):
    """The names of the interfaces of a process, none when it has ended."""
    done = subprocess.run([*_of(pid), "ip", "-j", "link"], capture_output=True, text=True, check=False)
    return {link["ifname"] for link in json.loads(done.stdout)} if done.returncode == 0 and done.stdout.strip() else set()


def create(link, pids):
    """Makes the pair, both ends up."""
    (a, a_name), (b, b_name) = link.ends()
    pair = (f"link add dev {a_name} mtu {MTU} address {_mac()} type veth "
            f"peer name {b_name} mtu {MTU} address {_mac()} netns {pids[b]}")
    _ip(_of(pids[a]), pair, f"link set {a_name} up")
    _ip(_of(pids[b]), f"link set {b_name} up")


def remove(pid, interface):
    subprocess.run([*_of(pid), "ip", "link", "delete", interface], capture_output=True, check=False)


def _parking(container):
    return f"clab-park-{container}"


def parked(container):
    """The names of the interfaces that wait there."""
    done = subprocess.run(["ip", "-n", _parking(container), "-j", "link"], capture_output=True, text=True, check=False)
    links = json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []
    return [link["ifname"] for link in links if link["ifname"] != "lo"]


def park(container, pid, names):
    """Moves interfaces out of a container that is about to end."""
    place = _parking(container)
    subprocess.run(["ip", "netns", "add", place], capture_output=True, check=False)
    for name in sorted(interfaces(pid) & set(names)):
        _ip(_of(pid), f"link set {name} netns {place}")


def restore(container, pid):
    """Moves them back, up; returns their names."""
    names = parked(container)
    for name in names:
        _ip(["ip", "netns", "exec", _parking(container)], f"link set {name} netns {pid}")
        _ip(_of(pid), f"link set {name} up")
    leave(container)
    return names


def leave(container):
    """Gives the parking place up, with what is in it."""
    subprocess.run(["ip", "netns", "delete", _parking(container)], capture_output=True, check=False)
