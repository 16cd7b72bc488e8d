# SPDX-License-Identifier: BSD-3-Clause
"""Connections whose socket has other addresses or ports than the client knows: NAT and TPROXY."""

import contextlib
import os
import random
import shutil
import socket
import struct
import subprocess
import time

import pytest
import test_strangers as strangers
import wire
from bench import segment, segment_of, stranger
from hosts import A, B, VIP, VIP6, counted
from kernel import inside
from netns import Namespace
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
from test_connections import UPLOAD, close_server_first, connection, forget, send

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
PORT, REAL_PORT = 443, 8443
INSIDE, INSIDE6 = "10.99.0.2", "fd99::2"  # of the container

REDIRECT = f"""
    chain prerouting {{
        type nat hook prerouting priority dstnat
        tcp dport {PORT} redirect to :{REAL_PORT}
    }}"""
PUBLISH = f"""
    chain prerouting {{
        type nat hook prerouting priority dstnat
        ip daddr {VIP} tcp dport {PORT} dnat ip to {INSIDE}:{REAL_PORT}
        ip6 daddr {VIP6} tcp dport {PORT} dnat ip6 to [{INSIDE6}]:{REAL_PORT}
    }}"""
TPROXY = f"""
    chain prerouting {{
        type filter hook prerouting priority mangle
        ct state invalid drop
        meta l4proto tcp socket transparent 1 meta mark set 1 accept
        tcp dport {PORT} meta mark set 1 tproxy to :{REAL_PORT}
    }}"""


def hook(kind, priority, rule, at="prerouting"):
    return f"""
    chain {at} {{
        type {kind} hook {at} priority {priority}
        {rule}
    }}"""


SYNPROXY = hook("filter", "filter", f"tcp dport {PORT} ct state invalid,untracked synproxy "
                                    "mss 1460 wscale 7 timestamp sack-perm", "input")


def apply(namespace, chains=""):
    """Put chains into a namespace, or take those that were put there away."""
    table = f"table inet glb {{{chains}\n}}\n" if chains else ""
    subprocess.run(namespace.command("nft", "-f", "-"), check=True, text=True,
                   input=f"table inet glb\ndelete table inet glb\n{table}")


@pytest.fixture(autouse=True)
def nft():
    if not shutil.which("nft"):
        pytest.skip("NAT needs nft")


@pytest.fixture
def translating(network):
    """Both proxies translate the port of the VIPs to that of their server."""
    for proxy in network.proxies:
        apply(proxy.namespace, REDIRECT)
    yield
    for proxy in network.proxies:
        apply(proxy.namespace)


@pytest.fixture
def container(network):
    """A namespace behind proxy a, which publishes its port."""
    a, _ = network.proxies
    inner = Namespace(f"glbr{os.getpid()}-container")
    inner.create("net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
    try:
        a.namespace.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth0",
                       "netns", inner.name)
        for namespace, device, host in ((a.namespace, "eth1", 1), (inner, "eth0", 2)):
            namespace.ip("addr", "add", f"10.99.0.{host}/24", "dev", device)
            namespace.ip("addr", "add", f"fd99::{host}/64", "dev", device, "nodad")
            namespace.ip("link", "set", device, "up")
        inner.ip("route", "add", "default", "via", "10.99.0.1")
        inner.ip("-6", "route", "add", "default", "via", "fd99::1")
        a.namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        apply(a.namespace, PUBLISH)
        yield type(a)(inner, INSIDE, a.program)
    finally:
        apply(a.namespace)
        a.namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
        a.namespace.ip("link", "del", "eth1")
        inner.delete()


@contextlib.contextmanager
def cookies(*proxies):
    """Hosts that answer every SYN with a cookie."""
    for proxy in proxies:
        proxy.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=2")
    try:
        yield
    finally:
        for proxy in proxies:
            proxy.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=1")


@contextlib.contextmanager
def served(network, proxy, vip, source_port=0):
    """A connection from the client to the port of a VIP, served by REAL_PORT of a proxy."""
    with proxy.listen("::", REAL_PORT) as listener:
        with network.connect(vip, PORT, source_port) as client, listener.accept()[0] as server:
            server.settimeout(60)
            yield client, server


def check_works(client, server):
    assert send(client, server, UPLOAD) == UPLOAD
    assert send(server, client, UPLOAD) == UPLOAD


@vips
def test_a_connection_behind_a_redirect_stays_at_the_first_hop(network, translating, vip):
    a, b = network.proxies
    network.director.hops = (A, B)
    with counted(a, b) as (at_a, at_b), served(network, a, vip) as (client, server):
        check_works(client, server)
    assert at_a["accepted_tracked"] == at_a["total"] - 1 > 700
    assert at_b == {}


@vips
def test_a_connection_behind_a_redirect_survives_a_new_first_hop(network, translating, vip):
    a, b = network.proxies
    network.director.hops = (B, A)
    with served(network, b, vip) as (client, server):
        network.director.hops = (A, B)
        with counted(a, b) as (at_a, at_b):
            check_works(client, server)
    assert at_a["forwarded_to_alternate"] == at_a["total"] > 700
    assert at_b["accepted_tracked"] == at_b["total"] == at_a["total"]


@vips
def test_a_cookie_of_a_listener_behind_a_redirect_is_kept(network, translating, vip):
    """The listener is not found under the port of the VIP: the numbers of the handshake are."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with cookies(a), counted(a, b) as (at_a, at_b), served(network, a, vip) as (client, server):
        check_works(client, server)
    assert at_a["accepted_tracked"] == at_a["total"] - 1
    assert at_b == {}


@vips
def test_a_connection_of_a_container_stays_at_the_first_hop(network, container, vip):
    a, b = network.proxies
    network.director.hops = (A, B)
    with counted(a, b) as (at_a, at_b), served(network, container, vip) as (client, server):
        check_works(client, server)
    assert at_a["accepted_tracked"] == at_a["total"] - 1 > 700
    assert at_b == {}


@vips
def test_a_listener_on_the_port_of_the_vip_does_not_hide_a_container(network, container, vip):
    """Proxies of container engines listen on the published port, too."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with a.listen("::", PORT), counted(a, b) as (at_a, at_b):
        with served(network, container, vip) as (client, server):
            check_works(client, server)
    assert at_a["accepted_tracked"] == at_a["total"] - 1
    assert at_b == {}


@vips
def test_a_connection_of_a_container_that_has_the_vip_stays_at_the_first_hop(
        network, container, vip):
    """The VIP is routed to it: nothing is translated, but tracked, and no socket is here."""
    a, b = network.proxies
    network.director.hops = (A, B)
    prefix, via = (f"{vip}/128", INSIDE6) if vip == VIP6 else (f"{vip}/32", INSIDE)
    apply(a.namespace, hook("filter", "filter", "ct state invalid drop", "forward"))
    a.namespace.ip("addr", "del", prefix, "dev", "lo")
    try:
        a.namespace.ip("route", "replace", prefix, "via", via)
        container.namespace.ip("addr", "add", prefix, "dev", "lo")
        with counted(a, b) as (at_a, at_b), container.listen(vip, PORT) as listener:
            with network.connect(vip, PORT) as client, listener.accept()[0] as server:
                server.settimeout(60)
                check_works(client, server)
    finally:
        a.namespace.ip("route", "del", prefix, "via", via)
        a.namespace.ip("addr", "add", prefix, "dev", "lo")
    assert at_a["accepted_tracked"] == at_a["total"] - 1 > 700
    assert at_b == {}


@vips
@pytest.mark.parametrize("home", [0, 1], ids=["first-hop", "second-hop"])
def test_invented_syns_break_no_translated_connection(network, translating, vip, home):
    """What they leave in connection tracking is no connection."""
    draw = random.Random(vip)
    network.director.hops = (A, B) if home == 0 else (B, A)
    with network.proxies[1 - home].listen("::", REAL_PORT):
        with served(network, network.proxies[home], vip) as (client, server):
            network.director.hops = (A, B)
            for _ in range(20):
                syn = segment_of(client, "S", data=b"", seq=draw.getrandbits(32))
                network.send_to(network.proxies[0], syn, [B])
                assert send(client, server, b"request") == b"request"
                assert send(server, client, b"response") == b"response"


@vips
@pytest.mark.parametrize("size", [0, len(UPLOAD)], ids=["unused", "used"])
def test_a_translated_connection_of_the_past_does_not_swallow_its_successor(
        network, translating, vip, size):
    a, b = network.proxies
    network.director.hops = (A, B)
    with served(network, a, vip) as (client, server):
        source_port = client.getsockname()[1]
        assert send(client, server, UPLOAD[:size]) == UPLOAD[:size]
        close_server_first(client, server)
        # All hosts here are one kernel, so both directions of the successor begin where a clock has
        # led from the past connection's numbers, 2^24 a second: RFC 6528. Far enough, at any speed.
        time.sleep(1)
        network.director.hops = (B, A)
        with served(network, b, vip, source_port) as (successor, its_server):
            network.director.hops = (A, B)
            check_works(successor, its_server)


@vips
def test_an_error_about_a_translated_connection_is_kept_where_that_is(network, translating, vip):
    a, b = network.proxies
    network.director.hops = (A, B)
    with served(network, a, vip) as (client, server):
        check_works(client, server)
        ours = segment_of(client)
        if vip == VIP6:
            quoted = IPv6(src=vip, dst=ours.src, plen=1420, nh=6) / bytes(reversed_ports(ours))
            error = IPv6(src="2001:db8:66::1", dst=vip) / ICMPv6PacketTooBig(mtu=1400) / quoted
        else:
            quoted = IP(src=vip, dst=ours.src, len=1440, proto=6) / bytes(reversed_ports(ours))
            error = IP(src="203.0.113.66", dst=vip) / ICMP(type=3, code=4, nexthopmtu=1400) / quoted
        for number, fate in ((0, "accepted_tracked"), (1 << 30, "forwarded_to_alternate")):
            changed = error.copy()
            changed.lastlayer().load = shifted(bytes(error.lastlayer()), number)
            with counted(a) as (at_a,):
                network.send_to(a, changed, [B])
            assert at_a == {"total": 1, fate: 1}


# Of linux/netfilter/nfnetlink_conntrack.h and nf_conntrack_common.h.
CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_STATUS, CTA_PROTOINFO, CTA_TIMEOUT = 1, 2, 3, 4, 7
CTA_TUPLE_IP, CTA_TUPLE_PROTO, CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE = 1, 2, 1, 1
CT_NEW, TCP_ESTABLISHED = 1 << 8, 3
REQUEST, ACK, CREATE, NESTED = 1, 4, 0x400, 0x8000
SEEN_REPLY, ASSURED, CONFIRMED = 2, 4, 8
NETLINK_NETFILTER = 12


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind, *attributes):
    return attribute(kind | NESTED, b"".join(attributes))


def ends(kind, src, sport, dst, dport):
    """The attribute with the addresses of a connection's ends."""
    first = 3 if ":" in src else 1  # CTA_IP_V6_SRC, CTA_IP_V4_SRC; the destination follows
    return nested(
        kind,
        nested(CTA_TUPLE_IP, attribute(first, wire.address(src)),
               attribute(first + 1, wire.address(dst))),
        nested(CTA_TUPLE_PROTO, attribute(1, b"\6"), attribute(2, struct.pack(">H", sport)),
               attribute(3, struct.pack(">H", dport))))


def track(namespace, status, src, sport, dst, dport):
    """Make connection tracking know a connection, but no numbers or windows of it."""
    body = struct.pack(">BBH", socket.AF_INET6 if ":" in src else socket.AF_INET, 0, 0) + b"".join([
        ends(CTA_TUPLE_ORIG, src, sport, dst, dport),
        ends(CTA_TUPLE_REPLY, dst, dport, src, sport),
        attribute(CTA_STATUS, struct.pack(">I", status | CONFIRMED)),
        attribute(CTA_TIMEOUT, struct.pack(">I", 60)),
        nested(CTA_PROTOINFO, nested(CTA_PROTOINFO_TCP, attribute(
            CTA_PROTOINFO_TCP_STATE, bytes([TCP_ESTABLISHED]))))])
    with inside(namespace):
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    with kernel:
        kernel.send(struct.pack("=IHHII", 16 + len(body), CT_NEW, REQUEST | ACK | CREATE, 1, 0)
                    + body)
        assert struct.unpack_from("=i", kernel.recv(4096), 16) == (0,)


@vips
def test_a_connection_that_a_flow_table_gave_back_is_kept_whatever_its_numbers(proxy, vip):
    """What is tracked of it has no windows, and numbers of long ago."""
    for status, sport, kept in ((SEEN_REPLY | ASSURED, 40101, True), (SEEN_REPLY, 40102, False)):
        track(proxy.proxy.namespace, status, stranger(vip), sport, vip, PORT)
        for flags in ("A", "FA", "R"):
            for number in (1 << 20, 1 << 31):
                theirs = segment(vip, flags, sport=sport, seq=number, ack=number)
                if kept:
                    assert proxy.accepts(theirs) == "accepted_tracked"
                else:
                    assert proxy.forwards(theirs) == "forwarded_to_alternate"


def reversed_ports(ours):
    """The first eight bytes of a segment of the other end."""
    tcp = ours.payload
    return (tcp.dport.to_bytes(2, "big") + tcp.sport.to_bytes(2, "big")
            + (tcp.ack - 1000).to_bytes(4, "big"))


def shifted(header, number):
    """The same ports, and a sequence number elsewhere."""
    return header[:4] + ((int.from_bytes(header[4:8], "big") + number) % 2**32).to_bytes(4, "big")


@pytest.fixture
def transparent(network):
    """Proxy a hands connections to its server as they are, by TPROXY."""
    a, _ = network.proxies
    everything = (("-4", "0.0.0.0/0"), ("-6", "::/0"))
    for family, all_hosts in everything:
        a.namespace.ip(family, "rule", "add", "fwmark", "1", "lookup", "100")
        a.namespace.ip(family, "route", "add", "local", all_hosts, "dev", "lo", "table", "100")
    try:
        apply(a.namespace, TPROXY)
        yield
    finally:
        apply(a.namespace)
        for family, all_hosts in everything:
            a.namespace.ip(family, "route", "del", "local", all_hosts, "dev", "lo", "table", "100")
            a.namespace.ip(family, "rule", "del", "fwmark", "1", "lookup", "100")


@vips
@pytest.mark.parametrize("flood", [False, True], ids=["at-peace", "cookies"])
def test_a_connection_by_tproxy_stays_at_the_first_hop(network, transparent, vip, flood):
    """Its socket has the ends that the client knows, but the listener, with its cookies, has not."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with a.listen("::", REAL_PORT) as listener, counted(a, b) as (at_a, at_b):
        for option in ((socket.IPPROTO_IP, 19), (socket.IPPROTO_IPV6, 75)):
            listener.setsockopt(*option, 1)  # IP_TRANSPARENT, IPV6_TRANSPARENT
        with cookies(a) if flood else contextlib.nullcontext():
            with network.connect(vip, PORT) as client, listener.accept()[0] as server:
                server.settimeout(60)
                check_works(client, server)
    assert at_a.get("accepted_tracked", 0) == flood
    assert at_a["accepted_established"] == at_a["total"] - 1 - flood
    assert at_b == {}


# --- where there is a socket, tracking changes nothing -----------------------------------------------


@pytest.fixture
def tracking(network):
    """Both proxies have a firewall that looks at the state of connections, and no NAT."""
    for proxy in network.proxies:
        apply(proxy.namespace, hook("filter", "filter", "ct state new accept", "input"))
    yield
    for proxy in network.proxies:
        apply(proxy.namespace)


@vips
@pytest.mark.parametrize("end", [strangers.vanish, strangers.vanish_closing, close_server_first],
                         ids=lambda end: end.__name__)
def test_tracking_does_not_bring_a_connection_of_the_past_back(network, tracking, vip, end):
    strangers.test_a_connection_of_the_past_does_not_swallow_its_successor(
        network, vip, len(UPLOAD), end)


@vips
def test_a_lost_connection_that_is_still_tracked_is_reset_at_once(network, tracking, vip):
    """By the host that lost it, as the last hop would otherwise."""
    a, b = network.proxies
    network.director.hops = (A, B)
    with connection(network, a, vip) as (client, server):
        forget(server)
        with counted(a, b) as (at_a, at_b):
            client.send(b"anybody there?")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    assert at_a == {"total": 1, "accepted_tracked": 1}
    assert at_b == {}


# --- what attach and status say of rules ----------------------------------------------------------


RULES = [  # and what status says of them
    (REDIRECT, "nat"),
    (PUBLISH, "nat"),
    (TPROXY, "tproxy"),
    (REDIRECT + TPROXY.replace("chain prerouting", "chain mangle"), "nat tproxy"),
    (SYNPROXY, "synproxy"),
    (hook("nat", "srcnat", "masquerade", "postrouting"), "none"),
    (hook("nat", "srcnat", "ip saddr 10.0.0.0/8 snat ip to 10.9.0.11", "postrouting"), "none"),
    (hook("filter", "filter", "tcp dport 22 drop", "input"), "none"),
]


def test_status_says_which_rules_there_are(host):
    host.redirect("attach", "eth0")
    for chains, shown in RULES:
        apply(host.namespace, chains)
        assert f"rules {shown}" in host.redirect("status", "eth0").splitlines(), chains


TO_PORT = ("PREROUTING", "-p", "tcp", "--dport", str(PORT), "-j")


@pytest.mark.parametrize("command, shown", [
    (("iptables-nft", "-t", "nat", "-A", *TO_PORT, "REDIRECT"), "nat"),
    (("iptables-nft", "-t", "nat", "-A", *TO_PORT, "DNAT", "--to", INSIDE), "nat"),
    (("ip6tables-nft", "-t", "nat", "-A", *TO_PORT, "DNAT", "--to", INSIDE6), "nat"),
    (("iptables-nft", "-t", "mangle", "-A", *TO_PORT, "TPROXY", "--on-port", "8443"), "tproxy"),
    (("iptables-nft", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"), "none"),
    (("iptables-nft", "-A", "INPUT", "-p", "tcp", "-j", "SYNPROXY"), "synproxy"),
    (("iptables-nft", "-A", "INPUT", "-m", "conntrack", "--ctstate", "NEW"), "none"),
    (("iptables-legacy", "-t", "nat", "-A", *TO_PORT, "REDIRECT"), "nat"),
    (("ip6tables-legacy", "-t", "nat", "-A", *TO_PORT, "REDIRECT"), "nat"),
    (("iptables-legacy", "-A", "INPUT", "-p", "tcp"), "none"),
], ids=lambda value: value if isinstance(value, str) else value[0] + "-" + value[-1])
def test_status_knows_rules_of_iptables(host, command, shown):
    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}")
    host.namespace.run(*command)
    host.attempt("attach", "eth0")
    assert f"rules {shown}" in host.redirect("status", "eth0").splitlines()


@pytest.mark.parametrize("more, warns", [
    ("", True),
    (hook("filter", "filter", "tcp dport 22 drop", "input"), True),
    (hook("filter", "filter", "ct state invalid drop", "input"), False),
    (hook("nat", "srcnat", "masquerade", "postrouting"), False),
], ids=["alone", "filter", "ct", "masquerade"])
def test_attach_warns_of_tproxy_without_connection_tracking(host, more, warns):
    """Nothing else would know which client a cookie was sent to."""
    apply(host.namespace, hook("filter", "mangle", f"tcp dport {PORT} tproxy to :8443") + more)
    said = host.warnings("attach", "eth0")
    assert said == (["TPROXY rules without connection tracking: answers to SYN cookies go to the "
                     "next hop; add a rule that looks at ct state"] if warns else [])


def test_attach_warns_of_synproxy(host):
    """Its cookies are none of a listener, and it keeps no note of them."""
    apply(host.namespace, SYNPROXY)
    said, = host.warnings("attach", "eth0")
    assert said.startswith("SYNPROXY rules: ")


def test_many_rules_are_read_to_the_last(host):
    """The kernel answers in many messages."""
    rules = "\n".join(f"tcp dport {port} accept" for port in range(1, 3000))
    apply(host.namespace, hook("nat", "dstnat", f"{rules}\ntcp dport {PORT} redirect to :8443"))
    host.redirect("attach", "eth0")
    assert "rules nat" in host.redirect("status", "eth0").splitlines()
