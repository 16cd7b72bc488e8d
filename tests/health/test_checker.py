# SPDX-License-Identifier: BSD-3-Clause
"""The checker as a process: what it writes when backends, files and disks fail, and when they come back."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import pytest
from checker import source
from netns import allowed, pause, wait_until

QUIET_OPEN_S = 0.25  # src/sys/file.c: a file that is open for writing is read after so long without a change
A, B, C, D = (f"127.0.1.{n}" for n in (1, 2, 3, 4))


def states(up, down=()):
    return {address: address in up for address in sorted((*up, *down))}


def test_a_backend_goes_after_fall_results_and_comes_back_after_rise(checker, listeners):
    """The file is replaced whole each time: a reader never sees half of one."""
    listeners.listen(A, B, C)
    checker.start(source((A, B, C), listeners.port))
    checker.wait_for(states((A, B, C)))
    broken, ended = [], threading.Event()

    def read():
        while not ended.is_set():
            try:
                json.loads(checker.checked.read_text())
            except ValueError as error:
                broken.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        killed = time.monotonic()
        listeners.kill(A)
        checker.wait_for(states((B, C), (A,)))
        took = time.monotonic() - killed
        assert 2 * 0.2 < took < allowed(3 * 0.2 + 1), took
        listeners.listen(A)
        checker.wait_for(states((A, B, C)))
    finally:
        ended.set()
        reader.join()
    assert not broken, broken
    log = checker.text()
    assert "[event=backend_down table=a backend=127.0.1.1 check=" in log and "reason=refused]" in log, log
    assert "3 times in a row" in log, log
    assert log.count("event=backend_down") == log.count("event=backend_up") == 1, log
    assert checker.checked.stat().st_mode & 0o777 == 0o600  # as the source, which holds keys
    checker.stop()


def test_all_at_once_is_taken_for_the_checker_s_own_fault(checker, listeners):
    """It fails open, and none is taken away: not the first that fail, nor the last that come back."""
    listeners.listen(A, B, C, D)
    checker.start(source((A, B, C, D), listeners.port, max_unhealthy_percent=50))
    checker.wait_for(states((A, B, C, D)))
    listeners.kill()
    checker.wait_for_log("event=health_fails_open table=a")
    pause(0.5)
    assert checker.healthy() == states((A, B, C, D))
    assert checker.text().count("event=health_fails_open") == 1
    listeners.listen(A, B, C, D)
    checker.wait_for_log("event=health_trusted table=a")
    pause(0.5)
    assert checker.healthy() == states((A, B, C, D))
    assert "event=backend_down" not in checker.text() and checker.text().count("event=tables_written") == 1

    # two of four may go, and do
    listeners.kill(A, C)
    checker.wait_for(states((B, D), (A, C)))


def test_a_start_begins_with_what_was_known(checker, listeners):
    """State first, then an older checked file, then the source; a new backend waits for its first rise."""
    listeners.listen(A, B)
    checker.start(source((A, B, C), listeners.port))
    checker.wait_for(states((A, B), (C,)))
    checker.process.kill()  # whatever it was about to do
    checker.process.wait()
    before = checker.checked.read_bytes()
    checker.restart()
    pause(0.1)
    assert checker.checked.read_bytes() == before
    checker.stop()

    # without its state, with none that listens: nothing is taken away by the start, nor given
    listeners.kill()
    for path in checker.state.iterdir():
        path.unlink()
    slow = source((A, B, C, D), listeners.port, interval_ms=60000, timeout_ms=1000)
    checker.write(slow)
    checker.restart()
    checker.wait_for(states((A, B), (C, D)))
    checker.stop()

    # nor without an older file
    for path in (*checker.state.iterdir(), checker.checked):
        path.unlink()
    slow["tables"][0]["backends"][1]["healthy"] = False
    checker.write(slow)
    checker.restart()
    checker.wait_for(states((A, C, D), (B,)))


def test_a_first_start_that_sees_nobody_takes_nobody_out(checker, listeners):
    """Nothing is known and no try succeeds: none is taken out for a moment, as the others could fail next."""
    listeners.listen(A)
    listeners.kill()
    checker.start(source((A, B, C, D), listeners.port, healthy=False))
    checker.wait_for_log("event=health_fails_open")
    assert "event=backend_down" not in checker.text(), checker.text()
    assert checker.healthy() == states((A, B, C, D))
    checker.stop()


def test_a_source_that_changes_keeps_what_is_known(checker, listeners):
    """Replaced by rename, edited in place, mended; listed backends keep their state, new ones wait, others go."""
    listeners.listen(A, B, D)
    checker.start(source((A, B, C), listeners.port))
    checker.wait_for(states((A, B), (C,)))
    changed = time.monotonic()
    checker.write(source((B, C, D), listeners.port))
    wait_until(lambda: set(checker.healthy()) == {B, C, D}, "the new source")
    assert time.monotonic() - changed < allowed(1)
    checker.wait_for(states((B, D), (C,)))
    log = checker.text()
    assert f"event=backend_up table=a backend={D}" in log
    assert log.count(f"event=backend_down table=a backend={C}") == 1, log

    good = checker.source.read_text()
    checker.source.write_text(good[:-20])
    checker.wait_for_log("event=source_refused")
    assert f"{checker.source}:" in checker.text().rpartition("event=source_refused")[0].rpartition("\n")[2]
    assert checker.healthy() == states((B, D), (C,))
    checker.source.unlink()
    checker.wait_for_log("event=source_refused", 2)
    began = time.monotonic()
    with open(checker.source, "w", encoding="utf-8") as file:  # as an editor that does it in steps
        file.write(good[:100])
        file.flush()
        time.sleep(0.02)
        file.write(good[100:].replace(C, A))
    in_time = time.monotonic() - began < QUIET_OPEN_S
    checker.wait_for(states((A, B, D)))
    refused = checker.text().count("event=source_refused")
    assert refused == 2 or not in_time and refused == 3, checker.text()
    listeners.kill(B)
    checker.wait_for(states((A, D), (B,)))


def test_sighup_reads_both_files(checker, listeners):
    """What can change does, what cannot is named, and what is no good changes nothing."""
    listeners.listen(A)
    ran = checker.folder / "ran"
    checker.start(source((A,), listeners.port))
    checker.wait_for(states((A,)))
    checker.configure(reload_command=f"echo x >>{ran}", state_directory="/elsewhere")
    checker.process.send_signal(signal.SIGHUP)
    checker.wait_for_log("with the next start only: state_directory")
    checker.conf.write_text("{")
    checker.process.send_signal(signal.SIGHUP)
    checker.wait_for_log("healthcheck.json: what it said before stays in force")
    checker.write(source((A, B), listeners.port))
    wait_until(ran.exists, "the command")


def test_the_reload_command_is_run_for_each_file(checker, listeners):
    """By a shell, in a process group of its own; output and exit status are logged, and failures tried again."""
    listeners.listen(A, B)
    ran, fails = checker.folder / "ran", checker.folder / "fails"
    fails.touch()
    command = f"ps -o pgid= -p $$ >>{ran}; test ! -e {fails} || echo busy; test ! -e {fails}"
    checker.start(source((A, B, C), listeners.port), reload_command=command)
    checker.wait_for_log("event=reload_command_failed]")
    assert "reload_command: exit status 1: busy; " in checker.text()
    fails.unlink()
    checker.wait_for_log("event=reload_command]")
    groups = {int(line) for line in ran.read_text().split()}
    assert os.getpgid(checker.process.pid) not in groups
    checker.stop()


def test_a_command_that_a_stop_came_before_is_run_after_the_next_start(checker, listeners):
    """Although the file is the same: the process that wrote it has not run the command with success."""
    listeners.listen(A, B)
    ran = checker.folder / "ran"
    checker.start(source((A, B), listeners.port), reload_command="false")
    checker.wait_for_log("event=reload_command_failed]")
    checker.stop()
    written = checker.checked.stat().st_ino
    checker.configure(reload_command=f"echo >>{ran}")
    checker.restart()
    wait_until(ran.exists, "the command")
    assert checker.checked.stat().st_ino == written


def test_a_full_disk_keeps_the_old_file_and_the_probes(checker, listeners):
    """In a mount namespace of its own, with a disk of some kilobytes."""
    if os.geteuid() != 0:
        pytest.skip("a disk of its own needs root")
    listeners.listen(A, B)
    disk = checker.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
    try:
        checker.checked = disk / "checked.json"
        checker.start(source((A, B, C), listeners.port, max_unhealthy_percent=100))
        checker.wait_for(states((A, B), (C,)))
        with open(disk / "rest", "wb", buffering=0) as rest:
            with pytest.raises(OSError):
                while True:
                    rest.write(bytes(4096))
        before = checker.checked.read_bytes()
        listeners.kill(B)
        checker.wait_for_log("event=tables_not_written")
        listeners.kill(A)
        # Before B is up: both up would be the file that is there, which is not tried again but reported as right.
        checker.wait_for_log(f"event=backend_down table=a backend={A}")
        listeners.listen(B)
        checker.wait_for_log(f"event=backend_up table=a backend={B}")
        assert checker.checked.read_bytes() == before
        assert sorted(os.listdir(disk)) == ["checked.json", "rest"]
        (disk / "rest").unlink()
        checker.wait_for(states((B,), (A, C)), 40)
        assert checker.text().count("event=tables_not_written") == 1, checker.text()
    finally:
        checker.end()
        subprocess.run(["umount", "-l", disk], check=True)


def test_what_the_checker_cannot_try_says_nothing_about_backends(checker):
    """Of many such checks some are named, and the others counted; none of their backends is taken away."""
    if os.geteuid() != 0:
        pytest.skip("only root has capabilities to be without")
    addresses = [f"127.0.1.{n}" for n in range(1, 31)]
    tables = source(addresses, 80)
    for backend in tables["tables"][0]["backends"]:
        backend["healthchecks"] = {"gue": 19523}
    checker.start(tables, prefix=("setpriv", "--bounding-set=-net_raw", "--"))
    checker.wait_for_log("event=check_blind", 10)
    pause(0.5)
    assert checker.text().count("event=check_blind") == 10 and "backend_down" not in checker.text()
    assert checker.healthy() == states(addresses)


def test_check_says_what_there_is(checker, listeners):
    """And what is wrong, with its place, without starting anything. The original's way to name the file is one, too."""
    checker.configure()
    checker.write(source((A, B), 80))
    assert checker.run("--check", f"--config={checker.conf}")[:2] == (
        0,
        f"{checker.conf}: source {checker.source}, checked {checker.checked}\n"
        f"{checker.source}: 1 table, 2 backends, 2 checks\n",
    )
    checker.write(source((A, B), "http"))
    status, out, err = checker.run("--check", "--config", checker.conf)
    assert status == 1 and not out and f"{checker.source}:" in err and ".healthchecks.tcp" in err, err
    assert checker.run("--config", checker.conf)[0] == 1
    assert not checker.checked.exists()


def cpu_seconds(pid):
    """The time of processors that a process has had."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def tries(port):
    """How many have ended, by its metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as page:
        lines = page.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("glb_health_probes_total{"))


def test_a_thousand_backends_cost_little_and_are_tried_at_different_times(checker, listeners):
    """Every 2 s, by less than half a processor; with few files, as many at once as there is room for."""
    listeners.listen("0.0.0.0")
    addresses = [f"127.2.{n >> 8}.{n & 255}" for n in range(1000)]
    port = free_port()
    begin = time.monotonic()
    checker.start(
        source(addresses, listeners.port, interval_ms=2000, timeout_ms=1900),
        parallel_max=64, http_listen=f"127.0.0.1:{port}",
    )
    assert tries(port) < 500 * max(1, (time.monotonic() - begin) / 0.5), "they do not all begin at once"
    checker.wait_for_log("event=tables_written", seconds=30)  # to work out the first tables takes as long as ever
    first, used, measured = tries(port), cpu_seconds(checker.process.pid), time.monotonic()
    wait_until(lambda: tries(port) > first + 3000, "tries of three intervals", 20, every=0.5)
    took, used, done = time.monotonic() - measured, cpu_seconds(checker.process.pid) - used, tries(port) - first
    print(f"{used / done * 1e6:.0f} us a try, {used / took:.3f} of a processor, {done / took:.0f} tries a second")
    assert used / took < 0.5, (used, took)
    assert all(checker.healthy().values()) and "backend_down" not in checker.text(), checker.text()
    listeners.kill()
    checker.wait_for_log("event=health_fails_open", seconds=30)
    assert all(checker.healthy().values())


SLOW_DISK = """
#include <unistd.h>
int fsync(int fd) { (void)fd; sleep(1); return 0; }
"""


def test_a_slow_disk_delays_no_try(checker, listeners):
    """Each file takes seconds, and tries go on meanwhile."""
    listeners.listen(A, B)
    library = checker.folder / "slow.so"
    build = subprocess.run(["cc", "-shared", "-fPIC", "-xc", "-", "-o", library], input=SLOW_DISK, text=True, check=False)
    if build.returncode:
        pytest.skip("no compiler")
    port = free_port()
    checker.start(
        source((A, B, C), listeners.port, interval_ms=100, timeout_ms=90),
        http_listen=f"127.0.0.1:{port}", environment={"LD_PRELOAD": str(library)},
    )
    checker.wait_for_log("event=backend_down")
    begin, before = time.monotonic(), tries(port)
    checker.wait_for(states((A, B), (C,)), 20)
    took = time.monotonic() - begin
    assert took > 1, "the disk is not slow"
    assert tries(port) - before > 3 * took / 0.1 / 3, "a third of what there would be, on a busy machine"
    checker.end()
