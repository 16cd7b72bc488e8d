# SPDX-License-Identifier: BSD-3-Clause
"""Proxies that fail are taken out and in again; checkers that fail take nothing out."""

import os

import pytest
from health import HEALTH_SCENARIOS, Checkers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")


WRAPPED_IN_IPV6 = ("tunnel-breaks", "packets-too-large")  # all else is the same, whatever packets are wrapped in


@pytest.fixture(scope="module")
def lab(request, lab_up):
    """A lab whose directors serve what their checkers write."""
    with lab_up(f"-h{request.param}", underlay=request.param) as ours, Checkers.of(ours):
        yield ours


@pytest.mark.parametrize("lab, name", [
    *((4, name) for name in HEALTH_SCENARIOS), *((6, name) for name in WRAPPED_IN_IPV6)], indirect=["lab"])
def test_every_claim_holds(lab, name):
    """Every claim of a scenario holds."""
    outcome = HEALTH_SCENARIOS[name](lab, print)
    assert [claim for claim in outcome.claims if not claim.holds] == []
