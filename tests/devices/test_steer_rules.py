# SPDX-License-Identifier: BSD-3-Clause
"""Does a director set a rule of rte_flow for each VIP, and refuse what cannot have any?

net_tap validates rules, which its kernel part cannot hold here: flows.c takes the place of the NIC.
"""

import copy
import os
from pathlib import Path

import pytest
from device import CONFIG, TABLES, VIP, Host

TAP = "net_tap0,iface=tap0"
STEERED = {**CONFIG, "steer": "rte_flow"}
RULE = f"port 0 eth {VIP}/255.255.255.255 to queue 0"


@pytest.fixture
def nic(host, monkeypatch):
    """What a NIC was told, which is below the driver of a tap."""
    library = Path(__file__).resolve().parents[2] / os.environ.get("GLB_BUILD", "build") / "tests/devices/libflows.so"
    if not library.exists():
        pytest.skip("the NIC is not built")
    path = host.folder / "flows"
    path.write_text("")
    monkeypatch.setenv("GLB_FLOWS", str(path))
    command = Host.command
    monkeypatch.setattr(Host, "command", lambda *args, **options: [
        "env", f"LD_PRELOAD={library}", *command(*args, **options)])
    return path


def told(nic):
    """What it was told since the last time."""
    lines = nic.read_text().splitlines()
    nic.write_text("")
    return lines


def with_binds(*binds):
    """Tables with more binds, each an address or prefix."""
    tables = copy.deepcopy(TABLES)
    tables["tables"][0]["binds"] += [{"ip": ip, "proto": "tcp", "port": 443} for ip in binds]
    return tables


def test_each_vip_has_a_rule_as_long_as_it_is_served(host, nic):
    """Added before tables are served, removed afterwards; addresses within a prefix need none of their own."""
    host.start(TAP, config=STEERED)
    assert told(nic) == [f"add {RULE}"]
    host.reload(STEERED, tables=with_binds("198.18.0.0/15", "198.18.3.7", "2001:db8:7::/48"))
    assert sorted(told(nic)) == ["add port 0 eth 198.18.0.0/255.254.0.0 to queue 0",
                                 "add port 0 eth 2001:db8:7::/ffff:ffff:ffff:: to queue 0"]
    host.reload(STEERED, tables=with_binds("198.18.3.7"))
    assert sorted(told(nic)) == ["add port 0 eth 198.18.3.7/255.255.255.255 to queue 0",
                                 "remove port 0 eth 198.18.0.0/255.254.0.0 to queue 0",
                                 "remove port 0 eth 2001:db8:7::/ffff:ffff:ffff:: to queue 0"]
    host.reload(STEERED, tables=with_binds("198.18.3.7"))
    assert told(nic) == []
    host.stop()
    assert told(nic) == ["flush port 0"]


def test_a_tag_and_queues_are_in_the_rule(host, nic):
    """A port whose frames have a tag, with two queues; and a tag that changes."""
    config = {**CONFIG, "ports": [{"name": "net_tap0", "steer": "rte_flow", "vlan": 7}]}
    host.start(TAP, workers=2, config=config)
    assert told(nic) == [f"add port 0 eth vlan 7 {VIP}/255.255.255.255 to 2 queues"]
    config["ports"][0]["vlan"] = 8
    host.reload(config)
    assert told(nic) == [f"add port 0 eth vlan 8 {VIP}/255.255.255.255 to 2 queues",
                         f"remove port 0 eth vlan 7 {VIP}/255.255.255.255 to 2 queues"]
    host.stop()


def test_a_reload_whose_rules_do_not_fit_changes_nothing(host, nic):
    """It is refused, with the port, the prefix and the NIC's reason, and the rules are as before."""
    host.start(TAP, config=STEERED)
    assert told(nic) == [f"add {RULE}"]
    full = nic.with_name("flows.full")
    full.write_text("198.18.3.7/")
    host.reload(STEERED, tables=with_binds("198.18.3.6", "198.18.3.7"), wanted="reload refused")
    assert "port net_tap0: no rule of rte_flow for 198.18.3.7: no room for another rule" in host.log.read_text()
    first = "port 0 eth 198.18.3.6/255.255.255.255 to queue 0"
    assert told(nic) == [f"add {first}", f"remove {first}"]
    full.unlink()
    host.reload(STEERED, tables=with_binds("198.18.3.7"))
    assert told(nic) == ["add port 0 eth 198.18.3.7/255.255.255.255 to queue 0"]
    host.reload({**STEERED, "steer": "none"}, tables=with_binds("198.18.3.7"))
    assert any('$.steer: "rte_flow" in force, "none" in the file; only a restart' in one for one in host.warnings())
    assert told(nic) == []
    host.stop()


@pytest.mark.parametrize("vdev, driver", [("net_null0", "net_null"), ("net_af_packet0,iface=eth0", "net_af_packet")])
def test_a_driver_that_cannot_leave_packets_to_the_kernel_is_refused(host, vdev, driver):
    """With the port, the key and what would do."""
    refusal = host.refusal(vdev, config=STEERED)
    assert refusal.startswith(f'port {vdev.partition(",")[0]}: "steer" is "rte_flow", which takes a driver that can')
    assert f"such as mlx5_pci, and {driver} cannot: " in refusal


def test_a_rule_that_a_driver_cannot_make_is_refused(host):
    """A real tap, whose kernel part is missing here."""
    refusal = host.refusal(TAP, config=STEERED)
    assert refusal.startswith(f"port net_tap0: no rule of rte_flow for {VIP}: ")
