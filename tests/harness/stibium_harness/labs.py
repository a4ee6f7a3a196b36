"""Topologies that run on every runtime."""
import json

from .node_image import IMAGE

# It ends when it is told to. No dollar signs: containerlab would take them for variables of its own.
MAIN = "sh -c 'trap exit TERM; echo hello; sleep 100000 & wait'"
TICKING = """sh -c 'trap exit TERM; awk "BEGIN { for (i = 1; ; ++i) { print \\"tick \\" i; fflush(); system(\\"sleep 0.2\\") } }" & wait'"""


def lab(name, nodes, links=(), **defaults):
    """`nodes` maps names to their bodies; `links` are pairs like ("n1:eth1", "n2:eth1")."""
    # Not privileged: that needs a capability which some build machines lack.
    everywhere = {"kind": "linux", "image": IMAGE, "privileged": False, "cap-add": ["NET_ADMIN"], "cmd": MAIN, **defaults}
    return json.dumps({"name": name, "topology": {"defaults": everywhere, "nodes": nodes,
                                                  "links": [{"endpoints": list(link)} for link in links]}})


def pair(name, a="n1", b="n2", subnet="10.1.0", **more):
    """Two nodes with a link between them: .1 and .2 of a /24."""
    def node(number):
        return {"exec": [f"ip addr add {subnet}.{number}/24 dev eth1", "ip link set eth1 up"], **more}
    return lab(name, {a: node(1), b: node(2)}, [(f"{a}:eth1", f"{b}:eth1")])


def ring(name, size, subnet="10.2"):
    """So many nodes, r0 to the last, each linked to the next."""
    nodes = {f"r{i}": {"exec": [f"ip addr add {subnet}.{i}.1/24 dev eth1", f"ip addr add {subnet}.{(i - 1) % size}.2/24 dev eth2"]}
             for i in range(size)}
    return lab(name, nodes, [(f"r{i}:eth1", f"r{(i + 1) % size}:eth2") for i in range(size)])
