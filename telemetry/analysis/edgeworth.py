"""The Edgeworth box of two agents: curves, lens, contract curve and split of gains, as arrays.

All points are in the first holder's coordinates: (0, 0) is where it holds nothing, (width,
height) where it holds all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from telemetry.analysis.utilities import Utility, fitted
from telemetry.concepts import Box, Floats, Move
from telemetry.frozen import Frozen

POINTS = 241
_HALVINGS = 60


class Line(Frozen):
    """A curve: `x` and `y` float64[n] in units, NaN where it leaves the box."""

    x: Floats
    y: Floats


class Split(Frozen):
    """What a move brings each side in its own utility; `share` of the sum is the first's.

    Utilities of two agents have no common unit: the share is that of the recorded numbers.
    """

    first: float
    second: float

    @property
    def share(self) -> float | None:
        """None where the sum is not positive."""
        whole = self.first + self.second
        return self.first / whole if whole > 0 else None


class Picture(Frozen):
    """Everything that can be drawn. A curve is None where its utility is not known.

    `before` and `after` are the indifference curves of the first and the second holder, through
    the endowment and through `chosen`. `lens` is (x, low, high) of what both prefer, empty where
    there is none. `quotes` are lines through the endowment at the holders' quotes.
    """

    width: float
    height: float
    endowment: tuple[float, float]
    chosen: Move | None
    before: tuple[Line | None, Line | None]
    after: tuple[Line | None, Line | None]
    lens: tuple[Floats, Floats, Floats] | None
    contract: Line | None
    split: Split | None
    quotes: tuple[tuple[str, Line], ...]
    notes: tuple[str, ...]


def picture(box: Box, key: int | str | None = None) -> Picture:
    """The box with the move `key` drawn through; else the trade, else the closest try."""
    first, second = box.holders
    width, height = first.first + second.first, first.second + second.second
    known = [fitted(holder) for holder in box.holders]
    u, v = (utility for utility, _ in known)
    at = (first.first, first.second)
    chosen = _chosen(box.moves, key, u, v, at, (width, height))
    to = None if chosen is None else (at[0] + chosen.first, at[1] + chosen.second)
    grid = np.linspace(0.0, width, POINTS) if width > 0 else np.zeros(1)
    before = _curves(u, v, at, (width, height), grid)
    split = None
    if u is not None and v is not None and to is not None:
        split = Split(
            _gain(u, at, to), _gain(v, _other(at, width, height), _other(to, width, height))
        )
    notes = [words for utility, words in known if utility is None]
    notes += [words for utility, words in known if utility is not None]
    return Picture(
        width,
        height,
        at,
        chosen,
        before,
        (None, None) if to is None else _curves(u, v, to, (width, height), grid),
        _lens(before, height),
        _contract(u, v, width, height),
        split,
        tuple(_quote_lines(box, at, grid, height)),
        (*notes, *box.notes),
    )


def _other(point: tuple[float, float], width: float, height: float) -> tuple[float, float]:
    return (width - point[0], height - point[1])


def _gain(utility: Utility, at: tuple[float, float], to: tuple[float, float]) -> float:
    points = np.array([at, to], dtype=np.float64)
    before, after = utility.value(points[:, 0], points[:, 1])
    return float(after - before)


def _chosen(
    moves: Sequence[Move],
    key: int | str | None,
    u: Utility | None,
    v: Utility | None,
    at: tuple[float, float],
    size: tuple[float, float],
) -> Move | None:
    """The move of this key, else the one that succeeded, else the best for whom it is worst."""
    named = next((m for m in moves if key is not None and m.key == key), None)
    done = named or next((m for m in moves if m.success), None)
    if done is not None or not moves:
        return done
    feasible = [m for m in moves if m.feasible] or list(moves)
    if u is None or v is None:
        return feasible[0]

    def worst(move: Move) -> float:
        to = (at[0] + move.first, at[1] + move.second)
        return min(_gain(u, at, to), _gain(v, _other(at, *size), _other(to, *size)))

    return max(feasible, key=worst)


def _level(utility: Utility, point: tuple[float, float]) -> float:
    return float(utility.value(np.array([point[0]]), np.array([point[1]]))[0])


def _curves(
    u: Utility | None,
    v: Utility | None,
    at: tuple[float, float],
    size: tuple[float, float],
    grid: Floats,
) -> tuple[Line | None, Line | None]:
    """Both indifference curves through a point."""
    width, height = size
    first = second = None
    if u is not None:
        first = Line(grid, _inside(u.curve(grid, _level(u, at)), height))
    if v is not None:
        own = v.curve(width - grid, _level(v, _other(at, width, height)))
        second = Line(grid, _inside(height - own, height))
    return first, second


def _inside(y: Floats, height: float) -> Floats:
    slack = 1e-9 * max(height, 1.0)
    return np.where((y >= -slack) & (y <= height + slack), y, np.nan)


def _lens(
    before: tuple[Line | None, Line | None], height: float
) -> tuple[Floats, Floats, Floats] | None:
    """Where the first holder's curve lies below the second's: both gain between them.

    A curve that has left the box bounds the lens by the box's edge.
    """
    first, second = before
    if first is None or second is None:
        return None
    low = np.where(np.isnan(first.y), np.inf, first.y)
    high = np.where(np.isnan(second.y), -np.inf, second.y)
    both = low < high
    return first.x[both], np.maximum(low[both], 0.0), np.minimum(high[both], height)


def _contract(u: Utility | None, v: Utility | None, width: float, height: float) -> Line | None:
    """Inside the box, where both marginal rates of substitution are equal."""
    if u is None or v is None or width <= 0 or height <= 0:
        return None
    x = np.linspace(0, width, POINTS)[1:-1]

    def apart(y: Floats) -> Floats:
        found: Floats = u.rate(x, y) - v.rate(width - x, height - y)
        return found

    low, high = np.full_like(x, 1e-9 * height), np.full_like(x, height * (1 - 1e-9))
    crosses = (apart(low) < 0) & (apart(high) > 0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = apart(middle) < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return Line(x, np.where(crosses, (low + high) / 2, np.nan)) if crosses.any() else None


def _quote_lines(
    box: Box, at: tuple[float, float], grid: Floats, height: float
) -> list[tuple[str, Line]]:
    """Lines through the endowment whose slope is a quote: what a unit of the first good costs."""
    found = []
    for holder in box.holders:
        for name, price in (("ask", holder.ask), ("bid", holder.bid)):
            if price is not None and np.isfinite(price):
                y = _inside(at[1] - price * (grid - at[0]), height)
                found.append((f"{name} of {holder.agent_id}", Line(grid, y)))
    return found
