# SPDX-License-Identifier: BSD-3-Clause
"""TCP in pieces of up to 64 KiB, with checksums left to hardware: tunnels keep them so."""

import contextlib
import os
import socket
import struct
from pathlib import Path

import pytest
from hosts import A, B, DIRECTOR, VIP, VIP6, counted
from test_connections import connection, send

HERE = Path(__file__).resolve().parent
UPLOAD = os.urandom(8 << 20)
ONE_BY_ONE = len(UPLOAD) // 1500  # no fewer segments of Ethernet's size make up the upload

vips = pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
sections = pytest.mark.parametrize("section", ["tc", "classifier"], ids=["over-ipv4", "over-ipv6"])


@pytest.fixture(scope="module")
def encapsulator(compile_bpf):
    """encap.bpf.c, compiled."""
    return compile_bpf(HERE / "encap.bpf.c")


@contextlib.contextmanager
def super_frames(network, encapsulator, section):
    """In this block, the client itself sends to proxy a in GUE, with all offloads."""
    client = network.client
    client.run("ethtool", "-K", "eth0", "tx", "on", "tso", "on", "gso", "on")
    client.run("tc", "qdisc", "add", "dev", "eth0", "clsact")
    client.run("tc", "filter", "add", "dev", "eth0", "egress",
               "bpf", "direct-action", "object-file", encapsulator, "section", section)
    network.route_vips_to(A)
    try:
        yield
    finally:
        network.route_vips_to(DIRECTOR)
        client.run("tc", "qdisc", "del", "dev", "eth0", "clsact")
        client.run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off")


def received_mss(sock):
    """How big the other end's segments are, as TCP here sees them: tcpi_rcv_mss of linux/tcp.h."""
    return struct.unpack_from("8x4I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 24))[3]


@vips
@sections
def test_super_frames_are_decapsulated_whole(network, encapsulator, section, vip):
    a, b = network.proxies
    with super_frames(network, encapsulator, section):
        with counted(a, b) as (at_a, at_b), connection(network, a, vip) as (client, server):
            assert send(client, server, UPLOAD) == UPLOAD
            assert received_mss(server) <= client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    assert at_a["accepted_syn"] + at_a["accepted_established"] == at_a["total"] < ONE_BY_ONE / 2
    assert at_b == {}


@vips
@sections
@pytest.mark.parametrize("offloads", ["on", "off"])
def test_super_frames_are_forwarded_whole(network, encapsulator, section, vip, offloads):
    """Also by a device that wants them in pieces: the kernel cuts what the program has edited."""
    a, b = network.proxies
    network.director.hops = (B, A)
    a.namespace.run("ethtool", "-K", "eth0", "tx", offloads)
    with connection(network, b, vip) as (client, server), super_frames(network, encapsulator, section):
        with counted(a, b) as (at_a, at_b):
            assert send(client, server, UPLOAD) == UPLOAD
    assert at_a["forwarded_to_alternate"] == at_a["total"] < ONE_BY_ONE / 2
    assert at_b["accepted_established"] == at_b["total"]
    if offloads == "on":
        assert at_b["total"] == at_a["total"]
    else:
        assert at_b["total"] > ONE_BY_ONE
