# SPDX-License-Identifier: BSD-3-Clause
"""A scapy layer for what a director puts between UDP and the client's packet: GUE with a list of hops.

    from glb_gue import GlbGue
    IP(dst="10.0.1.21") / UDP(sport=33333, dport=19523) / GlbGue(hops=["10.0.1.22"]) / IP(...) / TCP(...)

Hops are all of IPv4 (private_type 0) or all of IPv6 (private_type 1). Lengths, counts and the type are
computed where they are not given. UDP to port 19523 is dissected as this layer.
"""

from scapy.compat import orb
from scapy.fields import BitField, ByteEnumField, ByteField, Field, ShortEnumField, ShortField
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, bind_layers
from scapy.pton_ntop import inet_ntop, inet_pton
from socket import AF_INET, AF_INET6

PORT = 19523
IPV4_HOPS, IPV6_HOPS = 0, 1
INSIDE = {4: IP, 41: IPv6}


class HopsField(Field):
    """Addresses, as many as hop_count says, of four or sixteen bytes each."""

    islist = 1

    def i2m(self, pkt, x):
        return b"".join(inet_pton(AF_INET6 if ":" in hop else AF_INET, hop) for hop in x or [])

    def addfield(self, pkt, s, val):
        return s + self.i2m(pkt, val)

    def getfield(self, pkt, s):
        size = 16 if pkt.private_type == IPV6_HOPS else 4
        count = min(pkt.hop_count or 0, len(s) // size)
        family = AF_INET6 if size == 16 else AF_INET
        hops = [inet_ntop(family, s[at:at + size]) for at in range(0, count * size, size)]
        return s[count * size:], hops

    def i2repr(self, pkt, x):
        return ", ".join(x or [])

    def any2i(self, pkt, x):
        return [x] if isinstance(x, str) else list(x or [])


class GlbGue(Packet):
    """The header, with the hops that may know the flow if the receiver does not."""

    name = "GLB GUE"
    fields_desc = [
        BitField("version", 0, 2),
        BitField("control", 0, 1),
        BitField("words", None, 5),
        ByteEnumField("proto", None, {4: "IPv4", 41: "IPv6"}),
        ShortField("flags", 0),
        ShortEnumField("private_type", None, {IPV4_HOPS: "IPv4 hops", IPV6_HOPS: "IPv6 hops"}),
        ByteField("next_hop", 0),
        ByteField("hop_count", None),
        HopsField("hops", []),
    ]

    def post_build(self, pkt, pay):
        """Fill in what was not given."""
        head = bytearray(pkt)
        if self.words is None:
            head[0] |= 1 + sum(4 if ":" in hop else 1 for hop in self.hops)
        if self.proto is None:
            head[1] = 41 if pay and orb(pay[0]) >> 4 == 6 else 4
        if self.private_type is None:
            head[4:6] = bytes([0, IPV6_HOPS if any(":" in hop for hop in self.hops) else IPV4_HOPS])
        if self.hop_count is None:
            head[7] = len(self.hops)
        return bytes(head) + pay

    def guess_payload_class(self, payload):
        return INSIDE.get(self.proto) or super().guess_payload_class(payload)


bind_layers(UDP, GlbGue, dport=PORT)
