# SPDX-License-Identifier: BSD-3-Clause
"""The live device: its link is what routing daemons see of the director's state."""

import os
import signal
import subprocess
import time

import pytest
from device import CONFIG, Host
from logs import sentence
from manager import Manager
from netns import pause, wait_until
from process import hold_a_worker

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

LIVE = {**CONFIG, "live_device": "glb-live", "live_leave_ms": 0}
PORT = "net_null0,no-rx=1"


class LiveHost(Host):
    """A host whose director has a live device."""

    def launch(self, config=LIVE, workers=1, environment=(), ports=(PORT,)):
        """Start the director and wait until it forwards."""
        command = ["env", *environment, *self.command(*ports, config=config, workers=workers)]
        self.log.unlink(missing_ok=True)
        self.process = self.namespace.spawn(*command, log=self.log)
        self.wait_for_log(": ready:", 20)

    def link(self, name="glb-live"):
        """ "up", "down" or "gone"."""
        links = [one for one in self.namespace.ip_json("link", "show") if one["ifname"] == name]
        return ("up" if "UP" in links[0]["flags"] else "down") if links else "gone"

    def wait_for_link(self, state):
        wait_until(lambda: self.link() == state, f"the device to be {state}: {self.log.read_text()}", every=0.005)

    def lines(self):
        """What the log says of the device."""
        lines = map(sentence, self.log.read_text().splitlines())
        return [line.partition(" live_device ")[2] for line in lines if " live_device " in line]

    def is_alive(self):
        return self.process.poll() is None

    def end(self, seconds=5.0):
        wait_until(lambda: not self.is_alive(), "the end", seconds)
        assert self.process.returncode == 0, self.log.read_text()


@pytest.fixture
def host(glb_director, tmp_path):
    """Its director has not been started yet."""
    made = LiveHost(glb_director, tmp_path)
    try:
        made.create()
        yield made
    finally:
        made.remove()


def test_it_is_up_while_the_director_is_ready_and_goes_with_it(host):
    """Also through reloads, which routers must not notice, and whatever packets arrive on it."""
    host.launch()
    host.wait_for_link("up")
    for _ in range(5):
        host.reload(LIVE)
    host.namespace.ip("address", "add", "10.9.9.1/24", "dev", "glb-live")
    flood = "import socket\nfor _ in range(3000): socket.socket(2, 2).sendto(b'x' * 1000, ('10.9.9.9', 9))"
    host.namespace.run("python3", "-c", flood)
    host.reload(LIVE)
    assert host.link() == "up" and host.lines() == ["glb-live is up"]
    host.process.send_signal(signal.SIGTERM)
    host.end()
    assert host.link() == "gone"
    assert host.lines() == ["glb-live is up", "glb-live is down"]


def test_the_kernel_removes_it_when_the_director_is_killed(host):
    host.launch()
    host.wait_for_link("up")
    host.process.kill()
    host.process.wait()
    assert host.link() == "gone"
    host.launch()
    host.wait_for_link("up")


def test_a_stop_takes_it_down_first_and_gives_routers_time(host):
    """Workers serve meanwhile; a second SIGTERM ends it at once."""
    host.launch({**LIVE, "live_leave_ms": 700})
    host.wait_for_link("up")
    host.process.send_signal(signal.SIGTERM)
    host.wait_for_link("down")
    begin = time.monotonic()
    host.end()
    assert time.monotonic() - begin > 0.3
    host.launch({**LIVE, "live_leave_ms": 60000})
    host.wait_for_link("up")
    host.process.send_signal(signal.SIGTERM)
    host.wait_for_link("down")
    pause(0.3)
    assert host.is_alive() and host.link() == "down"
    host.process.send_signal(signal.SIGTERM)
    host.end()


def test_a_worker_that_stands_still_takes_it_down_and_up_again_when_it_goes_on(host):
    """The service manager hears why."""
    with Manager(str(host.folder / "notify")) as manager:
        environment = [f"{name}={value}" for name, value in manager.environment().items()]
        host.launch({**LIVE, "live_stall_ms": 200}, workers=2, environment=environment)
        host.wait_for_link("up")
        with hold_a_worker(host):
            host.wait_for_link("down")
            host.wait_for_log("warning: not ready: worker 0 on lcore 1 has made no progress for 2")
            assert_told(manager, "; NOT READY: worker 0 on lcore 1 has made no progress for 2")
        host.wait_for_link("up")
        host.wait_for_log("ready again: all workers serve")
        assert "NOT READY" not in assert_told(manager, "serving generation 1")
    assert host.lines() == ["glb-live is up", "glb-live is down", "glb-live is up"]


def assert_told(manager, text):
    """The next status with this text."""
    for _ in range(10):
        status = manager.wait_for("STATUS")["STATUS"]
        if text in status:
            return status
    pytest.fail(text)


def test_it_is_down_while_the_link_of_every_port_is(host):
    """Nothing arrives or leaves then, whatever a routing daemon has for a way of its own."""
    host.namespace.ip("link", "set", "far", "down")  # eth0 has no carrier
    host.launch(ports=["net_af_packet0,iface=eth0"])
    host.wait_for_log("not ready: no port has a link")
    assert host.link() == "down"
    host.namespace.ip("link", "set", "far", "up")
    host.wait_for_link("up")
    host.namespace.ip("link", "set", "far", "down")
    host.wait_for_link("down")
    assert host.is_alive()
    host.namespace.ip("link", "set", "far", "up")
    host.wait_for_link("up")


def test_it_is_up_while_one_of_two_ports_has_a_link(host):
    host.launch(ports=[PORT, "net_af_packet0,iface=eth0"])
    host.wait_for_link("up")
    host.namespace.ip("link", "set", "far", "down")
    host.wait_for_log("the link of eth0 is down")
    host.reload(LIVE)
    assert host.link() == "up" and "not ready" not in host.log.read_text()


def test_a_worker_may_stand_still_where_that_is_configured(host):
    """live_stall_ms counts as soon as it is reloaded, with a worker that stands still, too."""
    host.launch({**LIVE, "live_stall_ms": 100})
    host.wait_for_link("up")
    with hold_a_worker(host):
        host.wait_for_link("down")
        host.reload({**LIVE, "live_stall_ms": 0})
        host.wait_for_link("up")
        pause(0.5)
        assert host.link() == "up"


def test_a_director_that_stood_still_as_a_whole_stays_ready(host):
    """SIGSTOP and SIGCONT: no worker was slower than the others."""
    host.launch({**LIVE, "live_stall_ms": 1000})
    host.wait_for_link("up")
    host.process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    host.process.send_signal(signal.SIGCONT)
    pause(0.3)
    assert host.lines() == ["glb-live is up"]


def test_somebody_who_sets_it_down_is_left_in_charge_of_it(host):
    """One line says so, and what to do."""
    host.launch()
    host.wait_for_link("up")
    host.namespace.ip("link", "set", "glb-live", "down")
    host.wait_for_log("glb-live was set down by another process")
    pause(0.3)
    assert host.link() == "down"
    assert host.lines()[1].endswith("until it is to be down: ip link set glb-live up")
    host.namespace.ip("link", "set", "glb-live", "up")
    host.wait_for_log("glb-live is up again")
    assert len(host.lines()) == 3


def test_one_that_was_deleted_is_made_again(host):
    host.launch()
    host.wait_for_link("up")
    host.namespace.ip("link", "delete", "glb-live")
    host.wait_for_log("glb-live was deleted, and is created again")
    host.wait_for_link("up")
    host.namespace.ip("link", "set", "glb-live", "down")
    host.namespace.ip("link", "set", "glb-live", "name", "other")
    host.namespace.ip("link", "add", "glb-live", "type", "bridge")
    host.namespace.ip("link", "delete", "other")
    host.wait_for_log("error: live_device glb-live: there is a device of this name already")
    host.namespace.ip("link", "delete", "glb-live")
    host.wait_for_link("up")
    assert host.log.read_text().count("already; routing daemons consider this director dead") == 1


def test_a_director_that_cannot_make_it_does_not_start(host):
    """And says why, with the name."""
    host.namespace.ip("link", "add", "taken", "type", "bridge")
    path = host.folder / "director.json"

    def refusal(name, *wrapper):
        command = host.command(PORT, config={**CONFIG, "live_device": name})
        done = subprocess.run(
            host.namespace.command(*wrapper, *command), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 1, done.stderr
        (error,) = [line for line in done.stderr.splitlines() if "error: " in line]
        return error.partition("error: ")[2]

    assert refusal("taken") == f"{path}: live_device taken: there is a device of this name already"
    for name in ("glb%d", "a/b", "."):
        assert refusal(name) == f"{path}: live_device {name}: invalid name of a device"
    without = ("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin")
    assert refusal("glb-live", *without) == (
        f"{path}: live_device glb-live: not permitted, it takes CAP_NET_ADMIN and /dev/net/tun"
    )
    hidden = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh")
    assert refusal("glb-live", *hidden) == f"{path}: live_device glb-live: there is no /dev/net/tun: modprobe tun"
