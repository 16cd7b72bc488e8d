# SPDX-License-Identifier: BSD-3-Clause
"""attach --from: who may send GUE to a proxy."""

import contextlib

import pytest
from bench import Bench, segment
from hosts import A, B, DIRECTOR, VIP, address6


def senders(proxy):
    """Those that the program on eth0 names."""
    lines = proxy.redirect("status", "eth0").splitlines()
    return sorted(line.removeprefix("from ") for line in lines if line.startswith("from "))


@pytest.fixture(name="proxy_a", scope="module")
def fixture_proxy_a(network):
    """Proxy a, open to everybody again in the end."""
    proxy = network.proxies[0]
    yield proxy
    proxy.redirect("attach", "eth0", "--from", "0.0.0.0/0,::/0")


def fates(network, *sources):
    """What becomes of a SYN from each of some hosts."""
    result = {}
    for version in 4, 6:
        with contextlib.closing(Bench(network, version)) as bench:
            for source in (source for source in sources if (6 if ":" in source else 4) == version):
                outer = bench.outer(bench.gue(segment(flags="S")), src=source, dst=bench.address(A))
                result[source] = bench.run(bench.frame(outer)).fate
    return [result[source] for source in sources]


TAKEN, REFUSED = "accepted_syn", "dropped_sender"


FATES = {  # of senders, when these prefixes are named
    "10.9.0.2": {"10.9.0.2": TAKEN, "10.9.0.3": REFUSED},
    "10.9.0.2/31": {"10.9.0.3": TAKEN, "10.9.0.4": REFUSED, "10.9.0.1": REFUSED},
    "10.0.0.0/8": {"10.255.255.255": TAKEN, "11.0.0.0": REFUSED},
    "0.0.0.0/0": {"203.0.113.1": TAKEN, "fd09::2": REFUSED},
    "::/0": {"fd09::2": TAKEN, "10.9.0.2": REFUSED},
    "fd09::/64": {"fd09::ffff": TAKEN, "fd09:0:0:1::1": REFUSED},
    "fd09::2": {"fd09::2": TAKEN},
    "fd09::2/128": {"fd09::3": REFUSED},
    "10.9.0.2,fd09::/16,192.0.2.0/24": {"192.0.2.7": TAKEN, "fd09:1::": TAKEN, "192.0.3.7": REFUSED},
}


def test_only_those_that_are_named_may_send(network, proxy_a):
    found = {}
    for prefixes, wanted in FATES.items():
        proxy_a.redirect("attach", "eth0", "--from", prefixes)
        found[prefixes] = dict(zip(wanted, fates(network, *wanted)))
    assert found == FATES


def test_a_refused_sender_opens_nothing_closes_nothing_and_is_passed_to_nobody(network, proxy_a):
    """Whatever it sends; and what is no GUE counts as that."""
    proxy_a.redirect("attach", "eth0", "--from", "10.77.0.0/16")
    with contextlib.closing(Bench(network)) as bench:
        for flags in "S", "A", "R":
            for hops in (), (B,):
                assert bench.drops(bench.tunnel(segment(VIP, flags), hops=hops)) == REFUSED
        assert bench.drops(bench.frame(bench.outer(b"\1"))) == "dropped_malformed_gue"


def test_who_may_send_is_kept_until_others_are_named(network, proxy_a):
    proxy_a.redirect("attach", "eth0", "--from", "10.9.0.0/24")
    for hook in [], ["--clsact"], []:
        proxy_a.redirect("attach", "eth0", *hook)
        assert senders(proxy_a) == ["10.9.0.0/24"]
        assert fates(network, DIRECTOR, "10.8.0.1") == [TAKEN, REFUSED]
    proxy_a.redirect("attach", "eth0", "--from", "10.8.0.0/24,fd09::/64")
    assert senders(proxy_a) == ["10.8.0.0/24", "fd09::/64"]
    assert fates(network, DIRECTOR, "10.8.0.1") == [REFUSED, TAKEN]
    proxy_a.redirect("attach", "eth0", "--from", "0.0.0.0/0,::/0")
    assert fates(network, DIRECTOR, "10.8.0.1", address6(DIRECTOR)) == [TAKEN] * 3


def test_without_a_list_everybody_may_send(host):
    host.redirect("attach", "eth0")
    assert senders(host) == []


def test_detach_forgets_who_may_send(host):
    host.redirect("attach", "eth0", "--from", "10.9.0.0/24")
    host.redirect("detach", "eth0")
    host.redirect("attach", "eth0")
    assert senders(host) == []


def test_as_many_as_256_may_be_named(host):
    names = [f"10.0.{n}.0/24" for n in range(256)]
    host.redirect("attach", "eth0", "--from", ",".join(names))
    assert senders(host) == sorted(names)
    assert "'10.1.0.0/24': one too many; there may be 256" in host.refusal(
        "attach", "eth0", "--from", ",".join([*names, "10.1.0.0/24"]))
    assert senders(host) == sorted(names)


NO_PREFIXES = [  # the list, which of it is refused, and why
    ("", "", "not an address or prefix"),
    (",", "", "not an address or prefix"),
    ("10.9.0.2,", "", "not an address or prefix"),
    ("10.9.0.2, 10.9.0.3", " 10.9.0.3", "not an address or prefix"),
    ("10.9.0", "10.9.0", "not an address or prefix"),
    ("10.9.0.256", "10.9.0.256", "not an address or prefix"),
    ("10.9.0.0/", "10.9.0.0/", "not an address or prefix"),
    ("10.9.0.0/33", "10.9.0.0/33", "not an address or prefix"),
    ("10.9.0.0/-1", "10.9.0.0/-1", "not an address or prefix"),
    ("fd09::/129", "fd09::/129", "not an address or prefix"),
    ("fd09::2%eth0", "fd09::2%eth0", "not an address or prefix"),
    ("a-director", "a-director", "not an address or prefix"),
    ("x" * 1000, "", "not an address or prefix"),
    ("10.9.0.2/24", "10.9.0.2/24", "has bits behind the length of its prefix"),
    ("10.9.0.2,fd09::1/64", "fd09::1/64", "has bits behind the length of its prefix"),
    ("0.0.0.1/0", "0.0.0.1/0", "has bits behind the length of its prefix"),
    ("::ffff:10.9.0.2", "::ffff:10.9.0.2", "an IPv4-mapped IPv6 address; write the IPv4 address"),
    ("::ffff:0:0/96", "::ffff:0:0/96", "an IPv4-mapped IPv6 address; write the IPv4 address"),
]


def test_what_is_no_prefix_is_refused_and_changes_nothing(host):
    host.redirect("attach", "eth0", "--from", "10.9.0.0/24")
    for prefixes, at, reason in NO_PREFIXES:
        refusal = host.refusal("attach", "eth0", "--from", prefixes)
        assert refusal == f"--from: '{at}': {reason}"
        assert senders(host) == ["10.9.0.0/24"], prefixes
