# SPDX-License-Identifier: BSD-3-Clause
"""The whole checker and real proxies: each of them fails in a way of its own, and comes back."""

import contextlib
import re
import socket
import string
import subprocess
import time
from pathlib import Path

import pytest
from certificates import Authority
from checker import source
from netns import allowed, wait_until

HERE = Path(__file__).resolve().parent
KILLED, BUSY, WRONG, EXPIRED, DEGRADED, FINE, ALSO_FINE = ADDRESSES = [f"127.0.4.{n}" for n in range(1, 8)]
WITH_TLS = (WRONG, EXPIRED)
INTERVAL_MS, FALL = 500, 3


def free_ports(count):
    """Ports that are free at every address."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


class Proxies:
    """Two HAProxys: one at the first address, and one at all others."""

    def __init__(self, folder):
        self.folder = folder
        authority = Authority(folder)
        self.authority = authority.certificate
        self.certificate = authority.sign("good", "DNS:alive.example")
        self.own = folder / "own.pem"  # the one of EXPIRED
        self.own.write_text(self.certificate.read_text())
        self.old = authority.sign("old", "DNS:alive.example", days=-1)
        self.map = folder / "matters"
        self.map.write_text("")
        self.port, self.tls_port = free_ports(2)
        self.processes = {}

    def start(self, name, *addresses):
        """Start one, and wait until it is there."""
        binds = [f"\tbind {address}:{self.port}" for address in addresses]
        binds += [f"\tbind {address}:{self.tls_port} ssl crt {self.own if address == EXPIRED else self.certificate}"
                  for address in addresses if address in WITH_TLS]
        path = self.folder / f"{name}.cfg"
        path.write_text(string.Template((HERE / "backend.cfg").read_text()).substitute(
            binds="\n".join(binds), socket=self.folder / f"{name}.sock", map=self.map))
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(["haproxy", "-db", "-f", path], stdin=subprocess.DEVNULL,
                                                    stdout=log, stderr=log)

        def listens():
            with socket.socket() as client:
                return client.connect_ex((addresses[-1], self.port)) == 0

        wait_until(listens, f"HAProxy at {addresses}")

    def kill(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def order(self, text):
        """Have the second one change something."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.folder / "others.sock"))
            client.sendall(text.encode() + b"\n")
            answer = b"".join(iter(lambda: client.recv(4096), b"")).decode()
        assert not re.search("(?i)error|unknown|can't|unable", answer), answer

    def present(self, certificate):
        """EXPIRED has this one from now on."""
        self.order(f"set ssl cert {self.own} <<\n{certificate.read_text()}")
        self.order(f"commit ssl cert {self.own}")

    def tables(self):
        """The original's keys, and checks that it does not have."""
        tables = source(ADDRESSES, self.port, interval_ms=INTERVAL_MS, timeout_ms=INTERVAL_MS - 50, fall=FALL, rise=2,
                        max_unhealthy_percent=100)
        for backend in tables["tables"][0]["backends"]:
            backend["healthchecks"] = {"http": self.port, "http_uri": "/alive"}
            if backend["ip"] in WITH_TLS:
                backend["healthchecks"] = {"https": {
                    "port": self.tls_port, "host": "alive.example", "path": "/alive", "body": "I am alive"}}
        return tables


@pytest.fixture
def proxies(tmp_path):
    made = Proxies(tmp_path)
    try:
        made.start("first", KILLED)
        made.start("others", *ADDRESSES[1:])
        yield made
    finally:
        for name in list(made.processes):
            made.kill(name)


def downs(checker):
    """Which went down, and why, as the log says."""
    return dict(re.findall(r"\[event=backend_down table=a backend=(\S+) .*reason=(\w+)\]", checker.text()))


def test_proxies_that_fail_are_taken_out_and_come_back(checker, proxies, monkeypatch):
    """Killed, busy, with another answer, with a certificate that has expired, or asking for less itself."""
    monkeypatch.setenv("SSL_CERT_FILE", str(proxies.authority))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    everybody = dict.fromkeys(ADDRESSES, True)
    matters = {BUSY: "busy", WRONG: "wrong", DEGRADED: "degraded"}
    checker.start(proxies.tables())
    checker.wait_for(everybody)

    killed = time.monotonic()
    proxies.kill("first")
    wait_until(lambda: not checker.healthy()[KILLED], "the one that was killed")
    took = time.monotonic() - killed
    print(f"out after {took:.2f} s")
    assert took < allowed(FALL * INTERVAL_MS / 1000 + 1), took

    for address, matter in matters.items():
        proxies.order(f"add map {proxies.map} {address} {matter}")
    proxies.present(proxies.old)
    checker.wait_for({address: address in (FINE, ALSO_FINE) for address in ADDRESSES}, 30)
    why = {KILLED: "refused", BUSY: "status", WRONG: "body", EXPIRED: "tls"}
    assert {**downs(checker), **why} == downs(checker), checker.text()
    assert DEGRADED not in downs(checker), checker.text()

    proxies.start("first", KILLED)
    for address in matters:
        proxies.order(f"del map {proxies.map} {address}")
    proxies.present(proxies.certificate)
    checker.wait_for(everybody, 30)
    checker.stop()
