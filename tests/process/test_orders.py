# SPDX-License-Identifier: BSD-3-Clause
"""Does a running director execute requests on its control socket, and report the result correctly?"""

import copy
import json
import signal
import subprocess
import threading

import pytest

from control import Client, ask
from process import CONFIG, TABLES, hold_a_worker, large_tables
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

NAMED = {"tables": [{**TABLES["tables"][0], "name": "web"}]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sock"


@pytest.fixture
def director(process, path):
    """One that serves at a socket in the folder of the test."""
    process.start(config=config(path), tables=NAMED, workers=2)
    return process


def config(path, **keys):
    return {**CONFIG, "control_socket": str(path), **keys}


def with_backends(count):
    tables = copy.deepcopy(NAMED)
    backends = tables["tables"][0]["backends"]
    backends += [{**backends[0], "ip": f"10.0.1.{number}"} for number in range(count - len(backends))]
    del backends[count:]
    return tables


def replace_tables(process, tables):
    """In one step, as tools that publish tables do."""
    draft = process.folder / "tables.json.new"
    draft.write_text(json.dumps(tables))
    draft.chmod(0o600)
    draft.rename(process.folder / "tables.json")


def digest_of(glbctl, process):
    done = subprocess.run(
        [glbctl, "table", "show", "--json", process.folder / "tables.json"], capture_output=True, check=True
    )
    return json.loads(done.stdout)["tables"][0]["digest"]


def call(glbctl, path, *words):
    return subprocess.run(
        [glbctl, "--socket", path, *words], capture_output=True, text=True, timeout=600, check=False
    )


# --- reload ---


def test_a_reload_is_answered_when_all_serve_it_with_what_it_did(director, path, glbctl):
    was = digest_of(glbctl, director)
    for number, count in enumerate((4, 5, 3), start=2):
        director.write(tables=with_backends(count))
        digest = digest_of(glbctl, director)
        with Client(path) as client:
            answer = client.ask("reload")
            status = client.ask("status")
        assert answer["ok"] and answer["generation"] == number and answer["tables_only"] is False
        assert answer["tables"] == [{"table": 0, "name": "web", "digest": digest}]
        assert [worker["generation"] for worker in status["workers"]] == [number, number]
        assert status["generation"] == number and status["tables"] == answer["tables"]
        assert status["last_reload"]["result"] == "done"
        (change,) = answer["changes"]
        assert (change["name"], change["change"], change["digest"], change["was"]) == ("web", "changed", digest, was)
        assert 5000 < change["changed_primary"] < 40000
        assert change["loses_flows"] is (count == 3) and (change["rows_lost"] > 5000) is (count == 3)
        assert change["summary"] in director.log.read_text()
        was = digest
    answer = ask(path, "reload", tables_only=True)
    assert (answer["generation"], answer["tables_only"], answer["changes"]) == (5, True, [])
    director.write(tables={"tables": [*with_backends(3)["tables"], large_tables(1, 2)["tables"][0]]})
    done = call(glbctl, path, "reload")
    assert done.returncode == 0
    assert done.stdout.startswith("generation 6 is served by all workers; built in ")
    assert "table 1: new, digest " in done.stdout
    director.stop()


def test_requests_at_the_same_time_get_the_build_that_covers_them(director, path, glbctl):
    """A request during a build gets the result of the next one, which reads the files as they are by then."""
    for count in range(4, 10):
        with Client(path) as one, Client(path) as other:
            director.write(tables=large_tables(4, 200 + count))
            one.say("reload")
            replace_tables(director, with_backends(count))  # it may be reading them
            digest = digest_of(glbctl, director)
            other.say("reload")
            answers = [one.hear(), other.hear()]
        assert all(answer["ok"] for answer in answers)
        assert answers[1]["tables"] == [{"table": 0, "name": "web", "digest": digest}]
        assert answers[0]["generation"] <= answers[1]["generation"]
    answers = []

    def reload_often():
        with Client(path) as client:
            for _ in range(20):
                answers.append(client.ask("reload"))

    threads = [threading.Thread(target=reload_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 80
    codes = {answer["error"]["code"] for answer in answers if not answer["ok"]}
    assert codes <= {"put_off"}, "where the machine keeps a worker from its processor"
    director.stop()


def test_a_reload_that_is_refused_says_everything_that_is_wrong(director, path, glbctl):
    before = ask(path, "status")["tables"]
    tables = with_backends(3)
    tables["tables"][0]["backends"][0]["state"] = "asleep"
    tables["tables"][0]["binds"][0]["port"] = 70000
    director.write(tables=tables, config=config(path, hash_fields={"color": True}))
    answer = ask(path, "reload")
    assert answer["ok"] is False and answer["error"]["code"] == "refused" and answer["error"]["generation"] == 1
    problems = answer["error"]["problems"]
    assert {problem["place"] for problem in problems} == {
        "$.hash_fields.color", "$.tables[0].backends[0].state", "$.tables[0].binds[0].port",
    }
    assert {problem["file"] for problem in problems} == {str(director.folder / f"{name}.json") for name in ("director", "tables")}
    assert all(problem["line"] and problem["column"] and problem["severity"] == "error" for problem in problems)
    done = call(glbctl, path, "reload")
    assert (done.returncode, done.stdout) == (3, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 3 and all(line in director.log.read_text().replace("glb-director", "glbctl") for line in lines)
    status = ask(path, "status")
    assert status["tables"] == before and status["generation"] == 1 and status["ready"]
    assert status["last_reload"]["result"] == "refused" and status["reloads"]["refused"] == 2
    assert "$.hash_fields.color" in status["last_reload"]["reason"]
    done = call(glbctl, path, "status")
    assert "2 refused" in done.stdout and "$.hash_fields.color" in done.stdout
    (director.folder / "tables.json").unlink()
    director.write(config=config(path))
    answer = ask(path, "reload")
    assert answer["error"]["problems"][0]["reason"] == "No such file or directory"
    director.stop()


def test_the_socket_for_reading_changes_nothing(director, path, glbctl):
    readers = path.with_name("control-ro.sock")
    answer = ask(readers, "reload")
    reason = f"reload changes something, and this socket is for reading: {path} is for operators"
    assert answer["error"] == {"code": "refused", "reason": reason}
    done = call(glbctl, readers, "reload")
    assert (done.returncode, done.stderr) == (3, f"glbctl: error: {reason}\n")
    assert ask(path, "status")["generation"] == 1
    director.stop()


def test_a_request_that_waits_for_a_worker_that_stands_still_names_it(director, path):
    """The generation is in force all the same; and when there is no room for more, a reload is put off."""
    with hold_a_worker(director):
        answer = ask(path, "reload")
        assert answer["error"]["code"] == "failed"
        assert answer["error"]["reason"].startswith("generation 2 is in force, but worker 0 on lcore 1 has not begun")
        status = ask(path, "status")
        assert [worker["responds"] for worker in status["workers"]] == [False, True]
        for count in (4, 5, 6, 7):
            director.write(tables=with_backends(count))
            with Client(path) as client:
                client.say("reload")
                answer = client.hear() if count == 7 else None
            director.wait_for_log("serving generation", count=count - 1 if count < 7 else 5)
        assert answer["error"]["code"] == "put_off"
        assert ask(path, "status")["last_reload"]["result"] == "put_off"
    director.wait_for_log("serving generation 6:", 30)
    assert ask(path, "reload")["ok"]
    director.stop()


def test_a_stop_answers_who_waits(director, path):
    director.write(tables=large_tables(8, 1000))
    with Client(path) as client:
        client.say("reload")
        director.wait_for_log("asked for on the control socket")
        director.stop(seconds=60)
        answer = client.hear()
    assert answer is None or answer.get("ok") or answer["error"] == {"code": "failed", "reason": "the director stops"}


# --- leave and log-level ---


def wait_for_end(process):
    """It ends by itself, well."""
    assert process.process.wait(timeout=60) == 0, process.log.read_text()


def test_a_director_that_leaves_is_not_ready_and_stops_when_it_is_quiet(director, path, glbctl):
    with Client(path) as one, Client(path) as other:
        one.say("leave", quiet_s=600, deadline_s=600)
        director.wait_for_log("leaving: stops when nothing was forwarded for 600 s, or in 600 s")
        status = ask(path, "status")
        assert (status["ready"], status["readiness"]) == (False, "leaving")
        assert "NOT READY" in call(glbctl, path, "status").stdout
        director.write(tables=with_backends(4))
        assert ask(path, "reload")["ok"], "it serves on"
        other.say("leave", quiet_s=1)  # in other words: those count now
        for answer in (one.hear(), other.hear()):
            assert answer["ok"] and answer["quiet"] is True and answer["forwarded"] == 0 and answer["took_ms"] >= 1000
        assert one.hear() is None
    wait_for_end(director)
    assert not path.exists()


def start_busy(process, path):
    """One whose port always has a packet."""
    capture = process.folder / "in.pcap"
    mac = "02:00:00:00:00:0b"
    wrpcap(str(capture), [Ether(dst=mac, src="02:00:00:00:00:aa") / IP(src="198.51.100.7", dst="192.0.2.10") / TCP(dport=80)])
    process.start(
        config=config(path, macs=[mac]), tables=NAMED, vdev=f"net_pcap0,rx_pcap={capture},infinite_rx=1", workers=1
    )


def test_traffic_keeps_it_until_the_time_is_over(process, path, glbctl):
    start_busy(process, path)
    done = call(glbctl, path, "leave", "--quiet", "1", "--deadline", "2", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer["quiet"] is False
    assert answer["took_ms"] >= 2000 and answer["forwarded"] > 0 and answer["received"] > 0
    assert answer["lost"] == 0
    wait_for_end(process)
    assert "left: time was up" in process.log.read_text()


def test_traffic_keeps_it_in_service_if_it_is_to_stay(process, path, glbctl):
    start_busy(process, path)
    done = call(glbctl, path, "leave", "--quiet", "1", "--deadline", "2", "--or-stay")
    assert done.returncode == 3 and "the director stays: after 2 s packets still arrive, " in done.stderr
    status = ask(path, "status")
    assert (status["ready"], status["readiness"]) == (True, "ready")
    assert "stays, and no longer leaves: after 2 s" in process.log.read_text()
    answer = ask(path, "leave", quiet_s=1, deadline_s=1)  # begins anew, and may stop
    assert answer["ok"] and 1000 <= answer["took_ms"] < 60000
    wait_for_end(process)


def test_a_director_that_leaves_can_be_told_to_stay(director, path, glbctl):
    assert call(glbctl, path, "stay").stdout == "the director was not leaving\n"
    with Client(path) as client:
        client.say("leave", quiet_s=600, deadline_s=600)
        director.wait_for_log("leaving: stops")
        done = call(glbctl, path, "stay")
        assert (done.returncode, done.stdout) == (0, "the director no longer leaves\n")
        assert client.hear()["error"] == {"code": "refused", "reason": "the director stays: it was told to"}
    status = ask(path, "status")
    assert (status["ready"], status["readiness"]) == (True, "ready")
    assert call(glbctl, path.with_name("control-ro.sock"), "stay").returncode == 3
    director.stop()


def test_a_stop_does_not_wait_for_what_leaves(director, path):
    with Client(path) as client:
        client.say("leave", quiet_s=600, deadline_s=600)
        director.wait_for_log("leaving: stops")
        director.stop()
        assert client.hear()["error"] == {"code": "failed", "reason": "the director stops"}


# --- upgrade ---


def test_an_interrupted_upgrade_leaves_the_director_in_service(process, path, glbctl):
    start_busy(process, path)
    words = [glbctl, "upgrade", "--socket", path, "--start", "exit 9", "--quiet", "600", "--deadline", "600"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as upgrade:
        process.wait_for_log("leaving: stops")
        upgrade.send_signal(signal.SIGINT)
        _, err = upgrade.communicate(timeout=60)
    assert upgrade.returncode == 3 and err.endswith(" is in service again\n"), err
    assert ask(path, "status")["ready"]
    process.stop(seconds=60)


def test_an_upgrade_whose_start_fails_says_that_the_host_is_out_of_service(director, path, glbctl):
    done = call(glbctl, path, "upgrade", "--start", "exit 7", "--quiet", "1")
    assert done.returncode == 1
    assert '"exit 7" ended with status 7; this host is out of service, ' in done.stderr
    wait_for_end(director)


def test_an_upgrade_does_not_begin_where_it_could_not_end(director, path, glbctl):
    done = call(glbctl, path, "upgrade", "--to", path)
    assert done.returncode == 2 and "--to needs --start" in done.stderr
    done = call(glbctl, path, "upgrade")  # would start a unit that is not this one's
    assert done.returncode == 2 and "a --socket of another director than that of glb-director needs --start" in done.stderr
    assert ask(path, "status")["ready"]
    done = call(glbctl, path, "upgrade", "--to", path, "--start", "true")
    assert done.returncode == 3 and "serves at " in done.stderr
    (director.folder / "tables.json").write_text("{")
    done = call(glbctl, path, "upgrade", "--start", "true")
    assert done.returncode == 3 and "would not start: --check ended with status 1" in done.stderr
    with Client(path) as client:
        client.say("leave", quiet_s=600, deadline_s=600)
        director.wait_for_log("leaving: stops")
        done = call(glbctl, path, "upgrade", "--start", "true")
    assert done.returncode == 3 and "is not in service, so there is nothing to hand over" in done.stderr
    director.stop()


def test_the_log_says_less_when_told_to(director, path, glbctl):
    assert call(glbctl, path, "log-level", "error").stdout == "log level error, was info\n"
    before = len(director.log.read_text())
    assert ask(path, "reload")["ok"]
    (director.folder / "tables.json").write_text("{")
    assert not ask(path, "reload")["ok"]
    director.wait_for_log("reload refused")
    lines = director.log.read_text()[before:].splitlines()
    assert lines and all("error: " in line for line in lines if "asked for" not in line), lines
    assert ask(path, "status")["log_level"] == "error"
    assert ask(path, "log-level", level="info")["was"] == "error"
    done = call(glbctl, path, "log-level", "debug")
    assert done.returncode == 1 and '"debug" is not error, warning or info' in done.stderr
    done = call(glbctl, path.with_name("control-ro.sock"), "leave")
    assert done.returncode == 3
    director.stop()


def test_a_program_that_gives_orders_all_the_time_does_not_fill_the_log(director, path):
    with Client(path) as client:
        for _ in range(200):
            assert client.ask("log-level", level="info")["ok"]
    assert 1 <= director.log.read_text().count("log level: asked for on the control socket") <= 10
