"""deploy and destroy: what is there is brought to what the topology says, or removed."""
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

from . import lab, links, output, script
from .engine import EngineError
from .output import Failed, error, info

under_way = {}  # node -> the address of the call that is waited for; told when the command is interrupted


def deploy(engine, topology, options):
    info_version()
    topology_checked = topology(options.topo)
    return Deployment(engine, topology_checked, options).run()


def info_version():
    info("Containerlab started", version=os.environ.get("STANDIN_VERSION", "0.79.0"))


class Deployment:
    def __init__(self, engine, topology, options):
        self.engine, self.topology, self.options = engine, topology, options
        self.lock = threading.Lock()
        self.pids = {}
        self.errors = []
        self.linked = set()

    def at(self, point, node=""):
        script.at(point, "deploy", self.topology.name, node)

    def run(self):
        topology = self.topology
        self.at("start")
        topology.check()
        found = {c["Labels"].get("clab-node-name"): c for c in self.engine.containers(f"containerlab={topology.name}")}
        states = {name: self.engine.inspect(c["Id"]) for name, c in found.items()}
        missing, changed, surplus = self.compare(states)
        if self.options.dry_run:
            return self.plan(missing, changed, surplus, bool(states))
        self.at("network")
        bridge = lab.ensure_network(self.engine, topology)
        for image in sorted({node.image for node in topology.nodes.values()}):
            lab.check_image(self.engine, image)
        for name in [*changed, *surplus]:
            info("Removing node", node=name)
            self.engine.remove(states[name]["Id"])
            links.leave(found[name]["Names"][0].lstrip("/"))
        self.pids = {name: self.pid_of(topology.nodes[name], state["State"]) for name, state in states.items()
                     if name not in [*changed, *surplus]}
        self.pids = {name: pid for name, pid in self.pids.items() if pid}
        self.tell_links()
        self.at("folder")
        lab.make_folder(topology)
        created = [topology.nodes[name] for name in [*missing, *changed]]
        self.link_ready(told=bool(states))
        self.create_all(created, bridge)
        if self.errors:
            raise Failed(self.errors[0])
        self.at("exec")
        lab.run_lines(self.engine, created)
        self.end()

    def compare(self, states):
        """The nodes that are missing, that are another, and that the topology does not have."""
        nodes = self.topology.nodes
        changed = [name for name, state in states.items() if name in nodes and self.differs(nodes[name], state["Config"])]
        return [name for name in nodes if name not in states], changed, [name for name in states if name not in nodes]

    @staticmethod
    def differs(node, config):
        return (node.image != config["Image"] or (node.command and node.command != config["Cmd"])
                or not set(node.environment) <= set(config["Env"] or []))

    def pid_of(self, node, state):
        """Of a node that is there; 0 when it does not run, and is not to be started."""
        if state["Running"] or os.environ.get("STANDIN_STOPPED") != "start":
            return state["Pid"]
        self.engine.call("POST", f"/containers/{node.container}/start")
        pid = self.engine.inspect(node.container)["State"]["Pid"]
        links.restore(node.container, pid)
        return pid

    def plan(self, missing, changed, surplus, exists):
        rows = [[["Create lab"], [self.topology.name]]] if not exists else []
        for action, names in (("Create node", missing), ("Recreate node", changed), ("Delete node", surplus)):
            rows += [[[action], [name]] for name in names]
        rows += [[["Create link"], [f"{l.a[0]}:{l.a[1]} -- {l.b[0]}:{l.b[1]}"]] for l in self.topology.links if missing or changed]
        output.table(["Action", "Details"], rows or [[["No changes"], [""]]])

    def tell_links(self):
        """Links between nodes that run already."""
        there = {name: links.interfaces(pid) for name, pid in self.pids.items()}
        for link in self.topology.links:
            if not all(node in there for node, _ in link.ends()):
                continue
            if all(interface in there[node] for node, interface in link.ends()):
                self.linked.add(link)
                continue
            for node, interface in link.ends():
                info("Applying link change without node lifecycle action", node=node, change="added link")
                if interface in there[node]:
                    links.remove(self.pids[node], interface)

    def create_all(self, nodes, bridge):
        if not nodes:
            return
        pool = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1))
        wait([pool.submit(self.create, node, bridge) for node in nodes])
        pool.shutdown()

    def create(self, node, bridge):
        try:
            self.at("container", node.name)
            if delay := node.body.get("startup-delay"):
                time.sleep(float(delay))
            under_way[node.name] = self.engine.url(f"/containers/create?name={node.container}")
            lab.create(self.engine, self.topology, node, bridge)
            pid = self.engine.inspect(node.container)["State"]["Pid"]
            under_way.pop(node.name)
            with self.lock:
                self.pids[node.name] = pid
            self.link_ready()
        except (EngineError, Failed, OSError) as problem:
            error(f'node "{node.name}" deploy: {problem}')
            under_way.pop(node.name, None)
            with self.lock:
                self.errors.append(str(problem))

    def link_ready(self, told=False):
        """Makes the links whose ends both run and which nobody makes yet."""
        with self.lock:
            ready = [l for l in self.topology.links if l not in self.linked and all(self.pids.get(end[0]) for end in l.ends())]
            self.linked.update(ready)
        for link in ready:
            self.at("link", link.a[0])
            if told:
                info("Creating link", link=f"{link.a[0]}:{link.a[1]} -- {link.b[0]}:{link.b[1]}")
            links.create(link, self.pids)
            info(f"Created link: {link}")

    def end(self):
        info("Adding host entries", path="/etc/hosts")
        info("Adding SSH config for nodes", path=f"/etc/ssh/ssh_config.d/clab-{self.topology.name}.conf")
        if os.environ.get("CLAB_VERSION_CHECK") != "disable":
            time.sleep(3)
            info("Failed fetching latest version information")
        self.at("end")
        lab.show(lab.shown(self.engine, f"containerlab={self.topology.name}"), self.options.format)


def destroy(engine, topology, options):
    """`topology` is called twice: containerlab reads the file again, and says so."""
    topology(options.topo)
    topology = topology(options.topo)
    script.at("start", "destroy", topology.name)
    containers = engine.containers(f"containerlab={topology.name}")
    if not containers:
        info("no containerlab containers found")
        return
    info("Destroying lab", name=topology.name)

    def remove(container):
        labels, name = container["Labels"], container["Names"][0].lstrip("/")
        script.at("container", "destroy", topology.name, labels.get("clab-node-name", ""))
        engine.remove(container["Id"])
        links.leave(name)
        info("Removed container", name=name)

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(remove, containers))
    info("Removing host entries", path="/etc/hosts")
    info("Removing SSH config", path=f"/etc/ssh/ssh_config.d/clab-{topology.name}.conf")
    if not getattr(options, "keep_mgmt_net", False):
        lab.remove_network(engine, topology)
    if options.cleanup:
        lab.clean_folder(topology)
    script.at("end", "destroy", topology.name)


def redeploy(engine, topology, options):
    destroy(engine, topology, options)
    deploy(engine, topology, options)
