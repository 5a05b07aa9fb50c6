"""Two streams of a table's rows by tick: where their contents part, compared by value."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from telemetry.concepts import Cell

BLOCK = 4_096
"""Rows that are compared at once; the usual case, all equal, costs one comparison of lists."""
NAN = ("nan",)
ANY_ID = "‹id›"
_ID = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z]{1,8}_[0-9a-f]{12})\b")
"""UUIDs, and the last part of one behind a prefix (C_8337d0c46e0a)."""
Row = tuple[Cell, ...]
_Key = tuple[object, ...]


class Rows:
    """A stream of rows, the tick in their first cell, ascending; only a block is held."""

    def __init__(self, chunks: Iterator[Sequence[Row]]) -> None:
        self._chunks = chunks
        self.held: list[Row] = []

    def fill(self, count: int) -> None:
        """Hold at least `count` rows, or all that are left."""
        while len(self.held) < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                return
            self.held.extend(chunk)

    def take(self, tick: Cell) -> list[Row]:
        """The rows of `tick`, which are the next ones; none where the next row is of another."""
        size = BLOCK
        while True:
            self.fill(size)
            end = next((i for i, row in enumerate(self.held) if row[0] != tick), None)
            if end is None and len(self.held) >= size:
                size *= 2
                continue
            found = self.held[:end]
            del self.held[: len(found)]
            return found


@dataclass
class Apart:
    """Where two streams part: rows of `tick` that only one has. `tick` None: nowhere.

    `reordered` are ticks whose rows only change places. `renamed`: rows are equal but for random
    ids, of which one is as good as another. `compared` counts rows of both.
    """

    tick: Cell = None
    left: list[Row] = field(default_factory=list)
    right: list[Row] = field(default_factory=list)
    found: bool = False
    reordered: list[Cell] = field(default_factory=list)
    renamed: bool = False
    compared: int = 0


def parted(left: Rows, right: Rows, progress: Callable[[int], None] = lambda _: None) -> Apart:
    """Read both streams as far as they are equal, tick by tick, whatever the order in a tick.

    `progress` hears the tick that was reached.
    """
    apart = Apart()
    while True:
        left.fill(BLOCK)
        right.fill(BLOCK)
        if not left.held and not right.held:
            return apart
        most = min(len(left.held), len(right.held))
        one, other = left.held[:most], right.held[:most]
        same = most if one == other else _first_other(one, other)
        apart.compared += 2 * same
        if same and isinstance(reached := one[same - 1][0], int):
            progress(reached)
        del left.held[:same], right.held[:same]
        if same and same == most:
            continue
        ticks = [rows.held[0][0] for rows in (left, right) if rows.held]
        tick = min(ticks, key=_place)
        a, b = left.take(tick), right.take(tick)
        apart.compared += len(a) + len(b)
        only_a, only_b = differences(a, b)
        if only_a or only_b:
            apart.found, apart.tick, apart.left, apart.right = True, tick, only_a, only_b
            return apart
        if a != b and Counter(a) == Counter(b):
            apart.reordered.append(tick)
        else:
            apart.renamed = True


def differences(left: Iterable[Row], right: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The rows that only one of them has, each as often as the other lacks it, in their order."""
    left, right = list(left), list(right)
    ones, others = [comparable(r) for r in left], [comparable(r) for r in right]
    return _beyond(left, ones, Counter(others)), _beyond(right, others, Counter(ones))


def _beyond(rows: list[Row], keys: list[_Key], known: Counter[_Key]) -> list[Row]:
    found = []
    for row, key in zip(rows, keys, strict=True):
        if known[key] > 0:
            known[key] -= 1
        else:
            found.append(row)
    return found


def comparable(row: Row) -> _Key:
    """The row with NaN equal to NaN, which it is not by itself, and any random id to any other."""
    return tuple(
        _ID.sub(ANY_ID, v) if isinstance(v, str)
        else NAN if isinstance(v, float) and math.isnan(v)
        else v
        for v in row
    )  # fmt: skip


def _first_other(left: list[Row], right: list[Row]) -> int:
    return next(i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b)


def _place(tick: Cell) -> tuple[bool, float]:
    return tick is not None, float(tick) if isinstance(tick, int | float) else 0.0
