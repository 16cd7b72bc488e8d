# SPDX-License-Identifier: BSD-3-Clause
"""What the lab claims of health checks: proxies that fail in all kinds of ways, and checkers that do.

Each scenario runs with a checker beside each director, whose directors serve what it has written.
"""

import contextlib
import json
import signal
import time

from netns import allowed, run, send_signal, wait_until
from scenarios import AT_LEAST, FAMILY_NAMES, Load, Outcome, between, broken, served_by, words
from topology import DIRECTORS, PROXIES, lab_tables
from watchers import control

INTERVAL_MS, TIMEOUT_MS, FALL, RISE = 500, 400, 2, 2
DETECTION = FALL * INTERVAL_MS / 1000 + 1  # seconds within which a failure is in force
FAILING = PROXIES[1]
NOBODY = "02:67:6c:62:00:ff"
CHECKS = {
    "interval_ms": INTERVAL_MS, "timeout_ms": TIMEOUT_MS, "fall": FALL, "rise": RISE, "flap_limit": 0,
    "http": {"port": 8081, "path": "/alive"},
    "tunnel": {"port": 80, "full_size": 1500},
    "second_chance": True,
}


def checked_tables(underlay=4, **states):
    """The source of the checkers: the lab's tables with checks; proxies in other states than active by name."""
    tables = lab_tables(underlay)
    table, = tables["tables"]
    table["healthchecks"] = CHECKS
    for host, backend in zip(PROXIES, table["backends"]):
        backend["state"] = states.get(host.name, "active")
    return tables


class Checkers:
    """Checkers beside both directors for as long as a `with` block runs, with all proxies up."""

    def __init__(self, lab):
        self.lab = lab
        self.children = {}

    @classmethod
    @contextlib.contextmanager
    def of(cls, lab):
        """Those that a lab has already; or new ones for as long as the block."""
        if lab.checkers:
            yield lab.checkers
            return
        with cls(lab) as lab.checkers:
            try:
                yield lab.checkers
            finally:
                lab.checkers = None

    def __enter__(self):
        try:
            self.write_source()
            for host in DIRECTORS:
                self.start(host)
                self.lab.serve_tables(host, self.lab.file(f"{host.name}.checked.json"))
            self.lab.wait_for_next_hops(DIRECTORS)
            self.wait_for(len(PROXIES))
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def __exit__(self, *_):
        for child in self.children.values():
            child.kill()
            child.wait()
        for host in DIRECTORS:
            self.lab.serve_tables(host, None)
        self.lab.wait_for_next_hops(DIRECTORS)

    def write_source(self, **states):
        """Put the source of both checkers in place."""
        draft = self.lab.file("source.json.new")
        draft.write_text(json.dumps(checked_tables(self.lab.underlay, **states), indent=2))
        draft.rename(self.lab.file("source.json"))

    def start(self, host):
        """Start the checker of a director host, and wait for its first file."""
        file = self.lab.file
        source = "tunnel_src_ip" if self.lab.underlay == 4 else "tunnel_src_ip6"
        state = file(f"{host.name}.health")
        state.mkdir(exist_ok=True)
        file(f"{host.name}.health.json").write_text(json.dumps({
            "forwarding_table": {"src": str(file("source.json")), "dst": str(file(f"{host.name}.checked.json"))},
            "director_socket": str(file(f"{host.name}.sock")),
            "control_socket": str(file(f"{host.name}.health.sock")),
            "http_listen": "", "state_directory": str(state),
            "tunnel_interface": "eth0", source: host.address(self.lab.underlay),
        }))
        self.children[host.name] = self.lab.start_checker(host)
        wait_until(file(f"{host.name}.checked.json").exists, f"the first checked file of {host.name}")

    def health(self, host):
        """What the checker of a host knows of each proxy, by name."""
        answer = json.loads(run(self.lab.program("ctl/glbctl"), "--socket",
                                self.lab.file(f"{host.name}.health.sock"), "health", "--json"))
        names = {proxy.address(self.lab.underlay): proxy.name for proxy in PROXIES}
        return {names[one["backend"]]: one for one in answer["backends"]}

    def healthy(self, host):
        """How many proxies are healthy in what a director serves."""
        return control(self.lab, host, "status")["healthy"]

    def wait_for(self, healthy, hosts=DIRECTORS):
        """Wait until directors serve so many healthy proxies; return when they did."""
        wait_until(lambda: all(self.healthy(host) == healthy for host in hosts),
                   f"{healthy} healthy proxies", 20, every=0.05)
        return time.monotonic()

    def reasons(self, host=DIRECTORS[0], proxy=FAILING):
        """Which checks of a proxy fail, and why."""
        return {check["type"]: check["reason"] for check in self.health(host)[proxy.name]["checks"]
                if check["status"] == "down"}


class Tolerant(Load):
    """Load under which connections may break, which the scenario is to say more of."""

    claims_everything = False


def claim_bystanders(outcome, begin, end):
    """Claim that connections break only on the failing proxy, or if opened before its failure was detected."""
    for family, name in FAMILY_NAMES.items():
        ours = outcome.of(family)
        failed = broken(ours)
        elsewhere = [one for one in failed if one.proxy not in (None, FAILING.name)]
        outcome.claim(f"{name}: no connection to another proxy breaks", len(ours) >= AT_LEAST and not elsewhere,
                      f"{len(ours)} opened, {len(failed)} of {FAILING.name} or of nobody broken")
        late = [one for one in failed if one.proxy is None and not begin - 1 < one.opened_at < end]
        outcome.claim(f"{name}: new connections fail only until the failure is detected", not late,
                      f"{sum(one.proxy is None for one in failed)} failed in {end - begin:.1f} s")


def fails(lab, say, outcome, harm, heal, what):
    """Break a proxy under load until both directors have it out, and repair it; returns why it was out."""
    with Checkers.of(lab) as checkers:
        with Tolerant(lab, outcome):
            time.sleep(1)
            begin = time.monotonic()
            harm()
            out = checkers.wait_for(len(PROXIES) - 1)
            say(f"{what}; out of the primaries of both directors after {out - begin:.1f} s")
            time.sleep(1.5)
            reasons = checkers.reasons()
            heal()
            healed = time.monotonic()
            back = checkers.wait_for(len(PROXIES))
            say(f"healed, and back after {back - healed:.1f} s")
            time.sleep(1.5)
    outcome.claim("it is out within fall x interval + 1 s", out - begin < allowed(DETECTION),
                  f"{out - begin:.2f} s, of {DETECTION:.1f}")
    during = served_by(between(outcome.connections, out + 0.2, healed))
    outcome.claim("no new connection goes to it while it is out", during and FAILING.name not in during, words(during))
    after = served_by(between(outcome.connections, back + 0.2))
    outcome.claim("it serves new connections once it is back", after[FAILING.name] > 0, words(after))
    claim_bystanders(outcome, begin, out + 0.5)
    return reasons


def claim_reason(outcome, reasons, wanted):
    """Claim which checks failed, and why."""
    outcome.claim(f"the checks that fail are {', '.join(wanted)}",
                  set(reasons) == set(wanted) and all(reasons[key] in wanted[key] for key in reasons), reasons)


def proxy_fails(lab, say):
    """A proxy's HAProxy is killed under load: its checker takes it out, and in again when it is back."""
    outcome = Outcome("proxy fails")
    reasons = fails(
        lab, say, outcome, lambda: send_signal(lab.pid(f"{FAILING.name}-haproxy"), signal.SIGKILL),
        lambda: lab.start_haproxy(FAILING), f"HAProxy of {FAILING.name} is killed")
    claim_reason(outcome, reasons, {"http": {"refused", "reset"}, "tunnel": {"refused", "reset"}})
    return outcome


def tunnel_breaks(lab, say):
    """A proxy takes no more packets from directors, while HTTP to its own address answers."""
    outcome = Outcome("tunnel breaks")
    reasons = fails(
        lab, say, outcome, lambda: lab.redirect(FAILING, "detach", "eth0"),
        lambda: lab.redirect(FAILING, "attach", "eth0"), f"glb-redirect of {FAILING.name} is detached")
    claim_reason(outcome, reasons, {"tunnel": {"refused", "unreachable", "timeout"},
                                    "second_chance": {"refused", "not_passed_on"}})
    return outcome


def packets_too_large(lab, say):
    """Full-size packets do not reach a proxy any more, small ones do, and no ICMP error reports it."""
    outcome = Outcome("packets too large")
    link = lab.hosts["router"].ip
    reasons = fails(
        lab, say, outcome, lambda: link("link", "set", FAILING.name, "mtu", "1500"),
        lambda: link("link", "set", FAILING.name, "mtu", "1600"), f"the switch's port to {FAILING.name} has an MTU of 1500")
    claim_reason(outcome, reasons, {"tunnel": {"mtu"}})
    return outcome


def lose(lab, host, proxies):
    """The kernel of a host, and so its checker, sends packets for proxies astray; its director does not."""
    for proxy in proxies:
        lab.hosts[host.name].ip("neighbor", "replace", proxy.address(lab.underlay), "lladdr", NOBODY,
                                "dev", "eth0", "nud", "permanent")


def find(lab, host, proxies):
    """It finds them again."""
    for proxy in proxies:
        lab.hosts[host.name].ip("neighbor", "delete", proxy.address(lab.underlay), "dev", "eth0")


def checkers_disagree(lab, say):
    """Two directors disagree about a proxy while another one is drained."""
    outcome = Outcome("checkers disagree")
    one, other = DIRECTORS
    drained = PROXIES[2]
    with Checkers.of(lab) as checkers, Load(lab, outcome):
        time.sleep(1)
        lose(lab, one, [FAILING])
        checkers.wait_for(len(PROXIES) - 1, [one])
        say(f"{one.name} does not reach {FAILING.name} and takes it out, {other.name} does; {drained.name} is drained now")
        checkers.write_source(**{drained.name: "draining"})
        wait_until(lambda: all(checkers.health(host)[drained.name]["state"] == "draining" for host in DIRECTORS),
                   "the new source")
        time.sleep(3)
        counts = [checkers.healthy(host) for host in DIRECTORS]
        outcome.claim("they disagree", counts == [len(PROXIES) - 1, len(PROXIES)], counts)
        checkers.write_source()
        find(lab, one, [FAILING])
        checkers.wait_for(len(PROXIES))
        time.sleep(1)
    return outcome


def checkers_fail(lab, say):
    """All proxies seem to fail at once to a checker, it loses its way, is killed, and comes back."""
    outcome = Outcome("checkers fail")
    with Checkers.of(lab) as checkers, Load(lab, outcome):
        for title, harm, heal in harms(lab, checkers):
            harm()
            time.sleep(DETECTION + 1)
            counts = {host.name: checkers.healthy(host) for host in DIRECTORS}
            say(f"the checker of {DIRECTORS[0].name}: {title}; healthy proxies: {counts}")
            outcome.claim(f"{title}: the tables stay", set(counts.values()) == {len(PROXIES)}, counts)
            heal()
        checkers.wait_for(len(PROXIES))
    return outcome


def harms(lab, checkers):
    """Failures of a checker while all proxies work: title, how it is caused, and how it is undone."""
    host = DIRECTORS[0]
    rule = ("pref", "1", "iif", "lo", "ipproto", "tcp", "prohibit")
    rules = lab.hosts[host.name].ip

    def kill():
        checkers.children[host.name].kill()
        checkers.children[host.name].wait()

    return (
        ("all proxies time out", lambda: lose(lab, host, PROXIES), lambda: find(lab, host, PROXIES)),
        ("there is no way to any proxy", lambda: rules(f"-{lab.underlay}", "rule", "add", *rule),
         lambda: rules(f"-{lab.underlay}", "rule", "delete", *rule)),
        ("it is killed", kill, lambda: checkers.start(host)),
    )


HEALTH_SCENARIOS = {
    "proxy-fails": proxy_fails,
    "tunnel-breaks": tunnel_breaks,
    "packets-too-large": packets_too_large,
    "checkers-disagree": checkers_disagree,
    "checkers-fail": checkers_fail,
}
