# SPDX-License-Identifier: BSD-3-Clause
"""Does a director that lacks something go on, or not start, with a reason? docs/operations.md lists what it lacks."""

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest
from control import ask
from netns import wait_until
from process import CONFIG, large_tables


def refusal(process, *wrapper, more=(), **options):
    """Start a director that cannot; returns the errors that it logs."""
    command = [*wrapper, *process.command(**options)]
    for old, new in more:
        command[command.index(old) + 1] = new
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 1, done.stderr
    return [line.partition("error: ")[2] for line in done.stderr.splitlines() if "error: " in line]


def test_a_start_with_too_few_descriptors_is_refused_with_the_limit(process):
    """The EAL would abort, and libevent end the process, both without a line in the log."""
    assert refusal(process, "prlimit", "--nofile=20:") == [
        "cannot start: no more than 20 files may be open (RLIMIT_NOFILE), and it takes 128: ulimit -n, or LimitNOFILE= of the unit"
    ]


def test_a_start_with_too_little_memory_for_packet_buffers_says_how_much_they_take(process):
    """Neither the EAL nor the first pools fail."""
    assert refusal(process, more=[("-m", "16")]) == [
        "no memory for packet buffers, which take 19 MiB: reserve hugepages or raise -m"
    ]


@pytest.fixture
def full(tmp_path):
    """A file system of 64 KiB that has no room left, and what takes it."""
    if os.geteuid() != 0:
        pytest.skip("mounts a file system")
    folder = tmp_path / "full"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=True)
    filler = folder / "filler"
    try:
        yield filler
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(filler):
    with open(filler, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def is_idle(pid):
    """Do all threads but the workers sleep, with nothing left to do?"""
    stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(stat.rpartition(")")[2].split()[0] == "S" for stat in stats if "rte-worker" not in stat)


def is_ready(control):
    """A socket has its file before anybody listens."""
    try:
        return ask(control, "status")["ready"]
    except (FileNotFoundError, ConnectionRefusedError):
        return False


def test_a_director_serves_while_its_log_is_on_a_full_disk_and_counts_the_lines(process, full):
    """It starts and reloads as usual; when lines can be written again, the first one counts those that were lost."""
    fill(full)
    control = process.folder / "control.sock"
    process.log = full.parent / "director.log"
    process.launch(config={**CONFIG, "control_socket": str(control)})
    wait_until(lambda: is_ready(control), "a director that is ready", 60)
    assert ask(control, "reload")["generation"] == 2
    wait_until(lambda: is_idle(process.process.pid), "the log's thread to have tried to write", 60)
    assert process.log.read_bytes() == b""
    full.unlink()
    assert ask(control, "reload")["generation"] == 3
    process.wait_for_log(" lines lost: No space left on device\n")
    process.wait_for_log("serving generation 3")
    first = process.log.read_text().splitlines()[0]
    assert first.partition("Z ")[2].startswith("glb-director: warning: ")
    assert "generation 2" not in process.log.read_text()
    process.stop()


def size(pid):
    """Bytes that a limit of RLIMIT_DATA counts: what malloc() has reserved and not used is none of them."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData:"))


def test_reloads_without_descriptors_or_memory_are_refused_and_leak_nothing(process, glbctl):
    """Service goes on; the same reload succeeds once there is room for it. Unreadable files are the third case."""
    control = process.folder / "control.sock"
    process.start(config={**CONFIG, "control_socket": str(control)})
    pid, tables = process.process.pid, process.folder / "tables.json"

    def reload():
        done = subprocess.run(
            [glbctl, "--socket", control, "reload"], capture_output=True, text=True, timeout=600, check=False
        )
        return done.returncode, done.stderr

    def refused(*reasons):
        digests = [table["digest"] for table in ask(control, "status")["tables"]]
        status, text = reload()
        assert status == 3 and any(reason in text for reason in reasons), text
        assert [table["digest"] for table in ask(control, "status")["tables"]] == digests
        assert ask(control, "status")["generation"] == 1

    process.write(tables=large_tables(100, 3))
    before = len(os.listdir(f"/proc/{pid}/fd"))

    def all_closed():
        return len(os.listdir(f"/proc/{pid}/fd")) == before

    hard = resource.RLIM_INFINITY
    least = size(pid)  # a build that was refused frees its memory after the reply
    for mib in (1, 10):  # too little for the stack of a thread, unless there is one of before; or for the tables
        resource.prlimit(pid, resource.RLIMIT_DATA, (least + (mib << 20), hard))
        refused(f"{tables}: ", "no thread to read files on: ")
    resource.prlimit(pid, resource.RLIMIT_DATA, (hard, hard))
    soft, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    wait_until(all_closed, "descriptors to be closed", 30)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (process.free_descriptor() + 1, most))  # for the client of its socket
    refused("director.json: Too many open files")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, most))
    tables.rename(process.folder / "good")
    tables.mkdir()
    refused(f"{tables}: Is a directory")
    tables.rmdir()
    (process.folder / "good").rename(tables)
    assert reload()[0] == 0 and ask(control, "status")["generation"] == 2
    wait_until(all_closed, "descriptors to be closed", 30)
    process.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root's right to any file")
def test_directories_without_rights_cost_a_warning_a_reload_or_the_start(process):
    """That of the state, those of the files, and that of the control socket; each is named."""
    plain = process.command
    rights = ("--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search")
    process.command = lambda **options: ["setpriv", *rights, *plain(**options)]
    state, sockets = process.folder / "state", process.folder / "sockets"
    for folder in (state, sockets):
        folder.mkdir(mode=0o500)
    process.start(config={**CONFIG, "state_directory": str(state)})
    process.wait_for_log(f"warning: {state}/last-good.glbd: the served tables are not saved for a start without their file: Permission denied")
    tables = process.folder / "tables.json"
    tables.chmod(0)
    process.signal(signal.SIGHUP)
    process.wait_for_log(f"error: {tables}: Permission denied")
    process.wait_for_log("reload refused; generation 1 keeps serving")
    tables.chmod(0o600)
    state.chmod(0o700)
    process.signal(signal.SIGHUP)
    process.wait_for_log("serving generation 2")
    wait_until((state / "last-good.glbd").exists, "the image", 30)
    process.stop()
    for control, reason in (
        (sockets / "control.sock", f"{sockets}/control.sock: Permission denied"),
        (state, f"{state}: socket path taken by a file that is not a socket"),
    ):
        errors = refusal(process, config={**CONFIG, "control_socket": str(control)})
        assert errors and errors[-1].endswith(reason), errors
