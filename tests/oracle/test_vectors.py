# SPDX-License-Identifier: BSD-3-Clause
"""The committed vectors against the model that made them, and glbctl against the vectors."""

import hashlib
import json
import random
import struct
import subprocess

import pytest

import make_vectors
import model

DIGESTS = json.loads((make_vectors.VECTORS / "digests.json").read_text())
IMAGES = json.loads((make_vectors.VECTORS / "images.json").read_text())


def build(glbctl, source, image) -> bytes:
    done = subprocess.run([glbctl, "table", "build", source, image], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return image.read_bytes()


def test_the_committed_hashes_are_what_the_model_says():
    for name, vectors in make_vectors.hash_vectors().items():
        text = json.dumps(vectors, indent=1) + "\n"
        assert (make_vectors.VECTORS / name).read_text() == text, f"{name}: run make_vectors.py"


@pytest.mark.slow
def test_the_committed_vectors_are_what_the_model_says():
    """The whole of every image. Two others compare glbctl with them, and the model with glbctl."""
    for name, text in make_vectors.all_vectors().items():
        assert (make_vectors.VECTORS / name).read_text() == text, f"{name}: run make_vectors.py"


def test_every_committed_table_has_a_vector():
    assert set(IMAGES) == {source.stem for source in make_vectors.TABLES}


@pytest.mark.parametrize("source", make_vectors.TABLES, ids=lambda source: source.stem)
def test_glbctl_compiles_a_table_to_the_image_of_the_model(glbctl, tmp_path, source):
    image = build(glbctl, source, tmp_path / "image.bin")
    assert hashlib.sha256(image).hexdigest() == IMAGES[source.stem]["sha256"]
    tables = model.tables_of(json.loads(source.read_text()))
    numbers = [*range(6), *random.Random(source.stem).sample(range(model.ROWS), 400)]
    assert model.sample_differs(image, tables, numbers) == ""


@pytest.mark.parametrize("name", make_vectors.DIGESTED)
def test_glbctl_shows_the_digest_of_the_model(glbctl, name):
    source = make_vectors.VECTORS / "tables" / f"{name}.json"
    show = subprocess.run([glbctl, "table", "show", "--json", source], capture_output=True)
    shown = json.loads(show.stdout)
    assert shown["tables"][0]["digest"] == DIGESTS[name]


def test_glbctl_ranks_as_many_backends_as_the_original(glbctl, tmp_path):
    """256 backends are too many to ask the model about each row, so it is asked about some."""
    addresses = [f"10.{n % 7}.{n % 11}.{n}" for n in range(256)]
    table = {
        "hash_key": "5d" * 16,
        "seed": "c3" * 16,
        "binds": [{"ip": "192.0.2.1", "proto": "tcp", "port": 443}],
        "backends": [{"ip": ip, "state": "active", "healthy": True} for ip in addresses],
    }
    document = {"tables": [table]}
    source = tmp_path / "source.json"
    source.write_text(json.dumps(document))
    image = build(glbctl, source, tmp_path / "image.bin")

    wanted = sorted(random.Random(1).sample(range(model.ROWS), 400))
    first_row = 24 + 13336
    found = [struct.unpack_from("<II", image, first_row + 8 * row) for row in wanted]
    assert found == list(model.rows(model.tables_of(document)[0], wanted))
