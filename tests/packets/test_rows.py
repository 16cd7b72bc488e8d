# SPDX-License-Identifier: BSD-3-Clause
"""Which backends a row names: states, health, and tables of one or very many backends."""

import pytest
from scapy.layers.inet import IP, TCP

from frames import VIP, backend, backends, bind, ether, table

BIND = bind(VIP, "tcp", 443)
CLIENTS = [f"11.{n}.7.{n}" for n in range(60)]


def hops(director, *serving) -> list:
    """The hops of sixty clients."""
    served = director.with_tables(table([BIND], list(serving)))
    packets = [ether(IP(src=client, dst=VIP) / TCP(dport=443)) for client in CLIENTS]
    return [outcome.hops for outcome in served.send(*packets)]


FIRST, SECOND = "10.0.0.1", "10.0.0.2"


@pytest.mark.parametrize(
    "state, healthy", [("draining", True), ("active", False), ("filling", False)]
)
def test_a_first_that_drains_or_is_down_yields_to_an_active_second(director, state, healthy):
    rows = hops(director, backend(FIRST, state, healthy), backend(SECOND))
    assert set(rows) == {(SECOND, FIRST)}


def test_a_filling_backend_serves_like_an_active_one_and_keeps_the_old_owner_second(director):
    with_filling = hops(director, backend(FIRST, "filling"), backend(SECOND))
    assert with_filling == hops(director, backend(FIRST), backend(SECOND))
    assert {row[0] for row in with_filling} == {FIRST, SECOND}


def test_a_bad_first_does_not_yield_to_a_second_that_fills_or_drains(director):
    natural = hops(director, backend(FIRST), backend(SECOND))
    for second in ("filling", "draining"):
        rows = hops(director, backend(FIRST, healthy=False), backend(SECOND, second))
        assert [row for row, was in zip(rows, natural) if was[0] == FIRST] == [
            row for row in natural if row[0] == FIRST
        ]


def test_two_bad_active_backends_change_places(director):
    natural = hops(director, backend(FIRST), backend(SECOND))
    bad = hops(director, backend(FIRST, healthy=False), backend(SECOND, healthy=False))
    assert bad == [row[::-1] for row in natural]


def test_a_drained_backend_hands_over_to_the_one_that_was_second(director):
    """No other backend's flows move."""
    five = backends(0, 5)
    before = hops(director, *five)
    five[2] = backend(five[2]["ip"], "draining")
    after = hops(director, *five)
    drained = five[2]["ip"]
    assert after == [row[::-1] if row[0] == drained else row for row in before]
    assert drained in {row[0] for row in before}


def test_an_inactive_backend_is_in_no_row(director):
    five = backends(0, 5)
    without = hops(director, *five[:4])
    five[4] = backend(five[4]["ip"], "inactive")
    assert hops(director, *five) == without


@pytest.mark.parametrize("state", ["active", "filling", "draining"])
@pytest.mark.parametrize("healthy", [True, False])
def test_a_backend_that_is_alone_is_primary_and_secondary(director, state, healthy):
    assert set(hops(director, backend(FIRST, state, healthy))) == {(FIRST, FIRST)}


def test_a_backend_that_is_alone_among_inactive_ones_is_primary_and_secondary(director):
    inactive = [backend(address, "inactive") for address in ("10.0.0.9", SECOND)]
    rows = hops(director, inactive[0], backend(FIRST), inactive[1])
    assert set(rows) == {(FIRST, FIRST)}


def test_health_that_is_not_given_means_down(director):
    unknown = {"ip": FIRST, "state": "active"}
    assert set(hops(director, unknown, backend(SECOND))) == {(SECOND, FIRST)}


def test_a_full_table_of_backends_is_used(director):
    many = [backend(f"10.{n % 3}.{n % 5}.{n % 251 + 1}") for n in range(256)]
    assert len({row[0] for row in hops(director, *many)}) > 40
