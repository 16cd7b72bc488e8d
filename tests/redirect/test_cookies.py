# SPDX-License-Identifier: BSD-3-Clause
"""Which segments prove, by a SYN cookie, that their handshake began on this proxy?"""

import contextlib
import socket

import pytest
from bench import Bench, absent, half_open, segment
from hosts import VIP, VIP6, interface_address
from kernel import inside
from scapy.layers.inet import TCP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import Ether

ETH_P_ALL = 3
SPORT = 40002
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


@pytest.fixture(scope="module", params=[4, 6], ids=["over-ipv4", "over-ipv6"])
def proxy(request, network):
    """Proxy a, on the bench, which answers every SYN with a cookie."""
    network.proxies[0].namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=2")
    with contextlib.closing(Bench(network.proxies[0], request.param)) as bench:
        yield bench


@contextlib.contextmanager
def answered(network, proxy, vip, host=None):
    """A listener that sent a cookie to a client; gives the segment that would bring it back."""
    source, namespace = absent(vip), proxy.proxy.namespace
    with inside(network.director_host):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    with tap, proxy.proxy.listen(host or vip) as listener:
        tap.bind(("eth0", ETH_P_ALL))
        tap.settimeout(2)
        mac = interface_address(network.director_host, "eth0").hex(":")
        namespace.ip("neigh", "replace", source, "dev", "eth0", "lladdr", mac)
        port = listener.getsockname()[1]
        half_open(network, proxy.proxy, vip, port, SPORT)
        while TCP not in (frame := Ether(tap.recv(2000))) or frame.payload.src != vip:
            pass
        assert frame[TCP].flags == "SA"
        yield segment(vip, "A", source, SPORT, port, seq=2, ack=frame[TCP].seq + 1)


@vips
@pytest.mark.parametrize("flags", ["A", "PA"])
def test_a_segment_that_brings_a_cookie_back_is_kept(network, proxy, vip, flags):
    with answered(network, proxy, vip) as ours:
        ours[TCP].flags = flags
        assert proxy.accepts(ours) == "accepted_syn_cookie"
        assert proxy.accepts(ours, hops=()) == "accepted_syn_cookie"


@vips
def test_a_listener_for_both_families_keeps_its_cookies_of_either(network, proxy, vip):
    with answered(network, proxy, vip, host="::") as ours:
        assert proxy.accepts(ours) == "accepted_syn_cookie"


def test_a_cookie_is_found_behind_ip_options(network, proxy):
    with answered(network, proxy, VIP) as ours:
        ours.options = [IPOption_NOP()] * 8
        assert proxy.accepts(ours) == "accepted_syn_cookie"


def test_a_cookie_is_found_behind_extension_headers(network, proxy):
    with answered(network, proxy, VIP6) as ours:
        theirs = IPv6(src=ours.src, dst=ours.dst) / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt()
        ours = theirs / ours[TCP]
        assert proxy.accepts(ours) == "accepted_syn_cookie"
        ours[TCP].ack += 1 << 20
        assert proxy.forwards(ours) == "forwarded_to_alternate"


@vips
@pytest.mark.parametrize("flags", ["FA", "RA", "", "R"])
def test_a_cookie_with_other_flags_is_none(network, proxy, vip, flags):
    """No handshake is completed by a segment that ends it."""
    with answered(network, proxy, vip) as ours:
        ours[TCP].flags = flags
        assert proxy.forwards(ours) == "forwarded_to_alternate"


@vips
@pytest.mark.parametrize("change", [
    {"ack": 1 << 20}, {"seq": 1 << 20}, {"sport": 1},
], ids=lambda change: next(iter(change)))
def test_a_cookie_for_another_handshake_is_none(network, proxy, vip, change):
    """A cookie is for one pair of ends and one sequence number."""
    with answered(network, proxy, vip) as ours:
        for field, distance in change.items():
            setattr(ours[TCP], field, (getattr(ours[TCP], field) + distance) % 2**32)
        assert proxy.forwards(ours) == "forwarded_to_alternate"


@vips
def test_a_cookie_is_none_where_cookies_are_off(network, proxy, vip):
    with answered(network, proxy, vip) as ours:
        proxy.proxy.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=0")
        try:
            assert proxy.forwards(ours) == "forwarded_to_alternate"
        finally:
            proxy.proxy.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=2")
