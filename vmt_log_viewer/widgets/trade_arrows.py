"""TradeArrows: the trades of a tick as arrows on the grid, from seller to buyer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from telemetry.concepts import AgentId, Floats, Ints, TradeMark
from vmt_log_viewer.widgets.grid_layout import GridLayout

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_APART = 6.0  # pixels between arrows of the same two agents
_HEAD = 7.0  # pixels that a head is long at least
_CROWD = 80  # of more trades arrows have no edge in the ground's colour
A_TURN = 200
"""More arrows are painted in several turns."""
SWARM = 300
"""More arrows are a pixel wide, all shafts of a pair one path: else they would take a tenth of a
second."""
_BENDS = 9  # points of a shaft in such a path


class TradeArrows:
    """Further trades of the same two agents bend outwards. A trade whose agents are drawn as one
    disc, or not at all, is a ring around its cell.

    Each is a path of its own: stroking one of many that cross takes a hundred times as long.
    """

    def __init__(self, theme: Theme, layout: GridLayout) -> None:
        self._theme, self._layout = theme, layout
        self._thick = min(2.5, max(1.2, 0.12 * layout.cell))  # thinner where cells are small

    def steps(self, painter: QPainter, trades: Sequence[TradeMark]) -> Iterator[None]:
        """Paint them, some at a time."""
        base, cap = self._theme.color("base"), Qt.PenCapStyle.RoundCap
        edge, rim = QPen(base, self._thick + 2, c=cap), QPen(base, 1)
        edged = len(trades) <= _CROWD
        pens = {
            pair: QPen(self._theme.pair_color(pair), self._thick, c=cap) for pair in _of(trades)
        }
        ends, shown = self._ends(trades)
        swarm = len(trades) > SWARM
        shapes = iter(() if swarm else self._shapes(ends[shown]))
        for place, (trade, arrow) in enumerate(zip(trades, shown.tolist(), strict=True), 1):
            if place % A_TURN == 0:
                yield
            pen = pens[trade.pair]
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if not arrow:
                painter.setPen(pen)
                self._ring(painter, trade)
            elif not swarm:
                shaft, head = next(shapes)
                for wide in (edge, pen) if edged else (pen,):
                    painter.setPen(wide)
                    painter.drawPath(shaft)
                painter.setPen(rim)
                painter.setBrush(pen.color())
                painter.drawPolygon(head)
        if swarm:
            yield
            pairs = np.array([trade.pair for trade in trades], object)
            of_pairs = {pair: ends[shown & (pairs == pair)] for pair in dict.fromkeys(pairs[shown])}
            yield from self._swarm(painter, of_pairs, pens, rim)

    def _ends(self, trades: Sequence[TradeMark]) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """int64[trades, 3]: the spots of seller and buyer, and how many arrows of these two are
        there already; bool[trades]: whether an arrow shows it."""
        layout = self._layout
        seller, buyer = (
            layout.places_of(agents)
            for agents in ([t.seller_id for t in trades], [t.buyer_id for t in trades])
        )
        shown = (seller >= 0) & (buyer >= 0) & (seller != buyer)
        met: Counter[frozenset[AgentId]] = Counter()
        nth = np.zeros(len(trades), np.int64)
        for place in np.flatnonzero(shown).tolist():
            both = frozenset((trades[place].buyer_id, trades[place].seller_id))
            nth[place] = met[both]
            met[both] += 1
        return np.column_stack((seller, buyer, nth)), shown

    def _swarm(
        self, painter: QPainter, swarm: dict[str, Ints], pens: dict[str, QPen], rim: QPen
    ) -> Iterator[None]:
        """All shafts, those of the rarest pair last, then the heads."""
        heads = []
        for pair, ends in sorted(swarm.items(), key=lambda each: -len(each[1])):
            x, y, tips = self._bends(ends)
            color = pens[pair].color()
            painter.setPen(QPen(color, 1))
            joined = np.ones(x.shape, np.int32)
            joined[:, -1] = 0
            painter.drawPath(pg.arrayToQPath(x.ravel(), y.ravel(), connect=joined.ravel()))
            heads.append((color, tips))
        yield
        painter.setPen(rim)
        for color, tips in heads:
            painter.setBrush(color)
            for tip in tips.tolist():
                painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in tip]))

    def _bends(self, ends: Ints) -> tuple[Floats, Floats, Floats]:
        """The arrows as x and y [arrows, bends] of shafts and heads [arrows, 3, 2]."""
        start, middle, tip, heads = self._arrows(ends)
        t = np.linspace(0, 1, _BENDS)
        x, y = (
            np.outer(start[:, i], (1 - t) ** 2)
            + np.outer(middle[:, i], 2 * t * (1 - t))
            + np.outer(tip[:, i], t**2)
            for i in (0, 1)
        )
        return x, y, heads

    def _shapes(self, ends: Ints) -> list[tuple[QPainterPath, QPolygonF]]:
        """The arrows as shafts and heads."""
        found = []
        columns = (each.tolist() for each in self._arrows(ends))
        for start, middle, tip, head in zip(*columns, strict=True):
            shaft = QPainterPath(QPointF(*start))
            shaft.quadTo(QPointF(*middle), QPointF(*tip))
            found.append((shaft, QPolygonF([QPointF(*corner) for corner in head])))
        return found

    def _arrows(self, ends: Ints) -> tuple[Floats, Floats, Floats, Floats]:
        """Start, middle (of a quadratic curve) and tip [arrows, 2], heads [arrows, 3, 2]."""
        layout = self._layout
        centers = np.column_stack((layout.x, layout.y))
        seller, buyer = centers[ends[:, 0]], centers[ends[:, 1]]
        out, into = layout.radius[ends[:, 0:1]], layout.radius[ends[:, 1:2]] + 1
        across = buyer - seller
        length = np.hypot(*across.T)[:, np.newaxis]
        unit = _units(across)
        normal = np.column_stack((-unit[:, 1], unit[:, 0]))
        start = seller + _units(unit * 0.35 + normal) * out
        tip = buyer + _units(normal - unit * 0.35) * into
        cell = layout.cell
        bow = np.maximum(0.12 * length, 0.5 * cell - 0.2 * length) + _APART * ends[:, 2:3]
        middle = (start + tip) / 2 + normal * np.maximum(bow, 6.0)
        along = _units(tip - middle)
        reach = max(_HEAD, 2.8 * self._thick)
        aside = np.column_stack((-along[:, 1], along[:, 0])) * (0.6 * reach)
        back = tip - along * reach
        return start, middle, tip, np.stack((tip, back + aside, back - aside), axis=1)

    def _ring(self, painter: QPainter, trade: TradeMark) -> None:
        if trade.x is not None and trade.y is not None:
            radius = self._layout.cell * 0.45
            painter.drawEllipse(self._layout.center(trade.x, trade.y), radius, radius)


def _of(trades: Sequence[TradeMark]) -> set[str]:
    return {trade.pair for trade in trades}


def _units(vectors: Floats) -> Floats:
    length = np.hypot(*vectors.T)[:, np.newaxis]
    found: Floats = vectors / np.where(length, length, 1.0)
    return found
