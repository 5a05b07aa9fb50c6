"""A measure under the lens in rows and words: who settled when, who stands apart, what binds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from telemetry.cancel import CancelToken
from telemetry.concepts import (
    Cell,
    Column,
    Histogram,
    Lens,
    Measure,
    RunId,
    Settlings,
    Table,
    TickRange,
)
from telemetry.errors import NothingFoundError
from telemetry.queries import LensQuery
from telemetry.source import Source

Row = tuple[Cell, ...]
BINDS = "binds"
"""The role of the column that says which of several estimates a value follows from."""
AGENTS = (
    Column("agent", "agent", "text", role="agent"),
    Column("settled", "settled at", "int", help="First tick from which all values are near."),
    Column("stays", "stays for", "int", unit="ticks", help="From there to its last value."),
    Column("limit", "limit", "real", help="Its last value."),
    Column("first", "first tick", "int"),
    Column("last", "last tick", "int"),
    Column("values", "values", "int"),
    Column("at_low", "at the lower bound", "int", help="Values that stand on it."),
    Column("at_high", "at the upper bound", "int", help="Values that stand on it."),
    Column("outside", "ticks apart", "real", unit="share",
           help="Share of the ticks read at which it is outside the fences."),
    Column("distance", "farthest", "real", unit="IQR", help="Beyond its fence, at most."),
)  # fmt: skip
FAN = (
    Column("tick", "tick", "int", role="tick"),
    *(Column(n, n, "real") for n in ("min", "q05", "q25", "median", "q75", "q95", "max")),
    Column("n", "n", "int", help="Agents with a value."),
    Column("at_low", "at the lower bound", "int", help="Agents that stand on it."),
    Column("at_high", "at the upper bound", "int", help="Agents that stand on it."),
)
BINDING = (
    Column("tick", "tick", "int", role="tick"),
    Column("binds", "binds", "text"),
    Column("updates", "updates", "int"),
)


def focal(source: Source) -> Measure | None:
    """The measure to begin with: the first usual one that the source records."""
    known = [measure for measure in source.measures if measure.recorded]
    return next((m for m in known if m.default), known[0] if known else None)


def usual(source: Source) -> tuple[str, ...]:
    """The measures that the source records, the usual ones first."""
    known = [measure for measure in source.measures if measure.recorded]
    return tuple(m.name for m in sorted(known, key=lambda m: not m.default))


def others(source: Source, shown: Measure) -> tuple[str, ...]:
    """What a measure is drawn against: what its family declares, then the usual ones, itself."""
    found = tuple(name for name in usual(source) if name != shown.name)
    return (shown.phase, *found) if shown.phase in found else (*found, shown.name)


def look(
    source: Source,
    run_id: RunId,
    names: Sequence[str],
    ticks: TickRange | None = None,
    token: CancelToken | None = None,
) -> Lens:
    """The first of these measures under the lens that the run has values of; else the first one."""
    first = None
    for name in names:
        found = source.ask(LensQuery(run_id, name, ticks), token)
        if len(found.tick):
            return found
        first = first or found
    if first is None:
        label = source.identity.family_label
        raise NothingFoundError(f"{label} sources of this kind record no measures of agents.")
    return first


def agent_rows(settled: Settlings, found: Lens | None = None) -> tuple[Row, ...]:
    """A row for each agent, under `AGENTS`; `settled` is None where only the last value is near."""
    bounded = settled.bounds is not None
    apart = {} if found is None else {o.agent_id: o for o in found.outliers}
    return tuple(
        (
            s.agent_id, s.settled if s.stays else None,
            s.last - s.settled if s.stays else None, s.limit, s.first, s.last, s.values,
            s.at_low if bounded else None, s.at_high if bounded else None,
            apart[s.agent_id].share if s.agent_id in apart else None,
            apart[s.agent_id].distance if s.agent_id in apart else None,
        )
        for s in settled.agents
    )  # fmt: skip


def fan_rows(found: Lens) -> tuple[Row, ...]:
    """A row for each tick that was read, under `FAN`."""
    names = [column.name for column in FAN[1:8]]
    bounded = found.bounds is not None
    return tuple(
        (
            int(tick), *(_cell(found.quantiles[n][i]) for n in names), int(found.count[i]),
            int(found.at_low[i]) if bounded else None, int(found.at_high[i]) if bounded else None,
        )
        for i, tick in enumerate(found.tick)
    )  # fmt: skip


def binding_table(source: Source) -> Table | None:
    """The table of updates that says what binds; None where the family has none."""
    return next((t for t in source.tables if any(c.role == BINDS for c in t.columns)), None)


def binding_rows(found: Histogram) -> tuple[Row, ...]:
    """How many updates each estimate bound, by tick (or first tick of several), under `BINDING`."""
    return tuple(
        (int(tick), name, int(counts[i]))
        for i, tick in enumerate(found.start)
        for name, counts in sorted(found.counts.items())
        if counts[i]
    )


def phase_columns(up: Measure, across: Measure) -> tuple[Column, ...]:
    """Columns for `phase_rows`: agent, tick, and the two measures, which may be one."""
    again = f"{up.name} again" if up.name == across.name else up.name
    return (
        Column("agent", "agent", "text", role="agent"),
        Column("tick", "tick", "int", role="tick"),
        Column(across.name, across.label, "real", unit=across.unit),
        Column(again, up.label, "real", unit=up.unit),
    )


def phase_rows(up: Lens, across: Lens) -> tuple[Row, ...]:
    """Both values of every agent at every tick at which it has both."""
    ticks = np.intersect1d(up.tick, across.tick)
    x, y = (np.searchsorted(lens.tick, ticks) for lens in (across, up))
    places = {agent: i for i, agent in enumerate(across.agents)}
    return tuple(
        (agent, tick, right, high)
        for i, agent in enumerate(up.agents)
        if agent in places
        for tick, right, high in zip(
            ticks.tolist(), across.value[places[agent]][x].tolist(), up.value[i][y].tolist(),
            strict=True,
        )
        if math.isfinite(right) and math.isfinite(high)
    )  # fmt: skip


def near(settled: Settlings) -> str:
    """The tolerance in words."""
    if settled.relative:
        return f"{settled.epsilon:.6g} × |limit|"
    unit = f" {settled.measure.unit}" if settled.measure.unit else ""
    return f"{settled.epsilon:.6g}{unit}"


def headline(settled: Settlings) -> str:
    """How many agents settled, and what that means, in a sentence."""
    stays = [s.settled for s in settled.agents if s.stays]
    if not settled.agents:
        return " ".join(settled.notes) or f"{settled.measure.label} has no values here."
    when = ""
    if stays:
        middle = sorted(stays)[len(stays) // 2]
        when = f" (ticks {min(stays)} to {max(stays)}, half of them by {middle})"
    return (
        f"{len(stays)} of {len(settled.agents)} agents settle{when}: from then on |value − limit| "
        f"≤ {near(settled)}, the limit being an agent's last value."
    )


def clamped(settled: Settlings) -> str:
    """How many values stand on the bounds, in a sentence; that they are not recorded, else."""
    if settled.bounds is None:
        return "Bounds are not recorded, so no clamp can be shown."
    low, high = settled.bounds
    every = sum(s.values for s in settled.agents)
    at_low, at_high = (sum(getattr(s, n) for s in settled.agents) for n in ("at_low", "at_high"))
    return (
        f"Bounds {low:.6g} to {high:.6g}: {at_low} of {every} values on the lower, "
        f"{at_high} on the upper one."
    )


def _cell(number: float) -> Cell:
    return None if number != number else float(number)
