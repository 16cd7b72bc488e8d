# SPDX-License-Identifier: BSD-3-Clause
"""What leaves the device: whole frames on the wire between the proxies."""

import contextlib
import socket

import pytest
import wire
from bench import segment
from hosts import A, B, DIRECTOR, VIP, VIP6, address6, interface_address
from kernel import inside

ETH_P_ALL = 3  # taps for a single protocol are behind tc
PORT = wire.GUE_PORT.to_bytes(2, "big")
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


class Tap:
    """Reads the GUE packets that come in on the eth0 of a host, before glb-redirect sees them."""

    def __init__(self, namespace):
        with inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind(("eth0", ETH_P_ALL))
        self._socket.settimeout(60)

    def frame(self):
        while True:
            frame = self._socket.recv(65536)
            if (frame[12:14] + frame[23:24] + frame[36:38] == b"\x08\x00\x11" + PORT
                    or frame[12:14] + frame[20:21] + frame[56:58] == b"\x86\xdd\x11" + PORT):
                return frame

    def close(self):
        self._socket.close()


@pytest.fixture(name="tap")
def fixture_tap(network):
    with contextlib.closing(Tap(network.proxies[1].namespace)) as tap:
        yield tap


@pytest.fixture(name="macs")
def fixture_macs(network):
    """The MAC addresses of proxies a and b."""
    return [interface_address(proxy.namespace, "eth0") for proxy in network.proxies]


@pytest.fixture(name="send")
def fixture_send(network, macs):
    """Puts an IP packet on the wire from the director to proxy a."""
    with inside(network.director_host):
        out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind(("eth0", 0))
    mac = interface_address(network.director_host, "eth0")
    with out:
        yield lambda packet: out.send(wire.ether(packet, mac, macs[0]))


class Underlay:
    """Writes packets between the hosts of one IP version."""

    def __init__(self, version):
        self.version = version

    def address(self, host):
        return host if self.version == 4 else address6(host)

    def gue(self, inner, hops, next_hop=0):
        return wire.gue(inner, [*map(self.address, hops)], next_hop, underlay=self.version)

    def outer(self, payload, src, dst, **more):
        return wire.outer(payload, self.address(src), self.address(dst), **more)


@pytest.fixture(params=[4, 6], ids=["over-ipv4", "over-ipv6"])
def underlay(request):
    return Underlay(request.param)


@vips
@pytest.mark.parametrize("with_checksum", [True, False], ids=["checksum", "no-checksum"])
def test_a_forwarded_frame_is_addressed_to_the_next_hop(
        underlay, tap, send, macs, vip, with_checksum):
    """Ethernet from proxy a to proxy b, and the packet of test_decisions.py."""
    inner = bytes(segment(vip))
    send(underlay.outer(underlay.gue(inner, [B, A]), DIRECTOR, A, with_checksum=with_checksum))
    expected = underlay.outer(underlay.gue(inner, [B, A], 1), A, B, with_checksum=with_checksum)
    assert tap.frame() == wire.ether(expected, macs[0], macs[1])


def test_a_hop_that_is_not_on_the_segment_is_reached_through_the_gateway(network, tap, send, macs):
    """The kernel's routes name the gateway that gets the packet."""
    host = network.proxies[0].namespace
    host.ip("route", "add", "10.77.0.0/16", "via", B)
    try:
        send(wire.outer(wire.gue(bytes(segment()), ["10.77.1.1"]), DIRECTOR, A))
        expected = wire.outer(wire.gue(bytes(segment()), ["10.77.1.1"], 1), A, "10.77.1.1")
        assert tap.frame() == wire.ether(expected, macs[0], macs[1])
    finally:
        host.ip("route", "del", "10.77.0.0/16")


def test_a_hop_behind_a_gateway_is_reached_over_ipv6(network, tap, send, macs):
    host = network.proxies[0].namespace
    host.ip("route", "add", "fd77::/16", "via", address6(B))
    try:
        packet = wire.gue(bytes(segment()), ["fd77::1"], underlay=6)
        send(wire.outer(packet, address6(DIRECTOR), address6(A)))
        tried = wire.gue(bytes(segment()), ["fd77::1"], 1, underlay=6)
        expected = wire.outer(tried, address6(A), "fd77::1")
        assert tap.frame() == wire.ether(expected, macs[0], macs[1])
    finally:
        host.ip("route", "del", "fd77::/16")


@vips
def test_a_checksum_left_to_hardware_comes_out_right(network, underlay, tap, vip):
    """A director on the same machine leaves the sum unfinished; the proxy's device ends it."""
    inner = bytes(segment(vip))
    proxy = network.proxies[0].namespace
    family = socket.AF_INET if underlay.version == 4 else socket.AF_INET6
    proxy.run("ethtool", "-K", "eth0", "tx", "off")
    try:
        with inside(network.director_host), socket.socket(family, socket.SOCK_DGRAM) as out:
            out.bind((underlay.address(DIRECTOR), 0))
            sport = out.getsockname()[1]
            out.sendto(underlay.gue(inner, [B]), (underlay.address(A), wire.GUE_PORT))
        frame = tap.frame()
    finally:
        proxy.run("ethtool", "-K", "eth0", "tx", "on")
    expected = underlay.outer(underlay.gue(inner, [B], 1), A, B, sport=sport)
    udp_at = 20 if underlay.version == 4 else 40
    assert frame[14 + udp_at:] == expected[udp_at:]


def test_the_time_to_live_is_not_touched(tap, send):
    """The index of the next hop ends a loop; a second chance costs no hop."""
    packet = wire.outer(wire.gue(bytes(segment()), [B]), DIRECTOR, A)
    packet = packet[:8] + b"\x05" + packet[9:10] + b"\0\0" + packet[12:]
    send(packet[:10] + wire.checksum(packet[:20]).to_bytes(2, "big") + packet[12:])
    assert tap.frame()[14 + 8] == 5


def test_the_hop_limit_is_not_touched(tap, send):
    packet = wire.gue(bytes(segment()), [address6(B)], underlay=6)
    packet = wire.outer(packet, address6(DIRECTOR), address6(A))
    send(packet[:7] + b"\x05" + packet[8:])
    assert tap.frame()[14 + 7] == 5
