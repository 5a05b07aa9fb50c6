"""FilterHeader: a table's heading with one filter cell under every column."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHeaderView, QLineEdit, QTableView, QWidget

from vmt_log_viewer.models.cell_style import plain_tip

if TYPE_CHECKING:
    from telemetry.concepts import Column
    from vmt_log_viewer.widgets.row_filters import RowFilters

CELL_HEIGHT = 26
PAUSE = 300  # milliseconds without a key after which the text is taken
_EMPTY = "filter"
GRAMMAR = "5   !=5   >5   >=5   2~4   a|b   !a   /regex/   null   !null"


class FilterCell(QLineEdit):
    """The filter text of one column. It tells `RowFilters` only once typing has paused."""

    left = Signal()
    entered = Signal()  # with the keyboard

    def __init__(self, column: Column, filters: RowFilters, parent: QWidget) -> None:
        super().__init__(parent)
        self.column = column
        self._mixed: tuple[int, bool] | None = None  # what its colours are of
        self._filters = filters
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(self.commit)
        self.setObjectName("filterCell")
        self.setAccessibleName(f"Filter {column.label}")
        self.setFrame(False)
        self.setTextMargins(5, 0, 4, 0)
        self.setEnabled(column.recorded)
        self.setPlaceholderText(_EMPTY)
        self.textEdited.connect(self._pause.start)
        self.returnPressed.connect(self.commit)
        self.show_state()

    def commit(self) -> None:
        """Take the text now."""
        self._pause.stop()
        self._filters.set_text(self.column.name, self.text())

    def waiting(self) -> bool:
        return self._pause.isActive()

    def show_state(self) -> None:
        """Show the column's text and whether it was understood."""
        text = self._filters.text(self.column.name)
        if text != self.text() and not self._pause.isActive():
            self.setText(text)
            self.setCursorPosition(0)
        problem = self._filters.problem(self.column.name)
        self.setToolTip(plain_tip(problem or f"{self.column.label}: {GRAMMAR}"))
        self._mix_colors()
        self.update()

    def _mix_colors(self) -> None:
        roles, palette = QPalette.ColorRole, QPalette()
        understood = self._filters.problem(self.column.name) is None
        if self._mixed == (palette.cacheKey(), understood):
            return
        self._mixed = palette.cacheKey(), understood
        faint = palette.color(roles.PlaceholderText)
        faint.setAlphaF(0.55)
        palette.setColor(roles.PlaceholderText, faint)
        if not understood:
            palette.setColor(roles.Text, palette.color(roles.BrightText))
        self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._mix_colors()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line below; all around in the alarming colour where the text is not understood."""
        super().paintEvent(event)
        roles, palette = QPalette.ColorRole, self.palette()
        painter = QPainter(self)
        area = self.rect().adjusted(0, 0, -1, -1)
        if self._filters.problem(self.column.name) is not None:
            painter.setPen(palette.color(roles.BrightText))
            painter.drawRect(area)
        elif self.hasFocus():
            painter.setPen(palette.color(roles.Accent))
            painter.drawRect(area)
        else:
            accented = bool(self._filters.text(self.column.name))
            painter.setPen(palette.color(roles.Accent if accented else roles.Mid))
            painter.drawLine(area.bottomLeft(), area.bottomRight())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self.commit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Escape):
            self.commit()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QEvent) -> None:
        self.setPlaceholderText(">5" if self.column.kind in ("int", "real") else "a|b")
        super().focusInEvent(event)
        self.entered.emit()

    def focusOutEvent(self, event: QEvent) -> None:
        self.setPlaceholderText(_EMPTY)
        if self._pause.isActive():
            self.commit()
        super().focusOutEvent(event)


class FilterHeader(QHeaderView):
    """Headings that sort, move and resize; the cells below them follow every such change.

    A cell is made when its column is first seen or asked for.
    """

    def __init__(self, table: QTableView, filters: RowFilters) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._table = table
        self._filters = filters
        self._columns: tuple[Column, ...] = ()
        self._cells: dict[int, FilterCell] = {}  # by logical section
        self._held = False
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setHighlightSections(False)
        self.setSortIndicatorClearable(True)
        self.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setMinimumSectionSize(40)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        for signal in (self.sectionResized, self.sectionMoved, self.geometriesChanged):
            signal.connect(self._place)
        table.horizontalScrollBar().valueChanged.connect(self._place)
        filters.text_changed.connect(self._show_state)

    def set_columns(self, columns: tuple[Column, ...]) -> None:
        """The model's columns, for each of which there may be a cell."""
        for cell in self._cells.values():
            cell.hide()
            cell.deleteLater()
        self._columns, self._cells = columns, {}
        self.updateGeometries()
        self._place()

    @contextmanager
    def rearranged(self) -> Iterator[None]:
        """Cells follow once, at the end, however many sections change inside."""
        before, self._held = self._held, True
        try:
            yield
        finally:
            self._held = before
        self.updateGeometries()
        self._place()

    def cell(self, name: str) -> FilterCell | None:
        places = (place for place, column in enumerate(self._columns) if column.name == name)
        place = next(places, None)
        return None if place is None else self._cell_at(place)

    def text_of(self, name: str) -> str:
        """The filter text of a column."""
        return self._filters.text(name)

    def waiting(self) -> bool:
        """True while a text has been typed that was not taken yet."""
        return any(cell.waiting() for cell in self._cells.values())

    def focus_first(self) -> None:
        """Go to the filter cell of the first visible column."""
        for visual in range(self.count()):
            logical = self.logicalIndex(visual)
            if not self.isSectionHidden(logical) and logical < len(self._columns):
                self._cell_at(logical).setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), hint.height() + (CELL_HEIGHT if self._columns else 0))

    def updateGeometries(self) -> None:
        below = CELL_HEIGHT if self._columns else 0
        if self.viewportMargins().bottom() != below:
            self.setViewportMargins(0, 0, 0, below)
        super().updateGeometries()
        self._place()

    def _cell_at(self, logical: int) -> FilterCell:
        cell = self._cells.get(logical)
        if cell is None:
            cell = self._cells[logical] = FilterCell(self._columns[logical], self._filters, self)
            cell.left.connect(self._table.setFocus)
            cell.entered.connect(lambda: self._bring_into_view(logical))
        return cell

    def _bring_into_view(self, logical: int) -> None:
        position, width = self.sectionViewportPosition(logical), self.sectionSize(logical)
        bar = self._table.horizontalScrollBar()
        if position < 0:
            bar.setValue(bar.value() + position)
        elif position + width > self.viewport().width():
            bar.setValue(bar.value() + position + width - self.viewport().width())

    def _show_state(self, name: str) -> None:
        for cell in self._cells.values():
            if name in ("", cell.column.name):
                cell.show_state()

    def _place(self) -> None:
        if self._held:
            return
        top = self.height() - CELL_HEIGHT
        for logical in range(len(self._columns)):
            if logical >= self.count() or self.isSectionHidden(logical):
                if logical in self._cells:
                    self._cells[logical].hide()
                continue
            cell = self._cell_at(logical)
            left = self.sectionViewportPosition(logical)
            cell.setGeometry(left, top, self.sectionSize(logical) - 1, CELL_HEIGHT - 1)
            cell.show()
