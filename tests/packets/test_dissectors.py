# SPDX-License-Identifier: BSD-3-Clause
"""Do the dissectors of config/, for Wireshark and scapy, see what is in frames that glbctl makes?

What is in them is read here by offsets, from include/glb/gue.h.
"""

import json
import shutil
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from scapy.all import IP, TCP, UDP, Ether, IPv6, Raw, rdpcap, wrpcap

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "config/scapy"))

from glb_gue import GlbGue  # noqa: E402

LUA = ROOT / "config/wireshark/glb_gue.lua"
VIPS = {4: "192.0.2.10", 6: "2001:db8::10"}
CLIENTS = {4: "198.51.100.7", 6: "2001:db8:c::7"}
LAYERS = {4: IP, 6: IPv6}
PROXIES = {4: [f"10.0.1.{number}" for number in range(21, 27)],
           6: [f"fd00:1::{number}" for number in range(21, 27)]}
# The version of the proxies, and the hops of a row: at least two, or the original's tables.
KINDS = [(4, 2), (4, 3), (4, 4), (6, 2), (6, 4)]


def tables(underlay, hops):
    """One table, with a key for hops where it is not the original's."""
    table = {
        "name": "web", "hash_key": "7a1c0e5b93d24f68a05be1c7d9f23468",
        "seed": "c4f09b1d6e873a52b8d14f7e20a96c35",
        "binds": [{"ip": vip, "proto": proto, "port": 80} for vip in VIPS.values() for proto in ("tcp", "udp")],
        "backends": [{"ip": proxy, "state": "active", "healthy": True} for proxy in PROXIES[underlay]],
    }
    return {"tables": [table | ({"hops": hops} if hops > 2 else {})]}


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: f"ipv{kind[0]}-{kind[1]}-hops")
def captured(request, glbctl, tmp_path_factory):
    """A capture of what a director sends: TCP and UDP, over both IP versions."""
    underlay, hops = request.param
    where = tmp_path_factory.mktemp("dissect")
    own = {"outbound_src_ip" if underlay == 4 else "outbound_src_ip6": PROXIES[underlay][0][:-2] + "11",
           "outbound_gateway_mac": "02:00:00:00:00:01"}
    (where / "director.json").write_text(json.dumps(own))
    (where / "tables.json").write_text(json.dumps(tables(underlay, hops)))
    wrpcap(str(where / "in.pcap"), [
        Ether(dst="02:00:00:00:00:02") / LAYERS[version](src=CLIENTS[version], dst=VIPS[version])
        / transport(sport=30000 + number, dport=80) / Raw(b"client's")
        for number in range(4) for version in (4, 6) for transport in (TCP, UDP)])
    subprocess.run([glbctl, "replay", "--config", where / "director.json", "--tables", where / "tables.json",
                    where / "in.pcap", where / "out.pcap"], check=True, capture_output=True)
    return where / "out.pcap"


def passed_on(path, index):
    """The same frames as a proxy passes them on; returns their place."""
    later = path.with_name(f"index-{index}.pcap")
    frames = [bytes(frame) for frame in rdpcap(str(path))]
    at = [gue_at(frame) + 6 for frame in frames]
    wrpcap(str(later), [Ether(frame[:place] + bytes([index]) + frame[place + 1:])
                        for frame, place in zip(frames, at)])
    return later


def gue_at(frame):
    return 14 + (20 if frame[12:14] == b"\x08\x00" else 40) + 8


def read(path):
    """What is in the frames of a capture: hops, index, versions and the client's source port."""
    for frame in (bytes(one) for one in rdpcap(str(path))):
        at = gue_at(frame)
        size = 16 if frame[at + 5] else 4
        count = frame[at + 7]
        hops = [str(ip_address(frame[at + 8 + i * size:at + 8 + (i + 1) * size])) for i in range(count)]
        inside = at + 8 + count * size
        version = frame[inside] >> 4
        port = inside + (20 if version == 4 else 40)
        assert frame[at] == 1 + count * size // 4
        yield {"hops": hops, "index": frame[at + 6], "version": version,
               "port": int.from_bytes(frame[port:port + 2], "big"),
               "udp": frame[inside + (9 if version == 4 else 6)] == 17}


@pytest.fixture(scope="module")
def tshark():
    """tshark(path, *fields): the values of the fields of each frame, a list each."""
    program = shutil.which("tshark")
    if not program:
        pytest.skip("tshark is not installed")

    def run(path, *fields):
        command = [program, "-X", f"lua_script:{LUA}", "-r", path, "-T", "fields", "-E", "separator=|"]
        done = subprocess.run(command + [word for field in fields for word in ("-e", field)],
                              check=True, capture_output=True, text=True)
        assert "Lua" not in done.stderr, done.stderr
        return [[value.split(",") if value else [] for value in line.split("|")]
                for line in done.stdout.splitlines()]

    return run


@pytest.mark.parametrize("index", [0, 1])
def test_wireshark_shows_hops_and_the_packet_inside(captured, tshark, index):
    """Also of what a proxy has passed on."""
    path = passed_on(captured, index) if index else captured
    expected = list(read(path))
    shown = tshark(path, "glb.hop", "glb.hop6", "glb.next_hop", "glb.hop_count", "glb.left", "tcp.srcport",
                   "udp.srcport", "_ws.malformed", "glb.malformed", "glb.passed_on")
    assert len(expected) == 16 and len(shown) == len(expected)
    for frame, (hops, hops6, next_hop, count, left, tcp, udp, broken, strange, again) in zip(expected, shown):
        assert [str(ip_address(hop)) for hop in hops + hops6] == frame["hops"]
        assert next_hop == [str(index)] and count == [str(len(frame["hops"]))]
        assert left == [str(len(frame["hops"]) - index)]
        assert (udp[1:] if frame["udp"] else tcp) == [str(frame["port"])]
        assert broken == [] and strange == [] and bool(again) == bool(index)


HEADER = bytes.fromhex("02040000 00000001 0a000116")
STRANGE = [
    (0, 0x42, "another variant"), (0, 0x22, "another variant"), (1, 6, "neither IPv4 nor IPv6"),
    (3, 1, "flags"), (5, 7, "unknown private type"), (7, 9, "disagree"),
]


def behind_udp(tshark, tmp_path, payloads):
    """What Wireshark says of each payload for the GUE port: whether it is strange, and its line."""
    path = tmp_path / "strange.pcap"
    wrpcap(str(path), [Ether() / IP(dst="10.0.1.21") / UDP(sport=33333, dport=19523) / Raw(payload)
                       for payload in payloads])
    shown = tshark(path, "glb.malformed", "_ws.col.Info")
    assert len(shown) == len(payloads)
    return [(bool(strange), ",".join(info)) for strange, info in shown]


def test_wireshark_says_what_no_director_writes(tshark, tmp_path):
    """Each reason for which a proxy drops a header."""
    payloads = [HEADER[:at] + bytes([value]) + HEADER[at + 1:] + bytes(IP() / TCP())
                for at, value, _ in STRANGE]
    for (strange, info), (_, _, reason) in zip(behind_udp(tshark, tmp_path, payloads), STRANGE):
        assert strange and reason in info


def test_wireshark_says_where_a_header_is_cut_off(tshark, tmp_path):
    """At every place; none is an error of the script."""
    lengths = range(1, len(HEADER))
    for length, (strange, info) in zip(lengths, behind_udp(tshark, tmp_path, [HEADER[:n] for n in lengths])):
        assert strange and ("short" if length < 8 else "cut off") in info, length


def test_scapy_reads_and_writes_the_same_bytes(captured):
    """Frames are read as they are, and built from what was read, without the numbers, the same again."""
    for raw, frame in zip(rdpcap(str(captured)), read(captured)):
        gue = raw[GlbGue]
        assert gue.hops == frame["hops"] and gue.next_hop == 0 and gue.hop_count == len(frame["hops"])
        assert gue.payload.version == frame["version"] and gue[UDP if frame["udp"] else TCP].sport == frame["port"]
        built = GlbGue(hops=gue.hops) / gue.payload
        assert bytes(built) == bytes(raw)[gue_at(bytes(raw)):]
