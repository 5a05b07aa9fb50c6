"""Legends below charts: where their entries stand when one line is too short for them."""

from __future__ import annotations

from collections.abc import Sequence

LINE = 18  # pixels of a line of entries


def flow(widths: Sequence[float], room: float) -> tuple[tuple[int, float], ...]:
    """The line and the left edge of each entry, all of them within `room` pixels where they can.

    An entry that is wider than `room` has a line of its own.
    """
    places: list[tuple[int, float]] = []
    line, x = 0, 0.0
    for width in widths:
        if x > 0 and x + width > room:
            line, x = line + 1, 0.0
        places.append((line, x))
        x += width
    return tuple(places)


def height(places: Sequence[tuple[int, float]]) -> int:
    """Pixels that the lines take, one line where there is no entry."""
    return LINE * (1 + max((line for line, _ in places), default=0))
