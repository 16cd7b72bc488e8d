# SPDX-License-Identifier: BSD-3-Clause
"""What is counted for a table and a backend is what left the director for it, whatever is reloaded."""

import json
import subprocess
import time
from collections import Counter

import pytest
from device import CONFIG, DIRECTOR_MAC, PORT, TABLES, VIP, collect
from far_end import Wire
from netns import wait_until
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

OTHER_VIP = "192.0.2.11"


def table(name, vip, *backends):
    """A table of these backends, by the last byte of their address."""
    return {
        **TABLES["tables"][0],
        "name": name,
        "binds": [{"ip": vip, "proto": "tcp", "port": PORT}],
        "backends": [{"ip": f"10.0.0.{n}", "state": "active", "healthy": True} for n in backends],
    }


def frames_to(vip, count):
    """One frame per flow, of different lengths."""
    return [
        bytes(
            Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
            / IP(src="198.51.100.7", dst=vip)
            / TCP(sport=40000 + flow, dport=PORT, flags="A")
            / bytes(6 + flow % 50)
        )
        for flow in range(count)
    ]


def is_encapsulated(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[36:38] == bytes.fromhex("4c43")


class Ledger:
    """What left for which backend, in the names of the counters."""

    def __init__(self, wire):
        self.wire = wire
        self.wanted = Counter()

    def pass_through(self, tables, per_table):
        """Send so many frames to each table; note where they left for."""
        for vip, name in tables:
            for frame in frames_to(vip, per_table):
                self.wire.send(frame)
            left = collect(self.wire, per_table, is_encapsulated)
            assert len(left) == per_table
            for frame in left:
                self._note(name, ".".join(map(str, frame[30:34])), len(frame))

    def _note(self, name, backend, length):
        for labels, what in ((f'table="{name}"', "table"), (f'table="{name}",backend="{backend}"', "backend")):
            self.wanted[f"{what}_packets{{{labels}}}"] += 1
            self.wanted[f"{what}_bytes{{{labels}}}"] += length


def backend_stats_in(counters):
    """The counters of tables and backends that are not 0."""
    return {name: value for name, value in counters.items() if "{" in name and value}


@pytest.mark.parametrize(
    ("vdev", "workers"),
    [("net_af_packet0,iface=eth0", 1), ("net_af_packet0,iface=eth0", 2), ("net_af_packet0,iface=eth0,qpairs=2", 2)],
)
def test_counters_are_what_left_for_each_backend_across_reloads(host, vdev, workers):
    """Backends go, come, return and change places; tables too. No counter forgets anything."""
    web, git = (VIP, "web"), (OTHER_VIP, "git")
    configurations = [
        ([web, git], [table("web", VIP, 21, 22, 23), table("git", OTHER_VIP, 21, 31)]),
        ([git, web], [table("git", OTHER_VIP, 31, 21), table("web", VIP, 24, 23)]),
        ([web], [table("web", VIP, 22, 24)]),
        ([web, git], [table("web", VIP, 23, 22, 21), table("git", OTHER_VIP, 21, 32)]),
    ]
    host.start(vdev, workers=workers, tables={"tables": configurations[0][1]})
    ledger = Ledger(Wire(host.namespace.name, "far"))
    for number, (names, tables) in enumerate(configurations):
        if number:
            host.reload(CONFIG, tables={"tables": tables})
        ledger.pass_through(names, 60)
    ledger.wire.close()
    counters = host.stop()
    assert backend_stats_in(counters) == ledger.wanted
    assert len(ledger.wanted) == 2 * (2 + 4 + 3)
    assert sum(v for name, v in counters.items() if name.startswith("table_packets")) == counters["forward"]
    assert counters["unlisted_packets"] == 0


def test_tables_and_backends_are_not_counted_when_nobody_wants_it(host):
    """The rest is."""
    host.start("net_af_packet0,iface=eth0", config={**CONFIG, "backend_counters": False})
    ledger = Ledger(Wire(host.namespace.name, "far"))
    ledger.pass_through([(VIP, "0")], 10)
    host.reload({**CONFIG, "backend_counters": True}, "only a restart changes it")
    host.wait_for_log("serving generation", count=2)
    ledger.pass_through([(VIP, "0")], 10)
    ledger.wire.close()
    counters = host.stop()
    assert counters["forward"] == 20
    assert not [name for name in counters if name.startswith(("table_", "backend_", "unlisted_"))]


def test_rates_are_those_of_what_was_counted_in_their_window(host, glbctl):
    """Of workers, tables and backends. The director looks every five seconds itself, perhaps just then."""
    sock = host.folder / "control.sock"
    host.start("net_af_packet0,iface=eth0", config={**CONFIG, "control_socket": str(sock)})
    wire = Wire(host.namespace.name, "far")

    def top():
        done = subprocess.run([glbctl, "--socket", sock, "top", "--json"], capture_output=True, check=True)
        return json.loads(done.stdout)

    def in_the_window():
        """How many packets the rates of these make, after 300 were sent."""
        top()
        time.sleep(1.1)
        for frame in frames_to(VIP, 300):
            wire.send(frame)
        assert len(collect(wire, 300, is_encapsulated)) == 300
        answer = top()
        shown = answer["rates"]["forward"], answer["workers"][0]["rx_per_s"], answer["tables"][0]["packets_per_s"]
        backends = sum(one["packets_per_s"] for one in answer["backends"])
        return [rate * answer["window_ms"] / 1000 for rate in (*shown, backends)]

    wait_until(lambda: all(290 <= count <= 300 for count in in_the_window()), "a look of ours", 30)
    wire.close()
    host.stop()
