# SPDX-License-Identifier: BSD-3-Clause
"""Where on the ingress of a device the program is, and what it says of others in front of it."""

import contextlib
import json
import os

import pytest
from hosts import A, B, VIP, counted, interface_index
from kernel import (
    TCX_NEXT, TCX_PASS, Program, tcx_link, tcx_programs, tcx_put_first, tcx_remove, verdict)
from test_connections import UPLOAD, connection, send

OURS_IN_TCX, OURS_IN_CLSACT = ("tcx", "glb_redirect"), ("bpf", "glb_redirect")
U32 = ("u32", "match", "u32", "0", "0", "flowid", "1:1")
FIREWALL_FIRST = "(firewall) runs before glb-redirect, which sees only what that leaves to others"


@pytest.fixture(autouse=True)
def tcx(host):
    """The kernel has tcx."""
    if tcx_programs(host.namespace, 1) is None:
        pytest.skip("the kernel has no tcx")


@pytest.fixture(name="put_first")
def fixture_put_first(host):
    """A function that puts a program in front of all others on eth0 and returns its id."""
    def put(name="firewall"):
        with verdict(TCX_NEXT, name) as fd:
            tcx_put_first(host.namespace, interface_index(host.namespace, "eth0"), fd)
        return host.tcx()[0][0]
    return put


def status(host):
    """What status says: where the program is, and what runs before it."""
    hook, program, conntrack, rules, *before = host.redirect("status", "eth0").splitlines()
    assert program == f"program {host.program_id()}"
    assert (conntrack, rules) == ("conntrack asked", "rules none")
    return hook.removeprefix("hook "), [line.removeprefix("before ") for line in before]


# --- in front of others ---------------------------------------------------------------------------


def test_a_program_that_passes_everything_keeps_nothing_from_ours(network):
    """Its TCX_PASS ends the list, and no tc filter would run: ours has to be in front."""
    a, b = network.proxies
    ifindex = interface_index(a.namespace, "eth0")
    network.director.hops = (A, B)
    a.redirect("detach", "eth0")
    with verdict(TCX_PASS, "passes") as fd:
        tcx_put_first(a.namespace, ifindex, fd)
        try:
            a.redirect("attach", "eth0")
            with counted(a, b) as (at_a, _), connection(network, a, VIP) as (client, server):
                assert send(client, server, UPLOAD) == UPLOAD
        finally:
            tcx_remove(a.namespace, ifindex, fd)
    assert at_a["accepted_established"] == at_a["total"] - 1 > 700


@pytest.mark.parametrize("words", [(), ("--clsact",)], ids=["tcx", "clsact"])
def test_either_place_serves_connections_and_passes_on_others(network, words):
    a, b = network.proxies
    a.redirect("attach", "eth0", *words)
    try:
        network.director.hops = (B, A)
        with connection(network, b, VIP) as (client, server):
            network.director.hops = (A, B)
            with counted(a, b) as (at_a, at_b):
                assert send(client, server, UPLOAD) == UPLOAD
            assert at_a["forwarded_to_alternate"] == at_a["total"] == at_b["total"] > 700
        with counted(a) as (at_a,), connection(network, a, VIP) as (client, server):
            assert send(client, server, UPLOAD) == UPLOAD
        assert at_a["accepted_established"] == at_a["total"] - 1
    finally:
        a.redirect("attach", "eth0")


def test_attach_runs_before_programs_that_are_there(host, put_first):
    put_first()
    assert host.warnings("attach", "eth0") == []
    assert host.places() == [OURS_IN_TCX, ("tcx", "firewall")]


def test_a_device_that_shares_its_filters_takes_the_program_in_tcx_only(host):
    """A block of filters has no place of its own for a device."""
    host.tc("qdisc", "add", "dev", "eth0", "ingress_block", "22", "clsact")
    assert "shares with other devices" in host.refusal("attach", "eth0", "--clsact")
    assert host.refusal("detach", "eth0") == "glb-redirect is not attached"
    host.redirect("attach", "eth0")
    assert status(host) == ("tcx", [])
    host.redirect("detach", "eth0")
    assert host.tcx() == []


# --- from one place to the other ------------------------------------------------------------------


@pytest.mark.parametrize("was, then", [
    ((), ("--clsact",)), (("--clsact",), ()),
], ids=["to-clsact", "to-tcx"])
def test_a_program_moves_to_the_other_place_with_its_counters(network, was, then):
    proxy = network.proxies[0]
    network.director.hops = (A, B)
    proxy.redirect("attach", "eth0", *was)
    try:
        with connection(network, proxy, VIP) as (client, server):
            send(client, server, b"hello")
        counters = proxy.counters()
        proxy.redirect("attach", "eth0", *then)
        assert proxy.counters() == counters
        assert counters["total"] > 0
        assert [bool(proxy.tcx()), bool(proxy.filters())] == [not then, bool(then)]
    finally:
        proxy.redirect("attach", "eth0")


def test_a_move_takes_the_clsact_qdisc_away_and_leaves_filters_of_others(host):
    host.redirect("attach", "eth0", "--clsact")
    host.redirect("attach", "eth0")
    assert "clsact" not in host.qdiscs()
    host.redirect("attach", "eth0", "--clsact")
    host.add_filter("prio", "20000", *U32)
    host.redirect("attach", "eth0")
    assert host.places() == [OURS_IN_TCX, ("u32", None)]


def put_into_both(host):
    """What is left when an attach ends half-way: the program in both places."""
    host.redirect("attach", "eth0", "--clsact")
    with contextlib.closing(Program(host.program_id())) as program:
        tcx_put_first(host.namespace, interface_index(host.namespace, "eth0"), program.fd)
    assert host.places() == [OURS_IN_TCX, OURS_IN_CLSACT]


@pytest.mark.parametrize("words, place", [
    ((), OURS_IN_TCX), (("--clsact",), OURS_IN_CLSACT),
], ids=["tcx", "clsact"])
def test_attach_leaves_one_program_where_there_were_two(host, words, place):
    put_into_both(host)
    host.redirect("attach", "eth0", *words)
    assert host.places() == [place]


def test_detach_takes_the_program_from_both_places(host):
    put_into_both(host)
    host.redirect("detach", "eth0")
    assert host.places() == []


def test_a_move_says_which_filters_it_overtakes(host):
    """They saw outer packets first, and one may be a firewall."""
    host.redirect("attach", "eth0", "--clsact")
    host.add_filter("prio", "10", *U32)
    overtaken, = host.warnings("attach", "eth0")
    assert overtaken == ("the filter of priority 10 (u32) ran before glb-redirect and now runs "
                         "after it; attach with --clsact to keep their order")
    assert host.warnings("attach", "eth0") == []


# --- behind others --------------------------------------------------------------------------------


def test_every_command_says_what_was_put_in_front(host, put_first):
    host.redirect("attach", "eth0")
    assert status(host) == ("tcx", [])
    other = put_first()
    warning = f"tcx program {other} {FIREWALL_FIRST}"
    assert host.warnings("counters", "eth0", "--json") == [warning]
    assert json.loads(host.attempt("counters", "eth0", "--json")[1])["total"] == 0
    assert status(host) == ("tcx", [f"tcx {other} firewall"])
    assert host.warnings("attach", "eth0") == [warning]


def test_attach_again_keeps_the_order_that_others_chose(host, put_first):
    """A firewall in front stays there."""
    host.redirect("attach", "eth0")
    put_first()
    host.attempt("attach", "eth0")
    assert host.places() == [("tcx", "firewall"), OURS_IN_TCX]
    host.redirect("detach", "eth0")
    assert host.places() == [("tcx", "firewall")]


def test_among_the_filters_all_of_tcx_is_in_front(host, put_first):
    host.redirect("attach", "eth0", "--clsact")
    outer, inner = put_first("second"), put_first("first")
    host.add_filter("prio", "9", *U32)
    assert status(host) == ("clsact", [f"tcx {inner} first", f"tcx {outer} second",
                                       "clsact 9 u32"])


@pytest.mark.parametrize("words, shown", [
    (("prio", "10", *U32), ["clsact 10 u32"]),
    (("prio", "10", "protocol", "ipv6", *U32), ["clsact 10 u32"]),
    (("prio", "10", "protocol", "arp", *U32), []),
    (("prio", "10", "chain", "5", *U32), []),
    (("prio", "19524", *U32), []),
    (("prio", "19523", "handle", "2", "bpf", "bytecode", "1,6 0 0 4294967295,"),
     ["clsact 19523 bpf"]),
], ids=["before", "of-ipv6", "of-arp", "of-another-chain", "after", "of-our-priority"])
def test_filters_are_in_front_that_packets_for_us_meet_first(host, words, shown):
    host.redirect("attach", "eth0", "--clsact")
    host.add_filter(*words)
    assert status(host) == ("clsact", shown)


def test_a_program_of_ours_that_a_link_holds_is_left_to_its_owner(host):
    host.redirect("attach", "eth0", "--clsact")
    ifindex = interface_index(host.namespace, "eth0")
    with contextlib.closing(Program(host.program_id())) as program:
        host.redirect("detach", "eth0")
        with tcx_link(host.namespace, ifindex, program.fd):
            for command in ("attach", "detach"):
                assert "held by a link" in host.refusal(command, "eth0")
            assert status(host) == ("tcx", [])
            assert host.counters()["total"] == 0
    host.redirect("attach", "eth0")
    assert host.places() == [OURS_IN_TCX]


def test_more_programs_than_a_line_has_room_for_are_no_problem(host, put_first):
    host.redirect("attach", "eth0")
    for _ in range(20):
        put_first()
    assert len(status(host)[1]) == 16


def test_a_program_that_has_our_name_only_is_left_alone(host, put_first):
    stranger = put_first("glb_redirect")
    for command in ("counters", "detach", "status"):
        assert host.refusal(command, "eth0") == "glb-redirect is not attached"
    host.redirect("attach", "eth0")
    host.redirect("detach", "eth0")
    assert host.tcx() == [(stranger, "glb_redirect")]


def test_a_device_takes_the_program_along(host):
    host.redirect("attach", "eth0")
    number = host.program_id()
    host.namespace.ip("link", "del", "eth0")
    with pytest.raises(FileNotFoundError):
        for _ in range(200):
            Program(number).close()
            os.sched_yield()
