# SPDX-License-Identifier: BSD-3-Clause
"""Proxies with IPv6 addresses: the outer header is IPv6 as well."""

import ipaddress

import pytest
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Padding, Raw

from frames import (
    BOTH,
    CLIENT6,
    GATEWAY_MAC,
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

SOURCE = "2001:db8:ff::d"
OUTER = 40 + 8 + 8 + 16  # with two hops
KINDS = {
    "tcp4": tcp(data=b"odd"),
    "tcp6": tcp(VIP6, data=b"odd"),
    "udp4": udp(),
    "udp6": udp(VIP6),
    "echo4": echo(),
    "echo6": echo(VIP6),
    "error4": too_big(reply_to(tcp())),
    "error6": too_big(reply_to(tcp(VIP6))),
}


def six(count: int) -> list:
    return [backend(f"2001:db8:ee::{n:x}") for n in range(1, count + 1)]


def web(count: int = 5, **more) -> dict:
    binds = [bind(vip, proto, 443) for vip in (VIP, VIP6) for proto in ("tcp", "udp")]
    return dict(table(binds, six(count)), **more)


@pytest.fixture(params=KINDS)
def packet(request):
    return KINDS[request.param].copy()


@pytest.fixture
def underlay(director):
    return director.with_config(outbound_src_ip6=SOURCE).with_tables(web())


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def test_what_a_director_has_sent_is_not_encapsulated_again(director):
    """Where backends lie behind a bind of their own, it comes back, with hops of IPv6."""
    binds = [bind("2001:db8:ee::/48", "udp", 1, 65535), bind(VIP, "tcp", 443)]
    looping = director.with_config(outbound_src_ip6=SOURCE).with_tables(table(binds, six(3)))
    packet = bytes(ether(tcp()))
    sent = looping.send_one(packet)
    assert sent.verdict == "forward"
    back = packet[:12] + sent.frame[12:]
    other = bytearray(back)
    other[37] ^= 0x02  # not from the director itself,
    other[66] ^= 0x01  # and of another private type
    assert [o.verdict for o in looping.send(back, bytes(other))] == ["drop_loop", "forward"]


def test_a_packet_is_wrapped_in_ipv6_for_the_primary_of_its_row(underlay, packet):
    """Seen with scapy's eyes: every field of the outer headers."""
    outcome = underlay.send_one(ether(packet))
    assert outcome.verdict == "forward"
    frame = Ether(outcome.frame)
    head = frame[IPv6]
    assert (frame.dst, frame.type) == (GATEWAY_MAC, 0x86DD)
    assert (head.version, head.tc, head.nh, head.hlim) == (6, 0, 17, 64)
    assert (head.src, head.dst) == (SOURCE, outcome.hops[0])
    assert (head.plen, head.fl) == (len(frame) - 54, outcome.hash >> 16 & 0xFFFFF)
    assert (frame[UDP].dport, frame[UDP].sport, frame[UDP].len) == (
        19523, outcome.source_port, head.plen
    )
    was = frame[UDP].chksum
    frame[UDP].payload = Raw(bytes(frame[UDP].payload))
    frame[UDP].chksum = None
    assert Ether(bytes(frame))[UDP].chksum == was


def test_the_hops_are_listed_as_ipv6_addresses(underlay, packet):
    """Five words of private data of type 1, one hop."""
    outcome = underlay.send_one(ether(packet))
    gue = outcome.frame[62:]
    inner_protocol = "29" if packet.version == 6 else "04"
    assert gue[:8].hex() == "05" + inner_protocol + "0000" + "0001" + "00" + "01"
    assert gue[8:24] == packed(outcome.hops[1])
    assert gue[24:] == bytes(packet)


@pytest.mark.parametrize("hops", [2, 3, 4])
def test_up_to_four_hops_of_a_row_are_listed(underlay, hops):
    outcome = underlay.with_tables(web(6, hops=hops)).send_one(ether(tcp()))
    gue = outcome.frame[62:]
    assert len(outcome.hops) == hops
    assert (gue[0], gue[7]) == (1 + 4 * (hops - 1), hops - 1)
    assert gue[8 : 8 + 16 * (hops - 1)] == b"".join(map(packed, outcome.hops[1:]))


@BOTH
def test_alternative_fields_append_ipv6_hops(underlay, vip):
    both = underlay.with_config(alt_hash_fields={"src_addr": True, "dst_addr": True})
    outcome = both.send_one(ether(tcp(vip)))
    assert len(outcome.hops) == 4 and outcome.frame[62:][7] == 3


def test_rows_do_not_depend_on_the_underlay(underlay):
    """A flow's hash and source port are the same over both."""
    four = underlay.with_tables(dict(web(), backends=backends(1, 5)))
    packets = [ether(tcp(sport=port)) for port in range(1000, 1020)]
    assert [(o.hash, o.source_port) for o in underlay.send(*packets)] == [
        (o.hash, o.source_port) for o in four.send(*packets)
    ]


def test_tables_of_both_underlays_live_side_by_side(director):
    mixed = director.with_config(outbound_src_ip6=SOURCE).with_tables(
        table([bind(VIP, "tcp", 443)], backends(1, 3)),
        table([bind(VIP6, "tcp", 443)], six(3)),
    )
    four, over_six = mixed.send(ether(tcp(VIP)), ether(tcp(VIP6)))
    assert (four.frame[12:14].hex(), over_six.frame[12:14].hex()) == ("0800", "86dd")


def test_a_director_of_ipv6_alone_needs_no_ipv4_address(director):
    config = {k: v for k, v in director.config.items() if k != "outbound_src_ip"}
    alone = type(director)(
        director.driver, {**config, "outbound_src_ip6": SOURCE}, {"tables": [web()]}
    )
    assert alone.verdict_of(ether(tcp())) == "forward"


@pytest.mark.parametrize("fl", [0, 0x12345, 0xFFFFF])
def test_the_flow_label_is_the_flows_not_the_packets(underlay, fl):
    """RFC 6438: routers between director and proxies spread tunnels by it."""
    outcome = underlay.send_one(ether(tcp(VIP6, fl=fl)))
    assert Ether(outcome.frame)[IPv6].fl == outcome.hash >> 16 & 0xFFFFF


def test_flows_have_many_flow_labels(underlay):
    ported = underlay.with_config(hash_fields={"src_addr": True, "src_port": True})
    outcomes = ported.send(*(ether(tcp(sport=port)) for port in range(1000, 1050)))
    assert len({Ether(outcome.frame)[IPv6].fl for outcome in outcomes}) == 50


@BOTH
def test_dscp_and_ecn_are_in_the_traffic_class(underlay, vip):
    marking = {"tc": 0xB9} if ":" in vip else {"tos": 0xB9}
    packet = ether(tcp(vip, **marking))

    def traffic_class(**config) -> int:
        return Ether(underlay.with_config(**config).send_one(packet).frame)[IPv6].tc

    assert traffic_class() == 0
    assert traffic_class(outer_dscp=10) == 40
    assert traffic_class(outer_dscp="copy") == 0xB8
    assert traffic_class(outer_ecn="copy") == 1
    assert traffic_class(outer_dscp="copy", outer_ecn="copy") == 0xB9


def test_the_checksum_made_of_inner_checksums_is_the_full_one_over_ipv6(underlay, packet):
    full, inner = (
        underlay.with_config(udp_checksum=how).send_one(ether(packet)) for how in ("full", "inner")
    )
    assert full == inner


def test_there_is_no_checksum_over_ipv6_where_configured(underlay, packet):
    """A tunnel may do without (RFC 6935, RFC 6936)."""
    outcome = underlay.with_config(udp_checksum="zero").send_one(ether(packet))
    assert outcome.frame[60:62] == bytes(2)


@BOTH
def test_tags_and_padding_are_as_over_ipv4(underlay, vip):
    padded = ether(tcp(vip), Dot1AD(vlan=5) / Dot1Q(vlan=6)) / Padding(b"\xaa" * 18)
    kept = underlay.send_one(padded).frame
    assert kept[14:22] == bytes(padded)[14:20] + b"\x86\xdd" and kept.endswith(b"\xaa" * 18)
    bare = underlay.with_config(vlan="none", padding="trim").send_one(padded).frame
    assert bare == kept[:12] + kept[20:-18]
    tagged = underlay.with_config(vlan=77, padding="trim").send_one(padded).frame
    assert tagged == bare[:12] + b"\x81\x00\x00\x4d" + bare[12:]


@BOTH
def test_hops_are_listed_once_over_ipv6_where_configured(underlay, vip):
    alone = underlay.with_config(unique_hops=True).with_tables(web(1))
    outcome = alone.send_one(ether(tcp(vip)))
    assert outcome.frame[62:70].hex() == ("0129" if ":" in vip else "0104") + "000000010000"
    assert len(outcome.frame) == 14 + 40 + 8 + 8 + len(tcp(vip))


@BOTH
def test_the_longer_wrapping_takes_its_room_from_the_mtu(underlay, vip):
    for policy, fate in (("drop", "drop_mtu"), ("answer", "answer_too_big")):
        narrow = underlay.with_config(mtu=1500, too_big=policy)
        packets = [ether(sized(tcp, 1500 - OUTER, vip)), ether(sized(tcp, 1500 - OUTER + 1, vip))]
        assert [o.verdict for o in narrow.send(*packets)] == ["forward", fate]


def test_an_ipv6_sender_is_told_what_fits_the_longer_wrapping(underlay):
    narrow = underlay.with_config(mtu=1500, too_big="answer")
    frame = Ether(narrow.send_one(ether(sized(tcp, 1500, VIP6))).frame)
    assert frame[ICMPv6PacketTooBig].mtu == 1500 - OUTER


@BOTH
def test_the_mss_fits_the_longer_wrapping(underlay, vip):
    clamping = underlay.with_config(mtu=1500, clamp_mss=True)
    packet = tcp(vip)
    packet[TCP].flags, packet[TCP].options = "S", [("MSS", 9000)]
    outcome = clamping.send_one(ether(packet))
    fits = 1500 - OUTER - (60 if ":" in vip else 40)
    assert outcome.frame[-2:] == fits.to_bytes(2, "big")


@BOTH
def test_the_biggest_packet_fills_the_outer_length_over_ipv6(underlay, vip):
    frames = [ether(sized(udp, 65535 - OUTER, vip)), ether(sized(udp, 65535 - OUTER + 1, vip))]
    assert [o.verdict for o in underlay.send(*frames)] == ["forward", "drop_too_big"]


def test_five_hops_fit_in_front_of_two_tags(underlay):
    """The most there can be: 120 bytes in front of the packet."""
    full = underlay.with_tables(web(6, hops=4)).with_config(vlan=77)
    outcome = full.send_one(ether(tcp()))
    assert outcome.verdict == "forward"
    assert len(outcome.frame) == 18 + 40 + 8 + 8 + 48 + len(tcp())


def test_an_error_about_a_flow_follows_it_over_ipv6(underlay):
    every = underlay.with_config(icmp_errors="all")
    flow, *errors = every.send(
        ether(tcp(VIP6)), *(ether(error(reply_to(tcp(VIP6)), kind)) for kind in (1, 2, 3, 4))
    )
    assert {outcome.hops for outcome in errors} == {flow.hops}


def test_fragments_by_address_go_over_ipv6(underlay):
    late = ip(CLIENT6, VIP6) / IPv6ExtHdrFragment(nh=17, offset=8) / Raw(bytes(64))
    by_address = underlay.with_config(fragments="address")
    assert by_address.hops_of(ether(late)) == by_address.hops_of(ether(udp(VIP6)))


def test_states_and_health_mean_the_same_over_ipv6(underlay):
    first, second = "2001:db8:ee::1", "2001:db8:ee::2"
    drained = web(2, backends=[backend(first, "draining"), backend(second)])
    packets = [ether(tcp(sport=port)) for port in range(1000, 1010)]
    spread = underlay.with_tables(drained).with_config(hash_fields={"src_port": True})
    assert {outcome.hops for outcome in spread.send(*packets)} == {(second, first)}
