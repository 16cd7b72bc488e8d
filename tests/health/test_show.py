# SPDX-License-Identifier: BSD-3-Clause
"""What the checker shows of itself: at its sockets, by HTTP, in metrics, and with every step of a probe."""

import json
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from checker import source
from control import Client, ask
from netns import allowed, wait_until
from scrape import families, get, samples, value_of

ROOT = Path(__file__).resolve().parents[2]
A, B, C = (f"127.0.3.{n}" for n in (1, 2, 3))
ODD = 'a "b"\\ with\nall\x1b'
ODD_LABEL = r'a \"b\"\\\\ with\\nall\\x1b'  # as sys/printable.h writes it, and once more for the label
SLOW = {"command": ["/bin/sleep", "1"], "timeout_ms": 20000, "interval_ms": 60000}


def start(checker, tables, **keys):
    """Start it with sockets in its folder and any free port; returns the port."""
    sockets = {"control_socket": str(checker.folder / "control.sock")}
    checker.start(tables, **{**sockets, "http_listen": "127.0.0.1:0", **keys})
    return int(re.search(r"http://127\.0\.0\.1:(\d+)/metrics", checker.text())[1])


def glbctl_of(glbctl, checker):
    """Exit status and output of a glbctl command about it."""

    def run(*words):
        done = subprocess.run(
            [glbctl, "--socket", checker.folder / "control.sock", *words],
            capture_output=True, text=True, check=False, timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def backend_of(answer, address):
    (found,) = (one for one in answer["backends"] if one["backend"] == address)
    return found


def mixed(port, name="a"):
    """A and B by TCP, C by nothing; and A by a slow check, and by one that is tried nowhere, as there is no tunnel."""
    tables = source((A, B), port, max_unhealthy_percent=50)
    tables["tables"][0]["name"] = name
    tables["tables"][0]["backends"].append({"ip": C, "state": "active", "healthy": True})
    blind = {**tables["tables"][0], "name": None, "seed": "5a" * 16, "backends": [
        {"ip": A, "state": "active", "healthy": False, "healthchecks": {"tcp": port, "exec": SLOW, "tunnel": True}},
    ]}  # fmt: skip
    blind["binds"] = [{"ip": "192.0.2.11", "proto": "tcp", "port": 80}]
    del blind["name"]
    tables["tables"].append(blind)
    return tables


def test_what_is_known_of_backends(checker, listeners, glbctl):
    """By socket, glbctl and HTTP: states, strips of results, reasons; and which user may request what."""
    listeners.listen(A, B)
    port = start(checker, mixed(listeners.port))
    operators, readers = checker.folder / "control.sock", checker.folder / "control-ro.sock"
    assert [path.stat().st_mode & 0o777 for path in (operators, readers)] == [0o660, 0o666]
    wait_until(lambda: len(backend_of(ask(readers, "health", table="a"), A)["results"] or "") == 10, "ten results")

    listeners.kill(B)
    wait_until(lambda: backend_of(ask(readers, "health", table="a"), B)["status"] == "down", "B to be down")
    answer = ask(readers, "health")
    assert [one["distrust"] for one in answer["tables"]] == ["trusted", "trusted"]
    counts = [[one[key] for key in ("backends", "up", "down", "unknown", "unchecked")] for one in answer["tables"]]
    assert counts == [[3, 1, 1, 0, 1], [1, 0, 0, 1, 0]]
    well, dead, free = (backend_of(ask(readers, "health", table="a"), ip) for ip in (A, B, C))
    assert (well["status"], well["results"], well["reason"]) == ("up", "++++++++++", None)
    assert (free["status"], free["healthy"], free["checks"]) == ("unchecked", True, [])
    assert re.fullmatch(r"\+*-{3,}", dead["results"]) and dead["reason"].startswith("tcp: ")
    (check,) = dead["checks"]
    assert (check["check"], check["status"], check["reason"]) == (f"tcp {B}:{listeners.port}", "down", "refused")
    assert well["checks"][0]["connect_us"] > 0 and check["since"] and check["last"]
    (blind,) = ask(readers, "health", table="1")["backends"]
    assert (blind["status"], blind["checks"][2]["reason"]) == ("unknown", "local"), blind
    assert [one["backend"] for one in ask(readers, "health", unhealthy=True)["backends"]] == [B, A]
    assert ask(readers, "health", table="b")["error"]["reason"] == 'there is no table "b"'

    for verb, keys in (("probe", {"backend": A}), ("log-level", {"level": "info"})):
        error = ask(readers, verb, **keys)["error"]
        assert error["code"] == "refused" and error["reason"].endswith(f"{operators} is for operators")
    assert ask(operators, "log-level", level="warning")["was"] == "info"
    assert ask(operators, "log-level", level="info")["was"] == "warning"

    wait_until(lambda: ask(readers, "status")["checked"]["state"] == "done", "the file to be written")
    status = ask(readers, "status")
    assert (status["pid"], status["backends"], status["checks"]) == (checker.process.pid, 4, 4)
    assert status["source"] == {"file": str(checker.source), "loaded": 1, "refused": 0, "reason": None}
    assert status["checked"]["name"] == str(checker.checked) and status["checked"]["done"] >= 2
    assert status["director"]["name"] is None and status["counts"]["probes_good"] > 20
    assert not status["ready"] and " of 4 checks have no result yet" in status["readiness_reason"]

    assert get(port, "/healthz")[::2] == (200, "ok\n")
    assert get(port, "/readyz")[0] == 503 and " of 4 checks" in get(port, "/readyz")[2]
    page = json.loads(get(port, "/health")[2])
    assert [one["backend"] for one in page["backends"]] == [A, B, C, A]
    assert json.loads(get(port, "/debug/vars")[2])["changes_to_unhealthy"] == 1

    run = glbctl_of(glbctl, checker)
    code, out, _ = run("health", "--table", "a")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0 and lines[0] == "TABLE NAME BACKEND STATE HEALTHY STATUS SINCE RESULTS MS REASON".split()
    assert lines[2][:6] == ["0", "a", B, "active", "no", "down"] and lines[2][9] == "tcp:"
    assert len(run("health", "--unhealthy")[1].splitlines()) == 3
    assert json.loads(run("health", "--json")[1])["ok"]
    assert run("health", "--table", "b")[0] == 1

    checker.source.write_text("{")
    wait_until(lambda: "SOURCE REFUSED" in run("health")[1], "a source that is no good")
    listeners.kill(A)
    wait_until(lambda: "TABLE a FAILS OPEN: too many of its 3 backends" in run("health")[1], "it to fail open")
    assert value_of(get(port)[2], "glb_health_distrust", table="a", distrust="fails_open") == 1
    checker.stop()
    code, _, err = run("health")
    assert code == 1 and "no health checker serves there" in err


def test_every_step_of_a_probe(checker, listeners, glbctl):
    """Beside the schedule, without counting for anything, and also when its client or its check goes away."""
    listeners.listen(A, B)
    start(checker, mixed(listeners.port))
    run = glbctl_of(glbctl, checker)
    operators = checker.folder / "control.sock"

    code, out, _ = run("health", "probe", A, "--table", "a")
    lines = out.splitlines()
    assert code == 0 and lines[0] == f"tcp {A}:{listeners.port}", out
    assert re.search(r"^ +\d+\.\d{3} ms  connected after \d+ us$", out, re.M), out
    assert re.fullmatch(r" +\d+\.\d{3} ms  good, after \d+\.\d{3} ms", lines[-1]), out

    code, out, _ = run("health", "probe", A)  # of both tables, each check once
    assert code == 1 and out.count(f"tcp {A}:{listeners.port}") == 1, out
    assert re.search(r"ms  FAILED: local: ", out), out
    assert run("health", "probe", A, "--check", "tcp")[0] == 0
    listeners.kill(B)
    code, out, _ = run("health", "probe", B)
    assert code == 1 and re.search(r"ms  FAILED: refused: .*; after ", out), out
    code, out, _ = run("health", "probe", A, "--check", "tcp", "--json")
    assert code == 0 and [json.loads(line)["ok"] for line in out.splitlines()]

    assert run("health", "probe", "proxy-1")[0] == 2
    assert "no table has a backend 10.9.9.9" in run("health", "probe", "10.9.9.9")[2]
    code, _, err = run("health", "probe", C)
    assert code == 3 and f"backend {C} has no checks" in err
    code, _, err = run("health", "probe", A, "--check", "htp")
    assert code == 1 and '"htp" is not one of tcp http' in err
    assert "probe: asked for on the control socket, by process" in checker.text()

    with Client(operators) as client:  # which leaves before the end
        started = client.ask("probe", backend=A)
        assert started["checks"][0] == f"tcp {A}:{listeners.port}"
    with Client(operators) as client:
        number = client.ask("probe", backend=A)["probe"]
        assert number == started["probe"] + 1
        events, answer = [], {"ended": False}
        while not answer["ended"]:
            answer = client.ask("probe-next", probe=number)
            events += answer["events"]
        assert [one["result"]["good"] for one in events if "result" in one] == [True, True, False]
        assert client.ask("probe-next", probe=number)["error"]["reason"] == f"probe {number} has ended"
        assert "was never begun" in client.ask("probe-next", probe=number + 1)["error"]["reason"]
        slow = client.ask("probe", backend=A)["probe"]
        checker.write(source((C,), listeners.port))  # without any of those checks
        checker.wait_for_log("source_loaded")
        events, answer = [], {"ended": False}
        while not answer["ended"]:
            answer = client.ask("probe-next", probe=slow)
            events += answer["events"]
        assert [one["result"]["good"] for one in events if "result" in one] == [True, True, False]
        assert events[-1]["result"]["detail"] == "it is no longer in the source of the tables"
    with Client(operators) as client:
        answers = [client.ask("probe", backend=C) for _ in range(17)]
        assert all(answer["ok"] for answer in answers[:16])
        assert "as many as there may be" in answers[16]["error"]["reason"]
    left = time.monotonic()
    wait_until(lambda: ask(operators, "probe", backend=C)["ok"], "places to be free again")
    assert time.monotonic() - left < allowed(5)  # they would be after 10 s in any case
    checker.process.send_signal(signal.SIGTERM)
    assert checker.process.wait(60) == 0


def asked_for():
    """The checker's metrics in the expressions of alerts and dashboard."""
    texts = re.findall(r"expr: (.+)", (ROOT / "config/prometheus-alerts.yml").read_text())
    for panel in json.loads((ROOT / "config/grafana-dashboard.json").read_text())["panels"]:
        texts += [target["expr"] for target in panel.get("targets", [])]
    return {name for text in texts for name in re.findall(r"\bglb_health_\w+", text)}


def test_metrics_are_those_of_the_page(checker, listeners, glbctl):
    """Family for family, with type, meaning and labels; in both formats; and alerts and dashboard ask for no other."""
    listeners.listen(A, B)
    port = start(checker, mixed(listeners.port, ODD), director_socket=str(checker.folder / "none.sock"))
    good = {"type": "tcp", "result": "good"}
    wait_until(lambda: value_of(get(port)[2], "glb_health_probes_total", **good) >= 4, "results")
    wait_until(lambda: value_of(get(port)[2], "glb_health_last_write_timestamp_seconds") > 1.7e9, "a write")
    status, fields, text = get(port)
    assert status == 200 and fields["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("\n# EOF\n")
    page = (ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `((?:glb_health|process)_\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$", page, re.M)
    assert {name: (kind, sentence) for name, kind, _, sentence in rows} == families(text)
    labels = {name: set(re.findall(r"`(\w+)`", words)) for name, _, words, _ in rows}
    for name, pairs in samples(text):
        family = name if name in labels else re.sub(r"_(total|info|bucket|sum|count)$", "", name)
        assert {label for label, _ in pairs} - {"le"} == labels[family], name
    known = {name for name, _ in samples(text)}
    assert asked_for() <= known and len(asked_for()) > 8, asked_for() - known

    old = get(port, accept=None)[2]
    assert set(samples(old)) == set(samples(text))
    done = subprocess.run(["promtool", "check", "metrics"], input=old, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    assert value_of(text, "glb_health_backends", table="(1)", status="unknown") == 1
    assert value_of(text, "glb_health_backend_up", table=ODD_LABEL, backend=A) == 1
    assert value_of(text, "glb_health_probes_total", type="tunnel", result="untried") >= 1
    assert value_of(text, "glb_health_check_up", type="tcp", backend=B, check=f"tcp {B}:{listeners.port}") == 1
    assert value_of(text, "glb_health_director_agrees") == 0 and value_of(text, "glb_health_ready") == 0
    tables = [dict(pairs) for name, pairs in samples(text) if name == "glb_health_checked_info"]
    assert [(one["table"], len(one["digest"])) for one in tables] == [(ODD_LABEL, 32), ("(1)", 32)]
    fast = value_of(text, "glb_health_connect_seconds_bucket", type="tcp", le="1")
    assert fast == value_of(text, "glb_health_connect_seconds_count", type="tcp") >= 2
    assert r'a "b"\\ with\nall\x1b' in glbctl_of(glbctl, checker)("health")[1]
    listeners.kill(B)
    counted = {"type": "tcp", "reason": "refused"}
    wait_until(lambda: value_of(get(port)[2], "glb_health_probe_failures_total", **counted) >= 3, "failures")
    wait_until(lambda: value_of(get(port)[2], "glb_health_changes_total", to="unhealthy") == 1, "a change")
    assert value_of(get(port)[2], "glb_health_backend_healthy", table=ODD_LABEL, backend=B) == 0


def test_an_address_that_is_taken(checker, listeners):
    """A start is refused if the address is configured; without the default one, the original's, it goes on."""
    listeners.listen(A)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        checker.write(source((A,), listeners.port))
        checker.configure(http_listen=f"127.0.0.1:{taken.getsockname()[1]}")
        checker.launch()
        assert checker.process.wait(60) == 1
        assert "healthcheck.json: http_listen: 127.0.0.1 port" in checker.text()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 19520))
        taken.listen(1)
        checker.configure(http_listen="127.0.0.1:19520", control_socket=str(checker.folder / "c.sock"))
        checker.restart()
        assert "warning: no metrics by HTTP: 127.0.0.1 port 19520: Address already in use" in checker.text()
        assert ask(checker.folder / "c.sock", "status")["ok"]
        checker.stop()
    assert not (checker.folder / "c.sock").exists()


# What the rules make of a checker that works, and of ones that do not: instance, series and values a minute.
CASES = """
rule_files: [RULES]
evaluation_interval: 30s
tests:
- interval: 1m
  input_series:
  - {series: 'glb_health_check_up{instance="well"}', values: '1x30'}
  - {series: 'glb_health_probes_total{instance="well",type="tcp",result="good"}', values: '0+30x30'}
  - {series: 'glb_health_probes_total{instance="well",type="tcp",result="untried"}', values: '0x30'}
  - {series: 'glb_health_connect_seconds_bucket{instance="well",type="tcp",le="1"}', values: '0+30x30'}
  - {series: 'glb_health_connect_seconds_count{instance="well",type="tcp"}', values: '0+30x30'}
  - {series: 'glb_health_director_agrees{instance="well"}', values: '1x30'}
  - {series: 'glb_health_distrust{instance="well",table="a",distrust="fails_open"}', values: '0x30'}
  - {series: 'glb_health_backend_up{instance="well",table="a",backend="10.0.0.1"}', values: '1x30'}
  - {series: 'glb_health_probes_total{instance="without_checks",type="tcp",result="good"}', values: '0x30'}
  - {series: 'glb_health_check_up{instance="silent"}', values: '1x30'}
  - {series: 'glb_health_probes_total{instance="silent",type="tcp",result="good"}', values: '77x30'}
  - {series: 'glb_health_connect_seconds_bucket{instance="lossy",type="tcp",le="1.0"}', values: '0+29x30'}
  - {series: 'glb_health_connect_seconds_count{instance="lossy",type="tcp"}', values: '0+30x30'}
  - {series: 'glb_health_director_agrees{instance="behind"}', values: '1x5 0x25'}
  - {series: 'glb_health_distrust{instance="open",table="a",distrust="fails_open"}', values: '1x30'}
  - {series: 'glb_health_distrust{instance="open",table="a",distrust="limited"}', values: '1x30'}
  - {series: 'glb_health_backend_up{instance="down",table="a",backend="10.0.0.1"}', values: '0x30'}
  - {series: 'glb_health_steps_total{instance="full",step="file",result="failed"}', values: '0+1x30'}
  - {series: 'glb_health_source_refused{instance="typo"}', values: '1x30'}
  - {series: 'glb_health_probes_total{instance="blind",type="gue",result="untried"}', values: '0+30x30'}
  promql_expr_test:
  - expr: 'count by (alertname, instance) (ALERTS{alertstate="firing"})'
    eval_time: 25m
    exp_samples:
"""
FIRING = {
    "GlbHealthSilent": "silent", "GlbHealthFailsOpen": "open", "GlbHealthDirectorBehind": "behind",
    "GlbHealthNotWritten": "full", "GlbHealthSourceRefused": "typo", "GlbHealthBackendDown": "down",
    "GlbHealthUntried": "blind", "GlbHealthLostSyns": "lossy",
}  # fmt: skip


def test_each_alert_goes_off_for_what_it_is_about(tmp_path):
    """And for nothing else: Prometheus' own evaluation of the shipped rules."""
    rules = ROOT / "config/prometheus-alerts.yml"
    named = re.findall(r"alert: (GlbHealth\w+)", rules.read_text())
    assert sorted(named) == sorted(FIRING)
    samples_of = "".join(
        f"    - {{labels: '{{alertname=\"{alert}\",instance=\"{instance}\"}}', value: 1}}\n"
        for alert, instance in FIRING.items()
    )
    (tmp_path / "cases.yml").write_text(CASES.replace("RULES", str(rules)) + samples_of)
    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "cases.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
