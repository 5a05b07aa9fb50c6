"""What a filter may ask of a cell, as frozen values that know their canonical text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from telemetry.concepts import Cell, Kind
from telemetry.errors import FilterError
from telemetry.filters.numbers import compare_number, is_number_kind, number
from telemetry.filters.patterns import found
from telemetry.frozen import Frozen

Operator = Literal[">", ">=", "<", "<="]
SPECIAL_START = tuple('!=<>/"')


class Null(Frozen):
    """The cell is NULL."""

    def matches(self, cell: Cell, kind: Kind) -> bool:
        return cell is None

    def __str__(self) -> str:
        return "null"


class Equals(Frozen):
    """The cell is `value`: the same number on a number column, the same text elsewhere."""

    value: str

    def matches(self, cell: Cell, kind: Kind) -> bool:
        return _order(cell, self.value, kind) == 0

    def __str__(self) -> str:
        return _quoted(self.value)


class Compare(Frozen):
    """The cell lies on one side of `value`."""

    operator: Operator
    value: str

    def matches(self, cell: Cell, kind: Kind) -> bool:
        order = _order(cell, self.value, kind)
        if order is None:
            return False
        if order == 0:
            return self.operator in (">=", "<=")
        return (order > 0) == (self.operator in (">", ">="))

    def __str__(self) -> str:
        return self.operator + _quoted(self.value)


class Between(Frozen):
    """The cell lies from `low` to `high`, both included."""

    low: str
    high: str

    def matches(self, cell: Cell, kind: Kind) -> bool:
        above = _order(cell, self.low, kind)
        below = _order(cell, self.high, kind)
        return above is not None and below is not None and above >= 0 >= below

    def __str__(self) -> str:
        return f"{_quoted(self.low)}~{_quoted(self.high)}"


class Matches(Frozen):
    """The regular expression `pattern` (Python's) is found somewhere in the text of the cell."""

    pattern: str

    def matches(self, cell: Cell, kind: Kind) -> bool:
        return regexp(self.pattern, text_of(cell)) is True

    def __str__(self) -> str:
        return f"/{slashes(self.pattern, escape=True)}/"


class AnyOf(Frozen):
    """At least one of `terms` holds; never nested."""

    terms: tuple[Term, ...]

    def matches(self, cell: Cell, kind: Kind) -> bool:
        return any(term.matches(cell, kind) for term in self.terms)

    def __str__(self) -> str:
        return "|".join(map(str, self.terms))


class Not(Frozen):
    """The cell is there and `inner` does not hold: NULL matches only where asked for."""

    inner: Term | AnyOf

    def matches(self, cell: Cell, kind: Kind) -> bool:
        return cell is not None and not self.inner.matches(cell, kind)

    def __str__(self) -> str:
        return f"!{self.inner}"


Term = Null | Equals | Compare | Between | Matches
Expr = Term | AnyOf | Not


def terms(expr: Expr) -> Iterator[Term]:
    """The single conditions that `expr` is made of."""
    if isinstance(expr, Not):
        yield from terms(expr.inner)
    elif isinstance(expr, AnyOf):
        yield from expr.terms
    else:
        yield expr


def values(term: Term) -> tuple[str, ...]:
    if isinstance(term, Between):
        return (term.low, term.high)
    return (term.value,) if isinstance(term, Equals | Compare) else ()


def regexp(pattern: str, text: object) -> bool | None:
    """SQL's `text REGEXP pattern`: None for NULL, False for what is no text.

    FilterError where the pattern takes too long.
    """
    if text is None:
        return None
    return isinstance(text, str) and found(pattern, text)


def _order(cell: Cell, value: str, kind: Kind) -> int | None:
    """The sign of `cell` − `value`, None where they have no order."""
    if is_number_kind(kind):
        try:
            return compare_number(cell, number(value, kind), kind)
        except ValueError as error:
            raise FilterError(f"The filter “{value}” cannot be used, for {error}.") from None
    if cell is None:
        return None
    if isinstance(cell, bytes):
        return 1  # SQLite ranks bytes above every text
    text = text_of(cell) or ""
    return (text > value) - (text < value)


def text_of(cell: Cell) -> str | None:
    if cell is None or isinstance(cell, bytes):
        return None
    return str(int(cell)) if isinstance(cell, bool) else str(cell)


def slashes(pattern: str, *, escape: bool) -> str:
    """`pattern` with its bare slashes escaped, or its escaped slashes bare."""
    if escape:
        return re.sub(r"\\.|/", lambda m: "\\/" if m[0] == "/" else m[0], pattern, flags=re.S)
    return re.sub(r"\\.", lambda m: "/" if m[0] == "\\/" else m[0], pattern, flags=re.S)


def _quoted(value: str) -> str:
    """`value` as the grammar writes it, in quotes only where it would mean something else."""
    plain = (
        value
        and value == value.strip()
        and not value.startswith(SPECIAL_START)
        and value.lower() != "null"
        and "|" not in value
        and "~" not in value
    )
    return value if plain else '"' + value.replace('"', '""') + '"'
