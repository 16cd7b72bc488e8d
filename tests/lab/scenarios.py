# SPDX-License-Identifier: BSD-3-Clause
"""What the lab claims, as functions that try it and measure.

Each scenario takes a running lab and returns an outcome: what became of every connection the client
opened, and a list of claims with whether they held. The demo prints them, the tests assert them.
"""

import contextlib
import json
import re
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field

from held import Held, worker_of
from load import Connection
from logs import sentence
from netns import LabError
from topology import DIRECTORS, PROXIES, SOURCES, VIPS, lab_tables

RATE = 100  # connections a second, to each VIP
AT_LEAST = 500  # connections per scenario, to each VIP
FAMILY_NAMES = {4: "IPv4", 6: "IPv6"}
DRAINED = PROXIES[1]
DYING, SURVIVING = DIRECTORS[1], DIRECTORS[0]
SWAPS = 20


@dataclass
class Claim:
    """One statement, whether it held, and what was measured."""

    text: str
    holds: bool
    measured: str = ""


@dataclass
class Outcome:
    """What one scenario showed."""

    title: str
    connections: list = field(default_factory=list)
    claims: list = field(default_factory=list)

    def claim(self, text, holds, measured=""):
        """Record one claim."""
        self.claims.append(Claim(text, bool(holds), str(measured)))

    def of(self, family):
        """The connections of one address family."""
        return [one for one in self.connections if one.family == family]

    @property
    def holds(self):
        """Whether every claim held."""
        return all(claim.holds for claim in self.claims)


def broken(connections):
    """The connections that did not get everything they asked for."""
    return [one for one in connections if one.error]


def served_by(connections):
    """How many connections each proxy answered."""
    return Counter(one.proxy for one in connections if one.proxy)


def in_flight(connections, moment):
    """The connections that were open at a moment."""
    return [one for one in connections if one.opened_at < moment < one.opened_at + one.seconds]


def between(connections, begin, end=float("inf")):
    """The connections opened after `begin` and closed before `end`.

    One that was to be opened just before `end` may have been sent after it, or again.
    """
    return [one for one in connections if begin < one.opened_at and one.opened_at + one.seconds < end]


def words(counts):
    """Counts in words, sorted by name."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def target(family):
    """The VIP of a family and where to ask from, as the load program wants it."""
    return f"--target={VIPS[family]}={SOURCES[family]}"


class Client:
    """A program on a host of the lab that opens connections while a `with` block runs, then reports.

    It says on its first line that it is under way, and prints a report in JSON when it is ended.
    """

    def __init__(self, lab, label, *words, host="client"):
        self.lab = lab
        self.log = lab.log(label)
        self.command = lab.load_command(*words)
        self.host = lab.hosts[host]
        self.child = self.report = None

    def __enter__(self):
        self.child = self.host.spawn(*self.command, log=self.log.path, stdout=subprocess.PIPE)
        self.lab.adopt(self.child)
        if not self.child.stdout.readline():
            raise LabError(f"the load program failed: see {self.log.path}")
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.child.kill()
            return
        self.child.send_signal(signal.SIGTERM)
        answer, _ = self.child.communicate(timeout=120)
        if self.child.returncode != 0:
            raise LabError(f"the load program failed: see {self.log.path}")
        self.report = json.loads(answer)


class Load(Client):
    """Connections to both VIPs; afterwards they are in the outcome."""

    claims_everything = True  # that none of them breaks

    def __init__(self, lab, outcome):
        super().__init__(lab, "load", "requests", "--rate", RATE, "--at-least", AT_LEAST,
                         *map(target, VIPS))
        self.outcome = outcome

    def __exit__(self, kind, *more):
        super().__exit__(kind, *more)
        if kind is not None:
            return
        self.outcome.connections = [Connection(**one) for one in self.report]
        if self.claims_everything:
            claim_nothing_broke(self.outcome)


def claim_nothing_broke(outcome):
    """Claim, per family, that enough connections were opened and that all of them completed."""
    for family, name in FAMILY_NAMES.items():
        ours = outcome.of(family)
        failures = broken(ours)
        measured = f"{len(ours)} opened, {len(failures)} broken"
        if failures:
            measured += f"; first {failures[0]}"
        outcome.claim(f"{name}: at least {AT_LEAST} connections, none broken",
                      len(ours) >= AT_LEAST and not failures, measured)


class Downloads:
    """One paced download per family, all served by one proxy."""

    def __init__(self, lab, proxy, seconds):
        self.lab = lab
        self.children = {family: lab.spawn_on_client(
            "download", "download", "--seconds", seconds, "--proxy", proxy, target(family))
            for family in VIPS}
        for family in VIPS:
            self._read(family)

    def _read(self, family):
        """The next thing the download of a family has to say."""
        line = self.children[family].stdout.readline()
        if not line:
            raise LabError(f"a download failed: see {self.lab.log('download').path}")
        return Connection(**json.loads(line))

    def finish(self):
        """Wait for all to end and return what became of them."""
        return [self._read(family) for family in VIPS]


def director_shares(lab, before):
    """How many packets each director has sent on since `before`."""
    return {host.name: lab.packets_from(host) - before[host.name] for host in DIRECTORS}


def director_packets(lab):
    """The packets that each director has sent on so far."""
    return {host.name: lab.packets_from(host) for host in DIRECTORS}


def generations(answers):
    """The generation that each director serves after a reload, by its last answer."""
    text = {name: " ".join(lines) for name, lines in answers.items()}
    return {name: int(re.search(r"generation (\d+)", text[name])[1]) for name in text}


def reload_accepted(lab):
    """Reload both directors and insist that they serve the new file."""
    answers = lab.reload()
    for name, lines in answers.items():
        if not any("serving generation" in line for line in lines):
            raise LabError(f"{name} refused a good file: {lines}")
    return generations(answers)


def steady(lab, say):
    """Requests are spread over the proxies, and both directors carry traffic."""
    outcome = Outcome("steady")
    before = director_packets(lab)
    say(f"opening {RATE} connections a second to each VIP")
    with Load(lab, outcome):
        time.sleep(AT_LEAST / RATE)
    shares = director_shares(lab, before)
    for family, name in FAMILY_NAMES.items():
        counts = served_by(outcome.of(family))
        outcome.claim(f"{name}: every proxy serves its share",
                      all(counts[host.name] > len(outcome.of(family)) / 10 for host in PROXIES),
                      words(counts))
    outcome.claim("both directors carry traffic",
                  min(shares.values()) > sum(shares.values()) / 4, f"packets: {words(shares)}")
    return outcome


def drain(lab, say):
    """A drained proxy finishes what it began and gets nothing new."""
    outcome = Outcome("drain")
    seconds = 6
    before = second_chances(lab)
    with Load(lab, outcome):
        time.sleep(1)
        downloads = Downloads(lab, DRAINED.name, seconds)
        say(f"two downloads of {seconds} s began on {DRAINED.name}; draining it now")
        lab.set_state(DRAINED.name, "draining")
        reload_accepted(lab)
        drained_at = time.monotonic()
        finished = downloads.finish()
        filled_at = time.monotonic()
        say(f"the downloads ended; {DRAINED.name} is active again")
        lab.set_state(DRAINED.name, "active")
        reload_accepted(lab)
        restored_at = time.monotonic()
        time.sleep(1.5)
    claim_drained(outcome, drained_at, filled_at, restored_at)
    outcome.claim(f"downloads that {DRAINED.name} was serving complete", not broken(finished),
                  ", ".join(f"{FAMILY_NAMES[one.family]} {one.error or 'complete'}"
                            for one in finished))
    gained = second_chances(lab) - before
    outcome.claim("other proxies handed its packets on (second chance)", gained > 0,
                  f"{gained} packets")
    return outcome


def claim_drained(outcome, drained_at, filled_at, restored_at):
    """Claim that the drained proxy got new connections before and after, but not in between."""
    during = served_by(between(outcome.connections, drained_at, filled_at))
    after = served_by(between(outcome.connections, restored_at))
    outcome.claim(f"no new connection goes to {DRAINED.name} while it drains",
                  during and DRAINED.name not in during, words(during))
    outcome.claim(f"{DRAINED.name} serves new connections once it is active again",
                  after[DRAINED.name] > 0, words(after))


def second_chances(lab):
    """How many packets the proxies have handed to the next hop so far."""
    counters = [json.loads(lab.redirect(host, "counters", "eth0", "--json")) for host in PROXIES]
    return sum(one["forwarded_to_alternate"] for one in counters)


def director_dies(lab, say):
    """A director host dies under load; the router moves its flows; then it comes back."""
    outcome = Outcome("director dies")
    with Load(lab, outcome):
        time.sleep(1.5)
        say(f"killing director and bird of {DYING.name} with SIGKILL")
        killed_at = time.monotonic()
        lab.kill_director_host(DYING)
        moved = lab.wait_for_next_hops([SURVIVING])
        alone = director_packets(lab)
        time.sleep(2.5)
        alone = director_shares(lab, alone)
        say(f"{SURVIVING.name} carried everything for a while; starting {DYING.name} again")
        lab.start_director(DYING)
        lab.start_announcing(DYING)
        lab.wait_for_next_hops(DIRECTORS)
        together = director_packets(lab)
        time.sleep(2)
        together = director_shares(lab, together)
    caught = in_flight(outcome.connections, killed_at)
    outcome.claim("connections in flight when it died survive", caught and not broken(caught),
                  f"{len(caught)} were in flight")
    outcome.claim("the router moved its flows within a second", moved < 1, f"{moved * 1000:.0f} ms")
    outcome.claim(f"{SURVIVING.name} carries everything meanwhile",
                  alone[SURVIVING.name] > 20 * alone[DYING.name],
                  f"packets: {words(alone)}")
    outcome.claim("both carry traffic again after its return",
                  min(together.values()) > sum(together.values()) / 4,
                  f"packets: {words(together)}")
    return outcome


def withdrawn(lab, outcome, say, way, harm):
    """Do harm to a director alone and wait until the router uses the other one; until when it took."""
    with lab.watch_routes() as watch:
        begin, harmed_at = time.time(), time.monotonic()
        harm()
        lab.wait_for_next_hops([SURVIVING])
        took = {family: watch.first_change(family, begin) for family in VIPS}
    measured = ", ".join(f"{FAMILY_NAMES[family]} {seconds * 1000:.0f} ms" for family, seconds in took.items())
    say(f"{way}: the router withdrew {DYING.name} after {measured}")
    outcome.claim(f"the router withdraws {DYING.name}, whose bird lives", all(took.values()), measured)
    return harmed_at, max(took.values())


def director_killed(lab, say):
    """A director dies alone, while the routing daemon of its host lives, and comes back."""
    outcome = Outcome("director killed")
    with Load(lab, outcome):
        time.sleep(1)
        killed_at, took = withdrawn(
            lab, outcome, say, "SIGKILL of the director alone", lambda: lab.kill_director(DYING))
        time.sleep(1.5)
        begin = time.monotonic()
        lab.start_director(DYING)
        lab.wait_for_next_hops(DIRECTORS)
        say(f"{DYING.name} is announced again {time.monotonic() - begin:.1f} s after its start")
        time.sleep(1)
    caught = in_flight(outcome.connections, killed_at)
    outcome.claim("connections in flight when it died survive", caught and not broken(caught),
                  f"{len(caught)} were in flight")
    outcome.claim("within a second", took < 1, f"{took * 1000:.0f} ms")
    return outcome


def worker_stalls(lab, say):
    """A worker of a director stands still; the others of its host do not notice, but routers do."""
    outcome = Outcome("worker stalls")
    with Load(lab, outcome), contextlib.ExitStack() as until_it_goes_on:
        time.sleep(1)
        stopped_at, took = withdrawn(
            lab, outcome, say, "a worker that stands still (live_stall_ms is 1000)",
            lambda: until_it_goes_on.enter_context(Held(worker_of(lab.pid(DYING.name)))))
        time.sleep(1)
        until_it_goes_on.close()
        begin = time.monotonic()
        lab.wait_for_next_hops(DIRECTORS)
        say(f"the worker goes on; {DYING.name} is announced again after {time.monotonic() - begin:.1f} s")
        time.sleep(1)
    caught = in_flight(outcome.connections, stopped_at)
    outcome.claim("connections in flight when it stopped survive", caught and not broken(caught),
                  f"{len(caught)} were in flight")
    outcome.claim("not before the time that is configured", took > 0.9, f"{took * 1000:.0f} ms")
    return outcome


def director_restarted(lab, say):
    """A director is stopped and started again, as for an upgrade."""
    outcome = Outcome("director restarted")
    with Load(lab, outcome):
        time.sleep(1)
        say(f"{DYING.name} is told to stop (SIGTERM): it withdraws, and goes on for a second")
        status, counters = lab.stop_director(DYING)
        say(f"its final counters: {words(+Counter(counters))}")
        lab.start_director(DYING)
        lab.wait_for_next_hops(DIRECTORS)
        time.sleep(1)
    outcome.claim("the director stops with exit status 0", status == 0, status)
    # what its host sends is for others: net_af_packet shows it to the director as well
    dropped = sum(count for name, count in counters.items()
                  if "drop" in name and name != "drop_other_host")
    outcome.claim("its final counters show traffic and no drops of it",
                  counters.get("forward") and dropped == 0,
                  f"forward {counters.get('forward')}, dropped {dropped}")
    return outcome


def tables_swapped(lab, say):
    """The table is swapped many times under load."""
    outcome = Outcome("tables swapped")
    say(f"swapping the table {SWAPS} times: drain one proxy, then none, then the next one")
    with Load(lab, outcome):
        first = reload_accepted(lab)
        for number in range(SWAPS):
            drained = PROXIES[number // 2 % len(PROXIES)].name if number % 2 == 0 else None
            lab.set_state(drained, "draining")
            last = reload_accepted(lab)
            time.sleep(0.25)
    swaps = {name: last[name] - first[name] for name in first}
    outcome.claim("every swap is served by both directors",
                  set(swaps.values()) == {SWAPS}, f"generations: {words(swaps)}")
    return outcome


@dataclass(frozen=True)
class BadFile:
    """A way to spoil the tables file, and what a director must say about it."""

    title: str
    spoil: object
    complaint: str


def truncated(tables):
    """The first half of the file."""
    text = json.dumps(tables, indent=2)
    return text[:len(text) // 2]


def bad_address(tables):
    """A backend whose address is no address."""
    tables["tables"][0]["backends"][1]["ip"] = "10.0.1.300"
    return json.dumps(tables, indent=2)


def duplicate_backend(tables):
    """Two backends with one address."""
    backends = tables["tables"][0]["backends"]
    backends[2]["ip"] = backends[0]["ip"]
    return json.dumps(tables, indent=2)


def bad_port(tables):
    """A bind to a port beyond the last one."""
    tables["tables"][0]["binds"][1]["port"] = 70000
    return json.dumps(tables, indent=2)


BAD_FILES = (
    BadFile("truncated JSON", truncated, r":\d+:\d+: \S+"),
    BadFile("bad IP", bad_address, r":\d+:\d+: \$\.tables\[0\]\.backends\[1\]\.ip: .*10\.0\.1\.300"),
    BadFile("duplicate backend", duplicate_backend, r":\d+:\d+: \$\.tables\[0\]\.backends\[2\]\.ip: \S+"),
    BadFile("port 70000", bad_port, r":\d+:\d+: \$\.tables\[0\]\.binds\[1\]\.port: .*70000"),
)


def errors(lines):
    """The error texts among the lines of a director's log."""
    return [sentence(line).partition("error: ")[2] for line in lines if "glb-director: error: " in line]


def bad_files(lab, say):
    """A bad tables file is refused with its place and reason, and disturbs nothing."""
    outcome = Outcome("bad files")
    with Load(lab, outcome):
        serving = reload_accepted(lab)
        for bad in BAD_FILES:
            lab.write_tables(bad.spoil(lab_tables(lab.underlay)))
            complaint = claim_refused_at_reload(lab, outcome, bad, serving)
            claim_refused_at_start(lab, outcome, bad, complaint)
            say(f"{bad.title}: {complaint}")
            time.sleep(1)
        lab.set_state(None, "active")
        outcome.claim("the next good file is served",
                      reload_accepted(lab) == {name: last + 1 for name, last in serving.items()})
    return outcome


def claim_refused_at_reload(lab, outcome, bad, serving):
    """Reload the bad file; claim one clear line in each log; return that line."""
    answers = lab.reload()
    expected = re.escape(str(lab.file("tables.json"))) + bad.complaint
    complaints = {line for lines in answers.values() for line in errors(lines)[:1]}
    holds = len(complaints) == 1 and all(
        len(errors(lines)) == 2 and re.match(expected, errors(lines)[0])
        and errors(lines)[1] == f"reload refused; generation {serving[name]} keeps serving"
        for name, lines in answers.items())
    outcome.claim(f"{bad.title} at reload: one line says where and why, the old table serves",
                  holds, answers if not holds else "")
    return min(complaints, default="")


def claim_refused_at_start(lab, outcome, bad, complaint):
    """Start a director with the bad file; claim that it says the same and exits with 1."""
    command = lab.spare_director_command()
    done = subprocess.run(lab.hosts["client"].command(*command), capture_output=True, text=True,
                          timeout=20, check=False)
    outcome.claim(f"{bad.title} at start-up: the same line, and exit status 1",
                  done.returncode == 1 and errors(done.stderr.splitlines()) == [complaint],
                  "" if done.returncode == 1 else f"exit {done.returncode}: {done.stderr[-300:]}")


SCENARIOS = {
    "steady": steady,
    "drain": drain,
    "director-dies": director_dies,
    "director-killed": director_killed,
    "worker-stalls": worker_stalls,
    "director-restarted": director_restarted,
    "tables-swapped": tables_swapped,
    "bad-files": bad_files,
}
