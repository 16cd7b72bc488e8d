# SPDX-License-Identifier: BSD-3-Clause
"""attach --udp and --server-id: which UDP services have a second chance?"""

import contextlib

import pytest
from bench import Bench, absent, ip
from hosts import VIP, VIP6
from scapy.layers.inet import UDP
from scapy.packet import Raw


def services(proxy):
    """Those that the program on eth0 knows."""
    lines = proxy.redirect("status", "eth0").splitlines()
    return sorted(line.removeprefix("udp ") for line in lines if line.startswith("udp "))


def test_services_are_kept_until_others_are_named(host):
    host.redirect("attach", "eth0")
    assert services(host) == []
    host.redirect("attach", "eth0", "--udp", "192.0.2.10:443/quic,192.0.2.10:7,[2001:db8::10]:443/quic",
                  "--server-id", "21")
    wanted = ["192.0.2.10:443 quic server-id 21", "192.0.2.10:7", "[2001:db8::10]:443 quic server-id 21"]
    for more in [], ["--clsact"], ["--from", "10.0.0.0/8"], []:
        host.redirect("attach", "eth0", *more)
        assert services(host) == wanted
    host.redirect("attach", "eth0", "--udp", "192.0.2.10:65535/quic")
    assert services(host) == ["192.0.2.10:65535 quic"]
    host.redirect("attach", "eth0", "--udp", "none")
    assert services(host) == []


def test_detach_forgets_services(host):
    host.redirect("attach", "eth0", "--udp", "192.0.2.10:7")
    host.redirect("detach", "eth0")
    host.redirect("attach", "eth0")
    assert services(host) == []


@pytest.mark.parametrize("vip", [VIP, VIP6], ids=["ipv4", "ipv6"])
def test_the_attached_program_goes_by_the_list(network, vip):
    """Also when it inherits the list, and when the list is empty again."""
    a, _ = network.proxies
    listed = f"{vip}:7" if vip == VIP else f"[{vip}]:7"
    fates = []
    for more in [], ["--udp", listed], [], ["--udp", "none"]:
        a.redirect("attach", "eth0", *more)
        with contextlib.closing(Bench(network)) as bench:
            query = ip(absent(vip), vip) / UDP(sport=40000, dport=7) / Raw(b"query")
            fates.append(bench.run(bench.tunnel(query)).fate)
    assert fates == ["accepted_udp", "forwarded_to_alternate", "forwarded_to_alternate",
                     "accepted_udp"]


def test_as_many_as_256_may_be_named(host):
    names = [f"192.0.2.10:{n}" for n in range(1, 257)]
    host.redirect("attach", "eth0", "--udp", ",".join(names))
    assert services(host) == sorted(names)
    assert host.refusal("attach", "eth0", "--udp", ",".join([*names, "192.0.2.10:257"])) == (
        "--udp: '192.0.2.10:257': one too many; there may be 256")
    assert services(host) == sorted(names)


NO_PORT = "not an address and a port, such as 192.0.2.10:443 or [2001:db8::10]:443"
NO_HOST = "not an address that a host can have"
NO_WORD = "only '/quic' may follow the port"
NO_SERVICES = [  # the list, which of it is refused, and why
    ("", "", NO_PORT), (",", "", NO_PORT), ("192.0.2.10:7,", "", NO_PORT),
    ("192.0.2.10", "192.0.2.10", NO_PORT), ("192.0.2.10:", "192.0.2.10:", NO_PORT),
    ("192.0.2.10:0", "192.0.2.10:0", NO_PORT), ("192.0.2.10:65536", "192.0.2.10:65536", NO_PORT),
    ("192.0.2.10:7, 192.0.2.10:8", " 192.0.2.10:8", NO_PORT), ("none,192.0.2.10:7", "none", NO_PORT),
    ("2001:db8::10:7", "2001:db8::10:7", NO_PORT), ("[192.0.2.10]:7", "[192.0.2.10]:7", NO_PORT),
    ("a-vip:7", "a-vip:7", NO_PORT), ("x" * 1000, "", NO_PORT),
    ("0.0.0.0:7", "0.0.0.0:7", NO_HOST), ("[::]:7", "[::]:7", NO_HOST),
    ("[::ffff:192.0.2.10]:7", "[::ffff:192.0.2.10]:7", NO_HOST),
    ("224.0.0.1:7", "224.0.0.1:7", NO_HOST),
    ("192.0.2.10:7/dns", "192.0.2.10:7/dns", NO_WORD), ("192.0.2.10:7/", "192.0.2.10:7/", NO_WORD),
    ("192.0.2.10:7/quic/quic", "192.0.2.10:7/quic/quic", NO_WORD),
    ("192.0.2.10:7,192.0.2.10:7/quic", "192.0.2.10:7/quic", "listed twice"),
]


def test_what_is_no_service_is_refused_and_changes_nothing(host):
    host.redirect("attach", "eth0", "--udp", "192.0.2.10:7")
    for listed, at, reason in NO_SERVICES:
        assert host.refusal("attach", "eth0", "--udp", listed) == f"--udp: '{at}': {reason}"
    assert services(host) == ["192.0.2.10:7"]


@pytest.mark.parametrize("words, reason", [
    (["--server-id", "21"], "--server-id: needs --udp"),
    (["--udp", "192.0.2.10:7", "--server-id", "21"], "--server-id: '21': no service of --udp is one "
                                                     "of QUIC; write '/quic' behind its port"),
    *((["--udp", "192.0.2.10:7/quic", "--server-id", text],
       f"--server-id: '{text[:16]}': not a number from 0 to 65535")
      for text in ("", "x", "-1", "+1", " 1", "1 ", "0x10", "65536", "9" * 40)),
])
def test_what_is_no_server_id_is_refused(host, words, reason):
    assert host.refusal("attach", "eth0", *words) == reason


def test_every_number_of_two_bytes_is_a_server_id(host):
    for number in 0, 65535:
        host.redirect("attach", "eth0", "--udp", "192.0.2.10:7/quic", "--server-id", str(number))
        assert services(host) == [f"192.0.2.10:7 quic server-id {number}"]
