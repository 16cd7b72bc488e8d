#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does scripts/check-names notice a name that two functions have, and nothing else?

test_check_names.py CHECK_NAMES
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GOOD = {
    "include/glb/spec.h": "static inline bool glb_is_free(const struct glb_addr *addr)\n{\n}",
    "src/core/spec.c": "int glb_spec_check(const struct glb_spec *spec,\n\t\t   void (*say)(int))\n{\n}",
    "src/conf/ports.c": "static int find(uint32_t at)\n{\n}\nvoid ports_sort(void)\n{\n}\nint spec_check(void);",
    "src/ctl/ports.c": "static int find(\n\tuint32_t at)\n{\n\treturn ports_sort();\n}",
    "src/ctl/main.c": "int main(void)\n{\n}",
    "src/director/main.c": "int main(int argc)\n{\n}\nstatic __attribute__((cold)) void look(void)\n{\n}",
    "tests/unit/test_spec.c": "static bool find(void)\n{\n}\nSuite *unit_suite(void)\n{\n}",
    "tests/unit/test_conf.c": "Suite *unit_suite(void)\n{\n}\nvoid *__wrap_malloc(size_t len)\n{\n}",
    "tests/redirect/encap.bpf.c": "int glb_spec_check(struct __sk_buff *skb)\n{\n}",
}

BAD = {  # file: what it has as well, and the name that is there twice then
    "src/ctl/main.c": (
        ("void ports_sort(int how)\n{\n}", "ports_sort"),
        ("static void ports_sort(void)\n{\n}", "ports_sort"),
        ("GLB_INLINE bool find(uint32_t at)\n{\n}", "find"),
        ("static int find(uint32_t place)\n{\n}", "find"),
        ("static __attribute__((noinline, cold)) void look(int at)\n{\n}", "look"),
        ("static bool glb_is_free(void)\n{\n}", "glb_is_free"),
    ),
    "tests/unit/test_spec.c": (
        ("static int glb_spec_check(void)\n{\n}", "glb_spec_check"),
        ("int find(uint32_t at)\n{\n}", "find"),
    ),
}


class CheckNames(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in GOOD.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

    def check(self) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, self.root], capture_output=True, text=True)

    def test_a_tree_without_a_name_for_two_passes(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_every_name_for_two_is_reported_with_its_places(self):
        for file, more in BAD.items():
            for text, name in more:
                (self.root / file).write_text(f"{GOOD[file]}\n\n{text}\n")
                done = self.check()
                (self.root / file).write_text(GOOD[file] + "\n")
                self.assertEqual(done.returncode, 1, text)
                self.assertEqual([line.split("(")[0] for line in done.stdout.splitlines()], [name], text)
                self.assertIn(f"{file}:{GOOD[file].count(chr(10)) + 3}", done.stdout)

    def test_an_empty_tree_is_a_mistake(self):
        done = subprocess.run([self.program, self.root / "src/nothing"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    CheckNames.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
