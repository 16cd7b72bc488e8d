# SPDX-License-Identifier: BSD-3-Clause
"""A host whose kernel answers, forwards or rejects packets to VIPs, which are the director's."""

import time

import pytest
from device import CONFIG, TABLES, VIP
from far_end import Wire
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6
from scapy.layers.l2 import Ether

VIP6, ROUTER = "2001:db8::10", "02:00:00:00:00:02"
CLIENTS = {4: "198.51.100.7", 6: "2001:db8:77::7"}
PORTS = ["net_af_packet0,iface=eth0", "net_pcap0,iface=eth0"]
CONFIG6 = {**CONFIG, "outbound_src_ip6": "fd00::11"}
BINDS = [{"ip": ip, "proto": "tcp", "port": 80} for ip in (VIP, VIP6, "198.18.0.0/24")]
BINDS += [{"ip": ip, "proto": "udp", "port": 443} for ip in (VIP, VIP6, "203.0.113.9")]
BOTH = {"tables": [{**TABLES["tables"][0], "binds": BINDS}]}
QUIET = ("net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
ANSWERS, FORWARDS, REJECTS = "answers it, too", "forwards it, too", "sends an ICMP error about it, too"
SPOILT = [  # what an operator did, what the kernel does then, and the command that mends it
    ("ip addr add 192.0.2.10 dev lo", ANSWERS, "ip addr del 192.0.2.10/32 dev lo"),
    ("ip addr add 192.0.2.10/25 dev eth0 label eth0:1", ANSWERS, "ip addr del 192.0.2.10/25 dev eth0"),
    ("ip route add local 192.0.2.0/24 dev lo", ANSWERS, "ip route del local 192.0.2.0/24 dev lo"),
    ("sysctl -qw net.ipv4.ip_forward=1", FORWARDS, "sysctl -w net/ipv4/conf/eth0/forwarding=0"),
    ("sysctl -qw net.ipv4.conf.eth0.forwarding=1", FORWARDS, "ip route replace blackhole 192.0.2.10"),
    ("ip addr add 2001:db8::10/128 dev lo", ANSWERS, "ip -6 addr del 2001:db8::10/128 dev lo"),
    ("ip addr add 2001:db8::10/64 dev eth0 nodad", ANSWERS, "ip -6 addr del 2001:db8::10/64 dev eth0"),
    ("ip -6 route add local 2001:db8::/64 dev lo", ANSWERS, "ip -6 route del local 2001:db8::/64 dev lo"),
    ("sysctl -qw net.ipv6.conf.all.forwarding=1", FORWARDS, "sysctl -w net/ipv6/conf/all/forwarding=0"),
    ("sysctl -qw net.ipv6.conf.all.forwarding=1", FORWARDS, "ip -6 route replace blackhole 2001:db8::10"),
    ("ip -6 route add unreachable 2001:db8::10", REJECTS, "ip -6 route replace blackhole 2001:db8::10"),
]


class Kernel:
    """The host's kernel, as a client behind the router sees it."""

    def __init__(self, host, peer):
        self.namespace = host.namespace
        self.mac = host.namespace.ip_json("link", "show", "eth0")[0]["address"]
        self.wire = Wire(peer.name, "far")

    def run(self, command):
        """Run a command on the host."""
        return self.namespace.run(*command.split())

    def reaction(self, version):
        """What it makes of a SYN to the VIP of this version: a word."""
        vip = VIP if version == 4 else VIP6
        network = IP if version == 4 else IPv6
        packet = network(src=CLIENTS[version], dst=vip) / TCP(sport=40000, dport=80, flags="S")
        while self.wire.receive(0.05):
            pass
        self.wire.send(bytes(Ether(src=ROUTER, dst=self.mac) / packet))
        while frame := self.wire.receive(0.4):
            seen = Ether(frame)
            if seen.haslayer(TCP) and "R" in seen[TCP].flags and seen[network].src == vip:
                return ANSWERS
            if seen.haslayer(ICMP) or seen.haslayer(ICMPv6DestUnreach):
                return REJECTS
            if seen.haslayer(TCP) and seen[network].dst == vip and not seen.haslayer(UDP):
                return FORWARDS
        return None


@pytest.fixture
def kernel(host, peer):
    """A host that is no router, with a default route and no VIP."""
    ready = Kernel(host, peer)
    for setting in ("net.ipv6.conf.eth0.disable_ipv6=0", "net.ipv6.conf.lo.disable_ipv6=0", *QUIET):
        ready.run(f"sysctl -qw {setting}")
    for number, words in (("10.0.0.11/24", ""), ("fd00::11/64", "nodad")):
        ready.run(f"ip addr add {number} dev eth0 {words}")
    for family, router in ((4, "10.0.0.1"), (6, "fd00::1")):
        ready.run(f"ip neighbour add {router} lladdr {ROUTER} dev eth0")
        ready.run(f"ip -{family} route add default via {router}")
    yield ready
    ready.wire.close()


def warnings(host, vip="VIP "):
    """What the log has of VIPs, or of one of them."""
    lines = [line.partition("warning: ")[2] for line in host.log.read_text().splitlines()]
    return [line for line in lines if line.startswith("VIP ") and vip in line]


@pytest.mark.parametrize("spoil, reaction, mend", SPOILT)
def test_a_kernel_that_does_not_drop_its_copies_is_warned_about(host, kernel, spoil, reaction, mend):
    """With the command that mends it; a reload then finds nothing."""
    version = 6 if "6" in spoil.partition("qw")[2] or "2001" in spoil else 4
    vip = VIP6 if version == 6 else VIP
    kernel.run(spoil)
    assert kernel.reaction(version) == reaction
    host.start(PORTS[0], config=CONFIG6, tables=BOTH)
    assert [line for line in warnings(host) if reaction in line and mend in line], host.log.read_text()
    assert "port net_af_packet0" in warnings(host, reaction)[0]
    kernel.run(mend)
    assert kernel.reaction(version) is None
    before = len(warnings(host, vip))
    host.reload(CONFIG6)
    assert warnings(host, vip)[before:] == []


def test_nothing_is_said_of_a_host_that_is_quiet(host, kernel):
    """As it is when both IP versions have default routes, and it is no router."""
    host.start(PORTS[0], config=CONFIG6, tables=BOTH)
    assert (kernel.reaction(4), kernel.reaction(6)) == (None, None)
    host.stop()
    assert warnings(host) == []


def test_routes_through_the_live_device_lead_nowhere(host, kernel):
    """As FRR makes them: the host may be a router then."""
    live = {**CONFIG6, "live_device": "glb-live", "live_leave_ms": 0}
    kernel.run("sysctl -qw net.ipv6.conf.default.disable_ipv6=0")
    host.start(PORTS[0], config=live, tables=BOTH)
    host.wait_for_log("glb-live is up")
    for vip in (VIP, VIP6):
        kernel.run(f"ip route replace {vip} dev glb-live")
    kernel.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    host.reload(live)
    assert (kernel.reaction(4), kernel.reaction(6)) == (None, None)
    assert [line for vip in (VIP, VIP6) for line in warnings(host, vip)] == []


def test_ipv6_packets_without_a_route_are_rejected_even_by_hosts(host, kernel):
    """Where the host has a way to the client but none to the VIP."""
    kernel.run("ip -6 route del default")
    kernel.run("ip -6 route add 2001:db8:77::/48 via fd00::1")
    assert kernel.reaction(6) == REJECTS
    host.start(PORTS[0], config=CONFIG6, tables=BOTH)
    (line,) = warnings(host)
    assert line.startswith(f"VIP {VIP6}: ") and line.endswith(": ip -6 route replace blackhole 2001:db8::10")


def test_vips_of_a_kind_are_counted_not_listed(host, kernel):
    """But for addresses of the host, each of which has to go by a command of its own."""
    kernel.run("sysctl -qw net.ipv4.ip_forward=1")
    kernel.run("ip addr add 198.18.0.77/32 dev lo")
    kernel.run("ip addr add 203.0.113.9/32 dev lo")
    host.start(PORTS[1], config=CONFIG6, tables=BOTH)
    assert len(warnings(host)) == 3
    assert warnings(host, FORWARDS)[0].startswith(f"VIP {VIP}: this host's kernel has a copy of each packet of port net_pcap0")
    assert "198.18.0.0/24 is local" in warnings(host, "ip addr del 198.18.0.77/32 dev lo")[0]
    assert warnings(host, "ip addr del 203.0.113.9/32 dev lo")


@pytest.mark.parametrize("vdev", ["net_af_xdp0,iface=eth0", "net_tap0,iface=tap0"])
def test_a_device_that_leaves_the_kernel_no_copies_may_have_vips(host, kernel, vdev):
    """A twin port brings the kernel only what matches no bind."""
    kernel.run(f"ip addr add {VIP}/32 dev lo")
    twin = {**CONFIG6, "punt_port": "net_tap1"}
    host.start(vdev, "net_tap1,iface=twin", config=twin, tables=BOTH)
    assert warnings(host) == []
    kernel.run(f"ip addr del {VIP}/32 dev lo")
    kernel.run("sysctl -qw net.ipv4.ip_forward=1")
    host.reload(twin)
    (line,) = warnings(host)
    assert line.startswith(f"VIP {VIP} and 2 more: this host's kernel forwards packets for other ports of it")
    assert "port net_tap1" in line and "sysctl -w net/ipv4/conf/twin/forwarding=0" in line
    host.reload({**twin, "punt_port": "net_tap1"})


def test_an_address_that_is_added_later_is_warned_about_once(host, kernel):
    """Without a reload, and so is forwarding; when all is mended, that is said, too."""
    host.start(PORTS[0], config=CONFIG6, tables=BOTH)
    kernel.run(f"ip addr add {VIP}/32 dev lo")
    host.wait_for_log(f"ip addr del {VIP}/32 dev lo")
    kernel.run("sysctl -qw net.ipv4.ip_forward=1")
    host.wait_for_log("sysctl -w net/ipv4/conf/eth0/forwarding=0")
    kernel.run("ip addr add 10.0.0.77/24 dev eth0")
    time.sleep(1.5)
    assert len(warnings(host)) == 2
    kernel.run(f"ip addr del {VIP}/32 dev lo")
    kernel.run("sysctl -qw net.ipv4.ip_forward=0")
    host.wait_for_log("info: this host's kernel no longer interferes with packets to VIPs")
