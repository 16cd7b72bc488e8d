# SPDX-License-Identifier: BSD-3-Clause
"""glbctl against the model on random tables: all bytes of small ones, many rows of large ones."""

import json
import random
import subprocess

import pytest

import model

STATES = ["active"] * 6 + ["filling", "draining", "inactive"]
WEIGHTS = [1, 50, 99, 100, 101, 1000, 65535]


def random_backend(chance: random.Random, number: int, weighted: bool, zones: int) -> dict:
    high, low = divmod(number, 256)
    four = f"10.{chance.randrange(4)}.{high}.{low}"
    ip = f"2001:db8::{number:x}" if chance.random() < 0.2 else four
    backend = {"ip": ip, "state": chance.choice(STATES), "healthy": chance.random() < 0.8}
    if weighted and chance.random() < 0.8:
        backend["weight"] = chance.choice(WEIGHTS)
    if zones:
        backend["zone"] = f"zone {chance.randrange(zones)}"
    return backend


def random_bind(chance: random.Random, number: int) -> dict:
    family = chance.choice(["192.0.2.%d", "2001:db8:1::%x"])
    prefix = chance.choice(["", "/32", "/31"])
    bind = {"ip": family % (number % 256) + prefix, "proto": chance.choice(["tcp", "udp"])}
    first = chance.randrange(65536)
    if bind["proto"] == "udp" and chance.random() < 0.3:
        bind["quic"] = True
    if chance.random() < 0.5:
        return {**bind, "port": first}
    return {**bind, "port_start": first, "port_end": chance.randrange(first, 65536)}


def random_table(chance: random.Random, least: int, most: int) -> dict:
    hops = chance.choice([None, 2, 3, 4])
    balanced = most <= 12 and hops in (3, 4) and chance.random() < 0.6
    zones = chance.randrange(5) if hops in (3, 4) and not balanced else 0
    weighted = chance.random() < 0.5
    count = chance.randrange(least, most + 1)
    backends = [random_backend(chance, n, weighted, zones) for n in range(count)]
    backends[0]["state"] = "active"
    if chance.random() < 0.3:
        for backend, server_id in zip(backends, chance.sample(range(65536), count)):
            backend.update({"server_id": server_id} if chance.random() < 0.8 else {})
    table = {
        "name": "t" * chance.randrange(1, 80),
        "hash_key": chance.randbytes(16).hex(),
        "seed": chance.randbytes(16).hex(),
        "binds": [random_bind(chance, n) for n in range(chance.choice([1, 2, 300]))],
        "backends": backends,
    }
    if balanced:
        table["max_load"] = chance.choice([101, 102, 105, 110, 200])
    return {**table, "hops": hops} if hops else table


def build(glbctl, folder, document: dict) -> bytes:
    source, image = folder / "source.json", folder / "image.bin"
    source.write_text(json.dumps(document))
    done = subprocess.run([glbctl, "table", "build", source, image], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return image.read_bytes()


def seeds(few: int, many: int):
    """The model takes a second for every backend of a whole image, so most are for `-m slow`."""
    return pytest.mark.parametrize(
        "seed", [*range(few), *(pytest.param(n, marks=pytest.mark.slow) for n in range(few, many))]
    )


@seeds(4, 24)
def test_every_byte_of_a_small_image_is_that_of_the_model(glbctl, tmp_path, seed):
    chance = random.Random(seed)
    document = {"tables": [random_table(chance, 1, 4) for _ in range(chance.choice([1, 1, 2]))]}
    assert build(glbctl, tmp_path, document) == model.image(model.tables_of(document))


@seeds(2, 8)
def test_every_byte_of_a_balanced_image_is_that_of_the_model(glbctl, tmp_path, seed):
    chance = random.Random(500 + seed)
    table = random_table(chance, 5, 12)
    for backend in table["backends"]:
        backend.pop("zone", None)
    table.update(hops=3 + seed % 2, max_load=101 + seed)
    document = {"tables": [table]}
    assert build(glbctl, tmp_path, document) == model.image(model.tables_of(document))


def some_rows(chance: random.Random, count: int) -> list:
    return [0, model.ROWS - 1, *chance.sample(range(model.ROWS), count)]


@pytest.mark.parametrize("first, end", [(1000, 1040), pytest.param(1040, 1100, marks=pytest.mark.slow)])
def test_rows_of_middling_tables_are_those_of_the_model(glbctl, tmp_path, first, end):
    for seed in range(first, end):
        chance = random.Random(seed)
        document = {"tables": [random_table(chance, 1, 60)]}
        image, numbers = build(glbctl, tmp_path, document), some_rows(chance, 60)
        assert model.sample_differs(image, model.tables_of(document), numbers) == "", seed


@pytest.mark.parametrize("first, end", [(2000, 2002), pytest.param(2002, 2006, marks=pytest.mark.slow)])
def test_rows_of_large_tables_are_those_of_the_model(glbctl, tmp_path, first, end):
    for seed in range(first, end):
        chance = random.Random(seed)
        document = {"tables": [random_table(chance, 300, 2000)]}
        image, numbers = build(glbctl, tmp_path, document), some_rows(chance, 150)
        assert model.sample_differs(image, model.tables_of(document), numbers) == "", seed
