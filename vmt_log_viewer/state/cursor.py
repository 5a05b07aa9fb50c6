"""Cursor: the one truth for "now" that every slider, plot line, row and key moves."""

from __future__ import annotations

import numpy as np
from psygnal import Signal

from telemetry.concepts import Ints, TickRange


class Cursor:
    """The tick that all views show.

    `move_to` clamps to the run and is silent for a no-op, so nobody has to block signals.
    A cursor without bounds (a run without rows) stays None whatever it is told.
    """

    moved = Signal(object)  # int | None: the new tick
    bounds_changed = Signal(object)  # TickRange | None

    def __init__(self) -> None:
        self._tick: int | None = None
        self._bounds: TickRange | None = None
        self._ticks: Ints | None = None

    @property
    def tick(self) -> int | None:
        return self._tick

    @property
    def bounds(self) -> TickRange | None:
        return self._bounds

    @property
    def ticks(self) -> Ints | None:
        """The recorded ticks, ascending; None: every integer within the bounds."""
        return self._ticks

    def move_to(self, tick: int | None) -> None:
        """Go to `tick` or the nearest end; a tick between recorded ones is allowed."""
        if self._bounds is None or tick is None:
            return
        self._set(max(self._bounds.first, min(self._bounds.last, int(tick))))

    def step(self, count: int) -> None:
        """Go `count` recorded ticks on (back when negative), stopping at either end."""
        if self._tick is None or count == 0:
            return
        if self._ticks is None:
            self.move_to(self._tick + count)
            return
        if count > 0:
            index = int(np.searchsorted(self._ticks, self._tick, side="right")) + count - 1
        else:
            index = int(np.searchsorted(self._ticks, self._tick, side="left")) + count
        self.move_to(int(self._ticks[max(0, min(self._ticks.size - 1, index))]))

    def first(self) -> None:
        if self._bounds is not None:
            self.move_to(self._bounds.first)

    def last(self) -> None:
        if self._bounds is not None:
            self.move_to(self._bounds.last)

    def set_bounds(self, bounds: TickRange | None, ticks: Ints | None = None) -> None:
        """Bind to a run's ticks; a tick that now lies outside is clamped, None starts at first."""
        changed = bounds != self._bounds
        self._bounds = bounds
        self._ticks = ticks if ticks is not None and ticks.size else None
        if changed:
            self.bounds_changed.emit(bounds)
        if bounds is None:
            self._set(None)
        else:
            self.move_to(bounds.first if self._tick is None else self._tick)

    def grow(self, bounds: TickRange) -> None:
        """The run has come further: the tick stays, and the new ticks count as recorded.

        Where ticks are recorded at a usual distance, the new ones are taken to be as well.
        """
        old, ticks = self._bounds, self._ticks
        self.set_bounds(bounds)
        if old is not None and ticks is not None and ticks.size > 1:
            step = int(np.median(np.diff(ticks[-100:])))
            more = np.arange(int(ticks[-1]) + step, bounds.last, step, dtype=np.int64)
            self._ticks = np.concatenate([ticks, more, np.array([bounds.last])])

    def reset(self, bounds: TickRange | None, tick: int | None = None) -> None:
        """Bind to another run and start at `tick` (its first tick where None)."""
        self._ticks = None
        start = None
        if bounds is not None:
            start = bounds.first if tick is None else max(bounds.first, min(bounds.last, tick))
        changed = bounds != self._bounds
        self._bounds = bounds
        if changed:
            self.bounds_changed.emit(bounds)
        self._set(start)

    def _set(self, tick: int | None) -> None:
        if tick != self._tick:
            self._tick = tick
            self.moved.emit(tick)
