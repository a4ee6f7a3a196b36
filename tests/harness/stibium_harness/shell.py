"""A shell in a node, as a user has it in the browser."""
import re

from .client import Client


class Shell:
    """Opened with command 6 of an open /lab-commands client; closed with command 7 when the block ends."""

    def __init__(self, service, commands, lab, node):
        ack = commands.command(lab, 6, node=node)
        assert "payload" in ack, ack
        self.commands, self.lab, self.id = commands, lab, ack["payload"]
        self.client = Client(service, f"/shells/{self.id}")
        self.client.next("backlog")
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        self.commands.command(self.lab, 7, shellId=self.id)

    def type(self, text):
        self.client.emit("data", text)

    def run(self, line, timeout=15):
        """Runs a line: its exit code and what was shown."""
        self.number += 1
        # The echo of the line does not have the mark as it is printed.
        self.type(f"{line}; echo \"<$?>\"{self.number}'.'\r")
        text = self.client.text_until(re.compile(rf"<\d+>{self.number}\.\r?\n"), timeout)
        code = re.findall(rf"<(\d+)>{self.number}\.", text)[-1]
        return int(code), text


def ping(service, commands, lab, node, address, tries=5):
    """Whether a ping from a shell of the node is answered."""
    with Shell(service, commands, lab, node) as shell:
        code, _ = shell.run(f"ping -c1 -W1 {address} || ping -c{tries} -i0.3 -W1 {address}", 20)
    return code == 0
