#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What does glbctl replay make of captures that are odd? All that can be decided is decided and counted.

test_captures.py GLBCTL
"""

import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from test_ctl import CONFIG, SYN, TABLES

STRANGER = SYN[:30] + bytes([9, 9, 9, 9]) + SYN[34:]
MICRO, NANO = 0xA1B2C3D4, 0xA1B23C4D
LONGEST = 65600
WARNED = 10  # one by one


def record(frame: bytes, at=(7, 8), captured=None, length=None, order="<") -> bytes:
    """A frame, of which `captured` bytes are there, and which had `length`."""
    kept = frame[:captured]
    return struct.pack(order + "IIII", *at, len(kept), len(frame) if length is None else length) + kept


def capture(*records, magic=MICRO, order="<") -> bytes:
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1) + b"".join(records)


def records_in(data: bytes) -> list:
    """(seconds, fraction, length, bytes) of each."""
    found, at = [], 24
    while at < len(data):
        seconds, fraction, captured, length = struct.unpack_from("<IIII", data, at)
        found.append((seconds, fraction, length, data[at + 16 : at + 16 + captured]))
        at += 16 + captured
    return found


def tcp(payload: int) -> bytes:
    frame = bytearray(SYN + bytes(n & 0xFF for n in range(payload)))
    frame[16:18] = (40 + payload).to_bytes(2, "big")
    return bytes(frame)


def udp(payload: bytes) -> bytes:
    frame = bytearray(SYN[:34] + struct.pack(">HHHH", 5000, 443, 8 + len(payload), 0) + payload)
    frame[16:18] = (28 + len(payload)).to_bytes(2, "big")
    frame[23] = 17
    return bytes(frame)


def block(kind: int, body: bytes) -> bytes:
    """A block of pcapng, whose body has a multiple of four bytes."""
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


class Captures(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        tables = json.loads(json.dumps(TABLES))
        tables["tables"][0]["binds"].append({"ip": "1.1.1.1", "proto": "udp", "port": 443})
        (self.folder / "director.json").write_text(json.dumps(CONFIG))
        (self.folder / "tables.json").write_text(json.dumps(tables))

    def replay(self, content: bytes, *words, out="out.pcap"):
        (self.folder / "in.pcap").write_bytes(content)
        files = ["--config", "director.json", "--tables", "tables.json"]
        command = [self.program, "replay", *files, *words, "in.pcap", out]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)

    def out(self) -> list:
        return records_in((self.folder / "out.pcap").read_bytes())

    def odd(self, content: bytes, said: str, counted: dict, **odd):
        """Exit 1, one warning with file and frame number, and all that could be decided."""
        done = self.replay(content, "--nonzero")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"glbctl: warning: in.pcap: frame {said}", done.stderr)
        self.assertEqual(dict(line.split() for line in done.stdout.splitlines()),
                         {name: str(count) for name, count in counted.items()})
        told = json.loads(self.replay(content, "--json", "--nonzero").stdout)
        self.assertEqual(told["counters"], counted)
        self.assertEqual((told["complete"], told["odd"]), (False, {**odd, "broken": False}))

    def test_a_frame_cut_by_the_snapshot_length_is_decided_by_its_headers(self):
        """A hop is chosen by headers alone; what is written lacks the same bytes."""
        whole = tcp(1000)
        self.assertEqual(self.replay(capture(record(whole))).returncode, 0)
        (sent,) = self.out()
        for captured in (54, 62, 96, len(whole) - 1):
            cut = capture(record(SYN), record(whole, captured=captured), record(STRANGER))
            said = f"2: captured with {captured} of its {len(whole)} bytes; decided by these\n"
            self.odd(cut, said, {"forward": 2, "punt_no_bind": 1}, cut=1)
            _, seen = self.out()
            self.assertEqual(seen[:3], sent[:3])
            self.assertEqual(len(seen[3]), captured + 40)
            self.assertEqual(seen[3][:40] + seen[3][42:], sent[3][:40] + sent[3][42 : captured + 40])

    def test_a_frame_cut_within_its_headers_is_not_guessed_at(self):
        echo = SYN[:23] + b"\x01" + SYN[24:34] + b"\x08\0\0\0\0\1\0\1" + bytes(12)
        error = SYN[:23] + b"\x01" + SYN[24:34] + b"\x03\x04\0\0\0\0\5\xdc" + SYN[14:] + bytes(400)
        error = error[:16] + (len(error) - 14).to_bytes(2, "big") + error[18:]
        quic = udp(bytes(1200))
        for frame, enough, most in ((tcp(1000), 54, 48), (echo, 42, 42), (error, 66, 66), (quic, 68, 68)):
            cuts = [record(frame, captured=captured) for captured in range(most)]
            said = f"3: captured with 1 of its {len(frame)} bytes, too few to decide by; not replayed\n"
            self.odd(capture(record(SYN), *cuts), said, {"forward": 1}, undecided=most)
            self.odd(capture(record(frame, captured=enough)), "1: captured", self.counts_of(frame), cut=1)
        self.odd(capture(record(tcp(9), captured=20)), "1: captured", {}, undecided=1)

    def test_a_segment_whose_mss_is_clamped_needs_its_options(self):
        """The TCP checksum, which was captured, changes with an option that may not have been."""
        (self.folder / "director.json").write_text(json.dumps({**CONFIG, "clamp_mss": True}))
        frame = bytearray(SYN[:46] + b"\x60" + SYN[47:] + b"\x02\x04\x05\xb4" + bytes(100))
        frame[16:18] = (len(frame) - 14).to_bytes(2, "big")
        content = capture(record(frame), *(record(frame, captured=captured) for captured in (57, 58, 100)))
        self.odd(content, "2: captured with 57", {"forward": 3}, cut=2, undecided=1)
        whole, *cut = [seen[82:] for *_, seen in self.out()]
        self.assertEqual([whole[: len(seen)] for seen in cut], cut)

    def counts_of(self, frame: bytes) -> dict:
        return json.loads(self.replay(capture(record(frame)), "--json", "--nonzero").stdout)["counters"]

    def test_a_record_that_is_cut_or_corrupt_ends_what_comes_before_it(self):
        good = capture(record(SYN), record(SYN))
        corrupt = struct.pack("<IIII", 7, 8, 2**31, 2**31) + SYN
        for tail in (record(SYN)[:-1], record(SYN)[:7], corrupt):
            done = self.replay(good + tail, "--nonzero")
            self.assertEqual((done.returncode, done.stdout), (1, "forward 2\n"))
            self.assertRegex(done.stderr, r"^glbctl: error: in\.pcap: behind frame 2: \S.*\n$")
            self.assertEqual(len(self.out()), 2)
            told = json.loads(self.replay(good + tail, "--json").stdout)
            self.assertEqual((told["complete"], told["frames"], told["odd"]["broken"]), (False, 2, True))

    def test_a_frame_longer_than_a_director_receives_is_named(self):
        self.assertEqual(self.replay(capture(record(SYN + bytes(LONGEST - len(SYN))))).returncode, 0)
        huge = SYN[:16] + b"\0\0" + SYN[18:] + bytes(66000)
        content = capture(record(SYN), record(huge), record(SYN + bytes(LONGEST)), record(SYN))
        said = f"2: has {len(huge)} bytes, more than the {LONGEST} that a director receives; not replayed"
        self.odd(content, said, {"forward": 2}, too_long=2)
        cut = capture(record(huge, captured=96), record(SYN))
        self.odd(cut, f"1: has {len(huge)} bytes", {"forward": 1}, too_long=1)

    def test_a_frame_captured_with_more_than_it_had_is_what_was_captured(self):
        content = capture(record(SYN), record(SYN, length=44), record(STRANGER, length=0))
        said = "2: captured with 54 bytes, more than the 44 it is said to have had; taken as captured"
        self.odd(content, said, {"forward": 2, "punt_no_bind": 1}, stretched=2)
        self.assertEqual([len(frame) for *_, frame in self.out()], [94, 94])

    def test_a_clock_that_goes_back_is_named_and_all_is_decided(self):
        content = capture(record(SYN, at=(9, 500000)), record(SYN, at=(7, 250000)), record(SYN, at=(9, 500000)))
        self.odd(content, "2: is from 2.250000 s before an earlier one", {"forward": 3}, clock_back=1)

    def test_of_many_odd_frames_few_are_warned_about_one_by_one(self):
        content = capture(*[record(tcp(100), captured=90)] * 500)
        done = self.replay(content, "--nonzero")
        lines = done.stderr.splitlines()
        self.assertEqual((done.returncode, done.stdout, len(lines)), (1, "forward 500\n", WARNED + 1))
        self.assertEqual(
            lines[-1],
            "glbctl: warning: in.pcap: 500 frames in all were captured in part, and decided by that",
        )

    def test_times_stay_as_fine_as_they_are(self):
        for magic, order, fraction, same in ((MICRO, "<", 999999, 999999), (NANO, "<", 999999999, 999999999),
                                             (MICRO, ">", 7, 7000), (NANO, ">", 7, 7)):
            content = capture(record(SYN, at=(5, fraction), order=order), magic=magic, order=order)
            done = self.replay(content)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(self.out()[0][:2], (5, same))

    def test_pcapng_is_read_too(self):
        header = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
        interface = struct.pack("<HHI", 1, 0, 262144)
        def packet(frame, length):
            return block(6, struct.pack("<IIIII", 0, 0, 5000007, len(frame), length) + frame + bytes(-len(frame) % 4))
        content = header + block(1, interface) + packet(SYN, len(SYN))
        done = self.replay(content, "--nonzero")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "forward 1\n", ""))
        self.assertEqual(self.out()[0][:2], (5, 7000))
        self.odd(content + packet(SYN[:20], len(SYN)), "2: captured with 20 of its 54", {"forward": 1}, undecided=1)
        other = content + block(1, struct.pack("<HHI", 101, 0, 262144)) + packet(SYN, len(SYN))
        done = self.replay(other, "--nonzero")
        self.assertEqual((done.returncode, done.stdout), (1, "forward 1\n"))
        self.assertIn("in.pcap: behind frame 1: ", done.stderr)

    def test_counters_are_told_to_people_and_machines_whole_or_without_zeros(self):
        content = capture(record(SYN), record(STRANGER))
        lines = dict(line.split() for line in self.replay(content).stdout.splitlines())
        told = json.loads(self.replay(content, "--json").stdout)
        self.assertEqual(set(told), {"frames", "complete", "odd", "counters"})
        self.assertEqual({name: str(count) for name, count in told["counters"].items()}, lines)
        self.assertEqual((told["frames"], told["complete"]), (2, True))
        self.assertEqual(set(told["odd"]), {"cut", "undecided", "too_long", "stretched", "clock_back", "broken"})
        self.assertGreater(len(lines), 20)
        self.assertEqual(self.replay(content, "--nonzero").stdout, "forward 1\npunt_no_bind 1\n")

    def test_captures_come_from_and_go_to_pipes(self):
        content = capture(record(SYN))
        self.replay(content)
        wanted = (self.folder / "out.pcap").read_bytes()
        files = "--config director.json --tables tables.json --nonzero"
        for command in (f"replay {files} - - <in.pcap", f"replay {files} in.pcap - | cat",
                        f"replay {files} /dev/stdin /dev/stdout <in.pcap 3>&1 | head -c {len(wanted)}",
                        f"replay {files.replace('director.json', '-')} in.pcap - <director.json"):
            done = subprocess.run(["bash", "-c", f"{self.program} {command}"], cwd=self.folder,
                                  capture_output=True, timeout=60)
            self.assertEqual(done.stdout[: len(wanted)], wanted, (command, done.stderr))
        self.assertEqual(done.stderr, b"forward 1\n")
        for words in ("- out.pcap --config -", "in.pcap - --punted -", "- in.pcap"):
            words = words if "--config" in words else f"{words} --config director.json"
            done = subprocess.run(["bash", "-c", f"{self.program} replay --tables tables.json {words} <in.pcap"],
                                  cwd=self.folder, capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (1, b""), (words, done.stderr))


if __name__ == "__main__":
    Captures.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
