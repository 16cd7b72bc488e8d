# SPDX-License-Identifier: BSD-3-Clause
"""Dashboards of the original get its metrics, with its names."""

import re
import socket

from netns import wait_until
from process import CONFIG
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import ARP, Ether
from scapy.utils import wrpcap

MAC = "02:00:00:00:00:aa"
LINE = re.compile(r"glb_director_ng\.([a-z_.]+):(\d+)\|c\|#((?:(?:core|port|queue):\d\d,?)+)")


def test_statsd_gets_what_has_changed(process):
    """A datagram each, once: three packets for a VIP, one to be dropped, and one for the kernel."""
    flows = [Ether(dst=MAC) / IP(src="198.51.100.7", dst="192.0.2.10") / TCP(sport=n, dport=80) for n in (1, 2, 3)]
    flows.append(Ether(dst=MAC) / IP(src="198.51.100.7", dst="192.0.2.10", ttl=0) / TCP(sport=4, dport=80))
    wrpcap(str(process.folder / "in.pcap"), [*flows, Ether(dst=MAC) / ARP(pdst="192.0.2.10")])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        process.start(
            config={**CONFIG, "macs": [MAC], "min_ttl": 1, "statsd_port": receiver.getsockname()[1]},
            vdev=f"net_pcap0,rx_pcap={process.folder}/in.pcap,tx_pcap={process.folder}/out.pcap",
        )
        lines = []

        def arrived(name, times):
            try:
                while True:
                    lines.append(receiver.recv(2000).decode())
            except BlockingIOError:
                return sum(line.startswith(f"glb_director_ng.{name}:") for line in lines) >= times

        wait_until(lambda: arrived("queue.bytes.tx", 1), "metrics", 30)
        found = {}
        for line in lines:
            assert len(line) < 100
            name, change, tags = LINE.fullmatch(line).groups()
            assert (name, tags) not in found
            found[name, tags] = int(change)
        assert {name: change for (name, tags), change in found.items() if tags == "core:01"} == {
            "core.packets.total": 5,
            "core.packets.matched": 4,
            "core.packets.unmatched": 0,
            "core.packets.rx_errors": 0,
            "core.packets.kni": 1,
            "core.packets.encap.success": 3,
            "core.packets.encap.failure": 1,
            "core.packets.eth_tx_sent": 3,
            "core.packets.kni_tx_sent": 0,
            "core.config_reload_count": 1,
        }
        assert (found["port.packets.rx", "port:00"], found["port.packets.tx", "port:00"]) == (5, 3)
        assert found["queue.packets.rx", "port:00,queue:00"] == 5
        first = len(lines)
        wait_until(lambda: arrived("queue.bytes.tx", 2), "metrics", 30)
        assert all(":0|c|" in line for line in lines[first:])
    process.stop()
