#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How much of a processor does glb-healthcheck need?

  bench_health.py --healthcheck PROGRAM [--backends N] [--interval MS] [--rounds N] [--seconds S] [--json FILE]

The real program checks a real HAProxy, which listens at the addresses of all backends, in a network namespace, and is
not measured. What counts is the processor time of the program, all of its threads, with what the kernel does for them:
both ends of each connection, on a loopback device. Needs root.
"""

import argparse
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from report import Report

PER_TABLE = 250
PORT, TLS = 8080, 8443
HTTP = "127.0.0.1:19520"
# name, "healthchecks" of each backend, do they succeed, how many times as rare
SUBJECTS = [
    ("nothing is checked", {}, True, 1),
    ("tcp", {"tcp": PORT}, True, 1),
    ("http", {"http": PORT}, True, 1),
    ("https, a tenth as often", {"https": {"port": TLS, "verify": False}}, True, 10),
    ("tcp, all refused", {"tcp": PORT + 1}, False, 1),
]


def addr_of(number):
    return f"10.0.{number // 250}.{number % 250 + 1}"


# --- The backends, one HAProxy for all addresses ---

HAPROXY = """
global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend all
    bind 0.0.0.0:{port}
    bind 0.0.0.0:{tls} ssl crt {folder}/pem
    http-request return status 200 content-type text/plain string ok
"""


def answers():
    """Whether there is a listener yet."""
    with socket.socket() as probe:
        return not probe.connect_ex((addr_of(0), TLS))


@contextlib.contextmanager
def backends(folder):
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench".split()
    subprocess.run([*new, "-keyout", folder / "key", "-out", folder / "crt"], check=True, capture_output=True)
    (folder / "pem").write_text((folder / "crt").read_text() + (folder / "key").read_text())
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=PORT, tls=TLS, folder=folder))
    process = subprocess.Popen(["haproxy", "-db", "-q", "-f", folder / "haproxy.cfg"])
    try:
        while not answers():
            if process.poll() is not None:
                sys.exit("bench_health: haproxy has ended")
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


# --- The checker ---


def write_files(folder, arguments, checks, interval):
    backends = [
        {"ip": addr_of(number), "state": "active", "healthy": True, "healthchecks": checks}
        for number in range(arguments.backends)
    ]
    tables = [
        {
            "name": f"table {first // PER_TABLE}",
            "hash_key": "000102030405060708090a0b0c0d0e0f",
            "seed": f"{first:032x}",
            "binds": [{"ip": f"192.0.2.{first // PER_TABLE + 1}", "proto": "tcp", "port": 80}],
            "backends": backends[first : first + PER_TABLE],
        }
        for first in range(0, arguments.backends, PER_TABLE)
    ]
    times = {"interval_ms": interval, "timeout_ms": min(1000, interval // 2)}
    (folder / "tables.json").write_text(json.dumps({"tables": tables, "healthchecks": times}))
    (folder / "healthcheck.json").write_text(
        json.dumps(
            {
                "forwarding_table": {"src": str(folder / "tables.json"), "dst": str(folder / "checked.json")},
                "director_socket": "",
                "control_socket": str(folder / "control.sock"),
                "http_listen": HTTP,
                "state_directory": str(folder),
            }
        )
    )


def used_s(pid):
    """Processor time of all threads."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def probes_so_far():
    """How many probes have ended, how many of these did not succeed, and when that was."""
    with urllib.request.urlopen(f"http://{HTTP}/metrics") as page:
        now = time.monotonic()
        text = page.read().decode()
    names = "glb_health_probes", "glb_health_probe_failures"
    found = [re.findall(rf"(?m)^{name}_total{{.*}} (\S+)$", text) for name in names]
    return [*(sum(map(float, values)) for values in found), now]


def usage_of(process, arguments):
    """Parts of a processor without those for asking, probes and failures a second, MiB; once all is under way."""
    time.sleep(arguments.warm)
    before = probes_so_far()
    begin, used = time.monotonic(), used_s(process.pid)
    time.sleep(arguments.seconds)
    used, passed = used_s(process.pid) - used, time.monotonic() - begin
    memory = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024
    probes, failures, between = (now - then for now, then in zip(probes_so_far(), before))
    return used / passed, probes / between, failures / between, memory


def unhealthy(folder):
    tables = json.loads((folder / "checked.json").read_text())["tables"]
    return sum(not backend["healthy"] for table in tables for backend in table["backends"])


def measure(arguments, folder, subject):
    """Percent of a processor, microseconds for a probe or None, and MiB."""
    name, checks, good, rare = subject
    interval = arguments.interval * rare
    write_files(folder, arguments, checks, interval)
    for left in ("checked.json", "health.json"):
        (folder / left).unlink(missing_ok=True)
    with open(folder / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([arguments.healthcheck, f"--config={folder / 'healthcheck.json'}"], stderr=log)
        try:
            used, probes, failures, memory = usage_of(process, arguments)
        finally:
            process.terminate()
            process.wait(20)
    expected = len(checks) * arguments.backends * 1000 / interval
    said = (folder / "log").read_text()
    if (good and failures) or unhealthy(folder) or (expected and not probes):
        sys.exit(f"bench_health: {name}: {failures:.0f} failures a second, {unhealthy(folder)} are unhealthy:\n{said}")
    if probes < 0.9 * expected:
        print(f"{name}: the machine is too busy: {probes:.0f} probes a second, and not {expected:.0f}", file=sys.stderr)
    used *= expected / probes if probes else 1
    return 100 * used, 1e6 * used / expected if probes else None, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--healthcheck", required=True)
    parser.add_argument("--backends", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm", type=float, default=8, help="seconds before that")
    parser.add_argument("--only", action="append", help="of these names")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if os.geteuid():
        sys.exit("bench_health: needs root, for a network namespace")
    outside = os.environ.setdefault("BENCH_OUTSIDE", os.readlink("/proc/self/ns/net"))
    if outside == os.readlink("/proc/self/ns/net"):
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", "10.0.0.1/16", "dev", "lo"], check=True)  # all of it is local
    subjects = [subject for subject in SUBJECTS if not arguments.only or subject[0] in arguments.only]
    with tempfile.TemporaryDirectory() as name, Report(arguments.json) as report, backends(Path(name)):
        folder = Path(name)
        results = {subject[0]: [] for subject in subjects}
        for _ in range(arguments.rounds):
            for subject in subjects:
                results[subject[0]].append(measure(arguments, folder, subject))
        every = f"{arguments.backends} backends, every {arguments.interval / 1000:g} s"
        for column, (what, unit) in enumerate((("of a processor", "%"), ("per probe", "us"), ("memory", "MiB"))):
            report.section(f"{every}; {what}", unit)
            for name, values in results.items():
                if values[0][column] is not None:
                    report.row(name, "", [value[column] for value in values])


if __name__ == "__main__":
    main()
