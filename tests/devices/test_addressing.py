# SPDX-License-Identifier: BSD-3-Clause
"""A device whose frames the host's kernel sees and sends, too: only those to the port are forwarded."""

import pytest
from device import CONFIG, PORT, VIP, collect, encapsulated
from far_end import Wire
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

ROUTER = "02:00:00:00:00:02"
DEVICES = ["net_af_packet0,iface=eth0", "net_pcap0,iface=eth0"]
PLAIN = {key: value for key, value in CONFIG.items() if key != "macs"}


def syn(destination):
    packet = IP(src="198.51.100.7", dst=VIP) / TCP(sport=40000, dport=PORT, flags="S")
    return bytes(Ether(src=ROUTER, dst=destination) / packet)


def route_to_the_vip(host):
    """Have the host's kernel send packets to the VIP to the router, as it does to any address."""
    ip = host.namespace.ip
    ip("address", "add", "10.0.0.11/24", "dev", "eth0")
    ip("neighbour", "add", "10.0.0.1", "lladdr", ROUTER, "dev", "eth0", "nud", "permanent")
    ip("route", "add", "default", "via", "10.0.0.1")


@pytest.mark.parametrize("vdev", DEVICES)
def test_only_frames_to_the_devices_own_address_are_forwarded(host, peer, vdev):
    """Those to other hosts' addresses arrive as well, and are theirs to forward."""
    own = host.namespace.ip_json("link", "show", "eth0")[0]["address"]
    host.start(vdev, config=PLAIN)
    wire = Wire(peer.name, "far")
    for destination in ("02:00:00:00:00:77", own, "ff:ff:ff:ff:ff:ff", "02:00:00:00:00:01"):
        wire.send(syn(destination))
    assert len(collect(wire, 1, lambda frame: encapsulated([frame]))) == 1
    wire.close()
    counters = host.stop()
    assert (counters["forward"], counters["punt_group"]) == (1, 1)
    assert counters["drop_other_host"] >= 2


@pytest.mark.parametrize("vdev", DEVICES)
def test_what_the_host_itself_forwards_or_sends_is_not_forwarded_again(host, peer, vdev):
    """With ip_forward one SYN would come back to the director with every hop of its TTL."""
    own = host.namespace.ip_json("link", "show", "eth0")[0]["address"]
    host.namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")
    host.start(vdev, config=PLAIN)
    route_to_the_vip(host)
    wire = Wire(peer.name, "far")
    wire.send(syn(own))
    frames = collect(wire, 2, lambda frame: frame[12:14] == b"\x08\x00")
    forwarded = encapsulated(frames)
    assert [packet.dst for packet in forwarded] == [VIP]
    copies = [Ether(frame) for frame in frames if not encapsulated([frame])]
    assert [(copy.dst, copy[IP].ttl) for copy in copies] == [(ROUTER, 63)]  # the kernel's own
    wire.close()
    counters = host.stop()
    assert counters["forward"] == 1
    assert counters["drop_other_host"] >= 1
