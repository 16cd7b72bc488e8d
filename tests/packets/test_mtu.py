# SPDX-License-Identifier: BSD-3-Clause
"""Packets that do not fit the way to the proxies: forwarded, dropped, or reported to their sender."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP, IPOption_NOP
from scapy.layers.inet6 import (
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Padding, Raw
from scapy.utils import checksum as scapy_checksum

from frames import (
    BOTH,
    ROUTER_MAC,
    VIP,
    VIP6,
    backends,
    bind,
    client_of,
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

MTU = 1500
OUTER = 40  # bytes in front of the client's packet with two hops
FITS = MTU - OUTER


@pytest.fixture
def answering(director):
    return director.with_config(mtu=MTU, too_big="answer", answers_per_second=1_000_000)


@pytest.fixture
def dropping(director):
    return director.with_config(mtu=MTU, too_big="drop")


def is_summed_right(data: bytes) -> bool:
    return scapy_checksum(data) == 0


def verdicts(director, packets) -> list:
    return [outcome.verdict for outcome in director.send(*map(ether, packets))]


@pytest.mark.parametrize("build", [tcp, udp])
@BOTH
def test_a_packet_that_exactly_fits_is_forwarded_and_one_byte_more_is_not(director, vip, build):
    for policy, fate in (
        ("answer", "answer_too_big"), ("drop", "drop_mtu"), ("forward", "forward")
    ):
        configured = director.with_config(mtu=MTU, too_big=policy)
        packets = [sized(build, size, vip) for size in (FITS - 1, FITS, FITS + 1, MTU)]
        assert verdicts(configured, packets) == ["forward", "forward", fate, fate]


@BOTH
def test_size_does_not_matter_by_default(director, vip):
    small = director.with_config(mtu=576)
    assert small.verdict_of(ether(sized(tcp, 1500, vip))) == "forward"


@pytest.mark.drivers("replay", "net_pcap")
@BOTH
def test_without_an_mtu_the_ports_own_counts(director, vip):
    policy = director.with_config(too_big="drop")
    fits = policy.driver.port.mtu - OUTER
    frames = [ether(sized(tcp, fits, vip)), ether(sized(tcp, fits + 1, vip))]
    assert [o.verdict for o in policy.send(*frames)] == ["forward", "drop_mtu"]


@pytest.mark.parametrize("mtu", [576, 1280, 1319, 1320, 1321, 1400, 1800])
@BOTH
def test_any_mtu_has_its_edge_where_it_says(director, vip, mtu):
    dropping = director.with_config(mtu=mtu, too_big="drop")
    packets = [sized(tcp, mtu - OUTER, vip), sized(tcp, mtu - OUTER + 1, vip)]
    assert verdicts(dropping, packets) == ["forward", "drop_mtu"]


@BOTH
def test_a_large_mtu_has_its_edge_where_it_says(director, vip):
    dropping = director.with_config(mtu=9000, too_big="drop")
    frames = [ether(sized(udp, 8960, vip)), ether(sized(udp, 8961, vip))]
    assert [o.verdict for o in dropping.send(*frames)] == ["forward", "drop_mtu"]


@BOTH
def test_with_the_largest_mtu_only_the_length_field_counts(director, vip):
    widest = director.with_config(mtu=65535, too_big="answer")
    frames = [ether(sized(udp, 65495, vip)), ether(sized(udp, 65496, vip))]
    assert [o.verdict for o in widest.send(*frames)] == ["forward", "drop_too_big"]


@BOTH
def test_what_exceeds_the_length_field_is_dropped_for_that_first(answering, vip):
    frame = ether(sized(udp, 65496, vip))
    assert answering.verdict_of(frame) == "drop_too_big"


@BOTH
def test_every_listed_hop_takes_its_room(director, vip):
    """Four hops of a table, and twice as many with alternative fields."""
    four = dict(table([bind(vip, "tcp", 443)], backends(1, 6)), hops=4)
    for fields, outer in ((None, 48), ({"src_addr": True, "dst_addr": True}, 64)):
        changes = {"alt_hash_fields": fields} if fields else {}
        dropping = director.with_config(mtu=MTU, too_big="drop", **changes).with_tables(four)
        packets = [sized(tcp, MTU - outer, vip), sized(tcp, MTU - outer + 1, vip)]
        assert verdicts(dropping, packets) == ["forward", "drop_mtu"]


@BOTH
def test_room_is_kept_for_hops_that_are_left_out_as_repeated(director, vip):
    """Or a flow's largest packet would depend on its row."""
    alone = table([bind(vip, "tcp", 443)], backends(1, 1))
    dropping = director.with_config(mtu=MTU, too_big="drop", unique_hops=True).with_tables(alone)
    assert verdicts(dropping, [sized(tcp, n, vip) for n in (FITS, FITS + 1)]) == [
        "forward", "drop_mtu"
    ]


@BOTH
def test_tags_and_padding_are_not_part_of_the_packet(dropping, vip):
    """An MTU counts what is behind the Ethernet header."""
    tagged = ether(sized(tcp, FITS, vip), Dot1AD(vlan=5) / Dot1Q(vlan=6))
    padded = ether(sized(tcp, FITS, vip)) / Padding(bytes(100))
    assert [o.verdict for o in dropping.send(tagged, padded)] == ["forward"] * 2
    assert dropping.with_config(vlan=7).verdict_of(ether(sized(tcp, FITS, vip))) == "forward"


def test_an_ipv4_sender_is_told_what_fits(answering):
    """Fragmentation needed, from the VIP, as a router would say it (RFC 1191, RFC 1812)."""
    packet = sized(tcp, 1500, flags="DF")
    frame = Ether(answering.send_one(ether(packet)).frame)
    assert (frame.dst, frame.src, len(frame)) == (ROUTER_MAC, answering.driver.port.mac, 14 + 576)
    head, message = frame[IP], frame[ICMP]
    assert (head.src, head.dst) == (VIP, client_of(VIP))
    assert (head.tos, head.ttl, head.id, str(head.flags), head.ihl) == (0xC0, 64, 0, "DF", 5)
    assert (message.type, message.code, message.nexthopmtu) == (3, 4, FITS)
    assert bytes(message)[4:6] == bytes(2) and bytes(message)[8:] == bytes(packet)[:548]
    assert is_summed_right(bytes(head)[:20]) and is_summed_right(bytes(message))


def test_an_ipv6_sender_is_told_what_fits(answering):
    """Packet too big, from the VIP (RFC 4443, 3.2)."""
    packet = sized(tcp, 1500, VIP6)
    frame = Ether(answering.send_one(ether(packet)).frame)
    assert (frame.dst, frame.src, len(frame)) == (ROUTER_MAC, answering.driver.port.mac, 14 + 1280)
    head, message = frame[IPv6], frame[ICMPv6PacketTooBig]
    assert (head.src, head.dst) == (VIP6, client_of(VIP6))
    assert (head.tc, head.fl, head.hlim, head.plen) == (0, 0, 64, 1240)
    assert (message.code, message.mtu) == (0, FITS)
    assert bytes(message)[8:] == bytes(packet)[:1232]


@BOTH
def test_what_the_sender_is_told_fits_indeed(director, vip):
    """The next packet of exactly that size is forwarded."""
    for mtu in (1400, 1500, 1501):
        answering = director.with_config(mtu=mtu, too_big="answer")
        frame = Ether(answering.send_one(ether(sized(tcp, 1500, vip))).frame)
        told = frame[ICMPv6PacketTooBig].mtu if ":" in vip else frame[ICMP].nexthopmtu
        assert told == mtu - OUTER
        assert answering.verdict_of(ether(sized(tcp, told, vip))) == "forward"


def test_an_ipv6_sender_is_never_told_less_than_1280(director):
    """RFC 8200, 5: every link carries that much."""
    for mtu, told in ((1000, 1280), (1319, 1280), (1320, 1280), (1321, 1281)):
        answering = director.with_config(mtu=mtu, too_big="answer")
        frame = Ether(answering.send_one(ether(sized(tcp, 1500, VIP6))).frame)
        assert frame[ICMPv6PacketTooBig].mtu == told


def test_an_ipv6_packet_of_1280_bytes_that_does_not_fit_is_dropped(director):
    """Its sender could not make it smaller; what it can, it is told."""
    answering = director.with_config(mtu=1000, too_big="answer")
    packets = [sized(tcp, n, VIP6) for n in (960, 961, 1279, 1280, 1281)]
    fates = ["forward", "drop_mtu", "drop_mtu", "drop_mtu", "answer_too_big"]
    assert verdicts(answering, packets) == fates


def test_an_ipv4_sender_is_told_however_little_fits(director):
    answering = director.with_config(mtu=576, too_big="answer")
    packets = [sized(tcp, n) for n in (536, 537, 1500)]
    outcomes = answering.send(*map(ether, packets))
    assert [o.verdict for o in outcomes] == ["forward", "answer_too_big", "answer_too_big"]
    assert Ether(outcomes[1].frame)[ICMP].nexthopmtu == 536


@pytest.mark.parametrize("size", [537, 547, 548, 549, 1400])
def test_an_ipv4_answer_quotes_up_to_548_bytes(director, size):
    answering = director.with_config(mtu=576, too_big="answer")
    packet = sized(udp, size)
    message = Ether(answering.send_one(ether(packet)).frame)[ICMP]
    assert bytes(message)[8:] == bytes(packet)[: min(size, 548)]


@pytest.mark.parametrize("size", [1281, 1300, 1400])
def test_an_ipv6_answer_quotes_up_to_1232_bytes(director, size):
    answering = director.with_config(mtu=1280, too_big="answer")
    packet = sized(udp, size, VIP6)
    message = Ether(answering.send_one(ether(packet)).frame)[ICMPv6PacketTooBig]
    assert bytes(message)[8:] == bytes(packet)[:1232]


def test_an_ipv4_sender_that_would_have_it_fragmented_is_told_as_well(answering):
    """The tunnel does not fragment."""
    assert verdicts(answering, [sized(tcp, 1500), sized(tcp, 1500, flags="DF")]) == [
        "answer_too_big"
    ] * 2


@BOTH
def test_an_answer_has_the_tags_of_the_packet_and_no_padding(answering, vip):
    tags = Dot1AD(vlan=5) / Dot1Q(vlan=6)
    frame = ether(sized(tcp, 1500, vip), tags) / Padding(b"\xaa" * 30)
    for mode in ("keep", "none", 77):
        outcome = answering.with_config(vlan=mode).send_one(frame)
        assert outcome.verdict == "answer_too_big"
        assert outcome.frame[14:22] == bytes(frame)[14:22]
        assert len(outcome.frame) == 22 + (1280 if ":" in vip else 576)


def test_an_answer_quotes_options(answering):
    packet = sized(tcp, 1500, options=[IPOption_NOP()] * 40)
    message = Ether(answering.send_one(ether(packet)).frame)[ICMP]
    assert bytes(message)[8:] == bytes(packet)[:548]


@pytest.mark.parametrize(
    "extension", [IPv6ExtHdrDestOpt(), IPv6ExtHdrFragment(), IPv6ExtHdrFragment(m=1)],
    ids=["destination options", "atomic fragment", "first fragment"],
)  # fmt: skip
def test_an_answer_quotes_extension_headers(answering, extension):
    packet = ip("2001:db8:99::77", VIP6) / extension / TCP(dport=443) / Raw(bytes(1420))
    message = Ether(answering.send_one(ether(packet)).frame)[ICMPv6PacketTooBig]
    assert bytes(message)[8:] == bytes(packet)[:1232]


def test_a_first_fragment_is_answered(answering):
    first = ether(sized(udp, 1500, flags="MF"))
    assert answering.verdict_of(first) == "answer_too_big"


@BOTH
def test_a_later_fragment_is_never_answered(answering, vip):
    if ":" in vip:
        late = ip("2001:db8:99::77", VIP6) / IPv6ExtHdrFragment(nh=17, offset=9) / Raw(bytes(1440))
    else:
        late = ip("198.51.100.77", VIP, proto=17, frag=9) / Raw(bytes(1460))
    assert answering.with_config(fragments="address").verdict_of(ether(late)) == "drop_mtu"


def test_an_error_is_never_answered(answering):
    """Or errors would be about errors, without end (RFC 1122, 3.2.2)."""
    every = answering.with_config(icmp_errors="all")
    errors = [
        error(reply_to(tcp(), size=1500), kind, 4, quoted_length=1450) for kind in (3, 11, 12)
    ]
    errors += [
        error(reply_to(tcp(VIP6), size=1500), kind, quoted_length=1430) for kind in (1, 2, 3, 4)
    ]
    assert set(verdicts(every, errors)) == {"drop_mtu"}


@BOTH
def test_an_echo_request_is_answered_with_too_big(answering, vip):
    """Path MTU discovery by ping works."""
    size = 1500 - (48 if ":" in vip else 28)
    assert answering.verdict_of(ether(echo(vip, data=bytes(size)))) == "answer_too_big"


@pytest.mark.parametrize(
    "source",
    ["0.0.0.0", "0.255.255.255", "127.0.0.1", "224.0.0.0", "255.255.255.255"]
    + ["::", "::1", "ff02::1"],
)
def test_no_group_and_nobody_is_answered(answering, source):
    packet = sized(tcp, 1500, VIP6 if ":" in source else VIP)
    packet[IPv6 if ":" in source else IP].src = source
    assert answering.verdict_of(ether(packet)) == "drop_source"


@BOTH
def test_no_gateway_is_needed_to_answer(answering, vip):
    unknown = answering.without_gateway()
    packets = [sized(tcp, FITS + 1, vip), sized(tcp, FITS, vip)]
    assert verdicts(unknown, packets) == ["answer_too_big", "drop_no_gateway"]


def test_an_answer_leads_back_to_the_flow_when_a_router_repeats_it(answering):
    """What another router says about the same flow follows it to its proxy."""
    router = too_big(reply_to(tcp()))
    assert answering.hops_of(ether(router)) == answering.hops_of(ether(tcp()))


def test_a_packet_to_nobody_is_punted_whatever_its_size(answering):
    packets = [sized(tcp, 1500, "192.0.2.11"), sized(udp, 1500, "2001:db8:10::11")]
    assert set(verdicts(answering, packets)) == {"punt_no_bind"}
