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


def wait_until(condition, what, seconds=15.0, every=0.02):
    """Wait until `condition()` is true and return its value; give up after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise LabError(f"gave up after {seconds:g} s waiting for {what}")
        time.sleep(every)
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
    """Ask processes to end, and kill those that have not after `seconds`."""
    for pid in pids:
        send_signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
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
