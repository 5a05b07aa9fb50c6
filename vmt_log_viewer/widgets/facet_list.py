"""FacetList: the values of one column with their counts, each to be ticked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPalette,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from telemetry.concepts import Cell
from telemetry.filters.terms import text_of
from telemetry.frozen import Frozen
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import ROW_HEIGHT
from vmt_log_viewer.widgets.words import count_text, share_text

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_BOX = 14
_SHARE, _SHARE_LINE = 104, 16  # width of a share in words, and what it adds to a row's height
_COUNT_ROLE = Qt.ItemDataRole.UserRole


class FacetRow(Frozen):
    """One value; `parts` splits its count by something else, each part with its colour."""

    value: Cell
    text: str
    count: int
    color: QColor | None = None
    parts: tuple[tuple[QColor, int, str], ...] = ()


class FacetModel(QAbstractListModel):
    """The rows of a facet; `total` is what their shares refer to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[FacetRow, ...] = ()
        self.total = self.largest = 0
        self.chosen: frozenset[Cell] = frozenset()

    def show_rows(self, rows: Sequence[FacetRow], total: int) -> None:
        """Other counts of the same values keep the list, its focus and its scrolling."""
        same = [r.value for r in rows] == [r.value for r in self.rows]
        self.largest = max((row.count for row in rows), default=0)
        if same:
            self.rows, self.total = tuple(rows), total
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows, self.total = tuple(rows), total
        self.endResetModel()

    def rowCount(
        self,
        parent: QModelIndex | QPersistentModelIndex = QModelIndex(),  # noqa: B008
    ) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.CheckStateRole:
            on = text_of(row.value) in self.chosen
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        if role == _COUNT_ROLE:
            return row.count
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = [row.text, f"{count_text(row.count)} rows, {share_text(row.count, self.total)}"]
            lines += [f"{name}: {count_text(count)}" for _, count, name in row.parts]
            return plain_tip("\n".join(lines))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.text}, {row.count} rows"
        return None


class _FacetDelegate(QStyledItemDelegate):
    """Tick box, swatch, value, count; behind them a bar as long as the share."""

    def __init__(self, view: FacetList, theme: Theme) -> None:
        super().__init__(view)
        self._view, self._theme = view, theme

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(60, self._view.row_height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        model = self._view.facet_model
        row = model.rows[index.row()]
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, self._theme.color("selection"))
        self._bar(painter, rect, row, model)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(self._theme.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        self._box(painter, rect, index)
        left = rect.left() + _BOX + 12
        if row.color is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(row.color)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawRoundedRect(QRect(left, rect.top() + ROW_HEIGHT // 2 - 4, 8, 8), 2, 2)
            left += 14
        self._words(painter, rect, left, row)
        painter.restore()

    def _words(self, painter: QPainter, rect: QRect, left: int, row: FacetRow) -> None:
        painter.setFont(self._theme.font())
        metrics = painter.fontMetrics()
        number = count_text(row.count)
        width = metrics.horizontalAdvance(number)
        muted = self._theme.color("muted")
        painter.setPen(muted)
        right = rect.right() - 6
        flags = Qt.AlignmentFlag.AlignVCenter
        line = QRect(rect.left(), rect.top(), rect.width(), ROW_HEIGHT)
        if self._view.shares:  # the count stands on the second line, beside its bar
            width = -8
        else:
            painter.drawText(QRect(right - width, line.top(), width, line.height()), flags, number)
        faint = row.count == 0 or row.value is None
        painter.setPen(muted if faint else self._theme.color("text"))
        room = right - width - 8 - left
        text = metrics.elidedText(row.text, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRect(left, line.top(), room, line.height()), flags, text)

    def _bar(self, painter: QPainter, rect: QRect, row: FacetRow, model: FacetModel) -> None:
        """A bar along the foot of the row, split into its parts; with shares, thick and told."""
        largest = model.largest
        if not row.count:
            return
        left, room = rect.left() + _BOX + 12, rect.width() - _BOX - 18
        top, height = rect.bottom() - 2, 2
        if self._view.shares:
            room -= _SHARE
            top, height = rect.top() + ROW_HEIGHT + 1, 7
            painter.setFont(self._theme.font("caption"))
            painter.setPen(self._theme.color("muted"))
            where = QRect(rect.right() - 6 - _SHARE, top - 5, _SHARE, 16)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            share = share_text(row.count, model.total)
            painter.drawText(where, flags, f"{count_text(row.count)} · {share}")
        painter.setPen(Qt.PenStyle.NoPen)
        parts = row.parts or ((row.color or self._theme.color("muted"), row.count, ""),)
        at = 0
        for color, count, _ in parts:
            start = left + round(room * at / largest)
            at += count
            end = max(left + round(room * at / largest), start + 1)
            shade = QColor(color)
            shade.setAlphaF(0.9 if row.parts or row.color else 0.45)
            painter.fillRect(QRect(start, top, end - start, height), shade)

    def _box(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        on = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        box = QRectF(rect.left() + 4.5, rect.top() + (ROW_HEIGHT - _BOX) / 2, _BOX - 1, _BOX - 1)
        theme = self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("accent" if on else "muted"))
        painter.setBrush(theme.color("accent" if on else "base"))
        painter.drawRoundedRect(box, 2, 2)
        if on:
            painter.setPen(QPen(theme.color("on_accent"), 1.8))
            corner = box.topLeft()
            hook = ((3, 6.5), (5.5, 9), (10, 4))
            painter.drawPolyline(QPolygonF([corner + QPointF(x, y) for x, y in hook]))


class FacetList(QListView):
    """A list as high as `rows_shown` rows; a click, Space or Return ticks a value."""

    toggled = Signal(object)  # the value

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shares = False  # a second line for a thicker bar and the share in percent
        self.facet_model = FacetModel(self)
        self.setModel(self.facet_model)
        self.setItemDelegate(_FacetDelegate(self, theme))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setAutoFillBackground(False)
        self.setStyleSheet("QListView { border: none; background: transparent; }")
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        self.setPalette(palette)

    @property
    def row_height(self) -> int:
        return ROW_HEIGHT + _SHARE_LINE if self.shares else ROW_HEIGHT

    def show_height(self, rows: int) -> None:
        """Keep room for exactly so many rows."""
        self.setFixedHeight(rows * self.row_height)
        policy = Qt.ScrollBarPolicy
        more = self.facet_model.rowCount() > rows
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if more else policy.ScrollBarAlwaysOff
        )

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self._toggle(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() in keys and self.currentIndex().isValid():
            self._toggle(self.currentIndex())
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.ignore()  # they move the tick cursor
        elif event.text() and event.text().isprintable():
            event.ignore()  # a key of the window
        else:
            super().keyPressEvent(event)

    def _toggle(self, index: QModelIndex) -> None:
        self.toggled.emit(self.facet_model.rows[index.row()].value)
