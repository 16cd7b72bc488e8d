# SPDX-License-Identifier: BSD-3-Clause
"""The deny file of a running director: read with director.json, and refused as a whole when a line is wrong."""

import json
import signal
import subprocess

import pytest
from control import ask
from device import PORT, VIP
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
