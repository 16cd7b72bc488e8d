#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Is what the README shows what happens, and are its figures those that were measured?

test_readme.py GLBCTL
"""

import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()
SYN = bytes.fromhex(
    "020000000002 020000000001 0800"
    "4500002800004000 40060000 c6336407 c000020a"
    "9c4001bb 00000000 00000000 50020000 00000000"
)
STRANGER = SYN[:30] + bytes([198, 18, 0, 1]) + SYN[34:]


def section(title):
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def shown():
    """The commands of the tour, in their order, each with the lines that it is to print."""
    for line in section("A tour").splitlines():
        if line.startswith("    $ "):
            command, lines = line[6:], []
            yield command, lines
        elif line.startswith("    #") or not line.startswith("    "):
            lines = []  # of no block
        else:
            lines.append(line[4:])


class Readme(unittest.TestCase):
    program = ""

    def test_the_tour_shows_what_happens(self):
        with tempfile.TemporaryDirectory(prefix="glb-unit-") as name:
            folder = Path(name)
            shutil.copytree(ROOT / "config", folder / "config")
            (folder / "bin").mkdir()
            (folder / "bin/glbctl").symlink_to(self.program)
            frames = [SYN] * 600 + [STRANGER] * 3
            header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
            records = b"".join(struct.pack("<IIII", 7, 8, len(one), len(one)) + one for one in frames)
            (folder / "in.pcap").write_bytes(header + records)
            tour = list(shown())
            self.assertGreater(len(tour), 5)
            for command, lines in tour:
                done = subprocess.run(
                    command, shell=True, cwd=folder, capture_output=True, text=True, timeout=60,
                    env={"PATH": f"{folder}/bin:/usr/bin:/bin"},
                )
                self.assertIn(done.returncode, (0, 3) if " diff " in command else (0,), (command, done.stderr))
                pattern = "".join("(.*\n)*" if line == "..." else re.escape(line) + "\n" for line in lines)
                if lines:
                    self.assertRegex(done.stdout, f"^{pattern}$", command)

    def test_every_figure_is_one_of_the_page_about_performance(self):
        page = (ROOT / "docs/performance.md").read_text()
        rows = [row for row in re.findall(r"^\|.*\|$", section("Status"), re.MULTILINE) if "---" not in row]
        self.assertGreater(len(rows), 3)
        for row in rows:
            self.assertIn(f"\n{row}\n", page)

    def test_every_link_leads_somewhere(self):
        for target in re.findall(r"\]\(([^)#]+)\)", README):
            self.assertTrue((ROOT / target).exists(), target)


if __name__ == "__main__":
    Readme.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
