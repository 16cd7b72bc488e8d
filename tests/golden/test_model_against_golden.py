# SPDX-License-Identifier: BSD-3-Clause
"""The model in tests/oracle against the reference vectors: is the judge right?"""

import gzip
import hashlib
import json
import random
import struct

import pytest

import model
from reference import REFERENCE, PacketSet, digests, needs_reference, set_names, table_names

pytestmark = needs_reference

MOST_BACKENDS = 8  # the rows of more take Python too long; glbctl is held to all digests
FEW_BACKENDS = 3


def tables_of(name: str) -> list:
    return model.tables_of(json.loads((REFERENCE / "tables" / f"{name}.json").read_text()))


def small_tables() -> list:
    """A second for every backend: most are for `-m slow`."""
    sizes = {name: sum(len(table.backends) for table in tables_of(name)) for name in table_names()}
    return [
        pytest.param(name, marks=[pytest.mark.slow] if size > FEW_BACKENDS else [])
        for name, size in sizes.items()
        if size <= MOST_BACKENDS
    ]


@pytest.mark.parametrize("name", small_tables())
def test_the_model_gives_the_image_of_the_original(name):
    assert hashlib.sha256(model.image(tables_of(name))).hexdigest() == digests()[name]


@pytest.mark.parametrize("name", ["01_std_two_tables", "05_two_active"])
def test_the_model_gives_the_rows_of_an_image_kept_whole(name):
    image = gzip.decompress((REFERENCE / "tables" / f"{name}.bin.gz").read_bytes())
    numbers = random.Random(name).sample(range(model.ROWS), 2000)
    for index, table in enumerate(tables_of(name)):
        first_row = 24 + index * 537624 + 13336
        wanted = [struct.unpack_from("<II", image, first_row + 8 * number) for number in numbers]
        assert list(model.rows(table, numbers)) == wanted


@pytest.mark.parametrize("name", set_names())
def test_the_model_makes_of_every_frame_what_the_original_makes(name):
    reference = PacketSet(name)
    for number in reference.same():
        outcome = reference.outcomes[number]
        verdict = {"forward": "TX", "punt": "KNI"}.get(outcome.verdict.split("_")[0], "DROP")
        wanted = reference.verdicts[number], reference.results[number]
        assert (verdict, outcome.frame) == wanted, number
    for number, verdict in reference.different.items():
        assert reference.outcomes[number].verdict == verdict, number
