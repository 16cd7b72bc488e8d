# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's devices under the ports: which ones a director takes, and what becomes of them."""

import signal

import pytest

COPIED = ["net_af_packet0,iface=eth0", "net_pcap0,iface=eth0", "net_pcap0,rx_iface=eth0,tx_iface=eth0"]


@pytest.mark.parametrize("vdev", ["net_af_packet0,iface=tun0", "net_pcap0,iface=tun0", "net_pcap0,rx_iface=tun0,tx_iface=tun0"])
def test_a_device_of_bare_ip_packets_is_refused(host, vdev):
    """What a director reads and writes begins with an Ethernet header."""
    host.namespace.run("ip", "tuntap", "add", "tun0", "mode", "tun")
    host.namespace.ip("link", "set", "tun0", "up")
    port = vdev.partition(",")[0]
    assert host.refusal(vdev).startswith(f"port {port}: tun0 is no Ethernet device (its link type is 65534)")


def test_the_loopback_device_and_tap_have_ethernet_headers(host):
    """Loopback has a type of its own."""
    host.namespace.run("ip", "tuntap", "add", "tap0", "mode", "tap")
    host.namespace.ip("link", "set", "tap0", "up")
    host.start("net_af_packet0,iface=lo", "net_af_packet1,iface=tap0")
    host.stop()


@pytest.mark.parametrize("vdev", COPIED)
def test_a_second_director_on_a_device_is_refused(glb_director, host, vdev, tmp_path):
    """It would forward every packet a second time. A killed one leaves nothing behind."""
    port = vdev.partition(",")[0]
    host.start("net_af_packet0,iface=eth0")
    wanted = f"port {port}: the director with process ID {host.process.pid} serves eth0"
    assert host.refusal(vdev).startswith(wanted)
    host.process.send_signal(signal.SIGKILL)
    host.process.wait()
    host.start(vdev)
    host.stop()


def test_two_ports_on_one_device_are_refused(host):
    """Every packet would come twice."""
    message = host.refusal("net_af_packet0,iface=eth0", "net_pcap1,iface=eth0")
    assert message.startswith("port net_pcap1: another port is on eth0 as well")


def test_every_port_that_is_named_must_be_there(host):
    """The EAL goes on without a device that it could not make."""
    assert host.refusal("net_af_packet0,iface=nope").startswith("port net_af_packet0: the EAL could not")
    message = host.refusal("net_af_packet0,iface=eth0", "net_af_packet1,iface=nope")
    assert message.startswith('port net_af_packet1: the EAL could not make it of "iface=nope"')
