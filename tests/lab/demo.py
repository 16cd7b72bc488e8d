#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Show that real HTTP connections survive drains, reloads and the death of a director."""

import argparse
import signal
import subprocess
import sys
import time

from datagrams import DATAGRAM_SCENARIOS
from health import HEALTH_SCENARIOS
from leaving import LEAVING_SCENARIOS
from netns import LabError
from netns import run as run_program
from scenarios import FAMILY_NAMES, RATE, SCENARIOS, broken, served_by, target
from topology import DIRECTORS, PROXIES, STOP_SIGNALS, VIPS, Lab

KNOWN = SCENARIOS | DATAGRAM_SCENARIOS | LEAVING_SCENARIOS | HEALTH_SCENARIOS
PLAYED = [*SCENARIOS, "proxy-fails"]  # unless others are named
BEGIN = time.monotonic()


def say(text):
    """Print one progress line."""
    print(f"[{time.monotonic() - BEGIN:5.1f} s] {text}", flush=True)


def play(lab, names):
    """Run the scenarios one after the other and return their outcomes."""
    outcomes = []
    for name in names:
        scenario = KNOWN[name]
        say(f"--- {name}: {scenario.__doc__.splitlines()[0]}")
        outcome = scenario(lab, say)
        for claim in outcome.claims:
            measured = f" ({claim.measured})" if claim.measured else ""
            say(f"{'ok    ' if claim.holds else 'FAILED'} {claim.text}{measured}")
        outcomes.append(outcome)
    return outcomes


def print_table(outcomes):
    """Print one line per scenario and family, and their sum."""
    proxies = "".join(f"{host.name:>6}" for host in PROXIES)
    print(f"\n{'scenario':<20}{'family':<8}{'opened':>8}{'completed':>11}{'broken':>8}"
          f"{proxies}{'slowest':>11}  claims")
    for outcome in outcomes:
        held = sum(claim.holds for claim in outcome.claims)
        for family, name in FAMILY_NAMES.items():
            print_row(outcome.title, name, outcome.of(family),
                      f"{held} of {len(outcome.claims)} hold")
    print_row("all", "", [one for outcome in outcomes for one in outcome.connections], "")


def print_row(title, family, connections, claims):
    """Print one line of the table."""
    lost, counts = len(broken(connections)), served_by(connections)
    proxies = "".join(f"{counts[host.name]:>6}" for host in PROXIES)
    slowest = max((one.seconds for one in connections), default=0)
    print(f"{title:<20}{family:<8}{len(connections):>8}{len(connections) - lost:>11}{lost:>8}"
          f"{proxies}{slowest:>9.2f} s  {claims}")


def demonstrate(lab, names):
    """Bring the lab up, play the scenarios and print the table; whether every claim held."""
    say("creating the lab: client, router, 2 director hosts, 3 proxies")
    lab.up()
    say(f"the lab is up: both directors announce {' and '.join(VIPS.values())}")
    outcomes = play(lab, names)
    print_table(outcomes)
    show_live(lab)
    succeeded = all(outcome.holds for outcome in outcomes)
    print("every claim holds" if succeeded else "NOT every claim holds")
    return succeeded


def top(lab, host):
    """The state of a director of the lab at this moment, as text."""
    return run_program(lab.program("ctl/glbctl"), "--socket", lab.file(f"{host.name}.sock"), "top", "--once")


def show_live(lab):
    """Print the live view of one director that is still there, with connections to see."""
    host = next((host for host in DIRECTORS if lab.processes()[host.name]), None)
    if not host:
        return
    with lab.spawn_on_client("live", "requests", "--rate", RATE, "--at-least", 1, *map(target, VIPS)) as load:
        try:
            time.sleep(0.3)
            top(lab, host)  # rates are those between two looks
            time.sleep(1.2)
            text = top(lab, host)
        finally:
            load.kill()
    print(f"\n{host.name} under {RATE * len(VIPS)} connections a second, by glbctl top --once; without --once it stays:\n")
    print(text)


def finish(lab, keep, keep_files):
    """Leave the lab to its explorer, or remove it; the files may stay to be looked into."""
    if keep and lab.directory:
        print(f"\n{lab.explore()}")
        return
    logs = f"; its logs are in {lab.directory}" if keep_files and lab.directory else ""
    lab.down(keep_files)
    say(f"the lab is gone{logs}")


def run(lab, names, keep):
    """Play the scenarios and clean up, whatever happens; return the exit status."""
    failed = True
    try:
        failed = not demonstrate(lab, names)
    except KeyboardInterrupt:
        failed = keep = False
        say("interrupted")
        return 130
    except (LabError, subprocess.SubprocessError) as error:
        say(f"stopped: {error}")
        for line in lab.casualties():
            say(f"ended by itself: {line}")
    finally:
        finish(lab, keep, keep_files=failed)
    return 1 if failed else 0


def main():
    """Run the demo; exit status 0 when every claim held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the lab up to explore it")
    parser.add_argument("--only", action="append", choices=KNOWN, metavar="SCENARIO",
                        help=f"play just this one; repeatable: {', '.join(KNOWN)}")
    args = parser.parse_args()
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        lab = Lab()
        lab.claim()
    except LabError as error:
        sys.exit(f"demo: {error}")
    return run(lab, args.only or PLAYED, args.keep)


if __name__ == "__main__":
    sys.exit(main())
