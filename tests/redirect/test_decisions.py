# SPDX-License-Identifier: BSD-3-Clause
"""Which packets does a proxy keep, which does it pass on, and as which bytes?

Every case runs the attached program on one frame and compares the whole frame that comes out.
"""

import itertools
import random
import time

import pytest
import wire
from bench import (
    CLIENT, PASSED, Bench, half_open, ip, next_sequence_number, own, reset_on_close, segment,
    segment_of, stranger)
from hosts import A, B, DIRECTOR, VIP, VIP6
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt)
from scapy.packet import Raw

ELSEWHERE = "10.9.0.13"
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


@pytest.fixture(scope="module")
def proxy(network):
    """Proxy a, on the bench."""
    bench = Bench(network.proxies[0])
    yield bench
    bench.close()


# --- kept ----------------------------------------------------------------------------------------


@vips
@pytest.mark.parametrize("flags", ["S", "SA", "SEC", "SF"])
def test_a_segment_with_syn_is_kept(proxy, vip, flags):
    """Whoever is asked first opens the connection; there is nothing to look up."""
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


# where a late segment begins, seen from the byte behind the client's last one
late = pytest.mark.parametrize("distance", [0, -1, -1400, -(1 << 24)])
far = pytest.mark.parametrize("distance", [2, 1 << 20, 1 << 31, -(1 << 25)])


def closed_by_both(client, server):
    """Close a connection, the server first; returns the number of the client's FIN."""
    number = next_sequence_number(client)
    server.close()
    assert client.recv(1) == b""
    client.close()
    return number


@vips
@late
def test_a_late_segment_of_a_connection_in_time_wait_is_kept(proxy, vip, distance):
    """The server closed first; the client's last segments must not get a reset from elsewhere."""
    with proxy.connection(vip) as (client, server):
        last = segment_of(client, "FA")
        last[TCP].seq = (closed_by_both(client, server) + 1 + distance) % 2**32
        assert proxy.accepts(last) == "accepted_established"


@vips
@far
def test_a_connection_in_time_wait_does_not_keep_its_successors_segments(proxy, vip, distance):
    """The client uses its port again, and its new connection is elsewhere."""
    with proxy.connection(vip) as (client, server):
        new = segment_of(client, "PA")
        new[TCP].seq = (closed_by_both(client, server) + 1 + distance) % 2**32
        assert proxy.forwards(new) == "forwarded_to_alternate"
        assert proxy.accepts(new, hops=()) == "accepted_last_resort"


@vips
def test_a_connection_that_waits_for_the_clients_end_is_kept(proxy, vip):
    """The server has closed, the client may still send: as much as the window allows."""
    with proxy.connection(vip) as (client, server):
        server.close()
        assert client.recv(1) == b""
        number = next_sequence_number(client)
        for distance in (-1, 0, 30000):
            more = segment_of(client, "A", seq=number + distance)
            assert proxy.accepts(more) == "accepted_established"
        beyond = segment_of(client, "A", seq=number + (1 << 24))
        assert proxy.forwards(beyond) == "forwarded_to_alternate"


@vips
def test_a_half_open_connection_is_kept(network, proxy, vip):
    """The SYN was answered; the segment that completes the handshake belongs here."""
    with proxy.proxy.listen(vip) as listener:
        port = listener.getsockname()[1]
        source = half_open(network, proxy.proxy, vip, port, sport=40001)
        time.sleep(0.05)
        assert proxy.accepts(segment(vip, "A", source, 40001, port)) == "accepted_established"


@vips
def test_a_segment_nobody_knows_is_kept_by_the_last_hop(proxy, vip):
    """So that the client gets its reset."""
    assert proxy.accepts(segment(vip), hops=()) == "accepted_last_resort"
    assert proxy.accepts(segment(vip), hops=(ELSEWHERE, A), next_hop=2) == "accepted_last_resort"


def test_a_hop_index_beyond_the_list_means_that_no_hop_is_left(proxy):
    assert proxy.accepts(segment(), hops=(B,), next_hop=200) == "accepted_last_resort"


@pytest.mark.parametrize("hop", ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"])
def test_a_hop_that_is_no_unicast_address_is_no_hop(proxy, hop):
    assert proxy.accepts(segment(), hops=(hop,)) == "accepted_last_resort"


@vips
def test_what_is_known_here_is_not_counted_as_last_resort(proxy, vip):
    """accepted_last_resort counts what nobody knows, whatever the length of the list."""
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
    IP(src=CLIENT, dst=VIP) / ICMP(type=3, code=1) / Raw(bytes(segment())[:28]),
    IP(src=CLIENT, dst=VIP) / ICMP(type=11) / Raw(bytes(segment())[:28]),
    IPv6(src="2001:db8:99::77", dst=VIP6) / ICMPv6EchoRequest(),
    IPv6(src="2001:db8:99::77", dst=VIP6) / ICMPv6DestUnreach() / Raw(bytes(segment(VIP6))[:60]),
], ids=["ping", "pong", "unreachable", "expired", "ping6", "unreachable6"])
def test_icmp_that_is_not_about_packet_size_is_kept(proxy, message):
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


@pytest.mark.parametrize("count", [0, 1, 2, 3, 15, 30])
@vips
def test_the_hop_list_may_have_any_length(proxy, vip, count):
    hops = [f"10.9.1.{n}" for n in range(1, count + 1)]
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
        return wire.outer(wire.gue(bytes(inner), [B], next_hop), *ends)[26:28]

    tuned = with_data(udp_checksum(with_data(b"\0\0")))
    assert udp_checksum(tuned) == b"\xff\xff"
    assert proxy.forwards(tuned) == "forwarded_to_alternate"


# --- ICMP about a connection ---------------------------------------------------------------------


def too_big(quoted, length=None):
    """A router's complaint to the VIP that its packet does not fit."""
    size = length or (len(bytes(quoted)) if quoted.version == 6 else quoted.ihl * 4 + 8)
    repeated = Raw(bytes(quoted)[:size])
    if quoted.version == 6:
        return IPv6(src="2001:db8:66::1", dst=quoted.src) / ICMPv6PacketTooBig(mtu=1400) / repeated
    return IP(src="203.0.113.66", dst=quoted.src) / ICMP(type=3, code=4, nexthopmtu=1400) / repeated


def answer_to(packet):
    """What the VIP sent the client of a segment, complete with lengths."""
    tcp = TCP(sport=packet[TCP].dport, dport=packet[TCP].sport, flags="PA")
    answer = ip(packet.dst, packet.src) / tcp / Raw(bytes(1400))
    return type(answer)(bytes(answer))


@vips
def test_a_packet_too_big_is_kept_where_the_connection_is(proxy, vip):
    """The message belongs to the connection whose packet it quotes."""
    with proxy.connection(vip) as (client, _):
        assert proxy.accepts(too_big(answer_to(segment_of(client)))) == "accepted_established"


@vips
def test_a_packet_too_big_about_another_connection_goes_to_the_next_hop(proxy, vip):
    about_theirs = too_big(answer_to(segment(vip)))
    assert proxy.forwards(about_theirs) == "forwarded_to_alternate"
    assert proxy.accepts(about_theirs, hops=()) == "accepted_last_resort"


@vips
def test_a_packet_too_big_is_not_kept_by_a_connection_in_time_wait(proxy, vip):
    """The old connection sends nothing any more; its successor elsewhere might."""
    with proxy.connection(vip) as (client, server):
        about = too_big(answer_to(segment_of(client)))
        closed_by_both(client, server)
        assert proxy.forwards(about) == "forwarded_to_alternate"


@vips
def test_a_packet_too_big_never_counts_as_a_cookie(proxy, vip):
    with proxy.proxy.listen(vip) as listener:
        about_theirs = too_big(answer_to(segment(vip, dport=listener.getsockname()[1])))
        assert proxy.forwards(about_theirs) == "forwarded_to_alternate"


@vips
def test_a_packet_too_big_about_udp_is_kept_like_udp(proxy, vip):
    datagram = ip(vip, stranger(vip)) / UDP(sport=443, dport=40000) / Raw(bytes(1300))
    about = too_big(type(datagram)(bytes(datagram)))
    assert proxy.accepts(about) == "accepted_icmp"


# --- not ours ------------------------------------------------------------------------------------


def damaged_checksum(packet):
    return packet[:10] + bytes([packet[10] ^ 1]) + packet[11:]


def with_bytes(packet, at, new):
    """An IPv4 packet with some header bytes replaced and its header checksum right again."""
    packet = packet[:at] + new + packet[at + len(new):]
    header = packet[:10] + b"\0\0" + packet[12:(packet[0] & 15) * 4]
    return packet[:10] + wire.checksum(header).to_bytes(2, "big") + packet[12:]


GUE_PACKET = wire.outer(wire.gue(bytes(segment()), [B]), DIRECTOR, A)
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
    bytes(IPv6(src="fd09::2", dst="fd09::11") / UDP(sport=1, dport=19523) / Raw(GUE_PACKET[28:])),
], ids=["another-port", "another-protocol", "options", "first-fragment", "later-fragment",
        "bad-checksum", "no-udp-header", "ipv6"])
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
    passing = proxy.frame(wire.outer(wire.gue(bytes(segment(flags="S")), [A]), DIRECTOR, B))
    host = proxy.proxy.namespace
    host.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    try:
        outcome = proxy.run(passing)
        assert (outcome.action, outcome.frame, outcome.fate) == (PASSED, passing, None)
        assert proxy.accepts(segment(flags="S")) == "accepted_syn"
        assert proxy.forwards(segment()) == "forwarded_to_alternate"
    finally:
        host.run("sysctl", "-qw", "net.ipv4.ip_forward=0")


# --- malformed -----------------------------------------------------------------------------------


def resized(packet, size):
    """An outer packet cut to a size, with lengths that say so."""
    packet = with_bytes(packet[:size], 2, size.to_bytes(2, "big"))
    return packet[:24] + (size - 20).to_bytes(2, "big") + b"\0\0" + packet[28:]


@vips
def test_a_client_packet_cut_anywhere_is_dropped(proxy, vip):
    """Lengths of the outer headers agree with the frame; the client's packet, or GUE, is cut."""
    whole = wire.outer(wire.gue(bytes(segment(vip, "S", data=b"12345")), [B, A]), DIRECTOR, A)
    inner_at = 28 + 16
    for size in range(28, len(whole)):
        fate = proxy.drops(proxy.frame(resized(whole, size)))
        cut = "gue" if size < inner_at else "inner"
        assert fate == f"dropped_malformed_{cut}", size
    assert proxy.run(proxy.frame(resized(whole, len(whole)))).fate == "accepted_syn"


@vips
def test_a_frame_shorter_than_its_packet_is_dropped(proxy, vip):
    """Cut on the wire: the outer lengths announce what is not there."""
    whole = proxy.tunnel(segment(vip, "S", data=b"12345"))
    for size in range(14 + 28, len(whole)):
        assert proxy.drops(whole[:size]) == "dropped_malformed_gue", size


@pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
def test_a_quoted_packet_cut_before_its_ports_is_dropped(proxy, vip):
    quoted = answer_to(segment(vip))
    header = 40 if ":" in vip else 20
    for length in range(1, header + 4):
        frame = proxy.tunnel(too_big(quoted, length))
        assert proxy.drops(frame) == "dropped_malformed_inner", length
    assert proxy.forwards(too_big(quoted, header + 4)) == "forwarded_to_alternate"


def changed_gue(at, value):
    """GUE with one byte of the header changed, and behind it a SYN that would be kept."""
    payload = bytearray(wire.gue(bytes(segment(flags="S")), [B, A]))
    payload[at] = value
    return wire.outer(bytes(payload), DIRECTOR, A)


@pytest.mark.parametrize("at, value", [
    *((0, value) for value in range(256) if value != 3),
    *((1, value) for value in (0, 1, 6, 17, 59, 255)),
    *((at, 1 << bit) for at in range(2, 6) for bit in range(8)),
    *((7, value) for value in (0, 1, 3, 30, 31, 255)),
])
def test_a_header_no_director_writes_is_dropped(proxy, at, value):
    """Version, control bit, length, protocol, flags, private type and hop count are checked."""
    assert proxy.drops(proxy.frame(changed_gue(at, value))) == "dropped_malformed_gue"


def test_a_hop_list_longer_than_the_header_can_say_is_dropped(proxy):
    """31 hops need 32 words, which wrap to 0 in the five bits there are."""
    payload = wire.gue(bytes(segment(flags="S")), [B] * 31)
    frame = proxy.frame(wire.outer(bytes([31]) + payload[1:], DIRECTOR, A))
    assert proxy.drops(frame) == "dropped_malformed_gue"


@pytest.mark.parametrize("length", [0, 7, 8, 19])
def test_a_udp_length_that_ends_inside_the_headers_is_dropped(proxy, length):
    packet = GUE_PACKET[:24] + length.to_bytes(2, "big") + GUE_PACKET[26:]
    assert proxy.drops(proxy.frame(packet)) == "dropped_malformed_gue"


def test_a_udp_length_beyond_the_packet_is_dropped(proxy):
    packet = GUE_PACKET[:24] + (len(GUE_PACKET) - 19).to_bytes(2, "big") + GUE_PACKET[26:]
    assert proxy.drops(proxy.frame(packet) + bytes(4)) == "dropped_malformed_gue"


@pytest.mark.parametrize("inner", [
    b"\x46" + bytes(segment(flags="S", data=b""))[1:36],
    b"\x44" + bytes(segment(flags="S"))[1:],
    b"\x55" + bytes(segment(flags="S"))[1:],
    bytes(segment(flags="S"))[:2] + b"\x00\x13" + bytes(segment(flags="S"))[4:],
    bytes(segment(flags="S"))[:2] + b"\x00\x14" + bytes(segment(flags="S"))[4:],
], ids=["longer-header-than-packet", "header-under-20-bytes", "version-5",
        "shorter-than-its-header", "no-room-for-tcp"])
def test_a_client_packet_that_contradicts_itself_is_dropped(proxy, inner):
    frame = proxy.frame(wire.outer(wire.gue(inner, [B], proto=wire.IPV4), DIRECTOR, A))
    assert proxy.drops(frame) == "dropped_malformed_inner"


@vips
def test_a_client_packet_of_the_other_family_than_announced_is_dropped(proxy, vip):
    other = wire.IPV6 if vip == VIP else wire.IPV4
    payload = wire.gue(bytes(segment(vip, "S")), [B], proto=other)
    assert proxy.drops(proxy.frame(wire.outer(payload, DIRECTOR, A))) == "dropped_malformed_inner"


@pytest.mark.parametrize("inner", [
    IP(src=CLIENT, dst=VIP, proto=132) / Raw(bytes(40)),
    IP(src=CLIENT, dst=VIP, proto=58) / Raw(bytes(40)),
    IPv6(src="2001:db8:99::77", dst=VIP6, nh=1) / Raw(bytes(40)),
    IPv6(src="2001:db8:99::77", dst=VIP6) / IPv6ExtHdrDestOpt() / TCP(flags="S"),
], ids=["sctp", "icmpv6-in-ipv4", "icmp-in-ipv6", "extension-header"])
def test_other_protocols_are_dropped(proxy, inner):
    assert proxy.drops(proxy.tunnel(inner)) == "dropped_protocol"


def test_packets_merged_by_the_device_are_dropped(proxy):
    """Behind the first GUE packet there is another one, not more of the client's packet."""
    one = wire.gue(bytes(segment(flags="S")), [B])
    frame = proxy.frame(wire.outer(one + one, DIRECTOR, A))
    assert proxy.drops(frame, gso_size=len(one)) == "dropped_merged"
    assert proxy.run(frame).fate == "accepted_syn"
