# SPDX-License-Identifier: BSD-3-Clause
"""The tables that were served last: kept, and served at a start whose tables file is no good."""

import copy
import json
import os
import signal
import subprocess

import pytest
from manager import Manager
from netns import wait_until
from process import CONFIG, TABLES, large_tables

NAMED = copy.deepcopy(TABLES)
NAMED["tables"][0]["name"] = "web"
LOUD = "warning: SERVING THE LAST GOOD TABLES, of 2"


@pytest.fixture
def state(process):
    """The directory, which the service manager names, and what a start is given of it."""
    directory = process.folder / "state"
    directory.mkdir()
    return directory


def environment(state, *more):
    return {"STATE_DIRECTORY": ":".join(map(str, (state, *more)))}


def kept(state):
    return state / "last-good.glbd"


def wait_until_kept(state, before=b""):
    wait_until(lambda: kept(state).exists() and kept(state).read_bytes() != before, "the image", 20)
    return kept(state).read_bytes()


def digests(glbctl, path):
    done = subprocess.run([glbctl, "table", "show", "--json", path], capture_output=True, text=True, check=True)
    return [table["digest"] for table in json.loads(done.stdout)["tables"]]


def break_tables(process):
    (process.folder / "tables.json").write_text('{"tables": [')


def start_again(process, state, how, **more):
    """Start it with files as they are by now."""
    command = process.command(**more)
    how()
    with open(process.log, "wb") as log:
        process.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            env={**os.environ, **environment(state)}, start_new_session=True,
        )
    return process.process


def ended_with(process, status):
    wait_until(lambda: process.process.poll() is not None, "its end", 30)
    assert process.process.returncode == status, process.log.read_text()
    return process.log.read_text()


def test_what_is_served_is_kept_for_its_owner_alone_and_follows_good_reloads(process, state, glbctl):
    """With names, which its version has; a refused reload leaves it alone. The first of several directories counts."""
    process.start(tables=NAMED, environment=environment(state, process.folder / "none"))
    image = wait_until_kept(state)
    assert kept(state).stat().st_mode & 0o7777 == 0o600
    assert image[:4] == b"GLBD" and image[4] == 3 and b"web" in image
    assert digests(glbctl, kept(state)) == digests(glbctl, process.folder / "tables.json")
    process.write(tables=large_tables(2, 3))
    process.signal(signal.SIGHUP)
    changed = wait_until_kept(state, image)
    assert digests(glbctl, kept(state)) == digests(glbctl, process.folder / "tables.json")
    break_tables(process)
    process.signal(signal.SIGHUP)
    process.wait_for_log("reload refused")
    process.stop()
    assert kept(state).read_bytes() == changed
    assert sorted(path.name for path in state.iterdir()) == ["last-good.glbd"]


@pytest.mark.parametrize("way", ["missing", "broken"])
def test_a_start_without_its_tables_serves_the_last_good_ones_until_they_are_mended(process, state, way):
    """Loudly: in the log, and in what the service manager shows."""
    process.start(tables=NAMED, environment=environment(state))
    image = wait_until_kept(state)
    process.stop()
    with Manager(str(process.folder / "notify")) as manager:
        os.environ.update(manager.environment())
        try:
            path = process.folder / "tables.json"
            start_again(process, state, path.unlink if way == "missing" else lambda: break_tables(process))
        finally:
            del os.environ["NOTIFY_SOCKET"]
        process.wait_for_log(": ready:", 20)
        text = process.log.read_text()
        assert text.count(LOUD) == 1 and f"error: {path}:" in text and "1 table, 1 bind, 3 backends" in text
        status = manager.wait_for("READY")["STATUS"]
        assert "; THESE ARE THE LAST GOOD TABLES; started at " in status
        process.signal(signal.SIGHUP)
        process.wait_for_log("reload refused")
        process.write(tables=NAMED)
        process.signal(signal.SIGHUP)
        process.wait_for_log(f"info: {path} is valid again, and served")
        while "RELOAD REFUSED" in (status := manager.wait_for("STATUS")["STATUS"]) or "LAST GOOD" in status:
            pass
    process.stop()
    assert kept(state).read_bytes() == image


def test_a_start_is_refused_as_before_where_the_last_good_tables_are_no_help(process, state):
    """There are none, they are broken, or it is director.json that is; and --check never serves them."""
    both = lambda: break_tables(process)  # noqa: E731
    start_again(process, state, both)
    assert "LAST GOOD" not in ended_with(process, 1)
    process.start(tables=NAMED, environment=environment(state))
    image = wait_until_kept(state)
    process.stop()
    start_again(process, state, both, more=["--check"])
    assert "LAST GOOD" not in ended_with(process, 1)
    start_again(process, state, lambda: (process.folder / "director.json").write_text("{"))
    assert "LAST GOOD" not in ended_with(process, 1)
    kept(state).write_bytes(image[: len(image) // 2])
    start_again(process, state, both)
    text = ended_with(process, 1)
    assert "LAST GOOD" not in text and f"error: {kept(state)}: " in text


def test_the_configuration_may_name_another_directory_or_none(process, state):
    """The file beats the service manager."""
    other = process.folder / "other:s"
    other.mkdir()
    process.start(config={**CONFIG, "state_directory": str(other)}, environment=environment(state))
    wait_until_kept(other)
    process.write(config={**CONFIG, "state_directory": ""}, tables=large_tables(2, 3))
    before = kept(other).read_bytes()
    process.signal(signal.SIGHUP)
    process.wait_for_log("serving generation 2")
    process.stop()
    assert kept(other).read_bytes() == before and not kept(state).exists()


def test_a_directory_that_is_not_one_costs_a_warning_and_nothing_else(process, state):
    """With the path and the reason; and again when the next tables are to be kept."""
    state.rmdir()
    process.start(environment=environment(state))
    warning = f"warning: {kept(state)}: the served tables are not saved for a start without their file: "
    process.wait_for_log(warning + "No such file or directory")
    state.write_text("")
    process.write(tables=large_tables(2, 3))
    process.signal(signal.SIGHUP)
    process.wait_for_log(warning + "Not a directory")
    state.unlink()
    state.mkdir()
    process.signal(signal.SIGHUP)
    wait_until_kept(state)
    process.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_full_disk_costs_a_warning_and_what_was_kept_stays(process, state):
    """No half of an image is left, and the next start takes the whole one."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "none", state], check=True)
    try:
        process.start(tables=NAMED, environment=environment(state))
        image = wait_until_kept(state)
        process.write(tables=large_tables(2, 3))
        process.signal(signal.SIGHUP)
        process.wait_for_log("are not saved for a start without their file: No space left on device")
        process.stop()
        assert kept(state).read_bytes() == image and len(list(state.iterdir())) == 1
        start_again(process, state, lambda: break_tables(process))
        process.wait_for_log(LOUD, 20)
        process.end()
    finally:
        process.end()
        subprocess.run(["umount", state], check=True)
