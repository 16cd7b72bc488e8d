# SPDX-License-Identifier: BSD-3-Clause
"""Which backend does a QUIC packet ask for?

The part of the model that knows QUIC (RFC 8999, 9000, 9369) and the plaintext connection IDs of
QUIC-LB. It works on bytes and knows nothing of tables.
"""

from typing import Optional, Sequence

UDP = 17
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
HANDSHAKES = {0x00000001: 0b10, 0x6B3343CF: 0b11}  # version to the type of its Handshake packets
NAMES_NO_SERVER = 0b111


def _be16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def datagram_of(packet: bytes) -> Optional[bytes]:
    """The UDP datagram in an IP packet that is whole; None for any other packet."""
    if packet[0] >> 4 == 4:
        is_fragment = _be16(packet, 6) & 0x3FFF  # more of them, or an offset
        if packet[9] != UDP or is_fragment:
            return None
        return packet[4 * (packet[0] & 15) : _be16(packet, 2)]
    protocol, at = packet[6], 40
    while protocol in (HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION):
        length = 8
        if protocol != FRAGMENT:
            length += 8 * packet[at + 1]
        elif _be16(packet, at + 2) & 0xFFF9:
            return None
        protocol, at = packet[at], at + length
    return packet[at : 40 + _be16(packet, 4)] if protocol == UDP else None


def connection_id(payload: bytes) -> bytes:
    """What is known of the destination connection ID, if a server issued it; else nothing."""
    if not payload:
        return b""
    if not payload[0] & 0x80:  # a short header, which has no length of its ID
        return payload[1:]
    version, kind = int.from_bytes(payload[1:5], "big"), payload[0] >> 4 & 3
    if len(payload) < 6 or HANDSHAKES.get(version) != kind:
        return b""
    return payload[6 : 6 + payload[5]]


def server_named_by(packet: bytes) -> Optional[int]:
    """The server ID in the first QUIC packet of an IP packet."""
    datagram = datagram_of(packet)
    if datagram is None or len(datagram) < 8:
        return None
    length = _be16(datagram, 4)
    if not 8 <= length <= len(datagram):
        return None
    start = connection_id(datagram[8:length])[:3]
    if len(start) < 3 or start[0] >> 5 == NAMES_NO_SERVER:
        return None
    return _be16(start, 1)


def with_first(hops: Sequence[bytes], first: bytes) -> list:
    """A list of hops that begins with one of them, or with another one, and is no longer."""
    return [first, *(hop for hop in hops if hop != first)][: len(hops)]
