# SPDX-License-Identifier: BSD-3-Clause
"""The lab with IPv6 between directors and proxies: the same connections survive a drain."""

import os

import pytest
from scenarios import SCENARIOS
from topology import Lab

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")
PREFIX = os.environ.get("GLB_LAB", "glbtest")


@pytest.fixture(scope="module")
def lab(request):
    """A running lab whose proxies have IPv6 addresses; its logs stay after a failure."""
    ours = Lab(prefix=f"{PREFIX}-v6", underlay=6)
    ours.claim()
    failed_before = request.session.testsfailed
    try:
        ours.up()
        yield ours
    finally:
        failed = request.session.testsfailed > failed_before
        if failed:
            print(f"the logs of the lab are in {ours.directory}")
        ours.down(keep_files=failed)


@pytest.mark.parametrize("name", ["steady", "drain"])
def test_every_claim_holds_over_ipv6(lab, name):
    """What clients see does not depend on the IP version between directors and proxies."""
    outcome = SCENARIOS[name](lab, print)
    assert [claim for claim in outcome.claims if not claim.holds] == []
