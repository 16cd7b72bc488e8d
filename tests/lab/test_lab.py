# SPDX-License-Identifier: BSD-3-Clause
"""The claims of the demo, as tests: real connections through the real programs, in namespaces."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from datagrams import DATAGRAM_SCENARIOS
from leaving import LEAVING_SCENARIOS
from netns import run
from scenarios import SCENARIOS
from topology import HERE, PYTHON

ALL = SCENARIOS | DATAGRAM_SCENARIOS | LEAVING_SCENARIOS
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")


@pytest.fixture(scope="module")
def lab(lab_up):
    """Proxies that have IPv4 addresses."""
    with lab_up() as ours:
        yield ours


@pytest.mark.parametrize("name", ALL)
def test_every_claim_holds(lab, name):
    """Every claim that the demo makes in a scenario holds."""
    outcome = ALL[name](lab, print)
    assert [claim for claim in outcome.claims if not claim.holds] == []


def traces(prefix):
    """What there is of a lab: namespaces, files, processes."""
    commands = Path("/proc").glob("[0-9]*/cmdline")
    return (
        [name for name in run("ip", "netns", "list").split() if name.startswith(f"{prefix}-")]
        + [str(path) for directory in ("/tmp", "/run", "/run/dpdk")
           for path in Path(directory).glob(f"*{prefix}*")]
        + [line for line in map(read_if_there, commands) if f"glb-lab.{prefix}." in line])


def read_if_there(path):
    """The text of a file of /proc, empty when its process has gone."""
    try:
        return path.read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_behind(lab_prefix, number):
    """Whatever a demo has started is gone when it ends, also when it was told to stop half-way."""
    prefix = f"{lab_prefix}-int"
    demo = subprocess.Popen([PYTHON, HERE / "demo.py", "--only", "steady"], text=True,
                            stdout=subprocess.PIPE, env=os.environ | {"GLB_LAB": prefix})
    with demo:
        begun = next(line for line in demo.stdout if "connections a second" in line)
        assert begun and traces(prefix)
        demo.send_signal(number)
        assert "interrupted" in demo.stdout.read()
    assert demo.returncode == 130
    assert traces(prefix) == []
