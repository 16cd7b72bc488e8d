# SPDX-License-Identifier: BSD-3-Clause
"""Packages of this tree, and a host of nothing but Debian's essential packages to install them on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = ("dpkg-buildpackage", "dh", "scdoc", "lintian", "mmdebstrap")

for folder in ("process", "packets"):
    sys.path.insert(0, str(ROOT / "tests" / folder))


def run(*words, **options):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The folder with what scripts/package makes; GLB_PACKAGES names one that is there already."""
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        pytest.skip(f"not installed: {' '.join(missing)}")
    if "GLB_PACKAGES" in os.environ:
        return Path(os.environ["GLB_PACKAGES"]).resolve()
    folder = tmp_path_factory.mktemp("packages")
    run(ROOT / "scripts/package", folder)
    return folder


class Machine:
    """A root folder of its own, in which commands run."""

    def __init__(self, root):
        self.root = root

    def command(self, *words):
        """In mount and process name spaces of their own: nothing that they start or mount is left."""
        mounts = 'mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys" && mount --rbind /dev "$1/dev"'
        script = f'{mounts} && cd / && exec chroot "$@"'
        spaces = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        return [*spaces, "sh", "-c", script, "sh", str(self.root), *map(str, words)]

    def run(self, *words):
        return run(*self.command(*words), env={"PATH": os.environ["PATH"], "DEBIAN_FRONTEND": "noninteractive"})

    def files(self):
        """Everything but what apt and dpkg keep about packages, past and present, and what no reboot survives."""
        books = ("debs", "dev", "proc", "run", "sys", "tmp", "var/cache", "var/lib/apt", "var/lib/dpkg", "var/log")
        found = set()
        for top, folders, names in os.walk(self.root):
            inside = os.path.relpath(top, self.root)
            folders[:] = [name for name in folders if os.path.normpath(f"{inside}/{name}") not in books]
            found.update(os.path.normpath(f"{inside}/{name}") for name in [*folders, *names])
        return found - {f"etc/{name}-" for name in ("group", "gshadow", "passwd", "shadow")}  # copies of accounts


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    """As mmdebstrap makes it."""
    if os.geteuid() != 0:
        pytest.skip("chroots need root")
    if not shutil.which("mmdebstrap"):
        pytest.skip("mmdebstrap is not installed")
    root = tmp_path_factory.mktemp("machine")
    run("mmdebstrap", "--variant=minbase", "--aptopt=Acquire::Languages none", "bookworm", root)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    yield Machine(root)
    shutil.rmtree(root)
