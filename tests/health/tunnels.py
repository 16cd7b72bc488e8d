# SPDX-License-Identifier: BSD-3-Clause
"""A small network for checks through the tunnel, and the program that makes them there.

    checker 10.9.0.1 --+              +-- a 10.9.0.11, the VIPs on lo, glb-redirect on eth0
                       +--- switch ---+
    gateway 10.9.0.2 --+              +-- b 10.9.0.12, as a

The checker routes the VIPs to the gateway, which has them, too: a connection without a tunnel ends
there. Every host answers requests with its own name.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
for part in ("lab", "redirect"):
    sys.path.insert(0, str(TESTS / part))

# pylint: disable=wrong-import-position
from hosts import A, B, FABRIC_MTU, VIP, VIP6, Proxy, address6
from kernel import inside
from netns import Namespace

CHECKER, GATEWAY = "10.9.0.1", "10.9.0.2"
PORT = 80
SMALL_MTU = 1500  # of a hop that a client's 1500 bytes do not pass in GUE
PROBER = TESTS.parent / os.environ.get("GLB_BUILD", "build") / "tests/health/prober"

Result = namedtuple("Result", "reason detail steps")

_SETTINGS = (
    "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2",
    "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0",
)


def bpftool(*words):
    """Its answer about an object that a process holds."""
    return json.loads(subprocess.run(["bpftool", "-j", *map(str, words)], stdout=subprocess.PIPE, check=True).stdout)


class Server(threading.Thread):
    """Answers every request on a listener with the name of its host."""

    def __init__(self, listener, name):
        super().__init__(daemon=True)
        self._listener = listener
        self._name = name

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection):
        connection.settimeout(60)
        request = b""
        while not request.endswith(b"\r\n\r\n") and (part := connection.recv(65536)):
            request += part
        if request:
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(self._name), self._name))

    def end(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.join()
        self._listener.close()


class Prober:
    """The program in prober.c, which has given up its privileges."""

    def __init__(self, namespace, *words, src=CHECKER, src6=address6(CHECKER), device="eth0"):
        self._process = subprocess.Popen(  # pylint: disable=consider-using-with
            namespace.command(PROBER, device, src, src6, *words),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n", self._process.stderr.read()

    def begin(self, *words):
        """Start what a line of prober.c's input asks for."""
        print(*words, file=self._process.stdin, flush=True)

    def finish(self):
        """The result of what has been started."""
        steps = []
        while (line := self._process.stdout.readline()).startswith("step "):
            steps.append(line.removeprefix("step ").strip())
        word, reason, detail = line.rstrip("\n").split(" ", 2)
        assert word == "result"
        return Result(reason, detail, steps)

    def _ask(self, *words):
        self.begin(*words)
        return self.finish()

    def tunnel(self, backend, vip=VIP, protocol="tcp", full_size=0, port=PORT, timeout_ms=20000, path_len=1):
        return self._ask("tunnel", backend, vip, port, protocol, full_size, timeout_ms, path_len)

    def second(self, backend, timeout_ms=20000):
        return self._ask("second", backend, timeout_ms)

    def _maps(self):
        """IDs of the eBPF maps that it holds."""
        for each in Path(f"/proc/{self._process.pid}/fdinfo").iterdir():
            with contextlib.suppress(FileNotFoundError):  # sockets come and go
                yield from (line.split()[1] for line in each.read_text().splitlines() if line.startswith("map_id:"))

    def entries(self):
        """The number of sockets that its programs serve."""
        shown = [bpftool("map", "show", "id", each) for each in set(self._maps())]
        return sum(len(bpftool("map", "dump", "id", each["id"])) for each in shown if each["name"] == "glb_entries")

    def kill(self):
        self._process.kill()
        self._process.communicate()

    def end(self):
        """End it; returns what it has logged."""
        _, logged = self._process.communicate()
        assert self._process.returncode == 0
        return logged


class Network:
    """The namespaces above. Every name starts with a prefix of this process."""

    def __init__(self, program):
        prefix = f"glbt{os.getpid()}"
        self.switch, self.checker, self.gateway, *proxies = (
            Namespace(f"{prefix}-{name}") for name in ("sw", "checker", "gateway", "a", "b"))
        self.a, self.b = (Proxy(namespace, address, program)
                          for namespace, address in zip(proxies, (A, B)))
        self._servers = []

    def up(self):
        self.switch.create(*_SETTINGS)
        self.switch.ip("link", "add", "br0", "mtu", str(FABRIC_MTU), "type", "bridge")
        self.switch.ip("link", "set", "br0", "up")
        self.checker.create(*_SETTINGS)
        self.connect_checker()
        self.gateway.create(*_SETTINGS)
        self._connect(self.gateway, GATEWAY)
        for proxy in (self.a, self.b):
            proxy.namespace.create(*_SETTINGS)
            self._connect(proxy.namespace, proxy.address)
            proxy.redirect("attach", "eth0")
        for host in (Proxy(self.gateway, GATEWAY, None), self.a, self.b):
            host.add_vips()
            self.serve(host)

    def _others(self):
        return self.gateway, self.a.namespace, self.b.namespace

    def serve(self, host):
        name = host.namespace.name.rpartition("-")[2].encode()
        self._servers.append(Server(host.listen("::", PORT), name))
        self._servers[-1].start()

    def down(self):
        for server in self._servers:
            server.end()
        for namespace in (self.checker, *self._others(), self.switch):
            if namespace.exists():
                namespace.delete()

    def _connect(self, namespace, address):
        port = "to-" + namespace.name.rpartition("-")[2]
        self.switch.ip(
            "link", "add", port, "mtu", str(FABRIC_MTU), "type", "veth",
            "peer", "name", "eth0", "mtu", str(FABRIC_MTU), "netns", namespace.name)
        self.switch.ip("link", "set", port, "master", "br0", "up")
        namespace.ip("link", "set", "eth0", "up")
        namespace.ip("addr", "add", f"{address}/24", "dev", "eth0")
        namespace.ip("addr", "add", f"{address6(address)}/64", "dev", "eth0", "nodad")

    def connect_checker(self):
        """Gives the checker its device, which it may have lost, and others know by another address."""
        self._connect(self.checker, CHECKER)
        for namespace in self._others():
            if namespace.exists():
                namespace.ip("neigh", "flush", "dev", "eth0")
        for vip, via in ((VIP, GATEWAY), (VIP6, address6(GATEWAY))):
            self.checker.ip("route", "add", vip, "via", via)

    @contextlib.contextmanager
    def small_hop(self, port="to-a"):
        """In this block a hop on the way to a proxy loses what is longer than SMALL_MTU."""
        self.switch.ip("link", "set", port, "mtu", str(SMALL_MTU))
        try:
            yield
        finally:
            self.switch.ip("link", "set", port, "mtu", str(FABRIC_MTU))

    def ask(self, vip):
        """Which host answers a request of an ordinary socket of the checker?"""
        with inside(self.checker):
            client = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET)
        with client:
            client.settimeout(60)
            client.connect((vip, PORT))
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            return client.recv(65536).rpartition(b"\n")[2].decode()
