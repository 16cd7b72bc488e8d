# SPDX-License-Identifier: BSD-3-Clause
"""Damaged files: refused with the place and the reason, and never in the way of what is served."""

import json
import re
import subprocess

import pytest

import capture
from director import Director
from drivers import eal_options
from frames import CONFIG, TABLES, backend, ether, tcp, udp

GOOD = {"director.json": json.dumps(CONFIG, indent=1), "tables.json": json.dumps(TABLES, indent=1)}


def tables_with(change) -> str:
    """tables.json after change(web table)."""
    document = json.loads(GOOD["tables.json"])
    change(document["tables"][0])
    return json.dumps(document, indent=1)


DAMAGED = {
    "a truncated file": ("tables.json", GOOD["tables.json"][:300], ""),
    "an empty file": ("tables.json", "", "'[' or '{' expected near end of file"),
    "a bad address": (
        "tables.json",
        tables_with(lambda web: web["backends"][1].update(ip="10.0.0.300")),
        '$.tables[0].backends[1].ip: "10.0.0.300"',
    ),
    "a duplicate backend": (
        "tables.json",
        tables_with(lambda web: web["backends"].append(backend("10.0.0.1"))),
        "$.tables[0].backends[5].ip: duplicate backend 10.0.0.1",
    ),
    "a port of 70000": (
        "tables.json",
        tables_with(lambda web: web["binds"][2].update(port_end=70000)),
        "$.tables[0].binds[2].port_end: 70000",
    ),
    "a short seed": (
        "tables.json",
        tables_with(lambda web: web.update(seed="0f1e")),
        "$.tables[0].seed:",
    ),
    "a table without backends": (
        "tables.json",
        tables_with(lambda web: web.update(backends=[])),
        "$.tables[0].backends: ",
    ),
    "an IPv6 backend": (
        "tables.json",
        tables_with(lambda web: web["backends"].append(backend("fd00::1"))),
        "$.tables[0].backends[5].ip: an IPv6 backend",
    ),
    "no gateway": (
        "director.json",
        json.dumps({"outbound_src_ip": "198.18.0.1"}),
        "$.outbound_gateway_mac:",
    ),
    "no hash field": (
        "director.json",
        json.dumps({**CONFIG, "hash_fields": {"src_addr": False}}),
        "$.hash_fields:",
    ),
}


def names(complaint: str, damaged: str, place: str) -> bool:
    """Does a complaint name the file, a line and column, and the place?"""
    return bool(re.search(rf"/{re.escape(damaged)}:[1-9][0-9]*:[1-9][0-9]*: {re.escape(place)}", complaint))


def write(folder, contents: dict) -> list:
    """Both files; the arguments that name them."""
    for name, content in contents.items():
        (folder / name).write_text(content)
    return ["--config", folder / "director.json", "--tables", folder / "tables.json"]


@pytest.fixture(params=DAMAGED)
def damage(request):
    return DAMAGED[request.param]


@pytest.mark.parametrize("check", [["--check"], []], ids=["--check", "start"])
def test_a_director_does_not_start_with_a_damaged_file(glb_director, tmp_path, damage, check):
    """One line says where and why; the exit status is 1."""
    damaged, text, place = damage
    files = write(tmp_path, {**GOOD, damaged: text})
    command = [glb_director, *eal_options(1), "--vdev=net_null0", "--", *files, *check]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    complaints = [line for line in lines if "glb-director: error: " in line]
    assert len(complaints) == 1 and names(complaints[0], damaged, place)


def test_a_check_waits_for_a_slow_pipe(glb_director, tmp_path):
    """Nothing is in service yet that could be held up."""
    words = " ".join(map(str, write(tmp_path, GOOD)))
    words = words.replace(f"--tables {tmp_path}/tables.json", f"--tables <(sleep 2.2; cat {tmp_path}/tables.json)")
    done = subprocess.run(
        ["bash", "-c", f"{glb_director} -- --check {words}"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_good_files_pass_the_check(glb_director, tmp_path):
    files = write(tmp_path, GOOD)
    done = subprocess.run(
        [glb_director, "--", *files, "--check"], check=True, timeout=600, capture_output=True, text=True
    )
    assert done.stdout == (
        f"{files[1]}: hash_fields src_addr, 0 ports with settings of their own\n"
        f"{files[3]}: 2 tables, 9 binds, 8 backends (8 healthy)\n"
    )


def test_a_compiled_table_serves_like_its_source(glbctl, glb_director, tmp_path):
    files = write(tmp_path, GOOD)
    source, image = tmp_path / "tables.json", tmp_path / "tables.bin"
    subprocess.run([glbctl, "table", "build", source, image], check=True)
    capture.write(tmp_path / "in.pcap", [bytes(ether(tcp(sport=port))) for port in range(1, 100)])
    for tables in (source, image):
        command = [glbctl, "replay", *files[:3], tables, tmp_path / "in.pcap", f"{tables}.pcap"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    forwarded = capture.read(tmp_path / "tables.bin.pcap")
    assert len(forwarded) == 99 and forwarded == capture.read(tmp_path / "tables.json.pcap")
    subprocess.run([glb_director, "--", *files[:3], image, "--check"], check=True, timeout=600)


def test_a_reload_with_a_damaged_file_is_refused_and_the_old_tables_keep_serving(veth, damage):
    director = Director(veth, CONFIG, TABLES)
    flows = [ether(tcp()), ether(udp()), ether(tcp(dport=444))]
    director.send(*flows)

    damaged, text, place = damage
    complaints = veth.reload_in_vain(damaged, text)
    assert len(complaints) == 2
    assert names(complaints[0], damaged, place)
    assert "reload refused; generation " in complaints[1] and "keeps serving" in complaints[1]

    director.send(*flows)


def test_a_reload_without_the_file_is_refused_and_the_old_tables_keep_serving(veth):
    director = Director(veth, CONFIG, TABLES)
    director.send(ether(tcp()))
    complaints = veth.reload_in_vain("tables.json", None)
    assert "No such file" in complaints[0]
    director.send(ether(tcp()))


def test_a_good_reload_after_a_refused_one_is_served(veth):
    director = Director(veth, CONFIG, TABLES)
    director.send(ether(tcp()))
    veth.reload_in_vain("tables.json", "{")
    web, ranges = TABLES["tables"]
    director.with_tables(dict(web, seed=ranges["seed"]), ranges).send(ether(tcp()))
