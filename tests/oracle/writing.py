# SPDX-License-Identifier: BSD-3-Clause
"""Headers and checksums of the frames that leave."""

from __future__ import annotations

import struct
from typing import Sequence

from reading import ICMP, ICMPV6, IPV4, IPV6, TCP, UDP, Packet, be16

GUE_PORT = 19523
IP_IN_GUE = {IPV4: 4, IPV6: 41}
TTL = 64
IPV6_HOPS = 1  # GUE private type: the hops listed are IPv6 addresses


def total(data: bytes) -> int:
    """The ones' complement sum of the 16-bit words."""
    data += bytes(len(data) % 2)
    value = sum(struct.unpack(f">{len(data) // 2}H", data))
    while value > 0xFFFF:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def checksum(data: bytes) -> int:
    """The Internet checksum."""
    return total(data) ^ 0xFFFF


def pseudo_header(source: bytes, destination: bytes, protocol: int, length: int) -> bytes:
    """Of TCP, UDP and ICMPv6; written short in both families, since zeros do not change a sum."""
    return source + destination + struct.pack(">HI", protocol, length)


def ip_header(
    ends: tuple[bytes, bytes], protocol: int, payload_length: int, tos: int, label: int = 0
) -> bytes:
    """An IP header of the family of its source and destination; the flow label is IPv6's."""
    if len(ends[0]) == 16:
        first = 6 << 28 | tos << 20 | label
        return struct.pack(">IHBB", first, payload_length, protocol, TTL) + ends[0] + ends[1]

    def header(check: int) -> bytes:
        length, dont_fragment = 20 + payload_length, 0x4000
        return struct.pack(
            ">BBHHHBBH4s4s", 0x45, tos, length, 0, dont_fragment, TTL, protocol, check, *ends
        )

    return header(checksum(header(0)))


def is_gue(data: bytes, underlay: int) -> bool:
    """Does it begin with a header that gue_header() could have written?"""
    if len(data) < 8:
        return False
    words, inner, flags, kind, _, count = struct.unpack_from(">BBHHBB", data)
    length = 8 + count * underlay
    wanted = (length // 4 - 1, 0, IPV6_HOPS if underlay == 16 else 0)
    return (words, flags, kind) == wanted and inner in IP_IN_GUE.values() and length <= len(data)


def gue_header(ethertype: int, listed: Sequence[bytes], underlay: int) -> bytes:
    """The GUE header with the hops behind the primary, addresses of the underlay's length."""
    words_of_private_data = 1 + len(listed) * underlay // 4
    private_type = IPV6_HOPS if underlay == 16 else 0
    next_hop = 0
    return struct.pack(
        ">BBHHBB",
        words_of_private_data,
        IP_IN_GUE[ethertype],
        0,
        private_type,
        next_hop,
        len(listed),
    ) + b"".join(listed)


def outer_length(hop_count: int, underlay: int) -> int:
    """Bytes in front of the client's packet with so many hops, the primary included."""
    return {4: 20, 16: 40}[underlay] + 8 + 8 + underlay * (hop_count - 1)


def _is_self_checked(packet: Packet) -> bool:
    """Does its transport checksum cover all of the payload?"""
    protocol, payload = packet.header.protocol, packet.header.payload
    if not packet.whole or packet.header.routed:
        return False
    if protocol == UDP:
        return be16(payload, 6) != 0 and be16(payload, 4) == len(payload)
    return protocol in (TCP, ICMP, ICMPV6)


def trusting_sum(packet: Packet) -> int:
    """The sum over the client's packet, from headers alone if its own checksum can be trusted.

    A payload with a checksum that is right sums to the complement of its pseudo header's sum.
    """
    if not _is_self_checked(packet):
        return total(packet.inner)
    header = packet.header
    pseudo = pseudo_header(
        header.source, header.destination, header.protocol, len(header.payload)
    )
    of_payload = 0xFFFF if header.protocol == ICMP else checksum(pseudo)
    return total(packet.inner[: packet.head_length] + struct.pack(">H", of_payload))


def udp_header(
    ends: tuple[bytes, bytes], source_port: int, gue: bytes, packet: Packet, how: str
) -> bytes:
    """The outer UDP header, its checksum made as `how` says (udp_checksum)."""
    length = 8 + len(gue) + packet.header.length
    ports = struct.pack(">HHH", source_port, GUE_PORT, length)
    if how == "zero":
        return ports + bytes(2)
    inner = trusting_sum(packet) if how == "inner" else total(packet.inner)
    summed = pseudo_header(*ends, UDP, length) + ports + gue + struct.pack(">H", inner)
    return ports + struct.pack(">H", checksum(summed) or 0xFFFF)
