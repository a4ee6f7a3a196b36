"""A lab as a user has it: commands on it, and what it looks like."""
import time

from .client import Client
from .shell import Shell, ping

DONE = {"payload": None}
DEPLOY, DESTROY, STOP, START, RESTART = range(5)


class Lab:
    """One lab and an admin's /lab-commands client. It is destroyed when the block ends, if it is there."""

    def __init__(self, service, name):
        self.service, self.name = service, name
        self.id = service.lab(name)
        self.commands = Client(service, "/lab-commands")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.service.running():
                if not self.commands.sio.connected:
                    self.reconnect()
                self.command(DESTROY)
        finally:
            self.commands.close()

    def reconnect(self):
        """After the service has been started again."""
        self.commands.close()
        self.service.lab(self.name)
        self.commands = Client(self.service, "/lab-commands")

    def command(self, number, timeout=60, **more):
        return self.commands.command(self.id, number, timeout, **more)

    def deploy(self):
        ack = self.command(DEPLOY)
        assert ack == DONE, (ack, self.log()[-12:])

    def destroy(self):
        assert (ack := self.command(DESTROY)) == DONE, ack
        assert self.instance() is None

    def stop(self, node):
        assert (ack := self.command(STOP, node=node)) == DONE, ack

    def start(self, node):
        assert (ack := self.command(START, node=node)) == DONE, ack

    def restart(self, node):
        assert (ack := self.command(RESTART, node=node)) == DONE, ack

    def begin(self, number, **more):
        """Sends a command; returns a list that its ack will come into."""
        acks = []
        self.commands.sio.emit("data", {"labId": self.id, "command": number, **more}, namespace="/lab-commands", callback=acks.append)
        return acks

    def shell(self, node):
        return Shell(self.service, self.commands, self.id, node)

    def ping(self, node, address, tries=5):
        return ping(self.service, self.commands, self.id, node, address, tries)

    def instance(self):
        return self.service.instance(self.id)

    def states(self):
        return {node["name"]: node["state"] for node in (self.instance() or {}).get("nodes", [])}

    def until_state(self, node, state, seconds=20):
        deadline = time.monotonic() + seconds
        while (now := self.states().get(node)) != state:
            assert time.monotonic() < deadline, (now, self.log()[-20:])
            time.sleep(0.05)

    def until_pings(self, node, address, seconds=30):
        """A lab heals itself, in its own time."""
        self.until_all_ping([(node, address)], seconds)

    def until_all_ping(self, ways, seconds=30, before_each=lambda: None):
        """Waits until each ping, from a node to an address, gets its answer in the same round."""
        deadline = time.monotonic() + seconds
        while True:
            before_each()
            try:
                if all([self.ping(*way, tries=1) for way in ways]):
                    return
                why = "no answer"
            except (AssertionError, KeyError) as error:  # no shell in a node that is just starting
                why = error
            assert time.monotonic() < deadline, (why, self.states(), self.log()[-12:])
            time.sleep(0.3)

    def log(self, node=None):
        """The lines of the lab's log, or of a node's, until now."""
        with Client(self.service, f"/logs/{self.id}" + (f"/{node}" if node else "")) as client:
            return client.next("backlog")

    def until_log(self, text, node=None, seconds=20):
        """Waits until a line of the lab's log, or of a node's, has it; returns all lines until then."""
        with Client(self.service, f"/logs/{self.id}" + (f"/{node}" if node else "")) as client:
            lines = client.next("backlog")
            if not any(text in line for line in lines):
                lines += client.until(lambda line: text in line, seconds)
            return lines


def until(condition, what, seconds=20):
    """Waits until a condition holds; returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)
    return found
