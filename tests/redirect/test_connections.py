# SPDX-License-Identifier: BSD-3-Clause
"""Real TCP connections through GUE and glb-redirect, with both hops and with either one."""

import contextlib
import os
import socket
import struct

import pytest
from hosts import A, B, VIP, VIP6, counted

IPV6_HOPOPTS, IPV6_DSTOPTS = 54, 59  # of linux/in6.h
TCP_REPAIR = 19  # of linux/tcp.h; a socket under repair is closed in silence
UPLOAD = os.urandom(1 << 20)

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


def send(client, server, payload):
    """Send a payload while the other end reads; returns what it read."""
    received = bytearray()
    sent = 0
    while len(received) < len(payload):
        sent += client.send(payload[sent : sent + 65536])
        while len(received) < sent:
            received += server.recv(1 << 20)
    return bytes(received)


@contextlib.contextmanager
def connection(network, proxy, vip):
    """A connection from the client to a server on a proxy: both ends."""
    with proxy.listen(vip) as listener:
        with network.connect(vip, listener.getsockname()[1]) as client:
            server, _ = listener.accept()
            server.settimeout(60)
            with server:
                yield client, server


def close_server_first(client, server):
    """End a connection so that the server's host remembers it for a minute, in TIME-WAIT."""
    server.close()
    assert client.recv(1) == b""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
    client.close()  # waits until the server's host has answered


@pytest.fixture(params=[(4, True), (6, True), (6, False)], autouse=True,
                ids=["over-ipv4", "over-ipv6", "over-ipv6-without-checksum"])
def underlay(request, network):
    """The director writes outer headers of either version."""
    network.director.use(*request.param)
    yield
    network.director.use(4)


@pytest.fixture
def cookies(network):
    """Both proxies answer every SYN with a cookie."""
    for proxy in network.proxies:
        proxy.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=2")
    yield
    for proxy in network.proxies:
        proxy.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=1")


def forget(server):
    """A proxy loses a connection without telling the client, as if it had died and come back."""
    server.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    server.close()


@vips
def test_the_first_hop_serves_a_connection_from_its_syn_on(network, vip):
    """A connection opened at the first hop stays there; nothing is forwarded."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with counted(a, b) as (at_a, at_b), connection(network, a, vip) as (client, server):
        assert send(client, server, UPLOAD) == UPLOAD
        assert send(server, client, UPLOAD) == UPLOAD
    assert at_a["accepted_syn"] == 1
    assert at_a["accepted_established"] == at_a["total"] - 1
    assert at_b == {}


@vips
def test_a_connection_survives_a_new_first_hop(network, vip):
    """Packets of a connection on the old first hop reach it through the new one."""
    a, b = network.proxies
    network.director.hops = (B, A)
    with connection(network, b, vip) as (client, server):
        network.director.hops = (A, B)
        with counted(a, b) as (at_a, at_b):
            assert send(client, server, UPLOAD) == UPLOAD
            assert send(server, client, UPLOAD) == UPLOAD
        assert at_a["forwarded_to_alternate"] == at_a["total"] > 700
        assert at_b["accepted_established"] == at_b["total"] == at_a["total"]


@vips
def test_a_client_may_use_its_port_again_on_another_proxy(network, vip):
    """A connection that ended on the first hop does not swallow its successor on the second."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with a.listen(vip) as at_a, b.listen(vip, at_a.getsockname()[1]) as at_b:
        port = at_a.getsockname()[1]
        first = network.connect(vip, port)
        source_port = first.getsockname()[1]
        close_server_first(first, at_a.accept()[0])
        network.director.hops = (B, A)
        with network.connect(vip, port, source_port) as client, at_b.accept()[0] as server:
            server.settimeout(60)
            network.director.hops = (A, B)
            assert send(client, server, UPLOAD) == UPLOAD


@vips
def test_a_connection_nobody_knows_any_more_is_reset_by_the_last_hop(network, vip):
    """The client learns that its connection is gone, instead of waiting for an answer."""
    a, b = network.proxies
    network.director.hops = (B,)
    with connection(network, b, vip) as (client, server):
        forget(server)
        network.director.hops = (A, B)
        with counted(a, b) as (at_a, at_b):
            client.send(b"anybody there?")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    assert at_a["forwarded_to_alternate"] == at_a["total"]
    assert at_b["accepted_last_resort"] == at_b["total"]


@vips
def test_the_answer_to_a_syn_cookie_is_kept_by_the_host_that_sent_it(network, cookies, vip):
    """Under a flood a proxy remembers nothing; the cookie proves that the handshake began here."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with counted(a, b) as (at_a, at_b), connection(network, a, vip) as (client, server):
        assert send(client, server, UPLOAD) == UPLOAD
    assert (at_a["accepted_syn"], at_a["accepted_syn_cookie"]) == (1, 1)
    assert at_a["accepted_established"] == at_a["total"] - 2
    assert at_b == {}


def test_a_dual_stack_server_answers_syn_cookies_over_ipv4(network, cookies):
    """A listener on [::] serves IPv4 too; its cookies are checked as IPv4 cookies."""
    a, _ = network.proxies
    network.director.hops = (A, B)
    with a.listen("::") as listener, counted(a) as (at_a,):
        with network.connect(VIP, listener.getsockname()[1]) as client:
            with listener.accept()[0] as server:
                assert send(client, server, b"hello") == b"hello"
    assert at_a["accepted_syn_cookie"] == 1


@pytest.mark.parametrize("option", [IPV6_DSTOPTS, IPV6_HOPOPTS],
                         ids=["destination-options", "hop-by-hop-options"])
def test_a_connection_with_extension_headers_survives_a_new_first_hop(network, option):
    """Every segment of the client has an extension header in front of TCP."""
    a, b = network.proxies
    network.director.hops = (B, A)
    with connection(network, b, VIP6) as (client, server):
        client.setsockopt(socket.IPPROTO_IPV6, option, b"\0\0\1\4\0\0\0\0")
        network.director.hops = (A, B)
        with counted(a, b) as (at_a, at_b):
            assert send(client, server, UPLOAD) == UPLOAD
        assert at_a["forwarded_to_alternate"] == at_a["total"] > 700
        assert at_b["accepted_established"] == at_b["total"] == at_a["total"]
