# SPDX-License-Identifier: BSD-3-Clause
"""Does a client notice that the server of a proxy is reloaded, with the configurations of config/proxy?"""

import os
import shutil
import signal
from contextlib import ExitStack

import pytest
from netns import send_signal, wait_until
from proxy_reload import HaproxyMaster, HaproxyReuseport, Nginx, reload_often, rush
from scenarios import Downloads, broken
from topology import PROXIES, VIPS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")

MIGRATE = "net.ipv4.tcp_migrate_req"


@pytest.fixture(scope="module")
def lab(lab_up):
    """A lab without the servers that it starts on the VIPs."""
    with lab_up("-reload") as ours:
        for host in PROXIES:
            send_signal(ours.pid(f"{host.name}-haproxy"), signal.SIGKILL)
        for host in PROXIES:
            wait_until(lambda: not ours.hosts[host.name].run("ss", "-Hltn", "sport = :80"), "port 80 to be free")
        yield ours


@pytest.fixture(params=[HaproxyMaster, Nginx], ids=lambda kind: kind.__name__)
def server(request):
    """A server that is reloaded as docs/proxy-reloads.md says."""
    if request.param is Nginx and not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    return request.param


def reloaded(lab, kind, count, seconds, tasks):
    """How connections end while all proxies are reloaded, and downloads that began before."""
    with ExitStack() as stack:
        servers = [stack.enter_context(kind(lab, host)) for host in PROXIES]
        downloads = Downloads(lab, PROXIES[0].name, seconds=min(seconds, 5))
        with rush(lab, tasks) as client:
            reload_often(servers, count, seconds)
        return client.report, downloads.finish()


def test_sockets_stay_the_same(lab, server):
    """Whoever gets a socket of its own loses what waits in the queue of the one before."""
    with server(lab, PROXIES[0]) as one:
        before = one.sockets()
        one.reload()
        one.settle()
        assert one.sockets() == before and len({address for address, _ in before}) == len(VIPS)


def test_no_client_notices_a_reload(lab, server):
    """All three proxies, ten times in four seconds: nothing is refused, reset or cut off."""
    ends, downloads = reloaded(lab, server, 10, 4, tasks=4)
    assert set(ends) == {"complete"} and ends["complete"] > 100, ends
    assert broken(downloads) == []


@pytest.mark.slow
def test_a_hundred_reloads_in_a_minute(lab, server):
    """The same for longer, under more load."""
    ends, downloads = reloaded(lab, server, 100, 60, tasks=32)
    print(server.__name__, ends)
    assert set(ends) == {"complete"}, ends
    assert broken(downloads) == []


@pytest.mark.slow
@pytest.mark.parametrize("migrate", [0, 1])
def test_sockets_that_are_not_handed_over(lab, migrate):
    """What it would be like otherwise: shown and not claimed, as it is luck."""
    for host in PROXIES:
        lab.hosts[host.name].run("sysctl", "-qw", f"{MIGRATE}={migrate}")
    ends, _ = reloaded(lab, HaproxyReuseport, 100, 60, tasks=32)
    print(f"{MIGRATE}={migrate}", ends)
    assert ends["complete"]
