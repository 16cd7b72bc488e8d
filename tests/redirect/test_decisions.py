# SPDX-License-Identifier: BSD-3-Clause
"""Which packets does a proxy keep, which does it pass on, and as which bytes?

Every case runs the attached program on one frame and compares the whole frame that comes out.
"""

import itertools
import random

import pytest
import wire
from bench import (
    CLIENT, PASSED, ip, own, reset_on_close, segment, segment_of, stranger)
from hosts import A, B, DIRECTOR, VIP, VIP6
from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt
from scapy.packet import Raw

ELSEWHERE = "10.9.0.13"
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


# --- kept ----------------------------------------------------------------------------------------


@vips
@pytest.mark.parametrize("flags", ["S", "SA", "SEC", "SF"])
def test_a_segment_with_syn_is_kept(proxy, vip, flags):
    """The first hop opens the connection; there is nothing to look up."""
    assert proxy.accepts(segment(vip, flags)) == "accepted_syn"


@vips
@pytest.mark.parametrize("flags", ["A", "PA", "FA", "R", ""])
def test_a_segment_of_a_connection_here_is_kept(proxy, vip, flags):
    with proxy.connection(vip) as (client, _):
        assert proxy.accepts(segment_of(client, flags)) == "accepted_established"


@vips
def test_a_connection_of_a_server_on_all_addresses_of_both_families_is_found(proxy, vip):
    with proxy.connection(vip, host="::") as (client, _):
        assert proxy.accepts(segment_of(client)) == "accepted_established"


@vips
def test_a_segment_nobody_knows_is_kept_by_the_last_hop(proxy, vip):
    """So that the client gets its reset."""
    assert proxy.accepts(segment(vip), hops=()) == "accepted_last_resort"
    assert proxy.accepts(segment(vip), hops=(ELSEWHERE, A), next_hop=2) == "accepted_last_resort"


def test_a_hop_index_beyond_the_list_means_that_no_hop_is_left(proxy):
    assert proxy.accepts(segment(), hops=(B,), next_hop=200) == "accepted_last_resort"


@pytest.mark.parametrize("hop, hop6", [
    ("0.0.0.0", "::"), ("127.0.0.1", "::1"), ("224.0.0.1", "ff02::1"),
    ("255.255.255.255", "ffff:ffff::1"), ("127.255.255.255", "::ffff:10.9.0.12")])
def test_a_hop_that_no_host_can_have_is_no_hop(proxy, hop, hop6):
    hops = (hop if proxy.underlay == 4 else hop6,)
    assert proxy.accepts(segment(), hops=hops) == "accepted_last_resort"


@pytest.mark.parametrize("hop", ["::2", "fe80::1", "::ffff:0:0:1", "2001:db8::"])
def test_a_hop_of_unicast_scope_is_one_however_odd(proxy, hop):
    if proxy.underlay == 6:
        assert proxy.forwards(segment(), hops=(hop,)) == "forwarded_to_alternate"


@vips
def test_what_is_known_here_is_not_counted_as_last_resort(proxy, vip):
    """accepted_last_resort counts packets that no hop knows, whatever the length of the list."""
    assert proxy.accepts(segment(vip, "S"), hops=()) == "accepted_syn"
    with proxy.connection(vip) as (client, _):
        assert proxy.accepts(segment_of(client), hops=()) == "accepted_established"


@vips
def test_a_segment_is_kept_when_the_next_hop_is_this_host(proxy, vip):
    assert proxy.accepts(segment(vip), hops=(A, B)) == "forwarded_to_self"


@vips
def test_udp_is_kept_by_the_first_hop(proxy, vip):
    query = ip(stranger(vip), vip) / UDP(sport=5353, dport=53) / Raw(b"query")
    assert proxy.accepts(query) == "accepted_udp"


@pytest.mark.parametrize("message", [
    IP(src=CLIENT, dst=VIP) / ICMP(type=8),
    IP(src=CLIENT, dst=VIP) / ICMP(type=0),
    IP(src=CLIENT, dst=VIP) / ICMP(type=5, code=1) / Raw(bytes(segment())[:28]),
    IPv6(src="2001:db8:99::77", dst=VIP6) / ICMPv6EchoRequest(),
    IPv6(src="2001:db8:99::77", dst=VIP6) / ICMPv6EchoReply(),
], ids=["ping", "pong", "redirect", "ping6", "pong6"])
def test_icmp_that_is_no_error_is_kept(proxy, message):
    assert proxy.accepts(message) == "accepted_icmp"


def test_a_later_fragment_is_kept(proxy):
    """It has no ports to look up."""
    fragment = IP(src=CLIENT, dst=VIP, frag=100, proto=6) / Raw(bytes(64))
    assert proxy.accepts(fragment) == "accepted_fragment"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1400])
@vips
def test_the_client_packet_comes_out_byte_for_byte(proxy, vip, size):
    payload = random.Random(size).randbytes(size)
    assert proxy.accepts(segment(vip, "S", data=payload)) == "accepted_syn"


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 30])
@vips
def test_the_hop_list_may_have_any_length(proxy, vip, count):
    """Of IPv6 addresses, seven are all that the header can announce."""
    count = min(count, 7 if proxy.underlay == 6 else 30)
    hops = [f"10.9.1.{n}" for n in range(101, count + 101)]
    assert proxy.accepts(segment(vip, "S"), hops=hops) == "accepted_syn"
    if count:
        last = proxy.forwards(segment(vip), hops=hops, next_hop=count - 1)
        assert last == "forwarded_to_alternate"


def test_client_packets_with_ip_options_are_understood(proxy):
    """Up to the longest header, for a connection and for a stranger."""
    with proxy.connection(VIP) as (client, _):
        for count in (4, 40):
            ours = segment_of(client)
            ours.options = [IPOption_NOP()] * count
            theirs = segment()
            theirs.options = [IPOption_NOP()] * count
            assert proxy.accepts(ours) == "accepted_established"
            assert proxy.forwards(theirs) == "forwarded_to_alternate"


def test_padding_behind_the_client_packet_is_no_obstacle(proxy):
    """Short frames are padded by Ethernet; the stack cuts that off by the inner length."""
    inner = segment(flags="S", data=b"")
    outcome = proxy.run(proxy.tunnel(inner) + bytes(9))
    assert (outcome.action, outcome.fate) == (PASSED, "accepted_syn")
    assert outcome.frame == proxy.frame(bytes(inner)) + bytes(9)


# --- passed on -----------------------------------------------------------------------------------


@vips
@pytest.mark.parametrize("flags", ["A", "PA", "FA", "R", ""])
@pytest.mark.parametrize("with_checksum", [True, False], ids=["checksum", "no-checksum"])
def test_a_segment_nobody_here_knows_goes_to_the_next_hop(proxy, vip, flags, with_checksum):
    """From this proxy, with one hop ticked off, both checksums right and all else as it was."""
    fate = proxy.forwards(segment(vip, flags), with_checksum=with_checksum)
    assert fate == "forwarded_to_alternate"


@vips
def test_a_segment_to_a_listening_port_is_not_enough(proxy, vip):
    """A listener that sent no SYN cookie knows nothing about the connection."""
    with proxy.proxy.listen(vip) as listener:
        unknown = segment(vip, dport=listener.getsockname()[1])
        assert proxy.forwards(unknown) == "forwarded_to_alternate"


@vips
def test_a_connection_that_was_reset_is_not_known(proxy, vip):
    with proxy.connection(vip) as (client, server):
        late = segment_of(client)
        reset_on_close(server)
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert proxy.forwards(late) == "forwarded_to_alternate"


@vips
def test_one_differing_part_of_the_tuple_makes_another_connection(proxy, vip):
    """Each address and each port counts."""
    with proxy.connection(vip) as (client, _):
        for change in ({"src": stranger(vip)}, {"sport": 1}, {"dport": 1}):
            parts = {"src": client.getsockname()[0], "sport": client.getsockname()[1],
                     "dport": client.getpeername()[1]}
            other = segment(vip, "A", **{**parts, **change})
            assert proxy.forwards(other) == "forwarded_to_alternate"
        mine = segment_of(client)
        mine.dst = own(vip)
        assert proxy.forwards(mine) == "forwarded_to_alternate"


@pytest.mark.parametrize("next_hop", range(4))
def test_the_hop_that_is_asked_is_the_one_the_index_names(proxy, next_hop):
    hops = ("10.9.1.1", "10.9.1.2", "10.9.1.3", "10.9.1.4")
    assert proxy.forwards(segment(), hops=hops, next_hop=next_hop) == "forwarded_to_alternate"


def test_checksums_are_right_for_payloads_of_any_size(proxy):
    draw = random.Random(7)
    for size in itertools.chain(range(40), draw.choices(range(1400), k=40)):
        proxy.forwards(segment(data=draw.randbytes(size)))


@pytest.mark.parametrize("next_hop, ends", [(0, (DIRECTOR, A)), (1, (A, B))], ids=["in", "out"])
def test_a_udp_checksum_of_zero_is_not_taken_or_made_for_none(proxy, next_hop, ends):
    """A sum that comes to 0 travels as 0xffff (RFC 768), on the way in and on the way out."""
    def with_data(data):
        return segment(data=data, chksum=0)

    def udp_checksum(inner):
        check_at = proxy.udp_at + 6
        return proxy.outer(proxy.gue(inner, [B], next_hop), *ends)[check_at : check_at + 2]

    tuned = with_data(udp_checksum(with_data(b"\0\0")))
    assert udp_checksum(tuned) == b"\xff\xff"
    assert proxy.forwards(tuned) == "forwarded_to_alternate"


# --- not ours ------------------------------------------------------------------------------------


def damaged_checksum(packet):
    return packet[:10] + bytes([packet[10] ^ 1]) + packet[11:]


def with_bytes(packet, at, new):
    """An IPv4 packet with some header bytes replaced and its header checksum right again."""
    packet = packet[:at] + new + packet[at + len(new):]
    header = packet[:10] + b"\0\0" + packet[12:(packet[0] & 15) * 4]
    return packet[:10] + wire.checksum(header).to_bytes(2, "big") + packet[12:]


GUE_PACKET = wire.outer(wire.gue(bytes(segment()), [B]), DIRECTOR, A)
GUE_PACKET6 = wire.outer(wire.gue(bytes(segment()), [], underlay=6), "fd09::2", "fd09::11")
WITH_OPTIONS = with_bytes(
    with_bytes(GUE_PACKET[:20] + b"\1\1\1\1" + GUE_PACKET[20:], 0, b"\x46"), 2,
    (len(GUE_PACKET) + 4).to_bytes(2, "big"))


@pytest.mark.parametrize("packet", [
    wire.outer(wire.gue(bytes(segment()), [B]), DIRECTOR, A, dport=19524),
    with_bytes(GUE_PACKET, 9, b"\x06"),
    WITH_OPTIONS,
    with_bytes(GUE_PACKET, 6, b"\x20\x00"),
    with_bytes(GUE_PACKET, 6, b"\x00\x10"),
    damaged_checksum(GUE_PACKET),
    GUE_PACKET[:27],
    wire.outer(GUE_PACKET6[48:], "fd09::2", "fd09::11", dport=19524),
    GUE_PACKET6[:6] + b"\x06" + GUE_PACKET6[7:],
    bytes(IPv6(src="fd09::2", dst="fd09::11") / IPv6ExtHdrDestOpt() / Raw(GUE_PACKET6[40:])),
    bytes(IPv6(src="fd09::2", dst="fd09::11", nh=44) / b"\x11\0\0\0\0\0\0\1" / GUE_PACKET6[40:]),
    wire.outer(GUE_PACKET6[48:], "fd09::2", "ff02::1"),
    b"\x50" + GUE_PACKET6[1:],
    GUE_PACKET6[:47],
], ids=["another-port", "another-protocol", "options", "first-fragment", "later-fragment",
        "bad-checksum", "no-udp-header", "another-port6", "another-protocol6", "extension6",
        "fragment6", "multicast6", "version-5", "no-udp-header6"])
def test_what_is_no_gue_packet_is_left_to_the_kernel(proxy, packet):
    """Untouched, uncounted, and other filters on the device still get it."""
    outcome = proxy.run(proxy.frame(packet))
    assert outcome.action == PASSED
    assert outcome.frame == proxy.frame(packet)
    assert outcome.fate is None


def test_frames_for_other_hosts_on_the_segment_are_left_alone(proxy):
    frame = wire.ether(GUE_PACKET, bytes.fromhex("02000000000d"), bytes.fromhex("0200000000ff"))
    outcome = proxy.run(frame)
    assert (outcome.action, outcome.frame, outcome.fate) == (PASSED, frame, None)


def test_arp_is_left_alone(proxy):
    frame = proxy.mac + bytes(6) + b"\x08\x06" + bytes(46)
    outcome = proxy.run(frame)
    assert (outcome.action, outcome.frame, outcome.fate) == (PASSED, frame, None)


def test_a_host_that_routes_leaves_gue_for_others_alone(proxy):
    """Packets for another proxy pass through; those for this one are still its own."""
    passing = proxy.frame(proxy.outer(proxy.gue(segment(flags="S"), [A]), DIRECTOR, B))
    host = proxy.proxy.namespace
    switches = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
    host.run("sysctl", "-qw", *(f"{switch}=1" for switch in switches))
    try:
        outcome = proxy.run(passing)
        assert (outcome.action, outcome.frame, outcome.fate) == (PASSED, passing, None)
        assert proxy.accepts(segment(flags="S")) == "accepted_syn"
        assert proxy.forwards(segment()) == "forwarded_to_alternate"
    finally:
        host.run("sysctl", "-qw", *(f"{switch}=0" for switch in switches))


# --- malformed -----------------------------------------------------------------------------------


def resized(packet, size):
    """An outer packet cut to a size, with lengths that say so."""
    if packet[0] >> 4 == 6:
        length = (size - 40).to_bytes(2, "big")
        return packet[:4] + length + packet[6:44] + length + b"\0\0" + packet[48:size]
    packet = with_bytes(packet[:size], 2, size.to_bytes(2, "big"))
    return packet[:24] + (size - 20).to_bytes(2, "big") + b"\0\0" + packet[28:]


@vips
def test_a_client_packet_cut_anywhere_is_dropped(proxy, vip):
    """Lengths of the outer headers agree with the frame; the client's packet, or GUE, is cut."""
    inner = segment(vip, "S", data=b"12345")
    whole = proxy.outer(proxy.gue(inner, [B, A]))
    inner_at = len(whole) - len(inner)
    for size in range(proxy.udp_at + 8, len(whole)):
        fate = proxy.drops(proxy.frame(resized(whole, size)))
        cut = "gue" if size < inner_at else "inner"
        assert fate == f"dropped_malformed_{cut}", size
    assert proxy.run(proxy.frame(resized(whole, len(whole)))).fate == "accepted_syn"


@vips
def test_a_frame_shorter_than_its_packet_is_dropped(proxy, vip):
    """Cut on the wire: the outer lengths announce what is not there."""
    whole = proxy.tunnel(segment(vip, "S", data=b"12345"))
    for size in range(14 + proxy.udp_at + 8, len(whole)):
        assert proxy.drops(whole[:size]) == "dropped_malformed_gue", size


WRONG_IN_GUE = [
    *((0, value) for value in range(256)),
    *((1, value) for value in (0, 1, 6, 17, 59, 255)),
    *((at, value) for at in range(2, 6) for value in (0, *(1 << bit for bit in range(8)))),
    *((7, value) for value in (0, 1, 3, 7, 8, 30, 31, 255)),
]


def test_a_header_no_director_writes_is_dropped(proxy):
    """Version, control bit, length, protocol, flags, private type and hop count are checked."""
    good = proxy.gue(segment(flags="S"), [B, A])
    for at, value in WRONG_IN_GUE:
        payload = good[:at] + bytes([value]) + good[at + 1:]
        outcome = proxy.run(proxy.frame(proxy.outer(payload)))
        wanted = "accepted_syn" if payload == good else "dropped_malformed_gue"
        assert outcome.fate == wanted, f"byte {at} is {value:#x}"


def test_a_hop_list_longer_than_the_header_can_say_is_dropped(proxy):
    """31 hops of one word, or 8 of four, and the one before wrap around in the five bits there are.
    """
    payload = proxy.gue(segment(flags="S"), [B] * (31 if proxy.underlay == 4 else 8))
    assert payload[0] == (0 if proxy.underlay == 4 else 1)
    assert proxy.drops(proxy.frame(proxy.outer(payload))) == "dropped_malformed_gue"


def test_hops_of_the_other_family_are_dropped(proxy):
    """The private type says what they are, and the outer header what they have to be."""
    for hops, underlay in (([B], 4), ([], 4), (["fd09::12"], 6), ([], 6)):
        packet = proxy.outer(wire.gue(bytes(segment(flags="S")), hops, underlay=underlay))
        kept = underlay == proxy.underlay
        fate = proxy.run(proxy.frame(packet)).fate
        assert fate == ("accepted_syn" if kept else "dropped_malformed_gue")


def with_udp_length(proxy, packet, length):
    at = proxy.udp_at + 4
    return proxy.frame(packet[:at] + length.to_bytes(2, "big") + packet[at + 2:])


@pytest.mark.parametrize("length", [0, 7, 8, 19])
def test_a_udp_length_that_ends_inside_the_headers_is_dropped(proxy, length):
    frame = with_udp_length(proxy, proxy.outer(proxy.gue(segment(flags="S"))), length)
    assert proxy.drops(frame) == "dropped_malformed_gue"


def test_a_udp_length_beyond_the_packet_is_dropped(proxy):
    packet = proxy.outer(proxy.gue(segment(flags="S")))
    frame = with_udp_length(proxy, packet, len(packet) - proxy.udp_at + 1)
    assert proxy.drops(frame + bytes(4)) == "dropped_malformed_gue"


def test_an_ip_length_that_ends_inside_its_header_is_dropped(proxy):
    packet = proxy.outer(proxy.gue(segment(flags="S")))
    if proxy.underlay == 4:
        packet = with_bytes(packet, 2, b"\0\x13")
    else:
        packet = packet[:4] + b"\0\0" + packet[6:]
    assert proxy.drops(proxy.frame(packet)) == "dropped_malformed_gue"


@pytest.mark.parametrize("inner", [
    b"\x46" + bytes(segment(flags="S", data=b""))[1:36],
    b"\x44" + bytes(segment(flags="S"))[1:],
    b"\x55" + bytes(segment(flags="S"))[1:],
    bytes(segment(flags="S"))[:2] + b"\x00\x13" + bytes(segment(flags="S"))[4:],
    bytes(segment(flags="S"))[:2] + b"\x00\x14" + bytes(segment(flags="S"))[4:],
], ids=["longer-header-than-packet", "header-under-20-bytes", "version-5",
        "shorter-than-its-header", "no-room-for-tcp"])
def test_a_client_packet_that_contradicts_itself_is_dropped(proxy, inner):
    frame = proxy.frame(proxy.outer(proxy.gue(inner, [B], proto=wire.IPV4)))
    assert proxy.drops(frame) == "dropped_malformed_inner"


@vips
def test_a_client_packet_of_the_other_family_than_announced_is_dropped(proxy, vip):
    other = wire.IPV6 if vip == VIP else wire.IPV4
    payload = proxy.gue(segment(vip, "S"), [B], proto=other)
    assert proxy.drops(proxy.frame(proxy.outer(payload))) == "dropped_malformed_inner"


@pytest.mark.parametrize("inner", [
    IP(src=CLIENT, dst=VIP, proto=132) / Raw(bytes(40)),
    IP(src=CLIENT, dst=VIP, proto=58) / Raw(bytes(40)),
    IPv6(src="2001:db8:99::77", dst=VIP6, nh=1) / Raw(bytes(40)),
    IPv6(src="2001:db8:99::77", dst=VIP6, nh=51) / Raw(bytes(40)),
    IPv6(src="2001:db8:99::77", dst=VIP6) / IPv6ExtHdrDestOpt(nh=59),
], ids=["sctp", "icmpv6-in-ipv4", "icmp-in-ipv6", "authentication-header", "nothing"])
def test_other_protocols_are_dropped(proxy, inner):
    assert proxy.drops(proxy.tunnel(inner)) == "dropped_protocol"


def test_packets_merged_by_the_device_are_dropped(proxy):
    """Behind the first GUE packet there is another one, not more of the client's packet."""
    one = proxy.gue(segment(flags="S"), [B])
    frame = proxy.frame(proxy.outer(one + one))
    assert proxy.drops(frame, gso_size=len(one)) == "dropped_merged"
    assert proxy.run(frame).fate == "accepted_syn"
