#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does scripts/release make releases on which everything agrees, and refuse others?

test_release.py RELEASE
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = "project('glb', 'c',\n    version: '0.2.0',\n)\n"
CHANGES = """# Changes

## 0.2.0, not released yet

- Something that operators notice.

# in the middle of a line stays where it is.

## 0.1.0, 2026-01-02

- The first one.
"""
AUTHOR = {f"GIT_{who}_{what}": "a@b.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
PENDING = "## 0.2.0, not released yet"


class Release(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "scripts").mkdir()
        (self.root / "scripts/debian").symlink_to(ROOT / "scripts/debian")
        for name in ("package", "help.sh"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts" / name)
        shutil.copy(self.program, self.root / "scripts/release")
        (self.root / "docs").mkdir()
        self.write("meson.build", BUILD)
        self.write("docs/CHANGELOG.md", CHANGES)
        self.git("init", "--quiet")
        self.commit()

    def write(self, name, text):
        (self.root / name).write_text(text)

    def read(self, name):
        return (self.root / name).read_text()

    def git(self, *words):
        done = subprocess.run(
            ["git", "-C", self.root, *words], env={**os.environ, **AUTHOR}, capture_output=True, text=True, check=True
        )
        return done.stdout

    def commit(self):
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", "some change")

    def release(self, *words):
        done = subprocess.run(
            [self.root / "scripts/release", *words],
            env={**os.environ, **AUTHOR}, capture_output=True, text=True, check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def package(self):
        said = subprocess.check_output([self.root / "scripts/package", "--changelog"], text=True)
        return re.match(r"glb \((.*)\) ", said)[1]

    def test_a_release_and_the_next_version_agree_everywhere(self):
        self.assertEqual(self.release("check"), (0, "everything agrees on 0.2.0\n"))
        self.assertRegex(self.package(), r"^0\.2\.0~1\.[0-9a-f]{12}$")

        self.assertEqual(self.release("make")[0], 0)
        self.assertRegex(self.read("docs/CHANGELOG.md"), r"(?m)^## 0\.2\.0, \d{4}-\d\d-\d\d$")
        self.assertEqual(self.git("describe").strip(), "v0.2.0")
        self.assertIn("Something that operators notice.", self.git("tag", "--list", "--format=%(contents)"))
        self.assertIn("# in the middle", self.git("tag", "--list", "--format=%(contents)"))
        self.assertEqual(self.package(), "0.2.0")
        self.assertEqual(self.release("check"), (0, "everything agrees on 0.2.0\n"))

        self.assertEqual(self.release("next", "0.10.0"), (0, ""))
        self.assertIn("version: '0.10.0',", self.read("meson.build"))
        self.assertRegex(self.read("docs/CHANGELOG.md"), r"^# Changes\n\n## 0\.10\.0, not released yet\n\n## 0\.2\.0, ")
        self.assertRegex(self.package(), r"^0\.10\.0~3\.[0-9a-f]{12}$")
        self.assertEqual(self.release("check"), (0, "everything agrees on 0.10.0\n"))
        self.assertEqual(self.git("status", "--porcelain"), "")

    def test_a_changed_tree_is_no_release(self):
        self.assertEqual(self.release("make")[0], 0)
        self.write("meson.build", BUILD + "\n")
        self.assertRegex(self.package(), r"^0\.2\.0~2\.[0-9a-f]{12}\.dirty$")

    def test_what_does_not_agree_is_reported(self):
        for name, old, new, reported in (
            ("meson.build", "0.2.0", "0.3.0", "does not begin with 0.3.0, the version of meson.build"),
            ("docs/CHANGELOG.md", PENDING, "## 0.2.0", "a heading is neither"),
            ("docs/CHANGELOG.md", "0.1.0, 2026", "0.2.1, 2026", "0.2.1 of 2026-01-02 is below 0.2.0"),
            ("docs/CHANGELOG.md", "2026-01-02", "not released yet", "0.1.0 is below 0.2.0 and was not released"),
            ("docs/CHANGELOG.md", PENDING, "## 0.2.0, 2025-12-31", "0.1.0 of 2026-01-02 is below 0.2.0 of 2025-12-31"),
        ):
            text = self.read(name)
            self.write(name, text.replace(old, new))
            status, said = self.release("check")
            self.write(name, text)
            self.assertEqual(status, 1, said)
            self.assertIn(reported, said)
        self.git("tag", "-a", "v0.9.0", "-m", "by hand")
        status, said = self.release("check")
        self.assertEqual(status, 1)
        self.assertIn("v0.9.0 is tagged, and the changelog has no release 0.9.0", said)
        self.assertIn("v0.9.0 is a tag of this commit, whose meson.build has 0.2.0", said)

    def test_what_makes_no_release_changes_nothing(self):
        self.write("docs/CHANGELOG.md", CHANGES.replace("- Something that operators notice.", "").replace(
            "# in the middle of a line stays where it is.", ""))
        self.assertIn("not committed", self.release("make")[1])
        self.commit()
        head = self.git("rev-parse", "HEAD")
        for words, reported in (
            (("make",), "says nothing about 0.2.0"),
            (("next", "0.3.0"), "0.2.0 is not released yet"),
        ):
            status, said = self.release(*words)
            self.assertEqual(status, 1)
            self.assertIn(reported, said)
        now = (self.git("rev-parse", "HEAD"), self.git("tag"), self.git("status", "--porcelain"))
        self.assertEqual(now, (head, "", ""))

        self.write("docs/CHANGELOG.md", CHANGES)
        self.commit()
        self.assertEqual(self.release("make")[0], 0)
        for words, reported in (
            (("make",), "0.2.0 was released on"),
            (("next", "0.2.0"), '"0.2.0" is no version after 0.2.0'),
            (("next", "1"), '"1" is no version after 0.2.0'),
        ):
            status, said = self.release(*words)
            self.assertEqual(status, 1)
            self.assertIn(reported, said)

    def test_a_tree_without_history_is_checked_as_far_as_it_goes(self):
        shutil.rmtree(self.root / ".git")
        self.assertEqual(self.release("check"), (0, "everything agrees on 0.2.0\n"))
        self.assertEqual(self.release("make")[0], 1)


if __name__ == "__main__":
    if not shutil.which("git"):
        sys.exit(77)
    Release.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
