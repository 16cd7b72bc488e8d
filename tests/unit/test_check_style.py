#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does scripts/check-style notice a badly formatted file and careless scripts, and nothing else?

test_check_style.py CHECK_STYLE
"""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("include/glb", "src/core", "tests/unit", "config/scapy", "scripts", ".ci")
BAD_C = "int\tanswer( void );\n"
BAD_SCRIPT = "#!/bin/sh\ncd $1\n"
BAD_TEST = "def same():\n    return 1\n\n\ndef same():\n    return 2\n"


class CheckStyle(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True)
        for name in (".clang-format", "include/glb/bytes.h", "scripts/help.sh", "scripts/check"):
            shutil.copy(ROOT / name, self.root / name)

    def check(self):
        done = subprocess.run([self.program, self.root], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_a_tidy_tree_passes(self):
        self.assertEqual(self.check()[0], 0)

    def test_each_kind_of_file_is_looked_at(self):
        for bad, *names in ((BAD_C, "include/glb/a.h", "src/core/a.c", "tests/unit/a.c"),
                            (BAD_TEST, "tests/unit/a.py", "config/scapy/a.py"), (BAD_SCRIPT, "scripts/a", ".ci/a")):
            for name in names:
                (self.root / name).write_text(bad)
            status, said = self.check()
            self.assertEqual(status, 1, names)
            for name in names:
                self.assertIn(name, said)
                (self.root / name).unlink()


if __name__ == "__main__":
    if not all(map(shutil.which, ("clang-format-14", "shellcheck", "pyflakes3"))):
        sys.exit(77)
    CheckStyle.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
