#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does every command, option and key stand in its manual, and does bash complete what programs take?

test_manuals.py BUILD PROGRAM...
"""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMPLETE = """
. /usr/share/bash-completion/bash_completion
. "$1"
COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
compopt() { :; } # which works for bash itself only
_${2//-/_}
printf '%s\\n' "${COMPREPLY[@]}"
"""


@cache
def help_of(program, *words):
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, timeout=600, check=True)
    return done.stdout


def commands_of(program):
    """The words of each, or none of a program without commands."""
    listed = re.findall(r"^  ([a-z][a-z-]*(?: [a-z-]+)?)  +[A-Z]", help_of(program), re.M)
    return [words.split() for words in listed] or [[]]


def options_of(program, words):
    return re.findall(r"^  (?:-\w, )?(--[a-z0-9-]+)", help_of(program, *words), re.M)


@cache
def page(name):
    """A manual as a reader sees it, and what its reader complains of."""
    path = BUILD / "docs/man" / name
    environment = {**os.environ, "MANWIDTH": "500", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["man", "--warnings", "--no-hyphenation", "-l", path],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )
    return done.stdout, done.stderr


def page_of(program):
    return f"{program.name}.{1 if program.name == 'glbctl' else 8}"


def keys_of(schema):
    """The names of all properties, wherever they stand."""
    if isinstance(schema, dict):
        yield from (schema["properties"] if isinstance(schema.get("properties"), dict) else ())
        for value in schema.values():
            yield from keys_of(value)
    if isinstance(schema, list):
        for value in schema:
            yield from keys_of(value)


class Manuals(unittest.TestCase):
    def setUp(self):
        if not (BUILD / "docs/man/glbctl.1").exists() or not shutil.which("man"):
            self.skipTest("manuals are not built, or cannot be read, here")

    def test_every_command_and_option_stands_in_the_manual(self):
        for program in PROGRAMS:
            text, _ = page(page_of(program))
            for words in commands_of(program):
                name = " ".join([program.name, *words])
                found = re.search(rf"\n       {name} (?![a-z])", text) if words else None
                self.assertTrue(found or not words, f"{name} is not in {page_of(program)}")
                section = text[found.end() :] if found else text
                section = section.partition("\n   ")[0] if words else section
                for option in options_of(program, words):
                    if not words or option not in ("--help", "--version"):
                        self.assertIn(option, section, name)

    def test_every_key_of_the_files_stands_in_the_manual(self):
        for name in ("director", "healthcheck", "tables"):
            schema = json.loads((ROOT / f"config/{name}.schema.json").read_text())
            text, _ = page(f"glb-{name}.json.5")
            keys = set(keys_of(schema))
            self.assertGreater(len(keys), 10)
            for key in keys:
                self.assertRegex(text, rf"\n       (\S*[.\]])?{re.escape(key)}( |\n)", f"glb-{name}.json.5")

    def test_nothing_in_a_page_is_left_to_be_filled_in(self):
        for path in (BUILD / "docs/man").glob("*.[158]"):
            text, complaints = page(path.name)
            self.assertEqual(complaints, "", path)
            self.assertNotRegex(text, r"@[a-z]+@ |@[a-z]+@$", path)
            self.assertIn("NAME\n", text)
            name = path.name.rpartition(".")[0]
            self.assertRegex(text, rf"\n       {re.escape(name)} - [a-z]", path)


class Completion(unittest.TestCase):
    def complete(self, *words):
        """What bash offers for the last word."""
        if not Path("/usr/share/bash-completion/bash_completion").exists():
            self.skipTest("bash-completion is not installed")
        script = BUILD / "docs/man" / words[0]
        done = subprocess.run(
            ["bash", "-c", COMPLETE, "bash", script, *words], capture_output=True, text=True, timeout=600, check=False
        )
        self.assertEqual(done.stderr, "", words)
        return done.stdout.split()

    def test_bash_completes_every_command_and_its_options(self):
        for program in PROGRAMS:
            commands = commands_of(program)
            for words in commands:
                offered = self.complete(program.name, *words, "--")
                self.assertEqual(offered, options_of(program, words), (program.name, words))
                for at, word in enumerate(words):
                    self.assertIn(word, self.complete(program.name, *words[:at], word[:-1]), words)

    def test_values_that_are_no_files_are_left_to_the_reader(self):
        self.assertEqual(self.complete("glbctl", "table", "add", "--weight", ""), [])
        self.assertEqual(self.complete("glbctl", "table", "check", "--config", ""), [])

    def test_devices_are_those_of_the_host(self):
        if any(program.name == "glb-redirect" for program in PROGRAMS):
            self.assertEqual(self.complete("glb-redirect", "attach", "l"), ["lo"])


if __name__ == "__main__":
    BUILD, *PROGRAMS = [Path(path).resolve() for path in sys.argv[1:]]
    del sys.argv[1:]
    unittest.main()
