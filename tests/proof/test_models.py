#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Are the models of publication and of traces still about this code? What they name is there, and what shares memory is
named."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = [ROOT / "tests/proof/spin" / name for name in ("publish.pml", "trace_ring.pml")]
MODELLED = ("publish", "reload", "backend_stats", "last_good", "trace", "ring")
SHARED = re.compile(r"__atomic_\w+\(|rte_rcu_qsbr_(?:start|check|quiescent|thread_\w+)\(")
# What accesses shared memory and is of no model, with the reason.
APART = {
    "reload_watch",  # only `reading`, for words in the log
    "reload_read_files",  # its store of `reading`
    "read_deny_alone",  # the same
    "warn_slow",  # `reading`, too
    "reload_wait",  # waits for `ended` where the process ends
    "counted",  # reads counters, which may be of any moment
    "trace_ring_missed",  # a counter, too
}


def bodies(path):
    """Functions of a file of C: name and text."""
    text = path.read_text(encoding="utf-8")
    return {match[1]: match[0] for match in re.finditer(r"^[a-z][^;{}#=]*?\b(\w+)\([^;{}]*?\)\n\{\n.*?^\}", text, re.M | re.S)}


def sources():
    return [path for folder in ("src/director", "src/core", "include/glb") for path in sorted((ROOT / folder).rglob("*.[ch]"))]


def main():
    there = {name for path in sources() for name in bodies(path)}
    comments = " ".join(part for model in MODELS for part in re.findall(r"/\*.*?\*/", model.read_text(encoding="utf-8"), re.S))
    named = set(re.findall(r"\b([a-z]\w+)\(", comments))
    problems = [f"a model names {name}(), which is not there" for name in sorted(named - there) if not name.startswith("rte_")]
    for path in (ROOT / "src/director").rglob("*.[ch]"):
        if path.stem not in MODELLED:
            continue
        for name, body in bodies(path).items():
            if SHARED.search(body) and name not in named | APART:
                problems.append(f"{path.relative_to(ROOT)}: {name}() accesses what threads share, and no model names it")
    print("\n".join(problems) or f"{len(named)} functions of the models are there")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
