# SPDX-License-Identifier: BSD-3-Clause
"""Does a director on hugepages, which takes more packets at once, do with each what one without does?"""

import os
import re
from pathlib import Path

import pytest
from control import ask
from device import DIRECTOR_MAC, VIP
from drivers import eal_options
from netns import wait_until
from process import CONFIG, Process
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Dot1Q, Ether
from scapy.utils import wrpcap
from scrape import get, samples

PAGES = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
NEEDED = 48  # fewer than a lab would take
COUNT = 600
FORWARDED_AGAIN = 100  # times, until the director has begun to count turns


@pytest.fixture
def hugepages():
    """Some are free during the test; afterwards there are as many as before."""
    try:
        before = int((PAGES / "nr_hugepages").read_text())
        (PAGES / "nr_hugepages").write_text(f"{before + NEEDED}\n")
    except OSError as error:
        pytest.skip(f"hugepages cannot be reserved: {error}")
    try:
        if int((PAGES / "free_hugepages").read_text()) < NEEDED:
            pytest.skip(f"the kernel has no {NEEDED} hugepages")
        yield
    finally:
        (PAGES / "nr_hugepages").write_text(f"{before}\n")


def frames():
    """Of clients to the VIP, each different: most are forwarded, others replied to, dropped or punted."""
    kinds = [TCP(dport=80, flags="A"), TCP(dport=80), ICMP(), TCP(dport=81), UDP(dport=80), TCP(dport=80, flags="PA")]
    for number in range(COUNT):
        link = Ether(dst=DIRECTOR_MAC) / Dot1Q(vlan=7) if number % 7 == 0 else Ether(dst=DIRECTOR_MAC)
        packet = IP(src=f"198.51.100.{number % 250 + 1}", dst=VIP, id=number) / kinds[number % len(kinds)]
        if TCP in packet:
            packet[TCP].sport = 1024 + number
        yield link / packet / (b"x" * (number % 90))


def write_frames(path):
    """All of them, and those to be forwarded many times more. Returns how many that are."""
    everything = list(frames())
    again = [frame for frame in everything if TCP in frame and frame[TCP].dport == 80]
    wrpcap(str(path), again)
    records = path.read_bytes()[24:]
    wrpcap(str(path), everything)
    with open(path, "ab") as file:
        file.write(records * FORWARDED_AGAIN)
    return COUNT + FORWARDED_AGAIN * len(again)


def outcome(process, folder, count):
    """The frames that a director sends, its counters of packets, and whether a turn had 64 packets."""
    socket = folder / "control.sock"
    config = {**CONFIG, "control_socket": str(socket), "http_listen": "127.0.0.1:0", "echo": "answer", "answers_per_second": 1000000}
    process.start(config=config, vdev=f"net_pcap0,rx_pcap={folder.parent}/in.pcap,tx_pcap={folder}/out.pcap")

    def packets():
        counters = ask(socket, "stats")["counters"]
        return counters if counters["rx"] == count else None

    counters = wait_until(packets, "the packets", 10)
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", process.log.read_text())[1])

    found = samples(get(port)[2])
    ours = {labels: value for (name, labels), value in found.items() if name == "glb_worker_burst_packets_bucket"}
    below = {float(dict(labels)["le"]): value for labels, value in ours.items()}
    large = below[float("inf")] - below[63]
    process.stop()
    return (folder / "out.pcap").read_bytes(), counters, large > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="reserving hugepages needs root")
def test_more_at_once_changes_nothing_for_a_packet(glb_director, tmp_path, hugepages):
    count = write_frames(tmp_path / "in.pcap")
    found = {}
    for name in ("small", "huge"):
        folder = tmp_path / name
        folder.mkdir()
        process = Process(glb_director, folder)
        plain = eal_options(1)
        if name == "huge":
            options = ["--in-memory", *(word for word in plain if word not in ("--no-huge", "256", "-m"))]
            command = process.command
            process.command = lambda command=command, options=options, **words: [
                glb_director, *options, *command(**words)[1 + len(plain):]]  # fmt: skip
        try:
            found[name] = outcome(process, folder, count)
        finally:
            process.end()
        assert ("runs without hugepages" in process.log.read_text()) == (name == "small")
    (sent, counters, large), (sent_huge, counters_huge, large_huge) = found["small"], found["huge"]
    assert (large, large_huge) == (False, True), "turns with more packets"
    assert counters == counters_huge
    assert counters["forward"] > count * 0.9 and counters["answer_echo"] > COUNT / 10
    assert frames_of(sent) == frames_of(sent_huge)


def frames_of(capture):
    """The frames of a capture without their times."""
    frames_found, at = [], 24
    while at < len(capture):
        length = int.from_bytes(capture[at + 8 : at + 12], "little")
        frames_found.append(capture[at + 16 : at + 16 + length])
        at += 16 + length
    return frames_found
