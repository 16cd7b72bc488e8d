#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Make one self-contained page of its parts, as C, with the policy that allows nothing but these parts.

    embed.py PAGE.html PAGE.css PAGE.js OUT.c
"""

import base64
import hashlib
import sys
from pathlib import Path


def source_of(text):
    """What a Content-Security-Policy names a part by."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def policy_of(style, script):
    """Nothing but the page's own style and script, and questions to where it came from."""
    return (
        f"default-src 'none'; script-src {source_of(script)}; style-src {source_of(style)}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


def escaped(character):
    """A character of a C string."""
    named = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "?": "\\?"}
    if character.isascii():
        return named.get(character, character)
    return "".join(f"\\{byte:03o}" for byte in character.encode())


def literal(text):
    """A C string, a line for each line."""
    return "\n".join('\t"' + "".join(map(escaped, line)) + '"' for line in text.splitlines(keepends=True))


def main():
    html, style, script = (Path(path).read_text(encoding="utf-8") for path in sys.argv[1:4])
    for part, end in ((style, "</style"), (script, "</script")):
        if end in part.lower():
            sys.exit(f"{end} would end the part in the page")
    for mark in ("@STYLE@", "@SCRIPT@"):
        if html.count(mark) != 1:
            sys.exit(f"the page has {mark} {html.count(mark)} times")
    page = html.replace("@STYLE@", style).replace("@SCRIPT@", script)
    Path(sys.argv[4]).write_text(
        '#include "director/page.h"\n\n'
        f"const char page_policy[] =\n{literal(policy_of(style, script))};\n\n"
        f"const char page_text[] =\n{literal(page)};\n",
        encoding="ascii",
    )


if __name__ == "__main__":
    main()
