# SPDX-License-Identifier: BSD-3-Clause
"""What does the log say about a reload: what it changed, what it did to flows, and what has to wait for a restart?"""

import copy
import json
import signal
import subprocess

from bookkeeping import resident
from control import ask
from logs import sentence
from netns import wait_until
from process import CONFIG, TABLES, large_tables

# What a reload did to flows is logged last, milliseconds after its tables are served.
EFFECTS = ("info: no table changed", "event=table_changed")


def lines_of_reload(process, number, **files):
    """What a reload with these files adds to the log, without the names of program and severity, and pairs."""
    before = len(process.log.read_text())
    process.write(**files)
    process.signal(signal.SIGHUP)
    process.wait_for_log(f"serving generation {number}:")
    wait_until(lambda: any(text in process.log.read_text()[before:] for text in EFFECTS), "the effect of the reload")
    process.signal(signal.SIGRTMIN)  # comes behind everything about the reload
    process.wait_for_log("SIGRTMIN has no meaning here", count=number - 1)
    added = process.log.read_text()[before:]
    assert f" [event=served generation={number}]\n" in added
    return [sentence(line).partition(": ")[2] for line in added.splitlines()]


def digests(glbctl, process):
    """Those of the tables in the file."""
    done = subprocess.run(
        [glbctl, "table", "show", "--json", process.folder / "tables.json"], capture_output=True, check=True
    )
    return [one["digest"] for one in json.loads(done.stdout)["tables"]]


def test_a_reload_says_what_it_did_to_flows(process, glbctl):
    tables = copy.deepcopy(TABLES)
    (table,) = tables["tables"]
    process.start(tables=tables)
    (old,) = digests(glbctl, process)
    assert "info: no table changed" in lines_of_reload(process, 2, tables=tables)

    table["backends"][0]["state"] = "draining"
    (line,) = [one for one in lines_of_reload(process, 3, tables=tables) if "digest" in one]
    (drained,) = digests(glbctl, process)
    assert line.startswith(f"info: table 0: digest {drained}, was {old}; ")
    assert 15000 < int(line.split("; ")[1].split()[0]) < 30000
    assert line.endswith(" rows with another primary; no row lost the path of its flows")

    table["backends"].pop(0)
    table["binds"][0]["port"] += 1
    (line,) = [one for one in lines_of_reload(process, 4, tables=tables) if "digest" in one]
    assert "; 0 rows with another primary; flows on up to " in line
    assert line.endswith(" rows lost their path; 1 bind gone, with all flows")

    more = {**copy.deepcopy(table), "name": "web\nforged", "seed": "1" * 32}
    more["binds"][0]["port"] = 8080
    lines = lines_of_reload(process, 5, tables={"tables": [table, more]})
    (line,) = [one for one in lines if "table web" in one]
    assert line == f"info: table web\\nforged: new, digest {digests(glbctl, process)[1]}"
    assert " [event=table_changed table=web\\nforged]\n" in process.log.read_text()
    lines = lines_of_reload(process, 6, tables={"tables": [table]})
    assert "info: table web\\nforged: gone, with all its flows" in lines
    table["hash_key"] = "2" * 32
    assert any("another hash_key: every flow is on another row" in line for line in lines_of_reload(process, 7, tables=tables))
    process.stop()


def test_a_reload_of_an_image_compares_rows_without_a_ranking(process, glbctl):
    tables = copy.deepcopy(TABLES)
    process.start(tables=tables)
    source = process.folder / "source.json"
    for number, (state, reason) in enumerate((("active", "0 rows"), ("draining", "")), start=2):
        tables["tables"][0]["backends"][0]["state"] = state
        source.write_text(json.dumps(tables))
        subprocess.run([glbctl, "table", "build", source, process.folder / "tables.json"], check=True)
        (line,) = [one for one in lines_of_reload(process, number) if "digest" in one]
        assert line.endswith(f"; {reason} with another primary" if reason else " rows with another primary"), line
    process.stop()


def test_a_reload_of_many_tables_counts_those_beyond_the_first(process):
    process.start(tables=large_tables(20, 2))
    tables = large_tables(20, 3)
    lines = lines_of_reload(process, 2, tables=tables)
    assert len([line for line in lines if "digest" in line]) == 16
    assert "info: and 4 more tables changed" in lines
    process.stop()


def test_a_reload_says_what_other_hash_fields_do_to_flows(process):
    process.start()
    fields = {"src_addr": True}
    (line,) = [one for one in lines_of_reload(process, 2, config={**CONFIG, "hash_fields": fields}) if "hash_fields" in one]
    assert line == (
        "warning: hash_fields: src_addr, were src_addr src_port: every flow is on another row, and most lost their "
        "path, as alt_hash_fields are not what they were"
    )
    config = {**CONFIG, "alt_hash_fields": fields}
    (line,) = [one for one in lines_of_reload(process, 3, config=config) if "hash_fields" in one]
    assert line.endswith("every flow is on another row, and still finds its proxy by alt_hash_fields")
    process.stop()


def test_a_reload_names_what_only_a_restart_changes(process):
    """Each key with the value in force and that in the file, and no other key."""
    process.start(config={**CONFIG, "ports": [{"name": "net_null0"}]})
    number = 1
    for key, value, was, new in (
        ("idle_sleep_us", 51, str(CONFIG["idle_sleep_us"]), "51"),
        ("rx_drop_en", False, "true", "false"),
        ("backend_counters", False, "true", "false"),
        ("unmatched", "drop", "punt", "drop"),
        ("punt_port", "net_tap7", "", "net_tap7"),
        ("live_device", "glb-live", "", "glb-live"),
    ):
        number += 1
        lines = lines_of_reload(process, number, config={**CONFIG, "ports": [{"name": "net_null0"}], key: value})
        wanted = f'warning: $.{key}: "{was}" in force, "{new}" in the file; only a restart changes it'
        assert [one for one in lines if "restart" in one] == [wanted], lines
    ports = [{"name": "net_null0", "punt_port": "net_tap8"}]
    lines = lines_of_reload(process, number + 1, config={**CONFIG, "ports": ports})
    wanted = 'warning: punt_port of $.ports "net_null0": "" in force, "net_tap8" in the file; only a restart changes it'
    assert [one for one in lines if "restart" in one] == [wanted], lines
    process.stop()


def test_reloads_take_no_more_memory(process):
    """What they need was taken at the start; a leak of a few hundred bytes each would take a page in ten of them."""
    drained = copy.deepcopy(TABLES)
    drained["tables"][0]["backends"][0]["state"] = "draining"
    socket = process.folder / "control.sock"
    process.start(config={**CONFIG, "control_socket": str(socket)})

    def reload(count):
        for number in range(count):
            process.write(tables=(drained, TABLES)[number % 2])
            assert ask(socket, "reload", tables_only=True)["ok"]
        return resident(process.process.pid)

    before = reload(10)
    assert reload(60) - before < 60  # KiB


def test_a_change_of_one_table_of_many_takes_no_memory_for_the_others(process):
    """A generation has the rows of tables that have not changed in common with the one before, half a MiB each."""
    tables = large_tables(40, 2)
    socket = process.folder / "control.sock"
    process.start(config={**CONFIG, "control_socket": str(socket)}, tables=tables)
    before = resident(process.process.pid)
    for number in range(8):
        tables["tables"][number]["backends"][0]["healthy"] = False
        process.write(tables=tables)
        assert ask(socket, "reload", tables_only=True)["changed_tables"] == 1
    assert resident(process.process.pid) - before < 8 << 10  # KiB; rows of all tables are 20 MiB
    process.stop()
