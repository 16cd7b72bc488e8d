# SPDX-License-Identifier: BSD-3-Clause
"""What a director may check on behalf of its proxies: header checksums and TTLs."""

import pytest
from scapy.layers.inet import IP, TCP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1AD, Dot1Q
from scapy.packet import Raw

from frames import (
    CLIENT,
    CLIENT6,
    NOT_A_VIP,
    NOT_A_VIP6,
    VIP,
    VIP6,
    echo,
    error,
    ether,
    ip,
    reply_to,
    sized,
    tcp,
    too_big,
    udp,
)

KINDS = {
    "tcp": tcp(),
    "udp": udp(),
    "echo": echo(),
    "error": too_big(reply_to(tcp())),
    "options": tcp(options=[IPOption_NOP()] * 8),
}
KINDS6 = {
    "tcp": tcp(VIP6), "udp": udp(VIP6), "echo": echo(VIP6), "error": too_big(reply_to(tcp(VIP6)))
}


@pytest.fixture(params=KINDS)
def packet(request):
    return KINDS[request.param].copy()


@pytest.fixture(params=KINDS6)
def packet6(request):
    return KINDS6[request.param].copy()


@pytest.fixture
def verifying(director):
    return director.with_config(verify_ip_checksum=True)


def damaged(packet, bit: int = 0):
    """With one bit of its header checksum turned."""
    whole = IP(bytes(packet))
    whole.chksum ^= 1 << bit
    return whole


def verdicts(director, packets) -> list:
    return [outcome.verdict for outcome in director.send(*map(ether, packets))]


def test_a_wrong_header_checksum_is_dropped_where_configured(verifying, packet):
    assert verdicts(verifying, [damaged(packet, bit) for bit in range(16)]) == [
        "drop_bad_checksum"
    ] * 16


def test_a_right_header_checksum_is_forwarded(verifying, packet):
    assert verifying.verdict_of(ether(packet)) == "forward"


def test_a_wrong_header_checksum_is_the_proxys_business_by_default(director, packet):
    assert director.verdict_of(ether(damaged(packet))) == "forward"
    assert director.with_config(verify_ip_checksum=False).verdict_of(
        ether(damaged(packet))
    ) == "forward"


def test_a_bit_turned_anywhere_in_the_header_is_noticed(verifying):
    """In what neither length nor destination depends on."""
    whole = bytes(tcp())
    frames = []
    for at in (1, 4, 5, 8, 12, 13, 14, 15):
        frames.append(IP(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]))
    assert set(verdicts(verifying, frames)) == {"drop_bad_checksum"}


def test_a_bit_turned_in_the_options_is_noticed(verifying):
    whole = bytearray(bytes(tcp(options=[IPOption_NOP()] * 8)))
    whole[24] ^= 1
    assert verifying.verdict_of(ether(IP(bytes(whole)))) == "drop_bad_checksum"


def test_a_header_checksum_of_zero_is_not_no_checksum(verifying):
    """UDP has a checksum that is not there, IPv4 has not (RFC 791)."""
    assert verifying.verdict_of(ether(tcp(chksum=0))) == "drop_bad_checksum"


def test_a_header_checksum_that_happens_to_be_zero_is_right(verifying):
    """The id makes up for the rest of the header."""
    zero = IP(bytes(tcp(id=IP(bytes(tcp(id=0))).chksum)))
    assert zero.chksum == 0
    assert verifying.verdict_of(ether(zero)) == "forward"


def test_other_checksums_are_not_looked_at(verifying):
    wrong = ip(CLIENT, VIP) / TCP(sport=40000, dport=443, chksum=0xDEAD)
    assert verifying.verdict_of(ether(wrong)) == "forward"


def test_a_packet_to_nobody_is_punted_whatever_its_checksum(verifying):
    packets = [damaged(tcp(NOT_A_VIP)), damaged(tcp(dport=444)), damaged(echo(NOT_A_VIP))]
    assert set(verdicts(verifying, packets)) == {"punt_no_bind"}


def test_ipv6_has_no_header_checksum(verifying, packet6):
    assert verifying.verdict_of(ether(packet6)) == "forward"


def test_a_header_is_summed_behind_two_tags(verifying):
    tags = Dot1AD(vlan=5) / Dot1Q(vlan=6)
    good, bad = verifying.send(ether(tcp(), tags), ether(damaged(tcp()), tags))
    assert (good.verdict, bad.verdict) == ("forward", "drop_bad_checksum")


@pytest.mark.parametrize("least", [1, 2, 64, 255])
def test_a_ttl_below_the_least_is_dropped(director, packet, least):
    picky = director.with_config(min_ttl=least)
    packets = []
    for ttl in (0, least - 1, least, 255):
        packets.append(packet.copy())
        packets[-1].ttl = ttl
    assert verdicts(picky, packets) == ["drop_ttl", "drop_ttl", "forward", "forward"]


@pytest.mark.parametrize("least", [1, 2, 64, 255])
def test_a_hop_limit_below_the_least_is_dropped(director, packet6, least):
    picky = director.with_config(min_ttl=least)
    packets = []
    for limit in (0, least - 1, least, 255):
        packets.append(packet6.copy())
        packets[-1].hlim = limit
    assert verdicts(picky, packets) == ["drop_ttl", "drop_ttl", "forward", "forward"]


def test_every_ttl_is_high_enough_by_default(director):
    packets = [tcp(ttl=0), tcp(VIP6, hlim=0)]
    assert verdicts(director, packets) == ["forward"] * 2
    assert verdicts(director.with_config(min_ttl=0), packets) == ["forward"] * 2


def test_a_packet_to_nobody_is_punted_whatever_its_ttl(director):
    """OSPF, BGP and the like live on a TTL of 1."""
    picky = director.with_config(min_ttl=255)
    packets = [
        tcp(NOT_A_VIP, ttl=1), tcp(NOT_A_VIP6, hlim=1), ip(CLIENT, "224.0.0.5", proto=89, ttl=1)
    ]
    assert set(verdicts(picky, packets)) == {"punt_no_bind"}


def test_a_ttl_is_not_changed_on_the_way(director):
    frame = ether(tcp(ttl=9))
    assert director.send_one(frame).frame.endswith(bytes(frame)[14:])


STRICT = {"verify_ip_checksum": True, "min_ttl": 10}


def test_a_checksum_is_looked_at_before_the_ttl(director):
    """With a header that is wrong, so may its TTL be."""
    strict = director.with_config(**STRICT)
    assert strict.verdict_of(ether(damaged(tcp(ttl=1)))) == "drop_bad_checksum"


def test_both_are_looked_at_before_anything_else_about_a_bound_packet(director):
    """Fragment, quote, echo policy, length: what is said about a packet presumes a good header."""
    strict = director.with_config(**STRICT, echo="drop", mtu=1500, too_big="drop")
    cut = too_big(reply_to(tcp()), quoted_length=20)
    packets = [cut, echo(), sized(tcp, 1500)]
    assert verdicts(strict, packets) == ["drop_bad_quote", "drop_echo", "drop_mtu"]
    assert verdicts(strict, map(damaged, packets)) == ["drop_bad_checksum"] * 3
    for packet in packets:
        packet.ttl = 9
    assert verdicts(strict, packets) == ["drop_ttl"] * 3


def test_both_are_looked_at_before_fragments(director):
    strict = director.with_config(**STRICT)
    late = [ip(CLIENT, VIP, frag=8, proto=17, ttl=ttl) / Raw(bytes(32)) for ttl in (9, 10)]
    frames = [ether(late[0]), ether(late[1]), ether(damaged(late[1]))]
    seen = [outcome.verdict for outcome in strict.send(*frames)]
    assert seen == ["drop_ttl", "drop_fragment", "drop_bad_checksum"]


def test_a_hop_limit_is_looked_at_before_fragments(director):
    strict = director.with_config(**STRICT)
    late = [
        IPv6(src=CLIENT6, dst=VIP6, hlim=hlim) / IPv6ExtHdrFragment(nh=17, offset=8) / Raw(
            bytes(32)
        )
        for hlim in (9, 10)
    ]
    assert verdicts(strict, late) == ["drop_ttl", "drop_fragment"]


def test_parse_failures_come_before_both(director):
    strict = director.with_config(**STRICT)
    packets = [damaged(tcp(ttl=1, len=1000)), damaged(tcp(ttl=1, ihl=4))]
    assert verdicts(strict, packets) == ["drop_truncated", "drop_bad_length"]


def test_an_echo_request_for_the_kernel_is_not_checked(director):
    """The kernel does that."""
    punting = director.with_config(**STRICT, echo="punt")
    assert verdicts(punting, [damaged(echo()), echo(ttl=1)]) == ["punt_no_bind"] * 2


def test_an_echo_request_is_checked_before_it_is_answered(director):
    answering = director.with_config(**STRICT, echo="answer")
    packets = [damaged(echo()), echo(ttl=9), echo(ttl=10)]
    assert verdicts(answering, packets) == ["drop_bad_checksum", "drop_ttl", "answer_echo"]


def test_it_is_the_header_of_the_error_that_is_checked_not_of_its_quote(director):
    """A quote's checksum is often that of a packet on its way."""
    strict = director.with_config(**STRICT, icmp_errors="all")
    about = [error(reply_to(tcp(), chksum=0xDEAD, ttl=1), kind) for kind in (3, 11)]
    assert verdicts(strict, about) == ["forward", "forward"]


NOBODY = ["0.0.0.0", "0.255.255.255", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", VIP]
NOBODY6 = ["::", "::1", "::ffff:192.0.2.1", "ff02::1", "ffff::1", VIP6]
NEXT_TO = ["1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255"]
NEXT_TO6 = ["::2", "::1:0:0:0", "100::", "fe80::1", "feff::1"]


def from_there(packet, source):
    packet.src = source
    return packet


def test_packets_from_where_nobody_can_be_are_dropped(director):
    packets = [from_there(make(), source) for source in NOBODY for make in (tcp, udp)]
    packets += [from_there(make(VIP6), source) for source in NOBODY6 for make in (tcp, udp)]
    expected = [bound.replace("forward", "drop_source") for bound in verdicts(director, [tcp(), udp()])]
    assert verdicts(director, packets) == expected * (len(NOBODY) + len(NOBODY6))
    fine = [from_there(tcp(), source) for source in NEXT_TO]
    fine += [from_there(tcp(VIP6), source) for source in NEXT_TO6]
    assert set(verdicts(director, fine)) == {"forward"}


OWN, OWN6 = "198.18.0.1", "2001:db8:18::1"
NEXT_TO_OWN = ["198.18.0.0", "198.18.0.3", "198.18.1.1", "199.18.0.1", "70.18.0.1", "198.18.128.1"]
NEXT_TO_OWN6 = ["2001:db8:18::2", "2001:db8:18:1::1", "2001:db8::1", "3001:db8:18::1", "2001:db8:18::8000:0:0:1"]


@pytest.fixture
def own_addresses(director):
    return director.with_config(outbound_src_ip=OWN, outbound_src_ip6=OWN6)


def test_packets_from_the_directors_own_addresses_are_dropped(own_addresses):
    """Proxies would drop them, too; and what they answer would come back here."""
    forged = [from_there(make(), OWN) for make in (tcp, udp)]
    forged += [from_there(make(VIP6), OWN6) for make in (tcp, udp)]
    forged += [from_there(echo(), OWN), from_there(echo(VIP6), OWN6)]
    assert verdicts(own_addresses, forged) == ["drop_source"] * 6
    fine = [from_there(tcp(), source) for source in NEXT_TO_OWN]
    fine += [from_there(tcp(VIP6), source) for source in NEXT_TO_OWN6]
    assert set(verdicts(own_addresses, fine)) == {"forward"}


def test_own_addresses_among_others_are_found(own_addresses):
    """Every place in a burst is looked at."""
    packets = [tcp(VIP6 if n % 3 == 1 else VIP, sport=1024 + n) for n in range(64)]
    for n in range(0, 64, 5):
        from_there(packets[n], OWN6 if n % 3 == 1 else OWN)
    assert verdicts(own_addresses, packets) == [
        "forward" if n % 5 else "drop_source" for n in range(64)
    ]


def test_errors_about_and_from_own_addresses_are_dropped(own_addresses):
    about = reply_to(tcp(), size=1400)
    about.dst = OWN
    sent = error(reply_to(tcp(), size=1400), 3, 4)
    sent.src = OWN
    assert verdicts(own_addresses, [error(about, 3, 4), sent]) == ["drop_source", "drop_source"]


def test_own_addresses_to_no_bind_are_punted(own_addresses):
    packets = [from_there(tcp(NOT_A_VIP), OWN), from_there(tcp(NOT_A_VIP6), OWN6)]
    assert set(verdicts(own_addresses, packets)) == {"punt_no_bind"}


def test_the_same_to_no_bind_are_punted(director):
    """Duplicate address detection comes from ::, and DHCP from 0.0.0.0."""
    packets = [from_there(tcp(NOT_A_VIP), source) for source in NOBODY]
    packets += [from_there(tcp(NOT_A_VIP6), source) for source in NOBODY6]
    assert set(verdicts(director, packets)) == {"punt_no_bind"}


def test_errors_about_and_from_nobody_are_dropped(director):
    about = reply_to(tcp(), size=1400)
    about.dst = "127.0.0.1"
    sent = error(reply_to(tcp(), size=1400), 3, 4)
    sent.src = "224.0.0.1"
    assert verdicts(director, [error(about, 3, 4), sent]) == ["drop_source", "drop_source"]
