# SPDX-License-Identifier: BSD-3-Clause
"""How rows are shared out in a table with max_load: include/glb/balance.h, said a second time."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import floor
from typing import Iterator, Sequence

Row = tuple[int, ...]

ROUNDS = 64


def limit(share: Fraction, max_load: int, part: Fraction) -> int:
    """How many rows a backend may be first on, of which `share` are its own."""
    return max(floor(share * max_load / 100 - part), floor(share) + 1)


class Balance:
    """Rows, of which the first two hops of some may swap places."""

    def __init__(self, rows: Sequence[Row], rankings: Sequence[Row], limits: dict[int, int]):
        """Limits are those of the backends that take new flows and are healthy."""
        self.rows = list(rows)
        self.limits = limits
        self.load = Counter(row[0] for row in rows)
        self.choices = [
            number
            for number, (row, ranking) in enumerate(zip(rows, rankings))
            if row[0] in limits and row[1] in limits and ranking[-1] not in row[:2]
        ]

    def is_beyond(self, backend: int) -> bool:
        return self.load[backend] > self.limits[backend]

    def has_room(self, backend: int) -> bool:
        return self.load[backend] < self.limits[backend]

    def swap(self, number: int) -> None:
        first, second, *rest = self.rows[number]
        self.rows[number] = (second, first, *rest)
        self.load.subtract({first: 1, second: -1})

    def beyond_first(self) -> Iterator[tuple[int, int, int]]:
        """Rows with a choice whose first hop has too many, one after the other, and both hops."""
        for number in self.choices:
            first, second = self.rows[number][:2]
            if self.is_beyond(first):
                yield number, first, second

    def give_away(self) -> None:
        for number, _, second in self.beyond_first():
            if self.has_room(second):
                self.swap(number)

    def distances(self) -> dict[int, int]:
        """From room, of the backends from which there is a way."""
        ways = {tuple(self.rows[number][:2]) for number in self.choices}
        found = {backend: 0 for backend in self.limits if self.has_room(backend)}
        reached, distance = set(found), 0
        while reached:
            distance += 1
            reached = {a for a, b in ways if b in reached and a not in found}
            found.update(dict.fromkeys(reached, distance))
        return found

    def hand_on(self) -> bool:
        distances = self.distances()
        swaps = 0
        for number, first, second in self.beyond_first():
            far = distances.get(first, ROUNDS * len(self.limits) + 1)
            if not self.is_beyond(second) and distances.get(second, far) < far:
                self.swap(number)
                swaps += 1
        return swaps > 0


def balanced(rows: Sequence[Row], rankings: Sequence[Row], limits: dict[int, int]) -> list[Row]:
    balance = Balance(rows, rankings, limits)
    balance.give_away()
    for _ in range(ROUNDS):
        if not any(map(balance.is_beyond, limits)) or not balance.hand_on():
            break
    return balance.rows
