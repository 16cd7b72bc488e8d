# SPDX-License-Identifier: BSD-3-Clause
"""One proxy on the bench: frames in, frames out, without a wire.

The program is the one that is attached to eth0, and it sees the sockets of the host; only the
frame comes from the case.
"""

import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Optional

import wire
from hosts import A, B, DIRECTOR, VIP, VIP6, address6, interface_address, interface_index
from kernel import Program, inside
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

PASSED, DROPPED, SENT = 0xFFFFFFFF, 2, 7  # TC_ACT_UNSPEC, TC_ACT_SHOT, TC_ACT_REDIRECT
DIRECTOR_MAC = bytes.fromhex("02000000000d")
# of linux/tcp.h
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
TCP_RECV_QUEUE, TCP_SEND_QUEUE, TCP_REPAIR_OFF_NO_WP = 1, 2, -1
ETH_P_ALL = 3
HALF_OPEN_PORT = 40002  # of the client whose handshake is not complete
CLIENT, CLIENT6 = "198.51.100.77", "2001:db8:99::77"  # of connections that no host knows


@dataclass(frozen=True)
class Outcome:
    """What the program did with one frame."""

    action: int
    frame: bytes
    fate: Optional[str]  # the counter that moved beside `total`; None for a frame that is not ours


class Bench:
    """Runs the program on frames, and makes the sockets that it should find.

    The outer headers are of one IP version. The hosts go by their IPv4 addresses in either case.
    """

    def __init__(self, network, underlay=4):
        self.network = network
        self.proxy = proxy = network.proxies[0]
        self.underlay = underlay
        self.udp_at = 20 if underlay == 4 else 40  # in an outer packet
        self.mac = interface_address(proxy.namespace, "eth0")
        self._ifindex = interface_index(proxy.namespace, "eth0")
        self._program = Program(proxy.program_id())
        self._counters = list(proxy.counters())  # names, in the order of the map

    def close(self):
        self._program.close()

    def reopen(self):
        """From now on, run the program that has replaced the one before."""
        self._program.close()
        self._program = Program(self.proxy.program_id())

    def frame(self, packet):
        """The frame in which an IP packet reaches the proxy."""
        return wire.ether(packet, DIRECTOR_MAC, self.mac)

    def address(self, host):
        """The address that a host goes by in outer headers."""
        return host if self.underlay == 4 or ":" in host else address6(host)

    def gue(self, inner, hops=(B,), next_hop=0, **more):
        """A client's packet behind a GUE header; keywords as for wire.gue()."""
        return wire.gue(bytes(inner), [*map(self.address, hops)], next_hop,
                        underlay=self.underlay, **more)

    def outer(self, payload, src=DIRECTOR, dst=A, **more):
        """The packet from a host to another around it; keywords as for wire.outer()."""
        return wire.outer(payload, self.address(src), self.address(dst), **more)

    def tunnel(self, inner, hops=(B,), next_hop=0, **more):
        """The frame in which a director sends a client's packet to this proxy."""
        return self.frame(self.outer(self.gue(inner, hops, next_hop), **more))

    def run(self, frame, **more):
        """Run the program on a frame; keywords as for Program.run()."""
        before = self._program.counters()
        with inside(self.proxy.namespace):
            action, out = self._program.run(frame, self._ifindex, **more)
        steps = [now - then for then, now in zip(before, self._program.counters())]
        moved = {name for name, step in zip(self._counters, steps) if step}
        assert set(steps) <= {0, 1}
        assert len(moved) == 0 or len(moved - {"total"}) == 1 == len(moved & {"total"})
        return Outcome(action, out, next(iter(moved - {"total"}), None))

    def time(self, program, frame):
        """The nanoseconds that some program takes for a frame."""
        return program.time(frame, self._ifindex)

    def accepts(self, inner, comes_out=None, **tunnel):
        """Run the program on a client's packet that must come out alone; returns the fate."""
        outcome = self.run(self.tunnel(inner, **tunnel))
        assert outcome.action == PASSED
        assert outcome.frame == self.frame(bytes(comes_out or inner))
        return outcome.fate

    def forwards(self, inner, hops=(B,), next_hop=0, **more):
        """Run the program on a client's packet that must go to the next hop; returns the fate."""
        outcome = self.run(self.tunnel(inner, hops, next_hop, **more))
        expected = self.outer(self.gue(inner, hops, next_hop + 1), A, hops[next_hop], **more)
        assert outcome.action == SENT
        assert outcome.frame == self.frame(expected)
        return outcome.fate

    def drops(self, frame, **more):
        """Run the program on a frame that must not survive; returns the fate."""
        outcome = self.run(frame, **more)
        assert outcome.action == DROPPED
        return outcome.fate

    @contextlib.contextmanager
    def connection(self, vip, host=None, proto=0):
        """A connection on this proxy: its client's end and the server's, of a server on `host`."""
        with self.proxy.listen(host or vip, proto=proto) as listener:
            with self.network.connect_directly(vip, listener.getsockname()[1]) as client:
                with listener.accept()[0] as server:
                    yield client, server


def own(vip):
    """The proxy's own address of the VIP's family."""
    return address6(A) if ":" in vip else A


def stranger(vip):
    """A client of the VIP's family that no host knows."""
    return CLIENT6 if vip == VIP6 else CLIENT


def ip(src, dst, **more):
    """An IP header of the family of its addresses."""
    return IPv6(src=src, dst=dst, **more) if ":" in dst else IP(src=src, dst=dst, **more)


def segment(vip=VIP, flags="A", src=None, sport=40000, dport=443, data=b"to whom it may concern",
            seq=1, ack=1, **more):
    """A TCP segment from a client, by default one that no host knows; keywords go to TCP."""
    tcp = TCP(sport=sport, dport=dport, flags=flags, seq=seq % 2**32, ack=ack % 2**32,
              **more)
    return ip(src or stranger(vip), vip) / tcp / Raw(data)


def segment_of(client, flags="A", **more):
    """The next TCP segment of a connection, given the client's end."""
    (src, sport, *_), (vip, dport, *_) = client.getsockname(), client.getpeername()
    numbers = {"seq": sequence_number(client), "ack": sequence_number(client, TCP_RECV_QUEUE)}
    return segment(vip, flags, src, sport, dport, **{**numbers, **more})


def answer_to(packet, size=1400):
    """The next segment that the VIP sends to the client of a segment, complete with lengths."""
    tcp = TCP(sport=packet[TCP].dport, dport=packet[TCP].sport, flags="PA", seq=packet[TCP].ack)
    answer = ip(packet.dst, packet.src) / tcp / Raw(bytes(size))
    return type(answer)(bytes(answer))


def absent(vip):
    """An address of the VIP's family on the fabric that nobody has."""
    return address6("10.9.0.77") if ":" in vip else "10.9.0.77"


@contextlib.contextmanager
def half_open(network, proxy, vip, host=None, proto=0, **tcp):
    """A handshake that a listener on `host` has answered.

    Gives the segment that would complete it, and the listener. An absent client really sends the
    SYN, with the sequence number 1; keywords go to its TCP.
    """
    source, namespace = absent(vip), proxy.proxy.namespace
    with inside(network.director_host):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    with tap, proxy.proxy.listen(host or vip, proto=proto) as listener:
        tap.bind(("eth0", ETH_P_ALL))
        tap.settimeout(60)
        mac = interface_address(network.director_host, "eth0").hex(":")
        namespace.ip("neigh", "replace", source, "dev", "eth0", "lladdr", mac)
        port = listener.getsockname()[1]
        syn = segment(vip, "S", source, HALF_OPEN_PORT, port, data=b"", **tcp)
        network.send_to(proxy.proxy, syn)
        while (TCP not in (frame := Ether(tap.recv(2000))) or frame.payload.src != vip
               or frame[TCP].sport != port):
            pass
        assert frame[TCP].flags == "SA"
        number = syn[TCP].seq + 1
        yield segment(vip, "A", source, HALF_OPEN_PORT, port, seq=number,
                      ack=frame[TCP].seq + 1), listener


@contextlib.contextmanager
def connection_of_absent(network, proxy, vip, **tcp):
    """A connection of a client that says nothing but what the case sends.

    Gives its next segment and the server's end; keywords as for half_open().
    """
    with half_open(network, proxy, vip, **tcp) as (ours, listener):
        network.send_to(proxy.proxy, ours)
        ours[TCP].seq = (ours[TCP].seq + len(ours[Raw])) % 2**32
        with listener.accept()[0] as server:
            server.settimeout(60)
            yield ours, server


def closed_by_both(client, server):
    """Close a connection, the server first; returns the number of the client's FIN."""
    number = sequence_number(client)
    server.close()
    assert client.recv(1) == b""
    client.close()
    return number


def sequence_number(sock, queue=TCP_SEND_QUEUE):
    """The sequence number of the next byte that a TCP socket will send, or expects."""
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
    number = sock.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ) % 2**32
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP)
    return number


def reset_on_close(sock):
    """Make a socket vanish when it is closed, instead of waiting for late segments."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
