# SPDX-License-Identifier: BSD-3-Clause
"""SYNs that are answered with cookies while a SYN queue is full, and the connections that come of them."""

import contextlib
import json
import re
import socket
import struct
import subprocess
import time

import pytest
from bench import (PASSED, SENT, Bench, absent, interface_address, ip, segment)
from flood import Flood, survivors
from hosts import A, B, VIP, VIP6, counted
from kernel import CHECKSUM_COMPLETE, inside
from netns import wait_until
from scapy.layers.inet import IP, TCP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import Ether
from scapy.packet import Raw

BACKLOG = 4
MPTCP = 262
FLOOD_PORT = 20000  # the first one of the SYNs that fill a queue
OPTIONS = [("MSS", 1400), ("SAckOK", b""), ("Timestamp", (77, 0)), ("NOP", None), ("WScale", 9)]
vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])


@pytest.fixture(scope="module", autouse=True)
def guarded(network):
    """Both proxies answer SYNs, if the kernel lets them."""
    for proxy in network.proxies:
        proxy.redirect("attach", "eth0", "--syn-cookies", "on")
    if status(network)["syn_cookies"] != "on":
        pytest.skip("the kernel completes no handshakes for programs: it needs Linux 6.9")
    yield
    for proxy in network.proxies:
        proxy.redirect("attach", "eth0", "--syn-cookies", "off")


@pytest.fixture(scope="module", params=[4, 6], ids=["over-ipv4", "over-ipv6"])
def proxy(request, network):
    """Proxy a, on the bench."""
    with contextlib.closing(Bench(network, request.param)) as bench:
        yield bench


def status(network, proxy=0):
    return json.loads(network.proxies[proxy].redirect("status", "eth0", "--json"))


def queue_of(network, vip, listener):
    """What the status says about the SYN queue of a listener; None if it has never been full."""
    port = listener.getsockname()[1]
    return next((queue for queue in status(network)["syn_queues"]
                 if (queue["vip"], queue["port"]) == (vip, port)), None)


def syn(vip, listener, number=0, **more):
    """A SYN of a client that does not exist."""
    return segment(vip, "S", absent(vip), FLOOD_PORT + number, listener.getsockname()[1], data=b"",
                   **{"options": OPTIONS, **more})


def fill(network, vip, listener, count=BACKLOG, **more):
    """Open so many connections half."""
    for number in range(count):
        network.send_to(network.proxies[0], syn(vip, listener, number, **more))


@contextlib.contextmanager
def full(network, vip, host=None, proto=0):
    """A listener on proxy a whose SYN queue is full of requests of a client that does not exist."""
    a = network.proxies[0]
    mac = interface_address(network.director_host, "eth0").hex(":")
    a.namespace.ip("neigh", "replace", absent(vip), "dev", "eth0", "lladdr", mac)
    with a.listen(host or vip, proto=proto) as listener:
        listener.listen(BACKLOG)
        fill(network, vip, listener)
        yield listener


def answer(outcome):
    """The SYN-ACK that the program made of a SYN."""
    assert (outcome.action, outcome.fate) == (SENT, "answered_syn")
    return Ether(outcome.frame).payload


def expected_answer(asked, cookie, tsval, mss, wscale):
    """The SYN-ACK in full."""
    more = {"flags": "DF", "id": 0} if IP in asked else {}
    more["ttl" if IP in asked else "hlim"] = 64
    tcp = TCP(sport=asked[TCP].dport, dport=asked[TCP].sport, seq=cookie, ack=asked[TCP].seq + 1, flags="SA",
              window=32767, options=[("MSS", mss), ("SAckOK", b""), ("Timestamp", (tsval, 77)),
                                     ("NOP", None), ("WScale", wscale)])
    return ip(asked.dst, asked.src, **more) / tcp


@vips
def test_a_syn_for_a_full_queue_is_answered_as_by_the_kernel(network, proxy, vip):
    """Every byte of the answer, over either IP version; a CHECKSUM_COMPLETE of the device is kept up."""
    with full(network, vip) as listener:
        asked = syn(vip, listener, 99)
        setattr(asked, "ttl" if vip == VIP else "hlim", 57)  # or the sum over the answer would be the same
        made = answer(proxy.run(proxy.tunnel(asked), flags=CHECKSUM_COMPLETE))
        options = dict(made[TCP].options)
        wanted = expected_answer(asked, made[TCP].seq, options["Timestamp"][0], 1560 if vip == VIP else 1540,
                                 options["WScale"])
        assert bytes(made) == bytes(wanted)
        assert options["WScale"] >= 7


@vips
@pytest.mark.parametrize("offered, kept", [
    ([], {"MSS"}),
    ([("MSS", 1460)], {"MSS"}),
    ([("MSS", 1460), ("WScale", 0)], {"MSS", "WScale"}),
    ([("MSS", 1460), ("SAckOK", b"")], {"MSS", "SAckOK"}),
    ([("MSS", 1460), ("Timestamp", (1, 0))], {"MSS", "Timestamp"}),
], ids=["none", "mss", "wscale", "sack", "timestamp"])
def test_only_what_the_client_offers_is_in_the_answer(network, proxy, vip, offered, kept):
    with full(network, vip) as listener:
        made = answer(proxy.run(proxy.tunnel(syn(vip, listener, 99, options=offered))))
        assert {name for name, _ in made[TCP].options} - {"NOP"} == kept
        check = made[TCP].chksum
        del made[TCP].chksum
        assert type(made)(bytes(made))[TCP].chksum == check


@vips
@pytest.mark.parametrize("change", [
    {"options": [("MSS", 400)]},
    {"options": [("MSS", 1460), (19, bytes(16))]},
    {"options": [("MSS", 1460), (29, bytes(14))]},
    {"data": b"early"},
    {"flags": "SA"}, {"flags": "SF"}, {"chksum": 1},
], ids=["small-mss", "md5", "ao", "data", "syn-ack", "syn-fin", "checksum"])
def test_a_syn_in_doubt_goes_to_the_kernel(network, proxy, vip, change):
    with full(network, vip) as listener:
        change = dict(change)
        data, flags = change.pop("data", b""), change.pop("flags", "S")
        asked = segment(vip, flags, absent(vip), 30000, listener.getsockname()[1], data=data,
                        **{"options": OPTIONS, **change})
        assert proxy.accepts(asked) == "accepted_syn"


def test_a_syn_behind_options_or_extension_headers_goes_to_the_kernel(network, proxy):
    for vip in (VIP, VIP6):
        with full(network, vip) as listener:
            asked = syn(vip, listener, 99)
            if vip == VIP:
                asked.options = [IPOption_NOP()] * 4
            else:
                asked = IPv6(src=asked.src, dst=asked.dst) / IPv6ExtHdrDestOpt() / asked[TCP]
            assert proxy.accepts(asked) == "accepted_syn"


@vips
def test_syns_are_kept_while_the_queue_has_room(network, proxy, vip):
    with full(network, vip) as listener:
        with network.proxies[0].listen(vip) as other:
            assert proxy.accepts(syn(vip, other, 99)) == "accepted_syn"
            assert queue_of(network, vip, other) is None
        answer(proxy.run(proxy.tunnel(syn(vip, listener, 99))))


@vips
def test_an_answer_is_counted_for_its_vip_and_its_port(network, proxy, vip):
    def counted_for_vip():
        shown = json.loads(network.proxies[0].redirect("counters", "eth0", "--vips", "--json"))
        entry, = (entry for entry in shown["vips"] if entry["vip"] == vip)
        return entry["counters"]["answered_syn"], shown["syn_queues"]

    with full(network, vip) as listener:
        answer(proxy.run(proxy.tunnel(syn(vip, listener, 98))))
        before, _ = counted_for_vip()
        answer(proxy.run(proxy.tunnel(syn(vip, listener, 99))))
        after, queues = counted_for_vip()
        assert after == before + 1
        assert [queue["answered"] for queue in queues if (queue["vip"], queue["port"]) ==
                (vip, listener.getsockname()[1])] == [2]
        lines = network.proxies[0].redirect("counters", "eth0", "--vips").splitlines()
        place = f"[{vip}]" if ":" in vip else vip
        assert f"{place}:{listener.getsockname()[1]} syn_answered 2" in lines


@contextlib.contextmanager
def serving_metrics(proxy):
    """Gives a function that returns what `serve` on a proxy exposes."""
    serving = subprocess.Popen(  # pylint: disable=consider-using-with
        proxy.namespace.command(proxy.program, "serve", "eth0", "--listen", "127.0.0.1:9391"),
        stderr=subprocess.DEVNULL)

    def connect():
        with inside(proxy.namespace), contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", 9391), 5)
        return None

    def get():
        with connect() as client:
            client.settimeout(30)
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            with client.makefile() as text:
                return text.read()

    try:
        wait_until(connect, "the server")
        yield get
    finally:
        serving.terminate()
        serving.wait(60)


def test_metrics_have_the_queues(network, proxy):
    with full(network, VIP) as listener:
        made = answer(proxy.run(proxy.tunnel(syn(VIP, listener, 99))))
        proxy.forwards(returned(VIP, listener, made, ack=1))
        labels = f'vip="{VIP}",port="{listener.getsockname()[1]}"'
        with serving_metrics(network.proxies[0]) as get:
            text = get()
        for line in (f"glb_redirect_syn_engaged{{{labels}}} 1", f"glb_redirect_syn_engagements_total{{{labels}}} 1",
                     f'glb_redirect_syn_cookies_total{{{labels},event="answered"}} 1',
                     f'glb_redirect_syn_cookies_total{{{labels},event="completed"}} 0',
                     f'glb_redirect_syn_cookies_total{{{labels},event="refused"}} 1'):
            assert line in text


def test_the_grade_counts_answers_as_the_cookies_of_the_kernel(network):
    def cookies_per_second(text):
        return float(re.search(r'^glb_redirect_signal\{signal="cookies"\} (\S+)', text, re.M)[1])

    with contextlib.closing(Bench(network)) as bench, full(network, VIP) as listener:
        frame = bench.tunnel(syn(VIP, listener, 99))
        with serving_metrics(network.proxies[0]) as get:
            assert cookies_per_second(get()) == 0
            for _ in range(50):
                answer(bench.run(frame))
            wait_until(lambda: cookies_per_second(get()) > 0, "another look at the queues")


@vips
def test_a_listener_of_mptcp_is_left_to_the_kernel(network, proxy, vip):
    try:
        with full(network, vip, proto=MPTCP) as listener:
            assert proxy.accepts(syn(vip, listener, 99)) == "accepted_syn"
    except OSError:
        pytest.skip("the kernel has no MPTCP")


def test_nothing_is_answered_where_cookies_are_off(network, proxy):
    a = network.proxies[0].namespace
    with full(network, VIP) as listener:
        answer(proxy.run(proxy.tunnel(syn(VIP, listener, 99))))
        a.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=0")
        try:
            assert proxy.accepts(syn(VIP, listener, 99)) == "accepted_syn"
        finally:
            a.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=1")


@vips
def test_a_retransmitted_syn_that_has_a_request_is_left_to_the_kernel(network, proxy, vip):
    with full(network, vip) as listener:
        answer(proxy.run(proxy.tunnel(syn(vip, listener, 99))))
        assert proxy.accepts(syn(vip, listener, 0)) == "accepted_syn"


# --- Cookies that come back ---


def returned(vip, listener, made, **more):
    """The ACK that completes the handshake of an answer."""
    asked = {"seq": made[TCP].ack, "ack": made[TCP].seq + 1, **more}
    return segment(vip, "A", absent(vip), asked.pop("sport", made[TCP].dport), listener.getsockname()[1], **asked)


@vips
@pytest.mark.parametrize("host", [None, "::"], ids=["own", "any"])
def test_a_cookie_that_comes_back_is_kept_and_any_other_goes_to_the_next_hop(network, proxy, vip, host):
    with full(network, vip, host=host) as listener:
        made = answer(proxy.run(proxy.tunnel(syn(vip, listener, 99))))
        assert proxy.accepts(returned(vip, listener, made)) == "accepted_syn_cookie"
        refused = queue_of(network, vip, listener)["refused"]
        for change in ({"ack": made[TCP].seq + 1 + (1 << 20)}, {"seq": made[TCP].ack + 1}, {"sport": 1}):
            assert proxy.forwards(returned(vip, listener, made, **change)) == "forwarded_to_alternate"
        assert queue_of(network, vip, listener)["refused"] == refused + 3


def test_a_cookie_is_found_behind_options_and_extension_headers(network, proxy):
    for vip in (VIP, VIP6):
        with full(network, vip) as listener:
            made = answer(proxy.run(proxy.tunnel(syn(vip, listener, 99))))
            back = returned(vip, listener, made)
            if vip == VIP:
                back.options = [IPOption_NOP()] * 4
            else:
                back = IPv6(src=back.src, dst=back.dst) / IPv6ExtHdrDestOpt() / back[TCP]
            assert proxy.accepts(back) == "accepted_syn_cookie"


def test_each_proxy_has_a_secret_of_its_own_which_survives_a_replacement(network, proxy):
    """A cookie of proxy a is none on b, whose listener sends cookies, too."""
    a, b = network.proxies
    with full(network, VIP) as listener, b.listen(VIP, listener.getsockname()[1]) as other:
        made = answer(proxy.run(proxy.tunnel(syn(VIP, listener, 99))))
        back = returned(VIP, listener, made)
        a.redirect("attach", "eth0")
        proxy.reopen()
        assert proxy.accepts(back) == "accepted_syn_cookie"
        mac = interface_address(network.director_host, "eth0").hex(":")
        b.namespace.ip("neigh", "replace", absent(VIP), "dev", "eth0", "lladdr", mac)
        other.listen(BACKLOG)
        for number in range(BACKLOG + 3):
            network.send_to(b, syn(VIP, other, number))
        with counted(b) as (moved,):
            network.send_to(b, back)
        assert moved == {"total": 1, "accepted_last_resort": 1}


# --- Connections ---


@contextlib.contextmanager
def without(namespace, *names):
    """Some settings of TCP are 0."""
    for name in names:
        namespace.run("sysctl", "-qw", f"net.ipv4.{name}=0")
    try:
        yield
    finally:
        for name in names:
            namespace.run("sysctl", "-qw", f"net.ipv4.{name}=1")


def seen(network, listener):
    """What ss says about the connections of a listener."""
    return network.proxies[0].namespace.run(
        "ss", "-Htino", "state", "established", "sport", "=", f":{listener.getsockname()[1]}")


def both_ways(client, server, amount=400_000):
    """More data than fits an unscaled window, both ways at once."""
    for one in (client, server):
        one.settimeout(60)
        one.setblocking(False)
    left = {client: amount, server: amount}
    unread = dict(left)
    until = time.monotonic() + 60
    while any(left.values()) or any(unread.values()):
        assert time.monotonic() < until
        for one in (client, server):
            with contextlib.suppress(BlockingIOError):
                left[one] -= one.send(bytes(left[one])) if left[one] else 0
            with contextlib.suppress(BlockingIOError):
                unread[one] -= len(one.recv(1 << 20)) if unread[one] else 0


@vips
@pytest.mark.parametrize("absent_options", [(), ("tcp_timestamps",), ("tcp_window_scaling",), ("tcp_sack",)],
                         ids=["all", "no-timestamps", "no-wscale", "no-sack"])
def test_a_connection_keeps_the_options_that_its_client_offered(network, vip, absent_options):
    """Also without timestamps, in which the kernel's cookies keep window scale and SACK."""
    network.director.hops = (A, B)
    with full(network, vip) as listener, without(network.client, *absent_options):
        with counted(network.proxies[0]) as (moved,):
            with network.connect(vip, listener.getsockname()[1]) as client, listener.accept()[0] as server:
                words = seen(network, listener)
                both_ways(client, server)
        assert moved["answered_syn"] == 1 == moved["accepted_syn_cookie"]
        flags = words.split()
        assert ("ts" in flags) == ("tcp_timestamps" not in absent_options)
        assert ("sack" in flags) == ("tcp_sack" not in absent_options)
        assert ("wscale:" in words) == ("tcp_window_scaling" not in absent_options)
        queue = queue_of(network, vip, listener)
        assert (queue["answered"], queue["completed"], queue["engagements"]) == (1, 1, 1)


@vips
def test_window_scales_and_mss_are_those_of_a_handshake_of_the_kernel(network, vip):
    network.director.hops = (A,)
    with full(network, vip) as listener, network.proxies[0].listen(vip) as roomy:
        shown = []
        for each in (listener, roomy):
            with network.connect(vip, each.getsockname()[1]) as client, each.accept()[0]:
                words = seen(network, each).split()
                far = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
                shown.append((far, {word for word in words if word in ("ts", "sack")
                                    or word.startswith(("wscale:", "mss:", "advmss:"))}))
        assert shown[0] == shown[1]
        assert len(shown[0][1]) == 5
        assert queue_of(network, vip, listener)["completed"] == 1


@vips
def test_data_completes_a_handshake_whose_ack_was_lost(network, proxy, vip):
    with full(network, vip) as listener:
        made = answer(proxy.run(proxy.tunnel(syn(vip, listener, 99))))
        options = [("NOP", None), ("NOP", None), ("Timestamp", (78, dict(made[TCP].options)["Timestamp"][0]))]
        back = returned(vip, listener, made, options=options)
        back[TCP].flags = "PA"
        network.send_to(network.proxies[0], back, [B])
        with listener.accept()[0] as server:
            server.settimeout(60)
            assert server.recv(100) == bytes(back[Raw])
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@vips
def test_a_connection_by_cookie_has_its_second_chance(network, vip):
    """The next hop of a table that has changed knows it."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with full(network, vip) as listener, b.listen(vip, listener.getsockname()[1]):
        with network.connect(vip, listener.getsockname()[1]) as client, listener.accept()[0] as server:
            server.settimeout(60)
            network.director.hops = (B, A)
            with counted(a, b) as (on_a, on_b):
                client.sendall(b"after the change")
                assert server.recv(100) == b"after the change"
            assert on_a["accepted_established"] == on_b["forwarded_to_alternate"] > 0


def test_an_answer_that_comes_back_by_another_hop_is_found(network, proxy):
    """The director has changed its table between SYN and ACK."""
    a, b = network.proxies
    with full(network, VIP) as listener, b.listen(VIP, listener.getsockname()[1]):
        made = answer(proxy.run(proxy.tunnel(syn(VIP, listener, 99))))
        with counted(a, b) as (on_a, on_b):
            network.send_to(b, returned(VIP, listener, made), [A])
            with listener.accept()[0] as server:
                server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert on_a["accepted_syn_cookie"] == on_b["forwarded_to_alternate"] == 1


# --- A flood ---


def test_connections_are_made_during_a_flood(network):
    """As fast as one CPU sends it, to a listener with a small backlog."""
    flood = Flood(network)
    flood.up()
    try:
        before = network.proxies[0].counters()["answered_syn"]
        made, _ = survivors(network, flood, count=60, seconds=2, timeout=30)
        queue = max(status(network)["syn_queues"], key=lambda queue: queue["answered"])
        assert made == 60
        assert queue["completed"] >= 50 and queue["engagements"] == 1
        assert network.proxies[0].counters()["answered_syn"] - before >= queue["answered"] > 1000
    finally:
        flood.down()


# --- On and off ---


def test_it_ends_when_neither_the_queue_nor_cookies_would_fill_half_of_it(network, vip=VIP6):
    bench = Bench(network)
    with contextlib.closing(bench), full(network, vip) as listener:
        answer(bench.run(bench.tunnel(syn(vip, listener, 99))))
        assert queue_of(network, vip, listener)["engaged_seconds"] >= 0
        for number in range(BACKLOG + 1):
            network.send_to(network.proxies[0], segment(
                vip, "R", absent(vip), FLOOD_PORT + number, listener.getsockname()[1], data=b"", seq=2))
        began = time.monotonic()
        wait_until(lambda: bench.run(bench.tunnel(syn(vip, listener, 99))).action == PASSED
                   or time.sleep(0.5), "the end")
        assert time.monotonic() - began > 2
        queue = queue_of(network, vip, listener)
        assert (queue["engaged_seconds"], queue["engagements"]) == (None, 1)
        fill(network, vip, listener, BACKLOG + 2)
        assert queue_of(network, vip, listener)["engagements"] == 2


def test_it_is_off_unless_asked_for_and_stays_as_it_was(network, host):
    assert host.warnings("attach", "eth0") == []
    assert "syn-cookies" not in host.redirect("status", "eth0")
    host.redirect("attach", "eth0", "--syn-cookies", "on")
    host.redirect("attach", "eth0", "--from", "10.9.0.0/24")
    assert "syn-cookies on\n" in host.redirect("status", "eth0")
    host.redirect("attach", "eth0", "--syn-cookies", "off")
    host.redirect("attach", "eth0")
    assert "syn-cookies" not in host.redirect("status", "eth0")
    assert host.refusal("attach", "eth0", "--syn-cookies", "always") == \
        "--syn-cookies: 'always': not 'on' or 'off'"
    assert status(network)["syn_cookies"] == "on"


def test_attach_warns_of_what_would_keep_handshakes_from_completion(host):
    namespace = host.namespace
    namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=0")
    warning, = host.warnings("attach", "eth0", "--syn-cookies", "on")
    assert warning.startswith("--syn-cookies: net.ipv4.tcp_syncookies is 0")
    namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=1")
    namespace.ip("link", "set", "eth1", "up")
    namespace.ip("addr", "add", "10.9.1.1/24", "dev", "eth1")
    namespace.ip("route", "add", "default", "via", "10.9.1.2")
    warning, = host.warnings("attach", "eth0", "--syn-cookies", "on")
    assert warning == ("--syn-cookies: replies to clients of IPv4 leave by another device, so their SYNs are not "
                       "answered here")
