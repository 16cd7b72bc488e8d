# SPDX-License-Identifier: BSD-3-Clause
"""The claims of the demo, as tests: real connections through the real programs, in namespaces."""

import os

import pytest
from scenarios import SCENARIOS
from topology import Lab

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")


@pytest.fixture(scope="module")
def lab(request):
    """A running lab, apart from one that a demo may have left up; its logs stay after a failure."""
    ours = Lab(prefix=os.environ.get("GLB_LAB", "glbtest"))
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


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_claim_holds(lab, name):
    """Every claim that the demo makes in a scenario holds."""
    outcome = SCENARIOS[name](lab, print)
    assert [claim for claim in outcome.claims if not claim.holds] == []
