# SPDX-License-Identifier: BSD-3-Clause
"""The `director` that every packet case is run against, once per driver."""

import os

import pytest

import drivers
import frames
from director import Director

EVERYWHERE = ["replay", "veth"]
IF_MARKED = ["net_pcap", "net_pcap_two_workers"]  # a process per send(): too slow for every case


def pytest_configure(config):
    config.addinivalue_line("markers", "net_pcap: also run with the director on capture files")


def pytest_generate_tests(metafunc):
    if "director" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("net_pcap")
        metafunc.parametrize("director", EVERYWHERE + (IF_MARKED if marked else []), indirect=True)


@pytest.fixture(scope="session")
def replay(glbctl, tmp_path_factory):
    return drivers.Replay(glbctl, tmp_path_factory.mktemp("replay"))


@pytest.fixture(scope="session")
def net_pcap(glb_director, tmp_path_factory):
    return drivers.NetPcap(glb_director, tmp_path_factory.mktemp("net-pcap"))


@pytest.fixture(scope="session")
def net_pcap_two_workers(glb_director, tmp_path_factory):
    """One queue and two workers, so that bursts are handed over."""
    return drivers.NetPcap(glb_director, tmp_path_factory.mktemp("net-pcap"), workers=2)


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
