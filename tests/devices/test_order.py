# SPDX-License-Identifier: BSD-3-Clause
"""The packets of a flow leave in the order in which they came, however many workers there are."""

import time
from collections import defaultdict

import pytest
from device import CONFIG, DIRECTOR_MAC, TABLES
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1Q, Ether

import capture

VIP, VIP6, PORT = "192.0.2.10", "2001:db8::10", 80
# 854 packets: no ring between workers overflows, even if none is read. An odd number of flows, so that
# a flow is not always at the same place of a burst.
FLOWS, PER_FLOW = 61, 14
MARK = b"packet:"
MIXED = {**CONFIG, "fragments": "address", "hash_fields": {"src_addr": True}}
MIXED_TABLES = {
    "tables": [
        {
            **TABLES["tables"][0],
            "binds": [{"ip": ip, "proto": "tcp", "port": PORT} for ip in (VIP, VIP6)],
        }
    ]
}


def ipv4(**fields):
    return IP(src="198.51.100.7", dst=VIP, **fields)


def tcp(flow):
    return TCP(sport=40000 + flow, dport=PORT, flags="A")


# A flow's packets do not all look alike. Later fragments, which show no ports, are flows of their own.
KINDS = [
    lambda link, flow, n: link / ipv4() / tcp(flow),
    lambda link, flow, n: link / Dot1Q(vlan=5) / ipv4() / tcp(flow) if n % 2 else link / ipv4() / tcp(flow),
    lambda link, flow, n: link / ipv4(options=b"\1\1\1\1" if n % 3 else b"") / tcp(flow),
    lambda link, flow, n: link / ipv4(flags="MF" if n % 2 else 0, id=n) / tcp(flow),
    lambda link, flow, n: link / IP(src=f"198.51.100.{flow}", dst=VIP, proto=6, frag=100, id=n),
    lambda link, flow, n: link / IPv6(src=f"2001:db8:1::{flow:x}", dst=VIP6) / tcp(flow),
    lambda link, flow, n: link / IPv6(src="2001:db8:1::7", dst=VIP6) / IPv6ExtHdrDestOpt() / tcp(flow)
    if n % 2
    else link / IPv6(src="2001:db8:1::7", dst=VIP6) / tcp(flow),
    lambda link, flow, n: link
    / IPv6(src=f"2001:db8:2::{flow:x}", dst=VIP6)
    / IPv6ExtHdrFragment(offset=100, id=n, nh=6),
]


def numbered_frames():
    """Packets of all flows in turn, each with the flow's number and its own at the end."""
    link = Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
    return [
        bytes(KINDS[flow % len(KINDS)](link, flow, number) / (MARK + bytes([flow, number])))
        for number in range(PER_FLOW)
        for flow in range(FLOWS)
    ]


def numbers_by_flow(frames):
    """The numbers of each flow's packets in the order in which they left."""
    flows = defaultdict(list)
    for frame in frames:
        flow, number = frame.split(MARK)[1][:2]
        flows[flow].append(number)
    return dict(flows)


@pytest.mark.parametrize(("workers", "queues"), [(1, 1), (2, 1), (3, 1), (4, 1), (3, 2), (4, 3)])
def test_no_flow_is_reordered(host, workers, queues):
    """Flows of all kinds, through captures; with several queues, the flows are spread over them."""
    frames = numbered_frames()
    vdev = "net_pcap0"
    for queue in range(queues):
        mine = [frame for n, frame in enumerate(frames) if n % FLOWS % queues == queue]
        capture.write(host.folder / f"in{queue}.pcap", mine)
        vdev += f",rx_pcap={host.folder}/in{queue}.pcap,tx_pcap={host.folder}/out{queue}.pcap"
    for seconds in (0.3, 5):  # the director does not tell when it has read the last frame
        host.start(vdev, workers=workers, config=MIXED, tables=MIXED_TABLES)
        time.sleep(seconds)
        counters = host.stop()
        if counters["tx"] == len(frames):
            break
    assert counters["rx"] == counters["forward"] == counters["tx"] == len(frames)
    left = [numbers_by_flow(capture.read(host.folder / f"out{queue}.pcap")) for queue in range(queues)]
    for flow in range(FLOWS):
        assert [one[flow] for one in left if flow in one] == [list(range(PER_FLOW))], f"flow {flow}"
