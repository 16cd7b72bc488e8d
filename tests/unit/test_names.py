#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Can a name, a path or a word from outside act on a terminal, or forge a line of what a program says?

test_names.py GLBCTL [PROGRAM...]
"""

import copy
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
import unittest
from pathlib import Path

# A line break, an erased line, C1 (a CSI), a bidirectional override and isolate, line separators, DEL
EVIL = "\ntable 9 forged\x1b[2K\r\x9b31m\x85\u202e\u2066\u2028\u2029\x7f\\"
ESCAPED = r"\ntable 9 forged\x1b[2K\r\u009b31m\u0085\u202e\u2066\u2028\u2029\x7f\\"
KEY = "00112233445566778899aabbccddeeff"
FLOW = ["10.11.12.13", "45678", "192.0.2.10", "443"]
DIRECTOR = {"outbound_gateway_mac": "02:00:00:00:00:01", "outbound_src_ip": "192.0.2.1"}


def tables(name: str) -> dict:
    backends = [
        {"ip": f"10.0.0.{n}", "state": "active", "healthy": True, "zone": f"r{n}{name}"} for n in range(1, 4)
    ]
    table = {"hash_key": KEY, "seed": KEY[::-1], "hops": 3, "backends": backends}
    binds = [{"ip": "192.0.2.10", "proto": "tcp", "port": 443}]
    return {"tables": [{"name": f"web{name}", "binds": binds, **table}]}


def without_backend(name: str) -> dict:
    document = tables(name)
    del document["tables"][0]["backends"][0]
    return document


class Names(unittest.TestCase):
    programs = {}  # by name

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.write("director.json", DIRECTOR)
        self.write("tables.json", tables(EVIL))

    def write(self, name: str, document) -> None:
        (self.folder / name).write_text(json.dumps(document))
        (self.folder / name).chmod(0o600)

    def run_with(self, *words, program="glbctl") -> str:
        """What both streams show, which is fit for a terminal."""
        done = subprocess.run([self.programs[program], *words], cwd=self.folder, capture_output=True, timeout=60)
        text = (done.stdout + done.stderr).decode()  # nothing but UTF-8
        for line in text.split("\n"):
            unfit = [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
            self.assertEqual(unfit, [], (words, line))
            self.assertIsNone(re.match(r"table 9|glbctl: error: forged", line), words)
        return text

    def test_names_of_tables_and_zones_are_shown_escaped(self):
        other = without_backend(EVIL)
        new = {**copy.deepcopy(other["tables"][0]), "name": f"new{EVIL}", "seed": "1" + KEY[1:]}
        new["binds"][0]["port"] = 80
        other["tables"].append(new)
        self.write("other.json", other)
        lookup = ["tables.json", *FLOW]
        for words in (
            ["table", "check", "tables.json"],
            ["table", "show", "tables.json"],
            ["table", "stats", "tables.json"],
            ["table", "lookup", *lookup],
            ["table", "explain", *lookup],
            ["table", "diff", "tables.json", "other.json"],
            ["table", "diff", "other.json", "tables.json"],
            ["table", "plan", "tables.json", "other.json"],
            ["table", "plan", "tables.json", "tables.json"],
            ["table", "plan", "other.json", "tables.json"],
            ["mtu", "--config", "director.json", "tables.json"],
        ):
            self.assertIn(ESCAPED, self.run_with(*words), words)

    def test_json_has_every_name_whole_and_shows_no_control_character(self):
        self.write("director.json", {**DIRECTOR, "ports": [{"name": "p\x1b\u202e\x9b"}]})
        for words in (
            ["table", "check", "--json", "tables.json"],
            ["table", "show", "--json", "tables.json"],
            ["table", "stats", "--json", "tables.json"],
            ["table", "explain", "--json", "tables.json", *FLOW],
            ["table", "diff", "--json", "tables.json", "tables.json"],
            ["table", "plan", "--json", "tables.json", "tables.json"],
            ["mtu", "--json", "--config", "director.json", "tables.json"],
        ):
            said = json.loads(self.run_with(*words))
            self.assertIn(f"web{EVIL}", list(strings_in(said)), words)

    def test_problems_quote_keys_values_and_paths_escaped(self):
        path = f"dir{EVIL}"
        (self.folder / path).mkdir()
        bad = tables("")
        bad["tables"][0][f"key{EVIL}"] = 1
        bad["tables"][0]["backends"][0]["state"] = f"state{EVIL}"
        bad["tables"][0]["backends"][1]["ip"] = f"ip{EVIL}"
        self.write(f"{path}/bad.json", bad)
        shown = self.run_with("table", "check", f"{path}/bad.json")
        for part in ("dir", "key", "state", "ip"):
            self.assertIn(part + ESCAPED, shown)
        (self.folder / "no.json").write_bytes(b'{"tables": "\x1b[31m')
        self.run_with("table", "check", "no.json")
        self.write("director.json", {**DIRECTOR, f"key{EVIL}": 1, "punt_port": "p" * 99 + EVIL})
        self.assertIn(f"key{ESCAPED}", self.run_with("mtu", "--config", "director.json", "tables.json"))

    def test_bytes_of_a_path_that_are_no_utf8_are_shown_as_bytes(self):
        words = [self.programs["glbctl"], "table", "check", b"a\x9b\xff.json"]
        done = subprocess.run(words, cwd=self.folder, capture_output=True)
        self.assertEqual(done.stderr, b"glbctl: error: a\\x9b\\xff.json: No such file or directory\n")

    def test_names_of_ports_are_shown_escaped(self):
        self.write("director.json", {**DIRECTOR, "ports": [{"name": "p\x1b\u202e\x9b"}]})
        shown = self.run_with("mtu", "--config", "director.json", "tables.json")
        self.assertIn(r"  port p\x1b\u202e\u009b: MTU", shown)

    def test_words_of_the_command_line_are_shown_escaped(self):
        for words in (
            ["table", f"verb{EVIL}"],
            ["table", "check", f"--option{EVIL}", "tables.json"],
            ["table", "lookup", "tables.json", f"ip{EVIL}", *FLOW[1:]],
            ["table", "lookup", "tables.json", *FLOW, f"tcp{EVIL}"],
            ["table", "drain", "tables.json", f"ip{EVIL}"],
            ["table", "drain", "--table", f"name{EVIL}", "tables.json", "10.0.0.1"],
            ["table", "add", "--weight", f"1{EVIL}", "tables.json", "10.0.0.9"],
            ["replay", f"--option{EVIL}"],
            ["replay", "--source-mac", f"mac{EVIL}"],
            ["replay", "--config", "director.json", "--tables", "tables.json", f"in{EVIL}", f"out{EVIL}"],
        ):
            self.run_with(*words)

    def test_no_name_is_printed_as_it_is(self):
        """Names go through table_text(), table_title() or printable(); table_name() is for logs and JSON."""
        root = Path(__file__).resolve().parent.parent.parent / "src"
        sources = [path for folder in ("ctl", "redirect") for path in (root / folder).glob("*.c")]
        statements = [s for path in sources for s in re.findall(r"\bf?printf\([^;]*;", path.read_text())]
        self.assertGreater(len(statements), 50)
        named = re.compile(r"\btable_name\(|\bglb_zone_name\(|(?<!\bc)(?<!\bcommand)(?<!\bprogram)(->|\.)name\b(?!\[0\] \?)")
        for statement in statements:
            if "printable(" not in statement:
                self.assertIsNone(named.search(statement), statement)

    def test_what_a_director_logs_is_escaped(self):
        if "glb-director" not in self.programs:
            self.skipTest("glb-director is not built")
        files = ["--config", "director.json", "--tables", f"no{EVIL}"]
        self.write("director.json", {**DIRECTOR, f"key{EVIL}": 1})
        shown = self.run_with("--", "--check", *files, program="glb-director")
        self.assertIn(f"no{ESCAPED}", shown)
        self.assertIn(f"key{ESCAPED}", shown)
        self.run_with("--", f"--option{EVIL}", *files, program="glb-director")
        alone = ["--no-huge", "-m", "64", "--no-pci", "--no-shconf", "--no-telemetry", "-l", "0", "--vdev"]
        files = ["--", "--config", "director.json", "--tables", "tables.json"]
        for device in (f"net_null0,size={EVIL}", f"net_none0,key={EVIL}"):
            shown = self.run_with(*alone, device, *files, program="glb-director")
            self.assertIn("table 9 forged", shown)

    def test_what_a_redirect_says_is_escaped(self):
        if "glb-redirect" not in self.programs:
            self.skipTest("glb-redirect is not built")
        for words in (["attach", f"dev{EVIL}"], ["counters", f"dev{EVIL}"], [f"verb{EVIL}"]):
            self.assertIn(ESCAPED, self.run_with(*words, program="glb-redirect"), words)


def strings_in(value):
    """Every string of a JSON value, keys aside."""
    if isinstance(value, str):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings_in(child)


if __name__ == "__main__":
    Names.programs = {Path(path).name: Path(path).resolve() for path in sys.argv[1:]}
    unittest.main(argv=sys.argv[:1], verbosity=2)
