"""Interfaces of running containers, watched from inside their network namespaces over netlink."""
import ctypes
import os
import selectors
import socket
import struct
import threading

NEWNET = 0x40000000
NEWLINK, DELLINK, GETLINK, DONE = 16, 17, 18, 3
STATES = ["unknown", "not-present", "down", "lower-layer-down", "testing", "dormant", "up"]
_libc = ctypes.CDLL(None, use_errno=True)


def _socket_in(pid):
    """A netlink socket of a process's namespace. The calling thread is back in its own afterwards."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if _libc.setns(there, NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            made.bind((0, 1))  # group 1: links
            return made
        finally:
            _libc.setns(home, NEWNET)
            os.close(there)
    finally:
        os.close(home)


def _attributes(data):
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack("HH", data[:4])
        if size < 4:
            break
        found[kind & 0x3fff] = data[4:size]
        data = data[(size + 3) & ~3:]
    return found


def _messages(data):
    """(type, index, attributes) of each message about a link."""
    while len(data) >= 16:
        size, kind = struct.unpack("IH", data[:6])
        if kind in (NEWLINK, DELLINK):
            index = struct.unpack("i", data[20:24])[0]
            found = _attributes(data[32:size])
            about = {"ifname": found.get(3, b"").rstrip(b"\0").decode(), "index": str(index),
                     "mtu": str(struct.unpack("I", found[4])[0]) if 4 in found else "0",
                     "state": STATES[found[16][0]] if 16 in found and found[16][0] < len(STATES) else "unknown",
                     "type": _attributes(found.get(18, b"")).get(1, b"device").rstrip(b"\0").decode()}
            if any(found.get(1, b"")):
                about["mac"] = found[1].hex(":")
            yield kind, index, about
        elif kind == DONE:
            yield DONE, 0, {}
        data = data[(size + 3) & ~3:]


class _Namespace:
    def __init__(self, container, name, lab, socket_there):
        self.container, self.name, self.lab, self.socket = container, name, lab, socket_there
        self.known, self.dumped = set(), False


class Watch:
    """Calls `emit` for every interface found, made, changed or gone; from a thread of its own."""

    def __init__(self, emit):
        self.emit = emit
        self.lock = threading.Lock()
        self.open = {}
        self.selector = selectors.DefaultSelector()
        self.wake, woken = socket.socketpair()
        self.selector.register(woken, selectors.EVENT_READ)
        threading.Thread(target=self._run, daemon=True).start()

    def add(self, container, name, lab, pid):
        self.drop(container)
        try:
            there = _socket_in(pid)
        except OSError:
            return  # it has ended already
        there.setblocking(False)
        there.send(struct.pack("IHHIIBxHiII", 32, GETLINK, 0x301, 1, 0, 0, 0, 0, 0, 0))
        one = _Namespace(container, name, lab, there)
        with self.lock:
            self.open[container] = one
            self.selector.register(there, selectors.EVENT_READ, one)
        self.wake.send(b"x")

    def drop(self, container):
        with self.lock:
            if one := self.open.pop(container, None):
                self.selector.unregister(one.socket)
                one.socket.close()

    def _run(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    key.fileobj.recv(4096)
                    continue
                with self.lock:
                    try:
                        data = key.fileobj.recv(1 << 17)
                    except OSError:
                        continue  # dropped meanwhile, or too many at once
                for kind, index, about in _messages(data):
                    self._tell(key.data, kind, index, about)

    def _tell(self, one, kind, index, about):
        if kind == DONE:
            one.dumped = True
            return
        action = "delete" if kind == DELLINK else "snapshot" if not one.dumped else "update" if index in one.known else "create"
        (one.known.discard if kind == DELLINK else one.known.add)(index)
        self.emit("interface", action, one.container, one.name,
                  {**about, "id": one.container, "lab": one.lab, "name": one.name, "origin": "netlink"})
