# SPDX-License-Identifier: BSD-3-Clause
"""Chromium without a window, told what to do by WebDriver over HTTP (https://www.w3.org/TR/webdriver2/)."""

import base64
import http.client
import json

from far_end import inside
from netns import stop, wait_until

PORT = 9515


class Browser:
    """One window in a namespace."""

    def __init__(self, namespace, folder):
        self.namespace = namespace
        self.driver = namespace.spawn("chromedriver", f"--port={PORT}", log=folder / "chromedriver.log")
        self.session = ""
        wait_until(self.is_there, "chromedriver", 60)
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
                     "--no-first-run", "--disable-background-networking", f"--user-data-dir={folder}/profile"],
            "binary": "/usr/bin/chromium",
        }  # fmt: skip
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{answer['sessionId']}"

    def ask(self, method, path, body=None):
        """The value of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=300)
        with inside(self.namespace.name):
            connection.connect()
        connection.request(method, self.session + path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        value = json.loads(response.read())["value"]
        connection.close()
        assert response.status == 200, value
        return value

    def is_there(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except OSError:
            return False

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script):
        """What a function body returns in the page."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})

    def text(self, selector):
        return self.run(f"return document.querySelector({json.dumps(selector)}).innerText")

    def rows(self, table):
        """The cells of a table, as texts."""
        return self.run(
            f"return [...document.querySelectorAll('#{table} tbody tr')]"
            ".map((row) => [...row.cells].map((cell) => cell.textContent))"
        )

    def command(self, name, **parameters):
        """Of Chromium's own protocol, for what WebDriver has no word for."""
        return self.ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def complaints(self):
        """What its console has of warnings and errors, among them whatever a policy forbade."""
        return [entry for entry in self.ask("POST", "/se/log", {"type": "browser"}) if entry["level"] != "INFO"]

    def picture(self):
        """What is to be seen, as WebP."""
        return base64.b64decode(self.command("Page.captureScreenshot", format="webp", quality=75)["data"])

    def close(self):
        if self.session:
            self.ask("DELETE", "")
        stop([self.driver.pid])
        self.driver.wait()
