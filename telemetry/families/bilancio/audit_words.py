"""What the dealer-ring audit rules share: rows as exact numbers, and counting what they break."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Fault
from telemetry.families.auditing import Auditing, Judged
from telemetry.text import exact_text

Row = Mapping[str, Any]
_LOST = Decimal("1e-9")


def each(audit: Auditing, table: str, *names: str) -> Iterator[Row]:
    """The run's rows of a table in the order of its file, with their "line"."""
    columns = [audit.asker.column(table, n).label(n) for n in (*names, "line")]
    own = audit.asker.column(table, "run_id") == audit.run_id
    statement = sa.select(*columns).where(own).order_by(audit.asker.column(table, "line"))
    for chunk in audit.asker.chunks(statement):
        for row in chunk:
            yield dict(zip((*names, "line"), row, strict=True))


def number(value: Any) -> Decimal | None:
    """A number written as text, exact; None where it is none."""
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def same(first: Decimal, second: Decimal) -> bool:
    """Equal but for what 28 digits may lose."""
    return abs(first - second) <= _LOST * max(abs(first), abs(second), Decimal(1))


def text(value: Decimal | None) -> str:
    """A number as sentences have it."""
    return "nothing" if value is None else exact_text(value).replace("-", "−")


def judge(
    audit: Auditing,
    table: str,
    names: tuple[str, ...],
    problem: Callable[[Row], str | None],
    *,
    day: str | None = "day",
    agent: str | None = None,
) -> Judged:
    """Each row by `problem`: None where it cannot be judged, "" where nothing is wrong."""
    lacks = audit.lacking(table, *names)
    if lacks:
        return Judged(unjudged=lacks)
    more = tuple(n for n in (day, agent) if n is not None and n not in names)
    checked = faults = 0
    first: list[Fault] = []
    for row in each(audit, table, *names, *more):
        said = problem(row)
        checked += said is not None
        if not said:
            continue
        faults += 1
        if len(first) < audit.first:
            who = () if agent is None or row[agent] is None else (row[agent],)
            when = None if day is None else row[day]
            sentence = f"{_where(table, row, when)}: {said}."
            first.append(Fault(sentence, when, who, table, row["line"]))
    if not checked:
        return Judged(unjudged=f"not recorded: the numbers in {table}")
    return Judged(checked, faults, tuple(first))


def _where(table: str, row: Row, day: Any) -> str:
    return f"Row {row['line']} of {table}" + ("" if day is None else f", day {day}")
