"""First divergence: where two runs part, found exactly, and what kind of difference that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field

from telemetry.analysis.chosen import Chosen, in_full
from telemetry.analysis.digests_apart import suspects
from telemetry.analysis.rows_apart import Apart, Row, Rows, comparable, differences, parted
from telemetry.analysis.settings import differing, is_seed, settings_of
from telemetry.cancel import CancelToken
from telemetry.concepts import (
    Column,
    Divergence,
    Parting,
    RowDifference,
    Setting,
    Table,
    TickRange,
)
from telemetry.errors import RequestError
from telemetry.frozen import Frozen, replace
from telemetry.queries import CountQuery, DigestQuery, Sort, TableQuery, Where
from telemetry.source import Source

FIRST, LAST = -(2**62), 2**62
ORDER = ("tick_states", "mode_changes", "preferences", "pairings", "decisions", "attempts",
         "trades", "events", "lambda_updates")  # fmt: skip
"""Within a tick, what leads to what; other tables follow, the agents' states last of all."""
_PROBES = 12
_LOOKED_AT = 50
"""So many ticks whose digests differ are looked at one by one; beyond, reading on is quicker."""


@dataclass
class _Asked:
    """Two runs under comparison, and what was learnt on the way."""

    left: Chosen
    right: Chosen
    token: CancelToken
    report: Callable[[int, int | None, str], None]
    last: int = LAST
    rows: int = 0
    reordered: dict[str, int] = field(default_factory=dict)
    renamed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: list[RowDifference] = field(default_factory=list)


class _Pair(Frozen):
    """A table that both sources have: the columns that both record, the tick first."""

    table: Table
    columns: tuple[Column, ...]
    ticks: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def first_divergence(left: Chosen, right: Chosen, token: CancelToken | None = None) -> Divergence:
    """Compare all that two runs recorded, row by row, in constant memory.

    Row ids, links to them and wall-clock times are no content. RequestError where the sources
    are of two families. A few single ticks are looked at first: what differs there bounds how
    far the rest is read.
    """
    token = token or CancelToken()
    if left.source.identity.family != right.source.identity.family:
        raise RequestError(
            f"{left.source.name} is a {left.source.identity.family_label} source and "
            f"{right.source.name} a {right.source.identity.family_label} one; "
            "only runs of one family can be held against each other."
        )
    left, right = in_full(left, token), in_full(right, token)
    known = [settings_of(run, token) for run in (left, right)]
    settings = differing([s or {} for s in known])
    reading = CancelToken()  # streams count rows; who asks hears of ticks instead

    def report(done: int, total: int | None, what: str) -> None:
        token.report(done, total, what)
        token.check()

    asked = _Asked(left, right, reading, report)
    ends = (_end(left), _end(right))
    if None not in ends and ends[0] != ends[1]:
        asked.last = min(end for end in ends if end is not None)
    with token.interrupting(reading.cancel):
        _read(asked)
    if asked.renamed:
        asked.notes.append(
            f"Random ids in {', '.join(asked.renamed)} are other ones; rows count as "
            "equal whichever id they name."
        )
    first = min(asked.found, key=_when, default=None)
    also = tuple(d for d in asked.found if first and d is not first and d.tick == first.tick)
    kind = _kind(asked, first, settings, ends, unknown=None in known)
    return Divergence(kind, first, also, settings, asked.reordered, ends, asked.rows,
                      tuple(asked.notes))  # fmt: skip


def _kind(
    asked: _Asked,
    first: RowDifference | None,
    settings: Sequence[Setting],
    ends: tuple[int | None, int | None],
    *,
    unknown: bool,
) -> Parting:
    if first is None and not asked.rows:
        return "empty"
    if first is None and ends[0] != ends[1]:
        return "length"
    if first is None:
        return "order" if asked.reordered else "none"
    if settings:
        return "configuration"
    return "unknown" if unknown else "chance"


def only_seeds(found: Divergence) -> bool:
    """Whether the configurations differ in nothing but seeds."""
    return bool(found.settings) and all(is_seed(s.path) for s in found.settings)


def _end(run: Chosen) -> int | None:
    return None if run.run.ticks is None else run.run.ticks.last


def _when(difference: RowDifference) -> tuple[bool, int]:
    """Tables without ticks hold what a run came to: what differs there differs last."""
    return difference.tick is None, difference.tick or 0


def _read(asked: _Asked) -> None:
    pairs = list(_pairs(asked))
    timed = [pair for pair in pairs if pair.ticks]
    for pair in timed:
        _probe(asked, pair)
    for pair in timed:
        found = _compare(asked, pair)
        if found is not None:
            asked.found.append(found)
            asked.last = min(asked.last, found.tick if found.tick is not None else LAST)
    if asked.found or _end(asked.left) != _end(asked.right):
        return  # a shorter run ends otherwise: that is no other finding
    for pair in pairs:
        if not pair.ticks and (found := _compare(asked, pair)) is not None:
            asked.found.append(found)


def _pairs(asked: _Asked) -> Iterator[_Pair]:
    """The tables of runs that both sources have; what one lacks is noted."""
    for table in sorted(asked.left.source.tables, key=_rank):
        other = asked.right.source.table(table.name)
        if table.with_role("run") is None and other.with_role("run") is None:
            continue
        if table.role == "runs" or not (table.recorded or other.recorded):
            continue
        if table.recorded != other.recorded:
            lacking = asked.right if table.recorded else asked.left
            asked.notes.append(f"{lacking.source.name} has no {table.name}: not compared.")
            continue
        tick = table.with_role("tick")
        both = [c for c in table.columns if _content(c) and _has(other, c)]
        alone = [c.name for c in table.columns if _content(c) and not _has(other, c)]
        alone += [c.name for c in other.columns if _content(c) and not _has(table, c)]
        if alone:
            asked.notes.append(
                f"{table.name}: {', '.join(dict.fromkeys(alone))} are recorded in one of the "
                "sources only and were not compared."
            )
        rest = [c for c in both if tick is None or c.name != tick.name]
        if rest:
            first = [] if tick is None else [tick]
            yield _Pair(table, (*first, *rest), tick is not None)


def _content(column: Column) -> bool:
    return column.recorded and not column.derived and not column.incidental


def _has(table: Table, column: Column) -> bool:
    own = table.column(column.name)
    return own is not None and own.recorded


def _rank(table: Table) -> tuple[int, bool]:
    place = ORDER.index(table.role) if table.role in ORDER else len(ORDER)
    return place, table.role == "states"


def _query(pair: _Pair, run: Chosen, ticks: TickRange | None) -> TableQuery:
    sort = Sort(pair.columns[0].name) if pair.ticks else None
    return TableQuery(run.run_id, pair.table.name, pair.names, Where(ticks=ticks), sort)


def _chunks(
    source: Source, query: TableQuery, token: CancelToken, stack: ExitStack
) -> Iterator[Sequence[Row]]:
    return stack.enter_context(closing(source.stream(query, token)))


def _at(asked: _Asked, pair: _Pair, run: Chosen, ticks: TickRange | None) -> list[Row]:
    with ExitStack() as stack:
        chunks = _chunks(run.source, _query(pair, run, ticks), asked.token, stack)
        return [row for chunk in chunks for row in chunk]


def _probe(asked: _Asked, pair: _Pair) -> None:
    """Halve the ticks: differences mostly stay once they are there, which bounds the reading."""
    ticks = asked.left.run.ticks
    if ticks is None:
        return
    low, high = ticks.first, min(ticks.last, asked.last)
    for probe in range(_PROBES):
        if low >= high:
            return
        tick = high if probe == 0 else (low + high) // 2
        one = TickRange(tick, tick)
        only = differences(_at(asked, pair, asked.left, one), _at(asked, pair, asked.right, one))
        if any(only):
            high = asked.last = tick
        elif probe == 0:
            return
        else:
            low = tick + 1


def _compare(asked: _Asked, pair: _Pair) -> RowDifference | None:
    if not pair.ticks:
        all_left, all_right = (_at(asked, pair, run, None) for run in (asked.left, asked.right))
        only = differences(all_left, all_right)
        apart = Apart(None, *only, compared=len(all_left) + len(all_right))
        apart.found = bool(apart.left or apart.right)
    else:
        apart = _parted(asked, pair)
    asked.rows += apart.compared
    if apart.renamed:
        asked.renamed.append(pair.table.name)
    ordered = pair.table.role == "events" or _counts(pair.table)
    if apart.reordered and ordered and isinstance(apart.reordered[0], int):
        asked.reordered[pair.table.name] = apart.reordered[0]
    return _difference(asked, pair, apart) if apart.found else None


def _parted(asked: _Asked, pair: _Pair) -> Apart:
    """Where the rows of a table with ticks part: only of ticks whose digests differ are they read.

    Where there are no digests, or many that differ, they are read from there on.
    """
    runs = (asked.left, asked.right)
    ticks = TickRange(FIRST, asked.last)
    left, right = (
        DigestQuery(run.run_id, pair.table.name, pair.names, Where(ticks=ticks)) for run in runs
    )
    asked.report(0, None, f"digests of {pair.table.name}")
    found = suspects(runs, (left, right), asked.token)
    before = Apart()
    if found is not None:
        before.compared, before.reordered = found.rows, list(found.reordered)
        for tick in found.ticks[:_LOOKED_AT]:
            apart = _read_apart(asked, pair, TickRange(tick, tick))
            _join(before, apart)
            if apart.found:
                return before
        if len(found.ticks) <= _LOOKED_AT:
            return before
        ticks = TickRange(found.ticks[_LOOKED_AT], asked.last)
        there = Where(ticks=TickRange(FIRST, ticks.first - 1))
        before.compared = sum(
            run.source.ask(CountQuery(run.run_id, pair.table.name, there), asked.token)
            for run in runs
        )
    _join(before, _read_apart(asked, pair, ticks))
    return before


def _join(before: Apart, apart: Apart) -> None:
    """Add what was found in later ticks."""
    before.tick, before.left, before.right = apart.tick, apart.left, apart.right
    before.found = apart.found
    before.reordered += apart.reordered
    before.renamed |= apart.renamed
    before.compared += apart.compared


def _read_apart(asked: _Asked, pair: _Pair, ticks: TickRange) -> Apart:
    end = min(asked.last, _end(asked.left) or 0)
    what = f"ticks of {pair.table.name}"
    with ExitStack() as stack:
        left, right = (
            Rows(_chunks(run.source, _query(pair, run, ticks), asked.token, stack))
            for run in (asked.left, asked.right)
        )
        return parted(left, right, lambda tick: asked.report(tick, max(tick, end), what))


def _counts(table: Table) -> bool:
    """Whether rows stand in the order in which they were written: their key is a number."""
    key = table.with_role("key")
    return key is not None and key.kind == "int"


def _difference(asked: _Asked, pair: _Pair, apart: Apart) -> RowDifference:
    """The first row that only one run has, beside the other run's row that is most like it."""
    places = [i for i, c in enumerate(pair.columns) if c.role in ("agent", "buyer", "seller")]
    one, other = (apart.left, apart.right) if apart.left else (apart.right, apart.left)
    row = one[0]
    own = comparable(row)
    same = [r for r in other if all(comparable(r)[i] == own[i] for i in places)]
    likeness = [sum(a == b for a, b in zip(own, comparable(r), strict=True)) for r in same]
    partner = same[likeness.index(max(likeness))] if same else None
    left, right = (row, partner) if apart.left else (partner, row)
    differ = tuple(
        c for i, c in enumerate(pair.columns)
        if left is not None and right is not None and differences([left[i : i + 1]],
                                                                  [right[i : i + 1]])[0]
    )  # fmt: skip
    agents = tuple(v for i in places if isinstance(v := row[i], int | str))
    tick = apart.tick if isinstance(apart.tick, int) else None
    before, before_tick = _before(asked, pair, tick, agents)
    return RowDifference(
        pair.table.name, pair.table.label, tick, agents, pair.columns, left, right, differ,
        len(apart.left), len(apart.right), before, before_tick,
    )  # fmt: skip


def _before(
    asked: _Asked, pair: _Pair, tick: int | None, agents: tuple[int | str, ...]
) -> tuple[Row | None, int | None]:
    """The last row before `tick`, of the same agent where there is one: it is in both runs."""
    if tick is None:
        return None, None
    last = TableQuery(
        asked.left.run_id, pair.table.name, pair.names, Where(ticks=TickRange(FIRST, tick - 1)),
        Sort(pair.columns[0].name, descending=True), limit=1,
    )  # fmt: skip
    source = asked.left.source
    rows: tuple[Row, ...] = ()
    if len(agents) == 1:
        with suppress(RequestError):  # of a table that cannot be limited to agents
            own = replace(last.where, agents=agents)
            rows = source.ask(replace(last, where=own), asked.token).rows
    rows = rows or source.ask(last, asked.token).rows
    at = rows[0][0] if rows else None
    return (rows[0], at) if rows and isinstance(at, int) else (None, None)
