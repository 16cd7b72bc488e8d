# SPDX-License-Identifier: BSD-3-Clause
"""SipHash-2-4, one hash or thousands at a time."""

from __future__ import annotations

import array
import struct
import sys
from functools import lru_cache
from typing import Iterable, Sequence

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


def siphash_words(keys: Sequence[bytes], words: Iterable[int]) -> list[int]:
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
    return siphash_words([key] * len(messages), words)


@lru_cache(maxsize=None)
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
