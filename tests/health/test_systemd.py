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
from drivers import eal_options
from netns import Namespace, wait_until
from process import CONFIG

CHECKED = "/var/lib/glb-healthcheck/checked.json"
CONF = {
    "forwarding_table": {"src": "/etc/glb/tables.json", "dst": CHECKED},
    "director_socket": "",
    "tunnel_interface": "eth0",
    "tunnel_src_ip": "127.0.0.1",
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
    (tmp_path / "glb" / "tables.json").chmod(0o640)
    (tmp_path / "default-glb-healthcheck").write_text("")
    namespace = Namespace(f"glb-health-{os.getpid()}")
    namespace.create("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    try:
        namespace.ip("link", "add", "eth0", "type", "veth", "peer", "far")
        namespace.ip("link", "set", "eth0", "up")
        yield SimpleNamespace(folder=tmp_path, namespace=namespace, log=tmp_path / "checker.log")
    finally:
        namespace.delete()


def unit_of(program, name):
    """As this build installs it, with its programs where the tests have them."""
    text = (program.parents[2] / "systemd" / f"{name}.service").read_text()
    return re.sub(r"^(Exec\w+=)/\S*/glb(ctl|-)", r"\1/usr/local/sbin/glb\2", text, flags=re.M)


@pytest.fixture
def service(host, glb_healthcheck):
    """The checker's, not started."""
    made = Systemd(host, unit_of(glb_healthcheck, "glb-healthcheck"), "WatchdogSec=3\n", "glb-healthcheck")
    yield made
    made.end()


def start_director(host, service, program):
    """Beside the checker, on what that writes."""
    for name in ("glb-director", "glbctl"):
        source = program if name == "glb-director" else program.parents[1] / "ctl/glbctl"
        shutil.copy(source, host.folder / "sbin")
    words = f'GLB_DIRECTOR_EAL_ARGS="{" ".join(eal_options(1))} --no-pci --vdev net_null0,no-rx=1"'
    (host.folder / "director.default").write_text(f'{words}\nGLB_DIRECTOR_FORWARDING_TABLE="{CHECKED}"\n')
    alone = "[Unit]\nDefaultDependencies=no"
    unit = re.sub(r"^\[Unit\]", alone, unit_of(program, "glb-director"), flags=re.M)
    log = f"StandardError=append:{host.folder}/director.log\nStandardOutput=null\n"
    (host.folder / "director.service").write_text(unit.replace("[Service]\n", f"[Service]\n{log}"))
    service.run("cp", host.folder / "director.default", "/etc/default/glb-director")
    service.run("cp", host.folder / "director.service", "/etc/systemd/system/glb-director.service")
    service.run("systemctl", "daemon-reload")
    done = service.run("systemctl", "start", "glb-director")
    assert done.returncode == 0, (host.folder / "director.log").read_text()


def test_a_checker_lives_in_its_unit(host, service):
    """As its own user without a capability, its state where the manager wants it; it reloads and stops."""
    service.start()
    assert service.status.startswith("1 of 1 backend healthy, 1 check"), (service.status, host.log.read_text())
    pid = service.show("MainPID")
    assert service.run("stat", "-c", "%U:%G", f"/proc/{pid}").stdout == "glb-healthcheck:glb\n"
    facts = service.run("cat", f"/proc/{pid}/status").stdout
    none = "\t0000000000000000"
    for line in (f"CapEff:{none}", f"CapPrm:{none}", f"CapInh:{none}", f"CapAmb:{none}", "NoNewPrivs:\t1"):
        assert line in facts, facts
    assert "no checks through the tunnel" not in host.log.read_text()  # for lack of what it gave up since
    wait_until(lambda: "event=health_fails_open" in host.log.read_text(), "its checks")
    modes = service.run("stat", "-c", "%a %U:%G", CHECKED, "/var/lib/glb-healthcheck").stdout
    assert modes == "640 glb-healthcheck:glb\n750 glb-healthcheck:glb\n", modes
    wait_until(lambda: "health.json" in service.run("ls", "/var/lib/glb-healthcheck").stdout, "its state")
    assert service.run("systemctl", "reload", "glb-healthcheck").returncode == 0
    wait_until(lambda: " again" in host.log.read_text(), "the reload")
    assert service.is_active()
    service.stop()


def test_a_director_s_unit_serves_what_the_checker_s_writes(host, service, glb_director):
    """One reads the other's file, the other asks it at its socket: both have the group."""
    (host.folder / "glb" / "healthcheck.json").write_text(json.dumps({"forwarding_table": CONF["forwarding_table"]}))
    (host.folder / "glb" / "director.json").write_text(json.dumps(CONFIG))
    (host.folder / "glb" / "tables.json").write_text(json.dumps(source(["127.0.0.1"], 9, False)))
    service.start()
    wait_until(lambda: service.run("test", "-s", CHECKED).returncode == 0, "the checked file")
    start_director(host, service, glb_director)
    wait_until(lambda: "event=tables_in_effect" in host.log.read_text(), "the director's answer")
    assert service.is_active()


def test_files_for_others_are_named_with_the_command_that_mends_it(host, service):
    """The start is tried again until an operator ran that, and a reload goes on without."""
    (host.folder / "glb" / "tables.json").chmod(0o600)
    with pytest.raises(AssertionError):
        service.start()
    refused = "user glb-healthcheck, group glb, may not read /etc/glb/tables.json (mode 0600, root:glb): "
    mend = "chgrp glb /etc/glb/tables.json && chmod g+r /etc/glb/tables.json"
    assert refused + mend in host.log.read_text(), host.log.read_text()
    assert service.run("sh", "-c", mend).returncode == 0
    wait_until(lambda: service.show("ActiveState") == "active", "a start", 60)
    service.run("chmod", "700", "/etc/glb")
    refused = "may not pass /etc/glb (mode 0700, root:glb): chgrp glb /etc/glb && chmod g+x /etc/glb"
    wait_until(lambda: refused in host.log.read_text(), "the source to be missed")
    assert service.show("ActiveState") == "active"


def test_a_folder_of_root_s_is_not_written_to(host, service):
    """The right to replace one file there is the right to replace all."""
    files = {"src": "/etc/glb/tables.json", "dst": "/etc/glb/checked.json"}
    (host.folder / "glb" / "healthcheck.json").write_text(json.dumps({**CONF, "forwarding_table": files}))
    service.start()
    refused = "/etc/glb/checked.json: user glb-healthcheck, group glb, may not write in /etc/glb (mode 0755, root:glb): "
    wait_until(lambda: refused + "name a file in /var/lib/glb-healthcheck" in host.log.read_text(), "the reason")
    assert service.is_active()
