#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does scripts/check-layers notice each way to break the layers, and nothing else?

test_check_layers.py CHECK_LAYERS
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GOOD = {
    "include/glb/bytes.h": "#include <stdint.h>",
    "include/glb/parse.h": "#include <glb/bytes.h>",
    "include/glb/diag.h": "#include <stdio.h>",
    "include/glb/spec.h": "#include <stdlib.h>\n#include <glb/diag.h>",
    "src/core/table.c": "#include <string.h>\n#include <glb/spec.h>",
    "src/core/spec_parts.h": "",
    "src/core/bind/rule.h": '#include "core/spec_parts.h"',
    "src/core/bind/bind.c": '#include "rule.h"',
    "src/core/forward/plain.c": '#include "core/bind/rule.h"\n#include "plain.h"',
    "src/core/forward/plain.h": "",
    "src/sys/file.h": "",
    "src/sys/file.c": '#include <unistd.h>\n#include "file.h"',
    "src/conf/json.h": "#include <glb/spec.h>",
    "src/conf/json.c": '#include <jansson.h>\n#include "conf/json.h"\n#include "sys/file.h"',
    "src/director/main.c": '#include <rte_eal.h>\n#include "conf/json.h"\n#include "worker.h"',
    "src/director/worker.h": "",
    "src/director/neighbour.c": '#include <libmnl/libmnl.h>\n#include <linux/rtnetlink.h>\n#include "conf/json.h"',
    "src/ctl/main.c": '#include <pcap/pcap.h>\n#include "sys/file.h"',
    "src/redirect/main.c": '#include <bpf/libbpf.h>\n#include <linux/bpf.h>\n#include "redirect.skel.h"',
}

BAD = {
    "include/glb/bytes.h": ("<string.h>", "<glb/spec.h>", '"spec.h"'),
    "include/glb/spec.h": ("<stdio.h>", "<unistd.h>", "<time.h>", "<rte_mbuf.h>", "<jansson.h>"),
    "src/core/table.c": ("<stdio.h>", "<time.h>", "<fcntl.h>", '"sys/file.h"', '"../sys/file.h"', "<rte_mbuf.h>", '"bind/rule.h"'),
    "src/core/bind/bind.c": ('"core/forward/plain.h"', '"../forward/plain.h"', '"sys/file.h"', "<stdio.h>", '"plain.h"'),
    "src/sys/file.c": ("<glb/bytes.h>", "<jansson.h>", '"conf/json.h"', "<linux/bpf.h>"),
    "src/conf/json.h": ("<jansson.h>", "<rte_eal.h>", '"director/worker.h"'),
    "src/director/main.c": ("<bpf/bpf.h>", "<jansson.h>", "<pcap/pcap.h>", "<curl/curl.h>", "<libmnl/libmnl.h>", '"missing.h"'),
    "src/director/neighbour.c": ("<rte_eal.h>", "<linux/bpf.h>"),
    "src/ctl/main.c": ('"director/worker.h"', '"../director/worker.h"', "<rte_eal.h>", "<bpf/bpf.h>", "HEADER"),
    "src/redirect/main.c": ('"../ctl/commands.h"', "<rte_eal.h>", '"../../elsewhere.h"'),
}


class CheckLayers(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="glb-unit-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in GOOD.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        (self.root / "elsewhere.h").touch()

    def check(self) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, self.root], capture_output=True, text=True)

    def test_a_tree_in_its_layers_passes(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_every_forbidden_include_is_named_with_its_place(self):
        wanted = []
        for name, headers in BAD.items():
            (self.root / name).write_text("\n" + "".join(f"  #  include {header}\n" for header in headers))
            wanted += [f"{name}:{line}: {header.strip('<>').strip(chr(34))}" for line, header in enumerate(headers, 2)]
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(sorted(line.rpartition(": ")[0] for line in done.stdout.splitlines()), sorted(wanted))

    def test_one_forbidden_include_is_enough(self):
        (self.root / "src/core/table.c").write_text("#include <time.h>\n")
        self.assertEqual(self.check().returncode, 1)

    def test_an_empty_tree_is_a_mistake(self):
        done = subprocess.run([self.program, self.root / "src/nothing"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    CheckLayers.program = str(Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
