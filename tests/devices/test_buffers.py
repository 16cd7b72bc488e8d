# SPDX-License-Identifier: BSD-3-Clause
"""What does a director do without free packet buffers: at its start, and while it forwards?"""

import os
from pathlib import Path

import pytest
from device import CONFIG, Host
from netns import wait_until
from test_kernel_devices import ON_ETH0, Traffic


@pytest.fixture
def hoard(host, monkeypatch):
    """The plug-in that keeps all buffers while the file is there."""
    folder = Path(__file__).resolve().parents[2] / os.environ.get("GLB_BUILD", "build") / "tests/devices"
    if not (folder / "libhoard.so").exists():
        pytest.skip("the plug-in is not built")
    path = host.folder / "hoard"
    monkeypatch.setenv("GLB_HOARD", str(path))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))  # DPDK wants none by a path that others may write to
    command = Host.command
    monkeypatch.setattr(Host, "command", lambda *args, **options: [*(made := command(*args, **options))[:1], "-d", "libhoard.so", *made[1:]])
    return path


def test_a_director_without_free_buffers_says_so_and_forwards_again_when_it_has_some(host, hoard):
    """Nothing arrives meanwhile, nothing ends, and the log has a line for each."""
    host.start(ON_ETH0[0])
    hoard.write_text("")
    host.wait_for_log("warning: no packet buffer is free, of ", 20)
    traffic = Traffic(host)
    assert not traffic.reply()
    host.reload(CONFIG)
    hoard.unlink()
    host.wait_for_log("info: packet buffers are free again: ", 20)
    wait_until(traffic.reply, "a packet that is forwarded", 20)
    hoard.write_text("")
    host.wait_for_log("[event=buffers_gone]", 20, count=2)
    hoard.unlink()
    host.wait_for_log("[event=buffers_back]", 20, count=2)
    assert traffic.reply()
    host.stop()
