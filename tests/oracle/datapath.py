# SPDX-License-Identifier: BSD-3-Clause
"""What becomes of a frame: which bind it belongs to, where it goes, in which wrapping."""

from __future__ import annotations

import ipaddress
import re
import struct
from dataclasses import dataclass, field, replace
from typing import Mapping, Optional, Sequence

import outer_errors
import quic
from answers import IPV6_MINIMUM_MTU, Allowance, does_not_fit, echo_reply, is_single_host
from answers import may_be_answered
from model import FIELDS, ROWS, Bind, Table, flow_hash, packed, tables_of
from reading import IPV4, IPV6, TCP, UDP, Packet, Verdict, be16, check_destination, read_frame
from writing import checksum, gue_header, ip_header, is_gue, outer_length, total, udp_header

# --- Choosing a bind -----------------------------------------------------------------------------


def _at_address(tables: Sequence[Table], packet: Packet) -> list[tuple[Table, Bind]]:
    return [
        (table, bind)
        for table in tables
        for bind in table.binds
        if bind.covers(packet.flow.destination)
    ]


def choose_bind(tables: Sequence[Table], packet: Packet) -> tuple[Table, Bind]:
    """The bind a packet belongs to: longest prefix, then narrower port range, then file order.

    What has no ports (echo, later fragments, quotes of echo replies and unreadable ones) goes by
    its address. An error that quotes a protocol no bind has is matched without regard to it.
    """
    matches = _at_address(tables, packet)
    if packet.kind in ("flow", "error"):
        matches = [(t, b) for t, b in matches if b.takes(packet.flow.destination_port)]
        same_protocol = [(t, b) for t, b in matches if b.protocol == packet.protocol]
        if same_protocol or packet.kind == "flow":
            matches = same_protocol
        rank = lambda match: (-match[1].prefix, match[1].port_count())
    else:
        rank = lambda match: -match[1].prefix
    if not matches:
        raise Verdict("punt_no_bind")
    table, bind = min(matches, key=rank)
    if not bind.covers(packet.header.destination):
        raise Verdict("punt_no_bind")
    return table, bind


def is_one_table(tables: Sequence[Table], packet: Packet) -> bool:
    """Do all binds of its address lead to the same place?"""
    return len({id(table) for table, _ in _at_address(tables, packet)}) == 1


# --- MSS -----------------------------------------------------------------------------------------

SYN = 0x02
END_OF_OPTIONS, NO_OPERATION, MSS = 0, 1, 2


def _mss_at(segment: bytes) -> Optional[int]:
    """Where the value of the MSS option is, unless something in front of it is malformed."""
    at, end = 20, 4 * (segment[12] >> 4)
    if end > len(segment):
        return None
    while at < end and segment[at] != END_OF_OPTIONS:
        if segment[at] == NO_OPERATION:
            at += 1
            continue
        if at + 2 > end or segment[at + 1] < 2 or at + segment[at + 1] > end:
            return None
        if segment[at] == MSS:
            return at + 2 if segment[at + 1] == 4 else None
        at += segment[at + 1]
    return None


def with_smaller_mss(packet: Packet, most: int) -> Packet:
    """The packet, with an MSS option of a SYN lowered to `most`."""
    segment = packet.header.payload
    if not packet.whole or packet.header.protocol != TCP or not segment[13] & SYN:
        return packet
    at = _mss_at(segment)
    if at is None or be16(segment, at) <= most:
        return packet
    changed = segment[:at] + struct.pack(">H", most) + segment[at + 2 :]
    before, after = total(segment[:16] + segment[18:]), total(changed[:16] + changed[18:])
    # RFC 1624, equation 3: what was wrong stays wrong
    check = checksum(struct.pack(">HHH", be16(segment, 16) ^ 0xFFFF, before ^ 0xFFFF, after))
    changed = changed[:16] + struct.pack(">H", check) + changed[18:]
    ip = packet.ip[: packet.head_length] + changed + packet.ip[packet.header.length :]
    return replace(packet, ip=ip, header=packet.header._replace(payload=changed))


# --- The director --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of a frame, and for one that is forwarded how that came about."""

    verdict: str
    frame: bytes  # what leaves: encapsulated, an answer, or as it came when punted; else empty
    hops: tuple[str, ...] = ()
    hash: int = 0
    source_port: int = 0

    @property
    def leaves(self) -> bool:
        """Through the port for traffic?"""
        return self.verdict == "forward" or self.verdict.startswith("answer")


@dataclass(frozen=True)
class Director:
    """A director's whole configuration; forward() is all it does."""

    tables: Sequence[Table]
    own_mac: bytes
    gateway_mac: Optional[bytes]  # None: not known yet
    source_ip: Optional[bytes]
    source_ip6: Optional[bytes] = None
    hash_fields: Sequence[str] = ("src_addr",)
    alt_hash_fields: Optional[Sequence[str]] = None
    icmp_errors: str = "compatible"
    echo: str = "forward"
    denied: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()
    fragments: str = "drop"
    verify_ip_checksum: bool = False
    min_ttl: int = 0
    padding: str = "keep"
    mtu: int = 1500
    too_big: str = "forward"
    clamp_mss: bool = False
    outer_dscp: object = 0
    outer_ecn: str = "zero"
    udp_checksum: str = "full"
    unique_hops: bool = False
    vlan: object = "keep"
    outer_errors: str = "punt"
    more_macs: Sequence[bytes] = ()  # whose frames it takes besides those to its own
    echoes: Allowance = field(default_factory=lambda: Allowance(1000))
    errors: Allowance = field(default_factory=lambda: Allowance(1000))

    def forward(self, frame: bytes, now: float = 0.0) -> Outcome:
        """What becomes of a frame at a time in seconds."""
        try:
            return self._decide(frame, now)
        except Verdict as verdict:
            name = str(verdict)
            return Outcome(name, frame if name.startswith("punt") else b"")

    def _decide(self, frame: bytes, now: float) -> Outcome:
        try:
            return self._decide_by_binds(frame, now)
        except Verdict as verdict:
            if str(verdict) != "punt_no_bind":
                raise
        packet, table, relayed = outer_errors.relayed(frame, self)
        if not self._takes_one(self.errors, packet, table, now):
            raise Verdict("drop_error_limit")
        return Outcome("answer_outer_too_big", relayed)

    def _decide_by_binds(self, frame: bytes, now: float) -> Outcome:
        check_destination(frame, (self.own_mac, *self.more_macs))
        packet = read_frame(frame, self.icmp_errors == "all")
        table, bind = choose_bind(self.tables, packet)
        if packet.kind == "echo" and self.echo == "punt":
            raise Verdict("punt_no_bind")
        if packet.kind == "error about echo" and self.echo != "forward":
            raise Verdict("punt_no_bind")  # it was no proxy that replied
        self._check_loop(packet)
        self._check_source(packet)
        self._check_denied(packet)
        self._admit(packet)
        if packet.kind == "echo" and self.echo != "forward":
            return self._answer_echo(packet, table, now)
        outer_packet = self.outer_length(table) + packet.header.length
        if outer_packet > 0xFFFF:
            raise Verdict("drop_too_big")
        if outer_packet > self.mtu and self.too_big != "forward":
            return self._answer_too_big(packet, table, now)
        return self._encapsulate(packet, table, bind)

    def _check_loop(self, packet: Packet) -> None:
        """No director's packet that came back."""
        udp = packet.header.payload[8:]
        if packet.kind == "flow" and (packet.protocol, packet.flow.destination_port) == (UDP, 19523):
            if is_gue(udp, 4 if packet.ethertype == IPV4 else 16):
                raise Verdict("drop_loop")

    def _check_source(self, packet: Packet) -> None:
        """Nothing from addresses that no sender can have, or the director has, nor an error about such a packet."""
        ends = [(packet.header.source, packet.header.destination)]
        if packet.kind.startswith("error"):
            ends.append((packet.flow.source, packet.flow.destination))
        for source, vip in ends:
            if source in (vip, self.source_ip, self.source_ip6) or not is_single_host(source):
                raise Verdict("drop_source")

    def _check_denied(self, packet: Packet) -> None:
        source = ipaddress.ip_address(packet.header.source)
        if any(source in network for network in self.denied):
            raise Verdict("drop_denied")

    def _admit(self, packet: Packet) -> None:
        if self.verify_ip_checksum and packet.ethertype == IPV4:
            if checksum(packet.inner[: packet.head_length]):
                raise Verdict("drop_bad_checksum")
        if packet.ttl < self.min_ttl:
            raise Verdict("drop_ttl")
        if packet.kind == "fragment":
            if self.fragments == "drop" or not is_one_table(self.tables, packet):
                raise Verdict("drop_fragment")
        if packet.kind == "bad quote":
            raise Verdict("drop_bad_quote")

    def _takes_one(self, allowance: Allowance, packet: Packet, table: Table, now: float) -> bool:
        whose = self.tables.index(table), packet.flow.destination, packet.flow.source
        return allowance.take(now, *whose)

    def _answer_echo(self, packet: Packet, table: Table, now: float) -> Outcome:
        answerable = packet.whole and packet.header.bare and may_be_answered(packet)
        if self.echo == "drop" or not answerable:
            raise Verdict("drop_echo")
        if not self._takes_one(self.echoes, packet, table, now):
            raise Verdict("drop_answer_limit")
        return Outcome("answer_echo", echo_reply(packet, self.own_mac))

    def _answer_too_big(self, packet: Packet, table: Table, now: float) -> Outcome:
        small = packet.ethertype == IPV6 and packet.header.length <= IPV6_MINIMUM_MTU
        silent = small or packet.kind not in ("flow", "echo") or not may_be_answered(packet)
        if self.too_big == "drop" or silent:
            raise Verdict("drop_mtu")
        largest = self.mtu - self.outer_length(table)
        if not self._takes_one(self.errors, packet, table, now):
            raise Verdict("drop_error_limit")
        return Outcome("answer_too_big", does_not_fit(packet, self.own_mac, largest))

    def outer_length(self, table: Table) -> int:
        """With as many hops as the table's rows can list."""
        rows = 2 if self.alt_hash_fields else 1
        return outer_length(rows * table.row_length(), len(table.backends[0].address))

    def encapsulated(self, packet: Packet) -> tuple[Table, bytes]:
        """The table of a packet, and the outer IP packet without a UDP checksum."""
        plain = replace(
            self, gateway_mac=bytes(6), vlan="none", clamp_mss=False, udp_checksum="zero"
        )
        table, bind = choose_bind(self.tables, packet)
        return table, plain._encapsulate(packet, table, bind).frame[14:]

    def _row(self, packet: Packet, table: Table, fields: Sequence[str]) -> list[bytes]:
        value = flow_hash(table.hash_key, packet.flow, fields)
        return [table.backends[i].address for i in table.row(value % ROWS)]

    def _hops(self, packet: Packet, table: Table, bind: Bind) -> list[bytes]:
        hops = self._row(packet, table, self.hash_fields)
        if self.alt_hash_fields:
            hops += self._row(packet, table, self.alt_hash_fields)
        if bind.quic and packet.kind == "flow":
            server = table.servers().get(quic.server_named_by(packet.inner))
            hops = quic.with_first(hops, server.address) if server else hops
        return list(dict.fromkeys(hops)) if self.unique_hops else hops

    def _outer_tos(self, packet: Packet) -> int:
        dscp = packet.tos >> 2 if self.outer_dscp == "copy" else self.outer_dscp
        return dscp << 2 | (packet.tos & 3 if self.outer_ecn == "copy" else 0)

    def _outer_tags(self, packet: Packet) -> bytes:
        if self.vlan == "keep":
            return packet.tags
        return b"" if self.vlan == "none" else struct.pack(">HH", 0x8100, self.vlan)

    def _encapsulate(self, packet: Packet, table: Table, bind: Bind) -> Outcome:
        if self.gateway_mac is None:
            raise Verdict("drop_no_gateway")
        hops = self._hops(packet, table, bind)
        if self.clamp_mss:
            headers = 40 if packet.ethertype == IPV4 else 60
            packet = with_smaller_mss(packet, self.mtu - self.outer_length(table) - headers)
        value = flow_hash(table.hash_key, packet.flow, self.hash_fields)
        source_port = 0x8000 | ((value ^ packet.entropy) & 0x7FFF)
        four = len(hops[0]) == 4
        ends = (self.source_ip if four else self.source_ip6, hops[0])
        gue = gue_header(packet.ethertype, hops[1:], len(hops[0]))
        udp = udp_header(ends, source_port, gue, packet, self.udp_checksum)
        length = len(udp) + len(gue) + packet.header.length
        label = value >> 16 & 0xFFFFF
        frame = b"".join(
            [
                self.gateway_mac,
                self.own_mac,
                self._outer_tags(packet),
                struct.pack(">H", IPV4 if four else IPV6),
                ip_header(ends, UDP, length, self._outer_tos(packet), label),
                udp,
                gue,
                packet.ip if self.padding == "keep" else packet.inner,
            ]
        )
        hop_names = tuple(str(ipaddress.ip_address(hop)) for hop in hops)
        return Outcome("forward", frame, hop_names, value, source_port)


# --- Configurations ------------------------------------------------------------------------------

SAME_NAME = (
    "icmp_errors",
    "fragments",
    "verify_ip_checksum",
    "min_ttl",
    "padding",
    "mtu",
    "too_big",
    "clamp_mss",
    "outer_dscp",
    "outer_ecn",
    "udp_checksum",
    "unique_hops",
    "vlan",
    "outer_errors",
)


def _mac(text: str) -> bytes:
    """ "xx:xx:xx:xx:xx:xx" or "xxxx:xxxx:xxxx"."""
    return bytes.fromhex(text.replace(":", ""))


def _enabled(fields: dict) -> tuple[str, ...]:
    return tuple(name for name in FIELDS if fields.get(name) is True)


def _of_port(config: dict, port: str) -> dict:
    """The configuration as one port sees it."""
    own = [entry for entry in config.get("ports", []) if entry["name"] == port]
    return {**config, **own[0]} if own else config


@dataclass(frozen=True)
class Port:
    """What a director finds out about the device it works on."""

    mac: str
    name: str = ""
    mtu: int = 1500
    neighbours: Mapping[str, str] = field(default_factory=dict)  # addresses to MACs

    def gateway_of(self, config: dict) -> Optional[bytes]:
        mac = config["outbound_gateway_mac"]
        if mac == "auto":
            mac = self.neighbours.get(config["outbound_gateway_ip"])
        return _mac(mac) if mac else None


def _denied_by(path: str) -> list:
    """The networks of a (good) deny file."""
    with open(path, encoding="utf-8") as file:
        words = [re.split("[#;]", line)[0].strip() for line in file]
    return [ipaddress.ip_network(word) for word in words if word]


def director_of(config: dict, document: dict, port: Port) -> Director:
    """The Director of a (good) director.json and tables.json, for what one port receives."""
    config = {"mtu": port.mtu, **_of_port(config, port.name)}
    alt = config.get("alt_hash_fields")
    sources = (config.get(key) for key in ("outbound_src_ip", "outbound_src_ip6"))
    answers = config.get("answers_per_second", 1000)
    pings = "punt" if config.get("forward_icmp_ping_responses") is False else "forward"
    return Director(
        tables_of(document),
        _mac(port.mac),
        port.gateway_of(config),
        *(packed(source) if source else None for source in sources),
        hash_fields=_enabled(config.get("hash_fields", {"src_addr": True})),
        alt_hash_fields=_enabled(alt) if alt is not None else None,
        echo=config.get("echo", pings),
        more_macs=tuple(map(_mac, config.get("macs", []))),
        echoes=Allowance(answers),
        errors=Allowance(config.get("errors_per_second", answers)),
        denied=_denied_by(config["deny"]) if config.get("deny") else (),
        **{key: config[key] for key in SAME_NAME if key in config},
    )
