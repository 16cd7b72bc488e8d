# SPDX-License-Identifier: BSD-3-Clause
"""A VIP with a meter has its packets per second, whatever arrives for it, and no other VIP notices."""

import re
import signal
import subprocess
import time

import pytest
from control import Client, ask
from device import DIRECTOR_MAC, PORT, VIP
from netns import wait_until
from process import CONFIG, TABLES, Process
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from scrape import get, value_of

OTHER = "192.0.2.77"
ROUND = 256  # every other packet is for the other VIP
RATE, BURST = 2000, 500
FLOW = {"src": "198.51.100.7", "src_port": 1024, "dst_port": PORT, "proto": "tcp"}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "control.sock")


@pytest.fixture
def config(path):
    meters = [{"vip": VIP, "packets_per_second": RATE, "burst": BURST}]
    return {**CONFIG, "control_socket": path, "http_listen": "127.0.0.1:0", "meters": meters}


@pytest.fixture
def tables():
    table = TABLES["tables"][0]
    return {"tables": [{**table, "binds": table["binds"] + [{"ip": OTHER, "proto": "tcp", "port": PORT}]}]}


@pytest.fixture
def flooded(glb_director, tmp_path, config, tables):
    """A director whose two workers receive the same packets as fast as they take them."""
    link = Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
    for queue in range(2):
        packets = [
            link / IP(src="198.51.100.7", dst=OTHER if n % 2 else VIP) / TCP(sport=1000 + n, dport=PORT)
            for n in range(ROUND)
        ]
        wrpcap(str(tmp_path / f"in{queue}.pcap"), packets)
    director = Process(glb_director, tmp_path)
    queues = ",".join(f"rx_pcap={tmp_path / f'in{queue}.pcap'}" for queue in range(2))
    director.began = time.monotonic()
    director.start(vdev=f"net_pcap0,{queues},infinite_rx=1", config=config, tables=tables, workers=2)
    yield director
    director.end()


def meters(path):
    return ask(path, "meters")["meters"]


def only_meter(path):
    (meter,) = meters(path)
    return meter


def allowed(director):
    """The most that may have passed by now."""
    return BURST + RATE * (time.monotonic() - director.began)


def end(director):
    director.signal(signal.SIGTERM)
    wait_until(lambda: director.process.poll() is not None, "its end")
    return director.counters()


def test_a_flood_gets_its_rate_from_all_workers_together_and_another_vip_all_it_wants(flooded, path):
    assert "; 1 meter [event=served" in flooded.log.read_text()
    wait_until(lambda: only_meter(path)["passed"] > 2 * BURST, "more than the first burst")
    assert only_meter(path)["passed"] <= allowed(flooded)
    wait_until(lambda: all(worker["rx"] > 4 * ROUND for worker in ask(path, "workers")["workers"]), "both workers")
    assert only_meter(path)["passed"] <= allowed(flooded)
    last = only_meter(path)
    assert (last["vip"], last["packets_per_second"], last["burst"]) == (VIP, RATE, BURST)
    counters = end(flooded)
    assert counters["rx"] == counters["forward"] + counters["drop_metered"]
    assert counters["drop_metered"] >= last["dropped"] > 10 * last["passed"]
    # all of the other VIP was forwarded: half of what came in, but for a round of each worker
    assert abs(counters["forward"] - counters["rx"] / 2) < allowed(flooded) + 2 * ROUND
    assert counters["rx"] / 2 > 10 * allowed(flooded), "so that the line above says something"


def test_a_reload_neither_fills_a_bucket_nor_resets_a_counter(flooded, path, config):
    wait_until(lambda: only_meter(path)["passed"] > BURST, "more than the first burst")
    seen = only_meter(path)
    for _ in range(20):
        assert ask(path, "reload", tables_only=True)["ok"] and ask(path, "reload")["ok"]
        now = only_meter(path)
        assert now["passed"] >= seen["passed"] and now["dropped"] >= seen["dropped"]
        seen = now
    assert seen["passed"] <= allowed(flooded)
    config["meters"] = [{"vip": f"{OTHER}/25", "packets_per_second": 1}, {**config["meters"][0], "burst": 50}]
    flooded.write(config=config)
    assert ask(path, "reload")["ok"]
    prefix, same = meters(path)
    assert prefix["vip"] == "192.0.2.0/25" and prefix["burst"] == 1
    assert same["passed"] >= seen["passed"], "though it moved in the file"
    wait_until(lambda: meters(path)[0]["dropped"] > 0, "drops of the other VIP")
    del config["meters"]
    flooded.write(config=config)
    assert ask(path, "reload")["ok"]
    assert meters(path) == []
    before = end(flooded)
    assert before["rx"] == before["forward"] + before["drop_metered"]


def test_traces_lookups_and_metrics_name_the_meter(flooded, path, glbctl):
    wait_until(lambda: only_meter(path)["dropped"] > 0, "drops")
    with Client(path) as client:
        number = client.ask("trace", count=3, verdicts=["drop_metered"], reasons=True)["trace"]
        frames = client.ask("trace-next", trace=number)["frames"]
        assert {one["verdict"] for one in frames} == {"drop_metered"}
        sentence = f"drop_metered: for a VIP whose meter let no more packets pass ({VIP}: {RATE} packets a second)"
        assert frames[0]["reasons"][-1] == sentence
        assert "198.51.100.7" in " ".join(frames[0]["reasons"]), "the frame is as it came"
    assert ask(path, "lookup", dst=VIP, **FLOW)["metered_by"]["vip"] == VIP
    assert ask(path, "lookup", dst=OTHER, **FLOW)["metered_by"] is None

    def shown(*words):
        done = subprocess.run([glbctl, "--socket", path, *words], capture_output=True, text=True, check=True)
        return done.stdout

    assert shown("meters").split("\n")[1].split()[:3] == [VIP, str(RATE), str(BURST)]
    assert f"metered: {VIP} may have {RATE} packets a second; " in shown("lookup", "198.51.100.7", "1024", VIP, "80")
    assert "metered" not in shown("lookup", "198.51.100.7", "1024", OTHER, "80")
    text = get(int(re.search(r"127\.0\.0\.1:(\d+)", flooded.log.read_text())[1]))[2]
    assert value_of(text, "glb_meter_packets_per_second", vip=VIP) == RATE
    assert value_of(text, "glb_meter_packets_total", vip=VIP, result="dropped") > 0


def test_a_meter_for_no_bind_is_warned_of(process):
    meter = {"vip": "203.0.113.0/24", "packets_per_second": 9}
    done = subprocess.run(
        process.command(config={**CONFIG, "meters": [meter]}, more=["--check"]),
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0
    assert "no bind has the VIP 203.0.113.0/24, which is metered (" in done.stderr
