# SPDX-License-Identifier: BSD-3-Clause
"""The deny file of a running director: read with director.json, and refused as a whole when a line is wrong."""

import contextlib
import json
import os
import signal
import subprocess

import pytest
from control import Client, ask
from device import PORT, VIP
from netns import wait_until
from process import CONFIG

FLOW = {"src_port": 1024, "dst": VIP, "dst_port": PORT, "proto": "tcp"}


@pytest.fixture
def deny(process):
    return process.folder / "deny.conf"


@pytest.fixture
def config(process, deny):
    return {**CONFIG, "deny": str(deny), "control_socket": str(process.folder / "control.sock")}


def status(config):
    return ask(config["control_socket"], "status")["deny"]


def denied_by(config, source):
    return ask(config["control_socket"], "lookup", src=source, **FLOW)["denied_by"]


def test_a_reload_puts_another_deny_file_in_force(process, deny, config):
    deny.write_text("# nobody\n")
    process.start(config=config)
    assert "; 0 prefixes denied [event=served" in process.log.read_text()
    nobody = status(config)
    assert (nobody["file"], nobody["prefixes"]) == (str(deny), 0)
    deny.write_text("\n198.51.100.0/24 # them\n2001:db8::/32\n")
    process.signal(signal.SIGHUP)
    process.wait_for_log("; 2 prefixes denied")
    assert status(config)["prefixes"] == 2 and status(config)["digest"] != nobody["digest"]
    assert denied_by(config, "198.51.100.9") == {"prefix": "198.51.100.0/24", "file": str(deny), "line": 2}
    assert denied_by(config, "198.51.101.9") is None
    process.write(config={key: config[key] for key in config if key != "deny"})
    process.signal(signal.SIGHUP)
    process.wait_for_log("serving generation 3:")
    assert status(config) is None and denied_by(config, "198.51.100.9") is None
    process.signal(signal.SIGTERM)


def test_a_bad_deny_file_is_refused_with_its_line_and_the_list_in_force_stays(process, deny, config):
    """Not even the tables are taken: a reload is one step. Those alone are, as they do not need the file."""
    deny.write_text("198.51.100.0/24\n")
    process.start(config=config)
    before = status(config)
    deny.write_text("198.51.100.0/24\n\n  198.51.100.0/42\n0.0.0.0/0\n")
    refused = ask(config["control_socket"], "reload")["error"]
    assert [(one["file"], one["line"], one["column"]) for one in refused["problems"]] == [
        (str(deny), 3, 3), (str(deny), 4, 1),
    ]
    process.wait_for_log(
        f'error: {deny}:3:3: "198.51.100.0/42" is not an IPv4 or IPv6 address or prefix'
    )
    assert status(config) == before and ask(config["control_socket"], "status")["reloads"]["refused"] == 1
    deny.unlink()
    assert not ask(config["control_socket"], "reload")["ok"]
    assert ask(config["control_socket"], "reload", tables_only=True)["ok"]
    assert status(config) == before and denied_by(config, "198.51.100.9")["line"] == 1
    deny.write_text("")
    assert ask(config["control_socket"], "reload")["ok"]
    assert status(config)["prefixes"] == 0


def test_a_deny_file_is_reloaded_alone_and_everything_else_stays(process, deny, config, glbctl):
    """Whatever the other files say by now."""
    deny.write_text("")
    process.start(config=config)
    before = ask(config["control_socket"], "status")
    for name in ("director.json", "tables.json"):
        (process.folder / name).write_text("{")
    deny.write_text("198.51.100.0/24\n203.0.113.7\n")
    reply = ask(config["control_socket"], "reload", deny_only=True)
    assert (reply["generation"], reply["deny_only"], reply["tables_only"], reply["changes"]) == (2, True, False, [])
    assert reply["deny"] == status(config) and reply["deny"]["prefixes"] == 2
    assert reply["tables"] == before["tables"]
    assert denied_by(config, "203.0.113.7")["line"] == 2
    process.wait_for_log(": reload of the deny file: asked for on the control socket")
    deny.write_text("198.51.100.0/24\n")
    command = [glbctl, "--socket", config["control_socket"], "reload"]
    done = subprocess.run([*command, "--deny-only"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["no table changed", f"{deny}: 1 prefix is denied"]
    deny.write_text("198.51.100.0/24\n\nnobody\n")
    done = subprocess.run([*command, "--deny-only"], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and f'{deny}:3:1: "nobody" is not an IPv4 or IPv6 address or prefix' in done.stderr
    assert status(config)["prefixes"] == 1 and ask(config["control_socket"], "status")["generation"] == 3
    done = subprocess.run([*command, "--deny-only", "--tables-only"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "glbctl: error: --tables-only and --deny-only exclude each other"


def test_without_a_deny_file_there_is_nothing_to_reload_alone(process, config):
    process.start(config={key: config[key] for key in config if key != "deny"})
    error = ask(config["control_socket"], "reload", deny_only=True)["error"]
    assert (error["code"], error["generation"]) == ("refused", 1)
    assert error["reason"] == (
        f'the configuration in force names no deny file: "deny" in {process.folder}/director.json, '
        "and a reload of everything"
    )


def test_a_reload_of_the_deny_file_does_not_pass_for_one_of_the_tables(process, deny, config):
    """Last good tables stay what they are, until the tables file is read and good."""
    deny.write_text("")
    state = process.folder / "state"
    state.mkdir()
    config = {**config, "state_directory": str(state)}
    process.start(config=config)
    process.stop()
    process.start(config=config, tables={"tables": []})
    assert ask(config["control_socket"], "status")["serving_last_good"]
    deny.write_text("198.51.100.0/24\n")
    assert ask(config["control_socket"], "reload", deny_only=True)["deny"]["prefixes"] == 1
    assert ask(config["control_socket"], "status")["serving_last_good"]
    assert "is valid again" not in process.log.read_text()


def test_each_request_is_answered_by_the_build_of_what_it_asked_for(process, deny, config):
    """Those made while a deny file is read: the tables are served although the deny file is bad by then."""
    deny.write_text("")
    process.start(config=config)
    deny.unlink()
    os.mkfifo(deny)
    with contextlib.ExitStack() as stack:
        first, tables, second = (stack.enter_context(Client(config["control_socket"])) for _ in range(3))
        first.say("reload", deny_only=True)
        with open(deny, "w", encoding="ascii") as pipe:  # it is being read
            second.say("reload", deny_only=True)
            tables.say("reload", tables_only=True)
            wait_until(lambda: process.log.read_text().count("[event=order") == 3, "three orders")
            pipe.write("198.51.100.0/24\n")
        assert first.hear()["deny"]["prefixes"] == 1
        reply = tables.hear()
        assert reply["ok"] and reply["tables_only"] and not reply["deny_only"]
        with open(deny, "w", encoding="ascii") as pipe:
            pipe.write("nobody\n")
        assert second.hear()["error"]["problems"][0]["line"] == 1
    assert status(config)["prefixes"] == 1


def test_a_start_with_a_bad_deny_file_serves_without_and_says_so(process, deny, config, glbctl):
    deny.write_text("everybody\n")
    process.start(config=config)
    process.wait_for_log(f"warning: SERVING WITHOUT A LIST OF DENIED SOURCES, as {deny} is invalid")
    assert status(config) == {"file": str(deny), "prefixes": None, "digest": None}
    shown = subprocess.run(
        [glbctl, "--socket", config["control_socket"], "status"], capture_output=True, text=True, check=True
    )
    assert f"NO SOURCE IS DENIED: {deny} was invalid at start" in shown.stdout
    deny.write_text("198.51.100.0/24\n")
    assert ask(config["control_socket"], "reload")["ok"]
    assert status(config)["prefixes"] == 1


def test_a_check_of_the_files_refuses_a_bad_deny_file(process, deny, config):
    deny.write_text("everybody\n")
    done = subprocess.run(process.command(config=config, more=["--check"]), capture_output=True, text=True, check=False)
    assert done.returncode == 1 and f"{deny}:1:1: " in done.stderr


def test_glbctl_checks_a_deny_file_and_says_whom_it_denies(deny, glbctl):
    def check(*more):
        return subprocess.run([glbctl, "deny", "check", *more], capture_output=True, text=True, check=False)

    deny.write_text("198.51.100.0/24\n2001:db8::/32\n198.51.100.7\n")
    done = check(deny, "198.51.100.7", "198.51.100.8", "192.0.2.1", "2001:db8:1::")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == [
        f"198.51.100.7 is denied by 198.51.100.7/32 ({deny}:3)",
        f"198.51.100.8 is denied by 198.51.100.0/24 ({deny}:1)",
        "192.0.2.1 is not denied",
        f"2001:db8:1:: is denied by 2001:db8::/32 ({deny}:2)",
    ]
    told = json.loads(check("--json", deny, "198.51.100.7").stdout)
    assert told["prefixes"] == 3 and told["addresses"] == [
        {"ip": "198.51.100.7", "denied_by": "198.51.100.7/32", "line": 3}
    ]
    deny.write_text("198.51.100.1/24\n")
    assert check(deny).returncode == 0 and "has host bits" in check(deny).stderr
    assert check("--strict", deny).returncode == 1
    assert check(deny, "nobody").returncode == 2
