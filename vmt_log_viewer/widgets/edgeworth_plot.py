"""EdgeworthPlot: two agents' goods as a box, with curves, lens, contract curve and tried blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from telemetry.analysis.edgeworth import Line, Picture
from telemetry.concepts import Box
from vmt_log_viewer.plots.nice import nice_values, short
from vmt_log_viewer.widgets.outcome_mark import draw_mark

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 44, 40, 56
_MARK = 8.0
_VERTICAL = Qt.AlignmentFlag.AlignVCenter


class EdgeworthPlot(QWidget):
    """The first agent's origin is lower left, the second's upper right.

    Both directions have scales of their own: a box of 400 by 3 would be a line otherwise.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._box: Box | None = None
        self.picture: Picture | None = None
        self.setMinimumSize(120, 100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(420, 360)

    def show_box(self, box: Box | None, picture: Picture | None) -> None:
        """Draw `picture` of `box`; None: nothing."""
        self._box, self.picture = box, picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._box is None or self.picture is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("caption"))
        self._frame(painter)
        painter.save()
        painter.setClipRect(self._place().adjusted(-1, -1, 1, 1))
        self._lens(painter)
        self._lines(painter)
        painter.restore()
        self._moves(painter)
        self._legend(painter)

    def _place(self) -> QRectF:
        wide, high = self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM
        return QRectF(_LEFT, _TOP, max(wide, 1), max(high, 1))

    def _at(self, x: float, y: float) -> QPointF:
        place, picture = self._place(), self.picture
        assert picture is not None
        across = x / picture.width if picture.width else 0.5
        up = y / picture.height if picture.height else 0.5
        return QPointF(place.left() + across * place.width(), place.bottom() - up * place.height())

    def _frame(self, painter: QPainter) -> None:
        """Both agents' axes: the second's run from the upper right corner."""
        place, picture, box = self._place(), self.picture, self._box
        assert picture is not None
        assert box is not None
        grid, muted = self._theme.color("grid"), self._theme.color("muted")
        right, center = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignHCenter
        for value in nice_values(0.0, picture.width, max(2, self.width() // 90)):
            x = self._at(value, 0).x()
            painter.setPen(grid)
            painter.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))
            painter.setPen(muted)
            painter.drawText(QRectF(x - 40, place.bottom() + 2, 80, 14), center, short(value))
            mirrored = place.left() + place.right() - x
            painter.drawText(QRectF(mirrored - 40, place.top() - 16, 80, 14), center, short(value))
        for value in nice_values(0.0, picture.height, 5):
            y = self._at(0, value).y()
            painter.setPen(grid)
            painter.drawLine(QPointF(place.left(), y), QPointF(place.right(), y))
            painter.setPen(muted)
            painter.drawText(QRectF(0, y - 8, _LEFT - 4, 16), right | _VERTICAL, short(value))
            mirrored = place.top() + place.bottom() - y
            painter.drawText(
                QRectF(place.right() + 4, mirrored - 8, _RIGHT - 4, 16), _VERTICAL, short(value)
            )
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place)
        first, second = box.holders
        a, b = box.goods
        painter.setPen(self._color(0))
        text = f"agent {first.agent_id}: {a} →, {b} ↑"
        painter.drawText(QRectF(4, place.bottom() + 16, 220, 16), _VERTICAL, text)
        painter.setPen(self._color(1))
        text = f"agent {second.agent_id}: {a} ←, {b} ↓"
        where = QRectF(self.width() - 224, 2, 220, 16)
        painter.drawText(where, right | _VERTICAL, text)

    def _color(self, side: int) -> QColor:
        box = self._box
        assert box is not None
        return self._theme.agent_color(box.holders[side].agent_id, side, 2)

    def _lens(self, painter: QPainter) -> None:
        picture = self.picture
        assert picture is not None
        if picture.lens is None or not len(picture.lens[0]):
            return
        x, low, high = picture.lens
        outline = [self._at(float(i), float(j)) for i, j in zip(x, low, strict=True)]
        outline += [self._at(float(i), float(j)) for i, j in zip(x[::-1], high[::-1], strict=True)]
        shade = QColor(self._theme.color("good"))
        shade.setAlphaF(0.4)  # a lens is thin, and would not be seen
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawPolygon(QPolygonF(outline))

    def _lines(self, painter: QPainter) -> None:
        picture = self.picture
        assert picture is not None
        painter.setBrush(Qt.BrushStyle.NoBrush)
        known = any(line is not None for line in picture.before)
        for _, line in () if known else picture.quotes:
            self._line(painter, line, QPen(self._theme.color("faint"), 1, Qt.PenStyle.DotLine))
        if picture.contract is not None:
            self._line(painter, picture.contract, QPen(self._theme.color("muted"), 1.5))
        for side in (0, 1):
            color = self._color(side)
            self._line(painter, picture.before[side], QPen(color, 2))
            self._line(painter, picture.after[side], QPen(color, 1.2, Qt.PenStyle.DashLine))

    def _line(self, painter: QPainter, line: Line | None, pen: QPen) -> None:
        """Unbroken parts of a curve; NaN leaves a gap."""
        if line is None:
            return
        painter.setPen(pen)
        good = np.isfinite(line.x) & np.isfinite(line.y)
        cuts = np.flatnonzero(np.diff(good.astype(np.int8))) + 1
        for part in np.split(np.arange(len(good)), cuts):
            if len(part) > 1 and good[part[0]]:
                points = [self._at(float(line.x[i]), float(line.y[i])) for i in part]
                painter.drawPolyline(QPolygonF(points))

    def _moves(self, painter: QPainter) -> None:
        picture, box = self.picture, self._box
        assert picture is not None
        assert box is not None
        x, y = picture.endowment
        for move in box.moves:
            at = self._at(x + move.first, y + move.second)
            if move is picture.chosen:
                painter.setPen(QPen(self._theme.color("accent"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(at, _MARK, _MARK)
            shape = "disc" if move.success else "cross" if move.feasible else "square"
            name = "good" if move.success else "bad" if move.feasible else "muted"
            draw_mark(painter, at, shape, self._theme.color(name), _MARK)
        painter.setPen(QPen(self._theme.color("base"), 1.5))
        painter.setBrush(self._theme.color("text"))
        painter.drawEllipse(self._at(x, y), 5, 5)

    def _legend(self, painter: QPainter) -> None:
        """What there is to see, below the box."""
        picture = self.picture
        assert picture is not None
        known = any(line is not None for line in picture.before)
        parts = ["● endowment"]
        if known:
            parts.append("— curve before, - - after")
        elif picture.quotes:
            parts.append("··· quotes")
        if picture.lens is not None and len(picture.lens[0]):
            parts.append("shaded: both gain")
        if picture.contract is not None:
            parts.append("grey: contract curve")
        painter.setPen(self._theme.color("muted"))
        where = QRectF(4, self.height() - 20, self.width() - 8, 16)
        text = painter.fontMetrics().elidedText(
            " · ".join(parts), Qt.TextElideMode.ElideRight, int(where.width())
        )
        painter.drawText(where, _VERTICAL, text)
