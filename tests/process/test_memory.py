# SPDX-License-Identifier: BSD-3-Clause
"""Files that ask for more memory than there is: refused in words, and the director goes on."""

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest
from process import large_tables

MIB = 1 << 20
CGROUPS = Path("/sys/fs/cgroup/memory")


class Group:
    """A cgroup with a memory limit for one process."""

    def __init__(self, limit):
        unified = Path("/sys/fs/cgroup/cgroup.controllers")
        first = (CGROUPS / "memory.limit_in_bytes").exists()
        if not first and "memory" not in (unified.read_text().split() if unified.exists() else ()):
            pytest.skip("no cgroups for memory here")
        self.path = (CGROUPS if first else unified.parent) / f"glb-process-{os.getpid()}"
        self.limit = self.path / ("memory.limit_in_bytes" if first else "memory.max")
        self.value = limit

    def __enter__(self):
        try:
            self.path.mkdir()
            self.limit.write_text(str(self.value))
        except OSError as error:
            self.__exit__()
            pytest.skip(f"no cgroup can be made here: {error}")
        return self

    def take(self, pid):
        (self.path / "cgroup.procs").write_text(str(pid))

    def __exit__(self, *_):
        if self.path.exists():
            self.path.rmdir()


def limit_address_space(process, more):
    """Leave the process so many bytes."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    size = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmSize:"))
    resource.prlimit(process.process.pid, resource.RLIMIT_AS, (size + more, resource.RLIM_INFINITY))


def reload_and_expect(process, text):
    process.signal(signal.SIGHUP)
    process.wait_for_log("reload refused; generation 1 keeps serving", 30)
    assert text in process.log.read_text()


def go_on(process):
    """It serves what there is room for."""
    process.write(tables=large_tables(3, 3))
    process.signal(signal.SIGHUP)
    process.wait_for_log("serving generation 2: 3 tables")
    process.stop()


def test_tables_that_a_limit_has_no_room_for_are_refused(process):
    """A small file of many tables, each of which takes a MiB and a half."""
    process.start()
    limit_address_space(process, 400 * MIB)
    process.write(tables=large_tables(1500, 1))
    reload_and_expect(process, "tables.json: needs about")
    assert "are left by RLIMIT_AS" in process.log.read_text()
    go_on(process)


@pytest.mark.parametrize("part", ["{},", "[],", '"",', "1,"])
def test_json_that_a_limit_has_no_room_for_is_refused_before_it_is_parsed(process, part):
    """A byte of text can take eighty in memory."""
    process.start()
    limit_address_space(process, 200 * MIB)
    (process.folder / "tables.json").write_text("[" + part * (6 * MIB // len(part)) + "0]")
    reload_and_expect(process, "tables.json: needs about")
    go_on(process)


def test_a_file_that_a_limit_has_no_room_for_is_not_read(process):
    """200 MiB of blanks."""
    process.start()
    limit_address_space(process, 100 * MIB)
    with open(process.folder / "tables.json", "wb") as file:
        file.truncate(200 * MIB)
    reload_and_expect(process, "tables.json: out of memory")
    go_on(process)


def test_a_device_without_an_end_is_refused(process):
    """At once."""
    process.start()
    (process.folder / "tables.json").unlink()
    (process.folder / "tables.json").symlink_to("/dev/zero")
    reload_and_expect(process, "tables.json: is neither a regular file nor a pipe")
    (process.folder / "tables.json").unlink()
    go_on(process)


def test_a_cgroup_that_has_no_room_for_tables_does_not_get_the_director_killed(process):
    """Neither the tables of one request, nor those of many."""
    with Group(700 * MIB) as group:
        process.start()
        group.take(process.process.pid)
        process.write(tables=large_tables(1500, 1))
        reload_and_expect(process, "by the memory limit of its cgroup")
        process.write(tables=large_tables(60, 2))
        for number in range(2, 12):  # what was freed serves again
            process.write(tables=large_tables(60, 2 + number % 3))
            process.signal(signal.SIGHUP)
            process.wait_for_log(f"serving generation {number}: 60 tables", 30)
        process.stop()


def test_a_check_has_the_same_bounds(process):
    """Before anything is started with such a file."""
    done = subprocess.run(
        process.command(tables=large_tables(1500, 1), more=["--check"]),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY)),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 1
    assert "tables.json: needs about" in done.stderr
