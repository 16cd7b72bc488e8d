# SPDX-License-Identifier: BSD-3-Clause
"""The cast of the packet cases: hosts, a configuration, and frames between them."""

from typing import Optional

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6Unknown,
    IPv6,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

CLIENT, CLIENT6 = "198.51.100.77", "2001:db8:99::77"
ROUTER, ROUTER6 = "198.51.100.1", "2001:db8:99::1"
VIP, VIP6 = "192.0.2.10", "2001:db8:10::10"
BOTH = pytest.mark.parametrize("vip", [VIP, VIP6])
NOT_A_VIP, NOT_A_VIP6 = "192.0.2.11", "2001:db8:10::11"
DIRECTOR_MAC, ROUTER_MAC = "02:70:63:61:70:00", "02:00:00:00:00:0a"  # net_pcap chose the first
GATEWAY_MAC = "02:00:00:00:00:fe"

CONFIG = {"outbound_gateway_mac": GATEWAY_MAC, "outbound_src_ip": "198.18.0.1"}


def bind(ip: str, proto: str, first: int, last: Optional[int] = None) -> dict:
    last = first if last is None else last
    return {"ip": ip, "proto": proto, "port_start": first, "port_end": last}


def backend(ip: str, state: str = "active", healthy: bool = True) -> dict:
    return {"ip": ip, "state": state, "healthy": healthy}


def backends(network: int, count: int) -> list:
    """10.0.NETWORK.1 and following."""
    return [backend(f"10.0.{network}.{n}") for n in range(1, count + 1)]


def table(binds: list, serving: list, seed: str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0") -> dict:
    return {
        "hash_key": "8899aabbccddeeff0011223344556677",
        "seed": seed,
        "binds": binds,
        "backends": serving,
    }


TABLES = {
    "tables": [
        table(
            [
                bind(VIP, "tcp", 80),
                bind(VIP, "tcp", 443),
                bind(VIP, "udp", 443),
                bind(VIP6, "tcp", 443),
                bind(VIP6, "udp", 443),
            ],
            backends(0, 5),
        ),
        table(
            [
                bind("203.0.113.64/26", "tcp", 22),
                bind("203.0.113.9", "tcp", 9000, 9100),
                bind("2001:db8:20::4240/122", "tcp", 22),
                bind("2001:db8:20::9", "udp", 1, 1024),
            ],
            backends(1, 3),
            seed="ffeeddccbbaa99887766554433221100",
        ),
    ]
}


def ether(packet: Packet, tags: Packet = None) -> Packet:
    """The frame in which the router hands a packet to the director."""
    link = Ether(dst=DIRECTOR_MAC, src=ROUTER_MAC)
    return link / tags / packet if tags else link / packet


def ip(src: str, dst: str, **more) -> Packet:
    """An IP header of the family of its addresses."""
    return IPv6(src=src, dst=dst, **more) if ":" in dst else IP(src=src, dst=dst, **more)


def client_of(vip: str) -> str:
    return CLIENT6 if ":" in vip else CLIENT


def tcp(vip: str = VIP, sport: int = 40000, dport: int = 443, data=b"", **more) -> Packet:
    """A client's TCP segment; keywords go to the IP header."""
    return ip(client_of(vip), vip, **more) / TCP(sport=sport, dport=dport, flags="A") / Raw(data)


def udp(vip: str = VIP, sport: int = 40000, dport: int = 443, data=b"query", **more) -> Packet:
    """A client's UDP datagram; keywords go to the IP header."""
    return ip(client_of(vip), vip, **more) / UDP(sport=sport, dport=dport) / Raw(data)


def echo(vip: str = VIP, data=b"ping", **more) -> Packet:
    """A client's echo request; keywords go to the IP header."""
    ask = ICMPv6EchoRequest(id=7, seq=1, data=data) if ":" in vip else ICMP(id=7, seq=1) / Raw(data)
    return ip(client_of(vip), vip, **more) / ask


def sized(build, length: int, vip: str = VIP, **more) -> Packet:
    """tcp() or udp() in an IP packet of exactly so many bytes."""
    head = len(bytes(build(vip, data=b"", **more)))
    return build(vip, data=bytes(n % 251 for n in range(length - head)), **more)


def reply_to(packet: Packet, size: int = 1400, **more) -> Packet:
    """What the VIP answers to a client's segment or datagram: ends swapped, bigger."""
    kind = TCP if TCP in packet else UDP
    ports = {"sport": packet[kind].dport, "dport": packet[kind].sport}
    return ip(packet.dst, packet.src, **more) / kind(**ports) / Raw(bytes(size))


def echo_reply_to(packet: Packet, **more) -> Packet:
    """What the VIP answers to a client's echo request."""
    six = ":" in packet.src
    body = ICMPv6EchoReply(id=7, seq=1, data=b"ping") if six else ICMP(
        type=0, id=7, seq=1
    ) / b"ping"
    return ip(packet.dst, packet.src, **more) / body


def error(
    quoted: Packet, kind: int, code: int = 0, quoted_length: int = 1000, to: str = ""
) -> Packet:
    """A router's ICMP or ICMPv6 error of any kind about a packet of the VIP."""
    six = ":" in quoted.src
    head = ICMPv6Unknown(type=kind, code=code, msgbody=bytes(4)) if six else ICMP(
        type=kind, code=code
    )
    outer = ip(ROUTER6 if six else ROUTER, to or quoted.src)
    return outer / head / Raw(bytes(quoted)[:quoted_length])


def too_big(quoted: Packet, quoted_length: int = 0, router: str = "", to: str = "") -> Packet:
    """A router's complaint that a packet did not fit: "fragmentation needed", "packet too big".

    quoted_length  how much of the packet it repeats: 0 means header and 8 bytes in IPv4, and as
                   much as fits 1280 bytes in IPv6
    """
    six = ":" in quoted.src
    repeated = bytes(quoted)
    if not quoted_length:
        quoted_length = 1232 if six else 4 * (repeated[0] & 15) + 8
    complaint = ICMPv6PacketTooBig(mtu=1280) if six else ICMP(type=3, code=4, nexthopmtu=1280)
    outer = ip(router or (ROUTER6 if six else ROUTER), to or quoted.src)
    return outer / complaint / Raw(repeated[:quoted_length])
