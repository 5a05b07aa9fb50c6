"""StateBars: one number in each state of a lane as bars from zero, with what it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from telemetry.frozen import Frozen
from vmt_log_viewer.theme import GRID, INSIDE

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

LINE = 24
SEEN = 8
"""So many bars are seen at once; more can be scrolled to."""
_VERTICAL = Qt.AlignmentFlag.AlignVCenter


class StateBar(Frozen):
    """A state's number, None where there is none, and what is written at its end."""

    name: str
    value: float | None
    text: str
    color: QColor


class StateBars(QWidget):
    """A line for each state. Bars to the left of zero are negative numbers."""

    counted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.bars: tuple[StateBar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_bars(self, bars: Sequence[StateBar]) -> None:
        self.bars = tuple(bars)
        self.setFixedHeight(len(self.bars) * LINE)
        self.counted.emit(len(self.bars))
        self.setAccessibleName(", ".join(f"{bar.name}: {bar.text}" for bar in self.bars))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, len(self.bars) * LINE)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, _event: object) -> None:
        if not self.bars:
            return
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        metrics = QFontMetricsF(painter.font())
        names = min(max(metrics.horizontalAdvance(b.name) for b in self.bars), self.width() * 0.35)
        ends = max(metrics.horizontalAdvance(b.text) for b in self.bars) + INSIDE
        known = [bar.value for bar in self.bars if bar.value is not None]
        low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
        room = max(8.0, self.width() - names - 2 * INSIDE - ends)
        left = names + INSIDE
        scale = room / (high - low) if high > low else 0.0
        zero = left - low * scale
        for row, bar in enumerate(self.bars):
            top = row * LINE
            painter.setPen(self._theme.color("text"))
            text = metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, names)
            right = int(_VERTICAL | Qt.AlignmentFlag.AlignRight)
            painter.drawText(QRectF(0, top, names, LINE), right, text)
            end = zero
            if bar.value is not None:
                end = zero + bar.value * scale
                wide = max(1.0, abs(end - zero)) if bar.value else 0.0
                painter.fillRect(
                    QRectF(min(zero, end), top + GRID, wide, LINE - 2 * GRID), bar.color
                )
            painter.setPen(self._theme.color("muted"))
            where = QRectF(max(zero, end) + GRID, top, ends, LINE)
            painter.drawText(where, int(_VERTICAL | Qt.AlignmentFlag.AlignLeft), bar.text)
        painter.fillRect(QRectF(zero, 0, 1, self.height()), self._theme.color("line"))
        painter.end()


def scrolled(bars: StateBars) -> QScrollArea:
    """The bars in an area that is as high as they need, up to `SEEN` of them."""
    area = QScrollArea()
    area.setWidget(bars)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    bars.counted.connect(lambda count: area.setFixedHeight(min(count, SEEN) * LINE))
    area.setFixedHeight(0)
    return area
