# SPDX-License-Identifier: BSD-3-Clause
"""Packets that are received on one port and sent through another one."""


import pytest
from device import CONFIG, PORT, VIP, drain
from far_end import Wire
from netns import pause
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Dot1Q, Ether

PORTS = ("net_af_packet0,iface=eth0", "net_af_packet1,iface=eth1")
OTHER_GATEWAY = "02:00:00:00:00:77"
OTHER = {"name": "net_af_packet1", "outbound_gateway_mac": OTHER_GATEWAY, "vlan": 7, "mtu": 1300}
WAYS = {
    "flow_paths": {"flow_paths": [{"rx_port": 0, "tx_port": 1}], "ports": [OTHER]},
    "send_through": {"ports": [OTHER, {"name": "net_af_packet0", "send_through": "net_af_packet1"}]},
}


@pytest.fixture
def two_ports(host):
    """The host has a second veth pair, `eth1` and `far1`."""
    host.namespace.ip("link", "add", "eth1", "type", "veth", "peer", "far1")
    for device in ("eth1", "far1"):
        host.namespace.ip("link", "set", device, "up")
        host.namespace.run("ethtool", "-K", device, "txvlan", "off", "rxvlan", "off")
    return host


def mac_of(host, device):
    return host.namespace.ip_json("link", "show", device)[0]["address"]


@pytest.mark.parametrize("workers", [1, 2], ids=["one worker", "handed over"])
@pytest.mark.parametrize("way", WAYS)
def test_packets_leave_through_another_port(two_ports, way, workers):
    """As that port has them: its MAC address, gateway, tag and MTU. Answers go back."""
    config = {**CONFIG, "echo": "answer", "too_big": "answer", **WAYS[way]}
    two_ports.start(*PORTS, config=config, workers=workers)
    here = mac_of(two_ports, "eth0")
    wires = [Wire(two_ports.namespace.name, device) for device in ("far", "far1")]
    ether = Ether(src="02:00:00:00:00:02", dst=here)
    ip = ether / IP(src="198.51.100.7", dst=VIP, flags="DF")
    wires[0].send(bytes(ip / TCP(dport=PORT, flags="A")).ljust(60, b"\0"))
    wires[0].send(bytes(ip / TCP(dport=PORT, flags="A") / bytes(1300 - 40 - 40)))
    wires[0].send(bytes(ip / TCP(dport=PORT, flags="A") / bytes(1300 - 40 - 39)))
    wires[0].send(bytes(ip / ICMP(type=8) / bytes(30)))
    pause(0.3)
    back, sent = (
        [Ether(frame) for frame in drain(wire, 0.1) if mac_of(two_ports, device) == Ether(frame).src]
        for wire, device in zip(wires, ("eth0", "eth1"))
    )
    for wire in wires:
        wire.close()
    counters = two_ports.stop()
    assert (counters["forward"], counters["answer_echo"], counters["answer_too_big"]) == (2, 1, 1)
    assert {(frame.dst, frame[Dot1Q].vlan) for frame in sent} == {(OTHER_GATEWAY, 7)}
    assert len(sent) == 2
    assert sorted(frame[ICMP].type for frame in back if frame.haslayer(ICMP)) == [0, 3]
    assert {frame.dst for frame in back if frame.haslayer(ICMP)} == {"02:00:00:00:00:02"}


def test_the_other_way_stays_as_it_is(two_ports):
    """A path is for what its port receives."""
    two_ports.start(*PORTS, config={**CONFIG, **WAYS["flow_paths"]})
    wire = Wire(two_ports.namespace.name, "far1")
    ether = Ether(src="02:00:00:00:00:02", dst=mac_of(two_ports, "eth1"))
    wire.send(bytes(ether / IP(src="198.51.100.7", dst=VIP) / TCP(dport=PORT, flags="A")).ljust(60, b"\0"))
    pause(0.3)
    assert [Ether(frame).dst for frame in drain(wire, 0.1) if Ether(frame).haslayer(Dot1Q)] == [OTHER_GATEWAY]
    wire.close()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"flow_paths": [{}, {"rx_port": 1, "tx_port": 2}]}, "$.flow_paths[1].tx_port: there is no port 2"),
        ({"flow_paths": [{"rx_port": 3, "tx_port": 1}]}, "$.flow_paths[0].rx_port: there is no port 3"),
        (
            {"ports": [{"name": "net_af_packet0", "send_through": "net_af_packet7"}]},
            '$.ports[0].send_through: there is no device "net_af_packet7"',
        ),
        (
            {"flow_paths": [{}], "ports": [{"name": "net_af_packet0", "send_through": "net_af_packet1"}]},
            "$.ports[0].send_through: contradicts $.flow_paths[0], which is through port 0",
        ),
    ],
)
def test_ways_that_are_not_there_are_refused(two_ports, changes, reason):
    """At start and by a reload, where they stand."""
    message = f"{two_ports.folder}/director.json: {reason}"
    assert two_ports.refusal(*PORTS, config={**CONFIG, **changes}) == message
    two_ports.start(*PORTS)
    two_ports.reload({**CONFIG, **changes}, wanted="reload refused; generation 1 keeps serving")
    assert f"error: {message}\n" in two_ports.log.read_text()
