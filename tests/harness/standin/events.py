"""events: one JSON object per line, until Docker goes away."""
import http.client
import json
import sys
import time
from urllib.parse import quote

from . import lab
from .engine import EngineError
from .interfaces import Watch
from .output import Failed, write


def stamp(nanoseconds):
    """RFC 3339 as Go prints it: no zeros at the end."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + (f".{rest:09d}".rstrip("0") if rest else "")
    return text + "Z"


def emit(kind, action, container, name, attributes, nanoseconds=None):
    write(sys.stdout, json.dumps({
        "timestamp": stamp(nanoseconds or time.time_ns()), "type": kind, "action": action, "actor_id": container[:12],
        "actor_name": name, "actor_full_id": container, "attributes": dict(sorted(attributes.items()))}, ensure_ascii=False,
        separators=(",", ":")) + "\n")


class Follower:
    def __init__(self, engine):
        self.engine = engine
        self.management = {}
        self.watch = Watch(emit)

    def initial(self):
        for container in self.engine.containers():
            found, name = container["Id"], container["Names"][0].lstrip("/")
            self.started(found, name, container["Labels"].get("containerlab", ""))
            emit("container", container["State"], found, name, {
                **container["Labels"], **self.management.get(found, {}), "id": found, "image": container["Image"], "name": name,
                "scope": "local"})

    def started(self, container, name, lab_name):
        """Notes the addresses, and looks at the interfaces from now on."""
        try:
            state = self.engine.inspect(container)
        except EngineError:
            return  # it has gone meanwhile
        four, six = lab.addresses(state)
        if state["State"]["Running"]:
            self.management[container] = {"mgmt_ipv4": four, "mgmt_ipv6": six} if four != "N/A" else {}
            self.watch.add(container, name, lab_name, state["State"]["Pid"])

    def take(self, event):
        actor, action = event["Actor"], event["Action"]
        attributes = actor["Attributes"]
        name = attributes.get("name", "")
        if action == "start":
            self.started(actor["ID"], name, attributes.get("containerlab", ""))
        elif action in ("die", "destroy"):
            self.management.pop(actor["ID"], None)
            self.watch.drop(actor["ID"])
        emit("container", action, actor["ID"], name,
             {**attributes, **self.management.get(actor["ID"], {}), "id": actor["ID"], "scope": event.get("scope", "local")},
             event.get("timeNano"))


def follow(engine, _topology, options):
    filters = json.dumps({"type": ["container"], "label": ["containerlab"]})
    response = engine.open("GET", f"/events?filters={quote(filters)}")
    follower = Follower(engine)
    if options.initial_state:
        follower.initial()
    try:
        for line in iter(response.readline, b""):
            follower.take(json.loads(line))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Failed(f"failed to stream events: {error}") from error
    raise Failed("failed to stream events: unexpected EOF")
