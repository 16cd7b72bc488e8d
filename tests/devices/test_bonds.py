# SPDX-License-Identifier: BSD-3-Clause
"""Devices that DPDK bonds are one port, whatever member a packet comes in through."""


import time

import pytest
from device import CONFIG, PORT, VIP, drain, encapsulated, ready
from far_end import Wire
from netns import pause
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

MEMBERS = ("net_af_packet0,iface=eth0", "net_af_packet1,iface=eth1")
BOND = "net_bonding0,mode={},slave=net_af_packet0,slave=net_af_packet1"
ACTIVE_BACKUP, BALANCE = 1, 2


def frame_of(flow, mac):
    """A segment to the VIP by way of the bond; the member that it comes in through is none of its business."""
    return bytes(
        Ether(src="02:00:00:00:00:02", dst=mac)
        / IP(src="198.51.100.7", dst=VIP)
        / TCP(sport=1024 + flow, dport=PORT, flags="A")
    )


@pytest.fixture
def pairs(host):
    """The host has a second veth pair, `eth1` and `far1`."""
    host.namespace.ip("link", "add", "eth1", "type", "veth", "peer", "far1")
    for device in ("eth1", "far1"):
        host.namespace.ip("link", "set", device, "up")
    return host


def send_and_collect(host, count):
    """Send frames into both members; what leaves through the two."""
    mac = host.namespace.ip_json("link", "show", "eth0")[0]["address"]
    wires = [Wire(host.namespace.name, device) for device in ("far", "far1")]
    for wire in wires:
        for flow in range(count):
            wire.send(frame_of(flow, mac))
    pause(0.3)
    sent = [frame for wire in wires for frame in drain(wire, 0.05) if encapsulated([frame])]
    for wire in wires:
        wire.close()
    return sent


@pytest.mark.parametrize("workers", [1, 2], ids=["one worker", "handed over"])
@pytest.mark.parametrize("mode", [ACTIVE_BACKUP, BALANCE])
def test_a_bond_is_one_port(pairs, mode, workers):
    """Its members are no ports of their own, and packets count as the bond's."""
    config = {**CONFIG, "ports": [{"name": "net_bonding0", "outbound_gateway_mac": "02:00:00:00:00:77"}]}
    pairs.start(*MEMBERS, BOND.format(mode), config=config, workers=workers)
    assert ready(workers, 1, 1) in pairs.log.read_text()
    sent = send_and_collect(pairs, 8)
    counters = pairs.stop()
    assert counters["forward"] == counters["tx"] == len(sent) >= 8
    assert counters["tx_dropped"] == 0
    assert {frame[:6].hex() for frame in sent} == {"020000000077"}


def test_a_member_of_a_bond_is_no_port(pairs):
    """It is refused where it is named."""
    ports = [{"name": "net_af_packet1", "mtu": 1400}]
    message = pairs.refusal(*MEMBERS, BOND.format(ACTIVE_BACKUP), config={**CONFIG, "ports": ports})
    reason = '"net_af_packet1" is a member of a bond'
    assert message == f"{pairs.folder}/director.json: $.ports[0].name: {reason}"


def test_a_bond_that_has_lost_all_members_is_a_port_that_is_gone(pairs):
    """One is enough. With none the director gives up, as members do not come back without a restart."""
    pairs.start(*MEMBERS, BOND.format(ACTIVE_BACKUP))
    pairs.namespace.ip("link", "delete", "eth0")
    pairs.wait_for_log("error: port net_af_packet0: eth0 is gone; only a restart opens it again")
    time.sleep(1.5)
    assert "net_bonding0: every member" not in pairs.log.read_text()
    pairs.namespace.ip("link", "delete", "eth1")
    pairs.wait_for_log("error: port net_bonding0: every member is gone; only a restart opens it again")
    pairs.namespace.ip("link", "add", "eth1", "type", "veth", "peer", "far1")
    pairs.wait_for_log("port net_af_packet1: eth1 was made again, as another device; only a restart opens it")
    assert pairs.process.wait(20) == 75
    wanted = "error: port net_bonding0: every member has been gone for 10 s, and no port is left; giving up"
    assert wanted in pairs.log.read_text()
    assert "the director waits for it" not in pairs.log.read_text()
