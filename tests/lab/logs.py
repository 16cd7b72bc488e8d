# SPDX-License-Identifier: BSD-3-Clause
"""Lines that programs log."""

import re


def sentence(line):
    """A line without the pairs behind it, which are for programs (docs/operations.md)."""
    return re.sub(r" \[event=[^ \]]+[^][]*\]$", "", line)
