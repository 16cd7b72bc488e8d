# SPDX-License-Identifier: BSD-3-Clause
"""Another program takes over from a director, and every datagram of clients is accounted for.

In place: d2 of the lab, while the router uses d1. Or beside it: the host of d1 alone, which has a
second and a third device for two directors, a and b, and one BGP session, on which it announces the
next hops of both (add-path, RFC 7911).

    router ---- br0 ---- eth0 of d1: bird, 10.0.1.11
                    ---- eth1: a, 10.0.1.31
                    ---- eth2: b, 10.0.1.32
"""

import functools
import json
import operator
import re
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from string import Template

from netns import LabError, is_alive, pause, wait_until
from scenarios import target
from topology import (AF_PACKET, DIRECTORS, FABRIC, FABRIC_MAC, FABRIC_MTU, PROXIES, ROUTER, VIPS, Host,
                      lab_tables)
from watchers import control, control_command

from counted import PORT

BESIDE = (Host("a", 31), Host("b", 32))
HOST = DIRECTORS[0]  # of both
MACS = {"a": "02:67:6c:62:00:31", "b": "02:67:6c:62:00:32"}
DEVICES = {"a": "eth1", "b": "eth2"}
RATE = 1000  # datagrams a second, to each VIP

BIRD = """
log stderr all;
router id $host4;
protocol device { }
protocol static vip4_a { ipv4; route $vip4/32 via "glb-live-a"; }
protocol static vip4_b { ipv4; route $vip4/32 via "glb-live-b"; }
protocol static vip6_a { ipv6; route $vip6/128 via "glb-live-a"; }
protocol static vip6_b { ipv6; route $vip6/128 via "glb-live-b"; }
filter next_hops {
	if proto = "vip4_a" then bgp_next_hop = $a4;
	if proto = "vip4_b" then bgp_next_hop = $b4;
	if proto = "vip6_a" then bgp_next_hop = $a6;
	if proto = "vip6_b" then bgp_next_hop = $b6;
	accept;
}
protocol bgp upstream {
	local $host4 as 64497;
	neighbor $router4 as 64496;
	connect delay time 1;
	connect retry time 2;
	error wait time 1, 4;
	ipv4 { import none; export filter next_hops; add paths tx; };
	ipv6 { import none; export filter next_hops; add paths tx; };
}
"""


def counted_tables(underlay=4):
    """The lab's table, which serves the numbered datagrams as well."""
    tables = lab_tables(underlay)
    tables["tables"][0]["binds"] += [{"ip": vip, "proto": "udp", "port": PORT} for vip in VIPS.values()]
    return tables


@dataclass
class Account:
    """What has become of numbered datagrams, and what glbctl upgrade printed meanwhile."""

    sent: dict = field(default_factory=dict)  # by VIP
    arrived: dict = field(default_factory=dict)
    twice: int = 0
    printed: str = ""
    forwarded: dict = field(default_factory=dict)  # by director, also those that have ended

    @property
    def lost(self):
        return sum(self.sent.values()) - sum(self.arrived.values())


class Counted:
    """Numbered datagrams to both VIPs for as long as a block runs; then they are in the account."""

    def __init__(self, lab, account):
        self.lab, self.account = lab, account

    def _spawn(self, host, *words):
        child = self.lab.hosts[host].spawn(*self.lab.load_command(*words, program="counted.py"),
                                           log=self.lab.log("counted").path, stdout=subprocess.PIPE)
        self.lab.adopt(child)
        if not child.stdout.readline():
            raise LabError(f"counted.py failed: see {self.lab.log('counted').path}")
        return child

    def __enter__(self):
        self.receivers = [self._spawn(host.name, "receive", *VIPS.values()) for host in PROXIES]
        self.sender = self._spawn("client", "send", *map(target, VIPS), "--rate", RATE)
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.account.sent = self._end(self.sender)
            pause(1.0)  # for those under way
            ends = [self._end(child) for child in self.receivers]
            self.account.twice = sum(end["twice"] for end in ends)
            for vip in VIPS.values():
                numbers = [int(end["numbers"][vip], 16) for end in ends]
                anywhere = functools.reduce(operator.or_, numbers)
                self.account.arrived[vip] = anywhere.bit_count()
                self.account.twice += sum(one.bit_count() for one in numbers) - anywhere.bit_count()

    def _end(self, child):
        child.send_signal(signal.SIGTERM)
        answer, _ = child.communicate(timeout=60)
        return json.loads(answer)


def start_script(lab, name, command):
    """A script that starts a director and returns at once, as a shell command."""
    path = lab.file(f"start-{name}.sh")
    words = " ".join(map(shlex.quote, map(str, command)))
    path.write_text(f"setsid {words} </dev/null >>{lab.log(name).path} 2>&1 &\n")
    return f"sh {path}"


def upgrade(lab, account, host, *words):
    """Run glbctl upgrade on the director of a host, and keep what it prints."""
    command = list(map(str, control_command(lab, host, "upgrade", *words, "--quiet", "1")))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    account.printed = done.stdout + done.stderr
    if done.returncode:
        raise LabError(f"glbctl upgrade ended with {done.returncode}: {account.printed}")


def last_count(lab, name, mark):
    """How many packets a director had forwarded when it ended."""
    found = wait_until(lambda: re.search(r"^forward (\d+)$", "\n".join(lab.log(name).lines(mark)), re.MULTILINE),
                       f"the last counters of {name}")
    return int(found[1])


def forwarded_now(lab, host):
    """How many packets a director has forwarded so far."""
    return control(lab, host, "stats")["counters"]["forward"]


# In place


def in_place(lab):
    """The director of d2 is replaced; d1 serves on. Returns the account."""
    host, account = DIRECTORS[1], Account()
    lab.write_tables(json.dumps(counted_tables(lab.underlay)))
    lab.reload()
    command = lab.hosts[host.name].command(*lab.director_command(host, cpu=0))
    before = {one.name: forwarded_now(lab, one) for one in DIRECTORS}
    mark = lab.log(host.name).mark()
    with Counted(lab, account):
        time.sleep(1)
        upgrade(lab, account, host, "--start", start_script(lab, host.name, command))
        lab.wait_for_next_hops(DIRECTORS)
        time.sleep(1)
    account.forwarded = {
        DIRECTORS[0].name: forwarded_now(lab, DIRECTORS[0]) - before[DIRECTORS[0].name],
        f"{host.name}, before": last_count(lab, host.name, mark) - before[host.name],
        host.name: forwarded_now(lab, host)}
    return account


# Beside each other


class TwoPorts:
    """The host of d1 with two directors' worth of ports, instead of the directors of the lab."""

    def __init__(self, lab, driver):
        self.lab = lab
        self.vdev = {name: driver.replace("eth0", device) for name, device in DEVICES.items()}
        self.namespace = lab.hosts[HOST.name]

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self):
        lab, router = self.lab, self.lab.hosts["router"]
        for host in DIRECTORS:
            for pid in lab.hosts[host.name].pids():
                wait_end(pid)
        lab.write_tables(json.dumps(counted_tables()))
        for host in BESIDE:
            self._connect(host)
        self._write_files()
        conf = lab.file("router.bird.conf")
        conf.write_text(re.sub(r"(import where net = \S+;)( add paths rx;)?", r"\1 add paths rx;", conf.read_text()))
        router.run("birdc", "-s", lab.file("router.bird.ctl"), "configure")
        self.start("a")
        lab.start_announcing(HOST)
        self.wait_for(["a"])

    def __exit__(self, *_):
        for pid in self.namespace.pids():
            wait_end(pid)
        there = {link["ifname"] for link in self.namespace.ip_json("link", "show")}
        for host in BESIDE:
            if DEVICES[host.name] in there:
                self.namespace.ip("link", "delete", DEVICES[host.name])
            shutil.rmtree(f"/var/run/dpdk/{self.lab.prefix}-{host.name}", ignore_errors=True)

    def _connect(self, host):
        """A device that leads to the fabric, whose next hop needs no ARP: af_xdp leaves the kernel none."""
        router, device, link = self.lab.hosts["router"], DEVICES[host.name], f"d1{host.name}"
        self.namespace.ip("link", "add", device, "address", MACS[host.name], "type", "veth",
                          "peer", link, "netns", router.name)
        self.namespace.ip("link", "set", device, "up", "mtu", str(FABRIC_MTU))
        router.ip("link", "set", link, "up", "mtu", str(FABRIC_MTU), "master", FABRIC)
        router.run("ethtool", "-K", link, "tx", "off")
        for address in (host.ipv4, host.ipv6):
            router.ip("neighbour", "replace", address, "lladdr", MACS[host.name], "dev", FABRIC, "nud", "permanent")

    def _write_files(self):
        lab, next_hops = self.lab, {}
        for host in BESIDE:
            next_hops |= {f"{host.name}4": host.ipv4, f"{host.name}6": host.ipv6}
            lab.file(f"{host.name}.json").write_text(json.dumps({
                "outbound_gateway_mac": FABRIC_MAC, "outbound_src_ip": host.ipv4, "unmatched": "drop",
                "live_device": f"glb-live-{host.name}", "control_socket": str(lab.file(f"{host.name}.sock")), "http_listen": "",
            }))
        lab.file(f"{HOST.name}.bird.conf").write_text(Template(BIRD).substitute(
            next_hops, host4=HOST.ipv4, router4=ROUTER.ipv4, vip4=VIPS[4], vip6=VIPS[6]))

    def command(self, name):
        """What starts one, from outside of the namespace."""
        host = BESIDE[0] if name == "a" else BESIDE[1]
        return self.namespace.command(*self.lab.director_command(host, name=name, device=self.vdev[name]))

    def start(self, name):
        """Start one, and wait until it is ready."""
        mark = self.lab.log(name).mark()
        self.lab.log(name).path.touch()  # the script returns before the director writes
        subprocess.run(["sh", "-c", start_script(self.lab, name, self.command(name))], check=True)
        wait_until(lambda: self.lab.log(name).has(": ready:", mark), f"director {name}", 30)

    def next_hops(self, family):
        """Which of both the router uses."""
        addresses = {host.address(family): host.name for host in BESIDE}
        routes = self.lab.hosts["router"].ip_json(f"-{family}", "route", "show", VIPS[family])
        hops = [hop for route in routes for hop in route.get("nexthops", [route])]
        return sorted(addresses.get(hop["gateway"], "other") for hop in hops if "gateway" in hop)

    def wait_for(self, names):
        """Wait until the router uses exactly these."""
        wait_until(lambda: all(self.next_hops(family) == names for family in VIPS), f"the router to use {names}", 30)


def wait_end(pid):
    """End a process of the lab in good order."""
    subprocess.run(["kill", str(pid)], check=False)
    wait_until(lambda: not is_alive(pid), f"the end of {pid}")


def beside(lab, driver):
    """Director b is started beside a, which then leaves. Returns the account."""
    account = Account()
    mark = lab.log("a").mark()
    with TwoPorts(lab, driver) as ports:
        with Counted(lab, account):
            time.sleep(1)
            upgrade(lab, account, BESIDE[0], "--to", lab.file("b.sock"),
                    "--start", start_script(lab, "b", ports.command("b")))
            ports.wait_for(["b"])
            time.sleep(1)
        account.forwarded = {"a": last_count(lab, "a", mark), "b": forwarded_now(lab, BESIDE[1])}
    return account


DRIVERS = {"af_packet": AF_PACKET, "af_xdp": "net_af_xdp0,iface=eth0"}
