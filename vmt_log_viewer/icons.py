"""Icons of one family (Phosphor) that take the colour of the text around them when painted."""

from __future__ import annotations

from functools import cache

import qtawesome
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication


def icon(name: str, color: QColor | str | None = None) -> QIcon:
    """The icon `name` of the Phosphor set ("play", "magnifying-glass", "play-fill").

    Without `color` it follows the palette, disabled ones too. KeyError for an unknown name.
    """
    font, glyph = _glyph(name)
    return QIcon(_Engine(font, glyph, None if color is None else QColor(color)))


@cache
def _glyph(name: str) -> tuple[QFont, str]:
    glyph = qtawesome.charmap(f"ph.{name}")
    return QFont(qtawesome.font("ph", 16)), glyph


class _Engine(QIconEngine):
    """Draws one glyph of the icon font. Qt owns it: keep no reference."""

    def __init__(self, font: QFont, glyph: str, color: QColor | None) -> None:
        super().__init__()
        self._font, self._char, self._color = font, glyph, color
        self._painted: dict[tuple[int, int, int], QPixmap] = {}

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        font = QFont(self._font)
        font.setPixelSize(max(1, round(rect.height() * 0.95)))
        painter.setFont(font)
        painter.setPen(self._pen(mode))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._char)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        key = (size.width(), size.height(), self._pen(mode).rgba())
        if key not in self._painted:
            self._painted[key] = self._pixmap(size, mode, state)
        return self._painted[key]

    def _pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        if size.isEmpty():  # a button without room: nothing can be painted on nothing
            return pixmap
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Engine(self._font, self._char, self._color)

    def _pen(self, mode: QIcon.Mode) -> QColor:
        disabled = mode == QIcon.Mode.Disabled
        group = QPalette.ColorGroup.Disabled if disabled else QPalette.ColorGroup.Active
        if self._color is not None and not disabled:
            return self._color
        return QApplication.palette().color(group, QPalette.ColorRole.ButtonText)
