"""inspect, exec and version."""
import json
import os
import shlex
import sys

from . import lab
from .output import Failed, info, write


def inspect(engine, topology, options):
    labels = []
    if options.name:
        labels = [f"containerlab={options.name}"]
    elif not options.all:
        labels = [f"containerlab={topology(options.topo).name}"]
    labs = lab.shown(engine, *labels)
    if not labs and options.format != "json":
        info("No containers found")
        return
    lab.show(labs, options.format)


def execute(engine, topology, options):
    """Runs lines in the lab's nodes: what they said, as JSON or as log lines."""
    if not options.cmd:
        raise Failed("provide command to execute")
    found = {}
    for container in engine.containers(f"containerlab={topology(options.topo).name}", *options.label):
        name = container["Names"][0].lstrip("/")
        for line in options.cmd:
            code, stdout, stderr = engine.run(container["Id"], shlex.split(line))
            found.setdefault(name, []).append({"cmd": shlex.split(line), "return-code": code, "stdout": stdout, "stderr": stderr})
    if not found:
        raise Failed("filter did not match any containers")
    if options.format == "json":
        write(sys.stdout, json.dumps(found) + "\n")
        return
    for name, results in found.items():
        for one in results:
            info("Executed command", node=name, command=" ".join(one["cmd"]), stdout=one["stdout"].strip())


def version(_engine, _topology, options):
    number = os.environ.get("STANDIN_VERSION", "0.79.0")
    if options.short:
        write(sys.stdout, number + "\n")
    elif options.json:
        write(sys.stdout, json.dumps({"version": number, "commit": "stand-in", "date": "", "repository": ""}) + "\n")
    else:
        write(sys.stdout, f"containerlab (a stand-in for tests)\n    version: {number}\n     commit: stand-in\n")
