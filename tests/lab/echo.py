#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The UDP services of one proxy: every answer names the proxy and says how many the flow has had.

  echo    connects a socket to each client, as many servers do; a flow is that of its socket
  quic    has one socket and knows its clients by connection ID, which begins with the number of
          the proxy as in docs/quic.md; of QUIC there are headers only, and nothing is encrypted

An answer is "NAME COUNT". Short headers with an ID that is not known here get "NAME lost".
"""

import argparse
import contextlib
import itertools
import selectors
import socket
import struct

ECHO_PORT, QUIC_PORT = 7, 443
LONG, INITIAL = 0x80, 0xC0
ID_LEN = 8


def bind(vip, port):
    """A UDP socket on a VIP, beside others on the same port."""
    sock = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((vip, port))
    sock.setblocking(False)
    return sock


class Echo:
    """Answers each client from a socket of its own."""

    def __init__(self, name, vip, selector):
        self.name, self.vip, self.selector = name, vip, selector
        self.flows = {}  # socket and count, by client
        selector.register(bind(vip, ECHO_PORT), selectors.EVENT_READ, self)

    def take(self, _sock, _data, client):
        """One datagram. A new socket may have got one of another client before it was connected."""
        if client not in self.flows:
            own = bind(self.vip, ECHO_PORT)
            own.connect(client)
            self.selector.register(own, selectors.EVENT_READ, self)
            self.flows[client] = own, itertools.count(1)
        own, count = self.flows[client]
        own.send(f"{self.name} {next(count)}".encode())


class Quic:
    """Answers from one socket and tells flows apart by connection ID."""

    def __init__(self, name, number, vip, selector):
        self.name, self.number = name, number
        self.flows = {}  # counts, by connection ID
        selector.register(bind(vip, QUIC_PORT), selectors.EVENT_READ, self)

    def take(self, sock, data, client):
        """One datagram: an Initial packet opens a flow, and its answer begins with the new ID."""
        if data[0] & LONG:
            own_id = struct.pack("!BHxI", 9, self.number, len(self.flows))
            self.flows[own_id] = itertools.count(1)
        else:
            own_id = data[1 : 1 + ID_LEN]
        count = next(self.flows[own_id]) if own_id in self.flows else "lost"
        sock.sendto(own_id + f"{self.name} {count}".encode(), client)


def main():
    """Serve until stopped."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--name", required=True, help="the proxy to name")
    options.add_argument("--number", required=True, type=int, help="its number in connection IDs")
    options.add_argument("vips", nargs="+")
    args = options.parse_args()
    selector = selectors.DefaultSelector()
    for vip in args.vips:
        Echo(args.name, vip, selector)
        Quic(args.name, args.number, vip, selector)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            with contextlib.suppress(ConnectionRefusedError):  # the client has gone
                data, client = key.fileobj.recvfrom(2000)
                key.data.take(key.fileobj, data, client[:2])


if __name__ == "__main__":
    main()
