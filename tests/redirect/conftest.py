# SPDX-License-Identifier: BSD-3-Clause
"""Two proxies with glb-redirect, a client and a director, in network namespaces."""

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections import namedtuple
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

# pylint: disable=wrong-import-position
from bench import Bench
from hosts import A, Host, Network
from kernel import tcx_programs
from netns import Namespace

Hook = namedtuple("Hook", "words place")
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("GLB_BUILD", "build") / "src/redirect/glb-redirect"


@pytest.fixture(scope="session")
def program():
    """The path of glb-redirect."""
    if os.geteuid() != 0:
        pytest.skip("eBPF and network namespaces need root")
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built (GLB_BUILD names the build)")
    return PROGRAM


@pytest.fixture(scope="module")
def network(program):
    """The network of hosts.py, with glb-redirect attached on both proxies."""
    ours = Network(program)
    try:
        ours.up()
        yield ours
    finally:
        ours.down()


@pytest.fixture(scope="module", params=[4, 6], ids=["over-ipv4", "over-ipv6"])
def proxy(request, network):
    """Proxy a, on the bench, with outer headers of either version."""
    with contextlib.closing(Bench(network, request.param)) as bench:
        yield bench


@pytest.fixture
def host(program):
    """A host of its own for every case."""
    ours = Host(Namespace(f"glbr{os.getpid()}-loader"), A, program)
    ours.namespace.create("net.ipv4.ip_forward=0")
    try:
        ours.namespace.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
        ours.namespace.ip("link", "set", "eth0", "up")
        yield ours
    finally:
        ours.namespace.delete()


@pytest.fixture(params=["tcx", "clsact"])
def hook(request, host):
    """Where the program is put: the words that ask for it, and how Host.places() shows it."""
    if request.param == "tcx":
        if tcx_programs(host.namespace, 1) is None:
            pytest.skip("the kernel has no tcx")
        return Hook((), ("tcx", "glb_redirect"))
    return Hook(("--clsact",), ("bpf", "glb_redirect"))


@pytest.fixture(scope="session")
def compile_bpf(tmp_path_factory):
    """A function that compiles an eBPF program and returns the path of the result."""
    if not shutil.which("clang"):
        pytest.skip("compiling eBPF needs clang")

    def compile_one(source):
        program = tmp_path_factory.mktemp("redirect") / f"{source.stem}.o"
        subprocess.run(
            ["clang", "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-ffreestanding",
             "-I", f"/usr/include/{sysconfig.get_config_var('MULTIARCH')}",
             "-I", ROOT / "include", "-c", source, "-o", program],
            check=True)
        return program

    return compile_one
