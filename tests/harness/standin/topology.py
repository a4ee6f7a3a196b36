"""The topology file: read, checked, and made plain."""
import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from .kinds import KINDS
from .output import Failed, info


@dataclass
class Node:
    name: str
    kind: str
    container: str
    image: str = ""
    body: dict = field(default_factory=dict)

    @property
    def execs(self):
        return self.body.get("exec") or []

    @property
    def command(self):
        cmd = self.body.get("cmd")
        return shlex.split(cmd) if isinstance(cmd, str) else cmd

    @property
    def environment(self):
        return [f"{key}={value}" for key, value in sorted((self.body.get("env") or {}).items())]


@dataclass(frozen=True)
class Link:
    """Two ends: (node, interface)."""
    a: tuple
    b: tuple

    def ends(self):
        return (self.a, self.b)

    def __str__(self):
        return f"{self.a[0]}:{self.a[1]} ▪┄┄▪ {self.b[0]}:{self.b[1]}"


class Topology:
    def __init__(self, path):
        self.path = Path(path)
        if not self.path.is_file():
            raise Failed(f'failed to download topology file: Get "{path}": unsupported protocol scheme ""')
        info("Parsing & checking topology", file=self.path.name)
        body = _load(self.path)
        self.name = str(body.get("name") or self.path.name.removesuffix(".clab.yml").removesuffix(".yml"))
        self.prefix = body.get("prefix", "clab")
        management = body.get("mgmt") or {}
        self.network = management.get("network") or os.environ.get("STANDIN_NETWORK", "clab")
        self.ipv4 = management.get("ipv4-subnet") or os.environ.get("STANDIN_IPV4_SUBNET", "172.20.20.0/24")
        self.ipv6 = management.get("ipv6-subnet") or os.environ.get("STANDIN_IPV6_SUBNET", "3fff:172:20:20::/64")
        base = os.environ.get("CLAB_LABDIR_BASE")
        self.folder = (Path(base) if base else self.path.resolve().parent) / f"clab-{self.name}"
        topology = body.get("topology") or {}
        self.nodes = {name: self._node(name, own or {}, topology) for name, own in (topology.get("nodes") or {}).items()}
        if not self.nodes:
            raise Failed("no nodes defined in the topology")
        self.links = [self._link(link) for link in topology.get("links") or []]

    def _node(self, name, own, topology):
        layers = [topology.get("defaults") or {}]
        group = (topology.get("groups") or {}).get(own.get("group"), {})
        kind = own.get("kind") or group.get("kind") or layers[0].get("kind") or ""
        layers += [(topology.get("kinds") or {}).get(kind) or {}, group, own]
        body = {}
        for layer in layers:
            for key, value in layer.items():
                body[key] = {**body.get(key, {}), **value} if key in ("env", "labels") and isinstance(value, dict) else value
        container = f"{self.prefix}-{self.name}-{name}" if self.prefix else str(name)
        return Node(str(name), kind, container, str(body.get("image") or ""), body)

    def _link(self, link):
        ends = []
        for end in (link.get("endpoints") if isinstance(link, dict) else None) or []:
            node, _, interface = end.partition(":") if isinstance(end, str) else (end.get("node"), "", end.get("interface"))
            if node not in self.nodes:
                raise Failed(f'failed to verify topology: node "{node}" referenced in a link is not found in the topology')
            ends.append((node, interface))
        if len(ends) != 2:
            raise Failed("endpoint \"\" has wrong syntax, unexpected number of items")
        return Link(*ends)

    def check(self):
        """What is checked only when nodes are made."""
        for node in self.nodes.values():
            if node.kind not in KINDS:
                raise Failed(f'constructing node "{node.name}": kind "{node.kind}" is not supported. '
                             f'Supported kinds are "{", ".join(KINDS)}"')
            if not node.image:
                raise Failed(f'missing image for node "{node.name}"')

    def node(self, name):
        if name not in self.nodes:
            raise Failed(f'incorrect input: node "{name}" is not present in the topology')
        return self.nodes[name]

    def links_of(self, name):
        return [link for link in self.links if any(end[0] == name for end in link.ends())]


def _load(path):
    try:
        body = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise Failed(f"failed to read topology file: yaml: {where}{getattr(error, 'problem', None) or error}") from error
    except UnicodeDecodeError as error:
        raise Failed("failed to read topology file: yaml: invalid leading UTF-8 octet") from error
    if not isinstance(body, dict):
        raise Failed("failed to read topology file: yaml: line 1: cannot unmarshal into a topology")
    return body
