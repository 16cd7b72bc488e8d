# SPDX-License-Identifier: BSD-3-Clause
"""serve: the metrics and the grade of a proxy, as Prometheus, health checkers and HAProxy get them."""

import contextlib
import errno
import json
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hosts import A, B, VIP, VIP6, counted, interface_address
from kernel import inside
from netns import stop, wait_until
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from test_connections import connection, send

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/process"))

# pylint: disable=wrong-import-position
from scrape import families, get, samples, value_of

PAGES, AGENT = 9391, 9392
PORT = 443
BACKLOG = 9  # ten connections may wait
HAPROXY = f"""
global
    stats socket %s
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen proxies
    bind 127.0.0.1:9000
    server proxy {VIP}:80 weight 100 agent-check agent-addr 127.0.0.1 agent-port {AGENT} agent-inter 100ms
"""


class Served:
    """A host whose program is attached, and what `glb-redirect serve` says about it."""

    def __init__(self, host, folder):
        self.host = host
        self.log = folder / "serve.log"
        self._process = None
        host.namespace.ip("addr", "add", "10.9.0.11/24", "dev", "eth0")
        host.add_vips()
        host.redirect("attach", "eth0")

    def start(self, *words):
        self._process = self.host.namespace.spawn(
            self.host.program, "serve", "eth0", "--listen", f"127.0.0.1:{PAGES}", "--agent",
            f"127.0.0.1:{AGENT}", "--window", "1", *words, log=self.log)
        wait_until(lambda: "agent checks at" in self.text() or self._process.poll() is not None, "its start")
        assert self._process.poll() is None, self.text()

    def text(self):
        return self.log.read_text()

    def end(self):
        """Its exit status."""
        if self._process:
            stop([self._process.pid])
            return self._process.wait(60)
        return None

    def get(self, path="/metrics", **more):
        with inside(self.host.namespace):
            return get(PAGES, path, **more)

    def metric(self, name, **labels):
        return value_of(self.get()[2], name, **labels)

    def grade(self):
        status, fields, text = self.get("/grade")
        seen = json.loads(text)
        assert fields["Content-Type"] == "application/json" and fields["GLB-Grade"] == seen["grade"]
        assert status == (200 if seen["ready"] else 503)
        return seen

    def agent(self):
        """What an agent check gets, up to the end of the connection."""
        with inside(self.host.namespace):
            client = socket.create_connection(("127.0.0.1", AGENT), 60)
        with client, client.makefile() as file:
            return file.read()

    def wait_for(self, grade):
        wait_until(lambda: self.grade()["grade"] == grade, f"the grade {grade}")

    def listen(self, address, port, backlog):
        with inside(self.host.namespace):
            listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        listener.bind((address, port))
        listener.listen(backlog)
        listener.setblocking(False)
        return listener

    def knock(self, address, count):
        """Begin connections, without waiting for them to be accepted."""
        clients = []
        for _ in range(count):
            with inside(self.host.namespace):
                client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            client.setblocking(False)
            assert client.connect_ex((address, PORT)) in (0, errno.EINPROGRESS)
            clients.append(client)
        return clients


def accept_all(listener):
    """Accept all that wait, and more until none has come for a moment."""
    taken = []
    while select.select([listener], [], [], 1.5)[0]:
        with contextlib.suppress(BlockingIOError):
            taken.append(listener.accept()[0])
    close(taken)
    return len(taken)


@pytest.fixture
def served(host, tmp_path):
    ours = Served(host, tmp_path)
    try:
        yield ours
    finally:
        ours.end()


def close(sockets):
    for each in sockets:
        each.close()


# --- The grade -----------------------------------------------------------------------------------


@pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
def test_a_listener_that_stops_accepting_brings_the_grade_down_and_back(served, vip):
    """Real connections fill its queue: first most of it, then more than all of it."""
    listener = served.listen(vip, PORT, BACKLOG)
    served.start()
    served.wait_for("ok")
    assert served.agent() == "up 100%\n"

    clients = served.knock(vip, 7)
    served.wait_for("degraded")
    seen = served.grade()
    assert seen["ready"] and seen["reason"] == "degraded: queue 70.0 %"
    assert seen["fullest"] == {
        "listener": f"[{vip}]:{PORT}" if ":" in vip else f"{vip}:{PORT}", "waiting": 7, "backlog": BACKLOG}
    assert served.agent() == "up 50%\n"
    assert served.get("/readyz")[::2] == (200, "ready: degraded: queue 70.0 %\n")
    assert served.metric("glb_redirect_tcp_events_total", event="listen_overflows") == 0

    clients += served.knock(vip, 7)
    served.wait_for("down")
    assert re.fullmatch(r"down #down: (lost \d+\.\d a second, )?queue 100\.0 %\n", served.agent())
    status, _, text = served.get("/readyz")
    assert status == 503 and text.startswith("not ready: down: ") and served.get("/healthz")[0] == 200
    assert served.metric("glb_redirect_tcp_events_total", event="listen_overflows") > 0
    assert served.metric("glb_redirect_grade", grade="down") == 1 and served.metric("glb_redirect_ready") == 0

    assert accept_all(listener) >= BACKLOG + 1
    served.wait_for("ok")
    assert served.agent() == "up 100%\n" and served.get("/readyz")[0] == 200
    assert served.metric("glb_redirect_grade_changes_total") in (3, 4)
    close(clients)
    listener.close()
    assert served.end() == 0
    grades = re.findall(r"\[event=proxy_grade device=eth0 grade=(\w+)\]", served.text())
    assert grades[:2] == ["degraded", "down"] and grades[-1] == "ok"


def test_other_listeners_do_not_count(served):
    """Whose queue is full, but clients do not reach them."""
    listener = served.listen("127.0.0.1", PORT, 1)
    served.start("--limits", "lost=0")
    clients = served.knock("127.0.0.1", 2)
    wait_until(lambda: served.grade()["listeners"] == 0, "a look")
    begin = served.metric("glb_redirect_signal", signal="queue")
    assert begin == 0 and served.grade()["fullest"] is None
    close(clients + [listener])
    on_all = served.listen("0.0.0.0", PORT, 1)
    clients = served.knock("127.0.0.1", 2)
    wait_until(lambda: served.grade()["fullest"], "the listener that serves the VIP, too")
    served.wait_for("down")
    close(clients + [on_all])


def test_lost_connections_alone_degrade_it(served):
    """However many: strangers can cause them."""
    listener = served.listen(VIP, PORT, 1)
    served.start("--limits", "queue=0")
    clients = served.knock(VIP, 2)
    wait_until(lambda: served.metric("glb_redirect_signal", signal="queue") == 100, "a full queue")
    assert served.grade()["grade"] == "ok"
    clients += served.knock(VIP, 20)
    served.wait_for("degraded")
    assert served.grade()["reason"].startswith("degraded: lost ")
    close(clients + [listener])


def test_a_flood_that_is_answered_by_cookies_degrades_it(served):
    """SYNs of clients that do not answer fill the queue of SYNs."""
    served.host.namespace.ip("link", "set", "eth1", "up")
    served.host.namespace.run("sysctl", "-qw", "net.ipv4.tcp_syncookies=1")
    listener = served.listen(VIP, PORT, 1)
    served.start()
    served.wait_for("ok")
    mac = interface_address(served.host.namespace, "eth0")
    flood = [bytes(Ether(dst=mac) / IP(src=f"10.9.0.{n}", dst=VIP) / TCP(sport=40000, dport=PORT, flags="S"))
             for n in range(50, 250)]
    with inside(served.host.namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth1", 0))
        for frame in flood:
            raw.send(frame)
    served.wait_for("degraded")
    assert served.grade()["reason"].startswith("degraded: cookies ")
    assert served.metric("glb_redirect_tcp_events_total", event="syn_cookies") > 10
    listener.close()


def test_limits_that_are_given_are_those_that_count(served):
    listener = served.listen(VIP, PORT, BACKLOG)
    served.start("--limits", "queue=10:20,lost=0", "--vip", VIP)
    assert served.grade()["signals"]["queue"] == {"value": 0, "unit": "%", "degraded": 10, "down": 20}
    assert served.grade()["signals"]["lost"]["degraded"] is None
    clients = served.knock(VIP, 2)
    served.wait_for("down")
    close(clients + [listener])


# --- The program ---------------------------------------------------------------------------------


def test_a_proxy_without_its_program_or_device_is_not_ready(served):
    served.start()
    wait_until(lambda: served.get("/readyz")[0] == 200, "readiness")
    program = served.host.program_id()
    assert served.metric("glb_redirect_program_info", device="eth0", program=str(program),
                         hook="tcx" if served.host.tcx() else "clsact", conntrack="asked") == 1
    served.host.redirect("detach", "eth0")
    wait_until(lambda: served.get("/readyz")[0] == 503, "it to notice")
    assert served.get("/readyz")[2] == "not ready: glb-redirect is not attached\n"
    assert served.agent() == "down #glb-redirect is not attached\n"
    assert served.metric("glb_redirect_attached", device="eth0") == 0
    assert "glb_redirect_packets_total" not in {name for name, _ in samples(served.get()[2])}
    served.host.redirect("attach", "eth0")
    wait_until(lambda: served.get("/readyz")[0] == 200, "readiness")
    served.host.namespace.ip("link", "delete", "eth0")
    wait_until(lambda: served.get("/readyz")[2] == "not ready: the device is gone\n", "it to notice")
    assert served.get("/healthz")[0] == 200


def test_counters_are_those_of_the_program_for_each_vip_too(network, tmp_path):
    """A connection of proxy a, first when it is the first hop, then when b passes its packets on."""
    proxy = network.proxies[0]
    log = tmp_path / "serve.log"
    process = proxy.namespace.spawn(proxy.program, "serve", "eth0", "--listen", f"127.0.0.1:{PAGES}", log=log)
    ours = {"vip": VIP}

    def ask():
        with inside(proxy.namespace):
            return get(PAGES)[2]

    try:
        wait_until(lambda: "metrics and grade at" in log.read_text(), "its start")
        network.director.hops = (A, B)
        with connection(network, proxy, VIP) as (client, server):
            send(client, server, b"hello")
            text = ask()
            assert value_of(text, "glb_redirect_vip_packets_total", group="opened", **ours) == 1
            assert value_of(text, "glb_redirect_vip_packets_total", group="known", **ours) > 0
            assert value_of(text, "glb_redirect_vip_packets_total", group="needed", **ours) == 0
            assert value_of(text, "glb_redirect_vip_last_needed_timestamp_seconds", **ours) == 0
            assert value_of(text, "glb_redirect_vip_sockets", kind="tcp", **ours) == 1
            network.director.hops = (B, A)
            send(client, server, b"hello again")
            wait_until(lambda: value_of(ask(), "glb_redirect_vip_packets_total", group="needed", **ours), "b's help")
            assert value_of(ask(), "glb_redirect_peer_packets_total", peer=B, group="needed") > 0
            assert abs(value_of(ask(), "glb_redirect_vip_last_needed_timestamp_seconds", **ours) - time.time()) < 3600
        with counted(proxy):  # until all is quiet
            pass
        text, counters = ask(), proxy.counters()
        assert counters.pop("total") == sum(counters.values())
        assert {dict(pairs)["reason"]: value for (name, pairs), value in samples(text).items()
                if name == "glb_redirect_packets_total"} == counters
        assert sum(value for (name, _), value in samples(text).items()
                   if name == "glb_redirect_vip_packets_total") == sum(counters.values())
        needed = [sum(value for (name, pairs), value in samples(text).items()
                      if name == f"glb_redirect_{kind}_packets_total" and ("group", "needed") in pairs)
                  for kind in ("vip", "peer")]
        assert needed[0] == needed[1] > 0
    finally:
        stop([process.pid])
        process.wait(60)


# --- Metrics -------------------------------------------------------------------------------------


def asked_for():
    """The proxy's metrics in the expressions of alerts."""
    texts = re.findall(r"expr: (.+)", (ROOT / "config/prometheus-alerts.yml").read_text())
    return {name for text in texts for name in re.findall(r"\bglb_redirect_\w+", text)}


def test_metrics_are_those_of_the_page(served):
    """Family for family, with type, meaning and labels; in both formats; and alerts ask for no other."""
    served.start()
    wait_until(lambda: served.get("/readyz")[0] == 200, "readiness")
    status, fields, text = served.get()
    assert status == 200 and fields["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("\n# EOF\n")
    page = (ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(glb_redirect_\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$", page, re.M)
    served_families = {name: is_so for name, is_so in families(text).items() if not name.startswith("process_")}
    assert {name: (kind, sentence) for name, kind, _, sentence in rows} == served_families
    labels = {name: set(re.findall(r"`(\w+)`", words)) for name, _, words, _ in rows}
    for name, pairs in samples(text):
        family = name if name in labels else re.sub(r"_(total|info)$", "", name)
        if not family.startswith("process_"):
            assert {label for label, _ in pairs} == labels[family], name
    known = {name for name, _ in samples(text)}
    assert asked_for() <= known and len(asked_for()) >= 3, asked_for() - known
    old = served.get(accept=None)[2]
    assert set(samples(old)) == set(samples(text))
    done = subprocess.run(["promtool", "check", "metrics"], input=old, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- HAProxy -------------------------------------------------------------------------------------


@pytest.fixture
def haproxy(served, tmp_path):
    """A function that shows what HAProxy makes of the agent's words: state and weight of its server."""
    if not shutil.which("haproxy"):
        pytest.skip("HAProxy is not installed")
    path = tmp_path / "haproxy.sock"
    (tmp_path / "haproxy.cfg").write_text(HAPROXY % path)
    process = served.host.namespace.spawn("haproxy", "-db", "-f", tmp_path / "haproxy.cfg", log=tmp_path / "log")

    def show():
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                client.sendall(b"show servers state\n")
                _, head, line = client.makefile().read().strip().splitlines()
            seen = dict(zip(head.lstrip("# ").split(), line.split()))
            return {"2": "up", "0": "down"}.get(seen["srv_op_state"]), int(seen["srv_uweight"])
        return None

    try:
        yield show
    finally:
        stop([process.pid])
        process.wait(60)


def test_haproxy_follows_the_agent(served, haproxy):
    listener = served.listen(VIP, PORT, BACKLOG)
    served.start()
    wait_until(lambda: haproxy() == ("up", 100), "a server that is up")
    clients = served.knock(VIP, 7)
    wait_until(lambda: haproxy() == ("up", 50), "half of the weight")
    clients += served.knock(VIP, 7)
    wait_until(lambda: haproxy()[0] == "down", "a server that is down")
    accept_all(listener)
    wait_until(lambda: haproxy() == ("up", 100), "a server that is up again")
    close(clients + [listener])


def test_a_client_of_the_agent_that_stays_or_talks_does_no_harm(served):
    served.start("--limits", "lost=0")  # their own SYNs count, too, where the agent's queue is full
    idle = []
    for _ in range(40):  # more than there are places
        with inside(served.host.namespace):
            idle.append(socket.create_connection(("127.0.0.1", AGENT), 60))
        idle[-1].sendall(b"x" * 1000)
    assert served.agent() == "up 100%\n"
    for client in idle:
        with contextlib.suppress(ConnectionResetError):
            while client.recv(100):
                pass
    close(idle)
    assert served.agent() == "up 100%\n"


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(["words", "reason"], [
    (("--listen", "9391"), "--listen: '9391': not an address and a port, such as 127.0.0.1:9391 or [::1]:9391"),
    (("--listen", "127.0.0.1:0", "--agent", "localhost:1"),
     "--agent: 'localhost:1': not an address and a port, such as 127.0.0.1:9391 or [::1]:9391"),
    (("--listen", "127.0.0.1:0", "--window", "0"), "--window: '0': not a number of seconds up to 3600"),
    (("--listen", "127.0.0.1:0", "--window", "1s"), "--window: '1s': not a number of seconds up to 3600"),
    (("--listen", "127.0.0.1:0", "--limits", "load=1"),
     "--limits: 'load=1': no such signal; there are lost, cookies, queue and memory"),
    (("--listen", "127.0.0.1:0", "--vip", "192.0.2.10,x"),
     "--vip: 'x': not an address, such as 192.0.2.10 or 2001:db8::10"),
])
def test_words_that_make_no_sense_are_refused(host, words, reason):
    assert host.refusal("serve", "eth0", *words) == reason


def test_an_address_that_is_taken_is_refused(served):
    served.start()
    status, _, err = served.host.attempt("serve", "eth0", "--listen", f"127.0.0.1:{PAGES}")
    assert status == 1 and f"127.0.0.1 port {PAGES}" in err and "in use" in err
    status, _, err = served.host.attempt(
        "serve", "eth0", "--listen", "127.0.0.1:0", "--agent", f"127.0.0.1:{AGENT}")
    assert status == 1 and f"--agent: 127.0.0.1 port {AGENT}: Address already in use" in err
