"""BandFeed: the second look at a fan, lowest, mean and highest of every tick over all rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from telemetry.concepts import Band, RunId, TickRange
from telemetry.concepts.growth import longer_band
from telemetry.errors import TelemetryError
from telemetry.queries import BandQuery
from vmt_log_viewer.background.runner import Runner
from vmt_log_viewer.plots.measure_plot import MeasurePlot

if TYPE_CHECKING:
    from telemetry.source import Source


class BandFeed:
    """Reads one band after the other, for each reads all rows of a run and several would only
    hinder each other. While it is `stop`ped nothing is read; `go_on` begins again with the one
    that was interrupted.
    """

    def __init__(self, runner: Runner, owner: QWidget, lane: str) -> None:
        self._runner, self._owner, self._lane = runner, owner, lane
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self._last: int | None = None  # tick that the run reaches to
        self._plots: dict[str, MeasurePlot] = {}
        self._known: dict[str, Band] = {}
        self._upto: dict[str, int] = {}
        self._refused: set[str] = set()
        self._asking: str | None = None
        self._stopped = False
        self.arrived: Callable[[MeasurePlot], None] = lambda _plot: None

    def bind(self, source: Source | None, run_id: RunId | None, bounds: TickRange | None) -> None:
        """Another run, or the same one afresh."""
        self._interrupt()
        self._source, self._run_id = source, run_id
        self._last = None if bounds is None else bounds.last
        self._plots, self._known, self._upto, self._refused = {}, {}, {}, set()

    def want(self, plot: MeasurePlot) -> None:
        """Give `plot` its band, at once or when it arrives."""
        name = plot.measure.name
        self._plots[name] = plot
        if name in self._known:
            plot.show_band(self._known[name])
        self._next()

    def forget(self, name: str) -> None:
        """The measure's plot goes away, or shows no fan any more; what is known is kept."""
        self._plots.pop(name, None)
        if self._asking == name:
            self._interrupt()
            self._next()

    def grow(self, bounds: TickRange) -> None:
        """The run reaches over `bounds` now: bands are made as long."""
        self._last = bounds.last
        self._next()

    def stop(self) -> None:
        self._stopped = True
        self._interrupt()

    def go_on(self) -> None:
        self._stopped = False
        self._next()

    def _interrupt(self) -> None:
        self._asking = None
        self._runner.cancel(self._lane)

    def _next(self) -> None:
        source, run_id, last = self._source, self._run_id, self._last
        if self._stopped or self._asking or source is None or run_id is None or last is None:
            return
        short = (n for n in self._plots if self._upto.get(n) != last and n not in self._refused)
        name = next(short, None)
        if name is None:
            return
        first = self._upto.get(name)
        ticks = None if first is None else TickRange(first, last)
        self._asking = name

        def came(band: Band) -> None:
            self._came(name, band, first, last)

        def failed(_: TelemetryError) -> None:
            self._asking = None
            self._refused.add(name)  # the fan itself says what is wrong, where something is
            self._next()

        query = BandQuery(run_id, name, ticks)
        what = f"reading every tick of {name}"
        self._runner.submit(self._lane, source, query, came, failed, self._owner, what, later=True)

    def _came(self, name: str, band: Band, first: int | None, last: int) -> None:
        self._asking = None
        known = self._known.get(name)
        if known is not None and first is not None:
            band = longer_band(known, band, first)
        self._known[name], self._upto[name] = band, last
        if name in self._plots:
            self._plots[name].show_band(band)
            self.arrived(self._plots[name])
        self._next()
