# SPDX-License-Identifier: BSD-3-Clause
"""Does a director lose, mix up or leak anything under everything at once? And would the soak see it?"""

import os
from collections import Counter
from types import SimpleNamespace

import pytest
from bookkeeping import unaccounted
from scenarios import Outcome
from soak import Soak
from soak_claims import claim_outputs, claim_turns

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")


def soaked(lab_up, minutes, reloads, rate):
    """The claims that do not hold of a soak."""
    with lab_up("-soak") as lab:
        outcome = Soak(lab, minutes, reloads, rate, print).run()
        return [claim for claim in outcome.claims if not claim.holds]


@needs_root
def test_a_short_soak(lab_up):
    """Every claim of a soak holds of twelve seconds of one."""
    assert soaked(lab_up, 0.2, 10, rate=20000) == []


@needs_root
@pytest.mark.slow
def test_a_long_soak(lab_up):
    """Every claim of a soak holds of half an hour."""
    assert soaked(lab_up, 30, 1000, rate=1000000) == []


BOOKS = Counter(kernel_rx=110, kernel_tx=94, ring_full=5, rx=110, forward=88, answer_echo=2, punt_not_ip=10,
                punt_dropped=10, drop_loop=10, tx=89, tx_dropped=1, handover_dropped=0)


@pytest.mark.parametrize("name, where", [
    ("rx", "verdicts"), ("kernel_rx", "wire"), ("ring_full", "wire"), ("drop_loop", "verdicts"),
    ("tx_dropped", "sent"), ("forward", "sent")])
def test_one_packet_that_nobody_accounts_for_is_found(name, where):
    """A packet more or less in one counter shows, and where."""
    books = Counter(BOOKS)
    assert set(unaccounted(books).values()) == {0}
    books[name] += 1
    assert unaccounted(books)[where] != 0


def test_an_output_of_neither_table_is_found():
    """The primary of one table with the second hop of the other one is no output of either."""
    for header, holds in (("0a000202", True), ("0a000203", False)):
        expected = {(1, "0a000201", "0a000202"), (1, "0a000203", "0a000201")}
        run = SimpleNamespace(outcome=Outcome("x"), expected=expected)
        claim_outputs(run, {"sent": 64, "probes": 1, "seen": [[1, "0a000201", f"0104{header}", 1]]})
        assert run.outcome.holds == holds


def test_turns_that_are_longer_with_reloads_are_found():
    """The worst of one bucket above is luck, of two is not."""
    for worst, holds in ((20, True), (21, True), (22, False)):
        run = SimpleNamespace(outcome=Outcome("x"), sanitized=False, seconds=1800, busy_share=1.0,
                              turns={False: Counter({10: 9, 20: 1}), True: Counter({10: 9, worst: 1})})
        claim_turns(run)
        assert run.outcome.holds == holds
