# SPDX-License-Identifier: BSD-3-Clause
"""A thread of another process that stands still: no signal stops one thread alone."""

import subprocess
import sys
from pathlib import Path

from netns import LabError

# Holds one thread of another process, as a debugger does, until it is killed.
HOLD = """
import ctypes, os, sys
SEIZE, INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000
thread = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
for request in (SEIZE, INTERRUPT):
    if libc.ptrace(request, thread, None, None):
        sys.exit(os.strerror(ctypes.get_errno()))
os.waitpid(thread, WALL)
print("held", flush=True)
while True:
    os.waitpid(thread, WALL)
"""


class Held:
    """A thread that stands still."""

    def __init__(self, thread):
        self.holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(thread)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if self.holder.stdout.readline() != "held\n":
            self.let_go()
            raise LabError(f"threads cannot be held here: {self.holder.stderr.read()}")

    def let_go(self):
        self.holder.kill()
        self.holder.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.let_go()


def worker_of(pid):
    """The thread of a director's first worker."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return min(int(task.name) for task in tasks if "worker" in (task / "comm").read_text())
