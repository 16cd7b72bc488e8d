# SPDX-License-Identifier: BSD-3-Clause
"""Does a connection survive each change of the fleet, in tables of two and of three hops?"""

import os
from collections import Counter

import pytest
from fleet import CHANGES, HOP_COUNTS, NOT_ALLOWED, TWO_DRAINS, live_through
from scenarios import broken

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")

# How many connections live through a change; seconds in which they are opened, and live on.
FEW, SHORT = 50, 0.4
MANY, LONG = 500, 4.0


@pytest.fixture(scope="module")
def lab(lab_up):
    """A lab of its own: its tables have other proxies than those of the demo."""
    with lab_up("-fleet") as ours:
        yield ours


def live_through_all(lab, changes, count, seconds):
    """What does not hold of changes with so many hops, and second chances, by change."""
    failed, redirected = [], Counter()
    for change, hops in changes:
        outcome = live_through(lab, change, hops, count, seconds, print)
        failed += [claim for claim in outcome.claims if not claim.holds]
        redirected[change.name] += outcome.second_chances
    return failed, redirected


def test_connections_live_through_every_change(lab):
    """Silent, busy and very busy ones, if need be by their second chance."""
    changes = [(change, 2) for change in CHANGES] + [(change, 3) for change in TWO_DRAINS]
    failed, redirected = live_through_all(lab, changes, FEW, SHORT)
    assert failed == []
    assert all(redirected[name] for name in ("add", "fail", "drain", "drain two"))


def test_what_may_not_be_done_breaks_connections(lab):
    """This would be seen: a proxy that serves connections is removed."""
    assert broken(live_through(lab, NOT_ALLOWED, 2, FEW, SHORT, print).connections)


@pytest.mark.slow
def test_many_connections_live_through_every_change(lab):
    """Five hundred at a time, with two and with three hops."""
    changes = [(change, hops) for hops in HOP_COUNTS for change in CHANGES]
    changes += [(change, 3) for change in TWO_DRAINS]
    failed, _ = live_through_all(lab, changes, MANY, LONG)
    assert failed == []
