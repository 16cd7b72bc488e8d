# SPDX-License-Identifier: BSD-3-Clause
"""What becomes of a mark of congestion on the outer header, RFC 6040, section 4.2."""

import pytest
from bench import CLIENT, ip, segment, stranger
from hosts import B, VIP, VIP6
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.packet import Raw

NOT_ECT, ECT1, ECT0, CE = range(4)
NAMES = ["not-ect", "ect1", "ect0", "ce"]
DSCP = 46 << 2

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
# the RFC's table: what comes out, by inner and then by outer field
TABLE = {
    NOT_ECT: {NOT_ECT: NOT_ECT, ECT0: NOT_ECT, ECT1: NOT_ECT, CE: None},
    ECT0: {NOT_ECT: ECT0, ECT0: ECT0, ECT1: ECT1, CE: CE},
    ECT1: {NOT_ECT: ECT1, ECT0: ECT1, ECT1: ECT1, CE: CE},
    CE: {NOT_ECT: CE, ECT0: CE, ECT1: CE, CE: CE},
}
EVERY = [(inner, outer) for inner in TABLE for outer in TABLE[inner]]


def marked(vip, ecn, payload=None):
    """A client's packet with a DSCP and an ECN field."""
    field = {"tc": DSCP | ecn} if vip == VIP6 else {"tos": DSCP | ecn}
    return ip(stranger(vip), vip, **field) / (payload or TCP(flags="S") / Raw(b"12345"))


@vips
def test_a_mark_of_the_outer_header_moves_as_the_rfc_says(proxy, vip):
    """The client's DSCP stays, the outer one goes; checksums are right."""
    for inner, outer in EVERY:
        comes_out, packet = TABLE[inner][outer], marked(vip, inner)
        where = f"{NAMES[inner]} in {NAMES[outer]}"
        if comes_out is None:
            assert proxy.drops(proxy.tunnel(packet, tos=outer)) == "dropped_ecn", where
        else:
            fate = proxy.accepts(packet, marked(vip, comes_out), tos=10 << 2 | outer)
            assert fate == "accepted_syn", where


@vips
def test_a_director_that_knows_no_ecn_changes_nothing(proxy, vip):
    for ecn in range(4):
        assert proxy.accepts(marked(vip, ecn), tos=0) == "accepted_syn", NAMES[ecn]


@vips
def test_a_mark_travels_on_with_a_packet_that_is_passed_on(proxy, vip):
    """Only at the end of the tunnel is it time to look, and to drop."""
    for inner, outer in EVERY:
        packet = marked(vip, inner, TCP(flags="A") / Raw(b"12345"))
        fate = proxy.forwards(packet, tos=DSCP | outer)
        assert fate == "forwarded_to_alternate", f"{NAMES[inner]} in {NAMES[outer]}"


@vips
def test_a_mark_reaches_udp_as_well(proxy, vip):
    query = UDP(sport=5353, dport=53) / Raw(b"query")
    fate = proxy.accepts(marked(vip, ECT0, query), marked(vip, CE, query), tos=CE)
    assert fate == "accepted_udp"


def test_a_mark_reaches_packets_with_options_and_extension_headers(proxy):
    def with_options(ecn):
        packet = segment(flags="S")
        packet.tos, packet.options = ecn, b"\1\1\1\1\1\1\1\0"
        return IP(bytes(packet))

    def with_extension(ecn):
        return IPv6(src=stranger(VIP6), dst=VIP6, tc=ecn) / IPv6ExtHdrDestOpt() / TCP(flags="S")

    for make in (with_options, with_extension):
        assert proxy.accepts(make(ECT0), make(CE), tos=CE) == "accepted_syn"


def test_a_client_checksum_that_is_wrong_stays_wrong(proxy):
    """The change is worked into it; nothing is repaired on the way."""
    before = IP(src=CLIENT, dst=VIP, tos=ECT0, chksum=0x1234) / TCP(flags="S")
    outcome = proxy.run(proxy.tunnel(before, (B,), tos=CE))
    assert outcome.frame[15] == CE
    assert int.from_bytes(outcome.frame[24:26], "big") == 0x1234 - 1
