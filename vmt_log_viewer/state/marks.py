"""Marks: the ticks of the run shown that the user wants to find again."""

from __future__ import annotations

from collections.abc import Iterable

from psygnal import Signal


class Marks:
    """Marked ticks, ascending, each once."""

    changed = Signal(object)  # tuple[int, ...]

    def __init__(self) -> None:
        self._ticks: tuple[int, ...] = ()

    @property
    def ticks(self) -> tuple[int, ...]:
        return self._ticks

    def set_ticks(self, ticks: Iterable[int]) -> None:
        chosen = tuple(sorted(set(ticks)))
        if chosen != self._ticks:
            self._ticks = chosen
            self.changed.emit(chosen)

    def toggle(self, tick: int) -> None:
        """Mark `tick`, or take its mark away."""
        kept = [t for t in self._ticks if t != tick]
        self.set_ticks(kept if len(kept) < len(self._ticks) else [*kept, tick])

    def after(self, tick: int) -> int | None:
        """The next marked tick, beginning again after the last; None where there is none."""
        later = (t for t in self._ticks if t > tick)
        return next(later, self._ticks[0] if self._ticks else None)
