# SPDX-License-Identifier: BSD-3-Clause
"""ICMP errors belong to the connection whose packet they quote."""

import socket

import pytest
import wire
from bench import answer_to, closed_by_both, ip, segment, segment_of, stranger
from hosts import A, B, VIP, VIP6, counted
from kernel import inside
from netns import wait_until
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6PacketTooBig, ICMPv6ParamProblem,
    ICMPv6TimeExceeded, IPv6, IPv6ExtHdrHopByHop, Jumbo)
from scapy.packet import Raw
from test_connections import connection

RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}  # of linux/in.h and in6.h
EHOSTUNREACH = 113

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
# ICMP types and codes of errors; the last three are of ICMPv6
errors = pytest.mark.parametrize("message, message6", [
    (ICMP(type=3, code=0), ICMPv6DestUnreach(code=0)),
    (ICMP(type=3, code=13), ICMPv6DestUnreach(code=1)),
    (ICMP(type=3, code=4, nexthopmtu=1400), ICMPv6PacketTooBig(mtu=1400)),
    (ICMP(type=11, code=0), ICMPv6TimeExceeded()),
    (ICMP(type=12, code=0), ICMPv6ParamProblem()),
], ids=["unreachable", "prohibited", "too-big", "time-exceeded", "parameter-problem"])


def about(quoted, message, message6):
    """A router's complaint to the VIP about a packet of the VIP."""
    if quoted.version == 6:
        return IPv6(src="2001:db8:66::1", dst=quoted.src) / message6 / quote(quoted)
    return IP(src="203.0.113.66", dst=quoted.src) / message / quote(quoted)


def quote(packet, length=None):
    """As much of a packet as a router quotes, or some length."""
    if length is None:
        length = len(bytes(packet)) if packet.version == 6 else packet.ihl * 4 + 8
    return Raw(bytes(packet)[:length])


def too_big(quoted, length=None):
    """A router's complaint to the VIP that its packet does not fit."""
    repeated = quote(quoted, length)
    if quoted.version == 6:
        return IPv6(src="2001:db8:66::1", dst=quoted.src) / ICMPv6PacketTooBig(mtu=1400) / repeated
    return IP(src="203.0.113.66", dst=quoted.src) / ICMP(type=3, code=4, nexthopmtu=1400) / repeated


@vips
@errors
def test_an_error_is_kept_where_the_connection_is(proxy, vip, message, message6):
    """The message belongs to the connection whose packet it quotes."""
    with proxy.connection(vip) as (client, _):
        about_ours = about(answer_to(segment_of(client)), message, message6)
        assert proxy.accepts(about_ours) == "accepted_established"


@vips
@errors
def test_an_error_about_another_connection_goes_to_the_next_hop(proxy, vip, message, message6):
    about_theirs = about(answer_to(segment(vip)), message, message6)
    assert proxy.forwards(about_theirs) == "forwarded_to_alternate"
    assert proxy.accepts(about_theirs, hops=()) == "accepted_last_resort"


@vips
def test_a_packet_too_big_is_not_kept_by_a_connection_in_time_wait(proxy, vip):
    """The old connection sends nothing any more; its successor elsewhere might."""
    with proxy.connection(vip) as (client, server):
        about = too_big(answer_to(segment_of(client)))
        closed_by_both(client, server)
        assert proxy.forwards(about) == "forwarded_to_alternate"


@vips
def test_a_packet_too_big_never_counts_as_a_cookie(proxy, vip):
    with proxy.proxy.listen(vip) as listener:
        about_theirs = too_big(answer_to(segment(vip, dport=listener.getsockname()[1])))
        assert proxy.forwards(about_theirs) == "forwarded_to_alternate"


@vips
@errors
def test_an_error_about_udp_is_kept_like_udp(proxy, vip, message, message6):
    datagram = ip(vip, stranger(vip)) / UDP(sport=443, dport=40000) / Raw(bytes(1300))
    about_udp = about(type(datagram)(bytes(datagram)), message, message6)
    assert proxy.accepts(about_udp) == "accepted_icmp"


@vips
@errors
def test_an_error_about_an_answer_to_a_ping_is_kept_like_the_ping(proxy, vip, message, message6):
    pong = ICMPv6EchoReply() if vip == VIP6 else ICMP(type=0)
    answer = ip(vip, stranger(vip)) / pong / Raw(bytes(100))
    assert proxy.accepts(about(type(answer)(bytes(answer)), message, message6)) == "accepted_icmp"


@vips
@errors
def test_an_error_about_another_protocol_is_left_to_the_kernel(proxy, vip, message, message6):
    field = {"nh": 132} if vip == VIP6 else {"proto": 132}
    packet = ip(vip, stranger(vip), **field) / Raw(bytes(100))
    assert proxy.accepts(about(type(packet)(bytes(packet)), message, message6)) == "accepted_icmp"


@vips
def test_a_quoted_packet_cut_before_its_ports_is_left_to_the_kernel(proxy, vip):
    """There is no flow to follow."""
    quoted = answer_to(segment(vip))
    header = 40 if ":" in vip else 20
    for length in range(0, header + 4):
        assert proxy.accepts(too_big(quoted, length)) == "accepted_icmp", length
    assert proxy.forwards(too_big(quoted, header + 4)) == "forwarded_to_alternate"


def big_tcp(quoted):
    """The same packet as a super-frame of BIG TCP, whose length does not fit its field."""
    if quoted.version == 4:
        quoted.len = 0
        return [quoted]
    jumbo = IPv6ExtHdrHopByHop(nh=6, options=[Jumbo(jumboplen=200_000)])
    head = IPv6(src=quoted.src, dst=quoted.dst, plen=0)
    return [head / quoted[TCP], head / jumbo / quoted[TCP]]


@vips
def test_an_error_about_a_super_frame_of_big_tcp_is_kept_where_the_connection_is(proxy, vip):
    with proxy.connection(vip) as (client, _):
        for quoted in big_tcp(answer_to(segment_of(client))):
            assert proxy.accepts(too_big(quoted, 100)) == "accepted_established"
    for quoted in big_tcp(answer_to(segment(vip))):
        assert proxy.forwards(too_big(quoted, 100)) == "forwarded_to_alternate"


# --- with real sockets ---------------------------------------------------------------------------


@vips
def test_a_time_exceeded_reaches_the_socket_on_the_second_proxy(network, proxy, vip):
    """A router's message goes to the first hop, which does not have the connection."""
    a, b = network.proxies
    family = 6 if vip == VIP6 else 4
    network.director.use(4)
    network.director.hops = (B, A)
    with connection(network, b, vip) as (client, server):
        server.setsockopt(*RECVERR[family], 1)
        quoted = answer_to(segment_of(client))
        message = about(quoted, ICMP(type=11), ICMPv6TimeExceeded())
        destination = (proxy.address(A), wire.GUE_PORT)
        family = socket.AF_INET if proxy.underlay == 4 else socket.AF_INET6
        with inside(network.director_host), socket.socket(family, socket.SOCK_DGRAM) as out:
            with counted(a, b) as (at_a, at_b):
                out.sendto(proxy.gue(message, [B]), destination)
                wait_until(lambda: server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                           == EHOSTUNREACH, "the error at the server's socket")
    assert at_a["forwarded_to_alternate"] == at_a["total"] == 1
    assert at_b["accepted_established"] == at_b["total"]
