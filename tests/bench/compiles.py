#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Do the sources of the benchmarks compile without a warning? scripts/test does not build them.

compiles.py BUILD
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

PLACES = ("tests/bench/", "tests/fleet/")


def compiles(command: str, directory: str, **_) -> bool:
    """Writes no file, not even one of dependencies."""
    words = shlex.split(re.sub(r" -(MD|(MQ|MF|o) \S+)", "", command))
    return subprocess.run([*words, "-O0", "-S", "-o", "/dev/null"], cwd=directory, check=False).returncode == 0


def main(build: Path) -> int:
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    sources = {entry["file"]: entry for entry in commands if entry["output"].startswith(PLACES)}
    failed = [source for source, entry in sources.items() if not compiles(**entry)]
    print(f"{len(sources)} sources of benchmarks, {len(failed)} do not compile: {' '.join(failed)}")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
