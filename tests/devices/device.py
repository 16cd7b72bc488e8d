# SPDX-License-Identifier: BSD-3-Clause
"""A host whose director runs on a device under test."""

import contextlib
import copy
import json
import os
import signal
import subprocess

from drivers import counters_of, eal_options, write_configuration
from netns import LabError, Namespace, stop, wait_until
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

VIP, PORT = "192.0.2.10", 80
DIRECTOR_MAC = "02:00:00:00:00:01"  # where frames go, whatever address the device has
CONFIG = {
    "outbound_gateway_mac": "02:00:00:00:00:99",
    "outbound_src_ip": "10.0.0.11",
    "hash_fields": {"src_addr": True, "src_port": True},
    "macs": [DIRECTOR_MAC],
    "idle_sleep_us": 1000,
}
TABLES = {
    "tables": [
        {
            "hash_key": "000102030405060708090a0b0c0d0e0f",
            "seed": "f0e0d0c0b0a090807060504030201000",
            "binds": [{"ip": VIP, "proto": "tcp", "port": PORT}],
            "backends": [
                {"ip": f"10.0.0.{n}", "state": "active", "healthy": True} for n in (21, 22, 23)
            ],
        }
    ]
}


def ready(workers, ports, queues):
    """What a director says when it forwards."""
    counts = [f"{n} {noun}{'s' * (n != 1)}" for n, noun in ((workers, "worker"), (ports, "port"), (queues, "queue"))]
    return "ready: {}, {} with {} each".format(*counts)


def large_tables(count, backends):
    """Tables that take a while to work out, all of them different."""
    tables = []
    for number in range(count):
        table = copy.deepcopy(TABLES["tables"][0])
        table["seed"] = f"{number:032x}"
        table["binds"] = [{"ip": f"192.0.{2 + number // 250}.{number % 250}", "proto": "tcp", "port": 80}]
        table["backends"] = [
            {"ip": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "state": "active", "healthy": True}
            for n in range(backends)
        ]
        tables.append(table)
    return {"tables": tables}


def encapsulated(frames):
    """The client's packets in those frames that a director sent."""
    outer = [Ether(frame) for frame in frames if frame[23] == 17]
    return [
        IP(bytes(frame[UDP].payload)[12:])
        for frame in outer
        if frame.haslayer(UDP) and frame[UDP].dport == 19523
    ]


def drain(wire, seconds):
    """Everything that arrives until nothing has for a while."""
    frames = []
    while frame := wire.receive(seconds):
        frames.append(frame)
    return frames


def collect(wire, count, wanted=lambda frame: True):
    """The frames of a kind that arrive: so many, on a busy machine after a while, and surplus ones."""
    frames = []

    def enough():
        frames.extend(filter(wanted, drain(wire, 0.02)))
        return len(frames) >= count

    with contextlib.suppress(LabError):  # the caller counts them
        wait_until(enough, "frames", 5)
    return frames + list(filter(wanted, drain(wire, 0.1)))


class Host:
    """A namespace with a veth pair, and the director in it."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.log = folder / "director.log"
        self.namespace = Namespace(f"glb-device-{os.getpid()}")
        self.process = None

    def create(self):
        self.namespace.create("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        self.namespace.ip("link", "add", "eth0", "type", "veth", "peer", "far")
        for device in ("eth0", "far"):
            self.namespace.ip("link", "set", device, "up")
        self.namespace.run("ethtool", "-K", "far", "tx", "off")
        self.namespace.run("ethtool", "-K", "far", "gro", "on")  # lets XDP of eth0 send to it

    def remove(self):
        if self.process and self.process.poll() is None:
            stop([self.process.pid])
            self.process.wait()
        if self.namespace.exists():
            self.namespace.delete()

    def command(self, *vdevs, workers=1, config=CONFIG, tables=TABLES):
        """The director's command line on these devices."""
        return [
            self.program,
            *eal_options(workers),
            *(f"--vdev={vdev}" for vdev in vdevs),
            "--",
            *write_configuration(self.folder, config, tables),
        ]

    def start(self, *vdevs, **options):
        """Start the director and wait until it forwards."""
        self.log.unlink(missing_ok=True)
        with open(self.folder / "counters", "w") as counters:
            self.process = self.namespace.spawn(
                *self.command(*vdevs, **options), log=self.log, stdout=counters
            )
        wait_until(
            lambda: ": ready:" in self.log.read_text() or self.process.poll() is not None, "the director"
        )
        assert self.process.poll() is None, self.log.read_text()

    def warnings(self):
        """What the log warns of, but that it does without hugepages, as it does here."""
        lines = [line.partition(" warning: ")[2] for line in self.log.read_text().splitlines()]
        return [line for line in lines if line and not line.startswith("runs without hugepages")]

    def wait_for_log(self, text, seconds=5.0, count=1):
        """Until the director's log has so many lines with this text."""
        wait_until(lambda: self.log.read_text().count(text) >= count, f'"{text}"', seconds)

    def reload(self, config, wanted="serving generation", wake=False, tables=None):
        """Have the director, stopped so far if it is to wake, read this; wait for what it says."""
        before = self.log.read_text().count(wanted)
        (self.folder / "director.json").write_text(json.dumps(config))
        if tables:
            (self.folder / "tables.json").write_text(json.dumps(tables))
        self.process.send_signal(signal.SIGHUP)
        if wake:
            self.process.send_signal(signal.SIGCONT)
        self.wait_for_log(wanted, count=before + 1)

    def stop(self):
        """Stop the director and return its counters."""
        stop([self.process.pid])
        assert self.process.wait() == 0, self.log.read_text()
        return counters_of((self.folder / "counters").read_text())

    def refusal(self, *vdevs, **options):
        """Start a director that must give up at once; its last error line."""
        done = subprocess.run(
            self.namespace.command(*self.command(*vdevs, **options)),
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 1, done.stderr
        errors = [line for line in done.stderr.splitlines() if "glb-director: error: " in line]
        return errors[-1].partition("error: ")[2]
