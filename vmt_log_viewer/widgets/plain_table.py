"""PlainTable: the widget for short tables, in the look of the long ones."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from telemetry.text import exact_text
from vmt_log_viewer.models.plain_rows import PlainRows
from vmt_log_viewer.theme import ROW_HEIGHT
from vmt_log_viewer.widgets.padded import PaddedDelegate

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

READ = 150
"""Rows whose texts are looked at to judge a column's width."""
MEASURED = 3
"""So many of the longest of them are measured: to measure hundreds takes a tenth of a second."""
WIDEST = 320  # pixels that a column takes by itself


class PlainTable(QTableView):
    """Ctrl+C copies the selected rows with exact values. `row_chosen` comes by hand only."""

    row_chosen = Signal(int)
    row_opened = Signal(int)
    rows_selected = Signal(object)  # tuple[int, ...], ascending

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, many: bool = False) -> None:
        super().__init__(parent)
        self.rows = PlainRows(theme, self)
        self._quiet = False
        self.setModel(self.rows)
        self.setItemDelegate(PaddedDelegate(self))
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if many else modes.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setFixedHeight(ROW_HEIGHT)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        self.rows.modelReset.connect(self.fit)
        self.doubleClicked.connect(lambda index: self.row_opened.emit(index.row()))
        self.selectionModel().currentRowChanged.connect(self._moved)
        self.selectionModel().selectionChanged.connect(self._selected)

    def fit(self) -> None:
        """Columns as wide as what they hold, a last one of texts to the edge."""
        last = self.rows.columns[-1:]
        self.horizontalHeader().setStretchLastSection(all(c.kind == "text" for c in last))
        for place in range(self.rows.columnCount()):
            wide = max(self.horizontalHeader().sectionSizeHint(place), self._widest(place))
            self.setColumnWidth(place, min(wide + 12, WIDEST))

    def _widest(self, place: int) -> int:
        """Pixels that the longest texts of a column take; 0 without rows."""
        lengths = [len(self.rows.text(row, place)) for row in range(min(READ, len(self.rows.rows)))]
        longest = heapq.nlargest(MEASURED, range(len(lengths)), key=lengths.__getitem__)
        cells = [self.rows.index(row, place) for row in longest]
        return max((self.sizeHintForIndex(cell).width() for cell in cells), default=0)

    def choose(self, *rows: int) -> None:
        """Select these rows without telling anybody; the last becomes the current one."""
        self._quiet = True
        try:
            self.clearSelection()
            if not rows:  # or a click on the same row would choose nothing
                self.selectionModel().clearCurrentIndex()
            flags = QItemSelectionModel.SelectionFlag
            for row in rows:
                index = self.rows.index(row, 0)
                self.selectionModel().setCurrentIndex(index, flags.Select | flags.Rows)
                self.scrollTo(index)
        finally:
            self._quiet = False

    def chosen(self) -> tuple[int, ...]:
        return tuple(sorted(index.row() for index in self.selectionModel().selectedRows()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _copy(self) -> None:
        lines = [[column.label for column in self.rows.columns]]
        lines += [[exact_text(cell) for cell in self.rows.rows[row]] for row in self.chosen()]
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))

    def _moved(self, current: object, _: object = None) -> None:
        row = current.row()  # type: ignore[attr-defined]
        if row >= 0 and not self._quiet:
            self.row_chosen.emit(row)

    def _selected(self, _on: QItemSelection, _off: QItemSelection) -> None:
        if not self._quiet:
            self.rows_selected.emit(self.chosen())
