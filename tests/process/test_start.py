# SPDX-License-Identifier: BSD-3-Clause
"""What does a director say that cannot start, for want of hugepages or with wrong options of the EAL?"""

import os
import signal
import subprocess

import pytest

from drivers import eal_options


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a /sys of its own")
def test_a_start_for_want_of_hugepages_says_so_and_how_to_do_without(process):
    """It sees other numbers of hugepages than there are, and no hugetlbfs."""
    command = process.command()
    plain = eal_options(1)
    command[1 : 1 + len(plain)] = [word for word in plain if word not in ("--no-huge", "-m", "256")]
    sizes = "/sys/kernel/mm/hugepages"
    for free, reason in (
        (0, "no hugepage is free: reserve some by sysctl vm.nr_hugepages=N, or do without them"),
        (1, "it cannot use the 1 hugepage that is free: say --in-memory"),
        (8, "it cannot use the 8 hugepages that are free: say --in-memory"),
    ):
        shell = f"""
            set -e
            umount -a -t hugetlbfs
            mount -t tmpfs none {sizes}
            mkdir {sizes}/hugepages-2048kB
            echo {free} | tee {sizes}/hugepages-2048kB/free_hugepages >{sizes}/hugepages-2048kB/nr_hugepages
            exec "$@"
        """
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", shell, "sh", *map(str, command)], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1, done.stderr
        assert f"glb-director: error: the EAL does not start: {reason}" in done.stderr
        assert "--no-huge -m 256, which cost a third to a half of the rate" in done.stderr


def test_a_start_with_a_wrong_eal_option_repeats_what_the_eal_said(process):
    """In its last line, behind the EAL's own usage."""
    for words, reason in (
        (["-a", "zz:yy"], "the EAL does not start: device zz:yy: no driver of this DPDK has such devices"),
        (["--vdev", "net_nope1"], "--vdev net_nope1: no driver of this DPDK has such devices"),
        (["-l", "9998-9999"], "the EAL does not start: Invalid argument: "),
        (["--frobnicate"], "the EAL does not start: Invalid argument; is one of its options unknown"),
    ):
        command = process.command()
        done = subprocess.run([*command[:1], *words, *command[1:]], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1, done.stderr
        assert f"Z glb-director: error: {reason}" in done.stderr.splitlines()[-1], (words, done.stderr)


def test_a_director_without_hugepages_warns_once_with_the_cost_and_the_remedy(process):
    """Once at start, and not again when it reloads."""
    process.start()
    process.signal(signal.SIGHUP)
    process.wait_for_log("serving generation 2")
    lines = [line for line in process.log.read_text().splitlines() if "without hugepages" in line]
    assert len(lines) == 1, lines
    assert lines[0].endswith(
        " glb-director: warning: runs without hugepages (--no-huge), which costs a third to a half of the rate: reserve"
        " some by sysctl vm.nr_hugepages=N, and start without --no-huge and -m"
    )
    process.stop()
