#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Puts what was measured into docs/performance.md and docs/fleet.md, as tables and plots.

  publish.py            write; scripts/bench publish measures first
  publish.py --check    do the pages say what docs/plots/bench.json and instructions.json say?

A page says itself what it wants to show, between two comments:

  <!-- table BENCHMARK | SECTION | SUBJECTS | VARIANTS -->          a line per subject, a column per variant
  <!-- plot FILE | BENCHMARK | SECTION | SUBJECTS | VARIANTS -->    the same as bars; logarithmic in *-log.svg
  <!-- headlines -->, <!-- machine -->, <!-- instructions -->
  ...
  <!-- end -->

SECTION is the beginning of a heading. SUBJECTS and VARIANTS are patterns as of a shell, separated by
";", of which the first that matches decides the place; none is all of them.
"""

import fnmatch
import json
import re
import sys
from pathlib import Path

import bars

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs/performance.md", ROOT / "docs/fleet.md"]
PLOTS = ROOT / "docs/plots"
GENERATED = re.compile(r"<!-- (table|plot|headlines|machine|instructions)( [^\n]*)? -->\n.*?<!-- end -->", re.S)
ABSENT = "Not measured yet.\n"
COUNTED = {"fleet"}  # benchmarks with the same results on every machine

# Figure, bar, what it is worked out from: of the result (benchmark, subject, variant, beginning of
# the heading if there are several) the median in a unit or the "ratio"; one median "over" another;
# the "count" of a line in instructions.json.
FORWARD = ("forward", "ipv4 64")
HEADLINES = [
    ("64 bytes, IPv4 TCP, AVX-512", "<= 13 ns", "ns", (*FORWARD, "avx512")),
    ("64 bytes, IPv4 TCP, portable C", "<= 22 ns", "ns", (*FORWARD, "generic")),
    ("the same, times as fast as the reference, AVX-512", ">= 5", "ratio", (*FORWARD, "avx512")),
    ("the same, times as fast as the reference, portable C", ">= 3", "ratio", (*FORWARD, "generic")),
    ("instructions per packet, AVX-512", "<= 150", "count", "forward ipv4 64, avx512"),
    ("instructions per packet, portable C", "<= 250", "count", "forward ipv4 64, generic"),
    ("1,514 bytes against 64, inner checksum, AVX-512", "<= 1.05", "over",
     ("forward", "ipv4 1514, inner checksum", "avx512"), ("forward", "ipv4 64, inner checksum", "avx512")),
    ("1,514 bytes against 64, no checksum, AVX-512", "<= 1.05", "over",
     ("forward", "ipv4 1514, no checksum", "avx512"), ("forward", "ipv4 64, no checksum", "avx512")),
    ("IPv6 against IPv4, inner checksum, AVX-512", "<= 1.4", "over",
     ("forward", "ipv6 78, inner checksum", "avx512"), ("forward", "ipv4 64, inner checksum", "avx512")),
    ("one worker, net_pcap, times as fast as testpmd mac", ">= 0.65", "ratio",
     ("director", "ipv4 64, 256 flows", "director")),
    ("two workers on two rings, times one", ">= 1.9", "ratio", ("rings", "ipv4 64", "2 workers")),
    ("256 backends, full build, times as fast as the plain way, AVX-512", ">= 25", "ratio",
     ("table", "256 backends", "avx512")),
    ("256 backends, full build, times as fast as the plain way, portable C", ">= 6", "ratio",
     ("table", "256 backends", "generic")),
    ("health flip at 256 backends", "<= 2 ms", "ms", ("changes", "256 backends", "health flip")),
    ("one more at 256 backends", "<= 2 ms", "ms", ("changes", "256 backends", "add one")),
    ("the busiest of 256 backends, shares, max_load 105", "<= 1.05", "",
     ("balance", "256 backends", "max_load 105", "rows of the busiest backend")),
    ("the busiest of 1,000 backends, shares, max_load 105", "<= 1.10", "",
     ("balance", "1000 backends", "max_load 105", "rows of the busiest backend")),
    ("100 tables reloaded 100 times a second, p99.9 of a burst, more than steady", "< 1 us", "us",
     ("reload", "more than steady, p99.9", "100 swaps a second", "100 tables")),
    ("one health flip among 100 tables, from the signal to service", "<= 15 ms", "ms",
     ("files", "flip, ms", "director", "files to service, 100 tables")),
    ("the same, resident memory at most, times that after the start", "<= 1.2", "over",
     ("files", "memory, MiB, most", "director", "files to service, 100 tables"),
     ("files", "memory, MiB", "director", "files to service, 100 tables")),
    ("what counters of tables and backends add", "<= 2 %", "%",
     ("stats", "ipv4 64", "backends counted", "what counting tables and backends adds")),
]


class Data:
    def __init__(self):
        path = PLOTS / "bench.json"
        both = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.machines = both.get("machines", {})  # by benchmark
        self.benchmarks = both.get("benchmarks", {})
        counts = ROOT / "tests/bench/instructions.json"
        self.counts = json.loads(counts.read_text(encoding="utf-8"))

    def section(self, benchmark, title):
        for section in self.benchmarks.get(benchmark, []):
            if section["section"].startswith(title):
                return section
        return None

    def result(self, benchmark, subject, variant, title=""):
        for section in self.benchmarks.get(benchmark, []):
            for result in section["results"] if section["section"].startswith(title) else []:
                if (result["subject"], result["variant"]) == (subject, variant):
                    return result
        return None


def number(value):
    """Three digits, or what is before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(value):
    return f"{number(value['median'])} [{number(value['min'])}..{number(value['max'])}]"


def in_order(results, patterns, key):
    """Those of the subjects or variants asked for, in that order."""
    wanted = [pattern.strip() for pattern in patterns.split(";") if pattern.strip()] or ["*"]
    order = {}
    for result in results:
        places = [i for i, p in enumerate(wanted) if fnmatch.fnmatchcase(result[key], p)]
        if places:
            order.setdefault(places[0], []).append(result)
    return [result for place in sorted(order) for result in order[place]]


def chosen(section, subjects, variants):
    return in_order(in_order(section["results"], variants, "variant"), subjects, "subject")


def exactly(value):
    """Of what was counted: 0 is 0, and nothing else is."""
    return f"{value:.1g}" if abs(value) < 0.01 else number(value)


def cell(result, counted):
    if result is None:
        return ""
    if counted and result["median"] == 0 < result["max"]:  # not with every seed
        return f"0..{exactly(result['max'])}"
    if counted:
        return exactly(result["median"])
    return number(result["median"]) + (f", {spread(result['ratio'])}" if "ratio" in result else "")


def table(data, benchmark, title, subjects="", variants=""):
    section = data.section(benchmark, title)
    results = chosen(section, subjects, variants) if section else []
    if not results:
        return ABSENT
    columns = list(dict.fromkeys(result["variant"] for result in results))
    by_name = {(r["subject"], r["variant"]): r for r in results}
    head = section["section"] + ", " + section["unit"] + (f"; {section['ratio']}" if section["ratio"] else "")
    lines = [f"| {head} | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for subject in dict.fromkeys(result["subject"] for result in results):
        cells = [cell(by_name.get((subject, variant)), benchmark in COUNTED) for variant in columns]
        lines.append(f"| {subject} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def plot(data, files, name, *wanted):
    benchmark, title, *patterns = [*wanted, "", ""][:4]
    section = data.section(benchmark, title)
    results = chosen(section, *patterns) if section else []
    if not results:
        return ABSENT
    heading = f"{section['section']}, {section['unit']}"
    files[PLOTS / name] = bars.svg(heading, results, log=name.endswith("-log.svg"))
    return f"![{heading}](plots/{name})\n"


def worked_out(data, how, *from_what):
    if how == "count":
        count = data.counts.get(from_what[0])
        return number(count) if count else None
    results = [data.result(*name) for name in from_what]
    if None in results:
        return None
    if how == "ratio":
        return spread(results[0]["ratio"])
    if how == "over":
        return f"{results[0]['median'] / results[1]['median']:.2f}"
    return f"{spread(results[0])} {how}".rstrip()


def headlines(data):
    lines = ["| figure | bar | measured |", "|---|---|---|"]
    for figure, bar, *what in HEADLINES:
        lines.append(f"| {figure} | {bar} | {worked_out(data, *what) or 'not measured yet'} |")
    return "\n".join(lines) + "\n"


def machine(data):
    """The machine of most benchmarks first; which benchmarks each has, if there are several."""
    found = {}
    for benchmark, facts in data.machines.items():
        if benchmark in COUNTED:
            continue
        found.setdefault(json.dumps(facts), []).append(benchmark)
    lines = []
    for text, benchmarks in sorted(found.items(), key=lambda item: -len(item[1])):
        facts = json.loads(text)
        lines.append(
            (f"- {', '.join(benchmarks)}:\n  " if len(found) > 1 else "")
            + f"{facts['cpu']}, {facts['processors']} processors, kernel {facts['kernel']}, {facts['compiler']},\n"
            + ("  " if len(found) > 1 else "")
            + f"DPDK {facts['dpdk']}, {facts['hugepages_free']} free hugepages, load {facts['load'][0]} when it began;"
            f" version `{facts['version']}`.\n"
        )
    return "".join(lines) or ABSENT


def instructions(data):
    names = list(dict.fromkeys(what.rpartition(", ")[0] for what in data.counts))
    lines = ["| instructions per packet, or per hash | portable C | AVX2 | AVX-512 |", "|---|---|---|---|"]
    for name in names:
        counts = [data.counts.get(f"{name}, {isa}") for isa in ("generic", "avx2", "avx512")]
        lines.append(f"| {name} | " + " | ".join(number(c) if c else "" for c in counts) + " |")
    return "\n".join(lines) + "\n"


def rendered(page, data, files):
    makers = {"headlines": headlines, "machine": machine, "instructions": instructions}

    def fill(match):
        kind, arguments = match[1], [a.strip() for a in (match[2] or "").split("|")]
        if kind == "table":
            body = table(data, *arguments)
        elif kind == "plot":
            body = plot(data, files, *arguments)
        else:
            body = makers[kind](data)
        return f"{match[0].partition(chr(10))[0]}\n{body}<!-- end -->"

    return GENERATED.sub(fill, page)


def main(arguments):
    files = {}
    for page in PAGES:
        files[page] = rendered(page.read_text(encoding="utf-8"), Data(), files)
    stray = set(PLOTS.glob("*.svg")) - set(files)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if arguments == ["--check"]:
        for path in [*stale, *stray]:
            print(f"{path.relative_to(ROOT)}: not as measured; tests/bench/publish.py writes it")
        return bool(stale or stray)
    for path in stray:
        path.unlink()
    for path in stale:
        path.write_text(files[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
