# SPDX-License-Identifier: BSD-3-Clause
"""Whose addresses are in a packet: a client's, this host's, or of some host beyond it?"""

import contextlib
import itertools
import random
import socket
import subprocess

import pytest
import wire
from bench import ip, segment, stranger
from hosts import A, B, DIRECTOR, VIP, VIP6, address6, counted
from kernel import inside
from netns import wait_until
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Raw

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
C = "10.9.0.14"
ELSEWHERE, ELSEWHERE6 = "192.0.2.99", "2001:db8:10::99"  # beyond this host


def packets(src, dst):
    """One packet of each kind that is kept without a connection; all but the first by any hop."""
    echo = ICMPv6EchoRequest() if ":" in dst else ICMP()
    fragment = IPv6(src=src, dst=dst, nh=44) / Raw(b"\6\0\1\0\0\0\0\7" + bytes(64)) \
        if ":" in dst else IP(src=src, dst=dst, frag=100, proto=6) / Raw(bytes(64))
    return [
        segment(dst, "A", src),
        segment(dst, "S", src),
        ip(src, dst) / UDP(sport=5353, dport=53) / Raw(b"query"),
        ip(src, dst) / echo,
        fragment,
    ]


# --- clients -------------------------------------------------------------------------------------


@pytest.mark.parametrize("src", [
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", VIP, A,
    "::", "::1", "::ffff:198.51.100.77", "ff02::1", "ff0e::1", VIP6, address6(A)])
def test_a_source_that_no_client_can_have_is_dropped(proxy, src):
    """Also when there is a hop left to try."""
    for packet in packets(src, VIP6 if ":" in src else VIP):
        assert proxy.drops(proxy.tunnel(packet)) == "dropped_source", packet
        assert proxy.drops(proxy.tunnel(packet, hops=())) == "dropped_source", packet


@pytest.mark.parametrize("src", ["1.0.0.1", "223.255.255.255", "10.9.0.254", "::2", "fe80::77",
                                 "64:ff9b::1", "fc00::1", "2002::1", "::ffff:0:0:1"])
def test_any_other_source_is_one_of_a_client(proxy, src):
    _, syn, query, *_ = packets(src, VIP6 if ":" in src else VIP)
    assert proxy.accepts(syn) == "accepted_syn"
    assert proxy.accepts(query) == "accepted_udp"


@contextlib.contextmanager
def addresses(namespace, device, *values):
    """The host has more addresses for a while."""
    for value in values:
        namespace.ip("addr", "add", value, "dev", device, *(["nodad"] if ":" in value else []))
    try:
        yield
    finally:
        for value in values:
            namespace.ip("addr", "del", value, "dev", device)


@contextlib.contextmanager
def another_device(namespace):
    namespace.ip("link", "add", "more0", "type", "veth", "peer", "name", "more1")
    try:
        yield "more0"
    finally:
        namespace.ip("link", "del", "more0")


@pytest.mark.parametrize("device", ["eth0", "lo", "more0"])
def test_every_address_of_this_host_is_no_clients_and_no_next_hop(proxy, device):
    """From the moment it has it to the moment it has it no more; on any device, up or down."""
    host = proxy.proxy.namespace
    hop = "10.77.0.1" if proxy.underlay == 4 else "fd77::1"

    def check(ours):
        for src, vip in (("10.77.0.1", VIP), ("fd77::1", VIP6)):
            fate = proxy.run(proxy.tunnel(segment(vip, "S", src))).fate
            assert fate == ("dropped_source" if ours else "accepted_syn")
            fate = proxy.run(proxy.tunnel(segment(vip), hops=(hop, B))).fate
            assert fate == ("forwarded_to_self" if ours else "forwarded_to_alternate")

    with another_device(host) if device == "more0" else contextlib.nullcontext():
        check(ours=False)
        with addresses(host, device, "10.77.0.1/32", "fd77::1/128"):
            check(ours=True)
        check(ours=False)


def test_a_host_may_have_many_addresses(proxy):
    """Those of the device that the packet came in on are looked at first."""
    host = proxy.proxy.namespace
    more = [f"10.78.0.{n}/32" for n in range(1, 101)]
    with addresses(host, "lo", *more), addresses(host, "eth0", "10.77.0.1/32"):
        assert proxy.run(proxy.tunnel(segment(VIP, "S", "10.77.0.1"))).fate == "dropped_source"
        assert proxy.run(proxy.tunnel(segment(VIP, "S", "10.78.0.9"))).fate == "dropped_source"
        assert proxy.accepts(segment(VIP, "S")) == "accepted_syn"


def test_addresses_of_the_past_leave_room_for_those_of_now(proxy):
    """Containers come and go, and each has an address of this host at its end of the cable."""
    host, vip = proxy.proxy.namespace, VIP if proxy.underlay == 4 else VIP6

    def change(what, values):
        subprocess.run(host.command("ip", "-batch", "-"), check=True, text=True, input="".join(
            f"addr {what} {value} dev eth0 {'nodad' * (':' in value)}\n" for value in values))

    for network in range(25):
        some = [f"10.79.{network}.{n}/32" if vip == VIP else f"fd79:{network}::{n}/128"
                for n in range(1, 51)]
        change("add", some)
        fates = [proxy.run(proxy.tunnel(segment(vip, "S", some[0].partition("/")[0]))).fate,
                 proxy.run(proxy.tunnel(segment(vip, "S", some[40].partition("/")[0]))).fate]
        change("del", some)
        assert fates == ["dropped_source"] * 2, network
    assert proxy.accepts(segment(vip, "S", some[0].partition("/")[0])) == "accepted_syn"


# --- destinations --------------------------------------------------------------------------------


@contextlib.contextmanager
def routed(host, *route):
    """The host has one more route."""
    family = "-6" if ":" in "".join(route) else "-4"
    host.ip(family, "route", "add", *route)
    try:
        yield
    finally:
        host.ip(family, "route", "del", *route)


@pytest.fixture(name="router")
def fixture_router(proxy):
    """The proxy, which routes."""
    host = proxy.proxy.namespace
    switches = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
    host.run("sysctl", "-qw", *(f"{switch}=1" for switch in switches))
    try:
        yield proxy
    finally:
        host.run("sysctl", "-qw", *(f"{switch}=0" for switch in switches))


@pytest.mark.parametrize("dst", [ELSEWHERE, ELSEWHERE6])
def test_a_host_that_routes_keeps_nothing_for_hosts_beyond_it(router, dst):
    """It would send it back to the router, and that to a director, until its time to live ends."""
    src = stranger(VIP6 if ":" in dst else VIP)
    via = address6(DIRECTOR) if ":" in dst else DIRECTOR
    with routed(router.proxy.namespace, dst, "via", via):
        for packet in packets(src, dst):
            assert router.drops(router.tunnel(packet, hops=())) == "dropped_routed_back", packet
            assert router.drops(router.tunnel(packet, hops=(A,))) == "dropped_routed_back", packet
        assert router.forwards(packets(src, dst)[0]) == "forwarded_to_alternate"


@pytest.mark.parametrize("dst", [ELSEWHERE, ELSEWHERE6])
def test_a_host_that_routes_keeps_what_is_for_a_container(router, dst):
    """Which has the VIP itself, behind a device of its own."""
    src = stranger(VIP6 if ":" in dst else VIP)
    host = router.proxy.namespace
    with another_device(host) as device:
        host.ip("link", "set", device, "up")
        with routed(host, dst, "dev", device), routed(host, src, "dev", "eth0"):
            for packet in packets(src, dst):
                assert router.accepts(packet, hops=()).startswith("accepted_")


@pytest.mark.parametrize("dst", [ELSEWHERE, ELSEWHERE6])
def test_a_way_to_the_clients_by_another_device_is_a_way_back(router, dst):
    """A second uplink."""
    src = stranger(VIP6 if ":" in dst else VIP)
    host = router.proxy.namespace
    with another_device(host) as device:
        host.ip("link", "set", device, "up")
        with routed(host, dst, "dev", device), routed(host, src, "dev", device):
            for packet in packets(src, dst):
                fate = router.drops(router.tunnel(packet, hops=()))
                assert fate == "dropped_routed_back"


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
@pytest.mark.parametrize("dst", [ELSEWHERE, ELSEWHERE6])
def test_a_host_that_routes_keeps_nothing_that_its_routes_refuse(router, dst, kind):
    src = stranger(VIP6 if ":" in dst else VIP)
    with routed(router.proxy.namespace, kind, dst):
        for packet in packets(src, dst):
            fate = router.drops(router.tunnel(packet, hops=()))
            assert fate == "dropped_routed_back"


@vips
def test_a_host_that_routes_keeps_what_is_for_its_vips(router, vip):
    for packet in packets(stranger(vip), vip):
        assert router.accepts(packet, hops=()).startswith("accepted_")


@pytest.mark.parametrize("dst", [ELSEWHERE, ELSEWHERE6])
def test_a_local_route_makes_an_address_one_of_the_host(router, dst):
    """As hosts have it that rewrite the VIP, or serve a whole network."""
    src = stranger(VIP6 if ":" in dst else VIP)
    with routed(router.proxy.namespace, "local", dst, "dev", "lo"):
        for packet in packets(src, dst):
            assert router.accepts(packet, hops=()).startswith("accepted_")


# --- the port of GUE -----------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [b"", b"r", b"reply", b"a longer reply" * 50])
def test_what_is_not_gue_reaches_the_socket_that_waits_for_it(proxy, reply):
    """The proxy asks something from the GUE port; the answer is no business of ours."""
    family = socket.AF_INET if proxy.underlay == 4 else socket.AF_INET6
    a, b = proxy.network.proxies
    with inside(a.namespace):
        asking = socket.socket(family, socket.SOCK_DGRAM)
    with inside(b.namespace):
        asked = socket.socket(family, socket.SOCK_DGRAM)
    with asking, asked, counted(a) as (moved,):
        asking.settimeout(60)
        asked.settimeout(60)
        asking.bind((proxy.address(A), wire.GUE_PORT))
        asked.bind((proxy.address(B), 5353))
        asking.sendto(b"query", (proxy.address(B), 5353))
        assert asked.recv(100) == b"query"
        asked.sendto(reply, (proxy.address(A), wire.GUE_PORT))
        assert asking.recv(1000) == reply
        assert proxy.accepts(segment(flags="S")) == "accepted_syn"  # GUE is GUE all the same
    assert moved == {"total": 1, "accepted_syn": 1}


def test_what_is_not_gue_is_dropped_when_nobody_waits_for_it(proxy):
    packet = proxy.outer(b"reply", src=B, sport=5353)
    assert proxy.drops(proxy.frame(packet)) == "dropped_malformed_gue"


# --- loops ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(network):
    """Proxies a, b and a third one."""
    return [*network.proxies, network.add_proxy("c", C)]


def way(at, hops, next_hop):
    """The hosts that see a packet which none of them knows, and its fate at the last of them."""
    seen = [at]
    while next_hop < len(hops):
        if hops[next_hop] == seen[-1]:
            return seen, "forwarded_to_self"
        seen.append(hops[next_hop])
        next_hop += 1
    return seen, "accepted_last_resort"


def test_proxies_that_name_each_other_make_no_loop(network, three):
    """Any list, from any index on, sends a packet on at most as often as it has hops."""
    draw = random.Random(5)
    hosts = [A, B, C]
    lists = [[draw.choice(hosts) for _ in range(draw.randrange(31))] for _ in range(60)]
    lists += [[B, A] * 15, [B, C, A] * 10, [A] * 30, []]
    expected = {name: 0 for name in
                ("total", "forwarded_to_alternate", "forwarded_to_self", "accepted_last_resort")}
    with counted(*three) as moved:
        for hops in lists:
            for next_hop in {0, draw.randrange(31), draw.randrange(256)}:
                first = draw.randrange(3)
                seen, fate = way(hosts[first], hops, next_hop)
                assert len(seen) <= len(hops) + 1
                expected["total"] += len(seen)
                expected["forwarded_to_alternate"] += len(seen) - 1
                expected[fate] += 1
                network.send_to(three[first], segment(data=b""), hops, next_hop)
        wait_until(lambda: sum(proxy.counters()["total"] for proxy in three)
                   >= expected["total"], "every packet")
    together = {name: sum(at.get(name, 0) for at in moved) for name in expected}
    assert together == expected


def test_a_list_that_claims_more_hops_than_it_has_is_dropped(proxy):
    payload = bytearray(proxy.gue(segment(), [B]))
    for count, next_hop in itertools.product((0, 2, 7, 30, 255), (0, 1, 255)):
        payload[6:8] = next_hop, count
        fate = proxy.drops(proxy.frame(proxy.outer(bytes(payload))))
        assert fate == "dropped_malformed_gue"
