"""TRY_CAST to a number for engines that have none: NULL where a text is no number."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import TryCast

NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*$"


@compiles(TryCast, "sqlite")
def _in_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    """Numbers as they are; a text that SQLite itself would make 0 is none."""
    value = element.clause
    written = sa.type_coerce(value, sa.Text)
    kind = sa.func.typeof(value)
    case = sa.case(
        (kind.in_(("integer", "real")), value),
        (sa.and_(kind == "text", written.regexp_match(NUMBER)), sa.cast(value, element.type)),
        else_=sa.null(),
    )
    told: str = compiler.process(case, **kw)
    return told


@compiles(TryCast, "postgresql")
def _in_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    written = sa.cast(element.clause, sa.Text)
    number = sa.cast(written, element.type)
    told: str = compiler.process(sa.case((written.regexp_match(NUMBER), number)), **kw)
    return told


def try_number(element: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The element as a double; NULL where it is a text that is no number."""
    return sa.try_cast(element, sa.Double())
