# SPDX-License-Identifier: BSD-3-Clause
"""What glb should do, said a second time.

A plain model of everything two hosts must agree on: SipHash-2-4, the hash of a flow, the rows of a
table, the bytes of a table image, which bind a packet belongs to, what a frame is turned into.
It shares nothing with the C programs, prefers clarity to speed, and is what the packet cases and
the vectors in vectors/ are checked against.
"""

from __future__ import annotations

import array
import ipaddress
import struct
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Iterable, Iterator, NamedTuple, Optional, Sequence

import quic

# --- SipHash-2-4 ---------------------------------------------------------------------------------

# The algorithm works on 64-bit words. Here a "word" is a Python integer that may hold several of
# them, one in the lower half of every 128 bits: additions carry into, and rotations spill into,
# the upper halves, which `mask` clears. One lane gives SipHash as the paper has it; thousands give
# thousands of hashes for hardly more work.


def _rotate(word: int, bits: int, mask: int) -> int:
    return ((word << bits) | (word >> (64 - bits))) & mask


def _sip_round(v0: int, v1: int, v2: int, v3: int, mask: int) -> tuple[int, int, int, int]:
    v0 = (v0 + v1) & mask
    v2 = (v2 + v3) & mask
    v1 = _rotate(v1, 13, mask) ^ v0
    v3 = _rotate(v3, 16, mask) ^ v2
    v0 = _rotate(v0, 32, mask)
    v2 = (v2 + v1) & mask
    v0 = (v0 + v3) & mask
    v1 = _rotate(v1, 17, mask) ^ v2
    v3 = _rotate(v3, 21, mask) ^ v0
    v2 = _rotate(v2, 32, mask)
    return v0, v1, v2, v3


def _lanes(words: Iterable[bytes]) -> int:
    return int.from_bytes(bytes(8).join(words), "little")


def _siphash_words(keys: Sequence[bytes], words: Iterable[int]) -> list[int]:
    """Hashes of words that hold one lane per key."""
    ones = _lanes([b"\1" + bytes(7)] * len(keys))
    mask = ones * 0xFFFFFFFFFFFFFFFF
    k0, k1 = _lanes(key[:8] for key in keys), _lanes(key[8:] for key in keys)
    v0 = k0 ^ ones * 0x736F6D6570736575
    v1 = k1 ^ ones * 0x646F72616E646F6D
    v2 = k0 ^ ones * 0x6C7967656E657261
    v3 = k1 ^ ones * 0x7465646279746573
    for word in words:
        v3 ^= word
        for _ in range(2):
            v0, v1, v2, v3 = _sip_round(v0, v1, v2, v3, mask)
        v0 ^= word
    v2 ^= ones * 0xFF
    for _ in range(4):
        v0, v1, v2, v3 = _sip_round(v0, v1, v2, v3, mask)
    hashes = array.array("Q", (v0 ^ v1 ^ v2 ^ v3).to_bytes(16 * len(keys), "little"))
    if sys.byteorder == "big":
        hashes.byteswap()
    return list(hashes[::2])


def _siphash_lanes(key: bytes, messages: Sequence[bytes]) -> list[int]:
    length = len(messages[0])
    padding = bytes(7 - length % 8) + bytes([length & 0xFF])
    padded = [message + padding for message in messages]
    words = (
        _lanes(message[at : at + 8] for message in padded) for at in range(0, len(padded[0]), 8)
    )
    return _siphash_words([key] * len(messages), words)


def siphash(key: bytes, message: bytes) -> int:
    """SipHash-2-4 of one message with a 16-byte key."""
    return _siphash_lanes(key, [message])[0]


def siphash_many(key: bytes, messages: Sequence[bytes]) -> list[int]:
    """siphash() of many messages of one length."""
    step = 2048  # integers of this size stay in the processor's cache
    return [
        value
        for start in range(0, len(messages), step)
        for value in _siphash_lanes(key, messages[start : start + step])
    ]


def digest(value: int) -> bytes:
    """The eight bytes in which SipHash's authors write a hash down."""
    return struct.pack("<Q", value)


# --- Tables --------------------------------------------------------------------------------------

ROWS = 65536
MAX_BACKENDS = MAX_BINDS = 16384
MAX_BACKENDS_V2 = MAX_BINDS_V2 = 256
PROTOCOLS = {"tcp": 6, "udp": 17}


Row = tuple[int, ...]  # indexes into the table's backends, the primary's first


@dataclass(frozen=True)
class Backend:
    address: bytes
    state: str
    healthy: bool
    weight: int = 100
    zone: Optional[str] = None
    server_id: Optional[int] = None


@dataclass(frozen=True)
class Bind:
    address: bytes
    prefix: int
    protocol: int
    first_port: int
    last_port: int
    quic: bool = False

    def covers(self, address: bytes) -> bool:
        """Does the address lie in this bind's prefix?"""
        if len(address) != len(self.address):
            return False
        host_bits = 8 * len(address) - self.prefix
        one, other = (int.from_bytes(a, "big") >> host_bits for a in (address, self.address))
        return one == other

    def takes(self, port: int) -> bool:
        return self.first_port <= port <= self.last_port

    def port_count(self) -> int:
        return self.last_port - self.first_port + 1


@dataclass(frozen=True)
class Table:
    hash_key: bytes
    seed: bytes
    binds: tuple[Bind, ...]
    backends: tuple[Backend, ...]
    hops: Optional[int] = None
    name: str = ""
    _known_rows: dict[int, Row] = field(default_factory=dict, compare=False, repr=False)

    def usable(self) -> list[int]:
        return [i for i, b in enumerate(self.backends) if b.state != "inactive"]

    def servers(self) -> dict[int, Backend]:
        """Where packets to quic binds are sent by server ID."""
        usable = (self.backends[i] for i in self.usable())
        return {b.server_id: b for b in usable if b.server_id is not None}

    def row_length(self) -> int:
        """As many hops as asked for, or as there are backends; a single one is named twice."""
        return max(2, min(self.hops or 2, len(self.usable())))

    def row(self, number: int) -> Row:
        if number not in self._known_rows:
            self._known_rows[number] = next(rows(self, [number]))
        return self._known_rows[number]


def _address(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def _bind(entry: dict) -> Bind:
    text, _, prefix = entry["ip"].partition("/")
    address = _address(text)
    first = entry["port"] if "port" in entry else entry["port_start"]
    last = entry["port"] if "port" in entry else entry["port_end"]
    return Bind(
        address,
        int(prefix) if prefix else 8 * len(address),
        PROTOCOLS[entry["proto"]],
        first,
        last,
        entry.get("quic", False),
    )


def tables_of(document: dict) -> list[Table]:
    """The tables of a (good) tables.json. Without hops, weights and zones are keys nobody knows."""
    return [
        Table(
            bytes.fromhex(table["hash_key"]),
            bytes.fromhex(table["seed"]),
            tuple(_bind(bind) for bind in table["binds"]),
            tuple(
                Backend(
                    _address(entry["ip"]),
                    entry["state"],
                    entry.get("healthy") is True,
                    entry.get("weight", 100) if "hops" in table else 100,
                    entry.get("zone") if "hops" in table else None,
                    entry.get("server_id"),
                )
                for entry in table["backends"]
            ),
            table.get("hops"),
            table.get("name", ""),
        )
        for table in document["tables"]
    ]


def row_seeds(seed: bytes, numbers: Sequence[int]) -> list[bytes]:
    return [digest(h) for h in siphash_many(seed, [struct.pack(">I", n) for n in numbers])]


def scores(seed: bytes, seeds_of_rows: Sequence[bytes], address: bytes) -> list[int]:
    """How one backend ranks in each row: the lowest score comes first."""
    hashes = siphash_many(seed, [row_seed + address for row_seed in seeds_of_rows])
    return [int.from_bytes(digest(h), "big") for h in hashes]


@lru_cache(maxsize=None)
def _log2_of_steps() -> list[int]:
    """log2(1 + step / 4096) in units of 2^-56, for the steps from 0 to 4096.

    A number's logarithm doubles when it is squared; what is then in front of its binary point is
    the next digit. Squares are cut to 63 binary places.
    """
    logs = []
    for step in range(4096):
        x, log = (4096 + step) << 51, 0
        for _ in range(56):
            x, log = x * x >> 63, log << 1
            if x >> 64:
                x, log = x >> 1, log | 1
        logs.append(log)
    return logs + [1 << 56]


def cost(score: int, weight: int) -> int:
    """-log2(1 - score / 2^64) / weight in units of 2^-56, on lines between the 4096 steps."""
    left = 2**64 - score
    power = left.bit_length() - 1
    step, rest = divmod((left << (64 - power)) - 2**64, 2**52)
    low, high = _log2_of_steps()[step : step + 2]
    log = (power << 56) + low + ((high - low) * (rest >> 20) >> 32)
    return ((64 << 56) - log) // weight


def _other_zone_second(table: Table, ranked: list[int]) -> list[int]:
    """The second place is for the first backend of another zone than the first place's."""
    zone = table.backends[ranked[0]].zone
    for backend in ranked[1:]:
        if table.backends[backend].zone != zone:
            rest = [other for other in ranked[1:] if other != backend]
            return [ranked[0], backend, *rest]
    return ranked


def _swapped(table: Table, first: int, second: int) -> Row:
    """The original's rule: an active second replaces a first that drains or is down."""
    was, might_be = table.backends[first], table.backends[second]
    first_is_bad = was.state == "draining" or not was.healthy
    if first_is_bad and might_be.state == "active":
        return second, first
    return first, second


def _by_class(table: Table, row: Sequence[int]) -> Row:
    """Who takes new flows and is up; who drains and is up; the rest. By rank within each."""

    def order(index: int) -> int:
        backend = table.backends[index]
        if not backend.healthy:
            return 2
        return 1 if backend.state == "draining" else 0

    return tuple(sorted(row, key=order))


def rows(table: Table, numbers: Sequence[int] = range(ROWS)) -> Iterator[Row]:
    """The hops of the rows asked for. A backend that is alone is its own secondary."""
    usable = table.usable()
    weights = [table.backends[i].weight for i in usable]
    weighted = len(set(weights)) > 1
    seeds_of_rows = row_seeds(table.seed, numbers)
    scores_of_backends = (
        scores(table.seed, seeds_of_rows, table.backends[i].address) for i in usable
    )
    for row_scores in zip(*scores_of_backends):
        key = row_scores.__getitem__
        if weighted:
            costs = list(map(cost, row_scores, weights))
            key = list(zip(costs, row_scores)).__getitem__
        ranked = [usable[place] for place in sorted(range(len(usable)), key=key)]
        row = (_other_zone_second(table, ranked) * 2)[: table.row_length()]
        yield _by_class(table, row) if table.hops else _swapped(table, *row)


# --- Table images --------------------------------------------------------------------------------

STATE_NUMBERS = {"filling": 0, "active": 1, "draining": 2, "inactive": 2}


def _family(address: bytes) -> int:
    return 1 if len(address) == 4 else 2


def _lists(table: Table) -> tuple[bytes, bytes]:
    """Backends and binds as version 2 has them; a quic bind fits version 3 only."""
    backends = b"".join(
        struct.pack("<I16sHH", _family(b.address), b.address, STATE_NUMBERS[b.state], b.healthy)
        for b in table.backends
    )
    binds = b"".join(
        struct.pack(
            "<I16sHHHBB",
            _family(b.address),
            b.address,
            b.prefix,
            b.first_port,
            b.last_port,
            b.protocol,
            b.quic,
        )
        for b in table.binds
    )
    return backends, binds


def _table_v2(table: Table) -> bytes:
    backends, binds = _lists(table)
    return b"".join(
        [
            struct.pack("<I", len(table.backends)),
            backends.ljust(24 * MAX_BACKENDS_V2, b"\0"),
            struct.pack("<I", len(table.binds)),
            binds.ljust(28 * MAX_BINDS_V2, b"\0"),
            table.hash_key,
            b"".join(struct.pack("<II", *row) for row in rows(table)),
        ]
    )


def head_v3(table: Table) -> bytes:
    """All of a table of version 3 but its rows, which follow as 16-bit indexes."""
    counts = struct.pack("<IIII", len(table.backends), len(table.binds), table.row_length(), 0)
    name = table.name.encode()[:63].ljust(64, b"\0")
    _, binds = _lists(table)
    backends = b"".join(
        struct.pack(
            "<I16sHHHH",
            _family(b.address),
            b.address,
            3 if b.state == "inactive" else STATE_NUMBERS[b.state],
            b.healthy,
            b.server_id is not None,
            b.server_id or 0,
        )
        for b in table.backends
    )
    return counts + table.hash_key + name + backends + binds


def _table_v3(table: Table) -> bytes:
    hops = struct.Struct(f"<{table.row_length()}H")
    return head_v3(table) + b"".join(hops.pack(*row) for row in rows(table))


def version(tables: Sequence[Table]) -> int:
    """2, which the original reads as well, unless something does not fit."""
    fits = all(
        len(table.backends) <= MAX_BACKENDS_V2
        and len(table.binds) <= MAX_BINDS_V2
        and table.row_length() == 2
        and not any(bind.quic for bind in table.binds)
        and all(backend.server_id is None for backend in table.backends)
        for table in tables
    )
    return 2 if fits else 3


def image_header(tables: Sequence[Table]) -> bytes:
    number = version(tables)
    most = (MAX_BACKENDS_V2, MAX_BINDS_V2) if number == 2 else (MAX_BACKENDS, MAX_BINDS)
    return struct.pack("<4sIIIII", b"GLBD", number, len(tables), ROWS, *most)


def image(tables: Sequence[Table]) -> bytes:
    write = _table_v2 if version(tables) == 2 else _table_v3
    return image_header(tables) + b"".join(write(table) for table in tables)


# --- Digest --------------------------------------------------------------------------------------

DIGEST_KEYS = (b"glb table digest", b"a second opinion")


def _words(data: bytes) -> Iterator[int]:
    return (int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8))


def _address_words(address: bytes) -> Iterator[int]:
    yield from _words(address.ljust(16, b"\0"))
    yield 4 if len(address) == 4 else 6


def _bind_words(bind: Bind) -> Iterator[int]:
    host_bits = 8 * len(bind.address) - bind.prefix
    network = int.from_bytes(bind.address, "big") >> host_bits << host_bits
    yield from _address_words(network.to_bytes(len(bind.address), "big"))
    ports = bind.first_port << 16 | bind.last_port << 32
    yield bind.prefix | bind.protocol << 8 | ports | bind.quic << 48


def _digest_words(table: Table) -> Iterator[int]:
    yield from _words(table.hash_key)
    yield len(table.binds)
    for bind in table.binds:
        yield from _bind_words(bind)
    yield table.row_length()
    addresses = [list(_address_words(backend.address)) for backend in table.backends]
    for row in rows(table):
        for index in row:
            yield from addresses[index]
    if any(bind.quic for bind in table.binds):
        for server_id, backend in sorted(table.servers().items()):
            yield server_id
            yield from _address_words(backend.address)


def table_digest(table: Table) -> str:
    """What a table does to packets, as 32 hexadecimal digits: include/glb/digest.h."""
    words = list(_digest_words(table))
    words.append(len(words))
    both = (word | word << 128 for word in words)
    return "".join(f"{half:016x}" for half in _siphash_words(DIGEST_KEYS, both))


# --- Flows ---------------------------------------------------------------------------------------

FIELDS = ("src_addr", "dst_addr", "src_port", "dst_port")


@dataclass(frozen=True)
class Flow:
    """Who talks to which service. Ports are 0 where a packet has none (echo)."""

    source: bytes
    destination: bytes
    source_port: int
    destination_port: int


def hash_input(flow: Flow, fields: Sequence[str]) -> bytes:
    values = {
        "src_addr": flow.source,
        "dst_addr": flow.destination,
        "src_port": struct.pack(">H", flow.source_port),
        "dst_port": struct.pack(">H", flow.destination_port),
    }
    return b"".join(values[name] for name in FIELDS if name in fields)


def flow_hash(hash_key: bytes, flow: Flow, fields: Sequence[str]) -> int:
    return siphash(hash_key, hash_input(flow, fields))


# --- Reading a frame -----------------------------------------------------------------------------

IPV4, IPV6 = 0x0800, 0x86DD
TAGS = (0x8100, 0x88A8)
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
HEADER_LENGTHS = {TCP: 20, UDP: 8}
ICMP_HEADER_LENGTH = 8
IP_IN_GUE = {IPV4: 4, IPV6: 41}


class Verdict(Exception):
    """The fate of a frame that is not forwarded."""


@dataclass(frozen=True)
class Packet:
    """What a frame says about itself.

    kind is "flow" (has ports), "echo" (has none), "error" (an ICMP error; `flow` is the one quoted,
    as the client sends it, `protocol` the quoted protocol) or "fragment" (not the first one, so
    `flow` has addresses only).
    """

    kind: str
    flow: Flow
    protocol: int
    destination: bytes  # of the packet itself, which for an error is not the flow's
    hint: int  # mixed into the outer UDP source port
    ethertype: int
    tags: bytes  # VLAN tags, each with its own EtherType
    ip: bytes  # everything from the IP header to the end of the frame
    length: int  # what the IP header says


def _need(data: bytes, count: int) -> None:
    if len(data) < count:
        raise Verdict("drop_truncated")


def _be16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _ports(data: bytes, header_length: int = 4) -> tuple[int, int]:
    _need(data, header_length)
    return _be16(data, 0), _be16(data, 2)


class _Header(NamedTuple):
    """An IP header, and what it carries as far as it is there."""

    source: bytes
    destination: bytes
    protocol: int
    fragment_offset: int
    length: int
    payload: bytes


def _ipv4(data: bytes, quoted: bool = False) -> _Header:
    """Read an IPv4 header. A quoted packet is usually cut short, one that travels must be whole."""
    _need(data, 20)
    header_length, length = 4 * (data[0] & 15), _be16(data, 2)
    if data[0] >> 4 != 4 or header_length < 20 or length < header_length:
        raise Verdict("drop_bad_length")
    _need(data, header_length if quoted else length)
    payload = data[header_length:] if quoted else data[header_length:length]
    fragment_offset = _be16(data, 6) & 0x1FFF
    return _Header(data[12:16], data[16:20], data[9], fragment_offset, length, payload)


def _ipv6(data: bytes, quoted: bool = False) -> _Header:
    _need(data, 40)
    if data[0] >> 4 != 6:
        raise Verdict("drop_bad_length")
    length = 40 + _be16(data, 4)
    _need(data, 40 if quoted else length)
    payload = data[40:] if quoted else data[40:length]
    return _Header(data[8:24], data[24:40], data[6], 0, length, payload)


def _read_ip(data: bytes, ethertype: int, tags: bytes, ping: bool) -> Packet:
    read = _ipv4 if ethertype == IPV4 else _ipv6
    icmp = ICMP if ethertype == IPV4 else ICMPV6
    echo_request = (8, 0) if ethertype == IPV4 else (128, 0)
    too_big = (3, 4) if ethertype == IPV4 else (2, 0)
    header = read(data)

    def packet(kind: str, flow: Flow, protocol: int, hint: int) -> Packet:
        return Packet(
            kind, flow, protocol, header.destination, hint, ethertype, tags, data, header.length
        )

    if header.fragment_offset:
        return packet("fragment", Flow(header.source, header.destination, 0, 0), header.protocol, 0)
    if header.protocol in (TCP, UDP):
        source_port, destination_port = _ports(header.payload, HEADER_LENGTHS[header.protocol])
        flow = Flow(header.source, header.destination, source_port, destination_port)
        return packet("flow", flow, header.protocol, source_port)
    if header.protocol != icmp:
        raise Verdict("punt_no_bind")
    _need(header.payload, ICMP_HEADER_LENGTH)
    kind = (header.payload[0], header.payload[1])
    if kind == echo_request and ping:
        hint = _be16(data, 4) if ethertype == IPV4 else _be16(data, 2)
        return packet("echo", Flow(header.source, header.destination, 0, 0), icmp, hint)
    if kind != too_big:
        raise Verdict("punt_no_bind")
    quote = read(header.payload[ICMP_HEADER_LENGTH:], quoted=True)
    if quote.fragment_offset:
        raise Verdict("punt_no_bind")
    vip_port, client_port = _ports(quote.payload)
    flow = Flow(quote.destination, quote.source, client_port, vip_port)
    return packet("error", flow, quote.protocol, client_port)


def read_frame(frame: bytes, ping: bool = True) -> Packet:
    """Understand a frame, or raise the Verdict that it deserves whatever is configured.

    ping  whether echo requests are for the backends (forward_icmp_ping_responses)
    """
    _need(frame, 14)
    at = 12
    while _be16(frame, at) in TAGS and at < 20:
        _need(frame, at + 6)
        at += 4
    ethertype = _be16(frame, at)
    if ethertype not in (IPV4, IPV6):
        raise Verdict("punt_not_ip")
    return _read_ip(frame[at + 2 :], ethertype, frame[12:at], ping)


# --- Choosing a bind -----------------------------------------------------------------------------


def choose_bind(tables: Sequence[Table], packet: Packet) -> tuple[Table, Bind]:
    """The bind a packet belongs to: longest prefix, then narrower port range, then file order.

    Ports say nothing about an echo, so port ranges do not either. An error that quotes a protocol
    no bind has is matched without regard to the protocol.
    """
    flow = packet.flow
    at_address = [
        (table, bind)
        for table in tables
        for bind in table.binds
        if bind.covers(packet.destination) and bind.covers(flow.destination)
    ]
    if not at_address:
        raise Verdict("punt_no_bind")
    if packet.kind == "fragment":
        raise Verdict("drop_fragment")
    if packet.kind == "echo":
        return min(at_address, key=lambda match: -match[1].prefix)
    matches = [(t, b) for t, b in at_address if b.takes(flow.destination_port)]
    same_protocol = [(t, b) for t, b in matches if b.protocol == packet.protocol]
    if same_protocol or packet.kind != "error":
        matches = same_protocol
    if not matches:
        raise Verdict("punt_no_bind")
    return min(matches, key=lambda match: (-match[1].prefix, match[1].port_count()))


# --- Writing a frame -----------------------------------------------------------------------------

GUE_PORT = 19523


def checksum(data: bytes) -> int:
    """The Internet checksum."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4_header(source: bytes, destination: bytes, payload_length: int) -> bytes:
    def header(check: int) -> bytes:
        length = 20 + payload_length
        dont_fragment, ttl = 0x4000, 64
        return struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, length, 0, dont_fragment, ttl, UDP, check, source, destination
        )

    return header(checksum(header(0)))


def udp_datagram(source: bytes, destination: bytes, source_port: int, payload: bytes) -> bytes:
    length = 8 + len(payload)
    pseudo = source + destination + struct.pack(">BBH", 0, UDP, length)
    ports = struct.pack(">HHH", source_port, GUE_PORT, length)
    check = checksum(pseudo + ports + bytes(2) + payload)
    return ports + struct.pack(">H", check or 0xFFFF) + payload


def gue_header(protocol: int, later_hops: Sequence[bytes]) -> bytes:
    words_of_private_data, next_hop = 1 + len(later_hops), 0
    return struct.pack(
        ">BBHHBB", words_of_private_data, protocol, 0, 0, next_hop, len(later_hops)
    ) + b"".join(later_hops)


@dataclass(frozen=True)
class Outcome:
    """What became of a frame, and for one that is forwarded how that came about."""

    verdict: str
    frame: bytes  # what leaves: encapsulated, or as it came when punted; empty when dropped
    hops: tuple[str, ...] = ()
    hash: int = 0
    source_port: int = 0


@dataclass(frozen=True)
class Director:
    """A director's whole configuration; forward() is all it does."""

    tables: Sequence[Table]
    gateway_mac: bytes
    source_mac: bytes
    source_ip: bytes
    hash_fields: Sequence[str] = ("src_addr",)
    alt_hash_fields: Optional[Sequence[str]] = None
    ping: bool = True

    def forward(self, frame: bytes) -> Outcome:
        try:
            packet = read_frame(frame, self.ping)
            return self._encapsulate(packet, *choose_bind(self.tables, packet))
        except Verdict as verdict:
            name = str(verdict)
            return Outcome(name, frame if name.startswith("punt") else b"")

    def _hops(self, table: Table, value: int) -> list[bytes]:
        return [table.backends[i].address for i in table.row(value % ROWS)]

    def _encapsulate(self, packet: Packet, table: Table, bind: Bind) -> Outcome:
        value = flow_hash(table.hash_key, packet.flow, self.hash_fields)
        hops = self._hops(table, value)
        if self.alt_hash_fields:
            hops += self._hops(table, flow_hash(table.hash_key, packet.flow, self.alt_hash_fields))
        server = table.servers().get(quic.server_named_by(packet.ip)) if bind.quic else None
        if server:
            hops = quic.with_first(hops, server.address)

        gue = gue_header(IP_IN_GUE[packet.ethertype], hops[1:])
        inner, padding = packet.ip[: packet.length], packet.ip[packet.length :]
        if 20 + 8 + len(gue) + len(inner) > 0xFFFF:
            raise Verdict("drop_too_big")
        source_port = 0x8000 | ((value ^ packet.hint) & 0x7FFF)
        udp = udp_datagram(self.source_ip, hops[0], source_port, gue + inner)
        frame = b"".join(
            [
                self.gateway_mac,
                self.source_mac,
                packet.tags,
                struct.pack(">H", IPV4),
                ipv4_header(self.source_ip, hops[0], len(udp)),
                udp,
                padding,
            ]
        )
        hop_names = tuple(str(ipaddress.ip_address(hop)) for hop in hops)
        return Outcome("forward", frame, hop_names, value, source_port)


def _mac(text: str) -> bytes:
    """ "xx:xx:xx:xx:xx:xx" or "xxxx:xxxx:xxxx"."""
    return bytes.fromhex(text.replace(":", ""))


def _enabled(fields: dict) -> tuple[str, ...]:
    return tuple(name for name in FIELDS if fields.get(name) is True)


def director_of(config: dict, document: dict, source_mac: str) -> Director:
    """The Director of a (good) director.json and tables.json."""
    alt = config.get("alt_hash_fields")
    return Director(
        tables_of(document),
        _mac(config["outbound_gateway_mac"]),
        _mac(source_mac),
        _address(config["outbound_src_ip"]),
        _enabled(config.get("hash_fields", {"src_addr": True})),
        _enabled(alt) if alt is not None else None,
        config.get("forward_icmp_ping_responses") is not False,
    )
