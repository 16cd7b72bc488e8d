# SPDX-License-Identifier: BSD-3-Clause
"""A running lab, for as long as the tests of a file take."""

import contextlib
import os

import pytest
from topology import Lab


@pytest.fixture(scope="session")
def lab_prefix():
    """What names of namespaces begin with: a demo may have left its own lab up."""
    return os.environ.get("GLB_LAB", "glbtest")


@pytest.fixture(scope="session")
def lab_up(request, lab_prefix):
    """lab_up(suffix, ...) as a context: a running lab, whose logs stay after a failure."""

    @contextlib.contextmanager
    def up(suffix="", **options):
        ours = Lab(prefix=lab_prefix + suffix, **options)
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

    return up
