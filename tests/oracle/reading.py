# SPDX-License-Identifier: BSD-3-Clause
"""What a frame says about itself, and the verdicts it deserves whatever is configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from model import Flow

IPV4, IPV6 = 0x0800, 0x86DD
TAGS = (0x8100, 0x88A8)
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
HEADER_LENGTHS = {TCP: 20, UDP: 8}
ICMP_HEADER_LENGTH = 8
ICMP_OF = {IPV4: ICMP, IPV6: ICMPV6}
ECHO_REQUEST = {IPV4: (8, 0), IPV6: (128, 0)}
ECHO_REPLY = {IPV4: (0, 0), IPV6: (129, 0)}
DOES_NOT_FIT = {IPV4: (3, 4), IPV6: (2, 0)}
FOLLOWED_TYPES = {IPV4: (3, 11, 12), IPV6: (1, 2, 3, 4)}  # icmp_errors: "all"

HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS = 0, 43, 44, 60
EXTENSIONS = (HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS)
MOST_EXTENSIONS = 8
MOST_HEADER_BYTES = 0x3FFF
SOURCE_ROUTES = (131, 137)  # IPv4 options: loose and strict


class Verdict(Exception):
    """The fate of a frame that is not forwarded."""


class Header(NamedTuple):
    """An IP header, with options or extension headers, and its payload as far as it is there."""

    source: bytes
    destination: bytes
    protocol: int  # of the payload: behind the extension headers
    offset: int  # of a fragment; 0 in the first one and in whole packets
    more: bool  # fragments follow
    bare: bool  # neither options nor extension headers
    routed: bool  # the destination is not yet the last one
    length: int  # what the header announces, itself included
    payload: bytes


@dataclass(frozen=True)
class Packet:
    """A frame that was understood.

    kind is "flow" (has ports), "echo" (a request), "error" (an ICMP error; `flow` is the one it
    quotes, as the client sends it, `protocol` the quoted protocol), "error about echo" (quotes a
    reply), "bad quote" (an ICMP error whose quote cannot be read) or "fragment" (a later one).
    Where there are no ports `flow` has addresses only.
    """

    kind: str
    flow: Flow
    protocol: int
    header: Header
    entropy: int  # mixed into the outer UDP source port
    ethertype: int
    macs: bytes  # destination, source
    tags: bytes  # VLAN tags, each with its own EtherType
    ip: bytes  # everything from the IP header to the end of the frame

    @property
    def inner(self) -> bytes:
        """The IP packet without what is behind it in the frame."""
        return self.ip[: self.header.length]

    @property
    def head_length(self) -> int:
        """Bytes of IP header, options and extension headers."""
        return self.header.length - len(self.header.payload)

    @property
    def whole(self) -> bool:
        """Neither the first fragment nor another."""
        return not self.header.offset and not self.header.more

    @property
    def ttl(self) -> int:
        return self.ip[8 if self.ethertype == IPV4 else 7]

    @property
    def tos(self) -> int:
        """DSCP and ECN."""
        return self.ip[1] if self.ethertype == IPV4 else be16(self.ip, 0) >> 4 & 0xFF


def _need(data: bytes, count: int) -> None:
    if len(data) < count:
        raise Verdict("drop_truncated")


def be16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _source_routed(options: bytes) -> bool:
    """Does a source route among the options still have somewhere to go?"""
    while options and options[0]:
        if options[0] == 1:
            options = options[1:]
            continue
        if len(options) < 3 or options[1] < 2:
            break
        if options[0] in SOURCE_ROUTES:
            return options[2] <= options[1]
        options = options[options[1] :]
    return False


def _ipv4(data: bytes, quoted: bool = False) -> Header:
    """Read an IPv4 header. A quoted packet is usually cut short, one that travels must be whole."""
    _need(data, 20)
    header_length, length = 4 * (data[0] & 15), be16(data, 2)
    unsaid = quoted and not length  # longer than the field can say: BIG TCP
    if data[0] >> 4 != 4 or header_length < 20 or (length < header_length and not unsaid):
        raise Verdict("drop_bad_length")
    _need(data, header_length if quoted else length)
    return Header(
        data[12:16],
        data[16:20],
        protocol=data[9],
        offset=be16(data, 6) & 0x1FFF,
        more=bool(data[6] & 0x20),
        bare=header_length == 20,
        routed=_source_routed(data[20:header_length]),
        length=length,
        payload=data[header_length:] if quoted else data[header_length:length],
    )


def _ipv6(data: bytes, quoted: bool = False) -> Header:
    _need(data, 40)
    if data[0] >> 4 != 6:
        raise Verdict("drop_bad_length")
    length, at, protocol = 40 + be16(data, 4), 40, data[6]
    extensions, offset, more, routed = 0, 0, False, False
    while protocol in EXTENSIONS and not offset:
        extensions += 1
        if extensions > MOST_EXTENSIONS:
            raise Verdict("drop_ext_headers")
        _need(data, at + 8)
        size = 8 if protocol == FRAGMENT else 8 + 8 * data[at + 1]
        _need(data, at + size)
        if at + size > MOST_HEADER_BYTES:
            raise Verdict("drop_ext_headers")
        if protocol == FRAGMENT:
            offset, more = be16(data, at + 2) >> 3, more or bool(data[at + 3] & 1)
        if protocol == ROUTING:
            routed = routed or data[at + 3] > 0
        protocol, at = data[at], at + size
    unsaid = quoted and not be16(data, 4)  # BIG TCP, or a jumbogram
    if length < at and not unsaid:
        raise Verdict("drop_bad_length")
    _need(data, at if quoted else length)
    payload, bare = data[at:] if quoted else data[at:length], not extensions
    return Header(data[8:24], data[24:40], protocol, offset, more, bare, routed, length, payload)


def _ports(data: bytes, header_length: int = 4) -> tuple[int, int]:
    _need(data, header_length)
    return be16(data, 0), be16(data, 2)


def _quoted(data: bytes, ethertype: int, every_kind: bool) -> tuple[str, Flow, int]:
    """Kind, flow as the client sends it, and protocol of an error that quotes a VIP's packet."""
    quote = (_ipv4 if ethertype == IPV4 else _ipv6)(data, quoted=True)
    if quote.offset:
        raise Verdict("punt_no_bind")
    vip_port, client_port = _ports(quote.payload)
    if not every_kind or quote.protocol in (TCP, UDP):
        flow = Flow(quote.destination, quote.source, client_port, vip_port)
        return "error", flow, quote.protocol
    is_reply = tuple(quote.payload[:2]) == ECHO_REPLY[ethertype]
    if quote.protocol != ICMP_OF[ethertype] or not is_reply:
        raise Verdict("punt_no_bind")
    return "error about echo", Flow(quote.destination, quote.source, 0, 0), quote.protocol


def _is_followed(kind: tuple[int, int], ethertype: int, every_kind: bool) -> bool:
    if every_kind:
        return kind[0] in FOLLOWED_TYPES[ethertype]
    return kind == DOES_NOT_FIT[ethertype]


def _read_ip(macs: bytes, tags: bytes, ethertype: int, data: bytes, every_kind: bool) -> Packet:
    header = (_ipv4 if ethertype == IPV4 else _ipv6)(data)
    between = Flow(header.source, header.destination, 0, 0)

    def packet(kind: str, flow: Flow, protocol: int, entropy: int = 0) -> Packet:
        return Packet(kind, flow, protocol, header, entropy, ethertype, macs, tags, data)

    portless_entropy = be16(data, 4) if ethertype == IPV4 else be16(data, 2)  # id, flow label
    if header.offset:
        return packet("fragment", between, header.protocol, portless_entropy)
    if header.protocol in (TCP, UDP):
        source_port, destination_port = _ports(header.payload, HEADER_LENGTHS[header.protocol])
        flow = Flow(header.source, header.destination, source_port, destination_port)
        return packet("flow", flow, header.protocol, source_port)
    if header.protocol != ICMP_OF[ethertype]:
        raise Verdict("punt_no_bind")
    _need(header.payload, ICMP_HEADER_LENGTH)
    kind = (header.payload[0], header.payload[1])
    if kind == ECHO_REQUEST[ethertype]:
        return packet("echo", between, header.protocol, portless_entropy)
    if not _is_followed(kind, ethertype, every_kind):
        raise Verdict("punt_no_bind")
    try:
        quote = _quoted(header.payload[ICMP_HEADER_LENGTH:], ethertype, every_kind)
    except Verdict as verdict:
        if str(verdict).startswith("punt"):
            raise
        return packet("bad quote", between, header.protocol)
    return packet(*quote, entropy=quote[1].source_port)


def _ethertype(frame: bytes) -> tuple[int, int]:
    """The EtherType behind the tags, and where it stands."""
    _need(frame, 14)
    at = 12
    while be16(frame, at) in TAGS and at < 20:
        _need(frame, at + 6)
        at += 4
    return be16(frame, at), at


def check_destination(frame: bytes, own: tuple[bytes, ...]) -> None:
    """Raise the Verdict of a frame that is not for one of these MAC addresses."""
    _need(frame, 14)
    if frame[:6] in own:
        return
    if not frame[0] & 1:
        raise Verdict("drop_other_host")
    raise Verdict("punt_group" if _ethertype(frame)[0] in (IPV4, IPV6) else "punt_not_ip")


def read_frame(frame: bytes, every_kind: bool = False) -> Packet:
    """Understand a frame, or raise the Verdict that it deserves whatever is configured.

    every_kind  of ICMP error follows the flow it quotes, not only "does not fit"
    """
    ethertype, at = _ethertype(frame)
    if ethertype not in (IPV4, IPV6):
        raise Verdict("punt_not_ip")
    return _read_ip(frame[:12], frame[12:at], ethertype, frame[at + 2 :], every_kind)
