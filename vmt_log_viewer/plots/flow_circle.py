"""FlowCircle: agents around a circle, each flow a ribbon in the colour of who gives."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.analysis.circulation import Matrix
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.flow_matrix import edge_words
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.nice import short
from vmt_log_viewer.plots.phase_chart import mixed
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

NAMES, RING, BREATH = 96.0, 10.0, 0.012
"""Most room for names, width of the ring, and the gap between agents (as a share of the circle)."""
FAINT, STRONG = 0.45, 0.95
SEE_THROUGH = 400
"""More ribbons than that are opaque: nobody could see through so many, and it takes long."""
A_TURN = 200
"""Ribbons that are painted in one turn: thousands take a tenth of a second."""
_FULL = 2 * math.pi


class FlowCircle(QWidget):
    """An agent's arc is as long as what it gave and took; a ribbon is as wide at its giver's end
    as the flow, and ends short of its taker's arc."""

    edge_clicked = Signal(int, int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.matrix: Matrix | None = None
        self.colors: tuple[QColor, ...] = ()
        self.by_rows = False
        self.chosen: tuple[int, int] | None = None
        self.arcs: list[tuple[float, float]] = []
        self._ribbons: list[tuple[int, int, float, float, float, float]] = []
        self._paths: list[QPainterPath] = []
        self._room = NAMES
        self._kept = Kept(self)
        self.setMouseTracking(True)
        self.setMinimumSize(220, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_matrix(
        self, matrix: Matrix | None, colors: Sequence[QColor], *, by_rows: bool
    ) -> None:
        self.matrix, self.colors, self.by_rows = matrix, tuple(colors), by_rows
        self.arcs, self._ribbons, self._paths = [], [], []
        self._kept.forget()
        if matrix is not None and matrix.members:
            metrics = QFontMetricsF(self._theme.font("caption"))
            widest = max(metrics.horizontalAdvance(name) for name in matrix.names)
            others = metrics.horizontalAdvance(matrix.names[-1]) if matrix.others else 0.0
            self._room = 16 + max(others, min(widest, NAMES))
            self._arrange(matrix.rows.astype(np.float64) if by_rows else matrix.amount)
            self.setAccessibleName(f"{matrix.good.label}: who gives to whom, as a circle")
        self.update()

    def choose(self, edge: tuple[int, int] | None) -> None:
        self.chosen = edge
        self.update()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._paths = []

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.edge_clicked.emit(*found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        text = ""
        if found is not None and self.matrix is not None:
            text = edge_words(self.matrix, *found)
        elif self.matrix is not None and (arc := self._arc_at(event.position())) is not None:
            text = self._told_of(arc)
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text) if text else "", self)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("base"))
        self._kept.draw(painter, QSizeF(self.size()), self._looks(), self._paint_circle)

    def dress(self) -> Iterator[None]:
        yield from self._kept.prepare(self._looks(), self._paint_circle)

    def painted(self) -> bool:
        return self._kept.idle()

    def _looks(self) -> tuple[int, tuple[int, int] | None]:
        return self._theme.version, self.chosen

    def _paint_circle(self, painter: QPainter) -> Iterator[None]:
        """Ribbons, the chosen one last, then the ring and the names."""
        if self.matrix is None or not self.arcs:
            return
        painter.setFont(self._theme.font("caption"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        many = len(self._ribbons) > SEE_THROUGH
        faint = FAINT if self.chosen is None else FAINT / 3
        inks = [self._ink(color, faint, many) for color in self.colors]
        last = []
        drawn = zip(self._ribbons, (yield from self._make_paths()), strict=True)
        for place, ((giver, taker, *_), path) in enumerate(drawn, 1):
            if place % A_TURN == 0:
                yield
            if (giver, taker) == self.chosen:
                last.append((giver, path))
            else:
                painter.setBrush(inks[giver])
                painter.drawPath(path)
        for giver, path in last:
            painter.setBrush(self._ink(self.colors[giver], STRONG, many))
            painter.drawPath(path)
        for i, (start, end) in enumerate(self.arcs):
            painter.setBrush(self.colors[i])
            painter.drawPath(self._ring(start, end))
        self._names(painter)

    def _ink(self, color: QColor, share: float, many: bool) -> QColor:
        if many:
            return mixed(color, self._theme.color("base"), share)
        found = QColor(color)
        found.setAlphaF(share)
        return found

    def _shapes(self) -> list[QPainterPath]:
        """The path of each ribbon at this size."""
        for _ in self._make_paths():
            pass
        return self._paths

    def _make_paths(self) -> Generator[None, None, list[QPainterPath]]:
        """The same in steps; they are kept until the size is another."""
        if len(self._paths) == len(self._ribbons):
            return self._paths
        size, (middle, radius) = self.size(), self._circle()
        inner, short_of = radius - RING - 1, radius - RING - 8
        ends = np.array([ribbon[2:] for ribbon in self._ribbons]).reshape(-1, 4)
        away = np.array([inner, inner, short_of, short_of])
        x = (middle.x() + np.sin(ends) * away).tolist()
        y = (middle.y() - np.cos(ends) * away).tolist()
        rings = _around(middle, inner), _around(middle, short_of)
        turns, paths = np.degrees(ends).tolist(), []
        for each in zip(turns, x, y, strict=True):
            paths.append(_path(middle, rings, *each))
            if len(paths) % (4 * A_TURN) == 0:
                yield
        if self.size() == size:
            self._paths = paths
        return paths

    def _arrange(self, values: np.ndarray) -> None:
        """Arcs by the sums of rows and columns; on each, what is given and then what is taken."""
        whole = values.sum(axis=0) + values.sum(axis=1)
        n, total = len(values), float(whole.sum()) or 1.0
        gap = min(BREATH, 0.3 / n) * _FULL
        room = _FULL - n * gap
        at = 0.0
        starts = []
        for share in whole.tolist():
            long = share / total * room
            self.arcs.append((at, at + long))
            starts.append(at)
            at += long + gap
        free = list(starts)
        ends: dict[tuple[int, int], list[float]] = {}
        order = [(i, j) for i in range(n) for j in range(n) if values[i, j] > 0]
        for i, j in order:
            wide = float(values[i, j]) / total * room
            ends[i, j] = [free[i], free[i] + wide]
            free[i] += wide
        for i, j in sorted(order, key=lambda e: (e[1], e[0])):
            wide = float(values[i, j]) / total * room
            ends[i, j] += [free[j], free[j] + wide]
            free[j] += wide
        self._ribbons = [(i, j, *ends[i, j]) for i, j in order]  # type: ignore[misc]

    def _circle(self) -> tuple[QPointF, float]:
        radius = max(20.0, min(self.width() - 2 * self._room, self.height() - 56) / 2)
        return QPointF(self.width() / 2, self.height() / 2), radius

    def _point(self, angle: float, away: float) -> QPointF:
        middle, _ = self._circle()
        return middle + QPointF(math.sin(angle) * away, -math.cos(angle) * away)

    def _ring(self, start: float, end: float) -> QPainterPath:
        middle, radius = self._circle()
        path = QPainterPath(self._point(start, radius))
        path.arcTo(_around(middle, radius), _degrees(start), -math.degrees(end - start))
        path.lineTo(self._point(end, radius - RING))
        path.arcTo(_around(middle, radius - RING), _degrees(end), math.degrees(end - start))
        path.closeSubpath()
        return path

    def names_shown(self) -> dict[int, tuple[QRectF, str]]:
        """Where names stand: the chosen edge's, then those of the longest arcs, none on another."""
        assert self.matrix is not None
        _, radius = self._circle()
        metrics = QFontMetricsF(self._theme.font("caption"))
        chosen = self.chosen or ()
        long = [start - end for start, end in self.arcs]
        found: dict[int, tuple[QRectF, str]] = {}
        for i in sorted(range(len(self.arcs)), key=lambda i: (i not in chosen, long[i])):
            angle = sum(self.arcs[i]) / 2
            at, right = self._point(angle, radius + 8), math.sin(angle) >= 0
            room = self.width() - at.x() - 4 if right else at.x() - 4
            text = metrics.elidedText(self.matrix.names[i], Qt.TextElideMode.ElideRight, room)
            wide = metrics.horizontalAdvance(text)
            where = QRectF(at.x() - (0 if right else wide), at.y() - 7, wide, 14)
            apart = where.adjusted(-3, 0, 3, 0)
            if not any(apart.intersects(other) for other, _ in found.values()):
                found[i] = where, text
        return found

    def _names(self, painter: QPainter) -> None:
        """Outside the ring; how many have no room is said below."""
        shown = self.names_shown()
        painter.setPen(self._theme.color("text"))
        for where, text in shown.values():
            painter.drawText(QPointF(where.left(), where.top() + 11), text)
        hidden = len(self.arcs) - len(shown)
        if hidden:
            painter.setPen(self._theme.color("muted"))
            said = f"{count_text(hidden)} names have no room: point at an arc or a ribbon."
            said = said.replace("1 names have", "1 name has") if hidden == 1 else said
            painter.drawText(QPointF(8, self.height() - 6), said)

    def _arc_at(self, where: QPointF) -> int | None:
        """The agent whose arc is under the mouse."""
        middle, radius = self._circle()
        away = where - middle
        if not radius - RING - 2 <= math.hypot(away.x(), away.y()) <= radius + 4:
            return None
        angle = math.atan2(away.x(), -away.y()) % _FULL
        near = [max(start - angle, angle - end) for start, end in self.arcs]
        best = min(range(len(near)), key=near.__getitem__)
        return best if near[best] * radius <= 2 else None

    def _told_of(self, agent: int) -> str:
        assert self.matrix is not None
        amount, unit = self.matrix.amount, self.matrix.good.unit
        gave, took = (short(float(v), 6) for v in (amount[agent].sum(), amount[:, agent].sum()))
        return f"{self.matrix.names[agent]} gave {gave} and took {took} {unit}.".replace(" .", ".")

    def _at(self, where: QPointF) -> tuple[int, int] | None:
        """The narrowest ribbon under the mouse."""
        hits = [
            ribbon
            for ribbon, path in zip(self._ribbons, self._shapes(), strict=True)
            if path.controlPointRect().contains(where) and path.contains(where)
        ]
        best = min(hits, key=lambda r: r[3] - r[2], default=None)
        return None if best is None else (best[0], best[1])


def _path(
    middle: QPointF,
    rings: tuple[QRectF, QRectF],
    turns: list[float],
    x: list[float],
    y: list[float],
) -> QPainterPath:
    """A ribbon between two arcs, whose ends are at these degrees clockwise and these pixels."""
    a, b, c, d = turns
    path = QPainterPath(QPointF(x[0], y[0]))
    path.arcTo(rings[0], 90 - a, a - b)
    path.quadTo(middle, QPointF(x[2], y[2]))
    path.arcTo(rings[1], 90 - c, c - d)
    path.quadTo(middle, QPointF(x[0], y[0]))
    return path


def _around(middle: QPointF, radius: float) -> QRectF:
    return QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius)


def _degrees(angle: float) -> float:
    """An angle clockwise from the top as Qt counts it: anticlockwise from the right."""
    return 90 - math.degrees(angle)
