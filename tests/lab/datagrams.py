# SPDX-License-Identifier: BSD-3-Clause
"""What the lab claims of UDP services: their flows survive a drain of their proxy."""

import json
import signal
import time
from collections import Counter

from netns import LabError
from scenarios import DRAINED, FAMILY_NAMES, Outcome, reload_accepted, target, words
from talk import PORTS, Flow
from topology import PROXIES, VIPS

FLOWS = 10  # of each service and family, before the drain and during it
SERVICE_NAMES = {"echo": "UDP with connected sockets", "quic": "QUIC with server IDs"}


class Talk:
    """Flows to both services of both VIPs, from the moment that each has been answered once."""

    def __init__(self, lab):
        self.lab = lab
        self.child = lab.spawn_on_client("talk", "--flows", FLOWS, *map(target, VIPS), program="talk.py")
        if self.child.stdout.readline().strip() not in ("answered", b"answered"):
            raise LabError(f"the UDP client failed: see {lab.log('talk').path}")

    def finish(self):
        """Stop, and return what became of every flow."""
        self.child.send_signal(signal.SIGTERM)
        answer, _ = self.child.communicate(timeout=60)
        if self.child.returncode != 0:
            raise LabError(f"the UDP client failed: see {self.lab.log('talk').path}")
        return [Flow(**one) for one in json.loads(answer)]


def detours(lab):
    """How many packets the proxies have passed on, and how many of them came back, so far."""
    counters = [json.loads(lab.redirect(host, "counters", "eth0", "--json")) for host in PROXIES]
    return {name: sum(one[name] for one in counters)
            for name in ("forwarded_to_alternate", "returned_to_first")}


def drain_datagrams(lab, say):
    """A drained proxy keeps its UDP flows and gets no new ones; so do those that served meanwhile."""
    outcome = Outcome("drain of UDP")
    before = detours(lab)
    old = Talk(lab)
    say(f"{4 * FLOWS} UDP flows are under way; draining {DRAINED.name} now")
    lab.set_state(DRAINED.name, "draining")
    reload_accepted(lab)
    new = Talk(lab)
    say(f"as many new ones began; {DRAINED.name} is to be active again")
    time.sleep(1)
    lab.set_state(DRAINED.name, "active")
    reload_accepted(lab)
    time.sleep(1)
    begun_before, begun_during = old.finish(), new.finish()
    for service, name in SERVICE_NAMES.items():
        for family, family_name in FAMILY_NAMES.items():
            claim_none_lost(outcome, f"{name}, {family_name}", [
                flow for flow in begun_before + begun_during
                if (flow.service, flow.family) == (service, family)])
    claim_served(outcome, begun_before, begun_during)
    gained = {name: count - before[name] for name, count in detours(lab).items()}
    outcome.claim("packets were passed on, and those of new flows came back", all(gained.values()), words(gained))
    return outcome


def claim_none_lost(outcome, name, flows):
    """Claim that every datagram of these flows was answered by the proxy of its flow."""
    broken = [flow for flow in flows if flow.error]
    measured = f"{len(flows)} flows, {sum(flow.answers for flow in flows)} answers, {len(broken)} broken"
    if broken:
        measured += f"; first {broken[0]}"
    outcome.claim(f"{name}: no flow loses a datagram or its proxy", len(flows) == 2 * FLOWS and not broken, measured)


def claim_served(outcome, begun_before, begun_during):
    """Claim that the drained proxy had flows of both services, and got no new ones."""
    had = {flow.service for flow in begun_before if flow.proxy == DRAINED.name}
    outcome.claim(f"{DRAINED.name} had flows of each service when it was drained", had == set(PORTS),
                  words(Counter(flow.proxy for flow in begun_before)))
    during = Counter(flow.proxy for flow in begun_during)
    outcome.claim(f"no new flow goes to {DRAINED.name} while it drains", DRAINED.name not in during, words(during))


DATAGRAM_SCENARIOS = {"drain-udp": drain_datagrams}
