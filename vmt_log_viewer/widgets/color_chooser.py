"""ColorChooser: which measure colours the agents, and the ends of its scale for the whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from telemetry.concepts import Fan, Measure, RunId
from telemetry.queries import FanQuery
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.value_scale import extent_of
from vmt_log_viewer.widgets.choice_bar import LEAST
from vmt_log_viewer.widgets.color_scale import ColorScale

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context

_RANGE_TICKS = 60  # ticks that the ends of a scale stand on; its note says so
_SETTING = "map.measure"


class ColorChooser(QComboBox):
    """The recorded measures, and first "Agent" for colouring agents by who they are.

    A scale holds for the whole run, so that a colour never changes its meaning while playing.
    Until somebody chooses, it moves on from a measure of which this run recorded nothing.
    """

    measure_changed = Signal()
    scale_changed = Signal()

    def __init__(self, context: Context, lane: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._lane = context, lane
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self._measures: dict[str, Measure] = {}
        self._scales: dict[str, tuple[ColorScale | None, str]] = {}
        self._by_hand = False
        self.setAccessibleName("Colour agents by")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumContentsLength(LEAST)
        self.setMaxVisibleItems(30)
        self.view().setTextElideMode(Qt.TextElideMode.ElideRight)
        self.currentIndexChanged.connect(self._chosen)

    @property
    def measure(self) -> Measure | None:
        """None: agents are coloured by who they are."""
        return self._measures.get(self.currentData())

    @property
    def scale(self) -> ColorScale | None:
        """None while it is not known, and where nothing is recorded."""
        return self._known()[0]

    @property
    def note(self) -> str:
        """What the scale stands on and leaves out, in words."""
        return self._known()[1]

    def show_run(self, source: Source, run_id: RunId) -> None:
        """Offer what `source` has, and keep what was chosen where it can be kept."""
        self._source, self._run_id, self._scales = source, run_id, {}
        self._measures = {measure.name: measure for measure in source.measures}
        wanted = self._context.settings.get(_SETTING)
        blocked = self.blockSignals(True)
        self._fill()
        usable = [m.name for m in self._measures.values() if m.recorded]
        default = next((m.name for m in self._measures.values() if m.recorded and m.default), "")
        self._by_hand = wanted in ("", *usable)
        self.setCurrentIndex(max(0, self.findData(wanted if self._by_hand else default)))
        self.blockSignals(blocked)
        self._ask()

    def _fill(self) -> None:
        """Unrecorded measures are there too, with the reason why they cannot be chosen."""
        self.clear()
        self.addItem("Agent", "")
        for measure in self._measures.values():
            self.addItem(measure.label, measure.name)
            if not measure.recorded:
                item = self.model().item(self.count() - 1)
                item.setEnabled(False)
                item.setToolTip(plain_tip(measure.reason or "Not recorded in this database."))

    def _known(self) -> tuple[ColorScale | None, str]:
        return self._scales.get(self.currentData() or "", (None, ""))

    def _chosen(self) -> None:
        self._by_hand = True
        self._context.settings.set(_SETTING, self.currentData())
        self._ask()
        self.measure_changed.emit()

    def _ask(self) -> None:
        name = self.currentData()
        self._context.runner.cancel(self._lane)
        if not name or name in self._scales or self._source is None or self._run_id is None:
            self.scale_changed.emit()
            return
        self._context.runner.submit(
            self._lane,
            self._source,
            FanQuery(self._run_id, name, max_ticks=_RANGE_TICKS),
            lambda fan: self._keep(name, fan),
            lambda error: self._keep_nothing(name, str(error)),
            self,
        )

    def _keep(self, name: str, fan: Fan) -> None:
        parts = list(fan.quantiles.values())
        if fan.constant is not None and not any(np.isfinite(part).any() for part in parts):
            parts = [np.array([fan.constant])]
        extent = extent_of(parts)
        if np.isnan(extent.low):
            self._keep_nothing(name, " ".join(fan.notes))
            return
        notes = [*fan.notes]
        if extent.beyond:
            notes.append("Outliers take the colour of the nearer end.")
        self._scales[name] = (ColorScale(extent.low, extent.high), " ".join(notes))
        self.scale_changed.emit()

    def _keep_nothing(self, name: str, note: str) -> None:
        self._scales[name] = (None, note)
        if self._by_hand or self._source is None:
            self.scale_changed.emit()
            return
        rest = [m for m in self._measures.values() if m.recorded and m.name not in self._scales]
        following = next((m.name for m in sorted(rest, key=lambda m: not m.default)), "")
        blocked = self.blockSignals(True)
        self.setCurrentIndex(max(0, self.findData(following)))
        self.blockSignals(blocked)
        self._ask()
        self.measure_changed.emit()
