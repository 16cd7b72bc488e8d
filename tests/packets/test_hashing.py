# SPDX-License-Identifier: BSD-3-Clause
"""Which fields of a flow choose its row."""

import itertools

import pytest
from scapy.layers.inet import TCP

from frames import TABLES, VIP, VIP6, client_of, echo, ether, ip, reply_to, tcp, too_big, udp

FIELDS = ("src_addr", "dst_addr", "src_port", "dst_port")
COMBINATIONS = [c for n in range(1, 5) for c in itertools.combinations(FIELDS, n)]


def named(fields) -> dict:
    return {name: name in fields for name in FIELDS}


@pytest.mark.parametrize("fields", COMBINATIONS, ids="+".join)
def test_only_the_configured_fields_choose_the_row(director, fields):
    """Every kind of packet, and the same flow with each field changed in turn."""
    base = ether(tcp("203.0.113.70", sport=40000, dport=22))
    changed = {
        "src_addr": ether(ip("198.51.100.78", "203.0.113.70") / TCP(sport=40000, dport=22)),
        "dst_addr": ether(tcp("203.0.113.71", sport=40000, dport=22)),
        "src_port": ether(tcp("203.0.113.70", sport=40001, dport=22)),
    }
    kinds = [build(vip) for vip in (VIP, VIP6) for build in (tcp, udp, echo)]
    errors = [too_big(reply_to(build(vip))) for vip in (VIP, VIP6) for build in (tcp, udp)]
    by_fields = director.with_config(hash_fields=named(fields))

    outcomes = by_fields.send(base, *changed.values(), *map(ether, kinds + errors))
    for name, outcome in zip(changed, outcomes[1:]):
        assert (outcome.hash != outcomes[0].hash) == (name in fields)


@pytest.mark.parametrize("given", [None, {"src_addr": True}, {"src_addr": True, "dst_port": False}])
def test_the_source_address_alone_is_the_default(director, given):
    configured = director.with_config(hash_fields=given) if given else director
    one, two = configured.send(ether(tcp(sport=1)), ether(tcp(sport=2, dport=80)))
    assert one.hash == two.hash


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_alternative_fields_append_the_hops_they_choose(director, vip):
    """While a fleet moves from one choice to the other, proxies of both are asked."""
    packets = [ether(tcp(vip, sport=port)) for port in range(40000, 40020)]
    old = director.with_config(hash_fields=named(["src_addr"])).send(*packets)
    new = director.with_config(hash_fields=named(["src_addr", "src_port"])).send(*packets)
    migrating = director.with_config(
        hash_fields=named(["src_addr", "src_port"]), alt_hash_fields=named(["src_addr"])
    ).send(*packets)
    assert [o.hops for o in migrating] == [n.hops + o.hops for n, o in zip(new, old)]
    assert [o.source_port for o in migrating] == [n.source_port for n in new]


def test_alternative_fields_equal_to_the_fields_repeat_the_hops(director):
    doubled = director.with_config(alt_hash_fields={"src_addr": True})
    outcomes = doubled.send(*map(ether, (tcp(), udp(VIP6), echo(), too_big(reply_to(tcp())))))
    assert all(len(o.hops) == 4 and o.hops[:2] == o.hops[2:] for o in outcomes)


def test_a_table_hashes_with_its_own_key(director):
    web, ranges = TABLES["tables"]
    another = director.with_tables(dict(web, hash_key="00112233445566778899aabbccddeeff"), ranges)
    assert director.send_one(ether(tcp())).hash != another.send_one(ether(tcp())).hash


def test_a_flow_has_one_hash_whichever_director_sees_it(director):
    """Nothing but the flow and the table's key goes in: the value is a constant of this file."""
    packet = ether(ip(client_of(VIP), VIP) / TCP(sport=1, dport=443))
    assert f"{director.send_one(packet).hash:016x}" == "92c8fa16373a0faf"
