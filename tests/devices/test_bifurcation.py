# SPDX-License-Identifier: BSD-3-Clause
"""A device that director and kernel share: VIPs to one, everything else to the other."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import threading
import time

import pytest
from device import CONFIG, TABLES, collect, ready
from far_end import Wire, inside
from netns import pause, wait_until
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

VDEV = "net_af_xdp0,iface=eth0"
OWN, OWN6 = "10.0.0.11", "fd00::11"  # the host's, and the director's source address
FAR, FAR6 = "10.0.0.99", "fd00::99"
CLIENT, CLIENT6 = "198.51.100.7", "2001:db8:c::7"
FAR_MAC = "02:00:00:00:00:02"  # in what a test sends
VIPS = ("192.0.2.10", "2001:db8::10", "198.18.0.0/24", "2001:db8:1::/64")
SHARED = {
    **CONFIG,
    "bifurcate": True,
    "outbound_gateway_mac": "auto",
    "outbound_gateway_ip": FAR,
    "outbound_src_ip": OWN,
    "macs": [],
    "icmp_errors": "all",
    "hash_fields": {"src_addr": True},
    "fragments": "address",
}


def tables_of(*vips):
    """Tables that serve these VIPs on all ports."""
    binds = [
        {"ip": vip, "proto": proto, "port_start": 1, "port_end": 65535} for vip in vips for proto in ("tcp", "udp")
    ]
    return {"tables": [{**TABLES["tables"][0], "binds": binds}]}


class Shared:
    """A host whose director and kernel share a device, and the host at its far end."""

    def __init__(self, host, peer):
        self.host = host
        self.peer = peer
        for namespace, device, addresses in ((host.namespace, "eth0", (OWN, OWN6)), (peer, "far", (FAR, FAR6))):
            namespace.run("sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=0", f"net.ipv6.conf.{device}.accept_dad=0")
            namespace.ip("address", "add", f"{addresses[0]}/24", "dev", device)
            namespace.ip("address", "add", f"{addresses[1]}/64", "dev", device, "nodad")
        self.mac = host.namespace.ip_json("link", "show", "eth0")[0]["address"]
        self.socket = host.folder / "control.sock"

    def start(self, *vdevs, config=SHARED, tables=None, **options):
        """Start a director, whose gateway is known at once."""
        config = {**config, "control_socket": str(self.socket)}
        self.host.start(*(vdevs or (VDEV,)), config=config, tables=tables or tables_of(*VIPS), **options)
        self.say_hello()
        wait_until(lambda: self.port()["gateway_mac"] != "00:00:00:00:00:00", "the gateway's address")

    def reload(self, tables, **more):
        """Have it serve these tables."""
        self.host.reload({**SHARED, **more, "control_socket": str(self.socket)}, tables=tables)

    def ask(self, verb):
        """The director's list of this name."""
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(self.socket))
            one.sendall(json.dumps({"glb": 1, "verb": verb}).encode() + b"\n")
            return json.loads(one.makefile().readline())[verb]

    def say_hello(self):
        """Have both kernels know each other."""
        with inside(self.peer.name), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"hello", (OWN, 9))

    def port(self):
        """What the director says of its first port."""
        return self.ask("ports")[0]

    def packets(self):
        """Where the program has sent packets so far."""
        return self.port()["bifurcated"]

    def send(self, frames):
        """Frames from the far end, so few at once that no ring is too short."""
        wire = Wire(self.peer.name, "far")
        for n, frame in enumerate(frames):
            wire.send(bytes(frame))
            if n % 200 == 199:  # the ring of a veth has 256 places
                pause(0.01)
        wire.close()

    def program(self):
        """Name and ID of the device's XDP program; None if it has none."""
        xdp = self.host.namespace.ip_json("-details", "link", "show", "eth0")[0].get("xdp")
        return xdp and (xdp["prog"]["name"], xdp["prog"]["id"])

    def kill(self):
        """End the director as the kernel does when memory runs out."""
        self.host.process.send_signal(signal.SIGKILL)
        self.host.process.wait()


@pytest.fixture
def shared(host, peer):
    """A shared device, and no director yet."""
    return Shared(host, peer)


def to_vip(mac, number, vip="192.0.2.10"):
    """A client's segment to a VIP; the number is its port."""
    if ":" in vip:
        return Ether(src=FAR_MAC, dst=mac) / IPv6(src=CLIENT6, dst=vip) / TCP(sport=number, dport=80, flags="A")
    return Ether(src=FAR_MAC, dst=mac) / IP(src=CLIENT, dst=vip) / TCP(sport=number, dport=80, flags="A")


@contextlib.contextmanager
def service(namespace, address, port=7):
    """A TCP service of a namespace that sends back what it gets."""

    def echo(connection):
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()

    with inside(namespace.name):
        listener = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def converse(namespace, address, size=60_000, port=7):
    """A conversation with that service: does everything come back?"""
    with inside(namespace.name):
        client = socket.create_connection((address, port), timeout=20)
    data = bytes(range(256)) * (size // 256)
    with client:
        threading.Thread(target=client.sendall, args=(data,), daemon=True).start()
        got = b""
        while len(got) < len(data) and (more := client.recv(65536)):
            got += more
    return got == data


def test_the_hosts_own_services_work_while_the_director_forwards(shared):
    """On the same device, in both IP versions; and every packet to a VIP is forwarded."""
    count = 200
    vips = ("192.0.2.10", "2001:db8::10", "198.18.0.77", "2001:db8:1::77")
    with service(shared.host.namespace, OWN), service(shared.host.namespace, OWN6):
        shared.start()
        wire = Wire(shared.peer.name, "far")
        sender = threading.Thread(
            target=shared.send, args=([to_vip(shared.mac, 1024 + n, vips[n % 4]) for n in range(count)],)
        )
        sender.start()
        assert converse(shared.peer, OWN)
        assert converse(shared.peer, OWN6)
        sender.join()
        seen = encapsulated_all(collect(wire, count, is_outer))
        wire.close()
        assert sorted(seen) == sorted((CLIENT if n % 2 == 0 else CLIENT6, 1024 + n) for n in range(count))
        packets = shared.packets()
        assert (packets["director"], packets["lost"]) == (count, 0)
        assert packets["kernel"] > 80  # two times 60 kB, and what ARP and neighbour discovery take
        counters = shared.host.stop()
    assert (counters["rx"], counters["forward"]) == (count, count)
    assert shared.program() is None


def is_outer(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[36:38] == (19523).to_bytes(2, "big")


def encapsulated_all(frames):
    """Client and port of each packet that a director has sent to a proxy."""
    inner = [bytes(Ether(frame)[UDP].payload) for frame in frames]
    inner = [(IP if gue[1] == 4 else IPv6)(gue[4 + 4 * (gue[0] & 31) :]) for gue in inner]
    return [(packet.src, packet[TCP].sport) for packet in inner]


def quoted(packet):
    """As much of a packet as a router quotes."""
    return Raw(bytes(packet)[:68])


FRAGMENT = IP(src=CLIENT, dst="192.0.2.10", id=7, proto=17, frag=100) / Raw(bytes(64))
FRAGMENT6 = IPv6(src=CLIENT6, dst="2001:db8::10") / IPv6ExtHdrFragment(nh=17, offset=100, id=7) / Raw(bytes(64))
REPLY = IP(src="192.0.2.10", dst=CLIENT) / TCP(sport=80, dport=40000)
REPLY6 = IPv6(src="2001:db8:1::7", dst=CLIENT6) / TCP(sport=80, dport=40000)
OWN_REPLY = IP(src=OWN, dst=FAR) / TCP(sport=22, dport=40000)
OWN_REPLY6 = IPv6(src=OWN6, dst=FAR6) / TCP(sport=22, dport=40000)
OUTER = IP(src=OWN, dst="10.0.0.21") / UDP(sport=0x8001, dport=19523) / Raw(bytes(60))
NEITHER = IP(src=OWN, dst="10.0.0.21") / UDP(sport=0x8001, dport=53) / Raw(bytes(60))
FOR_DIRECTOR = {
    "segment": IP(src=CLIENT, dst="192.0.2.10") / TCP(sport=1, dport=2),
    "segment in IPv6": IPv6(src=CLIENT6, dst="2001:db8::10") / TCP(sport=1, dport=2),
    "first address of a prefix": IP(src=CLIENT, dst="198.18.0.0") / UDP(sport=1, dport=2),
    "last address of a prefix": IP(src=CLIENT, dst="198.18.0.255") / UDP(sport=1, dport=2),
    "prefix in IPv6": IPv6(src=CLIENT6, dst="2001:db8:1::ffff:ffff:ffff:ffff") / UDP(sport=1, dport=2),
    "echo request": IP(src=CLIENT, dst="192.0.2.10") / ICMP(),
    "echo request in IPv6": IPv6(src=CLIENT6, dst="2001:db8::10") / ICMPv6EchoRequest(),
    "protocol of no bind": IP(src=CLIENT, dst="192.0.2.10", proto=47) / Raw(bytes(20)),
    "later fragment": FRAGMENT,
    "later fragment in IPv6": FRAGMENT6,
    "options": IP(src=CLIENT, dst="192.0.2.10", options=[b"\x94\x04\0\0"]) / TCP(sport=1, dport=2),
    "extension header": IPv6(src=CLIENT6, dst="2001:db8::10") / IPv6ExtHdrDestOpt() / TCP(sport=1, dport=2),
    "broken length": IP(src=CLIENT, dst="192.0.2.10", len=19) / TCP(sport=1, dport=2),
    "error about a VIP": IP(src=FAR, dst="192.0.2.10") / ICMP(type=3, code=4, nexthopmtu=1400) / quoted(REPLY),
    "error about a prefix in IPv6": IPv6(src=FAR6, dst="2001:db8:1::7") / ICMPv6PacketTooBig() / quoted(REPLY6),
    "error about a VIP to another address": IP(src=FAR, dst=OWN) / ICMP(type=11) / quoted(REPLY),
    "error behind an extension header": IPv6(src=FAR6, dst=OWN6) / IPv6ExtHdrDestOpt(nh=58) / ICMPv6DestUnreach() / quoted(REPLY6),
    "error about what the director sent": IP(src=FAR, dst=OWN) / ICMP(type=3, code=4, nexthopmtu=1400) / quoted(OUTER),
    "error without a quote": IP(src=FAR, dst="192.0.2.10") / ICMP(type=3, code=1),
}
FOR_KERNEL = {
    "segment": IP(src=CLIENT, dst=OWN) / TCP(sport=1, dport=2),
    "segment in IPv6": IPv6(src=CLIENT6, dst=OWN6) / TCP(sport=1, dport=2),
    "address beside a VIP": IP(src=CLIENT, dst="192.0.2.11") / TCP(sport=1, dport=2),
    "address before a prefix": IP(src=CLIENT, dst="198.17.255.255") / TCP(sport=1, dport=2),
    "address behind a prefix": IP(src=CLIENT, dst="198.18.1.0") / TCP(sport=1, dport=2),
    "address beside a prefix in IPv6": IPv6(src=CLIENT6, dst="2001:db8:2::1") / TCP(sport=1, dport=2),
    "VIP as the source": REPLY,
    "error about the host's connection": IP(src=FAR, dst=OWN) / ICMP(type=3, code=1) / quoted(OWN_REPLY),
    "error about the host's connection in IPv6": IPv6(src=FAR6, dst=OWN6) / ICMPv6DestUnreach() / quoted(OWN_REPLY6),
    "error about the host's datagram": IP(src=FAR, dst=OWN) / ICMP(type=3, code=3) / quoted(NEITHER),
    "error without a quote": IP(src=FAR, dst=OWN) / ICMP(type=3, code=1),
    "reply that contains what an error would": IP(src=FAR, dst=OWN) / ICMP(type=0) / quoted(REPLY),
    "later fragment": IP(src=CLIENT, dst=OWN, id=7, proto=1, frag=100) / ICMP(type=3) / quoted(REPLY),
}


class Told:
    """Which frames of a test reach a host's kernel."""

    def __init__(self, shared):
        self.wire = Wire(shared.host.namespace.name, "eth0")

    def frames(self, count):
        """Those sent by a test: so many, and surplus ones."""
        mac = bytes.fromhex(FAR_MAC.replace(":", ""))
        return [frame for frame in collect(self.wire, count, lambda frame: frame[6:12] == mac)]


@pytest.mark.parametrize("tag", [None, 7])
def test_each_packet_reaches_the_one_that_it_is_for(shared, tag):
    """By its address, or by that of the packet that an error quotes; with a VLAN tag, too."""
    shared.start(config={**SHARED, "outer_errors": "relay"})

    def framed(packet):
        link = Ether(src=FAR_MAC, dst=shared.mac)
        return bytes((link / Dot1Q(vlan=tag) if tag else link) / packet).ljust(60, b"\0")

    for name, packet in FOR_DIRECTOR.items():
        before = shared.packets()["director"]
        shared.send([framed(packet)])
        wait_until(lambda: shared.packets()["director"] > before, name)
    told = Told(shared)
    shared.send([framed(packet) for packet in FOR_KERNEL.values()])
    arp = bytes(Ether(src=FAR_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(psrc=FAR, pdst=OWN)).ljust(60, b"\0")
    bpdu = bytes.fromhex("0180c2000000" + FAR_MAC.replace(":", "") + "0026424203") + bytes(40)
    shared.send([arp, bpdu])
    wanted = [framed(packet) for packet in FOR_KERNEL.values()] + [arp, bpdu]
    assert told.frames(len(wanted)) == wanted
    told.wire.close()
    packets = shared.packets()
    assert (packets["director"], packets["lost"]) == (len(FOR_DIRECTOR), 0)
    assert shared.host.stop()["rx"] == len(FOR_DIRECTOR)


def test_errors_about_outer_packets_are_the_directors_while_it_relays_them(shared):
    """Otherwise they are the kernel's, as the address is one of the host."""
    error = Ether(src=FAR_MAC, dst=shared.mac) / FOR_DIRECTOR["error about what the director sent"]
    shared.start()
    told = Told(shared)
    shared.send([error])
    assert told.frames(1) == [bytes(error)]
    told.wire.close()
    shared.reload(tables_of(*VIPS), outer_errors="relay")
    shared.send([error])
    wait_until(lambda: shared.packets()["director"] == 1, "the error")
    assert shared.host.stop()["rx"] == 1


def forwarded(shared, vip, number):
    """Does the director get a packet for this address?"""
    before = shared.packets()
    told = Told(shared)
    shared.send([to_vip(shared.mac, number, vip)])
    wait_until(lambda: sum(shared.packets().values()) > sum(before.values()), "the packet")
    to_kernel = len(told.frames(0))
    told.wire.close()
    to_director = shared.packets()["director"] - before["director"]
    assert to_kernel + to_director == 1
    return to_director == 1


def test_a_reload_adds_and_removes_vips(shared):
    """Addresses and prefixes of both IP versions. A file that is refused changes nothing."""
    first, second = ("192.0.2.10", "2001:db8:1::/64"), ("192.0.2.11", "198.18.0.0/24", "2001:db8::10")
    probes = {"192.0.2.10": 0, "2001:db8:1::9": 0, "192.0.2.11": 1, "198.18.0.9": 1, "2001:db8::10": 1}

    def served():
        return {vip: forwarded(shared, vip, 1024 + n) for n, vip in enumerate(probes)}

    shared.start(tables=tables_of(*first))
    assert served() == {vip: n == 0 for vip, n in probes.items()}
    shared.reload(tables_of(*second))
    assert served() == {vip: n == 1 for vip, n in probes.items()}
    broken = tables_of(*first, "198.18.0.0/33")
    shared.host.reload({**SHARED, "control_socket": str(shared.socket)}, "reload refused", tables=broken)
    assert served() == {vip: n == 1 for vip, n in probes.items()}
    shared.reload(tables_of(*first, *second))
    assert all(served().values())
    shared.host.stop()


def test_no_packet_for_a_vip_is_lost_by_reloads(shared):
    """It stays the director's while others come and go around it."""
    frames = [bytes(to_vip(shared.mac, 1024 + n)) for n in range(10)]
    count = 0
    shared.start()
    wire = Wire(shared.peer.name, "far")
    for n in range(4):
        tables = tables_of("192.0.2.10", *(f"203.0.113.{8 * n + k}" for k in range(8)))
        reload = threading.Thread(target=shared.reload, args=(tables,))
        reload.start()
        while reload.is_alive():
            for frame in frames:
                wire.send(frame)
            count += len(frames)
            time.sleep(0.002)
    wire.close()
    wait_until(lambda: shared.packets()["director"] == count, "all packets")
    counters = shared.host.stop()
    assert (counters["rx"], counters["forward"]) == (count, count)


def test_more_addresses_than_there_is_room_for_are_refused(shared):
    """At a reload, the director serves on; at a start it says why it does not."""
    many = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(1 << 24, (1 << 24) + 65537)]
    reason = "bifurcate: the tables have 65537 addresses and 0 prefixes; there is room for 65536 of each"
    binds = [{"ip": vip, "proto": "tcp", "port": 80} for vip in many]
    tables = [{**TABLES["tables"][0], "binds": binds[at : at + 16384]} for at in range(0, len(many), 16384)]
    tables = {"tables": [{**table, "seed": f"{n:032x}"} for n, table in enumerate(tables)]}
    shared.start()
    shared.host.reload({**SHARED, "control_socket": str(shared.socket)}, "reload refused", tables=tables)
    assert reason in shared.host.log.read_text()
    assert forwarded(shared, "192.0.2.10", 1024)
    shared.host.stop()
    assert shared.host.refusal(VDEV, config=SHARED, tables=tables) == reason
    assert shared.program() is None


def test_a_killed_director_leaves_the_host_reachable_and_the_next_one_takes_over(shared):
    """Its program stays, finds no socket, and drops what no kernel should see."""
    with service(shared.host.namespace, OWN), service(shared.host.namespace, OWN6):
        for _ in range(2):
            shared.start()
            shared.send([to_vip(shared.mac, 1024 + n) for n in range(20)])
            wait_until(lambda: shared.packets()["director"] == 20, "the packets")
            name, number = shared.program()
            assert name == "glb_bifurcate"
            shared.kill()
            assert shared.program() == (name, number)
            told = Told(shared)
            shared.send([to_vip(shared.mac, 1024 + n) for n in range(5)])
            assert converse(shared.peer, OWN) and converse(shared.peer, OWN6)
            assert told.frames(0) == []
            told.wire.close()
        shared.start()
        assert "detached the XDP program that a director has left on eth0" in shared.host.log.read_text()
        assert shared.program()[1] != number
        assert forwarded(shared, "192.0.2.10", 1024)
        assert converse(shared.peer, OWN)
        shared.host.stop()
    assert shared.program() is None


def test_a_program_that_is_taken_away_is_missed(shared):
    """The log says so, once, and the next start has it again."""
    shared.start()
    assert shared.packets()["attached"]
    shared.host.namespace.ip("link", "set", "dev", "eth0", "xdp", "off")
    lost = "port net_af_xdp0: its device no longer has the director's XDP program"
    shared.host.wait_for_log(lost)
    assert not shared.packets()["attached"]
    pause(2.5)
    assert shared.host.log.read_text().count(lost) == 1
    shared.host.stop()
    shared.start()
    assert shared.packets()["attached"] and forwarded(shared, "192.0.2.10", 1024)
    shared.host.stop()


def test_a_program_of_somebody_else_stays(shared):
    """And is named to whoever has to decide about it."""
    source = shared.host.folder / "other.c"
    source.write_text('__attribute__((section("xdp"))) int keep_out(void *c) { return 2; }\nchar l[] __attribute__((section("license"))) = "GPL";\n')
    shared.host.namespace.run("clang", "-O2", "-g", "-target", "bpf", "-c", source, "-o", source.with_suffix(".o"))
    shared.host.namespace.ip("link", "set", "eth0", "xdpdrv", "obj", source.with_suffix(".o"), "sec", "xdp")
    number = shared.host.namespace.ip_json("-details", "link", "show", "eth0")[0]["xdp"]["prog"]["id"]
    assert shared.host.refusal(VDEV, config=SHARED) == (
        f'port net_af_xdp0: eth0 has an XDP program that is not a director\'s, "keep_out" with ID {number}; '
        "if it is not needed: ip link set dev eth0 xdp off"
    )
    assert shared.program() == ("keep_out", number)


@pytest.mark.parametrize("bifurcate", [True, False])
def test_a_second_director_leaves_the_first_ones_program_alone(shared, bifurcate):
    """A program with a director is no stale one. The driver would detach it when the second one gives up."""
    shared.host.start(VDEV, config={**UNSHARED, "bifurcate": bifurcate, "macs": [shared.mac]}, tables=tables_of(*VIPS))
    program = shared.program()
    assert program
    for vdev in (VDEV, "net_af_packet0,iface=eth0"):
        message = shared.host.refusal(vdev, config={**SHARED, "bifurcate": bifurcate and vdev == VDEV})
        assert message.startswith(
            f"port {vdev.partition(',')[0]}: the director with process ID {shared.host.process.pid} serves eth0"
        )
    message = shared.host.refusal(VDEV, config={**SHARED, "bifurcate": bifurcate, "ports": [{"name": "nope"}]})
    assert message.endswith('there is no device "nope"')
    assert shared.program() == program
    shared.send([to_vip(shared.mac, 1024 + n) for n in range(10)])
    pause(0.2)
    assert shared.host.stop()["forward"] == 10


TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE = 0x400454CA, 0x2, 0x1000, 0x100
UNSHARED = {**CONFIG, "bifurcate": True, "macs": ["02:00:00:00:00:0b"]}  # its far end answers no ARP


class Queues:
    """A device that receives on as many queues as it has readers: a tap device."""

    def __init__(self, namespace, count):
        self.ends = []
        with inside(namespace.name):
            for _ in range(count):
                end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", b"tap0", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE))
                self.ends.append(end)
        namespace.ip("link", "set", "tap0", "up")

    def send(self, queue, frames):
        for frame in frames:
            os.write(self.ends[queue], bytes(frame))

    def close(self):
        for end in self.ends:
            os.close(end)


@pytest.fixture
def queues(shared):
    """A device with two receive queues."""
    made = Queues(shared.host.namespace, 2)
    yield made
    made.close()


def test_every_queue_of_a_device_leads_to_the_worker_that_has_it(shared, queues):
    """And to the kernel, for what is not for a VIP."""
    counts = (150, 50)
    shared.socket.unlink(missing_ok=True)
    shared.host.start(
        "net_af_xdp0,iface=tap0,queue_count=2",
        config={**UNSHARED, "control_socket": str(shared.socket)},
        tables=tables_of(*VIPS),
        workers=2,
    )
    assert ready(2, 1, 2) in shared.host.log.read_text()
    wire = Wire(shared.host.namespace.name, "tap0")
    for queue, count in enumerate(counts):
        queues.send(queue, [to_vip("02:00:00:00:00:0b", 1024 + n, VIPS[n % 2]) for n in range(count)])
        queues.send(queue, [to_vip("02:00:00:00:00:0b", 1024 + n, "192.0.2.11") for n in range(10)])
    mac = bytes.fromhex(FAR_MAC.replace(":", ""))
    told = collect(wire, 20, lambda frame: frame[6:12] == mac)
    assert [frame[30:34] for frame in told] == [socket.inet_aton("192.0.2.11")] * 20
    wire.close()
    wait_until(lambda: sum(worker["rx"] for worker in shared.ask("workers")) == sum(counts), "all packets")
    assert [worker["rx"] for worker in shared.ask("workers")] == list(counts)
    packets = shared.packets()
    assert (packets["director"], packets["lost"]) == (sum(counts), 0)
    counters = shared.host.stop()
    assert counters["forward"] == sum(counts)


def test_a_queue_without_a_socket_is_warned_of_and_its_packets_are_counted(shared, queues):
    """The kernel must not have them, and the director cannot."""
    config = {**UNSHARED, "control_socket": str(shared.socket)}
    shared.host.start("net_af_xdp0,iface=tap0,queue_count=1", config=config, tables=tables_of(*VIPS))
    assert shared.host.warnings() == [
        "port net_af_xdp0: tap0 receives on 2 queues, and the port has 1: packets to VIPs that arrive on others are "
        "dropped: ethtool -L tap0 combined 1, or queue_count=2 in the --vdev, with as many workers"
    ]
    for queue, count in enumerate((30, 20)):
        queues.send(queue, [to_vip("02:00:00:00:00:0b", 1024 + n) for n in range(count)])
    wait_until(lambda: shared.packets()["director"] == 30, "the packets")
    assert shared.packets()["lost"] == 20
    shared.host.stop()


def test_a_device_that_is_made_again_is_shared_again(shared):
    """With the VIPs of now, and counts that go on."""
    queues = Queues(shared.host.namespace, 1)
    config = {**UNSHARED, "control_socket": str(shared.socket)}
    shared.host.start("net_af_xdp0,iface=tap0", config=config, tables=tables_of(*VIPS))
    frames = [to_vip("02:00:00:00:00:0b", 1024 + n) for n in range(10)]
    queues.send(0, frames)
    wait_until(lambda: shared.packets()["director"] == 10, "the packets")
    queues.close()
    shared.host.wait_for_log("tap0 is gone")
    queues = Queues(shared.host.namespace, 1)
    shared.host.wait_for_log("tap0 is served again")
    queues.send(0, frames)
    wait_until(lambda: shared.packets()["director"] == 20, "the packets")
    assert shared.packets()["lost"] == 0
    shared.host.stop()
    queues.close()


def test_a_port_that_cannot_be_shared_is_refused(shared):
    """With the reason, and without traces."""
    listed = {**SHARED, "bifurcate": False, "ports": [{"name": "net_af_packet0", "bifurcate": True}]}
    for vdev, config, reason in (
        ("net_af_packet0,iface=eth0", SHARED, 'port net_af_packet0: "bifurcate" takes a device of the kernel under net_af_xdp, and it is one of net_af_packet'),
        ("net_af_packet0,iface=eth0", listed, 'port net_af_packet0: "bifurcate" takes a device of the kernel under net_af_xdp, and it is one of net_af_packet'),
        ("net_null0", SHARED, 'port net_null0: "bifurcate" takes a device of the kernel under net_af_xdp, and it is one of net_null'),
        (VDEV + ",xdp_prog=/x.o", SHARED, f'--vdev {VDEV},xdp_prog=/x.o: its xdp_prog would take the place of the program that "bifurcate" means: leave one of them out'),
        (VDEV, {**SHARED, "control_socket": "/nope/control.sock"}, "/nope"),
    ):
        assert reason in shared.host.refusal(vdev, config=config), vdev
        assert shared.program() is None


def test_an_address_of_the_host_in_a_bind_is_warned_of(shared):
    """The host's services there are cut off."""
    shared.start(tables=tables_of("10.0.0.0/28"))
    assert [line for line in shared.host.warnings() if "bifurcated" in line] == [
        f"{OWN}, an address of this host on eth0, is in a bind: packets to it reach the director on bifurcated ports, "
        "and no service of the host, whatever their port"
    ]
    shared.host.stop()


def test_only_a_restart_changes_what_is_shared(shared):
    """The program is attached when the port starts."""
    shared.start()
    shared.reload(tables_of(*VIPS), bifurcate=False)
    shared.host.wait_for_log('$.bifurcate: "true" in force, "false" in the file; only a restart changes it')
    assert forwarded(shared, "192.0.2.10", 1024)
    shared.host.stop()


def test_packets_that_find_no_room_are_counted(shared):
    """The director does nothing for a while, and its ring is full: each packet is forwarded or missed."""
    count = 2500
    shared.start()
    shared.host.process.send_signal(signal.SIGSTOP)
    shared.send([bytes(to_vip(shared.mac, 1024))] * count)
    shared.host.process.send_signal(signal.SIGCONT)
    wait_until(lambda: shared.ask("workers")[0]["rx"] + shared.port()["port_rx_missed"] >= count, "the packets", 5)
    assert shared.packets()["director"] == count
    counters = shared.host.stop()
    assert counters["rx"] + counters["port_rx_missed"] == count
    assert counters["port_rx_missed"] > 0
