# SPDX-License-Identifier: BSD-3-Clause
"""A checker on loopback addresses, with backends that listen or do not."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
for folder in ("process", "packets", "devices"):
    sys.path.append(str(TESTS / folder))

# pylint: disable=wrong-import-position
from checker import Checker
from listeners import Listeners
from process import Process

PROGRAM = "src/healthcheck/glb-healthcheck"


@pytest.fixture(scope="session")
def glb_healthcheck(glbctl) -> Path:
    """The path of glb-healthcheck, which is built where libcurl is installed."""
    program = glbctl.parents[2] / PROGRAM
    if not program.exists():
        pytest.skip(f"{program} is not built")
    return program


@pytest.fixture
def checker(glb_healthcheck, tmp_path):
    """A checker that has not been started yet."""
    made = Checker(glb_healthcheck, tmp_path)
    yield made
    made.end()


@pytest.fixture
def listeners():
    """Backends: none listens yet."""
    made = Listeners()
    yield made
    made.close()


@pytest.fixture
def process(glb_director, tmp_path):
    """A director that has not been started yet."""
    made = Process(glb_director, tmp_path)
    yield made
    made.end()
