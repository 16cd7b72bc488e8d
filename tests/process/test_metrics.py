# SPDX-License-Identifier: BSD-3-Clause
"""Metrics and health by HTTP: as documented, as Prometheus reads them, and clients harm only themselves."""

import json
import random
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from netns import allowed, wait_until
from process import CONFIG, TABLES, hold_a_worker, large_tables
from scrape import families, get, samples, value_of

ROOT = Path(__file__).resolve().parents[2]
ODD = 'a "name"\\ with\nall\x1b'


def port_of(process):
    """Where it listens: any free port."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.log.read_text())
    return int(found[1])


@pytest.fixture
def director(process):
    tables = {"tables": [{**TABLES["tables"][0], "name": ODD}]}
    metered = [{"vip": TABLES["tables"][0]["binds"][0]["ip"], "packets_per_second": 1000}]
    process.start(config={**CONFIG, "http_listen": "127.0.0.1:0", "meters": metered}, tables=tables, workers=2)
    return process


def test_metrics_are_those_of_the_page(director):
    """Family for family, with type and meaning; and all their labels."""
    text = get(port_of(director))[2]
    page = (ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `((?!glb_health_|glb_redirect_)\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$", page, re.M)
    assert {name: (kind, sentence) for name, kind, _, sentence in rows} == families(text)
    labels = {name: set(re.findall(r"`(\w+)`", words)) for name, _, words, _ in rows}
    for name, pairs in samples(text):
        family = name if name in labels else re.sub(r"_(total|info|bucket|sum|count)$", "", name)
        assert {label for label, _ in pairs} - {"le"} == labels[family], name


def test_both_formats_say_the_same_to_whom_they_are_for(director):
    status, fields, text = get(port_of(director))
    assert status == 200 and fields["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("\n# EOF\n")
    status, fields, old = get(port_of(director), accept=None)
    assert status == 200 and fields["Content-Type"].startswith("text/plain; version=0.0.4")
    assert set(samples(old)) == set(samples(text))
    assert value_of(old, "glb_packets_total", verdict="forward") == 0
    done = subprocess.run(["promtool", "check", "metrics"], input=old, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_they_say_is_so(director):
    port = port_of(director)
    # a worker is ready with its first turn, and has been idle with the next one
    wait_until(lambda: value_of(get(port)[2], "glb_worker_idle_seconds_total", worker="0") > 0, "an idle turn")
    text = get(port)[2]
    name = '"a \\"name\\"\\\\\\\\ with\\\\nall\\\\x1b"'  # as sys/printable.h writes it, and once more for the label
    assert f"glb_table_packets_total{{table={name}}} 0" in text
    found = samples(text)
    assert found["glb_ready", ()] == found["glb_generation", ()] == 1
    assert found["glb_worker_generation", (("worker", "1"),)] == 1
    busy = found["glb_worker_busy_seconds_total", (("worker", "0"),)]
    idle = found["glb_worker_idle_seconds_total", (("worker", "0"),)]
    assert busy == 0 < idle
    buckets = [value for (name, _), value in found.items() if name == "glb_worker_poll_gap_seconds_bucket"]
    assert buckets[:28] == sorted(buckets[:28]) and buckets[28] == found[
        "glb_worker_poll_gap_seconds_count", (("worker", "0"),)
    ]
    director.write(tables={"tables": []})
    director.signal(signal.SIGHUP)
    director.wait_for_log("reload refused")
    director.write(tables=TABLES)
    director.signal(signal.SIGHUP)
    director.wait_for_log("serving generation 2")
    wait_until(lambda: value_of(get(port_of(director))[2], "glb_reloads_total", result="done") == 1, "the reload")
    text = get(port_of(director))[2]
    assert value_of(text, "glb_reloads_total", result="refused") == 1
    assert value_of(text, "glb_generation") == 2
    assert f'glb_table_packets_total{{table={name}}} 0' in text  # what was counted stays


def test_health_and_readiness(process):
    """Not ready with a worker that stands still; alive all the time."""
    process.start(config={**CONFIG, "http_listen": "127.0.0.1:0"})
    port = port_of(process)
    assert get(port, "/healthz")[::2] == (200, "ok\n")
    assert get(port, "/readyz")[::2] == (200, "ready: all workers serve\n")
    with hold_a_worker(process):
        wait_until(lambda: get(port, "/readyz")[0] == 503, "readiness to be lost")
        assert get(port, "/readyz")[2].startswith("stalled: worker 0 on lcore 1 has made no progress for ")
        assert get(port, "/healthz")[0] == 200 and value_of(get(port)[2], "glb_ready") == 0
    wait_until(lambda: get(port, "/readyz")[0] == 200, "readiness")
    for path in ("/index.html", "/metrics/", "/../etc/passwd", "/%00", "/metrics%2f"):
        assert get(port, path)[0] == 404
    status, fields, body = get(port, "/metrics", "HEAD")
    assert (status, body) == (200, "") and "openmetrics" in fields["Content-Type"]
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert get(port, "/metrics", method)[0] in (405, 501)
    process.stop()


def test_an_address_that_is_taken(process):
    """A start is refused if the address is configured, as operators rely on it; without the default one it goes on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process.launch(config={**CONFIG, "http_listen": f"127.0.0.1:{port}"})
        assert process.process.wait(60) == 1
        message = f"director.json: http_listen: 127.0.0.1 port {port}: Address already in use"
        assert message in process.log.read_text()


REQUESTS = [
    b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx\r\n",
    b"GET //[::1/%zz?" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n",
    b"GET /metrics HTTP/9.9\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
    b"HEAD /metrics HTTP/1.1\r\nConnection: Upgrade\r\nExpect: 100-continue\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 4096,
]


def hostile(seed):
    """A request with random changes."""
    numbers = random.Random(seed)
    request = bytearray(numbers.choice(REQUESTS))
    for _ in range(numbers.randrange(8)):
        at = numbers.randrange(len(request))
        request[at : at + numbers.randrange(3)] = numbers.randbytes(numbers.randrange(3))
    return bytes(request[: numbers.randrange(len(request)) + 1] if numbers.randrange(2) else request) or b"\n"


def test_hostile_requests_cost_only_their_clients(director):
    """10,000 of them, beside slow and silent ones; ordinary requests are served as usual."""
    port = port_of(director)
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
    for slow in idle[:25]:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
    before = value_of(get(port)[2], "process_resident_memory_bytes")
    for seed in range(10000):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            try:
                client.sendall(hostile(seed))
                if seed % 10 == 0:
                    client.shutdown(socket.SHUT_WR)
                    client.recv(65536)
            except OSError:  # it was disconnected before
                pass
        if seed % 1000 == 0:
            assert get(port, "/healthz")[0] == 200, seed
    text = get(port)[2]
    assert text.endswith("# EOF\n")
    assert value_of(text, "process_resident_memory_bytes") - before < 16 << 20
    for client in idle:
        client.close()
    director.stop()


def test_many_backends_hold_nothing_up(process):
    """While pages of them are scraped and one client does not read, others are served at once."""
    process.start(config={**CONFIG, "http_listen": "127.0.0.1:0"}, tables=large_tables(4, 4000))
    port = port_of(process)
    lazy = socket.create_connection(("127.0.0.1", port))
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    texts = []
    scraper = threading.Thread(target=lambda: texts.extend(get(port)[2] for _ in range(3)))
    scraper.start()
    times = []
    while scraper.is_alive() or not times:
        begin = time.monotonic()
        assert get(port, "/healthz")[0] == 200
        times.append(time.monotonic() - begin)
        time.sleep(0.005)
    scraper.join()
    lazy.close()
    assert all(len(samples(text)) > 3 * 16000 and text.endswith("# EOF\n") for text in texts)
    times.sort()
    assert times[len(times) * 95 // 100] < allowed(0.1), times[-10:]
    process.stop()


def test_prometheus_scrapes_it(director, tmp_path):
    """The real one, and the queries of the shipped alerts and dashboard find what they ask for."""
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [
            {"job_name": "glb", "static_configs": [{"targets": [f"127.0.0.1:{port_of(director)}"]}]}
        ],
        "rule_files": [str(ROOT / "config/prometheus-alerts.yml")],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(settings))  # which is YAML, too
    checked = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with open(tmp_path / "prometheus.log", "wb") as log:
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log,
        )  # fmt: skip

    def ask(query):
        try:
            status, _, body = get(port, "/api/v1/query?query=" + query.replace(" ", "%20").replace("+", "%2B"))
        except OSError:
            return None
        return json.loads(body)["data"]["result"] if status == 200 else None

    try:
        wait_until(lambda: ask("up == 1"), "a scrape", 60)
        known = set(re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in samples(get(port_of(director))[2]))
        for name in sorted(asked_for()):
            assert re.sub(r"_(bucket|sum|count)$", "", name) in known, name
            assert ask(name), name
    finally:
        prometheus.terminate()
        prometheus.wait(60)


def test_every_alert_says_what_to_do():
    """In the page that the rules name."""
    alerts = re.findall(r"alert: (\w+)", (ROOT / "config/prometheus-alerts.yml").read_text())
    listed = re.findall(r"^- \*\*(\w+)\*\*: ", (ROOT / "docs/metrics.md").read_text(), re.M)
    assert alerts == listed and len(alerts) == len(set(alerts))


def asked_for():
    """The metrics in the expressions of alerts and dashboard, but for those of the health checker and of proxies."""
    rules = (ROOT / "config/prometheus-alerts.yml").read_text()
    board = json.loads((ROOT / "config/grafana-dashboard.json").read_text())
    texts = re.findall(r"expr: (.+)", rules)
    for panel in board["panels"]:
        texts += [target["expr"] for target in panel.get("targets", [])]
    names = {name for text in texts for name in re.findall(r"\b(?:glb|process)_(?!health_|redirect_)\w+", text)}
    assert len(names) > 15
    return names
