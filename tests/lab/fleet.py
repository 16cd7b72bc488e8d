# SPDX-License-Identifier: BSD-3-Clause
"""Every change that an operator or a failure makes to the state of a proxy, under live connections.

Connections are opened in one state of the fleet, live through the change, and end in the next state.
They are silent, busy now and then, or busy all the time; every one must get what it asks for.
"""

import json
import time
from collections import Counter
from dataclasses import dataclass

from load import Connection
from scenarios import FAMILY_NAMES, Client, Outcome, broken, reload_accepted, second_chances, target, words
from topology import PROXIES, VIPS, lab_tables

HOP_COUNTS = (2, 3)


@dataclass(frozen=True)
class Change:
    """What happens to proxies that change at once: from one state to another one.

    A state is one of the tables file, "absent" from it, or one with "failed": reported as unhealthy.
    """

    name: str
    before: str
    after: str
    proxies: tuple = (PROXIES[1],)

    def __str__(self):
        return f"{self.name}: {', '.join(one.name for one in self.proxies)} {self.before} -> {self.after}"


# Each begins in a state that another one leads to.
CHANGES = (
    Change("add", "absent", "filling"),
    Change("fill", "filling", "active"),
    Change("fail", "active", "active failed"),
    Change("recover", "active failed", "active"),
    Change("drain", "active", "draining"),
    Change("undrain", "draining", "active"),
    Change("fail while draining", "draining", "draining failed"),
    Change("recover while draining", "draining failed", "draining"),
    Change("put aside", "draining", "inactive"),
    Change("fill again", "inactive", "filling"),
    Change("fail while filling", "filling", "filling failed"),
    Change("recover while filling", "filling failed", "filling"),
    Change("give up", "filling", "draining"),
    Change("remove", "draining", "absent"),
)
# Takes a third hop: with two, a row may have no other proxy.
TWO_DRAINS = (
    Change("drain two", "active", "draining", PROXIES[:2]),
    Change("undrain two", "draining", "active", PROXIES[:2]),
)
# A proxy that fills serves new connections, so it has to be drained first.
NOT_ALLOWED = Change("remove while filling", "filling", "absent")


def fleet_tables(lab, states, hops):
    """The lab's table with a state for each proxy, and so many hops."""
    tables = lab_tables(lab.underlay)
    table = tables["tables"][0]
    if hops > 2:
        table["hops"] = hops
    backends = []
    for host, backend in zip(PROXIES, table["backends"]):
        state, _, failed = states[host.name].partition(" ")
        if state != "absent":
            backends.append(backend | {"state": state, "healthy": not failed})
    table["backends"] = backends
    return tables


class Living(Client):
    """Connections of three kinds to both VIPs, all answered once when the block begins."""

    def __init__(self, lab, count, within):
        each = count // 2
        bulk, idle = each // 10, each * 4 // 10
        super().__init__(lab, "living", "hold", "--connections", each - bulk - idle, "--bulk", bulk,
                         "--idle", idle, "--within", within, *map(target, VIPS))
        self.connections = []

    def __exit__(self, *failure):
        super().__exit__(*failure)
        self.connections = [Connection(**one) for one in self.report or []]


def serve(lab, states, hops):
    """Have both directors serve the table."""
    lab.write_tables(json.dumps(fleet_tables(lab, states, hops), indent=2))
    reload_accepted(lab)


def live_through(lab, change, hops, count, seconds, say):
    """One change, while all other proxies are active; `seconds` to open connections, and after it."""
    outcome = Outcome(f"{change}, {hops} hops")
    states = {host.name: "active" for host in PROXIES}
    states |= {host.name: change.before for host in change.proxies}
    serve(lab, states, hops)
    redirected = second_chances(lab)
    with Living(lab, count, seconds) as living:
        serve(lab, states | {host.name: change.after for host in change.proxies}, hops)
        time.sleep(seconds)
    outcome.connections = living.connections
    redirected = second_chances(lab) - redirected
    for family, name in FAMILY_NAMES.items():
        ours = outcome.of(family)
        failures = broken(ours)
        outcome.claim(f"{outcome.title}, {name}: {count // 2} connections, none broken",
                      len(ours) == count // 2 and not failures,
                      f"{len(failures)} broken" + (f"; first {failures[0]}" if failures else ""))
    served = Counter(one.proxy for one in outcome.connections)
    say(f"{outcome.title}: {len(broken(outcome.connections))} of {len(outcome.connections)} broken, "
        f"{redirected} second chances; served by {words(served)}")
    outcome.second_chances = redirected
    return outcome
