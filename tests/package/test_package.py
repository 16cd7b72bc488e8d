# SPDX-License-Identifier: BSD-3-Clause
"""Debian packages: what lintian says, and a director's life from the installation to the purge."""

import re
import shlex
import shutil
import subprocess

from conftest import run
from manager import Manager

NAMES = ("glb-director", "glb-healthcheck", "glb-redirect", "glbctl")
EAL = "--no-huge -m 256 --no-pci --no-telemetry --lcores 0@0,1@0 --vdev net_null0,no-rx=1"


def packages_in(folder):
    return [next(folder.glob(f"{name}_*.deb")) for name in NAMES]


def test_lintian_finds_no_error(packages):
    changes = next(packages.glob("*.changes"))
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error", changes], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_packages_say_which_commit_they_are(packages):
    for package in packages_in(packages):
        version = run("dpkg-deb", "--field", package, "Version")
        assert re.match(r"\d+\.\d+\.\d+~\d+\.", version), version


def started_as_by_its_unit(machine):
    """The command line of the installed unit, with what it takes from files."""
    unit = (machine.root / "lib/systemd/system/glb-director.service").read_text()
    settings = re.findall(r"^Environment=(\w+)=(.*)$", unit, re.M)
    settings += re.findall(r'^(\w+)="(.*)"$', (machine.root / "etc/default/glb-director").read_text(), re.M)
    settings = dict(settings)
    for word in re.search(r"^ExecStart=(.*)$", unit, re.M)[1].split():
        if word.startswith("${"):
            yield settings[word[2:-1]]
        elif word.startswith("$"):
            yield from shlex.split(settings[word[1:]])
        else:
            yield word


def test_a_director_from_the_installation_to_the_purge(packages, machine, tmp_path):
    """On a host that has nothing of glb, DPDK included, and in the end has nothing of it again."""
    machine.run("apt-get", "-q", "update")
    machine.run("apt-get", "-qy", "install", "systemd-standalone-sysusers")  # or else systemd comes, and leaves files
    before = machine.files()

    (machine.root / "debs").mkdir()
    for package in packages_in(packages):
        shutil.copy(package, machine.root / "debs")
    debs = [f"/debs/{path.name}" for path in (machine.root / "debs").iterdir()]
    machine.run("apt-get", "-qy", "--no-install-recommends", "install", *debs)
    commit = re.search(r"[0-9a-f]{12}", run("dpkg-deb", "--field", packages_in(packages)[0], "Version"))[0]
    for program in ("glbctl", "glb-director", "glb-healthcheck", "glb-redirect"):
        assert commit in machine.run(program, "--version"), program
    for name in ("director.json", "tables.json"):
        machine.run("install", "-m", "600", f"/usr/share/doc/glb/examples/{name}", f"/etc/glb/{name}")
    machine.run("glbctl", "table", "check", "--config", "/etc/glb/director.json", "/etc/glb/tables.json")
    (machine.root / "etc/default/glb-director").write_text(f'GLB_DIRECTOR_EAL_ARGS="{EAL}"\n')

    assert machine.run("id", "-Gn", "glb-healthcheck").split() == ["glb-healthcheck", "glb"]

    with Manager("@glb-package-test") as manager, open(tmp_path / "director.log", "wb") as log:
        process = subprocess.Popen(
            machine.command("env", f"NOTIFY_SOCKET={manager.address}", *started_as_by_its_unit(machine)),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
        try:
            ready = manager.wait_for("READY", 60)
            assert ready["STATUS"].startswith("serving generation 1: 2 tables, "), ready
        finally:
            process.kill()
            process.wait()

    for name in ("glb-director", "glb-healthcheck"):
        (machine.root / "var/lib" / name).mkdir()  # as its unit does
    machine.run("rm", "/etc/glb/director.json", "/etc/glb/tables.json")  # an operator's
    machine.run("apt-get", "-qy", "remove", *NAMES)
    assert (machine.root / "etc/default/glb-director").exists()
    machine.run("apt-get", "-qy", "--purge", "autoremove")
    machine.run("apt-get", "-qy", "purge", *NAMES)
    shutil.rmtree(machine.root / "debs")
    assert sorted(machine.files() ^ before) == []
    assert machine.run("id", "-un", "glb-healthcheck")  # files elsewhere may be its own
