# SPDX-License-Identifier: BSD-3-Clause
"""What the cases ask of the kernel: another network namespace, and one run of a BPF program."""

import contextlib
import ctypes
import os
import threading

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_BUFFER = 4096
CHECKSUM_COMPLETE = 1 << 2  # BPF_F_TEST_SKB_CHECKSUM_COMPLETE, since Linux 6.16


@contextlib.contextmanager
def inside(namespace):
    """Sockets that the calling thread makes in this block belong to the namespace for good."""
    here = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace.name}", os.O_RDONLY)
    try:
        _enter(there)
        yield
    finally:
        _enter(here)
        os.close(here)
        os.close(there)


def _enter(fd):
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class _TestRunOpts(ctypes.Structure):
    """struct bpf_test_run_opts of libbpf."""

    _fields_ = [
        ("sz", ctypes.c_size_t),
        ("data_in", ctypes.c_char_p),
        ("data_out", ctypes.c_void_p),
        ("data_size_in", ctypes.c_uint32),
        ("data_size_out", ctypes.c_uint32),
        ("ctx_in", ctypes.c_char_p),
        ("ctx_out", ctypes.c_void_p),
        ("ctx_size_in", ctypes.c_uint32),
        ("ctx_size_out", ctypes.c_uint32),
        ("retval", ctypes.c_uint32),
        ("repeat", ctypes.c_int),
        ("duration", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("cpu", ctypes.c_uint32),
        ("batch_size", ctypes.c_uint32),
    ]


class _SkBuff(ctypes.Structure):
    """struct __sk_buff of linux/bpf.h as far as a case sets it."""

    _fields_ = [
        ("_before_ifindex", ctypes.c_uint32 * 10),
        ("ifindex", ctypes.c_uint32),
        ("_before_gso_size", ctypes.c_uint32 * 33),
        ("gso_size", ctypes.c_uint32),
        ("_rest", ctypes.c_uint32 * 3),
    ]


class Program:
    """A BPF program in the kernel."""

    def __init__(self, program_id):
        self._libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
        self._fd = self._libbpf.bpf_prog_get_fd_by_id(program_id)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), f"program {program_id}")

    def close(self):
        os.close(self._fd)

    def run(self, frame, ifindex, gso_size=0, flags=0):
        """Run it on a frame that came in on a device; returns its answer and the frame after it.

        With CHECKSUM_COMPLETE among the flags the kernel sums the packet first, as some hardware
        does, and fails with EBADMSG if the sum is not kept up.
        """
        skb = _SkBuff(ifindex=ifindex, gso_size=gso_size)
        out = ctypes.create_string_buffer(_BUFFER)
        opts = _TestRunOpts(
            sz=ctypes.sizeof(_TestRunOpts), data_in=frame, data_size_in=len(frame),
            data_out=ctypes.addressof(out), data_size_out=_BUFFER,
            ctx_in=bytes(skb), ctx_size_in=ctypes.sizeof(skb), flags=flags)
        if self._libbpf.bpf_prog_test_run_opts(self._fd, ctypes.byref(opts)) != 0:
            raise OSError(ctypes.get_errno(), "bpf_prog_test_run_opts")
        return opts.retval, out.raw[:opts.data_size_out]
