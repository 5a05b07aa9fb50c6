"""PhaseChart: one measure of each agent against another, its way so far and where it is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from telemetry.concepts import AgentId, Floats, Ints
from telemetry.frozen import Frozen
from vmt_log_viewer.plots.compare_lines import draw_segments
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.nice import nice_values, short
from vmt_log_viewer.plots.value_grid import GRID_LEFT, paint_values
from vmt_log_viewer.widgets.disc_sheet import DiscSheet, Look

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

LEFT, RIGHT, TOP, AXIS = GRID_LEFT, 16, 24, 40
AIR, DOT, RING, REACH, FAINT = 0.05, 3.5, 2.5, 12.0, 0.35
STAMPED = 300
"""More discs than that are copied from a sheet."""
A_TURN = 2_000
"""Places of ways that are drawn in one turn."""
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_MIDDLE = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)


class Way(Frozen):
    """An agent's two values at the ticks of the chart.

    `strong` ones have a name and their full colour; of those not `drawn` only the place is seen.
    """

    agent_id: AgentId
    name: str
    x: Floats
    y: Floats
    color: QColor
    strong: bool
    drawn: bool = True


class PhaseChart(QWidget):
    """Rings are where agents began, discs where they are at the cursor's tick, or last were."""

    agent_clicked = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.ways: tuple[Way, ...] = ()
        self.tick: Ints = np.empty(0, np.int64)
        self.labels = ("", "")
        self.cursor_at: int | None = None
        self._range = self._ends([]), self._ends([])
        self._kept, self._sheet = Kept(self), DiscSheet()
        self.setMinimumSize(220, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_ways(self, ways: Sequence[Way], tick: Ints, labels: tuple[str, str]) -> None:
        """Draw these; `labels` name what is across and what is up."""
        self.ways, self.tick, self.labels = tuple(ways), tick, labels
        self._range = self._ends([w.x for w in ways]), self._ends([w.y for w in ways])
        self.setAccessibleName(f"{labels[1]} against {labels[0]}")
        self._kept.forget()
        self.update()

    def set_cursor(self, tick: int | None) -> None:
        self.cursor_at = tick
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 320)

    def places(self) -> dict[AgentId, QPointF]:
        """Where each agent stands now: at the cursor's tick, or where it was last before that."""
        upto = len(self.tick)
        if not upto:
            return {}
        if self.cursor_at is not None:
            upto = max(1, int(np.searchsorted(self.tick, self.cursor_at, side="right")))
        x, y = (np.array([side[upto - 1] for side in sides], np.float64)
                for sides in ([w.x for w in self.ways], [w.y for w in self.ways]))  # fmt: skip
        for i in np.flatnonzero(~(np.isfinite(x) & np.isfinite(y))).tolist():
            way = self.ways[i]
            known = np.flatnonzero(np.isfinite(way.x[:upto]) & np.isfinite(way.y[:upto]))
            x[i], y[i] = (way.x[known[-1]], way.y[known[-1]]) if len(known) else (np.nan, np.nan)
        x, y = self._scale()(x, y)
        at = zip(self.ways, x.tolist(), y.tolist(), np.isfinite(x).tolist(), strict=True)
        return {way.agent_id: QPointF(a, b) for way, a, b, known in at if known}

    def mousePressEvent(self, event: QMouseEvent) -> None:
        near = [
            ((event.position() - at).manhattanLength(), agent)
            for agent, at in self.places().items()
        ]
        if near and (best := min(near, key=lambda n: n[0]))[0] <= REACH:
            self.agent_clicked.emit(best[1])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("base"))
        self._kept.draw(painter, QSizeF(self.size()), self._theme.version, self._paint_ways)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("caption"))
        self._discs(painter, self.places())
        painter.end()

    def _discs(self, painter: QPainter, places: dict[AgentId, QPointF]) -> None:
        """Where agents stand; those that stand out last, with their names."""
        ways = [way for way in self.ways if way.agent_id in places]
        weak = [way for way in ways if not way.strong]
        if len(weak) > STAMPED and not Kept.at_once:
            self._sheet.begin(DOT, painter.device().devicePixelRatioF(), self._theme.version)
            inks = [way.color.rgba() for way in weak]
            known, which = np.unique(np.array(inks, np.int64), return_inverse=True)
            looks = [(ink, DOT, False) for ink in known.tolist()]
            at = np.array([places[way.agent_id].toTuple() for way in weak], np.float64)
            self._sheet.stamp(painter, at[:, 0], at[:, 1], looks, which, self._disc)
        else:
            for way in weak:
                self._disc(painter, places[way.agent_id], (way.color.rgba(), DOT, False))
        for way in ways:
            if way.strong:
                at = places[way.agent_id]
                self._disc(painter, at, (way.color.rgba(), DOT, True))
                painter.setPen(way.color)
                painter.drawText(at + QPointF(6, -4), way.name)

    def _disc(self, painter: QPainter, at: QPointF, look: Look) -> None:
        painter.setPen(QPen(self._theme.color("base"), 1))
        painter.setBrush(QColor.fromRgba(look[0]))
        painter.drawEllipse(at, look[1], look[1])

    def dress(self) -> Iterator[None]:
        yield from self._kept.prepare(self._theme.version, self._paint_ways)

    def painted(self) -> bool:
        return self._kept.idle()

    def _paint_ways(self, painter: QPainter) -> Iterator[None]:
        """Axes, and the way of each agent with a ring where it began."""
        if not self.ways:
            return
        painter.setFont(self._theme.font("caption"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._axes(painter)
        pixels, places = self._scale(), 0
        for way in sorted((w for w in self.ways if w.drawn), key=lambda way: way.strong):
            color = way.color if way.strong else mixed(way.color, self._theme.color("base"), FAINT)
            painter.setPen(QPen(color, 1.5 if way.strong else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            there = np.isfinite(way.x) & np.isfinite(way.y)
            x, y = pixels(way.x[there], way.y[there])
            draw_segments(painter, x, y)
            if len(x):
                painter.drawEllipse(QPointF(float(x[0]), float(y[0])), RING, RING)
            places += len(x)
            if places >= A_TURN:
                places = 0
                yield

    def _area(self) -> QRectF:
        return QRectF(LEFT, TOP, max(1.0, self.width() - LEFT - RIGHT),
                      max(1.0, self.height() - TOP - AXIS))  # fmt: skip

    def _ends(self, values: list[Floats]) -> tuple[float, float]:
        found = np.concatenate(values) if values else np.zeros(0)
        found = found[np.isfinite(found)]
        low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
        air = AIR * (high - low) or abs(high) * AIR or 1.0
        return low - air, high + air

    def _scale(self) -> Callable[[Floats, Floats], tuple[Floats, Floats]]:
        """Where values are in pixels, at this size."""
        area = self._area()
        (left, right), (low, high) = self._range

        def pixels(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            return (area.left() + (x - left) / (right - left) * area.width(),
                    area.bottom() - (y - low) / (high - low) * area.height())  # fmt: skip

        return pixels

    def _axes(self, painter: QPainter) -> None:
        area, muted = self._area(), self._theme.color("muted")
        (left, right), (low, high) = self._range
        painter.setPen(self._theme.color("text"))
        painter.drawText(QRectF(8, 0, self.width() - 16, TOP - 4), _LEFT, f"↑ {self.labels[1]}")
        where = QRectF(area.left(), area.bottom() + 20, area.width(), 16)
        painter.drawText(where, _RIGHT, f"{self.labels[0]} →")
        paint_values(painter, self._theme, area, low, high)
        for value in nice_values(left, right, max(2, int(area.width() // 72))):
            x = area.left() + (value - left) / (right - left) * area.width()
            painter.setPen(self._theme.color("grid"))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(muted)
            painter.drawText(QRectF(x - 40, area.bottom() + 2, 80, 16), _MIDDLE, short(value, 6))


def mixed(color: QColor, base: QColor, share: float) -> QColor:
    """So much of a colour on a ground, opaque: a tenth of the time of one that lets it through."""
    parts = zip(color.getRgbF()[:3], base.getRgbF()[:3], strict=True)
    return QColor.fromRgbF(*(share * a + (1 - share) * b for a, b in parts))
