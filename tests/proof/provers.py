# SPDX-License-Identifier: BSD-3-Clause
"""How is one target given to its prover, and what counts as proven?

A prover is a function of (target, tree, place): the target as its file says it, the tree whose sources are asked
about (this one, or a copy with a mutation), and an empty directory. It returns Found. targets/ says what the keys
of a target mean.
"""

import os
import re
import resource
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass
class Found:
    problems: list = field(default_factory=list)  # why it is not proven; empty: it is
    refuted: bool = False  # an alarm, an invalid property or an error: what a mutation has to lead to
    alarms: str = "-"
    reached: str = "-"


def limited(seconds):
    """CPU time, which a busy machine does not make longer."""

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))

    return limit


def run(command, place, target):
    """What a command says, and whether it could finish."""
    with Path(place, "log").open("a+", encoding="utf-8", errors="replace") as log:
        log.write(f"$ {' '.join(map(str, command))}\n")
        log.flush()
        begin = log.tell()
        done = subprocess.run([str(word) for word in command], cwd=place, stdin=subprocess.DEVNULL, stdout=log,
                              stderr=subprocess.STDOUT, check=False, preexec_fn=limited(target["cpu_seconds"]),
                              env=os.environ | {"WHY3CONFIG": str(place / "why3.conf")})
        log.seek(begin)
        return log.read(), done.returncode


def unfinished(output, status, target):
    if status in (-24, -9, 152, 137):
        return [f"took more than {target['cpu_seconds']} CPU seconds"]
    last = [line for line in output.splitlines() if line.strip()][-1:]
    return [f"exit status {status}: {''.join(last)}"] if status else []


# --- Frama-C: Eva walks through all values that the harness allows, WP proves contracts ---


def frama_c(target, tree):
    includes = [HERE, HERE / "shadow", tree / "include", tree / "src", tree / "src/core", tree / "tests/spec"]
    words = [f"-I{path}" for path in includes] + ["-D_GNU_SOURCE", "-include", str(HERE / target.get("model", "model.h"))]
    words += [f"-D{word}" for word in target.get("define", [])]
    return ["frama-c", "-machdep", "gcc_x86_64", "-c11", f"-cpp-extra-args={' '.join(words)}"]


EVA = """-eva -eva-no-show-progress -eva-msg-key=-final-states,-initial-state
    -eva-split-limit 70000 -eva-alloc-builtin fresh -eva-ilevel 256 -eva-split-return full
    -eva-interprocedural-splits -eva-interprocedural-history""".split()


def located(output, what):
    """Frama-C breaks its lines: the place of a message and the message."""
    flat = re.sub(r"\n(?!\[|  *---|\n)\s+", " ", output)
    return [re.sub(r"^\[\S+\] (.*?/)?", "", line) for line in flat.splitlines() if re.search(what, line)]


def unasked(output, target):
    """A property that Eva never came to holds for nothing."""
    there = len(re.findall(r"check \w+:", (HERE / "eva" / target["harness"]).read_text(encoding="utf-8")))
    asked = target.get("properties", there)
    came_to = re.search(r"Assertions .* (\d+) total", output)
    reached = int(came_to[1]) if came_to else 0
    return [f"came to {reached} properties of {asked}"] if reached < asked else []


def unreached(output):
    """By function, how many statements Eva never came to: of those that the harness leads to by any call."""
    counts = re.findall(r"^  (\w+): (\d+) stmts out of (\d+)", output, re.M)
    missed = {name: int(there) - int(reached) for name, reached, there in counts if reached != there}
    never_called = re.search(r"^  Unreached functions(.*?)^\[metrics\]", output, re.M | re.S)
    return missed | {name: "all" for name in re.findall(r"(\w+);", never_called[1] if never_called else "")}


def covers(output, target):
    """What is unreached and not listed, or listed and reached: a line each."""
    expected = target.get("unreached", {})
    missed = {name: count for name, count in unreached(output).items() if name in target.get("covers", [name])}
    return [f"{name}(): {missed.get(name, 0)} statements unreached, expected {expected.get(name, 0)}"
            for name in sorted(expected | missed) if expected.get(name, 0) != missed.get(name, 0)]


def returns(target):
    """Which states of functions are kept apart where they return: all, unless the target says of which."""
    if "separate" not in target:
        return []
    functions = [name if ":" in name else f"{name}:full" for name in target["separate"]]
    return ["-eva-split-return", "auto", "-eva-split-return-function", ",".join(functions)]


def eva(target, tree, place):
    nulls = [] if target.get("out_of_memory") else ["-eva-no-alloc-returns-null"]
    command = frama_c(target, tree) + EVA + nulls + ["-eva-slevel", target.get("slevel", 50000)]
    command += ["-eva-partition-history", target.get("history", 0)] + returns(target) + target.get("options", [])
    command += [HERE / "eva" / target["harness"], *(tree / name for name in target.get("sources", []))]
    command += ["-then", "-metrics", "-metrics-eva-cover"]
    output, status = run(command, place, target)
    found = Found(unfinished(output, status, target))
    alarms = re.search(r"(\d+) alarms? generated", output)
    reached = re.search(r"(\d+) stmts in analyzed functions, (\d+) stmts analyzed", output)
    open_ones = [line for line in located(output, r"eva:alarm|status (unknown|invalid)")
                 if not any(known in line for known in target.get("unknown", []))]
    if alarms and reached:
        found.alarms = str(len(open_ones))
        found.reached = f"{reached[2]}/{reached[1]}"
        found.problems += covers(output, target) + unasked(output, target)
    elif not found.problems:
        found.problems.append("no summary of Eva's")
    found.problems += open_ones[:5]
    found.refuted = bool(open_ones)
    return found


def wp(target, tree, place):
    run(["why3", "--config", place / "why3.conf", "config", "detect"], place, target)
    command = frama_c(target, tree) + ["-wp", "-wp-rte", "-wp-model", "Typed+cast", "-wp-prover", "cvc4,z3", "-wp-par", "1",
                                       "-wp-timeout", target.get("goal_seconds", 20)]
    command += ["-wp-fct", ",".join(target["functions"])] + target.get("options", []) + [HERE / "wp" / target["harness"]]
    output, status = run(command, place, target)
    found = Found(unfinished(output, status, target))
    proved = re.search(r"Proved goals:\s*(\d+) / (\d+)", output)
    if proved:
        found.reached = f"{proved[1]}/{proved[2]} goals"
        found.refuted = proved[1] != proved[2]
    elif not found.problems:
        found.problems.append("no summary of WP's")
    if found.refuted:
        found.problems += re.findall(r"\[(?:Timeout|Unknown|Failed|Stepout)\].*", output)[:5] or ["goals not proved"]
    return found


# --- z3: claims in whole numbers ---


def smt(target, tree, place):
    text = (HERE / "smt" / target["harness"]).read_text(encoding="utf-8")
    text = text.replace(*target.get("replace", ["", ""]))
    Path(place, "claims.smt2").write_text(text, encoding="utf-8")
    output, status = run(["z3", "claims.smt2"], place, target)
    answers = output.split()
    asked = text.count("(check-sat)")
    found = Found(unfinished(output, status, target), alarms=str(answers.count("sat")))
    found.reached = f"{answers.count('unsat')}/{asked} claims"
    found.refuted = "sat" in answers
    if answers.count("unsat") != asked:
        found.problems += [f"answers: {' '.join(answers)}"]
    return found


# --- spin: every interleaving of a model ---


def spin(target, tree, place):
    defines = [f"-D{word}" for word in target.get("define", [])]
    includes = [f"-I{path}" for path in (HERE / "spin", tree / "src", tree / "include")]  # for models that are of C
    found = Found()
    for command in (["spin", "-a", *defines, HERE / "spin" / target["harness"]],
                    ["gcc", "-O2", *includes, *target.get("compile", ["-DSAFETY", "-DNOCLAIM", "-DCOLLAPSE"]), "pan.c", "-o", "pan"],
                    ["./pan", *target.get("options", [])]):
        output, status = run(command, place, target)
        found.problems = unfinished(output, status, target)
        if found.problems:
            return found
    errors = re.search(r"errors: (\d+)", output)
    states = re.search(r"([\d.e+]+) states, stored", output)
    found.alarms = errors[1] if errors else "-"
    found.reached = f"{float(states[1]):.0f} states" if states else "-"
    found.refuted = bool(errors and int(errors[1]))
    if not errors or int(errors[1]):
        found.problems += re.findall(r"pan:\d+: .*", output)[:3] or ["no result of spin's"]
    if re.search(r"max search depth too small|Search not completed|memory limit", output) and not found.refuted:
        found.problems.append("the search did not complete")
    return found


@dataclass
class Prover:
    prove: object
    programs: dict  # package to install: the program that it is known by


PROVERS = {
    "eva": Prover(eva, {"frama-c-base": "frama-c"}),
    "wp": Prover(wp, {"frama-c-base": "frama-c", "why3": "why3", "cvc4": "cvc4", "z3": "z3"}),
    "smt": Prover(smt, {"z3": "z3"}),
    "spin": Prover(spin, {"spin": "spin", "gcc": "gcc"}),
}


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

