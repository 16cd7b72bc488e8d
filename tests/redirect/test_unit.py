# SPDX-License-Identifier: BSD-3-Clause
"""The unit that is installed, under systemd with udev: a device that is made again gets its program again."""

import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from netns import wait_until

sys.path.append(str(Path(__file__).resolve().parent.parent / "process"))

from booted import Systemd  # pylint: disable=wrong-import-position

UDEVD = Path("/lib/systemd/systemd-udevd")
RULES = Path("/lib/udev/rules.d/99-systemd.rules")
UNIT = "glb-redirect@eth0"
# Only the rules that tell systemd of devices: those of the host are not for the devices of a test.
START_UDEV = f"""
set -e
mkdir -p /run/rules
cp {RULES} /run/rules
mount --bind /run/rules {RULES.parent}
{UDEVD} --daemon
udevadm trigger --subsystem-match=net --action=add
udevadm settle
"""


@pytest.fixture
def service(host, program, tmp_path):
    """The unit of this build on a host with a device eth0, and systemd with udev."""
    if not (Path("/lib/systemd/systemd").exists() and UDEVD.exists() and RULES.exists()):
        pytest.skip("systemd or udev is not installed")
    (tmp_path / "sbin").mkdir()
    (tmp_path / "glb").mkdir()
    (tmp_path / "default-glb-redirect").write_text('GLB_REDIRECT_ARGS="--from 10.9.0.0/24"\n')
    shutil.copy(program, tmp_path / "sbin")
    text = (program.parents[2] / "systemd/glb-redirect@.service").read_text()
    text = re.sub(r"^(Exec\w+=-?)/\S*/glb-", r"\1/usr/local/sbin/glb-", text, flags=re.M)
    on = SimpleNamespace(folder=tmp_path, namespace=host.namespace, log=tmp_path / "log")
    made = Systemd(on, text, service=UNIT)
    try:
        made.boot_up()
        done = made.run("sh", "-c", START_UDEV)
        assert done.returncode == 0, done.stderr
        yield made
    finally:
        made.run("udevadm", "control", "--exit")
        made.end()


def is_attached(host):
    """Is the program on eth0, with the arguments of the unit?"""
    status, out, _ = host.attempt("status", "eth0")
    return status == 0 and "from 10.9.0.0/24\n" in out


def test_a_device_that_is_made_again_gets_its_program_again(host, service):
    assert service.run("systemctl", "enable", "--now", UNIT).returncode == 0
    assert is_attached(host), host
    for _ in range(2):
        host.namespace.ip("link", "delete", "eth0")
        wait_until(lambda: service.show("ActiveState") == "inactive", "the end of the unit")
        host.namespace.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
        wait_until(lambda: service.show("ActiveState") == "active", "another start of the unit")
        assert is_attached(host)
    assert service.run("systemctl", "stop", UNIT).returncode == 0
    assert host.refusal("status", "eth0") == "glb-redirect is not attached"
