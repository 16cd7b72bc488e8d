# SPDX-License-Identifier: BSD-3-Clause
"""What the director says itself: echo replies and "does not fit", at a limited rate."""

from __future__ import annotations

import ipaddress
import struct

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
IPV4_MINIMUM_MTU, IPV6_MINIMUM_MTU = 68, 1280
MOST_AT_ONCE = 100

NO_SINGLE_HOST = [
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/128", "::1/128", "ff00::/8", "::ffff:0:0/96")
]


def is_single_host(address: bytes) -> bool:
    parsed = ipaddress.ip_address(address)
    return not any(parsed in network for network in NO_SINGLE_HOST)


def may_be_answered(packet: Packet) -> bool:
    """Both ends are one host each, and not the same, for all that the frame shows."""
    ends = packet.header.source, packet.header.destination
    return not packet.macs[6] & 1 and ends[0] != ends[1] and all(map(is_single_host, ends))


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
    mtu = max(IPV4_MINIMUM_MTU if four else IPV6_MINIMUM_MTU, largest)
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


class Bucket:
    """Tokens that come back with time."""

    def __init__(self, rate: int, most: int):
        self.rate, self.most = rate, most
        self.saved, self.at = float(most), 0.0

    def at_time(self, now: float) -> "Bucket":
        """The same, with what has come back; time never goes back."""
        passed = max(0.0, now - self.at)
        self.saved, self.at = min(self.most, self.saved + passed * self.rate), self.at + passed
        return self


SHARES = {"table": 2, "vip": 8, "client": 32}  # of a limit: one part in so many
NETWORK = {4: 24, 16: 48}  # prefix length of a client's network, by the length of its address


def _network_of(address: bytes) -> object:
    network = ipaddress.ip_address(address), NETWORK[len(address)]
    return ipaddress.ip_network(network, strict=False)


class Allowance:
    """How many answers of a kind a worker may still give: `rate` a second, some of them at once.

    Half as many again at once are for those who are within the shares of their table, their VIP
    and their client's network. Here everybody has buckets of their own; a director has 256, so it
    may take two for one.
    """

    def __init__(self, rate: int):
        self.rate = rate
        self.burst = min(rate, MOST_AT_ONCE)
        self.kept = (self.burst + 1) // 2
        self.all = Bucket(rate, self.burst + self.kept)
        self.shares = {}

    def _share(self, kind: str, whose: object) -> Bucket:
        part = SHARES[kind]
        new = Bucket(max(1, self.rate // part), max(1, self.burst // part))
        return self.shares.setdefault((kind, whose), new)

    def take(self, now: float, table: int, vip: bytes, client: bytes) -> bool:
        whose = {"table": table, "vip": vip, "client": _network_of(client)}
        shares = [self._share(*share).at_time(now) for share in whose.items()]
        within = all(share.saved >= 1 for share in shares)
        if self.all.at_time(now).saved < 1 + (0 if within else self.kept):
            return False
        for bucket in [self.all, *(shares if within else [])]:
            bucket.saved -= 1
        return True
