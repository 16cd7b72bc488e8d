# SPDX-License-Identifier: BSD-3-Clause
"""Checker and director: are the checker's findings served, and does it verify that?"""

import signal
import subprocess

from checker import source
from control import ask
from device import CONFIG
from netns import pause, wait_until

A, B, C = (f"127.0.1.{n}" for n in (1, 2, 3))


def start(process, checker):
    """A director that reads the checked file."""
    command = [checker.checked if str(word).endswith("tables.json") else word for word in process.command(
        config={**CONFIG, "control_socket": str(checker.folder / "director.sock")})]
    with open(process.log, "ab") as log:
        process.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
    wait_until(lambda: process.log.read_text().count(": ready:") > 0, "the director", 20)


def served(checker):
    """What the director says of each backend."""
    answer = ask(checker.folder / "director.sock", "backends")
    return {backend["ip"]: backend["healthy"] for backend in answer["backends"]}


def test_a_director_serves_what_was_found(checker, listeners, process):
    """Also one that comes later, goes and comes back, reads another file, or stands still."""
    listeners.listen(A, B, C)
    checker.start(source((A, B, C), listeners.port), director_socket=str(checker.folder / "director.sock"))
    checker.wait_for_log("event=director_absent")
    start(process, checker)
    checker.wait_for_log("event=tables_in_effect")
    listeners.kill(A)
    wait_until(lambda: served(checker) == {A: False, B: True, C: True}, "one unhealthy backend")
    checker.wait_for_log("event=tables_in_effect", 2)

    # it is made to serve something else: this is noticed and corrected
    checker.checked.write_text(checker.checked.read_text().replace(C, "127.0.9.9"))
    ask(checker.folder / "director.sock", "reload", tables_only=True)
    assert "127.0.9.9" in served(checker)
    wait_until(lambda: served(checker) == {A: False, B: True, C: True}, "the right tables", 30)

    # it is stopped: probes go on, and it is asked when it goes on
    process.signal(signal.SIGSTOP)
    listeners.listen(A)
    checker.wait_for({A: True, B: True, C: True})
    pause(0.5)
    process.signal(signal.SIGCONT)
    wait_until(lambda: served(checker) == {A: True, B: True, C: True}, "all of them", 30)
    assert checker.text().count("event=director_absent") == 1, checker.text()
    process.end()
    listeners.kill(B)
    checker.wait_for_log("event=director_absent", 2, 30)
    checker.wait_for({A: True, B: False, C: True})

    # one that reads another file is left alone, as that may be half edited; and that is reported
    process.start(config={**CONFIG, "control_socket": str(checker.folder / "director.sock")})
    checker.wait_for_log(f"it reads {process.folder}/tables.json, and not {checker.checked}", 1, 60)
    listeners.listen(B)
    checker.wait_for({A: True, B: True, C: True})
    pause(1)
    assert ask(checker.folder / "director.sock", "status")["last_reload"] is None
