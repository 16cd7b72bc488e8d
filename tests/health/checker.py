# SPDX-License-Identifier: BSD-3-Clause
"""A glb-healthcheck process: started, signalled, and watched through its log and the file it writes."""

import copy
import json
import os
import signal
import subprocess

from netns import wait_until

__all__ = ["Checker", "source"]

TABLE = {
    "name": "a",
    "hash_key": "000102030405060708090a0b0c0d0e0f",
    "seed": "f0e0d0c0b0a090807060504030201000",
    "binds": [{"ip": "192.0.2.10", "proto": "tcp", "port": 80}],
}
TIMES = {"interval_ms": 200, "timeout_ms": 150, "rise": 2, "fall": 3}


def source(addresses, port, healthy=True, **limits):
    """Tables: one, of backends that are tried by TCP."""
    table = copy.deepcopy(TABLE)
    table["backends"] = [
        {"ip": address, "state": "active", "healthy": healthy, "healthchecks": {"tcp": port}} for address in addresses
    ]
    return {"healthchecks": {**TIMES, **limits}, "tables": [table]}


class Checker:
    """On files of its own; it needs neither root nor a network but loopback."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.source = folder / "source.json"
        self.checked = folder / "checked.json"
        self.conf = folder / "healthcheck.json"
        self.log = folder / "checker.log"
        self.state = folder / "state"
        self.state.mkdir(exist_ok=True)
        self.process = None

    def configure(self, **keys):
        """Its configuration: no director is asked and nothing is served, unless `config` names them."""
        content = {
            "forwarding_table": {"src": str(self.source), "dst": str(self.checked)},
            "director_socket": "",
            "control_socket": "",
            "http_listen": "",
            "state_directory": str(self.state),
            "hold_ms": 50,
            **keys,
        }
        self.conf.write_text(json.dumps(content))

    def write(self, tables):
        """Replace the source, as tools do."""
        draft = self.folder / "draft"
        draft.write_text(json.dumps(tables, indent=2))
        draft.chmod(0o600)
        draft.rename(self.source)

    def launch(self, environment=None, prefix=()):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, self.program, "--config", self.conf],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **(environment or {})},
            )

    def start(self, tables, environment=None, prefix=(), **keys):
        """Start it with these tables and keys of its configuration, and wait until it is up."""
        self.write(tables)
        self.configure(**keys)
        self.restart(environment, prefix)

    def restart(self, environment=None, prefix=()):
        seen = self.text().count("checks: ")
        self.launch(environment, prefix)
        self.wait_for_log("checks: ", count=seen + 1)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        wait_until(lambda: self.process.poll() is not None, "its end")
        assert self.process.returncode == 0, self.text()

    def run(self, *words):
        """Its exit status and output, when it does not go on."""
        done = subprocess.run([self.program, *words], capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def text(self):
        return self.log.read_text() if self.log.exists() else ""

    def wait_for_log(self, text, count=1, seconds=10.0):
        def there():
            assert self.process.poll() is None, self.text()
            return self.text().count(text) >= count

        wait_until(there, f'"{text}"', seconds)

    def healthy(self):
        """What the checked file says of each backend; None: there is no such file."""
        if not self.checked.exists():
            return None
        tables = json.loads(self.checked.read_text())["tables"]
        return {backend["ip"]: backend["healthy"] for table in tables for backend in table["backends"]}

    def wait_for(self, wanted, seconds=10.0):
        """Until the checked file says this of backends."""
        try:
            wait_until(lambda: self.healthy() == wanted, str(wanted), seconds)
        except Exception:
            print(self.text(), self.healthy(), os.listdir(self.folder))
            raise
