"""PlotStack: the plots of a view under each other, with one tick axis that stays in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from telemetry.concepts import Measure
from vmt_log_viewer.plots.axes import RIGHT, TickRuler
from vmt_log_viewer.plots.measure_plot import MeasurePlot
from vmt_log_viewer.plots.stage import Shared
from vmt_log_viewer.theme import GRID


class PlotStack(QWidget):
    """Keeps a plot as long as its measure is chosen: adding one does not build the others anew."""

    hovered = Signal(object)

    def __init__(self, shared: Shared, make: Callable[[Measure], MeasurePlot]) -> None:
        super().__init__()
        self._shared, self._make = shared, make
        self.plots: dict[str, MeasurePlot] = {}
        self._inner = QWidget()
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID)
        self._column.addStretch(0)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self._inner)
        self.ruler = TickRuler(shared.theme, shared.window, shared.cursor)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.area, 1)
        layout.addWidget(self.ruler)
        self.area.verticalScrollBar().rangeChanged.connect(self._align)

    def show_measures(
        self, measures: Sequence[Measure], fresh: list[MeasurePlot]
    ) -> Iterator[None]:
        """One plot per measure, in this order, a step each; the new ones are added to `fresh`.

        Nothing is painted before all of them have their places.
        """
        self.setUpdatesEnabled(False)
        wanted = {m.name: m for m in measures}
        for name in [n for n in self.plots if n not in wanted]:
            self._drop(name)
        for row, (name, measure) in enumerate(wanted.items()):
            if name not in self.plots:
                plot = self.plots[name] = self._make(measure)
                plot.hovered.connect(self._hovered)
                fresh.append(plot)
                yield
            self._column.removeWidget(self.plots[name])
            self._column.insertWidget(row, self.plots[name], 1)
        self._align()
        self.setUpdatesEnabled(True)

    def clear(self) -> None:
        for name in list(self.plots):
            self._drop(name)

    def _drop(self, name: str) -> None:
        plot = self.plots.pop(name)
        plot.release()
        self._column.removeWidget(plot)
        plot.hide()
        plot.deleteLater()

    def _hovered(self, tick: int | None) -> None:
        for plot in self.plots.values():
            plot.show_hover(tick)
        self.ruler.show_hover(tick)
        self.hovered.emit(tick)

    def _align(self) -> None:
        """The axis ends where the plots end, also beside a scroll bar."""
        beside = self.area.width() - self.area.viewport().width()
        self.ruler.set_right(RIGHT + max(0, beside))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._align()
