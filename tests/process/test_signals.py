# SPDX-License-Identifier: BSD-3-Clause
"""What the director does on signals, whenever they come."""

import signal
import subprocess
import threading
import time

import pytest
from process import CONFIG, TABLES, large_tables

HARMLESS = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGRTMIN]


def blocks_signals(process):
    """Has the process come as far as main()?"""
    with open(f"/proc/{process.process.pid}/status", encoding="ascii") as status:
        blocked = next(line for line in status if line.startswith("SigBlk:"))
    return int(blocked.split()[1], 16) & 1 << signal.SIGTERM - 1


def wait_for_main(process):
    while process.process.poll() is None and not blocks_signals(process):
        time.sleep(0.001)


@pytest.mark.parametrize("number", HARMLESS)
def test_a_signal_during_the_start_does_not_end_it(process, number):
    """While tables are worked out, and until the director is ready."""
    process.launch(tables=large_tables(8, 200))
    wait_for_main(process)
    while ": ready:" not in process.log.read_text():
        assert process.process.poll() is None, process.log.read_text()
        process.signal(number)
        time.sleep(0.01)
    process.stop()


def test_a_reload_that_was_asked_for_during_the_start_is_done_once_ready(process):
    """What the file says now may not be what was read."""
    process.launch(tables=large_tables(8, 200))
    wait_for_main(process)
    process.signal(signal.SIGHUP)
    process.wait_for_log("serving generation 2", 20)
    process.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_during_the_start_ends_it_cleanly(process, number):
    """With status 0, and soon: nothing was served yet."""
    process.launch(tables=large_tables(8, 200))
    wait_for_main(process)
    process.signal(number)
    assert process.process.wait(20) == 0, process.log.read_text()
    assert "stopped before it was ready" in process.log.read_text()


@pytest.mark.parametrize("number", HARMLESS)
def test_no_signal_ends_a_director_that_runs(process, number):
    """Each says what it did."""
    said = {
        signal.SIGHUP: "serving generation 2",
        signal.SIGUSR1: "serving generation 2",
        signal.SIGUSR2: "info: drop_no_gateway 0",
        signal.SIGRTMIN: "SIGRTMIN has no meaning here",
    }
    process.start()
    process.signal(number)
    process.wait_for_log(said[number])
    process.stop()


def test_counters_in_the_log_are_those_of_the_end(process):
    """SIGUSR2, and nothing is stopped by it."""
    process.start()
    process.signal(signal.SIGUSR2)
    process.wait_for_log("info: unlisted_bytes")
    lines = [line.partition(": info: ")[2] for line in process.log.read_text().splitlines()]
    _, counters = process.stop()
    logged = dict(line.rsplit(" ", 1) for line in lines if line.rpartition(" ")[0] in counters)
    assert {name: int(value) for name, value in logged.items()} == counters


def test_sigusr1_reads_the_tables_only(process):
    """As the original does: director.json stays as in force, whatever is in the file."""
    process.start()
    (process.folder / "director.json").write_text("{")
    process.write(tables=large_tables(2, 3))
    process.signal(signal.SIGUSR1)
    process.wait_for_log("serving generation 2: 2 tables")
    process.signal(signal.SIGHUP)
    process.wait_for_log("reload refused; generation 2 keeps serving")
    process.write(config=CONFIG, tables=TABLES)
    process.signal(signal.SIGHUP)
    process.wait_for_log("serving generation 3: 1 table,")
    process.stop()


def test_reload_requests_faster_than_reloads_do_not_delay_a_stop(process):
    """A stop is looked for first."""
    process.start(tables=large_tables(8, 200))
    over = threading.Event()

    def keep_asking():
        while not over.is_set() and process.process.poll() is None:
            process.process.send_signal(signal.SIGHUP)
            time.sleep(0.001)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        process.wait_for_log("serving generation 3", 20)
        process.stop(3)
    finally:
        over.set()
        asking.join()


def test_a_check_that_is_interrupted_fails(process):
    """It has not said that the files are good."""
    command = process.command(tables=large_tables(8, 200), more=["--check"])
    check = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.1)
        check.send_signal(signal.SIGINT)
        assert check.wait(10) not in (0, None)
    finally:
        check.kill()
        check.wait()
