# SPDX-License-Identifier: BSD-3-Clause
"""What the service manager hears: when the director is ready, reloads, stops, and a line about it."""

import os
import signal
import subprocess
import time

import pytest
from netns import allowed
from device import Host
from manager import Manager
from process import CONFIG, TABLES, large_tables
from test_stalls import hold_a_worker

STARTED = "serving generation 1: 1 table, 1 bind, 3 backends (3 healthy), 1 worker; started at "


def monotonic_us():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_a_manager_follows_the_whole_life_of_a_director(process):
    """Under units of Type=notify and Type=notify-reload: whatever became of a reload, it ends."""
    for address in (str(process.folder / "notify"), f"@glb-notify-{os.getpid()}"):
        with Manager(address) as manager:
            process.launch(environment=manager.environment())
            ready = manager.wait_for("READY")
            assert ready["STATUS"].startswith(STARTED) and ready["STATUS"].endswith(" UTC"), ready
            process.wait_for_log(": ready: 1 worker,")
            assert all("EXTEND_TIMEOUT_USEC" in m for m in manager.messages if "starting" in m["STATUS"])

            before = monotonic_us()
            process.signal(signal.SIGHUP)
            reloading = manager.wait_for("RELOADING")
            assert before <= int(reloading["MONOTONIC_USEC"]) <= monotonic_us()
            ready = manager.wait_for("READY")
            assert ready["STATUS"].startswith("serving generation 2: 1 table, "), ready
            assert "; reloaded at " in ready["STATUS"], ready

            (process.folder / "tables.json").write_text('{"tables": [{"seed\\nREADY=1": 1}],\n"x": }')
            process.signal(signal.SIGUSR1)
            manager.wait_for("RELOADING")
            ready = manager.wait_for("READY")
            assert ready["STATUS"].startswith("serving generation 2: 1 table, "), ready
            assert "; RELOAD REFUSED at " in ready["STATUS"], ready
            assert f"the old tables and settings stay: {process.folder}/tables.json:2:" in ready["STATUS"], ready

            process.write(tables=TABLES)
            process.signal(signal.SIGTERM)
            stopping = manager.wait_for("STOPPING")
            assert stopping["STATUS"].endswith("; stopping: as asked"), stopping
            assert process.process.wait(60) == 0
            assert manager.next(0.2) is None


def test_a_refusal_is_one_line_whatever_is_in_the_file(process):
    """A line break would be another message to the manager, and text that is no UTF-8 none at all."""
    with Manager(str(process.folder / "notify")) as manager:
        process.launch(environment=manager.environment())
        manager.wait_for("READY")
        backend = {**TABLES["tables"][0]["backends"][0], "state": "z\u00fcrich\u202e\x1b[31m\n\u2028STOPPING=1"}
        process.write(tables={"tables": [{**TABLES["tables"][0], "backends": [backend, backend]}]})
        process.signal(signal.SIGHUP)
        manager.wait_for("RELOADING")
        ready = manager.wait_for("READY")
        assert set(ready) == {"READY", "STATUS"}, ready
        assert "z\u00fcrich" in ready["STATUS"] and "STOPPING=1" in ready["STATUS"], ready
        assert ready["STATUS"].isprintable(), ready
        assert " (and 2 more, see the log)" in ready["STATUS"], ready
        process.stop()


def test_requests_that_pile_up_end_as_ready(process):
    """However many there were: the last word is that the reload has ended."""
    with Manager(str(process.folder / "notify")) as manager:
        process.launch(environment=manager.environment())
        manager.wait_for("READY")
        for _ in range(30):
            process.signal(signal.SIGHUP)
            time.sleep(0.005)
        while message := manager.next(1.0):
            last = message
        assert "READY" in last, manager.messages
        process.stop()


def test_a_manager_that_does_not_read_holds_nothing(process):
    """Its socket is full from the beginning: the director starts, reloads and stops as ever."""
    with Manager(str(process.folder / "notify")) as manager:
        manager.fill()
        process.start(environment=manager.environment())
        process.signal(signal.SIGHUP)
        process.wait_for_log("serving generation 2")
        seconds, _ = process.stop()
        assert seconds < allowed(3)
        assert manager.next(0.2)["STATUS"] == "full"


def test_a_manager_that_reads_again_hears_the_newest_state(process):
    """What it has missed is not made up for, and a reload does not seem to go on."""
    with Manager(str(process.folder / "notify")) as manager:
        manager.fill()
        process.start(environment=manager.environment())
        for number in range(2, 6):
            process.signal(signal.SIGHUP)
            process.wait_for_log(f"serving generation {number}")
        while message := manager.next(1.0):
            last = message
        assert last["STATUS"].startswith("serving generation 5: "), manager.messages
        assert [m for m in manager.messages if "READY" in m or "RELOADING" in m][-1].get("READY") == "1"
        process.stop()


def test_a_socket_that_is_not_there_is_mentioned_once(process):
    """Nothing else depends on it."""
    for address in (str(process.folder / "nobody"), "no-path"):
        process.start(environment={"NOTIFY_SOCKET": address})
        process.signal(signal.SIGHUP)
        process.wait_for_log("serving generation 2")
        process.stop()
        assert process.log.read_text().count("the service manager is not notified: NOTIFY_SOCKET: ") == 1


def test_a_director_that_cannot_start_says_why(process):
    """It is never ready."""
    with Manager(str(process.folder / "notify")) as manager:
        process.launch(config={**CONFIG, "outbound_src_ip": "nowhere"}, environment=manager.environment())
        assert process.process.wait(60) == 1
        messages = [manager.next()]
        while message := manager.next(0.2):
            messages.append(message)
        assert not any("READY" in message for message in messages)
        assert messages[-1]["STATUS"].startswith("did not start; "), messages
        assert "$.outbound_src_ip: " in messages[-1]["STATUS"], messages


def test_a_long_start_asks_for_time_and_a_stop_ends_it(process):
    """With files that take long to read."""
    with Manager(str(process.folder / "notify")) as manager:
        process.launch(tables=large_tables(30, 1500), environment=manager.environment())
        for _ in range(3):
            message = {"EXTEND_TIMEOUT_USEC": "120000000", "STATUS": "starting; reads its files"}
            assert manager.next() == message, manager.messages
        process.signal(signal.SIGTERM)
        assert "before it was ready" in manager.wait_for("STOPPING")["STATUS"]
        assert process.process.wait(60) == 0


def test_a_director_that_has_lost_its_devices_says_so_as_it_ends(glb_director, tmp_path, monkeypatch):
    """It could only pretend to serve."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    host = Host(glb_director, tmp_path)
    try:
        host.create()
        with Manager(str(tmp_path / "notify")) as manager:
            monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
            host.start("net_af_packet0,iface=eth0")
            manager.wait_for("READY")
            host.namespace.ip("link", "delete", "eth0")
            stopping = manager.wait_for("STOPPING")
            assert stopping["STATUS"].endswith("; stopping: the devices of its ports are gone"), stopping
            assert host.process.wait(20) == os.EX_TEMPFAIL
    finally:
        host.remove()


def test_a_watchdog_is_fed_while_every_worker_goes_on(process):
    """Several times in the time that the manager allows; not without one, and not with a worker that stands still."""
    with Manager(str(process.folder / "notify")) as manager:
        process.launch(environment=manager.environment(), workers=2)
        manager.wait_for("READY")
        assert manager.next(2.5) is None
        process.stop()
    (process.folder / "notify").unlink()
    with Manager(str(process.folder / "notify")) as manager:
        process.launch(environment={**manager.environment(), "WATCHDOG_USEC": "2000000"}, workers=2)
        manager.wait_for("READY")
        for _ in range(3):
            manager.wait_for("WATCHDOG", 2)
        with hold_a_worker(process):
            process.wait_for_log("has not come to the end of a burst", 10)
            while manager.next(0.1):
                pass
            assert manager.next(2) is None
        manager.wait_for("WATCHDOG", 10)
        process.stop()


def test_a_check_says_nothing(process):
    """ExecStartPre of the same unit has the same environment."""
    with Manager(str(process.folder / "notify")) as manager:
        done = subprocess.run(
            process.command(more=["--check"]), env={**os.environ, **manager.environment()}, check=False, timeout=30
        )
        assert done.returncode == 0
        assert manager.next(0.2) is None
