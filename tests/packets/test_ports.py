# SPDX-License-Identifier: BSD-3-Clause
"""Ports with settings of their own, and gateways the kernel is asked for."""

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Dot1Q

from frames import BOTH, GATEWAY_MAC, VIP, ether, ip, sized, tcp

OTHER_GATEWAY = "02:00:00:00:00:fc"


pytestmark = pytest.mark.drivers("net_pcap", "veth")  # replay has no named ports


def with_port(director, **settings):
    return director.with_config(ports=[{"name": director.driver.port.name, **settings}])


@BOTH
def test_a_port_may_have_its_own_gateway(director, vip):
    outcome = with_port(director, outbound_gateway_mac=OTHER_GATEWAY).send_one(ether(tcp(vip)))
    assert outcome.frame[:6].hex(":") == OTHER_GATEWAY


@BOTH
def test_a_port_may_have_its_own_tags(director, vip):
    general = director.with_config(vlan=5)
    for mode, tags in (("none", ""), (77, "8100004d"), ("keep", "81000009")):
        outcome = with_port(general, vlan=mode).send_one(ether(tcp(vip), Dot1Q(vlan=9)))
        assert outcome.frame[12:-2].hex().startswith(tags + "0800")


@BOTH
def test_a_port_may_have_its_own_mtu(director, vip):
    general = director.with_config(mtu=1500, too_big="drop")
    narrow = with_port(general, mtu=1400)
    frames = [ether(sized(tcp, size, vip)) for size in (1360, 1361)]
    assert [o.verdict for o in narrow.send(*frames)] == ["forward", "drop_mtu"]


def test_the_mss_fits_the_mtu_of_the_port(director):
    narrow = with_port(director.with_config(mtu=1500, clamp_mss=True), mtu=1400)
    packet = ip("198.51.100.77", VIP) / TCP(dport=443, flags="S", options=[("MSS", 9000)])
    assert narrow.send_one(ether(packet)).frame[-2:] == (1400 - 80).to_bytes(2, "big")


def test_what_a_port_does_not_say_is_as_for_all(director):
    general = director.with_config(mtu=1400, too_big="drop", vlan=5)
    frames = [ether(tcp()), ether(sized(tcp, 1361))]
    assert with_port(general).send(*frames) == general.send(*frames)
    outcome = with_port(general, vlan=6).send_one(ether(tcp()))
    assert outcome.frame[:6].hex(":") == GATEWAY_MAC


@BOTH
def test_a_gateway_is_asked_for_where_configured(director, vip):
    """In the kernel's neighbour table, where there is one that knows it."""
    asking = director.with_config(outbound_gateway_mac="auto", outbound_gateway_ip="198.18.0.254")
    known = director.driver.port.neighbours.get("198.18.0.254")
    outcome = asking.send_one(ether(tcp(vip)))
    assert outcome.verdict == ("forward" if known else "drop_no_gateway")
    assert not known or outcome.frame[:6].hex(":") == known


def test_a_gateway_nobody_knows_stops_forwarding_alone(director):
    asking = director.without_gateway(echo="answer")
    request = ether(IP(src="198.51.100.77", dst=VIP, proto=1) / bytes.fromhex("0800f7f600070001"))
    fates = [o.verdict for o in asking.send(ether(tcp()), request, ether(tcp("192.0.2.11")))]
    assert fates == ["drop_no_gateway", "answer_echo", "punt_no_bind"]


def test_a_port_may_ask_for_its_own_gateway(director):
    asking = with_port(
        director, outbound_gateway_mac="auto", outbound_gateway_ip="198.18.0.254"
    )
    outcome = asking.send_one(ether(tcp()))
    known = director.driver.port.neighbours.get("198.18.0.254")
    assert outcome.verdict == ("forward" if known else "drop_no_gateway")
