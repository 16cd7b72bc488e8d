# SPDX-License-Identifier: BSD-3-Clause
"""Builds of new tables: they hold nothing up, and the newest request wins."""

import os
import signal
import threading
import time

import pytest
from netns import allowed
from process import CONFIG, TABLES, large_tables

LONG = large_tables(6, 1500)  # seconds


def start_long_build(process):
    """The second request is noticed while the first is being built."""
    process.write(tables=LONG)
    process.signal(signal.SIGHUP)
    time.sleep(0.3)
    process.signal(signal.SIGHUP)
    process.wait_for_log("another reload follows", 2)


def test_a_stop_does_not_wait_for_a_build(process):
    """The counters are printed as ever."""
    process.start()
    start_long_build(process)
    seconds, counters = process.stop()
    assert seconds < allowed(1.5)
    assert counters["rx"] == 0
    assert "serving generation 2" not in process.log.read_text()


def test_other_signals_do_not_wait_for_a_build(process):
    """Nothing else that the control thread does in a turn waits either."""
    process.start()
    start_long_build(process)
    process.signal(signal.SIGUSR2)
    process.wait_for_log("info: unlisted_bytes", 1)
    assert "serving generation 2" not in process.log.read_text()
    process.stop()


def test_requests_during_a_build_are_one_more_build_of_the_newest_files(process):
    """However many there were."""
    process.start()
    start_long_build(process)
    process.write(tables=TABLES)
    for _ in range(20):
        process.signal(signal.SIGHUP)
        time.sleep(0.01)
    process.wait_for_log("serving generation 3: 1 table,", 120)
    time.sleep(0.5)
    text = process.log.read_text()
    assert "serving generation 2: 6 tables" in text and "generation 4" not in text
    assert text.count("another reload follows") == 1
    process.stop()


@pytest.mark.parametrize("config_first", [True, False])
def test_a_request_for_both_files_is_not_lost_among_those_for_tables(process, config_first):
    """In whatever order they come."""
    process.start()
    start_long_build(process)
    process.write(tables=TABLES, config={**CONFIG, "idle_sleep_us": 51})
    requests = [signal.SIGHUP, signal.SIGUSR1]
    process.signal(*(requests if config_first else reversed(requests)))
    in_force = CONFIG["idle_sleep_us"]
    process.wait_for_log(f'$.idle_sleep_us: "{in_force}" in force, "51" in the file; only a restart changes it', 120)
    process.stop()


def test_a_stop_during_the_first_build_does_not_wait_for_it(process):
    """Nothing is served yet."""
    process.launch(tables=LONG)
    time.sleep(0.5)
    before = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.process.wait(60) == 0, process.log.read_text()
    assert time.monotonic() - before < allowed(1.5)
    assert "stopped before it was ready" in process.log.read_text()


class Dripping:
    """A FIFO whose writer writes a byte now and then, for as long as there is a reader."""

    def __init__(self, path):
        self.path = path
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._drip)

    def _drip(self):
        writer = os.open(self.path, os.O_RDWR)
        try:
            while not self.over.wait(0.2):
                os.write(writer, b" ")
        finally:
            os.close(writer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


@pytest.mark.parametrize("name", ["tables.json", "director.json"])
def test_a_pipe_that_drips_is_given_up_and_holds_nothing_up(process, name):
    """After two seconds a file, however many bytes arrive."""
    process.start()
    with Dripping(process.folder / name):
        process.signal(signal.SIGHUP)
        time.sleep(0.2)
        process.signal(signal.SIGUSR2)
        process.wait_for_log("info: unlisted_bytes", 1)
        process.wait_for_log("reload refused; generation 1 keeps serving", 4)
        assert f"{name}: is a pipe that did not come to its end in time" in process.log.read_text()
    process.stop()


def test_a_stop_does_not_wait_for_a_pipe(process):
    """A pipe without a writer, or with one that is too slow."""
    process.start()
    with Dripping(process.folder / "tables.json"):
        process.signal(signal.SIGHUP)
        time.sleep(0.3)
        seconds, _ = process.stop()
    assert seconds < allowed(1.5)


def test_reloads_do_not_lose_memory(process):
    """Ten tables of half a MiB, changed again and again.

    Memory that was needed once stays with the process, and a busy machine needs that of a few more
    generations at once: some growth is no leak. One table lost at each reload is 30 MiB.
    """

    def resident():
        with open(f"/proc/{process.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") >> 20

    process.start(tables=large_tables(10, 20))
    sizes = []
    for number in range(2, 82):
        process.write(tables=large_tables(10, 20 + number % 3))
        process.signal(signal.SIGUSR1)
        process.wait_for_log(f"serving generation {number}: ")
        sizes.append(resident())
    assert sizes[-1] - sizes[19] < 25, sizes
    process.stop()
