#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How many packets does the director forward, against what the same devices carry at all?

  bench_director.py --director PROGRAM [--rounds N] [--seconds S] [--json FILE]

The real director and dpdk-testpmd take turns on net_pcap with infinite_rx, which repeats a capture
as fast as it can and drops what is sent. Time is what the busiest of the forwarding threads spent
on its processor, so that other users of the machine cost accuracy, but do not count.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

import hugepages
from report import Report

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

import capture  # noqa: E402

READY = ": ready:"  # the director says
VIP, PORT = "192.0.2.10", 443
CONFIG = {
    "outbound_gateway_mac": "02:00:00:00:00:99",
    "outbound_src_ip": "10.0.0.11",
    "hash_fields": {"src_addr": True, "src_port": True},
    "udp_checksum": "inner",
    "unique_hops": True,
    "icmp_errors": "all",
    "padding": "trim",
}
TABLES = {
    "tables": [
        {
            "hash_key": "000102030405060708090a0b0c0d0e0f",
            "seed": "f0e0d0c0b0a090807060504030201000",
            "binds": [{"ip": VIP, "proto": "tcp", "port": PORT}],
            "backends": [{"ip": f"10.0.0.{n}", "state": "active", "healthy": True} for n in range(21, 37)],
        }
    ]
}
# what reaches the port, and is there a kernel to punt to?
PUNTING = [("all to a VIP", 0, True), ("10 % to no bind, no twin", 10, False), ("10 % to no bind, a twin", 10, True)]
# name, flows, bytes; infinite_rx holds all in mbufs, of which a director with one worker has 8,191
SUBJECTS = [
    ("ipv4 64, 256 flows", 256, 64),
    ("ipv4 64, 4096 flows", 4096, 64),
    ("ipv4 1514, 256 flows", 256, 1514),
]


def frames_of(flows, size):
    """One frame of each flow."""
    frame = Ether(src="02:00:00:00:00:02", dst="02:70:63:61:70:00") / IP(src="198.51.100.7", dst=VIP)
    frame = bytearray(bytes(frame / TCP(sport=1024, dport=PORT, flags="A")).ljust(size, b"\0"))
    frame[16:18] = (size - 14).to_bytes(2, "big")
    for flow in range(flows):
        frame[28:30] = (flow // 256).to_bytes(2, "big")
        frame[34:36] = (1024 + flow).to_bytes(2, "big")
        yield bytes(frame)


def with_unbound(frames, percent):
    """Every so many to a port of the VIP that has no bind."""
    for number, frame in enumerate(frames):
        unbound = percent and number % (100 // percent) == 0
        yield frame[:36] + (PORT + 1).to_bytes(2, "big") + frame[38:] if unbound else frame


def memories():
    """With hugepages, if there are enough, and without."""
    return ([True] if hugepages.free() >= hugepages.NEEDED else []) + [False]


def memory(huge):
    return ["--in-memory"] if huge else ["--no-huge", "--no-shconf", "-m", "512"]


def in_words(huge):
    return "hugepages" if huge else "no hugepages"


def eal_options(workers, capture_path, queues, huge):
    """The main lcore, which sleeps, shares a processor with the first worker."""
    cpus = sorted(os.sched_getaffinity(0))
    if workers > len(cpus):
        sys.exit(f"bench_director: {workers} workers need as many processors")
    spare = 0 if workers == len(cpus) else workers
    lcores = [f"0@{cpus[spare]}"] + [f"{n + 1}@{cpus[n]}" for n in range(workers)]
    queue = f"rx_pcap={capture_path}"
    vdev = ",".join(["net_pcap0", *[queue] * queues, "infinite_rx=1"])
    return [*memory(huge), "--no-pci", "--no-telemetry", "--lcores", ",".join(lcores), f"--vdev={vdev}"]


def busiest_ns(pid):
    """Processor time of the thread that forwarded for longest."""
    times = [0]
    for task in Path(f"/proc/{pid}/task").iterdir():
        if "worker" in (task / "comm").read_text():
            times.append(int((task / "schedstat").read_text().split()[0]))
    return max(times)


def ns_per_packet(command, ready, counted, seconds):
    """Run a forwarder until it has said that it is ready, and for so long; stop it and ask."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_for(process, out, ready)
            time.sleep(seconds)
            spent = busiest_ns(process.pid)
            process.stdin.write(b"\n")  # ends testpmd, with its statistics
            process.stdin.close()
            if ready == READY:
                process.terminate()
            process.wait(20)
        finally:
            process.kill()
        out.seek(0)
        packets = int(re.findall(counted, out.read())[-1])
    return spent / packets


def wait_for(process, out, text):
    for _ in range(500):
        out.seek(0)
        said = out.read()
        if text in said:
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    sys.exit(f"bench_director: no {text!r} from {process.args[0]}:\n{said}")


class Setup:
    """A number of workers and queues, on one capture."""

    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        (folder / "director.json").write_text(json.dumps(CONFIG))
        (folder / "tables.json").write_text(json.dumps(TABLES))

    def director(self, eal, counted="forward"):
        files = ["--config", self.folder / "director.json", "--tables", self.folder / "tables.json"]
        command = ["unshare", "--net", self.arguments.director, *eal, "--", *files]
        return ns_per_packet(command, READY, rf"(?m)^{counted} (\d+)$", self.arguments.seconds)

    def punt(self, report, huge):
        """The kernel takes its time, of which a flood must not take too much from the rest."""
        values = {name: [] for name, _, _ in PUNTING}
        for _ in range(self.arguments.rounds):
            for name, percent, twin in PUNTING:
                capture.write(self.folder / "in.pcap", list(with_unbound(frames_of(256, 64), percent)))
                (self.folder / "director.json").write_text(json.dumps({**CONFIG, **({"punt_port": "net_tap0"} if twin else {})}))
                eal = [*eal_options(1, self.folder / "in.pcap", 1, huge), *(["--vdev=net_tap0,iface=twin"] if twin else [])]
                values[name].append(self.director(eal, "rx"))
        first = values[PUNTING[0][0]]
        for name, ns in values.items():
            report.row("ipv4 64, 256 flows", name, ns, [f / n for f, n in zip(first, ns)] if ns is not first else None)

    def testpmd(self, eal, mode, queues):
        own = [f"--forward-mode={mode}", f"--total-num-mbufs={8192 * queues - 1}", "--auto-start", "--no-lsc-interrupt"]
        own += [f"--rxq={queues}", f"--txq={queues}", f"--nb-cores={queues}"]
        return ns_per_packet(
            ["stdbuf", "-oL", "dpdk-testpmd", *eal, "--", *own],
            "Press enter to exit",
            r"RX-packets: (\d+)",
            self.arguments.seconds,
        )

    def compare(self, report, subject, workers, queues, huge):
        """All take turns; testpmd's mac mode, which writes Ethernet headers, is what counts."""
        eal = eal_options(workers, self.folder / "in.pcap", queues, huge)
        values = {"testpmd io": [], "testpmd mac": [], "director": []}
        for _ in range(self.arguments.rounds):
            if queues == workers:
                values["testpmd io"].append(self.testpmd(eal, "io", queues))
                values["testpmd mac"].append(self.testpmd(eal, "mac", queues))
            values["director"].append(self.director(eal))
        mac = values["testpmd mac"]
        for variant, ns in values.items():
            if ns:
                ratios = [m / n for m, n in zip(mac, ns)] if mac and ns is not mac else None
                report.row(subject, variant, ns, ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--director", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Report(arguments.json) as report:
        setup = Setup(arguments, Path(folder))
        huge, *other = memories()
        for workers, queues, kind in ((1, 1, huge), *((1, 1, kind) for kind in other), (2, 2, huge), (2, 1, huge)):
            title = f"net_pcap, workers: {workers}, queues: {queues}, {in_words(kind)}; per packet"
            report.section(title, "ns", "times as fast as testpmd mac" if queues == workers else "")
            for subject, flows, size in SUBJECTS:
                capture.write(Path(folder) / "in.pcap", list(frames_of(flows, size)))
                setup.compare(report, subject, workers, queues, kind)
        title = f"net_pcap, workers: 1, punted to net_tap, {in_words(huge)}; per packet received"
        report.section(title, "ns", "times as fast as no punts")
        setup.punt(report, huge)


if __name__ == "__main__":
    main()
