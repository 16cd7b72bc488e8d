# SPDX-License-Identifier: BSD-3-Clause
"""What does a client see of the packets of a running director?"""

import base64
import copy
import json
import re
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from device import CONFIG, DIRECTOR_MAC, PORT, TABLES, VIP, collect
from far_end import Wire
from netns import wait_until
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.utils import PcapNgReader

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "process"))

from control import Client, ask  # noqa: E402

CLIENT = "198.51.100.7"
ETHER = Ether(src="02:00:00:00:00:02", dst=DIRECTOR_MAC)
IN = ETHER / IP(src=CLIENT, dst=VIP)
SETTINGS = {"echo": "answer", "answers_per_second": 1, "min_ttl": 5, "too_big": "drop", "verify_ip_checksum": True}
NAMED = {"tables": [{**TABLES["tables"][0], "name": "web"}]}
QUOTED = IP(src=VIP, dst=CLIENT) / TCP(sport=PORT, dport=40000)

# verdict, frame, words that explain it
FATES = [
    ("forward", IN / TCP(sport=40000, dport=PORT, flags="S"), "TCP, port 40000 to 80 SYN"),
    ("forward", ETHER / Dot1Q(vlan=7) / IN[IP] / TCP(sport=40001, dport=PORT), "VLAN 7"),
    ("forward", IN / ICMP(type=3, code=4, nexthopmtu=1400) / QUOTED,
     f"ICMP error: belongs to the flow that it quotes, {CLIENT} port 40000 to {VIP} port 80"),
    ("answer_echo", IN / ICMP(type=8) / b"echo", "ICMP echo request"),
    ("drop_answer_limit", IN / ICMP(type=8) / b"again", "answers_per_second was reached (1)"),
    ("punt_not_ip", ETHER / ARP(), "neither IPv4 nor IPv6"),
    ("punt_no_bind", IN / TCP(dport=81), "no bind matches its address, protocol and port"),
    ("punt_group", Ether(src=ETHER.src, dst="ff:ff:ff:ff:ff:ff") / IN[IP] / UDP(), "a group of stations"),
    ("drop_other_host", Ether(src=ETHER.src, dst="02:00:00:00:00:03") / IN[IP] / TCP(), "another host"),
    ("drop_truncated", IN / TCP(dport=PORT) / b"cut", "ends before a header or the IP length"),
    ("drop_bad_length", ETHER / IP(src=CLIENT, dst=VIP, ihl=4), "contradict each other"),
    ("drop_source", ETHER / IP(src="127.0.0.1", dst=VIP) / TCP(dport=PORT), "from an address that no sender can have"),
    ("drop_bad_checksum", ETHER / IP(src=CLIENT, dst=VIP, chksum=1) / TCP(dport=PORT), "wrong IPv4 header checksum"),
    ("drop_ttl", ETHER / IP(src=CLIENT, dst=VIP, ttl=4) / TCP(dport=PORT), "below min_ttl (min_ttl 5)"),
    ("drop_bad_quote", IN / ICMP(type=3, code=4) / b"short", "ICMP error whose quote cannot be read"),
    ("drop_mtu", IN / TCP(dport=PORT) / bytes(1440), "MTU 1500 of port 0"),
]


def wire_bytes(verdict, frame):
    data = bytes(frame)
    return data[:-3] if verdict == "drop_truncated" else data


@pytest.fixture
def path(host):
    return host.folder / "control.sock"


@pytest.fixture
def director(host, path):
    host.start("net_af_packet0,iface=eth0", tables=NAMED, config={**CONFIG, **SETTINGS, "control_socket": str(path)})
    return host


@pytest.fixture
def far(director):
    made = Wire(director.namespace.name, "far")
    yield made
    made.close()


def begin(client, **keys):
    answer = client.ask("trace", **keys)
    assert answer["ok"], answer
    return answer["trace"]


def frames_of(client, number, count):
    """So many that are given, or all until it ends; and how many were missed."""
    frames, missed, ended, empty = [], 0, None, 0
    while len(frames) < count and not ended and empty < 5:
        answer = client.ask("trace-next", trace=number)
        assert answer["ok"], answer
        frames += answer["frames"]
        empty += not answer["frames"]
        missed += answer["missed"]
        ended = answer["ended"]
    return frames, missed, ended


def bytes_of(frame):
    return base64.b64decode(frame["bytes"], validate=True)


def test_each_packet_is_shown_as_received_and_sent_with_every_decision(director, far, path):
    """What is shown is what went over the wire; each verdict says why."""
    with Client(path) as client:
        number = begin(client, count=len(FATES), reasons=True, seconds=60)
        for verdict, frame, _ in FATES:
            far.send(wire_bytes(verdict, frame))
        frames, missed, ended = frames_of(client, number, len(FATES))
        assert [one["verdict"] for one in frames] == [verdict for verdict, _, _ in FATES]
        assert (len(frames), missed, ended) == (len(FATES), 0, "count")
        assert client.ask("trace-next", trace=number)["error"]["reason"] == f"trace {number} has ended"
    left = collect(far, 4)
    for (verdict, frame, words), shown in zip(FATES, frames):
        reasons = shown["reasons"]
        assert shown["verdict"] == verdict, (reasons, words)
        assert bytes_of(shown["received"]) == wire_bytes(verdict, frame)
        assert shown["received"]["length"] == len(wire_bytes(verdict, frame))
        assert (shown["worker"], shown["generation"], shown["received"]["port"]) == (0, 1, 0)
        assert abs(shown["time_ns"] / 1e9 - time.time()) < 600
        assert any(words in line for line in reasons), reasons
        assert any(line.startswith(f"{verdict}: ") for line in reasons), reasons
        assert (shown["sent"] is not None) == verdict.startswith(("forward", "answer"))
    sent = [bytes_of(shown["sent"]) for shown in frames if shown["sent"]]
    assert sent == left
    ways = [shown["reasons"] for shown in frames if shown["verdict"] == "forward"]
    for reasons, frame in zip(ways, (Ether(one) for one in sent)):
        assert f"bind {VIP} tcp 80 of table 0 web" in reasons
        hops = next(line for line in reasons if line.startswith("hops of the row: "))
        primary = hops.split()[4]
        assert f"10.0.0.11 to {primary}, UDP port" in reasons[-1] and "GUE with 10.0.0." in reasons[-1]
        assert frame[IP].dst == primary
    counters = director.stop()
    assert counters["rx"] >= len(FATES)
    log = director.log.read_text()
    assert "trace: asked for on the control socket, by process" in log
    assert "trace 1: ended, count; frames 16, missed 0" in log


class Program:
    """glbctl, which views packets of the director as soon as this is made."""

    def __init__(self, glbctl, director, *words):
        begun = director.log.read_text().count("trace: asked for")
        self.process = subprocess.Popen(
            [glbctl, *words[:1], "--socket", director.folder / "control.sock", *words[1:]],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        wait_until(
            lambda: director.log.read_text().count("trace: asked for") > begun or self.process.poll() is not None,
            "its trace",
        )
        wait_until(lambda: ask(director.folder / "control.sock", "status")["ok"], "the turn that began it")

    def end(self, number=None):
        """Its exit status and what it said."""
        if number:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=600)
        return self.process.returncode, out, err


def hex_lines(data):
    lines = [data[at : at + 16].hex(" ", -2) for at in range(0, min(len(data), 160), 16)]
    return [f"    {16 * number:04x}  {line}" for number, line in enumerate(lines)]


def test_people_see_what_they_ask_for(director, far, path, glbctl):
    """In the language of tcpdump, and by verdict; one at a time, and not for everybody."""
    by_ttl = bytes(ETHER / Dot1Q(vlan=7) / IP(src=CLIENT, dst=VIP, ttl=4) / TCP(dport=PORT))
    punted, forwarded = bytes(IN / TCP(dport=81)), bytes(IN / TCP(sport=40000, dport=PORT) / bytes(200))
    words = ("--seconds", "60", "--verdict", "drop,punt_no_bind", "host", CLIENT, "and", "tcp")
    program = Program(glbctl, director, "trace", "--count", "2", *words)
    for data in (bytes(ETHER / ARP()), forwarded, by_ttl, bytes(IN / UDP()), punted):
        far.send(data)
    status, out, err = program.end()
    assert (status, err) == (0, "")
    first, second = out.rstrip("\n").split("\n\n")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z worker 0, generation 1: drop_ttl\n", first), out
    assert "  drop_ttl: TTL or hop limit below min_ttl (min_ttl 5)" in first.splitlines()
    assert first.splitlines()[-len(hex_lines(by_ttl)) :] == hex_lines(by_ttl)
    assert " generation 1: punt_no_bind\n" in second and "  sent" not in second.splitlines()

    program = Program(glbctl, director, "trace", "--json", "--count", "1", "port", str(PORT))
    far.send(forwarded)
    status, out, err = program.end()
    shown = [frame for line in out.splitlines() for frame in json.loads(line)["frames"]]
    assert (status, err, [one["verdict"] for one in shown]) == (0, "", ["forward"])

    program = Program(glbctl, director, "trace", "--json", "--count", "3", "--seconds", "60", "--table", "web", "ip[8] > 1")
    expired = bytes(ETHER / IP(src=CLIENT, dst=VIP, ttl=1) / TCP(dport=PORT))
    tagged, error = bytes(FATES[1][1]), bytes(FATES[2][1])
    for data in (punted, expired, forwarded, bytes(IN / UDP(dport=PORT)), error, tagged):
        far.send(data)
    status, out, err = program.end()
    shown = [frame for line in out.splitlines() for frame in json.loads(line)["frames"]]
    assert (status, err, [bytes_of(one["received"]) for one in shown]) == (0, "", [forwarded, error, tagged])

    holding = Program(glbctl, director, "trace")
    refused = subprocess.run([glbctl, "trace", "--socket", path], capture_output=True, text=True, check=False)
    assert refused.returncode == 3
    assert re.search(rf"trace \d of process {holding.process.pid}, user 0, is under way; there is one at a time", refused.stderr)
    with Client(path) as client:
        assert client.ask("trace-next", trace=4)["error"]["reason"] == "trace 4: another request for more is pending"
        assert client.ask("trace-next", trace=9)["error"]["reason"] == "trace 9 was never begun"
        readers = path.with_name("control-ro.sock")
        for verb in ("trace", "trace-next"):
            answer = ask(readers, verb, **({"trace": 4} if verb == "trace-next" else {}))
            assert answer["error"]["code"] == "refused" and f"{verb} shows packets, and this socket is for reading" in answer["error"]["reason"]
        holding.end(signal.SIGKILL)
        assert client.ask("trace")["ok"], "as soon as its client is gone"
    # a client that was given a trace and disconnects before the first poll
    with Client(path) as client:
        assert client.ask("trace")["ok"]
    with Client(path) as client:
        assert client.ask("trace")["ok"]
        director.wait_for_log("ended, no client polls it; frames 0, missed 0", 20)
    director.wait_for_log("ended, its client has left")
    for words, status, error in (
        (["host"], 2, 'filter "host": '),
        (["--verdict", "drop_dead"], 1, 'request:1: $.verdicts[0]: no verdict is called "drop_dead"'),
        (["ip6", "protochain", "6"], 1, "jumps backwards, so that it might not end"),
        (["--table", "wbe", "tcp"], 1, 'there is no table "wbe"'),
        (["--count", "0"], 2, '--count: "0" is not a number'),
    ):
        done = subprocess.run([glbctl, "trace", "--socket", path, *words], capture_output=True, text=True, check=False)
        assert done.returncode == status and error in re.sub(r":1:\d+:", ":1:", done.stderr), done.stderr


def blocks_of(data):
    """The blocks of a pcapng file, by the letter of draft-ietf-opsawg-pcapng: type, body and options."""
    fixed = {0x0A0D0D0A: 16, 1: 8}
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert length % 4 == 0 and struct.unpack_from("<I", data, at + length - 4) == (length,)
        body, at = data[at + 8 : at + length - 4], at + length
        end = fixed.get(kind) or 20 + (struct.unpack_from("<I", body, 12)[0] + 3) // 4 * 4
        options, place = {}, end
        while place < len(body):
            code, size = struct.unpack_from("<HH", body, place)
            options[code] = body[place + 4 : place + 4 + size]
            place += 4 + (size + 3) // 4 * 4
        assert place == len(body) and options.pop(0) == b""
        yield kind, body[:end], options


def read_capture(data):
    """The names of its interfaces, and of each packet interface, bytes, length and options."""
    section, *blocks = blocks_of(data)
    assert section[0] == 0x0A0D0D0A and section[1] == struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    assert section[2][4].startswith(b"glbctl ")
    names = [options[2].decode() for kind, _, options in blocks if kind == 1]
    packets = []
    for kind, body, options in blocks[len(names) :]:
        assert kind == 6
        interface, _, _, kept, length = struct.unpack_from("<5I", body)
        packets.append((interface, body[20 : 20 + kept], length, options))
    assert all(options[9] == b"\x09" for kind, _, options in blocks if kind == 1)
    return names, packets


def test_a_capture_has_both_frames_and_the_verdict_of_each_packet(director, far, path, glbctl, tmp_path):
    packets = [wire_bytes(verdict, frame) for verdict, frame, _ in FATES]
    file = tmp_path / "out.pcapng"
    program = Program(glbctl, director, "capture", "--count", str(len(packets)), file)
    for data in packets:
        far.send(data)
    assert program.end() == (0, f"packets {len(packets)}\nmissed 0\n", "")
    left = collect(far, 4)
    names, read = read_capture(file.read_bytes())
    assert names == ["net_af_packet0 in", "net_af_packet0 out"]
    received = [one for one in read if one[0] == 0]
    sent = [one for one in read if one[0] == 1]
    assert [data for _, data, _, _ in received] == packets
    assert [data for _, data, _, _ in sent] == left
    for number, ((verdict, _, _), (_, data, length, options)) in enumerate(zip(FATES, received), start=1):
        comment = f"{verdict}; generation 1, worker 0, packet {number}"
        assert (options[1].decode(), length) == (comment, len(data))
        assert (options[2], options[5]) == (struct.pack("<I", 1), struct.pack("<Q", number))
    assert [options[5][0] for _, _, _, options in sent] == [1, 2, 3, 4]
    assert {options[2] for _, _, _, options in sent} == {struct.pack("<I", 2)}
    with PcapNgReader(str(file)) as reader:
        alike = [(bytes(one), float(one.time)) for one in reader]
    assert [data for data, _ in alike] == [data for _, data, _, _ in read]
    assert all(abs(seconds - time.time()) < 600 for _, seconds in alike)
    done = subprocess.run(  # libpcap reads it, too
        [glbctl, "replay", "--json", "--config", director.folder / "director.json", "--tables",
         director.folder / "tables.json", file, tmp_path / "replayed.pcap"],
        capture_output=True, text=True, check=False,
    )
    assert json.loads(done.stdout)["frames"] == len(read), done.stderr

    file = tmp_path / "cut.pcapng"
    program = Program(glbctl, director, "capture", "--snaplen", "128", file, f"tcp and port {PORT}")
    long = bytes(IN / TCP(dport=PORT) / bytes(1000))
    far.send(long)
    wait_until(lambda: len(read_capture(file.read_bytes())[1]) == 2, "both frames in the file")
    assert program.end(signal.SIGINT) == (0, "packets 1\nmissed 0\n", "")
    (_, data, length, _), (_, _, outer_length, _) = read_capture(file.read_bytes())[1]
    assert (data, length) == (long[:128], len(long)) and outer_length > length
    program = Program(glbctl, director, "capture", "--count", "1", "/dev/full")
    far.send(long)
    assert program.end()[0] == 1


def test_a_frame_is_explained_by_the_generation_that_decided(director, far, path):
    """Also if another one is in force when the trace is polled; otherwise no reason is given."""
    tables = copy.deepcopy(NAMED)
    tables["tables"][0]["backends"] = [{"ip": "10.0.9.1", "state": "active", "healthy": True},
                                       {"ip": "10.0.9.2", "state": "active", "healthy": True}]
    config = json.loads((director.folder / "director.json").read_text())
    frame = bytes(IN / TCP(sport=40000, dport=PORT))
    with Client(path) as client, Client(path) as other:
        number = begin(client, count=2, reasons=True)
        far.send(frame)
        wait_until(lambda: other.ask("stats")["counters"]["forward"] == 1, "the first")
        director.reload(config, tables=tables)
        wait_until(lambda: other.ask("workers")["workers"][0]["generation"] == 2, "the new tables")
        far.send(frame)
        frames, _, ended = frames_of(client, number, 2)
    assert ended == "count" and [one["generation"] for one in frames] == [1, 2]
    for one, network in zip(frames, ("10.0.0.", "10.0.9.")):
        assert f" to {network}" in one["reasons"][-1]
        assert any(line.startswith(f"hops of the row: {network}") for line in one["reasons"]), one["reasons"]
