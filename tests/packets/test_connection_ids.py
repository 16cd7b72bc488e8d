# SPDX-License-Identifier: BSD-3-Clause
"""QUIC connection IDs at their edges, and the hops behind the server they name."""

import pytest
from scapy.packet import Raw

from frames import BOTH, VIP, VIP6, backend, backends, bind, ether, sized, table, udp

V1, V2, OTHER_VERSION = 0x00000001, 0x6B3343CF, 0x0A0A0A0A
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = range(4)


def servers(count: int = 5) -> list:
    """10.0.0.N has server ID 256 * N + 7."""
    return [dict(one, server_id=256 * n + 7) for n, one in enumerate(backends(0, count), start=1)]


def quic_table(serving: list, **more) -> dict:
    binds = [dict(bind(vip, "udp", 443), quic=True) for vip in (VIP, VIP6)]
    return dict(table(binds + [bind(VIP, "udp", 53), bind(VIP, "tcp", 443)], serving), **more)


def connection_id(server: int, config: int = 0, length: int = 8) -> bytes:
    """A plaintext ID of QUIC-LB: config, server, nonce."""
    return (bytes([config << 5 | 7]) + server.to_bytes(2, "big") + bytes(range(1, 18)))[:length]


def short(server: int = 0, config: int = 0, first: int = 0x40, tail: bytes = bytes(20)) -> bytes:
    return bytes([first]) + connection_id(server, config) + tail


def long(
    server: int, kind: int = HANDSHAKE, version: int = V1, length: int = 8, first: int = 0xC0
) -> bytes:
    """A long header; version 2 numbers its types one further (RFC 9369, 3.2)."""
    head = bytes([first | kind << 4]) + version.to_bytes(4, "big") + bytes([length])
    return head + connection_id(server, length=length) + bytes([0]) + bytes(20)


def packet(payload: bytes, vip: str = VIP, sport: int = 40000, **more):
    return udp(vip, sport=sport, data=payload, **more)


@pytest.fixture
def quic(director):
    return director.with_tables(quic_table(servers()))


SERVER = {n: (256 * n + 7, f"10.0.0.{n}") for n in range(1, 6)}


@BOTH
def test_the_hops_behind_are_those_of_the_row_without_the_server(quic, vip):
    """Second chances stay what they are for a proxy that is not there."""
    by_hash = quic.hops_of(ether(packet(short(0xFFFF), vip)))
    for number, address in SERVER.values():
        hops = quic.hops_of(ether(packet(short(number), vip)))
        rest = tuple(hop for hop in by_hash if hop != address)
        assert hops == (address, *rest)[:2]


@BOTH
def test_the_source_port_goes_by_the_flow(quic, vip):
    frames = [ether(packet(short(number), vip)) for number, _ in SERVER.values()]
    frames.append(ether(packet(b"", vip)))
    assert len({(o.source_port, o.hash) for o in quic.send(*frames)}) == 1


def test_a_row_of_four_lists_as_many_as_usual(director):
    four = director.with_tables(quic_table(servers(), hops=4))
    by_hash = four.hops_of(ether(packet(short(0xFFFF))))
    for number, address in SERVER.values():
        hops = four.hops_of(ether(packet(short(number))))
        assert hops == (address, *(hop for hop in by_hash if hop != address))[:4]


def test_alternative_fields_list_as_many_as_usual_or_fewer(quic):
    both = quic.with_config(alt_hash_fields={"src_addr": True, "src_port": True})
    for number, address in SERVER.values():
        for sport in range(1000, 1010):
            hops = both.hops_of(ether(packet(short(number), sport=sport)))
            assert hops[0] == address and address not in hops[1:] and len(hops) <= 4


def test_unique_hops_are_left_out_behind_a_server_as_well(quic):
    both = quic.with_config(alt_hash_fields={"src_addr": True}, unique_hops=True)
    for number, address in SERVER.values():
        hops = both.hops_of(ether(packet(short(number))))
        assert hops[0] == address and len(set(hops)) == len(hops)


def test_a_server_that_is_alone_has_no_hop_behind_it(director):
    alone = director.with_tables(quic_table(servers(1)))
    assert alone.hops_of(ether(packet(short(SERVER[1][0])))) == ("10.0.0.1",)
    assert alone.hops_of(ether(packet(short(0xFFFF)))) == ("10.0.0.1", "10.0.0.1")


@BOTH
def test_an_unknown_server_is_left_to_the_flow(quic, vip):
    """0, what no backend has, and neighbours of what one has."""
    plain = quic.hops_of(ether(packet(b"", vip)))
    for number in (0, 1, 6, 7, 8, 262, 264, 0x0701, 0xFFFF):
        assert quic.hops_of(ether(packet(short(number), vip))) == plain


@pytest.mark.parametrize("edge", [0, 1, 255, 256, 0x7FFF, 0x8000, 0xFFFF])
def test_a_server_id_has_sixteen_bits_big_endian(director, edge):
    serving = backends(0, 5)
    serving[4] = dict(serving[4], server_id=edge)
    edged = director.with_tables(quic_table(serving))
    assert edged.hops_of(ether(packet(short(edge))))[0] == "10.0.0.5"


@pytest.mark.parametrize("config", range(8))
def test_every_config_but_the_unroutable_names_a_server(quic, config):
    """7 says that the ID names no server (QUIC-LB, 3); the five bits below are the nonce's length."""
    plain = quic.hops_of(ether(packet(b"")))
    hops = {quic.hops_of(ether(packet(short(n, config))))[0] for n, _ in SERVER.values()}
    assert hops == ({plain[0]} if config == 7 else {address for _, address in SERVER.values()})


@pytest.mark.parametrize("low", [0, 1, 7, 31])
def test_the_low_bits_of_the_first_octet_do_not_matter(quic, low):
    number, address = SERVER[2]
    payload = bytearray(short(number))
    payload[1] = low
    assert quic.hops_of(ether(packet(bytes(payload))))[0] == address


@pytest.mark.parametrize("first", [0x00, 0x40, 0x43, 0x60, 0x7F])
def test_a_short_header_is_one_whatever_its_other_bits(quic, first):
    number, address = SERVER[2]
    assert quic.hops_of(ether(packet(short(number, first=first))))[0] == address


@BOTH
def test_a_short_header_needs_three_bytes_of_connection_id(quic, vip):
    number, address = next(
        pair for pair in SERVER.values() if pair[1] != quic.hops_of(ether(packet(b"", vip)))[0]
    )
    plain = quic.hops_of(ether(packet(b"", vip)))
    for length in range(4):
        assert quic.hops_of(ether(packet(short(number)[:length], vip))) == plain
    assert quic.hops_of(ether(packet(short(number)[:4], vip)))[0] == address


@pytest.mark.parametrize("length", range(21))
def test_a_long_header_needs_a_connection_id_of_three_bytes(quic, length):
    plain = quic.hops_of(ether(packet(b"")))
    hops = {quic.hops_of(ether(packet(long(n, length=length))))[0] for n, _ in SERVER.values()}
    assert hops == ({plain[0]} if length < 3 else {address for _, address in SERVER.values()})


def test_a_long_header_cut_anywhere_before_its_server_is_left_to_the_flow(quic):
    number, address = next(
        pair for pair in SERVER.values() if pair[1] != quic.hops_of(ether(packet(b"")))[0]
    )
    whole = long(number)
    outcomes = quic.send(*(ether(packet(whole[:length])) for length in range(10)))
    primaries = [outcome.hops[0] for outcome in outcomes]
    assert primaries[9] == address and address not in primaries[:9]


def test_backends_without_server_id_serve_flows_alone(director):
    serving = servers()
    del serving[0]["server_id"]
    served = director.with_tables(quic_table(serving))
    frames = [ether(packet(short(SERVER[1][0]), sport=port)) for port in range(1000, 1003)]
    assert {o.hops for o in served.send(*frames)} == {served.hops_of(ether(packet(b"")))}


def test_a_table_without_quic_binds_does_not_look_at_connection_ids(director):
    plain = director.with_tables(table([bind(VIP, "udp", 443)], backends(0, 5)))
    frames = [ether(packet(short(n))) for n, _ in SERVER.values()]
    assert len({outcome.hops for outcome in plain.send(*frames)}) == 1


def test_connection_ids_are_followed_over_ipv6_proxies(director):
    serving = [dict(backend(f"2001:db8:ee::{n}"), server_id=256 * n + 7) for n in range(1, 6)]
    six = director.with_config(outbound_src_ip6="2001:db8:ff::d").with_tables(quic_table(serving))
    for n, (number, _) in SERVER.items():
        assert six.hops_of(ether(packet(short(number))))[0] == f"2001:db8:ee::{n}"


@BOTH
def test_room_is_kept_for_hops_that_a_server_replaces(quic, vip):
    dropping = quic.with_config(mtu=1500, too_big="drop")
    number, _ = SERVER[4]

    def filled(size: int):
        plain = sized(udp, size, vip)
        plain[Raw].load = short(number, tail=bytes(len(plain[Raw].load) - 9))
        return ether(plain)

    assert [o.verdict for o in dropping.send(filled(1460), filled(1461))] == ["forward", "drop_mtu"]
