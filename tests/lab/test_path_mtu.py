# SPDX-License-Identifier: BSD-3-Clause
"""Does "packet too big" find the proxy that has the connection, though its packets come by a second hop?

Between client and router are a host of the client's provider and a link that carries 1400 bytes from
some time on. Neither end of a connection knows: what is too big comes back as an ICMP error, to the
client from its provider and to the proxy from the router, through a director and the first hop.
"""

import os

import pytest
from fleet import Living
from netns import Namespace
from scenarios import Downloads, broken, second_chances, served_by
from topology import PROXIES, SOURCES, SYSCTLS_ALL, SYSCTLS_ROUTER, VIPS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")

NARROW = 1400
DRAINED = PROXIES[1]


def put_provider_between(lab):
    """Take the router's end of the client's link to a host of its own."""
    provider = lab.hosts["isp"] = Namespace(f"{lab.prefix}-isp")
    router = lab.hosts["router"]
    if provider.exists():  # a run that was killed leaves it behind
        provider.delete()
    provider.create(*SYSCTLS_ALL, *SYSCTLS_ROUTER)
    router.ip("link", "set", "client", "netns", provider.name)
    provider.ip("link", "add", "router", "type", "veth", "peer", "name", "isp", "netns", router.name)
    for namespace, link, addresses in (
            (provider, "client", ("10.0.0.1/24", "fd00::1/64")),
            (provider, "router", ("10.0.3.2/24", "fd00:3::2/64")),
            (router, "isp", ("10.0.3.1/24", "fd00:3::1/64"))):
        namespace.ip("link", "set", link, "up")
        for address in addresses:
            namespace.ip("address", "add", address, "dev", link)
    for family, to_client, to_provider, to_router in (
            (4, "10.0.0.2", "10.0.3.2", "10.0.3.1"), (6, "fd00::2", "fd00:3::2", "fd00:3::1")):
        provider.ip("route", "add", SOURCES[family], "via", to_client)
        provider.ip("route", "add", "default", "via", to_router)
        router.ip("route", "replace", SOURCES[family], "via", to_provider)


def narrow(lab):
    """Have the link carry less."""
    for host, link in (("isp", "router"), ("router", "isp")):
        lab.hosts[host].ip("link", "set", link, "mtu", str(NARROW))


@pytest.fixture(scope="module")
def lab(lab_up):
    """A lab whose client has a provider."""
    with lab_up("-pmtu") as ours:
        put_provider_between(ours)
        yield ours


def mtu_towards(lab, host, family, client):
    """The path MTU that a proxy knows towards a client's address; None: that of the device."""
    route, *_ = lab.hosts[host.name].ip_json(f"-{family}", "route", "get", client, "from", VIPS[family])
    return next((one["mtu"] for one in route.get("metrics", []) if "mtu" in one), None)


def test_large_transfers_complete_by_way_of_the_second_hop(lab):
    """A download that began before the proxy was drained, and uploads: none is stuck."""
    downloads = Downloads(lab, DRAINED.name, seconds=3)
    with Living(lab, 20, within=0.5) as living:
        lab.set_state(DRAINED.name, "draining")
        lab.reload()
        redirected = second_chances(lab)
        narrow(lab)
        finished = downloads.finish()
    assert broken(finished) == [] and broken(living.connections) == []
    assert served_by(living.connections)[DRAINED.name], "no upload was by way of the second hop"
    assert second_chances(lab) > redirected
    for one in finished:
        assert mtu_towards(lab, DRAINED, one.family, one.source) == NARROW
