# SPDX-License-Identifier: BSD-3-Clause
"""The wrapping an operator may choose: padding, tags, DSCP and ECN, checksum, listed hops."""

import random

import pytest
from scapy.layers.inet import IP, TCP, UDP, IPOption, IPOption_NOP
from scapy.layers.inet6 import (
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Padding, Raw

from frames import (
    BOTH,
    CLIENT,
    CLIENT6,
    NOT_A_VIP,
    VIP,
    VIP6,
    backend,
    backends,
    bind,
    echo,
    error,
    ether,
    ip,
    reply_to,
    sized,
    table,
    tcp,
    too_big,
    udp,
)

KINDS = {
    "tcp4": tcp(data=b"odd"),
    "tcp6": tcp(VIP6, data=b"odd"),
    "udp4": udp(),
    "udp6": udp(VIP6),
    "echo4": echo(),
    "echo6": echo(VIP6),
    "error4": too_big(reply_to(tcp())),
    "error6": too_big(reply_to(tcp(VIP6))),
    "options": tcp(data=b"odd", options=[IPOption_NOP()] * 12),
    "hop-by-hop": ip(CLIENT6, VIP6) / IPv6ExtHdrHopByHop() / UDP(dport=443) / Raw(b"odd"),
    "routed": ip(CLIENT6, VIP6)
    / IPv6ExtHdrRouting(addresses=["2001:db8::9"], segleft=0)
    / TCP(dport=443),
    "atomic": ip(CLIENT6, VIP6) / IPv6ExtHdrFragment() / UDP(dport=443) / Raw(b"odd"),
}


@pytest.fixture(params=KINDS)
def packet(request):
    return KINDS[request.param].copy()


# --- padding ---


def test_padding_is_cut_where_configured(director, packet):
    trimming = director.with_config(padding="trim")
    bare, padded = trimming.send(ether(packet), ether(packet) / Padding(b"\xaa" * 18))
    assert padded.frame == bare.frame


def test_padding_is_kept_by_default(director, packet):
    keeping = director.with_config(padding="keep")
    padded = ether(packet) / Padding(b"\xaa" * 18)
    assert keeping.send_one(padded).frame == director.send_one(padded).frame
    assert keeping.send_one(padded).frame.endswith(b"\xaa" * 18)


def test_a_packet_without_padding_is_the_same_either_way(director, packet):
    frame = ether(packet)
    assert director.with_config(padding="trim").send_one(frame) == director.send_one(frame)


def test_a_punted_frame_keeps_its_padding(director):
    padded = ether(tcp(NOT_A_VIP)) / Padding(b"\xaa" * 18)
    outcome = director.with_config(padding="trim").send_one(padded)
    assert (outcome.verdict, outcome.frame) == ("punt_no_bind", bytes(padded))


# --- vlan ---

TAGS = {
    "untagged": None,
    "802.1Q": Dot1Q(vlan=5, prio=3),
    "802.1ad": Dot1AD(vlan=5),
    "QinQ": Dot1AD(vlan=5) / Dot1Q(vlan=6),
}


@pytest.fixture(params=TAGS)
def tags(request):
    return TAGS[request.param] and TAGS[request.param].copy()


@BOTH
def test_a_frame_leaves_without_tags_where_configured(director, vip, tags):
    bare = director.send_one(ether(tcp(vip)))
    assert director.with_config(vlan="none").send_one(ether(tcp(vip), tags)).frame == bare.frame


@pytest.mark.parametrize("vid", [1, 5, 4094])
@BOTH
def test_a_frame_leaves_with_one_tag_where_configured(director, vip, vid, tags):
    """Exactly one of 802.1Q with that VID, priority 0, whatever it came with."""
    bare = director.send_one(ether(tcp(vip))).frame
    outcome = director.with_config(vlan=vid).send_one(ether(tcp(vip), tags))
    assert outcome.frame == bare[:12] + b"\x81\x00" + vid.to_bytes(2, "big") + bare[12:]


@BOTH
def test_a_frame_keeps_its_tags_where_configured(director, vip, tags):
    frame = ether(tcp(vip), tags)
    assert director.with_config(vlan="keep").send_one(frame) == director.send_one(frame)


def test_a_punted_frame_keeps_its_tags(director, tags):
    """They are the kernel's network, not the proxies'."""
    for mode in ("none", 77):
        frame = ether(tcp(NOT_A_VIP), tags)
        assert director.with_config(vlan=mode).verdict_of(frame) == "punt_no_bind"


def test_tags_and_padding_are_independent(director, tags):
    frame = ether(tcp(), tags) / Padding(b"\xaa" * 18)
    outcome = director.with_config(vlan=77, padding="trim").send_one(frame)
    assert outcome.frame[12:18].hex() == "8100004d0800" and outcome.frame.endswith(bytes(tcp()))


# --- DSCP and ECN ---


def tos_of(outcome) -> int:
    return outcome.frame[15]


def marked(vip: str, tos: int):
    return ether(tcp(vip, tc=tos) if ":" in vip else tcp(vip, tos=tos))


@BOTH
def test_the_outer_header_is_not_marked_by_default(director, vip):
    assert {
        tos_of(o) for o in director.send(*(marked(vip, tos) for tos in (0, 1, 0xBB, 0xFF)))
    } == {0}


@pytest.mark.parametrize("dscp", [0, 1, 10, 46, 63])
@BOTH
def test_the_outer_header_has_the_dscp_configured(director, vip, dscp):
    marking = director.with_config(outer_dscp=dscp)
    assert {tos_of(o) for o in marking.send(marked(vip, 0), marked(vip, 0xFF))} == {dscp << 2}


@BOTH
def test_the_outer_header_has_the_dscp_of_the_packet_where_configured(director, vip):
    """Uniform model of RFC 2983; ECN is a matter of its own."""
    copying = director.with_config(outer_dscp="copy")
    values = [0, 3, 4, 0x28, 0xB8, 0xBB, 0xFC, 0xFF]
    outcomes = copying.send(*(marked(vip, tos) for tos in values))
    assert [tos_of(outcome) for outcome in outcomes] == [tos & 0xFC for tos in values]


@BOTH
def test_the_outer_header_has_the_ecn_of_the_packet_where_configured(director, vip):
    """Normal mode of RFC 6040: all four codepoints are copied."""
    copying = director.with_config(outer_ecn="copy")
    outcomes = copying.send(*(marked(vip, 0xB8 | ecn) for ecn in range(4)))
    assert [tos_of(outcome) for outcome in outcomes] == [0, 1, 2, 3]


@BOTH
def test_ecn_is_zero_where_configured(director, vip):
    """Compatibility mode of RFC 6040."""
    outcomes = director.with_config(outer_ecn="zero").send(*(marked(vip, ecn) for ecn in range(4)))
    assert {tos_of(outcome) for outcome in outcomes} == {0}


@BOTH
def test_dscp_and_ecn_are_chosen_independently(director, vip):
    for dscp in (46, "copy"):
        for ecn in ("zero", "copy"):
            outcome = director.with_config(outer_dscp=dscp, outer_ecn=ecn).send_one(
                marked(vip, 0x2B)
            )
            outer_dscp = 0x28 if dscp == "copy" else 46 << 2
            assert tos_of(outcome) == outer_dscp | (3 if ecn == "copy" else 0)


def test_the_packet_itself_is_not_marked(director):
    frame = marked(VIP, 0x2B)
    outcome = director.with_config(outer_dscp=46, outer_ecn="copy").send_one(frame)
    assert outcome.frame.endswith(bytes(frame)[14:])


def test_an_error_is_marked_like_itself_not_like_its_quote(director):
    complaint = too_big(reply_to(tcp(), tos=0xFF))
    complaint[IP].tos = 0x28
    assert tos_of(
        director.with_config(outer_dscp="copy", outer_ecn="copy").send_one(ether(complaint))
    ) == 0x28


# --- UDP checksum ---


def check_of(outcome) -> int:
    return int.from_bytes(outcome.frame[40:42], "big")


def both_ways(director, *packets):
    """Outcomes with the checksum summed in full, and made of the inner ones."""
    full = director.with_config(udp_checksum="full").send(*packets)
    inner = director.with_config(udp_checksum="inner").send(*packets)
    return (full, inner) if len(packets) > 1 else (full[0], inner[0])


def test_the_checksum_made_of_inner_checksums_is_the_full_one(director, packet):
    """Bit for bit, for every packet whose own checksum is right."""
    full, inner = both_ways(director, ether(packet) / Padding(b"\xaa" * 7))
    assert full == inner


def test_there_is_no_checksum_where_configured(director, packet):
    """0 says so (RFC 768); the proxies have the client's own."""
    full, none = (
        director.with_config(udp_checksum=how).send_one(ether(packet)) for how in ("full", "zero")
    )
    assert check_of(full) and not check_of(none)
    assert none.frame == full.frame[:40] + bytes(2) + full.frame[42:]


def test_a_checksum_the_device_is_to_make_is_the_full_one(director, packet):
    """Replay makes it itself; tests/devices has ports that can."""
    full, offloaded = (
        director.with_config(udp_checksum=how).send_one(ether(packet)) for how in (
            "full", "offload"
        )
    )
    assert full == offloaded


@pytest.mark.parametrize("build", [tcp, udp])
@BOTH
def test_both_ways_agree_for_every_size(director, vip, build):
    noise = random.Random(3).randbytes(130)
    packets = [ether(build(vip, data=noise[:size])) for size in range(130)]
    full, inner = both_ways(director, *packets)
    assert full == inner


@BOTH
def test_both_ways_agree_whatever_the_checksum_inside(director, vip):
    """Payloads that make the client's checksum take every edge, 0 and ffff included."""
    transport = udp(vip, data=bytes(2))
    missing = int.from_bytes(bytes(transport)[-4:-2], "big")
    words = {0, 1, missing - 1, missing, missing + 1, missing ^ 0xFFFF, 0xFFFE, 0xFFFF}
    packets = [ether(udp(vip, data=(word & 0xFFFF).to_bytes(2, "big"))) for word in words]
    full, inner = both_ways(director, *packets)
    assert full == inner


@BOTH
def test_a_datagram_without_checksum_is_summed(director, vip):
    """It may be: 0 in UDP over IPv4 means that there is none, in IPv6 tunnels do so (RFC 6935)."""
    bare = udp(vip, data=b"query")
    bare[UDP].chksum = 0
    full, inner = both_ways(director, ether(bare))
    assert full == inner


@BOTH
@pytest.mark.parametrize("more", [-1, 1, 100])
def test_a_datagram_of_another_length_than_its_packet_is_summed(director, vip, more):
    """Its checksum does not cover what is behind it, or there is nothing."""
    odd = udp(vip, data=b"query")
    odd[UDP].len = len(bytes(odd[UDP])) + more
    full, inner = both_ways(director, ether(odd))
    assert full == inner


def test_a_fragment_is_summed(director):
    """The checksum in its first piece covers all pieces."""
    first = ether(udp(data=bytes(range(64)), flags="MF"))
    full, inner = both_ways(director, first)
    assert full == inner


@pytest.mark.parametrize("body", [TCP(dport=443), UDP(dport=443)], ids=["tcp", "udp"])
def test_an_ipv6_fragment_is_summed(director, body):
    first = ip(CLIENT6, VIP6) / IPv6ExtHdrFragment(m=1) / body / Raw(bytes(range(64)))
    first = Ether(bytes(ether(first)))
    full, inner = both_ways(director, first)
    assert full == inner


def test_a_later_fragment_is_summed(director):
    late = ether(ip(CLIENT6, VIP6) / IPv6ExtHdrFragment(nh=6, offset=9) / Raw(bytes(range(64))))
    by_address = director.with_config(fragments="address")
    full, inner = both_ways(by_address, late)
    assert full == inner and full.verdict == "forward"


def test_a_packet_that_is_to_go_on_is_summed(director):
    """With a routing header on its way, the checksum is about its last address (RFC 8200, 8.1)."""
    on_its_way = ip(CLIENT6, VIP6) / IPv6ExtHdrRouting(addresses=["2001:db8::9"]) / TCP(dport=443)
    full, inner = both_ways(director, ether(on_its_way))
    assert full == inner


@pytest.mark.parametrize("kind", [131, 137], ids=["loose", "strict"])
def test_a_source_routed_packet_is_summed(director, kind):
    """With a source route on its way, the checksum is about its last address (RFC 1122)."""
    route = IPOption(bytes([kind, 7, 4, 198, 51, 100, 9, 0]))
    segment = bytes((IP(src=CLIENT, dst="198.51.100.9") / TCP(sport=40000, dport=443))[TCP])
    on_its_way = ip(CLIENT, VIP, proto=6, options=[route]) / Raw(segment)
    full, inner = both_ways(director, ether(on_its_way))
    assert full == inner


def test_a_client_checksum_that_is_wrong_is_trusted_all_the_same(director):
    """Then the outer one is wrong by as much, and the proxy drops the packet for either."""
    wrong = ether(ip(CLIENT, VIP) / TCP(sport=40000, dport=443, chksum=0xDEAD) / Raw(b"data"))
    full, inner = both_ways(director, wrong)
    assert full.frame[:40] == inner.frame[:40] and full.frame[42:] == inner.frame[42:]
    assert check_of(full) != check_of(inner)


@pytest.mark.parametrize("how", ["full", "inner"])
def test_an_outer_checksum_of_zero_is_sent_as_ffff_in_both_ways(director, how):
    def sent(sport: int) -> int:
        packets = ether(udp(sport=sport, data=b"query"))
        return check_of(director.with_config(udp_checksum=how).send_one(packets))

    assert all(sent(port) for port in (1, 40000, 65535))


def test_big_packets_have_the_same_checksum_either_way(director):
    for size in (1400, 1401, 1850):
        packet = ether(sized(tcp, size))
        full, inner = both_ways(director, packet)
        assert full == inner


# --- unique hops ---


def gue_of(outcome) -> bytes:
    return outcome.frame[42:]


@BOTH
def test_a_hop_is_listed_once_where_configured(director, vip):
    """A backend that is in both rows of a packet is one hop."""
    unique = director.with_config(unique_hops=True, alt_hash_fields={"src_addr": True})
    outcome = unique.send_one(ether(tcp(vip)))
    assert len(outcome.hops) == 2 == len(set(outcome.hops))
    assert gue_of(outcome)[:8].hex() == ("0229" if ":" in vip else "0204") + "000000000001"


@BOTH
def test_a_backend_that_is_alone_has_no_hop_behind_it(director, vip):
    alone = director.with_config(unique_hops=True).with_tables(
        table([bind(vip, "tcp", 443)], [backend("10.0.0.9")])
    )
    outcome = alone.send_one(ether(tcp(vip)))
    assert outcome.hops == ("10.0.0.9",)
    assert gue_of(outcome)[:8].hex() == ("0129" if ":" in vip else "0104") + "000000000000"
    assert outcome.frame.endswith(gue_of(outcome)[:8] + bytes(tcp(vip)))


@BOTH
def test_hops_are_repeated_by_default(director, vip):
    alone = director.with_tables(table([bind(vip, "tcp", 443)], [backend("10.0.0.9")]))
    assert alone.hops_of(ether(tcp(vip))) == ("10.0.0.9", "10.0.0.9")
    assert alone.with_config(unique_hops=False).hops_of(ether(tcp(vip))) == ("10.0.0.9", "10.0.0.9")


def test_unique_hops_keep_their_order_in_every_combination(director):
    """By two choices of fields, so that rows overlap in all ways."""
    fields = {
        "hash_fields": {"src_addr": True, "src_port": True}, "alt_hash_fields": {"src_addr": True}
    }
    three = [table([bind(VIP, "tcp", 443)], backends(1, 3))]
    packets = [ether(tcp(sport=port)) for port in range(1000, 1100)]
    repeated = director.with_config(**fields).with_tables(*three).send(*packets)
    unique = director.with_config(**fields, unique_hops=True).with_tables(*three).send(*packets)
    assert {len(outcome.hops) for outcome in unique} == {2, 3}
    assert [o.hops for o in unique] == [tuple(dict.fromkeys(o.hops)) for o in repeated]


def test_a_row_of_four_unique_hops_is_listed_whole(director):
    four = dict(table([bind(VIP, "tcp", 443)], backends(1, 4)), hops=4)
    unique = director.with_config(unique_hops=True).with_tables(four)
    assert len(set(unique.hops_of(ether(tcp())))) == 4


# --- gateway ---


def test_without_a_gateway_what_would_be_forwarded_is_dropped(director, packet):
    """Its MAC address is being looked up, without a reply so far."""
    unknown = director.without_gateway()
    assert unknown.verdict_of(ether(packet)) == "drop_no_gateway"


def test_without_a_gateway_other_fates_are_the_same(director):
    unknown = director.without_gateway(echo="drop", min_ttl=5)
    packets = [tcp(NOT_A_VIP), echo(), tcp(ttl=1), error(reply_to(tcp()), 3), tcp()]
    fates = ["punt_no_bind", "drop_echo", "drop_ttl", "punt_no_bind", "drop_no_gateway"]
    assert [o.verdict for o in unknown.send(*map(ether, packets))] == fates


@BOTH
def test_what_is_too_long_is_that_even_without_a_gateway(director, vip):
    unknown = director.without_gateway(mtu=1500, too_big="drop")
    assert unknown.verdict_of(ether(sized(tcp, 1500, vip))) == "drop_mtu"
