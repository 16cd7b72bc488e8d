# SPDX-License-Identifier: BSD-3-Clause
"""Does a running director reply to any input on its control socket, and does glbctl understand the replies?"""

import grp
import json
import os
import pwd
import random
import re
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from control import Client, ask
from process import CONFIG, TABLES

NAMED = {"tables": [{**TABLES["tables"][0], "name": "web"}]}


@pytest.fixture
def paths(tmp_path):
    return tmp_path / "control.sock", tmp_path / "control-ro.sock"


@pytest.fixture
def director(process, paths):
    """One that serves at a socket in the folder of the test."""
    process.start(config=config(paths), tables=NAMED, workers=2)
    return process


def config(paths, **keys):
    return {**CONFIG, "control_socket": str(paths[0]), **keys}


def glbctl_at(glbctl, path, *words):
    return subprocess.run(
        [glbctl, "--socket", path, *words], capture_output=True, text=True, timeout=600, check=False
    )


# --- what it answers ---


def test_every_verb_that_looks_is_answered_on_both_sockets(director, paths, glbctl):
    shown = json.loads(
        subprocess.run(
            [glbctl, "table", "show", "--json", director.folder / "tables.json"], capture_output=True, check=True
        ).stdout
    )
    for path in paths:
        with Client(path) as client:
            status = client.ask("status")
            assert status["glb"] == 1 and status["ok"] is True
            assert status["ready"] is True and status["generation"] == 1 and status["pid"] == director.process.pid
            assert status["tables"] == [{"table": 0, "name": "web", "digest": shown["tables"][0]["digest"]}]
            assert [worker["generation"] for worker in status["workers"]] == [1, 1]
            assert re.fullmatch(r"\d+\.\d+\.\d+.*", status["version"])
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", status["started"])
            assert status["last_reload"] is None and status["reloads"] == {"done": 0, "refused": 0, "put_off": 0}
            (port,) = client.ask("ports")["ports"]
            assert (port["name"], port["mtu"], port["gateway_mac"]) == ("net_null0", 1500, "02:00:00:00:00:99")
            assert status["ports"] == [port]
            assert [worker["worker"] for worker in client.ask("workers")["workers"]] == [0, 1]
            (table,) = client.ask("tables", table="web")["tables"]
            assert (table["backends"], table["binds"]) == (3, ["192.0.2.10 tcp 80"])
            backends = client.ask("backends")["backends"]
            assert [one["ip"] for one in backends] == ["10.0.0.21", "10.0.0.22", "10.0.0.23"]
            assert all(one["healthy"] and one["state"] == "active" for one in backends)
            stats = client.ask("stats")
            assert [one["table"] for one in stats["tables"]] == ["web"]
            assert len(stats["backends"]) == 3 and len(stats["workers"]) == 2


def test_stats_have_every_counter_of_the_log(director, paths):
    stats = ask(paths[0], "stats")
    names = set(stats["counters"]) | {"unlisted_packets", "unlisted_bytes"}
    for one in stats["tables"] + stats["backends"]:
        names |= set(one) - {"table", "backend"}
    _, counters = director.stop()
    assert names == {name.partition("{")[0] for name in counters}


def test_glbctl_prints_for_people_and_machines(director, paths, glbctl):
    for verb, words in {
        "status": ("ready, generation 1", "web", "net_null0", "WORKER"),
        "tables": ("DIGEST", "192.0.2.10 tcp 80"),
        "backends": ("BACKEND", "10.0.0.22"),
        "workers": ("LCORE", "RESPONDS"),
        "ports": ("GATEWAY_MAC", "02:00:00:00:00:99"),
        "stats": ("drop_no_gateway 0\n", 'table_packets{table="web"} 0\n'),
    }.items():
        done = glbctl_at(glbctl, paths[0], verb)
        assert (done.returncode, done.stderr) == (0, ""), verb
        assert all(word in done.stdout for word in words), done.stdout
        done = glbctl_at(glbctl, paths[1], verb, "--json")
        answer = json.loads(done.stdout)
        assert done.returncode == 0 and answer["ok"] and done.stdout.count("\n") == 1
        assert answer.keys() == ask(paths[0], verb).keys()
    done = glbctl_at(glbctl, paths[0], "stats", "--rate", "--nonzero")
    assert (done.returncode, done.stdout) == (0, "")
    done = glbctl_at(glbctl, paths[0], "backends", "--table", "wbe")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", 'glbctl: error: there is no table "wbe"\n')


def test_a_lookup_says_what_the_same_of_the_file_does(director, paths, glbctl):
    chosen = random.Random(7)
    for _ in range(20):
        flow = [f"198.51.{chosen.randrange(256)}.{chosen.randrange(256)}", str(chosen.randrange(65536)), "192.0.2.10", "80"]
        offline = subprocess.run(
            [glbctl, "table", "lookup", "--json", "--config", director.folder / "director.json",
             director.folder / "tables.json", *flow],
            capture_output=True, check=True,
        )  # fmt: skip
        online = json.loads(glbctl_at(glbctl, paths[1], "lookup", "--json", *flow).stdout)
        told = json.loads(offline.stdout)
        assert online == {"glb": 1, "ok": True, "generation": 1, **told, "denied_by": None, "metered_by": None}
        done = glbctl_at(glbctl, paths[0], "lookup", *flow)
        assert done.returncode == 0 and f"hops {', '.join(online['hops'])}\n" in done.stdout
    for words, reason in {
        ("198.51.100.7", "1", "192.0.2.10", "81"): "no bind matches this flow",
        ("198.51.100.7", "192.0.2.10", "80"): "the row depends on the source port, which was not given",
        ("::1", "1", "192.0.2.10", "80"): "::1 and 192.0.2.10 are not of one IP version",
    }.items():
        done = glbctl_at(glbctl, paths[0], "lookup", *words)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"glbctl: error: {reason}\n")


def test_glbctl_says_why_there_is_no_answer(director, paths, glbctl):
    def reason(path, *words):
        done = glbctl_at(glbctl, path, *words)
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr.removeprefix(f"glbctl: error: {path}: ").rstrip()

    assert reason(paths[0].parent / "none.sock", "status").startswith("no director serves there")
    director.signal(signal.SIGSTOP)
    assert reason(paths[0], "status") == "no answer within 10 s: the director is stopped, or very busy"
    director.signal(signal.SIGCONT)
    director.signal(signal.SIGKILL)
    director.process.wait()
    assert reason(paths[0], "status") == "no director listens there: the one that did is gone"


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone is somebody else")
def test_others_may_look_and_no_more(director, paths, glbctl):
    owner, group = pwd.getpwuid(0).pw_name, grp.getgrgid(os.getegid()).gr_name
    for folder in (paths[0].parent, *list(paths[0].parents)[1:4]):
        if stat.S_IMODE(folder.stat().st_mode) & 0o001 == 0 and str(folder) != "/":
            folder.chmod(folder.stat().st_mode | 0o011)

    def as_nobody(*words):
        return subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", glbctl, "--socket", paths[0], *words],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    done = as_nobody("status")
    if "Permission denied" in done.stderr and "setpriv" in done.stderr:
        pytest.skip("the build directory is closed to others")
    assert done.returncode == 0 and "ready, generation 1" in done.stdout
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o660, 0o666]
    assert owner and group


# --- what it does not ---


REFUSED = (
    ("", "request:1:1: '[' or '{' expected near end of file"),
    ("nonsense", "request:1:1: '[' or '{' expected near 'nonsense'"),
    ("[]", "request:1:1: $: is an array, expected an object"),
    ("{}", "request:1:1: $.glb: is missing"),
    ('{"glb": 2, "verb": "status"}', "request:1:9: $.glb: version 2 of the protocol is not known, only 1"),
    ('{"glb": 1}', "request:1:1: $.verb: is missing"),
    ('{"glb": 1, "verb": 7}', "request:1:20: $.verb: is a number, expected a string"),
    ('{"glb": 1, "verb": "stauts"}', 'request:1:20: $.verb: unknown verb "stauts"; did you mean "status"?'),
    ('{"glb": 1, "verb": "frobnicate"}', 'request:1:20: $.verb: unknown verb "frobnicate"'),
    ('{"glb": 1, "verb": "tables", "tabel": "web"}', 'request:1:39: $.tabel: unknown key; did you mean "table"?'),
    ('{"glb": 1, "verb": "status", "table": "web"}', "request:1:39: $.table: unknown key"),
    ('{"glb": 1, "verb": "tables", "table": 7}', "request:1:39: $.table: is a number, expected a string"),
    ('{"glb": 1, "verb": "lookup", "src": "1.2.3.4"}', "request:1:1: $.dst: is missing"),
    (
        '{"glb": 1, "verb": "lookup", "src": "x", "dst": "::1", "dst_port": 65536}',
        'request:1:37: $.src: "x" is not an IPv4 or IPv6 address',
    ),
    ('{"glb": 1, "verb": "reload", "tables_only": true, "deny_only": true}', "request:1:64: $.deny_only: excludes tables_only: each is a reload of its own"),
    ('{"glb": 1, "verb": "reload", "tables_only": 1}', "request:1:45: $.tables_only: is a number, expected true or false"),
    ('{"glb": 1, "verb": "tables", "table": "no"}', 'there is no table "no"'),
)


def test_what_makes_no_sense_is_refused_by_name(director, paths):
    with Client(paths[1]) as client:
        for line, reason in REFUSED:
            client.send(line + "\n")
            answer = client.hear()
            assert answer["ok"] is False, line
            assert (answer["error"]["code"], answer["error"]["reason"]) == ("bad_request", reason), line
        assert client.ask("status")["ok"]


def hostile_lines(count):
    """Random bytes, and requests with bytes changed, cut and doubled; the same in every run."""
    chosen = random.Random(12)
    good = [b'{"glb": 1, "verb": "status"}', b'{"glb":1,"verb":"backends","table":"web"}', b'{"glb": 1, "verb": "stats"}',
        b'{"glb":1,"verb":"lookup","src":"198.51.100.7","src_port":4,"dst":"192.0.2.10","dst_port":80,"proto":"tcp"}',
        b'{"glb":1,"verb":"trace","filter":[[40,0,0,12],[21,0,1,2048],[6,0,0,1],[6,0,0,0]],"verdicts":["drop"],"seconds":1}',
        b'{"glb":1,"verb":"trace-next","trace":99999}']
    for _ in range(count):
        if chosen.random() < 0.3:
            line = chosen.randbytes(chosen.randrange(300))
        else:
            line = bytearray(chosen.choice(good))
            for _ in range(chosen.randrange(1, 6)):
                at = chosen.randrange(len(line) + 1)
                change = chosen.randrange(4)
                if change == 0:
                    line[at : at + 1] = chosen.randbytes(1)
                elif change == 1:
                    line[at : at + chosen.randrange(8)] = b""
                elif change == 2:
                    line[at:at] = chosen.choice([b"{", b"[", b'"', b"\\u0000", b"\xff", b"1e999", b'"verb":', b"\x1b[2J"])
                else:
                    line[at:at] = line[: chosen.randrange(len(line) + 1)]
        yield bytes(line).replace(b"\n", b" ")


def test_ten_thousand_hostile_lines_get_an_answer_each(director, paths):
    lines = list(hostile_lines(10000))
    refused = 0
    with Client(paths[0]) as client, Client(paths[1]) as other:
        for start in range(0, len(lines), 100):
            some = lines[start : start + 100]
            writer = threading.Thread(target=client.send, args=(b"\n".join(some) + b"\n",))
            writer.start()
            for _ in some:
                line = client.lines.readline().decode().rstrip("\n")
                assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in line), "it may be shown on a terminal"
                refused += not json.loads(line)["ok"]
            writer.join()
            assert other.ask("status")["ok"]
    assert refused > 9000
    director.stop()


def test_silent_slow_flooding_and_leaving_clients_cost_only_themselves(director, paths):
    silent = [Client(paths[0]) for _ in range(10)]
    half = Client(paths[0])
    half.send('{"glb": 1, "ver')
    deaf = Client(paths[0])
    flood = b'{"glb": 1, "verb": "stats"}\n' * 1000
    deaf.socket.settimeout(2)
    with pytest.raises(TimeoutError):  # replies are not read, so requests are not taken any more
        for _ in range(1000):
            deaf.send(flood)
    ended = threading.Event()

    def leave():
        while not ended.is_set():
            with Client(paths[0]) as client:
                client.say("stats")

    def shout():
        with Client(paths[0]) as client:
            while not ended.is_set():
                client.send(flood[:2800])
                for _ in range(100):
                    client.hear()

    others = [threading.Thread(target=work) for work in (leave, shout)]
    for other in others:
        other.start()
    for _ in range(200):
        assert ask(paths[0], "status")["ok"]
    ended.set()
    for other in others:
        other.join()
    with Client(paths[1]) as long:
        long.send(b"x" * 65536 + b"\n")
        assert long.hear()["error"]["code"] == "bad_request"
        long.send(b"x" * 70000)
        assert long.hear()["error"]["reason"] == "a request is longer than 65536 bytes"
        assert long.hear() is None
    for client in (*silent, half, deaf):
        client.close()
    director.stop()


def test_a_client_too_many_is_told_so(director, paths):
    crowd = [Client(paths[1]) for _ in range(64)]
    for client in crowd:
        client.send("{")
        time.sleep(0.001)
    with Client(paths[1]) as late:
        assert late.hear()["error"] == {"code": "busy", "reason": "too many clients, all of them busy"}
    assert ask(paths[0], "status")["ok"], "operators have a socket of their own"
    for client in crowd:
        client.close()


# --- where it is ---


def test_a_path_that_somebody_has_refuses_the_start_and_names_him(director, paths, glbctl, glb_director, tmp_path):
    other = type(director)(glb_director, tmp_path / "other")
    other.folder.mkdir()
    other.launch(config=config(paths))
    assert other.process.wait(timeout=60) == 1
    message = f"$.control_socket: {paths[0]}: socket path taken: glb-director, process {director.process.pid}, listens there"
    assert message in other.log.read_text()
    assert glbctl_at(glbctl, paths[0], "status").returncode == 0
    director.stop()
    assert not any(path.exists() for path in paths)


def test_a_socket_that_was_left_is_taken_over(process, paths):
    process.start(config=config(paths))
    process.signal(signal.SIGKILL)
    process.process.wait()
    assert paths[0].is_socket()
    process.start(config=config(paths))
    assert ask(paths[0], "status")["ok"]
    process.stop()
    for path in paths:
        path.write_text("no socket")
    process.launch(config=config(paths))
    assert process.process.wait(timeout=60) == 1
    assert "socket path taken by a file that is not a socket" in process.log.read_text()
    assert paths[0].read_text() == "no socket"


def test_without_a_path_it_serves_where_the_service_manager_says(process, tmp_path):
    folder = tmp_path / "run"
    process.write_default = True
    plain = {key: value for key, value in CONFIG.items() if key != "control_socket"}
    command = process.command

    def keep_default(**options):
        made = command(**options)
        (process.folder / "director.json").write_text(json.dumps(plain))
        return made

    process.command = keep_default
    process.start(environment={"RUNTIME_DIRECTORY": f"{folder}:/elsewhere"})
    assert ask(folder / "control.sock", "status")["ok"]
    assert ask(folder / "control-ro.sock", "status")["ok"]
    process.stop()

    process.start(environment={"RUNTIME_DIRECTORY": str(tmp_path / "no" / "such")})
    assert "warning: no control socket: " in process.log.read_text()
    process.stop()


def test_without_a_socket_there_is_none(process, paths):
    process.start(config={**CONFIG, "control_socket": ""})
    assert not paths[0].exists() and "control socket" not in process.log.read_text()
    process.stop()


def test_no_descriptor_is_no_way_to_stop_it(process, paths):
    """Connections that cannot be taken wait, and are taken later."""
    process.start(config=config(paths))
    used = len(os.listdir(f"/proc/{process.process.pid}/fd"))
    subprocess.run(["prlimit", f"--nofile={used + 3}", "--pid", str(process.process.pid)], check=True)
    crowd = []
    for _ in range(8):
        crowd.append(socket.socket(socket.AF_UNIX))
        crowd[-1].connect(str(paths[0]))
    process.wait_for_log("cannot take a connection: Too many open files")
    for client in crowd:
        client.close()
    assert ask(paths[0], "status")["ok"]
    process.stop()
