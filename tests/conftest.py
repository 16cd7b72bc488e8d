# SPDX-License-Identifier: BSD-3-Clause
"""What the Python suites share: where the programs are, and each other's modules."""

import os
import signal
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
BUILD = ROOT / os.environ.get("GLB_BUILD", "build")
PROGRAMS = {
    "glb-director": BUILD / "src/director/glb-director",
    "glbctl": BUILD / "src/ctl/glbctl",
    "conf-reader": BUILD / "tests/conf/conf-reader",
}

# A program built with sanitizers fails at the first finding, instead of mentioning it.
os.environ.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")

# Modules whose assertions explain themselves like those of tests.
pytest.register_assert_rewrite("director", "drivers")

sys.path[:0] = [str(TESTS / "oracle"), str(TESTS / "lab")]



def pytest_configure(config):
    # as Ctrl-C: otherwise namespaces, directors and hugepages of the test in progress would stay
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "slow: minutes of more of the same; runs with `-m` alone")
    if not config.option.markexpr:
        config.option.markexpr = "not slow"


@pytest.fixture(scope="session")
def glbctl() -> Path:
    """The path of glbctl, which every build has."""
    program = PROGRAMS["glbctl"]
    assert program.exists(), f"{program} is missing: build first, or name the build with GLB_BUILD"
    return program


@pytest.fixture(scope="session")
def glb_director() -> Path:
    """The path of glb-director, which is built where DPDK is installed."""
    program = PROGRAMS["glb-director"]
    if not program.exists():
        pytest.skip(f"{program} is not built")
    return program
