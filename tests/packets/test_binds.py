# SPDX-License-Identifier: BSD-3-Clause
"""Which packets belong to which table: addresses, prefixes, protocols, ports, and which bind wins."""

import pytest
from scapy.layers.inet import TCP

from frames import CLIENT, VIP, VIP6, backends, bind, ether, ip, table, tcp, udp


def verdicts(director, packets) -> list:
    return [outcome.verdict for outcome in director.send(*map(ether, packets))]


@pytest.mark.parametrize("build", [tcp, udp])
@pytest.mark.parametrize("prefix", ["203.0.113.64/26", "2001:db8:20::4240/122"])
def test_a_prefix_ends_at_its_first_and_last_address(director, prefix, build):
    base, _, _ = prefix.partition("/")
    start = (lambda n: f"203.0.113.{n}") if "." in base else (lambda n: f"2001:db8:20::42{n:02x}")
    served = director.with_tables(table([bind(prefix, build.__name__, 22)], backends(0, 3)))
    inside = [build(start(n), dport=22) for n in (64, 65, 100, 126, 127)]
    outside = [build(start(n), dport=22) for n in (0, 1, 62, 63, 128, 129, 192, 255)]
    assert set(verdicts(served, inside)) == {"forward"}
    assert set(verdicts(served, outside)) == {"punt_no_bind"}


@pytest.mark.parametrize(
    "written, inside, outside",
    [
        ("192.0.2.77/24", ["192.0.2.0", "192.0.2.255"], ["192.0.3.77", "192.0.1.255"]),
        ("192.0.2.4/31", ["192.0.2.4", "192.0.2.5"], ["192.0.2.3", "192.0.2.6"]),
        ("192.0.2.4/32", ["192.0.2.4"], ["192.0.2.5"]),
        ("128.0.0.0/1", ["128.0.0.1", "192.0.2.10"], ["127.255.255.255", "1.2.3.4"]),
        ("0.0.0.0/0", ["1.2.3.4", "223.255.255.254"], ["2001:db8::1"]),
        ("2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db9::", "2001:db7::1"]),
        ("2001:db8:0:8000::/49", ["2001:db8:0:8000::1"], ["2001:db8:0:7fff::1", "2001:db8:1::1"]),
        ("2001:db8::4/127", ["2001:db8::5"], ["2001:db8::6"]),
        ("::/0", ["2001:db8::1", "fe80::1"], ["192.0.2.10"]),
    ],
)
def test_a_prefix_of_any_length_means_the_same_everywhere(director, written, inside, outside):
    """Host bits behind it do not matter, and an address of the other family never matches."""
    served = director.with_tables(table([bind(written, "tcp", 443)], backends(0, 2)))
    assert set(verdicts(served, [tcp(address) for address in inside])) == {"forward"}
    assert set(verdicts(served, [tcp(address) for address in outside])) == {"punt_no_bind"}


def test_an_ipv4_address_is_not_the_ipv6_prefix_that_starts_with_its_bytes(director):
    six, four = bind("c000:20a::/32", "tcp", 443), bind("192.0.2.10/32", "tcp", 443)
    both = two_tables(director, six, four, narrow_first=True)
    assert both.hops_of(ether(tcp("c000:20a::")))[0] == WIDE
    assert both.hops_of(ether(tcp("192.0.2.10")))[0] == NARROW


@pytest.mark.parametrize("build", [tcp, udp])
@pytest.mark.parametrize("vip", [VIP, VIP6])
@pytest.mark.parametrize(
    "first, last", [(9000, 9100), (1, 1), (0, 65535), (0, 0), (65535, 65535), (255, 256)]
)
def test_a_port_range_ends_at_its_first_and_last_port(director, vip, build, first, last):
    served = director.with_tables(table([bind(vip, build.__name__, first, last)], backends(0, 3)))
    inside = {first, (first + last) // 2, last}
    outside = {0, first - 1, last + 1, 65535} - set(range(first, last + 1)) - {-1, 65536}
    assert set(verdicts(served, [build(vip, dport=port) for port in inside])) == {"forward"}
    missed = verdicts(served, [build(vip, dport=port) for port in outside])
    assert missed == ["punt_no_bind"] * len(outside)


def test_a_protocol_is_part_of_a_bind(director):
    """Port 80 of the VIP is bound for TCP only."""
    assert verdicts(director, [tcp(dport=80), udp(dport=80)]) == ["forward", "punt_no_bind"]


def test_the_source_port_plays_no_part(director):
    packets = [tcp(sport=443, dport=12345), tcp(sport=1, dport=443)]
    assert verdicts(director, packets) == ["punt_no_bind", "forward"]


def test_a_packet_from_a_vip_is_not_a_packet_to_it(director):
    assert director.verdict_of(ether(ip(VIP, CLIENT) / TCP(sport=443, dport=443))) == "punt_no_bind"


WIDE, NARROW = "10.0.1.1", "10.0.2.1"


def two_tables(director, wide: dict, narrow: dict, narrow_first: bool):
    """Tables of one backend each, so that the hop tells the table."""
    tables = [table([wide], backends(1, 1)), table([narrow], backends(2, 1))]
    return director.with_tables(*(reversed(tables) if narrow_first else tables))


@pytest.mark.parametrize("narrow_first", [False, True], ids=["wide first", "narrow first"])
@pytest.mark.parametrize(
    "wide, narrow",
    [
        (bind("192.0.2.0/24", "tcp", 443), bind(VIP, "tcp", 443)),
        (bind("0.0.0.0/0", "tcp", 443), bind("192.0.2.0/24", "tcp", 443)),
        (bind("192.0.2.0/24", "tcp", 443), bind(VIP, "tcp", 1, 65535)),
        (bind(VIP, "tcp", 1, 65535), bind(VIP, "tcp", 443)),
        (bind(VIP, "tcp", 400, 500), bind(VIP, "tcp", 440, 450)),
        (bind(VIP, "tcp", 1, 443), bind(VIP, "tcp", 443, 444)),
    ],
    ids=[
        "/32 over /24",
        "/24 over /0",
        "prefix over ports",
        "port over all",
        "nested ranges",
        "overlapping ranges",
    ],
)
def test_the_longest_prefix_wins_then_the_narrower_port_range(director, wide, narrow, narrow_first):
    both = two_tables(director, wide, narrow, narrow_first)
    assert both.hops_of(ether(tcp(dport=443)))[0] == NARROW


@pytest.mark.parametrize("narrow_first", [False, True], ids=["wide first", "narrow first"])
def test_the_longest_prefix_wins_in_ipv6_too(director, narrow_first):
    both = two_tables(
        director, bind("2001:db8:10::/64", "udp", 443), bind(VIP6, "udp", 1, 65535), narrow_first
    )
    assert both.hops_of(ether(udp(VIP6)))[0] == NARROW
    assert both.hops_of(ether(udp("2001:db8:10::11")))[0] == WIDE


def test_of_equals_the_first_in_the_file_wins(director):
    same = [bind(VIP, "tcp", 440, 449), bind(VIP, "tcp", 443, 452)]
    tables = [table([same[0]], backends(1, 1)), table([same[1]], backends(2, 1))]
    assert director.with_tables(*tables).hops_of(ether(tcp()))[0] == WIDE
    assert director.with_tables(*reversed(tables)).hops_of(ether(tcp()))[0] == NARROW


def test_a_better_bind_for_other_ports_leaves_the_rest_to_the_wider_prefix(director):
    both = two_tables(
        director, bind("192.0.2.0/24", "tcp", 1, 65535), bind(VIP, "tcp", 443), narrow_first=False
    )
    assert both.hops_of(ether(tcp(dport=443)))[0] == NARROW
    assert both.hops_of(ether(tcp(dport=80)))[0] == WIDE


def test_many_binds_lead_each_to_its_own_table(director):
    """As many as a table holds: 256 addresses, ports that differ."""
    first = [bind(f"198.18.{n // 16}.{n % 16}", "tcp", 1000 + n) for n in range(256)]
    second = [bind(f"198.19.{n // 16}.{n % 16}", "udp", 2000 + n) for n in range(256)]
    many = director.with_tables(table(first, backends(1, 1)), table(second, backends(2, 1)))
    hits = [tcp(f"198.18.{n // 16}.{n % 16}", dport=1000 + n) for n in range(256)]
    misses = [tcp(f"198.18.{n // 16}.{n % 16}", dport=1001 + n) for n in range(0, 256, 16)]
    others = [udp(f"198.19.{n // 16}.{n % 16}", dport=2000 + n) for n in range(0, 256, 16)]
    outcomes = many.send(*map(ether, hits + misses + others))
    assert [o.hops[:1] for o in outcomes] == [(WIDE,)] * 256 + [()] * 16 + [(NARROW,)] * 16


def test_what_a_director_has_sent_is_not_encapsulated_again(director):
    """Where backends lie behind a bind of their own, it comes back; other datagrams do not matter."""
    every = bind("10.0.0.0/16", "udp", 1, 65535)
    around = director.with_tables(table([every, bind(VIP, "tcp", 443)], backends(0, 3)))
    exact = director.with_tables(
        table([bind("10.0.0.1", "udp", 19523), bind(VIP, "tcp", 443)], backends(0, 1))
    )
    for looping in (around, exact):
        sent = looping.send_one(ether(tcp()))
        assert sent.verdict == "forward"
        back = bytes(ether(tcp()))[:12] + sent.frame[12:]
        plain = bytearray(back)
        plain[42] ^= 0x20  # of the GUE header: another variant
        plain[29] ^= 0x02  # and not from the director itself
        assert [o.verdict for o in looping.send(back, bytes(plain))] == ["drop_loop", "forward"]
