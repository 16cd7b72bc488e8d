# SPDX-License-Identifier: BSD-3-Clause
"""Checks by HTTP and HTTPS of a real HAProxy, with certificates that are right and wrong."""

import socket
import string
import subprocess
from pathlib import Path

import pytest

from certificates import Authority
from odd_servers import OddServer
from probes import PROGRAM, probe

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (GLB_BUILD names the build)")

HERE = Path(__file__).resolve().parent


NAMES = ["plain", "plain6", "named", "addressed", "expired", "own"]


def check(kind, port, *words, address="127.0.0.1"):
    return [kind, address, port, 30000, *words]


def listen(name):
    """A socket at a port of its own."""
    ours = socket.socket(socket.AF_INET6 if name == "plain6" else socket.AF_INET)
    ours.bind(("::1" if name == "plain6" else "127.0.0.1", 0))
    ours.listen(128)
    return ours


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def ports(authority, tmp_path_factory):
    """HAProxy's, by what is to be had there."""
    sockets = {name: listen(name) for name in NAMES}
    certificates = {
        "a": authority.sign("a", "DNS:a.example"),
        "b": authority.sign("b", "DNS:b.example"),
        "address": authority.sign("address", "IP:127.0.0.1"),
        "old": authority.sign("old", "DNS:a.example,IP:127.0.0.1", days=-1),
        "self": authority.self_signed("self", "DNS:a.example,IP:127.0.0.1"),
    }
    text = string.Template((HERE / "proxy.cfg").read_text())
    path = tmp_path_factory.mktemp("proxy") / "proxy.cfg"
    path.write_text(text.substitute(certificates, **{name: one.fileno() for name, one in sockets.items()}))
    with subprocess.Popen(["haproxy", "-db", "-f", path], pass_fds=[one.fileno() for one in sockets.values()],
                          stderr=subprocess.PIPE, text=True) as proxy:
        found = {name: one.getsockname()[1] for name, one in sockets.items()}
        for one in sockets.values():
            one.close()
        yield found
        proxy.terminate()


@pytest.fixture(scope="module")
def trap():
    """A server that must not get any request."""
    server = OddServer(socket.AF_INET, lambda client: None)
    yield server
    server.close()


@pytest.fixture(scope="module")
def results(ports, authority, trap):
    """Of one check of everything, all at the same time, in an environment with variables that name proxies."""
    plain, named, echo = ports["plain"], ports["named"], "body=GET /echo?a=b HTTP/1.1 host="
    checks = {
        "good": check("http", plain, "path=/pong"),
        "IPv6": check("http", ports["plain6"], "path=/echo?a=b", f"{echo}[::1]:{ports['plain6']} ", address="::1"),
        "404": check("http", plain),
        "503": check("http", plain, "path=/503"),
        "503 expected": check("http", plain, "path=/503", "status=200-299,503"),
        "says": check("http", plain, "path=/echo?a=b", f"{echo}127.0.0.1:{plain} agent=glb-healthcheck/"),
        "Host": check("http", plain, "path=/echo?a=b", "host=no.such.name.example",
                          f"{echo}no.such.name.example agent="),
        "fields": check("http", plain, "path=/echo", "header=X-Check: a b", "header=X-Empty: ", "body= x=a b empty=1."),
        "HEAD": check("http", plain, "path=/head", "method=HEAD", "status=204"),
        "OPTIONS": check("http", plain, "path=/echo", "method=OPTIONS", "body=OPTIONS /echo"),
        "another text": check("http", plain, "path=/pong", "body=ping"),
        "degraded": check("http", plain, "path=/degraded"),
        "moved": check("http", plain, "path=/moved"),
        "moved, with a name": check("http", plain, "path=/moved/absolute", "host=a.example"),
        "moved, with an address": check("http", plain, "path=/moved/absolute"),
        "302 expected": check("http", plain, "path=/moved/away", "status=200-399"),
        "moved away": check("http", plain, "path=/moved/away"),
        "moved to TLS": check("http", plain, "path=/moved/tls", "host=a.example"),
        "moved to a name": check("http", plain, "path=/moved/name", "host=a.example"),
        "moved to a port": check("http", plain, "path=/moved/port", "host=a.example"),
        "moved to a scheme": check("http", plain, "path=/moved/scheme", "host=a.example"),
        "moved to a user": check("http", plain, "path=/moved/user", "host=a.example"),
        "OPTIONS moved": check("http", plain, "path=/moved", "method=OPTIONS"),
        "a": check("https", named, "host=a.example", "body=HTTP/1.1 sni=a.example."),
        "b": check("https", named, "host=b.example", "body=HTTP/1.1 sni=b.example."),
        "a again": check("https", named, "host=a.example", "path=/first", "body=sni=a.example. resumed=0."),
        "no such name": check("https", named, "host=c.example"),
        "address": check("https", ports["addressed"], "body=sni=."),
        "wrong name": check("https", ports["addressed"], "host=a.example"),
        "wrong name, unverified": check("https", ports["addressed"], "host=a.example", "verify=no"),
        "expired": check("https", ports["expired"], "host=a.example"),
        "expired, unverified": check("https", ports["expired"], "host=a.example", "verify=no"),
        "self-signed": check("https", ports["own"], "host=a.example"),
        "self-signed, unverified": check("https", ports["own"], "host=a.example", "verify=no"),
        "plain": check("http", named, "host=a.example"),
    }
    elsewhere = f"http://127.0.0.1:{trap.port}"
    found = probe(*checks.values(), SSL_CERT_FILE=str(authority.certificate), http_proxy=elsewhere,
                  https_proxy=elsewhere, HTTPS_PROXY=elsewhere, all_proxy=elsewhere, ALL_PROXY=elsewhere, no_proxy="")
    return dict(zip(checks, found))


def outcome(result):
    return result["reason"], result["detail"]


@pytest.mark.parametrize("name", [
    "good", "IPv6", "503 expected", "says", "Host", "fields", "HEAD", "OPTIONS", "degraded"])
def test_a_request_says_what_it_is_to_say_and_its_answer_is_good(results, name):
    """A Host that does not resolve is fine, as no name is resolved."""
    assert outcome(results[name]) == ("none", ""), results[name]
    assert 0 < results[name]["connect_us"] <= results[name]["total_us"]


def test_another_answer_is_named(results):
    assert outcome(results["404"]) == ("status", "HTTP status 404")
    assert outcome(results["503"]) == ("status", "HTTP status 503")
    assert outcome(results["another text"]) == ("body", "the expected text is not in its first 4 bytes")


def test_a_degraded_proxy_is_good_and_degraded(results):
    assert [name for name, result in results.items() if result["is_degraded"]] == ["degraded"]


@pytest.mark.parametrize("name", ["moved", "moved, with a name", "moved, with an address", "302 expected"])
def test_a_redirect_is_followed_within_the_same_place_unless_it_is_expected(results, name):
    assert outcome(results[name]) == ("none", ""), results[name]
    assert ("redirected to" in results[name]["steps"]) is (name != "302 expected")


@pytest.mark.parametrize("name, to", [
    ("moved away", "http://192.0.2.1/pong"),
    ("moved to TLS", "https://a.example/pong"),
    ("moved to a name", "http://elsewhere.example/pong"),
    ("moved to a port", "http://a.example:81/pong"),
    ("moved to a scheme", "https://a.example:80/pong"),
    ("moved to a user", "http://me@a.example/pong"),
    ("OPTIONS moved", "/elsewhere/../pong"),
])
def test_a_redirect_to_elsewhere_is_not_followed(results, name, to):
    assert outcome(results[name]) == ("status", f"HTTP status 302, to {to}")


@pytest.mark.parametrize("name", ["a", "b", "address"])
def test_a_certificate_for_the_name_or_the_address_is_good(results, name):
    """And the name decides which one there is; HTTP/2 is not spoken, though it is offered."""
    assert outcome(results[name]) == ("none", ""), results[name]
    assert "; TLS established after " in results[name]["steps"]


def test_a_certificate_is_seen_by_each_connection(results):
    """Also by the second one of a probe that is redirected: TLS does not go on where it was."""
    assert outcome(results["a again"]) == ("none", ""), results["a again"]
    assert "redirected to https://a.example/then" in results["a again"]["steps"]


@pytest.mark.parametrize("name, words", [
    ("no such name", "unrecognized name"),
    ("wrong name", "no alternative certificate subject name matches target host name 'a.example'"),
    ("expired", "certificate has expired"),
    ("self-signed", "self-signed certificate"),
])
def test_any_other_certificate_is_refused(results, name, words):
    assert results[name]["reason"] == "tls", results[name]
    assert words in results[name]["detail"]
    assert results[name]["connect_us"] > 0


@pytest.mark.parametrize("name", ["wrong name", "expired", "self-signed"])
def test_one_that_is_not_verified_may_be_anything(results, name):
    assert outcome(results[f"{name}, unverified"]) == ("none", "")


def test_authorities_are_those_of_the_system(ports):
    result, = probe(check("https", ports["named"], "host=a.example"))
    assert result["reason"] == "tls", result
    assert "certificate" in result["detail"]


def test_authorities_that_cannot_be_read_say_nothing_about_a_backend(ports):
    result, = probe(check("https", ports["named"], "host=a.example"), SSL_CERT_FILE="/nowhere.pem")
    assert result["reason"] == "local", result
    assert "/nowhere.pem" in result["detail"]


def test_variables_that_name_proxies_are_without_effect(results, trap):
    assert outcome(results["good"]) == outcome(results["a"]) == ("none", "")
    assert trap.connection_count == 0
