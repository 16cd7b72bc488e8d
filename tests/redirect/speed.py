#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long does the program take for a packet that it keeps, and for one that it passes on?

  speed.py GLB_REDIRECT [GLB_REDIRECT...]

The programs of several builds take turns on the same frames in random order, so that load of the
machine meets all of them. Prints nanoseconds by BPF_PROG_TEST_RUN, which adds the same to each:
tenth percentile and median of the best of three runs. Each run gets the frame anew, as the first one
changes it.
Not a test; needs root.
"""

import random
import socket
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

# pylint: disable=wrong-import-position
from bench import Bench, absent, ip, segment, segment_of
from hosts import VIP, Network
from kernel import Program, inside
from scapy.layers.inet import UDP
from scapy.packet import Raw

RUNS = 5000
UDP_SERVICES = f"{VIP}:7,{VIP}:443/quic"


def attached(network, builds):
    """The program of each build, which stays in the kernel when the next one replaces it."""
    proxy = network.proxies[0]
    programs = []
    for build in builds:
        proxy.program = build
        listed = ["--udp", UDP_SERVICES] if "--udp" in proxy.redirect("attach", "--help") else []
        proxy.redirect("detach", "eth0")  # no program inherits the counters of another
        proxy.redirect("attach", "eth0", *listed)
        programs.append(Program(proxy.program_id()))
    return programs


def measure(bench, programs, name, inner, **tunnel):
    """Print one line: a case, and what it takes each program."""
    frame, took = bench.tunnel(inner, **tunnel), {program: [] for program in programs}
    with inside(bench.proxy.namespace):
        for _ in range(RUNS):
            for program in random.sample(programs, len(programs)):
                took[program].append(min(bench.time(program, frame) for _ in range(3)))
    columns = (f"{sorted(each)[RUNS // 10]:6} {statistics.median(each):6.0f}" for each in took.values())
    print(f"{name:30}", *columns, flush=True)


def main():
    """Measure every case."""
    builds = [Path(word).resolve() for word in sys.argv[1:]]
    network = Network(builds[0])
    try:
        network.up()
        programs, bench = attached(network, builds), Bench(network)

        def datagram(port, data=bytes(30)):
            return ip(absent(VIP), VIP) / UDP(sport=40000, dport=port) / Raw(data)

        measure(bench, programs, "SYN, kept", segment(VIP, "S"))
        measure(bench, programs, "unknown segment, passed on", segment(VIP))
        with bench.connection(VIP) as (client, _):
            measure(bench, programs, "segment, kept", segment_of(client))
        measure(bench, programs, "UDP of no service, kept", datagram(53))
        measure(bench, programs, "unknown UDP, passed on", datagram(7))
        measure(bench, programs, "unknown UDP, returned", datagram(7), next_hop=1)
        measure(bench, programs, "Initial of QUIC, kept", datagram(443, b"\xc0\0\0\0\1\x08" + bytes(50)))
        with inside(bench.proxy.namespace), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((VIP, 7))
            sock.connect((absent(VIP), 40000))
            measure(bench, programs, "UDP of a socket, kept", datagram(7))
    finally:
        network.down()


if __name__ == "__main__":
    main()
