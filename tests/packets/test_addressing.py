# SPDX-License-Identifier: BSD-3-Clause
"""Which frames a director takes: those to its port's addresses. No others are forwarded."""

import pytest
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

from frames import (
    BOTH,
    DIRECTOR_MAC,
    NOT_A_VIP,
    ROUTER_MAC,
    VIP,
    VIP6,
    echo,
    ether,
    reply_to,
    tcp,
    too_big,
    udp,
)

GROUPS = ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01", "03:70:63:61:70:00"]
# others' addresses that differ from the port's in one byte, by a bit
NEIGHBOURS = [
    "00:70:63:61:70:00",
    "02:71:63:61:70:00",
    "02:70:43:61:70:00",
    "02:70:63:e1:70:00",
    "02:70:63:61:78:00",
    "02:70:63:61:70:04",  # not :01, which a second net_pcap device has
]
VRRP, VRRP6 = "00:00:5e:00:01:07", "00:00:5e:00:02:07"
KINDS = {
    "tcp": tcp(),
    "tcp6": tcp(VIP6),
    "udp": udp(),
    "echo": echo(),
    "echo6": echo(VIP6),
    "error": too_big(reply_to(tcp())),
    "unbound": tcp(NOT_A_VIP),
    "malformed": tcp(ihl=3),
    "truncated": tcp(len=1000),
    "ARP": ARP(pdst=VIP),
    "LLDP": Raw(b"lldp" * 12),
}
IP_KINDS = [kind for kind in KINDS if kind not in ("ARP", "LLDP")]


def to(mac: str, packet, tags=None):
    frame = Ether(bytes(ether(packet, tags)))
    frame.dst = mac
    return frame


@pytest.mark.parametrize("mac", NEIGHBOURS)
def test_a_frame_to_another_host_is_dropped(director, mac):
    frames = [to(mac, packet) for packet in KINDS.values()]
    frames += [to(mac, tcp(), Dot1Q(vlan=5)), to(mac, ARP(pdst=VIP), Dot1Q(vlan=5))]
    assert {o.verdict for o in director.send(*frames)} == {"drop_other_host"}


@pytest.mark.parametrize("mac", GROUPS)
@pytest.mark.parametrize("echo_way", ["forward", "answer"])
def test_an_ip_packet_to_a_group_of_stations_is_punted_as_it_came(director, mac, echo_way):
    """The kernel gets broadcasts and multicasts: the director cannot know which hosts they are for."""
    frames = [to(mac, KINDS[kind]) for kind in IP_KINDS]
    frames += [to(mac, tcp(), Dot1AD(vlan=5) / Dot1Q(vlan=6))]
    outcomes = director.with_config(echo=echo_way).send(*frames)
    assert {o.verdict for o in outcomes} == {"punt_group"}
    assert [o.frame for o in outcomes] == [bytes(frame) for frame in frames]


@pytest.mark.parametrize("mac", GROUPS)
def test_what_is_not_ip_is_punted_from_a_group_as_ever(director, mac):
    frames = [to(mac, ARP(pdst=VIP)), to(mac, ARP(pdst=VIP), Dot1Q(vlan=5)), to(mac, KINDS["LLDP"])]
    assert {o.verdict for o in director.send(*frames)} == {"punt_not_ip"}


@pytest.mark.parametrize("mac", [GROUPS[0], NEIGHBOURS[0]])
def test_a_frame_cut_in_its_ethernet_header_is_truncated_whoever_it_is_for(director, mac):
    frames = [bytes(to(mac, tcp()))[:length] for length in (1, 6, 8, 13)]
    assert {o.verdict for o in director.send(*frames)} == {"drop_truncated"}


@BOTH
def test_frames_of_other_hosts_do_not_disturb_those_among_them(director, vip):
    """At any place of a burst, also at its first."""
    macs = [DIRECTOR_MAC, NEIGHBOURS[5], GROUPS[0], DIRECTOR_MAC, DIRECTOR_MAC]
    frames = [to(macs[n % 5], tcp(vip, sport=1000 + n)) for n in range(1, 130)]
    verdicts = [o.verdict for o in director.send(*frames)]
    wanted = {0: "forward", 1: "drop_other_host", 2: "punt_group", 3: "forward", 4: "forward"}
    assert verdicts == [wanted[n % 5] for n in range(1, 130)]


@BOTH
def test_frames_to_listed_addresses_are_the_directors_own(director, vip):
    """That of a virtual router, or one that a neighbour is configured with."""
    listed = director.with_config(macs=[VRRP, VRRP6])
    macs = [VRRP6, VRRP6, DIRECTOR_MAC, VRRP, NEIGHBOURS[5], GROUPS[1]]
    frames = [to(macs[n % 6], tcp(vip, sport=1000 + n)) for n in range(100)]
    verdicts = [o.verdict for o in listed.send(*frames)]
    assert verdicts == ((["forward"] * 4 + ["drop_other_host", "punt_group"]) * 17)[:100]


@pytest.mark.parametrize("kind", KINDS)
def test_a_listed_address_takes_every_kind_of_frame(director, kind):
    frame = to(VRRP, KINDS[kind])
    verdict = director.with_config(macs=[VRRP]).verdict_of(frame)
    assert verdict == director.verdict_of(ether(KINDS[kind]))


def test_an_answer_comes_from_the_ports_own_address(director):
    request = to(VRRP, echo())
    outcome = director.with_config(macs=[VRRP], echo="answer").send_one(request)
    assert (outcome.verdict, Ether(outcome.frame).src) == ("answer_echo", DIRECTOR_MAC)
    assert Ether(outcome.frame).dst == ROUTER_MAC


@pytest.mark.drivers("replay", "net_pcap", "veth")
def test_the_addresses_of_a_port_take_the_place_of_those_for_all(director):
    """For the port that has its own; replay is none of them."""
    name = director.driver.port.name
    own = director.with_config(macs=[VRRP], ports=[{"name": name or "none", "macs": [VRRP6]}])
    none = director.with_config(macs=[VRRP], ports=[{"name": name or "none", "macs": []}])
    frames = [to(VRRP, tcp()), to(VRRP6, tcp()), ether(tcp())]
    as_general = ["forward", "drop_other_host", "forward"]
    as_own = ["drop_other_host", "forward", "forward"]
    assert [o.verdict for o in own.send(*frames)] == (as_own if name else as_general)
    verdicts = [o.verdict for o in none.send(*frames)]
    assert verdicts == (["drop_other_host", "drop_other_host", "forward"] if name else as_general)
