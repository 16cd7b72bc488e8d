# SPDX-License-Identifier: BSD-3-Clause
"""A director under traffic in a namespace, and a browser beside it."""

import os
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

for folder in ("packets", "devices"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

from browser import Browser  # noqa: E402
from device import CONFIG, DIRECTOR_MAC, Host  # noqa: E402
from far_end import Wire  # noqa: E402
from scapy.layers.inet import IP, TCP  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402

PORT = 9390
FOLDER = Path("/run/glb-browser")  # a path that means something in a picture
ODD = "<b>shop</b>"
HASH_KEY, SEED = "000102030405060708090a0b0c0d0e0f", "f0e0d0c0b0a0908070605040302010%02x"


def backend(ip, state="active", healthy=True):
    return {"ip": ip, "state": state, "healthy": healthy}


def table(number, name, vip, ports, backends):
    binds = [{"ip": vip, "proto": "tcp", "port": port} for port in ports]
    return {"name": name, "hash_key": HASH_KEY, "seed": SEED % number, "binds": binds, "backends": backends}


TABLES = {
    "tables": [
        table(0, "web", "192.0.2.10", (80, 443), [backend(f"10.0.0.{n}") for n in range(21, 27)]),
        table(1, "api", "192.0.2.20", (443,), [backend("10.0.1.21"), backend("10.0.1.22", healthy=False),
                                               backend("10.0.1.23", "draining"), backend("10.0.1.24")]),
        table(2, ODD, "192.0.2.30", (443,), [backend("10.0.2.21"), backend("10.0.2.22")]),
    ]
}  # fmt: skip


def frames():
    """Of many clients, with some that are dropped."""
    made = []
    for number in range(256):
        vip, port = (("192.0.2.10", 443), ("192.0.2.10", 80), ("192.0.2.20", 443), ("192.0.2.30", 443))[number * 7 % 10 % 4]
        source = "127.0.0.1" if number % 60 == 1 else f"198.51.100.{number}"
        packet = IP(src=source, dst=vip, len=4000 if number % 50 == 0 else None) / TCP(dport=port, flags="A")
        made.append(bytes(Ether(dst=DIRECTOR_MAC, src="02:00:00:00:00:0a") / packet / ("x" * 200)))
    return made


class Traffic:
    """From the far end, until it is stopped; some more now and some less then."""

    def __init__(self, namespace):
        self.wire = Wire(namespace, "far")
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        all_of_them, begin = frames(), time.monotonic()
        while not self.over.is_set():
            for frame in all_of_them:
                self.wire.send(frame)
            self.over.wait(0.12 if (time.monotonic() - begin) % 40 < 25 else 0.06)

    def stop(self):
        self.over.set()
        self.thread.join()
        self.wire.close()


@pytest.fixture(scope="module")
def director(glb_director):
    """With packets to forward all the time."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    missing = [program for program in ("chromium", "chromedriver") if not shutil.which(program)]
    if missing:
        pytest.skip(f"not installed: {' '.join(missing)}; apt-get install chromium chromium-driver")
    FOLDER.mkdir()
    host = Host(glb_director, FOLDER)
    traffic = None
    try:
        host.create()
        config = {**CONFIG, "http_listen": f"127.0.0.1:{PORT}", "control_socket": str(host.folder / "control.sock")}
        host.start("net_af_packet0,iface=eth0,qpairs=1,blocksz=65536,framecnt=256", config=config, tables=TABLES)
        traffic = Traffic(host.namespace.name)
        yield host
    finally:
        if traffic:
            traffic.stop()
        host.remove()
        shutil.rmtree(FOLDER)


@pytest.fixture
def browser(director, tmp_path):
    made = Browser(director.namespace, tmp_path)
    try:
        made.open(f"http://127.0.0.1:{PORT}/")
        yield made
    finally:
        made.close()
