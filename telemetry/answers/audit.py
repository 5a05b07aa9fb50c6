"""Audits: a run held against the rules of its family, some ticks at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from telemetry.answers.runs import run
from telemetry.answers.values import agent_of, whole
from telemetry.concepts import Audit, Cell, Fault, RuleVerdict, RunDetail, RunId, TickRange
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.auditing import AuditRule, Judged
from telemetry.queries import AuditQuery, RunQuery
from telemetry.reader import Reader

_ODD = (TypeError, ValueError, KeyError, ArithmeticError)
"""What rules come to where text, NULL or infinity stands in for a number that they reckon with."""
ROWS = 250_000
"""Rows that one statement judges at a time, so that a withdrawn audit ends soon."""


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
        checked = faults = 0
        first: list[Fault] = []
        windows = self._windows(table)
        for done, window in enumerate(windows):
            rows = build(window).subquery("audited")
            columns: list[Any] = [sa.func.count(rows.c.fault), sa.func.sum(rows.c.fault)]
            counted = self.asker.one(sa.select(*columns))
            judged, bad = counted or (0, 0)
            checked, faults = checked + int(judged), faults + int(bad or 0)
            if bad and len(first) < self.first:
                first += self._faults(table, rows, tell, self.first - len(first))
            self._report((done + 1) / len(windows))
        return Judged(checked, faults, tuple(first))

    def _faults(
        self,
        table: str,
        rows: sa.Subquery,
        tell: Callable[[Mapping[str, Any]], str],
        limit: int,
    ) -> list[Fault]:
        order = [rows.c[name] for name in ("tick", "key") if name in rows.c]
        statement = sa.select(rows).where(rows.c.fault == 1).order_by(*order).limit(limit)
        names = list(rows.c.keys())
        found = (dict(zip(names, row, strict=True)) for row in self.asker.rows(statement))
        return [_fault(table, row, _told(tell, row, table)) for row in found]

    def _windows(self, table: str) -> list[TickRange | None]:
        """The run's ticks in parts of about `ROWS` rows; one part where that cannot be told."""
        spec = self.asker.layout.table_spec(table)
        ticks = self.ticks
        if spec.tick is None or spec.run is None or ticks is None:
            return [None]
        own = self.asker.column(table, spec.run) == self.run_id
        size = self.asker.scalar(sa.select(sa.func.count()).where(own))
        parts = min(-(-int(size or 0) // ROWS), ticks.last - ticks.first + 1)
        if parts <= 1:
            return [None]
        wide = -(-(ticks.last - ticks.first + 1) // parts)
        starts = range(ticks.first, ticks.last + 1, wide)
        return [TickRange(start, min(start + wide - 1, ticks.last)) for start in starts]

    def _report(self, share: float) -> None:
        place, of = self._place
        self.asker.token.check()
        self.asker.token.report(int(100 * (place + share) / of), 100, "per cent")


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
