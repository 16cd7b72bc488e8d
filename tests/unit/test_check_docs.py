#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does scripts/check-docs notice pages that name what is not there, and nothing else?

test_check_docs.py CHECK_DOCS
"""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINKED = (".clang-format", "LICENSE", "README.md", "config", "include", "scripts", "src", "systemd", "tests")
PAGE = "docs/quic.md"

BAD = {
    "a file that is not linked": ("`src/core/nothing.c`", "no file src/core/nothing.c"),
    "a source": ("`nothing.c`", "no file is called nothing.c"),
    "a link to a file": ("[`verdict.h`](../include/glb/verdicts.h)", "no file ../include/glb/verdicts.h"),
    "a section": ("[counters](counters.md#verdict)", "no section counters.md#verdict"),
    "a function": ("[`glb_pars()`](../include/glb/parse.h)", "there is no glb_pars in ../include/glb/parse.h"),
    "a word of a comment": ("[`Reads`](../include/glb/parse.h)", "there is no Reads in ../include/glb/parse.h"),
    "a test": ("[`test_binds`](../tests/packets/test_binds.py)", "there is no test_binds in"),
    "a command": ("`glbctl table chek`", "there is no command `glbctl table chek`"),
}
GOOD = "`src/core/**/*.c`, `parse.h`, [`glb_parse()`](../include/glb/parse.h), [far](https://a.invalid/n.c), `glbctl top`"


class CheckDocs(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in LINKED:
            (self.root / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "docs", self.root / "docs")

    def check(self):
        done = subprocess.run([self.program, self.root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def check_with(self, words):
        """With some more words in a page."""
        before = (ROOT / PAGE).read_text()
        (self.root / PAGE).write_text(f"{before}\n{words}\n")
        return self.check()

    def test_names_that_are_there_pass(self):
        self.assertEqual(self.check_with(GOOD), (0, "the pages say what the sources do\n"))

    def test_each_kind_of_name_that_is_not_there_is_reported(self):
        for kind, (words, reported) in BAD.items():
            status, said = self.check_with(words)
            self.assertEqual((status, len(said.splitlines())), (1, 1), f"{kind}: {said}")
            self.assertIn(f"{PAGE}: {reported}", said)

    def test_a_key_without_its_line_is_reported(self):
        path = self.root / "docs/configuration.md"
        path.write_text(path.read_text().replace("`live_stall_ms`", "live stall"))
        self.assertEqual(
            self.check(),
            (1, "docs/configuration.md: does not mention `live_stall_ms` (of config/director.schema.json)\n"),
        )


if __name__ == "__main__":
    CheckDocs.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
