# SPDX-License-Identifier: BSD-3-Clause
"""attach, detach and counters: what they do to a device, and what they refuse."""

import re
import shutil
import threading
from pathlib import Path

import pytest
from hosts import A, B, VIP, counted
from kernel import Program
from netns import wait_until
from test_connections import UPLOAD, connection, send

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NOBODY = 65534
SOMEBODY_ELSES = ("protocol", "ip", "prio", "10", "u32", "match", "u32", "0", "0", "flowid", "1:1")
OUR_PLACE = ("prio", "19523", "handle", "1")


def in_kernel(program_id):
    """Does the kernel have a program of this id?"""
    try:
        Program(program_id).close()
    except FileNotFoundError:
        return False
    return True


# --- attach --------------------------------------------------------------------------------------


def add_program(host, path):
    """Put an eBPF program where ours would go among the filters."""
    host.add_filter(*OUR_PLACE, "bpf", "direct-action", "object-file", path, "section", "tc")


def test_attach_puts_one_program_on_the_device_and_nothing_else(host, hook):
    before = host.qdiscs()
    host.redirect("attach", "eth0", *hook.words)
    assert host.places() == [hook.place]
    assert host.places("egress") == []
    assert host.qdiscs() - before == ({"clsact"} if hook.words else set())
    assert set(host.counters().values()) == {0}


@pytest.mark.parametrize("words", [(), ("--clsact",)], ids=["tcx", "clsact"])
def test_attach_again_replaces_the_program_and_keeps_its_counters(network, words):
    proxy = network.proxies[0]
    proxy.redirect("attach", "eth0", *words)
    network.director.hops = (A, B)
    with connection(network, proxy, VIP) as (client, server):
        send(client, server, b"hello")
    before, counters = proxy.program_id(), proxy.counters()
    proxy.redirect("attach", "eth0", *words)
    assert proxy.program_id() != before
    assert proxy.counters() == counters
    assert counters["total"] > 0


@pytest.mark.parametrize("before", [False, True], ids=["none-before", "one-before"])
def test_commands_at_the_same_time_attach_one_program(host, hook, before):
    """As at boot, from a unit and from a hook of the network's."""
    if before:
        host.redirect("attach", "eth0", *hook.words)
    done = []
    commands = [threading.Thread(target=lambda: done.append(
        host.attempt("attach", "eth0", *hook.words))) for _ in range(3)]
    for command in commands:
        command.start()
    for command in commands:
        command.join()
    assert done == [(0, "", "")] * 3
    assert host.places() == [hook.place]
    host.redirect("detach", "eth0")
    assert host.places() == []


@pytest.mark.parametrize("hooks", [
    [()], [("--clsact",)], [(), ("--clsact",)],
], ids=["tcx", "clsact", "from-one-to-the-other"])
def test_attach_again_lets_no_packet_through_undecapsulated(network, hooks):
    """The old program works until the new one does: nothing reaches UDP, where nobody listens."""
    def unexpected():
        lines = proxy.namespace.run("cat", "/proc/net/snmp").splitlines()
        names, values = (line.split() for line in lines if line.startswith("Udp:"))
        return int(values[names.index("NoPorts")])

    def attach_often():
        while not done.is_set():
            proxy.redirect("attach", "eth0", *hooks[len(attached) % len(hooks)])
            attached.append(proxy.program_id())

    proxy, _ = network.proxies
    network.director.hops = (A, B)
    attached, done, before = [], threading.Event(), unexpected()
    with connection(network, proxy, VIP) as (client, server), counted(proxy) as (moved,):
        attaching = threading.Thread(target=attach_often)
        attaching.start()
        try:
            while len(attached) < 4:
                assert send(client, server, UPLOAD) == UPLOAD
        finally:
            done.set()
            attaching.join()
    assert unexpected() == before
    assert moved["accepted_established"] == moved["total"]
    assert len(set(attached)) == len(attached)


def test_attach_works_beside_filters_of_others(host, hook):
    host.tc("qdisc", "add", "dev", "eth0", "clsact")
    host.add_filter(*SOMEBODY_ELSES)
    host.redirect("attach", "eth0", *hook.words)
    assert host.places() == [hook.place, ("u32", None)]


def test_attach_works_on_an_ingress_qdisc(host):
    """The older kind, which has no egress; it stays when we go, as it was there before."""
    host.tc("qdisc", "add", "dev", "eth0", "ingress")
    host.redirect("attach", "eth0", "--clsact")
    assert host.places() == [("bpf", "glb_redirect")]
    host.redirect("detach", "eth0")
    assert host.places() == []
    assert "ingress" in host.qdiscs()


@pytest.fixture(scope="module")
def other_version(compile_bpf, tmp_path_factory):
    """The program with one counter more."""
    folder = tmp_path_factory.mktemp("other")
    for source in (ROOT / "src/redirect").glob("*.[ch]"):
        shutil.copy(source, folder)
    header = folder / "counters.h"
    one_more = 'X(ONE_MORE, "one_more", "") X(TOTAL,'
    header.write_text(header.read_text().replace("X(TOTAL,", one_more))
    return compile_bpf(folder / "redirect.bpf.c")


def test_a_program_of_a_version_with_other_counters_is_replaced_and_counts_anew(host, hook, other_version):
    host.tc("qdisc", "add", "dev", "eth0", "clsact")
    add_program(host, other_version)
    assert host.places() == [("bpf", "glb_redirect")]
    assert "another version" in host.refusal("counters", "eth0")
    host.redirect("attach", "eth0", *hook.words)
    assert host.places() == [hook.place]
    assert set(host.counters().values()) == {0}
    assert {line.split()[0] for line in host.redirect("counters", "eth0", "--vips").splitlines()} == {"others"}


# --- detach --------------------------------------------------------------------------------------


def test_detach_leaves_the_device_as_it_was(host, hook):
    before = host.qdiscs()
    host.redirect("attach", "eth0", *hook.words)
    host.redirect("detach", "eth0")
    assert (host.qdiscs(), host.places()) == (before, [])


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_detach_leaves_filters_of_others_in_place(host, direction):
    host.redirect("attach", "eth0", "--clsact")
    host.add_filter(*SOMEBODY_ELSES, direction=direction)
    host.redirect("detach", "eth0")
    assert host.places(direction) == [("u32", None)]
    assert ("bpf", "glb_redirect") not in host.places()


def test_detach_takes_the_program_out_of_the_kernel(host, hook):
    """Nothing is pinned: with its place goes the program, with the program its counters."""
    host.redirect("attach", "eth0", *hook.words)
    program_id = host.program_id()
    assert in_kernel(program_id)
    host.redirect("detach", "eth0")
    wait_until(lambda: not in_kernel(program_id), "the kernel to free the program")


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["detach", "counters", "drained", "status"])
def test_a_device_without_the_program_is_refused(host, command):
    assert host.refusal(command, "eth0") == "glb-redirect is not attached"
    host.redirect("attach", "eth0")
    host.redirect("detach", "eth0")
    assert host.refusal(command, "eth0") == "glb-redirect is not attached"


@pytest.mark.parametrize("command", [
    ("attach", "eth0", "--clsact"), ("detach", "eth0"), ("counters", "eth0"), ("status", "eth0"),
], ids=" ".join)
def test_a_place_taken_by_another_program_is_left_to_it(host, compile_bpf, command):
    host.tc("qdisc", "add", "dev", "eth0", "clsact")
    add_program(host, compile_bpf(HERE / "encap.bpf.c"))
    assert "taken by another filter" in host.refusal(*command)
    assert host.places() == [("bpf", "encapsulate")]


@pytest.mark.parametrize("other", [
    (*OUR_PLACE, "bpf", "bytecode", "1,6 0 0 4294967295,"),
    (*OUR_PLACE[:2], "u32", "match", "u32", "0", "0", "flowid", "1:1"),
], ids=["classic-bpf", "u32"])
def test_a_place_taken_by_another_kind_of_filter_is_left_to_it(host, other):
    host.tc("qdisc", "add", "dev", "eth0", "clsact")
    host.add_filter(*other)
    before = host.places()
    assert "taken by another filter" in host.refusal("attach", "eth0", "--clsact")
    assert "not attached" in host.refusal("detach", "eth0")
    assert host.places() == before


@pytest.mark.parametrize("command", ["attach", "detach", "counters", "drained", "status"])
def test_a_device_that_does_not_exist_is_refused(host, command):
    assert host.refusal(command, "eth7") == "no such device in this network namespace"


def test_a_device_without_ethernet_is_refused(host):
    assert host.refusal("attach", "lo") == "not an Ethernet device"


def test_who_is_not_root_is_refused(host, hook):
    assert "needs root" in host.refusal("attach", "eth0", *hook.words, user=NOBODY)
    host.redirect("attach", "eth0", *hook.words)
    for command in ("attach", "detach", "counters", "drained", "status"):
        assert "needs root" in host.refusal(command, "eth0", user=NOBODY)
    assert host.places() == [hook.place]


def test_a_capability_that_is_missing_is_reported_and_what_is_there_stays(host, hook):
    host.redirect("attach", "eth0", *hook.words)
    for less in (["bpf", "sys_admin"], ["net_admin", "sys_admin"], ["perfmon", "sys_admin"]):
        assert "needs root, or CAP_NET_ADMIN, CAP_BPF" in host.refusal("attach", "eth0", *hook.words, less=less), less
        assert host.places() == [hook.place]


def test_locked_memory_and_a_file_system_for_programs_are_not_needed(host, hook):
    """Kernels before 5.11 charged maps to RLIMIT_MEMLOCK; and nothing is pinned."""
    bare = ("prlimit", "--memlock=0", "unshare", "--mount", "sh", "-c", 'umount -l /sys/fs/bpf 2>&1; exec "$@"', "sh")
    for command in ("attach", "status", "detach"):
        words = hook.words if command == "attach" else ()
        status, _, err = host.attempt(command, "eth0", *words, before=bare)
        assert (status, err) == (0, ""), command


def test_a_command_line_that_makes_no_sense_is_answered_with_the_usage(host):
    for words in (
        (), ("attach",), ("attach", "eth0", "eth1"), ("attach", "eth0", "--json"), ("remove", "eth0"),
        ("attach", "eth0", "--clsact", "--clsact"), ("detach", "eth0", "--clsact"),
        ("status", "eth0", "--vips"), ("drained", "eth0", "--vips"), ("detach", "eth0", "--json"), ("attach", "eth0", "--from"), ("detach", "eth0", "--from", "::"),
        ("attach", "eth0", "--from", "::", "--from", "::"), ("counters", "eth0", "--json", "--json"),
    ):
        status, out, err = host.attempt(*words)
        assert (status, out) == (2, ""), words
        assert "\nusage: glb-redirect " in err, words


# --- counters and help ---------------------------------------------------------------------------


def test_the_counters_are_the_same_in_text_and_json(host):
    host.redirect("attach", "eth0")
    lines = host.redirect("counters", "eth0").splitlines()
    assert {name: int(value) for name, value in map(str.split, lines)} == host.counters()


def test_help_goes_to_standard_output(host):
    status, out, err = host.attempt("--help")
    assert (status, err) == (0, "")
    for command in ("attach", "detach", "counters", "drained", "status"):
        assert re.search(rf"^  {command} ", out, re.MULTILINE)
