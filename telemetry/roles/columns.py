"""Columns of a mapped table as declarations: labels, kinds, roles, what is shown at first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Kind, Word
from telemetry.families.vocabulary import Columns, ColumnSpec
from telemetry.roles.evidence import ColumnEvidence, TableEvidence
from telemetry.roles.mapping import TableRoles
from telemetry.roles.words import PLAIN, SECRET, label_of

_NO_COLUMN_ROLE = (PLAIN, SECRET, "measure", "run_measure", "state", "measure_name", "value",
                   "no_value")  # fmt: skip
_FACETS = ("agent", "buyer", "seller", "counterparty", "pair", "direction", "result", "reason",
           "event", "kind", "status", "mode", "regime", "measure_name", "state")  # fmt: skip
_TEXTS = ("run", "agent", "buyer", "seller", "counterparty", "name", "experiment")
_EPOCH = 10**8
"""Seconds since 1970; less is no time by the clock."""
_SUCCESS = frozenset(("success", "succeeded", "successful", "ok", "true", "accepted", "filled",
                      "complete", "completed", "done", "executed", "passed", "settled", "traded",
                      "yes", "1"))  # fmt: skip
_DECLARED: tuple[tuple[str, Kind], ...] = (
    ("bool", "flag"), ("int", "int"), ("serial", "int"), ("real", "real"), ("float", "real"),
    ("double", "real"), ("numeric", "real"), ("decimal", "real"), ("json", "json"),
    ("time", "time"), ("date", "time"),
)  # fmt: skip
_TYPES: dict[str, Any] = {
    "int": sa.BigInteger(), "real": sa.Double(), "text": sa.Text(), "time": sa.types.NullType(),
    "json": sa.types.NullType(), "flag": sa.types.NullType(),
}  # fmt: skip
_ODD = ("uuid", "[]", "struct", "map(", "enum", "interval", "inet", "cidr", "xml", "point",
        "tsvector", "union", "hugeint", "bit")  # fmt: skip
"""Types of servers that nothing else here can compare: they are read as their text."""


def kind_of(column: ColumnEvidence) -> Kind:
    """The kind of a column: as its values are, where there are any, else as it is declared."""
    if column.kind == "blob":
        return "text"
    if column.kind:
        found: Kind = column.kind  # type: ignore[assignment]
        return found
    low = column.declared.lower()
    return next((kind for word, kind in _DECLARED if word in low), "text")


def type_of(column: ColumnEvidence, dialect: str) -> Any:
    """The type that statements give the column."""
    kind = kind_of(column)
    if column.written:
        return sa.Text()
    if dialect != "sqlite" and kind == "time" and "timestamp" in column.declared.lower():
        return sa.DateTime()
    if dialect != "sqlite" and kind == "flag":
        return sa.Boolean()
    return _TYPES[kind]


def odd(column: ColumnEvidence, role: str, dialect: str) -> sa.types.TypeEngine[Any] | None:
    """The type that the column has to be read as, where it cannot be used as it is stored."""
    low = column.declared.lower()
    if dialect != "sqlite" and any(word in low for word in _ODD) and "point" not in low[-9:]:
        return sa.Text()
    if role == "tick" and column.written:
        return sa.BigInteger()
    if role in ("run", "agent", "buyer", "seller") and column.kind not in ("int", "text", ""):
        return sa.Text()
    return None


def model_of(table: TableEvidence, metadata: sa.MetaData, dialect: str) -> sa.Table:
    """The stored table with the types that its columns are read as."""
    columns = [sa.Column(c.name, type_of(c, dialect)) for c in table.columns if not c.of]
    return sa.Table(table.name, metadata, *columns)


def specs_of(table: TableEvidence, own: TableRoles, dialect: str) -> tuple[ColumnSpec, ...]:
    """A declaration for each column but the secret ones."""
    return tuple(
        _spec(table, column, own.columns.get(column.name, PLAIN), own.kind, dialect)
        for column in columns_of(table, own)
        if own.columns.get(column.name) != SECRET
    )


def columns_of(table: TableEvidence, own: TableRoles) -> tuple[ColumnEvidence, ...]:
    """The columns of a table; of numbers inside JSON those that play a role."""
    return tuple(c for c in table.columns if not c.of or own.columns.get(c.name, PLAIN) != PLAIN)


def _spec(
    table: TableEvidence, column: ColumnEvidence, role: str, kind: str, dialect: str
) -> ColumnSpec:
    cast = odd(column, role, dialect)
    is_key = table.keys.primary == (column.name,) and role == PLAIN
    told = None if role in _NO_COLUMN_ROLE else role
    runs = kind == "runs"
    few = bool(column.words) and column.repeated and column.nulls != column.rows
    as_text = isinstance(cast, sa.Text) or (role in _TEXTS and column.written)
    own_kind: Kind = "int" if isinstance(cast, sa.BigInteger) else kind_of(column)
    if role in ("start", "end") and own_kind == "int" and column.high > _EPOCH:
        return _clock(table.name, column, role, dialect)
    return ColumnSpec(
        column.name,
        label_of(column.name),
        "text" if as_text else own_kind,
        role="key" if is_key and not runs else told,
        visible=runs or not (role in ("run", "payload") or is_key),
        facet=role in _FACETS or (few and role == PLAIN and kind_of(column) in ("text", "flag")),
        decimal_text=column.written and not as_text and cast is None,
        words=_words(column) if role == "result" else (),
        help="" if column.kind or not column.rows else "Empty in every row looked at.",
    )


def _clock(table: str, column: ColumnEvidence, role: str, dialect: str) -> ColumnSpec:
    """Seconds (or thousandths …) since 1970 as the time that they mean."""
    unit = next((u for u in (10**9, 10**6, 10**3) if column.high > _EPOCH * u), 1)

    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        seconds = columns.column(table, column.name) // unit
        if dialect == "sqlite":
            return sa.func.strftime("%Y-%m-%dT%H:%M:%S", seconds, "unixepoch")
        if dialect == "duckdb":
            return sa.func.strftime(sa.func.make_timestamp(seconds * 10**6), "%Y-%m-%dT%H:%M:%S")
        at = sa.func.timezone("UTC", sa.func.to_timestamp(seconds))
        return sa.func.to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS')

    return ColumnSpec(
        column.name, f"{label_of(column.name)} (UTC)", "time", role=role, derive=derive,
    )  # fmt: skip


def _words(column: ColumnEvidence) -> tuple[Word, ...]:
    """The texts of a result that mean success."""
    texts = column.words or tuple(str(value) for value in column.shown)
    return tuple(Word(text, "success") for text in texts if text.lower() in _SUCCESS)
