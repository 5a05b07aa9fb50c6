"""IterationChart: values over the iterations of an experiment, with a band and a baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.frozen import Frozen
from telemetry.text import shown_unit
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots import legend
from vmt_log_viewer.plots.nice import nice_ticks, nice_values, short
from vmt_log_viewer.theme import Theme

LEFT, RIGHT, TOP, AXIS, LEGEND = 64, 16, 20, 20, 20
AIR = 0.06  # of the values' range, above and below
BEYOND = 0.5  # of the lines' range: how far the band may widen it to either side
CAP = 4.0  # pixels of the strokes that end a band
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class ChartLine(Frozen):
    """(iteration, value) ascending. `step`: a value holds until the next one. `gaps`: iterations
    without a value are left out, not bridged."""

    name: str
    places: tuple[tuple[int, float], ...]
    color: QColor
    dashed: bool = False
    step: bool = False
    gaps: bool = False


class IterationChart(QWidget):
    """A click chooses the nearest iteration. Values are divided by `per` for the axis alone, so
    that cents have round amounts of money there."""

    iteration_clicked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.lines: tuple[ChartLine, ...] = ()
        self.band: tuple[tuple[int, float, float], ...] = ()
        self.baseline: float | None = None
        self._chosen: tuple[int, ...] = ()
        self._per, self._unit = 1.0, ""
        self._below = LEGEND
        self._text: Callable[[float], str] = str
        self.setMouseTracking(True)
        self.setMinimumHeight(110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(480, 220)

    def show_lines(
        self,
        lines: Sequence[ChartLine],
        text: Callable[[float], str],
        *,
        per: float = 1.0,
        unit: str = "",
        baseline: float | None = None,
        band: Sequence[tuple[int, float, float]] = (),
    ) -> None:
        """Draw these; `text` writes a value for the tooltip."""
        self.lines, self.band, self.baseline = tuple(lines), tuple(band), baseline
        self._text, self._per, self._unit = text, per, shown_unit(unit)
        self.setAccessibleName(", ".join(line.name for line in lines))
        self._below = max(LEGEND, legend.height(self.legend_places()))
        self.update()

    def choose(self, iterations: Sequence[int]) -> None:
        """Mark these iterations."""
        self._chosen = tuple(iterations)
        self.update()

    def nearest(self, x: float) -> int | None:
        """The recorded iteration nearest to a pixel."""
        known = sorted({n for line in self.lines for n, _ in line.places})
        if not known:
            return None
        return min(known, key=lambda n: abs(self._x(n) - x))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        area = self._area()
        painter.fillRect(area, self._theme.color("base"))
        if not any(line.places for line in self.lines):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._axes(painter, area)
        painter.save()
        painter.setClipRect(area.adjusted(-5, -5, 5, 5))
        self._paint_band(painter)
        if self.baseline is not None:
            painter.setPen(QPen(self._theme.color("muted"), 1, Qt.PenStyle.DotLine))
            y = self._y(self.baseline)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        for line in self.lines:
            self._paint_line(painter, line)
        painter.restore()
        self._legend(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.nearest(event.position().x())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.iteration_clicked.emit(found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self.nearest(event.position().x())
        text = "" if found is None else self.words_at(found)
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text) if text else "", self)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._below = max(LEGEND, legend.height(self.legend_places()))

    def words_at(self, iteration: int) -> str:
        """What every line has at an iteration."""
        words = [f"iteration {iteration}"]
        for line in self.lines:
            words += [f"{line.name}: {self._text(v)}" for n, v in line.places if n == iteration]
        words += [
            f"95 %: {self._text(low)} to {self._text(high)}"
            for n, low, high in self.band
            if n == iteration
        ]
        return "\n".join(words)

    def _area(self) -> QRectF:
        height = self.height() - TOP - AXIS - self._below
        return QRectF(LEFT, TOP, max(1, self.width() - LEFT - RIGHT), max(1, height))

    def _spans(self) -> tuple[float, float, float, float]:
        numbers = [n for line in self.lines for n, _ in line.places] or [0]
        values = [v for line in self.lines for _, v in line.places]
        values += [] if self.baseline is None else [self.baseline]
        low, high = min(values, default=0.0), max(values, default=1.0)
        beyond = BEYOND * (high - low) or abs(high) or 1.0  # a wide band must not flatten the lines
        low = max([low - beyond, min([low, *(edge for _, edge, _ in self.band)])])
        high = min([high + beyond, max([high, *(edge for _, _, edge in self.band)])])
        air = AIR * (high - low) or abs(high) * AIR or 1.0
        first, last = float(min(numbers)), float(max(numbers))
        if first == last:
            first, last = first - 0.5, last + 0.5
        return first, last, low - air, high + air

    def _x(self, iteration: float) -> float:
        first, last, _, _ = self._spans()
        area = self._area().adjusted(8, 0, -8, 0)
        return area.left() + (iteration - first) / (last - first) * area.width()

    def _y(self, value: float) -> float:
        _, _, low, high = self._spans()
        area = self._area()
        return area.bottom() - (value - low) / (high - low) * area.height()

    def _axes(self, painter: QPainter, area: QRectF) -> None:
        first, last, low, high = self._spans()
        muted, grid = self._theme.color("muted"), self._theme.color("grid")
        painter.setPen(muted)
        painter.drawText(QRectF(0, 0, LEFT - 6, TOP - 2), _RIGHT, self._unit)
        for value in nice_values(
            low / self._per, high / self._per, max(2, int(area.height() // 28))
        ):
            y = self._y(value * self._per)
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(muted)
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), _RIGHT, short(value, 6))
        for n in nice_ticks(first, last, area.width()):
            x = self._x(n)
            painter.setPen(muted)
            where = QRectF(x - 40, area.bottom() + 3, 80, 16)
            painter.drawText(where, Qt.AlignmentFlag.AlignHCenter, str(n))
        chosen = QColor(self._theme.color("accent"))
        chosen.setAlphaF(0.5)
        for n in self._chosen:
            if first <= n <= last:
                painter.setPen(QPen(chosen, 1))
                painter.drawLine(
                    QPointF(self._x(n), area.top()), QPointF(self._x(n), area.bottom())
                )

    def _paint_band(self, painter: QPainter) -> None:
        """A stroke for each interval, and a shade between those of neighbouring iterations."""
        color = self._theme.color("muted")
        shade = QColor(color)
        shade.setAlphaF(0.18)
        for part in _parts(self.band):
            upper = [QPointF(self._x(n), self._y(high)) for n, _, high in part]
            lower = [QPointF(self._x(n), self._y(low)) for n, low, _ in part]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shade)
            painter.drawPolygon(QPolygonF([*upper, *reversed(lower)]))
            painter.setPen(QPen(color, 1))
            for low, high in zip(lower, upper, strict=True):
                painter.drawLine(low, high)
                for end in (low, high):
                    painter.drawLine(end - QPointF(CAP, 0), end + QPointF(CAP, 0))

    def _paint_line(self, painter: QPainter, line: ChartLine) -> None:
        style = Qt.PenStyle.DashLine if line.dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(line.color, 1.5 if line.dashed else 2, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for part in _parts(line.places) if line.gaps else [line.places]:
            points: list[QPointF] = []
            for n, value in part:
                at = QPointF(self._x(n), self._y(value))
                if line.step and points:
                    points.append(QPointF(at.x(), points[-1].y()))
                points.append(at)
            painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(line.color)
        for n, value in line.places:
            painter.drawEllipse(QPointF(self._x(n), self._y(value)), 2.5, 2.5)

    def entries(self) -> list[tuple[str, QColor, Qt.PenStyle]]:
        """What the legend names, with its colour and stroke."""
        lines = sorted(self.lines, key=lambda line: line.gaps)  # what has gaps is named last
        solid, dashes = Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine
        entries = [(x.name, x.color, dashes if x.dashed else solid) for x in lines]
        if self.baseline is not None:
            entries.append(("baseline", self._theme.color("muted"), Qt.PenStyle.DotLine))
        if self.band:
            entries.append((self._band_name(), self._theme.color("muted"), solid))
        return entries

    def legend_places(self) -> tuple[tuple[int, float], ...]:
        """The line and the left edge of each entry, in pixels from the axis."""
        metrics = QFontMetricsF(self._theme.font("caption"))
        widths = [22 + metrics.horizontalAdvance(name) + 20 for name, _, _ in self.entries()]
        return legend.flow(widths, self.width() - LEFT)

    def _band_name(self) -> str:
        _, _, low, high = self._spans()
        out = [str(n) for n, least, most in self.band if least < low or most > high]
        return f"95 % band (wider than shown at {', '.join(out)})" if out else "95 % band"

    def _legend(self, painter: QPainter) -> None:
        places, x, y = self.legend_places(), float(LEFT), self.height() - legend.LINE / 2
        top = self.height() - legend.height(places) + legend.LINE / 2
        metrics = QFontMetricsF(painter.font())
        for (line, left), (name, color, style) in zip(places, self.entries(), strict=True):
            x, y = LEFT + left, top + line * legend.LINE
            width = metrics.horizontalAdvance(name)
            painter.setPen(QPen(color, 2, style))
            painter.drawLine(QPointF(x, y), QPointF(x + 18, y))
            painter.setPen(self._theme.color("muted"))
            where = QRectF(x + 22, y - 9, width + 2, 18)
            room = self.width() - where.left()
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignVCenter), shown)
            x += 22 + width + 20  # where the last one ends
        if x + 80 <= self.width() - RIGHT:
            where = QRectF(self.width() - RIGHT - 80, y - 9, 80, 18)
            painter.drawText(where, _RIGHT, "iteration →")


def _parts(places: Sequence[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The places in pieces of iterations that follow each other without a gap."""
    parts: list[list[tuple[Any, ...]]] = []
    for place in places:
        if parts and place[0] == parts[-1][-1][0] + 1:
            parts[-1].append(place)
        else:
            parts.append([place])
    return parts
