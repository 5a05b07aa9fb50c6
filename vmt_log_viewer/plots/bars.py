"""BarList: named counts as horizontal bars, the number at the end of each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.frozen import Frozen
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import GRID, INSIDE, Theme
from vmt_log_viewer.widgets.words import count_text, share_text

LINE = 22


class Bar(Frozen):
    """`count` of `name`; `key` is what a click reports."""

    name: str
    count: int
    color: QColor
    key: object = None


class BarList(QWidget):
    """One line a bar, longest first as given. Nothing is left out: the list grows instead.

    Bars are as long as their share of the largest; every count that is not 0 shows at least a
    pixel.
    """

    clicked = Signal(object)  # the key of a bar

    def __init__(self, theme: Theme, *, clickable: bool = False) -> None:
        super().__init__()
        self._theme, self._clickable = theme, clickable
        self.bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if clickable:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        self.bars = tuple(bars)
        self.setFixedHeight(max(1, len(self.bars)) * LINE)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, max(1, len(self.bars)) * LINE)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, _event: object) -> None:
        if not self.bars:
            return
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        metrics = QFontMetricsF(painter.font())
        total, largest = sum(b.count for b in self.bars), max(b.count for b in self.bars)
        names = min(max(metrics.horizontalAdvance(b.name) for b in self.bars), self.width() * 0.5)
        ends = max(metrics.horizontalAdvance(self._end(b, total)) for b in self.bars)
        left = names + INSIDE
        room = max(8.0, self.width() - left - ends - INSIDE)
        middle = Qt.AlignmentFlag.AlignVCenter
        for row, bar in enumerate(self.bars):
            top = row * LINE
            painter.setPen(self._theme.color("text"))
            text = metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, names)
            right = int(middle | Qt.AlignmentFlag.AlignRight)
            painter.drawText(QRectF(0, top, names, LINE), right, text)
            length = bar.count / largest * room if largest else 0.0
            length = max(length, 1.0) if bar.count else 0.0
            painter.fillRect(QRectF(left, top + GRID, length, LINE - 2 * GRID), bar.color)
            painter.setPen(self._theme.color("muted"))
            where = QRectF(left + length + GRID, top, ends + INSIDE, LINE)
            painter.drawText(where, int(middle | Qt.AlignmentFlag.AlignLeft), self._end(bar, total))
        painter.end()

    def _end(self, bar: Bar, total: int) -> str:
        share = share_text(bar.count, total) if len(self.bars) > 1 else ""
        return f"{count_text(bar.count)}  {share}".rstrip()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y() // LINE)
        if self._clickable and 0 <= row < len(self.bars):
            self.clicked.emit(self.bars[row].key)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = event.pos().y() // LINE
            text = self.bars[row].name if 0 <= row < len(self.bars) else ""
            QToolTip.showText(event.globalPos(), plain_tip(text) if text else "", self)
            return True
        return super().event(event)
