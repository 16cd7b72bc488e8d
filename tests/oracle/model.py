# SPDX-License-Identifier: BSD-3-Clause
"""What glb should do, said a second time.

A plain model of everything two hosts must agree on. Here: the hash of a flow, the rows of a
table, the bytes of a table image. In siphash.py: the hash. In balance.py: how rows are shared out.
In reading.py: what a frame says about itself. In
writing.py: headers and checksums. In quic.py: which server a QUIC packet names. In answers.py: what
the director says itself. In datapath.py: what becomes of a frame. It shares nothing with the C
programs, prefers clarity to speed, and is what the packet cases and the vectors in vectors/ are
checked against.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from fractions import Fraction
from typing import Iterator, Optional, Sequence

import balance
from siphash import digest, siphash, siphash_many, siphash_words

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

    def serves(self) -> bool:
        return self.healthy and self.state in ("active", "filling")


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
    max_load: Optional[int] = None
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


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def _bind(entry: dict) -> Bind:
    text, _, prefix = entry["ip"].partition("/")
    address = packed(text)
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
    """The tables of a (good) tables.json. Without hops, weights and zones are unknown keys."""
    return [
        Table(
            bytes.fromhex(table["hash_key"]),
            bytes.fromhex(table["seed"]),
            tuple(_bind(bind) for bind in table["binds"]),
            tuple(
                Backend(
                    packed(entry["ip"]),
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
            table.get("max_load") if "hops" in table else None,
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
    """Healthy backends that take new flows, healthy ones that drain, the rest; each by rank."""

    def order(index: int) -> int:
        backend = table.backends[index]
        if not backend.healthy:
            return 2
        return 1 if backend.state == "draining" else 0

    return tuple(sorted(row, key=order))


def rankings(table: Table, numbers: Sequence[int]) -> Iterator[Row]:
    """The backends of rows by rank, weight and zone. One that is alone is its own secondary."""
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
        yield tuple((_other_zone_second(table, ranked) * 2)[: table.row_length()])


def _limits(table: Table, ordered: Sequence[Row]) -> dict[int, int]:
    """How many rows those that take new flows may be first on."""
    serving = {i: table.backends[i] for i in table.usable() if table.backends[i].serves()}
    total = sum(backend.weight for backend in serving.values())
    shared = sum(row[0] in serving for row in ordered)
    return {
        i: balance.limit(
            Fraction(shared * backend.weight, total),
            table.max_load,
            Fraction(siphash(table.seed, backend.address) % 65536, 65536),
        )
        for i, backend in serving.items()
    }


def _ordered(table: Table, ranking: Row) -> Row:
    return _by_class(table, ranking) if table.hops else _swapped(table, *ranking)


def rows(table: Table, numbers: Sequence[int] = range(ROWS)) -> Iterator[Row]:
    """The hops of the rows asked for. With max_load every row depends on all others."""
    if not table.max_load:
        yield from (_ordered(table, ranking) for ranking in rankings(table, numbers))
        return
    if not table._known_rows:
        ranked = list(rankings(table, range(ROWS)))
        ordered = [_ordered(table, ranking) for ranking in ranked]
        shared_out = balance.balanced(ordered, ranked, _limits(table, ordered))
        table._known_rows.update(enumerate(shared_out))
    yield from map(table._known_rows.__getitem__, numbers)


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


def head_v2(table: Table) -> bytes:
    """All of a table of version 2 but its rows, which follow as pairs of 32-bit indexes."""
    backends, binds = _lists(table)
    return b"".join(
        [
            struct.pack("<I", len(table.backends)),
            backends.ljust(24 * MAX_BACKENDS_V2, b"\0"),
            struct.pack("<I", len(table.binds)),
            binds.ljust(28 * MAX_BINDS_V2, b"\0"),
            table.hash_key,
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


def layout(tables: Sequence[Table]) -> Iterator[tuple[Table, bytes, struct.Struct]]:
    """What follows the header for each table: its head, and then its rows, each of this form."""
    for table in tables:
        if version(tables) == 2:
            yield table, head_v2(table), struct.Struct("<II")
        else:
            yield table, head_v3(table), struct.Struct(f"<{table.row_length()}H")


def image(tables: Sequence[Table]) -> bytes:
    parts = [image_header(tables)]
    for table, head, form in layout(tables):
        parts += [head, *(form.pack(*row) for row in rows(table))]
    return b"".join(parts)


def sample_differs(image_bytes: bytes, tables: Sequence[Table], numbers: Sequence[int]) -> str:
    """Where an image differs from that of the model, which is asked about some rows only."""
    at = len(image_header(tables))
    if image_bytes[:at] != image_header(tables):
        return "header"
    for index, (table, head, form) in enumerate(layout(tables)):
        if image_bytes[at : at + len(head)] != head:
            return f"head of table {index}"
        at += len(head)
        for number, row in zip(numbers, rows(table, numbers)):
            if form.unpack_from(image_bytes, at + number * form.size) != row:
                return f"row {number} of table {index}"
        at += ROWS * form.size
    return "" if at == len(image_bytes) else "length"


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
    return "".join(f"{half:016x}" for half in siphash_words(DIGEST_KEYS, both))


# --- Flows ---------------------------------------------------------------------------------------

FIELDS = ("src_addr", "dst_addr", "src_port", "dst_port")


@dataclass(frozen=True)
class Flow:
    """Client and service. Ports are 0 where a packet has none (echo)."""

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
