"""Stored values to cells and floats: exact scaling, and NaN for what is no number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from telemetry.concepts import AgentId, Cell, Floats
from telemetry.values import cell

__all__ = ["cell", "decimal_cell", "floats", "scaled"]
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\s*")


def whole(value: Any) -> int | None:
    """A tick as whole number, None for what is none (NULL, text, a fraction)."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    return None


def agent_of(value: Any) -> AgentId:
    """An agent's id as it is; one that went through floating point is whole again."""
    if isinstance(value, int | str):
        return value
    number = whole(value)
    return str(value) if number is None else number


def decimal_cell(value: Any) -> Cell:
    """A number written as text as the exact Decimal; what is no number stays as it is."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value) is None:
        return cell(value)
    return Decimal(value.strip())


def scaled(value: Any, scale: int) -> Cell:
    """A stored integer divided by `scale`, exact (Decimal); anything else as a cell."""
    if scale == 1 or isinstance(value, bool) or not isinstance(value, int | Decimal):
        if scale != 1 and isinstance(value, float) and math.isfinite(value):
            return value / scale
        return cell(value)
    return Decimal(value) / scale


def floats(values: Iterable[Any], scale: int = 1) -> tuple[Floats, int]:
    """float64 of `values`, NULL as NaN, and how many values were no numbers (NaN as well)."""
    import numpy as np

    listed = values if isinstance(values, list | tuple) else list(values)
    try:
        array = np.array(listed, dtype=np.float64)
        odd = 0
    except (TypeError, ValueError, OverflowError):
        array, odd = _one_by_one(listed)
    return (array / scale if scale != 1 else array), odd


def _one_by_one(values: list[Any] | tuple[Any, ...]) -> tuple[Floats, int]:
    import numpy as np

    array = np.full(len(values), np.nan)
    odd = 0
    for i, value in enumerate(values):
        if value is None:
            continue
        if isinstance(value, int | float | Decimal):
            try:
                array[i] = float(value)
            except OverflowError:
                array[i] = math.inf if value > 0 else -math.inf
        else:
            odd += 1
    return array, odd
