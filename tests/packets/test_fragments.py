# SPDX-License-Identifier: BSD-3-Clause
"""Fragments: the first goes by its ports, later ones have none."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.packet import Raw

from frames import (
    BOTH,
    CLIENT,
    CLIENT6,
    NOT_A_VIP,
    NOT_A_VIP6,
    TABLES,
    VIP,
    VIP6,
    backends,
    bind,
    ether,
    ip,
    table,
    tcp,
    udp,
)

PORTS = bytes.fromhex("9c4001bb")


def fragment(
    vip: str = VIP, offset: int = 8, more: bool = False, protocol: int = 17, size: int = 64
):
    """A piece of a datagram that spells ports everywhere; `offset` counts eights of bytes."""
    data = Raw(PORTS * (size // 4))
    if ":" in vip:
        head = ip(CLIENT6, vip) / IPv6ExtHdrFragment(nh=protocol, offset=offset, m=more, id=99)
    else:
        head = ip(CLIENT, vip, proto=protocol, frag=offset, flags="MF" if more else 0, id=99)
    return head / data


@pytest.fixture
def by_address(director):
    return director.with_config(fragments="address")


def verdicts(director, packets) -> list:
    frames = list(map(ether, packets))
    return [outcome.verdict for outcome in director.send(*frames)]


def test_a_first_ipv6_fragment_is_forwarded_like_the_flow_it_starts(director):
    first = ip(CLIENT6, VIP6) / IPv6ExtHdrFragment(m=1) / UDP(sport=40000, dport=443) / Raw(
        bytes(64)
    )
    of_first, of_flow = director.send(ether(first), ether(udp(VIP6)))
    assert (of_first.hops, of_first.source_port) == (of_flow.hops, of_flow.source_port)


def test_a_first_ipv6_fragment_cut_inside_its_ports_is_dropped(director):
    """A fragment too small for its transport header is no fragment anybody needs."""
    tiny = ip(CLIENT6, VIP6) / IPv6ExtHdrFragment(nh=17, m=1) / Raw(PORTS)
    assert director.verdict_of(ether(tiny)) == "drop_truncated"


@pytest.mark.parametrize("offset, more", [(1, True), (1, False), (8, True), (8191, False)])
@BOTH
def test_a_later_fragment_to_a_vip_is_dropped_by_default(director, vip, offset, more):
    pieces = [fragment(vip, offset, more, protocol) for protocol in (6, 17, 1, 58)]
    assert set(verdicts(director, pieces)) == {"drop_fragment"}


@BOTH
def test_a_later_fragment_to_another_address_is_punted_whatever_is_configured(director, vip):
    elsewhere = NOT_A_VIP6 if ":" in vip else NOT_A_VIP
    assert verdicts(director, [fragment(elsewhere)]) == ["punt_no_bind"]
    assert verdicts(director.with_config(fragments="address"), [fragment(elsewhere)]) == [
        "punt_no_bind"
    ]


def test_an_ipv6_fragment_is_the_first_only_if_its_offset_is_0(director):
    """One in eights of bytes; the flags beside it are no part of it."""
    pieces = [fragment(VIP6, offset=0, more=True, size=32), fragment(VIP6, offset=1, more=True)]
    pieces[0][Raw].load = bytes(UDP(sport=40000, dport=443) / Raw(bytes(16)))
    assert verdicts(director, pieces) == ["forward", "drop_fragment"]


def test_reserved_bits_of_a_fragment_header_are_no_offset(director):
    atomic = ip(CLIENT6, VIP6) / IPv6ExtHdrFragment(nh=17, res1=255, res2=3) / UDP(dport=443)
    assert director.verdict_of(ether(atomic)) == "forward"


def test_what_follows_in_a_later_fragment_is_payload(director):
    """Not an extension header, whatever the fragment header says."""
    pieces = [fragment(VIP6, protocol=protocol, size=8) for protocol in (0, 43, 44, 60)]
    assert set(verdicts(director, pieces)) == {"drop_fragment"}


def test_a_later_fragment_behind_other_extension_headers_is_one(director):
    late = IPv6ExtHdrFragment(nh=17, offset=8) / Raw(PORTS * 8)
    pieces = [ip(CLIENT6, VIP6) / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / late]
    assert verdicts(director, pieces) == ["drop_fragment"]


@pytest.mark.parametrize(
    "fields", [["src_addr"], ["dst_addr"], ["src_addr", "dst_addr"]], ids="+".join
)
@BOTH
def test_a_later_fragment_follows_its_flow_by_addresses_where_configured(by_address, vip, fields):
    strict = by_address.with_config(hash_fields={name: True for name in fields})
    pieces = [ether(fragment(vip, offset, offset == 8)) for offset in (8, 16)]
    of_flow, *of_pieces = strict.send(ether(udp(vip)), *pieces)
    assert {(o.verdict, o.hash, o.hops) for o in of_pieces} == {
        ("forward", of_flow.hash, of_flow.hops)
    }


@BOTH
def test_all_pieces_of_a_datagram_arrive_at_one_proxy(by_address, vip):
    """With the alternative fields as well."""
    migrating = by_address.with_config(alt_hash_fields={"src_addr": True, "dst_addr": True})
    first = fragment(vip, offset=0, more=True)
    first[Raw].load = bytes(UDP(sport=40000, dport=443, len=136)) + bytes(56)
    pieces = list(map(ether, [first, fragment(vip, 8, True), fragment(vip, 16)]))
    outcomes = migrating.send(*pieces)
    assert len({outcome.hops for outcome in outcomes}) == 1 and len(outcomes[0].hops) == 4


@BOTH
def test_a_later_fragment_is_forwarded_whole(by_address, vip):
    piece = ether(fragment(vip))
    assert by_address.send_one(piece).frame.endswith(bytes(piece)[14:])


@BOTH
def test_a_fragment_to_an_address_of_two_tables_is_dropped(by_address, vip):
    """It is unknown which of the ports it belongs to."""
    shared = by_address.with_tables(
        table([bind(vip, "udp", 443)], backends(1, 2)),
        table([bind(vip, "udp", 53)], backends(2, 2)),
    )
    assert verdicts(shared, [fragment(vip)]) == ["drop_fragment"]


@BOTH
def test_a_fragment_to_an_address_that_a_prefix_of_another_table_covers_is_dropped(by_address, vip):
    prefix = "2001:db8:10::/64" if ":" in vip else "192.0.2.0/24"
    other = NOT_A_VIP6 if ":" in vip else NOT_A_VIP
    shared = by_address.with_tables(
        table([bind(prefix, "udp", 443)], backends(1, 2)),
        table([bind(vip, "udp", 53)], backends(2, 2)),
    )
    assert verdicts(shared, [fragment(vip), fragment(other)]) == ["drop_fragment", "forward"]


def test_many_binds_of_one_table_are_one_place(by_address):
    """The first table has TCP and UDP binds of the VIP, and one of several ports."""
    web, _ = TABLES["tables"]
    assert len([entry for entry in web["binds"] if entry["ip"] == VIP]) == 3
    assert verdicts(by_address, [fragment(VIP)]) == ["forward"]


@BOTH
def test_the_first_fragment_goes_by_its_ports_in_an_address_of_two_tables(by_address, vip):
    shared = by_address.with_tables(
        table([bind(vip, "udp", 443)], backends(1, 1)),
        table([bind(vip, "udp", 53)], backends(2, 1)),
    )
    first = [fragment(vip, 0, True) for _ in range(2)]
    first[0][Raw].load = bytes(UDP(sport=40000, dport=443)) + bytes(56)
    first[1][Raw].load = bytes(UDP(sport=40000, dport=53)) + bytes(56)
    frames = list(map(ether, first))
    assert [o.hops[0] for o in shared.send(*frames)] == ["10.0.1.1", "10.0.2.1"]


def test_an_atomic_fragment_is_a_whole_packet(director):
    """RFC 6946: a fragment header that says neither "more" nor an offset."""
    atomic = ip(CLIENT6, VIP6) / IPv6ExtHdrFragment(id=5) / UDP(sport=40000, dport=443) / Raw(
        b"query"
    )
    assert director.hops_of(ether(atomic)) == director.hops_of(ether(udp(VIP6)))


def test_a_flag_that_forbids_fragments_makes_none(director):
    assert verdicts(director, [tcp(flags="DF"), tcp(flags="evil")]) == ["forward", "forward"]


@BOTH
def test_later_fragments_of_two_clients_may_go_to_different_proxies(by_address, vip):
    clients = [f"2001:db8:99::{n:x}" if ":" in vip else f"11.0.0.{n}" for n in range(1, 60)]
    pieces = []
    for client in clients:
        piece = fragment(vip)
        piece[IPv6 if ":" in vip else IP].src = client
        pieces.append(ether(piece))
    assert len({outcome.hops[0] for outcome in by_address.send(*pieces)}) == 5


