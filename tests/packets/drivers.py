# SPDX-License-Identifier: BSD-3-Clause
"""The ways in which frames reach the data path, each behind the same method."""

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import capture

VERDICTS = (
    "forward",
    "punt_not_ip",
    "punt_no_bind",
    "drop_truncated",
    "drop_bad_length",
    "drop_fragment",
    "drop_too_big",
    "drop_no_headroom",
)


@dataclass
class Seen:
    """What came out."""

    forwarded: list
    punted: list
    counters: dict


def counters_of(text: str) -> dict:
    """The NAME VALUE lines that every program prints."""
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def write_configuration(folder: Path, config: dict, tables: dict) -> list:
    """Write both files; the arguments that name them."""
    (folder / "director.json").write_text(json.dumps(config))
    (folder / "tables.json").write_text(json.dumps(tables))
    return ["--config", folder / "director.json", "--tables", folder / "tables.json"]


class Replay:
    """glbctl replay: the data path alone, without DPDK or privileges."""

    source_mac = "02:70:63:61:70:00"
    shortest, longest = 1, 100000

    def __init__(self, glbctl: Path, folder: Path):
        self.glbctl = glbctl
        self.folder = folder

    def as_received(self, frame: bytes) -> bytes:
        return frame

    def run(self, config: dict, tables: dict, frames: list, counts: Counter) -> Seen:
        names = {name: self.folder / f"{name}.pcap" for name in ("in", "out", "punted")}
        capture.write(names["in"], frames)
        command = [
            self.glbctl,
            "replay",
            *write_configuration(self.folder, config, tables),
            *("--source-mac", self.source_mac, "--punted", names["punted"]),
            *(names["in"], names["out"]),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return Seen(
            capture.read(names["out"]), capture.read(names["punted"]), counters_of(done.stdout)
        )

    def stop(self) -> None:
        pass
