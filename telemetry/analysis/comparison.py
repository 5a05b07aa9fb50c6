"""Any number of runs side by side: what they came to, and a measure of each on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from telemetry.analysis.chosen import MANY, Chosen, by_source, in_full
from telemetry.analysis.settings import NAMED, SET_UP
from telemetry.cancel import CancelToken
from telemetry.concepts import (
    Align,
    Band,
    Cell,
    Column,
    Curve,
    Curves,
    Floats,
    Ints,
    Lane,
    Measure,
    Quantity,
    RunId,
    Summary,
    Table,
)
from telemetry.errors import NothingFoundError, RequestError
from telemetry.frozen import replace
from telemetry.queries import (
    BandQuery,
    BandsQuery,
    RunsQuery,
    SummariesQuery,
    SummaryQuery,
    TimelineQuery,
)

SWITCHES = ("regime", "mode")
"""Lanes in which a first switch is looked for, before all others."""
_NO_RESULT = (*SET_UP, *NAMED, "iteration", "sample", "pair_number", "experiment", "x", "y")
RUN_ROW = "runs"
SHORT_RUN = 1_000
"""Ticks of a run that is read with others; a longer one is read by several connections."""
_Key = tuple[str, str | None, str]


def totals(
    runs: Sequence[Chosen],
    token: CancelToken | None = None,
    tables: Sequence[str] | None = None,
) -> tuple[Quantity, ...]:
    """What each run came to: its row's numbers, and its tables' summaries, whole and by group.

    `tables` None: all, "runs" being the run row. Quantities without any value are left out.
    RequestError for a table that no source summarises.
    """
    token = token or CancelToken()
    _check(runs, tables)
    results: dict[str, list[Column]] = {}
    counted: dict[str, set[int]] = {}
    known: dict[_Key, tuple[str, Column, dict[int, Cell]]] = {}

    def keep(i: int, table: str, label: str, group: str | None, column: Column, v: Cell) -> None:
        key = (table, group, column.name)
        known.setdefault(key, (label, column, {}))[2][i] = v

    told = _summaries(runs, token, tables)
    for i, run in enumerate(runs):
        token.check()
        if run.source.key not in results:
            results[run.source.key] = _results(run, token)
        for column in results[run.source.key] if tables is None or RUN_ROW in tables else ():
            keep(i, RUN_ROW, "run", None, column, run.run.fields.get(column.name))
        for table in summarised(run):
            if tables is not None and table.name not in tables:
                continue
            label = _low(table.label)
            found = told.get((*run.key, table.name)) or run.source.ask(
                SummaryQuery(run.run_id, table.name), token
            )
            some = bool(found.groups)  # a sum over nothing is no zero
            there = some or table.always_written  # a table without rows may not be recorded
            if there:
                counted.setdefault(table.name, set()).add(i)
            for column, value in zip(found.columns[1:], found.total[1:], strict=True):
                known_so = some or (there and column.kind == "int")
                keep(i, table.name, label, None, column, value if known_so else None)
            for row in found.groups:
                group = "not recorded" if row[0] is None else str(row[0])
                for column, value in zip(found.columns[1:], row[1:], strict=True):
                    keep(i, table.name, label, group, column, value)
        token.report(i + 1, len(runs), "runs")
    for (name, _, _), (_, column, values) in known.items():
        if column.kind == "int":  # a group without rows where rows are recorded counts none
            values.update({i: 0 for i in counted.get(name, ()) if i not in values})
    ordered = sorted(known, key=lambda key: _order(list(known), key))
    return tuple(
        Quantity(key[0], label, key[1], column, tuple(values.get(i) for i in range(len(runs))))
        for key in ordered
        for label, column, values in (known[key],)
        if any(v is not None for v in values.values())
    )


def _summaries(
    runs: Sequence[Chosen], token: CancelToken, tables: Sequence[str] | None
) -> dict[tuple[str, RunId, str], Summary]:
    """Of the sources of which many runs are asked for, all their summaries."""
    found: dict[tuple[str, RunId, str], Summary] = {}
    for own in by_source(runs):
        run_ids = tuple(run.run_id for run in own)
        for table in summarised(own[0]) if len(own) >= MANY else ():
            if tables is None or table.name in tables:
                listed = own[0].source.ask(SummariesQuery(run_ids, table.name), token)
                found.update({(*run.key, table.name): listed.of(i) for i, run in enumerate(own)})
    return found


def _order(keys: list[_Key], key: _Key) -> tuple[int, int, bool, str]:
    """Tables as they come, the whole before its groups, these by name."""
    table = next(i for i, k in enumerate(keys) if k[0] == key[0])
    last = len(keys) if key[0] == RUN_ROW else table
    return last, 0 if key[1] is None else 1, False, key[1] or ""


def _results(run: Chosen, token: CancelToken) -> list[Column]:
    """Numbers of the run row that are not what the run was set to."""
    return [
        c for c in run.source.ask(RunsQuery(), token).columns
        if c.kind in ("int", "real") and not c.incidental and c.role not in _NO_RESULT
        and c.recorded
    ]  # fmt: skip


def _check(runs: Sequence[Chosen], tables: Sequence[str] | None) -> None:
    known = dict.fromkeys((RUN_ROW, *(t.name for run in runs for t in summarised(run))))
    wrong = next((name for name in tables or () if name not in known), None)
    if wrong is not None:
        raise RequestError(f"{wrong!r} has no totals in these runs; choose of {', '.join(known)}.")


def summarised(run: Chosen) -> list[Table]:
    """The tables of a run that declare what they amount to."""
    return [
        t for t in run.source.tables
        if t.group is not None and t.recorded and t.with_role("run") is not None
    ]  # fmt: skip


def _low(label: str) -> str:
    return label[:1].lower() + label[1:]


def difference(value: Cell, baseline: Cell) -> Cell:
    """`value` less `baseline`, exact where both are; None where one is no number."""
    if isinstance(value, bool | str | bytes) or isinstance(baseline, bool | str | bytes):
        return None
    if value is None or baseline is None:
        return None
    if isinstance(value, float) or isinstance(baseline, float):
        return float(value) - float(baseline)
    return value - baseline


def measures_of(runs: Sequence[Chosen]) -> tuple[Measure, ...]:
    """The measures that a source of some run records, each once, by name."""
    found: dict[str, Measure] = {}
    for source in {run.source.key: run.source for run in runs}.values():
        for measure in source.measures:
            if measure.recorded or measure.name not in found:
                found[measure.name] = measure
    return tuple(found.values())


def curves(
    runs: Sequence[Chosen], measure: str, align: Align = "tick", token: CancelToken | None = None
) -> Curves:
    """The mean of `measure` over each run's agents, tick by tick, from all of its rows.

    `align`: "tick"; "share": of the run, from 0 at its first tick to 1 at its last; "regime":
    ticks since the run's first switch of regime (of mode where the regime never switches).
    NothingFoundError where no source has the measure.
    """
    token = token or CancelToken()
    known = {m.name: m for m in measures_of(runs)}
    if measure not in known:
        names = ", ".join(known) or "none"
        raise RequestError(f"There is no measure {measure!r} in these runs; they have {names}.")
    found, notes, lanes = [], dict[str, None](), dict[str, None]()
    sources = {run.source.key: run.source for run in runs}
    lacking = {
        key for key, source in sources.items() if all(m.name != measure for m in source.measures)
    }
    told = _bands([run for run in runs if run.source.key not in lacking], measure, token)
    for i, run in enumerate(runs):
        token.check()
        if run.source.key in lacking:
            curve = _nothing(i, f"{run.source.name} has no measure {measure}.")
        else:
            band = told.get(run.key) or run.source.ask(BandQuery(run.run_id, measure), token)
            curve, lane = _placed(i, run, band, align, token)
            lanes.update({lane: None} if lane else {})
        found.append(curve)
        notes.update({curve.reason: None} if curve.reason else {})
        token.report(i + 1, len(runs), "runs")
    if not any(len(curve.tick) for curve in found):
        raise NothingFoundError(" ".join(notes) or f"No run has values of {measure}.")
    axis = {"tick": "tick", "share": "share of the run"}.get(align)
    said = axis or f"ticks since the first switch of {' or '.join(lanes)}"
    return Curves(known[measure], align, said, tuple(found), tuple(notes))


def _bands(
    runs: Sequence[Chosen], measure: str, token: CancelToken
) -> dict[tuple[str, RunId], Band]:
    """Of the sources of which many short runs are asked for, all their bands."""
    found: dict[tuple[str, RunId], Band] = {}
    for own in by_source([run for run in runs if _short(run)]):
        if len(own) >= MANY:
            asked = BandsQuery(tuple(run.run_id for run in own), measure)
            told = own[0].source.ask(asked, token)
            found.update({run.key: told.of(i) for i, run in enumerate(own)})
    return found


def _short(run: Chosen) -> bool:
    ticks = run.run.ticks
    return ticks is not None and ticks.last - ticks.first < SHORT_RUN


def _nothing(run: int, reason: str) -> Curve:
    return Curve(run, np.empty(0), np.empty(0, np.int64), np.empty(0), 1.0, reason)


def _placed(i: int, run: Chosen, band: Band, align: Align, token: CancelToken) -> tuple[Curve, str]:
    """The curve of one run where it belongs on the axis, and the lane that told so."""
    if not len(band.tick):
        why = " ".join(band.notes) or f"Run {run.run_id} has no values of {band.measure.name}."
        return _nothing(i, why), ""
    if align == "tick":
        return _curve(i, band, 0, 1.0), ""
    if align == "share":
        ticks = run.run.ticks or in_full(run, token).run.ticks
        first, last = (int(band.tick[0]), int(band.tick[-1])) if ticks is None else (
            ticks.first, ticks.last)  # fmt: skip
        return _curve(i, band, first, float(max(1, last - first))), ""
    switch = first_switch(run, token)
    if switch is None:
        return _nothing(i, f"Run {run.run_id} never switches, so it cannot be aligned there."), ""
    return _curve(i, band, switch[0], 1.0), switch[1]


def _curve(run: int, band: Band, origin: int, length: float) -> Curve:
    x = (band.tick - origin) / length
    return Curve(run, x, band.tick, band.mean, band.step / length)


def first_switch(run: Chosen, token: CancelToken | None = None) -> tuple[int, str] | None:
    """The first tick at which the regime (else the mode, else another lane) is not as before."""
    known = [lane for lane in run.source.lanes if lane.recorded]
    known.sort(key=lambda la: SWITCHES.index(la.name) if la.name in SWITCHES else len(SWITCHES))
    for info in known:
        timeline = run.source.ask(TimelineQuery(run.run_id, (info.name,)), token)
        ticks = [tick for lane in timeline.lanes if (tick := _switch(lane)) is not None]
        if ticks:
            return min(ticks), _low(info.label)
    return None


def _switch(lane: Lane) -> int | None:
    states = zip(lane.first.tolist(), lane.state, strict=True)
    return next((b[0] for a, b in pairwise(states) if a[1] != b[1]), None)


def at(curve: Curve, x: float) -> float | None:
    """The value of a curve at `x`: of the tick that stands there, None where none does."""
    if not len(curve.x):
        return None
    place = int(np.argmin(np.abs(curve.x - x)))
    near = abs(float(curve.x[place]) - x) <= curve.step / 2 + 1e-12
    value = float(curve.value[place])
    return value if near and not np.isnan(value) else None


def over_time(found: Curves) -> tuple[Quantity, ...]:
    """Each run's measure as two numbers: its mean over the recorded ticks, and its last value."""
    unit = found.measure.unit or None
    listed = []
    for name, label, tell in (("mean", "mean over ticks", _mean), ("last", "at the end", _last)):
        column = Column(name, label, "real", unit=unit, derived=True)
        values = tuple(tell(curve.value, curve.tick) for curve in found.curves)
        listed.append(Quantity(found.measure.name, found.measure.label, None, column, values))
    return tuple(listed)


def _mean(values: Floats, ticks: Ints) -> float | None:
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else None


def _last(values: Floats, ticks: Ints) -> float | None:
    there = np.flatnonzero(~np.isnan(values))
    return float(values[there[-1]]) if there.size else None


def relative(quantities: Sequence[Quantity], baseline: int = 0) -> tuple[Quantity, ...]:
    """Each quantity as its difference to the run at `baseline`."""
    return tuple(
        replace(q, values=tuple(difference(v, q.values[baseline]) for v in q.values))
        for q in quantities
    )
