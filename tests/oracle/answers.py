# SPDX-License-Identifier: BSD-3-Clause
"""What the director says itself: echo replies and "does not fit", at a limited rate."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from reading import (
    DOES_NOT_FIT,
    ECHO_REPLY,
    ECHO_REQUEST,
    ICMP,
    ICMPV6,
    IPV4,
    IPV6,
    Packet,
    be16,
)
from writing import TTL, checksum, ip_header, pseudo_header, total

INTERNETWORK_CONTROL = 0xC0  # TOS of an IPv4 router's errors: RFC 1812, 4.3.2.5
MOST_QUOTED = {IPV4: 576 - 20 - 8, IPV6: 1280 - 40 - 8}
IPV6_MINIMUM_MTU = 1280
MOST_AT_ONCE = 100

NO_SINGLE_HOST = [
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/128", "::1/128", "ff00::/8", "::ffff:0:0/96")
]


def is_single_host(address: bytes) -> bool:
    parsed = ipaddress.ip_address(address)
    return not any(parsed in network for network in NO_SINGLE_HOST)


def may_be_answered(packet: Packet) -> bool:
    """Both ends are one host each, for all that the frame shows."""
    group_bits = packet.macs[0] & 1, packet.macs[6] & 1
    ends = packet.header.source, packet.header.destination
    return not any(group_bits) and all(map(is_single_host, ends))


def _icmp(ends: tuple[bytes, bytes], kind: tuple[int, int], rest: bytes) -> bytes:
    """An ICMP or ICMPv6 message with its checksum."""
    six = len(ends[0]) == 16
    pseudo = pseudo_header(*ends, ICMPV6, 4 + len(rest)) if six else b""
    check = checksum(pseudo + bytes(kind) + bytes(2) + rest)
    return bytes(kind) + struct.pack(">H", check) + rest


def _frame_back(packet: Packet, own_mac: bytes, ip: bytes) -> bytes:
    """To where the packet came from, with the tags it had, and nothing behind the IP packet."""
    return packet.macs[6:] + own_mac + packet.tags + struct.pack(">H", packet.ethertype) + ip


def _backwards(packet: Packet) -> tuple[bytes, bytes]:
    return packet.header.destination, packet.header.source


def does_not_fit(packet: Packet, own_mac: bytes, largest: int) -> bytes:
    """Tells the client how large its packets may be."""
    four = packet.ethertype == IPV4
    ends = _backwards(packet)
    mtu = largest if four else max(IPV6_MINIMUM_MTU, largest)
    quote = packet.inner[: MOST_QUOTED[packet.ethertype]]
    message = _icmp(ends, DOES_NOT_FIT[packet.ethertype], struct.pack(">I", mtu) + quote)
    header = (
        ip_header(ends, ICMP, len(message), INTERNETWORK_CONTROL)
        if four
        else ip_header(ends, ICMPV6, len(message), 0)
    )
    return _frame_back(packet, own_mac, header + message)


def echo_reply(packet: Packet, own_mac: bytes) -> bytes:
    """The request itself, turned round. Only for packets without options and extension headers.

    By RFC 1624 a checksum that was right is right, and one that was wrong is wrong by as much. It
    is never 0: all ones mean the same, and are the only right one where all of a reply is 0.
    """
    ends, request = _backwards(packet), packet.header.payload
    message = _icmp(ends, ECHO_REPLY[packet.ethertype], request[4:])
    right = _icmp(ends, ECHO_REQUEST[packet.ethertype], request[4:])
    if right[2:4] != request[2:4]:
        of_request, was, of_reply = (be16(m, 2) for m in (right, request, message))
        check = total(struct.pack(">HHH", was, of_request ^ 0xFFFF, of_reply))
        message = message[:2] + struct.pack(">H", check) + message[4:]
    message = message[:2] + struct.pack(">H", be16(message, 2) or 0xFFFF) + message[4:]
    head = packet.inner[: packet.head_length]
    if packet.ethertype == IPV4:
        head = head[:8] + bytes([TTL, ICMP, 0, 0]) + ends[0] + ends[1]
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    else:
        head = head[:7] + bytes([TTL]) + ends[0] + ends[1]
    return _frame_back(packet, own_mac, head + message)


@dataclass
class Allowance:
    """How many answers a worker may still give: `rate` a second, some of them at once."""

    rate: int
    saved: float = 0.0
    at: float = 0.0  # seconds

    def __post_init__(self):
        self.saved = self.most = min(self.rate, MOST_AT_ONCE)

    def take(self, now: float) -> bool:
        self.saved = min(self.most, self.saved + (now - self.at) * self.rate)
        self.at = now
        if self.saved < 1:
            return False
        self.saved -= 1
        return True
