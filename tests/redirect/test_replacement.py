# SPDX-License-Identifier: BSD-3-Clause
"""The program is replaced while packets come: what becomes of each, and of the counts?"""

import socket
import struct
import threading
import time

import wire
from bench import ip, stranger
from hosts import A, B, DIRECTOR, VIP
from kernel import inside
from scapy.layers.inet import UDP
from scapy.packet import Raw
from test_udp import bound
from test_vips import counts_of, fates

PORT = 9
REPLACEMENTS = 20
BURST, PAUSE_S = 20, 0.002
RECEIVE_BUFFER = 1 << 28
SO_RCVBUFFORCE = 33  # of asm/socket.h


class Sender(threading.Thread):
    """Numbered datagrams of a client in GUE, some thousand a second, until it is ended."""

    def __init__(self, network):
        super().__init__()
        data = bytes(wire.gue(bytes(ip(stranger(VIP), VIP) / UDP(dport=PORT, chksum=0) / Raw(bytes(8))), (B,)))
        self._head = data[:-8]
        with inside(network.director_host):
            self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._out.bind((DIRECTOR, 0))
        self._out.connect((A, wire.GUE_PORT))
        self._ending = threading.Event()
        self.sent = 0

    def run(self):
        while not self._ending.is_set():
            for _ in range(BURST):
                self._out.send(self._head + struct.pack("!Q", self.sent))
                self.sent += 1
            time.sleep(PAUSE_S)

    def end(self):
        self._ending.set()
        self.join()
        self._out.close()


def received(sock):
    """The numbers of all datagrams that have come."""
    numbers = []
    sock.setblocking(False)
    while True:
        try:
            numbers.append(struct.unpack("!Q", sock.recv(64))[0])
        except BlockingIOError:
            return numbers


def test_no_packet_is_lost_or_counted_twice_while_the_program_is_replaced(network):
    """In the tcx list, among the filters, and from one to the other."""
    proxy, hooks = network.proxies[0], [(), (), ("--clsact",), ("--clsact",)]
    proxy.redirect("attach", "eth0")
    before, before_vips, programs = proxy.counters(), counts_of(proxy), {proxy.program_id()}
    with bound(proxy.namespace, VIP, PORT) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        sender = Sender(network)
        sender.start()
        try:
            for number in range(REPLACEMENTS):
                reached = sender.sent
                proxy.redirect("attach", "eth0", *hooks[number % len(hooks)])
                assert sender.sent > reached
                programs.add(proxy.program_id())
        finally:
            sender.end()
        assert received(sock) == list(range(sender.sent))
    assert len(programs) == REPLACEMENTS + 1
    moved = {name: value - before[name] for name, value in proxy.counters().items() if value != before[name]}
    assert moved == {"total": sender.sent, "accepted_udp": sender.sent}
    after_vips = counts_of(proxy)
    assert after_vips[VIP]["unrelated"] - before_vips.get(VIP, {"unrelated": 0})["unrelated"] == sender.sent
    assert fates(after_vips["others"]) == fates(before_vips["others"])


def test_a_device_that_is_made_again_has_no_program_until_it_is_attached_again(host, hook):
    """What the unit does with BindsTo and WantedBy of the device: the kernel forgets all with it."""
    host.redirect("attach", "eth0", *hook.words)
    host.namespace.ip("link", "delete", "eth0")
    assert host.refusal("status", "eth0") == "no such device in this network namespace"
    host.namespace.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
    assert host.refusal("status", "eth0") == "glb-redirect is not attached"
    host.redirect("attach", "eth0", *hook.words)
    assert host.places() == [hook.place]
