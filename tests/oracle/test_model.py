# SPDX-License-Identifier: BSD-3-Clause
"""The model against facts: published vectors, and what hosts of an existing deployment agree on."""

import dataclasses
import ipaddress
import math
from collections import Counter
from fractions import Fraction

import pytest

import balance
import model
import writing

PUBLISHED_KEY = bytes(range(16))
HASH_KEY = bytes.fromhex("12345678901234561234567890123456")
ROW_SEED = bytes.fromhex("49a3d861d661ae5ab06ed9326871a2f5")
THREE_SEED = "34567890123456783456789012345678"
FOUR_SEED = "12345678901234561234567890123456"


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def table_of(seed: str, addresses: list, **last_backend) -> model.Table:
    """A table of healthy, active backends; keywords change the last of them."""
    backends = [{"ip": ip, "state": "active", "healthy": True} for ip in addresses]
    backends[-1].update(last_backend)
    binds = [{"ip": "192.0.2.1", "proto": "tcp", "port": 80}]
    source = {"hash_key": "00" * 16, "seed": seed, "binds": binds, "backends": backends}
    return model.tables_of({"tables": [source]})[0]


def three(**last_backend) -> model.Table:
    return table_of(THREE_SEED, ["1.2.3.4", "2.3.4.5", "3.4.5.6"], **last_backend)


def four() -> model.Table:
    return table_of(FOUR_SEED, ["4.5.6.7", "5.6.7.8", "6.7.8.9", "7.8.9.0"])


@pytest.mark.parametrize(
    "length, expected",
    [
        (0, "310e0edd47db6f72"),
        (1, "fd67dc93c539f874"),
        (8, "6224939a79f5f593"),
        (15, "e545be4961ca29a1"),
    ],
)
def test_siphash_gives_what_its_authors_published(length, expected):
    assert model.digest(model.siphash(PUBLISHED_KEY, bytes(range(length)))).hex() == expected


def test_many_hashes_at_once_are_the_same_hashes():
    messages = [bytes([n % 251, n // 251]) * 5 for n in range(5000)]
    one_by_one = [model.siphash(PUBLISHED_KEY, message) for message in messages]
    assert model.siphash_many(PUBLISHED_KEY, messages) == one_by_one


@pytest.mark.parametrize(
    "row, seed, scores, order",
    [
        (
            0x0000,
            "491c53a72df4c837",
            ["e47127dd8fe077de", "8b1ddec5575c8634", "705425e3e522989b", "6f022ce1ea607e16"],
            [4, 3, 2, 1],
        ),
        (
            0xFFFF,
            "f223c0cc65161620",
            ["0233ef12d7a983d9", "6414aa65f0a10601", "af48ea8c83867829", "a1f610df9fbb2025"],
            [1, 2, 4, 3],
        ),
        (
            0xBB44,
            "e290f8f430eb33d3",
            ["3595c936c995ae63", "db40d5031678c90a", "eb798632d691530c", "0676eaf9cb7d2f85"],
            [4, 1, 2, 3],
        ),
    ],
)
def test_the_seed_and_the_order_of_a_row(row, seed, scores, order):
    seeds = model.row_seeds(ROW_SEED, [row])
    addresses = {n: packed(f"1.1.1.{n}") for n in (1, 2, 3, 4)}
    ranks = {n: model.scores(ROW_SEED, seeds, address)[0] for n, address in addresses.items()}
    assert seeds[0].hex() == seed
    assert [f"{rank:016x}" for rank in ranks.values()] == scores
    assert sorted(ranks, key=ranks.get) == order


def test_the_rank_of_an_ipv6_backend():
    seeds = model.row_seeds(ROW_SEED, [0])
    assert model.scores(ROW_SEED, seeds, packed("fdb4:98ce:52d4::42")) == [0xF4D5941FC00FC6DF]


@pytest.mark.parametrize(
    "table, first_rows",
    [
        (three(), [(0, 1), (0, 1), (2, 1), (0, 2)]),
        (three(state="draining"), [(0, 1), (0, 1), (1, 2), (0, 2)]),
        (three(healthy=False), [(0, 1), (0, 1), (1, 2), (0, 2)]),
        (four(), [(0, 1), (1, 2), (0, 1), (1, 3)]),
    ],
)
def test_the_first_rows_of_known_tables(table, first_rows):
    assert list(model.rows(table, range(4))) == first_rows


def test_the_last_row_of_known_tables():
    assert three().row(65535) == (1, 0)
    assert four().row(65535) == (0, 2)


@pytest.mark.parametrize(
    "table, primaries",
    [
        (three(), {0: 21911, 1: 21869, 2: 21756}),
        (three(state="draining"), {0: 32757, 1: 32779}),
        (three(healthy=False), {0: 32757, 1: 32779}),
    ],
)
def test_how_often_each_backend_is_primary(table, primaries):
    assert Counter(primary for primary, _ in model.rows(table)) == primaries


def backend(number: int, description: str) -> model.Backend:
    """ "draining up" and the like."""
    state, health = description.split()
    return model.Backend(bytes([10, 0, 0, number]), state, health == "up")


@pytest.mark.parametrize(
    "first, second, swapped",
    [
        ("active up", "active up", False),
        ("filling up", "active up", False),
        ("draining up", "active up", True),
        ("draining up", "active down", True),
        ("active down", "active up", True),
        ("active down", "active down", True),
        ("filling down", "active up", True),
        ("active down", "filling up", False),
        ("draining up", "filling up", False),
        ("draining up", "draining up", False),
    ],
)
def test_an_active_second_replaces_a_first_that_drains_or_is_down(first, second, swapped):
    """In row 0 of this table backend 0 ranks first."""
    table = model.Table(bytes(16), bytes(16), (), (backend(1, first), backend(2, second)))
    assert table.row(0) == ((1, 0) if swapped else (0, 1))


def test_backends_with_one_address_rank_in_file_order():
    twins = table_of(THREE_SEED, ["10.0.0.1", "10.0.0.1"])
    assert set(model.rows(twins, range(100))) == {(0, 1)}


def test_a_backend_that_is_alone_is_its_own_secondary():
    alone = table_of(THREE_SEED, ["10.0.0.1", "10.0.0.2"], state="inactive")
    assert set(model.rows(alone, range(100))) == {(0, 0)}


@pytest.mark.parametrize(
    "message, expected",
    [
        (packed("10.11.12.13"), 0x008972F1657A5CBD),
        (packed("127.1.0.1"), 0x920D666B67911C9A),
        (packed("127.199.255.255"), 0x605677C71B0F36F6),
        (packed("fd91:79d3:d621::1234"), 0xC662B55857F2198D),
    ],
)
def test_the_hash_of_a_source_address(message, expected):
    assert model.siphash(HASH_KEY, message) == expected


@pytest.mark.parametrize(
    "fields, expected",
    [
        (("src_addr",), 0x008972F1657A5CBD),
        (("src_addr", "src_port"), 0x16DDE057551629EA),
        (("dst_port", "src_port", "dst_addr", "src_addr"), 0x4C6EC708A6A73BF0),
    ],
)
def test_the_hash_of_a_flow_by_its_fields_whatever_order_names_them(fields, expected):
    flow = model.Flow(packed("10.11.12.13"), packed("1.1.1.1"), 45678, 80)
    assert model.flow_hash(HASH_KEY, flow, fields) == expected


def fleet(*backends: dict, hops=None) -> model.Table:
    """A table of backends 10.0.0.1, 10.0.0.2, ... that are active and healthy unless they say."""
    table = table_of(THREE_SEED, [f"10.0.0.{n}" for n in range(1, len(backends) + 1)])
    made = tuple(
        dataclasses.replace(backend, **options)
        for backend, options in zip(table.backends, backends)
    )
    return dataclasses.replace(table, backends=made, hops=hops)


@pytest.mark.parametrize(
    "score, weight, expected",
    [
        (0, 1, 0),
        (2**63, 1, 1 << 56),
        (2**63, 4, 1 << 54),
        (3 * 2**62, 1, 2 << 56),
        (2**64 - 1, 1, 64 << 56),
    ],
)
def test_the_cost_of_scores_whose_logarithm_is_whole(score, weight, expected):
    assert model.cost(score, weight) == expected


@pytest.mark.parametrize("score", [2**50, 2**60, 12345 * 2**50, 2**64 - 2**40])
def test_a_cost_is_close_to_the_logarithm(score):
    real = -math.log2(1 - score / 2**64)
    assert model.cost(score, 1) / 2**56 == pytest.approx(real, rel=1e-3, abs=1e-8)


def test_weights_decide_how_often_a_backend_is_primary():
    table = fleet({"weight": 100}, {"weight": 300}, {"weight": 0xFFFF - 400}, hops=2)
    counts = Counter(row[0] for row in model.rows(table))
    for index, backend in enumerate(table.backends):
        assert counts[index] == pytest.approx(65536 * backend.weight / 65535, abs=100)


def test_equal_weights_are_like_none():
    numbers = range(200)
    assert list(model.rows(fleet(*[{"weight": 3}] * 5, hops=3), numbers)) == list(
        model.rows(fleet(*[{}] * 5, hops=3), numbers)
    )


def test_the_second_place_is_in_another_zone_and_the_others_keep_their_rank():
    without = fleet(*[{}] * 5, hops=4)
    zoned = fleet(*({"zone": zone} for zone in "aabba"), hops=4)
    for ranked, row in zip(model.rows(without, range(500)), model.rows(zoned, range(500))):
        zones = ["aabba"[index] for index in row]
        assert row[0] == ranked[0] and zones[1] != zones[0]
        left = [index for index in ranked if index in row and index != row[1]]
        assert [index for index in row if index in left and index != row[1]] == left


def test_hops_go_by_class_and_then_by_rank():
    plain = fleet(*[{}] * 4, hops=4)
    mixed = fleet({"healthy": False}, {"state": "draining"}, {"state": "filling"}, {}, hops=4)
    for ranked, row in zip(model.rows(plain, range(500)), model.rows(mixed, range(500))):
        assert row[2:] == (1, 0)
        assert row[:2] == tuple(index for index in ranked if index in (2, 3))


def test_limits_are_whole_rows_and_leave_room_for_one():
    half = Fraction(1, 2)
    assert balance.limit(Fraction(256), 105, Fraction(0)) == 268
    assert balance.limit(Fraction(256), 105, half) == 268
    assert balance.limit(Fraction(256), 105, Fraction(9, 10)) == 267
    assert balance.limit(Fraction(16), 101, half) == 17
    assert balance.limit(Fraction(1, 9), 200, half) == 1


def test_rows_are_given_away_from_the_first_while_there_is_room():
    ranked = [(0, 1, 2), (0, 1, 2), (0, 2, 1), (0, 1, 2), (1, 2, 0)]
    limits = {0: 2, 1: 2, 2: 2}
    given = [(1, 0, 2), (0, 1, 2), (2, 0, 1), (0, 1, 2), (1, 2, 0)]
    assert balance.balanced(ranked, ranked, limits) == given


def test_who_is_in_the_last_place_or_takes_no_flows_is_given_none():
    ranked = [(2, 0, 1), (0, 2, 1), (0, 1, 2)]
    ordered = [(0, 1, 2), (0, 1, 2), (0, 1, 2)]
    assert balance.balanced(ordered, ranked, {0: 1, 1: 9})[:2] == ordered[:2]
    assert balance.balanced(ordered, [(0, 1, 2)] * 3, {0: 1}) == ordered


def test_rows_are_handed_on_where_room_is_not_next_door():
    ranked = [(0, 1, 3), (0, 1, 3), (1, 2, 3), (2, 1, 3)]
    limits = {0: 1, 1: 1, 2: 2}
    assert balance.balanced(ranked, ranked, limits) == [(1, 0, 3), (0, 1, 3), (2, 1, 3), (2, 1, 3)]


def test_max_load_bounds_what_every_backend_is_first_on():
    table = fleet(*({"weight": weight} for weight in (1, 20, 100)), hops=3)
    balanced = dataclasses.replace(table, max_load=101)
    shares = [65536 * backend.weight / 121 for backend in table.backends]
    ranked, shared_out = list(model.rows(table)), list(model.rows(balanced))
    plain, fair = (Counter(row[0] for row in rows) for rows in (ranked, shared_out))
    assert any(plain[i] > share * 1.01 + 1 for i, share in enumerate(shares))
    assert all(fair[i] <= max(share * 1.01, share + 1) for i, share in enumerate(shares))
    changed = [(was, now) for was, now in zip(ranked, shared_out) if was != now]
    assert all(now == (was[1], was[0], was[2]) for was, now in changed)


def test_a_row_has_as_many_hops_as_there_are_backends():
    assert fleet({}, hops=4).row(0) == (0, 0)
    assert len(fleet({}, {}, {}, hops=4).row(0)) == 3
    assert len(fleet({}, {}, {}, {"state": "inactive"}, hops=4).row(0)) == 3
    assert len(fleet({}, {}, {}, {}, hops=4).row(0)) == 4


def test_an_image_of_version_3_is_as_long_as_its_lists_and_rows():
    table = fleet({}, {}, {}, hops=3)
    image = model.image([table])
    assert image[4:8] == bytes([3, 0, 0, 0])
    assert len(image) == 24 + 96 + 3 * 28 + 28 + 65536 * 3 * 2


def test_an_image_has_the_size_its_header_announces():
    image = model.image([three(), four()])
    assert len(image) == 24 + 2 * 537624
    assert image[:12] == b"GLBD" + bytes([2, 0, 0, 0]) + bytes([2, 0, 0, 0])


@pytest.mark.parametrize(
    "data, expected", [("0001f203f4f5f6f7", 0x220D), ("ffff", 0), ("01", 0xFEFF)]
)
def test_the_internet_checksum(data, expected):
    """The first is the example of RFC 1071; its sum is ddf2."""
    assert writing.checksum(bytes.fromhex(data)) == expected
