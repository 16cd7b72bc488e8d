#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does scripts/summarise know all that can become of a suite? Real runs of meson and pytest say so.

test_summarise.py SUMMARISE
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pytest

PROGRAMS = {  # test of meson: what it does, and how it is declared
    "passes": ("exit 0", ""),
    "fails": ("exit 1", ""),
    "skips": ("exit 77", ""),
    "crashes": ("kill -SEGV $$", ""),
    "hangs": ("sleep 60", ", timeout: 1"),
    "three pass": ("printf 'ok 1 - a\\nok 2 - b\\nok 3 - c\\n1..3\\n'", ", protocol: 'tap'"),
    "one of three fails": ("printf 'ok 1 - a\\nnot ok 2 - b\\nok 3 - c\\n1..3\\n'; exit 1", ", protocol: 'tap'"),
    "one of two is skipped": ("printf 'ok 1 - a\\nok 2 - b # SKIP\\n1..2\\n'", ", protocol: 'tap'"),
    "hangs after two": ("printf 'ok 1 - a\\nok 2 - b\\n'; sleep 60", ", protocol: 'tap', timeout: 1"),
    "ends after one of two": ("printf '1..2\\nok 1 - a\\n'", ", protocol: 'tap'"),
    "fails after two": ("printf 'ok 1 - a\\nok 2 - b\\n1..2\\n'; exit 1", ", protocol: 'tap'"),
}

CASES = {  # file of pytest: its text, and passed, failed, skipped
    "good": ("def test_a(): pass\ndef test_b(): pass\n", (2, 0, 0)),
    "bad": ("def test_a(): pass\ndef test_b(): assert False\n", (1, 1, 0)),
    "skipped": ("import pytest\ndef test_a(): pytest.skip('why')\n", (0, 0, 1)),
    "broken": ("import nothing_of_that_name\n", (0, 1, 0)),
    "torn_down_badly": (
        "import pytest\n@pytest.fixture\ndef f():\n    yield\n    assert False\ndef test_a(f): pass\n",
        (0, 1, 0),
    ),
    "empty": ("", (0, 1, 0)),
    "ended": ("import os\ndef test_a(): os._exit(0)\n", (0, 1, 0)),
}


class Summarise(unittest.TestCase):
    program = ""

    @classmethod
    def setUpClass(cls):
        """A project with all tests, set up like ours."""
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        cls.addClassCleanup(folder.cleanup)
        source = Path(folder.name)
        lines = ["project('glb')", "sh = find_program('sh')"]
        for number, (test, (script, more)) in enumerate(PROGRAMS.items()):
            (source / f"{number}.sh").write_text(script)
            lines.append(f"test('{test}', sh, args: files('{number}.sh'), suite: 'unit'{more})")
        (source / "meson.build").write_text("\n".join(lines))
        cls.build = source / "build"
        subprocess.run(["meson", "setup", cls.build, source], check=True, capture_output=True)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.results = self.folder / "results"
        self.results.mkdir()

    def run_meson(self, name: str, *tests: str) -> None:
        """These tests of the project, run like ours."""
        done = subprocess.run(["meson", "test", "-C", self.build, *tests], capture_output=True)
        logs = self.build / "meson-logs"
        (self.results / f"{name}.status").write_text(str(done.returncode))
        (logs / "testlog.json").rename(self.results / f"{name}.json")
        (logs / "testlog.junit.xml").rename(self.results / f"{name}.xml")

    def run_pytest(self, name: str) -> None:
        """In a process that has it loaded already."""
        case = self.folder / f"test_{name}.py"
        case.write_text(CASES[name][0])
        child = os.fork()
        if not child:
            with open(os.devnull, "w", encoding="ascii") as nowhere, contextlib.redirect_stdout(nowhere):
                os._exit(pytest.main(["-q", "-p", "no:cacheprovider", str(case), f"--junitxml={self.results}/{name}.xml"]))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        (self.results / f"{name}.status").write_text(str(status))

    def assert_sum(self, wanted: tuple, *names: str) -> None:
        """The sum of these suites, and an exit status that agrees with it."""
        done = subprocess.run([self.program, self.results, *names], capture_output=True, text=True)
        line = "total: {} passed, {} failed, {} skipped".format(*wanted)
        self.assertEqual(done.stdout.splitlines()[-1], line, f"{names}: {done.stdout}{done.stderr}")
        self.assertEqual(done.returncode, 1 if wanted[1] else 0, names)

    def test_programs_count_by_their_tests_and_whatever_goes_wrong_counts(self):
        self.run_meson("good", "passes", "three pass", "one of two is skipped", "skips")
        self.assert_sum((5, 0, 2), "good")
        self.run_meson("bad", *PROGRAMS)
        self.assert_sum((12, 7, 2), "bad")
        self.assert_sum((17, 7, 4), "good", "bad")

    def test_each_way_to_fail_is_a_failure_alone(self):
        """Or the exit status would not agree with the sum."""
        for number, (name, passed) in enumerate({"hangs": 0, "hangs after two": 2, "crashes": 0}.items()):
            self.run_meson(f"alone{number}", name)
            self.assert_sum((passed, 1, 0), f"alone{number}")

    def test_files_of_cases_count_by_case_and_one_that_does_not_run_is_a_failure(self):
        for name, (_, wanted) in CASES.items():
            self.run_pytest(name)
            self.assert_sum(wanted, name)

    def test_a_suite_that_left_nothing_is_a_failure(self):
        self.run_pytest("good")
        self.assert_sum((2, 1, 0), "good", "never_run")
        (self.results / "good.xml").unlink()
        self.assert_sum((0, 1, 0), "good")

    def test_an_exit_status_counts_that_no_case_explains(self):
        self.run_pytest("good")
        (self.results / "good.status").write_text("2")
        self.assert_sum((2, 1, 0), "good")


if __name__ == "__main__":
    Summarise.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
