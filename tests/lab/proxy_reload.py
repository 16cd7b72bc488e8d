# SPDX-License-Identifier: BSD-3-Clause
"""The server of a proxy, reloaded in several ways, and what becomes of connections meanwhile."""

import os
import re
import signal
import time

from netns import LabError, wait_until
from scenarios import Client, target
from topology import ROOT, VIPS

HAPROXY_SOCKET = "/run/haproxy/admin.sock"
NGINX_PID = "/run/nginx.pid"
SIGNAL_EVERY = 5.0


def children(pid):
    """The processes that a process has started and that live."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


class Server:
    """A server on a host of the lab that is started, reloaded and stopped; a context."""

    def __init__(self, lab, host):
        self.lab, self.host = lab, host
        self.label = f"{host.name}-{type(self).__name__.lower()}"
        self.process = None

    def __enter__(self):
        self.process = self.spawn()
        self.wait()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def spawn(self, *words):
        """Start a process of the server."""
        child = self.lab.hosts[self.host.name].spawn(*self.command(), *words, log=self.lab.log(self.label).path)
        self.lab.adopt(child)
        return child

    def wait(self):
        """Wait until the server listens on the VIP."""
        def listens():
            if self.process.poll() is not None:
                raise LabError(f"{self.label}: {self.lab.log(self.label).last()}")
            return self.lab.hosts[self.host.name].run("ss", "-Hltn", f"src {VIPS[4]}:80")
        wait_until(listens, f"{self.label} to listen")

    def sockets(self):
        """The inodes of the sockets that listen on port 80, by address."""
        lines = self.lab.hosts[self.host.name].run("ss", "-Hltne", "sport = :80").splitlines()
        return sorted((line.split()[3], re.search(r"ino:(\d+)", line)[1]) for line in lines)

    def configuration(self, name, **replace):
        """A file of config/proxy with other paths, in the lab's directory."""
        text = (ROOT / "config/proxy" / name).read_text(encoding="utf-8")
        for before, after in replace.items():
            text = text.replace({"socket": HAPROXY_SOCKET, "pid": NGINX_PID}[before], str(after))
        path = self.lab.file(f"{self.label}.conf")
        path.write_text(text, encoding="utf-8")
        return path


class Master(Server):
    """A server whose master has workers and is reloaded by a signal."""

    reload_signal = signal.SIGHUP
    old_workers = frozenset()

    def workers(self):
        """The processes that serve."""
        return frozenset(children(self.process.pid))

    def wait(self):
        super().wait()
        wait_until(self.workers, f"a worker of {self.label}")

    def reload(self):
        """Signal the master until there is another worker: one that has just started may miss it."""
        self.old_workers = self.workers()
        again = 0.0

        def other_workers():
            nonlocal again
            if time.monotonic() >= again:
                os.kill(self.process.pid, self.reload_signal)
                again = time.monotonic() + SIGNAL_EVERY
            return self.workers() - self.old_workers
        wait_until(other_workers, f"another worker of {self.label}")

    def settle(self):
        """Wait until only the workers of the last reload are left."""
        wait_until(lambda: not self.workers() & self.old_workers, f"old workers of {self.label} to end")


class HaproxyMaster(Master):
    """HAProxy as Debian's unit runs it: workers hand the listening sockets over."""

    reload_signal = signal.SIGUSR2

    def command(self):
        path = self.configuration("haproxy.cfg", socket=self.lab.file(f"{self.label}.sock"))
        return ["haproxy", "-W", "-db", "-f", path]


class Nginx(Master):
    """nginx, whose master keeps the listening sockets."""

    def command(self):
        path = self.configuration("nginx.conf", pid=self.lab.file(f"{self.label}.pid"))
        return ["nginx", "-g", "daemon off;", "-c", path]


class HaproxyReuseport(Server):
    """HAProxy without a master: another one binds sockets of its own and has the first one stop."""

    def command(self):
        path = self.configuration("haproxy.cfg", socket=self.lab.file(f"{self.label}.{time.monotonic_ns()}"))
        return ["haproxy", "-db", "-f", path]

    def reload(self):
        old = self.process
        self.process = self.spawn("-sf", str(old.pid))
        old.wait(timeout=60)


def rush(lab, tasks):
    """As many connections as there can be to both VIPs; its report says how many ended how."""
    return Client(lab, "rush", "rush", "--tasks", tasks, *map(target, VIPS))


def reload_often(servers, count, seconds):
    """Reload all servers so many times, evenly over a time."""
    begin = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begin + seconds * number / count - time.monotonic()))
        for server in servers:
            server.reload()
