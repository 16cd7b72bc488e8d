# SPDX-License-Identifier: BSD-3-Clause
"""Does a trace leave a director undisturbed that has far more packets than can be shown?"""

import signal

import pytest

from control import Client, ask
from netns import wait_until
from process import CONFIG, TABLES, Process
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

VIP = TABLES["tables"][0]["binds"][0]["ip"]
ROUND = 256  # of so many packets, one has no time to live


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sock"


@pytest.fixture
def flooded(glb_director, tmp_path, path):
    """A director that receives the same packets as fast as it takes them."""
    ip = Ether(src="02:00:00:00:00:02", dst=CONFIG["macs"][0]) / IP(src="198.51.100.7", dst=VIP)
    packets = [ip / TCP(sport=1000 + n, dport=80) / bytes(60) for n in range(ROUND)]
    packets[77][IP].ttl = 1
    wrpcap(str(tmp_path / "in.pcap"), packets)
    director = Process(glb_director, tmp_path)
    director.start(
        vdev=f"net_pcap0,rx_pcap={tmp_path / 'in.pcap'},infinite_rx=1",
        config={**CONFIG, "control_socket": str(path), "min_ttl": 5},
    )
    yield director
    director.end()


def take(client, number):
    """All frames until the trace ends, and what was missed."""
    frames, missed, ended = [], 0, None
    while not ended:
        answer = client.ask("trace-next", trace=number)
        assert answer["ok"], answer
        assert len(answer["frames"]) <= 256
        frames += answer["frames"]
        missed, ended = missed + answer["missed"], answer["ended"]
    return frames, missed, ended


def test_a_flood_is_missed_and_counted_and_forwarded_all_the_same(flooded, path):
    with Client(path) as client, Client(path) as other:
        number = client.ask("trace", seconds=1, reasons=True)["trace"]
        frames, missed, ended = take(client, number)
        assert ended == "seconds" and len(frames) > 20 and missed > 10 * len(frames)
        assert all("no more is said" not in line for one in frames for line in one["reasons"])

        number = client.ask("trace", count=40, verdicts=["drop_ttl"])["trace"]
        frames, _, ended = take(client, number)
        assert ended == "count" and [one["verdict"] for one in frames] == ["drop_ttl"] * 40

        number = client.ask("trace", filter=[[6, 0, 0, 0]], seconds=1)["trace"]
        assert take(client, number) == ([], 0, "seconds")

        number = client.ask("trace")["trace"]
        refused = other.ask("trace")["error"]
        assert refused["code"] == "refused" and f"trace {number} of process " in refused["reason"]
        assert other.ask("trace-next", trace=number)["frames"], "for any client with its number"
        client.close()
        other.say("trace-next", trace=number)
        assert ask(path, "status")["ok"], "and the question that came before it was read"
        flooded.signal(signal.SIGTERM)
        answer = other.hear()
        assert answer["ok"] or answer["error"]["reason"] in ("the director stops", f"trace {number} has ended")
    wait_until(lambda: flooded.process.poll() is not None, "its end")
    counters = flooded.counters()
    assert counters["rx"] == counters["forward"] + counters["drop_ttl"] and counters["drop_ttl"] > 0
