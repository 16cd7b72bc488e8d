# SPDX-License-Identifier: BSD-3-Clause
"""Which hops passed packets on to a proxy, and to which did it?

Every case runs the attached program on frames, with outer headers of either version.
"""

import json
import os

import pytest
from bench import absent, ip, segment, segment_of
from hosts import A, B, VIP, VIP6
from scapy.layers.inet import UDP
from scapy.packet import Raw

OTHERS, C = "others", "10.9.0.13"
ENTRIES = 128  # the most hops on each side
ECHO = 7


def peers(proxy):
    """What it has counted for each hop."""
    shown = json.loads(proxy.proxy.redirect("counters", "eth0", "--peers", "--json"))
    return {entry.pop("peer"): tuple(entry.values()) for entry in shown["peers"]}


def assert_they_add_up(proxy):
    """With what is counted for VIPs, and with the counters of the device."""
    received, needed, passed_on = map(sum, zip(*peers(proxy).values()))
    counters = proxy.proxy.counters()
    vips = json.loads(proxy.proxy.redirect("counters", "eth0", "--vips", "--json"))["vips"]
    assert passed_on == counters["forwarded_to_alternate"] + counters["returned_to_first"]
    assert needed == sum(vip["needed"] for vip in vips) <= received


@pytest.fixture(autouse=True)
def fresh(proxy):
    """A program that has counted nothing, on one processor: each has entries of its own."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    proxy.proxy.redirect("detach", "eth0")
    proxy.proxy.redirect("attach", "eth0", "--udp", f"{VIP}:{ECHO}")
    proxy.reopen()
    yield
    proxy.proxy.redirect("attach", "eth0", "--udp", "none")
    os.sched_setaffinity(0, processors)


@pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
def test_hops_before_and_after_are_counted_apart(proxy, vip):
    with proxy.connection(vip) as (client, _):
        mine = segment_of(client)
        proxy.accepts(mine)  # from a director
        proxy.accepts(mine, hops=(A,), next_hop=1, src=B)
        proxy.accepts(mine, hops=(A, C), next_hop=1, src=B)
        proxy.accepts(segment(vip, "S"), hops=(A,), next_hop=1, src=B)
        proxy.forwards(segment(vip), hops=(B, C))
        proxy.run(proxy.tunnel(segment(vip), hops=(A, C), next_hop=1, src=B))
    b, c = map(proxy.address, (B, C))
    assert peers(proxy) == {OTHERS: (0, 0, 0), b: (4, 2, 1), c: (0, 0, 1)}
    assert_they_add_up(proxy)


def test_what_returns_is_counted_for_where_it_goes(proxy):
    unknown = ip(absent(VIP), VIP) / UDP(sport=40000, dport=ECHO) / Raw(b"data")
    assert proxy.run(proxy.tunnel(unknown, hops=(B,), next_hop=1)).fate == "returned_to_first"
    assert peers(proxy)[proxy.address(B)] == (0, 0, 1)
    assert_they_add_up(proxy)


def test_a_sender_without_evidence_gets_no_entry(proxy):
    """It made up its address, or knows no connection: strays, openings, and all that is dropped."""
    for number in range(20, 40):
        source = f"10.9.7.{number}"
        proxy.accepts(segment(flags="S"), hops=(A,), next_hop=1, src=source)
        proxy.accepts(segment(), hops=(A,), next_hop=1, src=source)
        proxy.drops(proxy.tunnel(ip(VIP, VIP) / UDP(dport=53), next_hop=1, src=source))
    assert peers(proxy) == {OTHERS: (40, 0, 0)}
    assert_they_add_up(proxy)


def test_nor_does_a_hop_for_an_address_that_is_made_up(proxy):
    for number in range(20, 40):
        proxy.forwards(segment("198.18.0.1"), hops=(f"10.9.7.{number}",))
    assert peers(proxy) == {OTHERS: (0, 0, 20)}


def test_more_hops_than_there_is_room_for_are_others_and_leave_the_other_side_alone(proxy):
    """Whatever lists of hops somebody makes up, the hops before this one still get entries."""
    for number in range(20, ENTRIES + 80):
        for _ in range(2):
            proxy.forwards(segment(), hops=(f"10.9.7.{number}",))
    found = peers(proxy)
    others = found.pop(OTHERS)
    assert ENTRIES / 2 < len(found) <= ENTRIES and set(found.values()) == {(0, 0, 2)}
    assert others == (0, 0, 2 * (ENTRIES + 60 - len(found)))
    with proxy.connection(VIP) as (client, _):
        proxy.accepts(segment_of(client), hops=(A,), next_hop=1, src=C)
    assert peers(proxy)[proxy.address(C)] == (1, 1, 0)
    assert_they_add_up(proxy)


def test_attach_again_keeps_what_was_counted_for_hops(proxy):
    proxy.forwards(segment())
    before = peers(proxy)
    proxy.proxy.redirect("attach", "eth0")
    assert peers(proxy) == before
    proxy.reopen()
    proxy.forwards(segment())
    assert peers(proxy)[proxy.address(B)] == (0, 0, 2)


def test_text_json_and_status_are_the_same(proxy):
    proxy.forwards(segment())
    found, b = peers(proxy), proxy.address(B)
    lines = [line.split() for line in proxy.proxy.redirect("counters", "eth0", "--peers").splitlines()]
    names = ("received", "needed", "passed_on")
    assert [(peer, name, int(value)) for peer, name, value in lines] == [
        (peer, name, value) for peer, values in found.items() for name, value in zip(names, values)]
    shown = json.loads(proxy.proxy.redirect("status", "eth0", "--json"))["peers"]
    assert {entry.pop("peer"): tuple(entry.values()) for entry in shown} == found
    assert f"peer {b} received 0 needed 0 passed_on 1\n" in proxy.proxy.redirect("status", "eth0")


def test_hops_and_vips_are_asked_for_one_at_a_time(host):
    status, out, err = host.attempt("counters", "eth0", "--vips", "--peers")
    assert (status, out) == (2, "") and "--vips: not with --peers" in err
