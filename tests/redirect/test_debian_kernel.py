# SPDX-License-Identifier: BSD-3-Clause
"""Does the kernel of this Debian take the program? Whatever kernel the tests run on."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "scripts" / "kernel"
TOOLS = ("qemu-system-x86_64", "busybox", "depmod", "cpio", "xz")


@pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason="scripts/kernel needs " + ", ".join(TOOLS)
)
def test_the_kernel_of_this_debian_takes_the_program(program):
    """Attached, attached again, read and detached on the kernel package, in an emulator."""
    done = subprocess.run([SCRIPT, program.parents[2]], capture_output=True, text=True, timeout=6000)
    assert done.returncode == 0, done.stdout + done.stderr
