"""Sums of parts put together: counts, sums and extremes of many rows by the place of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from telemetry.concepts import Ints

Cells = list[tuple[int, Any]]
"""How many values, and their sum or extreme (None: of nothing)."""


def fold(
    place: Ints, size: int, counts: Sequence[int], totals: Sequence[Any] | None, function: str
) -> Cells:
    """For each of `size` places what its rows come to; integers and decimals stay exact."""
    number = np.zeros(size, np.int64)
    np.add.at(number, place, np.array(counts, np.int64))
    found: list[Any] = [None] * size
    for at, total in zip(place.tolist(), totals or (), strict=False):
        if total is None or (isinstance(total, float) and math.isnan(total)):
            continue
        found[at] = total if found[at] is None else _of(found[at], total, function)
    return list(zip(number.tolist(), found, strict=True))


def whole_of(parts: Cells, states: int, function: str) -> Cells:
    """The parts of all groups together, state by state; `parts` lists group after group."""
    place = np.arange(len(parts)) % states
    return fold(place, states, [n for n, _ in parts], [t for _, t in parts], function)


def _of(one: Any, other: Any, function: str) -> Any:
    if function == "min":
        return min(one, other)
    return max(one, other) if function == "max" else one + other
