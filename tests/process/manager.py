# SPDX-License-Identifier: BSD-3-Clause
"""The end of a service manager: the datagram socket that NOTIFY_SOCKET names."""

import itertools
import socket
import time


class Manager:
    """Binds the socket, and reads what a process sends there when it is asked to."""

    def __init__(self, address):
        """A path, or a name in the abstract namespace with "@" in front, as systemd writes it."""
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.messages = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def environment(self):
        """What a process is started with."""
        return {"NOTIFY_SOCKET": self.address}

    def fill(self):
        """Leave no room in the socket; so many messages are in it."""
        count = 0
        while (sent := self._send_what_fits()) > 0:  # a sender has a limit of its own, too
            count += sent
        return count

    def _send_what_fits(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            for count in itertools.count():
                try:
                    sender.sendto(b"STATUS=full", self.socket.getsockname())
                except BlockingIOError:
                    return count

    def next(self, seconds=10.0):
        """The next message as a dictionary, or None: none came in time."""
        self.socket.settimeout(seconds)
        try:
            text = self.socket.recv(1 << 16).decode()
        except TimeoutError:
            return None
        fields = dict(line.split("=", 1) for line in text.split("\n"))
        assert len(fields) == text.count("\n") + 1, text
        self.messages.append(fields)
        return fields

    def wait_for(self, name, seconds=20.0):
        """The first message from now on with this variable, such as "READY"."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = self.next(max(0.01, deadline - time.monotonic()))
            if message and name in message:
                return message
        raise AssertionError(f"no {name} in {self.messages}")
