# SPDX-License-Identifier: BSD-3-Clause
"""The kernel behind a twin port: whatever is not for a VIP works as if DPDK did not own the device."""

import socket
import struct
import threading
import time

import pytest
from device import CONFIG, DIRECTOR_MAC, PORT, VIP, collect, drain, encapsulated
from drivers import PUNTED, sum_of
from far_end import Wire, inside
from netns import pause
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Dot1Q, Ether
from scapy.utils import checksum

import capture

HERE, PEER = {4: "10.0.0.11", 6: "fd00::11"}, {4: "10.0.0.1", 6: "fd00::1"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
PORTS = {"af_xdp": "net_af_xdp0,iface=eth0", "tap": "net_tap0,iface=tap0"}


class Twin:
    """A host whose port belongs to DPDK, and another host at the other end of that port's wire."""

    def __init__(self, host, peer, port):
        self.host, self.peer = host, peer
        self.vdev = PORTS[port]
        self.far = "far" if port == "af_xdp" else "tap0"

    def start(self, **changes):
        """Start the director, then give both kernels their addresses."""
        vdevs = (self.vdev, "net_tap1,iface=twin,mac=02:00:00:00:00:0d")
        self.host.start(*vdevs, config={**CONFIG, "punt_port": "net_tap1", **changes}, workers=2)
        if self.far == "tap0":
            self.host.namespace.ip("link", "set", "tap0", "netns", self.peer.name)
        else:
            self.peer.run("ethtool", "-K", "far", "txvlan", "off")  # XDP sees frames, not notes beside
        for namespace, device, addresses in (
            (self.peer, self.far, PEER),
            (self.host.namespace, "twin", HERE),
        ):
            namespace.run("sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=0")
            namespace.ip("link", "set", device, "up")
            namespace.ip("address", "add", f"{addresses[4]}/24", "dev", device)
            namespace.ip("address", "add", f"{addresses[6]}/64", "dev", device, "nodad")

    def wires(self):
        """The frames at the far end of the port, and those that the host's kernel has to do with."""
        return Wire(self.peer.name, self.far), Wire(self.host.namespace.name, "twin")

    def ping(self, version):
        """Is an echo request from the peer to the host answered?"""
        kind, echo, reply = {4: (socket.IPPROTO_ICMP, 8, 0), 6: (58, 128, 129)}[version]
        with inside(self.peer.name):
            ask = socket.socket(FAMILY[version], socket.SOCK_RAW, kind)
        with ask:
            message = struct.pack(">BBHHH", echo, 0, 0, 77, 1) + b"are you there?"
            if version == 4:  # the kernel sums ICMPv6 only
                message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
            ask.sendto(message, (HERE[version], 0))
            deadline = time.monotonic() + 3
            while (left := deadline - time.monotonic()) > 0:
                ask.settimeout(left)
                try:
                    answer = ask.recv(2048)[20 if version == 4 else 0 :]
                except TimeoutError:
                    break
                if answer[:1] == bytes([reply]) and answer[8:] == message[8:]:
                    return True
        return False

    def echo_over_tcp(self, version, data):
        """What a server on the host sends back of what the peer says to it."""
        with inside(self.host.namespace.name):
            server = socket.create_server((HERE[version], 179), family=FAMILY[version])
        with inside(self.peer.name):
            client = socket.socket(FAMILY[version])
        thread = threading.Thread(target=echo_once, args=(server,))
        thread.start()
        with server, client:
            client.settimeout(60)
            client.connect((HERE[version], 179))
            sender = threading.Thread(target=send_all, args=(client, data))
            sender.start()
            back = b"".join(iter(lambda: client.recv(65536), b""))
            sender.join()
            thread.join()
        return back


def echo_once(server):
    """Serve one connection: send back what comes, until it ends."""
    server.settimeout(60)
    connection, _ = server.accept()
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def send_all(client, data):
    """Say everything, then that it is all."""
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)


@pytest.fixture(params=PORTS)
def twin(request, host, peer):
    return Twin(host, peer, request.param)


def test_the_kernel_is_there_behind_a_port_that_dpdk_owns(twin):
    """ARP and ping, ND and ping, and a TCP connection in both families: BGP, SSH."""
    twin.start()
    data = bytes(range(256)) * 1000
    for version in (4, 6):
        assert twin.ping(version)
        assert twin.echo_over_tcp(version, data) == data
    pause(0.3)  # for the last segments; what is on its way when the director stops is not counted
    counters = twin.host.stop()
    assert counters["punted"] > 100 and counters["from_kernel"] > 100
    assert counters["punt_dropped"] == counters["forward"] == 0
    assert counters["punted"] == sum_of(counters, PUNTED)
    assert counters["tx"] == counters["from_kernel"]


def test_a_port_with_a_twin_receives_all_groups_and_one_without_does_not(host):
    """The kernel behind the twin joins groups that the device of the port does not know of."""
    flags = {}
    for punt_port in ({}, {"punt_port": "net_tap1"}):
        vdevs = ("net_tap0,iface=tap0", "net_tap1,iface=twin", "net_tap2,iface=tap2")
        host.start(*vdevs, config={**CONFIG, **punt_port})
        for device in ("tap0", "tap2"):  # the second one punts to the twin of the first
            shown = host.namespace.ip("-o", "link", "show", device)
            flags[device, bool(punt_port)] = shown.partition("<")[2].partition(">")[0].split(",")
        host.stop()
    assert "ALLMULTI" in flags["tap0", True] and "ALLMULTI" in flags["tap2", True]
    assert "ALLMULTI" not in flags["tap0", False] and "ALLMULTI" not in flags["tap2", False]


@pytest.mark.parametrize("version", [4, 6])
def test_a_gateway_is_found_through_the_twin_port(twin, version):
    """The kernel's question leaves through the port, and the answer comes back to it."""
    twin.start(
        outbound_gateway_mac="auto",
        outbound_gateway_ip=PEER[version],
        outbound_gateway_interface="twin",
    )
    mac = twin.peer.ip_json("link", "show", twin.far)[0]["address"]
    twin.host.wait_for_log(f"gateway {PEER[version]} is at {mac}")
    wire = Wire(twin.peer.name, twin.far)
    wire.send(
        bytes(
            Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
            / IP(src="198.51.100.7", dst=VIP)
            / TCP(sport=40000, dport=PORT, flags="A")
        )
    )
    pause(0.15)  # the successor is served from the next tick on
    sent = collect(wire, 1, lambda frame: frame[12:14] == b"\x08\x00")
    wire.close()
    assert [Ether(frame).dst for frame in sent] == [mac]


def test_tags_pass_both_ways(twin):
    """The kernel may have VLAN interfaces on top of the twin."""
    twin.start()
    ends = twin.wires()
    for number, (end, other) in enumerate((ends, ends[::-1])):
        macs = {"src": "02:00:00:00:00:02", "dst": "ff:ff:ff:ff:ff:ff"}
        frame = bytes(Ether(**macs) / Dot1Q(vlan=7 + number, prio=5, type=0x88B5)).ljust(64, b"\7")
        end.send(frame)
        assert frame in collect(other, 1, lambda one: one[12:14] == b"\x81\x00")
    for end in ends:
        end.close()


def test_what_the_kernel_sends_leaves_through_the_first_port(host):
    """There is one twin port, so it is the twin of one port."""
    frames = [bytes(Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:0d", type=0x0806)).ljust(60, b"\0")] * 3
    capture.write(host.folder / "kernel.pcap", frames)
    capture.write(host.folder / "none.pcap", [])
    outs = [host.folder / f"out{n}.pcap" for n in range(3)]
    rxs = [host.folder / name for name in ("none.pcap", "none.pcap", "kernel.pcap")]
    vdevs = [f"net_pcap{n},rx_pcap={rxs[n]},tx_pcap={outs[n]}" for n in range(3)]
    host.start(*vdevs, config={**CONFIG, "punt_port": "net_pcap2"})
    pause(0.3)
    assert host.stop()["from_kernel"] == 3
    assert [capture.read(out) for out in outs] == [frames, [], []]


def flood(wire, stop):
    """Send packets that no bind matches until stopped, far more than pass."""
    frame = Ether(src="02:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff")
    unbound = bytes(frame / IP(src="198.51.100.7", dst="203.0.113.9") / UDP(sport=53, dport=53)).ljust(64, b"\0")
    while not stop.wait(0.001):
        for _ in range(20):
            wire.send(unbound)


def test_a_flood_of_unbound_packets_starves_nobody(twin):
    """The kernel is given a share of them; neighbours, routing and the host's connections have theirs."""
    twin.start(punts_per_second=400)
    assert twin.echo_over_tcp(4, b"now the addresses are known") == b"now the addresses are known"
    wire, stop = Wire(twin.peer.name, twin.far), threading.Event()
    thread = threading.Thread(target=flood, args=(wire, stop))
    begin = time.monotonic()
    thread.start()
    try:
        time.sleep(1)
        data = bytes(20000)
        for version in (4, 6):
            twin.peer.ip("neigh", "flush", "dev", twin.far)
            assert twin.ping(version)
            assert twin.echo_over_tcp(version, data) == data
    finally:
        stop.set()
        thread.join()
        wire.close()
    seconds = time.monotonic() - begin + 1.5  # a second's worth at once, and what came before
    counters = twin.host.stop()
    assert counters["punt_limited"] > 1000
    assert counters["punted"] <= 400 * seconds
    verdicts = sum(counters[name] for name in ("punt_not_ip", "punt_no_bind", "punt_group"))
    assert verdicts == sum(counters[name] for name in ("punted", "punt_dropped", "punt_limited"))


def test_the_kernel_sends_no_more_than_its_rate(twin):
    """It waits instead: that is what its sockets do as well where a device is slow."""
    twin.start(punts_per_second=1000)
    begin = time.monotonic()
    behind = Wire(twin.host.namespace.name, "twin")
    for _ in range(600):
        behind.send(bytes(Ether(src="02:00:00:00:00:0d", dst="02:00:00:00:00:02", type=0x88B5)).ljust(60, b"\0"))
    pause(0.2)
    behind.close()
    counters = twin.host.stop()
    assert 32 < counters["from_kernel"] <= 32 + 1000 * (time.monotonic() - begin)


def test_the_kernel_is_not_told_of_what_is_forwarded(twin):
    """A packet to a VIP has one way to go."""
    twin.start()
    wire, behind = twin.wires()
    wire.send(bytes(Ether(dst=DIRECTOR_MAC) / IP(src="198.51.100.7", dst=VIP) / TCP(dport=PORT)))
    assert len(collect(wire, 1, lambda frame: encapsulated([frame]))) == 1
    assert not [frame for frame in drain(behind, 0.1) if VIP in str(Ether(frame).summary())]
    wire.close()
    behind.close()


@pytest.fixture
def two_ports(host):
    """A host with a second veth pair, `eth1` and `far1`, and a twin for each of its ports."""
    host.namespace.ip("link", "add", "eth1", "type", "veth", "peer", "far1")
    for device in ("eth1", "far1"):
        host.namespace.ip("link", "set", device, "up")
    return host


TWO_PORTS = ("net_af_packet0,iface=eth0", "net_af_packet1,iface=eth1", "net_tap0,iface=twin0", "net_tap1,iface=twin1")
TWO_TWINS = {
    **CONFIG,
    "ports": [
        {"name": "net_af_packet0", "punt_port": "net_tap0"},
        {"name": "net_af_packet1", "punt_port": "net_tap1"},
    ],
}


def mac_of(host, device):
    return host.namespace.ip_json("link", "show", device)[0]["address"]


def marked(number):
    """A frame that no VIP is meant by, with a number of its own."""
    return bytes(Ether(src="02:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff", type=0x88B5)).ljust(60, bytes([number]))


def marks(wire):
    """The numbers of such frames that arrived."""
    return [frame[20] for frame in drain(wire, 0.3) if frame[12:14] == b"\x88\xb5"]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_port_has_its_own_twin(two_ports, workers):
    """What is punted on a port goes to its twin, and what the kernel sends there leaves through it."""
    two_ports.start(*TWO_PORTS, config=TWO_TWINS, workers=workers)
    wires = [Wire(two_ports.namespace.name, device) for device in ("far", "far1", "twin0", "twin1")]
    for number, wire in enumerate(wires):
        wire.send(marked(number))
    assert [marks(wire) for wire in wires] == [[2], [3], [0], [1]]
    for wire in wires:
        wire.close()
    assert two_ports.stop()["from_kernel"] >= 2


def test_a_twin_has_the_mac_address_of_its_port(two_ports):
    """The kernel announces it by ARP; with another one, replies would be for no host."""
    two_ports.start(*TWO_PORTS, config=TWO_TWINS)
    assert [mac_of(two_ports, f"twin{n}") for n in (0, 1)] == [mac_of(two_ports, f"eth{n}") for n in (0, 1)]
    assert "does not take its MAC address" not in two_ports.log.read_text()


def test_ports_without_a_twin_of_their_own_have_that_of_the_first(two_ports):
    """As long as there is one at the top level."""
    two_ports.start(*TWO_PORTS[:3], config={**CONFIG, "punt_port": "net_tap0"})
    wires = [Wire(two_ports.namespace.name, device) for device in ("far", "far1", "twin0")]
    for number, wire in enumerate(wires):
        wire.send(marked(number))
    assert [sorted(marks(wire)) for wire in wires] == [[2], [], [0, 1]]
    for wire in wires:
        wire.close()


@pytest.mark.parametrize(
    ("top", "own", "reason"),
    [
        ("net_tap0", ["net_tap1", None], "$.punt_port: the first port has one of its own in $.ports"),
        ("net_tap0", [None, "net_tap0"], '$.ports[1].punt_port: "net_tap0" is that of another port'),
        (None, ["net_tap0", "net_tap0"], '$.ports[1].punt_port: "net_tap0" is that of another port'),
        (None, ["net_tap7", None], '$.ports[0].punt_port: there is no device "net_tap7"'),
        (None, ["net_af_packet1", None], '$.ports[1].name: "net_af_packet1" is the punt_port'),
    ],
)
def test_contradictions_about_twins_are_refused(two_ports, top, own, reason):
    """Where they stand."""
    config = {**CONFIG, "ports": [{"name": f"net_af_packet{n}"} for n in (0, 1)]}
    for port, name in zip(config["ports"], own):
        port.update({"punt_port": name} if name else {})
    message = two_ports.refusal(*TWO_PORTS, config={**config, **({"punt_port": top} if top else {})})
    assert message == f"{two_ports.folder}/director.json: {reason}"
