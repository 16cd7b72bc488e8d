# SPDX-License-Identifier: BSD-3-Clause
"""A director as the packet cases see it: frames in; what leaves is compared with the oracle."""

from collections import Counter
from dataclasses import dataclass

import pytest

import model


def _first_difference(kind: str, wanted: list, got: list) -> str:
    """Where two lists of frames part, in words."""
    for number, (want, have) in enumerate(zip(wanted, got)):
        if want != have:
            differing = (i for i, (a, b) in enumerate(zip(want, have)) if a != b)
            at = next(differing, min(len(want), len(have)))
            return (
                f"{kind} frame {number} differs from byte {at} on:\n"
                f"  wanted {len(want)} bytes: {want[:160].hex()}\n"
                f"  got    {len(have)} bytes: {have[:160].hex()}"
            )
    extra = max(wanted, got, key=len)[min(len(wanted), len(got))]
    return (
        f"{kind}: wanted {len(wanted)} frames, got {len(got)}; "
        f"the first odd one: {extra[:160].hex()}"
    )


@dataclass(frozen=True)
class Director:
    """One of the drivers with a configuration."""

    driver: object
    config: dict
    tables: dict

    def with_config(self, **changes) -> "Director":
        return Director(self.driver, {**self.config, **changes}, self.tables)

    def with_tables(self, *tables: dict) -> "Director":
        return Director(self.driver, self.config, {"tables": list(tables)})

    def carries(self, packet) -> bool:
        """Can this driver hand over such a frame at all?"""
        return not self.driver.cannot_carry(bytes(packet))

    def needs(self, *packets) -> None:
        """Skip the case where its frames cannot be handed over."""
        for packet in packets:
            if reason := self.driver.cannot_carry(bytes(packet)):
                pytest.skip(reason)

    def send(self, *packets) -> list:
        """Hand over frames in one go; what becomes of each.

        Every byte that leaves and every counter has been compared with the oracle on return, so a
        case only has to say what it is about.
        """
        frames = [bytes(packet) for packet in packets]
        assert not any(map(self.driver.cannot_carry, frames))
        oracle = model.director_of(self.config, self.tables, self.driver.source_mac)
        outcomes = [oracle.forward(self.driver.as_received(frame)) for frame in frames]
        wanted = {
            "forwarded": [o.frame for o in outcomes if o.verdict == "forward"],
            "punted": [o.frame for o in outcomes if o.verdict.startswith("punt")],
        }
        counts = Counter(outcome.verdict for outcome in outcomes)
        seen = self.driver.run(self.config, self.tables, frames, counts)
        for kind, frames_wanted in wanted.items():
            got = getattr(seen, kind)
            if not self.driver.in_order:
                got, frames_wanted = sorted(got), sorted(frames_wanted)
            assert got == frames_wanted, _first_difference(kind, frames_wanted, got)
        assert seen.counters == counts
        return outcomes

    def send_one(self, packet):
        """send() for a single frame."""
        return self.send(packet)[0]

    def hops_of(self, packet) -> tuple:
        """The proxies a frame is sent to, primary first."""
        outcome = self.send_one(packet)
        assert outcome.verdict == "forward"
        return outcome.hops

    def verdict_of(self, packet) -> str:
        return self.send_one(packet).verdict
