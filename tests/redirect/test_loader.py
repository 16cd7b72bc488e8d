# SPDX-License-Identifier: BSD-3-Clause
"""attach, detach and counters: what they do to a device, and what they refuse."""

import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from hosts import A, B, VIP, Proxy, counted
from kernel import Program
from netns import Namespace, wait_until
from test_connections import UPLOAD, connection, send

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NOBODY = 65534
NO_FILTER = {"ht_divisor": 0}  # tc lists hash tables of u32, and headings without options, too
SOMEBODY_ELSES = ("protocol", "ip", "prio", "10", "u32", "match", "u32", "0", "0", "flowid", "1:1")
OUR_PLACE = ("prio", "19523", "handle", "1")


class Host(Proxy):
    """A host with a device eth0, and nothing on it yet."""

    def tc(self, *words):
        return self.namespace.run("tc", *words)

    def filters(self, direction="ingress"):
        """The filters on eth0: kind and, for eBPF, program of each."""
        shown = json.loads(self.tc("-json", "filter", "show", "dev", "eth0", direction))
        return sorted((entry["kind"], entry["options"].get("prog", {}).get("name"))
                      for entry in shown if "ht_divisor" not in entry.get("options", NO_FILTER))

    def add_filter(self, *words, direction="ingress"):
        self.tc("filter", "add", "dev", "eth0", direction, *words)

    def add_program(self, path):
        """Put an eBPF program where ours would go."""
        self.add_filter(*OUR_PLACE, "bpf", "direct-action", "object-file", path, "section", "tc")

    def qdiscs(self):
        shown = json.loads(self.tc("-json", "qdisc", "show", "dev", "eth0"))
        return {entry["kind"] for entry in shown}

    def attempt(self, *words, user=0):
        """Run glb-redirect as a user; returns its exit status, standard output and error."""
        done = subprocess.run(
            self.namespace.command(
                "setpriv", f"--reuid={user}", "--clear-groups", self.program, *words),
            capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def refusal(self, *words, **more):
        """Run glb-redirect, which must refuse; returns its reason."""
        status, out, err = self.attempt(*words, **more)
        assert (status, out) == (1, "")
        prefix, _, reason = err.partition(f"glb-redirect: error: {words[1]}: ")
        assert prefix == "" and reason.count("\n") == 1
        return reason.strip()


def in_kernel(program_id):
    """Does the kernel have a program of this id?"""
    try:
        Program(program_id).close()
    except FileNotFoundError:
        return False
    return True


@pytest.fixture(name="host")
def fixture_host(program):
    """A host of its own for every case."""
    host = Host(Namespace(f"glbr{os.getpid()}-loader"), A, program)
    host.namespace.create("net.ipv4.ip_forward=0")
    try:
        host.namespace.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
        host.namespace.ip("link", "set", "eth0", "up")
        yield host
    finally:
        host.namespace.delete()


# --- attach --------------------------------------------------------------------------------------


def test_attach_puts_one_filter_on_the_device_and_nothing_else(host):
    host.redirect("attach", "eth0")
    assert host.filters() == [("bpf", "glb_redirect")]
    assert host.filters("egress") == []
    assert set(host.counters().values()) == {0}


def test_attach_again_replaces_the_program_and_keeps_its_counters(network):
    proxy = network.proxies[0]
    network.director.hops = (A, B)
    with connection(network, proxy, VIP) as (client, server):
        send(client, server, b"hello")
    before, counters = proxy.program_id(), proxy.counters()
    proxy.redirect("attach", "eth0")
    assert proxy.program_id() != before
    assert proxy.counters() == counters
    assert counters["total"] > 0


def test_attach_again_lets_no_packet_through_undecapsulated(network):
    """The old program works until the new one does: nothing reaches UDP, where nobody listens."""
    def unexpected():
        lines = proxy.namespace.run("cat", "/proc/net/snmp").splitlines()
        names, values = (line.split() for line in lines if line.startswith("Udp:"))
        return int(values[names.index("NoPorts")])

    def attach_often():
        while not done.is_set():
            proxy.redirect("attach", "eth0")
            attached.append(proxy.program_id())

    proxy, _ = network.proxies
    network.director.hops = (A, B)
    attached, done, before = [], threading.Event(), unexpected()
    with connection(network, proxy, VIP) as (client, server), counted(proxy) as (moved,):
        attaching = threading.Thread(target=attach_often)
        attaching.start()
        try:
            while len(attached) < 20:
                assert send(client, server, UPLOAD) == UPLOAD
        finally:
            done.set()
            attaching.join()
    assert unexpected() == before
    assert moved["accepted_established"] == moved["total"]
    assert len(set(attached)) == len(attached)


def test_attach_works_beside_filters_of_others(host):
    host.tc("qdisc", "add", "dev", "eth0", "clsact")
    host.add_filter(*SOMEBODY_ELSES)
    host.redirect("attach", "eth0")
    assert host.filters() == [("bpf", "glb_redirect"), ("u32", None)]


def test_attach_works_on_an_ingress_qdisc(host):
    """The older kind, which has no egress; it stays when we go, as it was there before."""
    host.tc("qdisc", "add", "dev", "eth0", "ingress")
    host.redirect("attach", "eth0")
    assert host.filters() == [("bpf", "glb_redirect")]
    host.redirect("detach", "eth0")
    assert host.filters() == []
    assert "ingress" in host.qdiscs()


def test_a_program_of_a_version_with_other_counters_is_replaced_and_counts_anew(
        host, compile_bpf, tmp_path):
    for source in (ROOT / "src/redirect").glob("*.[ch]"):
        shutil.copy(source, tmp_path)
    header = tmp_path / "counters.h"
    one_more = 'X(ONE_MORE, "one_more", "") X(TOTAL,'
    header.write_text(header.read_text().replace("X(TOTAL,", one_more))
    host.tc("qdisc", "add", "dev", "eth0", "clsact")
    host.add_program(compile_bpf(tmp_path / "redirect.bpf.c"))
    assert host.filters() == [("bpf", "glb_redirect")]
    assert "another version" in host.refusal("counters", "eth0")
    host.redirect("attach", "eth0")
    assert host.filters() == [("bpf", "glb_redirect")]
    assert set(host.counters().values()) == {0}


# --- detach --------------------------------------------------------------------------------------


def test_detach_leaves_the_device_as_it_was(host):
    before = host.qdiscs()
    host.redirect("attach", "eth0")
    assert "clsact" in host.qdiscs()
    host.redirect("detach", "eth0")
    assert host.qdiscs() == before


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_detach_leaves_filters_of_others_in_place(host, direction):
    host.redirect("attach", "eth0")
    host.add_filter(*SOMEBODY_ELSES, direction=direction)
    host.redirect("detach", "eth0")
    assert host.filters(direction) == [("u32", None)]
    assert ("bpf", "glb_redirect") not in host.filters()


def test_detach_takes_the_program_out_of_the_kernel(host):
    """Nothing is pinned: with the filter goes the program, with the program its counters."""
    host.redirect("attach", "eth0")
    program_id = host.program_id()
    assert in_kernel(program_id)
    host.redirect("detach", "eth0")
    wait_until(lambda: not in_kernel(program_id), "the kernel to free the program")


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["detach", "counters"])
def test_a_device_without_the_program_is_refused(host, command):
    assert host.refusal(command, "eth0") == "glb-redirect is not attached"
    host.redirect("attach", "eth0")
    host.redirect("detach", "eth0")
    assert host.refusal(command, "eth0") == "glb-redirect is not attached"


@pytest.mark.parametrize("command", ["attach", "detach", "counters"])
def test_a_place_taken_by_another_program_is_left_to_it(host, compile_bpf, command):
    host.tc("qdisc", "add", "dev", "eth0", "clsact")
    host.add_program(compile_bpf(HERE / "encap.bpf.c"))
    assert "taken by another filter" in host.refusal(command, "eth0")
    assert host.filters() == [("bpf", "encapsulate")]


@pytest.mark.parametrize("other", [
    (*OUR_PLACE, "bpf", "bytecode", "1,6 0 0 4294967295,"),
    (*OUR_PLACE[:2], "u32", "match", "u32", "0", "0", "flowid", "1:1"),
], ids=["classic-bpf", "u32"])
def test_a_place_taken_by_another_kind_of_filter_is_left_to_it(host, other):
    host.tc("qdisc", "add", "dev", "eth0", "clsact")
    host.add_filter(*other)
    before = host.filters()
    assert "taken by another filter" in host.refusal("attach", "eth0")
    assert "not attached" in host.refusal("detach", "eth0")
    assert host.filters() == before


@pytest.mark.parametrize("command", ["attach", "detach", "counters"])
def test_a_device_that_does_not_exist_is_refused(host, command):
    assert host.refusal(command, "eth7") == "no such device in this network namespace"


def test_a_device_without_ethernet_is_refused(host):
    assert host.refusal("attach", "lo") == "not an Ethernet device"


def test_who_is_not_root_is_refused(host):
    assert "needs root" in host.refusal("attach", "eth0", user=NOBODY)
    host.redirect("attach", "eth0")
    for command in ("attach", "detach", "counters"):
        assert "needs root" in host.refusal(command, "eth0", user=NOBODY)
    assert host.filters() == [("bpf", "glb_redirect")]


@pytest.mark.parametrize("words", [
    (), ("attach",), ("attach", "eth0", "eth1"), ("attach", "eth0", "--json"), ("remove", "eth0"),
    ("counters", "eth0", "--jso"), ("counters", "eth0", "--json", "--json"), ("--help", "eth0"),
], ids=" ".join)
def test_a_command_line_that_makes_no_sense_is_answered_with_the_usage(host, words):
    status, out, err = host.attempt(*words)
    assert (status, out) == (2, "")
    assert err.startswith("usage: glb-redirect attach DEV\n")


# --- counters and help ---------------------------------------------------------------------------


def test_the_counters_are_the_same_in_text_and_json(host):
    host.redirect("attach", "eth0")
    lines = host.redirect("counters", "eth0").splitlines()
    assert {name: int(value) for name, value in map(str.split, lines)} == host.counters()


def test_help_goes_to_standard_output(host):
    status, out, err = host.attempt("--help")
    assert (status, err) == (0, "")
    for command in ("attach", "detach", "counters"):
        assert re.search(rf"^  {command} ", out, re.MULTILINE)
