# SPDX-License-Identifier: BSD-3-Clause
"""Clients by HTTP are limited in number: whatever they do, others are served, and nothing else lacks a descriptor."""

import http.client
import os
import re
import resource
import select
import socket
import subprocess
import threading
import time

import pytest
from control import ask
from netns import allowed, wait_until
from process import CONFIG, Process, large_tables
from scrape import get

CLIENTS_MAX = 64  # src/sys/http_clients.h
WAITING_MAX = 16
BUSY_S = 5
IDLE_S = 30  # src/sys/http.h: then everybody is disconnected in any case
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
REQUESTS = 8 * REQUEST  # more than the kernel takes for a client that does not read, which would be idle then


class Crowd:
    """Connections to a port, some of which may still be pending."""

    def __init__(self, port):
        self.port = port
        self.members = []

    def join(self, count, words=b"", room=None):
        """Add connections, which send a request when they can and never read."""
        for _ in range(count):
            member = socket.socket()
            if room:
                member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            member.setblocking(False)
            member.connect_ex(("127.0.0.1", self.port))
            self.members.append(member)
            if words:
                threading.Thread(target=self.say, args=(member, words), daemon=True).start()

    @staticmethod
    def say(member, words):
        try:
            member.settimeout(60)
            member.sendall(words)
        except OSError:  # sent away before
            pass

    def left(self):
        """How many have been disconnected."""
        poll = select.poll()
        for member in self.members:
            poll.register(member, select.POLLRDHUP)
        return len(poll.poll(0))

    def leave(self):
        for member in self.members:
            member.close()
        self.members = []


class Watch:
    """Samples the number of sockets of a process, and keeps the largest."""

    def __init__(self, process):
        self.folder = f"/proc/{process.process.pid}/fd"
        self.most = self.now()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def now(self):
        count = 0
        for name in os.listdir(self.folder):
            try:
                count += os.readlink(f"{self.folder}/{name}").startswith("socket:")
            except FileNotFoundError:
                pass
        return count

    def run(self):
        while not self.over.is_set():
            self.most = max(self.most, self.now())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


@pytest.fixture(scope="module")
def director(glb_director, tmp_path_factory):
    made = Process(glb_director, tmp_path_factory.mktemp("director"))
    config = {**CONFIG, "http_listen": "127.0.0.1:0", "control_socket": str(made.folder / "control.sock")}
    made.start(config=config, tables=large_tables(1, 4000))
    made.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", made.log.read_text())[1])
    yield made
    made.stop()
    made.end()


@pytest.fixture
def crowd(director):
    made = Crowd(director.port)
    yield made
    made.leave()


def scrape_time(port):
    """Until a scrape has got through: one that takes long on a busy machine is cut off, too."""

    def gets_through():
        try:
            status, _, text = get(port)
        except (http.client.HTTPException, ConnectionError):
            return False
        assert status == 200 and text.endswith("# EOF\n")
        return True

    begin = time.monotonic()
    wait_until(gets_through, "a scrape", 30)
    return time.monotonic() - begin


def test_silent_clients_keep_nobody_out(director, crowd):
    """Several times as many as fit, and again as many behind them."""
    before = Watch(director).now()
    with Watch(director) as watch:
        for _ in range(4):
            crowd.join(100)
            assert scrape_time(director.port) < min(allowed(2), IDLE_S - 5)
        assert crowd.left() >= CLIENTS_MAX  # clients that the kernel turned away try again later
    assert before + CLIENTS_MAX - 5 < watch.most <= before + CLIENTS_MAX
    crowd.leave()
    wait_until(lambda: watch.now() == before, "all of them to be gone")


def test_clients_that_do_not_read_keep_others_out_no_longer_than_documented(director, crowd):
    """Each requests more than socket buffers hold; they are disconnected one by one while others wait."""
    before = Watch(director).now()
    with Watch(director) as watch:
        joined = time.monotonic()
        crowd.join(CLIENTS_MAX - 1, REQUESTS, room=4096)

        def is_full():
            crowd.join(1, REQUESTS, room=4096)  # some that were slow to send a request have left
            return watch.now() == before + CLIENTS_MAX

        wait_until(is_full, "all places to be taken", every=0.2)
        assert ask(director.folder / "control.sock", "status")["ok"]
        taken = scrape_time(director.port)
    assert taken < min(allowed(BUSY_S + 2), IDLE_S - 5)
    assert time.monotonic() - joined > 1, "they do keep others out for a while"
    assert watch.most <= before + CLIENTS_MAX + 1  # the control socket's client
    crowd.leave()
    wait_until(lambda: watch.now() == before, "all of them to be gone")


def test_a_director_without_descriptors_serves_when_there_are_some(director):
    """It waits for descriptors without spending turns of the loop on that."""
    pid = director.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (director.free_descriptor(), limits[1]))
    with socket.create_connection(("127.0.0.1", director.port), timeout=60) as client:
        client.sendall(REQUEST.replace(b"/metrics", b"/healthz"))
        client.settimeout(1)
        with pytest.raises(TimeoutError):
            client.recv(100)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        client.settimeout(60)
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_few_wait_to_be_taken(director):
    """The kernel queues this many, and lets others try again."""
    listed = subprocess.run(["ss", "-Hltn", f"sport = :{director.port}"], capture_output=True, text=True, check=True)
    assert int(listed.stdout.split()[2]) == WAITING_MAX
