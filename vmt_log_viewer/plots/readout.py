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
        widths = self._widths(metrics)
        kept, more = self._fitting(widths, where.width(), metrics)
        ends = metrics.horizontalAdvance(more)
        x = max(where.left(), where.right() - sum(widths[:kept]) - ends)
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        shown = zip(self._segments[:kept], widths[:kept], strict=True)
        for i, ((_, color), width) in enumerate(shown):
            room = where.right() - ends - x
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
        x = min(x, where.right() - ends)
        painter.setPen(self._theme.color("muted"))
        painter.drawText(QRectF(x, where.top(), ends, where.height()), flags, more)

    def shown_in(self, width: float) -> str:
        """What is drawn in so many pixels: names that do not fit are counted, not cut."""
        metrics = QFontMetricsF(self._theme.font("caption"))
        kept, more = self._fitting(self._widths(metrics), width, metrics)
        return "".join(self._spaced(i) for i in range(kept)) + more

    def _widths(self, metrics: QFontMetricsF) -> list[float]:
        return [
            metrics.horizontalAdvance(self._spaced(i)) + (12 if color is not None else 0)
            for i, (_, color) in enumerate(self._segments)
        ]

    def _fitting(
        self, widths: Sequence[float], room: float, metrics: QFontMetricsF
    ) -> tuple[int, str]:
        """How many segments are drawn, and the words for the names that are left out."""
        if sum(widths) <= room + 0.5:
            return len(widths), ""
        names = [i for i, (_, color) in enumerate(self._segments) if color is not None]
        for place in range(len(names) - 1, 0, -1):
            more = f"   +{len(names) - place}"
            if sum(widths[: names[place]]) + metrics.horizontalAdvance(more) <= room + 0.5:
                return names[place], more
        if len(names) < 2:
            return len(widths), ""
        return names[1], f"   +{len(names) - 1}"  # the first gives way with an ellipsis

    def _spaced(self, i: int) -> str:
        text, color = self._segments[i]
        follows_value = i > 0 and (color is not None or self._segments[i - 1][1] is None)
        return f"   {text}" if follows_value else text
