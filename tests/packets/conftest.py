# SPDX-License-Identifier: BSD-3-Clause
"""The `director` that every packet case is handed, and the drivers behind it."""

import os
import pickle
from pathlib import Path

import pytest

import drivers
import frames
from director import Director


def pytest_configure(config):
    config.addinivalue_line("markers", "drivers(name...): what to run a case with instead of replay")


def pytest_generate_tests(metafunc):
    if "director" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("drivers")
        metafunc.parametrize("director", marked.args if marked else ["replay"], indirect=True)


def pytest_collection_modifyitems(items):
    """What wants to know all that replay was given comes last."""
    items.sort(key=lambda item: item.path.name == "test_drivers.py")


@pytest.fixture(scope="session")
def ledger():
    """What replay was given, and what should have come out: now, or when GLB_LEDGER was written."""
    file = Path(os.environ.get("GLB_LEDGER", "/dev/null"))
    known = file.is_file()
    entries = pickle.loads(file.read_bytes()) if known else []
    yield entries
    if not known:
        file.write_bytes(pickle.dumps(entries))


@pytest.fixture(scope="session")
def replay(glbctl, tmp_path_factory, ledger):
    return drivers.Replay(glbctl, tmp_path_factory.mktemp("replay"), ledger)


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
