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
from bench import DIRECTOR_MAC, ETH_P_ALL, PASSED, SENT, segment, stranger
from hosts import A, B, DIRECTOR, VIP, VIP6, Proxy, address6, counted, interface_address
from kernel import CHECKSUM_COMPLETE, inside
from netns import Namespace, wait_until
from scapy.layers.inet import TCP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, PadN

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_NAPI, IFF_NAPI_FRAGS = 0x0002, 0x1000, 0x0010, 0x0020
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 1 << 4  # of linux/if_packet.h
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


priority_tags = pytest.mark.parametrize(
    "tag", ["81000000", "8100a000", "8100f000", "88a8a000"],
    ids=["no-priority", "priority-5", "drop-eligible", "service-tag"])


def send_tagged(network, proxy, tag, packet):
    """Put a frame on the wire from the director to proxy a, with a tag in front of its type."""
    mac = interface_address(proxy.namespace, "eth0")
    frame = wire.ether(packet, interface_address(network.director_host, "eth0"), mac)
    with inside(network.director_host), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind(("eth0", 0))
        out.send(frame[:12] + bytes.fromhex(tag) + frame[12:])


@vips
@priority_tags
def test_a_frame_with_a_priority_and_no_vlan_is_kept(network, vip, tag):
    """VLAN 0 is none (802.1Q): the packet reaches the socket that serves it."""
    proxy = network.proxies[0]
    family = socket.AF_INET6 if vip == VIP6 else socket.AF_INET
    with inside(proxy.namespace), socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind((vip, 0))
        server.settimeout(60)
        query = wire.outer(tag.encode(), stranger(vip), vip, dport=server.getsockname()[1])
        for underlay, ends in ((4, (DIRECTOR, A)), (6, (address6(DIRECTOR), address6(A)))):
            packet = wire.outer(wire.gue(query, [], underlay=underlay), *ends)
            send_tagged(network, proxy, tag, packet)
            assert server.recv(100) == tag.encode()


@vips
@priority_tags
def test_a_frame_with_a_priority_and_no_vlan_is_passed_on_without_it(network, vip, tag):
    """As by any router."""
    inner = bytes(segment(vip))
    a, b = network.proxies
    with inside(b.namespace):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    with tap, counted(a) as (at_a,):
        tap.bind(("eth0", ETH_P_ALL))
        tap.settimeout(60)
        send_tagged(network, a, tag, wire.outer(wire.gue(inner, [B]), DIRECTOR, A))
        expected = wire.ether(wire.outer(wire.gue(inner, [B], 1), A, B),
                              *(interface_address(p.namespace, "eth0") for p in (a, b)))
        tap.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        while True:
            frame, ((_, _, about),), *_ = tap.recvmsg(2000, 100)
            if frame[-len(inner):] == inner:
                break
    assert frame == expected
    assert not struct.unpack_from("=I", about)[0] & TP_STATUS_VLAN_VALID
    assert at_a == {"total": 1, "forwarded_to_alternate": 1}


def test_a_vlan_behind_a_priority_is_left_to_its_device(network):
    proxy = network.proxies[0]
    packet = wire.outer(wire.gue(bytes(segment()), [B]), DIRECTOR, A)
    with counted(proxy) as (moved,):
        send_tagged(network, proxy, "8100a00081000007", packet)
        time.sleep(0.05)
    assert moved == {}


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

    def receive(self, seconds=60):
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
        server.settimeout(60)
        for cut in range(14, 100):
            query = wire.outer(b"%03d" % cut * 20, B, A, dport=server.getsockname()[1])
            packet = wire.outer(wire.gue(query, [B]), DIRECTOR, A)
            far_end.send(wire.ether(packet, DIRECTOR_MAC, mac), cut)
            assert server.recv(1000) == b"%03d" % cut * 20
