"""What is inside a JSON column: the numbers of its objects, each a column of its own."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from telemetry.concepts import Cell
from telemetry.engines import Database, Shape
from telemetry.frozen import replace
from telemetry.roles.evidence import ColumnEvidence, TableEvidence, judged, sampled
from telemetry.roles.guesses import guesses
from telemetry.roles.mapping import Mapping, split
from telemetry.text import one_line

MOST_KEYS = 200
"""Keys of a table's JSON that are offered; a note says where there are more."""
DEEPEST = 3
"""Objects within objects that are looked into."""
LETTERS = 16_000
"""What is read of a JSON text to find its keys; those of a longer one are found in other rows."""
_CONSTANTS = ("-Infinity", "Infinity", "NaN")
"""What writers put for numbers that JSON has no word for."""
_NUMBERS = {"sqlite": ("integer", "real"),
            "duckdb": ("BIGINT", "UBIGINT", "HUGEINT", "DOUBLE")}  # fmt: skip


def unpacked(
    database: Database, shape: Shape, tables: Sequence[TableEvidence]
) -> tuple[tuple[TableEvidence, ...], tuple[str, ...]]:
    """The tables with a column for each number in the JSON of rows that have a tick, and notes."""
    found, notes = [], []
    with database.connection() as connection:
        dialect = connection.dialect.name
        for table in tables:
            holders = [c for c in table.columns if _holds_json(c, dialect)]
            if not holders or not _ticks(table):
                found.append(table)
                continue
            names = [c.name for c in table.columns]
            columns = {n: k for n, k in shape.tables[table.name].items() if n != "rowid"}
            rows = sampled(connection, table, columns, {c.name: LETTERS for c in holders})
            inside = _inside(names, [c.name for c in holders], rows)
            if len(inside) > MOST_KEYS:
                called = one_line(table.name, limit=60)
                notes.append(
                    f"The JSON of {called} has more than {MOST_KEYS} keys with numbers; the first "
                    "are offered."
                )
            found.append(_with(table, dict(list(inside.items())[:MOST_KEYS])))
    return tuple(found), tuple(notes)


def with_named(tables: Sequence[TableEvidence], mapping: Mapping) -> tuple[TableEvidence, ...]:
    """The tables with the keys that a mapping names and these rows do not have: all NULL."""
    found = []
    for table in tables:
        own = mapping.tables.get(table.name)
        names = () if own is None else [n for n in own.columns if table.column(n) is None]
        more = [ColumnEvidence(n, "", of=place[0], path=place[1]) for n in names
                if (place := split(n, [c.name for c in table.columns])) is not None]  # fmt: skip
        rows = tuple((*row, *(None for _ in more)) for row in table.sample)
        found.append(replace(table, columns=(*table.columns, *more), sample=rows))
    return tuple(found)


def number(
    column: sa.ColumnElement[Any], path: Sequence[str], dialect: str
) -> sa.ColumnElement[Any]:
    """The number at a path; NULL where there is no such key, no number, or no JSON."""
    if dialect == "postgresql":
        whole = sa.cast(column, JSONB)
        there = sa.func.jsonb_typeof(sa.func.jsonb_extract_path(whole, *path)) == "number"
        told = sa.func.jsonb_extract_path_text(whole, *path)
        return sa.case((there, sa.cast(told, sa.Double)), else_=sa.null())
    text = column if dialect == "sqlite" else sa.cast(column, sa.Text)
    plain: Any = text
    for constant in _CONSTANTS:
        plain = sa.func.replace(plain, constant, "null")
    valid = sa.case(
        (sa.func.json_valid(text), text), (sa.func.json_valid(plain), plain), else_=sa.null()
    )
    place = "$" + "".join(f'."{part}"' for part in path)
    kind = sa.func.json_type(valid, place)
    told = sa.func.json_extract(valid, place)
    value = told if dialect == "sqlite" else sa.cast(told, sa.Double)
    return sa.case((kind.in_(_NUMBERS[dialect]), value), else_=sa.null())


def _holds_json(column: ColumnEvidence, dialect: str) -> bool:
    """A server's texts are left alone: what is no JSON in one row would end the question."""
    return column.kind == "json" and (dialect != "postgresql" or "json" in column.declared.lower())


def _ticks(table: TableEvidence) -> bool:
    return any(
        g.role == "tick" and g.confidence >= 0.5 for c in table.columns for g in guesses(table, c)
    )


def _inside(
    names: Sequence[str], holders: Sequence[str], rows: Sequence[tuple[Cell, ...]]
) -> dict[tuple[str, tuple[str, ...]], list[float | None]]:
    """Column and path → the number of each row, None where there is none."""
    found: dict[tuple[str, tuple[str, ...]], list[float | None]] = {}
    taken: dict[str, tuple[str, ...]] = {}
    for i, row in enumerate(rows):
        for name in holders:
            for path, value in _numbers(_object(row[names.index(name)])):
                called = ".".join((name, *path))
                if called not in names and taken.setdefault(called, path) == path:
                    found.setdefault((name, path), [None] * len(rows))[i] = value
    return found


def _object(text: Cell) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _numbers(
    value: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], float | None]]:
    """The numbers of an object by their paths; a key that no path can name is passed over."""
    if not isinstance(value, dict) or len(path) >= DEEPEST:
        return
    for key, item in value.items():
        if not key or any(sign in key for sign in '"\\\0'):
            continue
        if isinstance(item, int | float) and not isinstance(item, bool):
            yield (*path, key), float(item) if math.isfinite(item) else None
        else:
            yield from _numbers(item, (*path, key))


def _with(
    table: TableEvidence, inside: dict[tuple[str, tuple[str, ...]], list[float | None]]
) -> TableEvidence:
    columns = [
        replace(judged(".".join((of, *path)), "real", values), of=of, path=path)
        for (of, path), values in inside.items()
    ]
    sample = tuple(
        (*row, *(values[i] if i < len(values) else None for values in inside.values()))
        for i, row in enumerate(table.sample)
    )
    return replace(table, columns=(*table.columns, *columns), sample=sample)
