# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces and the processes in them: what the lab needs from the kernel, and no more."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path


class LabError(Exception):
    """The lab could not do what was asked; the text says what and why."""


def run(*argv):
    """Run a command to its end and return what it printed; a failure carries its error text."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def slowness():
    """How many times as long as alone on a processor this process takes for what it does now."""
    begin, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < 0.01:
        pass
    return (time.monotonic() - begin) / 0.01


def _patience(slow):
    """How many times as long things may take: a machine may become busier after it was measured."""
    slow = max(slow, os.getloadavg()[0] / os.cpu_count())
    return 1.0 if slow < 1.5 else 5 * slow


def allowed(seconds):
    """How long something may have taken that takes less than these seconds on an idle machine."""
    return seconds * _patience(slowness())


def pause(seconds):
    """Wait for what is on its way, and that is longer on a busy machine."""
    time.sleep(seconds * max(1.0, slowness()))


def wait_until(condition, what, seconds=15.0, every=0.02):
    """Wait until `condition()` is true and return its value; give up after `seconds`.

    The seconds are those of an idle machine: there are more when pauses take too long or other
    processes have the processor.
    """
    begin, slowest = time.monotonic(), 1.0
    while not (value := condition()):
        passed = time.monotonic() - begin
        if passed > seconds * _patience(slowest):
            slowest = max(slowest, slowness())
            if passed > seconds * _patience(slowest):
                raise LabError(f"gave up after {passed:.1f} s waiting for {what}")
        asleep = time.monotonic()
        time.sleep(every)
        slowest = max(slowest, (time.monotonic() - asleep) / every)
    return value


def is_alive(pid):
    """Whether the process exists and is not just waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def send_signal(pid, number):
    """Signal one process; one that has gone already is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def stop(pids, seconds=3.0):
    """Ask processes to end, and kill those that have not after `seconds`, as of wait_until()."""
    for pid in pids:
        send_signal(pid, signal.SIGTERM)
    with contextlib.suppress(LabError):
        wait_until(lambda: not any(map(is_alive, pids)), "their end", seconds)
    for pid in filter(is_alive, pids):
        send_signal(pid, signal.SIGKILL)


class Namespace:
    """One host of the lab: a network namespace, known to `ip netns` by its name."""

    def __init__(self, name):
        self.name = name

    def exists(self):
        """Whether the namespace is there now."""
        return Path("/run/netns", self.name).exists()

    def create(self, *sysctls):
        """Create the namespace: kernel settings first, as links inherit them, then loopback."""
        run("ip", "netns", "add", self.name)
        self.run("sysctl", "-qw", *sysctls)
        self.ip("link", "set", "lo", "up")

    def delete(self):
        """Stop every process that lives in the namespace, then delete it."""
        stop(self.pids())
        run("ip", "netns", "delete", self.name)

    def ip(self, *words):
        """Run one `ip` command in the namespace."""
        return run("ip", "-n", self.name, *words)

    def ip_json(self, *words):
        """Run one `ip` query in the namespace and return its answer."""
        return json.loads(run("ip", "-n", self.name, "-json", *words) or "[]")

    def command(self, *argv):
        """The command line that runs `argv` inside the namespace."""
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def run(self, *argv):
        """Run a command inside the namespace to its end."""
        return run(*self.command(*argv))

    def spawn(self, *argv, log, stdout=None):
        """Start a process inside the namespace in a session of its own, so that Ctrl-C spares it.

        The process outlives this one unless it is stopped; its output is appended to `log`,
        except that standard output can be redirected.
        """
        with open(log, "ab") as sink:
            return subprocess.Popen(
                self.command(*argv), stdin=subprocess.DEVNULL, stdout=stdout or sink, stderr=sink,
                start_new_session=True)

    def pids(self):
        """The processes that live in the namespace."""
        return [int(pid) for pid in run("ip", "netns", "pids", self.name).split()]
