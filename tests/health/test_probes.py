# SPDX-License-Identifier: BSD-3-Clause
"""What each type of probe says about real listeners, and about networks that are broken in one way each."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

# pylint: disable=wrong-import-position
from netns import Namespace, allowed, pause, wait_until
from probes import PROGRAM, Probes, probe

GUE_PORT, FOU_PORT, SILENT_PORT = 19533, 19534, 19535  # none is glb-redirect's
ROOT = Path(__file__).resolve().parents[2]
REDIRECT = ROOT / os.environ.get("GLB_BUILD", "build") / "src/redirect/glb-redirect"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (GLB_BUILD names the build)")


def reasons(results):
    return [result["reason"] for result in results]


# --- on loopback ---

def test_a_queue_that_is_full_costs_a_second_or_the_deadline():
    """A listener that does not accept: its kernel drops SYNs, and the next one is sent after a second."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = stack.enter_context(socket.socket())
        waiting.connect(address)
        late, = probe(["tcp", *address, 300])
        with Probes([["tcp", *address, 60000]]) as probes:
            time.sleep(0.5)
            listener.accept()[0].close()
            slow, = probes.results()
    assert (late["reason"], late["detail"]) == ("timeout", "no connection within 300 ms")
    assert late["connect_us"] == 0
    assert slow["reason"] == "none"
    assert slow["connect_us"] >= 1_000_000, "the SYN was not dropped"


def test_a_thousand_at_once_are_none_too_many():
    """Each gets its result, and no descriptor is needed twice."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        checks = [["tcp", *listener.getsockname(), 30000]] * 1000
        results = probe(*checks)
        assert reasons(results) == ["none"] * 1000
        lacking = probe(*checks[:100], FILES_MAX="50")
    assert set(reasons(lacking)) == {"none", "local"}
    assert {result["detail"] for result in lacking if result["reason"] == "local"} == {"Too many open files"}


def test_ipv6_is_no_different():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        opened, = probe(["tcp", "::1", port, 30000])
    closed, = probe(["tcp", "::1", port, 30000])
    assert reasons([opened, closed]) == ["none", "refused"]


# --- through a network ---

class Pair:
    """A checker at 10.66.0.1, and a backend at 10.66.0.2 and 10.66.0.3; fd66::1 and fd66::2."""

    def __init__(self):
        self.checker = Namespace(f"glbh{os.getpid()}-checker")
        self.backend = Namespace(f"glbh{os.getpid()}-backend")

    def up(self):
        settings = ("net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.all.rp_filter=0",
                    "net.ipv6.conf.default.accept_dad=0", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
        self.checker.create(*settings)
        self.backend.create(*settings)
        self.checker.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.backend.name)
        for namespace, hosts in ((self.checker, [1]), (self.backend, [2, 3])):
            for host in hosts:
                namespace.ip("addr", "add", f"10.66.0.{host}/24", "dev", "eth0")
            namespace.ip("addr", "add", f"fd66::{hosts[0]}/64", "dev", "eth0")
            namespace.ip("link", "set", "eth0", "up")
        self.checker.run("sysctl", "-qw", "net.ipv4.neigh.eth0.retrans_time_ms=100")
        for prefix in ("10.67.0.0/16", "10.68.0.0/16", "10.69.0.0/16"):
            self.checker.ip("route", "add", prefix, "via", "10.66.0.2")
        self.backend.ip("route", "add", "blackhole", "10.68.0.0/16")
        self.backend.ip("route", "add", "unreachable", "10.69.0.0/16")
        self.checker.ip("route", "add", "unreachable", "10.70.0.0/16")

    def down(self):
        for namespace in (self.checker, self.backend):
            if namespace.exists():
                namespace.delete()

    def probe(self, *checks):
        """Tries checks once, from the checker's namespace."""
        return probe(*checks, namespace=self.checker)


@pytest.fixture(scope="module")
def pair():
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    ours = Pair()
    try:
        ours.up()
        yield ours
    finally:
        ours.down()


@pytest.fixture(scope="module")
def backend(pair, tmp_path_factory):
    """The pair, and backend.py on its one side."""
    log = tmp_path_factory.mktemp("backend") / "log"
    process = pair.backend.spawn(sys.executable, Path(__file__).parent / "backend.py",
                                 GUE_PORT, FOU_PORT, SILENT_PORT, log=log)
    wait_until(lambda: "ready" in log.read_text(), "the backend")
    yield pair
    process.kill()
    process.wait()


COMPLAINTS = ("10.67.0.1", "10.69.0.1")  # of a router


def endings(pair, cases):
    """
    The cases with the result of each. A router sends one host at most five errors at once and one a second from
    then on, whatever its settings (ip_error() in the kernel): a case without an error is tried again.
    """
    found = {}
    for attempt in range(4):
        left = [case for case in cases if case not in found or case[1] in COMPLAINTS and found[case] == "timeout"]
        if not left:
            break
        if attempt:
            pause(6)
        results = pair.probe(*([kind, address, 81, 1500] for kind, address, _ in left))
        found |= {case: result["reason"] for case, result in zip(left, results)}
    return [(*case[:2], found[case]) for case in cases]


def test_what_is_in_the_way_is_told_apart(pair):
    """Silence, a neighbour that is not there, a router that says no, and a checker without a route or a permit."""
    cases = [
        ("10.66.0.2", "refused"),
        ("10.66.0.99", "unreachable"),  # does not answer ARP
        ("10.67.0.1", "unreachable"),   # the router has no route
        ("10.69.0.1", "unreachable"),   # the router's route says so
        ("10.68.0.1", "timeout"),       # a black hole behind the router
        ("10.70.0.1", "local"),         # this host's own route says so
        ("10.71.0.1", "local"),         # this host has no route
        ("fd71::1", "local"),
    ]
    every = [(kind, *case) for kind in ("tcp", "udp") for case in cases]
    every += [("gue", *case) for case in cases if case[0] not in COMPLAINTS]
    assert endings(pair, every) == every


def test_a_deadline_is_kept(pair):
    late, = pair.probe(["tcp", "10.68.0.1", 80, 300])
    assert late["reason"] == "timeout"
    assert 290_000 <= late["total_us"] < 300_000 + 1_000_000 * allowed(0.05)


def test_a_link_of_its_own_that_is_down_says_nothing_about_backends(pair):
    """Without a carrier there is still a route, but no reply."""
    pair.backend.ip("link", "set", "eth0", "down")
    try:
        results = pair.probe(["tcp", "10.66.0.2", 81, 1000], ["udp", "10.66.0.2", 81, 100])
    finally:
        pair.backend.ip("link", "set", "eth0", "up")
        pair.backend.ip("addr", "replace", "fd66::2/64", "dev", "eth0")
    assert reasons(results) == ["local", "local"], results


def test_an_echo_comes_back_from_the_tunnel_or_not(backend):
    """The original's checks, over both IP versions, against what is no decapsulator, and without one."""
    cases = [
        (["gue", "10.66.0.2", GUE_PORT], "none", ""),
        (["gue", "fd66::2", GUE_PORT], "none", ""),
        (["fou", "10.66.0.2", FOU_PORT], "none", ""),
        (["fou", "fd66::2", FOU_PORT], "none", ""),
        (["gue", "10.66.0.2", 19536], "refused", "Connection refused"),
        (["gue", "fd66::2", 19536], "refused", "Connection refused"),
        (["gue", "10.66.0.2", SILENT_PORT], "timeout", "no echo reply within 1000 ms"),
        (["gue", "10.66.0.3", GUE_PORT], "timeout", "no echo reply within 1000 ms"),  # another one replies
    ]
    results = backend.probe(*([*check, 1000] for check, _, _ in cases))
    assert [(check, result["reason"], result["detail"])
            for (check, _, _), result in zip(cases, results)] == cases
    assert results[0]["steps"].startswith("echo reply after ")


def test_a_hundred_echoes_are_told_apart(backend):
    """All replies arrive at one socket: each goes to the probe that it belongs to."""
    results = backend.probe(*[["gue", "10.66.0.2", GUE_PORT, 30000], ["gue", "10.66.0.2", SILENT_PORT, 500]] * 100)
    assert reasons(results) == ["none", "timeout"] * 100


def test_the_second_chance_replies_to_the_originals_check(pair):
    """glb-redirect decapsulates an echo request to the proxy's own address, as the original's module does."""
    if not REDIRECT.exists():
        pytest.skip(f"{REDIRECT} is not built")
    pair.backend.run(REDIRECT, "attach", "eth0")
    try:
        results = pair.probe(["gue", "10.66.0.2", 19523, 5000], ["gue", "fd66::2", 19523, 5000])
    finally:
        pair.backend.run(REDIRECT, "detach", "eth0")
    assert reasons(results) == ["none", "none"], results


def test_without_privileges_the_originals_checks_are_none(pair):
    """A checker that may not have a raw socket says so, once for each IP version, and blames no backend."""
    words = pair.checker.command("setpriv", "--inh-caps=-all", "--bounding-set=-all", PROGRAM)
    done = subprocess.run(words, input="gue\t10.66.0.2\t19523\t1000\n", capture_output=True, text=True, check=True)
    assert '"reason": "local", "detail": "Operation not permitted"' in done.stdout
    assert done.stderr.count("no raw socket: Operation not permitted") == 2
