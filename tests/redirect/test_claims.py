# SPDX-License-Identifier: BSD-3-Clause
"""Which segments does a socket of this proxy claim, when another proxy may have their connection?"""

import socket

import pytest
from bench import (
    TCP_RECV_QUEUE, answer_to, closed_by_both, connection_of_absent, half_open, segment_of,
    sequence_number)
from hosts import VIP, VIP6
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
from scapy.packet import Raw

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
LARGE_WINDOW = 1 << 24
IPPROTO_MPTCP = 262


def moved(packet, seq=0, ack=0):
    """A segment with its numbers elsewhere in their circle."""
    packet = packet.copy()
    packet[TCP].seq = (packet[TCP].seq + seq) % 2**32
    packet[TCP].ack = (packet[TCP].ack + ack) % 2**32
    return packet


def too_big(quoted, length=None):
    """A router's complaint to the VIP that its packet does not fit; it quotes `length` bytes."""
    repeated = Raw(bytes(quoted)[:length])
    if quoted.version == 6:
        return IPv6(src="2001:db8:66::1", dst=quoted.src) / ICMPv6PacketTooBig(mtu=1400) / repeated
    return IP(src="203.0.113.66", dst=quoted.src) / ICMP(type=3, code=4, nexthopmtu=1400) / repeated


def claims(proxy, packet):
    """Is a packet kept although there is another hop to try?"""
    outcome = proxy.run(proxy.tunnel(packet))
    assert outcome.fate in ("accepted_established", "forwarded_to_alternate")
    if outcome.fate == "forwarded_to_alternate":
        assert proxy.accepts(packet, hops=()) == "accepted_last_resort"
    return outcome.fate == "accepted_established"


# --- a handshake that is not complete ------------------------------------------------------------


@vips
@pytest.mark.parametrize("flags", ["A", "PA", "FA", "RA", "R"])
def test_what_follows_our_syn_ack_is_claimed(network, proxy, vip, flags):
    """The end of the handshake, or, when that was lost, data, an end or a reset."""
    with half_open(network, proxy, vip) as (ours, _):
        ours[TCP].flags = flags
        assert claims(proxy, ours)


@vips
def test_what_acknowledges_another_syn_ack_is_not_claimed(network, proxy, vip):
    """A stranger may have sent the SYN; the connection of that client is elsewhere."""
    with half_open(network, proxy, vip) as (ours, _):
        for flags in ("A", "PA", "FA", "RA", "R", ""):
            for distance in (-1, 1, 1 << 31):
                other = moved(ours, seq=distance, ack=distance)
                other[TCP].flags = flags
                assert not claims(proxy, other), (flags, distance)


@vips
def test_data_behind_the_end_of_the_handshake_is_claimed(network, proxy, vip):
    """The segments of a first request may overtake each other; all acknowledge our SYN-ACK."""
    with half_open(network, proxy, vip) as (ours, _):
        for distance in (0, 1400, 14000):
            assert claims(proxy, moved(ours, seq=distance))


@vips
def test_an_error_is_claimed_if_it_quotes_our_syn_ack(network, proxy, vip):
    with half_open(network, proxy, vip) as (ours, _):
        syn_ack = moved(answer_to(ours), seq=-1)
        assert claims(proxy, too_big(syn_ack))
        for distance in (-1, 1, 1 << 31):
            assert not claims(proxy, too_big(moved(syn_ack, seq=distance)))
        header = 40 if vip == VIP6 else 20
        assert claims(proxy, too_big(syn_ack, header + 8))
        assert not claims(proxy, too_big(syn_ack, header + 7))


# --- a connection --------------------------------------------------------------------------------


def established(_client, _server):
    """Nothing has been said yet."""


def in_use(client, server):
    client.send(bytes(5000))
    assert len(server.recv(5000, 0x100)) == 5000  # MSG_WAITALL
    server.send(bytes(7000))
    assert len(client.recv(7000, 0x100)) == 7000


def closed_by_client(client, _server):
    client.shutdown(1)


def closed_by_server(_client, server):
    server.shutdown(1)


def window_is_full(client, server):
    """The server does not read what the client sends."""
    client.setblocking(False)
    try:
        while True:
            client.send(bytes(65536))
    except BlockingIOError:
        pass


states = pytest.mark.parametrize(
    "reach", [established, in_use, closed_by_client, closed_by_server],
    ids=lambda reach: reach.__name__)


@vips
@states
def test_a_segment_near_the_window_is_claimed(proxy, vip, reach):
    """In order, out of order, a keepalive, and again what is long acknowledged."""
    with proxy.connection(vip) as (client, server):
        reach(client, server)
        for flags in ("A", "R"):
            ours = segment_of(client, flags)
            for distance in (0, 30000, -1, -1400, -LARGE_WINDOW):
                assert claims(proxy, moved(ours, seq=distance)), (flags, distance)


@vips
@states
def test_a_segment_far_from_the_window_is_not_claimed(proxy, vip, reach):
    """It is of a later connection with the same ports, on another proxy."""
    with proxy.connection(vip) as (client, server):
        reach(client, server)
        for flags in ("A", "R"):
            ours = segment_of(client, flags)
            for distance in (1 << 24, 1 << 31, -LARGE_WINDOW - 1):
                assert not claims(proxy, moved(ours, seq=distance)), (flags, distance)


@vips
@states
def test_an_acknowledgement_of_what_was_never_sent_here_is_not_claimed(proxy, vip, reach):
    """Clients number their connections by a clock, so that a new one may begin near the old one.
    What it acknowledges are the numbers of another host."""
    with proxy.connection(vip) as (client, server):
        reach(client, server)
        ours = segment_of(client)
        for distance in (1, 1 << 20, 1 << 31, -(1 << 25)):
            assert not claims(proxy, moved(ours, ack=distance)), distance


@vips
def test_a_reset_need_not_acknowledge_anything(proxy, vip):
    with proxy.connection(vip) as (client, _):
        assert claims(proxy, moved(segment_of(client, "R"), ack=1 << 20))
        assert claims(proxy, moved(segment_of(client, "RA"), ack=1 << 20))


@vips
@pytest.mark.parametrize("number", [1, (1 << 31) - 2, (1 << 32) - 2, (1 << 32) - 30000], ids=hex)
def test_numbers_may_wrap(network, proxy, vip, number):
    with connection_of_absent(network, proxy, vip, seq=number) as (ours, _):
        for distance in (0, 1, 30000, -1, -30000, -LARGE_WINDOW):
            assert claims(proxy, moved(ours, seq=distance)), distance
        for distance in (1 << 20, 1 << 31, -LARGE_WINDOW - 1):
            assert not claims(proxy, moved(ours, seq=distance)), distance


@vips
def test_what_is_sent_may_be_acknowledged_in_any_steps(network, proxy, vip):
    with connection_of_absent(network, proxy, vip) as (ours, server):
        server.send(bytes(7000))
        for distance in (0, 1400, 7000):
            assert claims(proxy, moved(ours, ack=distance)), distance
            assert claims(proxy, too_big(moved(answer_to(ours), seq=distance))), distance
        assert not claims(proxy, moved(ours, ack=7001))


@vips
def test_a_probe_of_a_full_window_is_claimed(proxy, vip):
    with proxy.connection(vip) as (client, server):
        window_is_full(client, server)
        at = sequence_number(server, TCP_RECV_QUEUE)
        for distance in (-1, 0):
            assert claims(proxy, segment_of(client, seq=at + distance))


@vips
@states
def test_an_error_is_claimed_if_it_quotes_what_this_host_may_have_sent(proxy, vip, reach):
    with proxy.connection(vip) as (client, server):
        reach(client, server)
        last = answer_to(segment_of(client))
        for distance in (0, -1, -7000):
            assert claims(proxy, too_big(moved(last, seq=distance))), distance
        for distance in (1, 1 << 20, 1 << 31, -(1 << 25)):
            assert not claims(proxy, too_big(moved(last, seq=distance))), distance


# --- a connection that is over -------------------------------------------------------------------


# where a late segment begins, seen from the byte behind the client's last one
late = pytest.mark.parametrize("distance", [0, -1, -1400, -LARGE_WINDOW])
far = pytest.mark.parametrize("distance", [2, 1 << 20, 1 << 31, -(1 << 25)])


@vips
@late
def test_a_late_segment_of_a_connection_in_time_wait_is_claimed(proxy, vip, distance):
    """The server closed first; the client's last segments must not get a reset from elsewhere."""
    with proxy.connection(vip) as (client, server):
        last = segment_of(client, "FA")
        last[TCP].seq = (closed_by_both(client, server) + 1 + distance) % 2**32
        assert claims(proxy, last)


@vips
@far
def test_a_connection_in_time_wait_does_not_claim_its_successors_segments(proxy, vip, distance):
    """The client uses its port again, and its new connection is elsewhere."""
    with proxy.connection(vip) as (client, server):
        new = segment_of(client, "PA")
        new[TCP].seq = (closed_by_both(client, server) + 1 + distance) % 2**32
        assert not claims(proxy, new)


@vips
def test_a_connection_in_time_wait_claims_only_what_acknowledges_its_own_numbers(proxy, vip):
    with proxy.connection(vip) as (client, server):
        last = segment_of(client, "FA")
        closed_by_both(client, server)
        assert claims(proxy, moved(last, ack=1))  # the server's end
        for distance in (2, 1 << 20, 1 << 31, -(1 << 25)):
            assert not claims(proxy, moved(last, ack=distance)), distance


@vips
def test_a_connection_that_waits_for_the_clients_end_claims_its_window(proxy, vip):
    """The server has closed, the client may still send: as much as the window allows."""
    with proxy.connection(vip) as (client, server):
        server.close()
        assert client.recv(1) == b""
        for distance in (-1, 0, 30000):
            assert claims(proxy, segment_of(client, seq=sequence_number(client) + distance))
        assert not claims(proxy, segment_of(client, seq=sequence_number(client) + (1 << 24)))


# --- MPTCP ---------------------------------------------------------------------------------------


@pytest.fixture(name="mptcp", scope="module")
def fixture_mptcp():
    """The protocol of listeners that speak MPTCP (RFC 8684) to those clients that do."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).close()
    except OSError:
        pytest.skip("this kernel has no MPTCP")
    return IPPROTO_MPTCP


@vips
def test_the_handshake_of_a_listener_that_speaks_mptcp_is_like_any_other(
        network, proxy, vip, mptcp):
    with half_open(network, proxy, vip, proto=mptcp) as (ours, _):
        assert claims(proxy, ours)
        assert not claims(proxy, moved(ours, ack=1))


@vips
def test_a_connection_of_a_listener_that_speaks_mptcp_is_like_any_other(proxy, vip, mptcp):
    with proxy.connection(vip, proto=mptcp) as (client, server):
        ours = segment_of(client)
        assert claims(proxy, ours)
        assert not claims(proxy, moved(ours, ack=1 << 20))
        ours[TCP].seq = (closed_by_both(client, server) + 1) % 2**32
        assert claims(proxy, ours)
        assert not claims(proxy, moved(ours, seq=1 << 20))
