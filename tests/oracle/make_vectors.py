#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write vectors/*.json: what the model says, for programs and tests that cannot ask it."""

import hashlib
import ipaddress
import itertools
import json
from pathlib import Path

import model

VECTORS = Path(__file__).resolve().parent / "vectors"
TABLES = sorted((VECTORS / "tables").glob("*.json"))
KEY = bytes(range(16))
DIGESTED = [  # each takes seconds
    "prefixes_and_port_ranges",
    "four_hops_by_class",
    "quic_binds_and_server_ids",
]


def siphash_vectors() -> dict:
    """Messages of 0 to 64 bytes: 00, 00 01, 00 01 02, ..."""
    digests = [model.digest(model.siphash(KEY, bytes(range(n)))).hex() for n in range(65)]
    return {"key": KEY.hex(), "message": bytes(range(64)).hex(), "digest_by_length": digests}


def flow_vectors() -> dict:
    """One flow of each family, hashed by every choice of fields."""
    combinations = [c for n in range(1, 5) for c in itertools.combinations(model.FIELDS, n)]
    ends = [("198.51.100.77", "192.0.2.10"), ("2001:db8:99::77", "2001:db8:10::10")]
    flows = []
    for source, destination in ends:
        addresses = [ipaddress.ip_address(text).packed for text in (source, destination)]
        flow = model.Flow(*addresses, 40001, 443)
        flows.append(
            {
                "src_addr": source,
                "dst_addr": destination,
                "src_port": flow.source_port,
                "dst_port": flow.destination_port,
                "hashes": [
                    {
                        "fields": " ".join(fields),
                        "hash": f"{model.flow_hash(KEY, flow, fields):016x}",
                    }
                    for fields in combinations
                ],
            }
        )
    return {"hash_key": KEY.hex(), "flows": flows}


def image_vectors() -> dict:
    """What compiling each of tables/*.json gives; the rows are there to see what is wrong."""
    images = {}
    for source in TABLES:
        tables = model.tables_of(json.loads(source.read_text()))
        images[source.stem] = {
            "sha256": hashlib.sha256(model.image(tables)).hexdigest(),
            "first_rows": [
                " ".join("/".join(map(str, row)) for row in model.rows(table, range(6)))
                for table in tables
            ],
        }
    return images


def digest_vectors() -> dict:
    """What stands for the content of the first table of a file."""
    digests = {}
    for name in DIGESTED:
        document = json.loads((VECTORS / "tables" / f"{name}.json").read_text())
        digests[name] = model.table_digest(model.tables_of(document)[0])
    return digests


def hash_vectors() -> dict:
    """File name to content, of what takes no time."""
    return {"siphash.json": siphash_vectors(), "flow_hashes.json": flow_vectors()}


def all_vectors() -> dict:
    """File name to text."""
    vectors = {
        **hash_vectors(),
        "digests.json": digest_vectors(),
        "images.json": image_vectors(),
    }
    return {name: json.dumps(value, indent=1) + "\n" for name, value in vectors.items()}


def main() -> None:
    for name, text in all_vectors().items():
        (VECTORS / name).write_text(text)


if __name__ == "__main__":
    main()
