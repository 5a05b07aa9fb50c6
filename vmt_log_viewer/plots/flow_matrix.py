"""FlowMatrix: what each agent gave each other one, as coloured cells with the sums at the edges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.analysis.circulation import Matrix
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.nice import short
from vmt_log_viewer.widgets.color_scale import ColorScale, readable_on
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

TOP, BOTTOM, EDGE, GAP, LEGEND = 20, 22, 10, 3, 12
LEAST_NAME, MOST_NAME = 24.0, 110.0
NUMBERS = 34.0
"""Pixels of a cell that has room for its number."""
DARKEST = 0.3
"""The part of the colour map that is left out on a dark ground."""
SMALL = 8.0
"""Pixels of a cell below which it has no air around it."""
TINY = 4.0
A_TURN = 1_000
"""Cells that are painted in one turn."""
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_MIDDLE = int(Qt.AlignmentFlag.AlignCenter)


def edge_words(found: Matrix, giver: int, taker: int) -> str:
    """What went from one agent to another, in a sentence."""
    names, rows = found.names, int(found.rows[giver, taker])
    if not rows:
        return f"{names[giver]} gave {names[taker]} nothing."
    amount = short(float(found.amount[giver, taker]), 6)
    return (
        f"{names[giver]} gave {names[taker]} {amount} {found.good.unit} "
        f"in {count_text(rows)} row{'' if rows == 1 else 's'}."
    )


class FlowMatrix(QWidget):
    """Givers are rows, takers columns; a cell without a flow stays empty. Colours are of the
    amounts, or of the rows that they come from."""

    edge_clicked = Signal(int, int)  # places of giver and taker among the members

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.matrix: Matrix | None = None
        self.by_rows = False
        self.chosen: tuple[int, int] | None = None
        self._names_wide = LEAST_NAME
        self._kept = Kept(self)
        self.setMouseTracking(True)
        self.setMinimumSize(220, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_matrix(self, matrix: Matrix | None, *, by_rows: bool) -> None:
        self.matrix, self.by_rows = matrix, by_rows
        self._kept.forget()
        if matrix is not None:
            self._names_wide = self._name_width(matrix)
            self.setAccessibleName(f"{matrix.good.label}: givers by takers")
        self.update()

    def choose(self, edge: tuple[int, int] | None) -> None:
        self.chosen = edge
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def values(self) -> np.ndarray:
        """What the colours are of."""
        assert self.matrix is not None
        return self.matrix.rows.astype(np.float64) if self.by_rows else self.matrix.amount

    def place_of(self, giver: int, taker: int) -> QRectF:
        """The rectangle of a cell."""
        area, size = self._area(), self._size()
        return QRectF(area.left() + taker * size, area.top() + giver * size, size, size)

    def words_at(self, giver: int, taker: int) -> str:
        """What a cell stands for."""
        assert self.matrix is not None
        return edge_words(self.matrix, giver, taker)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.edge_clicked.emit(*found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        text = "" if found is None else self.words_at(*found)
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text) if text else "", self)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("base"))
        if self.matrix is None or not self.matrix.members:
            return
        self._kept.draw(painter, QSizeF(self.size()), self._theme.version, self._paint_matrix)
        if self.chosen is not None:
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.place_of(*self.chosen))

    def dress(self) -> Iterator[None]:
        yield from self._kept.prepare(self._theme.version, self._paint_matrix)

    def painted(self) -> bool:
        return self._kept.idle()

    def _paint_matrix(self, painter: QPainter) -> Iterator[None]:
        assert self.matrix is not None
        painter.setFont(self._theme.font("caption"))
        self._names(painter)
        values, size = self.values(), self._size()
        scale = self._scale(values)
        area = self._area()
        if size < SMALL:
            self._lines(painter)
            painter.drawImage(area, self._cells(values, scale))
        else:
            yield from self._rectangles(painter, values, scale)
            self._lines(painter)
        yield
        self._others(painter)
        self._sums(painter, values)
        self._legend(painter, scale)

    def _rectangles(
        self, painter: QPainter, values: np.ndarray, scale: ColorScale
    ) -> Iterator[None]:
        """A rectangle a flow, with its number where there is room."""
        assert self.matrix is not None
        size, inks = self._size(), scale.inks(values)
        colors = {ink: QColor.fromRgba(ink) for ink in np.unique(inks).tolist()}
        flows = self.matrix.rows != 0
        if self.matrix.others:
            flows[-1], flows[:, -1] = False, False
        places = np.argwhere(flows).tolist()
        for done, (giver, taker) in enumerate(places, 1):
            cell, color = self.place_of(giver, taker), colors[int(inks[giver, taker])]
            painter.fillRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), color)
            if size >= NUMBERS:
                painter.setPen(readable_on(color))
                painter.drawText(cell, _MIDDLE, short(float(values[giver, taker]), 3))
            if done % A_TURN == 0:
                yield

    def _lines(self, painter: QPainter) -> None:
        """Between cells; where these are tiny, lines would hide them: only around them all."""
        assert self.matrix is not None
        area, size, n = self._area(), self._size(), len(self.matrix.members)
        painter.setPen(self._theme.color("grid"))
        for i in range(0, n + 1, 1 if size >= TINY else max(1, n)):
            at = i * size
            painter.drawLine(area.topLeft() + QPointF(at, 0), area.bottomLeft() + QPointF(at, 0))
            painter.drawLine(area.topLeft() + QPointF(0, at), area.topRight() + QPointF(0, at))

    def _others(self, painter: QPainter) -> None:
        """Hatch the cells of others; their numbers are told by the mouse."""
        assert self.matrix is not None
        if not self.matrix.others:
            return
        last = len(self.matrix.members) - 1
        rows = self.matrix.rows
        for i in range(last + 1):
            for giver, taker in {(i, last), (last, i)}:
                if rows[giver, taker]:
                    self._hatch(painter, self.place_of(giver, taker))

    def _hatch(self, painter: QPainter, cell: QRectF) -> None:
        inside = cell.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.fillRect(inside, self._theme.color("grid"))
        painter.fillRect(inside, QBrush(self._theme.color("muted"), Qt.BrushStyle.BDiagPattern))

    def _cells(self, values: np.ndarray, scale: ColorScale) -> QImage:
        """A pixel a cell, of which there are very many; those without a flow are transparent."""
        assert self.matrix is not None
        high, wide = values.shape
        inks = scale.inks(values)
        inks[np.asarray(self.matrix.rows) == 0] = 0
        if self.matrix.others:
            inks[-1], inks[:, -1] = 0, 0
        pixels = inks.astype(np.uint32)
        form = QImage.Format.Format_ARGB32
        return QImage(pixels.tobytes(), wide, high, 4 * wide, form).copy()

    def _name_width(self, matrix: Matrix) -> float:
        metrics = QFontMetricsF(self._theme.font("caption"))
        widest = max((metrics.horizontalAdvance(n) for n in matrix.names), default=0.0)
        return min(MOST_NAME, max(LEAST_NAME, widest + 6))

    def _size(self) -> float:
        assert self.matrix is not None
        names, n = self._names_wide, max(1, len(self.matrix.members))
        wide = self.width() - names - 2 * GAP - EDGE
        keys = LEGEND + (18 if self.matrix.others else 0)
        high = self.height() - TOP - names - BOTTOM - 2 * GAP - EDGE - keys
        return max(2.0, min(wide, high) / n)

    def _area(self) -> QRectF:
        assert self.matrix is not None
        whole, names = self._size() * len(self.matrix.members), self._names_wide
        return QRectF(names, TOP + names, whole, whole)

    def _at(self, where: QPointF) -> tuple[int, int] | None:
        if self.matrix is None or not self.matrix.members or not self._area().contains(where):
            return None
        area, size, n = self._area(), self._size(), len(self.matrix.members)
        return (min(n - 1, int((where.y() - area.top()) / size)),
                min(n - 1, int((where.x() - area.left()) / size)))  # fmt: skip

    def _scale(self, values: np.ndarray) -> ColorScale:
        """From nothing to the largest cell of two agents with places of their own.

        In the dark theme it begins where the map can be told from the ground.
        """
        assert self.matrix is not None
        alone = values[:-1, :-1] if self.matrix.others else values
        most = float(alone.max(initial=0.0)) or 1.0
        return ColorScale(-most * DARKEST / (1 - DARKEST) if self._theme.dark else 0.0, most)

    def _names(self, painter: QPainter) -> None:
        """Givers at the left, takers above, turned; fewer where they would touch."""
        assert self.matrix is not None
        area, size, names = self._area(), self._size(), self.matrix.names
        room, step = self._names_wide - 6, max(1, int(np.ceil(13 / size)))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(self._theme.color("muted"))
        for i in range(0, len(names), step):
            text = metrics.elidedText(names[i], Qt.TextElideMode.ElideRight, room)
            y = area.top() + (i + 0.5) * size
            painter.drawText(QRectF(0, y - 8, room + 2, 16), _RIGHT, text)
            painter.save()
            painter.translate(area.left() + (i + 0.5) * size, area.top() - 3)
            painter.rotate(-90)
            painter.drawText(QRectF(0, -8, room + 2, 16), _LEFT, text)
            painter.restore()
        painter.setPen(self._theme.color("text"))
        painter.drawText(QRectF(0, 0, self.width(), TOP - 4), _LEFT, "givers ↓   takers →")

    def _sums(self, painter: QPainter, values: np.ndarray) -> None:
        """What each gave (right) and took (below), as bars of one scale; others have none."""
        assert self.matrix is not None
        area, size = self._area(), self._size()
        alone = len(values) - (self.matrix.others > 0)
        sums = values.sum(axis=0)[:alone], values.sum(axis=1)[:alone]
        most = max(float(each.max(initial=0)) for each in sums)
        color = self._theme.color("faint")
        for i in range(alone):
            for share, right in ((values[i].sum(), True), (values[:, i].sum(), False)):
                long = EDGE * float(share) / most if most else 0.0
                at = i * size + 0.5
                bar = QRectF(area.right() + GAP, area.top() + at, long, max(1.0, size - 1))
                if not right:
                    bar = QRectF(area.left() + at, area.bottom() + GAP, max(1.0, size - 1), long)
                painter.fillRect(bar, color)

    def _legend(self, painter: QPainter, scale: ColorScale) -> None:
        assert self.matrix is not None
        highest = scale.high
        bar = QRectF(self._area().left(), self.height() - LEGEND - 4, 120, 10)
        for i in range(int(bar.width())):
            color = scale.color(highest * i / bar.width())
            painter.fillRect(QRectF(bar.left() + i, bar.top(), 1, bar.height()), color)
        unit = "rows" if self.by_rows else self.matrix.good.unit
        painter.setPen(self._theme.color("muted"))
        where = QRectF(bar.right() + 8, bar.top() - 4, self.width() - bar.right() - 8, 18)
        painter.drawText(where, _LEFT, f"0 to {short(highest, 5)} {unit}")
        if self.matrix.others:
            box = QRectF(bar.left(), bar.top() - 18, 16, 10)
            self._hatch(painter, box)
            painter.setPen(self._theme.color("muted"))
            where = QRectF(box.right() + 8, box.top() - 4, self.width() - box.right() - 8, 18)
            painter.drawText(where, _LEFT, "others: not on the scale, point at a cell")
