"""GridPainter: draws a scene of the grid with any painter, on screen, to PNG or to SVG."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPainterPath, QPen, QPolygonF

from telemetry.concepts import AgentId, Scene, TradeMark
from vmt_log_viewer.plots.nice import nice_step
from vmt_log_viewer.theme import GREEN, OKABE_ITO, PURPLE, YELLOW
from vmt_log_viewer.widgets.color_scale import ColorScale, readable_on
from vmt_log_viewer.widgets.grid_layout import GridLayout, Spot

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_KINDS = (GREEN, PURPLE, YELLOW, *OKABE_ITO)
_ROOM_FOR_ID = 8.0  # radius in pixels from which on an agent's id fits into its disc
_ROOM_FOR_HATCH = 12.0
_MANY = 60  # agents whose targets would hide everything else in full strength
_APART = 6.0  # pixels between arrows of the same two agents


@dataclass(frozen=True)
class Looks:
    """What to draw and how. `scale` None colours agents by who they are."""

    scale: ColorScale | None = None
    agent_colors: dict[AgentId, QColor] = field(default_factory=dict)
    chosen: frozenset[AgentId] = frozenset()
    targets: bool = True
    resources: bool = True
    largest_amount: float = 1.0
    kinds: tuple[str, ...] = ()


def kind_color(kinds: tuple[str, ...], kind: str) -> QColor:
    """Resource kinds in alphabetical order get fixed colours that no pair type has."""
    place = kinds.index(kind) if kind in kinds else 0
    return QColor(_KINDS[place % len(_KINDS)])


class GridPainter:
    """Paints back to front: grid, resources, targets, trades' shafts, agents, their names."""

    def __init__(self, theme: Theme, scene: Scene, layout: GridLayout, looks: Looks) -> None:
        self._theme, self._scene, self._layout, self._looks = theme, scene, layout, looks

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("caption"))
        painter.fillRect(self._layout.grid, self._theme.color("base"))
        self._lines(painter)
        if self._looks.resources:
            self._resources(painter)
        if self._looks.targets:
            self._targets(painter)
        for spot in self._layout.spots:
            self._agent(painter, spot)
        self._trades(painter)

    def _lines(self, painter: QPainter) -> None:
        layout = self._layout
        grid, step = layout.grid, 1
        if layout.cell < 6:
            step = int(nice_step(6 / layout.cell, 1, whole=True))
        painter.setPen(QPen(self._theme.color("grid"), 1))
        for column in range(0, layout.columns + 1, step):
            x = grid.left() + column * layout.cell
            painter.drawLine(QPointF(x, grid.top()), QPointF(x, grid.bottom()))
        for row in range(0, layout.rows + 1, step):
            y = grid.top() + row * layout.cell
            painter.drawLine(QPointF(grid.left(), y), QPointF(grid.right(), y))
        painter.setPen(self._theme.color("muted"))
        apart = max(1, int(nice_step(28 / layout.cell, 1, whole=True)))
        middle = Qt.AlignmentFlag.AlignVCenter
        for column in range(0, layout.columns, apart):
            x = layout.center(column, 0).x()
            where = QRectF(x - 20, grid.top() - 18, 40, 16)
            painter.drawText(where, Qt.AlignmentFlag.AlignHCenter | middle, str(column))
        for row in range(0, layout.rows, apart):
            y = layout.center(0, row).y()
            where = QRectF(grid.left() - 44, y - 8, 38, 16)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | middle, str(row))

    def _resources(self, painter: QPainter) -> None:
        """Squares whose area is the amount; several kinds in one cell lie inside each other."""
        painter.setPen(Qt.PenStyle.NoPen)
        largest = max(self._looks.largest_amount, 1e-12)
        for mark in sorted(self._scene.resources, key=lambda m: -m.amount):
            if mark.amount <= 0:
                continue
            side = self._layout.cell * 0.72 * math.sqrt(min(mark.amount / largest, 1.0))
            side = max(side, 1.5)
            color = kind_color(self._looks.kinds, mark.kind)
            color.setAlphaF(0.45)
            center = self._layout.center(mark.x, mark.y)
            painter.fillRect(
                QRectF(center.x() - side / 2, center.y() - side / 2, side, side), color
            )

    def _targets(self, painter: QPainter) -> None:
        ink = self._theme.color("muted")
        ink.setAlphaF(1.0 if len(self._scene.agents) <= _MANY else 0.45)
        painter.setPen(QPen(ink, 1, Qt.PenStyle.DotLine))
        for spot in self._layout.spots:
            for mark in spot.agents:
                if mark.target_x is None or mark.target_y is None:
                    continue
                if (mark.target_x, mark.target_y) == (mark.x, mark.y):
                    continue
                end = self._layout.center(mark.target_x, mark.target_y)
                painter.drawLine(spot.center, end)
                painter.setBrush(ink)
                painter.drawEllipse(end, 1.5, 1.5)

    def _agent(self, painter: QPainter, spot: Spot) -> None:
        chosen = any(mark.agent_id in self._looks.chosen for mark in spot.agents)
        fill = self._fill(spot)
        edge = self._theme.color("accent" if chosen else "muted" if self._theme.dark else "base")
        painter.setPen(QPen(edge, 2.5 if chosen else 1.0))
        painter.setBrush(self._theme.color("base"))
        painter.drawEllipse(spot.center, spot.radius, spot.radius)
        painter.setBrush(fill)
        if fill.style() != Qt.BrushStyle.SolidPattern:
            painter.setPen(QPen(self._theme.color("accent" if chosen else "muted"), 1.5))
        painter.drawEllipse(spot.center, spot.radius, spot.radius)
        self._name(painter, spot, fill, chosen)

    def _fill(self, spot: Spot) -> QBrush:
        """A crowd takes the colour of its mean; hatched where nothing is recorded."""
        looks = self._looks
        if looks.scale is None:
            if spot.crowd:
                return QBrush(self._theme.color("muted"))
            return QBrush(looks.agent_colors.get(spot.agents[0].agent_id, QColor("grey")))
        values = [m.value for m in spot.agents if not math.isnan(m.value)]
        color = looks.scale.color(sum(values) / len(values)) if values else None
        if color is None:  # a hatch on a small disc would look like a sign of its own
            styles = Qt.BrushStyle
            style = styles.BDiagPattern if spot.radius >= _ROOM_FOR_HATCH else styles.Dense5Pattern
            return QBrush(self._theme.color("muted"), style)
        return QBrush(color)

    def _name(self, painter: QPainter, spot: Spot, fill: QBrush, chosen: bool) -> None:
        text = f"×{len(spot.agents)}" if spot.crowd else str(spot.agents[0].agent_id)
        font = QFont(self._theme.font("caption"))
        font.setPixelSize(max(9, min(13, int(spot.radius * 0.95))))
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(text)
        fits = spot.radius >= _ROOM_FOR_ID and width <= 1.8 * spot.radius
        solid = fill.style() == Qt.BrushStyle.SolidPattern
        if fits:
            painter.setPen(readable_on(fill.color()) if solid else self._theme.color("text"))
            box = QRectF(spot.center.x() - 40, spot.center.y() - 10, 80, 20)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        elif chosen or spot.crowd:
            painter.setPen(self._theme.color("text"))
            box = QRectF(spot.center.x() + spot.radius + 2, spot.center.y() - 10, 80, 20)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _trades(self, painter: QPainter) -> None:
        """An arrow from seller to buyer; further trades of the same two bend outwards."""
        between: Counter[frozenset[AgentId]] = Counter()
        for trade in self._scene.trades:
            both = frozenset((trade.buyer_id, trade.seller_id))
            self._trade(painter, trade, between[both])
            between[both] += 1

    def _trade(self, painter: QPainter, trade: TradeMark, nth: int) -> None:
        seller = self._layout.spot_of(trade.seller_id)
        buyer = self._layout.spot_of(trade.buyer_id)
        color = self._theme.pair_color(trade.pair)
        if seller is None or buyer is None or seller is buyer:
            self._ring(painter, trade, color)
            return
        unit = _unit(buyer.center - seller.center)
        normal = QPointF(-unit.y(), unit.x())
        length = math.hypot(*(buyer.center - seller.center).toTuple())
        start = seller.center + _unit(unit * 0.35 + normal) * seller.radius
        tip = buyer.center + _unit(normal - unit * 0.35) * (buyer.radius + 1)
        bow = max(0.12 * length, 0.5 * self._layout.cell - 0.2 * length) + _APART * nth
        middle = (start + tip) / 2 + normal * max(bow, 6.0)
        path = QPainterPath(start)
        path.quadTo(middle, tip)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        thick = self._thickness()
        for width, ink in ((thick + 2, self._theme.color("base")), (thick, color)):
            painter.setPen(QPen(ink, width, c=Qt.PenCapStyle.RoundCap))
            painter.drawPath(path)
        self._head(painter, tip, _unit(tip - middle), color)

    def _thickness(self) -> float:
        """Of a trade's arrow, in pixels: thinner where cells are small."""
        return min(2.5, max(1.2, 0.12 * self._layout.cell))

    def _head(self, painter: QPainter, tip: QPointF, unit: QPointF, color: QColor) -> None:
        normal = QPointF(-unit.y(), unit.x())
        size = 2.8 * self._thickness()
        back = tip - unit * size
        painter.setPen(QPen(self._theme.color("base"), 1))
        painter.setBrush(color)
        corners = [tip, back + normal * size * 0.6, back - normal * size * 0.6]
        painter.drawPolygon(QPolygonF(corners))

    def _ring(self, painter: QPainter, trade: TradeMark, color: QColor) -> None:
        """A trade whose agents are drawn as one disc, or not at all."""
        if trade.x is None or trade.y is None:
            return
        painter.setPen(QPen(color, self._thickness()))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = self._layout.cell * 0.45
        painter.drawEllipse(self._layout.center(trade.x, trade.y), radius, radius)


def _unit(vector: QPointF) -> QPointF:
    length = math.hypot(vector.x(), vector.y()) or 1.0
    return vector / length
