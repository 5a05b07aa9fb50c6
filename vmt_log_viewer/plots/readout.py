"""Readout: values in a line of text, each name in the colour of its line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import Theme


class Readout(QWidget):
    """Right-aligned and as wide as there is room, so nothing jumps when values change.

    A coloured piece of text gets a small square of its colour: the text itself stays readable.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._segments: tuple[tuple[str, QColor | None], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(20)
        self.setMinimumWidth(40)

    @property
    def text(self) -> str:
        return "".join(self._spaced(i) for i in range(len(self._segments)))

    def say(self, segments: Sequence[tuple[str, QColor | None]]) -> None:
        if tuple(segments) != self._segments:
            self._segments = tuple(segments)
            self.setToolTip(plain_tip(self.text))
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 20)

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        self.paint_into(painter, QRectF(self.rect()))
        painter.end()

    def paint_into(self, painter: QPainter, where: QRectF) -> None:
        font = self._theme.font("caption")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        widths = [
            metrics.horizontalAdvance(self._spaced(i)) + (12 if color is not None else 0)
            for i, (_, color) in enumerate(self._segments)
        ]
        x = max(where.left(), where.right() - sum(widths))
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        for i, ((_, color), width) in enumerate(zip(self._segments, widths, strict=True)):
            room = where.right() - x
            if room < min(16.0, width):
                return
            start = x
            if color is not None:
                gap = metrics.horizontalAdvance("   ") if i else 0.0
                painter.fillRect(QRectF(x + gap, where.center().y() - 4, 8, 8), color)
                start += 12
            painter.setPen(self._theme.color("muted" if color is not None else "text"))
            text = self._spaced(i)
            if width > room + 0.5:
                text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(start, where.top(), room, where.height()), flags, text)
            x += width

    def _spaced(self, i: int) -> str:
        text, color = self._segments[i]
        follows_value = i > 0 and (color is not None or self._segments[i - 1][1] is None)
        return f"   {text}" if follows_value else text
