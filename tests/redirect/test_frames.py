# SPDX-License-Identifier: BSD-3-Clause
"""What leaves the device: whole frames on the wire between the proxies."""

import contextlib
import socket

import pytest
import wire
from bench import segment
from hosts import A, B, DIRECTOR, VIP, VIP6, interface_address
from kernel import inside

ETH_P_ALL = 3  # taps for a single protocol are behind tc
GUE_FRAME = b"\x08\x00\x11" + wire.GUE_PORT.to_bytes(2, "big")  # EtherType, protocol, port
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


class Tap:
    """Reads the GUE packets that come in on the eth0 of a host, before glb-redirect sees them."""

    def __init__(self, namespace):
        with inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind(("eth0", ETH_P_ALL))
        self._socket.settimeout(5)

    def frame(self):
        while True:
            frame = self._socket.recv(65536)
            if frame[12:14] + frame[23:24] + frame[36:38] == GUE_FRAME:
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


@vips
@pytest.mark.parametrize("with_checksum", [True, False], ids=["checksum", "no-checksum"])
def test_a_forwarded_frame_is_addressed_to_the_next_hop(tap, send, macs, vip, with_checksum):
    """Ethernet from proxy a to proxy b, and the packet of test_decisions.py."""
    inner = bytes(segment(vip))
    send(wire.outer(wire.gue(inner, [B, A]), DIRECTOR, A, with_checksum))
    expected = wire.outer(wire.gue(inner, [B, A], 1), A, B, with_checksum)
    assert tap.frame() == wire.ether(expected, macs[0], macs[1])


def test_a_hop_that_is_not_on_the_segment_is_reached_through_the_gateway(network, tap, send, macs):
    """The kernel's routes say whom to hand the packet to."""
    host = network.proxies[0].namespace
    host.ip("route", "add", "10.77.0.0/16", "via", B)
    try:
        send(wire.outer(wire.gue(bytes(segment()), ["10.77.1.1"]), DIRECTOR, A))
        expected = wire.outer(wire.gue(bytes(segment()), ["10.77.1.1"], 1), A, "10.77.1.1")
        assert tap.frame() == wire.ether(expected, macs[0], macs[1])
    finally:
        host.ip("route", "del", "10.77.0.0/16")


@vips
def test_a_checksum_left_to_hardware_comes_out_right(network, tap, vip):
    """A director on the same machine leaves the sum unfinished; the proxy's device ends it."""
    inner = bytes(segment(vip))
    proxy = network.proxies[0].namespace
    proxy.run("ethtool", "-K", "eth0", "tx", "off")
    try:
        with inside(network.director_host), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind((DIRECTOR, 0))
            sport = out.getsockname()[1]
            out.sendto(wire.gue(inner, [B]), (A, wire.GUE_PORT))
        frame = tap.frame()
    finally:
        proxy.run("ethtool", "-K", "eth0", "tx", "on")
    expected = wire.outer(wire.gue(inner, [B], 1), A, B, sport=sport)
    assert frame[14 + 20:] == expected[20:]


def test_the_time_to_live_is_not_touched(tap, send):
    """The index of the next hop ends a loop; a second chance costs no hop."""
    packet = wire.outer(wire.gue(bytes(segment()), [B]), DIRECTOR, A)
    packet = packet[:8] + b"\x05" + packet[9:10] + b"\0\0" + packet[12:]
    send(packet[:10] + wire.checksum(packet[:20]).to_bytes(2, "big") + packet[12:])
    assert tap.frame()[14 + 8] == 5
