# SPDX-License-Identifier: BSD-3-Clause
"""The director on every kind of device there is without a NIC: what goes in comes out encapsulated."""

import signal
import time
from collections import defaultdict

import pytest
from device import CONFIG, DIRECTOR_MAC, PORT, TABLES, VIP, collect, drain, encapsulated, ready
from far_end import Wire
from netns import pause
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Ether

import capture

FLOWS, PER_FLOW = 40, 10


def frames_of_flows():
    """Interleaved flows whose packets are numbered by their TCP sequence number."""
    return [
        bytes(
            Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
            / IP(src="198.51.100.7", dst=VIP)
            / TCP(sport=40000 + flow, dport=PORT, seq=number, flags="A")
        )
        for number in range(PER_FLOW)
        for flow in range(FLOWS)
    ]


def numbers_by_flow(packets):
    """The sequence numbers of each flow in the order of arrival."""
    flows = defaultdict(list)
    for packet in packets:
        flows[packet[TCP].sport].append(packet[TCP].seq)
    return dict(flows)


EVERY_PACKET_IN_ORDER = {40000 + flow: list(range(PER_FLOW)) for flow in range(FLOWS)}


def pass_through(host, vdev, device="far", **options):
    """Send the flows into a director's device; what came back from it, and its counters."""
    host.start(vdev, **options)
    wire = Wire(host.namespace.name, device)
    back = []
    try:
        for number, frame in enumerate(frames_of_flows()):
            wire.send(frame)
            if number % 32 == 31:
                back += drain(wire, 0.005)
        back += drain(wire, 0.5)
    finally:
        wire.close()
    return encapsulated(back), host.stop()


@pytest.mark.parametrize(
    ("vdev", "workers", "queues"),
    [
        ("net_af_packet0,iface=eth0", 1, 1),
        ("net_af_packet0,iface=eth0,qpairs=2", 2, 2),
        ("net_af_packet0,iface=eth0", 3, 1),
        ("net_af_packet0,iface=eth0,qpairs=2", 3, 2),
        ("net_af_xdp0,iface=eth0", 1, 1),
        ("net_af_xdp0,iface=eth0", 2, 1),
        ("net_pcap0,iface=eth0", 1, 1),
    ],
)
def test_every_flow_passes_a_device_in_order(host, vdev, workers, queues):
    """Whatever the device, its queues and the workers, no packet is lost and no flow reordered."""
    packets, counters = pass_through(host, vdev, workers=workers)
    assert ready(workers, 1, queues) in host.log.read_text()
    assert numbers_by_flow(packets) == EVERY_PACKET_IN_ORDER
    assert counters["forward"] == counters["tx"] == FLOWS * PER_FLOW
    assert counters["handover_dropped"] == counters["tx_dropped"] == 0


def echo_requests(count):
    """Requests to the VIP, each from a client of its own."""
    return [
        bytes(
            Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
            / IP(src=f"198.51.100.{n + 1}", dst=VIP)
            / ICMP(type="echo-request", id=n, seq=1)
        )
        for n in range(count)
    ]


def clients_answered(wire, requests, count):
    """Send these requests, so many of which are to be answered; whose were."""
    for frame in requests:
        wire.send(frame)
    answers = collect(wire, count, lambda frame: frame[12:14] == b"\x08\x00" and frame[34] == 0)
    return [Ether(frame)[IP].dst for frame in answers]


def test_answers_leave_by_way_of_workers_without_a_queue(host):
    """Three workers share the one queue there is."""
    host.start("net_af_packet0,iface=eth0", workers=3, config={**CONFIG, "echo": "answer"})
    wire = Wire(host.namespace.name, "far")
    answered = clients_answered(wire, echo_requests(90), 90)
    wire.close()
    assert sorted(answered) == sorted(f"198.51.100.{n + 1}" for n in range(90))
    counters = host.stop()
    assert counters["answer_echo"] == counters["tx"] == 90


def test_answers_keep_within_their_limit_per_second(host):
    """As many at once as in a second; then they come back with time."""
    limited = {**CONFIG, "echo": "answer", "answers_per_second": 2}
    host.start("net_af_packet0,iface=eth0", config=limited)
    wire = Wire(host.namespace.name, "far")
    assert len(clients_answered(wire, echo_requests(20), 2)) == 2
    time.sleep(1)
    assert len(clients_answered(wire, echo_requests(20), 2)) == 2
    wire.close()
    counters = host.stop()
    assert (counters["answer_echo"], counters["drop_answer_limit"]) == (4, 36)


def test_a_tap_device_carries_traffic_to_a_vip(host):
    """Packets that the kernel routes into a tap come to the director, and its answer to the kernel."""
    host.start("net_tap0,iface=tap0")
    host.namespace.ip("link", "set", "tap0", "up")
    host.namespace.ip("address", "add", "192.0.2.1/24", "dev", "tap0")
    host.namespace.ip("neighbour", "add", VIP, "lladdr", "02:00:00:00:00:01", "dev", "tap0")
    connect = f"""
import socket
for _ in range(50):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("{VIP}", {PORT}))
"""
    host.namespace.run("/usr/bin/python3", "-c", connect)
    pause(0.2)
    counters = host.stop()
    assert counters["forward"] == counters["tx"] == 50


def test_a_frame_too_large_for_its_port_takes_no_other_with_it(host):
    """A tap stops sending at a frame above its MTU; what waits behind it is as good as ever."""

    def frame(number, size):
        packet = IP(src="198.51.100.7", dst=VIP) / TCP(sport=40000 + number, dport=PORT, flags="A")
        return bytes(Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC) / packet / bytes(size))

    host.start("net_tap0,iface=tap0")
    host.namespace.ip("link", "set", "tap0", "up")
    wire = Wire(host.namespace.name, "tap0")
    try:
        host.process.send_signal(signal.SIGSTOP)  # so that all are one burst
        wire.send(frame(0, 1460))
        for number in range(1, 21):
            wire.send(frame(number, 10))
        host.process.send_signal(signal.SIGCONT)
        forwarded = encapsulated(collect(wire, 20, lambda frame: frame[23] == 17))
    finally:
        host.process.send_signal(signal.SIGCONT)
        wire.close()
    counters = host.stop()
    assert sorted(packet[TCP].sport for packet in forwarded) == list(range(40001, 40021))
    assert (counters["forward"], counters["tx"], counters["tx_dropped"]) == (21, 20, 1)


def test_several_ports_each_answer_on_their_own(host):
    """What comes in through a port leaves through it, with its MAC address as source."""
    names = {name: host.folder / f"{name}.pcap" for name in ("in0", "in1", "out0", "out1")}
    frames = frames_of_flows()
    capture.write(names["in0"], frames[:100])
    capture.write(names["in1"], frames[100:150])
    vdevs = [f"net_pcap{n},rx_pcap={names[f'in{n}']},tx_pcap={names[f'out{n}']}" for n in (0, 1)]
    host.start(*vdevs)
    pause(0.3)
    assert host.stop()["forward"] == 150
    out = [capture.read(names[f"out{n}"]) for n in (0, 1)]
    assert [len(encapsulated(one)) for one in out] == [100, 50]
    assert len({frame[6:12] for frame in out[0]}) == len({frame[6:12] for frame in out[1]}) == 1


def test_a_director_without_a_port_says_how_to_name_one(host):
    """The EAL starts without any."""
    assert host.refusal() == "no port to serve; name one with the EAL option --vdev or -a"


def test_a_director_with_one_lcore_asks_for_a_second(host):
    """The main lcore forwards nothing."""
    assert "name two with the EAL option -l" in host.refusal("net_null0", workers=0)


def test_an_unknown_twin_port_is_refused(host):
    """A punt_port that is no device."""
    message = host.refusal("net_null0", config={**CONFIG, "punt_port": "net_tap7"})
    assert message == f'{host.folder}/director.json: $.punt_port: there is no device "net_tap7"'


def test_an_ipv6_backend_is_refused_where_it_stands(host):
    """The outer packet is IPv4 only, and a wrong backend is worse than none."""
    table = TABLES["tables"][0]
    backends = [*table["backends"], {"ip": "fd00::1", "state": "active", "healthy": True}]
    message = host.refusal("net_null0", tables={"tables": [{**table, "backends": backends}]})
    assert message.startswith(f"{host.folder}/tables.json:1:")
    assert ": $.tables[0].backends[3].ip: an IPv6 backend" in message


def test_all_buffers_of_the_pool_can_be_received_into(host):
    """Those that one worker receives into and another one frees come back after all the others."""
    host.start("net_af_xdp0,iface=eth0", workers=2)
    wire = Wire(host.namespace.name, "far")
    frame = bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / IP(src="198.51.100.7", dst="203.0.113.9") / TCP()).ljust(64, b"\0")
    count = 20000
    for number in range(count):
        wire.send(frame)
        if number % 100 == 99:
            time.sleep(0.002)
    wire.close()
    pause(0.3)
    assert host.stop()["rx"] > count * 0.9  # the device may lose some on a busy machine
