# SPDX-License-Identifier: BSD-3-Clause
"""A director as the packet cases see it: frames in; what leaves is compared with the oracle."""

from collections import Counter
from dataclasses import dataclass

import model
from drivers import VERDICTS


def _first_difference(kind: str, wanted: list, got: list) -> str:
    """Where two lists of frames part, in words."""
    for number, (want, have) in enumerate(zip(wanted, got)):
        if want != have:
            at = next((i for i, (a, b) in enumerate(zip(want, have)) if a != b), min(len(want), len(have)))
            return (
                f"{kind} frame {number} differs from byte {at} on:\n"
                f"  wanted {len(want)} bytes: {want[:160].hex()}\n"
                f"  got    {len(have)} bytes: {have[:160].hex()}"
            )
    extra = (wanted if len(wanted) > len(got) else got)[min(len(wanted), len(got)) :]
    return f"{kind}: wanted {len(wanted)} frames, got {len(got)}; the first odd one: {extra[0][:160].hex()}"


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

    @property
    def longest(self) -> int:
        """Bytes of the longest frame that can be handed to it."""
        return self.driver.longest

    def send(self, *packets) -> list:
        """Hand over frames in one go; what becomes of each.

        Every byte that leaves and every counter has been compared with the oracle on return, so a
        case only has to say what it is about. Frames the driver cannot carry are an error.
        """
        frames = [self.driver.as_received(bytes(packet)) for packet in packets]
        assert all(self.driver.shortest <= len(frame) <= self.driver.longest for frame in frames)
        oracle = model.director_of(self.config, self.tables, self.driver.source_mac)
        outcomes = [oracle.forward(frame) for frame in frames]
        wanted = {
            "forwarded": [o.frame for o in outcomes if o.verdict == "forward"],
            "punted": [o.frame for o in outcomes if o.verdict.startswith("punt")],
        }
        counts = Counter(outcome.verdict for outcome in outcomes)
        seen = self.driver.run(self.config, self.tables, [bytes(packet) for packet in packets], counts)
        for kind, frames_wanted in wanted.items():
            got = getattr(seen, kind)
            assert got == frames_wanted, _first_difference(kind, frames_wanted, got)
        assert seen.counters == {name: counts[name] for name in VERDICTS}
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

    def carries(self, packet) -> bool:
        """Can this driver be handed such a frame at all?"""
        return self.driver.shortest <= len(bytes(packet)) <= self.driver.longest
