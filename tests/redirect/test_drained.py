# SPDX-License-Identifier: BSD-3-Clause
"""When does a drain end? By what the program saw last, and by sockets."""

import contextlib
import json
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from bench import TCP_REPAIR, absent, half_open
from hosts import A, B, CLIENT, VIP, VIP6, Host
from kernel import Program, inside
from netns import pause, wait_until
from test_connections import close_server_first, connection, send
from test_translated import PORT, REAL_PORT, REDIRECT, apply, hook
from test_udp import SERVER_ID, bound, datagram, short_header

OTHERS = "others"
QUIET_SECONDS = 60  # what `drained` wants without --seconds
NO_NETFILTER = (sys.executable, Path(__file__).with_name("no_netfilter.py"))
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


def drained(proxy, *words):
    """Run `glb-redirect drained`: its exit status, and what it says of each VIP."""
    status, out, err = proxy.attempt("drained", "eth0", "--json", *words)
    assert err == ""
    shown = json.loads(out)
    assert shown["drained"] == (status == 0) == all(entry["drained"] for entry in shown["vips"])
    return status, {entry["vip"]: entry for entry in shown["vips"]}


def has_sockets(proxy, vip):
    """The sockets of a VIP: TCP, in TIME-WAIT, UDP."""
    _, found = drained(proxy, "--seconds", "0")
    return [found[vip][name] for name in ("tcp", "time_wait", "udp")]


@pytest.fixture
def a(network):
    """Proxy a, with a program that has counted nothing and no connection from before."""
    network.director.hops = (A, B)
    proxy = Host(network.proxies[0].namespace, A, network.proxies[0].program)
    proxy.redirect("detach", "eth0")
    proxy.redirect("attach", "eth0")
    wait_until(lambda: drained(proxy, "--seconds", "0")[0] == 0, "the end of other connections")
    return proxy


@vips
def test_a_drain_lasts_until_its_last_connection_is_closed_and_nothing_has_come_for_a_while(network, a, vip):
    with connection(network, a, vip) as (client, server):
        send(client, server, b"before the drain")
        assert drained(a, "--seconds", "0")[1][vip]["needed_seconds"] is None  # it is the first hop
        network.director.hops = (B, A)
        send(client, server, b"during the drain")
        status, found = drained(a, "--seconds", "9999")
        assert status == 1 and found[vip]["needed_seconds"] < 60 and found[vip]["tcp"] == 1
        assert found[vip]["drained"] is False
        pause(1.1)
        status, found = drained(a, "--seconds", "1")  # idle: only the socket is left
        assert status == 1 and found[vip]["needed_seconds"] > 1 and found[vip]["tcp"] == 1
        assert drained(a, "--seconds", "1", "--wait", "--timeout", "2")[0] == 1
        assert f"{vip}: not drained: 1 TCP connection\n" in a.attempt("drained", "eth0", "--seconds", "1")[1]
    status, found = drained(a, "--seconds", "1", "--wait", "--timeout", "60")
    assert status == 0 and found[vip]["tcp"] == 0 and found[vip]["needed_seconds"] >= 1
    status, found = drained(a, "--seconds", "9999")
    assert status == 1 and found[vip]["drained"] is False


def test_a_connection_that_has_ended_does_not_make_it_last(network, a):
    _, before, _ = has_sockets(a, VIP)
    with connection(network, a, VIP) as (client, server):
        close_server_first(client, server)
    assert has_sockets(a, VIP) == [0, before + 1, 0]
    assert drained(a, "--seconds", "0")[0] == 0
    text = a.attempt("drained", "eth0", "--seconds", "0")[1]
    assert f"{VIP}: drained: no connection has needed this proxy for" in text and f", {before + 1} in TIME-WAIT\n" in text


@vips
def test_a_handshake_and_the_server_of_both_families_are_connections(network, a, vip):
    with half_open(network, SimpleNamespace(proxy=a), vip, host="::"):
        assert has_sockets(a, vip)[::2] == [1, 0]


@vips
def test_connected_udp_sockets_count_and_others_do_not(a, vip):
    with bound(a.namespace, vip, 7), bound(a.namespace, vip, 7) as sock:
        sock.connect((absent(vip), 40000))
        assert has_sockets(a, vip)[::2] == [0, 1]
        assert drained(a, "--seconds", "0")[0] == 1


def test_sockets_of_the_host_itself_do_not_count(network, a):
    """Of its own address, and with both ends here."""
    with a.listen(A) as listener, inside(network.client):
        with socket.create_connection((A, listener.getsockname()[1]), 60), listener.accept()[0]:
            assert drained(a, "--seconds", "0")[0] == 0
    with a.listen(VIP) as listener, inside(a.namespace):
        with socket.create_connection((VIP, listener.getsockname()[1]), 60, (A, 0)), listener.accept()[0]:
            assert drained(a, "--seconds", "0")[0] == 0


def test_an_address_that_no_device_has_is_found_by_its_sockets(a):
    """As behind a local route to a prefix."""
    address = "198.18.7.7"
    a.namespace.ip("route", "add", "local", "198.18.0.0/15", "dev", "lo")
    try:
        with bound(a.namespace, address, 7) as sock:
            sock.connect((absent(VIP), 40000))
            assert has_sockets(a, address)[::2] == [0, 1]
        assert address not in drained(a, "--seconds", "0")[1]
    finally:
        a.namespace.ip("route", "del", "local", "198.18.0.0/15", "dev", "lo")


def test_a_program_that_has_just_been_attached_does_not_know(a):
    status, found = drained(a, "--seconds", "9999")
    assert status == 1 and not any(entry["drained"] for entry in found.values())
    assert "watched for" in a.attempt("drained", "eth0", "--seconds", "9999")[1]


@contextlib.contextmanager
def translated(proxy, chains=REDIRECT):
    """A proxy with these rules, whose packets have been watched for long enough."""
    apply(proxy.namespace, chains)
    wait_until(lambda: time.monotonic() > QUIET_SECONDS, "a time since the kernel has booted", 2 * QUIET_SECONDS)
    try:
        with contextlib.closing(Program(proxy.program_id())) as program:
            program.watch_since_boot()
        yield
    finally:
        apply(proxy.namespace)


@vips
def test_connections_behind_nat_are_found_by_connection_tracking(network, a, vip):
    """The server's socket has another address, which is the host's own."""
    with translated(a), a.listen("::", REAL_PORT) as listener:
        with network.connect_directly(vip, PORT) as client, listener.accept()[0] as server:
            assert drained(a)[1][vip]["tracked"] == 1  # by the rules, no packet has come in GUE
            close_server_first(client, server)
        with network.connect(vip, PORT) as client, listener.accept()[0] as server:
            server.settimeout(60)
            send(client, server, b"hello")
            status, found = drained(a)
            assert (status, found[vip]["tcp"], found[vip]["tracked"], found[vip]["unseen"]) == (1, 0, 1, 0)
            assert [address for address, entry in found.items() if not entry["drained"]] == [vip]
            assert f"{vip}: not drained: 1 connection in connection tracking" in a.attempt("drained", "eth0")[1]
            assert f"vip {vip} sockets 0 tracked 1 needed never\n" in a.redirect("status", "eth0")
            assert drained(a, "--wait", "--timeout", "1")[0] == 1
            assert drained(a, "--seconds", "60")[0] == 0  # silence is enough, if told so
            close_server_first(client, server)
        status, found = drained(a, "--wait", "--timeout", "60")
        assert status == 0 and found[vip]["tracked"] == 0


def test_where_connection_tracking_lists_nothing_a_word_about_silence_is_needed(network, a):
    with translated(a), a.listen(A, REAL_PORT) as listener:
        with network.connect(VIP, PORT) as client, listener.accept()[0] as server:
            send(client, server, b"hello")
            status, out, err = a.attempt("drained", "eth0", "--json", before=NO_NETFILTER)
            found = {entry["vip"]: entry for entry in json.loads(out)["vips"]}
            assert (status, err, found[VIP]["tracked"]) == (1, "", None) and found[VIP]["unseen"] > 0
            assert "and connection tracking does not list them: give --seconds" in a.attempt(
                "drained", "eth0", "--wait", before=NO_NETFILTER)[1]  # at once
            assert a.attempt("drained", "eth0", "--seconds", "60", before=NO_NETFILTER)[0] == 0


def test_connections_with_a_socket_are_not_counted_twice(network, a):
    """Beside translated ones, and when their entry outlives them: the client never learns of the end."""
    with translated(a), a.listen(VIP, PORT + 1) as listener:
        with network.connect(VIP, PORT + 1) as client, listener.accept()[0] as server:
            send(client, server, b"hello")
            found = drained(a)[1][VIP]
            assert (found["tcp"], found["tracked"]) == (1, 0)
            vanish(client)
            vanish(server)
        assert drained(a)[0] == 0


def vanish(sock):
    """Close a connection of which the other end hears nothing."""
    sock.setsockopt(socket.SOL_TCP, TCP_REPAIR, 1)
    sock.close()


def test_flows_of_udp_are_found_by_connection_tracking_once_the_host_has_replied(network, a):
    a.redirect("attach", "eth0", "--udp", f"{VIP}:7")
    with translated(a, hook("filter", "filter", "ct state invalid drop", "input")):
        with bound(a.namespace, VIP, 7) as server, bound(network.client, CLIENT, 0) as client:
            server.settimeout(60)
            client.sendto(b"hello", (VIP, 7))
            _, address = server.recvfrom(100)
            server.sendto(b"hello yourself", address)
            network.send_to(a, datagram(VIP, 7, src=address[0], sport=address[1]), hops=(B,), next_hop=1)
            network.send_to(a, datagram(VIP, 7), hops=(B,), next_hop=2)  # of another client
            for _ in range(2):
                server.recvfrom(100)
            status, found = drained(a)
            assert (status, found[VIP]["udp"], found[VIP]["tracked"], found[VIP]["unseen"]) == (1, 0, 1, 0)
    a.redirect("attach", "eth0", "--udp", "none")


def test_quic_by_its_server_id_needs_a_word_about_silence(network, a):
    """Nothing but packets shows such connections."""
    a.redirect("attach", "eth0", "--udp", f"{VIP}:443/quic", "--server-id", str(SERVER_ID))
    with contextlib.closing(Program(a.program_id())) as program:
        program.watch_since_boot()
    network.send_to(a, datagram(VIP, 443, short_header(SERVER_ID)), hops=(B,))
    wait_until(lambda: a.counters()["accepted_quic_server_id"], "the packet")
    status, found = drained(a)
    assert (status, found[VIP]["tracked"], found[VIP]["unseen"]) == (1, 0, 1)
    assert f"{VIP}: not drained: it has had connections without a socket" in a.attempt("drained", "eth0")[1]
    assert drained(a, "--wait")[0] == 1  # at once
    assert drained(a, "--seconds", "60", "--wait")[0] == 0
    a.redirect("attach", "eth0", "--udp", "none")


def test_status_shows_the_same(network, a):
    with connection(network, a, VIP) as (client, server):
        network.director.hops = (B, A)
        send(client, server, b"hello")
        lines = a.redirect("status", "eth0").splitlines()
        assert [line for line in lines if line.startswith(f"vip {VIP} sockets 1 tracked 0 needed ")]
        assert f"vip {VIP6} sockets 0 tracked 0 needed never" in lines
        shown = json.loads(a.redirect("status", "eth0", "--json"))
        assert {entry["vip"]: entry["tcp"] for entry in shown["vips"]} == {OTHERS: 0, VIP: 1, VIP6: 0}
        assert shown["hook"] == ("tcx" if a.tcx() else "clsact")  # before Linux 6.6
        assert (shown["conntrack"], shown["rules"]) == ("asked", [])


def test_the_exit_status_tells_misuse_from_a_drain_that_lasts(a):
    for words in (["--timeout", "5"], ["--seconds", "x"], ["--seconds", "-1"], ["--seconds", ""],
                  ["--seconds", "604801"], ["--wait", "--timeout", "1s"], ["--vips"]):
        status, out, err = a.attempt("drained", "eth0", *words)
        assert (status, out) == (2, "") and err, words
    assert a.refusal("drained", "eth7") == "no such device in this network namespace"
    a.redirect("detach", "eth0")
    assert a.refusal("drained", "eth0") == "glb-redirect is not attached"
    a.redirect("attach", "eth0")
