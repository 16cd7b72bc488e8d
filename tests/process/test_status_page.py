# SPDX-License-Identifier: BSD-3-Clause
"""The status page without a browser: one document with a strict policy, whose figures the replies have."""

import base64
import hashlib
import http.client
import json
import re
from pathlib import Path

import pytest
from control import ask
from process import CONFIG, Process, large_tables
from scrape import get

PAGE = Path(__file__).resolve().parents[2] / "src/director/page"
ODD = "</script><img src=x onerror=alert(1)>"
SHOWN_MAX = 50  # of each kind of backends: director/show/show.h


@pytest.fixture(scope="module")
def director(glb_director, tmp_path_factory):
    """Two tables of many backends, some of which are not healthy or drained."""
    made = Process(glb_director, tmp_path_factory.mktemp("director"))
    tables = large_tables(2, 100)
    tables["tables"][0]["name"] = ODD
    for number, backend in enumerate(tables["tables"][1]["backends"]):
        backend["healthy"] = number >= 60
        backend["state"] = "draining" if number == 99 else "active"
    config = {**CONFIG, "http_listen": "127.0.0.1:0", "control_socket": str(made.folder / "control.sock")}
    made.start(config=config, tables=tables, workers=2)
    made.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", made.log.read_text())[1])
    yield made
    made.stop()
    made.end()


@pytest.fixture(scope="module")
def page(director):
    """Status, fields and text."""
    return get(director.port, "/")


def answer_of(director):
    status, fields, text = get(director.port, "/status.json")
    assert status == 200 and fields["Content-Type"] == "application/json"
    return json.loads(text)


def parts(text, tag):
    return re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.S)


def test_the_page_is_one_document_of_its_files(page):
    status, fields, text = page
    assert status == 200 and fields["Content-Type"] == "text/html; charset=utf-8"
    html, css, js = ((PAGE / f"page.{kind}").read_text() for kind in ("html", "css", "js"))
    assert text == html.replace("@STYLE@", css).replace("@SCRIPT@", js)
    assert not re.search(r"\b(src|href|action|style)\s*=|url\(|@import|\bon[a-z]+\s*=\s*[\"']", html + css)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|setAttribute\(\"style", js)


def test_its_policy_names_its_own_style_and_script_and_nothing_else(page):
    _, fields, text = page
    policy = dict(rule.split(" ", 1) for rule in fields["Content-Security-Policy"].split("; "))
    for rule, tag in (("script-src", "script"), ("style-src", "style")):
        (part,) = parts(text, tag)
        assert policy[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'"
    nothing = ("default-src", "base-uri", "form-action", "frame-ancestors")
    assert {policy[rule] for rule in nothing} == {"'none'"} and policy["connect-src"] == "'self'"
    assert "unsafe" not in fields["Content-Security-Policy"]


def test_no_answer_can_be_used_by_other_pages(director):
    """Neither read across origins nor shown in frames nor taken for something else."""
    for path in ("/", "/status.json", "/metrics", "/healthz", "/readyz"):
        _, fields, _ = get(director.port, path)
        assert fields["X-Content-Type-Options"] == "nosniff" and fields["Cache-Control"] == "no-store"
        assert fields["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in fields["Content-Security-Policy"]
        assert not [name for name in fields if name.lower().startswith("access-control-")]


def status_for(director, host):
    """Of a request whose Host is this; None: it has none."""
    connection = http.client.HTTPConnection("127.0.0.1", director.port, timeout=60)
    connection.putrequest("GET", "/status.json", skip_host=True)
    if host is not None:
        connection.putheader("Host", host)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_names_that_lead_to_this_host_from_elsewhere_get_nothing(director):
    """A page may have its own name resolved to 127.0.0.1 (DNS rebinding), but cannot do without one."""
    port = director.port
    for host in ("localhost", f"LocalHost:{port}", f"127.0.0.1:{port}", "192.0.2.1", f"[::1]:{port}", "[2001:db8::1]"):
        assert status_for(director, host) == 200, host
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example",
                 "[::1].evil.example", "127.0.0.1.", "[]", "[::1", "a" * 4000):  # fmt: skip
        assert status_for(director, host) == 421, host
    assert get(port, "/metrics")[0] == 200


def test_the_page_asks_for_nothing_that_there_is_not(director):
    """Every key that it reads is in a reply."""
    script = (PAGE / "page.js").read_text().replace("status.json", "")
    wanted = set(re.findall(r"\b(?:answer|one|status|rates|history|described\[i\]|last_reload)\.(\w+)", script))
    known = set()

    def look(value):
        if isinstance(value, dict):
            known.update(value)
            for member in value.values():
                look(member)
        elif isinstance(value, list):
            for element in value:
                look(element)

    look(answer_of(director))
    assert wanted - known - {"result", "reason"} == set() and len(wanted) > 40  # last_reload is null


def test_the_page_gets_what_the_control_socket_says(director):
    page, said = answer_of(director), ask(director.folder / "control.sock", "top")
    assert page.keys() == said.keys() and page["status"].keys() == said["status"].keys()
    for key in ("generation", "tables", "backends", "healthy", "ready", "version"):
        assert page["status"][key] == said["status"][key] == ask(director.folder / "control.sock", "status")[key]
    assert page["counters"].keys() == ask(director.folder / "control.sock", "stats")["counters"].keys()
    assert page["tables"][0]["name"] == ODD


def test_of_many_backends_some_are_shown_and_all_are_counted(director):
    """Those with a problem come first."""
    answer = answer_of(director)
    unusual = [one for one in answer["backends"] if not one["healthy"] or one["state"] != "active"]
    assert answer["backend_count"] == 200 and answer["unusual_count"] == 61
    assert len(unusual) == SHOWN_MAX and answer["backends"][:SHOWN_MAX] == unusual
    assert len(answer["backends"]) == 2 * SHOWN_MAX
    assert all(len(table["binds"]) <= 8 and table["bind_count"] >= 1 for table in answer["tables"])
    assert [len(worker["gaps"]) for worker in answer["workers"]] == [36, 36]
