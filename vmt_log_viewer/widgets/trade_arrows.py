"""TradeArrows: the trades of a tick as arrows on the grid, from seller to buyer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from telemetry.concepts import AgentId, TradeMark
from vmt_log_viewer.widgets.grid_layout import GridLayout, Spot

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_APART = 6.0  # pixels between arrows of the same two agents
_HEAD = 7.0  # pixels that a head is long at least
_CROWD = 80  # of more trades arrows have no edge in the ground's colour


class TradeArrows:
    """Further trades of the same two agents bend outwards. A trade whose agents are drawn as one
    disc, or not at all, is a ring around its cell.

    Each is a path of its own: stroking one of many that cross takes a hundred times as long.
    """

    def __init__(self, theme: Theme, layout: GridLayout) -> None:
        self._theme, self._layout = theme, layout
        self._thick = min(2.5, max(1.2, 0.12 * layout.cell))  # thinner where cells are small

    def paint(self, painter: QPainter, trades: Sequence[TradeMark]) -> None:
        base, cap = self._theme.color("base"), Qt.PenCapStyle.RoundCap
        edge, rim = QPen(base, self._thick + 2, c=cap), QPen(base, 1)
        edged = len(trades) <= _CROWD
        pens = {
            pair: QPen(self._theme.pair_color(pair), self._thick, c=cap) for pair in _of(trades)
        }
        between: Counter[frozenset[AgentId]] = Counter()
        for trade in trades:
            pen = pens[trade.pair]
            painter.setBrush(Qt.BrushStyle.NoBrush)
            seller = self._layout.spot_of(trade.seller_id)
            buyer = self._layout.spot_of(trade.buyer_id)
            if seller is None or buyer is None or seller is buyer:
                painter.setPen(pen)
                self._ring(painter, trade)
                continue
            both = frozenset((trade.buyer_id, trade.seller_id))
            shaft, head = self._arrow(seller, buyer, between[both])
            between[both] += 1
            for wide in (edge, pen) if edged else (pen,):
                painter.setPen(wide)
                painter.drawPath(shaft)
            painter.setPen(rim)
            painter.setBrush(pen.color())
            painter.drawPolygon(head)

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


def _unit(vector: QPointF) -> QPointF:
    length = math.hypot(vector.x(), vector.y()) or 1.0
    return vector / length
