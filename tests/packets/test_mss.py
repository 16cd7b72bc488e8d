# SPDX-License-Identifier: BSD-3-Clause
"""clamp_mss: a client's SYN asks for no segments that do not fit the way to the proxies."""

from typing import Optional

import pytest
from scapy.layers.inet import IP, TCP, IPOption_NOP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1AD, Dot1Q
from scapy.packet import Raw

from frames import (
    BOTH,
    VIP,
    VIP6,
    backends,
    bind,
    client_of,
    ether,
    ip,
    reply_to,
    sized,
    table,
    tcp,
    too_big,
)

FITS = {VIP: 1500 - 40 - 40, VIP6: 1500 - 40 - 60}


@pytest.fixture
def clamping(director):
    return director.with_config(clamp_mss=True, mtu=1500)


def syn(vip: str = VIP, options=(("MSS", 1460),), flags: str = "S", data=b"", **more):
    segment = TCP(sport=40000, dport=443, flags=flags, options=list(options))
    return ip(client_of(vip), vip, **more) / segment / Raw(data)


def raw_syn(options: str, vip: str = VIP, words: Optional[int] = None):
    """A SYN with options in hexadecimal; `words` is its data offset, if not the right one."""
    packed = bytes.fromhex(options)
    packed += bytes(-len(packed) % 4)
    segment = bytearray(bytes(TCP(sport=40000, dport=443, flags="S")) + packed)
    segment[12] = (len(segment) // 4 if words is None else words) << 4
    protocol = {"nh": 6} if ":" in vip else {"proto": 6}
    return ip(client_of(vip), vip, **protocol) / Raw(bytes(segment))


def inner_of(outcome) -> bytes:
    """The client's packet as it is forwarded."""
    assert outcome.verdict == "forward"
    return outcome.frame[54:]


def mss_of(outcome):
    frame = inner_of(outcome)
    packet = IP(frame) if frame[0] >> 4 == 4 else IPv6(frame)
    return dict(packet[TCP].options).get("MSS")


def unchanged(director, packet) -> bool:
    return inner_of(director.send_one(ether(packet))) == bytes(packet)


@BOTH
def test_a_larger_mss_is_lowered_to_what_fits(clamping, vip):
    fits = FITS[vip]
    for asked in (fits - 1, fits, fits + 1, 1460, 8960, 65535):
        outcome = clamping.send_one(ether(syn(vip, [("MSS", asked)])))
        assert mss_of(outcome) == min(asked, fits)


@BOTH
def test_the_tcp_checksum_is_right_afterwards(clamping, vip):
    outcome = clamping.send_one(ether(syn(vip, [("MSS", 8960), ("WScale", 7)])))
    inner = inner_of(outcome)
    packet = IP(inner) if ":" not in vip else IPv6(inner)
    was = packet[TCP].chksum
    packet[TCP].chksum = None
    again = IP(bytes(packet)) if ":" not in vip else IPv6(bytes(packet))
    assert again[TCP].chksum == was


@BOTH
@pytest.mark.parametrize("pad", range(5))
def test_the_option_may_be_anywhere(clamping, vip, pad):
    """At an odd offset its two bytes are in two words of the checksum."""
    options = [("NOP", None)] * pad + [("MSS", 1460), ("SAckOK", b"")]
    outcome = clamping.send_one(ether(syn(vip, options)))
    inner = inner_of(outcome)
    packet = IP(inner) if ":" not in vip else IPv6(inner)
    assert dict(packet[TCP].options)["MSS"] == FITS[vip]
    was = packet[TCP].chksum
    packet[TCP].chksum = None
    again = IP(bytes(packet)) if ":" not in vip else IPv6(bytes(packet))
    assert again[TCP].chksum == was


def test_every_carry_of_the_checksum_is_right(clamping):
    """The same SYN from many ports, so that its checksum takes many values."""
    outcomes = clamping.send(
        *(
            ether(ip("198.51.100.77", VIP) / TCP(sport=port, dport=443, flags="S", seq=port * 65521,
                                                 options=[("MSS", 1460)]))
            for port in range(1, 65536, 251)
        )
    )  # fmt: skip
    assert {mss_of(outcome) for outcome in outcomes} == {1420}


def test_a_wrong_checksum_stays_wrong(clamping):
    """The proxy is to notice that the segment was damaged on its way."""
    damaged = syn()
    right = TCP(bytes(syn()[TCP])).chksum
    damaged[TCP].chksum = right ^ 0x0101
    whole, broken = clamping.send(ether(syn()), ether(damaged))
    assert inner_of(whole)[:36] == inner_of(broken)[:36]
    assert inner_of(whole)[36:38] != inner_of(broken)[36:38]


@BOTH
def test_nothing_is_lowered_unless_configured(director, vip):
    assert unchanged(director, syn(vip, [("MSS", 9000)]))
    assert unchanged(director.with_config(clamp_mss=False, mtu=600), syn(vip))


@BOTH
@pytest.mark.parametrize("flags", ["A", "PA", "F", "R", ""])
def test_only_segments_with_syn_are_changed(clamping, vip, flags):
    """Others have no such option, whatever their bytes look like."""
    assert unchanged(clamping, syn(vip, [("MSS", 9000)], flags=flags))


@BOTH
@pytest.mark.parametrize("flags", ["S", "SA", "SEC", "SF", "SP"])
def test_every_segment_with_syn_is_changed(clamping, vip, flags):
    assert mss_of(clamping.send_one(ether(syn(vip, [("MSS", 9000)], flags=flags)))) == FITS[vip]


@BOTH
def test_a_syn_without_the_option_stays_as_it_is(clamping, vip):
    """Its sender will assume 536 or 1220."""
    for options in ([], [("WScale", 7), ("Timestamp", (1, 2))], [("NOP", None)] * 40):
        assert unchanged(clamping, syn(vip, options))


@BOTH
@pytest.mark.parametrize(
    "options",
    [
        "0002040fa0000000",
        "0203ff0001010101",
        "0205ffff00010101",
        "0200ffff",
        "0201ffff",
        "03000204ffff0101",
        "03010204ffff0101",
        "03ff0204ffff0101",
        "030a0204ffff0101",
        "0101010101020400",
        "01010102",
        "01010204",
    ],
    ids=[
        "behind the end of options",
        "MSS of length 3",
        "MSS of length 5",
        "MSS of length 0",
        "MSS of length 1",
        "behind an option of length 0",
        "behind an option of length 1",
        "behind an option that goes on for ever",
        "behind an option that ends two bytes too late",
        "cut before its second byte",
        "cut behind its kind",
        "cut behind its length",
    ],
)
def test_options_that_make_no_sense_stay_as_they_are(clamping, vip, options):
    words = 5 + len(options) // 8
    assert unchanged(clamping, raw_syn(options, vip, words))


@BOTH
def test_an_option_that_ends_with_the_header_is_lowered(clamping, vip):
    packet = raw_syn("010101010204ffff", vip)
    inner = inner_of(clamping.send_one(ether(packet)))
    assert inner[-2:] == FITS[vip].to_bytes(2, "big")


@BOTH
def test_payload_that_looks_like_the_option_stays_as_it_is(clamping, vip):
    looks = ip(client_of(vip), vip) / TCP(sport=1, dport=443, flags="S") / Raw(b"\x02\x04\xff\xff")
    assert unchanged(clamping, looks)


@BOTH
@pytest.mark.parametrize("words", [0, 1, 4, 5, 15])
def test_a_header_length_that_cannot_be_stays_as_it_is(clamping, vip, words):
    """Too short for the option or for a header at all, and longer than the packet."""
    assert unchanged(clamping, raw_syn("0204ffff", vip, words))


@BOTH
@pytest.mark.parametrize("mtu", [576, 1280, 1400, 1800])
def test_what_fits_follows_from_the_mtu(clamping, vip, mtu):
    changed = clamping.with_config(mtu=mtu)
    fits = mtu - 40 - (60 if ":" in vip else 40)
    assert mss_of(changed.send_one(ether(syn(vip, [("MSS", 9000)])))) == fits


@pytest.mark.drivers("replay", "net_pcap", "veth")
@BOTH
def test_what_fits_follows_from_the_ports_own_mtu(director, vip):
    fits = director.driver.port.mtu - 40 - (60 if ":" in vip else 40)
    changed = director.with_config(clamp_mss=True)
    assert mss_of(changed.send_one(ether(syn(vip, [("MSS", 9000)])))) == fits


@BOTH
def test_what_fits_follows_from_the_hops(clamping, vip):
    four = dict(table([bind(vip, "tcp", 443)], backends(1, 6)), hops=4)
    outcome = clamping.with_tables(four).send_one(ether(syn(vip, [("MSS", 9000)])))
    inner = outcome.frame[14 + 48 :]
    packet = IPv6(inner) if ":" in vip else IP(inner)
    assert dict(packet[TCP].options)["MSS"] == FITS[vip] - 8


def test_ip_options_do_not_hide_the_option(clamping):
    packet = syn(options=[("MSS", 9000)])
    packet[IP].options = [IPOption_NOP()] * 8
    assert mss_of(clamping.send_one(ether(packet))) == FITS[VIP]


@pytest.mark.parametrize("extension", [IPv6ExtHdrDestOpt(), IPv6ExtHdrFragment()])
def test_extension_headers_do_not_hide_the_option(clamping, extension):
    """An atomic fragment is a whole packet."""
    segment = TCP(sport=40000, dport=443, flags="S", options=[("MSS", 9000)])
    packet = ip(client_of(VIP6), VIP6) / extension / segment
    assert mss_of(clamping.send_one(ether(packet))) == FITS[VIP6]


def test_a_fragmented_ipv4_syn_stays_as_it_is(clamping):
    packet = syn(options=[("MSS", 9000)], flags="S", data=bytes(8))
    packet[IP].flags = "MF"
    assert unchanged(clamping, packet)


def test_a_fragmented_ipv6_syn_stays_as_it_is(clamping):
    segment = TCP(sport=40000, dport=443, flags="S", options=[("MSS", 9000)])
    assert unchanged(clamping, ip(client_of(VIP6), VIP6) / IPv6ExtHdrFragment(m=1) / segment)


@BOTH
def test_a_syn_with_tags_and_payload_is_changed_in_its_option_alone(clamping, vip):
    packet = syn(vip, [("MSS", 9000)], data=b"fast open")
    outcome = clamping.send_one(ether(packet, Dot1AD(vlan=5) / Dot1Q(vlan=6)))
    inner, came = outcome.frame[62:], bytes(packet)
    changed = [n for n, (a, b) in enumerate(zip(inner, came)) if a != b]
    head = 40 if ":" in vip else 20
    assert len(inner) == len(came)
    assert set(changed) <= {head + 16, head + 17, head + 22, head + 23}


@BOTH
def test_the_outer_checksum_covers_what_was_changed(clamping, vip):
    """In both ways of making it."""
    full, inner = (
        clamping.with_config(udp_checksum=how).send_one(ether(syn(vip, [("MSS", 9000)])))
        for how in ("full", "inner")
    )
    assert full.frame == inner.frame


@BOTH
def test_a_syn_to_nobody_stays_as_it_is(clamping, vip):
    packet = ip(client_of(vip), vip) / TCP(dport=444, flags="S", options=[("MSS", 9000)])
    outcome = clamping.send_one(ether(packet))
    assert (outcome.verdict, outcome.frame) == ("punt_no_bind", bytes(ether(packet)))


def test_a_syn_that_does_not_fit_itself_is_quoted_as_it_came(clamping):
    answering = clamping.with_config(too_big="answer")
    packet = syn(options=[("MSS", 9000)], data=bytes(1450))
    outcome = answering.send_one(ether(packet))
    assert outcome.verdict == "answer_too_big"
    assert outcome.frame.endswith(bytes(packet)[:548])


def test_the_option_in_a_quote_stays_as_it_is(clamping):
    quote = reply_to(tcp())
    quote[TCP].flags, quote[TCP].options = "SA", [("MSS", 9000)]
    packet = too_big(quote, quoted_length=60)
    assert unchanged(clamping, packet)
    assert unchanged(clamping, sized(tcp, 1000))
