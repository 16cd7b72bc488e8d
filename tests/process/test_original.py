# SPDX-License-Identifier: BSD-3-Clause
"""The original director's set-up, unchanged but for the names of two EAL options."""

import os
from pathlib import Path

import pytest
from booted import Systemd
from device import collect
from far_end import Wire
from netns import Namespace
from original import BACKENDS, UNIT, ByHand, Host, counters
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether

DIRECTOR, CLIENT = "02:00:00:00:00:01", "10.11.12.13"
SERVING = "1 table, 2 binds, 3 backends"


@pytest.fixture(params=[ByHand, Systemd])
def service(request, glb_director, glbctl, tmp_path):
    """The host, with its service stopped, and what starts it."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if request.param is Systemd and not Path("/lib/systemd/systemd").exists():
        pytest.skip("systemd is not installed")
    namespace = Namespace(f"glb-original-{os.getpid()}")
    namespace.create("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    host = Host(glb_director, glbctl, tmp_path, namespace)
    made = Systemd(host, UNIT) if request.param is Systemd else ByHand(host)
    try:
        namespace.ip("link", "add", "eth0", "address", DIRECTOR, "type", "veth", "peer", "far")
        for device in ("eth0", "far"):
            namespace.ip("link", "set", device, "up")
        namespace.run("ethtool", "-K", "far", "tx", "off")
        yield made
    finally:
        made.end()
        namespace.delete()


def hops_of_a_client(wire):
    """Where the director sends a client's packet: the outer destination, and the hop list behind it."""
    packet = IP(src=CLIENT, dst="1.1.1.1") / TCP(sport=45678, dport=80, flags="S")
    wire.send(bytes(Ether(src="02:00:00:00:00:02", dst=DIRECTOR) / packet))
    (frame,) = collect(wire, 1, lambda frame: frame[:6] == bytes.fromhex("020000000099"))
    outer = Ether(frame)
    gue = bytes(outer[UDP].payload)
    assert (outer.src, outer[IP].src, outer[UDP].dport) == (DIRECTOR, "65.65.65.65", 19523)
    assert gue[:8] == bytes([2, 4, 0, 0, 0, 0, 0, 1])
    assert gue[12:] == bytes(packet)
    return outer[IP].dst, ".".join(map(str, gue[8:12]))


def test_the_original_s_setup_runs_unchanged(service):
    """From the first start through what its health checker does, and a file that is no good, to the stop."""
    host, checker = service.host, service.host.checker
    checker.write(healthy=BACKENDS)
    done = checker.build()
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    files = [host.folder / "director.conf", checker.image]
    done = host.run("glb-config-check", "--config-file", files[0], "--forwarding-table", files[1])
    assert done.returncode == 0 and done.stdout.endswith("Config ok!\n"), done.stderr

    service.start()
    assert service.status.startswith(f"serving generation 1: {SERVING} (3 healthy), 1 worker; started at ")
    assert '$.lcores["lcore-1"].kni: there is no KNI' in host.log.read_text()
    wire = Wire(host.namespace.name, "far")
    try:
        assert hops_of_a_client(wire) == ("3.4.5.6", "2.3.4.5")

        checker.write(healthy=BACKENDS[:2])
        done = checker.build(f" && {service.reload_command()}")
        assert done.returncode == 0, done.stderr
        service.wait_for_reload()
        assert f" {SERVING} (2 healthy), 1 worker; reloaded at " in service.status
        assert hops_of_a_client(wire) == ("2.3.4.5", "3.4.5.6")

        good = checker.image.read_bytes()
        checker.table.write_text(checker.table.read_text()[:300])  # read while it is being written
        done = checker.build(f" && {service.reload_command()}")
        assert done.returncode == 1 and checker.image.read_bytes() == good, done.stderr
        checker.image.write_bytes(good[:-1])  # the original would end here
        host.run("sh", "-c", service.reload_command())
        service.wait_for_reload()
        assert "; RELOAD REFUSED at " in service.status and checker.image.name in service.status
        assert service.is_active()
        assert hops_of_a_client(wire) == ("2.3.4.5", "3.4.5.6")
    finally:
        wire.close()
    service.stop()
    assert counters(host)["forward"] == 3
