# SPDX-License-Identifier: BSD-3-Clause
"""The lab with IPv6 between directors and proxies: the same connections survive a drain."""

import os

import pytest
from scenarios import SCENARIOS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")


@pytest.fixture(scope="module")
def lab(lab_up):
    """Proxies that have IPv6 addresses."""
    with lab_up("-v6", underlay=6) as ours:
        yield ours


@pytest.mark.parametrize("name", ["steady", "drain"])
def test_every_claim_holds_over_ipv6(lab, name):
    """What clients see does not depend on the IP version between directors and proxies."""
    outcome = SCENARIOS[name](lab, print)
    assert [claim for claim in outcome.claims if not claim.holds] == []
