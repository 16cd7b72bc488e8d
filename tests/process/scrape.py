# SPDX-License-Identifier: BSD-3-Clause
"""What a director serves by HTTP, as a scraper reads it."""

import http.client
import re

SAMPLE = re.compile(r'(?P<name>\w+)(\{(?P<labels>(?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (?P<value>\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
OPEN = "application/openmetrics-text; version=1.0.0"


def get(port, path="/metrics", method="GET", accept=OPEN):
    """Status, fields and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, headers={"Accept": accept} if accept else {})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()
    finally:
        connection.close()


def samples(text):
    """Name and labels to value."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        key = match["name"], tuple(sorted(LABEL.findall(match["labels"] or "")))
        assert key not in found, line
        found[key] = float(match["value"])
    return found


def value_of(text, name, **labels):
    return samples(text)[name, tuple(sorted(labels.items()))]


def families(text):
    """Name to type and help, in order."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    helps = dict(re.findall(r"^# HELP (\S+) (.+)$", text, re.M))
    assert list(types) == list(helps)
    return {name: (kind, helps[name]) for name, kind in types.items()}
