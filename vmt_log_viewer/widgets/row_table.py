"""RowTable: the table widget over a PagedTable, with filter cells, column menu and copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QMenu, QTableView, QWidget

from telemetry.text import cell_text
from vmt_log_viewer.models.cell_style import is_number
from vmt_log_viewer.models.paged_table import PagedTable
from vmt_log_viewer.theme import ROW_HEIGHT
from vmt_log_viewer.widgets.filter_row import FilterHeader
from vmt_log_viewer.widgets.padded import PaddedDelegate

if TYPE_CHECKING:
    from telemetry.concepts import Column
    from vmt_log_viewer.theme import Theme
    from vmt_log_viewer.widgets.row_filters import RowFilters

_NARROWEST, _WIDEST = 60, 260
_SAMPLE = 60
_MEASURED = 3  # of these the longest: digits are equally wide
_LOWEST = 140  # heading, filter cells and three rows
_FIRST = (
    *("key", "run", "tick", "pair", "result", "reason", "buyer", "seller", "direction"),
    *("quantity", "price", "block", "counter", "buyer_gain", "seller_gain"),
    *("shortage", "gap", "surplus", "surplus_buyer", "surplus_seller"),
)


class RowTable(QTableView):
    """Rows one line high; Return or a double click opens one.

    Columns that a person hid or showed stay so; all others follow `visible` and `recorded`.
    """

    row_chosen = Signal(int)  # by mouse or keyboard, never by `choose_row`
    row_opened = Signal(int)
    copy_asked = Signal()
    columns_arranged = Signal()  # hidden, shown, moved

    def __init__(
        self, model: PagedTable, filters: RowFilters, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._by_hand: dict[str, bool] = {}
        self._quiet = self._arranging = False
        self._filters = FilterHeader(self, filters)
        self.setHorizontalHeader(self._filters)
        self.setModel(model)
        self.setSortingEnabled(True)
        self.setItemDelegate(PaddedDelegate(self))
        self.setMinimumHeight(_LOWEST)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(rows.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        self._filters.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._filters.customContextMenuRequested.connect(self._show_column_menu)
        self._filters.sectionMoved.connect(self._column_moved)
        self.activated.connect(lambda index: self.row_opened.emit(index.row()))
        self.selectionModel().currentRowChanged.connect(self._current_changed)

    @property
    def filter_header(self) -> FilterHeader:
        return self._filters

    @property
    def table_model(self) -> PagedTable:
        model = self.model()
        assert isinstance(model, PagedTable)
        return model

    # Columns

    def set_columns(self, columns: tuple[Column, ...]) -> None:
        """Dress the model's new columns: cells, widths, which are hidden."""
        with self._filters.rearranged():
            self._filters.set_columns(columns)
            self._to_own_places(columns)
            self.judge_columns(columns)
            for section, column in enumerate(columns):
                self.setColumnWidth(section, self._width(section, column))

    def judge_columns(self, columns: tuple[Column, ...]) -> None:
        """Hide what is not recorded (or not meant to be seen first), but for what is by hand."""
        with self._filters.rearranged():
            for section, column in enumerate(columns):
                shown = self._by_hand.get(column.name, column.visible and column.recorded)
                self._filters.setSectionHidden(section, not shown)

    def visible_columns(self) -> tuple[str, ...]:
        """Names of the visible columns from left to right."""
        header, columns = self._filters, self.table_model.columns
        order = (header.logicalIndex(visual) for visual in range(header.count()))
        return tuple(columns[i].name for i in order if not header.isSectionHidden(i))

    def show_column(self, name: str, shown: bool) -> None:
        """Show or hide a column by hand."""
        section = self.table_model.column_index(name)
        if section < 0 or (not shown and self.visible_columns() == (name,)):
            return  # the last column stays: without it there would be no heading to click
        self._by_hand[name] = shown
        self._filters.setSectionHidden(section, not shown)
        self._filters.updateGeometries()
        self.columns_arranged.emit()

    def arrangement(self) -> dict[str, Any]:
        """Hidden, shown and moved columns, as JSON can hold them."""
        return {"by_hand": dict(self._by_hand), "order": list(self._order())}

    def arrange(self, arrangement: dict[str, Any]) -> None:
        """Restore an `arrangement`; columns that it does not know keep their place."""
        by_hand = arrangement.get("by_hand", {})
        self._by_hand = {str(name): bool(shown) for name, shown in by_hand.items()}
        self.judge_columns(self.table_model.columns)
        known = [self.table_model.column_index(str(n)) for n in arrangement.get("order", ())]
        self._move([section for section in known if section >= 0])

    def reset_columns(self) -> None:
        """Every column to its own place and visibility."""
        self._by_hand.clear()
        self._to_own_places(self.table_model.columns)
        self.judge_columns(self.table_model.columns)
        self.columns_arranged.emit()

    def column_menu(self) -> QMenu:
        """One entry per column, ticked where visible."""
        menu = QMenu(self)
        for section, column in enumerate(self.table_model.columns):
            text = column.label.replace("&", "&&")
            action = QAction(text if column.recorded else f"{text} (not recorded)", menu)
            action.setCheckable(True)
            action.setChecked(not self._filters.isSectionHidden(section))
            action.toggled.connect(lambda on, name=column.name: self.show_column(name, on))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Reset columns", self.reset_columns)
        return menu

    # Rows

    def choose_row(self, row: int) -> None:
        """Select `row` and bring it into view, without `row_chosen`."""
        self._quiet = True
        try:
            flags = QItemSelectionModel.SelectionFlag
            index = self.model().index(row, self._first_visible())
            self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        finally:
            self._quiet = False

    def selected_ranges(self) -> list[tuple[int, int]]:
        """First and last row of every block of selected rows, from the top."""
        rows = sorted((r.top(), r.bottom()) for r in self.selectionModel().selection())
        merged: list[tuple[int, int]] = []
        for first, last in rows:
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return merged

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space):
            event.ignore()  # they move and play the tick cursor, wherever the focus is
        elif event.text() and event.text().isprintable():
            event.ignore()  # single letters are the window's keys, not a search in the table
        else:
            super().keyPressEvent(event)

    def _to_own_places(self, columns: tuple[Column, ...]) -> None:
        """What a row is about first, then the rest in the table's own order."""
        rank = {role: place for place, role in enumerate(_FIRST)}
        order = sorted(range(len(columns)), key=lambda i: rank.get(columns[i].role, len(rank)))
        self._move(order)

    def _move(self, order: list[int]) -> None:
        """Put these sections first, in this order."""
        self._arranging = True
        try:
            for visual, section in enumerate(order):
                self._filters.moveSection(self._filters.visualIndex(section), visual)
        finally:
            self._arranging = False

    def _order(self) -> tuple[str, ...]:
        columns = self.table_model.columns
        return tuple(columns[self._filters.logicalIndex(v)].name for v in range(len(columns)))

    def _first_visible(self) -> int:
        header = self._filters
        order = (header.logicalIndex(visual) for visual in range(header.count()))
        return next((i for i in order if not header.isSectionHidden(i)), 0)

    def _width(self, section: int, column: Column) -> int:
        """Wide enough for the heading and the first rows, within reason."""
        metrics = QFontMetrics(self._theme.font())
        model = self.table_model
        heading = model.headerData(section, Qt.Orientation.Horizontal) or ""
        filtered = self._filters.text_of(column.name)
        widest = metrics.horizontalAdvance(heading) + 28  # room for the sort arrow
        widest = max(widest, metrics.horizontalAdvance(filtered) + 20)
        swatch = 16 if column.role in ("pair", "mode", "regime", "reason") else 0
        rows = range(min(_SAMPLE, model.rowCount()))
        cells = {model.cell(row, section) for row in rows}
        texts = {cell_text(cell, column)[:60] for cell in cells}
        for text in sorted(texts, key=len)[-_MEASURED:]:
            widest = max(widest, metrics.horizontalAdvance(text) + 22 + swatch)
        return max(_NARROWEST, min(widest, _WIDEST if not is_number(column) else 180))

    def _column_moved(self, *_: int) -> None:
        if not self._arranging:
            self.columns_arranged.emit()

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid() and not self._quiet:
            self.row_chosen.emit(current.row())

    def _show_column_menu(self, position: QPoint) -> None:
        menu = self.column_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._filters.mapToGlobal(position))
