#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What does a SYN of a flood cost a proxy, and which connections are made meanwhile?

  flood.py cost GLB_REDIRECT [ROUNDS [SYNS]]
      CPU time of a SYN, for each way to handle it. The ways take turns, so that load of the machine
      meets all of them; prints medians of the rounds, in nanoseconds.
  flood.py honest GLB_REDIRECT [SECONDS [CONNECTIONS]]
      Connections that are made during a flood from one core, for each way.

The flood is GUE of a director with SYNs of many clients. Everything from the sender's system call up
to the SYN-ACK at the next router happens on one CPU, in the sender's time. Not a test; needs root.
"""

import contextlib
import ctypes
import os
import random
import signal
import socket
import statistics
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

# pylint: disable=wrong-import-position
import wire
from hosts import A, DIRECTOR, VIP, Network, interface_address, interface_index
from kernel import inside, tcx_put_first, tcx_remove, verdict
from netns import Namespace

ROUTER = "10.9.0.66"  # the flood comes from here, and the answers go here
SOURCES = "198.18"  # RFC 2544: the clients of the flood
FRAMES = 4096
BACKLOG = 64
TC_ACT_SHOT = 2
OPTIONS = bytes.fromhex("020405b4 0402 080a 00000001 00000000 01 030307".replace(" ", ""))


class Flood:
    """The host that sends SYNs to a port of a VIP on proxy a, and drops the answers."""

    def __init__(self, network):
        self.network = network
        self.proxy = network.proxies[0]
        self.host = Namespace(f"{network.switch.name.rpartition('-')[0]}-router")
        self._messages = None

    def up(self):
        self.network._connect(self.host, ROUTER)  # pylint: disable=protected-access
        with verdict(TC_ACT_SHOT, "drop") as drop:
            tcx_put_first(self.host, interface_index(self.host, "eth0"), drop)
        mac = interface_address(self.host, "eth0").hex(":")
        self.proxy.namespace.ip("neigh", "replace", ROUTER, "dev", "eth0", "lladdr", mac)
        self.proxy.namespace.ip("route", "replace", f"{SOURCES}.0.0/16", "via", ROUTER)
        with inside(self.host):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind(("eth0", 0))
        self._libc = ctypes.CDLL(None, use_errno=True)

    def down(self):
        self._socket.close()
        self.host.delete()

    def aim(self, port):
        """Write the frames that are sent again and again."""
        src, dst = interface_address(self.host, "eth0"), interface_address(self.proxy.namespace, "eth0")
        self._frames = [ctypes.create_string_buffer(frame, len(frame)) for frame in (
            wire.ether(wire.outer(wire.gue(syn(number, port), []), DIRECTOR, A), src, dst)
            for number in range(FRAMES))]
        self._vectors = (ctypes.c_size_t * 2 * FRAMES)(
            *((ctypes.addressof(frame), len(frame)) for frame in self._frames))
        self._messages = ctypes.create_string_buffer(b"".join(
            struct.pack("=QIxxxxQQQQIxxxxIxxxx", 0, 0, ctypes.addressof(self._vectors) + 16 * number, 1, 0, 0, 0, 0)
            for number in range(FRAMES)))

    def send(self, count):
        """Send so many SYNs. Returns the CPU time that it took, in seconds."""
        began = time.thread_time()
        size, done = len(self._messages) // FRAMES, 0
        while done < count:
            at = done % FRAMES
            sent = self._libc.sendmmsg(
                self._socket.fileno(), ctypes.byref(self._messages, at * size), min(FRAMES - at, count - done, 64), 0)
            done += max(sent, 0)
        return time.thread_time() - began

    def send_until_told(self):
        """Send on one CPU until SIGTERM. Returns the SYNs per second."""
        told = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: told.set())
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        began, sent = time.monotonic(), 0
        while not told.is_set():
            self.send(1024)
            sent += 1024
        return sent / (time.monotonic() - began)


def syn(number, port):
    """The SYN of a client: every one has other addresses, ports and numbers."""
    source = wire.address(f"{SOURCES}.{number >> 8}.{number & 255}")
    tcp = struct.pack("!HHIIBBHHH", 1024 + random.randrange(60000), port, random.randrange(1 << 32), 0,
                      10 << 4, 2, 64240, 0, 0) + OPTIONS
    pseudo = source + wire.address(VIP) + struct.pack("!HH", 6, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", wire.checksum(pseudo + tcp)) + tcp[18:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), number, 0x4000, 61, 6, 0, source, wire.address(VIP))
    return head[:10] + struct.pack("!H", wire.checksum(head)) + head[12:] + tcp


@contextlib.contextmanager
def dropped(proxy):
    """A program drops what reaches the proxy: what is left is the sender and the wire."""
    index = interface_index(proxy.namespace, "eth0")
    with verdict(TC_ACT_SHOT, "drop") as drop:
        tcx_put_first(proxy.namespace, index, drop)
        try:
            yield
        finally:
            tcx_remove(proxy.namespace, index, drop)


@contextlib.contextmanager
def handled(proxy, syn_cookies, setting):
    """SYNs are handled by the program, or by the kernel with a setting of tcp_syncookies."""
    proxy.redirect("attach", "eth0", "--syn-cookies", syn_cookies)
    proxy.namespace.run("sysctl", "-qw", f"net.ipv4.tcp_syncookies={setting}")
    yield


WAYS = {
    "stage on": lambda proxy: handled(proxy, "on", 1),
    "kernel's cookies": lambda proxy: handled(proxy, "off", 1),
    "cookies off": lambda proxy: handled(proxy, "off", 0),
}


def cost(network, flood, rounds=7, count=100_000):
    """Print the CPU time of a SYN."""
    proxy = network.proxies[0]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    took = {name: [] for name in ("sender and wire", *WAYS)}
    with proxy.listen(VIP) as listener:
        listener.listen(BACKLOG)
        flood.aim(listener.getsockname()[1])
        for _ in range(rounds):
            for name in random.sample(list(took), len(took)):
                with WAYS[name](proxy) if name in WAYS else dropped(proxy):
                    flood.send(FRAMES)
                    took[name].append(flood.send(count) / count * 1e9)
    base = statistics.median(took["sender and wire"])
    for name, each in took.items():
        median = statistics.median(each)
        print(f"{name:20} {median:6.0f}  without sender and wire {median - base:6.0f}"
              f"  [{min(each):.0f}..{max(each):.0f}]", flush=True)


def serve(listener):
    """Answer a byte with a byte, on every connection."""
    while True:
        with contextlib.suppress(OSError):
            with listener.accept()[0] as server:
                server.settimeout(5)
                server.sendall(server.recv(1))


def connect_once(network, port, timeout):
    """Is a connection made, and answered?"""
    with inside(network.client):
        client = socket.socket()
    with client:
        client.settimeout(timeout)
        try:
            client.connect((VIP, port))
            client.sendall(b"?")
            return client.recv(1) == b"?"
        except OSError:
            return False


def survivors(network, flood, count, seconds, timeout=5):
    """How many of so many connections are made, which begin evenly in so many seconds of a flood that goes
    on until the last one is made or has given up; and how many thousand SYNs a second came."""
    network.director.hops = (A,)
    with network.proxies[0].listen(VIP) as listener:
        listener.listen(BACKLOG)
        port = listener.getsockname()[1]
        flood.aim(port)
        reader, writer = os.pipe()
        server = os.fork()
        if not server:
            serve(listener)
        sender = os.fork()
        if not sender:
            os.write(writer, struct.pack("=d", flood.send_until_told() / 1000))
            os._exit(0)
        try:
            made = connect_evenly(network, port, count, seconds, timeout)
            os.kill(sender, signal.SIGTERM)
            rate, = struct.unpack("=d", os.read(reader, 8))
        finally:
            for child in (server, sender):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            os.close(reader)
            os.close(writer)
    return made, rate


def connect_evenly(network, port, count, seconds, timeout):
    """How many of so many connections are made, which begin evenly in so many seconds."""
    made = []
    threads = [threading.Thread(target=lambda: made.append(connect_once(network, port, timeout)))
               for _ in range(count)]
    began = time.monotonic()
    for number, thread in enumerate(threads):
        time.sleep(max(0, began + seconds * number / count - time.monotonic()))
        thread.start()
    for thread in threads:
        thread.join()
    return sum(made)


def honest(network, flood, seconds=60, count=500):
    """Print how many connections are made during a flood."""
    for name, way in WAYS.items():
        with way(network.proxies[0]):
            made, rate = survivors(network, flood, count, seconds)
            print(f"{name:20} {made} of {count} connections, {rate:.0f} thousand SYNs a second", flush=True)


def main():
    """Do what the command line says."""
    what, program, *numbers = sys.argv[1:]
    network = Network(Path(program).resolve())
    flood = Flood(network)
    try:
        network.up()
        flood.up()
        {"cost": cost, "honest": honest}[what](network, flood, *map(int, numbers))
    finally:
        flood.down()
        network.down()


if __name__ == "__main__":
    main()
