# SPDX-License-Identifier: BSD-3-Clause
"""A director process: started, signalled, and watched through its log."""

import json
import os
import signal
import subprocess
import time

import pytest
from device import CONFIG, TABLES, large_tables
from drivers import config_text, counters_of, eal_options, write_configuration
from held import Held, worker_of
from netns import LabError, wait_until

__all__ = ["CONFIG", "TABLES", "Process", "hold_a_worker", "large_tables"]


class Process:
    """The director without a packet to forward; needs neither root nor hugepages."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.log = folder / "director.log"
        self.process = None

    def command(self, config=CONFIG, tables=TABLES, vdev="net_null0,no-rx=1", more=(), workers=1):
        """The command line."""
        return [
            self.program,
            *eal_options(workers),
            f"--vdev={vdev}",
            "--",
            *write_configuration(self.folder, config, tables),
            *more,
        ]

    def launch(self, stderr=None, stdout=None, environment=None, **options):
        """Start it and do not wait for anything. Its log and counters go to files if not elsewhere."""
        command = self.command(**options)
        with open(self.log, "wb") as log, open(self.folder / "counters", "wb") as counters:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout or counters,
                stderr=stderr or log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def start(self, **options):
        """Start it and wait until it forwards."""
        self.launch(**options)
        self.wait_for_log(": ready:", 20)

    def end(self):
        """End the process, however the test ended."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def signal(self, *numbers):
        for number in numbers:
            self.process.send_signal(number)

    def wait_for_log(self, text, seconds=10.0, count=1):
        """Until the log has so many lines with this text."""

        def there():
            assert self.process.poll() is None, self.log.read_text()
            return self.log.read_text().count(text) >= count

        wait_until(there, f'"{text}"', seconds)

    def write(self, tables=None, config=None):
        """Put other files in place."""
        for name, content in (("tables", tables), ("director", config)):
            if content:
                text = config_text(content) if name == "director" else json.dumps(content)
                (self.folder / f"{name}.json").write_text(text)

    def free_descriptor(self):
        """The lowest number of a file that it could open, once it opens and closes none."""
        folder = f"/proc/{self.process.pid}/fd"

        def is_quiet():
            before = os.listdir(folder)
            time.sleep(0.1)
            return os.listdir(folder) == before

        wait_until(is_quiet, "a moment without files opened or closed")
        used = set(map(int, os.listdir(folder)))
        return next(number for number in range(len(used) + 1) if number not in used)

    def counters(self):
        """What it printed at the end."""
        return counters_of((self.folder / "counters").read_text())

    def stop(self, seconds=5.0, status=0):
        """Ask it to stop; how long that took, and its counters."""
        before = time.monotonic()
        self.signal(signal.SIGTERM)
        wait_until(lambda: self.process.poll() is not None, "its end", seconds)
        assert self.process.wait() == status, self.log.read_text()
        return time.monotonic() - before, self.counters()

    def threads(self):
        """The kernel's IDs of its threads by name; one that ends meanwhile is none of them."""
        tasks = f"/proc/{self.process.pid}/task"
        names = {}
        for task in os.listdir(tasks):
            try:
                with open(f"{tasks}/{task}/comm", encoding="ascii") as comm:
                    names[comm.read().strip()] = int(task)
            except (FileNotFoundError, ProcessLookupError):
                continue
        return names


def hold_a_worker(director):
    """A context in which its first worker is stopped, on any device."""
    try:
        return Held(worker_of(director.process.pid))
    except LabError as error:
        pytest.skip(str(error))
