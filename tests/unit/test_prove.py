#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Do the targets of scripts/prove still fit the sources, and does it say what it cannot run?

test_prove.py PROVE
"""

import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/proof"))
sys.dont_write_bytecode = True

import provers  # noqa: E402

TARGETS = {path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
           for path in (ROOT / "tests/proof/targets").glob("*.toml")}


def prove(*arguments, path="/usr/bin:/bin"):
    return subprocess.run([sys.executable, PROVE, *arguments], capture_output=True, text=True, check=False,
                          env={"PATH": path})


# As Frama-C 25 writes it.
COVERAGE = """\
[metrics] Eva coverage statistics
  =======================
  Syntactically reachable functions = 4 (out of 798)
  Semantically reached functions = 2
  Coverage estimation = 50.0%

  Unreached functions (2) =
    <include/glb/bytes.h>: glb_load16; glb_load32;
[metrics] References to non-analyzed functions
  ------------------------------------
  Function check calls glb_load16 (at src/core/image/image.c:385)
[metrics] Statements analyzed by Eva
  --------------------------
  62 stmts in analyzed functions, 59 stmts analyzed (95.1%)
  glb_take: 10 stmts out of 10 (100.0%)
  glb_gue_decode: 49 stmts out of 52 (94.2%)
"""


class Prove(unittest.TestCase):
    def test_what_is_changed_stands_once_in_the_sources(self):
        for name, target in TARGETS.items():
            for change in target.get("change", []) + target.get("mutant", []):
                with self.subTest(target=name, change=change.get("name", change.get("old"))):
                    if "file" in change:
                        self.assertEqual((ROOT / change["file"]).read_text(encoding="utf-8").count(change["old"]), 1)

    def test_every_target_has_a_sentence_a_harness_and_a_mutant(self):
        for name, target in TARGETS.items():
            with self.subTest(target=name):
                self.assertTrue((ROOT / "tests/proof" / target["prover"] / target["harness"]).exists())
                self.assertTrue(target["proves"] and target["cpu_seconds"] and target["mutant"])

    def test_statements_that_were_not_reached_are_found(self):
        self.assertEqual(provers.unreached(COVERAGE), {"glb_gue_decode": 3, "glb_load16": "all", "glb_load32": "all"})

    def test_only_what_a_target_lists_may_be_unreached(self):
        listed = {"glb_gue_decode": 3, "glb_load16": "all"}
        self.assertEqual(provers.covers(COVERAGE, {"unreached": listed}),
                         ["glb_load32(): all statements unreached, expected 0"])
        self.assertEqual(provers.covers(COVERAGE, {"unreached": {"glb_take": 1}, "covers": ["glb_take"]}),
                         ["glb_take(): 0 statements unreached, expected 1"])

    def test_every_target_is_listed(self):
        self.assertEqual({line.split()[0] for line in prove("--list").stdout.splitlines()}, set(TARGETS))

    def test_targets_without_their_tools_are_skipped_and_name_them(self):
        with tempfile.TemporaryDirectory() as nothing:
            done = prove("cursor", "parse", path=nothing)
        self.assertEqual(done.returncode, 77)
        self.assertIn("not installed: frama-c-base why3 cvc4 z3\n", done.stdout)
        self.assertIn("0 passed, 0 failed, 2 skipped", done.stdout)

    def test_a_target_that_is_none_is_refused(self):
        done = prove("nothing")
        self.assertEqual((done.returncode, done.stderr[:29]), (1, "prove: no target \"nothing\"; th"[:29]))


if __name__ == "__main__":
    PROVE = sys.argv.pop()
    unittest.main()
