#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Numbered datagrams, each of which is counted at both ends.

  counted.py send --target VIP=SOURCES... --rate PPS
      on the client: sends datagrams to every target, from 64 sockets each, until SIGTERM. Prints
      "under way", and at the end a JSON object: how many were sent to each target.

  counted.py receive VIP...
      on a proxy: receives them until SIGTERM. Prints "ready", and at the end a JSON object: which
      numbers came to each VIP, as bits of a hexadecimal number, and how many came more than once.
"""

import argparse
import json
import select
import signal
import socket
import struct
import time

from load import Target

PORT = 7000
BURST = 0.005  # seconds of datagrams that are sent together
BUFFER = 64 << 20
SO_RCVBUFFORCE = 33


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def send(args, told):
    """Send until told to stop."""
    ends = {}
    for target in args.target:
        ends[str(target.vip)] = sockets = []
        for number, source in enumerate(target.sources):
            sock = socket.socket(family_of(source), socket.SOCK_DGRAM)
            sock.bind((source, 20000 + number))
            sock.connect((str(target.vip), PORT))
            sockets.append(sock)
    print("under way", flush=True)
    begin, sent = time.monotonic(), 0
    while not told:
        due = int((time.monotonic() - begin) * args.rate)
        if due - sent > args.rate / 10:  # held up: no burst to make up for it
            begin += (due - sent) / args.rate
            continue
        while sent < due:
            for sockets in ends.values():
                sockets[sent % len(sockets)].send(struct.pack("!I", sent))
            sent += 1
        time.sleep(BURST)
    return {vip: sent for vip in ends}


def receive(args, told):
    """Receive until told to stop."""
    sockets = {}
    for vip in args.vip:
        sock = socket.socket(family_of(vip), socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        sock.setblocking(False)
        sock.bind((vip, PORT))
        sockets[sock] = vip
    print("ready", flush=True)
    seen = {vip: [] for vip in args.vip}
    while not told or select.select(sockets, [], [], 0)[0]:
        for sock in select.select(sockets, [], [], 0.1)[0]:
            number, = struct.unpack("!I", sock.recv(100))
            seen[sockets[sock]].append(number)
    numbers = {vip: sum(1 << number for number in set(ours)) for vip, ours in seen.items()}
    return {"numbers": {vip: f"{bits:x}" for vip, bits in numbers.items()},
            "twice": sum(len(ours) - len(set(ours)) for ours in seen.values())}


def main():
    """Do one of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("send")
    one.add_argument("--target", type=Target, action="append", required=True, metavar="VIP=SOURCES")
    one.add_argument("--rate", type=int, default=1000, help="datagrams a second, to each target")
    one.set_defaults(command=send)
    other = commands.add_parser("receive")
    other.add_argument("vip", nargs="+")
    other.set_defaults(command=receive)
    args, told = parser.parse_args(), []
    signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    print(json.dumps(args.command(args, told)), flush=True)


if __name__ == "__main__":
    main()
