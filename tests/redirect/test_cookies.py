# SPDX-License-Identifier: BSD-3-Clause
"""Which segments prove, by a SYN cookie, that their handshake began on this proxy?"""

import contextlib

import pytest
from bench import Bench, half_open, reset_on_close
from hosts import B, VIP, VIP6
from scapy.layers.inet import TCP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.packet import Raw

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


@pytest.fixture(scope="module", params=[4, 6], ids=["over-ipv4", "over-ipv6"])
def proxy(request, network):
    """Proxy a, on the bench, which answers every SYN with a cookie."""
    network.proxies[0].namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=2")
    with contextlib.closing(Bench(network, request.param)) as bench:
        yield bench


@vips
@pytest.mark.parametrize("flags", ["A", "PA", "FA"])
def test_a_segment_that_brings_a_cookie_back_is_kept(network, proxy, vip, flags):
    with half_open(network, proxy, vip) as (ours, _):
        ours[TCP].flags = flags
        assert proxy.accepts(ours) == "accepted_syn_cookie"
        assert proxy.accepts(ours, hops=()) == "accepted_syn_cookie"


@vips
def test_a_handshake_whose_end_was_lost_is_completed_by_the_end_of_the_connection(
        network, proxy, vip):
    """The client has sent a short request and closed; of its segments the last one arrives."""
    with half_open(network, proxy, vip) as (ours, listener):
        ours[TCP].flags = "FPA"
        network.send_to(proxy.proxy, ours, [B])
        with listener.accept()[0] as server:
            server.settimeout(60)
            assert server.recv(100) == bytes(ours[Raw])
            assert server.recv(100) == b""
            reset_on_close(server)  # no peer would acknowledge its end


@vips
def test_a_listener_for_both_families_keeps_its_cookies_of_either(network, proxy, vip):
    with half_open(network, proxy, vip, host="::") as (ours, _):
        assert proxy.accepts(ours) == "accepted_syn_cookie"


def test_a_cookie_is_found_behind_ip_options(network, proxy):
    with half_open(network, proxy, VIP) as (ours, _):
        ours.options = [IPOption_NOP()] * 8
        assert proxy.accepts(ours) == "accepted_syn_cookie"


def test_a_cookie_is_found_behind_extension_headers(network, proxy):
    with half_open(network, proxy, VIP6) as (ours, _):
        theirs = IPv6(src=ours.src, dst=ours.dst) / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt()
        ours = theirs / ours[TCP]
        assert proxy.accepts(ours) == "accepted_syn_cookie"
        ours[TCP].ack += 1 << 20
        assert proxy.forwards(ours) == "forwarded_to_alternate"


@vips
@pytest.mark.parametrize("flags", ["RA", "", "R"])
def test_a_cookie_with_other_flags_is_none(network, proxy, vip, flags):
    """No handshake is completed by a reset, or by what acknowledges nothing."""
    with half_open(network, proxy, vip) as (ours, _):
        ours[TCP].flags = flags
        assert proxy.forwards(ours) == "forwarded_to_alternate"


@vips
@pytest.mark.parametrize("change", [
    {"ack": 1 << 20}, {"seq": 1 << 20}, {"sport": 1},
], ids=lambda change: next(iter(change)))
def test_a_cookie_for_another_handshake_is_none(network, proxy, vip, change):
    """A cookie is for one pair of ends and one sequence number."""
    with half_open(network, proxy, vip) as (ours, _):
        for field, distance in change.items():
            setattr(ours[TCP], field, (getattr(ours[TCP], field) + distance) % 2**32)
        assert proxy.forwards(ours) == "forwarded_to_alternate"


@vips
def test_a_cookie_is_none_where_cookies_are_off(network, proxy, vip):
    with half_open(network, proxy, vip) as (ours, _):
        proxy.proxy.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=0")
        try:
            assert proxy.forwards(ours) == "forwarded_to_alternate"
        finally:
            proxy.proxy.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=2")
