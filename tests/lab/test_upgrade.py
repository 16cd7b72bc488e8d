# SPDX-License-Identifier: BSD-3-Clause
"""Is a packet lost when another program takes over from a director?"""

import os

import pytest
from upgrade import DRIVERS, beside, in_place

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")


@pytest.fixture(scope="module")
def lab(lab_up):
    """A lab of its own: its directors are stopped and replaced."""
    with lab_up("-up") as ours:
        yield ours


def claim_all_there(account):
    """Every datagram has arrived once, and every director's share of them is known."""
    print(account.printed)
    print(f"sent {account.sent}, arrived {account.arrived}, forwarded {account.forwarded}")
    assert min(account.sent.values()) > 2000
    assert (account.lost, account.twice) == (0, 0), account
    assert sum(account.forwarded.values()) == sum(account.sent.values())
    assert min(account.forwarded.values()) > 0


def test_a_director_that_is_replaced_in_place_loses_nothing(lab):
    """The other host serves meanwhile."""
    account = in_place(lab)
    claim_all_there(account)
    assert "would the program that is installed now start" in account.printed
    assert "while none was there, its devices received " in account.printed


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_director_that_is_replaced_by_one_beside_it_loses_nothing(lab, driver):
    """On one host, which alone serves."""
    claim_all_there(beside(lab, DRIVERS[driver]))
