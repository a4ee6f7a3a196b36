"""The commands, their options, signals and exit codes."""
import argparse
import os
import re
import signal
import sys

from . import deploy, events, node, script, show
from .engine import Engine, EngineError
from .output import Failed, error, error_block
from .topology import Topology

SINCE = {"stop": (0, 75), "start": (0, 75), "restart": (0, 75), "events": (0, 72)}
COMMANDS = {"deploy": deploy.deploy, "destroy": deploy.destroy, "redeploy": deploy.redeploy, "stop": node.command("stop"),
            "start": node.command("start"), "restart": node.command("restart"), "inspect": show.inspect, "exec": show.execute,
            "events": events.follow, "version": show.version}


def _seconds(text):
    """Go's durations, of those units that make sense here."""
    parts = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?(?:\d+ms)?", text)
    if not text or not parts:
        raise argparse.ArgumentTypeError(f"invalid duration {text!r}")
    return int(parts[1] or 0) * 60 + int(parts[2] or 0)


def _parser(version):
    parser = argparse.ArgumentParser(prog="containerlab", allow_abbrev=False)
    names = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        if tuple(map(int, version.split(".")[:2])) < SINCE.get(name, (0, 0)) and version != "0.0.0":
            continue
        one = names.add_parser(name, allow_abbrev=False, aliases={"deploy": ["dep"], "destroy": ["des"]}.get(name, []))
        one.set_defaults(command=name)
        one.add_argument("-t", "--topo", default="")
        one.add_argument("-f", "--format", default="table" if name != "exec" else "plain")
        if name in ("deploy", "redeploy"):
            one.add_argument("--dry-run", action="store_true")
            one.add_argument("-c", "--reconfigure", action="store_true")
            one.add_argument("--max-workers", type=int, default=0)
        if name in ("destroy", "redeploy"):
            one.add_argument("--cleanup" if name == "redeploy" else "-c", *(["--cleanup"] if name == "destroy" else []), action="store_true")
            one.add_argument("--keep-mgmt-net", action="store_true")
            one.add_argument("-y", "--yes", action="store_true")
        if name in SINCE:
            one.add_argument("--node", action="append", default=[])
            one.add_argument("--timeout", type=_seconds, default=120)
            one.add_argument("--initial-state", action="store_true")
            one.add_argument("--interface-stats", action="store_true")
        if name in ("inspect", "exec"):
            one.add_argument("-a", "--all", action="store_true")
            one.add_argument("--name", default="")
            one.add_argument("--label", action="append", default=[])
            one.add_argument("--cmd", action="append", default=[])
        if name == "version":
            one.add_argument("-s", "--short", action="store_true")
            one.add_argument("-j", "--json", action="store_true")
    return parser


def _interrupted(number, _frame):
    if script.deaf:
        return
    if number == signal.SIGTERM:
        os._exit(143)
    error('received signal "interrupt", canceling context')
    for name, address in list(deploy.under_way.items()):
        error(f'node "{name}" deploy: Post "{address}": context canceled')
    error_block("context canceled")
    os._exit(1)


def main(words):
    signal.signal(signal.SIGINT, _interrupted)
    signal.signal(signal.SIGTERM, _interrupted)
    options = _parser(os.environ.get("STANDIN_VERSION", "0.79.0")).parse_args(words)
    try:
        script.at("begin", options.command)
        COMMANDS[options.command](None if options.command == "version" else Engine(), Topology, options)
    except (Failed, EngineError) as problem:
        error_block(str(problem))
        sys.stdout.flush()
        os._exit(1)
    sys.exit(0)
