# SPDX-License-Identifier: BSD-3-Clause
"""What the cases ask of the kernel: another network namespace, BPF programs and their runs."""

import contextlib
import ctypes
import errno
import os
import struct
import threading

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_BUFFER = 4096
_SCHED_CLS = 3  # BPF_PROG_TYPE_SCHED_CLS
_TCX_INGRESS, TCX_EGRESS = 46, 47  # BPF_TCX_INGRESS and so on, since Linux 6.6
_BEFORE = 1 << 3  # BPF_F_BEFORE
TCX_NEXT, TCX_PASS = -1, 0
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


class _ProgramInfo(ctypes.Structure):
    """struct bpf_prog_info of linux/bpf.h as far as a case reads it."""

    _fields_ = [
        ("_before_nr_map_ids", ctypes.c_uint8 * 52),
        ("nr_map_ids", ctypes.c_uint32),
        ("map_ids", ctypes.c_uint64),
        ("name", ctypes.c_char * 16),
    ]


class _MapInfo(ctypes.Structure):
    """struct bpf_map_info of linux/bpf.h as far as a case reads it."""

    _fields_ = [
        ("_before_max_entries", ctypes.c_uint32 * 4),
        ("max_entries", ctypes.c_uint32),
        ("_map_flags", ctypes.c_uint32),
        ("name", ctypes.c_char * 16),
    ]


class Program:
    """A BPF program in the kernel."""

    def __init__(self, program_id):
        self._libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
        self.fd = self._libbpf.bpf_prog_get_fd_by_id(program_id)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), f"program {program_id}")
        self._counters = None

    def close(self):
        os.close(self.fd)
        if self._counters:
            os.close(self._counters[0])

    def _info(self, fd, info):
        size = ctypes.c_uint32(ctypes.sizeof(info))
        if self._libbpf.bpf_obj_get_info_by_fd(fd, ctypes.byref(info), ctypes.byref(size)) != 0:
            raise OSError(ctypes.get_errno(), "bpf_obj_get_info_by_fd")
        return info

    def name(self):
        return self._info(self.fd, _ProgramInfo()).name.decode()

    def _open_map(self, name):
        """The descriptor of one of its maps, and how many entries it has."""
        ids = (ctypes.c_uint32 * 16)()
        self._info(self.fd, _ProgramInfo(nr_map_ids=len(ids), map_ids=ctypes.addressof(ids)))
        for map_id in filter(None, ids):
            fd = self._libbpf.bpf_map_get_fd_by_id(map_id)
            info = self._info(fd, _MapInfo())
            if info.name == name:
                return fd, info.max_entries
            os.close(fd)
        raise LookupError("the program has no such map")

    def watch_since_boot(self):
        """Let its packets have been watched for as long as the host is up."""
        fd, _ = self._open_map(b"glb_vips")
        nothing = ctypes.create_string_buffer(1 << 20)
        done = self._libbpf.bpf_map_update_elem(fd, ctypes.byref(ctypes.c_uint32(0)), nothing, ctypes.c_uint64(0))
        os.close(fd)
        assert done == 0

    def counters(self):
        """Its counters, summed over all CPUs. Thousands of times faster than `glb-redirect counters`."""
        self._counters = self._counters or self._open_map(b"glb_counters")
        fd, count = self._counters
        of_cpus = (ctypes.c_uint64 * self._libbpf.libbpf_num_possible_cpus())()
        sums = []
        for number in range(count):
            key = ctypes.c_uint32(number)
            if self._libbpf.bpf_map_lookup_elem(fd, ctypes.byref(key), of_cpus) != 0:
                raise OSError(ctypes.get_errno(), "bpf_map_lookup_elem")
            sums.append(sum(of_cpus))
        return sums

    def run(self, frame, ifindex, gso_size=0, flags=0):
        """Run it on a frame that came in on a device; returns its answer and the frame after it.

        With CHECKSUM_COMPLETE among the flags the kernel sums the packet first, as some hardware
        does, and fails with EBADMSG if the sum is not kept up.
        """
        opts, out = self._test_run(frame, ifindex, gso_size, flags)
        return opts.retval, out.raw[:opts.data_size_out]

    def time(self, frame, ifindex):
        """The nanoseconds of a run on a frame."""
        return self._test_run(frame, ifindex, 0, 0)[0].duration

    def _test_run(self, frame, ifindex, gso_size, flags):
        skb = _SkBuff(ifindex=ifindex, gso_size=gso_size)
        out = ctypes.create_string_buffer(_BUFFER)
        opts = _TestRunOpts(
            sz=ctypes.sizeof(_TestRunOpts), data_in=frame, data_size_in=len(frame),
            data_out=ctypes.addressof(out), data_size_out=_BUFFER,
            ctx_in=bytes(skb), ctx_size_in=ctypes.sizeof(skb), flags=flags)
        if self._libbpf.bpf_prog_test_run_opts(self.fd, ctypes.byref(opts)) != 0:
            raise OSError(ctypes.get_errno(), "bpf_prog_test_run_opts")
        return opts, out


# --- tcx: programs on the ingress of a device, in front of all tc filters ---------------------------


class _AttachOpts(ctypes.Structure):
    """struct bpf_prog_attach_opts of libbpf."""

    _fields_ = [("sz", ctypes.c_size_t), ("flags", ctypes.c_uint), ("replaced", ctypes.c_int)]


@contextlib.contextmanager
def verdict(value, name):
    """The descriptor of a program that answers every packet with one verdict."""
    libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    code = struct.pack("=BBhi", 0xB7, 0, 0, value) + struct.pack("=BBhi", 0x95, 0, 0, 0)
    fd = libbpf.bpf_prog_load(_SCHED_CLS, name.encode(), b"GPL", code, 2, None)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "bpf_prog_load")
    try:
        yield fd
    finally:
        os.close(fd)


def tcx_put_first(namespace, ifindex, fd):
    """Put a program in front of all others."""
    libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    opts = _AttachOpts(sz=ctypes.sizeof(_AttachOpts), flags=_BEFORE)
    with inside(namespace):
        if libbpf.bpf_prog_attach_opts(fd, ifindex, _TCX_INGRESS, ctypes.byref(opts)) != 0:
            raise OSError(ctypes.get_errno(), "bpf_prog_attach_opts")


@contextlib.contextmanager
def tcx_link(namespace, ifindex, fd):
    """Hold a program on a device by a link, which ends with the block."""
    libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    with inside(namespace):
        link = libbpf.bpf_link_create(fd, ifindex, _TCX_INGRESS, None)
    if link < 0:
        raise OSError(ctypes.get_errno(), "bpf_link_create")
    try:
        yield
    finally:
        os.close(link)


def tcx_remove(namespace, ifindex, fd):
    """Take a program off a device."""
    libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    with inside(namespace):
        if libbpf.bpf_prog_detach2(fd, ifindex, _TCX_INGRESS) != 0:
            raise OSError(ctypes.get_errno(), "bpf_prog_detach2")


def tcx_programs(namespace, ifindex, where=_TCX_INGRESS):
    """The ids of the programs on a device, in the order in which they run."""
    libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    ids, count = (ctypes.c_uint32 * 64)(), ctypes.c_uint32(64)
    with inside(namespace):
        if libbpf.bpf_prog_query(ifindex, where, 0, None, ids, ctypes.byref(count)) != 0:
            if ctypes.get_errno() == errno.EINVAL:
                return None  # a kernel without
            raise OSError(ctypes.get_errno(), "bpf_prog_query")
    return list(ids[: count.value])
