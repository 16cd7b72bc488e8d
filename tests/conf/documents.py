# SPDX-License-Identifier: BSD-3-Clause
"""Documents of both kinds, good and bad: {name: text}."""

import copy
import json

KEY = "00112233445566778899aabbccddeeff"

TABLES = {
    "healthchecks": {"timeout_ms": 500},
    "tables": [
        {
            "name": "web",
            "hash_key": KEY,
            "seed": KEY[::-1],
            "hops": 3,
            "binds": [
                {"ip": "192.0.2.1", "proto": "tcp", "port": 80},
                {"ip": "2001:db8::/64", "proto": "udp", "port_start": 1000, "port_end": 2000, "quic": True},
            ],
            "backends": [
                {"ip": "10.0.0.1", "state": "active", "healthy": True, "weight": 50, "zone": "a", "server_id": 1},
                {"ip": "10.0.0.2", "state": "filling", "healthy": True, "zone": "b"},
                {"ip": "10.0.0.3", "state": "draining", "healthy": False, "zone": "a", "healthchecks": {}},
            ],
        },
    ],
}

DIRECTOR = {
    "outbound_gateway_mac": "02:00:00:00:00:01",
    "outbound_src_ip": "10.0.0.11",
    "hash_fields": {"src_addr": True, "dst_addr": False, "src_port": True, "dst_port": False},
    "alt_hash_fields": {"src_addr": True},
    "forward_icmp_ping_responses": True,
    "unmatched": "drop",
    "punt_port": "net_tap0",
    "punts_per_second": 1000,
    "idle_sleep_us": 0,
    "rx_drop_en": True,
    "backend_counters": False,
    "live_device": "glb-live",
    "turn_times": False,
    "stall_ms": 0,
    "live_stall_ms": 0,
    "live_leave_ms": 60000,
    "state_directory": "/var/lib/glb",
    "control_socket": "/run/glb-director/one.sock",
    "http_listen": "[::1]:9390",
    "statsd_host": "::1",
    "statsd_port": 28125,
    "num_worker_queues": 3,
    "flow_paths": [{"rx_port": 1, "rx_queue": 2, "tx_port": 3, "tx_queue": 4}, {}],
    "outbound_src_ip6": "fd00::11",
    "outbound_gateway_ip": "10.0.0.1",
    "outbound_gateway_interface": "eth0",
    "unique_hops": True,
    "icmp_errors": "all",
    "echo": "forward",
    "fragments": "drop",
    "verify_ip_checksum": True,
    "min_ttl": 1,
    "padding": "trim",
    "mtu": 1500,
    "too_big": "answer",
    "answers_per_second": 100,
    "errors_per_second": 100,
    "clamp_mss": True,
    "outer_dscp": 10,
    "outer_ecn": "copy",
    "outer_errors": "relay",
    "udp_checksum": "inner",
    "instruction_set": "generic",
    "vlan": 7,
    "steer": "rte_flow",
    "macs": ["00:00:5e:00:01:07", "0000:5e00:0207"],
    "bifurcate": True,
    "ports": [
        {"name": "net_null0", "punt_port": "net_tap1", "send_through": "net_null1", "mtu": 9000, "vlan": "none", "steer": "none", "macs": [], "bifurcate": False, "outbound_gateway_mac": "auto"},
        {"name": "net_null1", "outbound_gateway_ip": "fe80::1", "outbound_gateway_interface": "eth1"},
    ],
}

HEALTH = {
    "forwarding_table": {"src": "/etc/glb/tables.json", "dst": "/var/lib/glb-healthcheck/checked.json"},
    "reload_command": "true",
    "director_socket": "/run/one.sock",
    "control_socket": "/run/two.sock",
    "http_listen": "[::1]:19520",
    "state_directory": "/var/lib/glb",
    "hold_ms": 0,
    "parallel_max": 7,
    "tunnel_interface": "eth0",
    "tunnel_src_ip": "10.0.0.11",
    "tunnel_src_ip6": "fd00::11",
}

TIMES = {"timeout_ms": 100, "interval_ms": 5000, "trigger": 2, "rise": 1, "fall": 4}
LIMITS = {"max_unhealthy_percent": 30, "max_changes_per_minute": 10, "flap_limit": 4, "flap_window_s": 60}
REQUEST = {
    "method": "GET",
    "path": "/up?x",
    "host": "www.example.com",
    "headers": {"Accept": "*/*", "X-Y": ""},
    "status": ["200-299", 304],
    "body": "ok",
}
CHECKS = {
    "tcp": [80, {"port": 81, **TIMES}],
    "http": {"port": 80, **REQUEST, **TIMES},
    "https": [443, {"port": 443, "verify": False, **REQUEST}],
    "udp": [{"port": 53, "send": "x", "expect": "y"}, {"port": 53, "send_hex": "00", "expect_hex": "aB"}],
    "exec": ["/bin/true", "x"],
    "gue": 19523,
    "fou": [19523, {"port": 19523}],
    "tunnel": [True, {"vip": "192.0.2.1", "port": 80, "tls": True, "full_size": 1500, "http": {**REQUEST, "verify": False}}],
    "second_chance": {"interval_ms": 9000},
}

ODD = (None, True, False, 0, 1, -1, 3.5, 80.0, 70000, 2**31, "", "a", "tcp", "10.0.0.9", "fd00::1", KEY, [], {}, [{}])

ADDRESSES = """
10.0.0.1 0.0.0.0 255.255.255.255 256.0.0.1 1.2.3 1.2.3.4.5 01.2.3.4 1.2.3.04 00.0.0.0 1..2.3 .1.2.3 1.2.3. 1.2.3.4x
0x1.2.3.4 1.2.3.-4 ::: : :: ::1 1:: 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8
1::8 1:2::7:8 1:2:3:4::5:6:7:8 ::1:2:3:4:5:6:7:8 1::2::3 12345:: ::g ::1.2.3.4 1:2:3:4:5:6:1.2.3.4 1:2:3:4:5:6:7:1.2.3.4
::1.2.3 1.2.3.4:: ::ffff:1.2.3.04 FD00::AbCd fe80::1%eth0 [::1] 1:2:3:4:5:1.2.3.4 1::1.2.3.4 1:2:3:4:5::1.2.3.4
1:2:3:4:5:6::1.2.3.4 :1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:8: 0001:: 00001:: localhost
""".split() + ["", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "::1\n", "\n", "１.2.3.4", "1.2.3.4/32"]

PREFIXES = """
1.2.3.4/0 1.2.3.4/32 1.2.3.4/33 1.2.3.4/ 1.2.3.4/08 1.2.3.4/0032 1.2.3.4/+8 1.2.3.4/-1 1.2.3.4/8x 1.2.3.4/8/8 /8 1.2.3/8
1.2.3.4/255.255.255.0 1.2.3.4/99999999999999999999 1.2.3.4/4294967304 ::/0 ::/128 ::/129 ::/1000 ::/99 ::/100 ::/119 ::/120
::1/064 fd00::/8 ::1.2.3.4/96 1::/ x/99
""".split() + ["1.2.3.4/8\n", "1.2.3.4/ 8"]

MACS = """
02:00:00:00:00:01 02:AB:cd:EF:00:01 02ab:cdef:0001 02-00-00-00-00-01 2:0:0:0:0:1 02:00:00:00:00 02:00:00:00:00:01:02
02ab.cdef.0001 02abcdef0001 02:00:00:00:00:0g 02ab:cdef:00:01 gateway 00:00:00:00:00:00 0000:0000:0000 00:00:00:00:00:10
1000:0000:0000 auto Auto 01:00:5e:00:00:01 03:00:00:00:00:01 ff:ff:ff:ff:ff:ff ffff:ffff:ffff fe:ff:ff:ff:ff:ff
0f00:0000:0001 0e00:0000:0001 3333:0000:0001
""".split() + ["", "02:00:00:00:00:01\n", "02:00:00:00:00:01 # router", "0200:0000:0001#\tx\n", "02:00:00:00:00:01x"]
MACS += [" 02:00:00:00:00:01", "# none", "00:00:00:00:00:00 x", "01:00:5e:00:00:01#", "auto #", "02:00:00:00:00:01:#"]

KEYS = (KEY, KEY.upper(), KEY[1:], KEY + "0", KEY[1:] + "g", KEY[2:] + "0x", " " + KEY[1:], KEY[1:] + "\n", KEY + "\n")


def places(value, path=()):
    """The path to every value inside a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def changed(document, path, change):
    """A copy after change(container, key) at a path."""
    document = copy.deepcopy(document)
    container = document
    for key in path[:-1]:
        container = container[key]
    change(container, path[-1])
    return document


def assign(value):
    return lambda container, key: container.__setitem__(key, value)


def remove(container, key):
    del container[key]


def name_of(path) -> str:
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)


def mutations(document, below=None, odds=ODD):
    """Every value of a document, or those below keys of one name, missing, or replaced by every odd value."""
    for path in places(document):
        if below and below not in path:
            continue
        yield f"without {name_of(path)}", changed(document, path, remove)
        for odd in odds:
            yield f"{name_of(path)} = {json.dumps(odd)}", changed(document, path, assign(odd))


def spellings(document, path, texts):
    """A document with each of some texts at a place."""
    for text in texts:
        yield f"{name_of(path)} = {text!r}", changed(document, path, assign(text))


def table(**keys) -> dict:
    """A document of one table, with some keys of it replaced, or removed if None."""
    made = copy.deepcopy(TABLES["tables"][0])
    made.update(keys)
    return {"tables": [{key: value for key, value in made.items() if value is not None}]}


def commented(value):
    """A document with both keys for comments in every object."""
    if isinstance(value, list):
        return [commented(item) for item in value]
    if not isinstance(value, dict):
        return value
    remarks = {"_comment": ["any", {"thing": None}], "comment": "a word"}
    return {key: commented(item) for key, item in value.items()} | remarks


def backends(*changes, **keys) -> dict:
    """A document with a backend per change."""
    listed = [{"ip": f"10.1.{i // 256}.{i % 256}", "state": "active", "healthy": True} | c for i, c in enumerate(changes)]
    return table(backends=listed, **{"hops": None, **keys})


def bind(**keys) -> dict:
    return table(binds=[{"ip": "192.0.2.1", "proto": "tcp", **keys}])


def rules() -> dict:
    """What holds between the values of tables.json."""
    return {
        "an empty list of tables": {"tables": []},
        "two tables": {"tables": [table()["tables"][0], table(name="other", seed=KEY)["tables"][0]]},
        "a bad second table": {"tables": [table()["tables"][0], table(seed=5)["tables"][0]]},
        "unknown keys everywhere": table(colour=1, binds=[{**bind(port=1)["tables"][0]["binds"][0], "colour": {}}]),
        "comments everywhere": {**commented(TABLES), "$schema": "tables.schema.json"},
        "a schema of another type, and one below the top": {**table(**{"$schema": 1}), "$schema": {}},
        "port and range": bind(port=1, port_start=7, port_end=8),
        "port and a bad range": bind(port=1, port_start="x", port_end=None),
        "a bad port and a range": bind(port=None, port_start=1, port_end=2),
        "half a range": bind(port_start=1),
        "the other half": bind(port_end=1),
        "a reversed range": bind(port_start=81, port_end=80),
        "a range of one": bind(port_start=80, port_end=80),
        "all ports": bind(port_start=0, port_end=65535),
        "no backends": table(backends=[]),
        "all inactive": backends({"state": "inactive"}, {"state": "inactive"}),
        "one usable": backends({"state": "inactive"}, {}),
        "one backend": backends({}),
        "all unhealthy": backends({"healthy": False}, {"healthy": False}),
        "duplicate backends": backends({}, {"ip": "10.1.0.0"}),
        "one IPv6 address in two spellings": backends({"ip": "fd00::1"}, {"ip": "FD00:0::1"}),
        "IPv6 backends": backends({"ip": "fd00::1"}, {"ip": "fd00::2"}),
        "weights": backends({"weight": 1}, {"weight": 65535}, hops=2),
        "weights out of range": backends({"weight": 65536}, {}, hops=2),
        "weights without hops": backends({"weight": 0}, {"weight": "heavy"}),
        "zones without hops": backends({"zone": "a"}, {"zone": "b"}),
        "strange zones without hops": backends({"zone": ""}, {"zone": 7}, {}),
        "zones with two hops": backends({"zone": "a"}, {"zone": "b"}, hops=2),
        "zones with three hops": backends({"zone": "a"}, {"zone": "b"}, hops=3),
        "zones with four hops": backends({"zone": "a"}, {"zone": "b"}, hops=4),
        "a backend without a zone": backends({"zone": "a"}, {}, hops=3),
        "an empty zone": backends({"zone": ""}, {"zone": "a"}, hops=3),
        "the least load": backends({}, {}, hops=3, max_load=101),
        "the most load": backends({}, {}, hops=4, max_load=200),
        "too little load": backends({}, {}, hops=3, max_load=100),
        "too much load": backends({}, {}, hops=3, max_load=201),
        "a load that is a factor": backends({}, {}, hops=3, max_load=1.05),
        "a load in words": backends({}, {}, hops=3, max_load="105"),
        "a load without hops": backends({}, {}, max_load=105),
        "a strange load without hops": backends({}, {}, max_load="heavy"),
        "a load with two hops": backends({}, {}, hops=2, max_load=105),
        "a load with zones": backends({"zone": "a"}, {"zone": "b"}, hops=3, max_load=105),
        "a load with one zone": backends({"zone": "a"}, {"zone": "a"}, hops=4, max_load=105),
        "a load beside weights": backends({"weight": 7}, {}, hops=3, max_load=150),
        "QUIC over TCP": bind(proto="tcp", port=443, quic=True),
        "no QUIC over TCP": bind(proto="tcp", port=443, quic=False),
        "QUIC with a bad protocol": bind(proto="sctp", port=443, quic=True),
        "QUIC without server IDs": table(
            binds=[{"ip": "192.0.2.1", "proto": "udp", "port": 443, "quic": True}],
            backends=[{"ip": "10.0.0.1", "state": "active", "healthy": True}],
        ),
        "server IDs without QUIC": backends({"server_id": 0}, {"server_id": 65535}),
        "server IDs out of range": backends({"server_id": 65536}, {}),
        "duplicate server IDs": backends({"server_id": 7}, {}, {"server_id": 7, "state": "inactive"}),
        "257 backends": backends(*[{"state": "active" if i < 2 else "inactive"} for i in range(257)]),
        "too many backends": backends({}, {}, *[{"state": "inactive"}] * 16383),
        "most binds": table(binds=[{"ip": "192.0.2.1", "proto": "tcp", "port": i} for i in range(16384)]),
        "too many binds": table(binds=[{"ip": "192.0.2.1", "proto": "tcp", "port": i} for i in range(16385)]),
    }


def checked(**checks) -> dict:
    """A document with these checks of a backend."""
    return backends({"healthchecks": checks}, {})


COMMANDS = ("/a", "a", "", ["/a"], ["a"], [], ["/a", ""], ["/a", 7], ["/a"] * 32, ["/a"] * 33, [["/a", "b"], "/c"], [[]], [7])
COMMANDS += ({"command": "/a"}, {"command": ["/a"]}, {"command": []}, {"command": {}}, {}, [{"command": "/a"}, ["/b"]])
COMMANDS += ("/" + "x" * 254, "/" + "x" * 255, "/" + "\u00fc" * 200, ["/a", "x" * 1023], ["/a", "x" * 1024], ["/a", "\u00fc" * 600])
COMMANDS += ([["/a"]] * 16, [["/a"]] * 17, [None], ["/a", None], [{"command": "/a", "x": 1}])
STATUSES = (99, 100, 599, 600, "200-299", "200-", "2xx", "099-200", "200-600", "300-200", "200-200", "200", [], [200] * 8, [200] * 9)
STATUSES += (["200-299", 404], ["2"], [[200]], "200-299\n", " 200-299")
PATHS = ("/", "", "x", "/a b", "/a#b", "/\u00fc", "/a\n", "/~!$%", "/" + "x" * 1022, "/" + "x" * 1023, "/\"\\\x7f")
HEADERS = ({}, {"": "x"}, {"a b": "x"}, {"a": "x\ny"}, {"a": "x\ty"}, {"a": "\u00fc"}, {"a": "\x7f"}, {"a": None}, {"Host": "x"})
HEADERS += ({"hosT": "x"}, {"Hosts": "x"}, {"CONTENT-length": "1"}, {"transfer-Encoding": "x"}, {"comment": 7, "_comment": []})
HEADERS += ({"a": "x" * 1021}, {"a": "x" * 1022}, {f"a{i}": "x" for i in range(16)}, {f"a{i}": "x" for i in range(17)}, {"$schema": "x"})
TUNNELS = (True, False, {}, {"vip": "192.0.2.9"}, {"port": 81}, {"vip": "192.0.2.1", "port": 80}, {"vip": "x"}, {"port": 0}, [], [True])
TUNNELS += ({"tls": True}, {"tls": True, "http": False}, {"tls": True, "http": True}, {"tls": False}, {"http": {}}, {"http": {"verify": 1}})
TUNNELS += ({"full_size": 575}, {"full_size": 576}, {"full_size": 65536}, {"http": {"port": 1}}, [True] * 17, [None], [7], {"x": 1})
DATAGRAMS = ({"send": ""}, {"send_hex": ""}, {"send": "", "send_hex": ""}, {}, {"send": "", "expect": ""}, {"send": "x", "expect_hex": ""})
DATAGRAMS += ({"send_hex": "0"}, {"send_hex": "0g"}, {"send_hex": "00" * 1400}, {"send_hex": "00" * 1401}, {"send_hex": "00\n"})
DATAGRAMS += ({"send": "x" * 1400}, {"send": "x" * 1401}, {"send": "\u00fc" * 701}, {"send": "x", "expect": "y", "expect_hex": "00"})
DATAGRAMS += ({"send": "x", "expect": "\u00fc" * 701}, {"send": "x", "colour": 1})


def times_together():
    """What holds between times, wherever they stand."""
    for timeout in (None, 0, 1, 999, 1000, 2000):
        for interval in (None, 0, 1, 1000, 1001, 2001):
            given = {"timeout_ms": timeout, "interval_ms": interval}
            yield f"times of the file {given}", {"healthchecks": given, **table()}
            yield f"times of a table {given}", table(healthchecks={"tcp": 80, **given})
            yield f"times of a check {given}", checked(tcp={"port": 80, **given})


def health_of_tables():
    """What stands in healthchecks."""
    full = backends({"healthchecks": {**CHECKS, **TIMES}}, healthchecks={**CHECKS, **TIMES, **LIMITS})
    full["healthchecks"] = {**TIMES, **LIMITS}
    yield from times_together()
    few = {**full, "tables": [{**full["tables"][0], "healthchecks": {"tcp": 80}}]}  # a table's are as a backend's
    yield from mutations(few, "healthchecks", (None, True, 0, -1, 80.0, 70000, "", "a", [], {}, [{}]))
    yield "checks of a table", full
    yield "comments in checks", commented(full)
    yield "checks of a file", {**full, "healthchecks": {"http": 80}}
    yield "no checks of a file", {**full, "healthchecks": {"http": None}}
    for key, (least, most) in {"max_unhealthy_percent": (0, 100), "flap_limit": (0, 16), "fall": (0, 255), "timeout_ms": (0, 600000)}.items():
        for value in (least - 1, least, most, most + 1):
            yield f"{key} of a table: {value}", table(healthchecks={"interval_ms": 3600000, key: value})
    for key in ("tcp", "http", "https", "gue", "fou", "udp", "second_chance", "tunnel"):
        for value in (0, 65535, 65536, None, True, "80", {}, {"port": 0}, {"port": 80}, {"port": None}, [], [0], [80] * 17, [[80]], {"comment": 1}):
            yield f"{key}: {value}", checked(**{key: value})
    for uri in ("", "/x", "x", "/#", 7, None, "/" + "x" * 1022, "/" + "x" * 1023):
        for http in ("none", None, 0, 80, [80], {"port": 80}):
            yield f"http {http} with {uri!r}", checked(http_uri=uri, **({} if http == "none" else {"http": http}))
    for values, key in ((COMMANDS, "exec"), (TUNNELS, "tunnel")):
        for value in values:
            yield f"{key}: {json.dumps(value)[:99]}", checked(**{key: value})
    for datagram in DATAGRAMS:
        yield f"udp: {json.dumps(datagram)[:99]}", checked(udp={"port": 53, **datagram})
    for values, key in ((STATUSES, "status"), (PATHS, "path"), (HEADERS, "headers")):
        for value in values:
            yield f"{key} {json.dumps(value)[:99]}", checked(http={"port": 80, key: value})
    for method in ("GET", "HEAD", "OPTIONS", "get", "PUT"):
        for body in (None, "", "x", "x" * 1024, "x" * 1025, "\u00fc" * 600):
            request = {"method": method, **({} if body is None else {"body": body})}
            yield f"{method} {(body or '-')[:9]}", checked(http={"port": 80, **request}, tunnel={"http": request})
    many = [{"ip": "192.0.2.1", "proto": "tcp", "port": 1 + i} for i in range(33)]
    yield "a tunnel to too many binds", table(binds=many, healthchecks={"tunnel": True})
    yield "a tunnel to one of many binds", table(binds=many, healthchecks={"tunnel": {"port": 7}})


TEXTS = {
    "nothing": "",
    "a brace": "{",
    "a string": '"x"',
    "an array": "[]",
    "a number": "7",
    "a comment": '{"tables":[]} // x',
    "a trailing comma": '{"tables":[],}',
    "a duplicate key": json.dumps(TABLES)[:-1] + ', "healthchecks": {}}',
    "not a number": json.dumps(TABLES)[:-1] + ', "x": NaN}',
    "a number too big for the reader": json.dumps(TABLES)[:-1] + ', "x": 99999999999999999999}',
    "a NUL in a name": json.dumps(table(name="a\0b")),
    "half a surrogate pair": json.dumps(TABLES)[:-1] + ', "x": "\\ud800"}',
    "escapes in keys": json.dumps(TABLES).replace('"ip"', '"\\u0069p"'),
    "a byte order mark": "\ufeff" + json.dumps(TABLES),
}


def tables_documents() -> dict:
    backend, listed = ("tables", 0, "backends", 0, "ip"), ("tables", 0, "binds", 0, "ip")
    made = dict(mutations(TABLES))
    made.update(spellings(TABLES, backend, ADDRESSES))
    made.update(spellings(TABLES, listed, ADDRESSES + PREFIXES))
    made.update(spellings(TABLES, ("tables", 0, "seed"), KEYS))
    made.update(rules())
    made.update(health_of_tables())
    return {name: json.dumps(document) for name, document in made.items()} | TEXTS


WORDS = {
    "echo": "forward answer punt drop reply",
    "icmp_errors": "compatible all none",
    "fragments": "drop address keep",
    "padding": "keep trim cut",
    "too_big": "forward answer drop ignore",
    "outer_dscp": "copy zero 10",
    "outer_ecn": "zero copy keep",
    "outer_errors": "punt relay answer",
    "udp_checksum": "full inner offload zero none",
    "instruction_set": "best generic avx2 avx512 sse2",
    "vlan": "keep none 7",
    "steer": "none rte_flow",
    "outbound_gateway_interface": "x lan0.4094 123456789012345 1234567890123456 \u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc",
}
RANGES = {
    "min_ttl": (0, 255),
    "mtu": (576, 65535),
    "answers_per_second": (1, 1000000),
    "errors_per_second": (1, 1000000),
    "outer_dscp": (0, 63),
    "vlan": (1, 4094),
    "idle_sleep_us": (0, 10000),
    "punts_per_second": (0, 1000000),
    "live_stall_ms": (0, 60000),
    "stall_ms": (0, 60000),
    "live_leave_ms": (0, 60000),
    "statsd_port": (0, 65535),
}


def ways_of_echo(plain: dict):
    """Old spelling and new one, together and alone."""
    for old in (None, True, False, "yes"):
        for new in (None, "forward", "answer", "punt", "drop", "reply", True):
            given = {"forward_icmp_ping_responses": old, "echo": new}
            document = {**plain, **{key: value for key, value in given.items() if value is not None}}
            yield f"old echo {old}, new echo {new}", document


def ways_to_a_gateway(plain: dict):
    """Gateways that are looked up, and those that are given, at the top level and in a port."""
    macs, ips = (None, "auto", "02:00:00:00:00:07", "x"), (None, "10.0.0.1", "fe80::1", "x")
    for top in ((mac, ip) for mac in macs for ip in ips):
        for own in (None, *((mac, ip) for mac in macs for ip in ips)):
            document = {key: value for key, value in plain.items() if key != "outbound_gateway_mac"}
            for (mac, ip), place in ((top, document), (own or (None, None), port := {"name": "a"})):
                place.update({"outbound_gateway_mac": mac} if mac else {})
                place.update({"outbound_gateway_ip": ip} if ip else {})
            yield f"gateway {top}, of a port {own}", {**document, **({"ports": [port]} if own else {})}


def ways_of_fragments(plain: dict):
    """Hash fields with and without ports."""
    for fields in ("src_addr", "dst_addr", "src_port", "dst_port"):
        for key in ("hash_fields", "alt_hash_fields"):
            for way in ("drop", "address"):
                yield f"{fields} in {key}, {way}", {**plain, key: {fields: True}, "fragments": way}
                yield f"no {fields} in {key}, {way}", {**plain, key: {"src_addr": True, fields: False}, "fragments": way}


def ports_of_directors(plain: dict):
    """What holds in the list of ports."""
    names = [{"name": f"net_null{i}"} for i in range(17)]
    for title, ports in (
        ("no port", []),
        ("16 ports", names[:16]),
        ("17 ports", names),
        ("two ports of one name", [names[0], names[1], names[0]]),
        ("a port without a name", [{"mtu": 1500}]),
        ("a port with an unknown key", [{**names[0], "colour": 1}]),
        ("a port of a long name", [{"name": "x" * 64}]),
        ("a port of a name with umlauts", [{"name": "ü" * 32}]),
    ):
        yield title, {**plain, "ports": ports}


def director_documents() -> dict:
    only = {key: DIRECTOR[key] for key in ("outbound_gateway_mac", "outbound_src_ip")}
    made = {"all keys": DIRECTOR, "the required keys": only, "an unknown key": {**only, "colour": 1}}
    made["comments everywhere"] = {**commented(DIRECTOR), "$schema": "director.schema.json"}
    made["a comment alone among hash fields"] = {**only, "hash_fields": {"comment": "none yet"}}
    made["a schema among hash fields"] = {**only, "hash_fields": {"src_addr": True, "$schema": "x"}}
    made.update(mutations(DIRECTOR))
    for key in ("outbound_src_ip", "outbound_src_ip6", "outbound_gateway_ip"):
        made.update(spellings(DIRECTOR, (key,), ADDRESSES))
    made.update(spellings(DIRECTOR, ("outbound_gateway_mac",), MACS))
    made.update(spellings(DIRECTOR, ("ports", 1, "outbound_gateway_mac"), MACS))
    for path in (("macs", 1), ("ports", 0, "macs")):
        made.update(spellings(DIRECTOR, path, MACS if path[-1] == 1 else [[mac] for mac in MACS]))
    for count in (16, 17):
        made[f"{count} MAC addresses"] = {**only, "macs": [f"02:00:00:00:00:{n:02x}" for n in range(count)]}
    made.update(spellings(DIRECTOR, ("punt_port",), ("x" * 63, "x" * 64, "ü" * 32)))
    paths = ("", "/", "control.sock", "/run/a\nb", "\n", "/" + "x" * 103, "/" + "x" * 104, "/" + "ü" * 60)
    made.update(spellings(DIRECTOR, ("control_socket",), paths))
    listens = "127.0.0.1:9390 [::1]:0 [::ffff:1.2.3.4]:1 0.0.0.0:65535 1.2.3.4:65536 1.2.3.4 1.2.3.4: :80 [::1] ::1:80 [1.2.3.4]:80 "
    listens += "1.2.3.04:80 1.2.3.4:080 [::1]:-1 localhost:80 [:::]:80 1.2.3.4:8\u0660"
    made.update(spellings(DIRECTOR, ("http_listen",), ("", *listens.split())))
    for key, words in WORDS.items():
        made.update(spellings(only, (key,), words.split()))
    for key, (least, most) in RANGES.items():
        made.update(spellings(only, (key,), (least - 1, least, most, most + 1)))
    for ways in (ways_of_echo, ways_to_a_gateway, ways_of_fragments, ports_of_directors):
        made.update(ways(only))
    made["no source"] = {"outbound_gateway_mac": "02:00:00:00:00:01"}
    made["an IPv6 source"] = {**made["no source"], "outbound_src_ip6": "fd00::1"}
    made["an unknown hash field"] = {**DIRECTOR, "hash_fields": {"src_addr": True, "colour": True}}
    made["no hash field is true"] = {**DIRECTOR, "alt_hash_fields": {"src_addr": False}}
    return {name: json.dumps(document) for name, document in made.items()}


def health_documents() -> dict:
    only = {"forwarding_table": HEALTH["forwarding_table"]}
    made = {"all keys": HEALTH, "the required key": only, "an unknown key": {**only, "colour": 1}, "no key": {}}
    made["comments everywhere"] = {**commented(HEALTH), "$schema": "healthcheck.schema.json"}
    made["the original's file"] = {**only, "reload_command": "a && b"}
    made["no command"] = {**only, "reload_command": None}
    made.update(mutations(HEALTH))
    for key in ("tunnel_src_ip", "tunnel_src_ip6"):
        made.update(spellings(HEALTH, (key,), ADDRESSES))
    sockets = ("", "/", "x", "/run/one.sock", "/run/two.sock", "/" + "x" * 103, "/" + "x" * 104, "/" + "\u00fc" * 60)
    for key in ("director_socket", "control_socket"):
        made.update(spellings(HEALTH, (key,), sockets))
    for path in (("reload_command",), ("state_directory",), ("forwarding_table", "src"), ("forwarding_table", "dst")):
        texts = (letter * count for letter in ("x", "\u00fc") for count in (0, 100, 127, 128, 255, 256, 511, 512, 1023, 1024))
        made.update(spellings(HEALTH, path, texts))
    made.update(spellings(HEALTH, ("forwarding_table", "dst"), ("/etc/glb/tables.json", "/etc/glb/../glb/tables.json")))
    made.update(spellings(HEALTH, ("http_listen",), ("", "1.2.3.4:5", "[:::]:80", "1.2.3.4", ":80")))
    for interface in (None, "", "eth0", "x" * 15, "x" * 16, "\u00fc" * 8):
        for sources in ({}, {"tunnel_src_ip": "10.0.0.1"}, {"tunnel_src_ip6": "fd00::1"}):
            given = {} if interface is None else {"tunnel_interface": interface}
            made[f"interface {interface!r}, {sources}"] = {**only, **given, **sources}
    for key, (least, most) in {"hold_ms": (0, 600000), "parallel_max": (1, 65536)}.items():
        made.update(spellings(only, (key,), (least - 1, least, most, most + 1)))
    for name, document in {"of a director": DIRECTOR, "of tables": TABLES}.items():
        made[f"the other file, {name}"] = document
    return {name: json.dumps(document) for name, document in made.items()}
