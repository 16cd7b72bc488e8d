# SPDX-License-Identifier: BSD-3-Clause
"""A real systemd, which manages one service in a namespace of its own."""

import contextlib
import os
import re
import subprocess
from pathlib import Path

import pytest
from netns import stop, wait_until

# Runs in mount, process and host name spaces of its own, $1 being the folder of the test, and moves
# into a cgroup of its own, which becomes the root of those that systemd sees.
BOOT = """
set -e
mount --make-rprivate /
mkdir -p "$1/cgroup"
mount -t cgroup2 none "$1/cgroup"
mkdir "$1/cgroup/$2"
echo $$ >"$1/cgroup/$2/cgroup.procs"
cp -a /etc "$1/etc"
rm -rf "$1/etc/systemd/system" "$1/etc/default" "$1/etc/glb"
mkdir -p "$1/etc/default" "$1/glb"
cp -a "$1/glb" "$1/etc/glb"
mount --bind "$1/etc" /etc
mount -t tmpfs none /run
mount -t tmpfs none /var/lib
mount --bind "$1/sbin" /usr/local/sbin
mkdir -p /run/systemd/system /run/lock "/etc/systemd/system/$3.d"
for file in "$1"/default-*; do cp "$file" "/etc/default/${file##*/default-}"; done
systemd-sysusers "$4"/*.sysusers
chgrp -R glb /etc/glb
cp "$1/$3" "$1/boot.target" /etc/systemd/system
cp "$1/here.conf" "/etc/systemd/system/$3.d"
exec unshare -C -p -f --mount-proc --kill-child sh -c '
	mount -t cgroup2 none /sys/fs/cgroup
	exec env -i container=glb PATH="$PATH" /lib/systemd/systemd --system --unit=boot.target --log-target=console
'
"""
UNITS = Path(__file__).resolve().parents[2] / "systemd"
CLEAN = 'mount -t cgroup2 none "$1/cgroup" && find "$1/cgroup/$2" -depth -type d -exec rmdir {} +'


class Systemd:
    """A systemd that is the first process of the host, and manages one service.

    The files of the host's folder: sbin/ (programs), glb/ (what is to be in /etc/glb, for the group glb),
    default-NAME (/etc/default/NAME).
    """

    def __init__(self, host, unit, more="", service="glb-director"):
        """The unit and what comes on top of it; its programs are in /usr/local/sbin."""
        self.service = service
        self.file = re.sub("@.*", "@", service) + ".service"
        self.host = host
        self.name = f"glb-systemd-{os.getpid()}"
        self.others = self._private_folders()
        self.boot = None
        self.pid = None
        self.seen = None  # status after the last reload
        (host.folder / self.file).write_text(unit)
        alone = "[Unit]\nDefaultDependencies=no\n"  # there is no rest of a system
        outputs = f"StandardError=append:{host.log}\nStandardOutput=append:{host.folder}/counters\n"
        (host.folder / "boot.target").write_text(alone)
        (host.folder / "here.conf").write_text(f"{alone}[Service]\n{outputs}{more}")

    def boot_up(self):
        """Start systemd alone."""
        with open(self.host.folder / "systemd.log", "ab") as log:
            script = ["unshare", "-m", "-u", "-i", "sh", "-c", BOOT, "sh", self.host.folder, self.name, self.file, UNITS]
            self.boot = subprocess.Popen(
                self.host.namespace.command(*script), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._is_up, "systemd", 120)

    def start(self):
        self.boot_up()
        done = self.run("systemctl", "start", self.service)
        assert done.returncode == 0, (done.stderr, self.host.log.read_text())
        self.seen = self.status

    def _is_up(self):
        if self.boot.poll() is not None:
            log = (self.host.folder / "systemd.log").read_text()
            pytest.skip(f"systemd does not start here: {log.strip().rpartition(chr(10))[2]}")
        for pid in self.host.namespace.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                    self.pid = pid
                    return self.run("systemctl", "is-active", "boot.target").returncode == 0
        return False

    def run(self, *words):
        spaces = ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-C"]
        return subprocess.run([*spaces, *words], capture_output=True, text=True, check=False, timeout=300)

    def show(self, name):
        return self.run("systemctl", "show", "--value", "-p", name, self.service).stdout.strip()

    @property
    def status(self):
        return self.show("StatusText")

    def reload_command(self):
        return f"nsenter -t {self.pid} -m -p -n -C systemctl reload {self.service}"

    def wait_for_reload(self):
        """After `systemctl reload`, which does not wait for RELOADING=1 with this ExecReload."""
        wait_until(lambda: self.status != self.seen and "reloading since" not in self.status, "a reload", 60)
        wait_until(lambda: self.show("SubState") == "running", "the end of the reload", 60)
        self.seen = self.status

    def is_active(self):
        return self.show("ActiveState") == "active" and self.show("NRestarts") == "0"

    def stop(self):
        self.run("systemctl", "stop", self.service)
        assert self.show("Result") == "success"
        wait_until(lambda: self._private_folders() <= self.others, "the end of its own /tmp")

    def _private_folders(self):
        """The private /tmp of the service, or of all its instances: removed by systemd some time after the stop."""
        name = re.sub("@.*", "@*", self.service)
        return {path for top in ("/tmp", "/var/tmp") for path in Path(top).glob(f"systemd-private-*-{name}.*")}

    def end(self):
        if self.boot and self.boot.poll() is None:
            stop([self.pid] if self.pid else [], 0)
            self.boot.kill()
            self.boot.wait()
        script = ["unshare", "-m", "sh", "-c", CLEAN, "sh", str(self.host.folder), self.name]
        wait_until(lambda: subprocess.run(script, capture_output=True, check=False).returncode == 0, "cgroups", 5)
