# SPDX-License-Identifier: BSD-3-Clause
"""The director itself, with every driver: does it make of frames what replay makes of them?

The cases hand their frames to replay, the data path alone. Here the director is given the same
frames, all of one configuration at once. A few configurations show everything that there is to see;
`-m slow` takes them all. Another build can be given what the cases of the first were, without them:

  GLB_LEDGER=FILE GLB_BUILD=build pytest tests/packets
  GLB_LEDGER=FILE GLB_BUILD=build-sanitized pytest tests/packets/test_drivers.py
"""

import json

import pytest

from director import Director
from drivers import ANSWERS, Replay, sum_of

MOST_ANSWERS = 25  # of one configuration: far from every limit
LIMITED = ("drop_answer_limit", "drop_error_limit")


class Group:
    """What replay was given with one configuration, as far as it does not depend on time."""

    def __init__(self, config: dict, tables: dict):
        self.config = config
        self.tables = tables
        self.sendings = []
        self.shows = {*map(_kind, config.items()), *_kinds_of_tables(tables)}
        self._answers = 0

    def add(self, sending, wanted) -> None:
        answers = sum_of(wanted.counters, ANSWERS)
        if sending.times or sum_of(wanted.counters, LIMITED) or answers + self._answers > MOST_ANSWERS:
            return
        self._answers += answers
        self.sendings.append(sending)
        self.shows |= set(wanted.counters)

    def frames(self, driver) -> list:
        """Each once, if the driver can hand it over."""
        frames = dict.fromkeys(frame for sending in self.sendings for frame in sending.frames)
        return list(filter(driver.can_carry, frames))

    def suits(self, driver) -> bool:
        """Ports have names of their own, and what a director has learnt outlasts a reload."""
        learns = self.config.get("outbound_gateway_mac") == "auto"
        offloads = self.config.get("udp_checksum") == "offload"
        unsuitable = learns and driver.reloads or offloads and not driver.offloads
        return "ports" not in self.config and not unsuitable

    def try_alone(self, driver) -> None:
        """Fails with the name of the first case whose frames come out otherwise by themselves."""
        director = Director(driver, self.config, self.tables)
        for sending in self.sendings:
            try:
                director.send(*filter(driver.can_carry, sending.frames))
            except AssertionError as error:
                raise AssertionError(f"as in {sending.case}: {error}") from error


def _kind(setting: tuple) -> tuple:
    """Words are choices, each of which is something else; of numbers and lists one is enough."""
    name, value = setting
    return name, value if isinstance(value, (str, bool)) else type(value).__name__


def _kinds_of_tables(tables: dict) -> set:
    kinds = {"tables" if len(tables["tables"]) > 1 else "table"}
    for table in tables["tables"]:
        kinds |= {("hops", table.get("hops")), *(key for key in table if key != "hops")}
        kinds |= {("over", ":" in backend["ip"]) for backend in table["backends"]}
        kinds |= {key for each in table["binds"] + table["backends"] for key in each}
    return kinds


def groups_of(ledger: list) -> list:
    """Those with most frames first."""
    groups = {}
    for sending, wanted in ledger:
        key = json.dumps([sending.config, sending.tables])
        group = groups.setdefault(key, Group(sending.config, sending.tables))
        group.add(sending, wanted)
    with_frames = (group for group in groups.values() if group.sendings)
    return sorted(with_frames, key=lambda group: -sum(len(s.frames) for s in group.sendings))


def selection(groups: list) -> list:
    """As few as show every setting, kind of table and verdict."""
    left, chosen = set().union(*(group.shows for group in groups)), []
    while left:
        best = max(groups, key=lambda group: len(group.shows & left))
        chosen.append(best)
        left -= best.shows
    return chosen


def check(driver, groups: list) -> None:
    if not groups:
        pytest.skip("no case was run before")
    for group in groups:
        frames = group.frames(driver)
        try:
            for start in range(0, len(frames), driver.at_once):
                director = Director(driver, group.config, group.tables)
                director.send(*frames[start : start + driver.at_once])
        except AssertionError:
            group.try_alone(driver)
            raise


def test_frames_of_all_cases_do_not_disturb_each_other(replay, ledger):
    again = Replay(replay.glbctl, replay.folder, ledger=[])
    check(again, [group for group in groups_of(ledger) if group.suits(again)])


EVERY = pytest.mark.parametrize("name", ["net_pcap", "net_pcap_two_workers", "veth"])


@EVERY
def test_a_director_makes_the_same_of_frames_of_every_kind(request, ledger, name):
    driver = request.getfixturevalue(name)
    check(driver, selection([group for group in groups_of(ledger) if group.suits(driver)]))


@pytest.mark.slow
@EVERY
def test_a_director_makes_the_same_of_every_frame_of_all_cases(request, ledger, name):
    driver = request.getfixturevalue(name)
    check(driver, [group for group in groups_of(ledger) if group.suits(driver)])
