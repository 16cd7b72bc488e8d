# SPDX-License-Identifier: BSD-3-Clause
"""One end of a veth pair, seen as a wire: frames go in, frames come out."""

import contextlib
import ctypes
import os
import socket
import struct
import time

ETH_P_ALL = 0x0003
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
TP_STATUS_VLAN_VALID = 1 << 4
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(namespace: str):
    """Run the body in a network namespace; sockets made there stay there."""

    def enter(descriptor: int) -> None:
        if _libc.setns(descriptor, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")

    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        enter(there)
        yield
    finally:
        enter(home)
        os.close(there)
        os.close(home)


class Wire:
    """A packet socket on a device of a namespace."""

    def __init__(self, namespace: str, device: str):
        with inside(namespace):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
            self._socket.bind((device, ETH_P_ALL))

    def send(self, frame: bytes) -> None:
        self._socket.send(frame)

    def receive(self, seconds: float) -> bytes:
        """The next frame from the other end; empty if none comes in time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                frame, notes, _, address = self._socket.recvmsg(65600, 256)
            except TimeoutError:
                break
            if address[2] != PACKET_OUTGOING:
                return self._with_tag(frame, notes)
        return b""

    @staticmethod
    def _with_tag(frame: bytes, notes: list) -> bytes:
        """The kernel takes the outer VLAN tag off and reports it beside the frame."""
        for level, kind, data in notes:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tag, ethertype = struct.unpack("IIIHHHH", data)
                if status & TP_STATUS_VLAN_VALID:
                    return frame[:12] + struct.pack(">HH", ethertype, tag) + frame[12:]
        return frame

    def close(self) -> None:
        self._socket.close()
