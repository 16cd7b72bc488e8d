# SPDX-License-Identifier: BSD-3-Clause
"""The `director` that every packet case is run against, once per driver."""

import os

import pytest

import drivers
import frames
from director import Director

EVERYWHERE = ["replay", "net_pcap", "veth"]
IF_MARKED = ["net_pcap_two_workers"]
ORDER = ["replay", "net_pcap", "net_pcap_two_workers", "veth"]


def pytest_configure(config):
    config.addinivalue_line("markers", "two_workers: also run where bursts are handed over")


def pytest_generate_tests(metafunc):
    if "director" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("two_workers")
        metafunc.parametrize("director", EVERYWHERE + (IF_MARKED if marked else []), indirect=True)


def pytest_collection_modifyitems(items):
    """All cases of one driver after the other: net_pcap wants to know what replay was given."""

    def place(item) -> int:
        driver = getattr(item, "callspec", None) and item.callspec.params.get("director")
        return ORDER.index(driver) if driver in ORDER else 0

    items.sort(key=place)


@pytest.fixture(scope="session")
def ledger():
    """What replay was given, and what should have come out."""
    return []


@pytest.fixture(scope="session")
def replay(glbctl, tmp_path_factory, ledger):
    return drivers.Replay(glbctl, tmp_path_factory.mktemp("replay"), ledger)


@pytest.fixture(scope="session")
def net_pcap(glb_director, tmp_path_factory, ledger):
    return drivers.NetPcap(glb_director, tmp_path_factory.mktemp("net-pcap"), ledger)


@pytest.fixture(scope="session")
def net_pcap_two_workers(glb_director, tmp_path_factory, ledger):
    """One queue and two workers, so that bursts are handed over."""
    return drivers.NetPcap(glb_director, tmp_path_factory.mktemp("net-pcap"), ledger, workers=2)


@pytest.fixture(scope="session")
def veth(glb_director, request, tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    driver = drivers.Veth(glb_director, tmp_path_factory.mktemp("veth"))
    try:
        driver.start()
        yield driver
    finally:
        driver.stop()
    if not request.session.testsfailed:  # a case that failed leaves its difference behind
        driver.check_counters()


@pytest.fixture
def director(request) -> Director:
    """A director with the configuration and tables of frames.py."""
    return Director(request.getfixturevalue(request.param), frames.CONFIG, frames.TABLES)
