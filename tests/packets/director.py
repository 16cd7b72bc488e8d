# SPDX-License-Identifier: BSD-3-Clause
"""A director as the packet cases see it: frames in; what leaves is compared with the oracle."""

import os
from collections import Counter
from dataclasses import dataclass
from typing import Optional

import pytest

import datapath
from drivers import Seen, Sending


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

    def without_gateway(self, **changes) -> "Director":
        """With a gateway whose address is unknown."""
        if self.driver.reloads:
            pytest.skip("a director that reloads holds on to the gateway it had for a while")
        unknown = {"outbound_gateway_mac": "auto", "outbound_gateway_ip": "198.18.0.250"}
        return self.with_config(**unknown, **changes)

    def send(self, *packets, at: Optional[list] = None) -> list:
        """Hand over frames in one go, `at` these seconds; what becomes of each.

        Every byte that leaves and every counter has been compared with the oracle on return, so a
        case only has to say what it is about.
        """
        frames = [bytes(packet) for packet in packets]
        assert all(map(self.driver.can_carry, frames))
        oracle = datapath.director_of(self.config, self.tables, self.driver.port)
        times = at or [0.0] * len(frames)
        outcomes = [
            oracle.forward(self.driver.as_received(frame), now) for frame, now in zip(frames, times)
        ]
        wanted = Seen(
            [o.frame for o in outcomes if o.leaves],
            [o.frame for o in outcomes if o.verdict.startswith("punt")],
            Counter(outcome.verdict for outcome in outcomes),
        )
        case = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        seen = self.driver.run(Sending(self.config, self.tables, frames, at, case), wanted)
        if not self.driver.in_order:
            seen, wanted = seen.in_any_order(), wanted.in_any_order()
        assert seen.sent == wanted.sent, _first_difference("sent", wanted.sent, seen.sent)
        assert seen.punted == wanted.punted, _first_difference("punted", wanted.punted, seen.punted)
        assert seen.counters == wanted.counters
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
