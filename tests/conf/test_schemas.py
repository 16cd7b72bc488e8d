# SPDX-License-Identifier: BSD-3-Clause
"""The JSON Schemas in config/ and the reader in src/conf take and refuse the same documents.

A schema must take whatever the reader takes. What a schema takes and the reader refuses must be
refused by one of the rules below, which JSON Schema cannot express; there are no other exceptions.
"""

import json
import re
import subprocess
from functools import lru_cache
from pathlib import Path

import jsonschema
import pytest

from documents import director_documents, tables_documents

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent

BEYOND_A_SCHEMA = {
    r"duplicate object key near": "JSON Schema sees objects after duplicate keys are merged",
    r"too big integer": "the reader's numbers have 64 bits, wherever they stand",
    r"\\u0000 is not allowed": "the reader's strings end at a NUL, wherever they stand",
    r"invalid Unicode '\\+u[Dd][89A-Fa-f]": "half a surrogate pair is no character",
    r"duplicate backend \S+, first listed as backends\[\d+\]$": "addresses have many spellings",
    r"duplicate server_id \d+, first given to backends\[\d+\]$": "uniqueItems looks at whole items",
    r"port_start \d+ is above port_end \d+$": "no keyword compares two values",
    r"is a fraction, expected an integer": "to JSON Schema 80.0 is an integer",
    r"\.(punt_port|send_through|name|outbound_gateway_interface|live_device): \".*[^\x00-\x7f].*\" is no (device|interface) name$": (
        "maxLength counts characters, not bytes"
    ),
    r'http_listen: "\[[0-9A-Fa-f:.]+\]:\d+" is no address and port': "addresses have many spellings",
    r"control_socket: is a path of \d+ bytes, at most 104 fit$": "maxLength counts characters, not bytes",
    r"sends what port \d+ receives through port \d+, flow_paths\[\d+\] through port \d+$": "no keyword compares two items",
    r"duplicate port .+, first listed as ports\[\d+\]$": "uniqueItems compares whole objects",
    r"outbound_gateway_ip: is no single host's address$": "addresses have many spellings",
    r"outbound_gateway_ip: is link-local: outbound_gateway_interface is missing$": "addresses have many spellings",
}


def pattern_of_ecma(validator, pattern, instance, schema):
    """`$` is the very end, as in ECMA 262, and not also before a newline, as in Python."""
    if validator.is_type(instance, "string") and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern_of_ecma})


def schema(name: str) -> dict:
    return json.loads((ROOT / "config" / f"{name}.schema.json").read_text())


@lru_cache(maxsize=None)
def validator(name: str):
    return Validator(schema(name))


def refuse_constant(text):
    raise ValueError(text)


@lru_cache(maxsize=None)
def is_valid(name: str, text: bytes) -> bool:
    """Does the schema take a document? What is no JSON is taken by none."""
    try:
        document = json.loads(text.decode("utf-8-sig"), parse_constant=refuse_constant)
    except ValueError:
        return False
    return validator(name).is_valid(document)


SMALL_TABLES = {  # so that building them takes no time
    "tables": [
        {
            "hash_key": "00" * 16,
            "seed": "00" * 16,
            "binds": [{"ip": "192.0.2.10", "proto": "tcp", "port": 80}],
            "backends": [{"ip": "10.0.0.1", "state": "active", "healthy": True}],
        }
    ]
}


class Reader:
    """The reader of src/conf, by way of glbctl. It is asked about each document once."""

    def __init__(self, glbctl, folder):
        self.glbctl = glbctl
        self.document = folder / "document.json"
        self.good_tables = folder / "good.json"
        self.good_tables.write_text(json.dumps(SMALL_TABLES))
        self._known = {}

    def errors(self, name: str, text: bytes) -> list:
        """The errors in a document; none: it is taken."""
        if (name, text) not in self._known:
            self._known[name, text] = self._ask(name, text)
        return self._known[name, text]

    def _ask(self, name: str, text: bytes) -> list:
        self.document.write_bytes(text)
        words = ["table", "check", self.document]
        if name == "director":
            words = ["table", "lookup", "--config", self.document, self.good_tables]
            words += ["10.0.0.1", "40000", "192.0.2.10", "80"]
        done = subprocess.run([self.glbctl, *words], capture_output=True, timeout=600)
        lines = done.stderr.decode().splitlines()
        errors = [line for line in lines if line.startswith("glbctl: error: ")]
        assert done.returncode == (1 if errors else 0), lines
        for line in errors:
            assert re.match(rf"glbctl: error: {re.escape(str(self.document))}:\d+:\d+: ", line) or " more error" in line
        return errors


@pytest.fixture(scope="module")
def reader(glbctl, tmp_path_factory):
    return Reader(glbctl, tmp_path_factory.mktemp("reader"))


def differences(reader, name: str, documents: dict):
    """A line for every document about which schema and reader disagree without a reason."""
    for title, text in documents.items():
        text = text if isinstance(text, bytes) else text.encode()
        errors, valid = reader.errors(name, text), is_valid(name, text)
        if valid and not errors or not valid and errors:
            continue
        if not valid:
            yield f"{title}: taken by the reader, refused by the schema"
        elif not all(any(re.search(rule, error) for rule in BEYOND_A_SCHEMA) for error in errors):
            yield f"{title}: taken by the schema, refused by the reader: {errors}"


def corpus(name: str) -> dict:
    """What the fuzzer of a reader found worth keeping, if it is there."""
    folder = TESTS / "fuzz" / "corpus" / name
    return {f"corpus {path.name}": path.read_bytes() for path in sorted(folder.glob("*"))}


def golden() -> dict:
    """Documents the original was tried with, when the reference vectors are there."""
    path = ROOT.parent / "shared" / "golden" / "table_errors.json"
    cases = json.loads(path.read_text()) if path.exists() else []
    return {f"golden {case['name']}": case["document"] for case in cases}


@pytest.mark.parametrize("name", ["tables", "director"])
def test_a_schema_is_one_and_describes_every_key(name):
    document = schema(name)
    jsonschema.Draft202012Validator.check_schema(document)
    objects = [document, *document["$defs"].values()]
    keys = [key for part in objects for key in part.get("properties", {}).items()]
    assert keys and all(len(description["description"]) > 10 for _, description in keys)


@pytest.mark.parametrize("name", ["tables", "director"])
def test_the_example_is_good_for_both(reader, name):
    text = (ROOT / "config" / f"{name}.json").read_bytes()
    assert is_valid(name, text)
    assert reader.errors(name, text) == []


def test_schema_and_reader_agree_about_tables(reader):
    documents = tables_documents() | golden()
    vectors = (TESTS / "oracle" / "vectors" / "tables").glob("*.json")
    documents |= {path.name: path.read_bytes() for path in vectors}
    assert len(documents) > 500
    assert list(differences(reader, "tables", documents)) == []


def test_schema_and_reader_agree_about_directors(reader):
    documents = director_documents()
    assert len(documents) > 150
    assert list(differences(reader, "director", documents)) == []


@pytest.mark.parametrize("name", ["tables", "director"])
def test_schema_and_reader_agree_about_fuzz_corpora(reader, name):
    documents = corpus(name)
    if not documents:
        pytest.skip("no corpus")
    assert list(differences(reader, name, documents)) == []


def test_every_exception_is_needed(reader):
    """A rule that no document breaks would hide differences for nothing."""
    errors = []
    for name, documents in (("tables", tables_documents()), ("director", director_documents())):
        for text in documents.values():
            if is_valid(name, text.encode()):
                errors += reader.errors(name, text.encode())
    for rule, why in BEYOND_A_SCHEMA.items():
        assert any(re.search(rule, error) for error in errors), why
