# SPDX-License-Identifier: BSD-3-Clause
"""A host that was set up for the original director, and what manages its service."""

import contextlib
import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from drivers import counters_of, eal_options
from manager import Manager
from netns import stop, wait_until

# What the original's package installs, in our words: the keys, names and variables are its own.
UNIT = """\
[Unit]
Description=GLB director

[Service]
Type=notify
EnvironmentFile=/etc/default/glb-director
ExecStart=/usr/local/sbin/glb-director $GLB_DIRECTOR_EAL_ARGS -- --config-file ${GLB_DIRECTOR_CONFIG_FILE} --forwarding-table ${GLB_DIRECTOR_FORWARDING_TABLE}
ExecReload=/bin/kill -USR1 $MAINPID
Restart=always
TimeoutStopSec=3
"""
CONFIG = {
    "outbound_gateway_mac": "02:00:00:00:00:99 # the router",
    "outbound_src_ip": "65.65.65.65",
    "forward_icmp_ping_responses": True,
    "num_worker_queues": 1,
    "statsd_port": 8125,
    "kni_ip": "192.0.2.99",
    "flow_paths": [{"rx_port": 0, "rx_queue": 0, "tx_port": 0, "tx_queue": 0}],
    "lcores": {
        "lcore-1": {"rx": True, "tx": True, "flow_paths": [0], "dist": True, "num_dist_workers": 1, "kni": True},
        "lcore-2": {"work": True, "work_source": 1},
    },
}
BACKENDS = ("1.2.3.4", "2.3.4.5", "3.4.5.6")
CHECKS = {"http": 80, "http_uri": "/status", "gue": 19523}
NAMES = {"glb-director": "director", "glb-director-cli": "ctl", "glb-config-check": "ctl"}


class Checker:
    """Writes the checked table as the original's health checker does, and runs its command."""

    def __init__(self, folder, run):
        self.table = folder / "forwarding_table.checked.json"
        self.image = folder / "forwarding_table.checked.bin"
        self.run = run

    def write(self, healthy):
        """In place, indented by two, without a newline at the end, for everybody to read."""
        table = {
            "name": "web",
            "hash_key": "12345678901234561234567890123456",
            "seed": "34567890123456783456789012345678",
            "binds": [{"ip": "1.1.1.1", "proto": "tcp", "port": port} for port in (80, 443)],
            "backends": [
                {"ip": ip, "state": "active", "healthy": ip in healthy, "healthchecks": CHECKS} for ip in BACKENDS
            ],
        }
        globals_ = {"timeout_ms": 1000, "interval_ms": 2000, "trigger": 3}
        self.table.write_text(json.dumps({"healthchecks": globals_, "tables": [table]}, indent=2))
        self.table.chmod(0o644)

    def build(self, then=""):
        """The first half of its reload command, and the second."""
        return self.run("sh", "-c", f"glb-director-cli build-config {self.table} {self.image}{then}")


class Host:
    """The files of the set-up: under their usual names where systemd reads them, else in a folder."""

    def __init__(self, director, glbctl, folder, namespace):
        self.folder = folder
        self.namespace = namespace
        self.log = folder / "director.log"
        (folder / "director.conf").write_text(json.dumps(CONFIG, indent=2))
        self.bin = folder / "sbin"
        self.bin.mkdir()
        for name, program in NAMES.items():
            (self.bin / name).symlink_to({"director": director, "ctl": glbctl}[program])
        eal = " ".join([*eal_options(1), "--main-lcore", "0", "--vdev=net_af_packet0,iface=eth0"])
        self.defaults = {
            "GLB_DIRECTOR_EAL_ARGS": eal,
            "GLB_DIRECTOR_CONFIG_FILE": str(folder / "director.conf"),
            "GLB_DIRECTOR_FORWARDING_TABLE": str(folder / "forwarding_table.checked.bin"),
        }
        self.default_file = folder / "default-glb-director"
        self.default_file.write_text("".join(f'{name}="{value}"\n' for name, value in self.defaults.items()))
        self.checker = Checker(folder, self.run)

    def run(self, *words):
        """A command of an operator or the checker."""
        environment = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"}
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=300)


class ByHand:
    """No systemd: what its unit says is done here, and the socket is the test's."""

    def __init__(self, host):
        self.host = host
        self.manager = Manager(str(host.folder / "notify"))
        self.process = None
        self.status = None

    def words(self, setting):
        """A command line of the unit: $NAME is split into words, ${NAME} is one."""
        known = {**self.host.defaults, "MAINPID": str(self.process.pid) if self.process else ""}
        line = next(line for line in UNIT.splitlines() if line.startswith(f"{setting}="))
        for word in line.partition("=")[2].split():
            if word.startswith("${"):
                yield known[word[2:-1]]
            elif word.startswith("$"):
                yield from shlex.split(known[word[1:]])
            else:
                yield word.replace("/usr/local/sbin", str(self.host.bin))

    def start(self):
        with open(self.host.log, "ab") as log, open(self.host.folder / "counters", "wb") as counters:
            self.process = subprocess.Popen(
                self.host.namespace.command(*self.words("ExecStart")),
                env={**os.environ, **self.manager.environment()},
                stdin=subprocess.DEVNULL,
                stdout=counters,
                stderr=log,
            )
        self.status = self.manager.wait_for("READY", 60)["STATUS"]

    def reload_command(self):
        return " ".join(self.words("ExecReload"))

    def wait_for_reload(self):
        self.manager.wait_for("RELOADING")
        self.status = self.manager.wait_for("READY")["STATUS"]

    def is_active(self):
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()
        self.manager.wait_for("STOPPING")
        assert self.process.wait(3) == 0

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.manager.socket.close()


# Runs in mount, process and host name spaces of its own, $1 being the folder of the test, and moves
# into a cgroup of its own, which becomes the root of those that systemd sees.
BOOT = """
set -e
mount --make-rprivate /
mkdir -p "$1/cgroup"
mount -t cgroup2 none "$1/cgroup"
mkdir "$1/cgroup/$2"
echo $$ >"$1/cgroup/$2/cgroup.procs"
mount -t tmpfs none /run
mount -t tmpfs none /etc/systemd
mount -t tmpfs none /etc/default
mount --bind "$1/sbin" /usr/local/sbin
mkdir -p /run/systemd/system /run/lock /etc/systemd/system/glb-director.service.d
cp "$1/default-glb-director" /etc/default/glb-director
cp "$1/glb-director.service" "$1/boot.target" /etc/systemd/system
cp "$1/here.conf" /etc/systemd/system/glb-director.service.d
exec unshare -C -p -f --mount-proc --kill-child sh -c '
	mount -t cgroup2 none /sys/fs/cgroup
	exec env -i container=glb PATH="$PATH" /lib/systemd/systemd --system --unit=boot.target --log-target=console
'
"""
CLEAN = 'mount -t cgroup2 none "$1/cgroup" && find "$1/cgroup/$2" -depth -type d -exec rmdir {} +'


class Systemd:
    """A systemd of the host's own, which knows of one service."""

    def __init__(self, host):
        self.host = host
        self.name = f"glb-systemd-{os.getpid()}"
        self.boot = None
        self.pid = None
        self.seen = None  # status after the last reload
        (host.folder / "glb-director.service").write_text(UNIT)
        alone = "[Unit]\nDefaultDependencies=no\n"  # there is no rest of a system
        outputs = f"StandardError=append:{host.log}\nStandardOutput=append:{host.folder}/counters\n"
        (host.folder / "boot.target").write_text(alone)
        (host.folder / "here.conf").write_text(f"{alone}[Service]\n{outputs}")

    def start(self):
        with open(self.host.folder / "systemd.log", "ab") as log:
            script = ["unshare", "-m", "-u", "-i", "sh", "-c", BOOT, "sh", self.host.folder, self.name]
            self.boot = subprocess.Popen(
                self.host.namespace.command(*script), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._is_up, "systemd", 120)
        done = self._run("systemctl", "start", "glb-director")
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
                    return self._run("systemctl", "is-active", "boot.target").returncode == 0
        return False

    def _run(self, *words):
        spaces = ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-C"]
        return subprocess.run([*spaces, *words], capture_output=True, text=True, check=False, timeout=300)

    def _show(self, name):
        return self._run("systemctl", "show", "--value", "-p", name, "glb-director").stdout.strip()

    @property
    def status(self):
        return self._show("StatusText")

    def reload_command(self):
        return f"nsenter -t {self.pid} -m -p -n -C systemctl reload glb-director"

    def wait_for_reload(self):
        """After `systemctl reload`, which does not wait for RELOADING=1 with this ExecReload."""
        wait_until(lambda: self.status != self.seen and "reloading since" not in self.status, "a reload", 60)
        wait_until(lambda: self._show("SubState") == "running", "the end of the reload", 60)
        self.seen = self.status

    def is_active(self):
        return self._show("ActiveState") == "active" and self._show("NRestarts") == "0"

    def stop(self):
        self._run("systemctl", "stop", "glb-director")
        assert self._show("Result") == "success"

    def end(self):
        if self.boot and self.boot.poll() is None:
            stop([self.pid] if self.pid else [], 0)
            self.boot.kill()
            self.boot.wait()
        script = ["unshare", "-m", "sh", "-c", CLEAN, "sh", str(self.host.folder), self.name]
        wait_until(lambda: subprocess.run(script, capture_output=True, check=False).returncode == 0, "cgroups", 5)


def counters(host):
    """What the director printed at its end."""
    return counters_of((host.folder / "counters").read_text())
