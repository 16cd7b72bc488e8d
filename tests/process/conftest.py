# SPDX-License-Identifier: BSD-3-Clause
"""A director on a device without traffic, for tests about the process rather than packets."""

import sys
from pathlib import Path

import pytest

for folder in ("packets", "devices"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

from process import Process  # noqa: E402


@pytest.fixture
def process(glb_director, tmp_path):
    """A director that has not been started yet."""
    made = Process(glb_director, tmp_path)
    yield made
    made.end()
