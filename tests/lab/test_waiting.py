# SPDX-License-Identifier: BSD-3-Clause
"""Time limits are those of an idle machine: no test fails because this one is slow."""

import time

import netns
import pytest


def wait(monkeypatch, slowness, due):
    """Wait a fifth of a second for something that is due then, on a machine so slow."""
    monkeypatch.setattr(netns, "slowness", lambda: slowness)
    begin = time.monotonic()
    netns.wait_until(lambda: time.monotonic() - begin > due, "it", 0.2, every=0.05)


def test_what_comes_late_on_a_busy_machine_is_waited_for(monkeypatch):
    wait(monkeypatch, 3, 1)


def test_what_never_comes_is_given_up(monkeypatch):
    with pytest.raises(netns.LabError, match="waiting for it"):
        wait(monkeypatch, 3, 1000)


def test_a_processor_that_others_take_makes_this_one_slow():
    """Seen from here, a processor shared with three others is a quarter of one."""
    assert netns.slowness() > 0.9
