#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What does glbctl do with its files and arguments? What it does with packets: tests/packets.

test_ctl.py GLBCTL
"""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
from multiprocessing.pool import ThreadPool
from pathlib import Path

CONFIG = {"outbound_gateway_mac": "02:00:00:00:00:01", "outbound_src_ip": "192.0.2.1"}
TABLES = {
    "tables": [
        {
            "name": "web",
            "hash_key": "12345678901234561234567890123456",
            "seed": "34567890123456783456789012345678",
            "binds": [{"ip": "1.1.1.1", "proto": "tcp", "port": 80}],
            "backends": [
                {"ip": ip, "state": "active", "healthy": True} for ip in ("1.2.3.4", "2.3.4.5", "3.4.5.6")
            ],
        }
    ]
}
SYN = bytes.fromhex(
    "020000000002 020000000001 0800"
    "4500002800004000 40060000 0a0b0c0d 01010101"
    "b26e0050 00000000 00000000 50020000 00000000"
)


def capture(frames: list, snapshot: int, link_type: int = 1) -> bytes:
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snapshot, link_type)
    return header + b"".join(struct.pack("<IIII", 7, 8, len(f), len(f)) + f for f in frames)


class Glbctl(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "director.json").write_text(json.dumps(CONFIG))
        (self.folder / "tables.json").write_text(json.dumps(TABLES))

    def run_with(self, *words) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.program, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=600
        )

    def replay(self, *words) -> subprocess.CompletedProcess:
        return self.run_with("replay", "--config", "director.json", "--tables", "tables.json", *words)

    def test_words_it_does_not_know_give_the_usage_and_exit_2(self):
        for words in (
            [],
            ["table"],
            ["tabel"],
            ["table", "build"],
            ["table", "build", "a", "b", "c"],
            ["table", "check"],
            ["table", "lookup", "tables.json", "10.0.0.1", "80"],
            ["table", "lookup", "--colour", "tables.json", "10.0.0.1", "1.1.1.1", "80"],
            ["replay", "in.pcap", "out.pcap"],
            ["mtu", "tables.json"],
            ["mtu", "--config", "director.json"],
            ["mtu", "--config", "director.json", "--strict", "tables.json"],
            ["replay", "--config", "director.json", "--tables", "tables.json", "in.pcap"],
        ):
            done = self.run_with(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn("usage:", done.stderr)
        self.assertEqual(self.run_with("--help").returncode, 0)

    def test_a_flow_is_looked_up_in_a_source_and_in_its_image_alike(self):
        self.assertEqual(self.run_with("table", "build", "tables.json", "tables.bin").returncode, 0)
        for tables, name in (("tables.json", " web"), ("tables.bin", "")):
            done = self.run_with("table", "lookup", tables, "10.11.12.13", "45678", "1.1.1.1", "80")
            self.assertEqual(
                done.stdout,
                f"table 0{name}\nhash_fields src_addr (the default; those of a director: --config FILE)\nhash 008972f1657a5cbd\nrow 23741\nhops 3.4.5.6 2.3.4.5\n"
                "outer source port 61139\n",
                done.stderr,
            )

    def test_a_flow_is_looked_up_with_the_hops_that_a_packet_lists(self):
        """Hops of the alternative fields are behind the row's; a repeated one goes if it is to go."""
        (self.folder / "in.pcap").write_bytes(capture([SYN], snapshot=65535))
        fields = {"hash_fields": {"src_addr": True}, "alt_hash_fields": {"src_addr": True, "src_port": True}}
        flow = ["10.11.12.13", "45678", "1.1.1.1", "80"]
        for config, count in (({}, 2), (fields, 4), ({**fields, "unique_hops": True}, 3)):
            (self.folder / "director.json").write_text(json.dumps({**CONFIG, **config}))
            self.assertEqual(self.replay("in.pcap", "out.pcap").returncode, 0)
            ip = (self.folder / "out.pcap").read_bytes()[24 + 16 + 14 :]
            listed = [ip[16:20]] + [ip[at : at + 4] for at in range(36, 36 + 4 * ip[35], 4)]
            hops = [".".join(map(str, hop)) for hop in listed]
            self.assertEqual(len(hops), count)
            for command in ("lookup", "explain"):
                words = ["table", command, "--config", "director.json"]
                done = self.run_with(*words, "tables.json", *flow)
                self.assertIn(f"hops {' '.join(hops)}\n", done.stdout, done.stderr)
                done = self.run_with(*words, "--json", "tables.json", *flow)
                self.assertEqual(json.loads(done.stdout)["hops"], hops)

    def test_a_look_up_names_the_fields_it_hashed_and_what_depends_on_a_port_that_is_not_given(self):
        default = "hash_fields src_addr (the default; those of a director: --config FILE)\n"
        both = {"hash_fields": {"src_addr": True, "dst_port": True}, "alt_hash_fields": {"dst_addr": True}}
        for command in ("lookup", "explain"):
            without = ["table", command, "tables.json", "10.11.12.13", "1.1.1.1", "80"]
            done = self.run_with(*without)
            self.assertIn(default, done.stdout)
            self.assertIn("outer source port: depends on the source port, which was not given\n", done.stdout)
            told = json.loads(self.run_with(*without[:2], "--json", *without[2:]).stdout)
            self.assertEqual((told["hash_fields"], told["alt_hash_fields"]), (["src_addr"], []))
            self.assertIsNone(told["outer_source_port"])
            with_config = ["table", command, "--config", "director.json"]
            (self.folder / "director.json").write_text(json.dumps({**CONFIG, **both}))
            done = self.run_with(*with_config, *without[2:])
            self.assertIn("hash_fields src_addr dst_port\nalt_hash_fields dst_addr\n", done.stdout)
            told = json.loads(self.run_with(*with_config, "--json", *without[2:]).stdout)
            self.assertEqual((told["hash_fields"], told["alt_hash_fields"]), (["src_addr", "dst_port"], ["dst_addr"]))
            for key in ("hash_fields", "alt_hash_fields"):
                config = {**CONFIG, "hash_fields": {"src_addr": True}, key: {"src_port": True}}
                (self.folder / "director.json").write_text(json.dumps(config))
                done = self.run_with(*with_config, *without[2:])
                reason = "director.json: the row depends on the source port, which was not given"
                self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", f"glbctl: error: {reason}\n"))
                self.assertEqual(self.run_with(*with_config, *without[2:4], "9", *without[4:]).returncode, 0)

    def test_a_flow_that_makes_no_sense_is_refused_in_words(self):
        for words, reason in (
            (["10.11.12.13", "1.1.1.1", "81"], "tables.json: no bind matches this flow"),
            (["10.11.12.13", "1.1.1.1", "80", "udp"], "tables.json: no bind matches this flow"),
            (["10.11.12.13", "1.1.1.1", "80", "tcpp"], '"tcpp" is not tcp or udp'),
            (["10.11.12", "1.1.1.1", "80"], '"10.11.12" is not an IPv4 or IPv6 address'),
            (["fd00::1", "1.1.1.1", "80"], "fd00::1 and 1.1.1.1 are not of one IP version"),
            (["10.11.12.13", "1.1.1.1", "65536"], '"65536" is not a port from 0 to 65535'),
            (["10.11.12.13", "-1", "1.1.1.1", "80"], '"-1" is not a port from 0 to 65535'),
            (["10.11.12.13", "1.1.1.1", "99999999999999999999"], '"99999999999999999999" is not a port'),
        ):
            done = self.run_with("table", "lookup", "tables.json", *words)
            self.assertEqual((done.returncode, done.stdout), (1, ""), words)
            self.assertIn(f"glbctl: error: {reason}", done.stderr)

    def test_a_refused_source_leaves_the_old_image_alone(self):
        (self.folder / "tables.bin").write_text("old")
        (self.folder / "bad.json").write_text('{"tables": []}')
        done = self.run_with("table", "build", "bad.json", "tables.bin")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr, "glbctl: error: bad.json:1:12: $.tables: empty, there is nothing to serve\n"
        )
        self.assertEqual((self.folder / "tables.bin").read_text(), "old")
        self.assertEqual(len(list(self.folder.iterdir())), 4)

    def test_an_image_is_no_more_readable_than_its_source(self):
        """It holds the hash_key. A file that is there already keeps its mode."""
        for source, old, want in (
            (0o600, None, 0o600),
            (0o640, None, 0o640),
            (0o644, None, 0o644),
            (0o444, None, 0o444),
            (0o600, 0o640, 0o640),
            (0o600, 0o644, 0o644),  # and is warned about
            (0o644, 0o600, 0o600),
        ):
            (self.folder / "tables.json").chmod(source)
            image = self.folder / "tables.bin"
            image.unlink(missing_ok=True)
            if old:
                image.touch()
                image.chmod(old)
            done = subprocess.run(
                [self.program, "table", "build", "tables.json", "tables.bin"],
                cwd=self.folder,
                preexec_fn=lambda: os.umask(0o022),
                stderr=subprocess.PIPE,
            )
            self.assertEqual((done.returncode, image.stat().st_mode & 0o7777), (0, want))
            self.assertEqual(b"chmod o= tables.bin" in done.stderr, (source, want) == (0o600, 0o644))

    def test_a_replay_writes_a_capture_that_holds_its_longer_frames(self):
        """Readers cut frames to the snapshot length that the file announces."""
        (self.folder / "in.pcap").write_bytes(capture([SYN], snapshot=len(SYN)))
        done = self.replay("in.pcap", "out.pcap")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[0], "forward 1")
        out = (self.folder / "out.pcap").read_bytes()
        (snapshot,) = struct.unpack_from("<I", out, 16)
        self.assertEqual(struct.unpack_from("<IIII", out, 24), (7, 8, len(SYN) + 40, len(SYN) + 40))
        self.assertGreaterEqual(snapshot, len(SYN) + 40)
        self.assertEqual(self.replay("out.pcap", "again.pcap").returncode, 0)

    def test_a_replay_announces_frames_as_long_as_there_may_be(self):
        long = bytearray(SYN + bytes(65495 - 40))
        long[16:18] = (65495).to_bytes(2, "big")
        long = long[:12] + bytes.fromhex("81000001 81000002") + long[12:]
        (self.folder / "in.pcap").write_bytes(capture([SYN, bytes(long)], snapshot=262144))
        self.assertEqual(self.replay("in.pcap", "out.pcap").returncode, 0)
        out = (self.folder / "out.pcap").read_bytes()
        self.assertEqual(struct.unpack_from("<I", out, 16), (262144,))
        self.assertEqual(len(out), 24 + 16 + len(SYN) + 40 + 16 + len(long) + 40)

    def test_a_replay_is_told_the_gateway_that_a_director_would_ask_the_kernel_for(self):
        (self.folder / "in.pcap").write_bytes(capture([SYN], snapshot=65535))
        asking = {**CONFIG, "outbound_gateway_mac": "auto", "outbound_gateway_ip": "10.0.0.1"}
        place = "glbctl: error: director.json: $.outbound_gateway_mac: "
        for config, words, reason in (
            (asking, [], f'{place}is "auto", and no kernel is asked here: give --gateway-mac'),
            (CONFIG, ["--gateway-mac", "02:00:00:00:00:07"], f'{place}is not "auto", so --gateway-mac has no place'),
            (asking, ["--gateway-mac", "seven"], 'glbctl: error: --gateway-mac: "seven" is not a MAC address'),
            (asking, ["--source-mac", "8"], 'glbctl: error: --source-mac: "8" is not a MAC address'),
        ):
            (self.folder / "director.json").write_text(json.dumps(config))
            done = self.replay(*words, "in.pcap", "out.pcap")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", reason + "\n"))
        (self.folder / "director.json").write_text(json.dumps(asking))
        done = self.replay("--gateway-mac", "02:00:00:00:00:07", "in.pcap", "out.pcap")
        self.assertEqual(done.stdout.splitlines()[0], "forward 1", done.stderr)
        self.assertEqual((self.folder / "out.pcap").read_bytes()[40:46].hex(), "020000000007")

    def test_a_replay_without_a_gateway_yet_sends_nothing(self):
        """Zeros stand for a gateway that the kernel does not know."""
        (self.folder / "in.pcap").write_bytes(capture([SYN], snapshot=65535))
        config = {**CONFIG, "outbound_gateway_mac": "auto", "outbound_gateway_ip": "10.0.0.1"}
        (self.folder / "director.json").write_text(json.dumps(config))
        done = self.replay("--gateway-mac", "00:00:00:00:00:00", "in.pcap", "out.pcap")
        self.assertIn("drop_no_gateway 1\n", done.stdout)

    def test_a_replay_does_not_write_over_what_it_reads(self):
        content = capture([SYN], snapshot=65535)
        (self.folder / "in.pcap").write_bytes(content)
        for words in (["in.pcap", "in.pcap"], ["--punted", "in.pcap", "in.pcap", "out.pcap"]):
            done = self.replay(*words)
            self.assertEqual(done.returncode, 1)
            self.assertIn("in.pcap: cannot be read and written at the same time", done.stderr)
            self.assertEqual((self.folder / "in.pcap").read_bytes(), content)

    def test_a_replay_does_not_write_two_captures_to_one_file(self):
        (self.folder / "in.pcap").write_bytes(capture([SYN], snapshot=65535))
        old = capture([SYN, SYN], snapshot=65535)
        (self.folder / "old.pcap").write_bytes(old)
        (self.folder / "link.pcap").symlink_to("old.pcap")
        for punted, out in (("old.pcap", "old.pcap"), ("link.pcap", "old.pcap"), ("./new.pcap", "new.pcap")):
            done = self.replay("--punted", punted, "in.pcap", out)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"glbctl: error: {punted}: cannot be both OUT and the file of --punted", done.stderr)
        self.assertEqual((self.folder / "old.pcap").read_bytes(), old)
        done = self.replay("--punted", "/dev/null", "in.pcap", "/dev/null")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_replay_says_that_it_is_none_of_the_ports(self):
        (self.folder / "in.pcap").write_bytes(capture([SYN], snapshot=65535))
        self.assertEqual(self.replay("in.pcap", "out.pcap").stderr, "")
        config = {**CONFIG, "ports": [{"name": "a", "vlan": 7}]}
        (self.folder / "director.json").write_text(json.dumps(config))
        done = self.replay("in.pcap", "again.pcap")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"^glbctl: warning: director\.json: \$\.ports: not looked at: .*\n$")
        self.assertEqual((self.folder / "again.pcap").read_bytes(), (self.folder / "out.pcap").read_bytes())

    def test_a_replay_writes_what_is_punted_only_where_a_director_punts(self):
        stranger = SYN[:30] + bytes([9, 9, 9, 9]) + SYN[34:]
        (self.folder / "in.pcap").write_bytes(capture([stranger], snapshot=65535))
        for way, size in (("punt", 24 + 16 + len(stranger)), ("drop", 24)):
            (self.folder / "director.json").write_text(json.dumps({**CONFIG, "unmatched": way}))
            done = self.replay("--punted", "punted.pcap", "in.pcap", "out.pcap")
            self.assertRegex(done.stdout, r"\npunt_\w+ 1\n")
            self.assertEqual((self.folder / "punted.pcap").stat().st_size, size)

    def shell(self, command: str) -> subprocess.CompletedProcess:
        words = ["bash", "-c", command.replace("glbctl", str(self.program))]
        return subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=600)

    def test_a_slow_pipe_is_waited_for(self):
        """However long it says nothing: only a director in service has better things to do."""
        slowly = "sleep 2.2; cat tables.json; sleep 0.2"
        commands = (f"({slowly}) | glbctl table check /dev/stdin", f"glbctl table check <({slowly})",
                    f"({slowly}) | glbctl table check -",
                    f"mkfifo pipe; ({slowly}) >pipe & glbctl table check pipe")
        with ThreadPool(len(commands)) as pool:
            for command, done in zip(commands, pool.map(self.shell, commands)):
                self.assertEqual((done.returncode, done.stderr), (0, ""), command)
                self.assertIn("table 0 web", done.stdout)

    def test_a_file_named_dash_is_standard_input_or_output(self):
        flow = "10.11.12.13 45678 1.1.1.1 80"
        for command, other in (
            ("glbctl table check - <tables.json", "glbctl table check tables.json 2>/dev/null"),
            ("glbctl table show --json - <tables.json", "glbctl table show --json tables.json"),
            ("glbctl table check --config - tables.json <director.json",
             "glbctl table check --config director.json tables.json"),
            (f"glbctl table lookup --config director.json - {flow} <tables.json",
             f"glbctl table lookup --config director.json tables.json {flow}"),
            (f"glbctl table lookup --config - tables.json {flow} <director.json",
             f"glbctl table lookup --config director.json tables.json {flow}"),
            ("glbctl table diff tables.json - <tables.json", "glbctl table diff tables.json tables.json"),
            ("glbctl table plan - tables.json <tables.json", "glbctl table plan tables.json tables.json"),
            ("glbctl mtu --config - tables.json <director.json", "glbctl mtu --config director.json tables.json"),
            ("glbctl table build - - <tables.json | md5sum",
             "glbctl table build tables.json out.bin; md5sum <out.bin"),
            ("cp tables.json copy.json; glbctl table drain - 1.2.3.4 <tables.json",
             "glbctl table drain copy.json 1.2.3.4 >/dev/null; cat copy.json"),
            ("glbctl table drain - 1.2.3.4 <copy.json", "cat copy.json"),
        ):
            done, wanted = self.shell(command), self.shell(other)
            self.assertEqual((done.returncode, done.stdout), (0, wanted.stdout), (command, done.stderr))
            self.assertTrue(done.stdout, command)
        self.assertFalse((self.folder / "-").exists())

    def test_a_step_of_standard_input_says_on_standard_error_what_it_did(self):
        done = self.shell("glbctl table drain - 1.2.3.4 <tables.json")
        self.assertEqual((done.returncode, done.stderr), (0, "glbctl: info: 1.2.3.4: draining\n"))
        done = self.shell("glbctl table remove - 1.2.3.4 <tables.json")
        self.assertEqual((done.returncode, done.stdout), (3, ""))

    def test_an_image_of_standard_input_is_for_its_owner_alone(self):
        self.assertEqual(self.shell("umask 022; cat tables.json | glbctl table build - out.bin").returncode, 0)
        self.assertEqual((self.folder / "out.bin").stat().st_mode & 0o777, 0o600)

    def test_standard_input_is_read_once(self):
        for command in ("table diff - -", "table plan - -", "table check --config - -", "mtu --config - -",
                        "table lookup --config - - 10.11.12.13 1.1.1.1 80"):
            done = self.shell(f"glbctl {command} <tables.json")
            self.assertEqual((done.returncode, done.stdout), (1, ""), command)
            self.assertIn("glbctl: error: -: is standard input, which can be read once only\n", done.stderr)

    def test_a_byte_order_mark_is_ignored_and_other_encodings_are_named(self):
        text = json.dumps(TABLES)
        for name in ("tables", "director"):
            plain = (self.folder / f"{name}.json").read_text()
            for encoding, why in (("utf-8-sig", None), ("utf-16", "UTF-16"), ("utf-16-be", "UTF-16"),
                                  ("utf-16-le", "UTF-16"), ("utf-32", "UTF-32"), ("utf-32-be", "UTF-32")):
                (self.folder / f"{name}.json").write_bytes(plain.encode(encoding))
                done = self.run_with("mtu", "--config", "director.json", "tables.json")
                self.assertEqual(done.returncode, 1 if why else 0, (name, encoding, done.stderr))
                if why:
                    self.assertEqual(
                        done.stderr, f"glbctl: error: {name}.json:1:1: is {why}, expected UTF-8\n"
                    )
            (self.folder / f"{name}.json").write_text(plain)
        for marked, place in (("\ufeff" + text[:-1], f"1:{len(text)}"), ("\ufeff{]", "1:2"), ("\ufeff", "1:1"),
                              ("\ufeff{}", "1:1"), ("\ufeff\n {}", "2:2"), ("{}\ufeff", "1:3")):
            (self.folder / "bad.json").write_text(marked)
            done = self.run_with("table", "check", "bad.json")
            self.assertIn(f"glbctl: error: bad.json:{place}: ", done.stderr, repr(marked))
        (self.folder / "tables.json").write_text("\ufeff" + text)
        self.assertEqual(self.run_with("table", "drain", "tables.json", "1.2.3.4").returncode, 0)
        self.assertEqual(
            (self.folder / "tables.json").read_text(), "\ufeff" + text.replace("active", "draining", 1)
        )

    def test_comments_and_a_schema_are_no_unknown_keys(self):
        marked = json.loads(json.dumps(TABLES))
        table = marked["tables"][0]
        for thing in (marked, table, table["binds"][0], table["backends"][0]):
            thing.update({"_comment": ["any", {"thing": 1}], "comment": "a word"})
        marked["$schema"] = "tables.schema.json"
        config = {"$schema": 1, "_comment": None, "hash_fields": {"src_addr": True, "comment": "why"}}
        for fields in ({**CONFIG, **config}, {**CONFIG, "ports": [{"name": "a", "comment": 1}]}):
            (self.folder / "tables.json").write_text(json.dumps(marked))
            (self.folder / "tables.json").chmod(0o600)
            (self.folder / "director.json").write_text(json.dumps(fields))
            done = self.run_with("table", "check", "--strict", "--config", "director.json", "tables.json")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        table["$schema"] = "x"
        (self.folder / "tables.json").write_text(json.dumps(marked))
        self.assertIn('$.tables[0]["$schema"]: unknown key', self.run_with("table", "check", "tables.json").stderr)

    def test_what_only_a_health_checker_refuses_is_warned_about(self):
        checked = json.loads(json.dumps(TABLES))
        checked["tables"][0]["backends"][0]["healthchecks"] = {"tcp": 70000}
        (self.folder / "tables.json").write_text(json.dumps(checked))
        (self.folder / "tables.json").chmod(0o600)
        place = "$.tables[0].backends[0].healthchecks.tcp: 70000 is not from 0 to 65535; glb-healthcheck refuses it\n"
        for words, status, severity in (((), 0, "warning"), (("--strict",), 1, "error")):
            done = self.run_with("table", "check", *words, "tables.json")
            self.assertEqual(done.returncode, status)
            self.assertRegex(done.stderr, rf"^glbctl: {severity}: tables.json:1:\d+: {re.escape(place)}$")
        done = self.run_with("table", "show", "tables.json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_table_is_read_from_a_pipe(self):
        shell = f"cat tables.json | {self.program} table check /dev/stdin"
        done = subprocess.run(shell, shell=True, cwd=self.folder, capture_output=True, text=True, timeout=600)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_capture_that_cannot_be_replayed_is_refused_in_words(self):
        for content, reason in (
            (None, "in.pcap: No such file or directory"),
            (b"", "in.pcap: truncated dump file"),
            (b"no capture at all, but long enough", "in.pcap: unknown file format"),
            (capture([SYN], 65535, link_type=101), "in.pcap: link type RAW (Raw IP), expected Ethernet"),
            (capture([SYN], 65535, link_type=113), "in.pcap: link type LINUX_SLL (Linux cooked v1), expected"),
            (capture([SYN], 65535, link_type=60000), "in.pcap: link type 60000, expected Ethernet"),
        ):
            if content is not None:
                (self.folder / "in.pcap").write_bytes(content)
            done = self.replay("in.pcap", "out.pcap")
            self.assertEqual((done.returncode, done.stdout), (1, ""), reason)
            self.assertIn(f"glbctl: error: {reason}", done.stderr)

    def test_a_full_disk_is_noticed(self):
        (self.folder / "in.pcap").write_bytes(capture([SYN], snapshot=65535))
        done = self.replay("in.pcap", "/dev/full")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("/dev/full: No space left on device", done.stderr)

    def test_results_nobody_could_read_are_a_failure(self):
        for words in (["check", "tables.json"], ["lookup", "tables.json", "10.0.0.1", "1.1.1.1", "80"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [self.program, "table", *words], cwd=self.folder, stdout=full, stderr=subprocess.PIPE
                )
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(b"standard output: No space left on device", done.stderr)

    def test_why_a_file_is_refused_that_nobody_could_read_is_noticed(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [self.program, "table", "check", "--json", "none"], cwd=self.folder, stdout=full, stderr=subprocess.PIPE
            )
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output: No space left on device", done.stderr)


if __name__ == "__main__":
    Glbctl.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
