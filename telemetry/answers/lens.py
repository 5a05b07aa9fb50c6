"""The lens: a measure's fan with those who stand apart from it, at ticks evenly spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from telemetry.answers.fans import chosen_ticks, quantiles_of
from telemetry.answers.measures import divisor, judged, place_of, run_facts, spec_of
from telemetry.answers.rebuilt import rebuilt_rows
from telemetry.answers.series import in_range, usual_step
from telemetry.answers.tracks import Tracks, lines, tracks
from telemetry.answers.values import floats
from telemetry.answers.where import along_ticks
from telemetry.concepts import Floats, Ints, Lens, Line, Outlier, RunId
from telemetry.families.vocabulary import MeasureSpec
from telemetry.queries import LensQuery
from telemetry.reader import Reader

FENCE = 1.5
"""Tukey's: so many interquartile ranges beyond the quartiles a value stands apart."""
OFTEN = 0.1
FEWEST = 5
"""Below so many agents at a tick nobody can be told to stand apart."""
ON = 1e-9
"""A value stands on a bound, or on a fence, where it is this part of it away at most."""
RULE = (
    f"An outlier is outside [Q1 − {FENCE} IQR, Q3 + {FENCE} IQR] of its tick at "
    f"{OFTEN:.0%} of the ticks read or more (ticks with {FEWEST} agents or more)."
)


def lens(reader: Reader, query: LensQuery) -> Lens:
    """Values of all agents at the ticks read; not recorded in this run: none, and the reason."""
    spec = spec_of(reader, query.measure)
    measure, _, notes = judged(reader, spec, query.run_id)
    found: tuple[Line, ...] = ()
    if measure.rebuilt:
        rows = rebuilt_rows(reader, spec, query.run_id, query.ticks)
        found, said = _rebuilt(rows, query.max_ticks)
        notes = (*notes, *said)
    elif measure.recorded:
        found, said = _read(reader, query, spec)
        notes = (*notes, *said)
    tick = np.unique(np.concatenate([line.tick for line in found])) if found else (
        np.empty(0, np.int64))  # fmt: skip
    value = np.full((len(found), len(tick)), np.nan)
    for i, line in enumerate(found):
        value[i, np.searchsorted(tick, line.tick)] = line.value
    repeated = np.tile(tick, len(found))
    _, quantiles, count = quantiles_of(repeated, value.reshape(-1))
    bounds = bounds_of(reader, spec, query.run_id)
    low, high = (_standing(value, bounds, end) for end in (0, 1))
    agents = tuple(line.agent_id for line in found)
    apart = tuple(Outlier(agents[i], share, distance) for i, share, distance in outliers(value))
    return Lens(
        measure, tick, quantiles, count, usual_step([tick]), agents, value, apart, RULE, bounds,
        low, high, notes,
    )  # fmt: skip


def bounds_of(reader: Reader, spec: MeasureSpec, run_id: RunId) -> tuple[float, float] | None:
    """What the run's configuration keeps the measure within; None where it does not say."""
    facts = None if spec.bounds is None else run_facts(reader, run_id)
    return None if facts is None or spec.bounds is None else spec.bounds(*facts)


def on_bound(value: Any, bound: float, end: int) -> Any:
    """Whether values stand on a bound (0: the lower, 1: the upper), or beyond it."""
    slack = ON * abs(bound)
    return value <= bound + slack if end == 0 else value >= bound - slack


def _standing(value: Floats, bounds: tuple[float, float] | None, end: int) -> Ints:
    if bounds is None:
        return np.zeros(value.shape[1], np.int64)
    with np.errstate(invalid="ignore"):
        return np.asarray(on_bound(value, bounds[end], end).sum(axis=0), np.int64)


def outliers(value: Floats) -> list[tuple[int, float, float]]:
    """(row, share of its ticks outside, largest distance) of those who stand apart, first most."""
    there = np.isfinite(value)
    enough = there.sum(axis=0) >= FEWEST
    if not enough.any():
        return []
    some, known = value[:, enough], there[:, enough]
    low, high = np.nanquantile(np.where(known, some, np.nan), [0.25, 0.75], axis=0)
    width = high - low
    slack = ON * np.maximum(np.abs(low), np.abs(high))
    beyond = np.maximum(low - FENCE * width - some, some - high - FENCE * width)
    outside = known & (beyond > slack)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(outside, beyond / width, 0.0)
    shares = outside.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    found = [
        (i, float(shares[i]), float(distance[i].max())) for i in np.flatnonzero(shares >= OFTEN)
    ]
    return sorted(((int(i), s, d) for i, s, d in found), key=lambda o: (-o[1], -o[2], o[0]))


def _read(
    reader: Reader, query: LensQuery, spec: MeasureSpec
) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    table, column = place_of(reader, spec)
    tick = reader.column(spec.table, spec.tick)
    statement = (
        sa.select(
            reader.column(spec.table, spec.agent).label("agent"),
            tick.label("tick"),
            reader.layout.element(table, column).label("value"),
        )
        .select_from(reader.layout.selectable(spec.table))
        .where(reader.column(spec.table, str(table.run)) == query.run_id)
    )
    chosen = chosen_ticks(reader, query)
    notes: tuple[str, ...] = ()
    if chosen is None:
        conditions = in_range(tick, query.ticks) or along_ticks(reader, table)
        statement = statement.where(*conditions)
    else:
        some, span = chosen
        statement = statement.where(tick.in_(some))
        notes = (f"Read at {len(some)} evenly spaced ticks of {span}, not between them.",)
    found = tracks(reader, statement, spec, column, divisor(reader, spec, query.run_id))
    return lines(found), (*notes, *found.notes)


def _rebuilt(
    rows: list[tuple[Any, ...]], most: int | None
) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """Lines of rows (agent, tick, value) that were worked out, at `most` ticks."""
    value, _ = floats([row[2] for row in rows])
    tick = np.array([row[1] for row in rows], np.int64)
    agent: npt.NDArray[Any] = np.empty(len(rows), object)
    agent[:] = [row[0] for row in rows]
    every = np.unique(tick)
    notes: tuple[str, ...] = ()
    if most is not None and len(every) > most:
        kept = every[np.unique(np.linspace(0, len(every) - 1, most).astype(np.int64))]
        inside = np.isin(tick, kept)
        agent, tick, value = agent[inside], tick[inside], value[inside]
        notes = (f"Read at {len(kept)} evenly spaced ticks, not between them.",)
    named = list(dict.fromkeys(agent.tolist()))
    return lines(Tracks([agent], [tick], [value], None), named), notes
