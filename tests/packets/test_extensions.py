# SPDX-License-Identifier: BSD-3-Clause
"""IPv6 extension headers: what is behind them, how many there may be, and where they end."""

import pytest
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.l2 import Dot1AD, Dot1Q
from scapy.packet import Raw

from frames import CLIENT, CLIENT6, NOT_A_VIP6, VIP, VIP6, echo, ether, ip, tcp, udp

EXTENSIONS = {
    "hop-by-hop": IPv6ExtHdrHopByHop(),
    "long hop-by-hop": IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(60))]),
    "routing": IPv6ExtHdrRouting(addresses=["2001:db8::9"]),
    "routing, arrived": IPv6ExtHdrRouting(addresses=["2001:db8::9"], segleft=0),
    "atomic fragment": IPv6ExtHdrFragment(id=7),
    "first fragment": IPv6ExtHdrFragment(id=7, m=1),
    "destination options": IPv6ExtHdrDestOpt(),
    "several": IPv6ExtHdrHopByHop()
    / IPv6ExtHdrDestOpt()
    / IPv6ExtHdrRouting()
    / IPv6ExtHdrFragment(),
    "one kind twice": IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt(),
    "hop-by-hop last": IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop(),
}


def behind(extensions, body, vip: str = VIP6):
    return ip(CLIENT6, vip) / extensions / body


def chain(count: int, extension=IPv6ExtHdrDestOpt):
    packet = extension()
    for _ in range(count - 1):
        packet /= extension()
    return packet


@pytest.fixture(params=EXTENSIONS)
def extensions(request):
    return EXTENSIONS[request.param].copy()


def test_ports_are_read_behind_extension_headers(director, extensions):
    """As with IPv4 options, they do not change which backend serves a flow."""
    for transport, plain in ((TCP, tcp(VIP6)), (UDP, udp(VIP6))):
        packet = behind(extensions, transport(sport=40000, dport=443) / Raw(b"data"))
        with_extensions, without = director.send(ether(packet), ether(plain))
        assert with_extensions.verdict == "forward"
        assert with_extensions.hops == without.hops
        assert with_extensions.source_port == without.source_port


def test_a_port_that_is_not_bound_stays_so_behind_extension_headers(director, extensions):
    packet = behind(extensions, TCP(sport=443, dport=444))
    assert director.verdict_of(ether(packet)) == "punt_no_bind"


def test_an_echo_request_behind_extension_headers_is_one(director, extensions):
    packet = behind(extensions, ICMPv6EchoRequest(id=7, seq=1, data=b"ping"))
    assert director.hops_of(ether(packet)) == director.hops_of(ether(echo(VIP6)))


def test_extension_headers_go_to_the_proxy_as_they_came(director, extensions):
    packet = behind(extensions, TCP(sport=40000, dport=443))
    assert director.send_one(ether(packet)).frame.endswith(bytes(packet))


def test_a_packet_with_extension_headers_and_two_tags_is_forwarded(director, extensions):
    packet = behind(extensions, TCP(sport=40000, dport=443))
    tagged = ether(packet, Dot1AD(vlan=5) / Dot1Q(vlan=6))
    assert director.hops_of(tagged) == director.hops_of(ether(tcp(VIP6)))


@pytest.mark.parametrize("extension", [IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment])
def test_eight_extension_headers_are_walked_and_nine_are_dropped(director, extension):
    packets = [behind(chain(n, extension), TCP(dport=443)) for n in (1, 7, 8, 9, 20)]
    verdicts = [outcome.verdict for outcome in director.send(*map(ether, packets))]
    assert verdicts == ["forward"] * 3 + ["drop_ext_headers"] * 2


def test_nine_extension_headers_to_anybody_are_dropped(director):
    """Whom they are for does not matter: the director does not know what they carry."""
    packets = [
        behind(chain(9), TCP(dport=443), NOT_A_VIP6),
        behind(chain(9), TCP(dport=444)),
        behind(chain(9), ICMPv6EchoRequest()),
        ip(CLIENT6, VIP6) / chain(8) / IPv6ExtHdrFragment(offset=1) / Raw(bytes(8)),
    ]
    assert {o.verdict for o in director.send(*map(ether, packets))} == {"drop_ext_headers"}


def test_eight_extension_headers_in_front_of_nothing_known_are_punted(director):
    packet = ip(CLIENT6, VIP6) / chain(7) / IPv6ExtHdrDestOpt(nh=59)
    assert director.verdict_of(ether(packet)) == "punt_no_bind"


def test_the_longest_extension_header_is_walked(director):
    """2,048 bytes: a length of 255."""
    longest = Raw(bytes([6, 255]) + bytes(2046))
    packet = ip(CLIENT6, VIP6, nh=60) / longest / TCP(sport=40000, dport=443)
    assert director.hops_of(ether(packet)) == director.hops_of(ether(tcp(VIP6)))


def test_an_extension_header_longer_than_the_packet_is_dropped(director):
    """By 8 bytes, and by as much as can be said."""
    packets = [
        ip(CLIENT6, VIP6, nh=kind) / Raw(bytes([6, length]) + bytes(22))
        for kind in (0, 43, 60)
        for length in (3, 255)
    ]
    assert {o.verdict for o in director.send(*map(ether, packets))} == {"drop_truncated"}


def test_a_packet_cut_anywhere_behind_its_extension_headers_is_dropped(director):
    """The IPv6 length is right each time; padding must not stand in for what is missing."""
    extensions = IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting() / IPv6ExtHdrFragment()
    whole = bytes(behind(extensions, TCP(dport=443)))
    cuts = []
    for length in range(len(extensions), len(whole) - 40):
        cut = IPv6(whole[:40])
        cut.plen = length
        cuts.append(ether(cut / Raw(whole[40:])))
    assert {o.verdict for o in director.send(*cuts)} == {"drop_truncated"}
    assert director.verdict_of(ether(IPv6(whole))) == "forward"


def test_a_length_that_ends_inside_extension_headers_is_dropped(director):
    """Like the total length of an IPv4 packet that ends inside its options."""
    extensions = IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting() / IPv6ExtHdrFragment()
    packets = [behind(extensions, TCP(dport=443)) for _ in range(len(extensions))]
    for length, packet in enumerate(packets):
        packet.plen = length
    assert {o.verdict for o in director.send(*map(ether, packets))} == {"drop_bad_length"}


@pytest.mark.parametrize("protocol", [2, 4, 41, 50, 51, 59, 103, 135, 139, 140, 253, 255])
def test_what_is_no_extension_header_to_us_is_punted(director, protocol):
    """ESP, AH, no next header, mobility and the like are protocols without a bind."""
    plain = ip(CLIENT6, VIP6, nh=protocol) / Raw(bytes([6, 0]) + bytes(46))
    behind_one = ip(CLIENT6, VIP6) / IPv6ExtHdrDestOpt(nh=protocol) / Raw(bytes([6, 0]) + bytes(46))
    assert {o.verdict for o in director.send(ether(plain), ether(behind_one))} == {"punt_no_bind"}


@pytest.mark.parametrize("protocol", [0, 43, 44, 60])
def test_extension_headers_mean_nothing_in_ipv4(director, protocol):
    packet = ip(CLIENT, VIP, proto=protocol) / Raw(bytes([6, 0]) + bytes(6)) / TCP(dport=443)
    assert director.verdict_of(ether(packet)) == "punt_no_bind"


def test_a_routing_header_does_not_change_the_address_that_counts(director):
    """The destination in the IPv6 header, wherever the packet is to go next."""
    through = [
        behind(IPv6ExtHdrRouting(addresses=[VIP6]), TCP(dport=443), NOT_A_VIP6),
        behind(IPv6ExtHdrRouting(addresses=[NOT_A_VIP6]), TCP(dport=443)),
    ]
    verdicts = [outcome.verdict for outcome in director.send(*map(ether, through))]
    assert verdicts == ["punt_no_bind", "forward"]


def test_a_payload_length_of_zero_is_no_jumbogram(director):
    """RFC 2675 would have the length in a hop-by-hop option; no port carries such packets."""
    jumbo = bytes.fromhex("0600c20400010000")
    packet = ip(CLIENT6, VIP6, nh=0, plen=0) / Raw(jumbo) / TCP(dport=443)
    assert director.verdict_of(ether(packet)) == "drop_bad_length"


def test_extension_headers_are_hashed_by_every_field(director, extensions):
    every = {name: True for name in ("src_addr", "dst_addr", "src_port", "dst_port")}
    strict = director.with_config(hash_fields=every)
    packet = behind(extensions, TCP(sport=40000, dport=443))
    one, other = strict.send(ether(packet), ether(tcp(VIP6)))
    assert one.hash == other.hash
