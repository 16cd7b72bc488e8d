# SPDX-License-Identifier: BSD-3-Clause
"""However the kernel holds a frame: in pieces, with a sum of its bytes, with a tag beside it."""

import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
import time

import pytest
import wire
from bench import DIRECTOR_MAC, PASSED, SENT, segment
from hosts import A, B, DIRECTOR, VIP, VIP6, Proxy, interface_address
from kernel import CHECKSUM_COMPLETE, inside
from netns import Namespace, wait_until
from scapy.layers.inet import TCP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, PadN

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_NAPI, IFF_NAPI_FRAGS = 0x0002, 0x1000, 0x0010, 0x0020
NEIGHBOUR_MAC = bytes.fromhex("02000000000b")


@vips
@pytest.mark.parametrize("tos", [0, 3], ids=["no-mark", "congested"])
@pytest.mark.parametrize("with_checksum", [True, False], ids=["checksum", "no-checksum"])
@pytest.mark.parametrize("flags, action", [("S", PASSED), ("A", SENT)], ids=["kept", "forwarded"])
def test_the_sum_that_hardware_took_of_a_packet_is_kept_up(
        proxy, vip, flags, action, with_checksum, tos):
    """The kernel trusts that sum; with a stale one it would take good segments for damaged."""
    inner = segment(vip, flags)
    setattr(inner, "tc" if vip == VIP6 else "tos", 2 if tos else 0)
    frame = proxy.tunnel(inner, with_checksum=with_checksum, tos=tos)
    try:
        outcome = proxy.run(frame, flags=CHECKSUM_COMPLETE)
    except OSError as error:
        if error.errno == errno.EINVAL:
            pytest.skip("this kernel cannot pretend that hardware summed a frame")
        raise
    assert outcome.action == action


def test_a_frame_of_a_vlan_is_left_to_the_device_of_the_vlan(network):
    """The kernel takes the tag off before the program runs; what is left looks like ours."""
    proxy = network.proxies[0]
    tagged = interface_address(proxy.namespace, "eth0") + DIRECTOR_MAC + b"\x81\x00\x00\x07\x08\x00"
    untagged = tagged[:12] + b"\x08\x00"
    packet = wire.outer(wire.gue(bytes(segment()), ()), DIRECTOR, A)
    before = proxy.counters()["total"]
    with inside(network.director_host):
        out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with out:
        out.bind(("eth0", 0))
        out.send(tagged + packet)
        out.send(untagged + packet)
    wait_until(lambda: proxy.counters()["total"] > before, "the second frame")
    time.sleep(0.05)
    assert proxy.counters()["total"] == before + 1


class Wire:
    """The far end of eth0 of a host: what is written here arrives there in two pieces of memory."""

    def __init__(self, namespace):
        flags = IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS
        with inside(namespace):
            self._file = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(self._file, TUNSETIFF, struct.pack("16sH22x", b"eth0", flags))

    def close(self):
        os.close(self._file)

    def send(self, frame, cut):
        """Put a frame on the wire that is cut at some byte behind its Ethernet header."""
        os.writev(self._file, [frame[:cut], frame[cut:]])

    def receive(self, seconds=2):
        """The next GUE frame that the host sends."""
        while select.select([self._file], [], [], seconds)[0]:
            frame = os.read(self._file, 65536)
            if frame[12:14] == b"\x08\x00" and frame[23] == 17:
                return frame
        raise TimeoutError("nothing came")


@pytest.fixture(scope="module")
def pieces(program):
    """A proxy of its own at the end of a Wire: both."""
    proxy = Proxy(Namespace(f"glbr{os.getpid()}-pieces"), A, program)
    proxy.namespace.create("net.ipv4.ip_forward=0", "net.ipv6.conf.all.disable_ipv6=1")
    try:
        with contextlib.closing(Wire(proxy.namespace)) as far_end:
            proxy.namespace.ip("link", "set", "eth0", "up")
            proxy.namespace.ip("addr", "add", f"{A}/24", "dev", "eth0")
            proxy.namespace.ip("neigh", "add", B, "dev", "eth0", "lladdr", NEIGHBOUR_MAC.hex(":"))
            proxy.redirect("attach", "eth0")
            yield proxy, far_end
    finally:
        proxy.namespace.delete()


@vips
@pytest.mark.parametrize("gro", ["on", "off"])
def test_headers_in_two_pieces_are_read_and_changed_like_any_other(pieces, vip, gro):
    """Cut at every byte. Receive offload, where it is on, joins the outer headers again."""
    proxy, far_end = pieces
    proxy.namespace.run("ethtool", "-K", "eth0", "gro", gro)
    mac = interface_address(proxy.namespace, "eth0")
    inner = bytes(segment(vip, data=b"12345"))
    frame = wire.ether(wire.outer(wire.gue(inner, [B]), DIRECTOR, A), DIRECTOR_MAC, mac)
    expected = wire.ether(wire.outer(wire.gue(inner, [B], 1), A, B), mac, NEIGHBOUR_MAC)
    before = proxy.counters()
    for cut in range(14, len(frame)):
        far_end.send(frame, cut)
        assert far_end.receive() == expected, cut
    after = proxy.counters()
    assert after["forwarded_to_alternate"] - before["forwarded_to_alternate"] == len(frame) - 14


def test_long_extension_headers_in_two_pieces_are_read(pieces):
    """Longer than what the program asks for in one piece of every packet."""
    proxy, far_end = pieces
    mac = interface_address(proxy.namespace, "eth0")
    extension = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(252))] * 3)
    inner = bytes(IPv6(src="2001:db8:99::77", dst=VIP6) / extension / segment(VIP6)[TCP])
    frame = wire.ether(wire.outer(wire.gue(inner, [B]), DIRECTOR, A), DIRECTOR_MAC, mac)
    expected = wire.ether(wire.outer(wire.gue(inner, [B], 1), A, B), mac, NEIGHBOUR_MAC)
    for cut in (*range(14, len(frame), 7), len(frame) - 1):
        far_end.send(frame, cut)
        assert far_end.receive() == expected, cut


def test_a_kept_packet_in_two_pieces_reaches_its_socket(pieces):
    """UDP, so that the payload shows what came up."""
    proxy, far_end = pieces
    mac = interface_address(proxy.namespace, "eth0")
    with inside(proxy.namespace), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((A, 0))
        server.settimeout(2)
        for cut in range(14, 100):
            query = wire.outer(b"%03d" % cut * 20, B, A, dport=server.getsockname()[1])
            packet = wire.outer(wire.gue(query, [B]), DIRECTOR, A)
            far_end.send(wire.ether(packet, DIRECTOR_MAC, mac), cut)
            assert server.recv(1000) == b"%03d" % cut * 20
