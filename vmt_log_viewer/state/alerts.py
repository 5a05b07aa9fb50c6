"""Alerts: the ticks of the run shown at which a filter rang since it is shown."""

from __future__ import annotations

from collections.abc import Iterable

from psygnal import Signal

from telemetry.filters.saved import SavedFilter
from telemetry.frozen import Frozen


class Ring(Frozen):
    """New rows that a saved filter lets pass; `tick` and `key` are those of the first of them."""

    saved: SavedFilter
    count: int
    ticks: tuple[int, ...]
    key: int | str

    @property
    def tick(self) -> int:
        return self.ticks[0]


class Alerts:
    """Which filters rang at which ticks; they go when another run is shown."""

    changed = Signal()

    def __init__(self) -> None:
        self._names: dict[int, tuple[str, ...]] = {}

    @property
    def ticks(self) -> tuple[int, ...]:
        return tuple(self._names)

    def words_at(self, tick: int) -> str:
        """ "tick 40: “dear” rang"; "" where nothing did."""
        names = ", ".join(f"“{name}”" for name in self._names.get(tick, ()))
        return f"tick {tick}: {names} rang" if names else ""

    def add(self, name: str, ticks: Iterable[int]) -> None:
        for tick in ticks:
            known = self._names.get(tick, ())
            self._names[tick] = known if name in known else (*known, name)
        self.changed.emit()

    def clear(self) -> None:
        if self._names:
            self._names = {}
            self.changed.emit()
