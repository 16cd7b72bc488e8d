# SPDX-License-Identifier: BSD-3-Clause
"""A director on a device of a namespace, for tests that are about devices rather than packets."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "packets"))

from device import Host  # noqa: E402
from netns import Namespace  # noqa: E402


@pytest.fixture
def host(glb_director, tmp_path):
    """A namespace with a veth pair, `eth0` and its far end `far`, and no director yet."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    made = Host(glb_director, tmp_path)
    try:
        made.create()
        yield made
    finally:
        made.remove()


@pytest.fixture
def peer(host):
    """Another host, which has the far end of the host's veth pair; it has no address yet."""
    made = Namespace(f"{host.namespace.name}-peer")
    made.create("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    try:
        host.namespace.ip("link", "set", "far", "netns", made.name)
        made.ip("link", "set", "far", "up")
        yield made
    finally:
        made.delete()
