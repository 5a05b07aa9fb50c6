"""LineLayer: the values of many agents as lines, thinned to the pixels there are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from telemetry.concepts import Floats, Line
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.line_bank import LineBank, Strokes

SMOOTH = 150_000
"""With more vertices than this, lines are drawn without smoothing: it would not be seen."""
WIDTH, DOT = 1.4, 4.0


class LineLayer:
    """Lines in their agents' colours. Stretches of one sample are drawn as dots."""

    def __init__(self) -> None:
        self.bank = LineBank((), 1)
        self.colors: tuple[QColor, ...] = ()
        self.width = WIDTH
        self.dashed = False

    def show(
        self, lines: Sequence[Line], step: int, colors: Sequence[QColor], *, positive: bool = False
    ) -> None:
        self.bank = LineBank(lines, step, positive=positive)
        self.colors = tuple(colors)

    def paint(self, painter: QPainter, frame: Frame) -> None:
        strokes = self.bank.strokes(frame.first, frame.last, frame.columns)
        if strokes.tick.size == 0:
            return
        x, y = frame.x(strokes.tick), frame.y(strokes.value)
        painter.setBrush(Qt.BrushStyle.NoBrush)  # a line is an open path, which a brush would fill
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, strokes.tick.size <= SMOOTH)
        bounds = np.flatnonzero(np.diff(strokes.owner)) + 1
        edges = [0, *bounds.tolist(), strokes.tick.size]
        for begin, end in pairwise(edges):
            color = self.colors[int(strokes.owner[begin])]
            joined = strokes.joined[begin:end]
            painter.setPen(self._pen(color, len(edges) - 1))
            path = pg.arrayToQPath(x[begin:end], y[begin:end], connect=joined.astype(np.int32))
            painter.drawPath(path)
        self._paint_lone(painter, strokes, x, y)

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

    def _paint_lone(self, painter: QPainter, strokes: Strokes, x: Floats, y: Floats) -> None:
        lone = strokes.lone
        if lone.size == 0:
            return
        place = np.column_stack([strokes.owner[lone], np.rint(x[lone]), np.rint(y[lone])])
        _, first = np.unique(place, axis=0, return_index=True)  # dots on one pixel are one dot
        for owner in np.unique(strokes.owner[lone[first]]):
            mine = lone[first][strokes.owner[lone[first]] == owner]
            pen = QPen(self.colors[int(owner)], DOT)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            points = [QPointF(a, b) for a, b in zip(x[mine], y[mine], strict=True)]
            painter.drawPoints(QPolygonF(points))
