"""The filter grammar of every table, the Library and the command line: text ⇄ value ⇄ SQL.

    5   =5   !=5   >5   >=5   <5   <=5     2~4           from 2 to 4, both included
    A<->M   A<->M|B<->M   !A<->B           any of; `!` in front excludes the whole list
    /regex/   !/regex/                     found anywhere in the text; `\\/` is a slash
    null   !null                           not there; there
    "null"   ""   "a|b"   "so ""it"" is"   in double quotes: just this text

NULL is matched by `null` alone: as in SQL, neither a comparison nor `!5` holds for it.
Space around values does not count. Text columns compare text, by code point.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from telemetry.concepts import Cell, Kind
from telemetry.errors import FilterError
from telemetry.filters.numbers import is_number_kind, number
from telemetry.filters.parser import MAX_ALTERNATIVES, MAX_PATTERN, Parser
from telemetry.filters.terms import (
    AnyOf,
    Between,
    Compare,
    Equals,
    Expr,
    Matches,
    Not,
    Null,
    Term,
    regexp,
    terms,
    text_of,
    values,
)
from telemetry.frozen import Frozen

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

__all__ = [
    "MAX_ALTERNATIVES",
    "MAX_PATTERN",
    "AnyOf",
    "Between",
    "Compare",
    "Equals",
    "Expr",
    "Filter",
    "Matches",
    "Not",
    "Null",
    "Term",
    "check",
    "parse_assignment",
    "regexp",
    "to_sql",
]


class Filter(Frozen):
    """What the cells of one column must satisfy. Whether its values suit the column's kind is
    known only to `check`, which a caller runs as soon as it knows the column."""

    column: str
    expr: Expr

    @classmethod
    def parse(cls, column: str, text: str) -> Filter:
        """The filter that `text` writes; FilterError with one sentence where it writes none."""
        try:
            return cls(column, Parser(text).expression())
        except ValueError as error:
            raise _error(column, text, str(error)) from None

    @classmethod
    def any_of(cls, column: str, cells: Iterable[Cell]) -> Filter:
        """The filter that lets exactly these cells pass (facets); None is NULL."""
        terms = tuple(Null() if cell is None else Equals(text_of(cell) or "") for cell in cells)
        if not terms or len(terms) > MAX_ALTERNATIVES:
            raise _error(column, "", f"must name 1 to {MAX_ALTERNATIVES} values")
        return cls(column, terms[0] if len(terms) == 1 else AnyOf(terms))

    def check(self, kind: Kind) -> None:
        """Raise FilterError where a value does not suit a column of this kind."""
        check(self.expr, kind, self.column)

    def __str__(self) -> str:
        return f"{self.column}={self.expr}"


def to_sql(
    wanted: Filter | Expr, element: ColumnElement[Any], kind: Kind, scale: int = 1
) -> ColumnElement[bool]:
    """`wanted` as a condition on `element`; values become bound parameters, never SQL text.

    `scale`: what one unit is stored as (10000 where 1.4389 is stored as 14389); numbers are
    multiplied by it exactly. FilterError where a value does not suit `kind`.
    """
    from telemetry.filters.sql import condition  # SQLAlchemy is slow to load; --help needs none

    if isinstance(wanted, Filter):
        wanted.check(kind)
        return condition(wanted.expr, element, kind, scale)
    return condition(wanted, element, kind, scale)


def check(expr: Expr, kind: Kind, column: str = "this column") -> None:
    """Raise FilterError where a value of `expr` does not suit a column of this kind."""
    if not is_number_kind(kind):
        return
    for term in terms(expr):
        if isinstance(term, Matches):
            raise _error(
                column, str(expr), "seeks a pattern among numbers: write one such as 5 or 2~4"
            )
        try:
            numbers = [number(value, kind) for value in values(term)]
        except ValueError as error:
            raise _error(column, str(expr), f"cannot be used, for {error}") from None
        if isinstance(term, Between) and numbers[0] > numbers[1]:
            raise _error(column, str(expr), f"ends before it begins: write {term.high}~{term.low}")


def parse_assignment(text: str) -> tuple[str, str]:
    """`"COLUMN=EXPR"` as (column, filter text), split at the first `=`.

    So `dM=>0` is the filter `>0` on dM, and `price=!null` is `!null` on price.
    """
    column, equals, rest = text.partition("=")
    column = column.strip()
    if not equals or not column or column[-1] in "<>!":
        raise FilterError(
            f"The filter {_clipped(text)} is not COLUMN=EXPR: write for example price=>0, "
            "tick=2~4 or mode=!forage.",
            text=text,
        )
    return column, rest


def _error(column: str, text: str, what: str) -> FilterError:
    shown = f" {_clipped(text)}" if text else ""
    return FilterError(f"The filter{shown} on {column} {what}.", column=column, text=text)


def _clipped(text: str) -> str:
    shown = text if len(text) <= 60 else text[:59] + "…"
    return ascii(shown) if not shown.isprintable() else f"“{shown}”"
