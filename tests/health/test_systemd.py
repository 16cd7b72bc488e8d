# SPDX-License-Identifier: BSD-3-Clause
"""The checker under the unit that is installed with it: its sandbox, its files, what the manager hears."""

import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from booted import Systemd
from checker import source
from netns import Namespace, wait_until

CONF = {
    "forwarding_table": {"src": "/etc/glb/tables.json", "dst": "/etc/glb/tables.checked.json"},
    "director_socket": "",
}


@pytest.fixture
def host(glb_healthcheck, tmp_path):
    """One with the checker and its configuration."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if not Path("/lib/systemd/systemd").exists():
        pytest.skip("systemd is not installed")
    for name in ("sbin", "glb"):
        (tmp_path / name).mkdir()
    shutil.copy(glb_healthcheck, tmp_path / "sbin")  # the unit sees no /tmp but its own
    (tmp_path / "glb" / "healthcheck.json").write_text(json.dumps(CONF))
    (tmp_path / "glb" / "tables.json").write_text(json.dumps(source(["127.0.0.1"], 9)))
    (tmp_path / "glb" / "tables.json").chmod(0o600)
    (tmp_path / "default-glb-healthcheck").write_text("")
    namespace = Namespace(f"glb-health-{os.getpid()}")
    namespace.create("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    try:
        yield SimpleNamespace(folder=tmp_path, namespace=namespace, log=tmp_path / "checker.log")
    finally:
        namespace.delete()


def test_a_checker_lives_in_its_unit(host, glb_healthcheck):
    """Without a capability, and with its state where the manager wants it; it reloads and stops."""
    text = (glb_healthcheck.parents[2] / "systemd" / "glb-healthcheck.service").read_text()
    unit = re.sub(r"^(ExecStart=)/\S*/glb-", r"\1/usr/local/sbin/glb-", text, flags=re.M)
    service = Systemd(host, unit, "WatchdogSec=3\n", "glb-healthcheck")
    try:
        service.start()
        assert service.status.startswith("1 of 1 backend healthy, 1 check"), (service.status, host.log.read_text())
        pid = service.show("MainPID")
        facts = service.run("cat", f"/proc/{pid}/status").stdout
        for line in ("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1"):
            assert line in facts, facts
        wait_until(lambda: "event=health_fails_open" in host.log.read_text(), "its checks")
        modes = service.run("stat", "-c", "%a", "/etc/glb/tables.checked.json", "/var/lib/glb-healthcheck").stdout
        assert modes == "600\n700\n", modes
        wait_until(lambda: service.run("ls", "/var/lib/glb-healthcheck").stdout == "health.json\n", "its state")
        assert service.run("systemctl", "reload", "glb-healthcheck").returncode == 0
        wait_until(lambda: " again" in host.log.read_text(), "the reload")
        assert service.is_active()
        service.stop()
    finally:
        service.end()
