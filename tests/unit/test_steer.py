#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Do the commands that glbctl steer prints send the packets of binds to the VF, and all others to Linux?

test_steer.py GLBCTL

There is no such NIC here. A reader of its own (Steering) takes the rules for what the documentation of drivers says
they mean, of which docs/devices.md has the sources, and decides about packets. Shells and the real parsers of ip, tc
and ethtool read the commands. steer/ has what is printed for NICs of each family: GOLDEN=write writes it.
"""

import ipaddress
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent.parent / "config/tables.json"
DRIVERS = ("ixgbe", "i40e", "ice", "switchdev", "mlx5")
FAMILIES = {
    "ixgbe": ["--vf-mac", "02:00:00:00:00:05"],
    "i40e": ["--vf", "2", "--queue", "1", "--first", "100"],
    "ice": ["--vf-mac", "02:00:00:00:00:05"],
    "mlx5": [],
    "switchdev": ["--vf", "1", "--representor", "eth0_1"],
}
PORTS = [
    {"proto": "tcp", "port": 80},
    {"proto": "udp", "port": 443},
    {"proto": "tcp", "port_start": 100, "port_end": 200},
]
# Of a packet: its protocol, and whether it is a fragment.
KINDS = [("tcp", False), ("udp", False), ("icmp", False), ("tcp", True), ("udp", True), ("icmp", True)]


class Steering:
    """The rules of a script as a NIC would apply them."""

    def __init__(self, script, driver):
        self.driver = driver
        self.ntuple = {}  # by location: flow type, address, VF, queue
        self.filters = []  # preference, handle, version, network
        for line in script.splitlines():
            if line.startswith("ethtool -N "):
                self.read_ntuple(line)
            elif line.startswith("tc filter replace dev eth0 "):
                self.read_filter(line)
        self.filters.sort(key=lambda one: one[:2])

    def read_ntuple(self, line):
        found = re.fullmatch(r"ethtool -N eth0 flow-type (\w+) dst-ip (\S+) action (0x\w+) loc (\d+)", line)
        action, location = int(found[3], 16), int(found[4])
        assert location not in self.ntuple, line
        self.ntuple[location] = found[1], ipaddress.ip_address(found[2]), (action >> 32) - 1, action & 0xFFFFFFFF

    def read_filter(self, line):
        found = re.fullmatch(
            r"tc filter replace dev eth0 ingress protocol (ip|ipv6) pref (\d+) handle (0x\w+) flower skip_sw"
            r' dst_ip (\S+) action mirred egress redirect dev "\$rep"', line
        )
        one = int(found[2]), int(found[3], 16), {"ip": 4, "ipv6": 6}[found[1]], ipaddress.ip_network(found[4])
        assert one[:2] not in [other[:2] for other in self.filters], line
        # a preference has one protocol and one mask
        assert all(one[0] != other[0] or (one[2], one[3].prefixlen) == (other[2], other[3].prefixlen)
                   for other in self.filters), line
        assert one[1] != 0, line
        self.filters.append(one)

    def matches(self, flow_type, protocol, fragment, version):
        """Flow types: ip4 of ixgbe is all of IPv4; that of i40e is what is neither TCP nor UDP, and fragments."""
        if flow_type[-1] != str(version):
            return False
        if self.driver == "ixgbe":
            return flow_type == "ip4"
        if flow_type[:-1] == "ip":
            return fragment or protocol not in ("tcp", "udp")
        return not fragment and flow_type[:-1] == protocol

    def receiver(self, address, protocol, fragment):
        """(VF, queue) or None for Linux. A representor's VF distributes by itself."""
        for flow_type, of_rule, vf, queue in self.ntuple.values():
            if address == of_rule and self.matches(flow_type, protocol, fragment, address.version):
                return vf, queue
        for *_, version, network in self.filters:
            if version == address.version and address in network:
                return "representor"
        return None


def table(*binds):
    return {
        "hash_key": "12345678901234561234567890123456",
        "seed": "34567890123456783456789012345678",
        "binds": [{"ip": ip, **(keys or PORTS[0])} for ip, keys in binds],
        "backends": [{"ip": f"10.0.0.{n}", "state": "active", "healthy": True} for n in range(1, 6)],
    }


def fnv(address):
    """The handle that an IPv6 address is mixed to."""
    handle = 0
    for byte in ipaddress.ip_address(address).packed:
        handle = (handle ^ byte) * 16777619 & 0xFFFFFFFF
    return handle


class Steer(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_steer(self, *words):
        command = [self.program, "steer", *map(str, words)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=600)

    def write(self, *binds, name="tables.json"):
        """A file with a table of binds of these addresses or prefixes, TCP port 80."""
        path = self.folder / name
        path.write_text(json.dumps({"tables": [table(*((one, {}) for one in binds))]}))
        return path

    def script(self, driver, *words, warning=""):
        done = self.run_steer("--device", "eth0", "--driver", driver, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(warning, done.stderr)
        if not warning:
            self.assertEqual(done.stderr, "")
        self.assertEqual(subprocess.run(["sh", "-n"], input=done.stdout, text=True, timeout=600).returncode, 0)
        return done.stdout

    def refused(self, *words, status=1):
        """The error, on a line of its own, and nothing to run."""
        done = self.run_steer(*words)
        self.assertEqual((done.returncode, done.stdout), (status, ""), words)
        return done.stderr.splitlines()[-1 if status == 1 else 0].removeprefix("glbctl: error: ")

    # --- What is printed ---

    def test_four_families_get_what_is_recorded(self):
        for driver, words in FAMILIES.items():
            for delete in [[], ["--delete"]] if driver != "mlx5" else [[]]:
                options = [word for word in words if not delete or not re.search("mac|02:", word)]
                done = subprocess.run(
                    [self.program, "steer", "--device", "eth0", "--driver", driver, *options, *delete, "tables.json"],
                    cwd=TABLES.parent, capture_output=True, text=True, timeout=600,
                )
                path = HERE / "steer" / f"{driver}{'-delete' if delete else ''}.txt"
                if os.environ.get("GOLDEN") == "write":
                    path.write_text(done.stdout)
                self.assertEqual(done.stdout, path.read_text(), path)

    def test_json_has_the_same_script(self):
        for driver in DRIVERS:
            words = ["--device", "eth0", "--driver", driver, TABLES]
            text = self.run_steer(*words).stdout
            said = json.loads(self.run_steer("--json", *words).stdout)
            self.assertEqual("\n".join(said["script"]) + "\n", text)
            self.assertEqual((said["device"], said["driver"], said["delete"]), ("eth0", driver, False))
            left = [one["prefix"] for one in said["prefixes"] if not one["steered"]]
            self.assertEqual(len(left), {"ixgbe": 1, "mlx5": 4}.get(driver, 0), left)

    def test_an_image_gives_the_rules_of_its_source(self):
        self.write("192.0.2.10", "198.51.100.0/30")
        image = self.folder / "tables.bin"
        subprocess.run([self.program, "table", "build", "tables.json", image], cwd=self.folder, check=True, timeout=600)
        for driver in ("ixgbe", "ice"):
            of_image = self.script(driver, "tables.bin").replace("tables.bin", "tables.json")
            self.assertEqual(of_image, self.script(driver, "tables.json"))

    def test_what_is_appended_leaves_other_rules_in_place(self):
        before = self.write("192.0.2.10", "198.51.100.0/30", name="a.json")
        after = self.write("192.0.2.10", "198.51.100.0/30", "10.0.0.1", name="b.json")
        for driver in ("ixgbe", "i40e", "ice"):
            old, new = Steering(self.script(driver, before), driver), Steering(self.script(driver, after), driver)
            self.assertEqual(old.ntuple, {at: rule for at, rule in new.ntuple.items() if at in old.ntuple})
            self.assertLessEqual(set(old.filters), set(new.filters))

    def test_a_filter_keeps_its_place_whatever_else_is_listed(self):
        many = [f"192.0.2.{n}" for n in range(1, 9)] + [f"2001:db8::{n}" for n in range(1, 9)]
        whole = Steering(self.script("ice", self.write(*many)), "ice").filters
        some = Steering(self.script("ice", self.write(*many[1::3])), "ice").filters
        self.assertLess(set(some), set(whole))

    def test_two_addresses_of_one_handle_have_two_rules(self):
        seen = {}
        for n in range(1 << 20):
            address = f"2001:db8:{n >> 16:x}:{n & 0xffff:x}:{n * 40503 & 0xffff:x}::{n * 7 & 0xffff:x}"
            if seen.setdefault(fnv(address), address) != address:
                break
        twins = [seen[fnv(address)], address]
        self.assertEqual(len({fnv(one) for one in twins}), 1)
        filters = Steering(self.script("ice", self.write(*twins)), "ice").filters
        self.assertEqual({network[0] for *_, network in filters}, {ipaddress.ip_address(one) for one in twins})

    # --- What it means ---

    def assert_steered(self, script, driver, prefixes, expected):
        """Packets in and around the prefixes, of all kinds."""
        steering = Steering(script, driver)
        for network in prefixes:
            low, high = int(network[0]), int(network[-1])
            inside = {low, high, (low + high) // 2, random.randint(low, high)}
            for number in inside | {low - 1, high + 1}:
                if not 0 <= number < 1 << network.max_prefixlen:
                    continue
                address = type(network[0])(number)
                bound = any(address.version == one.version and address in one for one in prefixes)
                bound = bound and not (driver == "ixgbe" and address.version == 6)
                for kind in KINDS:
                    self.assertEqual(steering.receiver(address, *kind), expected if bound else None, (address, kind))

    def expected(self, driver, vf=0, queue=0):
        return (vf, queue) if driver in ("ixgbe", "i40e") else "representor"

    def test_every_bind_of_the_shipped_tables_goes_to_the_vf(self):
        tables = json.loads(TABLES.read_text())["tables"]
        prefixes = [ipaddress.ip_network(bind["ip"]) for one in tables for bind in one["binds"]]
        for driver in ("ixgbe", "i40e", "ice", "switchdev"):
            warning = "2001:db8::10: ixgbe has no rules" if driver == "ixgbe" else ""
            script = self.script(driver, TABLES, warning=warning)
            self.assert_steered(script, driver, prefixes, self.expected(driver))

    def test_any_binds_go_to_the_vf_and_nothing_else(self):
        random.seed(17)
        for turn in range(24):
            prefixes = []
            for _ in range(random.randint(1, 12)):
                version4 = random.random() < 0.6
                base, bits = ("192.0.2.0", 32) if version4 else ("2001:db8::", 128)
                length = bits - random.choice((0, 0, 0, 1, 3, 5))
                number = int(ipaddress.ip_address(base)) + random.randrange(256)
                prefixes.append(ipaddress.ip_network((number, length), strict=False))
            prefixes.append(ipaddress.ip_network(f"203.0.113.{turn}"))
            binds = [(str(one), PORTS[at % len(PORTS)]) for at, one in enumerate(prefixes)]
            self.folder.joinpath("random.json").write_text(json.dumps({"tables": [table(*binds)]}))
            for driver in ("ixgbe", "i40e", "ice"):
                vf, queue = random.randrange(8), random.randrange(3)
                words = ["--vf", vf] + (["--queue", queue] if driver != "ice" else [])
                six = driver == "ixgbe" and any(one.version == 6 for one in prefixes)
                warning = "ixgbe has no rules for IPv6" if six else ""
                script = self.script(driver, *words, "random.json", warning=warning)
                self.assert_steered(script, driver, prefixes, self.expected(driver, vf, queue))

    def test_what_linux_gets_is_said_in_the_script_and_in_a_warning(self):
        path = self.write("192.0.2.10", "2001:db8::10", "2001:db8:1::/64")
        script = self.script("ixgbe", path, warning="2001:db8:1::/64: ixgbe has no rules for IPv6")
        for prefix in ("2001:db8::10", "2001:db8:1::/64"):
            self.assertIn(f"# Linux gets {prefix}: ixgbe has no rules for IPv6.\n", script)

    def test_a_removal_names_what_was_added(self):
        for driver in ("ixgbe", "i40e", "ice"):
            warning = "IPv6" if driver == "ixgbe" else ""
            added = self.script(driver, TABLES, warning=warning)
            removed = self.script(driver, "--delete", TABLES, warning=warning)
            if driver == "ice":
                pattern = r'tc filter (?:replace|del) dev (\S+) ingress protocol (\w+) pref (\d+)'
                self.assertEqual(set(re.findall(pattern, removed)), set(re.findall(pattern, added)))
                self.assertGreater(len(re.findall(pattern, removed)), 3)
            else:
                self.assertEqual(
                    re.findall(r"ethtool -N eth0 delete (\d+) ", removed), re.findall(r" loc (\d+)", added)
                )

    # --- What cannot be ---

    def test_what_cannot_be_is_refused_before_anything_is_printed(self):
        self.write("192.0.2.10", name="one.json")
        self.write("2001:db8::10", name="six.json")
        self.write("192.0.2.10", "10.0.0.0/19", name="large.json")
        self.write("10.0.0.0/21", name="all.json")
        full = "{} does not fit: {} matches single addresses, by {} rules from location {} at most; NICs with "
        full += "switchdev mode have prefixes"
        letters = 'is not the name of a network device: letters, digits, ".", "_" and "-", at most 15'
        station = "is not a MAC address of one station, xx:xx:xx:xx:xx:xx"
        no_device = "/sys/class/net/lo/device/driver: No such file or directory; what is its --driver?"
        for words, status, reason in (
            ("ixgbe six.json", 1, "six.json: no bind can be steered: ixgbe has no rules for IPv6"),
            ("ixgbe large.json", 1, "large.json: " + full.format("10.0.0.0/19", "ixgbe", 2046, 0)),
            ("ixgbe --first 2046 one.json", 1, "one.json: " + full.format("192.0.2.10", "ixgbe", 0, 2046)),
            ("i40e all.json", 1, "all.json: " + full.format("10.0.0.0/21", "i40e", 4096, 0)),
            ("ice none.json", 1, "none.json: No such file or directory"),
            ("igb one.json", 2, '--driver "igb" is none of ixgbe, i40e, ice, switchdev, mlx5'),
            ("ice --representor $(id) one.json", 2, f'--representor "$(id)" {letters}'),
            ("ixgbe --vf 255 one.json", 2, '--vf "255" is not a number from 0 to 254'),
            ("ixgbe --vf -1 one.json", 2, '--vf "-1" is not a number from 0 to 254'),
            ("ixgbe --queue x one.json", 2, '--queue "x" is not a number from 0 to 255'),
            ("ice --queue 1 one.json", 2, "--queue has no meaning for driver ice"),
            ("i40e --representor x one.json", 2, "--representor has no meaning for driver i40e"),
            ("mlx5 --delete one.json", 2, "--delete has no meaning for driver mlx5"),
            ("ice --first 0 one.json", 2, '--first "0" is not a preference: tc numbers them from 1'),
            ("ice --vf-mac 01:00:00:00:00:01 one.json", 2, f'--vf-mac "01:00:00:00:00:01" {station}'),
            ("ice --vf-mac x one.json", 2, f'--vf-mac "x" {station}'),
        ):
            with self.subTest(words):
                self.assertEqual(self.refused("--device", "eth0", "--driver", *words.split(), status=status), reason)
        for words, status, reason in (
            ("one.json", 2, "--device NAME is missing"),
            ("--device lo one.json", 1, no_device),
            ("--device eth0;id --driver ice one.json", 2, f'--device "eth0;id" {letters}'),
            ("--device interface-sixteen --driver ice one.json", 2, f'--device "interface-sixteen" {letters}'),
        ):
            with self.subTest(words):
                self.assertEqual(self.refused(*words.split(), status=status), reason)

    def test_the_last_location_is_used_and_none_beyond(self):
        path = self.write("10.0.0.0/22")
        self.assertEqual(max(Steering(self.script("ixgbe", "--first", "1022", path), "ixgbe").ntuple), 2045)
        self.assertIn("does not fit", self.refused("--device", "eth0", "--driver", "ixgbe", "--first", "1023", path))

    def test_a_driver_that_is_not_known_is_named(self):
        known = {"ixgbe", "i40e", "ice", "mlx5_core"}
        for path in Path("/sys/class/net").glob("*/device/driver"):
            driver, device = path.resolve().name, path.parent.parent.name
            if driver not in known:
                self.write("192.0.2.10")
                reason = f'{path}: nothing is known about driver "{driver}"'
                self.assertTrue(self.refused("--device", device, "tables.json").startswith(reason))
                return
        self.skipTest("no network device has a driver")

    def test_a_name_of_a_file_is_no_command(self):
        path = self.write("192.0.2.10", name="a\nreboot\n.json")
        lines = self.script("ice", path.name).splitlines()
        self.assertNotIn("reboot", lines)
        self.assertIn(r"a\nreboot\n.json", lines[1])

    # --- Shells and parsers ---

    def test_the_vf_is_made_once(self):
        """The script before its rules, on a copy of /sys, by a shell whose commands print themselves."""
        nic = self.folder / "sys/class/net/eth0/device"
        vf = self.folder / "sys/bus/pci/devices/0000:06:10.0"
        nic.mkdir(parents=True)
        vf.mkdir(parents=True)
        script = self.script("ixgbe", "--vf-mac", "02:00:00:00:00:05", self.write("192.0.2.10"))
        script = script[: script.index("# Each rule")].replace("/sys/", f"{self.folder}/sys/")
        path = self.folder / "bin"
        path.mkdir()
        for name in ("ip", "modprobe", "dpdk-devbind.py"):
            (path / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
            (path / name).chmod(0o755)

        def run():
            environment = {"PATH": f"{path}:{os.environ['PATH']}"}
            done = subprocess.run(["sh"], input=script, env=environment, capture_output=True, text=True, timeout=600)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return done.stdout.splitlines()

        run()
        self.assertEqual((nic / "sriov_numvfs").read_text(), "1\n")
        (nic / "sriov_numvfs").unlink()
        (nic / "virtfn0").symlink_to(vf)
        up = "ip link set dev eth0 up"
        self.assertEqual(run(), [
            "ip link set dev eth0 vf 0 mac 02:00:00:00:00:05",
            "ip link set dev eth0 vf 0 trust on spoofchk off",
            "modprobe vfio-pci",
            "dpdk-devbind.py --bind=vfio-pci 0000:06:10.0",
            up,
        ])
        (vf / "driver").symlink_to("../../drivers/vfio-pci")
        (self.folder / "sys/bus/pci/drivers/vfio-pci").mkdir(parents=True)
        self.assertEqual(run(), [up])
        self.assertFalse((nic / "sriov_numvfs").exists())

    def test_the_representor_is_found_among_ports(self):
        ports = """pci/0000:06:00.0/65535: type eth netdev eth0 flavour physical port 0 splittable false
pci/0000:06:00.0/1: type eth netdev eth0_0 flavour pcivf controller 0 pfnum 0 vfnum 0 external false
  function:
    hw_addr 00:00:00:00:00:00
pci/0000:06:00.0/2: type eth netdev eth0_1 flavour pcivf pfnum 0 vfnum 1
pci/0000:06:00.0/3: type eth netdev eth0_10 flavour pcivf controller 0 pfnum 0 vfnum 10 external false
pci/0000:06:00.1/1: type eth netdev eth1_1 flavour pcivf pfnum 1 vfnum 1
"""
        for vf, name in ((0, "eth0_0"), (1, "eth0_1"), (10, "eth0_10"), (2, "")):
            script = self.script("switchdev", "--vf", vf, self.write("192.0.2.10"))
            line = next(line for line in script.splitlines() if line.startswith("rep="))
            text = f"devlink() {{ cat <<'END'\n{ports}END\n}}\npci=0000:06:00.0\n{line}\necho \"$rep\"\n"
            done = subprocess.run(["sh", "-eu"], input=text, capture_output=True, text=True, timeout=600)
            self.assertEqual((done.returncode, done.stdout), (0, f"{name}\n"), done.stderr)

    def test_shellcheck_has_nothing_to_say(self):
        if not shutil.which("shellcheck"):
            self.skipTest("no shellcheck")
        self.write("192.0.2.10")
        for driver in DRIVERS:
            for words in [[], ["--delete"]] if driver != "mlx5" else [[]]:
                script = self.script(driver, *words, "tables.json")
                done = subprocess.run(["shellcheck", "-"], input=script, capture_output=True, text=True, timeout=600)
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_ip_tc_and_ethtool_understand_every_command(self):
        """In a namespace whose eth0 has neither VFs nor rules: the kernel refuses them, but no parser does."""
        inside = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c"]
        setup = "ip link add eth0 type veth peer name rep0 && "
        if subprocess.run([*inside, setup + "tc -V && ethtool --version"], capture_output=True, timeout=600).returncode:
            self.skipTest("no namespace, veth, tc or ethtool")
        lines = []
        path = self.write("192.0.2.10", "198.51.100.64/30", "2001:db8::10", "2001:db8:1::/126")
        for driver in ("ixgbe", "i40e", "ice"):
            for words in ([], ["--delete"]):
                warning = "IPv6" if driver == "ixgbe" else ""
                mac = [] if words else ["--vf-mac", "02:00:00:00:00:05"]
                lines += self.script(driver, *words, *mac, path, warning=warning).splitlines()
        lines = {line.strip().removesuffix(" || :") for line in lines}
        tried = sorted(line for line in lines if re.match("(ip|tc|ethtool -N) ", line))
        self.assertGreater(len(tried), 50)
        odd = [
            "ethtool -N eth0 flow-type ip4 dst-ip 192.0.2.1 vf 0 action 0 loc 0",
            "tc filter replace dev eth0 ingress protocol ip pref 1 flower skip_sw dst_up 192.0.2.1",
            "ip link set dev eth0 vf 0 trust on spoofcheck off",
        ]
        for commands, understood in ((tried, True), (odd, False)):
            text = "".join(f"{line}\necho end $? >&2\n" for line in commands)
            done = subprocess.run([*inside, setup + "rep=rep0\n" + text], capture_output=True, text=True, timeout=600)
            said = re.split(r"^end \d+\n", done.stderr, flags=re.M)[:-1]
            self.assertEqual(len(said), len(commands))
            for command, answer in zip(commands, said):
                by_kernel = not answer or re.search(
                    "Operation not supported|TC classifier not found|Cannot find specified filter chain|"
                    "Parent Qdisc doesn.t exists|Filter with specified priority/protocol not found", answer
                )
                self.assertEqual(bool(by_kernel), understood, (command, answer))


if __name__ == "__main__":
    Steer.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
