# SPDX-License-Identifier: BSD-3-Clause
"""What people and programs do to a running director all day, again and again, and counted."""

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import threading

from netns import LabError, run

PCAPNG = bytes.fromhex("0a0d0d0a")
HOME = b"\x1b[H"
COMMAND_SECONDS = 120  # after which whatever has not ended hangs
LOOKED_AT = 20  # packets of a trace or capture


class Watcher(threading.Thread):
    """Does something every few seconds until it is told to stop; what went wrong is kept."""

    def __init__(self, name, seconds, look):
        super().__init__(name=name, daemon=True)
        self.seconds, self.look = seconds, look
        self.done, self.failures = 0, []
        self._stopped = threading.Event()

    def run(self):
        """Look until stopped."""
        while not self._stopped.wait(self.seconds):
            try:
                self.done += self.look()
            except (LabError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")

    def stop(self):
        """Let it finish what it does, and no more."""
        self._stopped.set()
        self.join()


class Top:
    """glbctl top on a director in a terminal, as an operator leaves it open; counts its views."""

    def __init__(self, lab, host):
        self.views = 0
        self._terminal, near = pty.openpty()
        fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.child = subprocess.Popen(
            control_command(lab, host, "top", "--interval", "1"), env=os.environ | {"TERM": "xterm"},
            stdin=near, stdout=near, stderr=near)
        os.close(near)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        """Count views until it closes its side of the terminal."""
        with contextlib.suppress(OSError):
            while seen := os.read(self._terminal, 65536):
                self.views += seen.count(HOME)

    def stop(self):
        """Press q; returns what went wrong."""
        ended = self.child.poll()
        if ended is None:
            os.write(self._terminal, b"q")
            try:
                self.child.wait(timeout=COMMAND_SECONDS)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self._reader.join()
        os.close(self._terminal)
        early = "early, " if ended is not None else ""
        return [f"top ended {early}with {self.child.returncode}"] if self.child.returncode or early else []


def control_command(lab, host, verb, *words):
    """The command line that asks a director something."""
    return [lab.program("ctl/glbctl"), verb, "--socket", lab.file(f"{host.name}.sock"), *words]


def control(lab, host, verb, *words):
    """Ask a director something and return what it answers."""
    return json.loads(run(*map(str, control_command(lab, host, verb, "--json", *words))))


def scrape(lab, host):
    """Read the metrics and the status page of a director, as Prometheus and browsers do."""
    for path, expected in (("metrics", "\n# EOF"), ("status.json", '"counters"'), ("", "</html>")):
        page = lab.hosts[host.name].run("curl", "-sS", "--fail", "-m", str(COMMAND_SECONDS), "-H",
                                        "Accept: application/openmetrics-text; version=1.0.0",
                                        f"http://127.0.0.1:9390/{path}")
        if expected not in page:
            raise ValueError(f"/{path} has no {expected.strip()}: ...{page[-200:]}")
    return 1


def trace(lab, host):
    """Have a director explain packets; the number of them."""
    lines = run(*map(str, control_command(lab, host, "trace", "--json", "--count", str(LOOKED_AT),
                                          "--seconds", "5"))).splitlines()
    return len(lines) > 0


def capture(lab, host):
    """Write packets of a director to a file, which is looked at and removed."""
    path = lab.file(f"{host.name}.pcapng")
    try:
        run(*map(str, control_command(lab, host, "capture", "--count", str(LOOKED_AT),
                                      "--seconds", "5", str(path))))
        if path.read_bytes()[:4] != PCAPNG:
            raise ValueError(f"{path} is no pcapng file")
    finally:
        path.unlink(missing_ok=True)
    return 1


class Watched:
    """All of that on directors for as long as a block runs."""

    def __init__(self, lab, hosts):
        self.lab, self.hosts = lab, hosts
        self.tops, self.failures = [], []
        self.watchers = {"scrape": [], "trace": [], "capture": []}

    def __enter__(self):
        try:
            for host in self.hosts:
                self._watch(host)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def _watch(self, host):
        """Begin with one director, at whose packets one alone may look at a time."""
        self.tops.append(Top(self.lab, host))
        packets = threading.Lock()

        def alone(look):
            with packets:
                return look(self.lab, host)
        for name, seconds, look in (("scrape", 5, lambda: scrape(self.lab, host)),
                                    ("trace", 7, lambda: alone(trace)),
                                    ("capture", 9, lambda: alone(capture))):
            watcher = Watcher(name, seconds, look)
            self.watchers[name].append(watcher)
            watcher.start()

    def _stop(self):
        """End all of it; what went wrong with views is in failures then."""
        for watcher in sum(self.watchers.values(), []):
            watcher.stop()
        self.failures = [failure for top in self.tops for failure in top.stop()]

    def done(self, name):
        """How often one thing was done to all directors."""
        return sum(watcher.done for watcher in self.watchers[name])

    def failed(self, name):
        """What went wrong with one thing."""
        return [failure for watcher in self.watchers[name] for failure in watcher.failures]

    def views(self):
        """How many views glbctl top has shown."""
        return sum(top.views for top in self.tops)
