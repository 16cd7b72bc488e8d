# SPDX-License-Identifier: BSD-3-Clause
"""Checksums and lengths at their edges."""

import random

import pytest
from scapy.layers.inet import UDP
from scapy.packet import Raw

import writing
from frames import CLIENT, VIP, VIP6, ether, ip, tcp, udp


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_every_size_modulo_the_checksum_loop(director, vip):
    """Odd and even, and every remainder of whatever word the sum is made of."""
    noise = random.Random(2).randbytes(200)
    outcomes = director.send(*(ether(udp(vip, data=noise[:size])) for size in range(200)))
    assert {outcome.verdict for outcome in outcomes} == {"forward"}


def test_a_checksum_survives_every_carry(director):
    """Payloads of ones, and of the words that make sums overflow."""
    patterns = [b"\xff" * n for n in (1, 2, 3, 31, 32, 33, 1000)]
    patterns += [b"\x80\x00" * 500, b"\xff\xfe\x00\x01" * 250]
    outcomes = director.send(*(ether(udp(data=pattern)) for pattern in patterns))
    assert {outcome.verdict for outcome in outcomes} == {"forward"}


def test_an_outer_checksum_of_zero_is_sent_as_ffff(director):
    """Zero would say that there is none (RFC 768)."""

    def outer_checksum(word: int) -> int:
        transport = UDP(sport=9, dport=443, chksum=1) / Raw(word.to_bytes(2, "big"))
        outcome = director.send_one(ether(ip(CLIENT, VIP) / transport))
        return int.from_bytes(outcome.frame[40:42], "big")

    missing = outer_checksum(0)
    assert 0 < missing < 0xFFFF
    assert outer_checksum(missing) == 0xFFFF
    assert outer_checksum(missing - 1) == 1


@pytest.mark.parametrize("size", [1500, 1514, 1886, 2000, 4000, 9000, 16000, 65000])
@pytest.mark.parametrize("build", [tcp, udp])
@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_a_big_packet_is_forwarded_whole(director, vip, build, size):
    head = len(bytes(build(vip, data=b"")))
    packet = ether(build(vip, data=random.Random(size).randbytes(size - head)))
    assert director.verdict_of(packet) == "forward"


@pytest.mark.parametrize("vip", [VIP, VIP6])
@pytest.mark.parametrize("hops, outer_length", [(2, 40), (4, 48)])
def test_the_biggest_packet_fills_the_outer_length_and_no_more(director, vip, hops, outer_length):
    four_hops = director.with_config(alt_hash_fields={"src_addr": True})
    configured = four_hops if hops == 4 else director
    head, room = len(bytes(udp(vip, data=b""))), 65535 - outer_length
    biggest = ether(udp(vip, data=bytes(room - head)))
    one_more = ether(udp(vip, data=bytes(room - head + 1)))
    outcomes = configured.send(biggest, one_more)
    assert [outcome.verdict for outcome in outcomes] == ["forward", "drop_too_big"]
    assert writing.checksum(outcomes[0].frame[14:34]) == 0
