# SPDX-License-Identifier: BSD-3-Clause
"""Hugepages for as long as a measurement lasts."""

import os
import signal
import sys
from pathlib import Path

FOLDER = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
NEEDED = 300  # of 2 MiB: the 512 MiB of a director or of bench-rings, and some in pieces


def free(folder=FOLDER):
    """How many are free; 0 where the kernel has none."""
    try:
        return int((folder / "free_hugepages").read_text())
    except OSError:
        return 0


class Reserved:
    """with Reserved(): as many as are NEEDED are free, if the kernel has them and we may ask for them.

    Afterwards there are as many as before, whatever has happened; SIGTERM and SIGHUP end the program
    by SystemExit for that. What cannot be reserved is printed, and the measurement does without.
    """

    def __init__(self, folder=FOLDER):
        self.folder = folder
        self.before = None

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, frame: sys.exit(128 + number))
        missing = NEEDED - free(self.folder)
        if missing > 0 and os.access(self.folder / "nr_hugepages", os.W_OK):
            self.before = int((self.folder / "nr_hugepages").read_text())
            self._reserve(self.before + missing)
        if free(self.folder) < NEEDED:
            print(f"{free(self.folder)} of {NEEDED} hugepages are free: measured without", flush=True)
        return self

    def __exit__(self, *_):
        if self.before is not None:
            self._reserve(self.before)

    def _reserve(self, count):
        (self.folder / "nr_hugepages").write_text(f"{count}\n")
