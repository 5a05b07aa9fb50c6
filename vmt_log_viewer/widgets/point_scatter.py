"""PointScatter: the filtered rows as points over ticks, coloured by group, linked to their rows."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QGraphicsGridLayout, QToolTip, QWidget

from telemetry.concepts import Floats, Points
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.canvas import Canvas
from vmt_log_viewer.plots.stamps import PointLayer
from vmt_log_viewer.plots.value_scale import extent_of
from vmt_log_viewer.theme import PAIRS
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_SIZE, _CHOSEN_SIZE, _REACH = 6, 13, 10  # pixels
_SHAPES = ("o", "t1", "s", "d", "t", "p")


class PointScatter(pg.GraphicsView):
    """Points at (tick, value). Outliers that would flatten the rest are left out until `fit`
    is asked for everything; the caption says how many lie beyond. Its parts are laid out here:
    a PlotItem of pyqtgraph's would bring seven menus, and take longer than all else.
    """

    point_clicked = Signal(object)  # the key of its row
    tick_clicked = Signal(int)  # a click where no point is
    caption_changed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self._theme = theme
        self.box = pg.ViewBox(enableMenu=False)
        self._axes = {side: pg.AxisItem(side) for side in ("left", "bottom")}
        self._points: Points | None = None
        self._everything = False
        self._places: dict[int | str, int] = {}
        self._cloud = PointLayer(_SIZE)
        self._canvas = Canvas(self._cloud)
        self._colors: dict[str, QColor] = {}
        self._faint = False
        self._steps = pg.PlotCurveItem()
        self._steps.setZValue(5)
        self._chosen = pg.ScatterPlotItem(size=_CHOSEN_SIZE, pxMode=True)
        self._now = pg.InfiniteLine(angle=90, movable=False)
        self._chosen.setZValue(20)
        self._now.setZValue(10)
        self._chosen_at: tuple[float, float] | None = None
        self._lay_out()
        for item in (self._canvas, self._steps, self._now, self._chosen):
            self.box.addItem(item, ignoreBounds=True)
        self.box.setMouseEnabled(x=False, y=True)
        self._now.hide()
        self.setFrameShape(self.Shape.NoFrame)
        self.setMouseTracking(True)
        self.scene().sigMouseClicked.connect(self._clicked)
        theme.changed.connect(self._dress)
        self._dress()

    def _lay_out(self) -> None:
        whole, grid = pg.GraphicsWidget(), QGraphicsGridLayout()
        grid.setContentsMargins(1, 1, 1, 1)
        grid.setSpacing(0)
        grid.addItem(self._axes["left"], 0, 0)
        grid.addItem(self.box, 0, 1)
        grid.addItem(self._axes["bottom"], 1, 1)
        grid.setRowStretchFactor(0, 1)
        grid.setColumnStretchFactor(1, 1)
        whole.setLayout(grid)
        for axis in self._axes.values():
            axis.setZValue(0.5)  # its grid is seen above the box's ground
            axis.linkToView(self.box)
        self.setCentralItem(whole)

    @property
    def points(self) -> Points | None:
        return self._points

    def show_points(self, points: Points, colors: dict[str, QColor]) -> None:
        """Draw `points`, one colour and shape per group."""
        self._points, self._colors = points, dict(colors)
        self._places = {key: place for place, key in enumerate(points.key)}
        groups = np.array(points.group, dtype=object)
        known = np.isfinite(points.x) & np.isfinite(points.y)
        self._cloud.groups = [
            (points.x[mine], points.y[mine], _symbol(shape_of(name)), self._shade(name))
            for name in sorted(set(points.group))
            for mine in ((groups == name) & known,)
        ]
        self._canvas.refresh()
        self._scale()

    def _shade(self, group: str) -> QColor:
        """The group's colour, fainter where points lie upon each other."""
        color = QColor(self._colors[group])
        few = self._points is not None and self._points.x.size < 2000
        color.setAlphaF(0.3 if self._faint else 0.85 if few else 0.5)
        return color

    def show_steps(self, x: Floats, y: Floats) -> None:
        """A line that keeps each value until the next tick that has one; the points fade."""
        self._steps.setData(np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1])
        self._faint = bool(x.size)
        if self._points is not None:
            self.show_points(self._points, self._colors)

    @property
    def steps(self) -> tuple[Floats, Floats]:
        """The corners of the line."""
        x, y = self._steps.getData()
        empty = np.empty(0)
        return (empty, empty) if x is None else (x, y)

    def clear_points(self) -> None:
        empty = np.empty(0)
        self._faint = False
        self._steps.setData([], [])
        self.show_points(Points(empty, empty, (), (), 0), {})
        self.choose(None)

    def show_tick(self, tick: int | None) -> None:
        """Where the cursor is."""
        self._now.setVisible(tick is not None)
        if tick is not None:
            self._now.setValue(tick)

    def choose(self, at: tuple[float, float] | None) -> None:
        """Ring the point at (tick, value); None: no ring."""
        self._chosen_at = at
        if at is None or not np.isfinite(at[1]):
            self._chosen.setData([], [])
        else:
            self._chosen.setData([at[0]], [at[1]])

    @property
    def chosen(self) -> tuple[float, float] | None:
        return self._chosen_at

    def place_of(self, key: int | str) -> tuple[float, float] | None:
        """(tick, value) of a row's point, None where it is not drawn."""
        place = self._places.get(key)
        if place is None or self._points is None:
            return None
        return float(self._points.x[place]), float(self._points.y[place])

    def fit(self) -> None:
        """Alternate between the range without outliers and the range of everything."""
        self.set_everything(not self._everything)

    @property
    def everything(self) -> bool:
        """Whether the range reaches to the outliers."""
        return self._everything

    def set_everything(self, everything: bool) -> None:
        self._everything = everything
        self._scale()

    def nearest(self, at: QPointF) -> int | None:
        """Index of the point nearest to scene position `at`, None where none is within reach."""
        if self._points is None or not self._points.x.size:
            return None
        away = self._distances(at, self._points.x, self._points.y)
        if not np.isfinite(away).any():
            return None
        best = int(np.nanargmin(away))
        return best if away[best] <= _REACH else None

    def mouseMoveEvent(self, event: Any) -> None:
        super().mouseMoveEvent(event)
        at = self.mapToScene(event.position().toPoint())
        place = self.nearest(at)
        if place is None or self._points is None:
            QToolTip.hideText()
            return
        points = self._points
        text = f"{points.group[place]}\ntick {points.x[place]:.0f}: {points.y[place]:.6g}"
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text), self)

    def _distances(self, at: QPointF, x: Floats, y: Floats) -> Floats:
        box = self.box
        left, right = box.viewRange()[0]
        low, high = box.viewRange()[1]
        area: QRectF = box.sceneBoundingRect()
        with np.errstate(all="ignore"):
            across = area.left() + (x - left) / (right - left) * area.width() - at.x()
            down = area.bottom() - (y - low) / (high - low) * area.height() - at.y()
            return np.hypot(across, down)

    def _clicked(self, event: Any) -> None:
        box = self.box
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if event.double():
            self.fit()
            return
        if not box.sceneBoundingRect().contains(event.scenePos()):
            return
        place = self.nearest(event.scenePos())
        if place is not None and self._points is not None:
            self.point_clicked.emit(self._points.key[place])
        else:
            self.tick_clicked.emit(round(box.mapSceneToView(event.scenePos()).x()))

    def _scale(self) -> None:
        points = self._points
        if points is None:
            return
        known = points.x[np.isfinite(points.x)]
        if not known.size:  # not as what was shown before would have it
            self.box.setRange(xRange=(0, 1), yRange=(0, 1), padding=0)
        else:
            first, last = float(known.min()), float(known.max())
            air = 0.04 * (last - first) or 5.0  # room for the last tick's number
            self.box.setXRange(first - air, last + air, padding=0)
        extent = extent_of([points.y], everything=self._everything)
        if np.isfinite(extent.low):
            span = extent.high - extent.low or abs(extent.high) or 1.0
            low, high = extent.low - 0.08 * span, extent.high + 0.08 * span
            if np.isfinite(high - low):
                self.box.setYRange(low, high, padding=0)
        self.caption_changed.emit(self._caption(extent.beyond, extent.infinite))

    def _caption(self, beyond: int, infinite: int) -> str:
        points = self._points
        if points is None:
            return ""
        missing = int((np.isnan(points.x) | np.isnan(points.y)).sum())
        parts: Sequence[str] = (
            *points.notes,
            f"{count_text(beyond)} beyond the range shown (F shows all)" if beyond else "",
            f"{count_text(infinite)} infinite" if infinite else "",
            f"{count_text(missing)} without a value" if missing else "",
        )
        return " · ".join(part for part in parts if part)

    def _dress(self) -> None:
        theme = self._theme
        for axis in self._axes.values():
            axis.setPen(pg.mkPen(None))
            axis.setTickPen(theme.color("text"))  # of the grid; its alpha is below
            axis.setTextPen(theme.color("muted"))
            axis.setTickFont(theme.font("caption"))
            axis.setStyle(tickLength=0, maxTickLevel=0, hideOverlappingLabels=True)
            axis.enableAutoSIPrefix(False)
            axis.setGrid(int(0.1 * 255))
        self._axes["left"].setWidth(56)
        self.setBackground(theme.color("panel"))
        self.box.setBackgroundColor(theme.color("base"))
        self._steps.setPen(pg.mkPen(theme.color("text"), width=1))
        self._now.setPen(pg.mkPen(theme.color("accent"), width=1))
        self._chosen.setPen(pg.mkPen(theme.color("accent"), width=2))
        self._chosen.setBrush(pg.mkBrush(None))


def _symbol(shape: str) -> QPainterPath:
    return pg.graphicsItems.ScatterPlotItem.Symbols[shape]


def shape_of(group: str) -> str:
    """A group keeps its shape as it keeps its colour, whatever else is drawn."""
    known = list(PAIRS)
    place = known.index(group) if group in known else zlib.crc32(group.encode())
    return _SHAPES[place % len(_SHAPES)]
