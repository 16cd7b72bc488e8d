#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does the target `programs`, for users that only run them, build them and nothing else?

test_programs.py BUILD
"""

import subprocess
import sys
import unittest

PROGRAMS = {"src/ctl/glbctl", "src/director/glb-director", "src/redirect/glb-redirect"}


def ninja(*arguments):
    done = subprocess.run(["ninja", "-C", BUILD, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


class Programs(unittest.TestCase):
    def test_it_is_every_program_that_this_build_has(self):
        built = {line.partition(":")[0] for line in ninja("-t", "targets", "all")}
        asked_for = {line.lstrip(" |") for line in ninja("-t", "query", "programs")}
        self.assertIn("src/ctl/glbctl", built)
        self.assertEqual(PROGRAMS & asked_for, PROGRAMS & built)

    def test_no_test_is_built_for_it(self):
        inputs = ninja("-t", "inputs", "programs")
        self.assertGreater(len(inputs), 100)
        self.assertEqual([path for path in inputs if "tests/" in path], [])


if __name__ == "__main__":
    BUILD = sys.argv.pop()
    unittest.main()
