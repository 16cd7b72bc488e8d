# SPDX-License-Identifier: BSD-3-Clause
"""How many ICMP replies a director sends, and to which clients when not to all."""

from collections import Counter

import pytest
from scapy.layers.inet import IPOption_NOP

from drivers import Seen, Sending
from frames import (
    CLIENT,
    CLIENT6,
    CONFIG,
    TABLES,
    VIP,
    VIP6,
    backends,
    bind,
    echo,
    ether,
    sized,
    table,
    tcp,
)


@pytest.fixture
def flooded(director):
    """Answers everything that may be, and everything happens at once unless a case says when."""
    return director.with_config(echo="answer", too_big="answer", mtu=1500)


def verdicts(director, frames) -> list:
    return [outcome.verdict for outcome in director.send(*frames, at=[1.0] * len(frames))]


def test_answers_are_limited_to_a_hundred_at_once(director):
    """What is more at one instant is dropped, however many are allowed a second."""
    answering = director.with_config(echo="answer", answers_per_second=5000)
    outcomes = answering.send(*[ether(echo())] * 150, at=[1.0] * 150)
    assert [o.verdict for o in outcomes] == ["answer_echo"] * 100 + ["drop_answer_limit"] * 50


def test_fewer_a_second_are_fewer_at_once(director):
    for rate in (1, 7, 99):
        few = director.with_config(echo="answer", answers_per_second=rate)
        outcomes = few.send(*[ether(echo())] * 120, at=[1.0] * 120)
        assert [o.verdict for o in outcomes].count("answer_echo") == rate


def test_answers_are_a_thousand_a_second_by_default(director):
    times = [1.0] * 110 + [1.0105] * 20
    outcomes = director.with_config(echo="answer").send(*[ether(echo())] * 130, at=times)
    counts = [o.verdict for o in outcomes]
    assert (counts[:110].count("answer_echo"), counts[110:].count("answer_echo")) == (100, 10)


def test_an_allowance_comes_back_with_time_and_does_not_grow_beyond_its_burst(director):
    slow = director.with_config(echo="answer", answers_per_second=2)
    times = [1.0] * 4 + [1.4, 1.6] + [60.0] * 4
    verdicts_seen = [o.verdict for o in slow.send(*[ether(echo())] * 10, at=times)]
    answered = [verdict == "answer_echo" for verdict in verdicts_seen]
    assert answered == [True, True, False, False, False, True, True, True, False, False]


def test_a_flood_of_pings_takes_no_error_from_anybody(flooded):
    """Every echo reply of the limit is used up, and both families still hear what fits."""
    frames = [ether(echo())] * 150 + [ether(sized(tcp, 1500)), ether(sized(tcp, 1500, VIP6))]
    seen = verdicts(flooded, frames)
    assert seen[:150] == ["answer_echo"] * 100 + ["drop_answer_limit"] * 50
    assert seen[150:] == ["answer_too_big"] * 2


def test_a_flood_of_large_packets_takes_no_echo_reply_from_anybody(flooded):
    seen = verdicts(flooded, [ether(sized(tcp, 1500))] * 150 + [ether(echo())])
    assert seen[:150] == ["answer_too_big"] * 100 + ["drop_error_limit"] * 50
    assert seen[150:] == ["answer_echo"]


def test_errors_have_a_limit_of_their_own_or_that_of_answers(flooded):
    frames = [ether(sized(tcp, 1500))] * 9
    for config, count in (
        ({"errors_per_second": 3}, 3),
        ({"answers_per_second": 4}, 4),
        ({"answers_per_second": 5, "errors_per_second": 2}, 2),
    ):
        assert verdicts(flooded.with_config(**config), frames).count("answer_too_big") == count


def clients(count: int) -> list:
    """A client in each of so many networks."""
    return [f"11.{n // 256}.{n % 256}.7" for n in range(count)]


def asking(kind: str, vip: str, client: str):
    """A frame that is due an answer of a kind."""
    packet = echo(vip) if kind == "answer_echo" else sized(tcp, 1500, vip)
    packet.src = client
    return ether(packet)


EITHER = pytest.mark.parametrize(
    "kind, over", [("answer_echo", "drop_answer_limit"), ("answer_too_big", "drop_error_limit")]
)


@EITHER
def test_a_flood_at_one_vip_leaves_others_their_share(flooded, kind, over):
    """Whatever clients it invents."""
    flood = [asking(kind, VIP, client) for client in clients(200)]
    others = [asking(kind, VIP6, f"2001:db8:{n}::7") for n in range(1, 15)]
    seen = verdicts(flooded, flood + others + flood[:5])
    assert seen[:200] == [kind] * 100 + [over] * 100
    assert seen[200:] == [kind] * 12 + [over] * 7


@EITHER
def test_a_flood_from_one_network_leaves_others_their_share(flooded, kind, over):
    """Even at the VIP that it floods."""
    flood = [asking(kind, VIP, f"198.51.100.{n}") for n in range(1, 200)]
    others = [asking(kind, VIP, client) for client in clients(9)]
    seen = verdicts(flooded, flood + others + flood[:5])
    assert seen[199:208] == [kind] * 9
    assert seen[208:] == [over] * 5


def test_a_flood_below_a_prefix_leaves_other_tables_their_share(flooded):
    """Its packets are for as many VIPs as it likes."""
    tables = [
        table([bind("10.0.0.0/8", "tcp", 443)], backends(0, 2)),
        table([bind(VIP, "tcp", 443)], backends(1, 2)),
    ]
    vips = [f"10.9.{n}.1" for n in range(140)]
    flood = [asking("answer_too_big", vip, client) for vip, client in zip(vips, clients(140))]
    other = asking("answer_too_big", VIP, "198.51.100.7")
    seen = verdicts(flooded.with_tables(*tables), flood + [other] * 2)
    assert seen == ["answer_too_big"] * 100 + ["drop_error_limit"] * 40 + ["answer_too_big"] * 2


def test_shares_come_back_with_time_while_the_flood_goes_on(flooded):
    """A thousand a second: a VIP's share is one in 8 ms, that of a client's network one in 32 ms."""
    flood, other = asking("answer_echo", VIP, CLIENT), asking("answer_echo", VIP6, CLIENT6)
    step = [flood] * 20 + [other]
    outcomes = flooded.send(
        *([flood] * 120 + [other] * 4 + step * 9),
        at=[1.0] * 124 + [1.0 + n * 0.0081 for n in range(1, 10) for _ in step],
    )
    of_other = [o.verdict for o in outcomes[120:124]] + [o.verdict for o in outcomes[144::21]]
    answered = [verdict == "answer_echo" for verdict in of_other]
    assert answered == [True] * 3 + [False] + [False, False, False, True] * 2 + [False]


def test_a_clock_that_goes_back_stands_still(director):
    """Captures are not always in order."""
    two = director.with_config(echo="answer", answers_per_second=2)
    times = [9.0, 9.0, 2.0, 8.9, 9.4, 9.6]
    seen = [o.verdict for o in two.send(*[ether(echo())] * 6, at=times)]
    assert [verdict == "answer_echo" for verdict in seen] == [True, True, False, False, False, True]


def test_what_is_not_answered_costs_no_allowance(director):
    one = director.with_config(echo="answer", answers_per_second=1)
    refused = ether(echo(options=[IPOption_NOP()] * 4))
    seen = [o.verdict for o in one.send(refused, ether(tcp()), ether(echo()), at=[1.0] * 3)]
    assert seen == ["drop_echo", "forward", "answer_echo"]


def test_forwarding_goes_on_when_the_limit_is_reached(director):
    one = director.with_config(echo="answer", answers_per_second=1)
    seen = [o.verdict for o in one.send(ether(echo()), ether(echo()), ether(tcp()), at=[1.0] * 3)]
    assert seen == ["answer_echo", "drop_answer_limit", "forward"]


def test_a_worker_of_a_director_keeps_the_limit_by_its_own_clock(veth):
    """Of 300 requests in a moment about a hundred are answered, and none is lost uncounted."""
    config = {**CONFIG, "echo": "answer", "answers_per_second": 100}
    seen = veth.run(Sending(config, TABLES, [bytes(ether(echo()))] * 300), Seen([], [], Counter()))
    answered = len(seen.sent)
    veth.expected += Counter({"answer_echo": answered, "drop_answer_limit": 300 - answered})
    assert 50 <= answered <= 200 and not seen.punted
