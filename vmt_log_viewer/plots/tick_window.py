"""TickWindow: which stretch of ticks a stack of plots shows; all of them share one."""

from __future__ import annotations

from psygnal import Signal

from telemetry.concepts import TickRange

LEAST = 2.0
"""Ticks that a window never gets narrower than."""


class TickWindow:
    """Ticks `first`…`last` as real numbers; tick t reaches from t to t + 1.

    It never leaves the run, ignores what changes nothing and emits once for what does.
    """

    changed = Signal()

    def __init__(self) -> None:
        self._whole = (0.0, 1.0)
        self._shown = (0.0, 1.0)

    @property
    def first(self) -> float:
        return self._shown[0]

    @property
    def last(self) -> float:
        return self._shown[1]

    @property
    def shows_all(self) -> bool:
        return self._shown == self._whole

    @property
    def ticks(self) -> TickRange:
        """The whole ticks that are (partly) visible."""
        last = self.last - 1 if float(self.last).is_integer() else self.last // 1
        return TickRange(int(self.first // 1), max(int(self.first // 1), int(last)))

    def set_whole(self, ticks: TickRange | None) -> None:
        """Another run (or the same, grown): a window that showed all of it still does."""
        was_all = self.shows_all
        self._whole = (0.0, 1.0) if ticks is None else (float(ticks.first), ticks.last + 1.0)
        if was_all:
            self._set(*self._whole)
        else:
            self.show(*self._shown)

    def fit(self, ticks: TickRange | None = None) -> None:
        """Show exactly `ticks`, or the whole run."""
        if ticks is None:
            self._set(*self._whole)
        else:
            self.show(float(ticks.first), ticks.last + 1.0)

    def show(self, first: float, last: float) -> None:
        """Show `first`…`last`, moved and cut so that it lies within the run."""
        low, high = self._whole
        span = min(max(last - first, LEAST), high - low)
        first = min(max(first, low), high - span)
        self._set(first, first + span)

    def pan(self, ticks: float) -> None:
        self.show(self.first + ticks, self.last + ticks)

    def zoom(self, factor: float, around: float) -> None:
        """Narrow (`factor` < 1) or widen the window; the tick `around` stays where it is."""
        span = max((self.last - self.first) * factor, LEAST)
        share = (around - self.first) / (self.last - self.first)
        self.show(around - share * span, around + (1 - share) * span)

    def _set(self, first: float, last: float) -> None:
        if (first, last) != self._shown:
            self._shown = (first, last)
            self.changed.emit()
