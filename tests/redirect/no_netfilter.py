#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run a command that finds no netfilter, as on a kernel without it: its netlink sockets are refused.

  no_netfilter.py COMMAND [WORD...]
"""

import ctypes
import errno
import os
import struct
import sys

_NO_NEW_PRIVS, _SECCOMP, _MODE_FILTER = 38, 22, 2  # of linux/prctl.h and linux/seccomp.h
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPROTONOSUPPORT
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # of linux/bpf_common.h, with the words that belong to them
_NUMBER_AT, _FAMILY_AT, _PROTOCOL_AT = 0, 16, 32  # in struct seccomp_data
_SOCKET = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
_AF_NETLINK, _NETFILTER = 16, 12


class _Filter(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("len", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def main():
    """Refuse socket(AF_NETLINK, ..., NETLINK_NETFILTER), and become the command."""
    steps = [(_LOAD, 0, 0, _NUMBER_AT), (_IF_EQUAL, 0, 5, _SOCKET),
             (_LOAD, 0, 0, _FAMILY_AT), (_IF_EQUAL, 0, 3, _AF_NETLINK),
             (_LOAD, 0, 0, _PROTOCOL_AT), (_IF_EQUAL, 0, 1, _NETFILTER),
             (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Filter(len(steps), code)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _MODE_FILTER, ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), "prctl")
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
