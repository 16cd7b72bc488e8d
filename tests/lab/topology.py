# SPDX-License-Identifier: BSD-3-Clause
"""The lab: client - router - two director hosts - three proxies, each a network namespace.

    client ---- router ---- br0 (10.0.1.0/24, fd00:1::/64) ---- d1 d2      glb-director and bird
                bird, ECMP                                 ---- p1 p2 p3   glb-redirect and HAProxy

The directors announce the VIPs; the router spreads flows over both by their five-tuple. A director
sends each packet, encapsulated, to the proxy of its flow by way of the router: in IPv4, or, as the
lab is configured, in IPv6. The proxies have the VIPs on their loopback devices and answer the client
directly.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template

from echo import ECHO_PORT, QUIC_PORT
from netns import LabError, Namespace, is_alive, send_signal, wait_until

os.environ["PATH"] += ":/usr/sbin:/sbin"  # which su leaves out

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = "/usr/bin/python3"

VIPS = {4: "192.0.2.10", 6: "2001:db8::10"}
SOURCES = {4: "198.51.100.0/24", 6: "2001:db8:c::/64"}
FABRIC = "br0"
FABRIC_MAC = "02:67:6c:62:00:01"
FABRIC_MTU = 1600  # room for the outer headers around packets of 1500 bytes
SERVICES = (("tcp", 80), ("udp", ECHO_PORT), ("udp", QUIC_PORT))
PAGE_PORT = 8080
AF_PACKET = "net_af_packet0,iface=eth0,blocksz=1048576,framesz=2048,framecnt=2048"
SPARE = "spare"
LIVE_DEVICE = "glb-live"
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
HUGE_PAGES_WANTED = 128  # free pages of 2 MiB, for both directors

SYSCTLS_ALL = (
    "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
    "net.ipv6.conf.default.accept_dad=0",  # addresses usable at once
    "net.ipv6.conf.default.accept_ra=0")
SYSCTLS_CLIENT = (
    "net.ipv6.ip_nonlocal_bind=1",)  # every address of the source prefix, not just assigned ones
SYSCTLS_ROUTER = (
    "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0",
    "net.ipv4.fib_multipath_hash_policy=1", "net.ipv6.fib_multipath_hash_policy=1")
SYSCTLS_PROXY = (
    "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")


@dataclass(frozen=True)
class Host:
    """A host on the fabric and its place in the addresses there."""

    name: str
    number: int

    @property
    def ipv4(self):
        """Its IPv4 address on the fabric."""
        return f"10.0.1.{self.number}"

    @property
    def ipv6(self):
        """Its IPv6 address on the fabric."""
        return f"fd00:1::{self.number}"

    def address(self, family):
        """Its address of a family."""
        return self.ipv4 if family == 4 else self.ipv6


ROUTER = Host("router", 1)
DIRECTORS = (Host("d1", 11), Host("d2", 12))
PROXIES = (Host("p1", 21), Host("p2", 22), Host("p3", 23))
NAMES = ("client", "router") + tuple(host.name for host in DIRECTORS + PROXIES)


def lab_tables(underlay=4):
    """The forwarding tables at the start: one table, both VIPs, every proxy active.

    The proxies have addresses of the underlay's IP version.
    """
    return {"tables": [{
        "name": "lab",
        "hash_key": "12345678901234561234567890123456",
        "seed": "34567890123456783456789012345678",
        "binds": [{"ip": vip, "proto": proto, "port": port} for proto, port in SERVICES
                  for vip in VIPS.values()],
        "backends": [{"ip": host.address(underlay), "state": "active", "healthy": True}
                     for host in PROXIES],
    }]}


class Log:
    """A growing log file, read from a mark."""

    def __init__(self, path):
        self.path = path

    def mark(self):
        """The place where the next line will begin."""
        return self.path.stat().st_size if self.path.exists() else 0

    def lines(self, mark=0):
        """The complete lines written since the mark."""
        with open(self.path, "rb") as log:
            log.seek(mark)
            return log.read().decode(errors="replace").rpartition("\n")[0].splitlines()

    def last(self):
        """The last complete line."""
        return (self.lines() or ["no word"])[-1]

    def has(self, text, mark):
        """Whether a line since the mark contains the text."""
        return any(text in line for line in self.lines(mark))


def hears_netlink(pid):
    """Whether a process is in a group of rtnetlink, whose reports it gets from now on."""
    try:
        sockets = Path(f"/proc/{pid}/net/netlink").read_text().splitlines()[1:]
    except OSError:
        return False
    fields = [line.split() for line in sockets]  # socket, protocol, port, groups
    return any(protocol == "0" and port == str(pid) and int(groups, 16) for _, protocol, port, groups, *_ in fields)


class RouteWatch:
    """Notes when the routes of the VIPs change, as the kernel says it, for as long as a block runs."""

    def __init__(self, child, log):
        self.child, self.log = child, log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()

    def first_change(self, family, since):
        """How many seconds after a time of day the first change came, or None."""
        for line in self.log.lines():
            when = re.match(rf"\[(\S+)\] (Deleted )?{re.escape(VIPS[family])} ", line)
            passed = datetime.fromisoformat(when[1]).timestamp() - since if when else -1
            if passed >= 0:
                return passed
        return None


class Lab:
    """The namespaces, processes and files of one lab; labs with different prefixes coexist.

    Everything a lab writes is in one run directory, which /run/glb-lab.PREFIX points to.
    """

    def __init__(self, prefix=None, build=None, underlay=4):
        self.underlay = underlay
        self.prefix = prefix or os.environ.get("GLB_LAB", "glb")
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", self.prefix):
            raise LabError(f"GLB_LAB={self.prefix}: want up to 20 of a-z 0-9 -, a letter first")
        self.build = ROOT / (build or os.environ.get("GLB_BUILD", "build"))
        # a build with sanitizers has no glb-redirect, and need not: proxies may run another build's
        self.redirect_build = ROOT / os.environ.get("GLB_REDIRECT_BUILD", self.build)
        self.hosts = {name: Namespace(f"{self.prefix}-{name}") for name in NAMES}
        self.pointer = Path(f"/run/glb-lab.{self.prefix}")
        self.directory = self.pointer.resolve() if self.pointer.is_symlink() else None
        self._socket = None
        self._children = []
        self._directors = {}
        self._own_processors = {}  # of workers, by director
        self.checkers = None  # of health, see health.py
        self._tables = {}  # that a director serves instead of tables.json, by its host

    # The whole lab

    def claim(self):
        """Take the lab for this process, if it could come up; nothing has changed otherwise."""
        self._check_programs()
        self._lock()

    def up(self):
        """Bring everything up and wait until both directors serve both VIPs."""
        self.claim()
        self._clean()
        self.directory = Path(tempfile.mkdtemp(prefix=f"glb-lab.{self.prefix}."))
        self.pointer.symlink_to(self.directory)
        self._create_network()
        self._write_files()
        for host in PROXIES:
            self._start_proxy(host)
        for host in DIRECTORS:
            self.start_director(host)
        self._start_bird("router")
        for host in DIRECTORS:
            self.start_announcing(host)
        self.wait_for_next_hops(DIRECTORS)

    def down(self, keep_files=False):
        """Remove every namespace, process and, unless told to keep them, file of the lab."""
        self._lock()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            self._clean(keep_files)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _clean(self, keep_files=False):
        """Remove what a lab of this prefix left behind, whichever process started it."""
        for namespace in self.hosts.values():
            if namespace.exists():
                namespace.delete()
        for child in self._children:
            child.kill()
            child.wait()
        for name in [host.name for host in DIRECTORS] + [SPARE]:  # left behind by the EAL
            shutil.rmtree(f"/var/run/dpdk/{self.prefix}-{name}", ignore_errors=True)
        if self.directory and not keep_files:
            shutil.rmtree(self.directory, ignore_errors=True)
        self.pointer.unlink(missing_ok=True)

    def _lock(self):
        """Refuse to touch a lab that another process is working with."""
        if self._socket:
            return
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0glb-lab.{self.prefix}")  # gone with the process, whatever happens to it
        except OSError:
            raise LabError(f"another process is working with the lab '{self.prefix}'; "
                           "wait, or set GLB_LAB to another name") from None
        self._socket = lock

    def _check_programs(self):
        """Fail early, and in words, when something is missing."""
        if os.geteuid() != 0:
            raise LabError("the lab needs root: it creates network namespaces")
        for program in map(self.program, (
                "director/glb-director", "redirect/glb-redirect", "healthcheck/glb-healthcheck")):
            if not os.access(program, os.X_OK):
                raise LabError(f"{program}: not built; run scripts/prepare")
        for tool in ("ip", "ethtool", "sysctl", "bird", "birdc", "haproxy"):
            if not shutil.which(tool):
                raise LabError(f"{tool}: not installed; run scripts/prepare")

    def program(self, path):
        """The place of a built program."""
        build = self.redirect_build if path.startswith("redirect/") else self.build
        return build / "src" / path

    # The network

    def _create_network(self):
        """Create the namespaces, the links between them, addresses and static routes."""
        extra = {"client": SYSCTLS_CLIENT, "router": SYSCTLS_ROUTER}
        extra |= {host.name: SYSCTLS_PROXY for host in PROXIES}
        for name, namespace in self.hosts.items():
            namespace.create(*SYSCTLS_ALL, *extra.get(name, ()))
        self._create_fabric()
        self._connect_client()
        for host in DIRECTORS + PROXIES:
            self._connect_host(host)
        for host in DIRECTORS:
            # af_packet sees packets before the kernel completes checksums and segments: do it here.
            self.hosts["router"].run("ethtool", "-K", host.name, "tx", "off")
        for host in PROXIES:
            for family, bits in ((4, 32), (6, 128)):
                self.hosts[host.name].ip("address", "add", f"{VIPS[family]}/{bits}", "dev", "lo")

    def _create_fabric(self):
        """Give the router its bridge, the top-of-rack switch of directors and proxies."""
        router = self.hosts["router"]
        router.ip("link", "add", FABRIC, "address", FABRIC_MAC, "mtu", str(FABRIC_MTU),
                  "type", "bridge")
        router.ip("link", "set", FABRIC, "up")
        router.ip("address", "add", f"{ROUTER.ipv4}/24", "dev", FABRIC)
        router.ip("address", "add", f"{ROUTER.ipv6}/64", "dev", FABRIC)

    def _connect_client(self):
        """Connect the client, which owns the whole source prefixes, to the router."""
        client, router = self.hosts["client"], self.hosts["router"]
        client.ip("link", "add", "eth0", "type", "veth", "peer", "client", "netns", router.name)
        for namespace, link, number in ((router, "client", 1), (client, "eth0", 2)):
            namespace.ip("link", "set", link, "up")
            namespace.ip("address", "add", f"10.0.0.{number}/24", "dev", link)
            namespace.ip("address", "add", f"fd00::{number}/64", "dev", link)
        for prefix, gateway, client_address in (
                (SOURCES[4], "10.0.0.1", "10.0.0.2"), (SOURCES[6], "fd00::1", "fd00::2")):
            client.ip("route", "add", "local", prefix, "dev", "lo")
            client.ip("route", "add", "default", "via", gateway)
            router.ip("route", "add", prefix, "via", client_address)

    def _connect_host(self, host):
        """Connect a director host or a proxy to the fabric."""
        namespace, router = self.hosts[host.name], self.hosts["router"]
        namespace.ip("link", "add", "eth0", "type", "veth", "peer", host.name, "netns", router.name)
        namespace.ip("link", "set", "eth0", "up", "mtu", str(FABRIC_MTU))
        router.ip("link", "set", host.name, "up", "mtu", str(FABRIC_MTU), "master", FABRIC)
        namespace.ip("address", "add", f"{host.ipv4}/24", "dev", "eth0")
        namespace.ip("address", "add", f"{host.ipv6}/64", "dev", "eth0")
        namespace.ip("route", "add", "default", "via", ROUTER.ipv4)
        namespace.ip("route", "add", "default", "via", ROUTER.ipv6)

    # Files

    def file(self, name):
        """The place of a file in the run directory."""
        return self.directory / name

    def log(self, name):
        """A log in the run directory."""
        return Log(self.file(f"{name}.log"))

    def _write_files(self):
        """Write every configuration file of the lab."""
        common = {"vip4": VIPS[4], "vip6": VIPS[6], "router4": ROUTER.ipv4, "fabric": FABRIC,
                  "page_port": PAGE_PORT}
        neighbors = {host.name: host.ipv4 for host in DIRECTORS}
        self._fill_in("router.bird.conf", "router.bird.conf", common | neighbors)
        self._fill_in("haproxy.cfg", "haproxy.cfg", common)
        for host in DIRECTORS:
            addresses = {"host4": host.ipv4, "host6": host.ipv6, "live": LIVE_DEVICE}
            self._fill_in("director.bird.conf", f"{host.name}.bird.conf", common | addresses)
            self.file(f"{host.name}.json").write_text(json.dumps({
                "outbound_gateway_mac": FABRIC_MAC,
                "outbound_src_ip" if self.underlay == 4 else "outbound_src_ip6":
                    host.address(self.underlay),
                "unmatched": "drop",  # the kernel has its own copy of every packet
                "live_device": LIVE_DEVICE,
                "control_socket": str(self.file(f"{host.name}.sock")),
            }, indent=2))
        self.write_tables(json.dumps(lab_tables(self.underlay), indent=2))

    def _fill_in(self, template, name, values):
        """Write one file of conf/ with the addresses filled in."""
        text = Template((HERE / "conf" / template).read_text()).substitute(values)
        self.file(name).write_text(text)

    def write_tables(self, text):
        """Replace the tables file of both directors in one step."""
        draft = self.file("tables.json.new")
        draft.write_text(text)
        draft.rename(self.file("tables.json"))

    def set_state(self, proxy, state):
        """Edit the tables file: `proxy` gets `state`, every other proxy is active."""
        tables = lab_tables(self.underlay)
        for host, backend in zip(PROXIES, tables["tables"][0]["backends"]):
            backend["state"] = state if host.name == proxy else "active"
        self.write_tables(json.dumps(tables, indent=2))

    # Processes

    def _start(self, host, label, *argv):
        """Start a long-lived process on a host; its log and pid file carry the label."""
        child = self.hosts[host].spawn(*argv, log=self.log(label).path)
        self.file(f"{label}.pid").write_text(f"{child.pid}\n")
        self._children.append(child)
        return child

    def adopt(self, child):
        """End a process with the lab that it has not started."""
        self._children.append(child)

    def pid(self, label):
        """The process started under the label."""
        return int(self.file(f"{label}.pid").read_text())

    def _start_proxy(self, host):
        """Start the servers, HAProxy and the second-chance program of one proxy."""
        self._start(host.name, f"{host.name}-pages", PYTHON, HERE / "pages.py",
                    "--name", host.name, "--port", PAGE_PORT)
        self._start(host.name, f"{host.name}-echo", PYTHON, HERE / "echo.py",
                    "--name", host.name, "--number", host.number, *VIPS.values())
        self.start_haproxy(host)
        self.redirect(host, "attach", "eth0", "--udp", ",".join(second_chances()),
                      "--server-id", str(host.number))
        self._wait_for_listener(host, PAGE_PORT)
        wait_until(lambda: self.log(f"{host.name}-echo").has("ready", 0), f"UDP servers on {host.name}")

    def start_haproxy(self, host):
        """Start HAProxy on a proxy, and wait until it listens."""
        self._start(host.name, f"{host.name}-haproxy", "haproxy", "-db",
                    "-f", self.file("haproxy.cfg"))
        self._wait_for_listener(host, 80)

    def start_checker(self, host):
        """Start the health checker of a director host, which is configured."""
        return self._start(host.name, f"{host.name}-health", self.program("healthcheck/glb-healthcheck"),
                           "--config", self.file(f"{host.name}.health.json"))

    def serve_tables(self, host, path):
        """Restart a director, which serves a tables file of its own; None: the one of both."""
        self.stop_director(host)
        self._tables.pop(host.name, None)
        if path:
            self._tables[host.name] = path
        self.start_director(host)

    def _wait_for_listener(self, host, port):
        """Wait until something on the host accepts connections on a port."""
        def listening():
            return self.hosts[host.name].run("ss", "-Hltn", f"sport = :{port}")
        wait_until(listening, f"a listener on port {port} of {host.name}")

    def redirect(self, host, *words):
        """Run glb-redirect on a proxy and return what it printed."""
        return self.hosts[host.name].run(self.program("redirect/glb-redirect"), *words)

    def _start_bird(self, name):
        """Start the routing daemon of a host."""
        self._start(name, f"{name}-bird", "bird", "-f", "-c", self.file(f"{name}.bird.conf"),
                    "-s", self.file(f"{name}.bird.ctl"))

    def keep_processor(self, host):
        """Before up(): give the worker of a director a processor that nothing else of the lab runs on."""
        *others, own = sorted(os.sched_getaffinity(0))
        if others:
            os.sched_setaffinity(0, others)
            self._own_processors[host.name] = own

    def director_command(self, host, name=None, cpu=0, device=AF_PACKET):
        """The command line of the director of a host, with one worker."""
        worker_cpu = self._own_processors.get(host.name, cpu)
        eal = ["--no-pci", f"--file-prefix={self.prefix}-{name or host.name}",
               f"--lcores=0@{cpu},1@{worker_cpu}", *memory_options(), f"--vdev={device}"]
        return [self.program("director/glb-director"), *eal, "--",
                "--config", self.file(f"{host.name}.json"),
                "--tables", self._tables.get(host.name, self.file("tables.json"))]

    def spare_director_command(self):
        """The command line of a director that sees no packet, to try what it says at start-up."""
        return self.director_command(DIRECTORS[0], name=SPARE, device="net_null0")

    def start_director(self, host):
        """Start a director, on a processor of its own if possible, and wait until it forwards."""
        cpus = sorted(os.sched_getaffinity(0))
        cpu = cpus[DIRECTORS.index(host) % len(cpus)]
        log = self.log(host.name)
        mark = log.mark()
        director = self._start(host.name, host.name, *self.director_command(host, cpu=cpu))
        wait_until(lambda: log.has(": ready:", mark) or director.poll() is not None,
                   f"the director of {host.name} to be ready")
        self._directors[host.name] = director
        if director.poll() is not None:
            raise LabError(f"the director of {host.name} gave up: {log.last()}")

    def start_announcing(self, host):
        """Start bird on a director host: the router learns the VIPs while the director is ready."""
        self._start_bird(host.name)

    def stop_director(self, host):
        """Stop a director in good order; return its exit status and its final counters."""
        log = self.log(host.name)
        mark = log.mark()
        self._directors[host.name].terminate()
        status = self._directors[host.name].wait(timeout=15)
        return status, {name: int(count) for name, count in
                        re.findall(r"^(\w+) (\d+)$", "\n".join(log.lines(mark)), re.MULTILINE)}

    def kill_director_host(self, host):
        """Kill the director and the routing daemon of a host, as a crash of it would."""
        for label in (f"{host.name}-bird", host.name):
            send_signal(self.pid(label), signal.SIGKILL)
        wait_until(lambda: not any(is_alive(self.pid(label)) for label in
                                   (f"{host.name}-bird", host.name)), f"{host.name} to be dead")

    def kill_director(self, host):
        """Kill the director of a host, whose routing daemon lives."""
        send_signal(self.pid(host.name), signal.SIGKILL)
        self._directors[host.name].wait()

    def reload(self):
        """Send SIGHUP to both directors and wait for the answer of each; return the log lines.

        The answer is the last line of a reload: either the new generation is serving or the reload
        was refused. The lines of each director are returned under its name.
        """
        marks = {host.name: self.log(host.name).mark() for host in DIRECTORS}
        for host in DIRECTORS:
            send_signal(self.pid(host.name), signal.SIGHUP)
        answers = {}
        for name, mark in marks.items():
            wait_until(lambda: any(is_reload_answer(line) for line in self.log(name).lines(mark)),
                       f"the answer of {name} to SIGHUP")
            answers[name] = self.log(name).lines(mark)
        return answers

    # Observation

    def next_hops(self, family):
        """The names of the directors that the router spreads flows to a VIP over."""
        addresses = {getattr(host, f"ipv{family}"): host.name for host in DIRECTORS}
        routes = self.hosts["router"].ip_json(f"-{family}", "route", "show", VIPS[family])
        hops = [hop for route in routes for hop in route.get("nexthops", [route])]
        return {addresses[hop["gateway"]] for hop in hops if "gateway" in hop}

    def wait_for_next_hops(self, hosts, seconds=20.0):
        """Wait until the router uses exactly these directors for both VIPs; return the time."""
        begin = time.monotonic()
        wanted = {host.name for host in hosts}
        wait_until(lambda: all(self.next_hops(family) == wanted for family in VIPS),
                   f"the router to use {', '.join(sorted(wanted))}", seconds)
        return time.monotonic() - begin

    def watch_routes(self):
        """Note from now on when routes of the router change; for route_changes()."""
        log = self.log("routes")
        child = self.hosts["router"].spawn("ip", "-ts", "monitor", "route", log=log.path)
        self._children.append(child)
        wait_until(lambda: hears_netlink(child.pid), "ip monitor")
        return RouteWatch(child, log)

    def packets_from(self, host):
        """How many packets the router has received from a host of the fabric so far."""
        link, = self.hosts["router"].ip_json("-stats", "link", "show", "dev", host.name)
        return link["stats64"]["rx"]["packets"]

    def load_command(self, *words, program="load.py"):
        """The command line of a program of the client."""
        return [PYTHON, str(HERE / program), *map(str, words)]

    def spawn_on_client(self, label, *words, program="load.py"):
        """Start a program on the client; its standard output is a pipe."""
        child = self.hosts["client"].spawn(*self.load_command(*words, program=program), log=self.log(label).path,
                                           stdout=subprocess.PIPE)
        self._children.append(child)
        return child

    def processes(self):
        """Every long-lived process of the lab, by label, and whether it is alive."""
        if not self.directory:
            return {}
        labels = sorted(path.stem for path in self.directory.glob("*.pid"))
        return {label: is_alive(self.pid(label)) for label in labels}

    def casualties(self):
        """The processes that have ended, each with the last line it logged."""
        dead = [label for label, alive in self.processes().items() if not alive]
        return [f"{label}: {self.log(label).last()}" for label in dead]

    def explore(self):
        """Commands to look around in the lab and to change it, as a text."""
        return Template((HERE / "conf" / "explore.txt").read_text()).substitute(
            lab=self.prefix, directory=self.directory, vip4=VIPS[4], vip6=VIPS[6],
            redirect=self.program("redirect/glb-redirect"), page_port=PAGE_PORT,
            ctl=self.program("ctl/glbctl"), root=ROOT)


def second_chances():
    """The UDP services of the proxies, as glb-redirect wants them."""
    for vip in VIPS.values():
        host = f"[{vip}]" if ":" in vip else vip
        yield from (f"{host}:{ECHO_PORT}", f"{host}:{QUIC_PORT}/quic")


def memory_options():
    """EAL memory options: reserved huge pages when enough are free, ordinary pages otherwise."""
    free = re.search(r"^HugePages_Free:\s+(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    enough = free and int(free[1]) >= HUGE_PAGES_WANTED
    return ["--in-memory"] if enough else ["--no-huge", "-m", "256"]


def is_reload_answer(line):
    """Whether a line of a director's log is the last one about a reload."""
    return "serving generation" in line or "reload refused" in line


if __name__ == "__main__":
    sys.exit("this is a library; run scripts/lab or scripts/demo")
