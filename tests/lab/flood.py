#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Keep a director busy, and look at what it sends on: runs on the router of the lab.

  flood.py --device LINK --from MAC --to MAC --vip IPV4 --flows N --rate PPS

sends UDP packets of N flows to the VIP, out of the link that leads to a director, until it is told to
stop (SIGTERM). Every 64th is a probe: longer, so that the kernel shows us nothing else of what comes
back. Prints a JSON object at the end: how many were sent, and how often which hops were seen around
probes of which flow.
"""

import argparse
import ctypes
import json
import signal
import socket
import struct
import time
from collections import Counter

from flows import DESTINATION_PORT, flow

ETH_P_ALL, ETH_P_IP = 3, 0x0800
SOL_PACKET, PACKET_IGNORE_OUTGOING, SO_ATTACH_FILTER = 263, 23, 26
ETHERNET, INNER = 14, 20 + 8
BURST = 64
FILL, PROBE = bytes(18), bytes(200)
PROBE_LEN = INNER + len(PROBE)
OUTER_LEN_MIN = ETHERNET + 20 + 8  # in front of the tunnel header of a probe that comes back
SETTLE = 1.0  # for what is under way at the end


def checksum(header):
    """The IPv4 header checksum."""
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def packet(source, port, vip, payload):
    """One UDP packet in IPv4; its UDP checksum is left out, as IPv4 allows."""
    total = INNER + len(payload)
    fields = [0x45, 0, total, 0, 0, 64, socket.IPPROTO_UDP, 0,
              socket.inet_aton(source), socket.inet_aton(vip)]
    layout = "!BBHHHBBH4s4s"
    fields[7] = checksum(struct.pack(layout, *fields))
    udp = struct.pack("!HHHH", port, DESTINATION_PORT, 8 + len(payload), 0)
    return struct.pack(layout, *fields) + udp + payload


class Vector(ctypes.Structure):
    """struct iovec"""

    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class Header(ctypes.Structure):
    """struct msghdr"""

    _fields_ = (("name", ctypes.c_void_p), ("name_length", ctypes.c_uint),
                ("vectors", ctypes.POINTER(Vector)), ("vector_count", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
                ("flags", ctypes.c_int))


class Message(ctypes.Structure):
    """struct mmsghdr"""

    _fields_ = (("header", Header), ("sent", ctypes.c_uint))


def messages(frames):
    """Frames as sendmmsg() wants them."""
    vectors = [ctypes.pointer(Vector(frame, len(frame))) for frame in frames]
    return (Message * len(frames))(*(
        Message(Header(vectors=one, vector_count=1)) for one in vectors))


def only_long_ones(sock, shortest):
    """Let the kernel hand over only frames of at least so many bytes."""
    program = struct.pack("HBBIHBBIHBBIHBBI", 0x80, 0, 0, 0,  # the length of the frame
                          0x35, 0, 1, shortest, 6, 0, 0, 0x40000, 6, 0, 0, 0)
    code = ctypes.create_string_buffer(program)
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("HP", len(program) // 8, ctypes.addressof(code)))


class Flood:
    """The two ends of the flood on one link."""

    def __init__(self, args):
        ethernet = bytes.fromhex((args.to + args.source).replace(":", "")) + struct.pack("!H", ETH_P_IP)
        flows = [flow(number) for number in range(args.flows)]
        fill = [ethernet + packet(*one, args.vip, FILL) for one in flows] * BURST
        probes = [packet(*one, args.vip, PROBE) for one in flows]
        self.numbers = {probe: number for number, probe in enumerate(probes)}
        self.bursts = [messages(fill[number:number + BURST - 1] + [ethernet + probe])
                       for number, probe in enumerate(probes)]
        self.rate, self.sent, self.probes = args.rate, 0, 0
        self.seen = Counter()
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.out.bind((args.device, 0))
        self.back = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.back.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.back.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.back.setblocking(False)
        only_long_ones(self.back, OUTER_LEN_MIN + PROBE_LEN)
        self.back.bind((args.device, ETH_P_ALL))

    def burst(self, number):
        """Send one burst, the last packet of which is a probe."""
        sent = self.libc.sendmmsg(self.out.fileno(), self.bursts[number % len(self.bursts)], BURST, 0)
        if sent < 0:
            raise OSError(ctypes.get_errno(), "sendmmsg")
        self.sent += sent
        self.probes += sent == BURST

    def look(self):
        """Count the probes that have come back by now, by flow and what is around them."""
        while True:
            try:
                frame = self.back.recv(2048)
            except BlockingIOError:
                return
            number = self.numbers.get(frame[-PROBE_LEN:])
            if number is not None:
                self.seen[number, frame[ETHERNET + 16:ETHERNET + 20].hex(),
                          frame[OUTER_LEN_MIN:-PROBE_LEN].hex()] += 1

    def run(self, stopped):
        """Send until stopped, no faster than the rate, and report."""
        begin, due = time.monotonic(), 0
        while not stopped():
            self.look()
            self.burst(due)
            due += 1
            ahead = begin + due * BURST / self.rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            elif ahead < -0.1:  # never catch up with a burst of bursts
                begin -= ahead
        end = time.monotonic() + SETTLE
        while time.monotonic() < end:
            self.look()
            time.sleep(0.01)
        return {"sent": self.sent, "probes": self.probes,
                "seen": [[*key, count] for key, count in sorted(self.seen.items())]}


def main():
    """Flood until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", required=True, help="the router's link to the director")
    parser.add_argument("--from", dest="source", required=True, help="MAC address of the router")
    parser.add_argument("--to", required=True, help="MAC address of the director's host")
    parser.add_argument("--vip", required=True)
    parser.add_argument("--flows", type=int, required=True)
    parser.add_argument("--rate", type=int, required=True, help="packets a second")
    flood, told = Flood(parser.parse_args()), []
    signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    print(json.dumps(flood.run(lambda: told)), flush=True)


if __name__ == "__main__":
    main()
