# SPDX-License-Identifier: BSD-3-Clause
"""A worker that does not go on: the others do, memory has a bound, and a stop comes to an end."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from control import ask
from device import Host
from manager import Manager
from netns import allowed, wait_until
from process import CONFIG, hold_a_worker, large_tables
from scrape import get, samples


def resident_mib(process):
    with open(f"/proc/{process.process.pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") >> 20


def test_a_worker_that_stands_still_is_mentioned_and_so_is_that_it_goes_on(process):
    """Which, where, and for how long."""
    process.start(workers=2)
    with hold_a_worker(process):
        process.wait_for_log("on lcore 1 has not come to the end of a burst for 2 s", 10)
    process.wait_for_log("all workers go on", 10)
    assert process.log.read_text().count("the end of a burst") == 1
    process.stop()


def test_memory_has_a_bound_while_a_worker_stands_still(process):
    """Reloads are put off, with the reason, and what was asked for last is served when it goes on."""
    process.start(tables=large_tables(10, 3))
    with hold_a_worker(process):
        for number in range(2, 30):
            process.write(tables=large_tables(10, 3 + number % 4))
            before = process.log.read_text().count("generation")
            process.signal(signal.SIGHUP)
            wait_until(lambda: process.log.read_text().count("generation") > before, "an answer")
            if number == 3:
                some = resident_mib(process)
        assert "warning: reload put off: 4 states of the tables are kept" in process.log.read_text()
        assert resident_mib(process) - some < 100
        process.write(tables=large_tables(2, 3))
        process.signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.log.read_text().count("reload put off") == 30 - 6 + 1
    process.wait_for_log(": 2 tables")
    process.stop()


def test_a_device_that_flaps_meanwhile_takes_no_more_memory(glb_director, tmp_path):
    """Its MAC address is served when the worker goes on, whatever it is by then."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    host = Host(glb_director, tmp_path)
    sock = tmp_path / "control.sock"
    try:
        host.create()
        host.start("net_af_packet0,iface=eth0", config={**CONFIG, "control_socket": str(sock)})
        with hold_a_worker(host):
            for number in range(50):
                mac = f"02:00:00:00:01:{number:02x}"
                host.namespace.ip("link", "set", "eth0", "address", mac)
                time.sleep(0.12)
            assert ask(sock, "status")["generation"] <= 1 + 32
            put_off = "changes of gateways and ports are put off: 32 generations are kept"
            assert host.log.read_text().count(put_off) == 1
        wait_until(lambda: ask(sock, "ports")["ports"][0]["mac"] == mac, "the last address", 10)
        host.stop()
    finally:
        host.remove()


def test_a_manager_does_not_wait_for_a_worker_that_stands_still(process):
    """Every reload that it asks for ends, and so does the one that is made up for."""
    with Manager(str(process.folder / "notify")) as manager:
        process.start(tables=large_tables(1, 3), environment=manager.environment())
        manager.wait_for("READY")
        with hold_a_worker(process):
            for number in range(2, 8):
                process.write(tables=large_tables(1, 3 + number))
                process.signal(signal.SIGHUP)
                manager.wait_for("RELOADING")
                last = manager.wait_for("READY")
            assert last["STATUS"].startswith("serving generation 5: ") and "kept for a worker" in last["STATUS"]
        manager.wait_for("RELOADING")
        assert "generation 6: 1 table, 1 bind, 10 backends" in manager.wait_for("READY")["STATUS"]
        process.stop()


def test_a_stop_gives_a_worker_up_that_stands_still(process):
    """With the counters, and a status that says that something was wrong."""
    process.start(workers=2)
    with hold_a_worker(process):
        before = time.monotonic()
        process.signal(signal.SIGTERM)
        # after which it soon ends
        wait_until(lambda: "worker 0 on lcore 1 does not stop" in process.log.read_text(), "its last words", 5)
        wait_until(lambda: "unlisted_bytes" in (process.folder / "counters").read_text(), "counters", 5)
        assert time.monotonic() - before < allowed(5)
    assert process.process.wait(60) == 1
    assert process.counters()["rx"] == 0


def test_a_director_that_was_stopped_whole_goes_on_without_a_word(process):
    """SIGSTOP and SIGCONT: no worker stood still alone."""
    process.start()
    for _ in range(2):
        process.signal(signal.SIGSTOP)
        time.sleep(2.5)
        process.signal(signal.SIGCONT)
        time.sleep(0.3)
    assert "the end of a burst" not in process.log.read_text()
    process.stop()


STALL = re.compile(
    r"worker (\d) on lcore (\d) stood still for (\d+) ms until (\d\d):(\d\d):(\d\d\.\d{3}) UTC, in a turn "
    r"(without packets|with \d+ packets?): (\d+) involuntary context switch(?:es)?, \d+ page faults?"
)


def stalls_of(process, at_least_ms):
    """What the log has of stalls that were so long."""
    found = (STALL.search(line) for line in process.log.read_text().splitlines())
    return [match.groups() for match in found if match and int(match[3]) >= at_least_ms]


def test_a_worker_that_stood_still_for_a_moment_is_recorded_with_its_time(process):
    """Which one, how long, and when: as the test saw it, or longer on a busy machine."""
    process.start(workers=2, config={**CONFIG, "stall_ms": 150})
    with hold_a_worker(process):
        time.sleep(0.2)
    ended_at = time.time()
    wait_until(lambda: any(one[0] == "0" for one in stalls_of(process, 200)), "the record")
    worker, lcore, _, hour, minute, second, packets, _ = next(one for one in stalls_of(process, 200) if one[0] == "0")
    assert (worker, lcore, packets) == ("0", "1", "without packets")
    of_day = int(hour) * 3600 + int(minute) * 60 + float(second)
    assert -0.2 < (of_day - ended_at + 43200) % 86400 - 43200 < allowed(0.2)
    process.stop()


def test_recorded_stalls_are_shown_on_the_socket(process, glbctl):
    """The latest first, as they were logged; the metrics count them."""
    sock = process.folder / "control.sock"
    process.start(
        workers=2, config={**CONFIG, "stall_ms": 150, "control_socket": str(sock), "http_listen": "127.0.0.1:0"}
    )
    for count in (1, 2):
        with hold_a_worker(process):
            time.sleep(0.4)
        wait_until(lambda n=count: len(stalls_of(process, 150)) >= n, "a record")
    done = subprocess.run([glbctl, "--socket", sock, "stalls", "--json"], capture_output=True, check=True)
    shown = json.loads(done.stdout)
    logged = stalls_of(process, 0)
    assert shown["recorded"] == len(shown["stalls"]) == len(logged) and shown["lost"] == 0
    assert [stall["took_ms"] for stall in reversed(shown["stalls"])] == [int(one[2]) for one in logged]
    ends = [stall["ended"] for stall in shown["stalls"]]
    assert ends == sorted(ends, reverse=True) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ends[0])
    text = subprocess.run([glbctl, "--socket", sock, "stalls"], capture_output=True, text=True, check=True).stdout
    assert text.splitlines()[0].split()[:4] == ["ENDED", "WORKER", "LCORE", "MS"]
    assert len(text.splitlines()) == 1 + len(logged)
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", process.log.read_text())[1])
    counted = sum(value for (name, _), value in samples(get(port)[2]).items() if name == "glb_stalls_total")
    assert counted >= len(logged)
    process.stop()


def test_stalls_are_recorded_as_configured_from_a_reload_on(process):
    """Neither where turns are not measured, nor where none is too long; ten lines a minute."""
    process.start(config={**CONFIG, "turn_times": False, "stall_ms": 1})
    number = 1
    for changes in ({"stall_ms": 0}, {"stall_ms": 50}):
        with hold_a_worker(process):
            time.sleep(0.3)
        time.sleep(0.3)
        assert not stalls_of(process, 200)
        number += 1
        process.write(config={**CONFIG, **changes})
        process.signal(signal.SIGHUP)
        process.wait_for_log(f"serving generation {number}:")
    begin = time.monotonic()
    for _ in range(12):
        with hold_a_worker(process):
            time.sleep(0.1)
    wait_until(lambda: len(stalls_of(process, 0)) >= 10, "ten records")
    time.sleep(0.3)
    assert len(stalls_of(process, 0)) == 10 or time.monotonic() - begin > 50
    process.stop()
