# SPDX-License-Identifier: BSD-3-Clause
"""The status page as a browser shows it, of a director under traffic."""

import copy
import json
import os
import signal
from pathlib import Path

from conftest import ODD, TABLES
from netns import wait_until

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


def number(text):
    """A figure of the page."""
    value, _, unit = text.partition(" ")
    return float(value) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[unit]


def wait_for_traffic(browser):
    wait_until(lambda: [row for row in browser.rows("tables") if number(row[4]) > 0], "rates", 60)


def test_it_shows_what_a_busy_director_does(browser):
    wait_for_traffic(browser)
    assert browser.text("#readiness") == "ready"
    assert [(row[0], row[1], row[2], row[3]) for row in browser.rows("tables")] == [
        ("web", "192.0.2.10 tcp 80, 192.0.2.10 tcp 443", "6", "6"),
        ("api", "192.0.2.20 tcp 443", "4", "3"),
        (ODD, "192.0.2.30 tcp 443", "2", "2"),
    ]
    backends = browser.rows("backends")
    assert len(backends) == 12
    assert [row[1:4] for row in backends[:2]] == [["10.0.1.22", "active", "NOT HEALTHY"], ["10.0.1.23", "draining", "healthy"]]
    rates = [number(row[5]) for row in backends[2:]]
    assert rates == sorted(rates, reverse=True) and rates[0] > 0
    drops = {row[0]: number(row[1]) for row in browser.rows("drops")}
    assert drops.keys() >= {"drop_source", "drop_truncated"} and drops["drop_source"] > 0
    (worker,) = browser.rows("workers")
    assert worker[3] == "yes" and number(worker[4]) > 0 and worker[5].endswith(" %") and worker[8].startswith("< ")
    assert browser.run("return document.querySelectorAll('#workers rect').length") > 5
    assert browser.rows("ports")[0][1] == "net_af_packet0"


def test_it_refreshes_itself_and_asks_nobody_else(browser):
    wait_for_traffic(browser)
    before = browser.text("#updated")
    wait_until(lambda: browser.text("#updated") != before, "another answer", 60)
    wait_until(lambda: browser.run("return document.querySelector('#tiles polyline') !== null"), "lines", 60)
    asked = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert set(asked) <= {"http://127.0.0.1:9390/status.json", "http://127.0.0.1:9390/favicon.ico"}, set(asked)
    assert [entry for entry in browser.complaints() if "favicon" not in entry["message"]] == []


def test_names_are_text(browser):
    """Whatever a table is called, it adds no element, and neither would a script that got in run."""
    wait_for_traffic(browser)
    assert browser.run("return document.querySelectorAll('#tables b, #backends b').length") == 0
    assert browser.complaints() == []
    browser.run("const one = document.createElement('script'); one.append('window.ran = true'); document.body.append(one)")
    assert browser.run("return window.ran") is None
    assert "Trusted" in browser.complaints()[0]["message"]


def test_a_phone_and_the_dark(browser):
    """Nothing is wider than the screen but tables, which scroll by themselves; text is seen on its ground."""
    browser.command("Emulation.setDeviceMetricsOverride", **PHONE)
    wait_for_traffic(browser)
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")
    grounds = set()
    for scheme in ("light", "dark"):
        browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        grounds.add(browser.run("return getComputedStyle(document.body).backgroundColor"))
        colours = browser.run("const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]")
        assert abs(brightness(colours[0]) - brightness(colours[1])) > 400, scheme
    assert len(grounds) == 2


def brightness(colour):
    """From 0 to 765, of `rgb(...)`."""
    return sum(int(part) for part in colour[4:-1].split(","))


def test_a_picture_of_it(browser):
    """For the documentation, where GLB_SCREENSHOT names a file: after a while, so that lines are long."""
    wait_for_traffic(browser)
    browser.command("Emulation.setDeviceMetricsOverride", width=1180, height=1240, deviceScaleFactor=1, mobile=False)
    if "GLB_SCREENSHOT" in os.environ:
        wanted = int(os.environ.get("GLB_SCREENSHOT_POINTS", "30"))
        script = "return document.querySelector('#tiles polyline')?.getAttribute('points').split(' ').length ?? 0"
        wait_until(lambda: browser.run(script) >= wanted, "longer lines", 600, every=5)
        Path(os.environ["GLB_SCREENSHOT"]).write_bytes(browser.picture())
    assert browser.picture().startswith(b"RIFF")


def test_changes_and_the_end_are_seen(browser, director):
    """The last test of this director, which then is gone."""
    wait_for_traffic(browser)
    tables = copy.deepcopy(TABLES)
    tables["tables"][0]["backends"][0]["healthy"] = False
    (director.folder / "tables.json").write_text(json.dumps(tables))
    director.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: ["10.0.0.21", "active", "NOT HEALTHY"] in [row[1:4] for row in browser.rows("backends")], "it", 60)
    (director.folder / "tables.json").write_text("{}")
    director.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: "Reload refused" in browser.text("#notice"), "the refusal", 60)
    director.stop()
    wait_until(lambda: browser.text("#readiness") == "no answer", "its end", 60)
    assert browser.run("return document.body.classList.contains('stale')")
