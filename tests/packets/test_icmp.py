# SPDX-License-Identifier: BSD-3-Clause
"""ICMP: echo requests, and errors that follow the flow they quote."""

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6ND_NS,
    ICMPv6TimeExceeded,
    IPv6,
)
from scapy.packet import Raw

from frames import (
    CLIENT,
    CLIENT6,
    NOT_A_VIP,
    NOT_A_VIP6,
    ROUTER,
    VIP,
    VIP6,
    backends,
    bind,
    echo,
    ether,
    ip,
    reply_to,
    table,
    tcp,
    too_big,
    udp,
)

FLOWS = [tcp(VIP), tcp(VIP6), udp(VIP), udp(VIP6)]
FLOW_NAMES = ["tcp4", "tcp6", "udp4", "udp6"]
EVERY_FIELD = {"src_addr": True, "dst_addr": True, "src_port": True, "dst_port": True}


@pytest.fixture(params=FLOWS, ids=FLOW_NAMES)
def flow(request):
    return request.param.copy()


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_an_echo_request_to_a_vip_is_forwarded(director, vip):
    """With the default hash fields a client's pings go where its connections go."""
    assert director.hops_of(ether(echo(vip))) == director.hops_of(ether(tcp(vip)))


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_an_echo_request_to_a_vip_is_punted_when_configured_so(director, vip):
    quiet = director.with_config(forward_icmp_ping_responses=False)
    assert quiet.verdict_of(ether(echo(vip))) == "punt_no_bind"
    assert quiet.send_one(ether(too_big(reply_to(tcp(vip))))).verdict == "forward"


@pytest.mark.parametrize("vip", [NOT_A_VIP, NOT_A_VIP6])
def test_an_echo_request_to_another_address_is_punted(director, vip):
    assert director.verdict_of(ether(echo(vip))) == "punt_no_bind"


def test_an_echo_takes_its_outer_source_port_from_the_ipv4_id_or_the_flow_label(director):
    one, two = director.send(ether(echo(VIP, id=0x1234)), ether(echo(VIP, id=0x1235)))
    assert one.source_port ^ two.source_port == 1
    one, two = director.send(ether(echo(VIP6, fl=0x51234)), ether(echo(VIP6, fl=0x51236)))
    assert one.source_port ^ two.source_port == 2


def test_an_echo_belongs_to_the_longest_prefix_whatever_the_ports(director):
    two = director.with_tables(
        table([bind("192.0.2.0/24", "tcp", 443)], backends(1, 2)),
        table([bind("192.0.2.10", "udp", 1, 65535)], backends(2, 2)),
    )
    assert two.hops_of(ether(echo("192.0.2.10")))[0].startswith("10.0.2.")
    assert two.hops_of(ether(echo("192.0.2.11")))[0].startswith("10.0.1.")


def test_other_icmp_to_a_vip_is_punted(director):
    quoted = bytes(reply_to(tcp()))[:28]
    kinds = [(0, 0), (3, 0), (3, 1), (3, 3), (3, 13), (4, 0), (5, 1), (8, 1), (11, 0), (12, 0)]
    others = [ip(ROUTER, VIP) / ICMP(type=kind, code=code) / Raw(quoted) for kind, code in kinds]
    assert {o.verdict for o in director.send(*map(ether, others))} == {"punt_no_bind"}


def test_other_icmpv6_to_a_vip_is_punted(director):
    quoted = Raw(bytes(reply_to(tcp(VIP6)))[:100])
    errors = [kind / quoted for kind in (ICMPv6DestUnreach(code=4), ICMPv6TimeExceeded())]
    others = [ip(CLIENT6, VIP6) / body for body in (*errors, ICMPv6ND_NS(tgt=VIP6))]
    assert {o.verdict for o in director.send(*map(ether, others))} == {"punt_no_bind"}


def test_the_icmp_of_the_other_family_means_nothing(director):
    """ICMPv6 over IPv4 and ICMP over IPv6 are protocols without a bind, like any other."""
    echoes = [Raw(bytes.fromhex(f"{kind}00000000070001")) for kind in ("08", "80")]
    headers = [ip(CLIENT, VIP, proto=58), ip(CLIENT6, VIP6, nh=1)]
    crossed = [ether(header / request) for header in headers for request in echoes]
    assert {o.verdict for o in director.send(*crossed)} == {"punt_no_bind"}


def test_an_error_follows_the_flow_it_quotes(director, flow):
    """The proxy that serves the connection learns that its packets do not fit."""
    of_flow, of_error = director.send(ether(flow), ether(too_big(reply_to(flow))))
    assert of_flow.verdict == of_error.verdict == "forward"
    assert of_error.hops == of_flow.hops
    assert of_error.source_port == of_flow.source_port


def test_an_error_follows_the_flow_by_every_hash_field(director, flow):
    strict = director.with_config(hash_fields=EVERY_FIELD)
    of_flow, of_error = strict.send(ether(flow), ether(too_big(reply_to(flow))))
    assert (of_error.hash, of_error.hops) == (of_flow.hash, of_flow.hops)


def test_an_error_that_quotes_no_more_than_eight_bytes_of_transport_is_enough(director, flow):
    header = 40 if IPv6 in flow else 20
    error = too_big(reply_to(flow), quoted_length=header + 8)
    assert director.hops_of(ether(error)) == director.hops_of(ether(flow))


@pytest.mark.parametrize("options", [4, 40])
def test_an_error_may_quote_a_packet_with_ipv4_options(director, options):
    reply = reply_to(tcp(), options=[IPOption_NOP()] * options)
    assert director.hops_of(ether(too_big(reply))) == director.hops_of(ether(tcp()))


def test_an_error_may_have_ipv4_options_itself(director):
    error = too_big(reply_to(tcp()))
    error[IP].options = [IPOption_NOP()] * 8
    assert director.hops_of(ether(error)) == director.hops_of(ether(tcp()))


def test_an_error_cut_before_the_quoted_ports_is_dropped(director, flow):
    header = 40 if IPv6 in flow else 20
    errors = [too_big(reply_to(flow), quoted_length=n) for n in range(1, header + 4)]
    assert {o.verdict for o in director.send(*map(ether, errors))} == {"drop_bad_quote"}


def test_an_error_about_a_port_nobody_bound_is_punted(director):
    assert director.verdict_of(ether(too_big(reply_to(tcp(dport=444))))) == "punt_no_bind"


def test_an_error_about_one_vip_sent_to_another_address_is_punted(director):
    """Both ends of the story must name the VIP, or anybody could spray proxies with errors."""
    misdirected = too_big(reply_to(tcp()), to=NOT_A_VIP)
    about_another = too_big(reply_to(tcp(NOT_A_VIP)), to=VIP)
    outcomes = director.send(ether(misdirected), ether(about_another))
    assert {outcome.verdict for outcome in outcomes} == {"punt_no_bind"}


def test_an_error_within_one_prefix_may_name_two_of_its_addresses(director):
    error = too_big(reply_to(tcp("203.0.113.70", dport=22)), to="203.0.113.71")
    assert director.verdict_of(ether(error)) == "forward"


def test_an_error_whose_protocol_nobody_bound_is_matched_without_it(director):
    """Port 80 is bound for TCP only, and still a UDP quote with that port finds its table."""
    error = too_big(reply_to(udp(dport=80)))
    assert director.hops_of(ether(error)) == director.hops_of(ether(tcp(dport=80)))


def test_an_error_with_a_bound_protocol_goes_by_it(director):
    by_protocol = director.with_tables(
        table([bind(VIP, "tcp", 1, 1000)], backends(1, 2)),
        table([bind(VIP, "udp", 443)], backends(2, 2)),
    )
    assert by_protocol.hops_of(ether(too_big(reply_to(tcp()))))[0].startswith("10.0.1.")
    assert by_protocol.hops_of(ether(too_big(reply_to(udp()))))[0].startswith("10.0.2.")


def test_an_error_that_quotes_another_protocol_goes_by_the_longest_prefix_of_any(director):
    sctp = ip(VIP, CLIENT, proto=132) / Raw(bytes.fromhex("01bb9c40") + bytes(60))
    wide, narrow = bind("192.0.2.0/24", "tcp", 443), bind(VIP, "udp", 443)
    for one, two in ((wide, narrow), (narrow, wide)):
        tables = director.with_tables(table([one], backends(1, 1)), table([two], backends(2, 1)))
        primary, _ = tables.hops_of(ether(too_big(sctp)))
        assert primary == ("10.0.2.1" if two is narrow else "10.0.1.1")


@pytest.mark.parametrize("protocol", [1, 50, 132, 254, 255])
def test_an_error_that_quotes_any_protocol_needs_a_bound_port(director, protocol):
    """The bytes in the place of the ports decide, here a "source port" of 444."""
    quote = ip(VIP, CLIENT, proto=protocol) / Raw(bytes.fromhex("01bc9c40") + bytes(60))
    assert director.verdict_of(ether(too_big(quote))) == "punt_no_bind"


def test_an_error_that_quotes_a_later_fragment_is_punted(director):
    """It is unknown whose ports these were."""
    quote = reply_to(udp(), frag=100)
    assert director.verdict_of(ether(too_big(quote))) == "punt_no_bind"


def test_an_error_that_quotes_a_first_fragment_follows_its_flow(director):
    quote = reply_to(udp(), flags="MF")
    assert director.hops_of(ether(too_big(quote))) == director.hops_of(ether(udp()))


@pytest.mark.parametrize(
    "quote", [b"\x44" + bytes(40), b"\x65" + bytes(40), b"\x45\0\0\x13" + bytes(37)]
)
def test_an_error_that_quotes_nonsense_is_dropped(director, quote):
    """A header of 16 bytes, version 6 inside ICMP, a total length of 19."""
    error = ip(ROUTER, VIP) / ICMP(type=3, code=4) / Raw(quote)
    assert director.verdict_of(ether(error)) == "drop_bad_quote"


def test_an_error_with_a_quoted_length_that_was_not_kept_is_forwarded(director):
    """Some routers quote the length of the header with the payload's; it must not be relied on."""
    quote = reply_to(tcp(), len=40)
    assert director.hops_of(ether(too_big(quote))) == director.hops_of(ether(tcp()))


def test_an_error_about_a_udp_flow_has_the_source_port_of_that_flow(director):
    ports = (1024, 40000, 65535)
    flows = [IP(src=CLIENT, dst=VIP) / UDP(sport=port, dport=443) for port in ports]
    errors = [too_big(reply_to(flow)) for flow in flows]
    outcomes = director.send(*map(ether, flows), *map(ether, errors))
    assert [o.source_port for o in outcomes[:3]] == [o.source_port for o in outcomes[3:]]


def test_an_error_to_another_address_than_its_flow_s_bind_has_belongs_nowhere(director):
    """A wider bind that has both addresses leads to another table, which does not know the flow."""
    two = director.with_tables(
        table([bind("192.0.2.10", "tcp", 443)], backends(1, 2)),
        table([bind("192.0.2.0/24", "tcp", 443)], backends(2, 2)),
    )
    quoted = reply_to(tcp("192.0.2.10"))
    assert two.hops_of(ether(too_big(quoted)))[0].startswith("10.0.1.")
    assert two.verdict_of(ether(too_big(quoted, to="192.0.2.11"))) == "punt_no_bind"
    wider = reply_to(tcp("192.0.2.12"))
    assert two.hops_of(ether(too_big(wider, to="192.0.2.11")))[0].startswith("10.0.2.")
