#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does every program and script explain itself, and say which word of a command line makes no sense?

test_command_lines.py PROGRAM...
"""

import re
import subprocess
import sys
import unittest
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VERSION = re.search(r"version: '(.*)'", (ROOT / "meson.build").read_text())[1]
SCRIPTS = ("bench", "check", "check-style", "demo", "kernel", "lab", "package", "prepare", "release", "test")
QUESTIONS = ("--help", "-h")


@cache
def run(program, *words):
    """What several tests ask is asked once."""
    done = subprocess.run([program, *words], cwd="/", capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout, done.stderr


class CommandLines(unittest.TestCase):
    programs = {}  # by name

    def commands(self):
        """Every command of every program: its path, and its words."""
        for name, path in self.programs.items():
            help_text = run(path, "--help")[1]
            listed = re.findall(r"^  ([a-z]+(?: [a-z]+)?) +[A-Z].*\.$", help_text, re.MULTILINE)
            if name in ("glb-director", "glb-healthcheck"):
                listed = [""]
            self.assertTrue(listed, help_text)
            for words in listed:
                yield path, words.split()

    def refusal(self, name, *words):
        """What a program that does not understand a command line says first; its usage follows."""
        status, out, err = run(self.programs[name], *words)
        self.assertEqual((status, out), (2, ""), words)
        error, usage, *_ = err.splitlines()
        self.assertRegex(usage, f"^usage: {name}", words)
        self.assertTrue(error.startswith(f"{name}: error: "), error)
        return error.removeprefix(f"{name}: error: ")

    def test_every_program_and_script_says_what_it_is_and_its_version(self):
        paths = {**self.programs, **{name: ROOT / "scripts" / name for name in SCRIPTS}}
        for name, path in paths.items():
            for question in QUESTIONS:
                status, out, err = run(path, question)
                self.assertEqual((status, err), (0, ""), (name, question))
                self.assertIn(name, out)
            status, out, err = run(path, "--version")
            self.assertEqual((status, err), (0, ""), name)
            self.assertRegex(out, rf"^(glb|{name}) {re.escape(VERSION)}( \(.*\))?\n$")

    def test_every_command_has_a_sentence_and_an_example(self):
        for path, words in self.commands():
            answers = {run(path, *words, question)[:2] for question in QUESTIONS}
            self.assertEqual(len(answers), 1, words)
            ((status, out),) = answers
            name = " ".join([path.name, *words])
            self.assertEqual(status, 0, name)
            self.assertRegex(out, rf"^usage: {name}( .*)?(\n {{7}}.*)*\n\n[A-Z].*\.\n")
            self.assertRegex(out, rf"\nexample: {name} .")
            self.assertRegex(run(path, *words, "--version")[1], re.escape(VERSION))

    def test_every_example_is_understood(self):
        """It fails for want of its files and device, but not for its words."""
        for path, words in self.commands():
            out = run(path, *words, "--help")[1]
            example = re.search(r"^example: (.*)$", out, re.MULTILINE)[1]
            status, _, err = run(path, *example.replace("eth0", "none").split(" ")[1:])
            self.assertEqual(status, 1, (example, err))

    def test_no_line_of_a_help_is_too_long_for_a_terminal(self):
        for path, words in self.commands():
            for line in (run(path, *words, "--help")[1] + run(path, "--help")[1]).splitlines():
                self.assertLessEqual(len(line), 120, line)

    def test_glbctl_names_the_word_that_it_does_not_know(self):
        for words, reason in (
            (["tabel", "diff"], 'no command "tabel"; did you mean "table"?'),
            (["table", "dif", "a", "b"], 'no command "table dif"; did you mean "table diff"?'),
            (["drain", "a", "b"], 'no command "drain"; did you mean "table drain"?'),
            (["repaly"], 'no command "repaly"; did you mean "replay"?'),
            (["frobnicate"], 'no command "frobnicate"'),
            (["--json", "table", "check"], 'no option "--json" before a command'),
            (["--socket", "x", "table", "check", "a"], 'no option "--socket"'),
            (["--socket=x", "--socket", "y", "status"], 'option "--socket" is given twice'),
            (["--socket", "x"], "a command is missing"),
            (["--socket", "x", "staus"], 'no command "staus"; did you mean "status"?'),
            (["status", "x"], 'no word "x" is expected here'),
            (["table"], "table: a command is missing"),
            ([], "a command is missing"),
            (["table", "diff", "--setled", "a", "b"], 'no option "--setled"; did you mean "--settled"?'),
            (["table", "check", "--settled", "a"], 'no option "--settled"'),
            (["table", "add", "--s", "a", "b"], '"--s" may be one of several options'),
            (["table", "check", "-x", "a"], 'no option "-x"'),
            (["table", "check", "--json=yes", "a"], 'option "--json" takes no value'),
            (["table", "check", "--config"], 'option "--config" needs a value'),
            (["table", "check", "--json", "--json", "a"], 'option "--json" is given twice'),
            (["table", "check"], "0 arguments given, 1 expected: SRC.json"),
            (["table", "build", "a"], "1 argument given, 2 expected: SRC.json OUT.bin"),
            (["table", "lookup", "a"], "1 argument given, at least 4 expected: SRC.json SRC-IP [SPORT] VIP DPORT"),
            (["mtu", "tables.json"], "--config FILE is missing"),
            (["replay", "--config", "c", "in", "out"], "--tables FILE is missing"),
        ):
            self.assertTrue(self.refusal("glbctl", *words).startswith(reason), (words, self.refusal("glbctl", *words)))

    def test_glb_redirect_names_the_word_that_it_does_not_know(self):
        if "glb-redirect" not in self.programs:
            self.skipTest("glb-redirect is not built")
        for words, reason in (
            (["atach", "eth0"], 'no command "atach"; did you mean "attach"?'),
            (["attach", "eth0", "--form", "::"], 'no option "--form"; did you mean "--from"?'),
            (["attach", "eth0", "--from", "::", "--from", "::"], 'option "--from" is given twice'),
            (["attach"], "0 arguments given, 1 expected: DEV"),
        ):
            self.assertEqual(self.refusal("glb-redirect", *words), reason)

    def test_glb_director_names_itself_and_the_word_that_it_does_not_know(self):
        if "glb-director" not in self.programs:
            self.skipTest("glb-director is not built")
        files = ["--config", "c", "--tables", "t"]
        for words, reason in (
            (["-l", "0-1"], 'no "--" between the options of the EAL and those of glb-director'),
            (["--", *files, "--chekc"], 'no option "--chekc"; did you mean "--check"?'),
            (["-l", "0-1", "--", *files, "-x"], 'no option "-x"'),
            (["--", "--config", "c"], "--tables FILE is missing"),
            (["--", *files, "more"], 'no word "more" is expected here'),
            (["--", "--config"], 'option "--config" needs a value'),
            (["--", *files, "--config-file", "d"], 'option "--config" is given twice'),
        ):
            self.assertEqual(self.refusal("glb-director", *words), reason)

    def test_glb_director_answers_old_names_of_eal_options_with_those_of_today(self):
        """All of them in one run, before anything is read or started."""
        if "glb-director" not in self.programs:
            self.skipTest("glb-director is not built")
        names = {
            ("--master-lcore", "4"): "--main-lcore",
            ("--master-lcore=4",): "--main-lcore",
            ("-w", "0000:01:00.0"): "-a (--allow)",
            ("-w0000:01:00.0",): "-a (--allow)",
            ("--pci-whitelist", "0000:01:00.0"): "-a (--allow)",
            ("--pci-blacklist=0000:01:00.0",): "-b (--block)",
        }
        words = [word for option in names for word in option]
        status, out, err = run(self.programs["glb-director"], *words, "-l", "4,5", "--", "-c", "c", "-t", "t")
        self.assertEqual((status, out), (2, ""))
        self.assertEqual(
            err.splitlines(),
            [
                f'glb-director: error: EAL option "{option[0]}": DPDK calls it {today} today; in a setup of the '
                "original, change GLB_DIRECTOR_EAL_ARGS in /etc/default/glb-director"
                for option, today in names.items()
            ],
        )

    def test_glb_director_takes_the_original_s_option_for_more_messages(self):
        if "glb-director" not in self.programs:
            self.skipTest("glb-director is not built")
        for word in ("--debug", "-v"):
            status, _, err = run(self.programs["glb-director"], "--", "-c", "c", "-t", "t", "--check", word)
            self.assertEqual(status, 1)
            self.assertIn("glb-director: info: --debug has no effect: everything is logged anyway\n", err)

    def test_every_script_names_the_word_that_it_does_not_know_before_it_does_anything(self):
        for name in SCRIPTS:
            status, _, err = run(ROOT / "scripts" / name, "frobnicate" if name == "lab" else "--frobnicate")
            self.assertIn(status, (1, 2), name)
            self.assertIn("frobnicate", err, name)
        for name in ("check", "test"):
            status, out, err = run(ROOT / "scripts" / name, "all")
            self.assertEqual((status, out), (2, ""), name)
            self.assertTrue(err.startswith(f'{name}: no option "all"; see '), err)

    def test_help_that_nobody_could_read_is_a_failure(self):
        for name, path in self.programs.items():
            with open("/dev/full", "wb") as full:
                done = subprocess.run([path, "--help"], stdout=full, stderr=subprocess.PIPE, timeout=600)
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(b"standard output: No space left on device", done.stderr)


if __name__ == "__main__":
    CommandLines.programs = {Path(path).name: Path(path).resolve() for path in sys.argv[1:]}
    del sys.argv[1:]
    unittest.main()
