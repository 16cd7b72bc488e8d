# SPDX-License-Identifier: BSD-3-Clause
"""The director under the unit that is installed with it: its sandbox, its files, its watchdog."""

import contextlib
import json
import os
import re
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from booted import Systemd
from device import DIRECTOR_MAC, PORT, VIP, collect, encapsulated
from drivers import eal_options
from far_end import Wire
from netns import Namespace, wait_until
from process import CONFIG, TABLES
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from held import Held

ROOT = Path(__file__).resolve().parent.parent.parent
# A device of the kernel's, one that the director makes, and a watchdog that does not take long.
PACKET = "--vdev=net_af_packet0,iface=eth0 --vdev=net_tap0,iface=glb-tap"
SOON = "WatchdogSec=3\n"
LIVE = "glb-live"
RUN = "/run/glb-director"
KEPT = "/var/lib/glb-director/last-good.glbd"
XDP = "--vdev=net_af_xdp0,iface=eth0"


@pytest.fixture
def host(glb_director, glbctl, tmp_path):
    """One with glb, its configuration, and a device that leads to a client."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if not Path("/lib/systemd/systemd").exists():
        pytest.skip("systemd is not installed")
    for name in ("sbin", "glb"):
        (tmp_path / name).mkdir()
    for program in (glb_director, glbctl):
        shutil.copy(program, tmp_path / "sbin")  # the unit sees no /tmp but its own
    (tmp_path / "glb" / "director.json").write_text(json.dumps({**CONFIG, "live_device": LIVE}))
    (tmp_path / "glb" / "tables.json").write_text(json.dumps(TABLES))
    (tmp_path / "glb" / "tables.json").chmod(0o600)
    namespace = Namespace(f"glb-unit-{os.getpid()}")
    namespace.create("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    try:
        namespace.ip("link", "add", "eth0", "address", DIRECTOR_MAC, "type", "veth", "peer", "far")
        for device in ("eth0", "far"):
            namespace.ip("link", "set", device, "up")
        yield SimpleNamespace(folder=tmp_path, namespace=namespace, log=tmp_path / "director.log")
    finally:
        namespace.delete()


def unit_of(program, name):
    """As this build installs it, with its programs where the tests have them."""
    text = (program.parents[2] / "systemd" / name).read_text()
    return re.sub(r"^(Exec\w+=-?)/\S*/glb(ctl|-)", r"\1/usr/local/sbin/glb\2", text, flags=re.M)


@contextlib.contextmanager
def started(host, program, devices, more):
    """Its service under the unit of the program's build, with something on top."""
    unit = unit_of(program, "glb-director.service")
    words = " ".join([*eal_options(1), devices])
    (host.folder / "default-glb-director").write_text(f'GLB_DIRECTOR_EAL_ARGS="{words}"\n')
    service = Systemd(host, unit, more)
    try:
        service.start()
        yield service
    finally:
        service.end()


def forwards(namespace):
    """Does a client's packet get to a proxy?"""
    wire = Wire(namespace.name, "far")
    try:
        packet = IP(src="198.51.100.7", dst=VIP) / TCP(sport=40000, dport=PORT, flags="S")
        wire.send(bytes(Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC) / packet))
        frames = collect(wire, 1, lambda frame: frame[:6] == bytes.fromhex("020000000099"))
        return bytes(encapsulated(frames)[0]) == bytes(packet)
    finally:
        wire.close()


def worker_of(service):
    """The kernel's ID of the thread."""
    for pid in service.host.namespace.pids():
        for task in Path(f"/proc/{pid}/task").iterdir():
            if "worker" in (task / "comm").read_text():
                return int(task.name)
    raise AssertionError("no worker")


def is_live(namespace, device=LIVE):
    """Would a routing daemon announce its VIPs?"""
    return any("UP" in link["flags"] for link in namespace.ip_json("link", "show", device))


def test_a_director_lives_in_its_unit(host, glb_director):
    """It forwards, reloads and stops; a worker that stands still has it killed and started again."""
    with started(host, glb_director, PACKET, SOON) as service:
        assert service.status.startswith("serving generation 1: 1 table, "), host.log.read_text()
        assert forwards(host.namespace) and is_live(host.namespace)
        wait_until(lambda: service.run("test", "-s", KEPT).returncode == 0, "the last good tables")
        modes = service.run("stat", "-c", "%a %U:%G %n", f"{RUN}/control.sock", f"{RUN}/control-ro.sock").stdout
        assert modes == f"660 root:glb {RUN}/control.sock\n666 root:glb {RUN}/control-ro.sock\n", modes
        assert service.run("systemctl", "reload", "glb-director").returncode == 0
        assert service.status.startswith("serving generation 2: "), service.status
        service.run("sh", "-c", "echo '{' >/etc/glb/tables.json")
        assert service.run("systemctl", "reload", "glb-director").returncode == 1
        assert service.status.startswith("serving generation 2: "), service.status
        assert "RELOAD REFUSED" in service.status and service.is_active()
        service.run("cp", "-p", f"{host.folder}/glb/tables.json", "/etc/glb/tables.json")

        with Held(worker_of(service)):
            wait_until(lambda: service.show("NRestarts") == "1", "the watchdog", 60)
        wait_until(lambda: service.show("SubState") == "running", "another start", 60)
        assert service.status.startswith("serving generation 1: "), service.status
        assert forwards(host.namespace)
        service.stop()


@pytest.mark.parametrize("bifurcate", [False, True])
def test_a_director_on_af_xdp_takes_a_drop_in(host, glb_director, bifurcate):
    """The one among the examples."""
    config = {**CONFIG, "live_device": LIVE, "bifurcate": bifurcate}
    (host.folder / "glb" / "director.json").write_text(json.dumps(config))
    more = (ROOT / "systemd/glb-director-af_xdp.conf").read_text().partition("[Service]\n")[2]
    with started(host, glb_director, XDP, more) as service:
        assert forwards(host.namespace), host.log.read_text()
        service.stop()


def beside_each_other(host):
    """Files of two instances, each with a device of its own, of which the second leads to another far end."""
    host.namespace.ip("link", "add", "eth1", "address", DIRECTOR_MAC, "type", "veth", "peer", "far1")
    for device in ("eth1", "far1"):
        host.namespace.ip("link", "set", device, "up")
    for name, device in (("a", "eth0"), ("b", "eth1")):
        words = " ".join([*eal_options(1), f"--vdev=net_af_packet0,iface={device}"])
        (host.folder / f"default-glb-director-{name}").write_text(f'GLB_DIRECTOR_EAL_ARGS="{words}"\n')
        (host.folder / "glb" / f"director-{name}.json").write_text(
            json.dumps({**CONFIG, "live_device": f"{LIVE}-{name}", "http_listen": ""}))


class Arriving:
    """A client's packets at a device, again and again, as long as a block runs."""

    def __init__(self, namespace, device):
        self.wire, self.stopped = Wire(namespace.name, device), threading.Event()
        packet = IP(src="198.51.100.7", dst=VIP) / TCP(sport=40000, dport=PORT, flags="S")
        self.frame = bytes(Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC) / packet)
        self.thread = threading.Thread(target=self._send)

    def _send(self):
        while not self.stopped.wait(0.1):
            self.wire.send(self.frame)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        self.wire.close()


def test_an_instance_of_the_unit_takes_over_from_another_and_is_upgraded_in_place(host, glb_director):
    """By glbctl upgrade; a program that would not start is refused while the one before it serves."""
    beside_each_other(host)
    service = Systemd(host, unit_of(glb_director, "glb-director@.service"), service="glb-director@a")

    def upgrade(*words, quiet="1"):
        return service.run("/usr/local/sbin/glbctl", "upgrade", "--quiet", quiet, "--socket", *words)

    try:
        service.start()
        wait_until(lambda: is_live(host.namespace, f"{LIVE}-a"), "the live device")
        with Arriving(host.namespace, "far1"):
            done = upgrade("/run/glb-director-a/control.sock", "--to", "/run/glb-director-b/control.sock",
                           "--start", "systemctl start glb-director@b")
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert "they do: " in done.stdout and "nothing arrives any more: " in done.stdout
        assert service.show("ActiveState") == "inactive" and service.show("Result") == "success"
        service.service = "glb-director@b"
        assert service.is_active() and is_live(host.namespace, f"{LIVE}-b")
        assert service.run("systemctl", "reload", "glb-director@b").returncode == 0

        program, pid = host.folder / "sbin/glb-director", service.show("MainPID")
        kept = program.rename(host.folder / "kept")
        program.write_text("#!/bin/sh\necho no >&2; exit 1\n")
        program.chmod(0o755)
        in_place = ("/run/glb-director-b/control.sock", "--start", "systemctl start glb-director@b")
        done = upgrade(*in_place)
        assert done.returncode == 3 and "/glb-director would not start: --check ended with status 1" in done.stderr
        assert service.is_active() and service.show("MainPID") == pid

        shutil.copy(kept, program)
        with Arriving(host.namespace, "far1"):
            done = upgrade(*in_place, "--deadline", "1", quiet="30")
            assert done.returncode == 3 and "the director stays: after 1 s packets still arrive" in done.stderr
            assert service.is_active() and is_live(host.namespace, f"{LIVE}-b")
        done = upgrade(*in_place)
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert service.show("MainPID") != pid and service.show("ActiveState") == "active"
        assert is_live(host.namespace, f"{LIVE}-b")
        service.stop()
    finally:
        service.end()


def test_a_proxy_s_device_has_the_program_while_its_unit_is_active(host, glb_director):
    """Without the device's own unit, which udev would make."""
    program = glb_director.parents[1] / "redirect/glb-redirect"
    if not program.exists():
        pytest.skip("glb-redirect is not built")
    shutil.copy(program, host.folder / "sbin")
    (host.folder / "default-glb-redirect").write_text('GLB_REDIRECT_ARGS="--from 10.0.0.0/24"\n')
    unit = re.sub(r"^(BindsTo|After)=.*\n", "", unit_of(program, "glb-redirect@.service"), flags=re.M)
    service = Systemd(host, unit, service="glb-redirect@eth0")

    def status():
        return service.run(program, "status", "eth0").stdout

    try:
        service.start()
        assert "from 10.0.0.0/24\n" in status(), host.log.read_text()
        before = status()
        assert service.run("systemctl", "reload", "glb-redirect@eth0").returncode == 0
        assert "from 10.0.0.0/24\n" in status() and status() != before  # another program
        assert service.show("ActiveState") == "active"
        service.stop()
        assert status() == ""
    finally:
        service.end()


def test_a_proxy_is_graded_by_its_unit_in_its_sandbox(host, glb_director):
    """It finds the program, reads its counters and the kernel's, and answers, as a user of its own."""
    program = glb_director.parents[1] / "redirect/glb-redirect"
    if not program.exists():
        pytest.skip("glb-redirect is not built")
    shutil.copy(program, host.folder / "sbin")
    (host.folder / "default-glb-redirect").write_text('GLB_REDIRECT_SERVE_ARGS="--listen 127.0.0.1:9391"\n')
    unit = re.sub(r"^(Wants|After)=.*\n", "", unit_of(program, "glb-redirect-serve@.service"), flags=re.M)
    service = Systemd(host, unit, service="glb-redirect-serve@eth0")

    def ask(path):
        return service.run("curl", "-s", f"http://127.0.0.1:9391{path}").stdout

    try:
        host.namespace.run(program, "attach", "eth0")
        service.start()
        wait_until(lambda: ask("/readyz") == "ready: ok: all signals are below their limits\n", "readiness", 60)
        text = ask("/metrics")
        assert 'glb_redirect_packets_total{reason="accepted_syn"} 0' in text, host.log.read_text()
        assert all(f'glb_redirect_signal{{signal="{name}"}} ' in text for name in ("lost", "cookies", "queue"))
        assert 'glb_redirect_tcp_events_total{event="listen_drops"} ' in text
        assert service.is_active()
        service.stop()
    finally:
        service.end()
