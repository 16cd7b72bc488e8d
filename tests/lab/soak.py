# SPDX-License-Identifier: BSD-3-Clause
"""Have two directors work for long under everything at once, and see that nothing is lost or leaks.

A generator keeps the worker of one director busy, which has a processor of its own, as in service,
where there are two. TCP connections are held and carry data, others come and go. Meanwhile tables
alternate, every tenth file is broken, and both directors are scraped, traced, captured and watched.
Reloads come in slices, between slices without, so that both see the same machine. What is claimed of
it is in soak_claims.py.
"""

import contextlib
import json
import signal
import socket
import subprocess
import time
from collections import Counter

from bookkeeping import Rings, descriptors, difference, packets, resident, turns
from flows import DESTINATION_PORT, flow
from load import Connection
from netns import LabError, run
from scenarios import BAD_FILES, Outcome, target
from soak_claims import claim_everything, show
from topology import DIRECTORS, FABRIC_MAC, HERE, PYTHON, VIPS, lab_tables
from watchers import Watched, control, control_command

BUSY = DIRECTORS[0]
FLOWS = 16
SINK = "10.0.2.0/24"  # where the router ends what the generator sends
HELD = 100  # connections, to each VIP
RATE = 5  # connections a second that come and go, to each VIP
BROKEN_EVERY = 10
WARM_UP_SHARE, WARM_UP_MIN, SLICE = 0.2, 5.0, 20.0  # the heap takes 200 reloads to settle
PATIENCE = 120  # for what ends within a second on an idle machine


def tables(name):
    """The tables named "a" or "b": the latter drains a proxy and a backend of the generator's."""
    both = lab_tables()
    both["tables"].append({
        "name": "flood", "hash_key": "56789012345678901234567890123456",
        "seed": "78901234567890123456789012345678",
        "binds": [{"ip": VIPS[4], "proto": "udp", "port": DESTINATION_PORT}],
        "backends": [{"ip": f"10.0.2.{number}", "state": "active", "healthy": True}
                     for number in (1, 2, 3)],
    })
    if name == "b":
        for table in both["tables"]:
            table["backends"][1]["state"] = "draining"
    return both


class Child:
    """A program of the lab that runs for as long as a block does; its last line is a report in JSON."""

    def __init__(self, lab, host, label, *argv):
        self.lab, self.label = lab, label
        self.child = lab.hosts[host].spawn(*argv, log=lab.log(label).path, stdout=subprocess.PIPE)
        self.report = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.child.kill()
            self.child.wait()
            return
        self.child.send_signal(signal.SIGTERM)
        try:
            answer, _ = self.child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise
        if self.child.returncode != 0:
            raise LabError(f"{self.label} failed: see {self.lab.log(self.label).path}")
        self.report = json.loads(answer.splitlines()[-1])


class Reloads:
    """Tables that alternate, every tenth of them broken, on both directors at once."""

    def __init__(self, lab):
        self.lab = lab
        self.made, self.good, self.took = 0, 0, []
        self.results = Counter()
        self.wrong = []

    def next(self):
        """Write the next file and have both directors read it."""
        self.made += 1
        bad = self.made % BROKEN_EVERY == 0
        if bad:
            spoil = BAD_FILES[self.made // BROKEN_EVERY % len(BAD_FILES)].spoil
            self.lab.write_tables(spoil(tables("a")))
        else:
            self.good += 1
            self.lab.write_tables(json.dumps(tables("ab"[self.good % 2])))
        children = {host.name: subprocess.Popen(
            control_command(self.lab, host, "reload", "--json"), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) for host in DIRECTORS}
        for name, child in children.items():
            self._result(name, child, bad)

    def _result(self, name, child, bad):
        """Wait for the end of one reload and note it."""
        try:
            out, err = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            out, err = "", "no answer"
        answer = json.loads(out) if out else {}
        result = {0: "done", 3: "refused"}.get(child.returncode, "failed")
        self.results[result] += 1
        if result == "done":
            self.took.append(answer["took_ms"])
        if result != ("refused" if bad else "done"):
            self.wrong.append(f"{name}, reload {self.made}: {result}: {out[:300]}{err}")


class Soak:
    """One run: what is to be done, and what was seen."""

    def __init__(self, lab, minutes, reloads, rate, say):
        self.lab, self.say = lab, say
        self.seconds, self.reload_count, self.rate = minutes * 60, reloads, rate
        self.busy_host = BUSY
        self.outcome = Outcome("soak")
        self.reloads = Reloads(lab)
        self.turns = {True: Counter(), False: Counter()}
        self.memory, self.files = {}, {}  # by name of the director, and "first" or "last"
        self.sanitized = b"__asan_init" in lab.program("director/glb-director").read_bytes()

    def run(self):
        """Soak, and return the outcome."""
        lab = self.lab
        lab.hosts["router"].ip("route", "add", "blackhole", SINK)
        self.expected = self.expected_outputs()
        lab.write_tables(json.dumps(tables("a")))
        for host in DIRECTORS:
            control(lab, host, "reload")
        with contextlib.ExitStack() as until_settled:
            self.rings = {host.name: until_settled.enter_context(Rings(lab.pid(host.name)))
                          for host in DIRECTORS}
            before = self.counted()
            with self.held() as held, self.coming_and_going() as load, self.flood() as flood:
                with Watched(lab, DIRECTORS) as watched:
                    self.work()
            self.packets = {name: difference(after, before[name])
                            for name, after in self.counted().items()}
        self.connections = {"held": [Connection(**one) for one in held.report],
                            "come and gone": [Connection(**one) for one in load.report]}
        claim_everything(self, watched, flood.report)
        return self.outcome

    def expected_outputs(self):
        """What may be around a probe of a flow: the hops that each of both tables gives it."""
        allowed = set()
        for name in "ab":
            path = self.lab.file(f"{name}.json")
            path.write_text(json.dumps(tables(name)))
            for number in range(FLOWS):
                source, port = flow(number)
                answer = json.loads(run(
                    str(self.lab.program("ctl/glbctl")), "table", "lookup", "--json", "--config",
                    str(self.lab.file(f"{BUSY.name}.json")), str(path), source, str(port), VIPS[4],
                    str(DESTINATION_PORT), "udp"))
                primary, *others = [socket.inet_aton(hop).hex() for hop in answer["hops"]]
                allowed.add((number, primary, "".join(others)))
        return allowed

    def held(self):
        """Connections that stay."""
        return Child(self.lab, "client", "hold", *self.lab.load_command(
            "hold", "--connections", HELD, *map(target, VIPS)))

    def coming_and_going(self):
        """Connections that do not."""
        return Child(self.lab, "client", "load", *self.lab.load_command(
            "requests", "--rate", RATE, *map(target, VIPS)))

    def flood(self):
        """The generator."""
        link, = self.lab.hosts[BUSY.name].ip_json("link", "show", "dev", "eth0")
        return Child(self.lab, "router", "flood", PYTHON, HERE / "flood.py", "--device", BUSY.name,
                     "--from", FABRIC_MAC, "--to", link["address"], "--vip", VIPS[4],
                     "--flows", str(FLOWS), "--rate", str(self.rate))

    def work(self):
        """Reload in every other slice, after a warm-up with reloads."""
        warm_up = max(WARM_UP_MIN, self.seconds * WARM_UP_SHARE)
        rest = self.seconds - warm_up
        pairs = max(1, round(rest / SLICE / 2))
        share = int(self.reload_count * (1 - WARM_UP_SHARE)) // pairs  # the warm-up has the rest
        self.say(f"warm-up of {warm_up:.0f} s with {self.reload_count - share * pairs} reloads")
        self.slice(warm_up, self.reload_count - share * pairs)
        self.measure("first")
        busy = self.busy()
        self.say(f"{pairs} times {rest / pairs / 2:.0f} s with {share} reloads, and as long without; "
                 f"the worker of {BUSY.name} is busy {busy:.1%} of its time")
        for number in range(pairs):
            for count in (share, 0) if number % 2 else (0, share):
                begin = turns(self.lab, BUSY)
                self.slice(rest / pairs / 2, count)
                self.turns[count > 0].update(difference(turns(self.lab, BUSY), begin))
            if number % 10 == 9:
                self.say(f"{self.reloads.made} reloads: {dict(self.reloads.results)}")
        self.measure("last")
        self.busy_share = self.busy()

    def slice(self, seconds, count):
        """Some time, with so many reloads, unless they take much longer than that."""
        begin = time.monotonic()
        for number in range(count):
            if time.monotonic() - begin > 2 * seconds:
                return
            time.sleep(max(0.0, begin + seconds * number / count - time.monotonic()))
            self.reloads.next()
        time.sleep(max(0.0, begin + seconds - time.monotonic()))

    def busy(self):
        """The share of its time that the busy worker has worked of late."""
        return control(self.lab, BUSY, "top")["workers"][0]["busy_permille"] / 1000

    def measure(self, when):
        """Look at the memory and files of both directors."""
        for host in DIRECTORS:
            pid = self.lab.pid(host.name)
            self.memory[host.name, when] = resident(pid)
            self.files[host.name, when] = len(descriptors(pid))

    def counted(self):
        """What both directors have had, when nothing is under way."""
        return {host.name: packets(self.lab, host, self.rings[host.name]) for host in DIRECTORS}


def soak(lab, minutes, reloads, rate):
    """Soak in a lab that is claimed, and remove it, whatever happens; the exit status."""
    begin, failed = time.monotonic(), True

    def say(text):
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", flush=True)
    try:
        say("creating the lab")
        lab.keep_processor(BUSY)
        lab.up()
        one = Soak(lab, minutes, reloads, rate, say)
        one.run()
        show(one)
        failed = not one.outcome.holds
    except KeyboardInterrupt:
        failed = False
        say("interrupted")
        return 130
    except (LabError, OSError, subprocess.SubprocessError) as error:
        say(f"stopped: {error}")
        for line in lab.casualties():
            say(f"ended by itself: {line}")
    finally:
        logs = f"; its logs are in {lab.directory}" if failed and lab.directory else ""
        lab.down(keep_files=failed)
        say(f"the lab is gone{logs}")
    return 1 if failed else 0
