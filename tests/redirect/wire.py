# SPDX-License-Identifier: BSD-3-Clause
"""GUE as a director writes it, from the format's description, and the cast of the packet cases."""

import ipaddress
import struct

GUE_PORT = 19523
SOURCE_PORT = 0x9ABC
IPV4, IPV6 = 4, 41


def address(text):
    """The bytes of an address."""
    return ipaddress.ip_address(text).packed


def gue(inner, hops, next_hop=0, proto=None, underlay=4):
    """A GUE header with a hop list for an underlay of IPv4 or IPv6, and the packet behind it."""
    if proto is None:
        proto = IPV4 if inner[0] >> 4 == 4 else IPV6
    hop_words, private_type = (1, 0) if underlay == 4 else (4, 1)
    words = (1 + len(hops) * hop_words) % 32
    header = struct.pack("!BBHHBB", words, proto, 0, private_type, next_hop, len(hops))
    return header + b"".join(map(address, hops)) + inner


def checksum(data):
    """The Internet checksum of some bytes, RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def outer(payload, src, dst, with_checksum=True, sport=SOURCE_PORT, dport=GUE_PORT, tos=0):
    """An IPv4 or IPv6 packet with a UDP datagram, as a director sends it."""
    src, dst = address(src), address(dst)
    length = 8 + len(payload)
    check = 0
    if with_checksum:
        pseudo = src + dst + struct.pack("!IHBB", length, 0, 0, 17)
        check = checksum(pseudo + struct.pack("!HHHH", sport, dport, length, 0) + payload) or 0xFFFF
    udp = struct.pack("!HHHH", sport, dport, length, check) + payload
    if len(dst) == 16:
        return struct.pack("!IHBB", 6 << 28 | tos << 20 | 0xBEEF, length, 17, 64) + src + dst + udp
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + length, 0, 0x4000, 64, 17, 0, src, dst)
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + udp


def ether(packet, src, dst):
    """An Ethernet frame with an IP packet."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    return dst + src + struct.pack("!H", kind) + packet
