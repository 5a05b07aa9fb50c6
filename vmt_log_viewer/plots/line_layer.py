"""LineLayer: the values of many agents as lines, thinned to the pixels there are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from telemetry.concepts import Floats, Ints, Line
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.line_bank import LineBank
from vmt_log_viewer.plots.raster import paint_dense_line, paint_spans, paints_pixels
from vmt_log_viewer.plots.stamps import stamp

SMOOTH = 150_000
"""With more vertices than this, lines are drawn without smoothing: it would not be seen."""
CROWD = 200_000
"""With more than this, lines become one image: painting paths would take a second."""
RESTING, MOVING = 2, 4
"""Device pixels that a column of that image is wide, at rest and while the ticks in view move: no
value is left out either way, and thirty pictures a second can be drawn."""
WIDTH, DOT = 1.4, 4.0
STAMPED = 500
"""More dots are copies of one a line: to draw each takes ten times as long."""
_FAR = 1 << 20  # pixels that nobody sees


class LineLayer:
    """Lines in their agents' colours. Stretches of one sample are drawn as dots."""

    def __init__(self) -> None:
        self.bank = LineBank((), 1)
        self.colors: tuple[QColor, ...] = ()
        self.width = WIDTH
        self._lines: tuple[Sequence[Line], int, bool] | None = None
        self.dashed = False
        self.coarse = RESTING

    def show(
        self,
        lines: Sequence[Line],
        step: int,
        colors: Sequence[QColor],
        *,
        positive: bool = False,
        bank: LineBank | None = None,
    ) -> None:
        """Draw `lines`; the same ones again only take their new colours.

        `bank` holds them already, where it was built for just these.
        """
        wanted = (lines, step, positive)
        if self._lines is None or any(a is not b for a, b in zip(wanted, self._lines, strict=True)):
            fits = bank is not None and bank.lines is lines and bank.positive == positive
            known = bank if fits else None
            self.bank = known or LineBank(lines, step, positive=positive)
            self._lines = wanted
        self.colors = tuple(colors)

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self.bank.size == 0:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)  # a line is an open path, which a brush would fill
        window = (frame.first, frame.last, frame.columns)
        single = len(self.colors) == 1 and not self.dashed and paints_pixels(painter)
        moving = self.coarse > RESTING and not single
        crowd = self.bank.crowd(*window, self.coarse if moving else 1.0)
        if crowd > CROWD or (crowd and single):
            if single:
                spans = self.bank.spans(*window)
                paint_dense_line(painter, spans, self.colors[0], self.width, frame)
            else:
                width = max(1, frame.columns // self.coarse)
                spans = self.bank.spans(frame.first, frame.last, width)
                image = paint_spans(spans, self.colors, frame, width)
                painter.drawImage(QRectF(0, 0, frame.width, frame.height), image)
            tick, value, owner = self.bank.lone(frame.first, frame.last)
            self._paint_lone(painter, frame.x(tick), frame.y(value), owner)
            return
        strokes = self.bank.strokes(*window)
        if strokes.tick.size == 0:
            return
        x, y = frame.x(strokes.tick), frame.y(strokes.value)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, strokes.tick.size <= SMOOTH)
        bounds = np.flatnonzero(np.diff(strokes.owner)) + 1
        edges = [0, *bounds.tolist(), strokes.tick.size]
        for begin, end in pairwise(edges):
            color = self.colors[int(strokes.owner[begin])]
            joined = strokes.joined[begin:end].astype(np.int32)
            painter.setPen(self._pen(color, len(edges) - 1))
            painter.drawPath(pg.arrayToQPath(x[begin:end], y[begin:end], connect=joined))
        lone = strokes.lone
        self._paint_lone(painter, x[lone], y[lone], strokes.owner[lone])

    def _pen(self, color: QColor, count: int) -> QPen:
        """Many lines let each other shine through."""
        color = QColor(color)
        if count > 40:
            color.setAlphaF(0.55)
        pen = QPen(color, self.width if count <= 40 else 1.0)
        pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
        if self.dashed:
            pen.setDashPattern([5, 4])
        return pen

    def _paint_lone(self, painter: QPainter, x: Floats, y: Floats, owner: Ints) -> None:
        if x.size == 0:
            return
        place = owner  # dots of a line on one pixel are one dot
        for pixels in (x, y):
            far = np.clip(np.rint(pixels), -_FAR, _FAR).astype(np.int64) + _FAR
            place = place * (2 * _FAR + 1) + far
        _, first = np.unique(place, return_index=True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        who, color_of = np.unique(owner[first], return_inverse=True)
        if first.size > STAMPED and who.size <= STAMPED and paints_pixels(painter):
            ratio = painter.device().devicePixelRatioF()
            sheet = self._dots(who, ratio)
            left = color_of * sheet.height()
            stamp(painter, x[first], y[first], sheet, sheet.height(), ratio, (left, 0))
            return
        for place, agent in enumerate(who.tolist()):
            mine = first[color_of == place]
            pen = QPen(self.colors[agent], DOT)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPoints(pg.functions.arrayToQPolygonF(x[mine], y[mine]))

    def _dots(self, who: Ints, ratio: float) -> QPixmap:
        """The dots of some lines side by side, each in a square."""
        side = int(np.ceil((DOT + 2) * ratio))
        sheet = QPixmap(side * who.size, side)
        sheet.fill(Qt.GlobalColor.transparent)
        painter = QPainter(sheet)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, agent in enumerate(who.tolist()):
            painter.setBrush(self.colors[agent])
            middle = QPointF((place + 0.5) * side, side / 2)
            painter.drawEllipse(middle, DOT / 2 * ratio, DOT / 2 * ratio)
        painter.end()
        return sheet
