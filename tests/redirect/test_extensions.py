# SPDX-License-Identifier: BSD-3-Clause
"""Client packets with IPv6 extension headers, RFC 8200."""

import socket

import pytest
import wire
from bench import answer_to, segment, segment_of, stranger
from hosts import A, B, DIRECTOR, VIP6, interface_address
from kernel import inside
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting, PadN)
from scapy.packet import Raw


def options(size):
    """Destination options of a size, a multiple of 8."""
    left, padding = size - 2, []
    while left:
        some = min(left, 200)
        padding.append(PadN(optdata=bytes(some - 2)))
        left -= some
    return IPv6ExtHdrDestOpt(options=padding)


CHAINS = {
    "hop-by-hop": [IPv6ExtHdrHopByHop()],
    "destination": [IPv6ExtHdrDestOpt()],
    "routing": [IPv6ExtHdrRouting(addresses=["2001:db8::1"], segleft=0)],
    "atomic-fragment": [IPv6ExtHdrFragment(offset=0, m=0, id=7)],
    "first-fragment": [IPv6ExtHdrFragment(offset=0, m=1, id=7)],
    "all": [IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), IPv6ExtHdrRouting(segleft=0),
            IPv6ExtHdrFragment(offset=0, m=0, id=7), IPv6ExtHdrDestOpt()],
    "eight": [IPv6ExtHdrDestOpt()] * 8,
    "eight-long-ones": [options(8 + 48 * n) for n in range(8)],
    "the-longest": [options(2048)],
    "the-longest-and-seven": [options(2048)] + [options(120)] * 7,
}
chains = pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS.keys())


def chained(packet, chain):
    """A packet with extension headers behind its IPv6 header."""
    inner = packet.payload
    packet = IPv6(src=packet.src, dst=packet.dst)
    for header in chain:
        packet /= header.copy()
    return IPv6(bytes(packet / inner))


@chains
def test_a_connection_is_found_behind_extension_headers(proxy, chain):
    with proxy.connection(VIP6) as (client, _):
        assert proxy.accepts(chained(segment_of(client), chain)) == "accepted_established"


@chains
def test_a_stranger_is_passed_on_with_its_extension_headers(proxy, chain):
    assert proxy.forwards(chained(segment(VIP6), chain)) == "forwarded_to_alternate"


@chains
def test_a_syn_is_seen_behind_extension_headers(proxy, chain):
    assert proxy.accepts(chained(segment(VIP6, "S"), chain)) == "accepted_syn"


@chains
def test_udp_is_seen_behind_extension_headers(proxy, chain):
    query = IPv6(src=stranger(VIP6), dst=VIP6) / UDP(sport=5353, dport=53) / Raw(b"query")
    assert proxy.accepts(chained(query, chain)) == "accepted_udp"


@chains
def test_an_error_that_quotes_extension_headers_follows_its_connection(proxy, chain):
    def complaint(client_segment):
        return (IPv6(src="2001:db8:66::1", dst=VIP6) / ICMPv6PacketTooBig(mtu=1400)
                / Raw(bytes(chained(answer_to(client_segment, 8), chain))))

    with proxy.connection(VIP6) as (client, _):
        assert proxy.accepts(complaint(segment_of(client))) == "accepted_established"
    assert proxy.forwards(complaint(segment(VIP6))) == "forwarded_to_alternate"


def test_a_later_fragment_is_kept(proxy):
    """It has no ports to look up, and what follows its headers is payload."""
    for chain in ([], [IPv6ExtHdrDestOpt()]):
        fragment = IPv6(src=stranger(VIP6), dst=VIP6)
        for header in chain:
            fragment /= header.copy()
        fragment = fragment / IPv6ExtHdrFragment(offset=100, m=0, id=7, nh=6) / Raw(bytes(64))
        assert proxy.accepts(fragment) == "accepted_fragment"


def test_a_ninth_extension_header_is_too_many(proxy):
    """No director sends such a packet."""
    packet = chained(segment(VIP6, "S"), [IPv6ExtHdrDestOpt()] * 9)
    assert proxy.drops(proxy.tunnel(packet)) == "dropped_malformed_inner"


def test_extension_headers_cut_anywhere_are_dropped(proxy):
    whole = bytes(chained(segment(VIP6, "S", data=b""), CHAINS["all"]))
    for size in range(40, len(whole)):
        cut = whole[:4] + (size - 40).to_bytes(2, "big") + whole[6:size]
        assert proxy.drops(proxy.tunnel(cut)) == "dropped_malformed_inner", size
    assert proxy.accepts(whole) == "accepted_syn"


def test_an_extension_header_that_ends_behind_its_packet_is_dropped(proxy):
    """Its length leads into what the frame has behind the packet, or further."""
    for length in (3, 6, 255):
        packet = bytearray(bytes(chained(segment(VIP6, "S"), [IPv6ExtHdrDestOpt()])))
        packet[41] = length
        fate = proxy.run(proxy.tunnel(bytes(packet)) + bytes(64)).fate
        assert fate == "dropped_malformed_inner", length


@pytest.mark.parametrize("last, fate", [(2000, "accepted_syn"), (2008, "dropped_malformed_inner"),
                                        (2048, "dropped_malformed_inner")])
def test_headers_may_take_16_kib(host, last, fate):
    """Seven of the longest and another one; a device with a large MTU has room for that."""
    for device in ("eth0", "eth1"):
        host.namespace.ip("link", "set", device, "mtu", "20000", "up")
    host.namespace.ip("addr", "add", f"{A}/24", "dev", "eth0")
    host.add_vips()
    host.redirect("attach", "eth0")
    opening = bytes(chained(segment(VIP6, "S"), [options(2048)] * 7 + [options(last)]))
    frame = wire.ether(wire.outer(wire.gue(opening, [B]), DIRECTOR, A), bytes(6),
                       interface_address(host.namespace, "eth0"))
    with inside(host.namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind(("eth1", 0))
        out.send(frame)
    assert {name for name, count in host.counters().items() if count} == {"total", fate}
