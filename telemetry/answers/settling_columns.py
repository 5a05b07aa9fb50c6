"""Settling from whole columns, the run's last ticks first: one pass over any number of rows."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.bands import number_of
from telemetry.answers.lens import on_bound
from telemetry.answers.measures import divisor, place_of
from telemetry.answers.passes import in_stretches
from telemetry.concepts import Floats, Ints, Settling, TickRange
from telemetry.engines.columns import by_agent
from telemetry.engines.lines import ByValuesError
from telemetry.families.vocabulary import MeasureSpec
from telemetry.queries import SettlingQuery
from telemetry.reader import Reader

PARTS = 256
"""Stretches of the run: of 10 million rows each then takes some megabytes, wherever it is."""


def backwards(
    reader: Reader,
    query: SettlingQuery,
    spec: MeasureSpec,
    span: TickRange,
    bounds: tuple[float, float] | None,
) -> list[Settling]:
    """One entry an agent, numbers ascending; ByValuesError where columns cannot be read."""
    table, _ = place_of(reader, spec)
    agent, tick = (reader.column(spec.table, n) for n in (spec.agent, spec.tick))
    value = number_of(reader, spec, guarded=False)
    statement = (
        sa.select(agent, tick, value)
        .select_from(reader.layout.selectable(spec.table))
        .where(reader.column(spec.table, str(table.run)) == query.run_id, value.is_not(None))
    )
    whole = query.ticks is None
    parts = in_stretches(reader, statement, table, tick, span, whole=whole, parts=PARTS)[::-1]
    if not parts:
        raise ByValuesError
    scale, found = divisor(reader, spec, query.run_id), Backwards(query)
    ends = None if bounds is None else (bounds[0] * scale, bounds[1] * scale)
    ticks = span.last - span.first + 1
    with closing(reader.engine_columns(parts, ("whole", "whole", "number"))) as read:
        for done, (who, when, stored) in enumerate(read, 1):
            found.add(who, when, stored / scale, stored, ends)
            reader.token.check()
            reader.token.report(done * ticks // len(parts), ticks, "ticks")
    return found.settlings()


def tolerance(limit: Any, query: SettlingQuery) -> Any:
    """How far from its limit a value may be."""
    return query.epsilon * np.abs(limit) if query.relative else query.epsilon + 0.0 * np.abs(limit)


@dataclass
class Backwards:
    """What is known of each agent once all rows after a tick have been seen.

    `agent` ascends; the others are by its places. `settled` is the first tick from which on all
    values seen are near, for good where one before it `strayed`.
    """

    query: SettlingQuery
    agent: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    limit: Floats = field(default_factory=lambda: np.empty(0))
    strayed: Any = field(default_factory=lambda: np.empty(0, bool))
    settled: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    first: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    last: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    counts: Ints = field(default_factory=lambda: np.empty((0, 3), np.int64))

    def add(
        self, agent: Ints, tick: Ints, value: Floats, stored: Floats,
        bounds: tuple[float, float] | None,
    ) -> None:  # fmt: skip
        """The rows of ticks that lie before all that were added."""
        if not agent.size:
            return
        order = by_agent(agent, tick)
        agent, tick = agent[order], tick[order]
        value, stored = value[order], stored[order]
        start = np.flatnonzero(np.r_[True, agent[1:] != agent[:-1]])
        end = np.r_[start[1:], agent.size]
        here = self._places(agent[start], value[end - 1], tick[end - 1])
        limit = np.repeat(self.limit[here], end - start)
        outside = np.abs(value - limit) > tolerance(limit, self.query)
        at = np.maximum.reduceat(np.where(outside, np.arange(agent.size), -1), start)
        after = np.minimum(at + 1, agent.size - 1)
        known = self.settled[here]
        near = np.where(at < 0, tick[start], np.where(at + 1 < end, tick[after], known))
        self.settled[here] = np.where(self.strayed[here], known, near)
        self.strayed[here] |= at >= 0
        self.first[here] = tick[start]
        self.counts[here, 0] += end - start
        for side, bound in enumerate(bounds or ()):
            on = on_bound(stored, bound, side)
            self.counts[here, side + 1] += np.add.reduceat(on.astype(np.int64), start)

    def _places(self, agent: Ints, limit: Floats, last: Ints) -> Ints:
        """Where each of the agents stands, new ones with their last values."""
        new = ~np.isin(agent, self.agent)
        if new.any():
            at = np.searchsorted(self.agent, agent[new])
            for name, values in {
                "agent": agent[new], "limit": limit[new], "last": last[new], "settled": last[new],
                "first": last[new], "strayed": np.zeros(int(new.sum()), bool),
            }.items():  # fmt: skip
                setattr(self, name, np.insert(getattr(self, name), at, values))
            self.counts = np.insert(self.counts, at, 0, axis=0)
        return np.searchsorted(self.agent, agent)

    def settlings(self) -> list[Settling]:
        return [
            Settling(
                int(agent), float(self.limit[i]), int(self.settled[i]), int(self.first[i]),
                int(self.last[i]), *(int(n) for n in self.counts[i]),
            )
            for i, agent in enumerate(self.agent)
        ]  # fmt: skip
