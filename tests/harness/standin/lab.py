"""What all commands do with a lab's containers: make, find, run lines in them, show them."""
import json
import os
import shlex
import sys
from pathlib import Path

from . import output
from .engine import EngineError
from .output import Failed, error, info


def ensure_network(engine, topology):
    """The management network; returns the name of its bridge."""
    network = engine.exists("networks", topology.network)
    if network is None:
        info("Creating docker network", name=topology.network, IPv4_subnet=topology.ipv4, IPv6_subnet=topology.ipv6, MTU=0)
        try:
            engine.call("POST", "/networks/create", {
                "Name": topology.network, "CheckDuplicate": True, "Driver": "bridge", "EnableIPv6": True,
                "IPAM": {"Config": [{"Subnet": topology.ipv4}, {"Subnet": topology.ipv6}]},
                "Labels": {"containerlab": ""}})
        except EngineError:
            # Another lab's deployment may have made it meanwhile; Docker has more than one word for that.
            if engine.exists("networks", topology.network) is None:
                raise
        network = engine.exists("networks", topology.network)
    return f"br-{network['Id'][:12]}"


def remove_network(engine, topology):
    """Removes it unless somebody uses it."""
    network = engine.exists("networks", topology.network)
    if network and "containerlab" in (network.get("Labels") or {}):
        try:
            engine.call("DELETE", f"/networks/{topology.network}")
        except EngineError as problem:
            if problem.status not in (403, 404):
                raise


def check_image(engine, image):
    """This stand-in never goes to a registry."""
    if engine.exists("images", image) is None:
        info("Pulling image", image=image if ":" in image else image + ":latest")
        reason = ('Error response from daemon: Get "https://registry.example/v2/": dial tcp: '
                  "lookup registry.example on 192.0.2.53:53: no such host")
        error("Failed to pull image", image=image, err=reason)
        raise Failed(reason)


def make_folder(topology):
    if not topology.folder.exists():
        info("Creating lab directory", path=topology.folder)
    topology.folder.mkdir(parents=True, exist_ok=True)
    data = {"name": topology.name, "type": "clab", "nodes": {n.name: {"kind": n.kind, "image": n.image} for n in topology.nodes.values()},
            "links": [{"endpoints": [f"{end[0]}:{end[1]}" for end in link.ends()]} for link in topology.links]}
    (topology.folder / "topology-data.json").write_text(json.dumps(data, indent=2))


def create(engine, topology, node, bridge):
    """Makes a node's container and starts it."""
    info("Creating container", name=node.name)
    body = node.body
    labels = {**{str(k): str(v) for k, v in (body.get("labels") or {}).items()},
              "containerlab": topology.name, "clab-node-name": node.name, "clab-node-kind": node.kind,
              "clab-node-longname": node.container,
              "clab-node-lab-dir": str(topology.folder / node.name), "clab-topo-file": str(topology.path.resolve()),
              "clab-mgmt-net-bridge": bridge, "clab-owner": os.environ.get("USER") or "root"}
    binds = [_bind(topology, text) for text in body.get("binds") or []]
    network = body.get("network-mode") or topology.network
    engine.call("POST", f"/containers/create?name={node.container}", {
        "Image": node.image, "Hostname": node.name, "Tty": True, "Env": node.environment, "Labels": labels, "User": body.get("user") or "",
        **({"Cmd": node.command} if node.command else {}),
        **({"Entrypoint": shlex.split(body["entrypoint"])} if body.get("entrypoint") else {}),
        "HostConfig": {"NetworkMode": network, "Binds": binds, "Privileged": body.get("privileged", True) is not False,
                       "CapAdd": body.get("cap-add") or [], "Sysctls": {"net.ipv6.conf.all.disable_ipv6": "0"},
                       "RestartPolicy": {"Name": body.get("restart-policy") or "always"}}})
    engine.call("POST", f"/containers/{node.container}/start")


def _bind(topology, text):
    source, colon, rest = str(text).partition(":")
    return str((topology.path.resolve().parent / source).resolve()) + colon + rest


def run_lines(engine, nodes):
    """The `exec` lines; one that fails is told, no more."""
    for node in nodes:
        for line in node.execs:
            code, stdout, stderr = engine.run(node.container, shlex.split(line))
            if code == 0:
                info("Executed command", node=node.name, command=line, stdout=stdout.strip())
            else:
                error("Failed to execute command", command=line, node=node.name, rc=code, stdout=stdout.strip(), stderr=stderr.strip())


def addresses(container, network=None):
    """IPv4 and IPv6 with their prefix lengths, from either form in which Docker tells them."""
    for name, found in ((container.get("NetworkSettings") or {}).get("Networks") or {}).items():
        if network in (None, name) and found and found.get("IPAddress"):
            six = f"{found['GlobalIPv6Address']}/{found['GlobalIPv6PrefixLen']}" if found.get("GlobalIPv6Address") else "N/A"
            return f"{found['IPAddress']}/{found['IPPrefixLen']}", six
    return "N/A", "N/A"


def shown(engine, *labels):
    """What `inspect` shows: labs by name, each a list of containers by name."""
    labs = {}
    for container in sorted(engine.containers(*labels), key=lambda one: one["Names"][0]):
        labels_of = container["Labels"]
        four, six = addresses(container)
        path = labels_of.get("clab-topo-file", "")
        labs.setdefault(labels_of["containerlab"], []).append({
            "lab_name": labels_of["containerlab"], "labPath": os.path.relpath(path) if path else "", "absLabPath": path,
            "name": container["Names"][0].lstrip("/"), "container_id": container["Id"][:12], "image": container["Image"],
            "kind": labels_of.get("clab-node-kind", ""), "state": container["State"], "status": container["Status"],
            "ipv4_address": four, "ipv6_address": six})
    return labs


def show(labs, form):
    """Prints them, as JSON or as a table."""
    if form == "json":
        output.write(sys.stdout, json.dumps(labs, indent=2) + "\n")
        return
    rows = [[[one["name"]], [one["kind"], one["image"]], [one["state"]], [one[key].partition("/")[0] if one[key] != "N/A" else "N/A" for key in ("ipv4_address", "ipv6_address")]]
            for lab in labs.values() for one in lab]
    output.table(["Name", "Kind/Image", "State", "IPv4/6 Address"], rows)


def clean_folder(topology):
    """Removes the lab's folder with all that is in it."""
    import shutil
    shutil.rmtree(Path(topology.folder), ignore_errors=True)
