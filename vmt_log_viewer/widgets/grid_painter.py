"""GridPainter: draws a scene of the grid with any painter, on screen, to PNG or to SVG."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from telemetry.concepts import AgentId, Floats, Ints, Scene
from telemetry.frozen import Frozen, field
from vmt_log_viewer.plots.compare_lines import draw_lines
from vmt_log_viewer.plots.nice import nice_step
from vmt_log_viewer.plots.stamps import pixel_ratio, stamp_shape, stamp_text
from vmt_log_viewer.theme import GREEN, OKABE_ITO, PURPLE, YELLOW
from vmt_log_viewer.widgets.color_scale import ColorScale, readable_on
from vmt_log_viewer.widgets.disc_sheet import DiscSheet, Look
from vmt_log_viewer.widgets.grid_layout import GridLayout
from vmt_log_viewer.widgets.trade_arrows import TradeArrows

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_KINDS = (GREEN, PURPLE, YELLOW, *OKABE_ITO)
_ROOM_FOR_ID = 8.0  # radius in pixels from which on an agent's id fits into its disc
_ROOM_FOR_HATCH = 12.0
_MANY = 60  # agents whose targets would hide everything else in full strength
_DOT = 3.0  # pixels across, where an agent heads for
_STAMPED = 12.0  # discs of a larger radius are few
_REPEATED = 4  # times that a text beside discs is written before it is stamped
_NOBODY = QColor("grey")


class Looks(Frozen):
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
        self._fonts: dict[int, tuple[QFont, QFontMetricsF]] = {}

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
        named = (layout.radius >= _ROOM_FOR_ID) | chosen | layout.crowd
        beside: dict[str, list[int]] = defaultdict(list)
        for place in np.flatnonzero(named).tolist():
            who = layout.of_spot(place)
            text = f"×{len(who)}" if len(who) > 1 else str(self._scene.agents[who[0]].agent_id)
            inside = self._inside(painter, place, text, int(inks[place]))
            if not inside and (chosen[place] or len(who) > 1):
                beside[text].append(place)
        self._beside(painter, beside)

    def _chosen(self) -> npt.NDArray[np.bool_]:
        """bool[spots]: whether one of those who are drawn there is chosen."""
        found = np.zeros(len(self._layout.x), bool)
        places = self._layout.places_of(self._looks.chosen)
        found[places[places >= 0]] = True
        return found

    def _inks(self) -> Ints:
        """int64[spots], colours: a crowd takes that of its mean; −1 where nothing is recorded."""
        looks, layout, agents = self._looks, self._layout, self._scene.agents
        if looks.scale is not None:
            known = self._scene.numbers[:, 4]
            return looks.scale.inks(np.append(known[layout.own], _means(known, layout.members)))
        crowd, colors = self._theme.color("muted").rgba(), looks.agent_colors
        every = [colors.get(mark.agent_id, _NOBODY).rgba() for mark in agents]
        inks = [every[i] for i in layout.own.tolist()]
        inks += [crowd if len(spot) > 1 else every[spot[0]] for spot in layout.members]
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

    def _inside(self, painter: QPainter, place: int, text: str, rgba: int) -> bool:
        """Write into the disc of a spot, if there is room."""
        layout = self._layout
        radius = float(layout.radius[place])
        if radius < _ROOM_FOR_ID:
            return False
        font, metrics = self._small(radius)
        if metrics.horizontalAdvance(text) > 1.8 * radius:
            return False
        painter.setFont(font)
        known = rgba != -1
        painter.setPen(readable_on(QColor.fromRgba(rgba)) if known else self._theme.color("text"))
        box = QRectF(layout.x[place] - 40, layout.y[place] - 10, 80, 20)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        return True

    def _beside(self, painter: QPainter, labels: dict[str, list[int]]) -> None:
        """Write beside the discs of some spots; one text at very many places is stamped."""
        layout, ink = self._layout, self._theme.color("text")
        for text, places in labels.items():
            left, middle = layout.x[places] + layout.radius[places] + 2, layout.y[places]
            font, _ = self._small(layout.single)
            if self._sheet is not None and len(places) > _REPEATED:
                stamp_text(painter, left, middle, text, font, ink)
                continue
            painter.setFont(font)
            painter.setPen(ink)
            for x, y in zip(left.tolist(), middle.tolist(), strict=True):
                box = QRectF(x, y - 10, 80, 20)
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _small(self, radius: float) -> tuple[QFont, QFontMetricsF]:
        """The font of what stands in or beside a disc, and its measures."""
        size = max(9, min(13, int(radius * 0.95)))
        if size not in self._fonts:
            font = self._theme.font("caption")
            font.setPixelSize(size)
            self._fonts[size] = font, QFontMetricsF(font)
        return self._fonts[size]


def _means(values: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """The mean of the values at the places of each group, which has some; NaN is left out."""
    if not groups:
        return np.empty(0)
    size = np.array([len(group) for group in groups])
    of_all = values[np.fromiter(chain.from_iterable(groups), np.int64)]
    there, begins = ~np.isnan(of_all), np.cumsum(size) - size
    counts = np.add.reduceat(there.astype(np.int64), begins)
    sums = np.add.reduceat(np.where(there, of_all, 0.0), begins)
    return np.where(counts, sums, np.nan) / np.maximum(counts, 1)


def _blend(ink: QColor, ground: QColor, strength: float) -> QColor:
    """`ink` on `ground`, opaque: thousands of pixels need not be mixed each time."""
    pairs = zip(ink.getRgbF()[:3], ground.getRgbF()[:3], strict=True)
    return QColor.fromRgbF(*(strength * a + (1 - strength) * b for a, b in pairs))
