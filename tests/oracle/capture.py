# SPDX-License-Identifier: BSD-3-Clause
"""Ethernet captures as lists of frames, in the classic pcap format."""

import struct
from pathlib import Path

_ETHERNET = 1
_LONGEST = 262144  # what capture tools call "no limit"


def write(path: Path, frames: list, times: list = None) -> None:
    """Frames a microsecond apart, unless `times` has the seconds since the epoch of each."""
    times = times or [number / 1e6 for number in range(len(frames))]
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _LONGEST, _ETHERNET))
        for frame, time in zip(frames, times):
            seconds, microseconds = divmod(round(time * 1e6), 1_000_000)
            out.write(struct.pack("<IIII", seconds, microseconds, len(frame), len(frame)) + frame)


def read(path: Path) -> list:
    data = path.read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    magic = struct.unpack_from(order + "I", data)[0]
    assert magic in (0xA1B2C3D4, 0xA1B23C4D), f"{path}: no capture"
    assert struct.unpack_from(order + "I", data, 20)[0] == _ETHERNET
    frames, at = [], 24
    while at < len(data):
        captured, original = struct.unpack_from(order + "II", data, at + 8)
        assert captured == original, f"{path}: frame {len(frames)} is cut short"
        frames.append(data[at + 16 : at + 16 + captured])
        at += 16 + captured
    return frames
