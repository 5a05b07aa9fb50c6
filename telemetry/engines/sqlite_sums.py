"""Sums on SQLite that no integer holds: exact as far as 64 bits go, and beyond as doubles."""

from __future__ import annotations

from typing import Any

ROUNDED = (
    "Some sums here are larger than any integer that SQLite holds; those are not summed exactly: "
    "they are the nearest doubles."
)


class WideSum:
    """SQLite's own sum(), except that one which no integer holds is the nearest double.

    A call of Python for each row: only for a database in which a sum did overflow.
    """

    def __init__(self) -> None:
        self._whole, self._real = 0, 0.0
        self._values = self._reals = 0

    def step(self, value: Any) -> None:
        self._add(value, 1)

    def inverse(self, value: Any) -> None:
        """Take out of a window what has left it."""
        self._add(value, -1)

    def value(self) -> int | float | None:
        """As it stands; None of no values."""
        if not self._values:
            return None
        if self._reals:
            return self._real + self._whole
        held = -(2**63) <= self._whole < 2**63
        return self._whole if held else float(self._whole)

    finalize = value

    def _add(self, value: Any, sign: int) -> None:
        if value is None:
            return
        self._values += sign
        if isinstance(value, int):
            self._whole += sign * value
            return
        self._reals += sign
        self._real += sign * _real(value)


def define_wide_sum(connection: Any) -> None:
    """Have sum() on this connection, also as a window, be `WideSum`."""
    connection.create_window_function("sum", 1, WideSum)


def _real(value: Any) -> float:
    """Text that is no number counts 0, as it does in SQLite's own sum."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
