#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Do the hot paths take as many instructions as recorded?

  instructions.py PROGRAM RECORD             compare what count-instructions prints with the record
  instructions.py PROGRAM RECORD --update    make the record what it prints
  instructions.py --skip REASON              say why these counts would not compare

Fails when a count is more than 2 % above the record, and also when it is more than 2 % below: a
record without bias is what the next change is measured by. `scripts/bench instructions
--update` renews it; the commit says why the numbers are worth it. It leaves alone what it has of
instruction sets that this processor lacks. A count that was recorded for other sets only, on such a
processor, is printed as "not recorded" and fails nothing.
"""

import json
import subprocess
import sys
from pathlib import Path

TOLERANCE = 0.02
SKIPPED = 77


def counted(program):
    """What to instructions, per packet or per backend and row."""
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr.strip())
        sys.exit(SKIPPED if "not permitted" in done.stderr else 1)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return {what: int(hundredths) / 100 for what, hundredths in lines}


def isa_of(what):
    return what.rpartition(", ")[2]


def elsewhere(record, counts):
    """What the record has of instruction sets that this processor lacks."""
    here = {isa_of(what) for what in counts}
    return {what: count for what, count in record.items() if isa_of(what) not in here}


def is_pending(record, what):
    """Is a count recorded for other instruction sets, but not for this one?"""
    name = what.rpartition(", ")[0]
    return what not in record and any(name == other.rpartition(", ")[0] for other in record)


def verdict(recorded, now):
    if recorded is None:
        return "not recorded"
    if now is None:
        return "recorded, but not counted any more"
    if now > recorded * (1 + TOLERANCE):
        return "MORE than recorded"
    if now < recorded * (1 - TOLERANCE):
        return "fewer than recorded"
    return ""


def compare(record, counts):
    """Prints a line each; returns whether all are as recorded."""
    absent = elsewhere(record, counts)
    fine = True
    print(f"{'instructions':<46} {'recorded':>9} {'now':>9} {'change':>8}")
    for what in sorted(record | counts):
        was, now = record.get(what), counts.get(what)
        said = "not on this processor" if what in absent else verdict(was, now)
        fine &= not said or what in absent or is_pending(record, what)
        change = f"{100 * (now / was - 1):+.1f} %" if was and now else ""
        print(f"{what:<46} {was or '-':>9} {now or '-':>9} {change:>8}  {said}".rstrip())
    return fine


def main(arguments):
    if arguments[0] == "--skip":
        print("skipped:", arguments[1])
        return SKIPPED
    program, path = arguments[0], Path(arguments[1])
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    counts = counted(program)
    fine = compare(record, counts)
    if arguments[2:] == ["--update"]:
        new = elsewhere(record, counts) | counts
        path.write_text(json.dumps(new, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"{path.name} updated: say in the commit why the numbers are what they are")
        return 0
    if not fine:
        print("\nWas that meant? Then: scripts/bench instructions --update, and say why in the commit.")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
