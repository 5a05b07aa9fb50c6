"""Who passes a good on, from whole columns: one pass over any number of rows, tick by tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import sqlalchemy as sa

from telemetry.answers.runs import run_ticks
from telemetry.answers.where import at_most
from telemetry.concepts import AgentId, Ints, RunId, TickRange
from telemetry.engines.columns import ColumnKind, Columns, by_agent
from telemetry.engines.lines import ByValuesError
from telemetry.families.vocabulary import TableSpec
from telemetry.reader import Reader

FEW = 200_000
"""Rows that are as soon read by a statement."""
PARTS = 64
"""Stretches of the run, each read for itself."""
_LARGEST = 1 << 62


def moved(
    reader: Reader,
    table: TableSpec,
    run_id: RunId,
    ticks: TickRange | None,
    legs: Callable[[TickRange], Sequence[sa.Select[tuple[object, ...]]]],
) -> list[tuple[AgentId, int, int, int, int]]:
    """(agent, taken, given, least held, rows) of each agent, from the rows of the `legs`.

    A leg selects giver, taker, amount, tick, and what orders the rows of a tick. ByValuesError
    where there are few, where they cannot be read so, or where one is not of whole numbers.
    """
    span = ticks or run_ticks(reader, run_id)
    if span is None or span.last - span.first < PARTS or not reader.along_ticks(table.name):
        raise ByValuesError
    if at_most(reader, table, run_id, FEW):
        raise ByValuesError
    edges = np.linspace(span.first, span.last + 1, PARTS + 1).astype(np.int64).tolist()
    if ticks is None:  # the table may reach further than others do
        edges[0], edges[-1] = -(1 << 62), 1 << 62
    parts = [legs(TickRange(start, end - 1)) for start, end in pairwise(edges)]
    statements = [leg for part in parts for leg in part]
    kinds: list[ColumnKind] = ["whole"] * len(statements[0].selected_columns)
    held, many = Held(), span.last - span.first + 1
    together: list[Columns] = []
    with closing(reader.engine_columns(statements, kinds)) as read:
        for done, columns in enumerate(read, 1):
            together.append(columns)
            if len(together) == len(parts[0]):
                held.add(*(np.concatenate(same) for same in zip(*together, strict=True)))
                together = []
            reader.token.check()
            reader.token.report(done * many // len(statements), many, "ticks")
    return held.told()


@dataclass
class Held:
    """What each agent took and gave up to some tick, and the least that it held between.

    `agent` ascends; the columns of `sums` are by its places: taken, given, held, least, rows.
    """

    agent: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    sums: Ints = field(default_factory=lambda: np.empty((5, 0), np.int64))

    def add(self, giver: Ints, taker: Ints, amount: Ints, *order: Ints) -> None:
        """The rows of ticks that lie after all that were added."""
        if not giver.size:
            return
        largest = np.abs(amount.astype(np.float64)).max() * giver.size
        if np.abs(self.sums).max(initial=0) + largest > _LARGEST:
            raise ByValuesError
        rows = np.lexsort(order[::-1])
        agent = np.column_stack((taker, giver))[rows].ravel()
        moves = np.column_stack((amount, -amount))[rows].ravel()
        at = by_agent(agent)
        agent, moves = agent[at], moves[at]
        start = np.flatnonzero(np.r_[True, agent[1:] != agent[:-1]])
        here = self._places(agent[start])
        held = np.cumsum(moves)
        before = np.r_[0, held[start[1:] - 1]]
        size = np.diff(np.r_[start, agent.size])
        held += np.repeat(self.sums[2, here] - before, size)
        self.sums[0, here] += np.add.reduceat(np.maximum(moves, 0), start)
        self.sums[1, here] += np.add.reduceat(np.maximum(-moves, 0), start)
        self.sums[2, here] = held[start + size - 1]
        least = np.minimum.reduceat(held, start)
        known = self.sums[4, here] > 0
        self.sums[3, here] = np.where(known, np.minimum(self.sums[3, here], least), least)
        self.sums[4, here] += size

    def _places(self, agent: Ints) -> Ints:
        """Where each of the agents stands, new ones with nothing."""
        new = agent[~np.isin(agent, self.agent)]
        at = np.searchsorted(self.agent, new)
        self.agent = np.insert(self.agent, at, new)
        self.sums = np.insert(self.sums, at, 0, axis=1)
        return np.searchsorted(self.agent, agent)

    def told(self) -> list[tuple[AgentId, int, int, int, int]]:
        taken, given, _, least, rows = self.sums.tolist()
        return list(zip(self.agent.tolist(), taken, given, least, rows, strict=True))
