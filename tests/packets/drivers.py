# SPDX-License-Identifier: BSD-3-Clause
"""The ways in which frames reach the data path, each behind the same methods."""

import contextlib
import json
import os
import re
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import capture
import frames
from control import ask
from datapath import Port
from far_end import Wire
from netns import LabError, Namespace, stop, wait_until

VERDICT_LIST = Path(__file__).resolve().parents[2] / "include/glb/verdict.h"
VERDICTS = tuple(re.findall(r'^\s*X\([A-Z_]+, "(\w+)"', VERDICT_LIST.read_text("utf-8"), re.M))
NEIGHBOURS = {"198.18.0.254": "02:00:00:00:00:fd"}  # of drivers that ask a kernel
ANSWERS = tuple(name for name in VERDICTS if name.startswith("answer_"))
LEAVING = ("forward", *ANSWERS)  # through the port for traffic
PUNTED = tuple(name for name in VERDICTS if name.startswith("punt_"))
UNHURRIED = {"punts_per_second": 0}  # however many come at once


@dataclass(frozen=True)
class Sending:
    """What is handed over in one go."""

    config: dict
    tables: dict
    frames: list
    times: Optional[list] = None  # seconds, for drivers that set the time of a worker
    case: str = ""  # that has handed it over


@dataclass
class Seen:
    """What came out, or should."""

    sent: list  # forwarded, and answers
    punted: list
    counters: Counter

    def in_any_order(self) -> "Seen":
        return Seen(sorted(self.sent), sorted(self.punted), self.counters)


def counters_of(text: str) -> dict:
    """The NAME VALUE lines that every program prints."""
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def config_text(config: dict) -> str:
    """A director.json; no socket where none is named: the defaults are for one director of a host."""
    return json.dumps({"control_socket": "", "http_listen": "", **config})


def write_configuration(folder: Path, config: dict, tables: dict) -> list:
    """Write both files; the arguments that name them."""
    (folder / "director.json").write_text(config_text(config))
    (folder / "tables.json").write_text(json.dumps(tables))
    (folder / "tables.json").chmod(0o600)  # it holds keys
    return ["--config", folder / "director.json", "--tables", folder / "tables.json"]


def verdicts_in(counters: dict) -> Counter:
    """The verdicts among a program's counters that are not 0."""
    return Counter({name: counters[name] for name in VERDICTS if counters[name]})


def sum_of(counters: Counter, names: tuple) -> int:
    return sum(counters[name] for name in names)


class Driver:
    """What the drivers have in common."""

    port = Port(frames.DIRECTOR_MAC)  # what it is to a director
    shortest, longest = 14, 2048  # frames it can carry, in bytes
    at_once = 65536  # frames of one sending, at most
    in_order = True  # do frames leave in the order they came in?
    reloads = False  # does a director go on from one sending to the next?
    offloads = False  # does it take udp_checksum: "offload"?

    def can_carry(self, frame: bytes) -> bool:
        """Does a frame reach the data path as it is?"""
        return self.shortest <= len(frame) <= self.longest

    def as_received(self, frame: bytes) -> bytes:
        """The frame as the data path gets to see it."""
        return frame

    def run(self, sending: Sending, wanted: Seen) -> Seen:
        """Hand over frames in one go. A driver that cannot read counters yet returns those wanted."""
        raise NotImplementedError


class Replay(Driver):
    """glbctl replay: the data path alone, without DPDK or privileges."""

    shortest, longest = 1, 65600
    port = Port(frames.DIRECTOR_MAC, neighbours=NEIGHBOURS)
    offloads = True

    def __init__(self, glbctl: Path, folder: Path, ledger: list):
        self.glbctl = glbctl
        self.folder = folder
        self.ledger = ledger

    def run(self, sending: Sending, wanted: Seen) -> Seen:
        self.ledger.append((sending, wanted))
        names = {name: self.folder / f"{name}.pcap" for name in ("in", "out", "punted")}
        capture.write(names["in"], sending.frames, sending.times)
        command = [
            self.glbctl,
            "replay",
            *write_configuration(self.folder, sending.config, sending.tables),
            *("--source-mac", self.port.mac, "--punted", names["punted"]),
            *self._gateway(sending.config),
            *(names["in"], names["out"]),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        times = sending.times or []
        back = any(later < earlier for earlier, later in zip(times, times[1:]))
        assert done.returncode == (1 if back else 0), done.stderr  # a clock that goes back is worth a word
        counters = counters_of(done.stdout)
        assert set(counters) == set(VERDICTS)
        sent, punted = capture.read(names["out"]), capture.read(names["punted"])
        return Seen(sent, punted, verdicts_in(counters))

    def _gateway(self, config: dict) -> list:
        """Replay asks no kernel; a MAC of zeros stands for an unknown one."""
        if config["outbound_gateway_mac"] != "auto":
            return []
        mac = self.port.neighbours.get(config["outbound_gateway_ip"], "00:00:00:00:00:00")
        return ["--gateway-mac", mac]


def eal_options(workers: int) -> list:
    """Without hugepages, so that nothing has to be set up; lcores share the CPUs there are."""
    cpus = sorted(os.sched_getaffinity(0))
    lcores = ",".join(f"{n}@{cpus[n % len(cpus)]}" for n in range(workers + 1))
    alone = ["--no-shconf", "--no-pci", "--no-telemetry"]
    return ["--no-huge", "-m", "256", *alone, "--lcores", lcores]


class NetPcap(Driver):
    """glb-director on capture files: DPDK, but neither a NIC nor privileges.

    A director reads one capture and one configuration in its life.
    """

    port = Port(frames.DIRECTOR_MAC, name="net_pcap0")
    longest = 65407  # what the largest packet buffer has room for
    at_once = 1000  # a ring of the director has room for them, however long a worker is kept from working

    def __init__(self, director: Path, folder: Path, workers: int = 1):
        self.director = director
        self.folder = folder
        self.workers = workers
        self.in_order = workers == 1

    def run(self, sending: Sending, wanted: Seen) -> Seen:
        frames = sending.frames
        names = {name: self.folder / f"{name}.pcap" for name in ("in", "out", "none", "punted")}
        capture.write(names["in"], frames)
        capture.write(names["none"], [])
        options = [
            *eal_options(self.workers),
            f"--vdev=net_pcap0,rx_pcap={names['in']},tx_pcap={names['out']}",
            f"--vdev=net_pcap1,rx_pcap={names['none']},tx_pcap={names['punted']}",
        ]
        socket = str(self.folder / "control.sock")
        config = {
            **sending.config,
            **{"punt_port": "net_pcap1", "idle_sleep_us": 50, "control_socket": socket},
            **UNHURRIED,
        }
        files = write_configuration(self.folder, config, sending.tables)
        counters = self._run_until_all_left([self.director, *options, "--", *files], socket, len(frames))
        assert (counters["rx"], counters["tx_dropped"]) == (len(frames), 0)
        sent, punted = capture.read(names["out"]), capture.read(names["punted"])
        return Seen(sent, punted, verdicts_in(counters))

    @staticmethod
    def _all_left(socket: str, count: int) -> bool:
        """Has so many frames been decided, and has what leaves or is punted been handed over?"""
        counters = ask(socket, "stats")["counters"]
        verdicts = verdicts_in(counters)
        handed_over = (counters["tx"], counters["punted"]) == (sum_of(verdicts, LEAVING), sum_of(verdicts, PUNTED))
        return counters["rx"] == sum(verdicts.values()) == count and handed_over

    def _run_until_all_left(self, command: list, socket: str, count: int) -> dict:
        """Its counters. What does not leave is missing in them."""
        log = self.folder / "director.log"
        with open(log, "w") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            wait_until(
                lambda: ": ready:" in log.read_text() or process.poll() is not None,
                "the director",
                every=0.005,
            )
            with contextlib.suppress(LabError):
                wait_until(lambda: process.poll() is not None or self._all_left(socket, count), "all frames", every=0.005)
            process.terminate()
            output, _ = process.communicate(timeout=600)
        finally:
            process.kill()
        assert process.returncode == 0, log.read_text()
        return counters_of(output)


class Veth(Driver):
    """glb-director as it runs on hosts: on a network device, for long, reloading its files.

    A namespace holds the director's two devices and the far end of each: one for traffic, one where
    the kernel would be.
    """

    reloads = True
    _MTU = 2000
    port = Port(frames.DIRECTOR_MAC, "net_af_packet0", _MTU, NEIGHBOURS)
    longest = 1900  # a slot of its rings has 2,048 bytes for the frame that leaves, and more
    _PUNTED = bytes.fromhex("0180c200000e" "02000000000a" "88cc") + bytes(46)
    _AT_ONCE = 64

    def __init__(self, director: Path, folder: Path):
        self.director = director
        self.folder = folder
        self.log = folder / "director.log"
        self.host = Namespace(f"glb-packets-{os.getpid()}")
        self.process = None
        self.files = None
        self.wires = []
        self.expected = Counter()

    def can_carry(self, frame: bytes) -> bool:
        """The kernel reassembles IPv4 packets, and drops what ends inside its first VLAN tag."""
        tagged = frame[12:14].hex() in ("8100", "88a8")
        at = 16 if tagged else 12
        is_ipv4, fragment = frame[at : at + 2].hex() == "0800", frame[at + 8 : at + 10]
        if is_ipv4 and int.from_bytes(fragment, "big") & 0x3FFF or tagged and len(frame) < 20:
            return False
        return super().can_carry(frame)

    def as_received(self, frame: bytes) -> bytes:
        """The kernel takes the outer tag off, and DPDK puts an 802.1Q tag back, whatever it was."""
        if frame[12:14].hex() != "88a8":
            return frame
        return frame[:12] + bytes.fromhex("8100") + frame[14:]

    def start(self) -> None:
        self.host.create("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        for near, far in (("traffic", "traffic-far"), ("twin", "twin-far")):
            size = ["mtu", str(self._MTU)]
            self.host.ip("link", "add", near, *size, "type", "veth", "peer", far, *size)
            for device in (near, far):
                self.host.ip("link", "set", device, "arp", "off", "up")
        self.host.ip("link", "set", "traffic", "address", self.port.mac)
        self.traffic, self.twin = self.wires = [
            Wire(self.host.name, device) for device in ("traffic-far", "twin-far")
        ]

    def _serve(self, config: dict, tables: dict) -> None:
        """Have the director serve these two documents: start it, later make it reload."""
        if self.files == (config, tables):
            return
        arguments = write_configuration(
            self.folder, {**config, "punt_port": "net_af_packet1", "idle_sleep_us": 1000, **UNHURRIED}, tables
        )
        before = self._lines_with("serving generation")
        if self.process:
            self.process.send_signal(signal.SIGHUP)
        else:
            vdevs = ["--vdev=net_af_packet0,iface=traffic", "--vdev=net_af_packet1,iface=twin"]
            command = [self.director, *eal_options(1), *vdevs, "--", *arguments]
            with open(self.folder / "counters", "w") as counters:
                self.process = self.host.spawn(*command, log=self.log, stdout=counters)
            self._wait_for(": ready:")
            self._introduce_neighbours()
        self._wait_for("serving generation", before + 1)
        self.files = (config, tables)

    def _introduce_neighbours(self) -> None:
        """Only now: DPDK sets the device's MAC address at its start, and the kernel forgets all."""
        for address, mac in NEIGHBOURS.items():
            self.host.ip(
                "neigh", "add", address, "lladdr", mac, "dev", "traffic", "nud", "permanent"
            )

    def reload_in_vain(self, name: str, text: Optional[str]) -> list:
        """Have it read a file it must refuse (None: that is missing); the errors it logs."""
        file = self.folder / name
        good, logged = file.read_text(), len(self.log.read_text())
        refused = self._lines_with("reload refused")
        file.write_text(text) if text is not None else file.unlink()
        self.process.send_signal(signal.SIGHUP)
        self._wait_for("reload refused", refused + 1)
        file.write_text(good)
        new_lines = self.log.read_text()[logged:].splitlines()
        return [line for line in new_lines if "glb-director: error: " in line]

    def _lines_with(self, text: str) -> int:
        return self.log.read_text().count(text) if self.log.exists() else 0

    def _wait_for(self, text: str, count: int = 1) -> None:
        """Until the log has so many lines with that text, or the director is gone."""
        gone = self.process.poll
        wait_until(lambda: self._lines_with(text) >= count or gone() is not None, f'"{text}"')
        assert gone() is None, self.log.read_text()

    def run(self, sending: Sending, wanted: Seen) -> Seen:
        self._serve(sending.config, sending.tables)
        frames = sending.frames
        seen = Seen([], [], wanted.counters)  # it prints its counters when it ends
        self.expected += wanted.counters
        for start in range(0, len(frames), self._AT_ONCE):
            for frame in frames[start : start + self._AT_ONCE]:
                self.traffic.send(frame)
            self._collect(seen)
        while len(seen.sent) < len(wanted.sent) and (frame := self.traffic.receive(30)):
            seen.sent.append(frame)
        return seen

    def _collect(self, seen: Seen) -> None:
        """Everything that comes out until a frame that was sent last has come out."""
        self.traffic.send(self._PUNTED)
        self.expected["punt_not_ip"] += 1
        while (frame := self.twin.receive(60)) != self._PUNTED:
            assert frame, "the director does not answer"
            seen.punted.append(frame)
        # The director sends what it forwards and answers before it hands over what it punts; on a
        # busy machine the kernel may be later with it all the same.
        while frame := self.traffic.receive(0.0005):
            seen.sent.append(frame)

    def stop(self) -> None:
        if self.process:
            stop([self.process.pid])
            self.process.wait()
        for wire in self.wires:
            wire.close()
        if self.host.exists():
            self.host.delete()

    def check_counters(self) -> None:
        """What it printed at its end, for all cases together."""
        if not self.process:
            return
        assert self.process.returncode == 0, self.log.read_text()
        counters = counters_of((self.folder / "counters").read_text())
        assert verdicts_in(counters) == self.expected
        received, punted = sum(self.expected.values()), sum_of(self.expected, PUNTED)
        assert (counters["rx"], counters["punted"]) == (received, punted)
        sent = sum_of(self.expected, LEAVING)
        assert (counters["tx"], counters["tx_dropped"]) == (sent, 0)
