# SPDX-License-Identifier: BSD-3-Clause
"""Equal files give equal images, whatever compiled the program that makes them.

GLB_BUILDS names build directories, separated by colons; scripts/test gives its two. For more:

  CC=gcc meson setup build-O0 -Doptimization=0
  CC=gcc meson setup build-O3 -Doptimization=3
  CC=clang meson setup build-clang -Doptimization=2
  CC=gcc meson setup build-sanitized -Db_sanitize=address,undefined
"""

import hashlib
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

import make_vectors
import test_random_tables

ROOT = Path(__file__).resolve().parents[2]
BUILDS = [ROOT / name for name in os.environ.get("GLB_BUILDS", "").split(":") if name]

pytestmark = pytest.mark.skipif(len(BUILDS) < 2, reason="GLB_BUILDS names fewer than two builds")


def random_source(seed: int, least: int, most: int) -> str:
    chance = random.Random(seed)
    return json.dumps({"tables": [test_random_tables.random_table(chance, least, most)]})


def sources() -> dict:
    """Name to content."""
    committed = {source.stem: source.read_text() for source in make_vectors.TABLES}
    small = {f"random {seed}": random_source(seed, 1, 40) for seed in range(6)}
    large = {f"large {seed}": random_source(seed, 300, 600) for seed in range(2)}
    return {**committed, **small, **large}


def sums_of(build: Path, folder: Path) -> dict:
    """The SHA-256 of every image, and what the program says about the digests of its tables."""
    glbctl = build / "src/ctl/glbctl"
    source, image = folder / "source.json", folder / "image.bin"
    sums = {}
    for name, text in sources().items():
        source.write_text(text)
        subprocess.run([glbctl, "table", "build", source, image], check=True, capture_output=True)
        show = subprocess.run(
            [glbctl, "table", "show", "--json", source], check=True, capture_output=True
        )
        digests = [table["digest"] for table in json.loads(show.stdout)["tables"]]
        sums[name] = [hashlib.sha256(image.read_bytes()).hexdigest(), *digests]
    return sums


def test_every_build_makes_the_same_images(tmp_path):
    first, *others = [sums_of(build, tmp_path) for build in BUILDS]
    for build, sums in zip(BUILDS[1:], others):
        assert sums == first, f"{build} differs from {BUILDS[0]}"
