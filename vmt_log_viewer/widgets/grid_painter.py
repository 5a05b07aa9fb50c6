"""GridPainter: draws a scene of the grid with any painter, on screen, to PNG or to SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPainterPath, QPen

from telemetry.concepts import AgentId, Ints, Scene
from vmt_log_viewer.plots.compare_lines import draw_lines
from vmt_log_viewer.plots.nice import nice_step
from vmt_log_viewer.plots.stamps import pixel_ratio, stamp_shape
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
_DOT = 3.0  # pixels across, where an agent heads for
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
        places, aims = self._scene.numbers[:, :2], self._scene.numbers[:, 2:4]
        under_way = ~np.isnan(aims).any(axis=1) & (aims != places).any(axis=1)
        if not under_way.any():
            return
        corner = self._layout.grid.topLeft().toTuple()
        ends = (aims[under_way] + 0.5) * self._layout.cell + corner
        style = Qt.PenStyle.SolidLine if many else Qt.PenStyle.DotLine
        painter.setPen(QPen(_blend(muted, base, 0.25) if many else muted, 1, style))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not many)
        draw_lines(painter, np.hstack((self._layout.at[under_way], ends)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = _blend(muted, base, 0.45) if many else muted
        if many and self._sheet is not None:
            dot = QPainterPath()
            dot.addEllipse(QPointF(), 0.5, 0.5)
            stamp_shape(painter, ends[:, 0], ends[:, 1], dot, _DOT, ink)
            return
        painter.setPen(QPen(ink, _DOT, c=Qt.PenCapStyle.RoundCap))
        painter.drawPoints([QPointF(x, y) for x, y in ends.tolist()])

    def _agents(self, painter: QPainter) -> None:
        """Every disc, then what is written in and beside them."""
        layout, chosen = self._layout, self._chosen()
        inks = self._inks()
        if self._sheet is not None and layout.single <= _STAMPED:
            self._sheet.begin(layout.single, pixel_ratio(painter), self._theme.version)
            _, size = np.unique(layout.radius, return_inverse=True)
            alike = (inks + 1) + (size << 33) + (chosen.astype(np.int64) << 60)
            _, first, which = np.unique(alike, return_index=True, return_inverse=True)
            looks = [(int(inks[i]), float(layout.radius[i]), bool(chosen[i])) for i in first]
            self._sheet.stamp(painter, layout.x, layout.y, looks, which, self._disc)
        else:
            for place, ink in enumerate(inks.tolist()):
                spot = layout.spot(place)
                self._disc(painter, spot.center, (ink, spot.radius, bool(chosen[place])))
        painter.setFont(self._small(layout.single))
        named = (layout.radius >= _ROOM_FOR_ID) | chosen | layout.crowd
        for place in np.flatnonzero(named).tolist():
            spot = layout.spot(place)
            self._name(painter, spot, int(inks[place]), spot.radius, bool(chosen[place]))

    def _chosen(self) -> npt.NDArray[np.bool_]:
        """bool[spots]: whether one of those who are drawn there is chosen."""
        layout, chosen = self._layout, self._looks.chosen
        found = np.zeros(len(layout.x), bool)
        if chosen:
            agents = self._scene.agents
            found[: len(layout.own)] = [agents[i].agent_id in chosen for i in layout.own.tolist()]
            found[len(layout.own) :] = [
                any(mark.agent_id in chosen for mark in spot.agents) for spot in layout.shared
            ]
        return found

    def _inks(self) -> Ints:
        """int64[spots], colours: a crowd takes that of its mean; −1 where nothing is recorded."""
        looks, layout, agents = self._looks, self._layout, self._scene.agents
        if looks.scale is not None:
            values = [_mean(spot) for spot in layout.shared]
            return looks.scale.inks(np.append(self._scene.numbers[layout.own, 4], values))
        crowd, known = self._theme.color("muted").rgba(), looks.agent_colors
        inks = [known.get(agents[i].agent_id, _NOBODY).rgba() for i in layout.own.tolist()]
        inks += [
            crowd if spot.crowd else known.get(spot.agents[0].agent_id, _NOBODY).rgba()
            for spot in layout.shared
        ]
        return np.array(inks, np.int64)

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
