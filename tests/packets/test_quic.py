# SPDX-License-Identifier: BSD-3-Clause
"""QUIC: packets that name a server go to it from wherever, the others go with their flow."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1Q
from scapy.packet import Raw

from frames import CLIENT, CLIENT6, VIP, VIP6, backend, bind, ether, ip, reply_to, table, too_big

V1, V2, UNKNOWN = 0x00000001, 0x6B3343CF, 0x1A2A3A4A
SERVER = {f"10.0.0.{n}": 0x0100 + n for n in range(1, 7)}
NOBODY = 0xBEEF
CLIENTS = [f"198.51.100.{n}" for n in range(1, 13)]


def connection_id(server: int, configuration: int = 0, rest: bytes = b"nonce") -> bytes:
    return bytes([configuration << 5 | 0x13]) + server.to_bytes(2, "big") + rest


def short(server: int, **more) -> bytes:
    return b"\x45" + connection_id(server, **more) + b"protected payload"


def long(version: int, kind: int, server: int = 0x0103, dcid: bytes = b"") -> bytes:
    dcid = dcid or connection_id(server)
    lengths = bytes([0xC3 | kind << 4]) + version.to_bytes(4, "big") + bytes([len(dcid)])
    return lengths + dcid + b"\x08client's\x40\x75" + bytes(40)


def datagram(payload: bytes, src: str = CLIENT, vip: str = VIP, sport: int = 40000, **more):
    return ether(ip(src, vip, **more) / UDP(sport=sport, dport=443) / Raw(payload))


def quic_bind(vip: str) -> dict:
    return {**bind(vip, "udp", 443), "quic": True}


def served(director, hops: int = 3, **changes):
    """A director for QUIC with six servers; keywords change the third."""
    backends = [{**backend(address), "server_id": number} for address, number in SERVER.items()]
    backends[2].update(changes)
    binds = [quic_bind(VIP), quic_bind(VIP6), bind(VIP, "tcp", 443), bind(VIP, "udp", 53)]
    return director.with_tables({**table(binds, backends), "hops": hops})


def follows_its_flow(director, *payloads) -> bool:
    """Do these go where packets go that do not look like QUIC?"""
    flows = director.send(*(datagram(b"x" * 2, src) for src in CLIENTS))
    return all(
        [outcome.hops for outcome in director.send(*(datagram(payload, src) for src in CLIENTS))]
        == [outcome.hops for outcome in flows]
        for payload in payloads
    )


@pytest.mark.parametrize("address", SERVER)
def test_a_short_header_goes_to_the_server_it_names_and_the_flow_s_hops_follow(director, address):
    quic = served(director)
    flows = quic.send(*(datagram(b"xx", src) for src in CLIENTS))
    named = quic.send(*(datagram(short(SERVER[address]), src) for src in CLIENTS))
    for flow, outcome in zip(flows, named):
        others = tuple(hop for hop in flow.hops if hop != address)
        assert outcome.hops == (address, *others)[:3]
        assert outcome.source_port == flow.source_port


@pytest.mark.parametrize("version, kind", [(V1, 2), (V2, 3)])
def test_a_handshake_packet_goes_to_the_server_it_names(director, version, kind):
    for address, server in SERVER.items():
        assert served(director).hops_of(datagram(long(version, kind, server)))[0] == address


@pytest.mark.parametrize(
    "version, kind",
    [
        pytest.param(V1, 0, id="Initial"),
        pytest.param(V1, 1, id="0-RTT"),
        pytest.param(V1, 3, id="Retry"),
        pytest.param(V2, 1, id="Initial of version 2"),
        pytest.param(V2, 2, id="0-RTT of version 2"),
        pytest.param(V2, 0, id="Retry of version 2"),
        pytest.param(0, 2, id="version negotiation"),
        pytest.param(UNKNOWN, 2, id="unknown version"),
        pytest.param(UNKNOWN, 3, id="unknown version, as in version 2"),
    ],
)
def test_other_long_headers_have_connection_ids_no_server_issued(director, version, kind):
    assert follows_its_flow(served(director), *(long(version, kind, id) for id in SERVER.values()))


def test_a_server_nobody_has_leaves_the_packet_with_its_flow(director):
    payloads = short(NOBODY), long(V1, 2, NOBODY), short(0)
    assert follows_its_flow(served(director), *payloads)


def test_configuration_7_names_no_server_and_all_others_do(director):
    quic = served(director)
    assert follows_its_flow(quic, short(0x0103, configuration=7))
    for configuration in range(7):
        packet = datagram(short(0x0103, configuration=configuration))
        assert quic.hops_of(packet)[0] == "10.0.0.3"


def test_a_connection_id_too_short_for_a_server_id_names_none(director):
    dcid = connection_id(0x0103)
    short_ids = (long(V1, 2, dcid=dcid[:length]) for length in (1, 2))
    empty = b"\xe3\0\0\0\1\0" + dcid + bytes(40)
    assert follows_its_flow(served(director), *short_ids, empty)
    assert served(director).hops_of(datagram(long(V1, 2, dcid=dcid[:3])))[0] == "10.0.0.3"


def test_a_payload_that_ends_before_the_server_id_names_none(director):
    quic = served(director)
    for whole, enough in ((short(0x0103), 4), (long(V1, 2, 0x0103), 9)):
        assert follows_its_flow(quic, *(whole[:length] for length in range(enough)))
        assert quic.hops_of(datagram(whole[:enough]))[0] == "10.0.0.3"


def test_what_stands_behind_the_datagram_is_not_part_of_it(director):
    """Neither bytes behind the UDP length, nor padding of the frame."""
    quic = served(director)
    flow = quic.hops_of(datagram(b"xx"))
    named = short(0x0103)
    behind = ether(ip(CLIENT, VIP) / UDP(sport=40000, dport=443, len=8 + 3) / Raw(named))
    padding = bytes(datagram(named[:3])) + named[3:]
    too_long = ether(ip(CLIENT, VIP) / UDP(sport=40000, dport=443, len=9 + len(named)) / Raw(named))
    too_short = ether(ip(CLIENT, VIP) / UDP(sport=40000, dport=443, len=7) / Raw(named))
    assert {quic.hops_of(packet) for packet in (behind, padding, too_long, too_short)} == {flow}


@pytest.mark.parametrize("state", ["draining", "filling"])
def test_a_server_that_drains_or_fills_keeps_its_connections(director, state):
    quic = served(director, state=state)
    assert {
        outcome.hops[0]
        for outcome in quic.send(*(datagram(short(0x0103), src) for src in CLIENTS))
    } == {"10.0.0.3"}


def test_an_unhealthy_server_keeps_its_connections(director):
    quic = served(director, healthy=False)
    assert quic.hops_of(datagram(short(0x0103)))[0] == "10.0.0.3"


def test_an_inactive_server_is_as_if_nobody_had_its_id(director):
    assert follows_its_flow(served(director, state="inactive"), short(0x0103))


def test_a_client_that_moves_stays_with_its_server(director):
    """To another address, another port, another family."""
    quic = served(director)
    payload = short(0x0104)
    packets = [datagram(payload, src, sport=1000 + n) for n, src in enumerate(CLIENTS)]
    packets += [datagram(payload, f"2001:db8:99::{n}", VIP6) for n in range(12)]
    outcomes = quic.send(*packets)
    assert {outcome.hops[0] for outcome in outcomes} == {"10.0.0.4"}
    assert len({outcome.hops[1:] for outcome in outcomes}) > 1


def test_packets_behind_tags_options_and_extension_headers_are_asked_too(director):
    quic = served(director)
    payload = UDP(sport=40000, dport=443) / Raw(short(0x0105))
    packets = [
        ether(IP(src=CLIENT, dst=VIP) / payload, Dot1Q(vlan=7)),
        ether(IP(src=CLIENT, dst=VIP, options=b"\1" * 40) / payload),
        ether(IPv6(src=CLIENT6, dst=VIP6) / payload),
        ether(IPv6(src=CLIENT6, dst=VIP6) / IPv6ExtHdrDestOpt() / payload),
        ether(IPv6(src=CLIENT6, dst=VIP6) / IPv6ExtHdrFragment(m=0, offset=0) / payload),
    ]
    assert {outcome.hops[0] for outcome in quic.send(*packets)} == {"10.0.0.5"}


def test_first_fragments_go_with_their_flow(director):
    quic = served(director)
    four = datagram(short(0x0105), flags="MF")
    header = IPv6ExtHdrFragment(m=1, offset=0)
    payload = UDP(sport=40000, dport=443) / Raw(short(0x0105))
    six = ether(IPv6(src=CLIENT6, dst=VIP6) / header / payload)
    assert quic.hops_of(four) == quic.hops_of(datagram(b"xx"))
    assert quic.hops_of(six) == quic.hops_of(datagram(b"xx", CLIENT6, VIP6))


def test_other_binds_and_protocols_are_not_asked(director):
    quic = served(director)
    flow = quic.hops_of(datagram(b"xx"))
    for server in SERVER.values():
        payload = Raw(short(server))
        tcp = ether(IP(src=CLIENT, dst=VIP) / TCP(sport=40000, dport=443) / payload)
        dns = ether(IP(src=CLIENT, dst=VIP) / UDP(sport=40000, dport=53) / payload)
        ping = ether(IP(src=CLIENT, dst=VIP) / ICMP(id=20, seq=1) / payload)
        assert {quic.hops_of(packet) for packet in (tcp, dns, ping)} == {flow}


def test_an_error_about_a_quic_packet_follows_its_flow(director):
    """What the VIP sent names the client, not the server."""
    quic = served(director)
    sent = ip(CLIENT, VIP) / UDP(sport=40000, dport=443) / Raw(short(0x0105))
    error = ether(too_big(reply_to(sent)))
    assert quic.hops_of(error) == quic.hops_of(datagram(b"xx"))


def test_a_bind_is_for_quic_only_where_it_says_so(director):
    """The narrower bind wins, as always, and what it says counts."""
    backends = [{**backend(address), "server_id": number} for address, number in SERVER.items()]
    wide = {**bind(VIP, "udp", 400, 500), "quic": True}
    both = director.with_tables(table([wide, bind(VIP, "udp", 443)], backends))
    assert follows_its_flow(both, short(0x0103))
    narrow = {**bind(VIP, "udp", 443), "quic": True}
    both = director.with_tables(table([bind(VIP, "udp", 400, 500), narrow], backends))
    assert both.hops_of(datagram(short(0x0103)))[0] == "10.0.0.3"


def test_server_ids_belong_to_their_table(director):
    """Two tables may give one number to different servers."""
    first, second = (
        table([quic_bind(vip)], [{**backend(f"10.{n}.0.{m}"), "server_id": m} for m in range(1, 4)])
        for n, vip in enumerate(("192.0.2.10", "192.0.2.20"))
    )
    both = director.with_tables(first, {**second, "seed": "5" * 32})
    assert both.hops_of(datagram(short(2)))[0] == "10.0.0.2"
    assert both.hops_of(datagram(short(2), vip="192.0.2.20"))[0] == "10.1.0.2"


def test_a_server_that_is_alone_is_not_listed_behind_itself(director):
    alone = director.with_tables(
        table([quic_bind(VIP)], [{**backend("10.0.0.1"), "server_id": 1}])
    )
    assert alone.hops_of(datagram(b"xx")) == ("10.0.0.1", "10.0.0.1")
    assert alone.hops_of(datagram(short(1))) == ("10.0.0.1",)


def test_the_hops_of_alternative_fields_follow_as_well(director):
    quic = served(director, hops=2).with_config(
        hash_fields={"src_addr": True, "src_port": True}, alt_hash_fields={"src_addr": True}
    )
    for sport in range(1000, 1020):
        flow = quic.hops_of(datagram(b"xx", sport=sport))
        named = quic.hops_of(datagram(short(0x0106), sport=sport))
        others = tuple(hop for hop in flow if hop != "10.0.0.6")
        assert named == ("10.0.0.6", *others)[:4]
