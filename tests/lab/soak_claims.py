# SPDX-License-Identifier: BSD-3-Clause
"""What is claimed of a soak when it is over, each claim with its figures."""

import re
from collections import Counter

from bookkeeping import duration, side_by_side, unaccounted, worst
from scenarios import FAMILY_NAMES, broken
from topology import DIRECTORS

RSS_GROWTH = 0.02
FILES_OPEN = 4  # that come and go with the clients of the moment
LONG = 300.0  # seconds from which on luck evens out, and memory and times are claimed, not only shown
LUCK = 1  # buckets, each twice the one before, by which the worst of many turns may differ
NOT_CLAIMED = "; not claimed of a short run, or with sanitizers"
FINDING = re.compile(r"ERROR: \w+Sanitizer|runtime error:")


def claim_everything(run, watched, flood):
    """All that is claimed of a run; directors are stopped for the last."""
    claim_packets(run)
    claim_outputs(run, flood)
    claim_connections(run)
    claim_reloads(run)
    claim_watched(run, watched)
    claim_growth(run)
    claim_turns(run)
    claim_ends(run)


def claim_packets(run):
    """Every packet is accounted for."""
    for name, counted in run.packets.items():
        drops = {key: count for key, count in counted.items()
                 if count and (key.startswith("drop_") or key.endswith(("dropped", "missed", "ring_full")))}
        missing = unaccounted(counted)
        run.outcome.claim(
            f"{name}: received = sent + counted drops", not any(missing.values()),
            f"on the wire {counted['kernel_rx'] + counted['kernel_tx'] - counted['tx']}, received "
            f"{counted['rx']}, sent {counted['tx']}, punts "
            f"{sum(n for key, n in counted.items() if key.startswith('punt_'))}, drops {drops}, "
            f"unaccounted {missing}")


def claim_outputs(run, report):
    """Every probe went where one of both tables says."""
    seen = Counter({(number, outer, header): count for number, outer, header, count in report["seen"]})
    strange = [key for key in seen if not any(
        key[0] == number and key[1] == primary and key[2].endswith(others)
        for number, primary, others in run.expected)]
    run.outcome.claim(
        "every output belongs to one of both tables", seen and not strange,
        f"{report['sent']} packets sent by the generator, {sum(seen.values())} of {report['probes']} probes "
        f"looked at, in {len(seen)} ways of {len(run.expected)}; strange: {strange[:3]}")


def claim_connections(run):
    """No connection is broken."""
    for what, connections in run.connections.items():
        for family, name in FAMILY_NAMES.items():
            ours = [one for one in connections if one.family == family]
            failures = broken(ours)
            first = f"; first {failures[0]}" if failures else ""
            run.outcome.claim(f"{name}: no connection {what} is broken", ours and not failures,
                           f"{len(ours)} opened, {len(failures)} broken{first}")


def claim_reloads(run):
    """Good tables are served, broken ones refused."""
    reloads = run.reloads
    longest = max(reloads.took, default=0)
    run.outcome.claim(
        f"all of {run.reload_count} files: good ones served, broken ones refused, by both",
        reloads.made == run.reload_count and not reloads.wrong,
        f"{reloads.results['done']} done, {reloads.results['refused']} refused, "
        f"{reloads.results['failed']} failed; the longest took {longest} ms; wrong: {reloads.wrong[:2]}")


def claim_watched(run, watched):
    """Every watcher saw something."""
    for name in watched.watchers:
        failures = watched.failed(name)
        run.outcome.claim(f"every {name} gets what it asks for", watched.done(name) and not failures,
                           f"{watched.done(name)} done, {len(failures)} failed; first: {failures[:1]}")
    run.outcome.claim("glbctl top shows and stays", watched.views() and not watched.failures,
                       f"{watched.views()} views; {watched.failures[:2]}")


def is_claimed(run):
    """Whether memory and times are claimed of a run, and not only shown."""
    return not run.sanitized and run.seconds >= LONG


def claim_growth(run):
    """Memory and files are as before."""
    for host in DIRECTORS:
        first, last = (run.memory[host.name, when] for when in ("first", "last"))
        growth = last / first - 1
        counted = is_claimed(run)
        run.outcome.claim(
            f"{host.name}: memory grows by less than {RSS_GROWTH:.0%} after the warm-up",
            growth < RSS_GROWTH or not counted, f"{first} KiB, {last} KiB, {growth:+.2%}"
            + ("" if counted else NOT_CLAIMED))
        first, last = (run.files[host.name, when] for when in ("first", "last"))
        run.outcome.claim(f"{host.name}: no files are left open", last <= first + FILES_OPEN,
                           f"{first}, {last}")


def claim_turns(run):
    """Reloads do not hold up the worker."""
    without, with_reloads = run.turns[False], run.turns[True]
    counted = is_claimed(run)
    run.outcome.claim(
        "the worst poll gap is no worse with reloads than without",
        worst(with_reloads) <= worst(without) + LUCK or not counted,
        f"below {duration(worst(with_reloads))} with, {duration(worst(without))} without; stalls "
        f"{with_reloads['stalls']} with, {without['stalls']} without; busy share {run.busy_share:.1%}"
        + ("" if counted else NOT_CLAIMED))


def claim_ends(run):
    """Directors end in good order."""
    for host in DIRECTORS:
        status, _ = run.lab.stop_director(host)
        run.outcome.claim(f"{host.name} stops with exit status 0", status == 0, status)
    found = [f"{path.name}: {line}" for path in sorted(run.lab.directory.glob("*.log"))
             for line in path.read_text(errors="replace").splitlines() if FINDING.search(line)]
    run.outcome.claim("sanitizers found nothing" if run.sanitized else "no sanitizers are built in",
                       not found, found[:3])


def show(run):
    """Print both histograms and every claim with its figures."""
    print(f"\nturns of the worker of {run.busy_host.name}, slices with reloads and without in turn:")
    print("\n".join(side_by_side(run.turns[True], run.turns[False])), "\n")
    for claim in run.outcome.claims:
        print(f"{'ok    ' if claim.holds else 'FAILED'} {claim.text}\n         {claim.measured}")
    print("every claim holds" if run.outcome.holds else "NOT every claim holds", flush=True)
