"""Statements with their values written out, to be pasted into the database's own shell."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

_INFINITE = {"sqlite": "9e999", "duckdb": "'infinity'::DOUBLE", "postgresql": "'infinity'::float8"}


def spelled(statement: sa.Select[Any], dialect: Dialect) -> str:
    """The SQL of `statement`, one clause a line, its values as literals of that database."""

    class Spelled(dialect.statement_compiler):  # type: ignore[name-defined,misc]
        def render_literal_value(self, value: Any, type_: Any) -> str:
            return literal(value, dialect.name)

        def render_bind_cast(self, type_: Any, dbapi_type: Any, sqltext: str) -> str:
            return sqltext  # only a driver's placeholder has to be told its type

    compiled = Spelled(_bare(dialect), statement, compile_kwargs={"literal_binds": True})
    return str(compiled)


def literal(value: object, dialect: str) -> str:
    """One value as a literal; no text can end its own quotes."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value)) if dialect == "sqlite" else str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        if value != value:
            return "NULL" if dialect == "sqlite" else "'NaN'::float8"
        return ("-" if value < 0 else "") + _INFINITE[dialect]
    if isinstance(value, int | float | Decimal):
        return repr(value) if not isinstance(value, Decimal) else format(value, "f")
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea" if dialect == "postgresql" else f"x'{value.hex()}'"
    if isinstance(value, datetime.date | datetime.datetime):
        value = value.isoformat()
    return "'" + str(value).replace("'", "''") + "'"


def _bare(dialect: Dialect) -> Dialect:
    """The dialect with placeholders that need no doubling of % in texts and operators."""
    kind: Any = type(dialect)
    bare: Dialect = kind(paramstyle="named")
    bare.statement_compiler = dialect.statement_compiler
    return bare
