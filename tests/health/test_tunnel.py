# SPDX-License-Identifier: BSD-3-Clause
"""Does a check through the tunnel find what is wrong with a proxy, without effect on other traffic?"""

import contextlib
import json
import os
import socket
import struct
import subprocess

import pytest
from tunnels import CHECKER, GATEWAY, PORT, PROBER, Network, Prober

# pylint: disable=wrong-import-position,wrong-import-order
import wire
from hosts import A, B, FABRIC_MTU, VIP, VIP6, address6, interface_index, program_name
from kernel import TCX_EGRESS, inside, tcx_programs
from netns import stop, wait_until

PROGRAM = PROBER.parents[2] / "src/redirect/glb-redirect"
FULL = 1500
WAYS = [(backend, vip) for backend in (A, address6(A)) for vip in (VIP, VIP6)]


@pytest.fixture(scope="module")
def network():
    """The network of tunnels.py."""
    if os.geteuid() != 0:
        pytest.skip("eBPF and network namespaces need root")
    for program in (PROBER, PROGRAM):
        if not program.exists():
            pytest.skip(f"{program} is not built (GLB_BUILD names the build)")
    ours = Network(PROGRAM)
    try:
        ours.up()
        yield ours
    finally:
        ours.down()


@pytest.fixture(scope="module")
def prober(network):
    """A prober in the namespace of the checker."""
    ours = Prober(network.checker)
    yield ours
    ours.end()


@pytest.fixture(params=WAYS, ids=[f"{backend}-{vip}" for backend, vip in WAYS])
def way(request):
    """Both IP versions, outside and inside: a proxy's address, and a VIP."""
    return request.param


def shortly(reason, ask, *words, **more):
    """The result of a probe that is not to wait for long, and in which time; more if the machine is too busy."""
    for timeout_ms in (300, 3000, 30000):
        result = ask(*words, **more, timeout_ms=timeout_ms)
        if result.reason == reason:
            break
    return result, timeout_ms


def test_a_proxy_that_serves_the_vip_is_good(network, prober, way):
    """TCP, HTTP and a full-size packet, without any privilege; nothing is left behind."""
    assert prober.tunnel(*way)[:2] == ("none", "")
    good = prober.tunnel(*way, "http", full_size=FULL)
    assert good[:2] == ("none", "")
    assert any("1500 bytes was answered" in step for step in good.steps), good.steps
    assert prober.entries() == 0


@contextlib.contextmanager
def captured(namespace, found):
    """Frames that come in on eth0 in this block."""
    with inside(namespace):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    with tap:
        tap.bind(("eth0", 0))
        yield
        tap.settimeout(0.2)
        with contextlib.suppress(socket.timeout):
            while True:
                frame, (_, _, direction, *_) = tap.recvfrom(65536)
                if direction == socket.PACKET_HOST:
                    found.append(frame[14:])


def l4_sum(ip, transport_at, proto):
    """The checksum over a transport header and its pseudo header: 0 when it is right."""
    version = ip[0] >> 4
    addresses = ip[12:20] if version == 4 else ip[8:40]
    payload = ip[transport_at:]
    return wire.checksum(addresses + struct.pack("!IHBB", len(payload), 0, 0, proto) + payload)


@pytest.mark.parametrize("offload", ["on", "off"])
def test_packets_are_those_of_a_director(network, prober, way, offload):
    """Outer source, DF, TTL, no hops; checksums are right where no device works them out."""
    backend, vip = way
    network.checker.run("ethtool", "-K", "eth0", "tx", offload)
    frames = []
    with captured(network.a.namespace, frames):
        assert prober.tunnel(*way, full_size=FULL).reason == "none"
    network.checker.run("ethtool", "-K", "eth0", "tx", "on")
    outer_len, inner_len, vip_at = 20, 20, 16
    if ":" in backend:
        outer_len = 40
    if ":" in vip:
        inner_len, vip_at = 40, 24
    ours = [ip for ip in frames if ip[0] >> 4 == (6 if ":" in backend else 4) and
            ip[6 if ":" in backend else 9] == 17]
    lengths = []
    for ip in ours:
        source = ip[8:24] if ":" in backend else ip[12:16]
        assert source == wire.address(address6(CHECKER) if ":" in backend else CHECKER)
        if ":" not in backend:
            assert ip[6:9] == b"\x40\0\x40"  # DF, and the time to live
            assert wire.checksum(ip[:20]) == 0
        else:
            assert ip[7] == 64
        sport, dport, _, check = struct.unpack("!HHHH", ip[outer_len:outer_len + 8])
        assert sport >= 0xC000 and dport == wire.GUE_PORT and check
        inner = ip[outer_len + 16:]
        assert ip[outer_len + 8:outer_len + 16] == wire.gue(inner, [], underlay=6 if ":" in backend else 4)[:8]
        assert inner[vip_at:vip_at + inner_len - vip_at] == wire.address(vip)
        assert len(inner) == (struct.unpack("!H", inner[2:4])[0] if inner_len == 20
                              else 40 + struct.unpack("!H", inner[4:6])[0])
        if offload == "off":
            assert l4_sum(inner, inner_len, 6) == 0
            assert l4_sum(ip, outer_len, 17) == 0
        lengths.append(len(inner))
    assert max(lengths) == FULL and lengths.count(FULL) == 1
    assert len(lengths) == 4  # SYN and RST of both connections


@pytest.mark.parametrize("offload", ["on", "off"])
def test_a_request_of_several_packets_gets_there(network, prober, way, offload):
    """TCP hands it down in one piece: cut by the device, or by the kernel behind the program."""
    words = ("tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation")
    network.checker.run("ethtool", "-K", "eth0", *(each for word in words for each in (word, offload)))
    frames = []
    with captured(network.a.namespace, frames):
        result = prober.tunnel(*way, "http", path_len=7000)
    network.checker.run("ethtool", "-K", "eth0", *(each for word in words for each in (word, "on")))
    assert result[:2] == ("none", "")
    longest = max(map(len, frames))
    assert longest > 7000 if offload == "on" else longest == FABRIC_MTU, longest


@contextlib.contextmanager
def detached(proxy):
    """In this block the proxy does not decapsulate GUE."""
    proxy.redirect("detach", "eth0")
    try:
        yield
    finally:
        proxy.redirect("attach", "eth0")


def test_a_broken_tunnel_is_found_where_http_still_answers(network, prober):
    """The backend's own address replies as always, but GUE is not decapsulated."""
    with detached(network.a):
        assert network.ask(A) == "a"
        for way in WAYS:
            result, _ = shortly("timeout", prober.tunnel, *way, "http", FULL)
            assert result.reason == "timeout"
        for backend in (A, address6(A)):
            assert prober.second(backend).reason == "refused"


def test_a_missing_vip_is_found(network, prober):
    network.a.namespace.ip("addr", "del", f"{VIP}/32", "dev", "lo")
    result, _ = shortly("timeout", prober.tunnel, A)
    assert prober.tunnel(A, VIP6).reason == "none"
    assert prober.tunnel(B).reason == "none"
    network.a.namespace.ip("addr", "add", f"{VIP}/32", "dev", "lo")
    assert result.reason == "timeout"


def test_a_missing_listener_refuses_through_the_tunnel(prober, way):
    assert prober.tunnel(*way, port=81).reason == "refused"
    assert prober.tunnel(*way, "http", port=81).reason == "refused"


def test_a_path_that_loses_full_size_packets_is_found(network, prober, way):
    """Small packets pass, large ones are lost silently: the reason names the size."""
    in_gue = FULL + (56 if ":" in way[0] else 36)
    with network.small_hop():
        for protocol in ("tcp", "http"):
            result, ms = shortly("mtu", prober.tunnel, *way, protocol, FULL)
            assert result[:2] == (
                "mtu", f"no answer to {FULL} bytes ({in_gue} in GUE) within {ms} ms, but to fewer")
        assert prober.tunnel(*way).reason == "none"


def test_what_the_checker_itself_cannot_do_says_nothing_about_the_proxy(network, prober):
    """VIPs that are here, or routed elsewhere, a device too small, and a gateway that is silent."""
    checker = network.checker
    checker.ip("addr", "add", f"{VIP}/32", "dev", "lo")
    local = prober.tunnel(A)
    checker.ip("addr", "del", f"{VIP}/32", "dev", "lo")
    assert local[:2] == (
        "local", f"the VIP {VIP} is an address of this host: packets to it do not leave")
    checker.ip("link", "add", "eth9", "type", "veth", "peer", "name", "eth8")
    checker.ip("link", "set", "eth9", "up")
    checker.ip("route", "replace", VIP, "dev", "eth9")
    elsewhere = prober.tunnel(A)
    checker.ip("route", "del", VIP)
    nowhere = prober.tunnel(A)
    checker.ip("link", "del", "eth9")
    assert elsewhere[:2] == ("local", f"the VIP {VIP} is routed by eth9, not by eth0")
    assert nowhere[:2] == ("local", f"no route to the VIP {VIP}: Network is unreachable")
    checker.ip("route", "add", VIP, "via", "10.9.0.99")  # there is no such host
    silent, _ = shortly("local", prober.tunnel, A)
    checker.ip("route", "replace", VIP, "via", GATEWAY)
    assert silent[:2] == ("local", "a packet for the VIP has not left by eth0 in GUE")
    assert prober.tunnel(A, full_size=1570)[:2] == (
        "local", "the MTU of eth0 is 1600: a packet of 1570 bytes has 1606 in GUE")
    assert prober.tunnel(A).reason == "none"


def test_a_tunnel_that_cannot_be_had_is_reported_at_the_start_and_by_each_probe(network):
    for device, why in (("eth7", "device eth7 does not exist"), ("lo", "lo is not an Ethernet device")):
        ours = Prober(network.checker, device=device)
        assert ours.tunnel(A)[:2] == ("local", why)
        assert f"no checks through the tunnel: {why}" in ours.end()


def test_other_packets_by_that_device_stay_as_they_are(network, prober):
    """While a probe is under way, another socket of the same host gets to the gateway."""
    with network.small_hop():  # its full-size SYN is sent until the hop is as large as the others
        prober.begin("tunnel", A, VIP, PORT, "tcp", FULL, 60000)
        wait_until(lambda: prober.entries() == 2, "the probe's sockets")
        assert network.ask(VIP) == "gateway" and network.ask(VIP6) == "gateway"
        assert prober.entries() == 2
    assert prober.finish()[:2] == ("none", "")


def egress(network):
    """The programs on the egress of the checker's device: of tcx, and of filters."""
    checker = network.checker
    ids = tcx_programs(checker, interface_index(checker, "eth0"), TCX_EGRESS) or []
    filters = json.loads(checker.run("tc", "-json", "filter", "show", "dev", "eth0", "egress"))
    return [*map(program_name, ids), *(each["options"]["prog"]["name"] for each in filters
                                       if "prog" in each.get("options", ()))]


def test_nothing_stays_when_the_checker_is_killed(network):
    ours = Prober(network.checker)
    with_it = egress(network)
    ours.kill()
    wait_until(lambda: len(egress(network)) < len(with_it), "the program to go")
    assert set(with_it) == {"glb_tunnel"}


def test_before_linux_6_6_what_stays_is_harmless_and_replaced(network):
    """A filter of tc outlives a checker that is killed; it changes no packet."""
    there = []
    for _ in range(2):
        ours = Prober(network.checker, "no-tcx")
        assert ours.tunnel(A, full_size=FULL).reason == "none"
        there.append(len(egress(network)))
        ours.kill()
    assert len(egress(network)) == there[0] == there[1]
    assert network.ask(VIP) == "gateway"
    network.checker.run("tc", "qdisc", "del", "dev", "eth0", "clsact")


def test_a_device_that_comes_back_is_taken_again(network):
    """With tcx also by a process without privileges; before, the result says what to do."""
    with_link, with_filter = Prober(network.checker), Prober(network.checker, "no-tcx")
    for ours in (with_link, with_filter):
        assert ours.tunnel(A).reason == "none"
    network.checker.ip("link", "del", "eth0")
    assert with_link.tunnel(A)[:2] == ("local", "device eth0 does not exist")
    network.connect_checker()
    assert with_link.tunnel(A).reason == "none"
    assert with_filter.tunnel(A)[:2] == (
        "local", "no permission to attach a program to eth0: the checker has to be started again")
    for ours in (with_link, with_filter):
        ours.end()


_HAPROXY = """
global
    log stdout format raw daemon
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend web
    bind [::]:8080 v4v6
    bind [::]:8443 v4v6 ssl crt {certificate}
    http-request return status 200
"""


def test_haproxy_sees_requests_and_nothing_else(network, prober, tmp_path):
    """By HTTP and HTTPS; a full-size SYN is the kernel's affair, and no request to HAProxy."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-subj", "/CN=vip", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + key.read_text())
    (tmp_path / "conf").write_text(_HAPROXY.format(certificate=certificate))
    log = tmp_path / "log"
    haproxy = network.a.namespace.spawn("haproxy", "-db", "-f", tmp_path / "conf", log=log)
    try:
        wait_until(lambda: prober.tunnel(A, port=8443).reason == "none", "HAProxy")
        log.write_text("")
        for port, protocol in ((8080, "http"), (8443, "https")):
            for vip in (VIP, VIP6):
                result = prober.tunnel(A, vip, protocol, FULL, port=port)
                assert result[:2] == ("none", ""), result
        wait_until(lambda: log.read_text().count(" 200 ") == 4, "four lines in the log")
        assert [line for line in log.read_text().splitlines() if " 200 " not in line] == []
    finally:
        stop([haproxy.pid])
        haproxy.wait()


def test_a_listener_with_fast_open_is_as_good(network, prober):
    """Data of a SYN without a cookie are none of its."""
    network.a.namespace.run("sysctl", "-qw", "net.ipv4.tcp_fastopen=3")
    with network.a.listen("::", 8081) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
        assert prober.tunnel(A, VIP, full_size=FULL, port=8081).reason == "none"
        assert prober.tunnel(A, VIP6, full_size=FULL, port=8081).reason == "none"


# --- The second chance ------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [A, address6(A)])
def test_a_proxy_with_a_second_chance_hands_on(prober, backend):
    assert prober.second(backend)[:2] == ("none", "")


def test_a_proxy_that_hands_nothing_on_is_found(network, prober):
    """It takes GUE from others alone, so that the packet vanishes."""
    with detached(network.a):
        network.a.redirect("attach", "eth0", "--from", "10.9.0.99")
        results = [shortly("not_passed_on", prober.second, backend) for backend in (A, address6(A))]
        network.a.redirect("detach", "eth0")
    for result, ms in results:
        assert result[:2] == ("not_passed_on", f"no packet back from the proxy within {ms} ms")


def test_a_port_that_is_taken_is_reported_at_the_start(network, prober):
    """By another checker, here."""
    assert prober.second(A).reason == "none"
    ours = Prober(network.checker)
    assert ours.second(A)[:2] == (
        "local", f"no socket at {CHECKER}, UDP port 19523: another program has the port")
    assert (f"no checks of the second chance from {CHECKER}, UDP port 19523: another program has "
            "the port") in ours.end()
    assert prober.second(A).reason == "none"


def test_addresses_of_others_are_reported_at_the_start(network):
    """As those of a director that has its own; checks through the tunnel take them all the same."""
    ours = Prober(network.checker, src="10.9.0.55", src6="-")
    assert ours.second(A)[:2] == (
        "local", "no socket at 10.9.0.55, UDP port 19523: it is not an address of this host")
    assert ours.second(address6(A))[:2] == ("local", "there is no outer source address of IPv6")
    assert ours.tunnel(A, full_size=FULL).reason == "none"
    assert ours.tunnel(address6(A))[:2] == ("local", "there is no outer source address of IPv6")
    ours.end()
