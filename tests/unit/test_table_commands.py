#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What do the commands of glbctl table say about files, and changes of them?

test_table_commands.py GLBCTL
"""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROWS = 65536
TABLES = {
    "tables": [
        {
            "name": "web",
            "hash_key": "12345678901234561234567890123456",
            "seed": "34567890123456783456789012345678",
            "binds": [
                {"ip": "1.1.1.1", "proto": "tcp", "port": 80},
                {"ip": "2.2.2.0/24", "proto": "udp", "port_start": 100, "port_end": 200},
            ],
            "backends": [
                {"ip": f"10.0.0.{n}", "state": "active", "healthy": True} for n in range(1, 6)
            ],
        }
    ]
}
FLOW = ("10.11.12.13", "45678", "1.1.1.1", "80")


class TableCommands(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.addCleanup(os.umask, os.umask(0o077))
        self.tables = copy.deepcopy(TABLES)
        self.backends = self.tables["tables"][0]["backends"]
        self.write("old.json")

    def write(self, name):
        """Write the tables as they are now."""
        (self.folder / name).write_text(json.dumps(self.tables, indent=2))

    def run_table(self, *words):
        return subprocess.run(
            [self.program, "table", *map(str, words)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def answer(self, command, *words, status=0):
        """What a command says in JSON."""
        done = self.run_table(command, "--json", *words)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def diff(self, *words, status=0):
        self.write("new.json")
        return self.answer("diff", *words, "old.json", "new.json", status=status)["tables"][0]

    def plan(self, status=0):
        self.write("new.json")
        return self.answer("plan", "old.json", "new.json", status=status)["tables"]

    def check(self, *words, status=0):
        """What check says of old.json to machines, and nothing to people."""
        done = self.run_table("check", "--json", *words, "old.json")
        self.assertEqual((done.returncode, done.stderr), (status, ""))
        return json.loads(done.stdout)

    def test_check_tells_machines_of_the_tables_it_accepts(self):
        self.backends[0]["state"] = "inactive"
        self.write("old.json")
        checked = self.check()
        self.assertEqual((checked["accepted"], checked["problems"]), (True, []))
        digest = self.answer("show", "old.json")["tables"][0]["digest"]
        self.assertEqual(
            checked["tables"],
            [{"table": 0, "name": "web", "binds": 2, "backends": 5, "usable": 4, "digest": digest}],
        )

    def test_check_tells_machines_of_the_problems_it_tells_people_of(self):
        self.backends[0]["ip"] = "10.0.0.300"
        del self.backends[1]["healthy"]
        self.backends[2]["Ω"] = 'a"b'
        self.write("old.json")
        checked = self.check(status=1)
        self.assertEqual((checked["accepted"], checked["tables"]), (False, []))
        self.assertEqual(checked["totals"], {"note": 0, "warning": 2, "error": 1})
        lines = [
            "glbctl: {severity}: {file}:{line}:{column}: {place}: {reason}".format(**one)
            for one in checked["problems"]
        ]
        self.assertEqual(lines, self.run_table("check", "old.json").stderr.splitlines())

    def test_what_is_strict_is_strict_for_machines_too(self):
        del self.backends[0]["healthy"]
        self.write("old.json")
        self.assertEqual(self.check()["problems"][0]["severity"], "warning")
        self.assertEqual(self.check("--strict", status=1)["problems"][0]["severity"], "error")

    def test_a_file_with_keys_that_everybody_may_read_is_warned_about(self):
        """Once, with the command that mends it, and never an error: modes are no content."""
        self.run_table("build", "old.json", "old.bin")
        (self.folder / "dir.json").symlink_to("old.json")
        for file in ("old.json", "old.bin", "dir.json"):
            for mode, what in ((0o644, "read"), (0o666, "read and change"), (0o602, "change"), (0o640, "")):
                (self.folder / file).chmod(mode)
                for strict in ([], ["--strict"]):
                    done = self.run_table("check", *strict, file)
                    warning = f"glbctl: warning: {file}: holds keys, and everybody may {what} it: chmod o= {file}\n"
                    self.assertEqual((done.returncode, done.stderr), (0, warning if what else ""))
        (self.folder / "old.json").chmod(0o644)
        (problem,) = self.check()["problems"]
        self.assertEqual((problem["severity"], problem["file"]), ("warning", "old.json"))

    def serve_with(self, **config):
        """A director.json that goes with old.json."""
        config = {"outbound_gateway_mac": "02:00:00:00:00:01", "outbound_src_ip": "192.0.2.1", **config}
        (self.folder / "director.json").write_text(json.dumps(config))

    def test_check_takes_the_file_of_the_director_that_is_to_serve_them(self):
        self.serve_with()
        self.assertEqual(self.check("--config", "director.json", "--strict")["problems"], [])
        self.tables["tables"][0]["binds"][1]["ip"] = "192.0.2.0/24"
        self.write("old.json")
        place = "$.tables[0].binds[1]: has $.outbound_src_ip of director.json, line 1, inside"
        done = self.run_table("check", "--config", "director.json", "old.json")
        self.assertEqual(done.returncode, 0)
        self.assertIn(place, done.stderr)
        done = self.run_table("check", "--config", "director.json", "--strict", "old.json")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.run_table("build", "old.json", "old.bin")
        done = self.run_table("check", "--config", "director.json", "old.bin")
        self.assertIn("has $.outbound_src_ip of director.json, line 1, inside", done.stderr)
        self.assertEqual(done.returncode, 0)

    def test_check_refuses_what_that_director_would_refuse(self):
        for backend in self.backends:
            backend["ip"] = backend["ip"].replace("10.0.0.", "fd00::")
        self.write("old.json")
        self.serve_with()
        self.assertEqual(self.check("--strict")["problems"], [])
        (problem,) = self.check("--config", "director.json", status=1)["problems"]
        self.assertIn("outbound_src_ip6", problem["reason"])
        self.serve_with(outbound_src_ip6="fd00::77", outbound_gateway_mac="01:00:00:00:00:01")
        (problem,) = self.check("--config", "director.json", status=1)["problems"]
        self.assertEqual((problem["file"], problem["place"]), ("director.json", "$.outbound_gateway_mac"))
        self.serve_with(outbound_src_ip6="fd00::77")
        self.assertEqual(len(self.check("--config", "director.json")["tables"]), 1)

    def test_a_backend_behind_its_own_bind_is_warned_about(self):
        self.tables["tables"][0]["binds"][1].update(ip="10.0.0.0/24", port_start=1, port_end=65535)
        self.write("old.json")
        done = self.run_table("check", "--strict", "old.json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("$.tables[0].binds[1]: matches what is encapsulated to backend 10.0.0.1, "
                      "$.tables[0].backends[0] in line ", done.stderr)
        self.run_table("build", "old.json", "old.bin")
        done = self.run_table("check", "old.bin")
        self.assertEqual(done.returncode, 0)
        self.assertIn("old.bin: table 0, number 1 of its binds: matches what is encapsulated to backend 10.0.0.1 "
                      "of table 0", done.stderr)

    def test_a_name_that_means_two_tables_is_warned_about(self):
        tables = self.tables["tables"]
        for number, name in enumerate(("git", "web", None, None, "git", "web"), start=1):
            more = {**copy.deepcopy(tables[0]), "name": name, "seed": str(number) * 32}
            if name is None:
                del more["name"]
            more["binds"] = [{"ip": f"3.3.3.{number}", "proto": "tcp", "port": 80}]
            tables.append(more)
        self.write("old.json")
        checked = self.check("--strict", status=1)
        told = [(one["place"], one["reason"]) for one in checked["problems"]]
        lines = (self.folder / "old.json").read_text().splitlines()
        line = 1 + [n for n, line in enumerate(lines) if line == "    {"][1]
        reason = "is the name of $.tables[{}] in line {}, too: give each table one of its own"
        self.assertEqual(
            told,
            [("$.tables[2].name", reason.format(0, 3)), ("$.tables[5].name", reason.format(1, line)),
             ("$.tables[6].name", reason.format(0, 3))],
        )
        self.check()

    def test_a_file_that_is_the_other_one_is_named_in_one_line(self):
        self.serve_with(hash_fields={"src_addr": True}, icmp_errors="all", unmatched="punt", idle_sleep_us=7)
        self.run_table("build", "old.json", "old.bin")
        of_director = 'director.json:1:1: $: has the keys of a director.json, and no "tables": were two files swapped?'
        of_tables = 'old.json:1:1: $: has the "tables" of a tables file, and no key of a director.json: were two files swapped?'
        image = "old.bin: is a binary image of tables, where JSON is wanted: name its source"
        for words, reasons in (
            (["check", "director.json"], [of_director]),
            (["build", "director.json", "out.bin"], [of_director]),
            (["drain", "director.json", "10.0.0.1"], [of_director]),
            (["check", "--config", "old.json", "director.json"], [of_tables, of_director]),
            (["lookup", "--config", "old.json", "old.json", *FLOW], [of_tables]),
            (["check", "--config", "old.bin", "old.json"], [image]),
            (["drain", "old.bin", "10.0.0.1"], [image]),
            (["remove", "old.bin", "10.0.0.1"], [image]),
        ):
            done = self.run_table(*words)
            self.assertEqual((done.returncode, done.stderr.splitlines()), (1, [f"glbctl: error: {one}" for one in reasons]))

    def test_no_message_repeats_a_part_of_a_key(self):
        key = "7a1c0e5b93d24f68a05be1c7d9f23468"
        text = (self.folder / "old.json").read_text()
        for value in (f'"{key}0"', f'"{key[:-1]}"', f'"{key[:-1]}g"', f'"{key}', key, key[:20], f"'{key[:15]}'",
                      f'"{key[:12]}\\x"', f'"{key[:9]}\\ud800"', f"0x{key}", "1" + key[1:], f'["{key}"]',
                      f'"{key[:10]}\t"', f'{{"a": "{key}"}}'):
            for name in ("hash_key", "seed"):
                old = '"' + self.tables["tables"][0][name] + '"'
                (self.folder / "old.json").write_text(text.replace(old, value))
                done = self.run_table("check", "old.json")
                self.assertEqual(done.returncode, 1, value)
                for at in range(len(key) - 4):
                    self.assertNotIn(key[at : at + 5], done.stderr + done.stdout)

    def test_the_totals_count_what_the_list_has_no_room_for(self):
        self.tables["tables"][0].update({f"unknown {n}": 0 for n in range(250)})
        self.write("old.json")
        checked = self.check()
        self.assertEqual((len(checked["problems"]), checked["totals"]["warning"]), (100, 250))

    def test_a_problem_of_a_whole_file_has_no_place(self):
        (self.folder / "old.json").unlink()
        reason = "No such file or directory"
        self.assertEqual(
            self.check(status=1)["problems"],
            [{"severity": "error", "file": "old.json", "reason": reason}],
        )

    def test_bytes_that_are_no_characters_are_replaced_for_machines(self):
        for name, told in (
            (b"x\xff\xc3\xa9", "x\ufffdé"),
            (b"\xc3", "\ufffd"),
            (b"\xe2\x82", "\ufffd" * 2),
            (b"\xc0\xaf", "\ufffd" * 2),
            (b"\xed\xa0\x80", "\ufffd" * 3),
            (b"\xf4\x90\x80\x80", "\ufffd" * 4),
            ("€\U0010ffff\x7f\n".encode(), "€\U0010ffff\x7f\n"),
        ):
            done = subprocess.run(
                [self.program, "table", "check", "--json", name], cwd=self.folder, capture_output=True, timeout=600
            )
            self.assertEqual(json.loads(done.stdout)["problems"][0]["file"], told)

    def test_a_reason_that_is_cut_within_a_character_is_still_json(self):
        for more in range(4):
            self.backends[0]["ip"] = "x" * more + "\U0001f40d" * 200
            self.write("old.json")
            self.assertIn("\U0001f40d" * 60, self.check(status=1)["problems"][0]["reason"])

    def test_show_counts_every_row_once_per_position(self):
        self.backends[1]["state"] = "draining"
        self.backends[2]["weight"] = 50
        self.tables["tables"][0]["hops"] = 3
        self.write("old.json")
        shown = self.answer("show", "old.json")
        table = shown["tables"][0]
        self.assertEqual((shown["image_version"], table["hops"], table["order"]), (3, 3, "class"))
        self.assertEqual(table["binds"], ["1.1.1.1 tcp 80", "2.2.2.0/24 udp 100-200"])
        for position in range(3):
            self.assertEqual(sum(one["rows"][position] for one in table["backends"]), ROWS)
        self.assertEqual(table["backends"][1]["rows"][0], 0)
        self.assertEqual(table["backends"][2]["weight"], 50)
        text = self.run_table("show", "old.json").stdout
        self.assertIn(table["digest"], text)
        self.assertIn("10.0.0.2", text)

    def test_show_does_not_make_up_what_an_image_does_not_have(self):
        table = self.tables["tables"][0]
        for hops, source, order, words in (
            (None, "original", None, "not in the image, 2 hops"),
            (2, "class", None, "not in the image, 2 hops"),
            (3, "class", "class", "by state and health, 3 hops"),
        ):
            table.update({"hops": hops} if hops else {})
            if hops == 3:
                self.backends[:] = [{**one, "weight": 7, "zone": f"z{i % 2}"} for i, one in enumerate(self.backends)]
            self.write("new.json")
            self.assertEqual(self.run_table("build", "new.json", "new.bin").returncode, 0)
            self.assertEqual(self.answer("show", "new.json")["tables"][0]["order"], source)
            shown = self.answer("show", "new.bin")["tables"][0]
            self.assertEqual(shown["order"], order)
            self.assertEqual({(one["weight"], one["zone"]) for one in shown["backends"]}, {(None, None)})
            text = self.run_table("show", "new.bin").stdout
            self.assertIn(f"  order  {words}\n", text)
            self.assertRegex(text, r"10\.0\.0\.1 +active +healthy +- - +[0-9.]+ %")

    def test_the_digest_is_that_of_the_image_and_changes_with_the_content(self):
        def digest(name):
            return self.answer("show", name)["tables"][0]["digest"]

        self.assertEqual(self.run_table("build", "old.json", "old.bin").returncode, 0)
        old = digest("old.json")
        self.assertEqual(digest("old.bin"), old)
        self.backends.reverse()
        self.tables["tables"][0]["name"] = "another"
        self.write("new.json")
        self.assertEqual(digest("new.json"), old)
        self.backends[0]["state"] = "draining"
        self.write("new.json")
        self.assertNotEqual(digest("new.json"), old)

    def test_stats_compare_with_the_share_by_weight(self):
        self.backends[0]["weight"] = 400
        self.tables["tables"][0]["hops"] = 2
        self.write("old.json")
        (stats,) = self.answer("stats", "old.json")["tables"]
        self.assertEqual(sum(one["rows"] for one in stats["backends"]), ROWS)
        self.assertAlmostEqual(stats["backends"][0]["expected"], ROWS / 2)
        self.assertLess(max(abs(one["deviations"]) for one in stats["backends"]), 5)
        self.assertLess(stats["peak_load"], 1.05)
        self.assertIn("deviations", self.run_table("stats", "old.json").stdout)

    def balance(self, hops=3):
        """A table large enough for chance to matter, with max_load."""
        proxies = [{"ip": f"10.0.0.{n}", "state": "active", "healthy": True} for n in range(1, 61)]
        self.tables["tables"][0].update(hops=hops, max_load=101, backends=proxies)
        self.backends = proxies
        self.write("old.json")

    def test_stats_tell_what_max_load_did(self):
        (plain,) = self.answer("stats", "old.json")["tables"]
        self.assertEqual((plain["max_load"], plain["rows_balanced"]), (None, 0))
        self.assertEqual(plain["peak_load"], plain["peak_load_in_force"])
        self.assertNotIn("max_load", self.run_table("stats", "old.json").stdout)
        self.balance()
        (stats,) = self.answer("stats", "old.json")["tables"]
        self.assertEqual(stats["max_load"], 101)
        self.assertGreater(stats["peak_load"], 1.04)
        self.assertLessEqual(stats["peak_load_in_force"], 1.01)
        self.assertGreater(stats["rows_balanced"], 100)
        told = f"max_load 101 % moved {stats['rows_balanced']} rows"
        self.assertIn(told, self.run_table("stats", "old.json").stdout)

    def test_show_tells_max_load_of_a_source_and_not_of_an_image(self):
        self.assertIsNone(self.answer("show", "old.json")["tables"][0]["max_load"])
        self.balance()
        self.run_table("build", "old.json", "old.bin")
        self.assertIn(" 3 hops, max_load 101 %\n", self.run_table("show", "old.json").stdout)
        self.assertNotIn("max_load", self.run_table("show", "old.bin").stdout)
        source, image = (self.answer("show", name)["tables"][0] for name in ("old.json", "old.bin"))
        self.assertEqual((source["max_load"], image["max_load"]), (101, None))
        self.assertEqual(source["digest"], image["digest"])

    def test_a_digest_changes_with_the_rows_that_max_load_moves(self):
        self.balance()
        balanced = self.answer("show", "old.json")["tables"][0]["digest"]
        del self.tables["tables"][0]["max_load"]
        self.write("new.json")
        self.assertNotEqual(self.answer("show", "new.json")["tables"][0]["digest"], balanced)

    def test_explain_says_who_yields_to_max_load(self):
        self.balance()
        flow = ("198.51.100.21", "1.1.1.1", "80")
        explained = self.answer("explain", "old.json", *flow)
        first, second, third, *_ = explained["candidates"]
        self.assertEqual((first["hop"], first["why"]), (2, "yields: has its share of rows by max_load"))
        moved = "moved up: one before it has its share of rows by max_load"
        self.assertEqual((second["hop"], second["why"]), (1, moved))
        self.assertEqual((third["hop"], third["why"]), (3, "in its place by rank"))
        told = self.run_table("explain", "old.json", *flow).stdout
        self.assertIn("order by state and health, then rank and max_load\n", told)

    def test_max_load_comes_and_goes_without_losing_flows(self):
        self.balance()
        del self.tables["tables"][0]["max_load"]
        for words in (("old.json", "new.json"), ("new.json", "old.json")):
            self.write("new.json")
            told = self.answer("diff", *words)["tables"][0]
            self.assertEqual(told["lost"], 0)
            self.assertEqual(told["rows_changed"], told["primaries_changed"])
            self.assertGreater(told["primaries_changed"], 100)
        (planned,) = self.plan()
        self.assertEqual([[one["action"] for one in step] for step in planned["steps"]], [["put the new file in force"]])

    def test_an_added_backend_takes_no_flows_from_balanced_rows_while_one_fills(self):
        self.balance()
        self.backends[7]["state"] = "filling"
        self.write("old.json")
        done = self.run_table("add", "old.json", "10.0.0.99")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("--settled", done.stderr)
        self.assertEqual(self.run_table("add", "--settled", "old.json", "10.0.0.99").returncode, 0)

    def test_a_plan_gives_up_max_load_before_zones_come(self):
        self.balance()
        del self.backends[6:]
        self.write("old.json")
        del self.tables["tables"][0]["max_load"]
        for number, backend in enumerate(self.backends):
            backend["zone"] = f"rack {number % 3}"
        (planned,) = self.plan()
        self.assertEqual(planned["steps"][0], [{"action": "give up max_load"}])

    def test_explain_names_the_bind_and_gives_each_candidate_a_reason(self):
        lookup = self.answer("lookup", "old.json", *FLOW)
        primary = lookup["hops"][0]
        next(one for one in self.backends if one["ip"] == primary)["state"] = "draining"
        self.write("new.json")
        explained = self.answer("explain", "new.json", *FLOW)
        self.assertEqual(explained["bind"], "1.1.1.1 tcp 80")
        self.assertEqual(explained["hops"], lookup["hops"][::-1])
        first, second, *rest = explained["candidates"]
        self.assertEqual((first["ip"], first["hop"], first["why"]), (primary, 2, "yields: draining"))
        self.assertEqual(second["hop"], 1)
        self.assertEqual({one["why"] for one in rest}, {"beyond the hops of a row"})
        self.assertEqual(len(explained["candidates"]), len(self.backends))
        self.assertIn("yields: draining", self.run_table("explain", "new.json", *FLOW).stdout)

    def test_a_drain_moves_flows_to_their_second_chance_and_loses_none(self):
        self.backends[1]["state"] = "draining"
        diff = self.diff()
        self.assertEqual((diff["lost"], diff["kept"] + diff["moved"]), (0, diff["owned"]))
        self.assertGreater(diff["moved"], ROWS / 10)
        self.assertEqual(diff["rows_changed"], diff["primaries_changed"])

    def test_a_removal_loses_the_flows_of_who_is_removed_and_exits_3(self):
        del self.backends[1]
        diff = self.diff(status=3)
        lost = {one["ip"]: one["lost"] for one in diff["backends"]}
        self.assertEqual(diff["lost"], lost["10.0.0.2"])
        self.assertAlmostEqual(lost["10.0.0.2"], ROWS / 5, delta=600)
        self.assertEqual(sum(lost.values()), diff["lost"])
        self.diff("--force")
        done = self.run_table("diff", "old.json", "new.json")
        self.assertIn("would be lost", done.stderr)

    def test_a_drained_backend_may_go_once_the_file_is_settled(self):
        self.backends[1]["state"] = "draining"
        self.write("old.json")
        del self.backends[1]
        self.assertGreater(self.diff(status=3)["lost"], 0)
        self.assertEqual(self.diff("--settled")["lost"], 0)

    def test_a_bind_or_a_key_that_goes_takes_its_flows(self):
        binds = self.tables["tables"][0]["binds"]
        gone = binds.pop()
        self.assertEqual(self.diff(status=3)["binds_gone"], 1)
        binds.append(gone)
        self.tables["tables"][0]["hash_key"] = "0" * 32
        self.assertFalse(self.diff(status=3)["same_hash_key"])

    def test_a_plan_replaces_a_backend_by_filling_draining_and_removing(self):
        self.backends[1] = {"ip": "10.0.0.9", "state": "active", "healthy": True}
        (plan,) = self.plan()
        steps = [[(one["action"], one.get("backend")) for one in step] for step in plan["steps"]]
        self.assertEqual(
            steps,
            [
                [("add", "10.0.0.9")],
                [("activate", "10.0.0.9"), ("drain", "10.0.0.2")],
                [("remove", "10.0.0.2")],
                [("put the new file in force", None)],
            ],
        )
        self.assertFalse(plan["wait_first"])
        self.assertIn(
            "  2. activate 10.0.0.9, drain 10.0.0.2\n"
            "     10.0.0.2 is drained when 'glb-redirect drained DEV' there says so\n"
            "  3. remove 10.0.0.2\n",
            self.run_table("plan", "old.json", "new.json").stdout,
        )

    def test_equal_files_need_no_step(self):
        self.assertEqual(self.plan()[0]["steps"], [])
        self.assertIn("nothing to do", self.run_table("plan", "old.json", "old.json").stdout)

    def test_there_is_no_plan_for_another_seed(self):
        self.tables["tables"][0]["seed"] = "0" * 32
        self.write("new.json")
        done = self.run_table("plan", "old.json", "new.json")
        self.assertEqual(done.returncode, 3)
        self.assertIn("seed or hash_key differs", done.stderr)

    def test_a_file_compared_with_itself_moves_nothing(self):
        """Whatever is filling or draining in it."""
        for states in ({}, {1: "draining"}, {0: "filling", 2: "inactive"}):
            for number, state in states.items():
                self.backends[number]["state"] = state
            self.tables["tables"][0]["hops"] = 3
            self.write("old.json")
            for words in ([], ["--settled"]):
                done = self.run_table("diff", *words, "old.json", "old.json")
                nothing = "table web\n  nothing moves: no row changes, and no bind or server ID goes\n"
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, nothing, ""))
                told = self.diff(*words)
                self.assertEqual((told["kept"], told["moved"], told["lost"]), (told["owned"], 0, 0))

    def test_plan_and_diff_agree_about_binds_and_server_ids(self):
        """What diff says is lost for good has no plan; what has a plan is lost by no step of it."""
        self.serve_quic()
        binds = self.tables["tables"][0]["binds"]
        before = copy.deepcopy(self.tables)
        for change, lost, reason in (
            (lambda: binds.pop(0), True, "table web: binds[0] goes, with all its flows"),
            (lambda: binds[0].update(port=81), True, "table web: binds[0] goes, with all its flows"),
            (lambda: binds[1].update(port_end=199), True, "table web: binds[1] goes, with all its flows"),
            (lambda: binds[1].update(quic=False), True, "table web: binds[1] goes, with all its flows"),
            (lambda: self.backends[0].pop("server_id"), True,
             "table web: server_id 40 of backends[0] goes, with the connections that name it"),
            (lambda: self.backends[1].update(server_id=77), True, "table web: server_id 41 of backends[1] goes"),
            (lambda: binds[0].update(ip="1.1.1.0/24"), False, ""),
            (lambda: binds[1].update(port_start=90), False, ""),
            (lambda: binds.reverse(), False, ""),
            (lambda: self.backends[4].update(server_id=77), False, ""),
        ):
            self.tables["tables"][0] = copy.deepcopy(before["tables"][0])
            self.backends = self.tables["tables"][0]["backends"]
            binds = self.tables["tables"][0]["binds"]
            change()
            self.write("new.json")
            for command in ("diff", "plan"):
                done = self.run_table(command, "old.json", "new.json")
                self.assertEqual(done.returncode, 3 if lost else 0, (command, reason, done.stdout, done.stderr))
            self.assertTrue(done.stderr.startswith(f"glbctl: error: {reason}" if lost else ""), done.stderr)

    def test_a_plan_of_one_step_says_so_and_names_new_tables(self):
        self.tables["tables"].append({**copy.deepcopy(self.tables["tables"][0]), "name": "other", "seed": "1" * 32})
        self.tables["tables"][1]["binds"] = [{"ip": "3.3.3.3", "proto": "tcp", "port": 80}]
        self.tables["tables"][0]["binds"].append({"ip": "1.1.1.2", "proto": "tcp", "port": 80})
        self.write("new.json")
        told = self.run_table("plan", "old.json", "new.json").stdout
        self.assertIn("table web: 1 step\n  1. put the new file in force\n", told)
        self.assertIn("\ntable other: new, and comes with the new file\n", told)

    def steps(self):
        """The files of steps in their order."""
        return sorted((self.folder / "steps").iterdir())

    def test_a_plan_writes_files_of_which_no_step_loses_a_flow(self):
        """Whatever else stands in the old file stays there; the last is the new file."""
        os.umask(0o022)
        other = {**copy.deepcopy(self.tables["tables"][0]), "name": "other", "seed": "1" * 32}
        other["binds"] = [{"ip": "3.3.3.3", "proto": "tcp", "port": 80}]
        self.tables = {"healthchecks": {"http": 80}, "tables": [self.tables["tables"][0], other]}
        for indent in (2, None):
            web, other = (copy.deepcopy(one) for one in self.tables["tables"])
            web["backends"][1]["rack"] = other["backends"][3]["rack"] = "of ours"
            (self.folder / "old.json").write_text(json.dumps({**self.tables, "tables": [web, other]}, indent=indent))
            (self.folder / "old.json").chmod(0o640)
            web["hops"] = 3
            web["backends"][1] = {"ip": "10.0.0.9", "healthy": True, "state": "active", "weight": 70, "note": "new"}
            web["backends"][2]["weight"] = 50
            other["binds"].append({"ip": "3.3.3.4", "proto": "tcp", "port": 80})
            other["backends"].pop()
            more = {**copy.deepcopy(other), "name": "more", "seed": "2" * 32}
            more["binds"] = [{"ip": "4.4.4.4", "proto": "tcp", "port": 80}]
            (self.folder / "new.json").write_text(json.dumps({"tables": [web, other, more]}, indent=1))
            (self.folder / "new.json").chmod(0o600)
            done = self.run_table("plan", "--write", "steps", "old.json", "new.json")
            self.assertEqual(done.returncode, 0, done.stderr)
            files = self.steps()
            count = max(int(n) for n in re.findall(r"^table \w+: (\d+) steps$", done.stdout, re.MULTILINE))
            self.assertEqual([file.name for file in files], [f"step-{n}.json" for n in range(1, count + 1)])
            self.assertIn(f"steps: wrote step-1.json to step-{count}.json", done.stderr)
            self.assertEqual(files[-1].read_bytes(), (self.folder / "new.json").read_bytes())
            self.assertEqual({file.stat().st_mode & 0o777 for file in files[:-1]}, {0o640})
            self.assertEqual(files[-1].stat().st_mode & 0o777, 0o600)
            for before, after in zip(["old.json", *files], files if indent else []):  # once: the steps are the same
                done = self.run_table("diff", *(["--settled"] if before != "old.json" else []), before, after)
                self.assertEqual(done.returncode, 0, (before, after, done.stdout, done.stderr))
            for file in files[:-1]:
                self.assertEqual(json.loads(file.read_text())["healthchecks"], {"http": 80})
            first = json.loads(files[0].read_text())["tables"]
            self.assertEqual(first[0]["backends"][1]["rack"], "of ours")
            self.assertEqual(first[1]["backends"][3]["rack"], "of ours")
            last = json.loads(files[-2].read_text())["tables"]
            added = next(one for one in last[0]["backends"] if one["ip"] == "10.0.0.9")
            self.assertEqual((added["note"], added["weight"]), ("new", 70))
            shutil.rmtree(self.folder / "steps")

    def test_a_plan_writes_that_max_load_is_given_up_before_zones_come(self):
        self.balance()
        del self.tables["tables"][0]["max_load"]
        for number, backend in enumerate(self.backends):
            backend["zone"] = f"rack {number % 3}"
        del self.backends[6:]
        self.write("new.json")
        self.tables["tables"][0]["max_load"] = 101
        for one in self.backends:
            del one["zone"]
        for key in ("hops", "max_load"):  # at the beginning, in the middle and at the end of its table
            self.tables["tables"][0][key] = self.tables["tables"][0].pop(key)
            self.write("old.json")
            done = self.run_table("plan", "--write", "steps", "old.json", "new.json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("max_load", json.loads(self.steps()[0].read_text())["tables"][0])
            steps = self.steps() if key == "hops" else []  # once: they are the same
            for before, after in zip(["old.json", *steps], steps):
                done = self.run_table("diff", "--settled", before, after)
                self.assertEqual(done.returncode, 0, (before, after, done.stdout, done.stderr))
            shutil.rmtree(self.folder / "steps")

    def test_a_plan_is_written_whole_into_a_folder_of_its_own_or_not_at_all(self):
        self.backends[1]["ip"] = "10.0.0.9"
        self.write("new.json")
        (self.folder / "empty").mkdir()
        (self.folder / "empty").chmod(0o750)
        (self.folder / "full").mkdir()
        (self.folder / "full/step-1.json").write_text("old")
        before = sorted(self.folder.rglob("*"))
        for folder, reason in (
            ("full", "full: has files in it; name a folder that is empty or not there yet"),
            ("old.json", "old.json: Not a directory"),
            ("none/steps", "none/steps: No such file or directory"),
        ):
            done = self.run_table("plan", "--write", folder, "old.json", "new.json")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertEqual(done.stderr, f"glbctl: error: {reason}\n")
            self.assertEqual(sorted(self.folder.rglob("*")), before)
        self.assertEqual((self.folder / "full/step-1.json").read_text(), "old")
        done = self.run_table("plan", "--write", "steps", "old.json", "old.json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.tables["tables"][0]["binds"].pop()
        self.write("gone.json")
        self.assertEqual(self.run_table("plan", "--write", "steps", "old.json", "gone.json").returncode, 3)
        self.assertFalse((self.folder / "steps").exists())
        done = self.run_table("plan", "--write", "empty/", "old.json", "new.json")
        self.assertEqual((done.returncode, len(list((self.folder / "empty").iterdir()))), (0, 4), done.stderr)
        self.assertEqual((self.folder / "empty").stat().st_mode & 0o777, 0o750)

    def test_json_is_an_object_with_one_meaning_of_table(self):
        """"table" is the number of a table in its file, "name" its name."""
        self.serve_with()
        for words in (
            ["check", "old.json"], ["show", "old.json"], ["stats", "old.json"], ["diff", "old.json", "old.json"],
            ["plan", "old.json", "old.json"],
        ):
            told = self.answer(*words)
            self.assertEqual([(one["table"], one["name"]) for one in told["tables"]], [(0, "web")], words)
        for words in (["lookup", "old.json", *FLOW], ["explain", "old.json", *FLOW]):
            told = self.answer(*words)
            self.assertEqual((told["table"], told["name"]), (0, "web"))

    def test_zones_are_matched_by_name_between_files(self):
        self.tables["tables"][0]["hops"] = 3
        for number, one in enumerate(self.backends):
            one["zone"] = f"rack-{number % 2}"
        self.write("old.json")
        self.backends.reverse()
        self.assertEqual([len(step) for step in self.plan()[0]["steps"]], [1])

    def edit(self, *words, status=0):
        """Run an editing command on old.json; its error text."""
        done = self.run_table(*words[:-1], "old.json", words[-1])
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def states(self):
        """The backends of old.json with their states."""
        backends = json.loads((self.folder / "old.json").read_text())["tables"][0]["backends"]
        return {one["ip"]: one["state"] for one in backends}

    def test_a_step_changes_one_word_of_the_file(self):
        before = (self.folder / "old.json").read_text()
        self.edit("drain", "10.0.0.2")
        after = (self.folder / "old.json").read_text()
        changed = [pair for pair in zip(before.splitlines(), after.splitlines()) if pair[0] != pair[1]]
        self.assertEqual(
            changed, [('          "state": "active",', '          "state": "draining",')]
        )
        self.assertEqual(self.states()["10.0.0.2"], "draining")
        self.edit("fill", "10.0.0.2")
        self.edit("activate", "10.0.0.2")
        self.assertEqual((self.folder / "old.json").read_text(), before)

    def test_a_backend_is_added_laid_out_like_the_others_and_removed_without_a_trace(self):
        self.tables["tables"][0]["hops"] = 2
        for indent in (2, None):
            text = json.dumps(self.tables, indent=indent)
            (self.folder / "old.json").write_text(text)
            self.edit("add", "--weight", "70", "10.0.0.9")
            self.tables["tables"][0]["backends"].append(
                {"ip": "10.0.0.9", "state": "filling", "healthy": True, "weight": 70}
            )
            self.assertEqual((self.folder / "old.json").read_text(), json.dumps(self.tables, indent=indent))
            self.edit("remove", "--force", "10.0.0.9")
            self.assertEqual((self.folder / "old.json").read_text(), text)
            self.tables["tables"][0]["backends"].pop()

    def test_the_first_and_a_middle_backend_are_removed_whole(self):
        for ip in ("10.0.0.1", "10.0.0.3"):
            self.edit("drain", ip)
            self.edit("remove", "--settled", ip)
        self.assertEqual(list(self.states()), ["10.0.0.2", "10.0.0.4", "10.0.0.5"])
        self.assertEqual(self.run_table("check", "old.json").returncode, 0)

    def test_unsafe_steps_are_refused_and_change_nothing(self):
        self.edit("drain", "10.0.0.2")
        before = (self.folder / "old.json").read_text()
        for verb, ip, state in (("drain", "10.0.0.2", "draining"), ("activate", "10.0.0.1", "active")):
            done = self.run_table(verb, "old.json", ip)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"{ip}: already {state}\n", ""))
            self.assertEqual((self.folder / "old.json").read_text(), before)
        for words, reason in (
            (("drain", "10.0.0.1"), "would still get new flows"),
            (("remove", "10.0.0.1"), "drain it first"),
            (("remove", "10.0.0.2"), "would be lost"),
            (("activate", "10.0.0.2"), "only a filling one"),
            (("fill", "10.0.0.1"), "only a draining or inactive one"),
        ):
            self.assertIn(reason, self.edit(*words, status=3), words)
            self.assertEqual((self.folder / "old.json").read_text(), before)
        self.edit("drain", "--force", "10.0.0.1")
        self.assertEqual(self.states()["10.0.0.1"], "draining")

    def test_two_may_drain_at_once_on_rows_of_three_hops(self):
        self.tables["tables"][0]["hops"] = 3
        self.write("old.json")
        self.edit("drain", "10.0.0.1")
        self.edit("drain", "10.0.0.2")
        self.assertIn("would still get new flows", self.edit("drain", "10.0.0.3", status=3))

    def test_a_step_that_means_no_or_several_backends_is_refused(self):
        self.tables["tables"].append({**copy.deepcopy(self.tables["tables"][0]), "name": "other", "seed": "1" * 32})
        self.tables["tables"][1]["binds"][0]["port"] = 81
        self.tables["tables"][1]["binds"].pop()
        self.write("old.json")
        for words, reason in (
            (("drain", "10.0.0.1"), "use --table"),
            (("drain", "10.0.0.77"), "no such backend"),
            (("drain", "--table", "none", "10.0.0.1"), "no such table"),
            (("add", "--table", "web", "10.0.0.1"), "has already 10.0.0.1"),
            (("drain", "--table", "web", "10.0.0.77"), "does not have 10.0.0.77"),
            (("drain", "ten"), "is not an IPv4 or IPv6 address"),
            (("add", "--table", "web", "--zone", 'a"b', "10.0.0.9"), "not a plain name"),
            (("add", "--table", "web", "--weight", "x", "10.0.0.9"), "is not an integer"),
            (("add", "--table", "web", "--zone", "rack", "10.0.0.9"), "are for tables with"),
        ):
            self.assertIn(reason, self.edit(*words, status=1), words)
        self.edit("drain", "--table", "other", "10.0.0.1")
        self.assertEqual(self.states()["10.0.0.1"], "active")

    def test_edits_at_the_same_time_lose_nothing(self):
        """What is not in the file afterwards was refused in words."""
        self.tables["tables"][0]["hops"] = 3
        for force in ([], ["--force"]):
            self.write("old.json")
            added = [f"10.9.0.{n}" for n in range(1, 5)]
            edits = [
                subprocess.Popen(
                    [self.program, "table", "add", *force, "old.json", ip],
                    cwd=self.folder,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
                for ip in added
            ]
            complaints = [edit.communicate(timeout=600)[1] for edit in edits]
            done = [ip for ip, edit in zip(added, edits) if edit.returncode == 0]
            self.assertEqual(set(self.states()) & set(added), set(done))
            if force:
                self.assertEqual(done, added, complaints)
            for edit, complaint in zip(edits, complaints):
                self.assertTrue(edit.returncode == 0 or b"error" in complaint)

    def test_an_edit_keeps_who_may_read_the_file(self):
        for mode in (0o600, 0o640, 0o644):
            self.write("old.json")
            (self.folder / "old.json").chmod(mode)
            if os.geteuid() == 0:
                os.chown(self.folder / "old.json", 65534, 65533)
            self.edit("drain", "10.0.0.2")
            info = (self.folder / "old.json").stat()
            self.assertEqual(info.st_mode & 0o7777, mode)
            if os.geteuid() == 0:
                self.assertEqual((info.st_uid, info.st_gid), (65534, 65533))

    def serve_quic(self):
        """A bind for QUIC, and server IDs for all but the last backend."""
        self.tables["tables"][0]["binds"][1].update(quic=True)
        for number, one in enumerate(self.backends[:-1], start=40):
            one["server_id"] = number
        self.write("old.json")

    def test_show_names_server_ids_and_quic_binds_from_source_and_image(self):
        plain = self.run_table("show", "old.json").stdout
        self.assertNotIn("server", plain)
        self.assertNotIn("quic", plain)
        self.serve_quic()
        self.assertEqual(self.run_table("build", "old.json", "old.bin").returncode, 0)
        for file in ("old.json", "old.bin"):
            text = self.run_table("show", file).stdout
            self.assertIn("    2.2.2.0/24 udp 100-200 quic\n", text)
            self.assertRegex(text, r"zone +server +1st hop")
            self.assertRegex(text, r"10\.0\.0\.2 .* 41 +[0-9.]+ %")
            self.assertNotRegex(text, r"10\.0\.0\.5 .* 4[0-9] +[0-9.]+ %")
            told = self.answer("show", file)
            self.assertEqual(told["image_version"], 3)
            ids = [one["server_id"] for one in told["tables"][0]["backends"]]
            self.assertEqual(ids, [40, 41, 42, 43, None])
        digests = [self.answer("show", file)["tables"][0]["digest"] for file in ("old.json", "old.bin")]
        self.assertEqual(*digests)

    def test_the_way_of_a_flow_to_a_quic_bind_is_that_of_packets_without_a_known_server(self):
        self.serve_quic()
        flow = ("10.11.12.13", "45678", "2.2.2.2", "100", "udp")
        for command in ("lookup", "explain"):
            self.assertIs(self.answer(command, "old.json", *FLOW)["quic"], False)
            self.assertNotIn("QUIC", self.run_table(command, "old.json", *FLOW).stdout)
            self.assertIs(self.answer(command, "old.json", *flow)["quic"], True)
            text = self.run_table(command, "old.json", *flow).stdout
            self.assertIn("a QUIC packet whose connection ID names a known server goes there first", text)

    def test_edits_keep_server_ids_and_add_gives_one(self):
        self.serve_quic()
        before = (self.folder / "old.json").read_text()
        for verb in ("drain", "fill", "activate"):
            self.edit(verb, "10.0.0.2")
        self.assertEqual((self.folder / "old.json").read_text(), before)
        self.edit("add", "--server-id", "7", "10.0.0.9")
        backends = json.loads((self.folder / "old.json").read_text())["tables"][0]["backends"]
        self.assertEqual([one.get("server_id") for one in backends], [40, 41, 42, 43, None, 7])
        before = (self.folder / "old.json").read_text()
        for words, reason in (
            (("add", "--server-id", "41", "10.0.0.8"), "duplicate server_id 41, first given to backends[1]"),
            (("add", "--server-id", "65536", "10.0.0.8"), "65536 is not from 0 to 65535"),
            (("add", "--server-id", "x", "10.0.0.8"), '--server-id: "x" is not an integer'),
            (("add", "--server-id", "", "10.0.0.8"), '--server-id: "" is not an integer'),
        ):
            self.assertIn(reason, self.edit(*words, status=1), words)
        self.assertEqual(self.run_table("drain", "--server-id", "1", "old.json", "10.0.0.1").returncode, 2)
        self.assertEqual((self.folder / "old.json").read_text(), before)

    def test_diff_tells_of_server_ids_that_lead_elsewhere(self):
        self.assertEqual(self.diff()["server_ids_lost"], 0)
        self.tables["tables"][0]["binds"][1]["quic"] = True
        self.assertEqual(self.diff()["binds_gone"], 0)  # it may become one for QUIC
        self.serve_quic()
        self.assertEqual(self.diff()["server_ids_lost"], 0)
        self.backends[0]["server_id"], self.backends[1]["server_id"] = 41, 40
        self.assertEqual(self.diff(status=3)["server_ids_lost"], 2)
        self.assertIn("2 server IDs no longer lead to the backends that had them", self.run_table("diff", "old.json", "new.json").stdout)
        del self.backends[0]["server_id"]
        self.assertEqual(self.diff(status=3)["server_ids_lost"], 2)
        self.assertEqual(self.diff("--force")["server_ids_lost"], 2)
        self.backends[1]["server_id"] = 41
        self.assertEqual(self.diff(status=3)["server_ids_lost"], 1)
        for one in self.backends:
            one.pop("server_id", None)
        self.assertEqual(self.diff(status=3)["server_ids_lost"], 4)
        self.serve_quic()
        self.tables["tables"][0]["binds"][1]["quic"] = False
        lost = self.diff(status=3)
        self.assertEqual((lost["binds_gone"], lost["server_ids_lost"]), (1, 4))

    def test_a_server_id_may_go_with_its_backend_when_the_drain_is_over(self):
        self.serve_quic()
        self.backends[0]["state"] = "draining"
        self.write("old.json")
        self.backends.pop(0)
        self.assertEqual(self.diff(status=3)["server_ids_lost"], 1)
        self.assertEqual(self.diff("--settled")["server_ids_lost"], 0)
        self.backends.pop(0)
        self.assertEqual(self.diff("--settled", status=3)["server_ids_lost"], 1)

    def test_another_server_id_is_a_change_for_a_plan(self):
        self.serve_quic()
        self.assertEqual(self.plan()[0]["steps"], [])
        self.backends[-1]["server_id"] = 44
        self.assertEqual(len(self.plan()[0]["steps"]), 1)

    def test_an_image_cannot_be_reasoned_about(self):
        self.run_table("build", "old.json", "old.bin")
        for words in (("stats", "old.bin"), ("diff", "old.bin", "old.json"), ("plan", "old.json", "old.bin"),
                      ("explain", "old.bin", *FLOW)):
            done = self.run_table(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("name its source", done.stderr)


if __name__ == "__main__":
    TableCommands.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
