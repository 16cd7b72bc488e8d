# SPDX-License-Identifier: BSD-3-Clause
"""What the director asks of its ports, and what they may ask of it."""

import random
import socket
import struct

import pytest
from device import CONFIG, DIRECTOR_MAC, PORT, TABLES, VIP, collect, encapsulated
from far_end import Wire, inside
from netns import pause
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import checksum

import capture

FILES = "net_pcap0,rx_pcap={}/in.pcap,tx_pcap={}/out.pcap"
LONGEST = 65535 - 128  # the most an mbuf has room for behind its headroom
MERGED_BEYOND = 14 + 8 + 1500
TABLES6 = {
    "tables": [
        {
            **TABLES["tables"][0],
            "backends": [{"ip": f"fd00::{n}", "state": "active", "healthy": True} for n in (1, 2, 3)],
        }
    ]
}


def frame_of(size, tag=None, ip_len=None):
    """A client's segment in a frame of so many bytes; what is behind ip_len is padding."""
    link = Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
    if tag:
        link /= Dot1Q(vlan=tag)
    ip_len = ip_len or size - len(link)
    noise = random.Random(size).randbytes(ip_len - 40)
    packet = link / IP(src="198.51.100.7", dst=VIP) / TCP(sport=40000, dport=PORT, flags="A") / Raw(noise)
    return bytes(packet).ljust(size, b"\0")


def through_files(host, frames, **options):
    """What the director makes of these frames, and its counters."""
    capture.write(host.folder / "in.pcap", frames)
    host.start(FILES.format(host.folder, host.folder), **options)
    pause(0.5)
    counters = host.stop()
    assert counters["rx"] == len(frames)
    return capture.read(host.folder / "out.pcap"), counters


@pytest.mark.parametrize("workers", [1, 2])
def test_a_frame_passes_whole_and_in_order_whatever_its_size(host, workers):
    """Files deliver frames in pieces as small as an mbuf."""
    sizes = [60, 1514, 1522, 1523, 2047, 2048, 2049, 9000, 60, 60000, 60, LONGEST, 60] * 20
    frames = [frame_of(size) for size in sizes]
    sent, counters = through_files(host, frames, workers=workers)
    assert [bytes(packet) for packet in encapsulated(sent)] == [frame[14:] for frame in frames]
    assert counters["forward"] == counters["tx"] == len(frames)
    assert counters["merged"] == sum(size > MERGED_BEYOND for size in sizes)


def test_a_frame_beyond_the_largest_mbuf_is_judged_as_one_that_was_cut(host):
    """A packet that is not complete is dropped; lost padding does not matter."""
    packet, padding = frame_of(LONGEST + 1), frame_of(LONGEST + 1, ip_len=100)
    sent, counters = through_files(host, [packet, padding, frame_of(60)])
    assert [one.len for one in encapsulated(sent)] == [100, 46]
    assert (counters["drop_truncated"], counters["forward"]) == (1, 2)


def test_frames_that_the_kernel_merged_are_counted(host):
    """A batch of segments as TSO leaves it: larger than the MTU of the device it comes from."""
    host.namespace.run("ethtool", "-K", "far", "tx", "on", "tso", "on")
    host.namespace.ip("link", "set", "eth0", "mtu", "1000")
    host.start("net_af_packet0,iface=eth0")
    send_segments(host, frame_of(1400), 500)
    send_segments(host, frame_of(900), 500)
    pause(0.5)
    counters = host.stop()
    assert (counters["forward"], counters["merged"]) == (2, 1)


def send_segments(host, frame, size):
    """Hand a frame to the device as TCP segments of this size that are not cut apart yet."""
    needs_checksum, tcp4, at = 1, 1, 14 + 20
    with inside(host.namespace.name):
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with wire:
        wire.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
        wire.bind(("far", 0))
        wire.send(struct.pack("=BBHHHH", needs_checksum, tcp4, at + 20, size, at, 16) + frame)


def test_the_mtu_of_a_port_is_that_of_its_kernel_device(host):
    """net_af_packet itself would always say 1500."""
    host.namespace.ip("link", "set", "eth0", "mtu", "1300")
    host.start("net_af_packet0,iface=eth0", config={**CONFIG, "too_big": "drop"})
    wire = Wire(host.namespace.name, "far")
    for ip_len in (1260, 1261):
        wire.send(frame_of(14 + ip_len))
    pause(0.5)
    wire.close()
    counters = host.stop()
    outer_len = 20 + 8 + 8 + 4
    assert 1260 + outer_len == 1300
    assert (counters["forward"], counters["drop_mtu"]) == (1, 1)


def test_a_jumbo_frame_passes_a_device_with_slots_for_it(host):
    """Packet buffers have room for the frames of the largest MTU."""
    for device in ("eth0", "far"):
        host.namespace.ip("link", "set", device, "mtu", "9000")
    host.start("net_af_packet0,iface=eth0,blocksz=36864,framesz=9216,framecnt=512")
    wire = Wire(host.namespace.name, "far")
    wire.send(frame_of(8900))
    sent = collect(wire, 1, lambda frame: frame[23] == 17)
    wire.close()
    assert [bytes(packet) for packet in encapsulated(sent)] == [frame_of(8900)[14:]]
    assert host.stop()["merged"] == 0


def checksum_is_right(frame):
    """Is the outer UDP checksum the right one, and there at all?"""
    outer = Ether(frame)
    ip = outer[IP] if outer.haslayer(IP) else outer[IPv6]
    udp = bytes(ip.payload)
    kind = IP if ip.version == 4 else IPv6
    addresses = b"".join(socket.inet_pton(socket.AF_INET if kind is IP else socket.AF_INET6, a) for a in (ip.src, ip.dst))
    return udp[6:8] != b"\0\0" and checksum(addresses + struct.pack(">IHH", len(udp), 0, 17) + udp) == 0


@pytest.mark.parametrize("tables", [TABLES, TABLES6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("mode", ["offload", "full"])
def test_a_port_that_can_fills_in_the_outer_checksum(host, mode, tables):
    """A tap device does it in software; VLAN tags move the header."""
    config = {**CONFIG, "udp_checksum": mode, "outbound_src_ip6": "fd00::11"}
    host.start("net_tap0,iface=tap0", config=config, tables=tables)
    host.namespace.ip("link", "set", "tap0", "up")
    wire = Wire(host.namespace.name, "tap0")
    for size, tag in ((60, None), (61, None), (1401, None), (1400, 7), (75, 7)):
        wire.send(frame_of(size, tag))
    gateway = bytes.fromhex(CONFIG["outbound_gateway_mac"].replace(":", ""))
    sent = collect(wire, 5, lambda frame: frame[:6] == gateway)
    wire.close()
    assert host.stop()["forward"] == len(sent) == 5
    assert sum(Ether(frame).haslayer(Dot1Q) for frame in sent) == 2
    assert all(checksum_is_right(frame) for frame in sent)


def test_a_port_that_cannot_fill_in_checksums_refuses_the_start(host):
    """By its name."""
    message = host.refusal("net_af_packet0,iface=eth0", config={**CONFIG, "udp_checksum": "offload"})
    assert message == "port net_af_packet0: cannot fill in UDP checksums ($.udp_checksum): Operation not supported"


def test_offload_takes_a_restart_in_one_direction(host):
    """Devices are told at their start; the director can do without at any time."""
    offload = {**CONFIG, "udp_checksum": "offload"}
    host.start("net_tap0,iface=tap0")
    host.reload(offload, wanted="reload refused; generation 1 keeps serving")
    reason = '$.udp_checksum: the ports were started without "offload"; only a restart changes that'
    assert f"error: {host.folder}/director.json: {reason}\n" in host.log.read_text()
    host.stop()
    host.start("net_tap0,iface=tap0", config=offload)
    host.reload(CONFIG)
    host.reload(offload)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("net_af_packet7", 'there is no device "net_af_packet7"'),
        ("net_null1", '"net_null1" is the punt_port'),
    ],
)
def test_a_port_that_is_not_served_is_refused_where_it_is_named(host, name, reason):
    """At start, and by a reload."""
    ports = [{"name": "net_null0"}, {"name": name}]
    config = {**CONFIG, "punt_port": "net_null1"}
    vdevs = ("net_null0,no-rx=1", "net_null1,no-rx=1")
    message = f"{host.folder}/director.json: $.ports[1].name: {reason}"
    assert host.refusal(*vdevs, config={**config, "ports": ports}) == message
    host.start(*vdevs, config=config)
    host.reload({**config, "ports": ports}, wanted="reload refused; generation 1 keeps serving")
    assert f"error: {message}\n" in host.log.read_text()
