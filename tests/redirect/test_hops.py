# SPDX-License-Identifier: BSD-3-Clause
"""From hop to hop: longer lists, and hops that are the original's kernel module.

The module is one that knows no connection, such as that of a proxy that has just been started: what
it does to a packet then is written here by its description, as it cannot be loaded on every kernel.
"""

import contextlib
import socket
import struct
import threading

import pytest
import wire
from hosts import A, B, VIP, VIP6, address6, counted
from kernel import inside
from test_connections import UPLOAD, connection, send

C, ORIGINAL = "10.9.0.13", "10.9.0.14"
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


@pytest.fixture(params=[(4, True), (4, False), (6, True), (6, False)], ids=[
    "over-ipv4", "over-ipv4-without-checksum", "over-ipv6", "over-ipv6-without-checksum"])
def underlay(request, network):
    """The director writes outer headers of either version."""
    network.director.use(*request.param)
    yield
    network.director.use(4)


@pytest.fixture(scope="module")
def third(network):
    return network.add_proxy("c", C)


def has_valid_checksum(packet):
    """Is the UDP checksum of an IPv4 packet right? A proxy of the original drops others."""
    return wire.checksum(bytes(packet[12:20]) + struct.pack("!HH", 17, len(packet) - 20) + packet[20:]) == 0


class Original(threading.Thread):
    """The original's module on a host without connections: every packet goes to the next hop.

    The index of the next hop goes up by one; the source is this host, the destination the hop. A UDP
    checksum is adjusted, and stays absent if it is. Ports, TTL and all else stay.
    """

    def __init__(self, namespace):
        super().__init__(daemon=True)
        with inside(namespace):
            self._in = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
            self._out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            self._quiet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # nor does the kernel reply
        self._in.bind(("eth0", 0x0800))
        self._in.settimeout(0.1)
        self._quiet.bind(("", wire.GUE_PORT))
        self._ending = threading.Event()
        self.passed_on = self.damaged = 0

    def run(self):
        while not self._ending.is_set():
            with contextlib.suppress(socket.timeout):
                packet, (_, _, direction, *_) = self._in.recvfrom(65536)
                if direction == socket.PACKET_HOST and packet[9] == 17 and packet[22:24] == struct.pack(
                        "!H", wire.GUE_PORT):
                    self._forward(bytearray(packet))

    def _forward(self, packet):
        words, index, count = packet[28] & 31, packet[34], packet[35]
        assert packet[0] == 0x45 and words == count + 1 and index < count, "what the module would keep or drop"
        self.damaged += packet[26:28] != b"\0\0" and not has_valid_checksum(packet)
        at = 36 + 4 * index
        hop, was = bytes(packet[at:at + 4]), bytes(packet[12:16] + packet[34:36])
        packet[34] += 1
        packet[12:16], packet[16:20] = packet[16:20], hop
        if packet[26:28] != b"\0\0":  # by RFC 1624: from the old source to the hop
            total = ~struct.unpack("!H", packet[26:28])[0] & 0xFFFF
            total += sum(~word & 0xFFFF for word in struct.unpack("!3H", was))
            total += sum(struct.unpack("!3H", hop + packet[34:36]))
            while total >> 16:
                total = (total & 0xFFFF) + (total >> 16)
            packet[26:28] = struct.pack("!H", ~total & 0xFFFF or 0xFFFF)
        packet[10:12] = b"\0\0"  # the kernel writes the sum of the header
        self._out.sendto(packet, (socket.inet_ntoa(hop), 0))
        self.passed_on += 1

    def end(self):
        self._ending.set()
        self.join()
        for each in self._in, self._out, self._quiet:
            each.close()


@pytest.fixture(scope="module")
def original(network):
    """A proxy of the original, on which the program is not attached."""
    host = network.add_proxy("m", ORIGINAL)
    host.redirect("detach", "eth0")
    network.director_host.run("ethtool", "-K", "eth0", "tx", "off")  # checksums are in the packets
    hop = Original(host.namespace)
    hop.start()
    yield hop
    hop.end()


@vips
def test_a_connection_on_the_third_hop_survives(network, third, underlay, vip):
    """Each of the first two passes every packet on, and knows from where and to where."""
    a, b = network.proxies
    network.director.hops = (C,)
    with connection(network, third, vip) as (client, server):
        send(client, server, b"hello")  # so that no packet of the beginning is on its way
        network.director.hops = (A, B, C)
        with counted(a, b, third) as (at_a, at_b, at_c):
            assert send(client, server, UPLOAD) == UPLOAD
            assert send(server, client, UPLOAD) == UPLOAD
    ours = at_c["accepted_established"]  # the last packets of other connections may still come
    assert at_a["forwarded_to_alternate"] >= ours and at_b["forwarded_to_alternate"] >= ours > 700
    hop = address6(B) if network.director.underlay == 6 else B
    lines = third.redirect("counters", "eth0", "--peers").splitlines()
    received, needed = (next(int(line.split()[2]) for line in lines if line.startswith(f"{hop} {name} "))
                        for name in ("received", "needed"))
    assert received >= needed >= ours


@vips
def test_a_connection_that_none_of_four_hops_knows_is_reset_by_the_last(network, third, underlay, vip):
    a, b = network.proxies
    network.director.hops = (A,)
    with connection(network, a, vip) as (client, _):
        network.director.hops = (B, C, B, C)  # a list may name a hop again: it is asked again
        with counted(b, third) as (at_b, at_c):
            client.send(b"anybody there?")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    assert at_b["forwarded_to_alternate"] >= 2 and at_c["forwarded_to_alternate"] >= 1
    assert at_c["accepted_last_resort"] >= 1 and "accepted_last_resort" not in at_b


@pytest.mark.parametrize("with_checksum", [True, False], ids=["checksum", "no-checksum"])
@pytest.mark.parametrize("hops", [(A, ORIGINAL, C), (ORIGINAL, A, C), (ORIGINAL, C), (A, ORIGINAL, B, ORIGINAL, C)],
                         ids=["second", "first", "first-of-two", "second-and-fourth"])
@vips
def test_hops_of_the_original_may_be_anywhere_before(network, third, original, vip, hops, with_checksum):
    """Over IPv4, which is what the original has."""
    network.director.hops = (C,)
    with connection(network, third, vip) as (client, server):
        send(client, server, b"hello")  # so that no packet of the beginning is on its way
        network.director.use(4, with_checksum)
        network.director.hops = hops
        before = original.passed_on
        with counted(third) as (at_c,):
            assert send(client, server, UPLOAD) == UPLOAD
            assert send(server, client, UPLOAD) == UPLOAD
        network.director.use(4)
    ours = at_c["accepted_established"]  # the last packets of other connections may still come
    assert original.passed_on - before >= hops.count(ORIGINAL) * ours and ours > 700
    assert original.damaged == 0
