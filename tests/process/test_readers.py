# SPDX-License-Identifier: BSD-3-Clause
"""Readers of the director's log and counters that do not read."""

import os
import signal
import time

import pytest
from netns import allowed, pause, wait_until
from process import CONFIG, large_tables


@pytest.fixture
def full_pipe():
    """A pipe whose reader does not read, and that has no room left; the reader's end, and the writer's."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    yield reader, writer
    for end in (reader, writer):
        os.close(end)


def wait_until_serving(process):
    """Without a log to look at: there are workers."""
    wait_until(lambda: any("worker" in name for name in process.threads()), "a worker", 20)
    time.sleep(1)


def read_to_the_end(process, reader):
    """What is in the pipe, and comes into it until the process has ended."""
    os.set_blocking(reader, False)
    text = b""
    while True:
        ended = process.process.poll() is not None
        try:
            text += os.read(reader, 1 << 20)
        except BlockingIOError:
            if ended:
                return text
            time.sleep(0.001)


def test_a_log_that_nobody_reads_stops_nothing(process, full_pipe):
    """It starts, reloads and stops, and prints its counters."""
    process.launch(stderr=full_pipe[1])
    wait_until_serving(process)
    for _ in range(50):
        process.signal(signal.SIGHUP, signal.SIGUSR2)
        time.sleep(0.02)
    seconds, counters = process.stop()
    assert seconds < allowed(3)
    assert counters["rx"] == 0


def test_counters_of_one_request_are_logged_whole_however_many(process, full_pipe):
    """More than a MiB of them, whenever the reader goes on."""
    quiet = {**CONFIG, "stall_ms": 0}  # no other line, on a busy machine
    process.launch(stderr=full_pipe[1], tables=large_tables(14, 1000), config=quiet)
    wait_until_serving(process)
    process.signal(signal.SIGUSR2)
    pause(2)
    process.signal(signal.SIGTERM)
    text = read_to_the_end(process, full_pipe[0]).lstrip(b"x").decode()
    assert "lines lost" not in text
    assert len(text) > 1 << 20 and "info: unlisted_bytes 0\n" in text


def test_what_a_slow_reader_missed_is_counted(process, full_pipe):
    """And what it did not miss is in order."""
    process.launch(stderr=full_pipe[1], tables=large_tables(2, 400))
    wait_until_serving(process)
    for _ in range(20):  # a line per counter and backend each: more than a MiB
        process.signal(signal.SIGUSR2)
        time.sleep(0.15)
    process.signal(signal.SIGTERM)
    text = read_to_the_end(process, full_pipe[0])
    lines = text.lstrip(b"x").decode().splitlines()
    assert any(": ready:" in line for line in lines)
    lost = [line for line in lines if line.endswith(" lines lost: no room")]
    assert len(lost) == 1 and "Z glb-director: warning: " in lost[0]
    assert lines.index(lost[0]) > len(lines) / 2


def test_counters_that_nobody_takes_do_not_keep_it(process, full_pipe):
    """The log says that they could not be written."""
    process.launch(stdout=full_pipe[1])
    process.wait_for_log(": ready:", 20)
    before = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.process.wait(60) == 0
    assert time.monotonic() - before < allowed(5)
    assert "counters could not be written: Connection timed out" in process.log.read_text()
