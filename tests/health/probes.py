# SPDX-License-Identifier: BSD-3-Clause
"""Checks that are tried once, all at the same time: what probe_once.c is for."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("GLB_BUILD", "build") / "tests/health/probe_once"


class Probes:
    """Checks under way; each is a list of words: type, address, port, milliseconds, and more of its type."""

    def __init__(self, checks, namespace=None, **environment):
        words = namespace.command(PROGRAM) if namespace else [PROGRAM]
        self.checks = checks
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
        self.process.stdin.write("".join("\t".join(map(str, check)) + "\n" for check in checks))
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def results(self):
        """The result of each, when all have ended: reason, detail, steps, connect_us and total_us."""
        results = [json.loads(line) for line in self.process.stdout]
        assert self.process.wait() == 0
        assert len(results) == len(self.checks)
        return results


def probe(*checks, namespace=None, **environment):
    """The results of some checks. On a machine so busy that probe_once stood still they are tried again."""
    while True:
        with Probes(checks, namespace, **environment) as probes:
            results = probes.results()
        if not any("stood still" in result["detail"] for result in results):
            return results
