"""Rules for one value of a column: what is accepted, and what must be given instead.

A rule takes a value and returns it as the database shall keep it, or raises `RefusedValue` with
what is wanted ("must be 0 or more"); the row check puts the field's name before it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, SupportsFloat

from telemetry.frozen import Frozen, field

_SHOWN = 60
_INT64 = 2**63


class RefusedValue(ValueError):
    """A value that a rule does not accept; its text continues "``field`` …"."""


class Rule(Frozen):
    """What one column accepts.

    `check` decides about any value. `plain` is a Python expression over ``{v}`` (and the names in
    `words`) that is true only of values for which `check` returns what `taken` makes of them;
    `plain_column` is true only of columns, without None, that `check` would not change. They are
    the quick ways past `check`; a test compares them. None is never a rule's matter.
    """

    check: Callable[[object], object]
    plain: str = "False"
    taken: str = "{v}"
    words: Mapping[str, object] = field(default_factory=dict)
    plain_column: Callable[[Sequence[Any]], bool] = lambda _values: False

    def __call__(self, value: object) -> object:
        return self.check(value)


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

    least = -_INT64 if minimum is None else minimum

    def plain_column(values: Sequence[Any]) -> bool:
        return _all_of(int, values) and min(values) >= least and max(values) < _INT64

    return Rule(
        check, f"type({{v}}) is int and {least} <= {{v}} < {_INT64}", plain_column=plain_column
    )


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

    least = -math.inf if minimum is None else minimum
    # NaN is not itself, and neither NaN nor an infinity less itself is 0.
    known = "{v} == {v}" if infinite else "{v} - {v} == 0.0"
    bounded = "" if minimum is None else " and LEAST <= {v}"
    return Rule(
        check,
        f"type({{v}}) is float and {known}{bounded}",
        words={"LEAST": least},
        # A sum is finite only where every term is; inf or an overflow is left to `check`.
        plain_column=lambda values: (
            _all_of(float, values) and math.isfinite(sum(values)) and min(values) >= least
        ),
    )


def exact(minimum: Decimal | None = None, *, digits: int = 8, places: int = 8) -> Rule:
    """A Decimal with at most `places` decimals and `digits` digits before them; floats refused.

    Whole numbers and text of a number are taken too, since nothing is lost by them.
    """

    def check(value: object) -> object:
        if isinstance(value, bool | float) or not isinstance(value, Decimal | int | str):
            raise RefusedValue(f"must be a Decimal, not {shown(value)}")
        try:
            number = Decimal(value)
        except ArithmeticError:
            raise RefusedValue(f"must be a decimal number, not {shown(value)}") from None
        if not number.is_finite():
            raise RefusedValue(f"must be a finite number, not {number}")
        if minimum is not None and number < minimum:
            raise RefusedValue(f"must be {minimum} or more, not {number}")
        if number.adjusted() >= digits and number:
            raise RefusedValue(f"must be below 10^{digits}, not {shown(value)}")
        if number != round(number, places):
            raise RefusedValue(f"must have at most {places} decimals, not {shown(value)}")
        return number

    return Rule(check)


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

    def plain_column(values: Sequence[Any]) -> bool:
        if not _all_of(str, values):
            return False
        return all(map(str.isascii, values)) and "\0" not in "".join(values)

    return Rule(
        check,
        "type({v}) is str and {v}.isascii() and NUL not in {v}",
        words={"NUL": "\0"},
        plain_column=plain_column,
    )


def choice(allowed: Iterable[str]) -> Rule:
    """One of a few words."""
    ordered = tuple(allowed)
    known = frozenset(ordered)

    def check(value: object) -> object:
        if not isinstance(value, str) or value not in known:
            raise RefusedValue(f"must be one of {', '.join(ordered)}, not {shown(value)}")
        return str(value)

    return Rule(
        check,
        "type({v}) is str and {v} in KNOWN",
        words={"KNOWN": known},
        plain_column=lambda values: _all_of(str, values) and known.issuperset(values),
    )


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

    return Rule(
        check,
        "(type({v}) is bool or type({v}) is int and 0 <= {v} <= 1)",
        "+{v}",
        plain_column=lambda values: _all_of(int, values) and min(values) >= 0 and max(values) <= 1,
    )


def _all_of(kind: type, values: Sequence[Any]) -> bool:
    return set(map(type, values)) == {kind}


def _as_float(value: object) -> float:
    if isinstance(value, SupportsFloat) and not isinstance(value, str):
        try:
            return float(value)
        except (OverflowError, ValueError):
            pass
    raise RefusedValue(f"must be a number, not {shown(value)}")
