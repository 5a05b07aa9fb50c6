"""Effects: how a paired sweep's effect depends on one parameter, and on two as a heat map."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from telemetry.concepts import Table
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.theme import GRID
from vmt_log_viewer.views.experiment_means import MeansPanel
from vmt_log_viewer.views.experiment_page import Asked, ExperimentPage
from vmt_log_viewer.views.experiment_pairs import PairsPage
from vmt_log_viewer.views.view import Context, ExportRequest


class EffectsPage(ExperimentPage):
    """Of the pairs that the Pairs page shows; a click on a group or cell leads to them there."""

    pairs_wanted = Signal(object)  # {column name: cell}

    def __init__(
        self,
        context: Context,
        lane: str,
        table: Table,
        pairs: PairsPage,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.means = MeansPanel(context, lane)
        self.table, self._pairs = table, pairs
        self._stale = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.addWidget(self.means)
        self.means.cell_chosen.connect(self.pairs_wanted)
        self.means.changed.connect(self._changed)
        pairs.panel.asked.connect(self._pairs_asked)

    def show_experiment(self, asked: Asked) -> None:
        panel = self._pairs.panel
        panel.limit_rows(asked.filters(self.table), ("experiment",))
        self.means.show_table(asked.source, self.table, lambda: panel.where)

    def clear(self) -> None:
        self.means.clear()

    def export_request(self) -> ExportRequest | None:
        frames = self.means.frames()
        if not frames:
            return None
        return ExportRequest("effects", pictures=widget_pictures(self.means.charts), frames=frames)

    def _pairs_asked(self) -> None:
        """The pairs are filtered otherwise: ask again, once this page is seen."""
        self._stale = not self.isVisible()
        if not self._stale:
            self.means.ask()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._stale = False
            self.means.ask()

    def _changed(self) -> None:
        self.status_changed.emit(self.means.about.text())
        self.export_changed.emit()
