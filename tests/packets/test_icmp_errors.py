# SPDX-License-Identifier: BSD-3-Clause
"""ICMP errors of every kind, with icmp_errors "all" and as the original has it; their quotes."""

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    Jumbo,
)
from scapy.layers.l2 import Dot1AD, Dot1Q
from scapy.packet import Raw

from frames import (
    CLIENT,
    CLIENT6,
    NOT_A_VIP,
    NOT_A_VIP6,
    VIP,
    VIP6,
    backends,
    bind,
    echo,
    echo_reply_to,
    error,
    ether,
    ip,
    reply_to,
    table,
    tcp,
    too_big,
    udp,
)

EVERY_FIELD = {"src_addr": True, "dst_addr": True, "src_port": True, "dst_port": True}
FLOWS = {"tcp4": tcp(VIP), "tcp6": tcp(VIP6), "udp4": udp(VIP), "udp6": udp(VIP6)}
FOLLOWED = [(kind, code) for kind in (3, 11, 12) for code in (0, 1, 2, 3, 4, 13, 255)]
FOLLOWED6 = [(kind, code) for kind in (1, 2, 3, 4) for code in (0, 1, 4, 7, 255)]
EXTENSIONS = [
    IPv6ExtHdrHopByHop(),
    IPv6ExtHdrRouting(addresses=["2001:db8::9"]),
    IPv6ExtHdrFragment(id=7),
    IPv6ExtHdrDestOpt(),
]
EXTENSION_NAMES = ["hop-by-hop", "routing", "atomic fragment", "destination options"]


@pytest.fixture(params=FLOWS)
def flow(request):
    return FLOWS[request.param].copy()


@pytest.fixture
def all_errors(director):
    return director.with_config(icmp_errors="all")


def verdicts(director, packets) -> list:
    return [outcome.verdict for outcome in director.send(*map(ether, packets))]


def test_every_error_follows_the_flow_it_quotes_where_configured(all_errors, flow):
    """Unreachable, time exceeded, parameter problem, too big; whatever the code."""
    kinds = FOLLOWED6 if IPv6 in flow else FOLLOWED
    strict = all_errors.with_config(hash_fields=EVERY_FIELD)
    errors = [error(reply_to(flow), kind, code) for kind, code in kinds]
    of_flow, *of_errors = strict.send(ether(flow), *map(ether, errors))
    assert {(o.verdict, o.hash, o.hops) for o in of_errors} == {
        ("forward", of_flow.hash, of_flow.hops)
    }
    assert {o.source_port for o in of_errors} == {of_flow.source_port}


def test_an_error_of_another_kind_is_punted_unless_configured(director, flow):
    """The original knows no error but "does not fit", and that is the default."""
    compatible = director.with_config(icmp_errors="compatible")
    fits = (2, 0) if IPv6 in flow else (3, 4)
    kinds = [kind for kind in (FOLLOWED6 if IPv6 in flow else FOLLOWED) if kind != fits]
    errors = [error(reply_to(flow), kind, code) for kind, code in kinds]
    assert set(verdicts(compatible, errors)) == {"punt_no_bind"}
    assert compatible.verdict_of(ether(error(reply_to(flow), *fits))) == "forward"


@pytest.mark.parametrize("kind", [0, 1, 2, 4, 5, 6, 9, 10, 13, 14, 15, 17, 30, 40, 255])
def test_what_is_no_error_about_a_flow_is_punted(all_errors, kind):
    """Source quench and redirects concern no proxy behind a VIP; the rest asks or answers."""
    assert all_errors.verdict_of(ether(error(reply_to(tcp()), kind))) == "punt_no_bind"


@pytest.mark.parametrize("kind", [0, 5, 100, 127, 129, 130, 133, 134, 135, 136, 137, 143, 255])
def test_what_is_no_icmpv6_error_about_a_flow_is_punted(all_errors, kind):
    """Neighbour discovery above all."""
    assert all_errors.verdict_of(ether(error(reply_to(tcp(VIP6)), kind))) == "punt_no_bind"


def test_eight_quoted_bytes_of_transport_are_enough_in_every_error(all_errors, flow):
    kinds = (1, 2, 3, 4) if IPv6 in flow else (3, 11, 12)
    length = (40 if IPv6 in flow else 20) + 8
    errors = [error(reply_to(flow), kind, quoted_length=length) for kind in kinds]
    outcomes = all_errors.send(ether(flow), *map(ether, errors))
    assert {outcome.hops for outcome in outcomes} == {outcomes[0].hops}


@pytest.mark.parametrize("icmp_errors", ["compatible", "all"])
def test_four_quoted_bytes_are_the_ports_and_three_are_not(director, flow, icmp_errors):
    configured = director.with_config(icmp_errors=icmp_errors)
    header = 40 if IPv6 in flow else 20
    quotes = [too_big(reply_to(flow), quoted_length=header + more) for more in (4, 3)]
    assert verdicts(configured, quotes) == ["forward", "drop_bad_quote"]


def test_an_error_is_forwarded_whole(all_errors, flow):
    packet = error(reply_to(flow), 3)
    outcome = all_errors.send_one(ether(packet))
    assert outcome.frame.endswith(bytes(packet))


def test_an_error_keeps_its_two_tags(all_errors, flow):
    tagged = ether(error(reply_to(flow), 3, 1), Dot1AD(vlan=5) / Dot1Q(vlan=6))
    outcome = all_errors.send_one(tagged)
    assert outcome.hops == all_errors.hops_of(ether(flow))
    assert outcome.frame[14:20] == bytes(tagged)[14:20]


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_an_error_about_an_echo_reply_follows_the_request(all_errors, vip):
    """The proxy that replied learns that the reply did not arrive; there are no ports."""
    strict = all_errors.with_config(hash_fields=EVERY_FIELD)
    request = echo(vip, fl=0) if ":" in vip else echo(vip, id=0)
    complaint = error(echo_reply_to(echo(vip)), 3)
    of_request, of_error = strict.send(ether(request), ether(complaint))
    assert of_error.verdict == "forward"
    assert (of_error.hash, of_error.hops) == (of_request.hash, of_request.hops)
    assert of_error.source_port == of_request.source_port


def test_an_error_about_an_echo_reply_belongs_to_the_longest_prefix_whatever_the_ports(all_errors):
    two = all_errors.with_tables(
        table([bind("192.0.2.0/24", "tcp", 443)], backends(1, 2)),
        table([bind(VIP, "udp", 1, 65535)], backends(2, 2)),
    )
    about = [error(echo_reply_to(echo(vip)), 11) for vip in (VIP, NOT_A_VIP)]
    narrow, wide = two.send(*map(ether, about))
    assert narrow.hops[0].startswith("10.0.2.") and wide.hops[0].startswith("10.0.1.")


def test_an_error_about_an_echo_reply_of_another_address_is_punted(all_errors):
    about = [error(echo_reply_to(echo(vip)), 3) for vip in (NOT_A_VIP, NOT_A_VIP6)]
    misdirected = error(echo_reply_to(echo(VIP)), 3, to=NOT_A_VIP)
    assert set(verdicts(all_errors, [*about, misdirected])) == {"punt_no_bind"}


@pytest.mark.parametrize("policy", ["answer", "drop", "punt"])
def test_an_error_about_an_echo_reply_is_punted_where_no_proxy_replies(all_errors, policy):
    changed = all_errors.with_config(echo=policy)
    assert changed.verdict_of(ether(error(echo_reply_to(echo()), 11))) == "punt_no_bind"


def test_an_error_about_an_echo_request_of_a_vip_is_punted(all_errors):
    """A VIP that pings is no flow of a client's."""
    requests = [
        ip(VIP, CLIENT) / ICMP(id=7, seq=1) / Raw(bytes(20)),
        ip(VIP6, CLIENT6) / ICMPv6EchoRequest(id=7, seq=1, data=bytes(20)),
    ]
    assert set(verdicts(all_errors, [error(r, 3) for r in requests])) == {"punt_no_bind"}


def test_an_error_about_an_echo_reply_is_read_like_ports_as_the_original_does(director):
    """Type and code of a reply are a "port" of 0, which few bind."""
    complaint = ether(too_big(echo_reply_to(echo())))
    assert director.verdict_of(complaint) == "punt_no_bind"
    zero = director.with_tables(table([bind(VIP, "tcp", 0, 80)], backends(0, 3)))
    assert zero.verdict_of(complaint) == "forward"


@pytest.mark.parametrize("protocol", [1, 2, 33, 47, 50, 58, 132, 255])
@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_an_error_that_quotes_another_protocol_matches_no_bind(all_errors, vip, protocol):
    """Although what stands where ports would be spells a bound one."""
    field = {"nh": protocol} if ":" in vip else {"proto": protocol}
    quote = ip(vip, CLIENT6 if ":" in vip else CLIENT, **field) / Raw(
        bytes.fromhex("01bb9c40") * 10
    )
    assert all_errors.verdict_of(ether(error(quote, 3))) == "punt_no_bind"


@pytest.mark.parametrize("options", [4, 40])
def test_an_error_of_any_kind_may_quote_ipv4_options(all_errors, options):
    reply = reply_to(tcp(), options=[IPOption_NOP()] * options)
    errors = [error(reply, kind, quoted_length=20 + options + 8) for kind in (3, 11, 12)]
    hops = all_errors.hops_of(ether(tcp()))
    assert {o.hops for o in all_errors.send(*map(ether, errors))} == {hops}


@pytest.mark.parametrize("extension", EXTENSIONS, ids=EXTENSION_NAMES)
def test_an_error_may_quote_an_ipv6_extension_header(director, extension):
    quote = ip(VIP6, CLIENT6) / extension / TCP(sport=443, dport=40000)
    assert director.hops_of(ether(too_big(quote))) == director.hops_of(ether(tcp(VIP6)))


@pytest.mark.parametrize("extension", EXTENSIONS, ids=EXTENSION_NAMES)
def test_an_error_may_have_an_ipv6_extension_header_itself(director, extension):
    body = too_big(reply_to(tcp(VIP6)))[IPv6].payload
    packet = ip("2001:db8:99::1", VIP6) / extension / body
    assert director.hops_of(ether(packet)) == director.hops_of(ether(tcp(VIP6)))


def super_frames(vip: str) -> list:
    """Segments of a VIP that are longer than their length field can say, which is 0 then."""
    client = CLIENT6 if ":" in vip else CLIENT
    payload = TCP(sport=443, dport=40000) / Raw(bytes(500))
    if ":" not in vip:
        nops = [IPOption_NOP()] * 4
        return [ip(vip, client, len=0, **more) / payload for more in ({}, {"options": nops})]
    jumbo = IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=200_000)])
    heads = [ip(vip, client, plen=0), ip(vip, client, plen=0) / jumbo]
    return [head / payload for head in [*heads, heads[1] / IPv6ExtHdrDestOpt()]]


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_an_error_follows_a_super_frame_of_big_tcp(all_errors, vip):
    """Routers quote what they were handed: hosts merge more than 65,535 bytes into a packet."""
    kinds = ((2, 0), (1, 0), (3, 0)) if ":" in vip else ((3, 4), (3, 0), (11, 0))
    about = [error(quote, *kind) for quote in super_frames(vip) for kind in kinds]
    of_flow, *of_errors = all_errors.send(ether(tcp(vip)), *map(ether, about))
    assert {(o.hops, o.source_port) for o in of_errors} == {(of_flow.hops, of_flow.source_port)}


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_an_error_about_quic_may_quote_a_length_of_0(director, vip):
    length = {"plen": 0} if ":" in vip else {"len": 0}
    quote = ip(vip, CLIENT6 if ":" in vip else CLIENT, **length) / UDP(sport=443, dport=40000)
    assert director.hops_of(ether(too_big(quote))) == director.hops_of(ether(udp(vip)))


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_a_super_frame_itself_is_dropped(director, vip):
    """No device delivers one to a director, and none could be encapsulated."""
    flipped = [packet.copy() for packet in super_frames(vip)]
    for packet in flipped:
        packet.src, packet.dst = packet.dst, packet.src
        packet[TCP].sport, packet[TCP].dport = packet[TCP].dport, packet[TCP].sport
    fates = {"drop_bad_length", "drop_truncated"} if ":" in vip else {"drop_bad_length"}
    assert set(verdicts(director, flipped)) == fates


def test_an_error_may_quote_eight_extension_headers_and_no_more(director):
    def quote(count: int):
        packet = ip(VIP6, CLIENT6)
        for _ in range(count):
            packet /= IPv6ExtHdrDestOpt()
        return packet / UDP(sport=443, dport=40000)

    errors = [too_big(quote(count)) for count in (7, 8, 9)]
    assert verdicts(director, errors) == ["forward", "forward", "drop_bad_quote"]


def test_an_error_cut_inside_a_quoted_extension_header_is_dropped(director):
    """Every length from the IPv6 header to the fourth byte of the ports."""
    quote = ip(VIP6, CLIENT6) / IPv6ExtHdrHopByHop() / IPv6ExtHdrFragment() / TCP(sport=443)
    errors = [too_big(quote, quoted_length=40 + more) for more in range(1, 20)]
    assert set(verdicts(director, errors)) == {"drop_bad_quote"}
    assert director.verdict_of(ether(too_big(quote, quoted_length=60))) == "forward"


def test_an_error_that_quotes_an_ipv6_fragment_follows_it_only_if_it_is_the_first(director):
    def quote(**more):
        return ip(VIP6, CLIENT6) / IPv6ExtHdrFragment(**more) / UDP(sport=443, dport=40000)

    errors = [too_big(quote(m=1)), too_big(quote(m=1, offset=1)), too_big(quote(offset=181))]
    assert verdicts(director, errors) == ["forward", "punt_no_bind", "punt_no_bind"]
    assert director.hops_of(ether(errors[0])) == director.hops_of(ether(udp(VIP6)))


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_an_unreadable_quote_to_an_address_that_is_not_bound_is_punted(director, vip):
    """The kernel may make more of it; to a VIP it is dropped."""
    nonsense = Raw(bytes(60))
    kinds = {VIP: (3, 4), VIP6: (2, 0)}
    elsewhere = NOT_A_VIP6 if ":" in vip else NOT_A_VIP
    errors = [
        error(ip(to, CLIENT6 if ":" in to else CLIENT), *kinds[vip]) for to in (vip, elsewhere)
    ]
    broken = [packet / nonsense for packet in errors]
    for packet in broken:
        packet[Raw].load = b"\x00" * 60
    assert verdicts(director, broken) == ["drop_bad_quote", "punt_no_bind"]


def test_an_unreadable_quote_is_dropped_by_address_whatever_the_ports(director):
    """203.0.113.9 is bound for ports 9000 to 9100; a quote without ports cannot miss them."""
    cut = too_big(reply_to(tcp("203.0.113.9", dport=80)), quoted_length=20)
    whole = too_big(reply_to(tcp("203.0.113.9", dport=80)))
    assert verdicts(director, [cut, whole]) == ["drop_bad_quote", "punt_no_bind"]


def test_an_unreadable_quote_in_an_error_of_a_kind_that_is_not_followed_is_punted(director):
    cut = [error(reply_to(tcp()), kind, quoted_length=10) for kind in (3, 11, 12)]
    assert set(verdicts(director, cut)) == {"punt_no_bind"}
    assert set(verdicts(director.with_config(icmp_errors="all"), cut)) == {"drop_bad_quote"}


def test_an_error_without_any_quote_is_dropped(all_errors):
    empty = [
        error(reply_to(tcp(vip)), kind, quoted_length=0) for vip in (VIP, VIP6) for kind in (3,)
    ]
    assert set(verdicts(all_errors, empty)) == {"drop_bad_quote"}


def test_an_error_that_quotes_the_other_family_is_dropped(all_errors):
    crossed = [
        ip("198.51.100.1", VIP) / ICMP(type=3, code=4) / Raw(bytes(reply_to(tcp(VIP6)))[:100]),
        error(reply_to(tcp(VIP6)), 1),
    ]
    crossed[1][Raw].load = bytes(reply_to(tcp(VIP)))[:100]
    assert verdicts(all_errors, crossed) == ["drop_bad_quote", "drop_bad_quote"]


def test_an_icmp_header_that_is_cut_is_dropped_whatever_its_type(all_errors):
    for kind in (0, 3, 5, 8, 11):
        short = ip(CLIENT, VIP, proto=1) / Raw(bytes([kind, 0, 0, 0, 0, 0, 0]))
        assert all_errors.verdict_of(ether(short)) == "drop_truncated"


def test_an_error_in_a_first_fragment_follows_the_flow_it_quotes(all_errors):
    packet = error(reply_to(tcp()), 3, 4)
    packet[IP].flags = "MF"
    assert all_errors.hops_of(ether(packet)) == all_errors.hops_of(ether(tcp()))


def test_an_error_in_a_first_ipv6_fragment_follows_the_flow_it_quotes(all_errors):
    body = error(reply_to(tcp(VIP6)), 1)[IPv6].payload
    packet = ip("2001:db8:99::1", VIP6) / IPv6ExtHdrFragment(m=1) / body
    assert all_errors.hops_of(ether(packet)) == all_errors.hops_of(ether(tcp(VIP6)))


def test_an_error_about_one_vip_sent_to_another_is_punted_in_every_kind(all_errors):
    errors = [error(reply_to(tcp()), kind, to="203.0.113.70") for kind in (3, 11, 12)]
    errors += [error(reply_to(tcp(VIP6)), kind, to="2001:db8:20::9") for kind in (1, 2, 3, 4)]
    assert set(verdicts(all_errors, errors)) == {"punt_no_bind"}


def test_an_error_about_a_protocol_bound_elsewhere_goes_by_its_port(all_errors):
    """Port 80 is bound for TCP only; a UDP quote with that port finds its table nevertheless."""
    about = error(reply_to(udp(dport=80)), 3, 3)
    assert all_errors.hops_of(ether(about)) == all_errors.hops_of(ether(tcp(dport=80)))
