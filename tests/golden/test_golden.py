# SPDX-License-Identifier: BSD-3-Clause
"""glbctl against the reference vectors: the same images, the same packets, byte for byte."""

import hashlib
import json
import re
import subprocess
from collections import Counter

import pytest

import capture
import model
from reference import (
    NONE_USABLE,
    ONE_USABLE,
    OVERFLOWING,
    REFERENCE,
    REFUSED,
    REFUSED_SETS,
    SOURCE_MAC,
    PacketSet,
    digests,
    needs_reference,
    set_names,
    table_names,
)

pytestmark = needs_reference


@pytest.fixture
def build(glbctl, tmp_path):
    """Compile a table: the finished process and the image, empty if none was written."""

    def compile_table(source):
        image = tmp_path / "image.bin"
        command = [glbctl, "table", "build", source, image]
        done = subprocess.run(command, capture_output=True, text=True)
        return done, image.read_bytes() if image.exists() else b""

    return compile_table


def errors_about(source, log: str) -> list:
    """What is behind file, line and column in every error line; there is none without."""
    lines = [line for line in log.splitlines() if line.startswith("glbctl: error: ")]
    found = [re.fullmatch(rf"glbctl: error: {re.escape(str(source))}:\d+:\d+: (.+)", line) for line in lines]
    assert lines and all(found), log
    return [match[1] for match in found]


@pytest.mark.parametrize("name", table_names())
def test_a_table_compiles_to_the_image_of_the_original(build, name):
    done, image = build(REFERENCE / "tables" / f"{name}.json")
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(image).hexdigest() == digests()[name]


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_should_not_compile_is_refused_with_the_place(build, name):
    done, image = build(REFERENCE / "tables" / f"{name}.json")
    assert (done.returncode, image) == (1, b"")
    errors = errors_about(f"{REFERENCE}/tables/{name}.json", done.stderr)
    assert any(error.startswith(REFUSED[name]) for error in errors)


@pytest.mark.parametrize("name", OVERFLOWING)
def test_a_table_too_large_for_the_original_compiles_to_version_3(build, name):
    done, image = build(REFERENCE / "tables" / f"{name}.json")
    assert (done.returncode, image[:8]) == (0, b"GLBD" + bytes([3, 0, 0, 0])), done.stderr


@pytest.mark.parametrize("name", ONE_USABLE)
def test_a_single_usable_backend_is_its_own_secondary(build, name):
    """In the original the second index is whatever memory held."""
    source = REFERENCE / "tables_undefined" / f"{name}.json"
    done, image = build(source)
    assert done.returncode == 0, done.stderr
    assert image == model.image(model.tables_of(json.loads(source.read_text())))


@pytest.mark.parametrize("name", NONE_USABLE)
def test_a_table_without_usable_backends_is_refused(build, name):
    done, image = build(REFERENCE / "tables_undefined" / f"{name}.json")
    assert (done.returncode, image) == (1, b"")
    assert "not one usable" in done.stderr


def bad_documents() -> dict:
    if not REFERENCE.is_dir():
        return {}
    cases = json.loads((REFERENCE / "table_errors.json").read_text())
    return {case["name"]: case["document"] for case in cases}


@pytest.mark.parametrize("name", bad_documents())
def test_a_bad_document_is_refused_with_the_place(build, tmp_path, name):
    """All that the original refuses, and the few it accepts by accident."""
    source = tmp_path / "source.json"
    source.write_text(bad_documents()[name])
    done, image = build(source)
    assert (done.returncode, image) == (1, b"")
    assert errors_about(source, done.stderr)


class Replayed:
    """What `glbctl replay` makes of a packet set."""

    def __init__(self, glbctl, folder, reference: PacketSet):
        out, punted = folder / "out.pcap", folder / "punted.pcap"
        command = [glbctl, "replay", "--source-mac", SOURCE_MAC, "--punted", punted]
        command += ["--config", reference.folder / "director.json"]
        command += ["--tables", reference.folder / "table.json"]
        self.done = subprocess.run(
            [*command, reference.folder / "in.pcap", out], capture_output=True, text=True
        )
        self.forwarded = capture.read(out) if self.done.returncode == 0 else []
        self.punted = capture.read(punted) if self.done.returncode == 0 else []

    def counters(self) -> dict:
        lines = (line.split() for line in self.done.stdout.splitlines())
        return {name: int(value) for name, value in lines if value != "0"}


@pytest.mark.parametrize("name", set_names())
def test_a_packet_set_is_reproduced_byte_for_byte(glbctl, tmp_path, name):
    """Frames that glb treats otherwise on purpose are listed with the reason in reference.py."""
    reference = PacketSet(name)
    replayed = Replayed(glbctl, tmp_path, reference)
    assert replayed.done.returncode == 0, replayed.done.stderr
    assert replayed.forwarded == reference.leaving("TX", "forward")
    assert replayed.punted == reference.leaving("KNI", "punt")
    assert replayed.counters() == Counter(outcome.verdict for outcome in reference.outcomes)


@pytest.mark.parametrize("name", REFUSED_SETS)
def test_a_table_the_data_path_cannot_serve_is_refused(glbctl, tmp_path, name):
    replayed = Replayed(glbctl, tmp_path, PacketSet(name))
    assert replayed.done.returncode == 1
    assert "$.tables[0].backends[0].ip: an IPv6 backend" in replayed.done.stderr
