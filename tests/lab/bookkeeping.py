# SPDX-License-Identifier: BSD-3-Clause
"""What a director and the kernel below it report about packets, memory and time, and whether the two agree."""

import ctypes
import os
import socket
import stat
import struct
import time
from collections import Counter
from pathlib import Path

from netns import wait_until
from watchers import control

VERDICTS = ("forward", "answer_", "punt_", "drop_")
NO_VERDICTS = ("punt_dropped", "punt_limited")
SOL_PACKET, PACKET_STATISTICS, SYS_PIDFD_GETFD = 263, 6, 438
QUIET = 0.02  # seconds within which a worker takes what the kernel has


def on_the_device(pid):
    """What the kernel has counted for the device of a director's host: received and sent."""
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()
    counts = next(line.split(":")[1].split() for line in lines if line.strip().startswith("eth0:"))
    return {"kernel_rx": int(counts[1]), "kernel_tx": int(counts[9])}


class Rings:
    """How many packets found the rings of a director's packet sockets full.

    The driver does not report it (docs/counters.md); the kernel does, and resets its count when it is read.
    """

    def __init__(self, pid):
        self.lost = 0
        self._sockets = [one for one in sockets_of(pid) if one.family == socket.AF_PACKET]
        self.look()

    def look(self):
        """The packets lost so far."""
        for one in self._sockets:
            _, lost = struct.unpack("II", one.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
            self.lost += lost
        return self.lost

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self._sockets:  # or they would outlive the director
            one.close()


def sockets_of(pid):
    """Every socket of a process, as a second descriptor of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        for number in descriptors(pid):
            copy = libc.syscall(SYS_PIDFD_GETFD, process, number, 0)
            if copy < 0:
                continue  # closed by now
            if stat.S_ISSOCK(os.fstat(copy).st_mode):
                yield socket.socket(fileno=copy)
            else:
                os.close(copy)
    finally:
        os.close(process)


def packets(lab, host, rings):
    """Counters of a director and of the kernel below it, of a moment with nothing under way."""
    pid = lab.pid(host.name)

    def quiet():
        before = on_the_device(pid)
        time.sleep(QUIET)
        counters = control(lab, host, "stats")["counters"]
        return before == on_the_device(pid) and Counter(counters | before | {"ring_full": rings.look()})
    return wait_until(quiet, f"a moment without packets at {host.name}", seconds=60, every=0.01)


def unaccounted(counted):
    """Packets that are missing from a difference of packets(), by where they should be."""
    verdicts = sum(count for name, count in counted.items()
                   if name.startswith(VERDICTS) and name not in NO_VERDICTS)
    sent = counted["forward"] + sum(count for name, count in counted.items()
                                    if name.startswith("answer_"))
    others = counted["kernel_tx"] - counted["tx"]  # of the host itself: the device shows them too
    return {
        "wire": counted["kernel_rx"] + others - counted["rx"] - counted["ring_full"],
        "verdicts": counted["rx"] - counted["handover_dropped"] - verdicts,
        "sent": sent - counted["tx"] - counted["tx_dropped"],
    }


def difference(after, before):
    """What was counted between two looks."""
    return Counter({name: after[name] - before[name] for name in after})


def resident(pid):
    """KiB of memory that a process has; "status" has it only roughly."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def descriptors(pid):
    """The files that a process has open."""
    return [int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()]


def turns(lab, host):
    """Turns of all workers of a director so far, by how long they took (n: below 2^n ns)."""
    answer = control(lab, host, "top")
    gaps = Counter()
    for worker in answer["workers"]:
        gaps.update(dict(enumerate(worker["gaps"])))
        gaps["stalls"] += worker["stalls"]
    return gaps


def worst(gaps):
    """The bucket of the longest turn."""
    return max((bucket for bucket, count in gaps.items() if bucket != "stalls" and count), default=0)


def duration(bucket):
    """The upper end of a bucket in words."""
    for unit, ns in (("s", 10**9), ("ms", 10**6), ("us", 1000)):
        if 2**bucket >= ns:
            return f"{2**bucket / ns:.3g} {unit}"
    return f"{2**bucket} ns"


def side_by_side(with_reloads, without):
    """Both histograms as lines, with shares of their turns."""
    columns = [Counter({bucket: count for bucket, count in gaps.items() if bucket != "stalls"})
               for gaps in (without, with_reloads)]
    sums = [max(sum(column.values()), 1) for column in columns]
    lines = [f"  {'turns shorter than':<20}{'without':>14}{'':>11}{'with reloads':>16}"]
    used = [bucket for column in columns for bucket, count in column.items() if count]
    for bucket in range(min(used, default=0), max(used, default=-1) + 1):
        lines.append(f"  {duration(bucket):<20}" + "".join(
            f"{column[bucket]:>14} {column[bucket] / total:>9.5%}" for column, total in zip(columns, sums)))
    return lines
