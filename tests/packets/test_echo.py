# SPDX-License-Identifier: BSD-3-Clause
"""Echo requests to a VIP: forwarded, answered, punted or dropped."""

import pytest
from scapy.layers.inet import ICMP, IP, IPOption_NOP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Padding, Raw

from frames import (
    BOTH,
    CLIENT,
    CLIENT6,
    NOT_A_VIP,
    NOT_A_VIP6,
    ROUTER_MAC,
    VIP,
    VIP6,
    backends,
    bind,
    client_of,
    echo,
    ether,
    ip,
    reply_to,
    table,
    tcp,
    too_big,
    udp,
)

PLENTY = 1_000_000  # answers per second, so that only 100 at once are a limit


@pytest.fixture
def answering(director):
    return director.with_config(echo="answer", answers_per_second=PLENTY)


def verdicts(director, packets) -> list:
    return [outcome.verdict for outcome in director.send(*map(ether, packets))]


@BOTH
def test_an_echo_request_is_forwarded_by_default_and_when_told(director, vip):
    assert director.verdict_of(ether(echo(vip))) == "forward"
    assert director.with_config(echo="forward").verdict_of(ether(echo(vip))) == "forward"


@BOTH
def test_an_echo_request_is_punted_when_told_in_either_spelling(director, vip):
    packet = ether(echo(vip))
    for spelling in ({"echo": "punt"}, {"forward_icmp_ping_responses": False}):
        outcome = director.with_config(**spelling).send_one(packet)
        assert (outcome.verdict, outcome.frame) == ("punt_no_bind", bytes(packet))


@BOTH
@pytest.mark.parametrize("old, new", [(True, "forward"), (False, "punt")])
def test_both_spellings_may_say_the_same(director, vip, old, new):
    both = director.with_config(forward_icmp_ping_responses=old, echo=new)
    assert both.send_one(ether(echo(vip))) == director.with_config(echo=new).send_one(
        ether(echo(vip))
    )


@BOTH
def test_an_echo_request_is_dropped_when_told(director, vip):
    assert director.with_config(echo="drop").verdict_of(ether(echo(vip))) == "drop_echo"


@pytest.mark.parametrize("policy", ["answer", "punt", "drop"])
def test_a_policy_for_echo_requests_to_vips_is_none_for_others(director, policy):
    """Nor for flows, replies and errors."""
    changed = director.with_config(echo=policy, answers_per_second=PLENTY)
    elsewhere = [echo(NOT_A_VIP), echo(NOT_A_VIP6), ip(CLIENT, VIP) / ICMP(type=0) / Raw(bytes(20))]
    assert set(verdicts(changed, elsewhere)) == {"punt_no_bind"}
    to_proxies = [tcp(), tcp(VIP6), udp(), too_big(reply_to(tcp())), too_big(reply_to(tcp(VIP6)))]
    assert set(verdicts(changed, to_proxies)) == {"forward"}


@BOTH
def test_an_answer_is_what_a_host_would_say(answering, vip):
    """Seen with scapy's eyes: ends and MACs swapped, a reply, checksums right."""
    outcome = answering.send_one(ether(echo(vip, data=b"abcdefgh")))
    assert outcome.verdict == "answer_echo"
    frame = Ether(outcome.frame)
    assert (frame.dst, frame.src) == (ROUTER_MAC, answering.driver.port.mac)
    head = frame[IPv6 if ":" in vip else IP]
    assert (head.src, head.dst) == (vip, client_of(vip))
    if ":" in vip:
        reply = frame[ICMPv6EchoReply]
        assert (head.hlim, reply.id, reply.seq, reply.data) == (64, 7, 1, b"abcdefgh")
        checked = (reply.cksum,)
        del reply.cksum
    else:
        reply = frame[ICMP]
        assert (head.ttl, reply.type, reply.code, reply.id, reply.seq) == (64, 0, 0, 7, 1)
        assert bytes(reply.payload) == b"abcdefgh"
        checked = (reply.chksum, head.chksum)
        del reply.chksum, head.chksum
    again = Ether(bytes(frame))
    assert checked == (
        (again[ICMPv6EchoReply].cksum,) if ":" in vip else (again[ICMP].chksum, again[IP].chksum)
    )


def test_an_answer_keeps_id_flags_and_dscp(answering):
    outcome = answering.send_one(ether(echo(VIP, id=0x1234, flags="DF", tos=0xBB, ttl=1)))
    head = Ether(outcome.frame)[IP]
    assert (head.id, str(head.flags), head.tos, head.ttl) == (0x1234, "DF", 0xBB, 64)


def test_an_answer_keeps_traffic_class_and_flow_label(answering):
    outcome = answering.send_one(ether(echo(VIP6, tc=0xBB, fl=0x51234, hlim=1)))
    head = Ether(outcome.frame)[IPv6]
    assert (head.tc, head.fl, head.hlim) == (0xBB, 0x51234, 64)


@BOTH
@pytest.mark.parametrize(
    "tags", [Dot1Q(vlan=5, prio=3), Dot1AD(vlan=5) / Dot1Q(vlan=6)], ids=["802.1Q", "QinQ"]
)
def test_an_answer_has_the_tags_of_the_request(answering, vip, tags):
    """Whatever tags the way to the proxies has."""
    request = ether(echo(vip), tags)
    for mode in ("keep", "none", 77):
        outcome = answering.with_config(vlan=mode).send_one(request)
        assert outcome.verdict == "answer_echo"
        assert outcome.frame[14 : 14 + len(tags)] == bytes(request)[14 : 14 + len(tags)]


@BOTH
@pytest.mark.parametrize("padding", ["keep", "trim"])
def test_an_answer_has_no_padding(answering, vip, padding):
    padded = ether(echo(vip)) / Padding(b"\xaa" * 20)
    outcome = answering.with_config(padding=padding).send_one(padded)
    assert len(outcome.frame) == len(ether(echo(vip)))


@BOTH
def test_an_answer_repeats_what_was_sent_whatever_its_size(answering, vip):
    sizes = [0, 1, 2, 3, 7, 8, 56, 57, 1400, 1401]
    requests = [bytes(ether(echo(vip, data=(bytes(range(256)) * 6)[:size]))) for size in sizes]
    behind_checksum = 14 + (40 if ":" in vip else 20) + 4
    for request, outcome in zip(requests, answering.send(*requests)):
        assert outcome.verdict == "answer_echo"
        assert outcome.frame[behind_checksum:] == request[behind_checksum:]


def test_an_answer_of_nothing_but_zeros_has_a_checksum(answering):
    """A reply is of type 0: then the sum itself is 0, whose complement is ffff (RFC 1071)."""
    zeros = ip(CLIENT, VIP) / ICMP(id=0, seq=0) / Raw(bytes(56))
    outcome = answering.send_one(ether(zeros))
    assert outcome.frame[36:38] == b"\xff\xff"


def test_an_answer_whose_sum_is_all_ones_has_one_as_well(answering):
    """0 and ffff are then both right."""
    ones = ip(CLIENT, VIP) / ICMP(id=0xFFFF, seq=0) / Raw(bytes(56))
    assert answering.send_one(ether(ones)).frame[36:38] == b"\xff\xff"


@BOTH
def test_an_answer_does_not_repair_what_was_damaged_on_the_way(answering, vip):
    """The client's checksum must not cover another payload than the client sent."""
    damaged = echo(vip)
    if ":" in vip:
        damaged[ICMPv6EchoRequest].cksum = 0x1234
    else:
        damaged[ICMP].chksum = 0x1234
    outcome = answering.send_one(ether(damaged))
    message = bytes(Ether(outcome.frame)[IPv6 if ":" in vip else IP].payload)
    right = bytes((echo(vip)[IPv6 if ":" in vip else IP].payload))
    assert outcome.verdict == "answer_echo" and message[4:] == right[4:]
    whole = answering.send_one(ether(echo(vip)))
    assert message[2:4] != bytes(Ether(whole.frame)[IPv6 if ":" in vip else IP].payload)[2:4]


def test_a_large_request_is_answered_whatever_the_mtu(answering):
    """It came through this port, so its answer goes."""
    narrow = answering.with_config(mtu=600, too_big="drop")
    assert narrow.verdict_of(ether(echo(data=bytes(1400)))) == "answer_echo"


def test_an_answer_needs_no_row(answering):
    """All backends may be down: the VIP is the director's then."""
    down = [dict(backend, healthy=False) for backend in backends(1, 2)]
    served = answering.with_tables(table([bind(VIP, "tcp", 443)], down))
    assert served.verdict_of(ether(echo())) == "answer_echo"


@BOTH
def test_an_echo_request_to_a_prefix_is_answered_from_the_address_asked(answering, vip):
    address = "2001:db8:20::4251" if ":" in vip else "203.0.113.77"
    outcome = answering.send_one(ether(echo(address)))
    assert Ether(outcome.frame)[IPv6 if ":" in vip else IP].src == address


def test_a_request_with_ipv4_options_is_not_answered(answering):
    options = [[IPOption_NOP()] * 4, [IPOption_NOP()] * 40]
    assert set(verdicts(answering, [echo(options=o) for o in options])) == {"drop_echo"}


def test_a_fragment_of_a_request_is_not_answered(answering):
    first = ether(echo(flags="MF"))
    assert answering.verdict_of(first) == "drop_echo"


@pytest.mark.parametrize(
    "extension",
    [IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), IPv6ExtHdrFragment(), IPv6ExtHdrFragment(m=1)],
    ids=["hop-by-hop", "destination options", "atomic fragment", "first fragment"],
)
def test_a_request_with_extension_headers_is_not_answered(answering, extension):
    request = ip(CLIENT6, VIP6) / extension / ICMPv6EchoRequest(id=7, seq=1, data=b"ping")
    assert answering.verdict_of(ether(request)) == "drop_echo"


@pytest.mark.parametrize(
    "source",
    ["0.0.0.0", "0.255.255.255", "127.0.0.1", "127.255.255.255", "224.0.0.0", "239.1.2.3",
     "240.0.0.1", "255.255.255.255", "::", "::1", "ff00::", "ff02::1", "ffff::ffff"],
)  # fmt: skip
def test_a_request_from_no_single_host_is_not_answered(answering, source):
    request = echo(VIP6 if ":" in source else VIP)
    request[IPv6 if ":" in source else IP].src = source
    assert answering.verdict_of(ether(request)) == "drop_source"


@pytest.mark.parametrize(
    "source",
    ["1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255", "::2", "100::", "fe80::1",
     "feff::1"],
)  # fmt: skip
def test_a_request_from_next_to_those_is_answered(answering, source):
    request = echo(VIP6 if ":" in source else VIP)
    request[IPv6 if ":" in source else IP].src = source
    assert answering.verdict_of(ether(request)) == "answer_echo"


@pytest.mark.parametrize("group", ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01"])
@BOTH
def test_a_request_from_a_group_of_stations_is_not_answered(answering, vip, group):
    """A group cannot have asked."""
    from_group = ether(echo(vip))
    from_group.src = group
    assert answering.verdict_of(from_group) == "drop_echo"


@pytest.mark.parametrize("group", ["224.0.0.1", "255.255.255.255", "127.0.0.1", "ff02::1", "::1"])
def test_a_request_to_a_group_that_a_prefix_covers_is_not_answered(answering, group):
    every = answering.with_tables(
        table([bind("::/0" if ":" in group else "0.0.0.0/0", "tcp", 443)], backends(1, 2))
    )
    assert every.verdict_of(ether(echo(group))) == "drop_echo"


def test_a_reply_is_not_answered(answering):
    reply = ip(CLIENT, VIP) / ICMP(type=0, id=7, seq=1) / Raw(b"ping")
    reply6 = ip(CLIENT6, VIP6) / ICMPv6EchoReply(id=7, seq=1, data=b"ping")
    assert set(verdicts(answering, [reply, reply6])) == {"punt_no_bind"}


def test_a_request_of_another_code_is_none(answering):
    odd = [
        ip(CLIENT, VIP) / ICMP(code=1) / Raw(b"ping"), ip(CLIENT6, VIP6) / ICMPv6EchoRequest(code=1)
    ]
    assert set(verdicts(answering, odd)) == {"punt_no_bind"}
