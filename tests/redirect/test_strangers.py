# SPDX-License-Identifier: BSD-3-Clause
"""Live connections that strangers, or the past of their own ports, could break."""

import contextlib
import random
import socket

import pytest
from bench import segment_of
from hosts import A, B, VIP, VIP6
from test_connections import UPLOAD, close_server_first, connection, forget, send

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
CONNECTIONS, SYNS = 100, 300  # half of the numbers are ahead of what the connection expects


@vips
@pytest.mark.parametrize("home", [0, 1], ids=["first-hop", "second-hop"])
def test_invented_syns_break_no_connection(network, vip, home):
    """A stranger knows the client's address and ports, but no sequence number."""
    draw = random.Random(vip)
    network.director.hops = (A, B) if home == 0 else (B, A)
    with contextlib.ExitStack() as ends:
        at_a = ends.enter_context(network.proxies[0].listen(vip))
        at_b = ends.enter_context(network.proxies[1].listen(vip, at_a.getsockname()[1]))
        pairs = []
        for _ in range(CONNECTIONS):
            client = ends.enter_context(network.connect(vip, at_a.getsockname()[1]))
            server, _ = (at_a, at_b)[home].accept()
            pairs.append((client, ends.enter_context(server)))
        network.director.hops = (A, B)
        for _ in range(SYNS // CONNECTIONS):
            for client, _ in pairs:
                syn = segment_of(client, "S", data=b"", seq=draw.getrandbits(32))
                network.send_to(network.proxies[0], syn, [B])
            for client, server in pairs:
                server.settimeout(60)
                assert send(client, server, b"request") == b"request"
                assert send(server, client, b"response") == b"response"


def vanish(client, _server):
    """The client's host dies, and comes back without its connections."""
    forget(client)


def vanish_closing(client, _server):
    client.shutdown(socket.SHUT_WR)
    forget(client)


def vanish_closed(client, server):
    server.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
    forget(client)


@vips
@pytest.mark.parametrize("size", [0, len(UPLOAD)], ids=["unused", "used"])
@pytest.mark.parametrize("end", [vanish, vanish_closing, vanish_closed, close_server_first],
                         ids=lambda end: end.__name__)
def test_a_connection_of_the_past_does_not_swallow_its_successor(network, vip, size, end):
    """The client uses its port again, and the new connection is on the second hop.

    Its numbers begin near those of the old one, as a clock makes them: within milliseconds the old
    window, or what was sent through it, lies around them.
    """
    a, b = network.proxies
    network.director.hops = (A, B)
    with connection(network, a, vip) as (client, server):
        port, source_port = client.getpeername()[1], client.getsockname()[1]
        assert send(client, server, UPLOAD[:size]) == UPLOAD[:size]
        end(client, server)
        network.director.hops = (B, A)
        with b.listen(vip, port) as listener, network.connect(vip, port, source_port) as successor:
            with listener.accept()[0] as its_server:
                its_server.settimeout(60)
                network.director.hops = (A, B)
                assert send(successor, its_server, UPLOAD) == UPLOAD
                assert send(its_server, successor, UPLOAD) == UPLOAD
