"""Numbers of the filter grammar: exact fractions from text, and how a cell compares with one."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from telemetry.concepts import Cell, Kind

Number = Fraction | float
"""An exact value; a float only for ±inf."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
_INFINITY = re.compile(r"([+-]?)inf(?:inity)?", re.IGNORECASE)
_FLAGS = {"true": Fraction(1), "false": Fraction(0)}
_LARGEST = Fraction(2) ** 1024
_LONGEST = 400


def is_number_kind(kind: Kind) -> bool:
    """Whether values of a filter on such a column must be numbers."""
    return kind in ("int", "real", "flag")


@lru_cache(maxsize=4096)
def number(text: str, kind: Kind) -> Number:
    """The exact number that `text` writes; ValueError, ending a sentence, where it is none.

    ASCII digits with sign, point and exponent, or ±inf; true and false on flags. NaN is refused:
    it equals nothing, and a database stores it as NULL.
    """
    if kind == "flag" and text.lower() in _FLAGS:
        return _FLAGS[text.lower()]
    infinity = _INFINITY.fullmatch(text)
    if infinity is not None:
        return -math.inf if infinity[1] == "-" else math.inf
    if text.lower().lstrip("+-") == "nan":
        raise ValueError("nan equals nothing: write null for values that are not there")
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("that is no number: write one such as 5, >0.5 or 2~4")
    value = Decimal(text)
    if len(text) > _LONGEST or (value and abs(value.adjusted()) > _LONGEST):
        raise ValueError("no column stores such a number: write a shorter one, 0 or inf")
    exact = Fraction(value)
    if abs(exact) >= _LARGEST:
        raise ValueError("no column stores so large a number: write inf or -inf")
    return exact


def nearest(value: Number) -> float:
    """The double that a database stores for `value`; ±inf beyond the largest."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def compare_number(cell: Cell, value: Number, kind: Kind) -> int | None:
    """The sign of `cell` − `value`, None where they have no order (NULL, NaN).

    As SQL does it: stored doubles meet the nearest double, integers and Decimals the exact
    value, and text or bytes that sit in a number column rank above every number.
    """
    if cell is None:
        return None
    if isinstance(cell, str | bytes):
        return 1
    if isinstance(cell, Decimal):
        if cell.is_nan():
            return None
        return _sign(float(cell) if cell.is_infinite() else Fraction(cell), value)
    if isinstance(cell, float):
        return None if math.isnan(cell) else _sign(cell, nearest(value))
    return _sign(cell, nearest(value) if kind == "real" else value)


def _sign(left: Fraction | float | int, right: Fraction | float) -> int:
    return (left > right) - (left < right)
