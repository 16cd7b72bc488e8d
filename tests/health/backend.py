# SPDX-License-Identifier: BSD-3-Clause
"""A backend for probes: an open port, a silent one, and tunnels where the kernel has none.

    backend.py GUE_PORT FOU_PORT SILENT_PORT

Says "ready" when it serves. Packets behind the 8 bytes of a tunnel header are passed to the kernel, which replies as if
it had decapsulated them itself. Those to an address that ends in 3 are passed on as if to the address that ends in 2,
so that another host replies.
"""

import selectors
import socket
import struct
import sys

HEADER_LEN = 8
INNER = {4: (socket.AF_INET, 16, 4), 6: (socket.AF_INET6, 24, 16)}  # family, place and length of the destination


def checksum(data):
    """The Internet checksum of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def to_another(packet):
    """An IPv4 packet to the host before the one that it was for, unless that is the first."""
    if packet[0] >> 4 != 4 or packet[19] != 3:
        return packet
    header = packet[:10] + b"\0\0" + packet[12:19] + b"\2"
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + packet[20:]


def decapsulate(datagram):
    packet = to_another(datagram[HEADER_LEN:])
    family, at, length = INNER[packet[0] >> 4]
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(packet, (socket.inet_ntop(family, packet[at:at + length]), 0))


def main():
    selector = selectors.DefaultSelector()
    gue_port, fou_port, silent_port = map(int, sys.argv[1:])
    for port in (gue_port, fou_port, silent_port):
        udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        udp.bind(("::", port))
        selector.register(udp, selectors.EVENT_READ)
    tcp = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    tcp.bind(("::", 80))
    tcp.listen(128)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            datagram = key.fileobj.recv(2048)
            if key.fileobj.getsockname()[1] != silent_port:
                decapsulate(datagram)


main()
