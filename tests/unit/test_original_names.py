#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does glbctl do what the original's programs do when it is called by their names?

test_original_names.py GLBCTL
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TABLES = {
    "healthchecks": None,
    "tables": [
        {
            "name": "web",
            "hash_key": "12345678901234561234567890123456",
            "seed": "34567890123456783456789012345678",
            "binds": [
                {"ip": "192.0.2.1", "proto": "tcp", "port": 80},
                {"ip": "2001:db8::/64", "proto": "udp", "port_start": 100, "port_end": 200},
            ],
            "backends": [
                {"ip": f"10.0.0.{n}", "state": "active", "healthy": True, "healthchecks": {"http": 80}} for n in (1, 2)
            ],
        }
    ],
}
CONFIG = {"outbound_gateway_mac": "02:00:00:00:00:99", "outbound_src_ip": "10.0.0.11", "flow_paths": [], "lcores": {}}
LISTED = """\
bind: 192.0.2.1:[80-80] (6)
bind: 2001:db8::/64:[100-200] (17)
** backend: 10.0.0.1
** backend: 10.0.0.2
Config ok!
"""


class OriginalNames(unittest.TestCase):
    glbctl = None

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = Path(self.place.name)
        for name in ("glb-director-cli", "glb-config-check"):
            (self.folder / name).symlink_to(self.glbctl)
        (self.folder / "src.json").write_text(json.dumps(TABLES))
        (self.folder / "director.conf").write_text(json.dumps(CONFIG))

    def run_in(self, *words):
        """By a path, in the folder of the files."""
        words = [f"./{words[0]}", *words[1:]]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_build_config_writes_the_image_without_a_word(self):
        os.chmod(self.folder / "src.json", 0o644)
        self.assertEqual(self.run_in("glb-director-cli", "build-config", "src.json", "one.bin"), (0, "", ""))
        subprocess.run([self.glbctl, "table", "build", "src.json", "two.bin"], cwd=self.folder, check=True, timeout=60)
        one, two = (self.folder / name for name in ("one.bin", "two.bin"))
        self.assertEqual(one.read_bytes(), two.read_bytes())
        self.assertEqual(one.read_bytes()[:8], b"GLBD\x02\0\0\0")

    def test_a_failure_is_status_1_and_leaves_the_image_and_no_other_file(self):
        (self.folder / "bad.json").write_text('{"tables": [{}]}')
        (self.folder / "dst.bin").write_text("as before")
        before = sorted(os.listdir(self.folder))
        for words, reason in (
            (["build-config", "bad.json", "dst.bin"], "bad.json:1:13: "),
            (["build-config", "none.json", "dst.bin"], "none.json: No such file or directory"),
            (["build-config", "src.json"], "1 argument given, 2 expected"),
            (["build-config", "src.json", "dst.bin", "more"], "3 arguments given, 2 expected"),
            (["build", "src.json", "dst.bin"], 'no command "build"'),
            ([], "a command is missing"),
        ):
            status, out, err = self.run_in("glb-director-cli", *words)
            self.assertEqual((status, out), (1, ""), words)
            self.assertIn(f"glb-director-cli: error: {reason}", err)
            self.assertEqual((self.folder / "dst.bin").read_text(), "as before", words)
            self.assertEqual(sorted(os.listdir(self.folder)), before, words)

    def test_config_check_lists_binds_and_backends(self):
        """Of images and of sources, with or without words for the EAL, by long options or short ones."""
        self.run_in("glb-director-cli", "build-config", "src.json", "dst.bin")
        for words in (
            ["--config-file", "director.conf", "--forwarding-table", "dst.bin"],
            ["-c", "director.conf", "-t", "src.json", "--debug"],
            ["--master-lcore", "4", "-l", "4,5", "--", "-v", "-c", "director.conf", "-t", "dst.bin"],
        ):
            status, out, err = self.run_in("glb-config-check", *words)
            self.assertEqual((status, out), (0, LISTED), words)
            notice = "glb-config-check: info: --debug has no effect\n"
            self.assertEqual(notice in err, not {"--debug", "-v"}.isdisjoint(words), words)

    def test_config_check_ends_with_status_1_when_something_is_wrong(self):
        (self.folder / "v6.json").write_text(json.dumps(TABLES).replace("10.0.0.", "2001:db8:1::"))
        (self.folder / "bad.conf").write_text("{}")
        for words, reason in (
            (["-c", "bad.conf", "-t", "src.json"], "bad.conf:1:1: $.outbound_src_ip: is missing"),
            (["-c", "director.conf", "-t", "none.bin"], "none.bin: No such file or directory"),
            (["-c", "director.conf", "-t", "v6.json"], "v6.json: "),
            (["-c", "director.conf"], "--forwarding-table FILE is missing"),
            (["-c", "director.conf", "-t", "src.json", "-x"], 'no option "-x"'),
        ):
            status, out, err = self.run_in("glb-config-check", *words)
            self.assertEqual((status, out), (1, ""), words)
            self.assertIn(f"glb-config-check: error: {reason}", err)


if __name__ == "__main__":
    OriginalNames.glbctl = Path(sys.argv.pop(1)).resolve()
    unittest.main()
