"""Event study: the average path of a measure around every switch of a lane, over runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from telemetry.analysis.chosen import Chosen
from telemetry.analysis.intervals import LEVEL, of_columns
from telemetry.analysis.regimes import left_out
from telemetry.answers.states import crossed
from telemetry.cancel import CancelToken
from telemetry.concepts import (
    Cell,
    Column,
    Floats,
    Ints,
    Lane,
    Measure,
    Overlap,
    Study,
    StudyPath,
    TickRange,
    Unit,
)
from telemetry.errors import NothingFoundError, RequestError
from telemetry.frozen import Frozen, replace
from telemetry.queries import BandQuery, SeriesQuery, TimelineQuery

KINDS = 8
"""So many kinds of switch have a path of their own; of more, all switches are one."""
WIDEST = 10_000
"""Ticks that a window may have on each side."""
EVERY = "every switch"
ARROW = " → "
PATHS = (
    Column("switch", "switch", "text"),
    Column("offset", "offset", "int", help="0 is the first tick of the new state."),
    Column("mean", "mean", "real"),
    Column("low", "95 % from", "real"),
    Column("high", "to", "real"),
    Column("n", "n", "int", help="Paths that the mean stands on."),
    Column("values", "values", "int", help="Agents' values in these paths."),
)


class Asked(Frozen):
    """What an event study is about; see `Study`.

    `before`, `after`: only switches between these states. `together`: one path of all switches.
    """

    measure: str
    lanes: tuple[str, ...]
    window: int = 20
    before: str | None = None
    after: str | None = None
    overlap: Overlap = "cut"
    unit: Unit = "switch"
    relative: bool = False
    together: bool = False
    ticks: TickRange | None = None


class Switch(Frozen):
    """A state that began right where another one ended; `low` to `high` are the ticks of both."""

    tick: int
    before: str
    after: str
    low: int
    high: int


def switches(lane: Lane) -> tuple[Switch, ...]:
    """Where the state changes from one tick to the next; not across ticks without a state."""
    spans = list(zip(lane.first.tolist(), lane.last.tolist(), lane.state, strict=True))
    return tuple(
        Switch(b[0], a[2], b[2], a[0], b[1])
        for a, b in pairwise(spans)
        if b[0] == a[1] + 1 and a[2] != b[2]
    )


def event_study(runs: Sequence[Chosen], asked: Asked, token: CancelToken | None = None) -> Study:
    """The mean path by kind of switch with its 95 % t interval, from all rows of the windows.

    RequestError for a window of no ticks; NothingFoundError where no run has a switch that is
    meant, or no value around one.
    """
    token = token or CancelToken()
    if not 1 <= asked.window <= WIDEST:
        raise RequestError(f"A window has 1 to {WIDEST} ticks on each side of a switch.")
    found: dict[tuple[str, str], _Kind] = {}
    measure, label, notes, reasons = None, "", dict[str, None](), list[str]()
    for i, run in enumerate(runs):
        token.check()
        told = dict[str, None]()
        try:
            measure, label = _read(run, asked, found, told, token)
            notes |= told
        except NothingFoundError as error:
            reasons.append(str(error))
        if len(runs) > 1:
            token.report(i + 1, len(runs), "runs")
    if measure is None:
        raise NothingFoundError(" ".join(left_out(reasons)) or "There are no runs.")
    offset = np.arange(-asked.window, asked.window + 1, dtype=np.int64)
    pooled, said = _kinds(found, asked.together)
    paths = tuple(_path(name, kind, len(offset)) for name, kind in pooled)
    return Study(
        measure, label, asked.window, asked.unit, asked.overlap, asked.relative, offset, paths,
        LEVEL, (*said, *notes, *left_out(reasons)),
    )  # fmt: skip


def first_study(
    runs: Sequence[Chosen], asked: Asked, measures: Sequence[str], token: CancelToken | None = None
) -> Study:
    """The study of the first of these measures that has one; NothingFoundError of the first."""
    failed: NothingFoundError | None = None
    for measure in measures:
        try:
            return event_study(runs, replace(asked, measure=measure), token)
        except NothingFoundError as error:
            failed = failed or error
    raise failed or NothingFoundError("There are no measures of agents.")


class _Kind:
    """The paths of one kind of switch: a value and a number of values at each offset."""

    def __init__(self) -> None:
        self.paths: list[Floats] = []
        self.values: list[Ints] = []
        self.switches = 0
        self.runs: set[object] = set()


def _read(
    run: Chosen,
    asked: Asked,
    found: dict[tuple[str, str], _Kind],
    notes: dict[str, None],
    token: CancelToken,
) -> tuple[Measure, str]:
    """Add the paths of a run to `found`; the measure and the lane as the run calls them."""
    timeline = run.source.ask(TimelineQuery(run.run_id), token)
    lane = crossed(timeline, asked.lanes, run.source.lanes)
    meant = [s for s in switches(lane) if _meant(s, asked)]
    if not meant:
        raise NothingFoundError(_none(run, lane, asked))
    tracks, measure = _tracks(run, asked, meant, notes, token)
    if not any(track.count.any() for track in tracks):
        raise NothingFoundError(" ".join(notes) or f"Run {run.run_id} has no {asked.measure}.")
    for switch in meant:
        kind = found.setdefault((switch.before, switch.after), _Kind())
        low, high = switch.tick - asked.window, switch.tick + asked.window
        if asked.overlap == "cut":
            low, high = max(low, switch.low), min(high, switch.high)
        some = False
        for track in tracks:
            path, values = track.around(switch.tick, low, high, asked.window)
            if asked.relative:
                path = path - path[asked.window - 1]
                values = np.where(np.isnan(path), 0, values)
            if not np.isnan(path).all():
                kind.paths.append(path)
                kind.values.append(values)
                some = True
        kind.switches += some
        kind.runs |= {run.key} if some else set()
    found_none = [key for key, kind in found.items() if not kind.paths]
    for key in found_none:
        del found[key]
    return measure, lane.label


def _meant(switch: Switch, asked: Asked) -> bool:
    inside = asked.ticks is None or switch.tick in asked.ticks
    return inside and asked.before in (None, switch.before) and asked.after in (None, switch.after)


def _none(run: Chosen, lane: Lane, asked: Asked) -> str:
    wanted = "" if asked.before is None else f" from {asked.before}"
    wanted += "" if asked.after is None else f" to {asked.after}"
    where = "" if asked.ticks is None else f" in ticks {asked.ticks}"
    states = ", ".join(dict.fromkeys(lane.state))
    return f"{lane.label} never switches{wanted} in run {run.run_id}{where} (its states: {states})."


class _Track(Frozen):
    """Values by tick, of one agent or as means over `count` agents."""

    tick: Ints
    value: Floats
    count: Ints

    def around(self, tick: int, low: int, high: int, window: int) -> tuple[Floats, Ints]:
        """The values from `low` to `high` at their offsets from `tick`, NaN elsewhere."""
        path = np.full(2 * window + 1, np.nan)
        values = np.zeros(2 * window + 1, np.int64)
        a, b = np.searchsorted(self.tick, [low, high + 1])
        at = self.tick[a:b] - tick + window
        path[at] = self.value[a:b]
        values[at] = np.where(np.isnan(self.value[a:b]), 0, self.count[a:b])
        return path, values


def _tracks(
    run: Chosen,
    asked: Asked,
    meant: Sequence[Switch],
    notes: dict[str, None],
    token: CancelToken,
) -> tuple[list[_Track], Measure]:
    if asked.unit == "switch":
        band = run.source.ask(BandQuery(run.run_id, asked.measure), token)
        notes.update(dict.fromkeys(band.notes))
        return [_Track(band.tick, band.mean, band.count)], band.measure
    around = TickRange(meant[0].tick - asked.window, meant[-1].tick + asked.window)
    series = run.source.ask(SeriesQuery(run.run_id, asked.measure, ticks=around), token)
    notes.update(dict.fromkeys(series.notes))
    one = np.int64(1)  # seen as often as there are values: a count each would be a third of all
    ones = [np.broadcast_to(one, len(line.tick)) for line in series.lines]
    lines = zip(series.lines, ones, strict=True)
    return [_Track(line.tick, line.value, n) for line, n in lines], series.measure


def _kinds(
    found: dict[tuple[str, str], _Kind], together: bool
) -> tuple[list[tuple[str, _Kind]], tuple[str, ...]]:
    """Kinds of switch by name; too many of them as one."""
    if len(found) <= KINDS and not (together and len(found) > 1):
        return [(ARROW.join(key), kind) for key, kind in found.items()], ()
    every = _Kind()
    for kind in found.values():
        every.paths += kind.paths
        every.values += kind.values
        every.switches += kind.switches
        every.runs |= kind.runs
    return [(EVERY, every)], (f"All {len(found)} kinds of switch are taken together.",)


def _path(name: str, kind: _Kind, offsets: int) -> StudyPath:
    rows = np.vstack(kind.paths) if kind.paths else np.empty((0, offsets))
    mean, half, n = of_columns(rows, np.isfinite(rows))
    values = np.vstack(kind.values).sum(axis=0)
    return StudyPath(
        name, mean, mean - half, mean + half, n, values.astype(np.int64),
        kind.switches, len(kind.runs),
    )  # fmt: skip


def path_rows(found: Study) -> tuple[tuple[Cell, ...], ...]:
    """A row for each path and offset, under `PATHS`; offsets that no path reaches are left out."""
    return tuple(
        (
            path.name, int(found.offset[i]), _cell(path.mean[i]), _cell(path.low[i]),
            _cell(path.high[i]), int(path.n[i]), int(path.values[i]),
        )
        for path in found.paths
        for i in range(len(found.offset))
        if path.n[i]
    )  # fmt: skip


def method(found: Study) -> str:
    """In a sentence what an average, its interval and n are."""
    unit = "the mean over agents at one switch" if found.unit == "switch" else (
        "one agent at one switch")  # fmt: skip
    cut = "Windows end where the states before and after the switch do" if (
        found.overlap == "cut") else "Windows may reach over other switches"  # fmt: skip
    less = ", each less its own value at offset −1" if found.relative else ""
    return (
        f"Mean over n paths with its 95 % t interval; a path is {unit}{less}. {cut}, "
        "and where the run does."
    )


def _cell(number: float) -> Cell:
    return None if np.isnan(number) else float(number)
