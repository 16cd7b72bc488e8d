# SPDX-License-Identifier: BSD-3-Clause
"""What routers between director and proxy say about encapsulated packets: clients hear of it."""

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import checksum as scapy_checksum

from frames import (
    BOTH,
    ROUTER,
    ROUTER6,
    ROUTER_MAC,
    VIP,
    VIP6,
    backend,
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
    udp,
)

OUTER = 40  # bytes of outer headers over IPv4, with two hops
OUTER6 = 72  # the same over IPv6
MTU = 1450


@pytest.fixture
def relaying(director):
    return director.with_config(
        outer_errors="relay",
        outbound_src_ip6="2001:db8:18::1",
        echo="forward",
        errors_per_second=1_000_000,
    )


def over_ipv6(director):
    """The same VIPs, with proxies that have IPv6 addresses."""
    binds = [bind(VIP, "tcp", 443), bind(VIP, "udp", 443), bind(VIP6, "tcp", 443)]
    binds.append(bind(VIP6, "udp", 443))
    return director.with_tables(table(binds, [backend(f"2001:db8:7::{n}") for n in range(1, 6)]))


def outer_of(director, packet) -> bytes:
    """The outer IP packet that a client's packet becomes."""
    outcome = director.send_one(ether(packet))
    assert outcome.verdict == "forward"
    return outcome.frame[14:]


def complaint(outer: bytes, mtu: int = MTU, quoted: int = 0, code: int = 0, **more):
    """A router's error that an outer packet does not fit, with so many bytes of it, or as usual."""
    six = outer[0] >> 4 == 6
    head = ICMPv6PacketTooBig(mtu=mtu, code=code) if six else ICMP(
        type=3, code=4, nexthopmtu=mtu
    )
    own = (IPv6 if six else IP)(outer).src
    quote = outer[: quoted or (1232 if six else 548)]
    return ip(ROUTER6 if six else ROUTER, own, **more) / head / Raw(quote)


def changed(outer: bytes, at: int, value: int) -> bytes:
    return outer[:at] + bytes([outer[at] ^ value]) + outer[at + 1 :]


def mtu_in(frame) -> int:
    message = Ether(bytes(frame))
    if ICMPv6PacketTooBig in message:
        return message[ICMPv6PacketTooBig].mtu
    return message[ICMP].nexthopmtu


def test_a_client_is_told_what_fits_behind_the_outer_headers(relaying):
    """Fragmentation needed, from the VIP, quoting the client's packet (RFC 2003, 5.1)."""
    packet = sized(tcp, 1460, flags="DF")
    outcome = relaying.send_one(ether(complaint(outer_of(relaying, packet))))
    assert outcome.verdict == "answer_outer_too_big"
    frame = Ether(outcome.frame)
    assert (frame.dst, frame.src) == (ROUTER_MAC, relaying.driver.port.mac)
    head, message = frame[IP], frame[ICMP]
    assert (head.src, head.dst) == (VIP, client_of(VIP))
    assert (message.type, message.code, message.nexthopmtu) == (3, 4, MTU - OUTER)
    assert scapy_checksum(bytes(head)[:20]) == scapy_checksum(bytes(head)[20:]) == 0
    assert outcome.frame[42:] == bytes(packet)[: 548 - OUTER]


@BOTH
@pytest.mark.parametrize("build", [tcp, udp])
def test_clients_of_both_families_are_told_over_both_families(relaying, vip, build):
    """A proxy's address may be of another family than the client's."""
    packet = sized(build, 1420, vip)
    for director, outer in ((relaying, OUTER), (over_ipv6(relaying), OUTER6)):
        frame = director.send_one(ether(complaint(outer_of(director, packet)))).frame
        head = Ether(frame)[IPv6 if ":" in vip else IP]
        assert (head.src, head.dst) == (vip, client_of(vip))
        assert mtu_in(frame) == MTU - outer
        quote_at = 14 + (48 if ":" in vip else 28)
        assert frame[quote_at:] == bytes(packet)[: len(frame) - quote_at]


@BOTH
def test_a_packet_of_the_size_that_a_client_is_told_is_as_large_as_fits(relaying, vip):
    told = mtu_in(relaying.send_one(ether(complaint(outer_of(relaying, sized(tcp, 1460, vip))))).frame)
    assert len(outer_of(relaying, sized(tcp, told, vip))) == MTU


@BOTH
def test_by_default_it_is_punted_and_counted_by_a_name_of_its_own(director, vip):
    """The kernel gets it, as with the original."""
    frame = ether(complaint(outer_of(director, sized(tcp, 1460, vip))))
    outcome = director.send_one(frame)
    assert (outcome.verdict, outcome.frame) == ("punt_outer_too_big", bytes(frame))
    assert director.with_config(icmp_errors="all").verdict_of(frame) == "punt_outer_too_big"


@pytest.mark.parametrize("code, kind", [(0, 3), (1, 3), (3, 3), (13, 3), (0, 11), (0, 12)])
def test_other_errors_about_encapsulated_packets_are_only_counted(relaying, code, kind):
    """A client must not take them for a fault of the VIP."""
    outer = IP(outer_of(relaying, sized(tcp, 1000)))
    frame = ether(error(outer, kind, code, quoted_length=500))
    for config in ({}, {"icmp_errors": "all"}, {"outer_errors": "punt"}):
        assert relaying.with_config(**config).verdict_of(frame) == "punt_outer_error"


@pytest.mark.parametrize("kind", [1, 3, 4])
def test_other_errors_about_packets_to_ipv6_proxies_are_only_counted(relaying, kind):
    director = over_ipv6(relaying)
    outer = IPv6(outer_of(director, sized(tcp, 1000)))
    assert director.verdict_of(ether(error(outer, kind, 0))) == "punt_outer_error"


def test_the_code_of_a_packet_too_big_is_ignored(relaying):
    """RFC 4443, 3.2."""
    director = over_ipv6(relaying)
    frame = ether(complaint(outer_of(director, sized(tcp, 1420)), code=7))
    assert director.verdict_of(frame) == "answer_outer_too_big"


@pytest.mark.parametrize(
    "quoted, fate",
    [(28, "quote"), (39, "quote"), (40, "quote"), (60, "quote"), (79, "quote"), (80, "answer"),
     (81, "answer"), (548, "answer"), (1480, "answer")],
)  # fmt: skip
def test_the_client_s_headers_must_be_quoted(relaying, quoted, fate):
    """Some routers quote no more than 8 bytes behind the outer IP header (RFC 792)."""
    frame = ether(complaint(outer_of(relaying, sized(tcp, 1460)), quoted=quoted))
    verdict = {"quote": "punt_outer_quote", "answer": "answer_outer_too_big"}[fate]
    assert relaying.verdict_of(frame) == verdict


def test_extensions_behind_a_quote_are_no_part_of_the_client_s_packet(relaying):
    """RFC 4884: the quote ends where the message says, in words."""
    frame = ether(complaint(outer_of(relaying, sized(tcp, 1460)), quoted=128) / Raw(b"\x20" * 16))
    frame[ICMP].length = 32
    outcome = relaying.send_one(frame)
    assert outcome.verdict == "answer_outer_too_big" and len(outcome.frame) == 14 + 28 + 88
    frame[ICMP].length = 19
    del frame[ICMP].chksum
    assert relaying.verdict_of(frame) == "punt_outer_quote"


@pytest.mark.parametrize(
    "outer_length, told",
    [(1500, 1492), (1493, 1492), (1492, 1006), (1007, 1006), (1006, 508), (1800, 1492),
     (297, 296), (296, 68), (100, 68)],
)  # fmt: skip
def test_where_a_router_names_no_size_the_next_plateau_is_taken(relaying, outer_length, told):
    """RFC 1191, 7.1."""
    packet = sized(udp, outer_length - OUTER)
    outcome = relaying.send_one(ether(complaint(outer_of(relaying, packet), mtu=0)))
    fits = max(68, told - OUTER)
    assert outcome.verdict == ("answer_outer_too_big" if fits < len(packet) else "punt_outer_quote")
    if outcome.leaves:
        assert mtu_in(outcome.frame) == fits


@pytest.mark.parametrize(
    "vip, mtu, told",
    [(VIP, 1499, 1459), (VIP, 109, 69), (VIP, 108, 68), (VIP, 107, 68), (VIP, 1, 68),
     (VIP, 1500, None), (VIP, 1501, None), (VIP, 65535, None),
     (VIP6, 1499, 1459), (VIP6, 1321, 1281), (VIP6, 1320, 1280), (VIP6, 1319, 1280), (VIP6, 1, 1280),
     (VIP6, 1500, None)],
)  # fmt: skip
def test_no_client_is_told_less_than_every_link_carries_nor_what_is_no_news(
    relaying, vip, mtu, told
):
    outcome = relaying.send_one(ether(complaint(outer_of(relaying, sized(tcp, 1460, vip)), mtu)))
    if told is None:
        assert outcome.verdict == "punt_outer_quote"
    else:
        assert mtu_in(outcome.frame) == told


@pytest.mark.parametrize("mtu, told", [(0, 1280), (1, 1280), (2**31, None), (2**32 - 1, None)])
def test_a_router_of_ipv6_can_name_any_size(relaying, mtu, told):
    director = over_ipv6(relaying)
    outcome = director.send_one(ether(complaint(outer_of(director, sized(tcp, 1420, VIP6)), mtu)))
    assert (mtu_in(outcome.frame) if outcome.leaves else None) == told


def test_who_cannot_send_less_is_not_told(relaying):
    """An IPv6 client sends 1280 bytes whatever it hears (RFC 8200, 5)."""
    for size, fate in ((1280, "punt_outer_quote"), (1281, "answer_outer_too_big")):
        frame = ether(complaint(outer_of(relaying, sized(tcp, size, VIP6)), 1300))
        assert relaying.verdict_of(frame) == fate


OUTER_FIELDS = {
    "outer length": 2,
    "proxy": 19,
    "source port": 20,
    "another source port": 21,
    "UDP length": 25,
    "words of GUE": 28,
    "protocol in GUE": 29,
    "GUE flags": 31,
    "private type": 33,
    "next hop": 34,
    "hop count": 35,
    "second hop": 39,
    "version of the client's packet": 40,
    "its length": 43,
    "client": 55,
    "VIP": 59,
}


@pytest.mark.parametrize("field", OUTER_FIELDS)
def test_what_this_director_would_not_have_sent_is_not_relayed(relaying, field):
    """Otherwise anyone could make clients send small packets."""
    outer = changed(outer_of(relaying, sized(tcp, 1460)), OUTER_FIELDS[field], 1)
    assert relaying.verdict_of(ether(complaint(outer))) == "punt_outer_quote"


@pytest.mark.parametrize("at, value", [(1, 0xFF), (8, 0x3F), (10, 0xFF), (26, 0xFF), (27, 0xFF)])
def test_what_routers_and_nics_may_change_does_not_matter(relaying, at, value):
    """TOS, TTL, both checksums."""
    outer = changed(outer_of(relaying, sized(tcp, 1460)), at, value)
    assert relaying.verdict_of(ether(complaint(outer))) == "answer_outer_too_big"


def test_a_port_of_the_client_is_what_the_source_port_must_go_with(relaying):
    """Hashed or not: it is mixed into the outer source port."""
    for at in (60, 61):
        outer = changed(outer_of(relaying, sized(tcp, 1460)), at, 1)
        assert relaying.verdict_of(ether(complaint(outer))) == "punt_outer_quote"


def test_the_flow_must_be_of_a_bind_still(relaying):
    frame = ether(complaint(outer_of(relaying, sized(tcp, 1460))))
    other = relaying.with_tables(table([bind(VIP, "tcp", 80)], backends(0, 5)))
    assert other.verdict_of(frame) == "punt_outer_quote"


def test_an_error_to_another_address_or_about_another_sender_is_none_of_ours(relaying):
    outer = outer_of(relaying, sized(tcp, 1460))
    elsewhere, foreign = complaint(outer), complaint(changed(outer, 15, 1))
    elsewhere[IP].dst = "198.18.0.9"
    foreign[IP].dst = "198.18.0.1"
    port = complaint(changed(outer, 23, 1))
    frames = [ether(packet) for packet in (elsewhere, foreign, port)]
    assert [o.verdict for o in relaying.send(*frames)] == ["punt_no_bind"] * 3


def test_a_damaged_error_is_not_relayed(relaying):
    """The one that is made of it would have a right checksum."""
    frame = ether(complaint(outer_of(relaying, sized(tcp, 1460))))
    frame[ICMP].chksum = 0x1234
    assert relaying.verdict_of(frame) == "punt_outer_quote"
    six = over_ipv6(relaying)
    frame6 = bytearray(bytes(ether(complaint(outer_of(six, sized(tcp, 1420))))))
    frame6[61] ^= 1  # of the MTU
    assert six.verdict_of(bytes(frame6)) == "punt_outer_quote"


def test_what_must_not_be_answered_is_not_relayed(relaying):
    """Errors and later fragments; packets from impossible senders are never encapsulated."""
    every = relaying.with_config(icmp_errors="all", fragments="address")
    late = ip(client_of(VIP6), VIP6, nh=44) / Raw(b"\x11\x00\x00\x48" + bytes(1400))
    packets = [late, error(reply_to(tcp(), size=1400), 3, 4, quoted_length=1400)]
    for packet in packets:
        frame = ether(complaint(outer_of(every, packet)))
        assert every.verdict_of(frame) == "punt_outer_quote"
    group = ether(complaint(outer_of(every, sized(tcp, 1460))))
    group.dst = "ff:ff:ff:ff:ff:ff"
    assert every.verdict_of(group) == "punt_group"


@BOTH
def test_a_ping_that_a_proxy_would_answer_is_relayed_and_one_of_ours_is_not(relaying, vip):
    frame = ether(complaint(outer_of(relaying, echo(vip, data=bytes(1400)))))
    assert relaying.verdict_of(frame) == "answer_outer_too_big"
    for policy in ("answer", "drop", "punt"):
        assert relaying.with_config(echo=policy).verdict_of(frame) == "punt_outer_quote"


@BOTH
def test_all_lists_of_hops_are_known_again(relaying, vip):
    """Whatever is hashed, and however many hops there are."""
    every = {"src_addr": True, "dst_addr": True, "src_port": True, "dst_port": True}
    four = dict(table([bind(vip, "tcp", 443)], backends(1, 6)), hops=4)
    alone = table([bind(vip, "tcp", 443)], backends(1, 1))
    for tables, config, outer in (
        (four, {"hash_fields": every}, 48),
        (four, {"alt_hash_fields": every, "unique_hops": True}, 64),
        (alone, {"unique_hops": True}, 40),
        (alone, {"outer_dscp": 46, "outer_ecn": "copy", "udp_checksum": "zero"}, 40),
    ):
        director = relaying.with_config(**config).with_tables(tables)
        outcome = director.send_one(ether(complaint(outer_of(director, sized(tcp, 1430, vip)))))
        assert mtu_in(outcome.frame) == MTU - outer


def test_a_server_that_the_packet_itself_names_is_known_again(relaying):
    proxies = [dict(b, server_id=n) for n, b in enumerate(backends(1, 6))]
    quic = relaying.with_tables(table([dict(bind(VIP, "udp", 443), quic=True)], proxies))
    hops = set()
    for server in range(6):
        data = bytes([0x40, 0x00, 0x00, server]) + bytes(1400)
        outer = outer_of(quic, udp(data=data))
        hops.add(outer[16:20])
        assert quic.verdict_of(ether(complaint(outer))) == "answer_outer_too_big"
    assert len(hops) == 6


def test_what_is_relayed_has_the_tags_of_the_error(relaying):
    tags = Dot1AD(vlan=5) / Dot1Q(vlan=6)
    for director, packet in ((relaying, sized(tcp, 1420, VIP6)), (over_ipv6(relaying), sized(tcp, 1420))):
        frame = ether(complaint(outer_of(director, packet)), tags)
        outcome = director.send_one(frame)
        assert outcome.frame[14:20] == bytes(frame)[14:20]
        assert outcome.frame[20:22] == bytes(ether(packet))[12:14]


def test_relayed_errors_count_against_the_limit_of_errors(relaying):
    few = relaying.with_config(errors_per_second=2, too_big="answer", mtu=1500)
    frame = ether(complaint(outer_of(few, sized(tcp, 1460))))
    forged = ether(complaint(changed(outer_of(few, sized(tcp, 1460)), 20, 1)))
    frames = [forged, ether(sized(tcp, 1500)), forged, frame, frame]
    seen = [o.verdict for o in few.send(*frames, at=[1.0] * 5)]
    assert seen == ["punt_outer_quote", "answer_too_big", "punt_outer_quote", "answer_outer_too_big",
                    "drop_error_limit"]  # fmt: skip
