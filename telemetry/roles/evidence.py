"""Evidence: what names, keys and a few hundred rows tell of each column of a database."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping as Map
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell
from telemetry.engines import Database, Shape
from telemetry.engines.keys import Keys, keys_of
from telemetry.frozen import Frozen
from telemetry.values import cell

SAMPLE = 300
"""Rows that are read of a large table from its beginning …"""
TAIL = 100
"""… and from its end, where the engine numbers the rows; of a table no larger, all of them."""
_LETTERS = 160
"""What is read of a long text."""
_WORDS = 12
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?")
_NUMBERS = ("int", "real", "floa", "doub", "numeric", "decimal", "bool", "date")
_LAST: Any = sa.func.max(sa.literal_column("rowid"))
_LONG = ("char", "text", "clob", "json", "blob", "bytea", "binary", "struct", "map", "[]", "list")


class ColumnEvidence(Frozen):
    """What is known of a column: its declared type, and what the rows that were read hold.

    `kind` is "int", "real", "text", "flag", "time", "json", "blob" or "" where every value read is
    NULL; numbers that are written as text count as numbers and set `written`. `rising`: never
    falls from row to row; `repeated`: some value occurs twice. `words` are all distinct texts
    where they are few, `shown` a few values as they are, long ones cut.
    """

    name: str
    declared: str
    kind: str = ""
    written: bool = False
    rows: int = 0
    nulls: int = 0
    distinct: int = 0
    rising: bool = False
    low: float = 0.0
    high: float = 0.0
    words: tuple[str, ...] = ()
    shown: tuple[Cell, ...] = ()
    of: str = ""
    path: tuple[str, ...] = ()
    """The JSON column that a number is inside of, and where: such a column is not stored."""

    @property
    def number(self) -> bool:
        return self.kind in ("int", "real")

    @property
    def repeated(self) -> bool:
        return self.distinct < self.rows - self.nulls


class TableEvidence(Frozen):
    """A table: its columns and keys, the rows that were read and whether these are all of them.

    `numbered`: the engine gives its rows numbers (rowid); `last` is the number of the last one, so
    that there are no more rows than that (None: not known). In `sample` long texts are cut.
    """

    name: str
    columns: tuple[ColumnEvidence, ...]
    keys: Keys
    sample: tuple[tuple[Cell, ...], ...] = ()
    complete: bool = False
    numbered: bool = False
    indices: tuple[tuple[str, ...], ...] = ()
    last: int | None = None

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return len(self.sample)

    def column(self, name: str) -> ColumnEvidence | None:
        return next((c for c in self.columns if c.name == name), None)

    def same_within(self, name: str, *group: str) -> bool:
        """Whether rows that are equal in the columns `group` are equal in `name`, as far as read.

        False where no two rows are equal in `group`.
        """
        places = [i for i, c in enumerate(self.columns) if c.name in group]
        own = next(i for i, c in enumerate(self.columns) if c.name == name)
        seen: dict[tuple[Cell, ...], Cell] = {}
        for row in self.sample:
            if seen.setdefault(tuple(row[i] for i in places), row[own]) != row[own]:
                return False
        return 1 < len(seen) < len(self.sample)


def read_evidence(database: Database, shape: Shape) -> tuple[TableEvidence, ...]:
    """Look at the beginning and the end of every table; views of a server are not looked into.

    What cannot be read (a broken view) is told by its names alone.
    """
    found = []
    with database.connection() as connection:
        keys = keys_of(connection, shape)
        for name, columns in shape.tables.items():
            own = keys.get(name, Keys())
            dear = own.view and database.engine_label != "files"  # a view may be any amount of work
            no = (False, None)
            numbered, last = no if own.view else _numbers(connection, name, columns)
            rows, complete = ([], False) if dear else _sample(connection, name, columns, numbered)
            told = [c for c in columns if c != "rowid"]
            found.append(
                TableEvidence(
                    name,
                    tuple(
                        judged(column, columns[column], [row[i] for row in rows])
                        for i, column in enumerate(told)
                    ),
                    own,
                    tuple(tuple(cell(value) for value in row) for row in rows),
                    complete,
                    numbered,
                    shape.indices.get(name, ()),
                    last,
                )
            )
    return tuple(found)


def _numbers(connection: sa.Connection, table: str, columns: Any) -> tuple[bool, int | None]:
    """Whether the engine numbers the rows, and the highest number, which SQLite finds at once."""
    if connection.dialect.name == "duckdb":
        return "rowid" in columns, None
    if connection.dialect.name != "sqlite" or any(c.lower() == "rowid" for c in columns):
        return False, None
    with suppress(sa.exc.DBAPIError):  # a table WITHOUT ROWID
        (found,) = _rows(connection, sa.select(_LAST), table, 1)[0]
        return True, int(found or 0)
    return False, None


def sampled(
    connection: sa.Connection, table: TableEvidence, columns: Any, letters: dict[str, int]
) -> list[tuple[Any, ...]]:
    """The same rows once more, with so many letters of some columns."""
    return _sample(connection, table.name, columns, table.numbered, letters)[0]


def _sample(
    connection: sa.Connection,
    table: str,
    columns: Any,
    numbered: bool,
    letters: Map[str, int] = MappingProxyType({}),
) -> tuple[list[tuple[Any, ...]], bool]:
    """Rows of the beginning and of the end, and whether these are all that there are."""
    own = sa.table(table, *(sa.column(c) for c in columns))
    dialect = connection.dialect.name
    told = [
        _short(own.c[c], str(columns[c]).lower(), dialect, letters.get(c, _LETTERS))
        for c in columns
        if c != "rowid"
    ]
    statement: sa.Select[Any] = sa.select(*(e.label(f"c{i}") for i, e in enumerate(told)))
    try:
        # On a server one table that may not be read must not end the transaction.
        with connection.begin_nested() if dialect == "postgresql" else nullcontext():
            rows = _rows(connection, statement, own, SAMPLE + TAIL + 1)
            if len(rows) <= SAMPLE + TAIL:
                return rows, True
            rows = rows[:SAMPLE]
            if numbered and dialect == "sqlite":
                last: Any = sa.literal_column("rowid").desc()
                rows += reversed(_rows(connection, statement.order_by(last), own, TAIL))
    except sa.exc.DBAPIError:
        return [], False
    return rows, False


def _rows(
    connection: sa.Connection, statement: sa.Select[Any], table: Any, limit: int
) -> list[tuple[Any, ...]]:
    source = sa.table(table) if isinstance(table, str) else table
    found = connection.execute(statement.select_from(source).limit(limit)).fetchall()
    return [tuple(row) for row in found]


def _short(
    column: sa.ColumnElement[Any], declared: str, dialect: str, letters: int
) -> sa.ColumnElement[Any]:
    """The column with no more of a long value than tells its kind."""
    long = any(word in declared for word in _LONG)
    if dialect == "sqlite":  # any column may hold anything, but one of numbers nothing long
        if any(word in declared for word in _NUMBERS):
            return column
        kind = sa.func.typeof(column)
        cut = sa.func.substr(column, 1, letters)
        return sa.case((kind == "text", cut), (kind == "blob", sa.func.zeroblob(1)), else_=column)
    if "blob" in declared or "bytea" in declared:
        return sa.case((column.is_not(None), sa.literal(b"\0")), else_=None)
    return sa.func.substr(sa.cast(column, sa.Text), 1, letters) if long else column


def judged(name: str, declared: str, values: Sequence[Any]) -> ColumnEvidence:
    """What values tell of a column."""
    cells = [cell(value) for value in values]
    filled = [c for c in cells if c is not None]
    kind, written = _kind(filled, declared)
    distinct = len(set(filled))
    numbers: list[float] = []
    if kind in ("int", "real"):
        numbers = [_float(c) for c in filled]
    texts = {str(c) for c in filled} if kind in ("text", "flag") else set()
    return ColumnEvidence(
        name,
        declared,
        kind,
        written,
        len(cells),
        len(cells) - len(filled),
        distinct,
        bool(numbers) and all(a <= b for a, b in pairwise(numbers)),
        min(numbers, default=0.0),
        max(numbers, default=0.0),
        tuple(sorted(texts)) if len(texts) <= _WORDS else (),
        tuple(dict.fromkeys(filled))[:4],
    )


def _kind(filled: Sequence[Cell], declared: str) -> tuple[str, bool]:
    """The kind of the values, and whether they are numbers written as text."""
    if not filled:
        return "", False
    if any(isinstance(c, bytes) for c in filled):
        return "blob", False
    if all(isinstance(c, str) for c in filled):
        return _kind_of_texts([str(c) for c in filled], declared)
    if all(isinstance(c, bool) for c in filled) or "bool" in declared.lower():
        return "flag", False
    if any(isinstance(c, str) for c in filled):
        return "text", False
    whole = all(isinstance(c, int) or _is_whole(c) for c in filled)
    return ("int" if whole and not _real(declared) else "real"), False


def _kind_of_texts(texts: Sequence[str], declared: str) -> tuple[str, bool]:
    if all(_NUMBER.fullmatch(text.strip()) for text in texts):
        whole = all(re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) for text in texts)
        return ("int" if whole else "real"), True
    if all(_TIME.fullmatch(text) for text in texts) or "time" in declared.lower():
        return "time", False
    begun = [text.lstrip()[:1] in ("{", "[") for text in texts]
    if "json" in declared.lower() or (all(begun) and _decodes(texts[0])):
        return "json", False
    return "text", False


def _decodes(text: str) -> bool:
    if len(text) >= _LETTERS:  # cut off: its beginning has to do
        return True
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_whole(value: Cell) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return isinstance(value, float) and value.is_integer()


def _real(declared: str) -> bool:
    low = declared.lower()
    return any(word in low for word in ("real", "float", "double", "numeric", "decimal"))
