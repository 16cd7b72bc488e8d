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

from documents import TEXTS, director_documents, health_documents, tables_documents

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
    r"\.(punt_port|send_through|name|outbound_gateway_interface|live_device|tunnel_interface): \".*[^\x00-\x7f].*\" is no (device|interface) name$": (
        "maxLength counts characters, not bytes"
    ),
    r'http_listen: "\[[0-9A-Fa-f:.]+\]:\d+" is not an address and port': "addresses have many spellings",
    r"_socket: is a path of \d+ bytes, expected at most 104$": "maxLength counts characters, not bytes",
    r"sends what port \d+ receives through port \d+, flow_paths\[\d+\] through port \d+$": "no keyword compares two items",
    r"duplicate port .+, first listed as ports\[\d+\]$": "uniqueItems compares whole objects",
    r"outbound_gateway_ip: is not the address of a single host$": "addresses have many spellings",
    r"outbound_gateway_ip: is link-local: outbound_gateway_interface is missing$": "addresses have many spellings",
    r"dst: is the same file as src, which would be overwritten$": "no keyword compares two values",
    r"_socket: control_socket and director_socket are the same$": "no keyword compares two values",
    r": has \d+ bytes, expected at most \d+$": "maxLength counts characters, not bytes",
    r"is longer than 1024 bytes with its name$": "no keyword adds lengths",
    r"is not (less than interval|more than timeout)_ms, which is \d+$": "no keyword compares two values",
    r"status(\[\d\])?: \".*\" ends before it begins$": "no keyword compares two parts of a text",
    r"tunnel(\[\d\])?: (finds no TCP bind|finds more than 32 TCP binds|no TCP bind of the table has) ": "no keyword looks at other values",
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


AT_ONCE = 500  # words of a command line


class Reader:
    """The readers of src/conf, by way of a program that takes many files. They read each document once."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self._known = {}

    def read(self, name: str, texts):
        """Has them read what they have not yet."""
        texts = [text for text in dict.fromkeys(texts) if (name, text) not in self._known]
        for start in range(0, len(texts), AT_ONCE):
            self._read(name, texts[start : start + AT_ONCE])

    def errors(self, name: str, text: bytes) -> list:
        """The errors in a document; none: it is taken."""
        self.read(name, [text])
        return self._known[name, text]

    def _read(self, name: str, texts: list):
        paths = {self.folder / f"{i}.json": text for i, text in enumerate(texts)}
        for path, text in paths.items():
            path.write_bytes(text)
            self._known[name, text] = []
        done = subprocess.run([self.program, name, *paths], capture_output=True, timeout=600, check=True)
        for line in done.stdout.decode().splitlines():
            path, error = re.match(r"(\S+\.json):\d+:\d+: (.*)", line).groups()
            self._known[name, paths[Path(path)]].append(error)


@pytest.fixture(scope="module")
def reader(glbctl, tmp_path_factory):  # glbctl says what to do when nothing is built
    return Reader(glbctl.parents[2] / "tests/conf/conf-reader", tmp_path_factory.mktemp("reader"))


def differences(reader, name: str, documents: dict):
    """A line for every document about which schema and reader disagree without a reason."""
    documents = {title: text if isinstance(text, bytes) else text.encode() for title, text in documents.items()}
    reader.read(name, documents.values())
    for title, text in documents.items():
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


@pytest.mark.parametrize("name", ["tables", "director", "healthcheck"])
def test_a_schema_is_one_and_describes_every_key(name):
    document = schema(name)
    jsonschema.Draft202012Validator.check_schema(document)
    objects = [document, *document["$defs"].values()]
    keys = [value for part in objects for value in part.get("properties", {}).values()]
    named = [document["$defs"][value["$ref"].rpartition("/")[2]] | value if "$ref" in value else value for value in keys]
    assert named and all(len(value["description"]) > 10 for value in named)


@pytest.mark.parametrize("name", ["tables", "director", "healthcheck"])
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


def test_schema_and_reader_agree_about_health_checkers(reader):
    documents = health_documents()
    assert len(documents) > 150
    assert list(differences(reader, "healthcheck", documents)) == []


CORPORA = {"tables": "tables", "director": "director", "health_plan": "tables", "health_conf": "healthcheck"}


@pytest.mark.parametrize("fuzzer, name", CORPORA.items())
def test_schema_and_reader_agree_about_fuzz_corpora(reader, fuzzer, name):
    documents = corpus(fuzzer)
    if not documents:
        pytest.skip("no corpus")
    assert list(differences(reader, name, documents)) == []


def test_every_exception_is_needed(reader):
    """A rule that no document breaks would hide differences for nothing."""
    errors = []
    kinds = {"tables": tables_documents(), "director": director_documents(), "healthcheck": health_documents()}
    for name, documents in kinds.items():
        texts = [text.encode() for text in documents.values()]
        reader.read(name, texts)
        errors += [error for text in texts if is_valid(name, text) for error in reader.errors(name, text)]
    for rule, why in BEYOND_A_SCHEMA.items():
        assert any(re.search(rule, error) for error in errors), f"{rule}: {why}"


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


def errors_of_glbctl(glbctl, folder, name: str, text: bytes) -> list:
    """What glbctl says of a file that has the document."""
    document, tables = folder / "document", folder / "tables.json"
    document.write_bytes(text)
    tables.write_text(json.dumps(SMALL_TABLES))
    words = ["table", "check", document.name]
    if name == "director":
        words = ["table", "lookup", "--config", document.name, tables]
        words += ["10.0.0.1", "40000", "192.0.2.10", "80"]
    done = subprocess.run([glbctl, *words], cwd=folder, capture_output=True, timeout=600)
    lines = done.stderr.decode().splitlines()
    errors = [line for line in lines if line.startswith("glbctl: error: ")]
    assert done.returncode == (1 if errors else 0), lines
    return [re.match(r"glbctl: error: document:\d+:\d+: (.*)", line)[1] for line in errors]


@pytest.mark.parametrize("name, made", [("tables", tables_documents), ("director", director_documents)])
def test_glbctl_says_what_the_reader_says(glbctl, reader, tmp_path, name, made):
    """Of every fiftieth document, and of those that are no JSON; it only warns of what is for the health checker."""
    texts = [text.encode() for text in [*list(made().values())[::50], *TEXTS.values()]]
    reader.read(name, texts)
    for text in texts:
        errors = [error for error in reader.errors(name, text) if ".healthchecks" not in error.partition(": ")[0]]
        assert errors_of_glbctl(glbctl, tmp_path, name, text) == errors, text[:1000]
