# SPDX-License-Identifier: BSD-3-Clause
"""UDP services with a second chance: which packets stay, which go on, and which come back?

A packet whose flow no hop knows goes from hop to hop and returns to the first, which serves it.
"""

import contextlib
import os
import random
import shutil
import socket
import struct

import pytest
from bench import SENT, Bench, absent, ip, own, stranger
from hosts import A, B, VIP, VIP6, counted
from kernel import CHECKSUM_COMPLETE, inside
from scapy.layers.inet import IP, UDP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.packet import Raw
from test_errors import too_big
from test_translated import apply, hook

C = "10.9.0.13"  # a third proxy, which need not be there
ECHO, HTTP3, PLAIN = 7, 443, 53  # ports: of connected sockets, of QUIC, and of no second chance
SERVER_ID, ANOTHER = 21, 22
CLIENT_PORT = 40000
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
UNKNOWN, OPENING = "accepted_udp_unknown", "accepted_quic_opening"
CONNECTED, NAMED = "accepted_udp_connected", "accepted_quic_server_id"


@pytest.fixture(scope="module", autouse=True)
def services(network):
    """Both proxies give the ports above a second chance; a has a server ID."""
    listed = ",".join(f"{host}:{port}" for host in (VIP, f"[{VIP6}]")
                      for port in (ECHO, f"{HTTP3}/quic"))
    for proxy, more in zip(network.proxies, (["--server-id", str(SERVER_ID)], [])):
        proxy.redirect("attach", "eth0", "--udp", listed, *more)


@pytest.fixture(name="proxy", scope="module", params=[4, 6], ids=["over-ipv4", "over-ipv6"])
def fixture_proxy(request, network, services):  # pylint: disable=unused-argument
    with contextlib.closing(Bench(network, request.param)) as bench:
        yield bench


NOBODY = b"\x40\xff\0\0anybody?"  # as QUIC: a short header whose connection ID names no server


def datagram(vip, dport=ECHO, data=NOBODY, src=None, sport=CLIENT_PORT):
    return ip(src or absent(vip), vip) / UDP(sport=sport, dport=dport) / Raw(data)


def passes_on(proxy, inner, hops=(B,), next_hop=0, **more):
    """Run the program on a client's packet that must go to the next hop.

    The first hop leaves its address in the place of the hop that it sends the packet to.
    """
    outcome = proxy.run(proxy.tunnel(inner, hops, next_hop, **more))
    left = (A, *hops[1:]) if next_hop == 0 else hops
    expected = proxy.outer(proxy.gue(inner, left, next_hop + 1), A, hops[next_hop], **more)
    assert outcome.frame == proxy.frame(expected)
    return (outcome.action, outcome.fate) == (SENT, "forwarded_to_alternate")


def returns(proxy, inner, hops, next_hop):
    """Run the program on a client's packet that must go back to the first hop."""
    outcome = proxy.run(proxy.tunnel(inner, hops, next_hop))
    expected = proxy.outer(proxy.gue(inner, hops, len(hops) + 1), A, hops[0])
    assert outcome.frame == proxy.frame(expected)
    return (outcome.action, outcome.fate) == (SENT, "returned_to_first")


@contextlib.contextmanager
def bound(namespace, host, port):
    """A UDP socket on an address of a host; "::" serves IPv4 and IPv6."""
    with inside(namespace):
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.settimeout(60)
        yield sock


@contextlib.contextmanager
def connected(proxy, vip, port=ECHO, host=None, client=None):
    """A socket of the proxy that is connected to a client."""
    with bound(proxy.proxy.namespace, host or vip, port) as sock:
        sock.connect((client or absent(vip), CLIENT_PORT))
        yield sock


# --- whose it is ---------------------------------------------------------------------------------


@vips
@pytest.mark.parametrize("port", [ECHO, HTTP3])
def test_a_datagram_for_a_connected_socket_is_kept(proxy, vip, port):
    with connected(proxy, vip, port):
        for hops, next_hop in ((B,), 0), ((B,), 1), ((A, B), 0), ((), 0):
            assert proxy.accepts(datagram(vip, port), hops=hops, next_hop=next_hop) == CONNECTED


def test_a_socket_of_both_families_may_be_connected_to_an_ipv4_client(proxy):
    with connected(proxy, VIP, host=f"::ffff:{VIP}", client=f"::ffff:{absent(VIP)}"):
        assert proxy.accepts(datagram(VIP)) == CONNECTED


@vips
@pytest.mark.parametrize("host", [None, "::"])
def test_a_socket_that_is_not_connected_knows_no_flow(proxy, vip, host):
    with bound(proxy.proxy.namespace, host or vip, ECHO):
        assert passes_on(proxy, datagram(vip))


@vips
def test_each_address_and_each_port_counts(proxy, vip):
    with connected(proxy, vip):
        assert passes_on(proxy, datagram(vip, src=stranger(vip)))
        assert passes_on(proxy, datagram(vip, sport=CLIENT_PORT + 1))
        assert passes_on(proxy, datagram(vip, HTTP3))


@vips
def test_another_service_is_served_by_the_first_hop_as_ever(proxy, vip):
    """Whatever sockets there are."""
    assert proxy.accepts(datagram(vip, PLAIN)) == "accepted_udp"
    with connected(proxy, vip, PLAIN):
        assert proxy.accepts(datagram(vip, PLAIN)) == "accepted_udp"
    other = datagram(vip)
    other.dst = own(vip)
    assert proxy.accepts(other) == "accepted_udp"


@vips
def test_a_hop_that_is_asked_by_another_looks_whatever_it_lists(proxy, vip):
    """So services may be listed on one proxy after the other."""
    assert returns(proxy, datagram(vip, PLAIN), (B,), 1)
    assert returns(proxy, error_about(vip, PLAIN), (B,), 1)
    assert proxy.accepts(datagram(vip, PLAIN), hops=(B,), next_hop=2) == UNKNOWN
    with connected(proxy, vip, PLAIN):
        assert proxy.accepts(datagram(vip, PLAIN), hops=(B,), next_hop=1) == CONNECTED


# --- the way round -------------------------------------------------------------------------------


@vips
@pytest.mark.parametrize("with_checksum", [True, False], ids=["checksum", "no-checksum"])
def test_an_unknown_flow_goes_from_hop_to_hop(proxy, vip, with_checksum):
    for hops, next_hop in ((B,), 0), ((B, C), 0), ((C, B), 1), ((B, A, C), 2):
        assert passes_on(proxy, datagram(vip), hops, next_hop, with_checksum=with_checksum)


@vips
def test_the_last_hop_returns_an_unknown_flow_to_the_first(proxy, vip):
    """The first hop's address is in the place of the second."""
    for hops in (B,), (B, C), (C, A, A):
        assert returns(proxy, datagram(vip), hops, len(hops))


@vips
def test_the_first_hop_serves_what_no_hop_knows(proxy, vip):
    for hops, next_hop in ((), 0), ((A,), 2), ((A, C), 3), ((A,), 255):
        assert proxy.accepts(datagram(vip), hops=hops, next_hop=next_hop) == UNKNOWN


@vips
def test_a_hop_that_no_host_can_have_ends_the_list(proxy, vip):
    nobody = "0.0.0.0" if proxy.underlay == 4 else "::"
    assert returns(proxy, datagram(vip), (B, nobody), 1)
    assert proxy.accepts(datagram(vip), hops=(nobody,)) == UNKNOWN
    assert proxy.accepts(datagram(vip), hops=(nobody,), next_hop=1) == UNKNOWN


@vips
def test_a_flow_does_not_return_to_the_hop_that_asks(proxy, vip):
    """As when the first hop has an older version, which leaves no address."""
    assert proxy.accepts(datagram(vip), hops=(A,), next_hop=1) == UNKNOWN
    assert proxy.accepts(datagram(vip), hops=(A, B)) == "forwarded_to_self"


@pytest.mark.parametrize("size", [0, 1, 2, 999])
def test_the_sum_of_the_frame_is_kept_up(proxy, size):
    """As devices that sum what they receive need it, there and back."""
    for hops, next_hop in ((B,), 0), ((B,), 1):
        inner = datagram(VIP, data=random.Random(size).randbytes(size))
        outcome = proxy.run(proxy.tunnel(inner, hops, next_hop), flags=CHECKSUM_COMPLETE)
        assert outcome.action == SENT


@vips
def test_addresses_of_this_host_are_no_client_unless_a_socket_is_connected_to_them(proxy, vip):
    ours = datagram(vip, src=own(vip))
    assert proxy.drops(proxy.tunnel(ours)) == "dropped_source"
    with connected(proxy, vip, client=own(vip)):
        assert proxy.accepts(ours) == CONNECTED


# --- QUIC ----------------------------------------------------------------------------------------


def long_header(kind, version=1, id_bytes=b"\x00\x00\x15random", first=0xC0):
    return struct.pack("!BIB", first | kind << 4, version, len(id_bytes)) + id_bytes + bytes(1200)


def identified(server_id, config=0):
    """The beginning of a connection ID that a server issues."""
    return struct.pack("!BH", config << 5 | 9, server_id) + b"nonce"


def short_header(server_id, **more):
    return b"\x40" + identified(server_id, **more) + bytes(30)


INITIAL, ZERO_RTT, HANDSHAKE, RETRY = range(4)
VERSION_2 = 0x6B3343CF
OPENINGS = {
    "initial": long_header(INITIAL), "zero-rtt": long_header(ZERO_RTT),
    "initial-2": long_header(1, VERSION_2), "zero-rtt-2": long_header(2, VERSION_2),
    "another-version": long_header(HANDSHAKE, 0x0A0A0A0A), "no-fixed-bit": long_header(0, first=0x80),
    "no-id": long_header(INITIAL, id_bytes=b""), "long-id": long_header(INITIAL, id_bytes=bytes(20)),
}
ANSWERS = {"handshake": lambda name: long_header(HANDSHAKE, id_bytes=identified(name)),
           "handshake-2": lambda name: long_header(3, VERSION_2, identified(name)),
           "short": short_header}
answers = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)


@vips
@pytest.mark.parametrize("data", OPENINGS.values(), ids=OPENINGS)
def test_an_opening_packet_of_quic_is_kept(proxy, vip, data):
    """Like a SYN: the connection ID is the client's own, and there is nothing to look up."""
    assert proxy.accepts(datagram(vip, HTTP3, data)) == OPENING
    assert passes_on(proxy, datagram(vip, ECHO, data))  # on a service that does not speak QUIC


@vips
@answers
def test_an_id_that_names_this_host_is_enough(proxy, vip, answer):
    assert proxy.accepts(datagram(vip, HTTP3, answer(SERVER_ID))) == NAMED
    assert proxy.accepts(datagram(vip, HTTP3, answer(SERVER_ID)), hops=()) == NAMED


@vips
@answers
def test_an_id_that_names_another_host_goes_on(proxy, vip, answer):
    """Even if a client had used the same port for a connection here."""
    assert passes_on(proxy, datagram(vip, HTTP3, answer(ANOTHER)))
    with connected(proxy, vip, HTTP3):
        assert passes_on(proxy, datagram(vip, HTTP3, answer(ANOTHER)))
        assert returns(proxy, datagram(vip, HTTP3, answer(ANOTHER)), (B,), 1)


@vips
def test_an_id_that_names_nobody_is_for_the_connected_socket(proxy, vip):
    """Configuration 7, or too short to name anybody."""
    for data in short_header(SERVER_ID, config=7), b"\x40\x01\x00", b"\x40", b"":
        with connected(proxy, vip, HTTP3):
            assert proxy.accepts(datagram(vip, HTTP3, data)) == CONNECTED
        assert passes_on(proxy, datagram(vip, HTTP3, data))


@vips
def test_a_header_cut_anywhere_opens_nothing_and_names_nobody(proxy, vip):
    opening, naming = long_header(INITIAL), long_header(HANDSHAKE, id_bytes=identified(SERVER_ID))
    for size in range(10):
        cut = datagram(vip, HTTP3, opening[:size])
        assert proxy.accepts(cut) == OPENING if size >= 5 else passes_on(proxy, cut), size
        cut = datagram(vip, HTTP3, naming[:size])
        assert proxy.accepts(cut) == NAMED if size >= 9 else passes_on(proxy, cut), size


def test_quic_is_found_behind_options_and_extension_headers(proxy):
    options = IP(src=absent(VIP), dst=VIP, options=[IPOption_NOP()] * 40)
    extension = IPv6(src=absent(VIP6), dst=VIP6) / IPv6ExtHdrDestOpt(options=[])
    for head in options, extension:
        for data, fate in ((long_header(INITIAL), OPENING), (short_header(SERVER_ID), NAMED)):
            assert proxy.accepts(head / UDP(sport=CLIENT_PORT, dport=HTTP3) / Raw(data)) == fate
        assert passes_on(proxy, head / UDP(sport=CLIENT_PORT, dport=HTTP3)
                         / Raw(short_header(ANOTHER)))


# --- ICMP errors ---------------------------------------------------------------------------------


def error_about(vip, port=ECHO):
    """A router's complaint about a datagram of the VIP to the client."""
    ours = ip(vip, absent(vip)) / UDP(sport=port, dport=CLIENT_PORT) / Raw(bytes(1300))
    return too_big(type(ours)(bytes(ours)))


@vips
@pytest.mark.parametrize("port", [ECHO, HTTP3])
def test_an_error_follows_the_flow_that_it_quotes(proxy, vip, port):
    with connected(proxy, vip, port):
        assert proxy.accepts(error_about(vip, port)) == CONNECTED
    assert passes_on(proxy, error_about(vip, port))
    assert returns(proxy, error_about(vip, port), (B,), 1)
    assert proxy.accepts(error_about(vip, port), hops=(A,), next_hop=2) == UNKNOWN


@vips
def test_an_error_about_another_service_is_kept_by_the_first_hop(proxy, vip):
    assert proxy.accepts(error_about(vip, PLAIN)) == "accepted_icmp"


# --- connection tracking -------------------------------------------------------------------------

TRACKING = hook("filter", "filter", "ct state invalid drop", "input")


@pytest.fixture(name="tracked")
def fixture_tracked(network):
    """Proxy a tracks connections."""
    if not shutil.which("nft"):
        pytest.skip("connection tracking needs nft")
    a, _ = network.proxies
    apply(a.namespace, TRACKING)
    yield
    apply(a.namespace)


@vips
def test_a_flow_that_was_answered_here_is_known_to_connection_tracking(network, proxy, tracked, vip):
    """A server whose socket is not connected, such as one that knows its clients by connection ID."""
    port = HTTP3
    with bound(proxy.proxy.namespace, vip, port) as server:
        question = datagram(vip, port, b"\x40", sport=random.Random(os.urandom(4)).randrange(1024, 65536))
        network.send_to(proxy.proxy, question, hops=(A,), next_hop=2)
        _, client = server.recvfrom(100)
        assert passes_on(proxy, question)
        server.sendto(b"answer", client)
        assert proxy.accepts(question) == "accepted_tracked"


# --- with real sockets ---------------------------------------------------------------------------


def talk(client, server, count=50):
    """Everything that the client says arrives, in order, and everything that it is answered."""
    for number in range(count):
        client.send(number.to_bytes(2, "big") * 700)
        assert server.recv(2000) == number.to_bytes(2, "big") * 700
        server.send(b"answer %d" % number)
        assert client.recv(2000) == b"answer %d" % number


@contextlib.contextmanager
def served(network, proxy, vip):
    """A flow that a server on a proxy has accepted: its client, and the socket connected to it."""
    with bound(proxy.namespace, vip, ECHO) as listener:
        with inside(network.client):
            client = socket.socket(listener.family, socket.SOCK_DGRAM)
        with client:
            client.settimeout(60)
            client.connect((vip, ECHO))
            client.send(b"hello")
            data, peer = listener.recvfrom(2000)
            assert data == b"hello"
            with bound(proxy.namespace, vip, ECHO) as server:
                server.connect(peer)
                yield client, server


@pytest.fixture(params=[4, 6], ids=["over-ipv4", "over-ipv6"])
def underlay(request, network):
    """The director writes outer headers of either version."""
    network.director.use(request.param)
    yield
    network.director.use(4)


@vips
def test_a_flow_survives_a_new_first_hop_and_new_flows_begin_there(network, underlay, vip):
    """A drain: the old first hop keeps what it has and gets nothing new."""
    a, b = network.proxies
    network.director.hops = (B, A)
    with counted(a, b) as (at_a, at_b), served(network, b, vip) as (client, server):
        talk(client, server)
    assert at_b == {"total": 52, "forwarded_to_alternate": 1, UNKNOWN: 1, CONNECTED: 50}
    assert at_a == {"total": 1, "returned_to_first": 1}

    with served(network, b, vip) as (client, server):
        network.director.hops = (A, B)
        with counted(a, b) as (at_a, at_b):
            talk(client, server)
        assert at_a == {"total": 50, "forwarded_to_alternate": 50}
        assert at_b == {"total": 50, CONNECTED: 50}
        with served(network, a, vip) as (new_client, new_server):
            talk(new_client, new_server)
        talk(client, server)


def test_an_unconnected_server_on_the_first_hop_is_served_by_way_of_the_last(network):
    """It costs a detour, and nothing else."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with bound(a.namespace, VIP, ECHO) as server, counted(a, b) as (at_a, at_b):
        with inside(network.client):
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with client:
            client.settimeout(60)
            for number in range(20):
                client.sendto(b"%d" % number, (VIP, ECHO))
                data, peer = server.recvfrom(100)
                server.sendto(data, peer)
                assert client.recv(100) == b"%d" % number
    assert at_a == {"total": 40, "forwarded_to_alternate": 20, UNKNOWN: 20}
    assert at_b == {"total": 20, "returned_to_first": 20}


def test_a_third_hop_is_asked_and_a_new_flow_comes_back_to_the_first(network):
    """Two drains at once; the third proxy does not list the service yet."""
    a, b = network.proxies
    third = network.add_proxy("c", C)
    network.director.hops = (C,)
    with served(network, third, VIP) as (client, server):
        network.director.hops = (A, B, C)
        with counted(a, b, third) as (at_a, at_b, at_c), served(network, a, VIP) as new:
            talk(client, server, 10)
            talk(*new, 10)
    assert at_a == {"total": 22, "forwarded_to_alternate": 11, UNKNOWN: 1, CONNECTED: 10}
    assert at_b == {"total": 11, "forwarded_to_alternate": 11}
    assert at_c == {"total": 11, "returned_to_first": 1, CONNECTED: 10}
