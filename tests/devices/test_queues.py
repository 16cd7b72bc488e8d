# SPDX-License-Identifier: BSD-3-Clause
"""Which worker serves which queue, and what is refused."""

import pytest
from device import CONFIG, ready

import capture

NULL = "net_null0,no-rx=1"
FEWER = (
    "warning: port {}: has {} of the {} queue pairs that the workers could use: "
    "packets are handed over between workers\n"
)
UNSERVED = (
    "port {}: packets arrive on all of its {} receive queues, of which only {} can be served: "
    "that needs as many workers, and as many queues of every port"
)


def pcap(host, queues, name="net_pcap0"):
    """A device that reads and writes so many empty captures."""
    arguments = [name]
    for n in range(queues):
        capture.write(host.folder / f"{n}.pcap", [])
        arguments += [f"rx_pcap={host.folder}/{n}.pcap", f"tx_pcap={host.folder}/{name}-{n}.pcap"]
    return ",".join(arguments)


def af_packet(_, queues):
    return f"net_af_packet0,iface=eth0,qpairs={queues}"


@pytest.mark.parametrize(
    ("vdev", "workers", "queues"),
    [(NULL, 1, 1), (NULL, 3, 3), ("net_ring0", 2, 2), ("net_tap0,iface=tap0", 2, 2)],
)
def test_every_worker_has_a_queue_where_the_port_can(host, vdev, workers, queues):
    """A device that can have more queues than there are workers gets one each."""
    host.start(vdev, workers=workers)
    host.stop()
    assert ready(workers, 1, queues) in host.log.read_text()
    assert host.warnings() == []


@pytest.mark.parametrize("device", [af_packet, pcap])
@pytest.mark.parametrize(("workers", "queues"), [(2, 1), (3, 2)])
def test_a_port_with_fewer_queues_than_workers_is_told_of(host, device, workers, queues):
    """By its name, and how many it has."""
    vdev = device(host, queues)
    host.start(vdev, workers=workers)
    host.stop()
    assert ready(workers, 1, queues) in host.log.read_text()
    assert FEWER.format(vdev.partition(",")[0], queues, workers) in host.log.read_text()


def test_the_port_with_the_fewest_queues_decides_for_all(host):
    """And it is the one that is named."""
    host.start(NULL, pcap(host, 2), "net_ring0", workers=3)
    host.stop()
    assert ready(3, 3, 2) in host.log.read_text()
    assert host.log.read_text().count("could use") == 1
    assert FEWER.format("net_pcap0", 2, 3) in host.log.read_text()


@pytest.mark.parametrize(
    ("device", "workers", "queues"), [(af_packet, 2, 4), (af_packet, 1, 2), (pcap, 1, 2)]
)
def test_a_queue_that_nobody_would_serve_is_refused(host, device, workers, queues):
    """The kernel would spread packets over it all the same, and they would be lost."""
    vdev = device(host, queues)
    assert host.refusal(vdev, workers=workers) == UNSERVED.format(vdev.partition(",")[0], queues, workers)


def test_a_queue_that_another_port_keeps_from_being_served_is_refused(host):
    """All ports have the same number of queues."""
    message = host.refusal(af_packet(host, 2), pcap(host, 1), workers=2, config=CONFIG)
    assert message == UNSERVED.format("net_af_packet0", 2, 1)


def test_a_queue_of_the_twin_port_that_nobody_would_serve_is_refused(host):
    """Worker 0 serves the first one, whatever there is."""
    config = {**CONFIG, "punt_port": "net_af_packet0"}
    message = host.refusal(NULL, af_packet(host, 2), workers=2, config=config)
    assert message == (
        "port net_af_packet0: packets arrive on all of its 2 receive queues, of which only 1 can be served: "
        "a punt_port has one"
    )
