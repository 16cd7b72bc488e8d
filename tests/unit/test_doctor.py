#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What does glbctl doctor say of hosts that are odd, each in one way?

test_doctor.py GLBCTL
"""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

from odd_host import CLOCK, CPU, NODE, OddHost, stat_lines  # noqa: E402

NIC = "0000:81:00.0"
CONFIG = {
    "outbound_gateway_mac": "02:00:00:00:00:01",
    "outbound_src_ip": "192.0.2.1",
    "ports": [{"name": NIC, "mtu": 1600}],
}
TABLES = {
    "tables": [
        {
            "hash_key": "12345678901234561234567890123456",
            "seed": "34567890123456783456789012345678",
            "binds": [{"ip": "192.0.2.10", "proto": "tcp", "port": 80}],
            "backends": [{"ip": f"10.0.0.{n}", "state": "active", "healthy": True} for n in range(1, 4)],
        }
    ]
}

WORKERS = [
    {"worker": 0, "lcore": 2, "cpus": "2", "responds": True, "rx": 1000},
    {"worker": 1, "lcore": 3, "cpus": "3", "responds": True, "rx": 1000},
]
PORT = {
    "port": 0, "name": NIC, "interface": "eth0", "link": "up", "mtu": 1600, "packet_max": 1560, "gateway": "10.0.0.1",
    "gateway_mac": "02:00:00:00:00:01", "gateway_state": "sure", "punt_interface": None, "queues": 1,
    "port_rx_missed": 0, "port_rx_no_mbuf": 0,
}  # fmt: skip
STATUS = {
    "pid": 4711, "hugepages": True, "control_cpus": "1", "ready": True, "readiness_reason": "all workers serve",
    "live_device": "glb-live", "live_device_up": True, "serving_last_good": False, "last_reload": None,
    "host_warnings": [], "workers": WORKERS, "ports": [PORT],
}  # fmt: skip


class Answering:
    """What a director would say that is in a state hard to bring one into."""

    def __init__(self, path, answer):
        self.path = path
        self.line = json.dumps(answer).encode() + b"\n"

    def __enter__(self):
        self.path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.path))
        self.socket.listen(1)
        self.thread = threading.Thread(target=self.answer)
        self.thread.start()
        return self

    def answer(self):
        client, _ = self.socket.accept()
        with client:
            client.recv(65536)
            client.sendall(self.line)

    def __exit__(self, *_):
        self.thread.join()
        self.socket.close()


class Doctor(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.host = OddHost(self.root)
        self.host.nic(NIC, 0)
        self.host.files(json.dumps(CONFIG), json.dumps(TABLES))

    def look(self, *words, lcores="1-3"):
        return subprocess.run(
            [self.program, "doctor", "--root", self.root, "--config", "/etc/glb/director.json",
             "--tables", "/etc/glb/tables.json", "--lcores", lcores, *words],
            capture_output=True, text=True, timeout=600, check=False, errors="surrogateescape",
        )  # fmt: skip

    def findings(self, lcores="1-3", status=None):
        """By check; of several of one, the worst, which comes first."""
        done = self.look("--json", lcores=lcores)
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, int(answer["totals"]["problem"] > 0), done.stderr)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout)
        found = {}
        for one in answer["findings"]:
            found.setdefault(one["check"], one)
            if one["level"] in ("advice", "problem"):
                self.assertTrue(one["why"] and one["do"] and one["where"] is not None, one)
        return found

    def only(self, check, level, lcores="1-3", seen="", do=""):
        """This is all that is wrong."""
        found = self.findings(lcores, status=int(level == "problem"))
        wrong = {name: one for name, one in found.items() if one["level"] in ("advice", "problem")}
        self.assertEqual({name: one["level"] for name, one in wrong.items()}, {check: level})
        self.assertIn(seen, wrong[check]["seen"])
        self.assertIn(do, wrong[check]["do"])

    def test_a_good_host_has_nothing_wrong(self):
        found = self.findings(status=0)
        self.assertEqual({one["level"] for one in found.values()}, {"ok"}, found)
        self.assertLessEqual(
            {"cpus.pinned", "cpus.isolated", "cpus.nohz_full", "cpus.siblings", "cpus.interrupts", "cpus.clock",
             "cpus.governor", "cpus.stolen", "memory.hugepages", "memory.transparent", "memory.numa_balancing",
             "memory.available", "memory.port_node", "net.packet_size", "net.slot", "files.content", "files.config",
             "files.tables"},
            set(found),
        )  # fmt: skip

    def test_people_get_sentences_and_a_sum(self):
        self.host.write(f"{CPU}/isolated", "\n")
        done = self.look()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "advice cpus.isolated: other work may run on processors of workers: 2-3")
        self.assertEqual(lines[1], f"    where: /{CPU}/isolated")
        self.assertTrue(lines[2].startswith("    why: ") and lines[3].startswith("    do: boot with isolcpus=2-3"))
        self.assertRegex(lines[-1], r"^0 problems, 1 advice, 0 unknown, \d+ ok$")

    def test_processors_that_others_may_use_are_named(self):
        self.host.write(f"{CPU}/isolated", "3\n")
        self.only("cpus.isolated", "advice", seen="of workers: 2", do="isolcpus=2-3")
        self.host.write("proc/1/status", "Cpus_allowed_list:\t0-1\n")
        self.assertEqual(self.findings()["cpus.isolated"]["level"], "ok")

    def test_a_tick_is_named(self):
        self.host.write(f"{CPU}/nohz_full", " (null)\n")  # what a kernel says that was given none
        self.only("cpus.nohz_full", "advice", seen="2-3", do="nohz_full=2-3 rcu_nocbs=2-3")

    def test_workers_on_one_core_are_named(self):
        for cpu in (2, 3):
            self.host.write(f"{CPU}/cpu{cpu}/topology/thread_siblings_list", "2-3\n")
        self.only("cpus.siblings", "advice", seen="workers share cores: processors 2-3")

    def test_a_sibling_that_is_in_use_is_named(self):
        self.host.write(f"{CPU}/cpu2/topology/thread_siblings_list", "2,6\n")
        self.only("cpus.siblings", "advice", seen="in use: processors 6")

    def test_processors_that_are_not_there_are_a_problem(self):
        self.host.write(f"{CPU}/online", "0-2\n")
        self.only("cpus.online", "problem", seen="not there: 3", do="0-2")

    def test_interrupts_of_workers_are_named(self):
        self.host.irq(25, "3", [0, 0, 0, 7, 0, 0, 0, 0], "nvme0q3")
        self.host.irq(26, "2", [0] * 8, "idle")
        self.only("cpus.interrupts", "advice", seen="by 1 interrupt: 25 nvme0q3", do="echo 0-1,4-7 >")

    def test_an_interrupt_without_figures_counts(self):
        self.host.irq(25, "", [], "")
        for file in ("per_cpu_count", "actions"):
            (self.root / f"sys/kernel/irq/25/{file}").unlink()
        self.only("cpus.interrupts", "advice", seen="25 ?")

    def test_a_governor_that_saves_power_is_named(self):
        self.host.write(f"{CPU}/cpu3/cpufreq/scaling_governor", "powersave\n")
        self.only("cpus.governor", "advice", seen='"powersave" on processors of workers: 3', do="-c 3")

    def test_a_clock_that_is_not_trusted_is_named(self):
        self.host.write(CLOCK, "hpet\n")
        self.only("cpus.clock", "advice", seen="hpet")
        self.host.write(CLOCK, "kvm-clock\n")
        self.findings(status=0)

    def test_time_that_was_stolen_is_named(self):
        self.host.write("proc/stat", f"cpu  1 2 3\n{stat_lines(500)}")
        self.only("cpus.stolen", "advice", seen="2.5 %")

    def test_hugepages_that_are_missing_are_named(self):
        self.host.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n")
        self.only("memory.hugepages", "advice", seen="no hugepage is free, of 2048 MiB")

    def test_a_node_of_workers_without_hugepages_is_a_problem(self):
        self.host.write(f"{NODE}/node0/hugepages/hugepages-2048kB/nr_hugepages", "0\n")
        self.only("memory.node_hugepages", "problem", seen="node 0")

    def test_transparent_hugepages_that_are_off_are_named(self):
        self.host.write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n")
        self.only("memory.transparent", "advice")

    def test_balancing_of_memory_is_named(self):
        self.host.write("proc/sys/kernel/numa_balancing", "1\n")
        self.only("memory.numa_balancing", "advice", do="kernel.numa_balancing=0")

    def test_a_lack_of_memory_is_named(self):
        self.host.write("proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 400000 kB\n")
        self.only("memory.available", "advice", seen="390 of 15625 MiB")

    def test_a_port_at_another_node_is_named(self):
        self.host.nic(NIC, 1)
        self.only("memory.port_node", "advice", seen=f"port {NIC} is at node 1", do="4-7")

    def test_a_narrow_slot_is_named(self):
        self.host.nic(NIC, 0, width=8)
        self.only("net.slot", "advice", seen="8 of 16 lanes")
        self.host.nic(NIC, 0, speed="8.0 GT/s PCIe")
        self.only("net.slot", "advice", seen="8.0 GT/s PCIe of 16.0 GT/s PCIe")

    def test_packets_that_do_not_fit_are_named(self):
        port = {"name": NIC, "mtu": 1500}
        self.host.files(json.dumps({**CONFIG, "ports": [port]}), json.dumps(TABLES))
        self.only("net.packet_size", "advice", seen="up to 1460 bytes", do="carry 1540 bytes")
        port["mtu"] = 1310
        self.host.files(json.dumps({**CONFIG, "ports": [port]}), json.dumps(TABLES))
        self.only("net.packet_size", "problem", seen="up to 1270 bytes")

    def test_keys_that_everybody_may_read_are_a_problem(self):
        (self.root / "etc/glb/tables.json").chmod(0o644)
        self.only("files.tables", "problem", seen="mode 0644", do="chmod o= /etc/glb/tables.json")
        (self.root / "etc/glb/director.json").chmod(0o644)  # has none
        (self.root / "etc/glb/tables.json").chmod(0o640)
        self.findings(status=0)
        (self.root / "etc/glb/director.json").chmod(0o602)
        self.only("files.config", "problem", do="chmod o= /etc/glb/director.json")

    def test_a_folder_that_everybody_may_write_to_is_a_problem(self):
        (self.root / "etc/glb").chmod(0o777)
        found = self.findings(status=1)
        self.assertIn("everybody may write to the folder /etc/glb", found["files.tables"]["seen"])
        (self.root / "etc/glb").chmod(0o755)

    def test_files_that_are_not_good_are_a_problem(self):
        self.host.files("{}", json.dumps(TABLES))
        found = self.findings(status=1)
        self.assertEqual(found["files.content"]["level"], "problem")
        self.assertIn("director.json", found["files.content"]["seen"])
        self.assertEqual(self.look().stderr, "")

    def test_what_cannot_be_looked_at_is_said(self):
        """A host of which nothing is known has no problem, and is not called good."""
        with tempfile.TemporaryDirectory(prefix="glb-unit-") as empty:
            self.root = Path(empty)
            done = self.look("--json")
        answer = json.loads(done.stdout)
        levels = {one["check"]: one["level"] for one in answer["findings"]}
        self.assertEqual(levels["files.content"], "problem")
        for check in ("cpus.online", "cpus.siblings", "cpus.interrupts", "cpus.clock", "cpus.stolen",
                      "memory.hugepages", "memory.transparent", "memory.available", "files.tables"):  # fmt: skip
            self.assertEqual(levels[check], "unknown", check)

    def ask(self, **keys):
        """What it says of a director whose status has these keys; findings by check, worst first."""
        status = {**STATUS, "config": "/etc/glb/director.json", "tables_file": "etc/glb/tables.json", **keys}
        self.host.process(4711)
        path = self.root / "proc/4711/cwd"
        if not path.is_symlink():
            path.symlink_to(self.root)
        self.host.device("eth0", 1600)
        with Answering(self.root / "control.sock", {"glb": 1, "ok": True, **status}) as answering:
            done = subprocess.run(
                [self.program, "doctor", "--json", "--root", self.root, "--socket", answering.path],
                capture_output=True, text=True, timeout=600, check=False,
            )  # fmt: skip
        self.assertEqual(done.stderr, "")
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, int(answer["totals"]["problem"] > 0))
        found = {}
        for one in answer["findings"]:
            found.setdefault(one["check"], one)
        return found

    def asked(self, check, level, seen="", **keys):
        """This is all that is wrong with such a director."""
        found = self.ask(**keys)
        wrong = {name: one["level"] for name, one in found.items() if one["level"] in ("advice", "problem")}
        self.assertEqual(wrong, {check: level} if level != "ok" else {})
        self.assertIn(seen, found[check]["seen"])

    def test_a_good_director_on_a_good_host_has_nothing_wrong(self):
        found = self.ask()
        unknown = {name for name, one in found.items() if one["level"] != "ok"}
        self.assertEqual(unknown, {"net.offloads"}, "which are in no file")
        self.assertIn("etc/glb/tables.json has mode 0600", found["files.tables"]["seen"])

    def test_what_the_director_says_of_itself_is_passed_on(self):
        last = {"result": "refused", "reason": "tables.json:7:12: $.x: is missing"}
        held = [{**WORKERS[0], "responds": False}, WORKERS[1]]
        self.asked("director.ready", "problem", "no worker", ready=False, readiness_reason="no worker serves")
        self.asked("director.tables", "problem", "$.x: is missing", last_reload=last)
        self.asked("director.tables", "problem", "last good", serving_last_good=True)
        self.asked("director.live_device", "advice", "no live_device", live_device=None)
        self.asked("director.live_device", "problem", "is down", live_device_up=False)
        self.asked("director.host", "problem", "VIP 192.0.2.10 is local", host_warnings=["VIP 192.0.2.10 is local"])
        self.asked("director.workers", "problem", "worker 0", workers=held)
        self.asked("memory.hugepages", "advice", "does without", hugepages=False)

    def test_a_port_that_cannot_send_is_a_problem(self):
        def port(**keys):
            return [{**PORT, **keys}]

        self.asked("director.ports", "problem", "is down", ports=port(link="down"))
        self.asked("director.ports", "problem", "is gone", ports=port(link="gone"))
        self.asked("director.ports", "problem", "10.0.0.1", ports=port(gateway_state="lost"))
        self.asked("director.ports", "problem", "does not answer", ports=port(gateway_mac=None))
        self.asked("director.losses", "advice", "missed 8 packets", ports=port(port_rx_missed=3, port_rx_no_mbuf=5))
        self.asked("net.mtu", "problem", "eth0 1600", ports=port(mtu=9000, packet_max=8960))
        self.asked("net.packet_size", "problem", "up to 1250", ports=port(packet_max=1250))

    def test_settings_of_its_devices_are_looked_at(self):
        self.ask()
        self.host.device("eth0", 1600, rp_filter=1)
        self.host.device("dtap0", rp_filter=1)
        for paths, level in ((("eth0",), "advice"), (("all", "eth0"), "ok")):
            for path in paths:  # the larger one counts, and 2 is loose
                self.host.write(f"proc/sys/net/ipv4/conf/{path}/rp_filter", "2\n" if path == "all" else "1\n")
            self.host.device = lambda *_: None
            self.asked("net.rp_filter", level, "eth0 is strict" if level == "advice" else "loose")
        self.host.write("proc/sys/net/ipv4/conf/all/rp_filter", "0\n")
        self.host.write("proc/sys/net/ipv4/conf/eth0/rp_filter", "0\n")
        self.asked("net.rp_filter", "advice", "dtap0 is strict", ports=[{**PORT, "punt_interface": "dtap0"}])
        self.host.write("sys/class/net/eth0/duplex", "half\n")
        self.asked("net.duplex", "problem", "half duplex")

    def test_packets_that_are_spread_unevenly_are_named(self):
        def workers(*counts):
            return [{**WORKERS[0], "worker": i, "cpus": str(2 + i), "rx": rx} for i, rx in enumerate(counts)]

        port = [{**PORT, "queues": 2}]
        self.asked("net.spread", "ok", "114 %", workers=workers(400000, 300000), ports=port)
        self.asked("net.spread", "advice", "worker 1 had 160 %", workers=workers(100000, 400000), ports=port)
        self.assertEqual(self.ask(workers=workers(9, 0), ports=port)["net.spread"]["level"], "unknown")
        found = self.ask(workers=workers(400000, 0), ports=[{**PORT, "queues": 1}])
        self.assertNotIn("net.spread", found, "a worker without a queue receives nothing")

    def test_lcores_that_share_processors_are_named(self):
        def cpus(*lists):
            return [{**WORKERS[0], "worker": i, "cpus": text} for i, text in enumerate(lists)]

        self.asked("cpus.pinned", "problem", "share processors: 2", workers=cpus("2", "2"))
        self.asked("cpus.pinned", "problem", "share processors: 2", workers=cpus("2", "3"), control_cpus="2")
        self.asked("cpus.pinned", "advice", "1 worker may run on more than one", workers=cpus("2-3"))

    def test_memory_of_its_on_the_disk_is_a_problem(self):
        self.host.process = lambda pid: OddHost.process(self.host, pid, swapped=40)
        self.asked("memory.swapped", "problem", "40 KiB")

    def test_a_core_dump_is_named(self):
        self.host.process = lambda pid: OddHost.process(self.host, pid, core="unlimited")
        self.asked("files.core_dumps", "advice", "core_pattern is core")

    def test_answers_with_anything_in_them_are_survived(self):
        odd = [None, True, -1, 2**63, 1e300, "", "../../etc", "x" * 3000, "0-4095", [], {}, [None], [[]], [{}] * 300]
        chosen = random.Random(12)
        for key in STATUS:
            for value in chosen.sample(odd, 3):
                self.ask(**{key: value})
        for name, whole in (("ports", PORT), ("workers", WORKERS[0])):
            for key in whole:
                for value in chosen.sample(odd, 3):
                    self.ask(**{name: [{**whole, key: value}]})

    def test_a_director_that_does_not_answer_is_a_problem_and_the_host_is_looked_at(self):
        done = subprocess.run(
            [self.program, "doctor", "--json", "--root", self.root, "--socket", self.root / "none.sock"],
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("no director serves there", found["director.answers"]["seen"])
        self.assertEqual(found["cpus.clock"]["level"], "ok")

    def test_words_that_contradict_each_other_are_refused(self):
        for words, reason in (
            (["--socket", "x", "--config", "y"], "--socket asks a director"),
            (["--lcores", "1-"], '--lcores: "1-" is not a list'),
            (["--lcores", ""], '--lcores: "" is not a list'),
            (["--lcores", "4096"], '--lcores: "4096" is not a list'),
        ):
            done = subprocess.run([self.program, "doctor", *words], capture_output=True, text=True, timeout=600)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn(reason, done.stderr)

    def test_files_with_anything_in_them_are_survived(self):
        """The same in every run: each file in turn is empty, long, not text, a folder, a pipe, a loop."""
        chosen = random.Random(12)
        files = sorted(path for path in self.root.rglob("*") if path.is_file() and "etc" not in path.parts)
        odd = [b"", b"\n", b"-", b"0-", b"3-1", b"0-99999999999999999999", b"-1", b"9" * 400, b"," * 100,
               b"\x00\xff\x1b[2J", b"x" * 100000, b"cpu2 1\n", b"MemTotal: -\nMemAvailable:", b"1 2 3", b"%s%n"]  # fmt: skip
        for path in files:
            kept = path.read_bytes()
            for content in (*chosen.sample(odd, 2), chosen.choice([None, "pipe", "loop"])):
                path.unlink()
                if content is None:
                    path.mkdir()
                elif content == "pipe":
                    os.mkfifo(path)
                elif content == "loop":
                    path.symlink_to(path)
                else:
                    path.write_bytes(content)
                done = self.look("--json")
                self.assertIn(done.returncode, (0, 1), (path, content, done.stderr))
                self.assertEqual(done.stderr, "", (path, content))
                json.loads(done.stdout)
                self.assertNotIn("\x1b", done.stdout)
                path.rmdir() if content is None else path.unlink()
                path.write_bytes(content if isinstance(content, bytes) else b"")
            path.write_bytes(kept)


if __name__ == "__main__":
    Doctor.program = str(Path(sys.argv[1]).resolve())
    del sys.argv[1:]
    unittest.main()
