#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long does a director take from its files to service, and how much memory?

  bench_files.py --director PROGRAM [--against PROGRAM] [--rounds N] [--only TEXT] [--json FILE]

A director without a packet to forward starts, and reloads on SIGHUP with one backend more or less healthy. What counts
is the time until its log says that the generation is served, what its threads ran until then, which other load on the
machine hardly changes, and its resident memory: after the start, and at most with the reloads. With another program
the two take turns, round by round. TEXT is a part of a subject's name. Needs neither root nor hugepages.
"""

import argparse
import json
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from report import Report

# tables, backends of each, how often it is reloaded in a round
SUBJECTS = {"1 table of 16": (1, 16, 10), "100 tables of 16": (100, 16, 10), "16 tables of 4,096": (16, 4096, 0)}
EAL = ["--no-huge", "-m", "64", "--no-shconf", "--no-pci", "--no-telemetry", "--lcores=0,1", "--vdev=net_null0,no-rx=1"]
CONFIG = {"outbound_gateway_mac": "02:00:00:00:01:00", "outbound_src_ip": "192.0.2.1", "idle_sleep_us": 1000}


def table(number, backends):
    return {
        "name": f"t{number}",
        "hash_key": f"{number + 1:032x}",
        "seed": f"{number + 100001:032x}",
        "binds": [{"ip": f"198.51.100.{number}", "proto": proto, "port": 80} for proto in ("tcp", "udp")],
        "backends": [
            {"ip": f"10.{number}.{b // 250}.{b % 250 + 1}", "state": "active", "healthy": True} for b in range(backends)
        ],
    }


class Director:
    """One that runs, and its files."""

    def __init__(self, program, folder, tables):
        self.config = folder / "director.json"
        self.tables = folder / "tables.json"
        self.spec = {"tables": tables}
        self.config.write_text(json.dumps(CONFIG))
        self.write()
        began = time.monotonic()
        command = [program, *EAL, "--", "--config", self.config, "--tables", self.tables]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.wait_for(": ready:")
        self.start_s = time.monotonic() - began

    def write(self):
        self.tables.write_text(json.dumps(self.spec))

    def wait_for(self, text):
        said = []
        for line in self.process.stderr:
            said.append(line)
            if text in line:
                return
        raise RuntimeError("the director ended:\n" + "".join(said))

    def cpu_s(self):
        """CPU time of all its threads, of those that have ended, too: clock_getcpuclockid(3)."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def memory_mib(self):
        """Resident now, and at most so far."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        values = dict(line.split(":", 1) for line in lines)
        return [int(values[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]

    def flip_ms(self):
        """From the signal to service of tables in which the health of one backend is another: time, and CPU time."""
        backend = self.spec["tables"][-1]["backends"][0]
        backend["healthy"] = not backend["healthy"]
        self.write()
        began, cpu_began = time.monotonic(), self.cpu_s()
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("serving generation")
        took, cpu_took = time.monotonic() - began, self.cpu_s() - cpu_began
        time.sleep(0.2)  # what follows has an end of its own
        return 1000 * took, 1000 * cpu_took

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()


def figures_of(director, flips):
    figures = {"start, s": director.start_s, "start, s of processors": director.cpu_s()}
    figures["memory, MiB"] = director.memory_mib()[0]
    if flips:
        times, cpu_times = zip(*(director.flip_ms() for _ in range(flips)))
        figures["flip, ms"] = statistics.median(times)
        figures["flip, ms, least"] = min(times)
        figures["flip, ms of processors"] = statistics.median(cpu_times)
    figures["memory, MiB, most"] = director.memory_mib()[1]
    return figures


def measure(programs, subject, rounds):
    """Of each program, by figure: a value a round."""
    tables, backends, flips = SUBJECTS[subject]
    results = {name: {} for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            with tempfile.TemporaryDirectory() as folder:
                director = Director(program, Path(folder), [table(t, backends) for t in range(tables)])
                try:
                    figures = figures_of(director, flips)
                finally:
                    director.end()
            for figure, value in figures.items():
                results[name].setdefault(figure, []).append(value)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--director", required=True)
    parser.add_argument("--against")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    args = parser.parse_args()
    programs = {"director": args.director, **({"against": args.against} if args.against else {})}
    with Report(args.json) as report:
        for subject in SUBJECTS:
            if args.only not in subject:
                continue
            results = measure(programs, subject, args.rounds)
            report.section(f"files to service, {subject}", "", "times of --against" if args.against else "")
            for figure in results["director"]:
                for name in programs:
                    values = results[name][figure]
                    ratios = None
                    if name == "against":
                        ratios = [other / own for other, own in zip(values, results["director"][figure])]
                    report.row(figure, name, values, ratios)


if __name__ == "__main__":
    main()
