# SPDX-License-Identifier: BSD-3-Clause
"""When does a drain end? By what the program saw last, and by sockets."""

import contextlib
import json
import socket
from types import SimpleNamespace

import pytest
from bench import absent, half_open
from hosts import A, B, VIP, VIP6, Host
from kernel import Program, inside
from netns import pause, wait_until
from test_connections import close_server_first, connection, send
from test_translated import PORT, REAL_PORT, REDIRECT, apply
from test_udp import bound

OTHERS = "others"
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


def test_connections_without_a_socket_here_need_a_word_about_silence(network, a):
    """As behind NAT: the server's socket has another address, which is the host's own."""
    apply(a.namespace, REDIRECT)
    try:
        with a.listen(A, REAL_PORT) as listener, network.connect(VIP, PORT) as client, listener.accept()[0] as server:
            send(client, server, b"hello")
            with contextlib.closing(Program(a.program_id())) as program:
                program.watch_since_boot()
            status, found = drained(a)
            assert (status, found[VIP]["tcp"]) == (1, 0) and found[VIP]["unseen"] > 0
            assert [vip for vip, entry in found.items() if not entry["drained"]] == [VIP]
            assert f"{VIP}: not drained: it has had connections without a socket" in a.attempt("drained", "eth0")[1]
            assert drained(a, "--wait")[0] == 1  # at once
            assert drained(a, "--seconds", "60", "--wait")[0] == 0
    finally:
        apply(a.namespace)


def test_status_shows_the_same(network, a):
    with connection(network, a, VIP) as (client, server):
        network.director.hops = (B, A)
        send(client, server, b"hello")
        lines = a.redirect("status", "eth0").splitlines()
        assert [line for line in lines if line.startswith(f"vip {VIP} sockets 1 needed ")]
        assert f"vip {VIP6} sockets 0 needed never" in lines
        shown = json.loads(a.redirect("status", "eth0", "--json"))
        assert {entry["vip"]: entry["tcp"] for entry in shown["vips"]} == {OTHERS: 0, VIP: 1, VIP6: 0}
        assert (shown["hook"], shown["conntrack"], shown["rules"]) == ("tcx", "asked", [])


def test_the_exit_status_tells_misuse_from_a_drain_that_lasts(a):
    for words in (["--timeout", "5"], ["--seconds", "x"], ["--seconds", "-1"], ["--seconds", ""],
                  ["--seconds", "604801"], ["--wait", "--timeout", "1s"], ["--vips"]):
        status, out, err = a.attempt("drained", "eth0", *words)
        assert (status, out) == (2, "") and err, words
    assert a.refusal("drained", "eth7") == "no such device in this network namespace"
    a.redirect("detach", "eth0")
    assert a.refusal("drained", "eth0") == "glb-redirect is not attached"
    a.redirect("attach", "eth0")
