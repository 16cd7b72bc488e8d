# SPDX-License-Identifier: BSD-3-Clause
"""What is not forwarded: handed to the kernel as it came, or dropped and counted."""

import pytest
from scapy.layers.inet import GRE, ICMP, IP, TCP
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

from frames import (
    CLIENT,
    CLIENT6,
    DIRECTOR_MAC,
    NOT_A_VIP,
    NOT_A_VIP6,
    ROUTER_MAC,
    VIP,
    VIP6,
    echo,
    ether,
    ip,
    reply_to,
    tcp,
    too_big,
    udp,
)

WHOLE = {
    "tcp4": ether(tcp(data=b"payload")),
    "tcp6": ether(tcp(VIP6, data=b"payload")),
    "udp4": ether(udp()),
    "udp6": ether(udp(VIP6)),
    "echo4": ether(echo()),
    "echo6": ether(echo(VIP6)),
    "error4": ether(too_big(reply_to(tcp()))),
    "error6": ether(too_big(reply_to(tcp(VIP6)), quoted_length=48)),
    "qinq": ether(tcp(), Dot1AD(vlan=5) / Dot1Q(vlan=6)),
}


@pytest.mark.parametrize(
    "frame",
    [
        Ether(dst="ff:ff:ff:ff:ff:ff", src=ROUTER_MAC) / ARP(pdst=VIP, psrc=CLIENT),
        Ether(dst="01:80:c2:00:00:0e", src=ROUTER_MAC, type=0x88CC) / Raw(b"lldp" * 10),
        Ether(dst="01:80:c2:00:00:00", src=ROUTER_MAC, type=0x0026) / Raw(bytes(46)),
        Ether(dst=DIRECTOR_MAC, src=ROUTER_MAC, type=0x1234) / Raw(bytes(tcp())),
        Ether(dst=DIRECTOR_MAC, src=ROUTER_MAC, type=0) / Raw(bytes(46)),
        ether(ARP(pdst=VIP), Dot1Q(vlan=5)),
        ether(tcp(), Dot1Q(vlan=5) / Dot1Q(vlan=6) / Dot1Q(vlan=7)),
    ],
    ids=[
        "ARP",
        "LLDP",
        "spanning tree",
        "unknown EtherType",
        "EtherType 0",
        "tagged ARP",
        "three tags",
    ],
)
def test_what_is_not_ip_is_punted_as_it_came(director, frame):
    outcome = director.send_one(frame)
    assert (outcome.verdict, outcome.frame) == ("punt_not_ip", bytes(frame))


@pytest.mark.parametrize(
    "packet",
    [
        tcp(NOT_A_VIP),
        tcp(NOT_A_VIP6),
        udp(NOT_A_VIP),
        udp(NOT_A_VIP6),
        tcp(dport=8443),
        tcp(VIP6, dport=80),
        udp(VIP6, dport=444),
        ip(CLIENT, VIP, proto=132) / Raw(bytes.fromhex("9c4001bb") + bytes(8)),
        ip(CLIENT, VIP) / GRE() / IP(),
        ip(CLIENT, VIP) / IP(src=CLIENT, dst=VIP) / TCP(dport=443),
        ip(CLIENT, "224.0.0.5", proto=89) / Raw(bytes(24)),
    ],
    ids=lambda packet: packet.summary().replace("/", "."),
)
def test_what_no_bind_matches_is_punted_as_it_came(director, packet):
    frame = ether(packet)
    outcome = director.send_one(frame)
    assert (outcome.verdict, outcome.frame) == ("punt_no_bind", bytes(frame))


def test_a_packet_that_leaves_the_vip_unmatched_keeps_its_vlan_tags(director):
    frame = ether(tcp(NOT_A_VIP), Dot1Q(vlan=5))
    outcome = director.send_one(frame)
    assert (outcome.verdict, outcome.frame) == ("punt_no_bind", bytes(frame))


@pytest.mark.parametrize("kind", WHOLE)
def test_a_frame_cut_anywhere_is_dropped(director, kind):
    """Every length from one byte to one byte less than the IP header announces."""
    whole = bytes(WHOLE[kind])
    cuts = (whole[:length] for length in range(1, len(whole)))
    outcomes = director.send(*cuts, whole)
    assert {outcome.verdict for outcome in outcomes[:-1]} == {"drop_truncated"}
    assert outcomes[-1].verdict == "forward"


def test_a_datagram_too_short_for_its_own_headers_is_dropped(director):
    """The IP lengths are right, yet end inside the transport header; padding must not stand in."""
    padding = Raw(bytes(40))
    short = [
        ip(CLIENT, VIP, proto=6, len=20 + 19) / padding,
        ip(CLIENT, VIP, proto=17, len=20 + 7) / padding,
        ip(CLIENT, VIP, proto=1, len=20 + 7) / padding,
        ip(CLIENT, VIP, proto=6, len=20) / padding,
        ip(CLIENT6, VIP6, nh=6, plen=19) / padding,
        ip(CLIENT6, VIP6, nh=17, plen=7) / padding,
        ip(CLIENT6, VIP6, nh=58, plen=7) / padding,
        ip(CLIENT6, VIP6, nh=6, plen=0) / padding,
    ]
    assert {o.verdict for o in director.send(*map(ether, short))} == {"drop_truncated"}


def test_an_error_does_not_read_its_quote_from_the_padding(director):
    error = bytes(too_big(reply_to(tcp())))
    announced = IP(error)
    announced.len, announced.chksum = 28 + 22, None
    assert director.verdict_of(ether(announced)) == "drop_bad_quote"


@pytest.mark.parametrize("version", [0, 5, 6, 15])
def test_a_version_that_contradicts_the_ethertype_is_dropped(director, version):
    assert director.verdict_of(ether(tcp(version=version))) == "drop_bad_length"


@pytest.mark.parametrize("version", [0, 4, 7])
def test_an_ipv6_version_that_contradicts_the_ethertype_is_dropped(director, version):
    assert director.verdict_of(ether(tcp(VIP6, version=version))) == "drop_bad_length"


@pytest.mark.parametrize("words", [0, 1, 4])
def test_an_ipv4_header_shorter_than_its_fixed_part_is_dropped(director, words):
    assert director.verdict_of(ether(tcp(ihl=words))) == "drop_bad_length"


@pytest.mark.parametrize("length", [0, 1, 19])
def test_a_total_length_shorter_than_the_header_is_dropped(director, length):
    assert director.verdict_of(ether(tcp(len=length))) == "drop_bad_length"


def test_a_total_length_shorter_than_a_header_with_options_is_dropped(director):
    packet = tcp(len=39, ihl=10)
    assert director.verdict_of(ether(packet)) == "drop_bad_length"


@pytest.mark.parametrize("more", [1, 100, 60000])
def test_a_length_longer_than_the_frame_is_dropped(director, more):
    packets = [tcp(len=40 + more), tcp(VIP6, plen=20 + more if more < 60000 else 60000)]
    assert {o.verdict for o in director.send(*map(ether, packets))} == {"drop_truncated"}


def test_a_damaged_packet_to_anybody_is_dropped(director):
    """Its destination does not matter if it cannot be read."""
    packets = [tcp(NOT_A_VIP, ihl=3), tcp(NOT_A_VIP, len=1000)]
    verdicts = [outcome.verdict for outcome in director.send(*map(ether, packets))]
    assert verdicts == ["drop_bad_length", "drop_truncated"]


def test_good_and_bad_frames_in_one_burst_do_not_disturb_each_other(director):
    """Verdicts and bytes are per packet, whatever surrounds it."""
    mixed = [
        ether(tcp(sport=1000 + n)) if n % 3 == 0 else
        ether(tcp(NOT_A_VIP, sport=n)) if n % 3 == 1 else
        ether(tcp(sport=n, ihl=2)) if n % 2 else
        ether(ICMP())
        for n in range(200)
    ]
    verdicts = [outcome.verdict for outcome in director.send(*mixed)]
    assert verdicts[::3] == ["forward"] * 67
