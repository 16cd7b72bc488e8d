#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Do the programs run on every x86-64-v2 processor?

test_portable.py BUILD

Only what is compiled once per instruction set, and chosen at run time, may hold instructions of
AVX, BMI or later; whatever else has one would die there of SIGILL. Looks at all objects of src/,
which are all there is in the programs, and at how they were compiled. Status 77: not for here.
"""

import json
import platform
import re
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

# tzcnt is not here: without BMI it is taken for bsf, and compilers use it as that
NEWER = re.compile(
    r"\t(v[a-z]\w+|andn|bextr|blsi|blsmsk|blsr|bzhi|lzcnt|movbe|mulx|pdep|pext|rorx|sarx|shlx|shrx|adcx|adox)\s"
    r"|%[yz]mm\d|%k[0-7]\b"
)
OLD_V = ("verr", "verw")
PER_SET = re.compile(r"libglb-(forward|lanes)-(avx2|avx512)\.a\.p/")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
# Of what changes the instructions, this may be anywhere: it is v2, or Debian's libdpdk asks for it.
ALLOWED = {"-march=corei7", "-mno-avx512f", "-march=x86-64-v2"}


def newer_instructions(path):
    """Function to its first instruction that x86-64-v2 does not have."""
    command = ["objdump", "-d", "--no-show-raw-insn", path]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found, function = {}, ""
    for line in listing.splitlines():
        start = FUNCTION.match(line)
        if start:
            function = start[1]
        elif NEWER.search(line) and line.split("\t")[1].split()[0] not in OLD_V:
            found.setdefault(function, line.strip())
    return found


class Portable(unittest.TestCase):
    build = Path()

    def objects(self, per_set):
        every = sorted(self.build.glob("src/**/*.c.o"))
        self.assertTrue(every, f"no objects in {self.build}/src")
        return [path for path in every if bool(PER_SET.search(str(path))) == per_set]

    def test_nothing_else_needs_more_than_v2(self):
        for path in self.objects(per_set=False):
            self.assertEqual(newer_instructions(path), {}, path.relative_to(self.build))

    def test_what_is_compiled_per_set_uses_it(self):
        """Or the test above would see nothing."""
        for path in self.objects(per_set=True):
            self.assertNotEqual(newer_instructions(path), {}, path.relative_to(self.build))

    def test_nothing_is_compiled_for_the_machine_it_is_built_on(self):
        commands = json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8"))
        for entry in commands:
            if PER_SET.search(entry["output"]) or not entry["output"].startswith("src/"):
                continue
            words = shlex.split(entry["command"])
            wrong = {word for word in words if re.match(r"-m(arch|cpu|tune|avx|bmi|sse|no-)", word)}
            self.assertLessEqual(wrong, ALLOWED, entry["output"])

    def test_no_build_file_asks_for_the_native_set(self):
        root = Path(__file__).resolve().parents[2]
        for pattern in ("meson.build", "src/**/meson.build", "tests/**/meson.build", "scripts/**/*", ".ci/*"):
            for path in root.glob(pattern):
                if path.is_file():
                    self.assertNotIn("march=native", path.read_text(encoding="utf-8"), path)


if __name__ == "__main__":
    Portable.build = Path(sys.argv.pop(1))
    options = json.loads((Portable.build / "meson-info/intro-buildoptions.json").read_text(encoding="utf-8"))
    if platform.machine() != "x86_64" or any(o["name"] == "b_lto" and o["value"] for o in options):
        print("skipped: only for x86-64, without link-time optimisation")
        sys.exit(77)
    unittest.main()
