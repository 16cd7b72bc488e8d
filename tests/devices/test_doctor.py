# SPDX-License-Identifier: BSD-3-Clause
"""Does glbctl doctor find what is wrong with a real host, of whose director it knows from itself?"""

import json
import subprocess

from device import CONFIG, TABLES, VIP


def look(host, glbctl, inside=True):
    """What it finds, by check, the worst of each first; and its exit status."""
    command = [glbctl, "--socket", host.folder / "control.sock", "doctor", "--json"]
    done = subprocess.run(
        host.namespace.command(*command) if inside else command,
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.stderr == "", done.stderr
    found = {}
    for one in json.loads(done.stdout)["findings"]:
        found.setdefault(one["check"], []).append(one)
    return found, done.returncode


def levels(found, check):
    return {one["level"] for one in found[check]}


def test_what_is_wrong_with_a_host_is_found_and_what_was_mended_is_not(host, glbctl):
    host.namespace.run("ethtool", "-K", "eth0", "gro", "on")
    host.namespace.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1", "net.ipv4.conf.all.rp_filter=0")
    host.namespace.ip("addr", "add", f"{VIP}/32", "dev", "lo")
    config = {**CONFIG, "control_socket": str(host.folder / "control.sock"), "mtu": 1600}
    host.start("net_af_packet0,iface=eth0,qpairs=2", workers=2, config=config, tables=TABLES)
    (host.folder / "tables.json").chmod(0o644)
    found, status = look(host, glbctl)
    assert status == 1
    (local,) = found["director.host"]
    assert f"VIP {VIP} is local to this host" in local["seen"] and local["level"] == "problem"
    assert levels(found, "net.mtu") == {"problem"} and "its device eth0 1500" in found["net.mtu"][0]["seen"]
    assert levels(found, "net.rp_filter") == {"advice"} == levels(found, "net.offloads")
    assert levels(found, "files.tables") == {"problem"} and levels(found, "files.config") == {"ok"}
    assert levels(found, "memory.hugepages") == {"advice"}, "a test has none"
    assert levels(found, "director.ready") == {"ok"} == levels(found, "net.packet_size")
    assert levels(found, "cpus.pinned") <= {"ok", "problem"}, "processors are known, and may be shared"
    assert {"cpus.isolated", "cpus.nohz_full", "cpus.clock", "cpus.stolen", "memory.swapped"} <= set(found)
    for one in sum(found.values(), []):
        assert one["level"] in ("ok", "unknown") or (one["why"] and one["do"] and one["where"]), one

    found, _ = look(host, glbctl, inside=False)
    (elsewhere,) = found["net.namespace"]
    assert elsewhere["level"] == "unknown" and f"nsenter -t {host.process.pid} -n" in elsewhere["seen"]
    assert not {"net.mtu", "net.rp_filter", "net.offloads"} & set(found), "of devices of the same name"

    (host.folder / "tables.json").chmod(0o600)
    host.namespace.run("ethtool", "-K", "eth0", "gro", "off")
    host.namespace.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=0")
    host.namespace.ip("addr", "del", f"{VIP}/32", "dev", "lo")
    host.namespace.ip("link", "set", "eth0", "mtu", "1600")
    host.wait_for_log("no longer interferes with packets to VIPs")
    found, _ = look(host, glbctl)
    for check in ("net.mtu", "net.rp_filter", "net.offloads", "files.tables"):
        assert levels(found, check) == {"ok"}, found[check]
    assert "director.host" not in found
