# SPDX-License-Identifier: BSD-3-Clause
"""The reference vectors, when they lie beside the checkout, and where glb means to differ."""

import json
from functools import cached_property
from pathlib import Path

import pytest

import capture
import datapath

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "golden"

needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="no reference vectors in ../shared/golden beside the checkout"
)

SOURCE_MAC = "02:70:63:61:70:00"

# Sources that the original compiles although they cannot mean what their author wanted. glb refuses
# them, naming the place.
REFUSED = {
    "43_duplicate_ips": "$.tables[0].backends[2].ip: duplicate backend",
    "45_health_types": "$.tables[0].backends[1].healthy: is a number",
    "48_mask_quirks": '$.tables[0].binds[0].ip: "192.0.2.1/"',
    "50_no_tables": "$.tables: empty",
    "51_tables_not_array": "$.tables: is an object",
}

# Sources of which the original keeps 256 entries and writes a count that its own loader refuses. glb
# takes all of them, into an image of version 3.
OVERFLOWING = ("33_n300_overflow", "36_binds_300_overflow")

# With fewer than two usable backends the original writes what happened to be in memory.
ONE_USABLE = ("u1_one_backend", "u2_one_usable_of_three", "u3_three_then_one")
NONE_USABLE = ("u4_all_inactive", "u5_no_backends", "u6_three_then_none")

# Sets whose tables have IPv6 backends. The original puts the first four bytes of the address into
# the outer IPv4 header; glb refuses such a table for forwarding, though it compiles it.
REFUSED_SETS = ("20_v6_backends",)

# Sets that show behaviour the original does not define.
UNSPECIFIED_SETS = ("23_overlapping_binds_UNSPECIFIED",)

# Frames that glb treats otherwise on purpose: {set: {frame: verdict}}. The original reads ports and
# addresses at fixed offsets and looks at nothing else.
OPTIONS_ARE_SKIPPED = "forward"
HAS_NO_PORTS = "drop_fragment"
CONTRADICTS_ITSELF = "drop_bad_length"
IS_SHORTER_THAN_IT_SAYS = "drop_truncated"
IS_FOR_A_GROUP = "punt_group"
IS_FOR_ANOTHER_HOST = "drop_other_host"
IS_FROM_LOOPBACK = "drop_source"
DIFFERENT = {
    # Random clients, some of them in 127.0.0.0/8.
    "01_tcp4_flows": {323: IS_FROM_LOOPBACK},
    "22_256_backends": dict.fromkeys((66, 221, 222, 409), IS_FROM_LOOPBACK),
    "15_odd_ipv4": {
        # Options: the ports are behind them, not in their first four bytes.
        0: OPTIONS_ARE_SKIPPED,  # router alert; the original sees port 0
        1: OPTIONS_ARE_SKIPPED,  # options that spell port 80, and port 80 behind them
        2: OPTIONS_ARE_SKIPPED,  # the same for another client
        # Later fragments to a VIP: payload where ports would be.
        5: HAS_NO_PORTS,  # spells port 80
        6: HAS_NO_PORTS,  # spells another
        # Headers that cannot be true.
        13: CONTRADICTS_ITSELF,  # version 5
        14: CONTRADICTS_ITSELF,  # header of 16 bytes
        15: CONTRADICTS_ITSELF,  # version 6 behind the EtherType of IPv4
        19: CONTRADICTS_ITSELF,  # total length 10
        20: CONTRADICTS_ITSELF,  # total length 0
        # Frames that end early; the original fills in whatever the buffer held before.
        21: IS_SHORTER_THAN_IT_SAYS,  # total length 400 in 90 bytes
        32: IS_SHORTER_THAN_IT_SAYS,  # cut behind the ports
        33: IS_SHORTER_THAN_IT_SAYS,  # cut inside the ports
        34: IS_SHORTER_THAN_IT_SAYS,
        35: IS_SHORTER_THAN_IT_SAYS,  # cut behind the IPv4 header
        36: IS_SHORTER_THAN_IT_SAYS,  # cut inside the IPv4 header
        # To a VIP, in frames that other hosts get, too, and might forward as well.
        26: IS_FOR_A_GROUP,  # broadcast; the original forwards it
        27: IS_FOR_ANOTHER_HOST,  # the original forwards it
    }
}


def digests() -> dict:
    """{table source: SHA-256 of its image}"""
    lines = (REFERENCE / "tables" / "SHA256SUMS").read_text().splitlines()
    return {name.removesuffix(".bin"): digest for digest, name in map(str.split, lines)}


def table_names() -> list:
    return sorted(set(digests()) - set(REFUSED) - set(OVERFLOWING)) if REFERENCE.is_dir() else []


def set_names() -> list:
    """The packet sets to reproduce."""
    if not REFERENCE.is_dir():
        return []
    names = {folder.name for folder in (REFERENCE / "packets").iterdir()}
    return sorted(names - set(REFUSED_SETS) - set(UNSPECIFIED_SETS))


class PacketSet:
    """Frames, what the original made of each, and the two configurations."""

    def __init__(self, name: str):
        self.folder = REFERENCE / "packets" / name
        self.different = DIFFERENT.get(name, {})
        self.frames = capture.read(self.folder / "in.pcap")
        self.config = json.loads((self.folder / "director.json").read_text())
        self.tables = json.loads((self.folder / "table.json").read_text())
        lines = (self.folder / "verdicts.txt").read_text().splitlines()
        self.verdicts = [line.split()[1] for line in lines]
        leaving = {
            "TX": iter(capture.read(self.folder / "out.pcap")),
            "KNI": iter(capture.read(self.folder / "unmatched.pcap")),
        }
        self.results = [next(leaving[v]) if v in leaving else b"" for v in self.verdicts]

    def same(self) -> list:
        """The numbers of the frames to be treated as the original does."""
        return [n for n in range(len(self.frames)) if n not in self.different]

    @cached_property
    def outcomes(self) -> list:
        """What the oracle makes of every frame."""
        director = datapath.director_of(self.config, self.tables, datapath.Port(SOURCE_MAC))
        return [director.forward(frame) for frame in self.frames]

    def leaving(self, original_verdict: str, verdict: str) -> list:
        """Frames that leave one way: as the original has them, or the oracle where glb differs."""
        results = []
        for number, outcome in enumerate(self.outcomes):
            if number in self.different:
                results += [outcome.frame] if outcome.verdict.startswith(verdict) else []
            elif self.verdicts[number] == original_verdict:
                results.append(self.results[number])
        return results
