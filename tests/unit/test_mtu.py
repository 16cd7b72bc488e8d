#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What does glbctl mtu say about the packets of clients that fit?

test_mtu.py GLBCTL
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CONFIG = {"outbound_gateway_mac": "02:00:00:00:00:01", "outbound_src_ip": "192.0.2.1"}


def table(name, vips, backends="10.0.0.", **keys):
    """A table of five backends."""
    return {
        "name": name,
        "hash_key": "12345678901234561234567890123456",
        "seed": "34567890123456783456789012345678",
        "binds": [{"ip": vip, "proto": "tcp", "port": 80} for vip in vips],
        "backends": [{"ip": f"{backends}{n}", "state": "active", "healthy": True} for n in range(1, 6)],
        **keys,
    }


WEB = table("web", ["192.0.2.10", "2001:db8::10"])


class Mtu(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_mtu(self, config, *tables, words=()):
        (self.folder / "director.json").write_text(json.dumps({**CONFIG, **config}))
        (self.folder / "tables.json").write_text(json.dumps({"tables": list(tables)}))
        return subprocess.run(
            [self.program, "mtu", "--config", "director.json", *words, "tables.json"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def answer(self, config, *tables):
        """The tables in the answer for machines."""
        done = self.run_mtu(config, *tables, words=["--json"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)["tables"]

    def test_people_get_the_arithmetic_and_a_command_for_the_proxies(self):
        done = self.run_mtu({}, WEB)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(
            done.stdout,
            "table 0 web\n"
            "  outer headers: IPv4 20 + UDP 8 + GUE 8 + 1 hop of 4 = 40 bytes\n"
            "  packets of 1500 bytes need a network that carries 1540\n"
            "  all ports: MTU 1500 (assumed, none is configured), packets of clients up to 1460 bytes\n"
            "    IPv4 clients: MSS 1420, for the proxies to announce: "
            "ip route change default via ROUTER advmss 1420\n"
            "    IPv6 clients: MSS 1400, for the proxies to announce: "
            "ip -6 route change default via ROUTER advmss 1400\n",
        )

    def test_machines_get_the_same(self):
        (web,) = self.answer({}, WEB)
        self.assertEqual((web["table"], web["name"], web["mtu_for_1500"]), (0, "web", 1540))
        self.assertEqual(
            web["outer"],
            {"version": 4, "ip_len": 20, "udp_len": 8, "gue_len": 8, "hops": 1, "hop_len": 4, "len": 40},
        )
        (port,) = web["ports"]
        self.assertEqual((port["name"], port["mtu"], port["assumed"], port["packet_max"]), (None, 1500, True, 1460))
        four, six = port["clients"]
        self.assertEqual((four["version"], four["mss"], four["announce"]), (4, 1420, True))
        self.assertEqual(four["route"], "ip route change default via ROUTER advmss 1420")
        self.assertEqual((six["version"], six["mss"], six["minimum_fits"]), (6, 1400, True))
        self.assertEqual(six["route"], "ip -6 route change default via ROUTER advmss 1400")

    def test_every_listed_hop_costs_as_much_as_its_address(self):
        alternative = {"alt_hash_fields": {"src_port": True}}
        for config, keys, hops, length in (
            ({}, {}, 1, 40),
            ({}, {"hops": 3}, 2, 44),
            (alternative, {}, 3, 48),
            (alternative, {"hops": 4}, 7, 64),
            ({**alternative, "unique_hops": True}, {"hops": 4}, 7, 64),
        ):
            (web,) = self.answer(config, {**WEB, **keys})
            self.assertEqual((web["outer"]["hops"], web["outer"]["len"]), (hops, length))
            self.assertEqual(web["mtu_for_1500"], 1500 + length)

    def test_ports_have_their_own_mtu(self):
        config = {"clamp_mss": True, "mtu": 1600, "ports": [{"name": "a", "mtu": 1400}, {"name": "b"}]}
        (web,) = self.answer(config, WEB)
        self.assertEqual(
            [(port["name"], port["mtu"], port["assumed"]) for port in web["ports"]],
            [("a", 1400, False), ("b", 1600, False), (None, 1600, False)],
        )
        done = self.run_mtu(config, WEB)
        self.assertIn("  port a: MTU 1400, packets of clients up to 1360 bytes\n", done.stdout)
        self.assertIn("  other ports: MTU 1600, packets of clients up to 1560 bytes\n", done.stdout)

    def test_nothing_is_to_be_announced_where_1500_bytes_fit(self):
        for mtu, announce in ((1539, True), (1540, False)):
            (web,) = self.answer({"clamp_mss": True, "mtu": mtu}, WEB)
            for clients in web["ports"][0]["clients"]:
                self.assertEqual((clients["announce"], clients["route"] is not None), (announce, announce))
        self.assertIn("IPv4 clients: MSS 1460\n", self.run_mtu({"clamp_mss": True, "mtu": 1540}, WEB).stdout)

    def test_ipv6_clients_need_1280_bytes(self):
        for mtu, fits in ((1319, False), (1320, True)):
            done = self.run_mtu({"too_big": "answer", "mtu": mtu}, WEB, words=["--json"])
            clients = json.loads(done.stdout)["tables"][0]["ports"][0]["clients"]
            self.assertEqual([one.get("minimum_fits") for one in clients], [None, fits])
            told = "packets of 1280 bytes, which IPv6 may always send, do not fit\n"
            text = self.run_mtu({"too_big": "answer", "mtu": mtu}, WEB).stdout
            self.assertEqual(told in text, not fits)

    def test_only_clients_that_a_table_has_are_told_of(self):
        tables = self.answer({}, table("four", ["192.0.2.10"]), table("six", ["2001:db8::10"], seed="4" * 32))
        versions = [[one["version"] for one in each["ports"][0]["clients"]] for each in tables]
        self.assertEqual(versions, [[4], [6]])

    def test_proxies_with_ipv6_addresses_cost_more(self):
        (web,) = self.answer({"outbound_src_ip6": "fd00::99"}, table("web", ["192.0.2.10"], "fd00::", hops=3))
        self.assertEqual(
            web["outer"],
            {"version": 6, "ip_len": 40, "udp_len": 8, "gue_len": 8, "hops": 2, "hop_len": 16, "len": 88},
        )
        self.assertEqual(web["ports"][0]["packet_max"], 1412)

    def test_what_a_director_would_refuse_is_refused(self):
        for config, tables, reason in (
            ({"mtu": 575}, [WEB], "director.json:1:86: $.mtu: 575 is not from 576 to 65535"),
            ({}, [], "tables.json:1:12: $.tables: empty"),
            (
                {"outbound_src_ip6": "fd00::1"},
                [{**WEB, "backends": [*WEB["backends"], {**WEB["backends"][0], "ip": "fd00::3"}]}],
                "$.tables[0].backends[5].ip: an IPv6 backend in a table whose others are IPv4",
            ),
        ):
            done = self.run_mtu(config, *tables)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(reason, done.stderr)


if __name__ == "__main__":
    Mtu.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
