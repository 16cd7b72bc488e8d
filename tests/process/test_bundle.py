# SPDX-License-Identifier: BSD-3-Clause
"""Does a support bundle contain what it promises, name what is missing, and contain no key in any form?"""

import base64
import json
import socket
import stat
import subprocess
import tarfile

from process import CONFIG, TABLES

KEY, SEED = (TABLES["tables"][0][name] for name in ("hash_key", "seed"))
MISSPELT = "0badc0de0badc0de0badc0de0badc0de"


def bundle_of(glbctl, folder, *words, status=0, name="bundle.tar.gz", environment=None):
    """The members of a bundle by name, and what people and machines get to read."""
    done = subprocess.run(
        [glbctl, "support-bundle", "--json", "--write", folder / name, *words],
        capture_output=True, text=True, timeout=600, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    if status:
        return {}, done.stderr
    members = {}
    with tarfile.open(folder / name) as tar:
        for member in tar:
            assert member.isfile() and member.mode == 0o600 and not member.name.startswith("/") and ".." not in member.name
            members[member.name.removeprefix("glb-support/")] = tar.extractfile(member).read()
    return members, json.loads(done.stdout)


def forms_of(key):
    """How a key could appear in a text: 16 bytes, their digits, and their letters at each offset in base64."""
    raw = bytes.fromhex(key)
    yield raw
    yield key.encode()
    yield key.upper().encode()
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw).rstrip(b"=")
        yield text[4 * (before > 0) : -1]  # less what depends on neighbours


def assert_no_key(members):
    for key in (KEY, SEED, MISSPELT):
        for form in forms_of(key):
            for name, content in members.items():
                assert form not in content, (name, form)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_bundle_of_a_running_director_has_everything_but_keys(process, glbctl, tmp_path):
    control = tmp_path / "control.sock"
    listen = f"127.0.0.1:{free_port()}"
    table = {**TABLES["tables"][0], "name": "web", "_comment": f"once {KEY.upper()}, now see seed", "sede": MISSPELT}
    config = {**CONFIG, "control_socket": str(control), "http_listen": listen, "comment": SEED}
    process.start(config=config, tables={"tables": [table]})
    members, answer = bundle_of(glbctl, tmp_path, "--socket", control)
    assert stat.S_IMODE((tmp_path / "bundle.tar.gz").stat().st_mode) == 0o600
    assert_no_key(members)

    masked = json.loads(members["tables.json"])
    (seen,) = masked["tables"]
    assert (seen["hash_key"], seen["seed"], seen["sede"]) == ("(masked)",) * 3
    assert seen["binds"] == table["binds"] and seen["backends"] == table["backends"] and seen["name"] == "web"
    assert seen["_comment"] == f"once {'x' * 32}, now see seed"
    assert json.loads(members["director.json"])["outbound_src_ip"] == CONFIG["outbound_src_ip"]
    assert json.loads(members["answers/status.json"])["pid"] == process.process.pid
    for verb in ("stats", "tables", "backends", "workers", "ports", "stalls", "meters", "top"):
        assert json.loads(members[f"answers/{verb}.json"])["ok"] is True
    assert json.loads(members["answers/tables.json"])["tables"][0]["digest"] != "x" * 32, "digests are no keys"
    assert b"glb_worker_poll_gap_seconds_bucket" in members["metrics.txt"]
    assert b"ok director.ready" in members["doctor.txt"]
    for name in ("proc/version", "proc/cpuinfo", "proc/meminfo", f"proc/{process.process.pid}/status", "ip-link.txt"):
        assert members[name], name
    workers = [name for name in members if "/task/" in name and b"worker" in members[name].partition(b"\n")[0]]
    assert workers, "the kernel's view of worker threads"

    manifest = members["MANIFEST"].decode()
    assert {one["name"] for one in answer["members"]} == set(members) - {"MANIFEST"}
    for name in members:
        assert name == "MANIFEST" or f"\n{name}\t{len(members[name])} bytes" in manifest
    lacks = {one["name"]: one["reason"] for one in answer["left_out"]}
    assert "log.txt" in lacks or "log.txt" in members
    for name, reason in lacks.items():
        assert f"\n{name}\t{reason}\n" in manifest
    process.stop()


def test_a_bundle_never_takes_the_place_of_anything(glbctl, tmp_path):
    taken = tmp_path / "bundle.tar.gz"
    taken.write_text("mine")
    _, error = bundle_of(glbctl, tmp_path, "--socket", tmp_path / "none.sock", status=1)
    assert error == f"glbctl: error: {taken}: is there already, and is left as it is\n"
    assert taken.read_text() == "mine"
    taken.unlink()
    taken.symlink_to(tmp_path / "elsewhere")
    bundle_of(glbctl, tmp_path, "--socket", tmp_path / "none.sock", status=1)
    assert not (tmp_path / "elsewhere").exists()


def test_without_a_director_the_rest_is_there_and_the_manifest_says_why(glbctl, tmp_path):
    (tmp_path / "director.json").write_text(json.dumps(CONFIG))
    (tmp_path / "tables.json").write_text(json.dumps(TABLES)[:-1] + ", ")  # no JSON any more
    members, answer = bundle_of(glbctl, tmp_path, "--config", tmp_path / "director.json", "--tables", tmp_path / "tables.json")
    assert_no_key(members)
    lacks = {one["name"]: one["reason"] for one in answer["left_out"]}
    assert "is not JSON" in lacks["tables.json"] and "tables.json" not in members
    assert "director.json" in members and b"problem files.content" in members["doctor.txt"]

    members, answer = bundle_of(glbctl, tmp_path, "--socket", tmp_path / "none.sock", name="other.tar.gz")
    lacks = {one["name"]: one["reason"] for one in answer["left_out"]}
    assert "no director serves there" in lacks["status.json"]
    assert b"problem director.answers" in members["doctor.txt"] and "proc/version" in members


def test_a_log_that_holds_a_key_loses_it(glbctl, tmp_path):
    """Whichever program logged it: an operator's shell, or another program of the unit."""
    programs = tmp_path / "bin"
    programs.mkdir()
    journal = programs / "journalctl"
    journal.write_text(f'#!/bin/sh\necho "$*"\necho "key {KEY} and {SEED.upper()}{KEY}" >&2\nexit 3\n')
    journal.chmod(0o755)
    (tmp_path / "tables.json").write_text(json.dumps(TABLES))
    members, answer = bundle_of(
        glbctl, tmp_path, "--tables", tmp_path / "tables.json", environment={"PATH": f"{programs}:/usr/bin:/bin"}
    )
    assert_no_key(members)
    lines = members["log.txt"].decode().splitlines()
    assert lines[0].endswith("-u glb-director.service") and lines[1] == f"key {'x' * 32} and {'x' * 64}"
    (log,) = (one["about"] for one in answer["members"] if one["name"] == "log.txt")
    assert log.endswith(", in which 3 keys were masked")
    assert "ended with status 3" in {one["name"]: one["reason"] for one in answer["left_out"]}["log.txt"]


def test_a_full_disk_leaves_no_half_of_a_bundle(glbctl, tmp_path):
    done = subprocess.run(
        ["prlimit", "--fsize=4096", glbctl, "support-bundle", "--socket", tmp_path / "no", "--write", tmp_path / "b.tar.gz"],
        capture_output=True, text=True, timeout=600, check=False, preexec_fn=lambda: __import__("signal").signal(25, 1),
    )  # fmt: skip
    assert done.returncode == 1 and "b.tar.gz: File too large" in done.stderr
    assert not (tmp_path / "b.tar.gz").exists()
