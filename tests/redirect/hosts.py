# SPDX-License-Identifier: BSD-3-Clause
"""A small network for the second chance: a client, a director in a few lines, and two proxies.

    client 10.9.0.1 --+              +-- a 10.9.0.11, the VIPs on lo, glb-redirect on eth0
                      +--- switch ---+
    director 10.9.0.2-+              +-- b 10.9.0.12, likewise

The client routes the VIPs to the director. The proxies answer the client directly.
"""

import contextlib
import json
import os
import socket
import subprocess
import threading

import wire
from kernel import Program, inside, tcx_programs
from netns import Namespace

VIP, VIP6 = "192.0.2.10", "2001:db8:10::10"
CLIENT, DIRECTOR, A, B = "10.9.0.1", "10.9.0.2", "10.9.0.11", "10.9.0.12"
DIRECT = "10.9.0.3"  # the client's, too: from here it reaches the VIPs on a without a director
SO_NO_CHECK, UDP_NO_CHECK6_TX = 11, 101  # of asm/socket.h and linux/udp.h
FABRIC_MTU = 1600  # a client's 1500 bytes and the outer headers
NO_FILTER = {"ht_divisor": 0}  # tc lists hash tables of u32, and headings without options, too

_SETTINGS = (
    "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2",
    "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0",
)


def address6(address):
    """The IPv6 address beside an IPv4 address on the fabric."""
    return f"fd09::{address.rpartition('.')[2]}"


def interface_address(namespace, device):
    """The MAC address of a device, as bytes."""
    link, = namespace.ip_json("link", "show", "dev", device)
    return bytes.fromhex(link["address"].replace(":", ""))


def interface_index(namespace, device):
    link, = namespace.ip_json("link", "show", "dev", device)
    return link["ifindex"]


def program_name(number):
    """The name of a program in the kernel."""
    with contextlib.closing(Program(number)) as program:
        return program.name()


class Proxy:
    """A host with the VIPs on its loopback and glb-redirect on eth0."""

    def __init__(self, namespace, address, program):
        self.namespace = namespace
        self.address = address
        self.program = program

    def add_vips(self):
        for vip in (f"{VIP}/32", f"{VIP6}/128"):
            self.namespace.ip("addr", "add", vip, "dev", "lo")

    def redirect(self, *words):
        """Run glb-redirect on this host."""
        return self.namespace.run(self.program, *words)

    def counters(self):
        """What the program on eth0 has counted since it was attached."""
        return json.loads(self.redirect("counters", "eth0", "--json"))

    def tcx(self):
        """The programs in the tcx list of eth0, in order: id and name of each."""
        ids = tcx_programs(self.namespace, interface_index(self.namespace, "eth0")) or []
        return [(each, program_name(each)) for each in ids]

    def filters(self, direction="ingress"):
        """The tc filters of eth0: kind, and id and name of its program, if it is one of eBPF."""
        shown = json.loads(self.namespace.run(
            "tc", "-json", "filter", "show", "dev", "eth0", direction))
        programs = [(entry["kind"], entry["options"].get("prog", {})) for entry in shown
                    if "ht_divisor" not in entry.get("options", NO_FILTER)]
        return sorted(((kind, program.get("id"), program.get("name"))
                       for kind, program in programs), key=str)

    def program_id(self):
        """The id of the program on eth0."""
        return next(number for number, name in
                    [*self.tcx(), *((number, name) for _, number, name in self.filters())]
                    if name == "glb_redirect")

    def listen(self, host, port=0, proto=0):
        """A listening TCP socket on an address of this host; "::" serves IPv4 and IPv6."""
        with inside(self.namespace):
            listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                                     socket.SOCK_STREAM, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        listener.settimeout(60)
        return listener


class Host(Proxy):
    """A host with a device eth0, and nothing on it yet."""

    def tc(self, *words):
        return self.namespace.run("tc", *words)

    def places(self, direction="ingress"):
        """What is on eth0: "tcx" or kind of filter, and the program of each."""
        tcx = [("tcx", name) for _, name in self.tcx()] if direction == "ingress" else []
        return [*tcx, *((kind, name) for kind, _, name in self.filters(direction))]

    def add_filter(self, *words, direction="ingress"):
        self.tc("filter", "add", "dev", "eth0", direction, *words)

    def qdiscs(self):
        shown = json.loads(self.tc("-json", "qdisc", "show", "dev", "eth0"))
        return {entry["kind"] for entry in shown}

    def attempt(self, *words, user=0, less=(), before=()):
        """Run glb-redirect as a user without some capabilities, and a command before it; returns its
        exit status, standard output and error."""
        bounds = [f"--bounding-set={','.join(f'-{name}' for name in less)}"] if less else []
        done = subprocess.run(
            self.namespace.command(
                *before, "setpriv", f"--reuid={user}", "--clear-groups", *bounds, self.program, *words),
            capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def refusal(self, *words, **more):
        """Run glb-redirect, which must refuse; returns its reason."""
        status, out, err = self.attempt(*words, **more)
        assert (status, out) == (1, "")
        prefix, _, reason = err.partition(f"glb-redirect: error: {words[1]}: ")
        assert prefix == "" and reason.count("\n") == 1
        return reason.strip()

    def warnings(self, *words):
        """Run glb-redirect, which must do it; returns what it warns of."""
        status, _, err = self.attempt(*words)
        assert status == 0
        prefix = f"glb-redirect: warning: {words[1]}: "
        lines = err.splitlines()
        assert all(line.startswith(prefix) for line in lines)
        return [line[len(prefix):] for line in lines]


def _at_rest(proxies):
    """The counters of proxies when no packet is on its way any more, such as a last acknowledgement."""
    last = None
    for _ in range(50):
        last, now = [proxy.counters() for proxy in proxies], last
        if last == now:
            break
    return last


@contextlib.contextmanager
def counted(*proxies):
    """Gives a dictionary per proxy; after the block it has the counters that moved in it."""
    before = _at_rest(proxies)
    moved = [{} for _ in proxies]
    yield moved
    for then, now, result in zip(before, _at_rest(proxies), moved):
        result.update({name: now[name] - then[name] for name in now if now[name] != then[name]})


class Director(threading.Thread):
    """Wraps every packet for a VIP in GUE for the first of `hops`, and names the others."""

    def __init__(self, namespace):
        super().__init__(daemon=True)
        self.hops = ()
        self.underlay = 4
        with inside(namespace):
            self._in = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self._out = {4: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
                         6: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)}
        self._in.bind(("eth0", 0))
        self._in.settimeout(0.1)
        self._out[4].bind((DIRECTOR, wire.SOURCE_PORT))
        self._out[6].bind((address6(DIRECTOR), wire.SOURCE_PORT))
        self._ending = threading.Event()
        self._vips = {wire.address(VIP), wire.address(VIP6)}

    def use(self, underlay, with_checksum=True):
        """From now on, write outer headers of IP version 4 or 6."""
        self._out[4].setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, not with_checksum)
        self._out[6].setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_TX, not with_checksum)
        self.underlay = underlay

    def run(self):
        while not self._ending.is_set():
            with contextlib.suppress(socket.timeout):
                self._forward(self._in.recvfrom(65536))

    def _forward(self, received):
        frame, (_, kind, direction, *_) = received
        packet = frame[14:]
        if direction != socket.PACKET_HOST or kind not in (0x0800, 0x86DD):
            return
        if (packet[16:20] if kind == 0x0800 else packet[24:40]) in self._vips:
            underlay = self.underlay
            first, *others = self.hops if underlay == 4 else map(address6, self.hops)
            self._out[underlay].sendto(wire.gue(packet, others, underlay=underlay),
                                       (first, wire.GUE_PORT))

    def end(self):
        self._ending.set()
        self.join()
        self._in.close()
        for out in self._out.values():
            out.close()


class Network:
    """The namespaces above. Every name starts with a prefix of this process."""

    def __init__(self, program):
        prefix = f"glbr{os.getpid()}"
        self.switch, self.client, self.director_host, *proxies = (
            Namespace(f"{prefix}-{name}") for name in ("sw", "client", "director", "a", "b"))
        self.proxies = [Proxy(namespace, address, program)
                        for namespace, address in zip(proxies, (A, B))]
        self._more = []
        self.director = None

    def up(self):
        self.switch.create(*_SETTINGS)
        self.switch.ip("link", "add", "br0", "mtu", str(FABRIC_MTU), "type", "bridge")
        self.switch.ip("link", "set", "br0", "up")
        self._connect(self.client, CLIENT)
        self._connect(self.director_host, DIRECTOR)
        for vip in (VIP, VIP6):  # its kernel must not answer that it knows no way
            self.director_host.ip("route", "add", "blackhole", vip)
        for proxy in self.proxies:
            self._set_up(proxy)
        self.route_vips_to(DIRECTOR)
        self._reach_vips_directly()
        # the director in Python reads what is in the frames, so the client must finish them
        self.client.run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off")
        self.director = Director(self.director_host)
        self.director.start()

    def _set_up(self, proxy):
        self._connect(proxy.namespace, proxy.address)
        proxy.add_vips()
        proxy.redirect("attach", "eth0")

    def down(self):
        if self.director:
            self.director.end()
        for namespace in (self.client, self.director_host,
                          *(proxy.namespace for proxy in self.proxies + self._more), self.switch):
            if namespace.exists():
                namespace.delete()

    def _connect(self, namespace, address):
        namespace.create(*_SETTINGS)
        port = "to-" + namespace.name.rpartition("-")[2]
        self.switch.ip(
            "link", "add", port, "mtu", str(FABRIC_MTU), "type", "veth",
            "peer", "name", "eth0", "mtu", str(FABRIC_MTU), "netns", namespace.name)
        self.switch.ip("link", "set", port, "master", "br0", "up")
        namespace.ip("link", "set", "eth0", "up")
        namespace.ip("addr", "add", f"{address}/24", "dev", "eth0")
        namespace.ip("addr", "add", f"{address6(address)}/64", "dev", "eth0", "nodad")

    def route_vips_to(self, host):
        """The client hands packets for the VIPs, of 1500 bytes at most, to a host of the fabric."""
        self.client.ip("route", "replace", VIP, "via", host, "mtu", "1500")
        self.client.ip("route", "replace", VIP6, "via", address6(host), "mtu", "1500")

    def _reach_vips_directly(self):
        for address, vip, via in ((DIRECT, VIP, A), (address6(DIRECT), VIP6, address6(A))):
            family, length = ("-6", 64) if ":" in vip else ("-4", 24)
            self.client.ip("addr", "add", f"{address}/{length}", "dev", "eth0", "nodad",
                           "preferred_lft", "0")  # for those only who bind to it
            self.client.ip(family, "rule", "add", "from", address, "lookup", "3")
            self.client.ip(family, "route", "add", vip, "via", via, "table", "3")

    def connect_directly(self, vip, port):
        """A connection from the client to a VIP on proxy a, past the director."""
        source = address6(DIRECT) if ":" in vip else DIRECT
        with inside(self.client):
            return socket.create_connection((vip, port), 60, (source, 0))

    def add_proxy(self, name, address):
        """One more proxy, which nobody mentions unless he knows it."""
        prefix = self.switch.name.rpartition("-")[0]
        proxy = Proxy(Namespace(f"{prefix}-{name}"), address, self.proxies[0].program)
        self._more.append(proxy)
        self._set_up(proxy)
        return proxy

    def send_to(self, proxy, inner, hops=(), next_hop=0):
        """Send a client's packet from the director's host to a proxy, in GUE."""
        with inside(self.director_host), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(wire.gue(bytes(inner), hops, next_hop), (proxy.address, wire.GUE_PORT))

    def connect(self, vip, port, source_port=0):
        """A connection from the client to a VIP."""
        with inside(self.client):
            client = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET)
        client.settimeout(60)
        client.bind(("", source_port))
        client.connect((vip, port))
        return client
