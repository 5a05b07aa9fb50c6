"""Audits: a run held against the rules of its family, some ticks at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from telemetry.answers.runs import run
from telemetry.answers.values import agent_of, whole
from telemetry.concepts import Audit, Cell, Fault, RuleVerdict, RunDetail, RunId, TickRange
from telemetry.engines.columns import ColumnKind, Columns
from telemetry.engines.lines import ByValuesError
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.auditing import AuditRule, Counted, Judged
from telemetry.queries import AuditQuery, RunQuery
from telemetry.reader import Reader

_ODD = (TypeError, ValueError, KeyError, ArithmeticError)
"""What rules come to where text, NULL or infinity stands in for a number that they reckon with."""
ROWS = 250_000
"""Rows that one statement judges at a time, so that a withdrawn audit ends soon."""

FINER = 6
"""Of rows that are read as arrays so many times fewer, for they are in memory several times."""

_APART = ("tick", "key", "day", "agent", "other")
"""The labels by which faults stand in one order, whoever asks and however often."""


def audit(reader: Reader, query: AuditQuery) -> Audit:
    """A verdict a rule; NothingFoundError where the family has none or there is no such run."""
    rules = _chosen(reader, query.rules)
    inspection = Inspection(reader, query.run_id, query.first)
    verdicts = []
    for place, declared in enumerate(rules):
        inspection.begin(place, len(rules))
        try:
            found = declared.judge(inspection)
        except _ODD as error:
            found = Judged(unjudged=f"the rows hold values that cannot be compared ({error})")
        verdicts.append(
            RuleVerdict(declared.rule, found.checked, found.faults, found.first, found.unjudged)
        )
    return Audit(query.run_id, tuple(verdicts))


def _chosen(reader: Reader, names: tuple[str, ...] | None) -> tuple[AuditRule, ...]:
    declared = reader.family.audit
    if not declared:
        raise NothingFoundError(f"{reader.family.label} sources {AuditQuery.LACKING}.")
    if names is None:
        return declared
    known = {d.rule.name: d for d in declared}
    wrong = next((name for name in names if name not in known), None)
    if wrong is not None:
        raise RequestError(f"There is no rule {wrong!r}; the rules are {', '.join(known)}.")
    return tuple(d for d in declared if d.rule.name in names)


@dataclass
class Inspection:
    """One run under audit; what families know as `Auditing`."""

    asker: Reader
    run_id: RunId
    first: int
    _place: tuple[int, int] = field(default=(0, 1))
    _made: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def _detail(self) -> RunDetail:
        return run(self.asker, RunQuery(self.run_id))

    @property
    def fields(self) -> Mapping[str, Cell]:
        return self._detail.run.fields

    @property
    def config(self) -> object:
        return self._detail.config

    @property
    def ticks(self) -> TickRange | None:
        return self._detail.run.ticks

    def begin(self, place: int, of: int) -> None:
        """The next rule is judged: for the progress that is told."""
        self._place = (place, of)
        self._report(0.0)

    def lacking(self, table: str, *names: str) -> str:
        """Why nothing of `table` can be judged: it, a column, or every row is missing; else ""."""
        if not self.asker.layout.there(table):
            return f"not recorded: {table}"
        missing = [n for n in names if not self.asker.has(table, n)]
        if missing:
            return f"not recorded: {table}.{missing[0]}"
        spec = self.asker.layout.table_spec(table)
        own = self.asker.column(table, str(spec.run)) == self.run_id
        if not self.asker.rows(sa.select(sa.literal(1)).where(own).limit(1)):
            return f"nothing to judge: this run has no rows of {table}"
        return ""

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for all rules that ask for it by this name."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def rows(
        self,
        table: str,
        build: Callable[[TickRange | None], sa.Select[Any]],
        tell: Callable[[Mapping[str, Any]], str],
    ) -> Judged:
        """Count what `build` selects, and read the first faults of it."""
        parts = [build(window).subquery("audited") for window in self._windows(table)]
        counts = [_counted(rows) for rows in parts]
        found = self.asker.rows_of_all(counts, lambda done: self._report(done / len(parts)))
        first: list[Fault] = []
        for rows, ((_, bad),) in zip(parts, found, strict=True):
            if bad and len(first) < self.first:
                first += self._faults(table, rows, tell, self.first - len(first))
        checked, faults = (sum(int(row[place] or 0) for (row,) in found) for place in (0, 1))
        return Judged(checked, faults, tuple(first))

    def columns(
        self,
        table: str,
        build: Callable[[TickRange], sa.Select[Any]],
        kinds: Sequence[ColumnKind],
    ) -> Generator[Columns]:
        """What `build` selects as arrays, some ticks at a time; ByValuesError where it is small."""
        if len(self._windows(table)) == 1:
            raise ByValuesError
        windows = [window for window in self._windows(table, FINER) if window is not None]
        read = self.asker.engine_columns([build(window) for window in windows], kinds)
        with closing(read):
            for done, found in enumerate(read, 1):
                yield found
                self._report(done / len(windows))

    def told(
        self,
        table: str,
        build: Callable[[TickRange | None], sa.Select[Any]],
        tell: Callable[[Mapping[str, Any]], str],
        counted: Counted,
    ) -> Judged:
        """What was counted from arrays, with its first faults."""
        first: list[Fault] = []
        for tick in dict.fromkeys(counted.ticks):
            rows = build(TickRange(tick, tick)).subquery("audited")
            first += self._faults(table, rows, tell, self.first - len(first))
        return Judged(counted.checked, counted.faults, tuple(first))

    def _faults(
        self,
        table: str,
        rows: sa.Subquery,
        tell: Callable[[Mapping[str, Any]], str],
        limit: int,
    ) -> list[Fault]:
        order = [rows.c[name] for name in _APART if name in rows.c]
        statement = sa.select(rows).where(rows.c.fault == 1).order_by(*order).limit(limit)
        names = list(rows.c.keys())
        found = (dict(zip(names, row, strict=True)) for row in self.asker.rows(statement))
        return [_fault(table, row, _told(tell, row, table)) for row in found]

    def _windows(self, table: str, finer: int = 1) -> list[TickRange | None]:
        """The run's ticks in parts of about `ROWS` rows, or of a `finer` part of them; one part
        where that cannot be told."""
        spec = self.asker.layout.table_spec(table)
        ticks = self.ticks
        if spec.tick is None or spec.run is None or ticks is None:
            return [None]
        own = self.asker.column(table, spec.run) == self.run_id
        count = sa.select(sa.func.count()).where(own)
        size = self.once(f"rows of {table}", lambda: self.asker.scalar(count))
        parts = min(-(-int(size or 0) * finer // ROWS), ticks.last - ticks.first + 1)
        if parts <= 1:
            return [None]
        wide = -(-(ticks.last - ticks.first + 1) // parts)
        starts = range(ticks.first, ticks.last + 1, wide)
        return [TickRange(start, min(start + wide - 1, ticks.last)) for start in starts]

    def _report(self, share: float) -> None:
        place, of = self._place
        self.asker.token.check()
        self.asker.token.report(int(100 * (place + share) / of), 100, "per cent")


def _counted(rows: sa.Subquery) -> sa.Select[Any]:
    columns: list[Any] = [sa.func.count(rows.c.fault), sa.func.sum(rows.c.fault)]
    return sa.select(*columns)


def _told(tell: Callable[[Mapping[str, Any]], str], row: Mapping[str, Any], table: str) -> str:
    """The fault's sentence; of a row with text instead of a number only where it is."""
    try:
        return tell(row)
    except _ODD:
        where = f" at tick {row['tick']}" if "tick" in row else ""
        return f"A row of {table}{where} breaks the rule and holds what is no number."


def _fault(table: str, row: Mapping[str, Any], sentence: str) -> Fault:
    key = row.get("key")
    agents = tuple(agent_of(row[n]) for n in ("agent", "other") if row.get(n) is not None)
    return Fault(
        sentence,
        whole(row.get("tick")),
        agents,
        table if key is not None else None,
        key if isinstance(key, int | str) else None,
    )
