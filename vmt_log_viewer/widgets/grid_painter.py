"""GridPainter: draws a scene of the grid with any painter, on screen, to PNG or to SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen

from telemetry.concepts import AgentId, Scene
from vmt_log_viewer.plots.compare_lines import draw_lines
from vmt_log_viewer.plots.nice import nice_step
from vmt_log_viewer.theme import GREEN, OKABE_ITO, PURPLE, YELLOW
from vmt_log_viewer.widgets.color_scale import ColorScale, readable_on
from vmt_log_viewer.widgets.disc_sheet import DiscSheet, Look
from vmt_log_viewer.widgets.grid_layout import GridLayout, Spot
from vmt_log_viewer.widgets.trade_arrows import TradeArrows

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_KINDS = (GREEN, PURPLE, YELLOW, *OKABE_ITO)
_ROOM_FOR_ID = 8.0  # radius in pixels from which on an agent's id fits into its disc
_ROOM_FOR_HATCH = 12.0
_MANY = 60  # agents whose targets would hide everything else in full strength
_STAMPED = 12.0  # discs of a larger radius are few
_NOBODY = QColor("grey")


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
    """Paints back to front: grid, resources, targets, trades' shafts, agents, their names.

    With a `sheet`, small discs are stamped from it; without one (for a vector picture) each is
    drawn. The ground is painted apart, for it stays while ticks go by.
    """

    def __init__(
        self,
        theme: Theme,
        scene: Scene,
        layout: GridLayout,
        looks: Looks,
        sheet: DiscSheet | None = None,
    ) -> None:
        self._theme, self._scene, self._layout, self._looks = theme, scene, layout, looks
        self._sheet = sheet

    def paint(self, painter: QPainter) -> None:
        """All that lies on the ground."""
        for _ in self.steps(painter):
            pass

    def steps(self, painter: QPainter) -> Iterator[None]:
        """The same a part at a time."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("caption"))
        if self._looks.resources:
            self._resources(painter)
        if self._looks.targets:
            self._targets(painter)
        yield
        self._agents(painter)
        yield
        yield from TradeArrows(self._theme, self._layout).steps(painter, self._scene.trades)

    def paint_ground(self, painter: QPainter) -> None:
        """The grid's lines and the numbers of its columns and rows."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("caption"))
        layout = self._layout
        grid, step = layout.grid, 1
        painter.fillRect(grid, self._theme.color("base"))
        if layout.cell < 6:
            step = int(nice_step(6 / layout.cell, 1, whole=True))
        across = [grid.left() + i * layout.cell for i in range(0, layout.columns + 1, step)]
        down = [grid.top() + i * layout.cell for i in range(0, layout.rows + 1, step)]
        painter.setPen(QPen(self._theme.color("grid"), 1))
        painter.drawLines([QLineF(x, grid.top(), x, grid.bottom()) for x in across])
        painter.drawLines([QLineF(grid.left(), y, grid.right(), y) for y in down])
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
        """Lines to where agents head for; of many agents faint ones, for dots would take long."""
        many = len(self._scene.agents) > _MANY
        muted, base = self._theme.color("muted"), self._theme.color("base")
        ways = [
            (spot.center.x(), spot.center.y(), mark.target_x, mark.target_y)
            for spot in self._layout.spots
            for mark in spot.agents
            if mark.target_x is not None
            and mark.target_y is not None
            and (mark.target_x != mark.x or mark.target_y != mark.y)
        ]
        if not ways:
            return
        lines = np.array(ways, np.float64)
        corner = self._layout.grid.topLeft()
        lines[:, 2:] = (lines[:, 2:] + 0.5) * self._layout.cell + (corner.x(), corner.y())
        style = Qt.PenStyle.SolidLine if many else Qt.PenStyle.DotLine
        painter.setPen(QPen(_blend(muted, base, 0.25) if many else muted, 1, style))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not many)
        draw_lines(painter, lines)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ends_ink = _blend(muted, base, 0.45) if many else muted
        painter.setPen(QPen(ends_ink, 3, c=Qt.PenCapStyle.RoundCap))
        painter.drawPoints([QPointF(x, y) for x, y in lines[:, 2:].tolist()])

    def _agents(self, painter: QPainter) -> None:
        """Every disc, then what is written in and beside them."""
        spots, chosen = self._layout.spots, self._looks.chosen
        looks = [(ink, s.radius, False) for ink, s in zip(self._inks(spots), spots, strict=True)]
        if chosen:
            marked = (any(m.agent_id in chosen for m in spot.agents) for spot in spots)
            looks = [(*look[:2], mark) for look, mark in zip(looks, marked, strict=True)]
        if self._sheet is not None and self._layout.single <= _STAMPED:
            device = painter.device()
            ratio = 1.0 if device is None else device.devicePixelRatioF()
            self._sheet.begin(self._layout.single, ratio, self._theme.version)
            self._sheet.stamp(painter, [s.center for s in spots], looks, self._disc)
        else:
            for spot, look in zip(spots, looks, strict=True):
                self._disc(painter, spot.center, look)
        painter.setFont(self._small(self._layout.single))
        for spot, look in zip(spots, looks, strict=True):
            if spot.radius >= _ROOM_FOR_ID or look[2] or len(spot.agents) > 1:
                self._name(painter, spot, *look)

    def _inks(self, spots: list[Spot]) -> list[int]:
        """Colours: a crowd takes that of its mean; −1 where nothing is recorded."""
        looks = self._looks
        if looks.scale is None:
            crowd, known = self._theme.color("muted").rgba(), looks.agent_colors
            return [
                crowd if len(s.agents) > 1 else known.get(s.agents[0].agent_id, _NOBODY).rgba()
                for s in spots
            ]
        values = [s.agents[0].value if len(s.agents) == 1 else _mean(s) for s in spots]
        return looks.scale.inks(np.array(values, dtype=np.float64))

    def _disc(self, painter: QPainter, center: QPointF, look: Look) -> None:
        """Hatched where nothing is recorded."""
        rgba, radius, chosen = look
        edge = self._theme.color("accent" if chosen else "muted" if self._theme.dark else "base")
        painter.setPen(QPen(edge, 2.5 if chosen else 1.0))
        painter.setBrush(self._theme.color("base"))
        painter.drawEllipse(center, radius, radius)
        if rgba == -1:  # a hatch on a small disc would look like a sign of its own
            styles = Qt.BrushStyle
            style = styles.BDiagPattern if radius >= _ROOM_FOR_HATCH else styles.Dense5Pattern
            painter.setPen(QPen(self._theme.color("accent" if chosen else "muted"), 1.5))
            painter.setBrush(QBrush(self._theme.color("muted"), style))
        else:
            painter.setBrush(QColor.fromRgba(rgba))
        painter.drawEllipse(center, radius, radius)

    def _name(self, painter: QPainter, spot: Spot, rgba: int, radius: float, chosen: bool) -> None:
        text = f"×{len(spot.agents)}" if spot.crowd else str(spot.agents[0].agent_id)
        if radius >= _ROOM_FOR_ID:
            painter.setFont(self._small(radius))
            width = painter.fontMetrics().horizontalAdvance(text)
            if width <= 1.8 * radius:
                known = rgba != -1
                ink = readable_on(QColor.fromRgba(rgba)) if known else self._theme.color("text")
                painter.setPen(ink)
                box = QRectF(spot.center.x() - 40, spot.center.y() - 10, 80, 20)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
                return
        if chosen or spot.crowd:
            painter.setPen(self._theme.color("text"))
            box = QRectF(spot.center.x() + radius + 2, spot.center.y() - 10, 80, 20)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _small(self, radius: float) -> QFont:
        """The font of what stands in or beside a disc."""
        font = self._theme.font("caption")
        font.setPixelSize(max(9, min(13, int(radius * 0.95))))
        return font


def _mean(spot: Spot) -> float:
    values = [mark.value for mark in spot.agents if not math.isnan(mark.value)]
    return sum(values) / len(values) if values else math.nan


def _blend(ink: QColor, ground: QColor, strength: float) -> QColor:
    """`ink` on `ground`, opaque: thousands of pixels need not be mixed each time."""
    pairs = zip(ink.getRgbF()[:3], ground.getRgbF()[:3], strict=True)
    return QColor.fromRgbF(*(strength * a + (1 - strength) * b for a, b in pairs))
