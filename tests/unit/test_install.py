#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does an installation put every file in its place, and no other?

test_install.py BUILD
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Behind the prefix; of programs and manuals, what this build has.
ALWAYS = """
    bin/glb-config-check
    bin/glb-director-cli
    bin/glbctl
    share/bash-completion/completions/glbctl
    share/doc/glb/examples/bird-live.conf
    share/doc/glb/examples/deny.conf
    share/doc/glb/examples/director.json
    share/doc/glb/examples/frr-live.conf
    share/doc/glb/examples/grafana-dashboard.json
    share/doc/glb/examples/healthcheck.json
    share/doc/glb/examples/prometheus-alerts.yml
    share/doc/glb/examples/proxy/haproxy.cfg
    share/doc/glb/examples/proxy/nginx.conf
    share/doc/glb/examples/tables.json
    share/glb/scapy/glb_gue.py
    share/glb/schemas/director.schema.json
    share/glb/schemas/healthcheck.schema.json
    share/glb/schemas/tables.schema.json
    share/glb/wireshark/glb_gue.lua
"""
WITH = {
    "src/director/glb-director": """
        lib/systemd/system/glb-director.service
        lib/systemd/system/glb-director@.service
        lib/sysusers.d/glb-director.conf
        sbin/glb-director
        share/bash-completion/completions/glb-director
        share/doc/glb/examples/glb-director-af_xdp.conf
        share/doc/glb/examples/glb-director.default
    """,
    "src/healthcheck/glb-healthcheck": """
        lib/systemd/system/glb-healthcheck.service
        lib/sysusers.d/glb-healthcheck.conf
        sbin/glb-healthcheck
        share/bash-completion/completions/glb-healthcheck
        share/doc/glb/examples/glb-healthcheck.default
    """,
    "src/redirect/glb-redirect": """
        lib/systemd/system/glb-redirect-serve@.service
        lib/systemd/system/glb-redirect@.service
        sbin/glb-redirect
        share/bash-completion/completions/glb-redirect
        share/doc/glb/examples/glb-redirect.default
    """,
    "docs/man/glbctl.1": """
        share/man/man1/glbctl.1
        share/man/man5/glb-director.json.5
        share/man/man5/glb-healthcheck.json.5
        share/man/man5/glb-tables.json.5
    """,
    "docs/man/glb-director.8": "share/man/man8/glb-director.8",
    "docs/man/glb-healthcheck.8": "share/man/man8/glb-healthcheck.8",
    "docs/man/glb-redirect.8": "share/man/man8/glb-redirect.8",
}


def options():
    done = subprocess.run(["meson", "introspect", BUILD, "--buildoptions"], capture_output=True, check=True)
    return {option["name"]: option["value"] for option in json.loads(done.stdout)}


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        subprocess.run(
            ["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"],
            env={**os.environ, "DESTDIR": folder.name},
            check=True,
        )
        cls.root = Path(folder.name)
        cls.prefix = cls.root / options()["prefix"].lstrip("/")

    def installed(self):
        return {str(path.relative_to(self.prefix)) for path in self.root.rglob("*") if not path.is_dir()}

    def test_these_files_are_installed(self):
        wanted = ALWAYS.split()
        for built, files in WITH.items():
            if (BUILD / built).exists():
                wanted += files.split()
        self.assertEqual(sorted(self.installed()), sorted(wanted))

    def test_names_of_the_original_are_links_to_what_is_there(self):
        for name in ("glb-config-check", "glb-director-cli"):
            self.assertEqual((self.prefix / "bin" / name).readlink(), Path("glbctl"))

    def test_everybody_may_read_them_and_nobody_but_their_owner_may_write(self):
        for path in self.root.rglob("*"):
            mode = path.lstat().st_mode & 0o777
            program = path.is_dir() or "bin" in path.parent.name
            if not path.is_symlink():
                self.assertEqual(mode, 0o755 if program else 0o644, path)

    def test_what_is_installed_runs(self):
        done = subprocess.run([self.prefix / "bin/glbctl", "--version"], capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"^glbctl \d+\.\d+\.\d+")


class Version(unittest.TestCase):
    def test_it_names_the_commit_of_a_checkout(self):
        commit = subprocess.run(
            ["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
        )
        if not (ROOT / ".git").exists() or commit.returncode:
            self.skipTest("a tree without its history")
        done = subprocess.run([BUILD / "src/ctl/glbctl", "--version"], capture_output=True, text=True, check=True)
        self.assertIn("(commit ", done.stdout)
        self.assertIn(commit.stdout.strip(), done.stdout)


if __name__ == "__main__":
    BUILD = Path(sys.argv.pop()).resolve()
    unittest.main()
