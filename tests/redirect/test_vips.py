# SPDX-License-Identifier: BSD-3-Clause
"""For which VIP is a packet counted, and what makes an entry?

Every case runs the attached program on frames. What it counts for VIPs adds up to its counters.
"""

import contextlib
import json
import os

import pytest
from bench import Bench, absent, ip, segment, segment_of, stranger
from hosts import B, VIP, VIP6
from scapy.layers.inet import ICMP, UDP
from scapy.packet import Raw
from test_udp import bound

ENTRIES = 256  # the most VIPs that have one
MADE_UP = "198.18.0.0/15"  # of a bind of a prefix
CLIENT_PORT = 40000
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


@pytest.fixture(name="proxy", scope="module")
def fixture_proxy(network):
    """Outer headers of one version are enough: counts are of what is inside."""
    with contextlib.closing(Bench(network, 6)) as bench:
        yield bench


def counts_of(host):
    """What the program on a host has counted for each VIP."""
    shown = json.loads(host.redirect("counters", "eth0", "--vips", "--json"))
    return {entry.pop("vip"): entry for entry in shown["vips"]}


def counts(proxy):
    return counts_of(proxy.proxy)


def fates(entry):
    return {name: value for name, value in entry["counters"].items() if value}


def assert_they_add_up(proxy):
    """Each packet is counted for one VIP, or for the others."""
    found, total = counts(proxy), proxy.proxy.counters()
    for name, value in total.items():
        assert sum(entry["counters"][name] for entry in found.values()) == value, name
    groups = ("opened", "known", "needed", "unrelated", "last_resort", "passed_on", "dropped")
    for entry in found.values():
        assert sum(entry[name] for name in groups) == entry["counters"]["total"]


@pytest.fixture(autouse=True)
def fresh(proxy):
    """A program that has counted nothing, on one processor: each has entries of its own."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    proxy.proxy.redirect("detach", "eth0")
    proxy.proxy.redirect("attach", "eth0")
    proxy.reopen()
    yield
    os.sched_setaffinity(0, processors)


@pytest.fixture
def prefix(network):
    """Proxy a serves all addresses of a prefix, none of which it has."""
    namespace = network.proxies[0].namespace
    namespace.ip("route", "add", "local", MADE_UP, "dev", "lo")
    yield [f"198.18.{number >> 8}.{number & 255}" for number in range(1, ENTRIES + 45)]
    namespace.ip("route", "del", "local", MADE_UP, "dev", "lo")


@vips
def test_each_group_is_counted_for_the_vip(proxy, vip):
    with proxy.connection(vip) as (client, _):
        mine = segment_of(client)
        before = counts(proxy)  # of the connection itself, which came without GUE
        proxy.accepts(segment(vip, "S"))
        proxy.accepts(mine)
        proxy.accepts(mine, hops=(B,), next_hop=1)
        proxy.accepts(mine, hops=(B, B), next_hop=1)
        proxy.accepts(mine, hops=(B,), next_hop=2)  # as UDP that has returned
        proxy.forwards(segment(vip))
        proxy.accepts(segment(vip), hops=())
        proxy.accepts(ip(stranger(vip), vip) / UDP(dport=53))
        proxy.drops(proxy.tunnel(ip(vip, vip) / UDP(dport=53)))
    assert fates(before["others"]) == {} and len(before) == 1
    entry = counts(proxy)[vip]
    assert {name: entry[name] for name in (
        "opened", "known", "needed", "unrelated", "last_resort", "passed_on", "dropped")} == {
        "opened": 1, "known": 2, "needed": 2, "unrelated": 1, "last_resort": 1, "passed_on": 1, "dropped": 1}
    assert 0 <= entry["needed_seconds"] < 60
    assert fates(counts(proxy)["others"]) == {}
    assert_they_add_up(proxy)


@vips
def test_only_connections_here_need_a_later_hop(proxy, vip):
    """Nobody else makes a drain last: not a stray segment, nor one that opens, nor a ping."""
    kind = {VIP: ICMP(), VIP6: Raw()}[vip]
    proxy.accepts(segment(vip), next_hop=1)
    proxy.accepts(segment(vip, "S"), next_hop=1)
    if vip == VIP:
        proxy.accepts(ip(stranger(vip), vip) / kind, next_hop=1)
    assert counts(proxy)[vip]["needed"] == 0
    assert counts(proxy)[vip]["needed_seconds"] is None


@vips
def test_what_has_no_vip_that_can_be_read_is_counted_for_the_others(proxy, vip):
    proxy.drops(proxy.frame(proxy.outer(b"\0" * 30)))
    proxy.drops(proxy.tunnel(bytes(segment(vip))[:19]))
    assert fates(counts(proxy)["others"]) == {
        "total": 2, "dropped_malformed_gue": 1, "dropped_malformed_inner": 1}
    assert_they_add_up(proxy)


def test_a_vip_that_a_packet_is_dropped_for_gets_no_entry(proxy):
    proxy.drops(proxy.tunnel(ip(VIP, VIP) / UDP(dport=53)))
    assert set(counts(proxy)) == {"others"}


def test_made_up_addresses_get_no_entry(proxy, prefix):
    """A client chooses them, if a bind has a prefix."""
    for address in prefix[:20]:
        proxy.accepts(segment(address, "S", stranger(VIP)))
        proxy.forwards(segment(address, src=stranger(VIP)))
    assert set(counts(proxy)) == {"others"}
    assert fates(counts(proxy)["others"]) == {
        "total": 40, "accepted_syn": 20, "forwarded_to_alternate": 20}


def test_those_with_a_connection_get_one_while_there_is_room_and_the_rest_are_others(proxy, prefix):
    with contextlib.ExitStack() as sockets:
        for address in prefix:
            sock = sockets.enter_context(bound(proxy.proxy.namespace, address, 7))
            sock.connect((absent(VIP), CLIENT_PORT))
            datagram = ip(absent(VIP), address) / UDP(sport=CLIENT_PORT, dport=7) / Raw(b"data")
            for _ in range(2):
                assert proxy.accepts(datagram, next_hop=1) == "accepted_udp_connected"
    found = counts(proxy)
    others = found.pop("others")
    assert set(found) < set(prefix) and ENTRIES / 2 < len(found) <= ENTRIES
    assert {entry["needed"] for entry in found.values()} == {2}
    assert others["needed"] == 2 * (len(prefix) - len(found)) > 0 and others["needed_seconds"] < 60
    assert_they_add_up(proxy)


def test_attach_again_keeps_what_was_counted_for_vips(proxy):
    proxy.accepts(segment(VIP, "S"))
    before = counts(proxy)
    proxy.proxy.redirect("attach", "eth0")
    assert counts(proxy) == before
    proxy.reopen()
    proxy.accepts(segment(VIP, "S"))
    assert counts(proxy)[VIP]["opened"] == before[VIP]["opened"] + 1 == 2


def test_text_and_json_are_the_same(proxy):
    proxy.accepts(segment(VIP, "S"))
    lines = [line.split() for line in proxy.proxy.redirect("counters", "eth0", "--vips").splitlines()]
    assert {(vip, name): int(value) for vip, name, value in lines} == {
        (vip, name): value for vip, entry in counts(proxy).items()
        for name, value in entry.items() if name != "counters" and value is not None}
