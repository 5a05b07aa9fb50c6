"""TradeArrows: the trades of a tick as arrows on the grid, from seller to buyer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from telemetry.concepts import AgentId, Floats, TradeMark
from vmt_log_viewer.widgets.grid_layout import GridLayout, Spot

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

Ends = tuple[Spot, Spot, int]
"""Seller, buyer, and how many arrows of these two are there already."""


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
        between: Counter[frozenset[AgentId]] = Counter()
        swarm: dict[str, list[Ends]] | None = {} if len(trades) > SWARM else None
        for place, trade in enumerate(trades, 1):
            if place % A_TURN == 0:
                yield
            pen = pens[trade.pair]
            painter.setBrush(Qt.BrushStyle.NoBrush)
            seller = self._layout.spot_of(trade.seller_id)
            buyer = self._layout.spot_of(trade.buyer_id)
            if seller is None or buyer is None or seller is buyer:
                painter.setPen(pen)
                self._ring(painter, trade)
                continue
            both = frozenset((trade.buyer_id, trade.seller_id))
            between[both] += 1
            if swarm is not None:
                swarm.setdefault(trade.pair, []).append((seller, buyer, between[both] - 1))
                continue
            shaft, head = self._arrow(seller, buyer, between[both] - 1)
            for wide in (edge, pen) if edged else (pen,):
                painter.setPen(wide)
                painter.drawPath(shaft)
            painter.setPen(rim)
            painter.setBrush(pen.color())
            painter.drawPolygon(head)
        if swarm:
            yield
            yield from self._swarm(painter, swarm, pens, rim)

    def _swarm(
        self, painter: QPainter, swarm: dict[str, list[Ends]], pens: dict[str, QPen], rim: QPen
    ) -> Iterator[None]:
        """All shafts, those of the rarest pair last, then the heads."""
        heads = []
        for pair, ends in sorted(swarm.items(), key=lambda each: -len(each[1])):
            x, y, tips = self._arrows(ends)
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

    def _arrows(self, ends: list[Ends]) -> tuple[Floats, Floats, Floats]:
        """What `_arrow` makes of each: x and y [arrows, bends] of shafts, heads [arrows, 3, 2]."""
        numbers = [
            (a.center.x(), a.center.y(), b.center.x(), b.center.y(), a.radius, b.radius, nth)
            for a, b, nth in ends
        ]
        all_of = np.array(numbers, np.float64)
        seller, buyer = all_of[:, 0:2], all_of[:, 2:4]
        out, into, nth = all_of[:, 4:5], all_of[:, 5:6] + 1, all_of[:, 6:7]
        across = buyer - seller
        length = np.hypot(*across.T)[:, np.newaxis]
        unit = _units(across)
        normal = np.column_stack((-unit[:, 1], unit[:, 0]))
        start = seller + _units(unit * 0.35 + normal) * out
        tip = buyer + _units(normal - unit * 0.35) * into
        cell = self._layout.cell
        bow = np.maximum(0.12 * length, 0.5 * cell - 0.2 * length) + _APART * nth
        middle = (start + tip) / 2 + normal * np.maximum(bow, 6.0)
        t = np.linspace(0, 1, _BENDS)
        x, y = (
            np.outer(start[:, i], (1 - t) ** 2)
            + np.outer(middle[:, i], 2 * t * (1 - t))
            + np.outer(tip[:, i], t**2)
            for i in (0, 1)
        )
        along = _units(tip - middle)
        reach = max(_HEAD, 2.8 * self._thick)
        aside = np.column_stack((-along[:, 1], along[:, 0])) * (0.6 * reach)
        back = tip - along * reach
        return x, y, np.stack((tip, back + aside, back - aside), axis=1)

    def _arrow(self, seller: Spot, buyer: Spot, nth: int) -> tuple[QPainterPath, QPolygonF]:
        """Its shaft and its head."""
        across = buyer.center - seller.center
        length = math.hypot(across.x(), across.y())
        unit = _unit(across)
        normal = QPointF(-unit.y(), unit.x())
        start = seller.center + _unit(unit * 0.35 + normal) * seller.radius
        tip = buyer.center + _unit(normal - unit * 0.35) * (buyer.radius + 1)
        bow = max(0.12 * length, 0.5 * self._layout.cell - 0.2 * length) + _APART * nth
        middle = (start + tip) / 2 + normal * max(bow, 6.0)
        shaft = QPainterPath(start)
        shaft.quadTo(middle, tip)
        along = _unit(tip - middle)
        reach = max(_HEAD, 2.8 * self._thick)
        aside = QPointF(-along.y(), along.x()) * (0.6 * reach)
        back = tip - along * reach
        return shaft, QPolygonF([tip, back + aside, back - aside])

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


def _unit(vector: QPointF) -> QPointF:
    length = math.hypot(vector.x(), vector.y()) or 1.0
    return vector / length
