# SPDX-License-Identifier: BSD-3-Clause
"""Sources that a file names are denied: what comes from them to a VIP is dropped, and nothing else."""

from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1Q
from scapy.packet import Raw

from frames import NOT_A_VIP, NOT_A_VIP6, VIP, VIP6, echo, error, ether, reply_to, tcp, udp

DENIED = ["203.0.113.128", "203.0.113.255", "203.0.113.7", "198.51.100.96", "198.51.100.100", "198.51.100.111"]
DENIED6 = ["2001:db8:bad::", "2001:db8:bad:ffff:ffff:ffff:ffff:ffff", "2001:db8:99::bad", "4000::1", "5fff:ffff::"]
NEXT_TO = ["203.0.113.127", "203.0.114.128", "203.0.113.6", "203.0.113.8", "198.51.100.95", "198.51.100.112"]
NEXT_TO6 = ["2001:db8:bac:ffff::", "2001:db8:bae::", "2001:db8:99::bac", "2001:db8:99::bae", "3fff:ffff::", "6000::"]


@pytest.fixture
def denying(director):
    return director.with_config(deny=str(Path(__file__).parent / "deny.conf"), echo="answer")


def from_there(packet, source):
    packet.src = source
    return packet


def verdicts(director, packets):
    return [outcome.verdict for outcome in director.send(*map(ether, packets))]


def test_packets_of_denied_sources_are_dropped_and_all_others_are_not(denying):
    packets = [from_there(make(), source) for source in DENIED for make in (tcp, udp, echo)]
    packets += [from_there(make(VIP6), source) for source in DENIED6 for make in (tcp, udp, echo)]
    assert set(verdicts(denying, packets)) == {"drop_denied"}
    fine = [from_there(tcp(), source) for source in NEXT_TO] + [from_there(tcp(VIP6), source) for source in NEXT_TO6]
    assert set(verdicts(denying, fine)) == {"forward"}


def test_denied_packets_among_others_are_found(denying):
    """Every place in a burst is looked at, and the others go where they would have gone."""
    packets = [tcp(VIP6 if n % 3 == 1 else VIP, sport=1024 + n) for n in range(128)]
    for n in range(0, 128, 5):
        from_there(packets[n], DENIED6[0] if n % 3 == 1 else DENIED[0])
    assert verdicts(denying, packets) == ["forward" if n % 5 else "drop_denied" for n in range(128)]


def test_packets_that_are_read_one_by_one_are_denied_as_well(denying):
    """IP options, extension headers, fragments, and frames with tags that the others of the burst have not."""
    options = from_there(tcp(options=[IPOption_NOP()] * 8), DENIED[0])
    extension = IPv6(src=DENIED6[0], dst=VIP6) / IPv6ExtHdrDestOpt() / tcp(VIP6).payload
    later = IP(src=DENIED[0], dst=VIP, frag=8, proto=6) / Raw(b"x" * 64)
    later6 = IPv6(src=DENIED6[0], dst=VIP6) / IPv6ExtHdrFragment(offset=8, nh=6) / Raw(b"x" * 64)
    assert verdicts(denying, [options, extension, later, later6]) == ["drop_denied"] * 4
    tagged = ether(from_there(tcp(), DENIED[0]), Dot1Q(vlan=5))
    assert [one.verdict for one in denying.send(ether(tcp()), tagged)] == ["forward", "drop_denied"]


def test_an_error_is_denied_for_its_sender_and_not_for_whom_it_quotes(denying):
    sent = error(reply_to(tcp(), size=1400), 3, 4)
    quoting = error(reply_to(from_there(tcp(), DENIED[0]), size=1400), 3, 4)
    assert verdicts(denying, [from_there(sent, DENIED[0]), quoting]) == ["drop_denied", "forward"]


def test_what_is_not_for_a_vip_is_not_looked_at(denying):
    packets = [from_there(tcp(NOT_A_VIP), DENIED[0]), from_there(udp(NOT_A_VIP6), DENIED6[0])]
    packets += [from_there(tcp(dport=81), DENIED[0]), from_there(echo(NOT_A_VIP), DENIED[0])]
    assert set(verdicts(denying, packets)) == {"punt_no_bind"}


def test_the_mss_of_a_denied_syn_is_not_touched(denying):
    """A packet that is dropped is not changed: what `glbctl capture` shows is what came in."""
    syn = from_there(tcp(), DENIED[0])
    syn[TCP].flags, syn[TCP].options = "S", [("MSS", 1460)]
    assert verdicts(denying.with_config(clamp_mss=True), [syn]) == ["drop_denied"]
