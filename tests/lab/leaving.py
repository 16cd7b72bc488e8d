# SPDX-License-Identifier: BSD-3-Clause
"""A director leaves and comes back under live connections, while the router's hash sends flows elsewhere.

A router that spreads flows by a plain hash may move all of them when one of its next hops goes, not
only those of that one. A seed of the hash does the same: with another one, half of the flows take
another director although both are there.
"""

import re
import time

from fleet import Living
from netns import is_alive, wait_until
from scenarios import DYING, FAMILY_NAMES, SURVIVING, Outcome, broken, words
from topology import DIRECTORS, VIPS
from watchers import control

COUNT = 500  # connections: idle, asking now and then, and uploading all the time
WITHIN = 3.0  # seconds in which they are opened
SEED = "net.ipv4.fib_multipath_hash_seed"  # of both IP versions
SEEDS = (1, 2, 3)
PAUSE = 1.5  # after each change: every connection but the idle ones says something


def shuffle(lab, seed):
    """Have the router choose directors anew for every flow."""
    lab.hosts["router"].run("sysctl", "-qw", f"{SEED}={seed}")


def next_hops_of(lab, connections):
    """The next hop that the router has for each connection now, in their order."""
    lab.file("flows.batch").write_text("".join(
        f"route get {VIPS[one.family]} from {one.source} iif client ipproto tcp sport {one.port} dport 80\n"
        for one in connections))
    answer = lab.hosts["router"].run("ip", "-oneline", "-batch", lab.file("flows.batch"))
    return re.findall(r" via (\S+)", answer)


def claim_moved(lab, outcome, connections):
    """Claim that each seed gave many of the connections another director."""
    hops = []
    for seed in SEEDS:
        shuffle(lab, seed)
        hops.append(next_hops_of(lab, connections))
    for before, after in ((0, 1), (1, 2)):
        moved = sum(one != other for one, other in zip(hops[before], hops[after]))
        outcome.claim("the router's hash moves many of them to the other director",
                      len(hops[before]) == len(hops[after]) == len(connections)
                      and moved > len(connections) / 4, f"{moved} of {len(connections)}")


def director_leaves(lab, say):
    """A director leaves and comes back under 500 connections, and the router's hash moves flows meanwhile."""
    outcome = Outcome("director leaves")
    shuffle(lab, SEEDS[0])
    before = {host.name: forwarded(lab, host) for host in DIRECTORS}
    with Living(lab, COUNT, WITHIN) as living:
        shares = {host.name: forwarded(lab, host) - before[host.name] for host in DIRECTORS}
        say(f"{COUNT} connections are open, forwarded by {words(shares)}; the router's hash changes")
        shuffle(lab, SEEDS[1])
        time.sleep(PAUSE)
        answer = leave(lab, say)
        time.sleep(PAUSE)
        shuffle(lab, SEEDS[2])
        lab.start_director(DYING)
        lab.wait_for_next_hops(DIRECTORS)
        say(f"{DYING.name} is announced again, and the router's hash is another one")
        time.sleep(PAUSE)
    outcome.connections = living.connections
    for family, name in FAMILY_NAMES.items():
        ours = outcome.of(family)
        failures = broken(ours)
        outcome.claim(f"{name}: {COUNT // 2} connections, none broken", len(ours) == COUNT // 2 and not failures,
                      f"{len(failures)} broken" + (f"; first {failures[0]}" if failures else ""))
    outcome.claim("both directors carry them", min(shares.values()) > sum(shares.values()) / 5, words(shares))
    outcome.claim(f"{DYING.name} stops when nothing arrives any more, and has lost nothing",
                  answer["quiet"] and answer["lost"] == 0 and answer["received"] > 0, words(
                      {key: answer[key] for key in ("received", "forwarded", "lost", "took_ms")}))
    claim_moved(lab, outcome, outcome.connections)
    return outcome


def forwarded(lab, host):
    """The packets that a director has forwarded so far."""
    return control(lab, host, "stats")["counters"]["forward"]


def leave(lab, say):
    """Have a director leave, and return what it said when it stopped."""
    begin, pid = time.time(), lab.pid(DYING.name)
    with lab.watch_routes() as watch:
        answer = control(lab, DYING, "leave", "--quiet", "1", "--deadline", "60", "--or-stay")
        wait_until(lambda: all(watch.first_change(family, begin) is not None for family in VIPS), "both routes")
        took = {family: watch.first_change(family, begin) for family in VIPS}
    wait_until(lambda: not is_alive(pid), "its end")
    measured = ", ".join(f"{FAMILY_NAMES[family]} {seconds * 1000:.0f} ms" for family, seconds in took.items())
    say(f"{DYING.name} left: the router used {SURVIVING.name} alone after {measured}; since then it had received "
        f"{answer['received']} packets, and lost {answer['lost']}")
    return answer


LEAVING_SCENARIOS = {"director-leaves": director_leaves}
