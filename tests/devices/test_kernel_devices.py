# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's devices under the ports: which ones a director takes, and what becomes of them."""

import os
import signal
import struct
import time

import pytest
from device import CONFIG, PORT, VIP, drain, encapsulated
from far_end import Wire
from netns import pause, wait_until
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

ON_ETH0 = ["net_af_packet0,iface=eth0", "net_af_xdp0,iface=eth0", "net_pcap0,iface=eth0"]
COPIED = ["net_af_packet0,iface=eth0", "net_pcap0,iface=eth0", "net_pcap0,rx_iface=eth0,tx_iface=eth0"]


@pytest.mark.parametrize("vdev", ["net_af_packet0,iface=tun0", "net_pcap0,iface=tun0", "net_pcap0,rx_iface=tun0,tx_iface=tun0"])
def test_a_device_of_bare_ip_packets_is_refused(host, vdev):
    """What a director reads and writes begins with an Ethernet header."""
    host.namespace.run("ip", "tuntap", "add", "tun0", "mode", "tun")
    host.namespace.ip("link", "set", "tun0", "up")
    port = vdev.partition(",")[0]
    assert host.refusal(vdev).startswith(f"port {port}: tun0 is not an Ethernet device (its link type is 65534)")


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


SQUAT = """
import os, socket, sys, time
os.setgroups([]), os.setgid(65534), os.setuid(65534)
names = [f"\\0glb-director/device/{number}" for number in range(1, 64)]
held = [socket.socket(socket.AF_UNIX) for name in names]
[one.bind(name) for one, name in zip(held, names)]
print("there", flush=True)
time.sleep(60)
"""


def test_an_unprivileged_process_keeps_no_director_from_a_device(host):
    """It can bind any name that is open to all; only a process that may read frames can claim a device."""
    squatter = host.namespace.spawn("/usr/bin/python3", "-c", SQUAT, log=host.folder / "squatter")
    try:
        wait_until(lambda: (host.folder / "squatter").read_text() == "there\n", "the squatter")
        host.start("net_af_packet0,iface=eth0")
        assert host.warnings() == []
        host.stop()
    finally:
        squatter.kill()
        squatter.wait()


def test_another_reader_of_a_device_keeps_no_director_from_it(host):
    """Such as a DHCP client or tcpdump, which forward nothing."""
    read = "import socket, time; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300); s.bind(('eth0', 3)); print('there', flush=True); time.sleep(60)"
    reader = host.namespace.spawn("/usr/bin/python3", "-c", read, log=host.folder / "reader")
    try:
        wait_until(lambda: (host.folder / "reader").read_text() == "there\n", "the reader")
        host.start("net_af_packet0,iface=eth0")
        host.stop()
    finally:
        reader.kill()
        reader.wait()


def test_two_ports_on_one_device_are_refused(host):
    """Every packet would come twice."""
    message = host.refusal("net_af_packet0,iface=eth0", "net_pcap1,iface=eth0")
    assert message.startswith("port net_pcap1: another port is on eth0 as well")


def test_a_device_that_cannot_be_made_is_named_with_the_reason(host):
    """The EAL would go on without it."""
    for vdevs, reason in (
        (["net_af_packet0,iface=nope"], 'net_af_packet0,iface=nope: there is no interface "nope" in this network namespace'),
        (["net_af_packet0,iface=eth0", "net_af_packet1,iface=nope"], 'net_af_packet1,iface=nope: there is no interface "nope"'),
        (["net_null0", "net_pcap1,rx_pcap=/nope"], "net_pcap1,rx_pcap=/nope: Couldn't open /nope: /nope: No such file"),
        (["net_ring0,nodeaction=x"], "net_ring0,nodeaction=x: could not parse node value from x"),
        (["net_tap0,iface=much_too_long_a_name"], "net_tap0,iface=much_too_long_a_name: TAP invalid remote interface name"),
        (["net_af_packet0,iface=eth0,nope=1"], "net_af_packet0,iface=eth0,nope=1: its driver gives no reason"),
        (["net_null0", "net_nope1"], "net_nope1: no driver of this DPDK has such devices"),
    ):
        assert host.refusal(*vdevs).startswith(f"--vdev {reason}"), vdevs


def frame(destination, length=60):
    """A client's packet to the VIP, an IP packet of so many bytes."""
    packet = IP(src="198.51.100.7", dst=VIP) / TCP(sport=40000, dport=PORT, flags="A")
    return bytes(Ether(src="02:00:00:00:00:02", dst=destination) / packet / bytes(length - len(packet)))


class Traffic:
    """Packets into the far end of a director's device, and what comes back."""

    def __init__(self, host, device="eth0", far="far"):
        self.host = host
        self.device = device
        self.far = far

    def mac(self):
        return self.host.namespace.ip_json("link", "show", self.device)[0]["address"]

    def reply(self, length=60):
        """What a packet to the VIP becomes; None if nothing does."""
        wire = Wire(self.host.namespace.name, self.far)
        wire.send(frame(self.mac(), length))
        seen = [sent for sent in drain(wire, 0.2) if encapsulated([sent])]
        wire.close()
        return seen[0] if seen else None

    def make(self):
        """Make the device and its far end, again."""
        self.host.namespace.ip("link", "add", self.device, "type", "veth", "peer", self.far)
        for device in (self.device, self.far):
            self.host.namespace.ip("link", "set", device, "up")
        self.host.namespace.run("ethtool", "-K", self.far, "tx", "off")
        self.host.namespace.run("ethtool", "-K", self.far, "gro", "on")

    def delete(self):
        self.host.namespace.ip("link", "delete", self.device)


@pytest.fixture
def traffic(host):
    return Traffic(host)


@pytest.mark.parametrize("vdev", ON_ETH0)
def test_a_link_that_goes_down_and_up_is_reported_and_counted(host, traffic, vdev):
    """Once each, and traffic goes on."""
    port = vdev.partition(",")[0]
    host.start(vdev)
    host.namespace.ip("link", "set", "far", "down")  # eth0 loses its carrier
    host.wait_for_log(f"warning: port {port}: the link of eth0 is down")
    host.namespace.ip("link", "set", "far", "up")
    host.wait_for_log(f"info: port {port}: the link of eth0 is up")
    assert traffic.reply()
    assert host.log.read_text().count("the link of") == 2
    counters = host.stop()
    assert (counters["port_link_down"], counters["port_link_changes"]) == (1, 2)


def test_a_link_may_be_down_when_the_director_starts(host, traffic):
    """It is served as soon as it is up."""
    host.namespace.ip("link", "set", "eth0", "down")
    host.start(ON_ETH0[0])
    assert "port net_af_packet0: the link of eth0 is down; the port is served when it is up" in host.log.read_text()
    host.namespace.ip("link", "set", "eth0", "up")
    host.wait_for_log("port net_af_packet0: the link of eth0 is up")
    wait_until(traffic.reply, "traffic", 3)  # the kernel reports the pause to the first sender


@pytest.mark.parametrize("vdev", ON_ETH0)
def test_an_mtu_that_changes_counts_at_once(host, traffic, vdev):
    """Both for what fits, and for what is too large to be one packet."""
    host.start(vdev, config={**CONFIG, "too_big": "drop"})
    assert traffic.reply(1500 - 44) and not traffic.reply(1490)
    for device in ("eth0", "far"):
        host.namespace.ip("link", "set", device, "mtu", "1600")
    host.wait_for_log("eth0 has an MTU of 1600 now")
    host.wait_for_log("with other gateways or ports")
    assert traffic.reply(1490) and traffic.reply(1540) and not traffic.reply(1590)
    host.namespace.ip("link", "set", "eth0", "mtu", "1400")
    host.wait_for_log("eth0 has an MTU of 1400 now")
    host.wait_for_log("with other gateways or ports", count=2)
    assert traffic.reply(1350) and not traffic.reply(1390)
    assert host.stop()["drop_mtu"] == 3


def test_an_mtu_in_the_configuration_stays(host, traffic):
    """It may be that of the network behind the device."""
    host.start(ON_ETH0[0], config={**CONFIG, "too_big": "drop", "mtu": 1300})
    host.namespace.ip("link", "set", "eth0", "mtu", "1400")
    host.wait_for_log("eth0 has an MTU of 1400 now")
    assert traffic.reply(1250) and not traffic.reply(1290)


def test_an_mtu_that_packet_buffers_were_not_made_for_is_warned_about(host, traffic):
    """They are made at start."""
    host.start(ON_ETH0[0])
    host.namespace.ip("link", "set", "eth0", "mtu", "9000")
    host.wait_for_log("packet buffers have room for frames of 2048 bytes, its MTU asks for 9022; restart to use it")
    pause(0.3)
    assert host.log.read_text().count("packet buffers") == 1


@pytest.mark.parametrize("vdev", ON_ETH0)
def test_a_mac_address_that_changes_is_taken_over(host, traffic, vdev):
    """Outer headers carry it; so do frames to the port."""
    host.start(vdev)
    host.namespace.ip("link", "set", "eth0", "address", "02:00:00:00:00:77")
    host.wait_for_log("eth0 has the MAC address 02:00:00:00:00:77 now")
    wait_until(lambda: Ether(traffic.reply()).src == "02:00:00:00:00:77", "the new address", 2)
    host.reload(CONFIG)
    assert Ether(traffic.reply()).src == "02:00:00:00:00:77"


def test_a_port_is_its_device_whatever_that_is_called(host, traffic):
    """Another device that takes its name lends it no MAC address."""
    second = Traffic(host, "eth1", "far1")
    second.make()
    host.start(ON_ETH0[0])
    ours, others = traffic.mac(), second.mac()
    for device, name in (("eth0", "old"), ("eth1", "eth0"), ("old", "eth1")):
        host.namespace.ip("link", "set", device, "down")
        host.namespace.ip("link", "set", device, "name", name)
        host.namespace.ip("link", "set", name, "up")
    wire = Wire(host.namespace.name, "far")
    time.sleep(0.3)  # a few ticks
    wait_until(lambda: wire.send(frame(ours)) or encapsulated(drain(wire, 0.2)), "traffic", 3)
    wire.send(frame(others))
    assert not encapsulated(drain(wire, 0.3))
    wire.close()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("vdev", ON_ETH0)
def test_a_device_that_is_made_again_is_opened_again(host, traffic, vdev, workers):
    """The same process goes on, with the new device's addresses; counters go on, too."""
    port = vdev.partition(",")[0]
    host.start(vdev, workers=workers)
    for times in (1, 2):
        assert traffic.reply()
        traffic.delete()
        host.wait_for_log(f"error: port {port}: eth0 is gone", count=times)
        traffic.make()
        host.wait_for_log(f"port {port}: eth0 is served again", count=times)
        wait_until(traffic.reply, "traffic", 3)
        wait_until(lambda: Ether(traffic.reply()).src == traffic.mac(), "its address", 2)
    counters = host.stop()
    assert counters["forward"] == counters["tx"] + counters["tx_dropped"] and counters["port_link_down"] == 2


def test_a_device_may_be_replaced_faster_than_the_director_looks(host, traffic):
    """It was away, and what was opened on it is dead."""
    host.start(ON_ETH0[0])
    host.process.send_signal(signal.SIGSTOP)
    traffic.delete()
    traffic.make()
    host.process.send_signal(signal.SIGCONT)
    host.wait_for_log("eth0 is served again")
    wait_until(traffic.reply, "traffic", 3)


def open_for_reader(fifo):
    """A descriptor to write to the process that waits for a pipe to be opened; None while there is none."""
    try:
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def test_a_device_may_be_replaced_while_the_director_starts(host, traffic):
    """What the driver opened is dead, whatever has its name when the director begins to follow it."""
    capture = host.folder / "in.pcap"
    os.mkfifo(capture)  # the EAL waits for it, behind the first port
    vdevs = ("net_af_packet0,iface=eth0", f"net_pcap1,rx_pcap={capture}")
    with open(host.folder / "counters", "w") as counters:
        host.process = host.namespace.spawn(*host.command(*vdevs), log=host.log, stdout=counters)
    writer = wait_until(lambda: open_for_reader(capture), "the second port", 10)
    traffic.delete()
    traffic.make()
    os.write(writer, struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    os.close(writer)
    host.wait_for_log("eth0 is served again", 10)
    wait_until(traffic.reply, "traffic", 3)


def test_a_device_that_moves_to_another_namespace_and_back_is_opened_again(host, traffic):
    """As containers do with it; its number stays the same."""
    other = type(host.namespace)(f"{host.namespace.name}-other")
    other.create("net.ipv6.conf.all.disable_ipv6=1")
    try:
        host.start(ON_ETH0[0])
        host.namespace.ip("link", "set", "eth0", "netns", other.name)
        host.wait_for_log("eth0 is gone")
        other.run("ip", "link", "set", "eth0", "netns", str(host.process.pid))
        host.namespace.ip("link", "set", "eth0", "up")
        host.wait_for_log("eth0 is served again")
        wait_until(traffic.reply, "traffic", 3)
    finally:
        other.delete()


def test_leaving_a_bridge_is_not_going_away(host, traffic):
    """The kernel says both with the same message."""
    host.namespace.ip("link", "add", "br0", "type", "bridge")
    host.start(ON_ETH0[0])
    host.namespace.ip("link", "set", "eth0", "master", "br0")
    host.namespace.ip("link", "set", "eth0", "nomaster")
    pause(0.5)
    assert "is gone" not in host.log.read_text()
    assert traffic.reply()


def test_a_director_without_its_only_device_gives_up(host, traffic):
    """With a status that says: start me again. Counters are printed as ever."""
    host.start(ON_ETH0[0])
    assert traffic.reply()
    traffic.delete()
    assert host.process.wait(20) == 75
    assert "error: port net_af_packet0: eth0 has been gone for 10 s, and no port is left; giving up" in host.log.read_text()
    assert "forward 1\n" in (host.folder / "counters").read_text()


def test_a_director_that_cannot_open_a_device_again_gives_up(host, traffic):
    """Here it is another kind of device now."""
    host.start(ON_ETH0[0])
    traffic.delete()
    host.wait_for_log("eth0 is gone")
    host.namespace.run("ip", "tuntap", "add", "eth0", "mode", "tun")
    assert host.process.wait(10) == 75
    assert "error: port net_af_packet0: eth0 is not an Ethernet device" in host.log.read_text()


def test_one_device_of_two_may_go_and_come_back(host, traffic):
    """The other port is served all the time, for as long as it takes."""
    second = Traffic(host, "eth1", "far1")
    second.make()
    host.start(ON_ETH0[0], "net_af_packet1,iface=eth1")
    traffic.delete()
    host.wait_for_log("port net_af_packet0: eth0 is gone")
    time.sleep(11)
    assert host.process.poll() is None and second.reply()
    traffic.make()
    host.wait_for_log("port net_af_packet0: eth0 is served again")
    wait_until(traffic.reply, "traffic", 3)
    assert second.reply()
    host.stop()


@pytest.mark.parametrize("vdev", ON_ETH0)
def test_a_device_may_be_made_again_long_before_it_is_switched_on(host, traffic, vdev):
    """As by hand. libpcap opens none that is off, which is no reason to leave the other port."""
    second = Traffic(host, "eth1", "far1")
    second.make()
    host.start(vdev, "net_af_packet1,iface=eth1")
    traffic.delete()
    host.wait_for_log("eth0 is gone")
    host.namespace.ip("link", "add", "eth0", "type", "veth", "peer", "far")
    host.wait_for_log("eth0 was made again")
    pause(0.5)
    assert second.reply() and host.process.poll() is None
    for device in ("eth0", "far"):
        host.namespace.ip("link", "set", device, "up")
    host.namespace.run("ethtool", "-K", "far", "tx", "off")
    host.namespace.run("ethtool", "-K", "far", "gro", "on")
    host.wait_for_log("eth0 is served again")
    wait_until(traffic.reply, "traffic", 3)
    assert second.reply()
    host.stop()


def test_a_tap_device_that_is_deleted_is_made_again(host):
    """No other process can make it."""
    tap = Traffic(host, "tap0", "tap0")
    host.start("net_tap0,iface=tap0")
    assert tap.reply()
    host.namespace.ip("link", "delete", "tap0")
    host.wait_for_log("port net_tap0: tap0 is served again, as a new device without addresses and routes")
    wait_until(tap.reply, "traffic", 3)


def test_a_twin_port_that_is_deleted_is_made_again(host, traffic):
    """Forwarding goes on, and the kernel hears what is not for a VIP again."""
    host.start(ON_ETH0[1], "net_tap1,iface=twin", config={**CONFIG, "punt_port": "net_tap1"})
    host.namespace.ip("link", "delete", "twin")
    host.wait_for_log("port net_tap1: twin is served again, as a new device without addresses and routes")
    wait_until(lambda: Traffic(host, "twin").mac() == traffic.mac(), "the twin's address", 3)
    assert traffic.reply()
    before = host.namespace.ip_json("-s", "link", "show", "twin")[0]["stats64"]["rx"]["packets"]
    wire = Wire(host.namespace.name, "far")
    wire.send(bytes(Ether(src="02:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff", type=0x88CC) / bytes(50)))
    wire.close()
    wait_until(
        lambda: host.namespace.ip_json("-s", "link", "show", "twin")[0]["stats64"]["rx"]["packets"] > before,
        "a punted frame",
        3,
    )


def test_a_twin_port_follows_the_mac_address_of_its_port(host, traffic):
    """The kernel names it in ARP, and frames for another one are not for the port."""
    host.start(ON_ETH0[1], "net_tap1,iface=twin", config={**CONFIG, "punt_port": "net_tap1"})
    host.namespace.ip("link", "set", "eth0", "address", "02:00:00:00:00:77")
    wait_until(lambda: Traffic(host, "twin").mac() == "02:00:00:00:00:77", "the twin's address", 3)


def test_a_link_that_flaps_does_not_fill_the_log(host, traffic):
    """Ten lines a minute, and the truth in the counters."""
    host.start(ON_ETH0[0])
    for _ in range(20):
        for state in ("down", "up"):
            host.namespace.ip("link", "set", "eth0", state)
    wait_until(traffic.reply, "traffic", 3)
    assert host.log.read_text().count("the link of eth0") == 10
    counters = host.stop()
    assert (counters["port_link_down"], counters["port_link_changes"]) == (20, 40)
