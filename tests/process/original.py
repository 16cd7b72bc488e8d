# SPDX-License-Identifier: BSD-3-Clause
"""A host that was set up for the original director, and what manages its service."""

import json
import os
import shlex
import subprocess

from drivers import counters_of, eal_options
from manager import Manager

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


def counters(host):
    """What the director printed at its end."""
    return counters_of((host.folder / "counters").read_text())
