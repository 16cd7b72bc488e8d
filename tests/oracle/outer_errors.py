# SPDX-License-Identifier: BSD-3-Clause
"""ICMP errors about encapsulated packets: which are relayed to clients, and which are not.

An error is relayed when the client's packet that it quotes, encapsulated once more, gets the outer
headers that it quotes.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Optional

from answers import IPV4_MINIMUM_MTU, IPV6_MINIMUM_MTU, does_not_fit, may_be_answered
from model import Table
from reading import DOES_NOT_FIT, HEADER_LENGTHS, ICMPV6, IPV4, IPV6, UDP, Packet, Verdict, be16
from reading import read_frame
from writing import GUE_PORT, IP_IN_GUE, checksum, pseudo_header

ICMP_HEADER = 8
# RFC 1191, 7.1: sizes that networks have, for routers that do not report theirs
PLATEAUS = (65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68)
IP_LENGTH = {IPV4: 20, IPV6: 40}


def about_own_packet(frame: bytes, director) -> Optional[Packet]:
    """The frame, if it is an error to this director about a packet to a GUE port of its own."""
    try:
        error = read_frame(frame, every_kind=True)
    except Verdict:
        return None
    own = director.source_ip if error.ethertype == IPV4 else director.source_ip6
    quoted = error.flow.destination, error.flow.source_port, error.protocol
    is_own = error.kind == "error" and quoted == (own, GUE_PORT, UDP)
    return error if is_own and error.header.destination == own else None


def _quote(error: Packet) -> bytes:
    """The quoted packet, without extensions behind it (RFC 4884)."""
    message = error.header.payload
    announced = 4 * message[5] if error.ethertype == IPV4 else 0
    return message[ICMP_HEADER:][: announced or None]


def _is_intact(error: Packet) -> bool:
    message, header = error.header.payload, error.header
    pseudo = b""
    if error.ethertype == IPV6:
        pseudo = pseudo_header(header.source, header.destination, ICMPV6, len(message))
    return error.whole and checksum(pseudo + message) == 0


def _clients_packet(error: Packet, quote: bytes, director) -> Packet:
    """The client's packet in the quote, with zeros for what is cut off."""
    gue_at = IP_LENGTH[error.ethertype] + 8
    inner_at = gue_at + 4 + 4 * (quote[gue_at] & 31)
    ethertype = {number: kind for kind, number in IP_IN_GUE.items()}[quote[gue_at + 1]]
    inner = quote[inner_at:]
    length = be16(inner, 2) if ethertype == IPV4 else 40 + be16(inner, 4)
    padded = inner + bytes(max(0, length - len(inner)))
    link = error.macs + error.tags + struct.pack(">H", ethertype)
    packet = read_frame(link + padded)
    if len(inner) < packet.head_length + HEADER_LENGTHS.get(packet.header.protocol, ICMP_HEADER):
        raise Verdict("not all headers are there")
    if packet.kind != "flow" and (packet.kind, director.echo) != ("echo", "forward"):
        raise Verdict("nothing that is sent to a proxy and may be answered")
    if not may_be_answered(packet):
        raise Verdict("nobody to be told")
    return replace(packet, ip=inner)


def _unchanging(ethertype: int, outer: bytes) -> tuple:
    """What of outer headers neither routers nor NICs write: lengths, ends, ports, GUE."""
    if ethertype == IPV4:
        whole = be16(outer, 6) & 0x3FFF == 0
        return outer[0], whole, outer[2:4], outer[9], outer[12:20], outer[20:26], outer[28:]
    return outer[0] >> 4, outer[4:7], outer[8:40], outer[40:46], outer[48:]


def _mtu_told(error: Packet, outer_length: int) -> int:
    message = error.header.payload
    if error.ethertype == IPV6:
        return int.from_bytes(message[4:8], "big")
    return be16(message, 6) or max([p for p in PLATEAUS if p < outer_length], default=68)


def _relay(error: Packet, director) -> tuple[Packet, Table, bytes]:
    """The client's packet, its table and the frame; a Verdict or another error if there is none."""
    quote = _quote(error)
    packet = _clients_packet(error, quote, director)
    whole = packet.ip + bytes(max(0, packet.header.length - len(packet.ip)))
    table, sent = director.encapsulated(replace(packet, ip=whole))
    inner_at = len(sent) - packet.header.length
    outer = sent[:inner_at]
    if len(quote) < inner_at or _unchanging(error.ethertype, outer) != _unchanging(
        error.ethertype, quote[:inner_at]
    ):
        raise Verdict("not what is sent here")
    mtu = _mtu_told(error, len(sent))
    least = IPV4_MINIMUM_MTU if packet.ethertype == IPV4 else IPV6_MINIMUM_MTU
    fits = max(least, mtu - director.outer_length(table))
    if mtu >= len(sent) or fits >= packet.header.length or not _is_intact(error):
        raise Verdict("no news")
    return packet, table, does_not_fit(packet, director.own_mac, fits)


def relayed(frame: bytes, director) -> tuple[Packet, Table, bytes]:
    """What is relayed of an error that no bind matches; else the Verdict about it."""
    error = about_own_packet(frame, director)
    if not error:
        raise Verdict("punt_no_bind")
    kind = tuple(error.header.payload[:2])
    too_big = kind == DOES_NOT_FIT[IPV4] if error.ethertype == IPV4 else kind[0] == 2
    if not too_big:
        raise Verdict("punt_outer_error")
    if director.outer_errors != "relay":
        raise Verdict("punt_outer_too_big")
    try:
        return _relay(error, director)
    except (Verdict, IndexError, KeyError) as reason:
        raise Verdict("punt_outer_quote") from reason
