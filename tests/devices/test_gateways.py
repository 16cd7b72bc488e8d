# SPDX-License-Identifier: BSD-3-Clause
"""Gateways that the director looks up in the kernel's neighbour table."""

import json
import signal
import time

import pytest
from device import CONFIG, DIRECTOR_MAC, PORT, TABLES, VIP, large_tables
from far_end import Wire
from netns import pause, wait_until
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

GATEWAY, GATEWAY6, NOBODY = "10.0.0.1", "fd00::1", "10.0.0.99"
OLD, NEW, OTHER = "02:00:00:00:01:01", "02:00:00:00:01:02", "02:00:00:00:01:03"
FRAME = bytes(
    Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
    / IP(src="198.51.100.7", dst=VIP)
    / TCP(sport=40000, dport=PORT, flags="A")
)
AT_ONCE = {"base_reachable_time_ms": 500, "delay_first_probe_time": 0, "retrans_time_ms": 100}


def follows(gateway=GATEWAY, interface="eth0", **more):
    """A configuration whose gateway is looked up."""
    changes = {"outbound_gateway_mac": "auto", "outbound_gateway_ip": gateway, **more}
    if interface:
        changes["outbound_gateway_interface"] = interface
    return {**CONFIG, **changes}


class Link:
    """The host's link to its gateway: what the director sends there."""

    vdev = "net_af_packet0,iface=eth0"

    def __init__(self, host, peer, device="far"):
        self.host = host
        self.peer = peer
        self.wire = Wire(peer.name, device)

    def gateway_mac(self):
        """Where the director sends a packet to a VIP now; None where it does not."""
        while self.wire.receive(0.001):
            pass
        self.wire.send(FRAME)
        while frame := self.wire.receive(0.2):
            if Ether(frame).type == 0x0800 and IP(frame[14:]).dst.startswith("10."):  # to a backend
                return Ether(frame).dst
        return None

    def wait_for(self, mac, seconds=1.0):
        """Until the director sends to this MAC address, for that is the promise."""
        wait_until(lambda: self.gateway_mac() == mac, f"the gateway at {mac}", seconds)

    def neighbour(self, *words):
        """An `ip neighbour` command about the host's link."""
        return self.host.namespace.ip("neighbour", *words, "dev", "eth0")

    def move(self, mac, *, tell):
        """Give the gateway another MAC address, with or without an announcement."""
        for setting in ("ipv4.conf.far.arp_notify", "ipv6.conf.far.ndisc_notify"):
            self.peer.run("sysctl", "-qw", f"net.{setting}={int(tell)}")
        self.peer.ip("link", "set", "far", "address", mac)

    def fall_silent(self):
        """The gateway answers no ARP request any more."""
        self.peer.ip("link", "set", "far", "arp", "off")


@pytest.fixture
def link(host, peer):
    """A host at 10.0.0.11 and fd00::11, and its gateway, before the first packet."""
    peer.ip("link", "set", "far", "address", OLD)
    for namespace, device, number in ((peer, "far", "1"), (host.namespace, "eth0", "11")):
        namespace.run("sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=0")
        namespace.ip("address", "add", f"10.0.0.{number}/24", "dev", device)
        namespace.ip("address", "add", f"fd00::{number}/64", "dev", device, "nodad")
    made = Link(host, peer)
    yield made
    made.wire.close()


@pytest.mark.parametrize("interface", ["eth0", None])
@pytest.mark.parametrize("gateway", [GATEWAY, GATEWAY6])
def test_the_kernel_is_asked_to_find_a_gateway_it_does_not_know(host, link, gateway, interface):
    """On the interface that is named, or on the one that the routes lead to."""
    host.start(link.vdev, config=follows(gateway, interface))
    link.wait_for(OLD, 3)
    host.wait_for_log(f"port net_af_packet0: gateway {gateway} is at {OLD}")
    assert f"gateway {gateway} is not known yet" in host.log.read_text()


def test_a_gateway_that_the_kernel_knows_is_known_from_the_first_packet_on(host, link):
    """The table is read before the ports are served."""
    host.namespace.ip("link", "add", "more0", "type", "veth", "peer", "more1")
    host.namespace.ip("link", "set", "more0", "up")
    host.namespace.ip("neighbour", "add", GATEWAY, "lladdr", OTHER, "nud", "stale", "dev", "more0")
    host.start(link.vdev, config=follows(interface="more0"))
    assert link.gateway_mac() == OTHER
    assert host.stop()["drop_no_gateway"] == 0


@pytest.mark.parametrize("gateway", [GATEWAY, GATEWAY6])
def test_a_gateway_that_moves_and_says_so_is_followed_within_a_second(host, link, gateway):
    """Gratuitous ARP, unsolicited neighbour advertisement."""
    host.start(link.vdev, config=follows(gateway))
    link.wait_for(OLD, 3)
    link.move(NEW, tell=True)
    link.wait_for(NEW)
    assert f"port net_af_packet0: gateway {gateway} moved from {OLD} to {NEW}" in host.log.read_text()
    assert host.log.read_text().count("moved from") == 1


def test_a_gateway_that_moves_all_the_time_is_followed_and_does_not_fill_the_log(host, link):
    """Two hosts that reply for one address, or an attacker that fills the log."""
    host.start(link.vdev, config=follows())
    link.wait_for(OLD, 3)
    moves = [f"neighbour replace {GATEWAY} lladdr {mac} dev eth0 nud permanent\n" for mac in (OTHER, NEW) * 50]
    (host.folder / "moves").write_text("".join(moves))
    host.namespace.ip("-batch", host.folder / "moves")
    link.wait_for(NEW)
    log = host.log.read_text()
    assert 1 <= log.count(f"gateway {GATEWAY} moved from") <= 10, log


def test_an_entry_that_an_operator_replaces_is_followed_within_a_second(host, link):
    """`ip neighbour replace`, for good."""
    host.start(link.vdev, config=follows())
    link.wait_for(OLD, 3)
    link.neighbour("replace", GATEWAY, "lladdr", OTHER, "nud", "permanent")
    link.wait_for(OTHER)


def test_a_gateway_that_moves_silently_is_found_again(host, link):
    """The kernel would not look, as no packet of its own needs the entry; the director asks."""
    for name, value in AT_ONCE.items():
        host.namespace.run("sysctl", "-qw", f"net.ipv4.neigh.eth0.{name}={value}")
    host.start(link.vdev, config=follows())
    link.wait_for(OLD, 3)
    time.sleep(3)  # what the kernel wanted to know for the first packet it knows by now
    link.move(NEW, tell=False)
    link.wait_for(NEW, 8)


def test_without_a_gateway_packets_are_dropped_and_counted(host, link):
    """The director starts, and says what is missing."""
    host.start(link.vdev, config=follows(NOBODY))
    assert [link.gateway_mac() for _ in range(5)] == [None] * 5
    assert f"port net_af_packet0: gateway {NOBODY} is not known yet" in host.log.read_text()
    pause(0.5)
    assert host.stop()["drop_no_gateway"] == 5


def test_a_gateway_that_falls_silent_keeps_its_address_for_a_while(host, link):
    """A router may forward while its control plane restarts."""
    host.start(link.vdev, config=follows())
    host.wait_for_log(f"gateway {GATEWAY} is at {OLD}")
    link.fall_silent()
    link.neighbour("flush", "to", GATEWAY)
    host.wait_for_log(f"gateway {GATEWAY} does not answer; its address {OLD} is kept for 30 s")
    assert link.gateway_mac() == OLD
    link.peer.ip("link", "set", "far", "arp", "on")
    host.wait_for_log(f"gateway {GATEWAY} is at {OLD}", count=2)
    assert host.stop()["drop_no_gateway"] == 0


def test_an_interface_may_appear_after_the_director(host, link):
    """And be another one than before under the same name."""
    host.start(link.vdev, config=follows("10.7.0.1", "late0"))
    missing = 'port net_af_packet0: there is no interface "late0", on which gateway 10.7.0.1 is to be looked up'
    assert host.log.read_text().count(missing) == 1
    for mac in (NEW, OTHER):
        host.namespace.ip("link", "add", "late0", "type", "veth", "peer", "late1")
        for device in ("late0", "late1"):
            host.namespace.ip("link", "set", device, "up")
        host.namespace.ip("neighbour", "add", "10.7.0.1", "lladdr", mac, "dev", "late0")
        link.wait_for(mac, 3)
        host.namespace.ip("link", "delete", "late0")
        host.wait_for_log(f"gateway 10.7.0.1 does not answer; its address {mac} is kept")
    host.wait_for_log(missing, count=2)  # between them it was too short for the director to look


def test_an_address_on_another_interface_is_another_neighbour(host, link):
    """Only the one that is named counts."""
    host.namespace.ip("link", "add", "more0", "type", "veth", "peer", "more1")
    host.namespace.ip("link", "set", "more0", "up")
    host.namespace.ip("neighbour", "add", GATEWAY, "lladdr", OTHER, "dev", "more0")
    host.start(link.vdev, config=follows())
    link.wait_for(OLD, 3)
    host.namespace.ip("neighbour", "change", GATEWAY, "lladdr", NEW, "dev", "more0")
    assert [link.gateway_mac() for _ in range(3)] == [OLD] * 3
    assert OTHER not in host.log.read_text()


def test_the_table_is_read_again_when_messages_were_lost(host, link):
    """More changes at once than the socket has room for, and that of the gateway after them."""
    host.start(link.vdev, config=follows())
    link.wait_for(OLD, 3)
    batch = host.folder / "batch"
    batch.write_text(
        "".join(f"neighbour add 10.0.{n >> 8}.{n & 255} lladdr {OTHER} dev eth0\n" for n in range(512, 2512))
    )
    host.process.send_signal(signal.SIGSTOP)
    host.namespace.ip("-batch", batch)
    link.neighbour("replace", GATEWAY, "lladdr", NEW, "nud", "permanent")
    host.process.send_signal(signal.SIGCONT)
    link.wait_for(NEW)


def test_every_port_has_its_own_gateway(host, link):
    """What ports[] says counts for one port, the rest for the others."""
    own = {"name": "net_af_packet1", "outbound_gateway_ip": GATEWAY6}
    host.namespace.ip("link", "add", "eth1", "type", "veth", "peer", "far1")
    for device in ("eth1", "far1"):
        host.namespace.ip("link", "set", device, "up")
    host.start(link.vdev, "net_af_packet1,iface=eth1", config=follows(ports=[own]))
    link.neighbour("replace", GATEWAY, "lladdr", NEW, "nud", "permanent")
    link.neighbour("replace", GATEWAY6, "lladdr", OTHER, "nud", "permanent")
    link.wait_for(NEW)
    second = Link(host, host.namespace, "far1")
    second.wait_for(OTHER)
    second.wire.close()


def test_a_reload_keeps_the_address_in_use_until_a_new_gateway_is_known(host, link):
    """From a MAC address to a gateway that has yet to be found: not one packet is dropped."""
    host.start(link.vdev)
    assert link.gateway_mac() == CONFIG["outbound_gateway_mac"]
    host.reload(follows(NOBODY))
    assert link.gateway_mac() == CONFIG["outbound_gateway_mac"]
    host.reload(follows())
    link.wait_for(OLD, 3)
    host.reload(CONFIG)
    assert link.gateway_mac() == CONFIG["outbound_gateway_mac"]
    assert host.stop()["drop_no_gateway"] == 0


def test_generations_count_up_through_reloads_and_gateways(host, link):
    """Every change has a number of its own, and the last one is served."""
    host.start(link.vdev, config=follows())
    link.wait_for(OLD, 3)
    link.neighbour("replace", GATEWAY, "lladdr", NEW, "nud", "permanent")
    link.wait_for(NEW)
    host.reload(follows())
    link.neighbour("replace", GATEWAY, "lladdr", OTHER, "nud", "permanent")
    link.wait_for(OTHER)
    lines = host.log.read_text().splitlines()
    numbers = [int(line.partition("serving generation ")[2].partition(":")[0]) for line in lines if "serving gen" in line]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 4


def test_a_refused_reload_goes_on_following_the_gateway(host, link):
    """Even when what the kernel said about it was read for the gateway that was refused."""
    host.start(link.vdev, config=follows())
    link.wait_for(OLD, 3)
    bad = {"tables": [{**TABLES["tables"][0], "backends": [{"ip": "fd00::7", "state": "active", "healthy": True}]}]}
    (host.folder / "tables.json").write_text(json.dumps(bad))
    host.process.send_signal(signal.SIGSTOP)
    link.neighbour("replace", GATEWAY, "lladdr", NEW, "nud", "permanent")
    host.reload(follows(NOBODY), wanted="reload refused", wake=True)
    link.wait_for(NEW)


def test_a_gateway_that_moves_during_a_long_reload_is_followed_within_a_second(host, link):
    """Tables are built elsewhere; what is served meanwhile follows."""
    host.start(link.vdev, config=follows())
    link.wait_for(OLD, 3)
    places = [OLD, NEW]
    for count in (6, 12, 24):  # on a fast or a busy machine, a reload may end before the move was seen
        tables = large_tables(count, 1500)
        for number, table in enumerate(tables["tables"]):
            table["binds"][0]["ip"] = f"192.0.3.{number}"
        tables["tables"][0]["binds"] = TABLES["tables"][0]["binds"]  # then it is seen behind it
        (host.folder / "tables.json").write_text(json.dumps(tables))
        host.process.send_signal(signal.SIGHUP)
        pause(0.3)
        places.reverse()
        link.neighbour("replace", GATEWAY, "lladdr", places[0], "nud", "permanent")
        link.wait_for(places[0])
        seen_meanwhile = f"{count} tables" not in host.log.read_text()
        host.wait_for_log(f"{count} tables", 120)
        if seen_meanwhile:
            break
    assert seen_meanwhile
    assert f"moved from {OLD} to {NEW}" in host.log.read_text()
