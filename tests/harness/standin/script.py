"""Failures, hangs and floods on demand: rules in the file that STANDIN_SCRIPT names; standin/README.md lists them."""
import fcntl
import json
import os
import signal
import sys
import time
from fnmatch import fnmatch

from .output import Failed, write

deaf = False  # SIGINT and SIGTERM are not obeyed


def at(point, command, lab="", node=""):
    """Does what the rules say for this point of a command."""
    path = os.environ.get("STANDIN_SCRIPT")
    for rule in _take(path, {"point": point, "command": command, "lab": lab, "node": node}) if path else []:
        _do(rule)


def _take(path, here):
    """The rules that fit; those with a number of times are used up."""
    try:
        file = open(path, "r+", encoding="utf-8")
    except FileNotFoundError:
        return []
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        rules = json.loads(file.read() or "[]")
        fit = [rule for rule in rules if all(fnmatch(value, str(rule.get(key, "*"))) for key, value in here.items())]
        counted = [rule for rule in fit if "times" in rule]
        for rule in counted:
            rule["times"] -= 1
        if counted:
            file.seek(0)
            file.truncate()
            json.dump([rule for rule in rules if rule.get("times", 1) > 0], file)
    return fit


def _do(rule):
    global deaf
    deaf = deaf or bool(rule.get("deaf"))
    action = rule["do"]
    if action == "fail":
        raise Failed(rule.get("text", "the script says so"))
    if action == "wait":
        time.sleep(rule.get("seconds", 1))
    elif action == "hang":
        while True:
            time.sleep(3600)
    elif action == "flood":
        stream = sys.stdout if rule.get("stream") == "stdout" else sys.stderr
        line = "x" * rule.get("bytes", 100)
        for number in range(rule.get("lines", 1000)):
            write(stream, f"flood {number} {line}\n")
    elif action == "print":
        stream = sys.stdout if rule.get("stream") == "stdout" else sys.stderr
        write(stream, rule["text"])
    elif action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        raise Failed(f"STANDIN_SCRIPT: unknown action {action}")
