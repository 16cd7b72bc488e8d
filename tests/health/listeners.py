# SPDX-License-Identifier: BSD-3-Clause
"""Backends that accept connections, each at an address of its own in 127.0.0.0/8."""

import selectors
import socket
import threading

__all__ = ["Listeners"]


class Listeners:
    """One thread accepts for all of them, and hangs up. Probes by TCP leave before that."""

    def __init__(self):
        self.port = None
        self.sockets = {}
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.wake, self.woken = socket.socketpair()
        self.selector.register(self.woken, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def listen(self, *addresses):
        """From now on these accept. The first of all chooses the port."""
        for address in addresses:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, self.port or 0))
            listener.listen(4096)
            listener.setblocking(False)
            self.port = listener.getsockname()[1]
            with self.lock:
                self.sockets[address] = listener
                self.selector.register(listener, selectors.EVENT_READ, address)

    def kill(self, *addresses):
        """From now on these refuse."""
        with self.lock:
            for address in addresses or tuple(self.sockets):
                listener = self.sockets.pop(address)
                self.selector.unregister(listener)
                listener.close()

    def close(self):
        self.wake.close()
        self.thread.join(10)
        self.kill()
        self.woken.close()

    def _accept(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.woken:
                    return
                with self.lock:
                    try:
                        connection, _ = key.fileobj.accept()
                    except OSError:  # it was killed meanwhile
                        continue
                    connection.close()
