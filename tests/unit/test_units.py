#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does systemd understand the units, and are their sandboxes as narrow as they were?

test_units.py BUILD. Skipped where systemd is not installed.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = {
    "glb-director.service": "src/director/glb-director",
    "glb-director@.service": "src/director/glb-director",
    "glb-healthcheck.service": "src/healthcheck/glb-healthcheck",
    "glb-redirect@.service": "src/redirect/glb-redirect",
    "glb-redirect-serve@.service": "src/redirect/glb-redirect",
}
# The most that `systemd-analyze security` may say: 0 is a service that can do nothing, 10 one that can do all.
EXPOSURE = {
    "glb-director.service": 2.5,
    "glb-director@.service": 2.5,
    "glb-healthcheck.service": 2.5,
    "glb-redirect@.service": 2.4,
    "glb-redirect-serve@.service": 2.0,
}


def analyze(*words):
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout, done.stderr


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The units, with their programs where this build has them."""
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.units = {}
        for name, program in PROGRAMS.items():
            if not (BUILD / program).exists():
                continue
            text = (BUILD / "systemd" / name).read_text()
            cls.units[name] = Path(folder.name) / name
            text = re.sub(r"^(Exec\w+=-?)/\S*/glb-", rf"\1{(BUILD / program).parent}/glb-", text, flags=re.M)
            text = re.sub(r"^(Exec\w+=-?)/\S*/glbctl", rf"\1{BUILD}/src/ctl/glbctl", text, flags=re.M)
            cls.units[name].write_text(text)

    def test_systemd_has_nothing_to_say_about_them(self):
        """It warns of what it does not know, and goes on."""
        for path in self.units.values():
            self.assertEqual(analyze("verify", "--man=no", path), (0, "", ""))

    def test_their_sandboxes_are_no_wider_than_they_were(self):
        for name, path in self.units.items():
            status, out, _ = analyze("security", "--offline=true", "--no-pager", path)
            self.assertEqual(status, 0, out)
            figure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", out)[1])
            self.assertLessEqual(figure, EXPOSURE[name], out)


if __name__ == "__main__":
    BUILD = Path(sys.argv.pop()).resolve()
    unittest.main()
