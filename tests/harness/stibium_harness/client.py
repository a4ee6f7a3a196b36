"""A client: python-socketio with its events kept in order."""
import queue
import re
import threading
import time

import engineio
import socketio

SECONDS = 10
# python-engineio ends a polling session that gets more packets than this in one payload, also as a client.
engineio.payload.Payload.max_decode_packets = 100_000


class _InOrder(engineio.Client):
    """Gives every message to its handler in the reader's thread: python-engineio would start a thread for each, and those
    run in any order."""

    def _trigger_event(self, event, *args, **more):
        more["run_async"] = False
        return super()._trigger_event(event, *args, **more)


class _Socket(socketio.Client):
    def _engineio_client_class(self):
        return _InOrder


class Refused(Exception):
    """A namespace was refused; `.data` is the CONNECT_ERROR's payload."""

    def __init__(self, data):
        super().__init__(str(data))
        self.data = data


class Client:
    """One connection of python-socketio to one namespace.

    `token` is None for the service's admin; `auth` overrides it with any value. `transport` is "websocket", "polling" or
    "upgrade". Events are taken with `next`, in the order in which they came.
    """

    def __init__(self, service, nsp, token=None, auth=..., transport="websocket", query="", on_connect=None):
        self.nsp = nsp
        self.events = queue.Queue()
        self.refusal = None
        self._answered = answered = threading.Event()
        self.ended = threading.Event()
        self.sio = _Socket(reconnection=False)
        self.sio.on("*", self._take, namespace=nsp)
        self.sio.on("connect_error", self._refuse, namespace=nsp)
        self.sio.on("connect", answered.set, namespace=nsp)
        self.sio.on("disconnect", self.ended.set, namespace=nsp)
        transports = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}[transport]
        if auth is ...:
            auth = {"token": service.admin() if token is None else token}
        # python-socketio's own wait goes on after a refusal.
        self.sio.connect(service.url + query, auth=auth, transports=transports, namespaces=[nsp], wait=False)
        if not answered.wait(SECONDS) or self.refusal is not None:
            self.close()
            raise Refused(self.refusal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _take(self, event, *args):
        self.events.put((event, *args))

    def _refuse(self, data=None):
        self.refusal = data or {}
        self._answered.set()

    def close(self):
        self.sio.disconnect()

    def emit(self, event, *args):
        self.sio.emit(event, args if len(args) != 1 else args[0], namespace=self.nsp)

    def call(self, event, data, timeout=SECONDS):
        """Emits and waits for the one ack; fails when a second one comes with it."""
        acks = queue.Queue()
        self.sio.emit(event, data, namespace=self.nsp, callback=lambda *args: acks.put(args))
        args = acks.get(timeout=timeout)
        assert len(args) == 1, args
        return args[0]

    def command(self, lab, number, timeout=SECONDS, **more):
        """A lab command, with its ack."""
        return self.call("data", {"labId": lab, "command": number, **more}, timeout)

    def next(self, event=None, timeout=SECONDS):
        """The next event's argument; it must be of that name."""
        name, *args = self.events.get(timeout=timeout)
        assert event is None or name == event, (name, args)
        return args[0] if len(args) == 1 else args

    def until(self, wanted, timeout=SECONDS):
        """Takes `data` events until `wanted(argument)`; returns all taken."""
        taken, deadline = [], time.monotonic() + timeout
        while not taken or not wanted(taken[-1]):
            try:
                taken.append(self.next("data", max(0.01, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"not within {timeout} s; came: {taken[-20:]}") from None
        return taken

    def text_until(self, wanted, timeout=SECONDS):
        """Takes `data` events until their texts, joined, contain `wanted`, a text or a pattern; returns the joined text."""
        text, deadline = "", time.monotonic() + timeout
        while not (wanted.search(text) if isinstance(wanted, re.Pattern) else wanted in text):
            try:
                text += self.next("data", max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {wanted!r} within {timeout} s; came: {text[-2000:]!r}") from None
        return text

    def quiet(self, seconds=0.3):
        """Nothing comes for a while."""
        try:
            event = self.events.get(timeout=seconds)
        except queue.Empty:
            return
        raise AssertionError(f"unexpected: {event}")
