# SPDX-License-Identifier: BSD-3-Clause
"""Does a director reply to dpdk-telemetry.py as it does elsewhere, and never delay its loop for that?"""

import contextlib
import copy
import json
import os
import socket
import stat
import subprocess
import threading
import time

import pytest

from control import ask
from device import DIRECTOR_MAC, VIP
from held import Held
from netns import LabError, wait_until
from process import CONFIG, TABLES
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

COMMANDS = ["/glb/backends", "/glb/counters", "/glb/status", "/glb/tables", "/glb/workers"]


class Telemetry:
    """A client of version 2 of the protocol of DPDK's telemetry: a command and an answer are a datagram each."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(str(path))  # with a time limit, a full queue of connections would be an error
        self.socket.settimeout(60)
        self.about = json.loads(self.socket.recv(1024))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, command):
        self.socket.sendall(command.encode())
        (answer,) = json.loads(self.socket.recv(self.about["max_output_len"])).values()
        return answer


def many_tables():
    """One of 150 backends, the last a draining one, with a comma in its name; and 70 without a name."""
    large = copy.deepcopy(TABLES["tables"][0])
    large["name"] = 'a,1 "\n'
    large["backends"] = [{"ip": f"10.0.1.{n}", "state": "active", "healthy": True} for n in range(150)]
    large["backends"][-1] = {**large["backends"][-1], "state": "draining", "healthy": False}
    tables = [large]
    for number in range(70):
        table = copy.deepcopy(TABLES["tables"][0])
        table["seed"] = f"{number + 1:032x}"
        table["binds"] = [{"ip": f"192.0.3.{number}", "proto": "tcp", "port": 80}]
        tables.append(table)
    return {"tables": tables}


def dpdks_own_program(path, command):
    """What it prints. It looks for PREFIX/dpdk_telemetry.v2 below $RUNTIME_DIRECTORY/dpdk."""
    return subprocess.run(
        ["dpdk-telemetry.py", "-f", path.parent.name], input=f"{command}\nquit\n", capture_output=True, text=True,
        timeout=600, check=True, env={**os.environ, "RUNTIME_DIRECTORY": str(path.parent.parent.parent)},
    ).stdout  # fmt: skip


def write_frames(path):
    """Packets of clients to VIPs of the first two tables."""
    frames = [
        Ether(dst=DIRECTOR_MAC) / IP(src=f"198.51.100.{n}", dst=vip) / TCP(sport=1024 + n, dport=80)
        for vip, count in ((VIP, 200), ("192.0.3.0", 50)) for n in range(count)
    ]  # fmt: skip
    wrpcap(str(path), frames)


@pytest.fixture
def director(process, tmp_path):
    """One with telemetry, which the EAL has by default, that has received some packets."""
    write_frames(tmp_path / "in.pcap")
    command = process.command

    def with_telemetry(**options):
        return [word for word in command(**options) if word != "--no-telemetry"]

    process.command = with_telemetry
    runtime = tmp_path / "run"
    runtime.mkdir()
    process.start(
        config={**CONFIG, "control_socket": str(tmp_path / "control.sock")}, tables=many_tables(), workers=2,
        vdev=f"net_pcap0,rx_pcap={tmp_path}/in.pcap,tx_pcap={tmp_path}/out.pcap", environment={"RUNTIME_DIRECTORY": str(runtime)},
    )  # fmt: skip
    (process.telemetry,) = runtime.rglob("dpdk_telemetry.v2*")
    return process


def test_what_is_said_is_what_the_control_socket_says(director, tmp_path):
    def elsewhere(verb):
        return ask(tmp_path / "control.sock", verb)

    wait_until(lambda: elsewhere("stats")["counters"]["tx"] == 250, "the packets", 10)
    path = director.telemetry
    folder = path.parent.stat()
    assert stat.S_IMODE(folder.st_mode) & 0o077 == 0, "the folder of the socket is its owner's alone"
    with Telemetry(path) as client:
        assert client.about["pid"] == director.process.pid
        assert set(COMMANDS) <= set(client.ask("/"))
        status, said = client.ask("/glb/status"), elsewhere("status")
        for key in ("version", "pid", "readiness", "readiness_reason", "generation", "binds", "backends", "healthy"):
            assert status[key] == said[key], key
        assert (status["ready"], status["workers"], status["ports"], status["tables"]) == (1, 2, 1, 71)
        stats = elsewhere("stats")
        assert client.ask("/glb/counters") == stats["counters"]
        for worker in stats["workers"]:
            assert client.ask(f"/glb/counters,{worker['worker']}") == worker["counters"]
        workers = elsewhere("workers")["workers"]
        for key, column in client.ask("/glb/workers").items():
            assert column == [worker[key] for worker in workers], key

        tables, seen, at = elsewhere("tables")["tables"], {}, 0
        while at is not None:
            part = client.ask(f"/glb/tables,{at}")
            assert (part.pop("from"), part.pop("total")) == (at, 71)
            at = part.pop("next", None)
            for key, column in part.items():
                seen.setdefault(key, []).extend(column)
        assert seen["name"] == [r'a,1 "\n', *map(str, range(1, 71))], "a name is written so that it is one line"
        for key in ("digest", "hops", "backends", "table_packets", "table_bytes"):
            assert seen[key] == [table[key] for table in tables], key
        assert seen["binds"] == [1] * 71

        backends = [one for one in elsewhere("backends")["backends"] if one["table"] == 0]
        first, last = (client.ask(f'/glb/backends,a,1 "\n{part}') for part in ("", ",128"))
        assert (first["total"], first["next"], len(first["ip"]), len(last["ip"])) == (150, 64, 64, 22)
        for key in ("ip", "backend_packets", "backend_bytes"):
            assert first[key] + client.ask('/glb/backends,a,1 "\n,64')[key] + last[key] == [one[key] for one in backends], key
        assert (last["state"][-2:], last["healthy"][-2:]) == (["active", "draining"], [1, 0])
        assert client.ask("/glb/backends,70")["ip"] == ["10.0.0.21", "10.0.0.22", "10.0.0.23"]
        assert sum(client.ask("/glb/backends,1")["backend_packets"]) == 50

        for wrong in ("/glb/backends", "/glb/backends,71", "/glb/backends,70,3", "/glb/backends,70,-1", "/glb/backends,70,x",
                      "/glb/tables,71", "/glb/tables,9999999999", "/glb/counters,2", "/glb/counters,x"):  # fmt: skip
            assert client.ask(wrong) == {"error": "there is no such table or worker, or not so many"}, wrong
    assert '"readiness": "ready"' in dpdks_own_program(path, "/glb/status")
    director.stop()


def test_many_ask_at_once_while_it_reloads_and_nobody_waits(director, tmp_path):
    ended, asked, late, failed = threading.Event(), [0] * 6, [], []

    def shout(number):
        try:
            with Telemetry(director.telemetry) as client:
                while not ended.is_set():
                    answer = client.ask(COMMANDS[number % 5] + (",1" if number % 5 == 0 else ""))
                    late.extend([answer] if "error" in answer else [])
                    asked[number] += 1
        except (OSError, ValueError) as error:  # without its answers the wait below would not end
            failed.append(f"client {number}, after {asked[number]} answers: {error!r}")

    threads = [threading.Thread(target=shout, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for count in range(1, 6):
        director.write(tables=many_tables() if count % 2 else TABLES)
        answer = ask(tmp_path / "control.sock", "reload")
        assert answer["ok"], answer
    wait_until(lambda: failed or min(asked) > 20, "answers to everybody", 30)
    ended.set()
    for thread in threads:
        thread.join()
    assert not failed, (failed, director.log.read_text())
    # of the table "1", which there is not always, that is right; of a busy machine, the others
    assert {one["error"] for one in late} <= {"there is no such table or worker, or not so many",
                                             "another client sent a request at the same time; send it again",
                                             "the control thread did not answer in time"}  # fmt: skip
    director.stop()


def test_a_control_thread_that_stands_still_is_said_to_and_a_stop_waits_for_nobody(director):
    """As a debugger leaves it: the EAL's own threads go on."""
    with Telemetry(director.telemetry) as client, Telemetry(director.telemetry) as other:
        try:
            held = Held(director.process.pid)  # its first thread alone
        except LabError as error:
            pytest.skip(str(error))
        with held:
            client.socket.sendall(b"/glb/status")  # which is asked meanwhile, and the other waits for that
            late = {"error": "the control thread did not answer in time"}
            assert other.ask("/glb/workers") == late
            assert json.loads(client.socket.recv(16384)) == {"/glb/status": late}
        assert client.ask("/glb/status")["ready"] == 1

    def shout():
        with contextlib.suppress(OSError, ValueError), Telemetry(director.telemetry) as client:
            while True:
                client.ask("/glb/counters")

    threads = [threading.Thread(target=shout) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    director.stop()  # the EAL's threads go on to the end of the process
    for thread in threads:
        thread.join()
