# SPDX-License-Identifier: BSD-3-Clause
"""glbctl top: once for other programs, and on a terminal, which it leaves as it was."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from control import ask
from netns import wait_until
from process import CONFIG, Process, large_tables

ODD = "shop\x1b[2J\n\u202eodd"
OPEN, CLOSE = "\x1b[?1049h", "\x1b[?1049l"


@pytest.fixture(scope="module")
def director(glb_director, tmp_path_factory):
    made = Process(glb_director, tmp_path_factory.mktemp("director"))
    tables = large_tables(2, 100)
    tables["tables"][0]["name"] = ODD
    tables["tables"][1]["backends"][7]["healthy"] = False
    made.sock = made.folder / "control.sock"
    made.start(config={**CONFIG, "control_socket": str(made.sock)}, tables=tables, workers=2)
    yield made
    made.end()


def top(glbctl, director, *words):
    command = [glbctl, "--socket", director.sock, "top", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Terminal:
    """A pseudo-terminal with a program on it."""

    def __init__(self, *command, rows=24, columns=120):
        self.far, near = pty.openpty()
        self.resize(rows, columns)
        self.near_name = os.ttyname(near)
        self.before = termios.tcgetattr(near)
        self.process = subprocess.Popen(
            [*map(str, command)], stdin=near, stdout=near, stderr=near, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self.near = near
        self.seen = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        """All that it has written so far."""
        while select.select([self.far], [], [], 0)[0]:
            self.seen += os.read(self.far, 65536).decode()
        return self.seen

    def wait_for(self, text):
        wait_until(lambda: text in self.read(), repr(text), 30)

    def type(self, keys):
        os.write(self.far, keys)

    def end(self):
        """The exit status, once it has ended; the terminal must be as it was."""
        wait_until(lambda: self.read() is not None and self.process.poll() is not None, "the end", 30)
        self.read()
        now = termios.tcgetattr(self.near)
        assert now == self.before
        assert self.seen.count(OPEN) == self.seen.count(CLOSE) == 1
        assert self.seen.count("\x1b[?25l") == self.seen.count("\x1b[?25h") == 1
        os.close(self.far)
        os.close(self.near)
        return self.process.returncode


def drawings(text):
    """What was drawn, each a list of lines without sequences."""
    inside = text.partition(OPEN)[2].partition(CLOSE)[0]
    return [re.sub(r"\x1b\[[?0-9]*[A-Za-z]", "", one).split("\r\n") for one in inside.split("\x1b[H")[1:]]


def test_once_is_for_other_programs(director, glbctl):
    done = top(glbctl, director, "--once")
    assert (done.returncode, done.stderr) == (0, "") and "\x1b" not in done.stdout and "\u202e" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith("glb-director ") and f"process {director.process.pid}, up " in lines[0]
    assert lines[1] == "ready, generation 1, backends 200, healthy 199"
    assert lines[2].startswith("packets/s: received 0, forwarded 0, sent 0, dropped 0 (")
    assert "shop\\x1b[2J\\n\\u202eodd" in done.stdout
    assert "nothing was dropped" in lines and "backends: 51 of 200" in lines
    assert [line.split()[3] for line in lines if " no " in line] == ["active"]  # the one that is not healthy
    done = top(glbctl, director, "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer.keys() == ask(director.sock, "top").keys()


def test_words_that_make_no_sense(director, glbctl):
    for words, reason in {
        ("--interval", "0"): "--interval is at least a second",
        ("--interval", "1.5"): '"1.5" is not a number of seconds from 0 to 86400',
        (): "top draws on a terminal; --once prints for other programs",
    }.items():
        done = top(glbctl, director, *words)
        assert (done.returncode, done.stdout) == (2, "") and f"glbctl: error: {reason}\n" in done.stderr


def test_it_draws_until_q(director, glbctl):
    """Again and again, on as much room as there is, and cut where there is not."""
    terminal = Terminal(glbctl, "--socket", director.sock, "top", "--interval", "1")
    wait_until(lambda: len(drawings(terminal.read())) >= 3, "drawings", 30)
    assert all(len(lines) == 24 for lines in drawings(terminal.seen)[:3])
    assert "ready, generation 1" in drawings(terminal.seen)[0][1]
    before = len(drawings(terminal.seen))
    terminal.resize(7, 40)
    wait_until(lambda: len(drawings(terminal.read())[before:]) >= 1, "another drawing", 30)
    wait_until(lambda: len(drawings(terminal.read())[-1]) == 7, "the small one", 30)
    terminal.type(b"x")
    terminal.type(b"q")
    assert terminal.end() == 0


@pytest.mark.parametrize("way", ["ctrl-c", "ctrl-d", "ctrl-z", signal.SIGTERM, signal.SIGHUP])
def test_however_it_ends_the_terminal_is_as_it_was(director, glbctl, way):
    terminal = Terminal(glbctl, "--socket", director.sock, "top")
    terminal.wait_for("ready, generation 1")
    if way == "ctrl-z":  # which would leave a shell on the other screen
        terminal.type(b"\x1a")
        time.sleep(0.2)
        assert terminal.process.poll() is None
        way = "ctrl-c"
    if isinstance(way, str):
        terminal.type({"ctrl-c": b"\x03", "ctrl-d": b"\x04"}[way])
    else:
        terminal.process.send_signal(way)
    assert terminal.end() == 0


def test_a_director_that_leaves_ends_it_with_a_reason(director, glbctl):
    """The last test of this director."""
    terminal = Terminal(glbctl, "--socket", director.sock, "top", "--interval", "1")
    terminal.wait_for("ready, generation 1")
    director.stop()
    assert terminal.end() == 1
    reason = terminal.seen.partition(CLOSE)[2]
    assert "no director serves there" in reason or "no director listens there" in reason
