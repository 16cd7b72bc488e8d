# SPDX-License-Identifier: BSD-3-Clause
"""TCP and UDP: what is forwarded, where to, and in which wrapping."""

import random

import pytest
from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP, IPOption_Router_Alert
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Padding, Raw

from frames import CLIENT, GATEWAY_MAC, NOT_A_VIP, VIP, VIP6, ether, ip, tcp, udp

FOUR_KINDS = [tcp(VIP), tcp(VIP6), udp(VIP), udp(VIP6)]
FOUR_NAMES = ["tcp4", "tcp6", "udp4", "udp6"]


@pytest.fixture(params=FOUR_KINDS, ids=FOUR_NAMES)
def packet(request):
    return request.param.copy()


def test_a_packet_to_a_vip_is_wrapped_for_the_primary_of_its_row(director, packet):
    """Seen with scapy's eyes: gateway, source, hops, lengths and both checksums are right."""
    outcome = director.send_one(ether(packet))
    assert outcome.verdict == "forward"

    frame = Ether(outcome.frame)
    assert frame.dst == GATEWAY_MAC
    assert (frame[IP].src, frame[IP].dst) == ("198.18.0.1", outcome.hops[0])
    assert (frame[IP].ttl, str(frame[IP].flags), frame[IP].len) == (64, "DF", len(frame) - 14)
    assert (frame[UDP].dport, frame[UDP].sport) == (19523, outcome.source_port)

    gue = bytes(frame[UDP].payload)
    assert gue[:8].hex() == ("0204" if IP in packet else "0229") + "000000000001"
    assert ".".join(map(str, gue[8:12])) == outcome.hops[1]
    assert gue[12:] == bytes(packet)

    checksums = frame[IP].chksum, frame[UDP].chksum
    frame[UDP].payload = Raw(gue)
    del frame[IP].chksum, frame[UDP].chksum
    recomputed = Ether(bytes(frame))
    assert checksums == (recomputed[IP].chksum, recomputed[UDP].chksum)


def test_a_source_port_is_mixed_from_the_hash_and_the_client_port(director):
    """Ports spread one client's connections over the receive queues of a proxy."""
    outcomes = director.send(*(ether(tcp(sport=port)) for port in (40000, 40001, 40002)))
    entropy = {outcome.source_port ^ port for outcome, port in zip(outcomes, (40000, 40001, 40002))}
    assert len(entropy) == 1 and all(outcome.source_port >= 0x8000 for outcome in outcomes)


def test_all_packets_of_a_flow_have_the_same_hops(director):
    flow = [ether(tcp(data=bytes(size), ttl=ttl)) for size, ttl in ((0, 64), (1, 63), (1000, 2))]
    assert len({outcome.hops for outcome in director.send(*flow)}) == 1


def test_clients_are_spread_over_all_backends(director):
    numbers = random.Random(4).sample(range(2**24), 300)
    clients = [f"11.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in numbers]
    outcomes = director.send(*(ether(ip(client, VIP) / TCP(dport=443)) for client in clients))
    assert {outcome.hops[0] for outcome in outcomes} == {f"10.0.0.{n}" for n in (1, 2, 3, 4, 5)}
    assert len({outcome.hops for outcome in outcomes}) == 5 * 4


@pytest.mark.parametrize(
    "tags",
    [
        Dot1Q(vlan=5, prio=3),
        Dot1AD(vlan=5),
        Dot1AD(vlan=5) / Dot1Q(vlan=6),
        Dot1Q(vlan=5) / Dot1Q(vlan=6),
    ],
    ids=["802.1Q", "802.1ad", "QinQ", "802.1Q twice"],
)
def test_a_frame_keeps_the_vlan_tags_it_came_with(director, packet, tags):
    tagged = ether(packet, tags)
    outcome = director.send_one(tagged)
    assert outcome.verdict == "forward"
    assert outcome.frame[14 : 12 + len(tags)] == bytes(tagged)[14 : 12 + len(tags)]
    assert outcome.frame[12 + len(tags) : 14 + len(tags)].hex() == "0800"
    assert outcome.hops == director.hops_of(ether(packet))


@pytest.mark.parametrize(
    "options",
    [[IPOption_NOP()] * 4, [IPOption_Router_Alert()], [IPOption_NOP()] * 40],
    ids=["NOPs", "router alert", "as many as fit"],
)
@pytest.mark.parametrize("build", [tcp, udp])
def test_ipv4_options_do_not_hide_the_ports(director, build, options):
    """Options that spell another port, 01 01 01 bb, must not be read as one either."""
    assert director.hops_of(ether(build(options=options))) == director.hops_of(ether(build()))
    assert director.verdict_of(ether(build(dport=444, options=options))) == "punt_no_bind"


def test_padding_stays_behind_the_packet_and_outside_the_outer_lengths(director, packet):
    bare, padded = director.send(ether(packet), ether(packet) / Padding(b"\xaa" * 18))
    assert padded.frame == bare.frame + b"\xaa" * 18


def test_what_routers_and_hosts_judge_is_none_of_our_business(director):
    """TTL 0 and 1, DSCP and ECN, bad checksums, the reserved flag."""
    odd = [
        ether(tcp(ttl=0)),
        ether(tcp(ttl=1)),
        ether(tcp(tos=0xBB)),
        ether(tcp(chksum=0xDEAD)),
        ether(tcp(flags="evil+DF")),
        ether(IP(src=CLIENT, dst=VIP) / TCP(dport=443, chksum=0xDEAD)),
        ether(tcp(VIP6, hlim=1)),
        ether(tcp(VIP6, tc=0xBB)),
    ]
    assert {outcome.verdict for outcome in director.send(*odd)} == {"forward"}


def test_a_segment_with_tcp_options_and_any_flags_is_forwarded(director):
    options = [("MSS", 1460), ("WScale", 7)]
    segments = [
        ether(ip(CLIENT, VIP) / TCP(sport=5, dport=443, flags=flags, options=options))
        for flags in ("S", "SA", "A", "FA", "R", "")
    ]
    assert {outcome.verdict for outcome in director.send(*segments)} == {"forward"}


def test_everything_at_once(director):
    """Two tags, the longest IPv4 header, an odd number of bytes, padding."""
    packet = tcp(data=b"odd", options=[IPOption_NOP()] * 40)
    outcome = director.send_one(ether(packet, Dot1AD(vlan=7) / Dot1Q(vlan=8)) / Padding(bytes(5)))
    assert outcome.verdict == "forward"
    assert outcome.hops == director.hops_of(ether(tcp()))


def test_a_first_fragment_is_forwarded_like_the_flow_it_starts(director):
    whole = ether(udp(data=bytes(64)))
    first = ether(udp(data=bytes(64), flags="MF", id=99))
    assert director.hops_of(first) == director.hops_of(whole)


def test_a_later_fragment_to_a_vip_is_dropped(director):
    """It has no ports: whatever stands where they would be must not choose a proxy."""
    ports = bytes.fromhex("9c4001bb")
    later = [
        ether(ip(CLIENT, VIP, flags=flags, frag=8, proto=proto) / Raw(ports * 8))
        for flags in (0, "MF")
        for proto in (6, 17, 1)
    ]
    assert {outcome.verdict for outcome in director.send(*later)} == {"drop_fragment"}


def test_a_later_fragment_to_another_address_is_punted(director):
    later = ether(ip(CLIENT, NOT_A_VIP, frag=8, proto=6) / Raw(bytes(32)))
    assert director.verdict_of(later) == "punt_no_bind"
