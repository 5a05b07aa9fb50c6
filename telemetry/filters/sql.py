"""Filter value → SQL condition, in which every value is a bound parameter."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Enum,
    Float,
    Integer,
    String,
    and_,
    cast,
    false,
    literal,
    not_,
    or_,
)

from telemetry.concepts import Kind
from telemetry.filters import check
from telemetry.filters.numbers import Number, is_number_kind, nearest, number
from telemetry.filters.terms import (
    AnyOf,
    Between,
    Compare,
    Equals,
    Expr,
    Matches,
    Not,
    Null,
    Operator,
)

_INT64 = range(-(2**63), 2**63)


def condition(
    expr: Expr, element: ColumnElement[Any], kind: Kind, scale: int
) -> ColumnElement[bool]:
    """`expr` on `element`, whose stored numbers are `scale` times what the filter writes."""
    check(expr, kind, str(getattr(element, "name", None) or "this column"))
    return _condition(expr, _operand(element, kind), kind, scale)


def _condition(
    expr: Expr, element: ColumnElement[Any], kind: Kind, scale: int
) -> ColumnElement[bool]:
    match expr:
        case Null():
            return element.is_(None)
        case Not(inner):
            return and_(element.is_not(None), not_(_condition(inner, element, kind, scale)))
        case AnyOf(terms) if not is_number_kind(kind) and all(isinstance(t, Equals) for t in terms):
            texts = [term.value for term in terms if isinstance(term, Equals)]
            return element.in_([literal(text, String()) for text in texts])  # looks at it once
        case AnyOf(terms):
            return or_(*(_condition(term, element, kind, scale) for term in terms))
        case Matches(pattern):
            return element.regexp_match(literal(pattern, String()))
        case Between(low, high):
            return and_(
                _compared(element, ">=", low, kind, scale),
                _compared(element, "<=", high, kind, scale),
            )
        case Equals(value):
            return _compared(element, "=", value, kind, scale)
        case Compare(operator, value):
            return _compared(element, operator, value, kind, scale)


def _operand(element: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
    """`element` as something that compares with numbers, or with text, in every dialect."""
    if is_number_kind(kind):
        return cast(element, Integer()) if isinstance(element.type, Boolean) else element
    plain = isinstance(element.type, String) and not isinstance(element.type, Enum)
    return element if plain else cast(element, String())


def _compared(
    element: ColumnElement[Any],
    operator: Operator | str,
    value: str,
    kind: Kind,
    scale: int,
) -> ColumnElement[bool]:
    if not is_number_kind(kind):
        return _operation(element, operator, literal(value, String()))
    stored = _stored(number(value, kind), scale)
    if isinstance(stored, Fraction) and (kind != "real" or scale != 1):
        if stored.denominator == 1 and int(stored) in _INT64:
            return _operation(element, operator, literal(int(stored), Integer()))
        if stored.denominator != 1 and nearest(stored).is_integer():
            return _beside_whole(element, operator, stored)
    return _operation(element, operator, literal(nearest(stored), Float()))


def _stored(value: Number, scale: int) -> Number:
    return value * scale if isinstance(value, Fraction) else value


def _beside_whole(
    element: ColumnElement[Any], operator: Operator | str, value: Fraction
) -> ColumnElement[bool]:
    """Compare whole numbers with a fraction so close to one that no double tells them apart."""
    if operator == "=":
        return and_(element.is_not(None), false())
    up = operator in (">=", "<")
    whole = math.ceil(value) if up else math.floor(value)
    bound: int | float = whole if whole in _INT64 else nearest(Fraction(whole))
    kind = Integer() if isinstance(bound, int) else Float()
    return _operation(element, operator, literal(bound, kind))


def _operation(
    element: ColumnElement[Any], operator: Operator | str, bound: ColumnElement[Any]
) -> ColumnElement[bool]:
    match operator:
        case ">":
            return element > bound
        case ">=":
            return element >= bound
        case "<":
            return element < bound
        case "<=":
            return element <= bound
    return element == bound
