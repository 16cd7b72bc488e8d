# SPDX-License-Identifier: BSD-3-Clause
"""Checks by HTTP, of servers that do not behave: each failure has its reason, and ends in time."""

import re

import pytest

from odd_servers import closed_port, deaf_port, odd_servers
from probes import PROGRAM, probe

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (GLB_BUILD names the build)")

LONG_MS = 30000  # for what does not end at the deadline
SHORT_MS = 1500
AT_THE_DEADLINE = {
    "stalls in the header": "no end of the header within 1500 ms",
    "stalls in the body": "no end of the answer within 1500 ms",
    "mute": "no answer within 1500 ms",
    "slow header": "no end of the header within 1500 ms",
    "slow body": "no end of the answer within 1500 ms",
}
TEXTS = {"until closed", "continued", "chunks", "trailer", "text at the border", "text across it", "endless body"}


def check(kind, port, *words, timeout_ms=LONG_MS):
    return [kind, "127.0.0.1", port, timeout_ms, *words]


def check_of(name, server):
    words = ["body=pong"] if name in TEXTS else []
    return check("http", server.port, *words, timeout_ms=SHORT_MS if name in AT_THE_DEADLINE else LONG_MS)


@pytest.fixture(scope="module")
def servers():
    with odd_servers() as found:
        yield found


@pytest.fixture(scope="module")
def results(servers):
    """Of one check of each odd server, all at the same time."""
    checks = {name: check_of(name, server) for name, server in servers.items() if name not in AT_THE_DEADLINE}
    checks["without its text"] = check("http", servers["endless body"].port)
    checks["border without a text"] = check("http", servers["text across it"].port)
    checks["no TLS"] = check("https", servers["another protocol"].port)
    checks["reset of TLS"] = check("https", servers["reset"].port)
    checks["close of TLS"] = check("https", servers["closed at once"].port)
    with closed_port() as port:
        checks["closed"] = check("http", port)
        found = dict(zip(checks, probe(*checks.values())))
    found["loop"]["connections"] = servers["loop"].connection_count
    found["chunks"]["request"] = servers["chunks"].request
    return found


@pytest.fixture(scope="module")
def late(servers):
    """Of those that end at the deadline, from a turn in which this machine let the process run then."""
    checks = {name: check_of(name, servers[name]) for name in AT_THE_DEADLINE}
    checks["mute of TLS"] = check("https", servers["mute"].port, timeout_ms=SHORT_MS)
    with deaf_port() as port:
        checks["deaf"] = check("http", port, timeout_ms=SHORT_MS)
        for _ in range(4):
            found = dict(zip(checks, probe(*checks.values())))
            if not any("stood still" in result["detail"] for result in found.values()):
                break
    return found


def outcome(result):
    return result["reason"], result["detail"]


@pytest.mark.parametrize("name", ["garbage", "another protocol", "no status", "bad chunk"])
def test_what_is_no_http_is_called_so(results, name):
    assert results[name]["reason"] == "protocol", results[name]


@pytest.mark.parametrize("name", ["endless header", "endless continue", "endless trailer"])
def test_an_endless_header_is_cut_off_before_the_deadline(results, name):
    assert outcome(results[name]) == ("protocol", "a header of more than 65536 bytes or 256 lines")


def test_what_libcurl_skips_is_cut_off_too_if_it_has_no_end(results):
    assert outcome(results["endless extension"]) == ("protocol", "an answer without end")


def test_an_endless_line_is_cut_off_before_the_deadline(results):
    assert outcome(results["endless field"]) == ("protocol", "a line of the answer is too long")


def outcome_late(result):
    if "stood still" in result["detail"]:
        pytest.skip("this machine is too busy to let a process run at its deadline")
    return outcome(result)


@pytest.mark.parametrize("name", AT_THE_DEADLINE)
def test_what_is_late_ends_at_the_deadline_and_says_what_was_missing(late, name):
    assert outcome_late(late[name]) == ("timeout", AT_THE_DEADLINE[name])
    assert late[name]["total_us"] >= SHORT_MS * 1000 - 10000, "the loop's clock ticks every few milliseconds"


def test_silence_of_a_port_is_another_one_than_that_of_a_server(late):
    assert outcome_late(late["deaf"]) == ("timeout", "no connection within 1500 ms")
    assert (late["deaf"]["connect_us"], late["deaf"]["steps"]) == (0, "")
    assert late["mute"]["connect_us"] > 0
    assert outcome_late(late["mute of TLS"]) == ("timeout", "no end of the TLS handshake within 1500 ms")


def test_a_closed_port_refuses(results):
    assert outcome(results["closed"]) == ("refused", "Connection refused")
    assert results["closed"]["connect_us"] == 0


@pytest.mark.parametrize("name", ["reset", "reset in the header", "reset in the body", "reset of TLS"])
def test_a_reset_is_one_wherever_it_comes(results, name):
    assert outcome(results[name]) == ("reset", "Connection reset by peer")


@pytest.mark.parametrize("name, detail", [
    ("not a byte", "closed without an answer"),
    ("closed at once", "closed without an answer"),
    ("half a status", "closed without an answer"),
    ("half a header", "closed within the header"),
    ("half a body", "closed within the answer"),
    ("half a chunk", "closed within the answer"),
    ("no last chunk", "closed within the answer"),
])
def test_a_connection_that_is_closed_too_early_was_broken_off(results, name, detail):
    assert outcome(results[name]) == ("reset", detail)


@pytest.mark.parametrize("name", ["no TLS", "close of TLS"])
def test_a_server_without_tls_fails_by_it(results, name):
    assert results[name]["reason"] == "tls", results[name]
    assert results[name]["detail"]
    assert results[name]["connect_us"] > 0


@pytest.mark.parametrize("name", ["no header", "until closed", "continued", "chunks", "trailer", "degraded"])
def test_an_answer_may_come_in_any_form_that_http_has(results, name):
    assert outcome(results[name]) == ("none", "")
    assert 0 < results[name]["connect_us"] <= results[name]["total_us"]


def test_of_a_body_64_kib_are_read(results):
    assert outcome(results["text at the border"]) == ("none", "")
    assert outcome(results["text across it"]) == ("body", "the expected text is not in its first 65536 bytes")
    assert outcome(results["border without a text"]) == ("none", "")
    assert outcome(results["endless body"]) == ("body", "the expected text is not in its first 65536 bytes")
    assert outcome(results["without its text"]) == ("none", "")
    assert outcome(results["endless chunks"]) == ("none", "")


def test_only_the_header_of_a_good_answer_says_that_it_is_degraded(results):
    assert results["degraded"]["is_degraded"] is True
    assert outcome(results["degraded 503"]) == ("status", "HTTP status 503")
    assert [name for name, result in results.items() if result["is_degraded"]] == ["degraded"]


def test_redirects_have_an_end(results):
    assert outcome(results["loop"]) == ("status", "HTTP status 302, to /")
    assert results["loop"]["connections"] == 11


def test_a_request_is_what_a_server_expects_and_says_who_asks(results):
    first, *fields, last, nothing = results["chunks"]["request"].decode().split("\r\n")
    fields = dict(field.split(": ") for field in fields)
    assert (first, last, nothing) == ("GET / HTTP/1.1", "", "")
    assert fields.pop("Host").startswith("127.0.0.1:")
    assert re.fullmatch(r"glb-healthcheck/\d+\.\d+\.\d+", fields.pop("User-Agent"))
    assert fields == {"Accept": "*/*", "Connection": "close"}


def test_steps_say_what_has_happened_and_when(results):
    assert results["chunks"]["steps"].startswith("connected after ")
    assert "; HTTP status 200 after " in results["chunks"]["steps"]
    assert results["loop"]["steps"].count("redirected to http://127.0.0.1:") == 10


def test_a_lack_of_descriptors_says_nothing_about_a_backend(servers):
    """There are some left for the first of them, when the process has opened its own."""
    results = probe(*[check("http", servers["chunks"].port)] * 16, FILES_MAX="16")
    reasons = [result["reason"] for result in results]
    assert set(reasons) == {"none", "local"}, results
    assert {result["detail"] for result in results if result["reason"] == "local"} == {"Too many open files"}
