# SPDX-License-Identifier: BSD-3-Clause
"""A client of the control socket that needs no glbctl, and hostile ones."""

import json
import socket

__all__ = ["Client", "ask"]


class Client:
    """One connection. What is promised at once is waited for until it must be taken for a hang."""

    def __init__(self, path, seconds=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))  # waits where more than the backlog do
        self.socket.settimeout(seconds)
        self.lines = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.lines.close()
        self.socket.close()

    def send(self, line):
        self.socket.sendall(line if isinstance(line, bytes) else line.encode())

    def say(self, verb, **keys):
        """Ask without waiting for the answer."""
        self.send(json.dumps({"glb": 1, "verb": verb, **keys}) + "\n")

    def hear(self):
        """The next answer; None: there is none any more."""
        try:
            line = self.lines.readline()
        except ConnectionResetError:  # it had not read everything when it hung up
            return None
        return json.loads(line) if line else None

    def ask(self, verb, **keys):
        self.say(verb, **keys)
        return self.hear()


def ask(path, verb, **keys):
    """One question on a connection of its own."""
    with Client(path) as client:
        return client.ask(verb, **keys)
