"""What a column accepts: rules for one value, and for a whole row, that name the field they refuse.

A rule takes a value and returns it as the database shall keep it, or raises `RefusedValue` with
what is wanted ("must be 0 or more"); the row check puts the field's name before it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import SupportsFloat

from sqlalchemy import Column, Float, Integer, Table

from telemetry.errors import RecordingError

Rule = Callable[[object], object]
_SHOWN = 60
_INT64 = 2**63


class RefusedValue(ValueError):
    """A value that a rule does not accept; its text continues "``field`` …"."""


def shown(value: object) -> str:
    """The value as an error quotes it, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def integer(minimum: int | None = None) -> Rule:
    """A whole number (of any integer type, also numpy's) that fits 64 bits; a float is refused."""

    def check(value: object) -> object:
        try:
            number = value if type(value) is int else operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            raise RefusedValue(f"must be a whole number, not {shown(value)}") from None
        if minimum is not None and number < minimum:
            raise RefusedValue(f"must be {minimum} or more, not {number}")
        if not -_INT64 <= number < _INT64:
            raise RefusedValue(f"must fit 64 bits, which {number} does not")
        return number

    return check


def real(minimum: float | None = None, *, infinite: bool = False) -> Rule:
    """A number that is not NaN, since a database would store NaN as "not recorded".

    ``infinite`` lets ±inf pass: a reservation price may be, a utility may not.
    """

    def check(value: object) -> object:
        number = value if type(value) is float else _as_float(value)
        if math.isnan(number):
            raise RefusedValue("must be a number, not NaN; give None for what is unknown")
        if minimum is not None and number < minimum:
            raise RefusedValue(f"must be {minimum:g} or more, not {number!r}")
        if not infinite and math.isinf(number):
            raise RefusedValue(f"must be finite, not {number!r}")
        return number

    return check


def _as_float(value: object) -> float:
    if isinstance(value, SupportsFloat) and not isinstance(value, str):
        try:
            return float(value)
        except (OverflowError, ValueError):
            pass
    raise RefusedValue(f"must be a number, not {shown(value)}")


def text() -> Rule:
    """Any text that can be written as UTF-8 and holds no NUL, which some databases refuse."""

    def check(value: object) -> object:
        if not isinstance(value, str):
            raise RefusedValue(f"must be text, not {shown(value)}")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise RefusedValue(f"must be valid Unicode text, not {shown(value)}") from None
        if "\0" in value:
            raise RefusedValue(f"must not contain a NUL character: {shown(value)}")
        return value

    return check


def choice(allowed: Iterable[str]) -> Rule:
    """One of a few words."""
    words = tuple(allowed)
    known = frozenset(words)

    def check(value: object) -> object:
        if not isinstance(value, str) or value not in known:
            raise RefusedValue(f"must be one of {', '.join(words)}, not {shown(value)}")
        return str(value)

    return check


def flag() -> Rule:
    """A yes or no, kept as 1 or 0."""

    def check(value: object) -> object:
        if value is True or value is False:
            return int(value)
        try:
            number = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            number = -1
        if number not in (0, 1):
            raise RefusedValue(f"must be true or false, not {shown(value)}")
        return number

    return check


class RowCheck:
    """The rules of one table: turns keyword values into a row, or names the field that is wrong.

    A column that is left out keeps the database's default; it is never filled in here. Columns
    in ``unwritten`` are accepted and dropped, so that they keep their defaults.
    """

    def __init__(
        self,
        table: Table,
        rules: Mapping[str, Rule],
        *,
        unwritten: Iterable[str] = (),
    ) -> None:
        self.table = table
        given = [column for column in table.columns if not column.primary_key]
        self._rules = [(c.name, rules.get(c.name) or _rule_of(c), _optional(c)) for c in given]
        self._names = frozenset(name for name, _, _ in self._rules)
        self._unwritten = frozenset(unwritten)

    def __call__(self, values: Mapping[str, object]) -> dict[str, object]:
        """The row, in the order of the table's columns.

        Raises `RecordingError` naming ``table.column`` for an unknown, missing or wrong field.
        """
        row: dict[str, object] = {}
        for name, rule, optional in self._rules:
            if name not in values:
                if not optional:
                    raise RecordingError(f"{self.table.name}.{name} is required; give it a value.")
                continue
            value = values[name]
            if value is not None:
                try:
                    value = rule(value)
                except RefusedValue as refusal:
                    raise RecordingError(f"{self.table.name}.{name} {refusal}.") from None
            elif not optional:
                raise RecordingError(f"{self.table.name}.{name} is required and must not be None.")
            if name not in self._unwritten:
                row[name] = value
        if len(values) > len(row):
            self._refuse_unknown(values)
        return row

    def _refuse_unknown(self, values: Mapping[str, object]) -> None:
        unknown = sorted(set(values) - self._names)
        if unknown:
            raise RecordingError(
                f"{self.table.name} has no column {unknown[0]}; "
                f"its columns are {', '.join(sorted(self._names))}."
            )


def _rule_of(column: Column[object]) -> Rule:
    if isinstance(column.type, Integer):
        return integer()
    return real() if isinstance(column.type, Float) else text()


def _optional(column: Column[object]) -> bool:
    return bool(column.nullable) or column.server_default is not None
