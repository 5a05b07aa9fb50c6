"""LensChart: quantiles of all agents as a fan, those who stand apart as named lines, clamps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from telemetry.concepts import Floats, Lens
from telemetry.frozen import Frozen
from vmt_log_viewer.plots.axes import paint_ticks
from vmt_log_viewer.plots.compare_lines import pieces, polygon
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.nice import short
from vmt_log_viewer.plots.value_grid import GRID_LEFT, paint_values, six_digits
from vmt_log_viewer.theme import NAMED

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

LEFT, RIGHT, TOP, AXIS, STRIP, BELOW = GRID_LEFT, 88, 24, 22, 7, 20
AIR, FAR = 0.05, 8.0
"""A line farther from the fan than so many times its height does not stretch the axis."""
BANDS = (("q05", "q95", 0.16), ("q25", "q75", 0.30))
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class NamedLine(Frozen):
    """An agent's values at the ticks of the lens."""

    name: str
    value: Floats
    color: QColor


class LensChart(QWidget):
    """A click tells the tick. Strips at the edges are as strong as the share of agents clamped."""

    tick_clicked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.lens: Lens | None = None
        self.lines: tuple[NamedLine, ...] = ()
        self.log = False
        self.cursor_at: int | None = None
        self._kept = Kept(self)
        self.setMinimumSize(240, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_lens(self, lens: Lens | None, lines: Sequence[NamedLine], *, log: bool) -> None:
        self.lens, self.lines, self.log = lens, tuple(lines), log
        self._kept.forget()
        if lens is not None:
            self.setAccessibleName(f"{lens.measure.label}: quantiles over ticks")
        self.update()

    def set_cursor(self, tick: int | None) -> None:
        self.cursor_at = tick
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 300)

    def beyond(self) -> tuple[str, ...]:
        """The names of lines that leave the picture somewhere."""
        low, high = self._ends()
        return tuple(
            line.name for line in self.lines
            if np.nanmax(self._scaled(line.value), initial=-np.inf) > high
            or np.nanmin(self._scaled(line.value), initial=np.inf) < low
        )  # fmt: skip

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.lens is None or not len(self.lens.tick):
            return
        first, last = self._span()
        area = self._area()
        share = (event.position().x() - area.left()) / area.width()
        self.tick_clicked.emit(round(first + min(1.0, max(0.0, share)) * (last - first)))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("base"))
        if self.lens is None or not len(self.lens.tick):
            return
        self._kept.draw(painter, QSizeF(self.size()), self._theme.version, self._paint_lens)
        area = self._area()
        painter.setClipRect(area)
        self._cursor(painter, area)

    def dress(self) -> Iterator[None]:
        yield from self._kept.prepare(self._theme.version, self._paint_lens)

    def painted(self) -> bool:
        return self._kept.idle()

    def _paint_lens(self, painter: QPainter) -> Iterator[None]:
        """The fan, the lines, two in a turn, and what is written around them."""
        painter.setFont(self._theme.font("caption"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        low, high = self._ends()
        self._axes(painter, area, low, high)
        painter.save()
        painter.setClipRect(area)
        self._fan(painter, area, low, high)
        for place, line in enumerate(self.lines):
            if place % 2 == 0:
                yield
            painter.setPen(QPen(line.color, 1.5))
            self._draw(painter, area, line.value, low, high)
        painter.restore()
        self._clamps(painter, area, low, high)
        self._names(painter, area, low, high)
        self._legend(painter)

    def _area(self) -> QRectF:
        return QRectF(LEFT, TOP, max(1.0, self.width() - LEFT - RIGHT),
                      max(1.0, self.height() - TOP - AXIS - BELOW))  # fmt: skip

    def _span(self) -> tuple[int, int]:
        assert self.lens is not None
        first, last = int(self.lens.tick[0]), int(self.lens.tick[-1])
        return (first, last) if last > first else (first, first + 1)

    def _scaled(self, values: Floats) -> Floats:
        if not self.log:
            return values
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(values > 0, np.log10(np.where(values > 0, values, 1)), np.nan)
        return found

    def _ends(self) -> tuple[float, float]:
        """From the lowest to the highest of the fan, and of lines that are not too far from it."""
        assert self.lens is not None
        fan = np.concatenate([self._scaled(self.lens.quantiles[n]) for n in ("q05", "q95")])
        fan = fan[np.isfinite(fan)]
        low, high = (float(fan.min()), float(fan.max())) if fan.size else (0.0, 1.0)
        room = FAR * ((high - low) or abs(high) or 1.0)
        for line in self.lines:
            own = self._scaled(line.value)
            own = own[np.isfinite(own)]
            if own.size and own.max() <= high + room and own.min() >= low - room:
                low, high = min(low, float(own.min())), max(high, float(own.max()))
        air = AIR * (high - low) or abs(high) * AIR or 1.0
        return low - air, high + air

    def _x(self, area: QRectF, ticks: Floats) -> Floats:
        first, last = self._span()
        return area.left() + (ticks - first) / (last - first) * area.width()

    def _draw(
        self, painter: QPainter, area: QRectF, value: Floats, low: float, high: float
    ) -> None:
        assert self.lens is not None
        painter.setBrush(Qt.BrushStyle.NoBrush)
        scaled = self._scaled(value)
        for x, y in pieces(self.lens.tick.astype(np.float64), scaled, float(self.lens.step)):
            places = polygon(self._x(area, x), area.bottom() - (y - low) / (high - low)
                             * area.height())  # fmt: skip
            if len(x) == 1:
                painter.drawPoint(places.at(0))
            painter.drawPolyline(places)

    def _fan(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        assert self.lens is not None
        x = self.lens.tick.astype(np.float64)
        for lower, upper, strength in BANDS:
            color = self._theme.color("muted")
            color.setAlphaF(strength)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            a, b = (self._scaled(self.lens.quantiles[n]) for n in (lower, upper))
            there = np.isfinite(a) & np.isfinite(b)
            edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
            for i, j in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                ends = np.concatenate([a[i:j], b[i:j][::-1]])
                around = self._x(area, np.concatenate([x[i:j], x[i:j][::-1]]))
                painter.drawPolygon(
                    polygon(around, area.bottom() - (ends - low) / (high - low) * area.height())
                )
        painter.setPen(QPen(self._theme.color("text"), 2))
        self._draw(painter, area, self.lens.quantiles["median"], low, high)

    def _cursor(self, painter: QPainter, area: QRectF) -> None:
        first, last = self._span()
        if self.cursor_at is not None and first <= self.cursor_at <= last:
            x = float(self._x(area, np.array([float(self.cursor_at)]))[0])
            painter.setPen(QPen(self._theme.color("accent"), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _clamps(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        """Strips at the edges, and the bounds themselves where the axis reaches them."""
        lens = self.lens
        assert lens is not None
        if lens.bounds is None:
            return
        every = np.maximum(lens.count, 1)
        edges = self._x(area, lens.tick.astype(np.float64))
        wide = area.width() / max(1, len(edges))
        for share, top in (
            (lens.at_high / every, area.top() - STRIP),
            (lens.at_low / every, area.bottom()),
        ):
            for x, part in zip(edges.tolist(), share.tolist(), strict=True):
                if part:
                    color = clamp_color()
                    color.setAlphaF(0.25 + 0.75 * part)
                    painter.fillRect(QRectF(x - wide / 2, top, max(1.0, wide), STRIP), color)
        painter.setPen(QPen(clamp_color(), 1, Qt.PenStyle.DashLine))
        for bound in self._scaled(np.array(lens.bounds)).tolist():
            if low <= bound <= high:
                y = area.bottom() - (bound - low) / (high - low) * area.height()
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    def _axes(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        assert self.lens is not None
        measure = self.lens.measure
        unit = f" ({measure.unit})" if measure.unit else ""
        painter.setPen(self._theme.color("text"))
        painter.drawText(QRectF(8, 0, self.width() - 16, TOP - STRIP), _LEFT,
                         f"{measure.label}{unit}{', logarithmic' if self.log else ''}")  # fmt: skip
        text = _power if self.log else six_digits
        paint_values(painter, self._theme, area, low, high, text)
        first, last = self._span()
        where = QRectF(area.left(), area.bottom() + STRIP - 2, area.width(), AXIS)
        paint_ticks(painter, where, first, last, self._theme)

    def _names(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        """Each line's name at its end, apart from each other."""
        ends = []
        for line in self.lines:
            known = np.flatnonzero(np.isfinite(self._scaled(line.value)))
            if len(known):
                value = float(self._scaled(line.value)[known[-1]])
                y = area.bottom() - (value - low) / (high - low) * area.height()
                ends.append((min(area.bottom(), max(area.top(), y)), line))
        free = -math.inf
        metrics = QFontMetricsF(painter.font())
        for y, line in sorted(ends, key=lambda end: end[0]):
            at = max(y, free + 13)
            free = at
            painter.setPen(line.color)
            text = metrics.elidedText(line.name, Qt.TextElideMode.ElideRight, RIGHT - 10)
            painter.drawText(QRectF(area.right() + 6, at - 8, RIGHT - 8, 16), _LEFT, text)

    def _legend(self, painter: QPainter) -> None:
        """What the line, the two shades and the strips are."""
        assert self.lens is not None
        entries = [("median", self._theme.color("text"), 1.0)]
        entries += [(f"{a[1:]}–{b[1:]} % of agents".replace("05", "5"),
                     self._theme.color("muted"), strength + 0.1)
                    for a, b, strength in reversed(BANDS)]  # fmt: skip
        if self.lens.bounds is not None:
            low, high = (short(bound) for bound in self.lens.bounds)
            entries.append((f"agents on a bound ({low}, {high})", clamp_color(), 1.0))
        x, y = float(LEFT), self.height() - BELOW / 2
        metrics = QFontMetricsF(painter.font())
        for text, color, strength in entries:
            color.setAlphaF(strength)
            thin = 2 if text == "median" else 10
            painter.fillRect(QRectF(x, y - thin / 2, 14, thin), color)
            painter.setPen(self._theme.color("muted"))
            painter.drawText(QRectF(x + 20, y - 9, self.width() - x - 20, 18), _LEFT, text)
            x += 20 + metrics.horizontalAdvance(text) + 16


def clamp_color() -> QColor:
    """What marks values that stand on a bound."""
    return QColor(NAMED["orange"])


def _power(exponent: float) -> str:
    return short(10**exponent, 3)
