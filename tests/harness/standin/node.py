"""stop, start and restart: a node's links wait in a parking place while it does not run."""
from . import lab, links, script
from .output import Failed


def _container(engine, topology, node):
    state = engine.exists("containers", node.container)
    if state is None:
        raise Failed(f'node "{node.name}" container "{node.container}" not found')
    return state["State"]


def _stop(engine, topology, node, options):
    state = _container(engine, topology, node)
    if not state["Running"]:
        return
    names = [end[1] for link in topology.links_of(node.name) for end in link.ends() if end[0] == node.name]
    links.park(node.container, state["Pid"], names)
    script.at("parked", "stop", topology.name, node.name)
    engine.call("POST", f"/containers/{node.container}/stop?t={options.timeout}")


def _start(engine, topology, node):
    from .output import info
    if _container(engine, topology, node)["Running"]:
        return
    engine.call("POST", f"/containers/{node.container}/start")
    for interface in links.restore(node.container, _container(engine, topology, node)["Pid"]):
        info("Restored link", node=node.name, interface=interface)
    lab.run_lines(engine, [node])


def command(name):
    def run(engine, topology, options):
        topology = topology(options.topo)
        for node in [topology.node(one) for one in options.node] or topology.nodes.values():
            script.at("start", name, topology.name, node.name)
            if name in ("stop", "restart"):
                _stop(engine, topology, node, options)
            if name in ("start", "restart"):
                _start(engine, topology, node)
            script.at("end", name, topology.name, node.name)
    return run
