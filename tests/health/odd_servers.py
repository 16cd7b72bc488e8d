# SPDX-License-Identifier: BSD-3-Clause
"""Servers on the loopback device that answer as no server should."""

import contextlib
import socket
import struct
import threading
import time

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BODY_READ = 65536  # bytes of an answer that a probe reads


def chunk(text):
    return b"%x\r\n%s\r\n" % (len(text), text)


def sized(body, fields=b""):
    return OK + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


# What is sent, piece by piece, before the connection is closed; a number is a pause in seconds.
PIECES = {
    "garbage": [b"\x00\x01\x02 what is this?\r\n\r\n"],
    "another protocol": [b"SSH-2.0-OpenSSH_9.2\r\n"],
    "no status": [b"HTTP/1.1 what\r\n\r\n"],
    "half a status": [b"HTTP/1.1 20"],
    "half a header": [OK + b"Content-Le"],
    "half a body": [OK + b"Content-Length: 100\r\n\r\n0123456789"],
    "half a chunk": [CHUNKED + b"64\r\n0123456789"],
    "no last chunk": [CHUNKED + chunk(b"pong")],
    "bad chunk": [CHUNKED + b"what\r\n"],
    "not a byte": [],
    "no header": [b"HTTP/1.0 200 OK\r\n\r\n"],
    "until closed": [OK + b"\r\npo", 0.05, b"ng"],
    "continued": [b"HTTP/1.1 100 Continue\r\nGLB-Grade: degraded\r\n\r\n" * 3, 0.05, sized(b"pong")],
    "chunks": [CHUNKED + chunk(b"po"), 0.05, chunk(b"ng") + b"0\r\n\r\n"],
    "trailer": [CHUNKED + chunk(b"pong") + b"0\r\nGLB-Grade: degraded\r\n\r\n"],
    "degraded": [sized(b"pong", b"glb-grade:  Degraded \r\n")],
    "another grade": [sized(b"pong", b"GLB-Grade: fine\r\nX-GLB-Grade: degraded\r\n")],
    "degraded 503": [b"HTTP/1.1 503 No\r\nGLB-Grade: degraded\r\nContent-Length: 0\r\n\r\n"],
    "text at the border": [sized(b"x" * (BODY_READ - 4) + b"pong" + b"x" * 9999)],
    "text across it": [sized(b"x" * (BODY_READ - 3) + b"pong" + b"x" * 9999)],
    "stalls in the header": [OK, 60],
    "stalls in the body": [OK + b"Content-Length: 10\r\n\r\npong", 60],
    "mute": [60],
    "loop": [b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"],
}
# What is sent again and again, after the first piece, as fast as it is read or with a pause.
ENDLESS = {
    "endless header": (OK, b"X-Field: and so on\r\n" * 10, 0),
    "endless field": (OK + b"X-Field: ", b"and so on " * 100, 0),
    "endless continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0),
    "endless trailer": (CHUNKED + b"0\r\n", b"X-Field: and so on\r\n", 0),
    "endless body": (OK + b"\r\n", b"and so on " * 100, 0),
    "endless chunks": (CHUNKED, chunk(b"and so on " * 10), 0),
    "endless extension": (CHUNKED + b"1;", b"and so on " * 6000, 0),
    "slow header": (OK, b"X: y\r\n", 0.05),
    "slow body": (OK + b"\r\n", b"y", 0.05),
}


class OddServer:
    """Listens at a port of its own, and does the same to every client."""

    def __init__(self, family, behave):
        self.connection_count = 0
        self.request = b""  # the last one
        self._behave = behave
        self._socket = socket.socket(family)
        self._socket.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self._socket.listen(64)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self.connection_count += 1
                threading.Thread(target=self._entertain, args=[client], daemon=True).start()

    def _entertain(self, client):
        with contextlib.suppress(OSError), client:
            self.request = self._behave(client) or b""

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _pause(client, seconds):
    """Ends early when the client has gone."""
    client.settimeout(seconds)
    with contextlib.suppress(TimeoutError):
        if not client.recv(4096):
            raise OSError


def _close(client):
    """Reads on, as closing with unread data sends a reset."""
    client.shutdown(socket.SHUT_WR)
    client.settimeout(60)
    while client.recv(4096):
        pass


def _send_pieces(client, pieces):
    request = client.recv(4096)
    for piece in pieces:
        if isinstance(piece, bytes):
            client.sendall(piece)
        else:
            _pause(client, piece)
    _close(client)
    return request


def _send_endlessly(client, first, again, seconds):
    client.recv(4096)
    client.sendall(first)
    while True:
        client.sendall(again)
        time.sleep(seconds)


def _reset(client, before=b""):
    if before:
        client.recv(4096)
        client.sendall(before)
        time.sleep(0.05)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def behaviours():
    """Names and what is done to a client."""
    found = {
        "reset": _reset,
        "reset in the header": lambda client: _reset(client, OK),
        "reset in the body": lambda client: _reset(client, OK + b"Content-Length: 100\r\n\r\n0123"),
        "closed at once": _close,
    }
    for name, pieces in PIECES.items():
        found[name] = lambda client, pieces=pieces: _send_pieces(client, pieces)
    for name, parts in ENDLESS.items():
        found[name] = lambda client, parts=parts: _send_endlessly(client, *parts)
    return found


@contextlib.contextmanager
def odd_servers():
    """All of them, by name."""
    servers = {name: OddServer(socket.AF_INET, behave) for name, behave in behaviours().items()}
    try:
        yield servers
    finally:
        for server in servers.values():
            server.close()


@contextlib.contextmanager
def closed_port():
    """A port without a listener."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def deaf_port():
    """A port whose queue is full, so that nothing is answered."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        time.sleep(0.1)
        yield listener.getsockname()[1]
