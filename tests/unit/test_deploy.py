#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Are the files of docs/deploy.md good, and does it show what its commands print?

test_deploy.py GLBCTL [GLB_DIRECTOR|GLB_HEALTHCHECK...]
"""

import ipaddress
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs/deploy.md").read_text()
DOCUMENTED = [ipaddress.ip_network(prefix) for prefix in (
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
FILE = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.S | re.M)


def shown():
    """The commands that anybody may run, each with the lines that it is to print."""
    lines = []
    for line in PAGE.splitlines():
        if line.startswith("    $ "):
            lines = []
            yield line[6:], lines
        elif line.startswith("    ") and not line.startswith("    #"):
            lines.append(line[4:])
        else:
            lines = []  # of nobody


class Deploy(unittest.TestCase):
    programs = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/glbctl").symlink_to(self.programs["glbctl"])
        for name, text in FILE.findall(PAGE):
            for place in ("/etc/glb", "/var/lib/glb-healthcheck"):
                text = text.replace(place, folder.name)
            file = self.folder / name
            file.write_text(text)
            file.chmod(0o640)  # tables have keys

    def run_here(self, command):
        return subprocess.run(
            command, shell=isinstance(command, str), cwd=self.folder, capture_output=True, text=True, timeout=60,
            check=False, env={"PATH": f"{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"})

    def accepted(self, *command):
        done = self.run_here(command)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertNotIn("warning", done.stderr)

    def program(self, name):
        if name not in self.programs:
            self.skipTest(f"{name} is not built")
        return self.programs[name]

    def test_its_commands_print_what_it_shows(self):
        commands = list(shown())
        self.assertGreater(len(commands), 5)
        for command, lines in commands:
            done = self.run_here(command)
            self.assertIn(done.returncode, (0, 3) if " diff " in command else (0,), (command, done.stderr))
            pattern = "".join("(.*\n)*" if line == "..." else re.escape(line) + "\n" for line in lines)
            if lines:
                self.assertRegex(done.stdout, f"^{pattern}$", command)

    def test_a_director_takes_its_files(self):
        director = self.program("glb-director")
        self.accepted(director, "--", "--config", "director.json", "--tables", "tables.json", "--check")

    def test_a_health_checker_takes_its_files(self):
        self.accepted(self.program("glb-healthcheck"), "--check", "--config", "healthcheck.json")

    @unittest.skipUnless(shutil.which("bird", path="/usr/sbin:/usr/bin"), "bird is not installed")
    def test_bird_takes_its_file(self):
        self.accepted("bird", "-p", "-c", "bird.conf")

    def test_its_addresses_are_those_for_documentation(self):
        written = set(re.findall(r"(?<![\w.:])\d+\.\d+\.\d+\.\d+", PAGE))
        written |= set(re.findall(r"\b2001:[0-9a-f:]*::[0-9a-f]*", PAGE))
        self.assertGreater(len(written), 20)
        for address in sorted(written):
            if not address.endswith(".444"):
                self.assertTrue(any(ipaddress.ip_address(address) in prefix for prefix in DOCUMENTED), address)


if __name__ == "__main__":
    Deploy.programs = {Path(path).name: str(Path(path).resolve()) for path in sys.argv[1:]}
    del sys.argv[1:]
    unittest.main()
