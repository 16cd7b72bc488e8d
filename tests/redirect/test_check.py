# SPDX-License-Identifier: BSD-3-Clause
"""check: what a host lacks to be a proxy, and whether the command that it names mends that."""

import json
import re
import shutil
import socket
from pathlib import Path

import pytest
from hosts import VIP, VIP6, interface_index
from kernel import TCX_NEXT, inside, tcx_put_first, tcx_remove, verdict
from netns import wait_until

ROOT = Path(__file__).resolve().parents[2]
PORT = 443
# A kernel's clock is the machine's, and none of a test's business.
NOT_OURS = {"clock.synchronised"}


def not_ok(findings):
    return {(one["check"], one["level"]) for one in findings
            if one["level"] != "ok" and one["check"] not in NOT_OURS}


def worst(findings, check):
    """They are sorted."""
    return next(one for one in findings if one["check"] == check)


class Checked:
    """A host, and what `glb-redirect check` finds there."""

    def __init__(self, host):
        self.host = host
        self.namespace = host.namespace

    def check(self, *words):
        """Exit status and findings."""
        status, out, err = self.host.attempt("check", "eth0", "--json", *words)
        assert err == ""
        found = json.loads(out)
        levels = [one["level"] for one in found["findings"]]
        assert found["totals"] == {level: levels.count(level) for level in ("problem", "advice", "unknown", "ok")}
        assert status == (1 if "problem" in levels else 0)
        return status, found["findings"]

    def amiss(self, *words):
        """What is not ok, by check and level."""
        return not_ok(self.check(*words)[1])

    def finding(self, check, *words):
        """The worst finding of a check."""
        return worst(self.check(*words)[1], check)

    def listen(self, address, backlog=200):
        with inside(self.namespace):
            listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, PORT))
        listener.listen(backlog)
        return listener


@pytest.fixture
def bare(host):
    """A host with an address, and nothing set up."""
    host.namespace.ip("addr", "add", "10.9.0.11/24", "dev", "eth0")
    return Checked(host)


@pytest.fixture
def proxy(bare):
    """A host that is set up as docs/second-chance.md says, with a server on all addresses."""
    bare.namespace.run(
        "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2",
        "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0", "net.ipv4.tcp_syncookies=1")
    bare.host.add_vips()
    bare.namespace.ip("link", "set", "eth0", "mtu", "1600")
    bare.namespace.ip("link", "set", "eth1", "mtu", "1600", "up")
    bare.namespace.ip("route", "add", "default", "via", "10.9.0.1", "mtu", "1500")
    bare.namespace.ip("-6", "route", "add", "default", "dev", "eth0", "mtu", "1500")
    bare.host.redirect("attach", "eth0", "--from", "10.9.0.0/24")
    with bare.listen("::"):
        yield bare


def test_a_host_that_is_set_up_as_the_page_says_has_nothing_amiss(proxy):
    status, findings = proxy.check()
    assert (status, not_ok(findings)) == (0, set())
    assert worst(findings, "vip.sockets")["seen"] == f"VIP {VIP} is served at TCP {PORT}"
    assert proxy.amiss("--vip", f"{VIP},{VIP6}") == set()


def test_a_bare_host_lacks_everything(bare):
    amiss = bare.amiss()
    assert {("program.attached", "problem"), ("vip.address", "problem")} <= amiss
    bare.host.add_vips()
    bare.namespace.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0", "net.ipv4.conf.all.arp_announce=0")
    amiss = bare.amiss()
    assert {("arp.ignore", "problem"), ("arp.announce", "problem"), ("vip.sockets", "problem")} <= amiss
    assert ("vip.address", "problem") not in amiss and ("net.mss", "unknown") in amiss


# What is broken together, which check finds it and how bad that is.
BREAKAGES = (
    {
        "sysctl -qw net.ipv4.conf.all.arp_ignore=0": ("arp.ignore", "problem"),
        "sysctl -qw net.ipv4.conf.all.arp_announce=0": ("arp.announce", "problem"),
        "sysctl -qw net.ipv4.tcp_syncookies=0": ("tcp.syncookies", "problem"),
        "ip route replace default dev eth1 mtu 1500": ("net.rp_filter", "problem"),
        "ethtool -K eth0 rx-gro-list on": ("device.merging", "problem"),
        "ip link set eth0 gro_max_size 100000": ("device.gro_max_size", "problem"),
        f"ip addr del {VIP}/32 dev lo": ("vip.address", "problem"),
        "ip link set eth0 mtu 1539": ("net.mss", "advice"),
    },
    {
        "sysctl -qw net.ipv4.conf.all.arp_ignore=3": ("arp.ignore", "problem"),
        "sysctl -qw net.ipv4.conf.all.arp_announce=1": ("arp.announce", "advice"),
        "ethtool -K eth0 rx-udp-gro-forwarding on": ("device.merging", "problem"),
        f"ip addr del {VIP}/32 dev lo && ip addr add {VIP}/28 dev eth0": ("vip.address", "problem"),
    },
)


@pytest.mark.parametrize("broken", BREAKAGES)
def test_the_command_of_each_finding_mends_it(proxy, broken):
    vips = ("--vip", f"{VIP},{VIP6}")
    proxy.namespace.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1")
    for command in broken:
        shell(proxy, command)
    findings = proxy.check(*vips)[1]
    assert not_ok(findings) == set(broken.values())
    for check, _ in broken.values():
        shell(proxy, re.split(r", |; or", worst(findings, check)["do"])[0])
    assert proxy.amiss(*vips) == set()


def shell(proxy, command):
    proxy.namespace.run("sh", "-ec", command)


def test_strict_filtering_is_fine_where_the_default_route_leaves_by_the_device(proxy):
    proxy.host.redirect("detach", "eth0")  # without a probe it is faster
    proxy.namespace.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1")
    assert proxy.finding("net.rp_filter")["level"] == "ok"
    proxy.namespace.ip("route", "replace", "default", "nexthop", "dev", "eth1", "nexthop", "dev", "eth0")
    assert proxy.finding("net.rp_filter")["level"] == "ok"
    proxy.namespace.ip("route", "del", "default")
    assert proxy.finding("net.rp_filter")["level"] == "advice"


def test_segments_that_clients_are_told_to_send_fit_or_not(proxy):
    """1540 bytes with outer headers; without a word, they are as the route's MTU has them."""
    proxy.namespace.ip("link", "set", "eth0", "mtu", "1540")
    proxy.host.redirect("detach", "eth0")  # without a probe it is faster
    for words, level in (("advmss 1460", "ok"), ("advmss 1461", "advice"), ("mtu 1500", "ok"), ("mtu 1501", "advice")):
        proxy.namespace.ip("route", "replace", "default", "via", "10.9.0.1", *words.split())
        assert proxy.finding("net.mss")["level"] == level, words


def test_the_program_its_senders_and_what_runs_before_it(proxy):
    proxy.host.redirect("detach", "eth0")
    findings = proxy.check()[1]
    assert not_ok(findings) == {("program.attached", "problem")}
    shell(proxy, worst(findings, "program.attached")["do"].replace("glb-redirect", str(proxy.host.program)))
    assert proxy.amiss() == {("program.senders", "advice")}
    proxy.host.redirect("attach", "eth0", "--from", "10.9.0.0/24")
    if not proxy.host.tcx():
        pytest.skip("the kernel has no tcx")
    ifindex = interface_index(proxy.namespace, "eth0")
    with verdict(TCX_NEXT, "bouncer") as fd:
        tcx_put_first(proxy.namespace, ifindex, fd)
        findings = proxy.check()[1]
        assert not_ok(findings) == {("program.first", "advice")}
        assert "(bouncer) runs before it" in worst(findings, "program.first")["seen"]
        tcx_remove(proxy.namespace, ifindex, fd)


def test_rules_that_hide_connections_are_named(proxy):
    proxy.namespace.run("nft", "add table ip t; add chain ip t c { type filter hook prerouting priority mangle; }")
    proxy.namespace.run("nft", "add rule ip t c tcp dport 80 tproxy to :8080")
    assert proxy.amiss() == {("net.rules", "problem")}
    proxy.namespace.run("nft", "insert rule ip t c ct state invalid drop")
    assert proxy.amiss() == set()


# --- Probe ---------------------------------------------------------------------------------------


def probes(proxy, *words):
    return {one["seen"]: one["level"] for one in proxy.check(*words)[1] if one["check"] == "probe.vip"}


def as_expected(vip, port=PORT):
    return (f"in GUE for VIP {vip} port {port}, a SYN is accepted_syn, and a packet of no connection here "
            "forwarded_to_alternate")


def test_a_packet_for_each_vip_is_followed_and_not_counted(proxy):
    assert probes(proxy) == {as_expected(VIP): "ok", as_expected(VIP6): "ok"}
    assert set(proxy.host.counters().values()) == {0}
    for kind, name in ("--vips", "vips"), ("--peers", "peers"):
        shown = json.loads(proxy.host.redirect("counters", "eth0", kind, "--json"))
        assert [entry for entry in shown[name] if any(
            value for value in entry.values() if isinstance(value, int))] == []
    proxy.namespace.ip("addr", "add", "fd09::11/64", "dev", "eth0", "nodad")
    proxy.host.redirect("attach", "eth0", "--from", "fd09::2")
    assert probes(proxy) == {as_expected(VIP): "ok", as_expected(VIP6): "ok"}
    proxy.namespace.ip("addr", "del", "fd09::11/64", "dev", "eth0")
    assert probes(proxy) == {"eth0 has no address that a sender may send GUE to": "unknown"}


def test_a_probe_shows_what_would_become_of_packets(proxy):
    """A host that routes, and lacks the VIP, would send them back to where they came from."""
    proxy.namespace.ip("addr", "del", f"{VIP}/32", "dev", "lo")
    proxy.namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    lost = as_expected(VIP).replace("accepted_syn", "dropped_routed_back")
    assert probes(proxy, "--vip", VIP) == {lost: "problem"}


@pytest.fixture(scope="module")
def other_rules(compile_bpf, tmp_path_factory):
    """The program with one constant changed."""
    folder = tmp_path_factory.mktemp("other")
    for source in (ROOT / "src/redirect").glob("*.[ch]"):
        shutil.copy(source, folder)
    header = folder / "tcp_claims.h"
    header.write_text(header.read_text().replace("LATE_MAX = 1 << 24", "LATE_MAX = 1 << 23"))
    return compile_bpf(folder / "redirect.bpf.c")


def test_a_program_of_another_version_is_named_and_not_probed(bare, other_rules):
    bare.host.add_vips()
    bare.host.redirect("attach", "eth0", "--clsact")
    assert bare.finding("program.version")["level"] == "ok"
    bare.host.redirect("detach", "eth0")
    bare.host.tc("qdisc", "add", "dev", "eth0", "clsact")
    bare.host.add_filter("prio", "19523", "handle", "1", "bpf", "direct-action", "object-file", other_rules,
                         "section", "tc")
    findings = bare.check()[1]
    assert worst(findings, "program.version")["level"] == "advice"
    assert "probe.vip" not in {one["check"] for one in findings}
    shell(bare, worst(findings, "program.version")["do"].replace("glb-redirect", str(bare.host.program)))
    assert bare.finding("program.version")["level"] == "ok"


# --- Sockets -------------------------------------------------------------------------------------


def test_each_vip_needs_a_socket(bare):
    bare.host.add_vips()
    with bare.listen(VIP):
        assert {one["seen"]: one["level"] for one in bare.check()[1] if one["check"] == "vip.sockets"} == {
            f"VIP {VIP} is served at TCP {PORT}": "ok", f"no socket serves VIP {VIP6}": "problem"}
    with inside(bare.namespace), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        udp.bind(("::", 53))
        assert {one["seen"]: one["level"] for one in bare.check()[1] if one["check"] == "vip.sockets"} == {
            f"VIP {VIP6} is served at UDP 53": "ok", f"no socket serves VIP {VIP}": "problem"}


def test_a_short_backlog_is_worth_a_word_and_a_full_queue_a_problem(bare):
    bare.host.add_vips()
    with bare.listen(VIP, 3):
        found = bare.finding("listen.backlog")
        assert (found["level"], found["seen"]) == ("advice", f"{VIP}:{PORT} has a backlog of 3")
        assert "listen.queue" not in {one["check"] for one in bare.check()[1]}
        with inside(bare.namespace):
            clients = [socket.create_connection((VIP, PORT), 60) for _ in range(3)]
        wait_until(lambda: bare.check()[1][0], "a look")
        found = bare.finding("listen.queue")
        assert found["level"] == "problem"
        assert found["seen"] == f"3 connections wait to be accepted at {VIP}:{PORT}, which lets 3 wait"
        for client in clients:
            client.close()


def test_a_backlog_that_somaxconn_limits_is_mended_there(bare):
    bare.host.add_vips()
    bare.namespace.run("sysctl", "-qw", "net.core.somaxconn=300")
    with bare.listen(VIP, 5000):
        found = bare.finding("listen.backlog")
        assert found["level"] == "advice" and found["do"].startswith("sysctl -w net.core.somaxconn=4096, ")
    with bare.listen(VIP, 299):
        assert bare.finding("listen.backlog")["level"] == "ok"


# --- Words ---------------------------------------------------------------------------------------


def test_its_text_says_the_same_as_its_json(bare):
    """The worst first, with what to do about it."""
    status, out, err = bare.host.attempt("check", "eth0")
    findings = bare.check()[1]
    assert (status, err) == (1, "")
    lines = re.findall(r"^(problem|advice|unknown|ok) (\S+): (.*)$", out, re.M)
    assert lines == [(one["level"], one["check"], one["seen"]) for one in findings]
    assert re.findall(r"^    do: (.*)$", out, re.M) == [one["do"] for one in findings if one["do"]]
    assert re.fullmatch(r"\d+ problems?, \d+ advice, \d+ unknown, \d+ ok", out.splitlines()[-1])


@pytest.mark.parametrize(["vips", "why"], [
    ("", "'': not an address, such as 192.0.2.10 or 2001:db8::10"),
    ("192.0.2.10/32", "'192.0.2.10/32': not an address, such as 192.0.2.10 or 2001:db8::10"),
    ("192.0.2.10,192.0.2.10", "'192.0.2.10': listed twice"),
    ("127.0.0.1", "'127.0.0.1': not an address that a host can have"),
    (",".join(f"10.0.{n // 250}.{n % 250 + 1}" for n in range(257)),
     "'10.0.1.7': one too many; there may be 256"),
])
def test_vips_that_make_no_sense_are_refused(host, vips, why):
    assert host.refusal("check", "eth0", "--vip", vips) == f"--vip: {why}"


def test_it_needs_no_capability_to_say_what_it_cannot_see(proxy):
    """Without them the program cannot be looked for, and the rest can."""
    status, out, _ = proxy.host.attempt("check", "eth0", "--json", user=65534)
    levels = {one["check"]: one["level"] for one in json.loads(out)["findings"]}
    assert status == 0 and levels["program.attached"] == "unknown" and levels["arp.ignore"] == "ok"
