"""LadderPlot: the tried prices between ask and bid, block size upwards, a mark per outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.frozen import Frozen
from telemetry.text import cell_text
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.models.ladder import Try, number, span
from vmt_log_viewer.plots.nice import nice_values, short
from vmt_log_viewer.widgets.outcome_mark import (
    draw_mark,
    outcome_shape,
    reason_color,
)

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 36, 40
_MARK, _REACH = 9.0, 12.0


class _Scale(Frozen):
    """Data to pixels along one axis."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


class LadderPlot(QWidget):
    """Quotes that lie far off the tried prices are written at the edge instead of drawn."""

    row_clicked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tries: tuple[Try, ...] = ()
        self._rows: tuple[int, ...] = ()
        self._size = "block"
        self._block_label, self._price_label = "block", "price"
        self._chosen: int | None = None
        self.setMinimumSize(180, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, 200)

    def show_tries(
        self,
        tries: Sequence[Try],
        price_label: str,
        block_label: str,
        *,
        rows: Sequence[int] | None = None,
        size: str = "block",
    ) -> None:
        """Draw `tries`, which are the list's `rows` (all of them unless told), over `size`."""
        self._tries, self._size = tuple(tries), size
        self._rows = tuple(range(len(self._tries))) if rows is None else tuple(rows)
        self._chosen = None
        self._price_label, self._block_label = price_label, block_label
        self.update()

    @property
    def rows(self) -> tuple[int, ...]:
        """Which rows of the list are drawn."""
        return self._rows

    def choose(self, row: int | None) -> None:
        self._chosen = row
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("caption"))
        scales = self._scales()
        if scales is None:
            return
        across, up = scales
        self._axes(painter, across, up)
        self._quotes(painter, across)
        for row, tried in zip(self._rows, self._tries, strict=True):
            at = self._place(tried, across, up)
            if at is None:
                continue
            if row == self._chosen:
                painter.setPen(QPen(self._theme.color("accent"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(at, _MARK, _MARK)
            draw_mark(painter, at, outcome_shape(tried), self._color(tried), _MARK)
        self._legend(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        nth = self._nearest(event.position())
        if nth is not None:
            self.row_clicked.emit(self._rows[nth])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        nth = self._nearest(event.position())
        if nth is None:
            QToolTip.hideText()
            return
        tried = self._tries[nth]
        lines = (
            f"try {self._rows[nth] + 1}: {self._price_label} {cell_text(tried.price)},"
            f" {self._block_label} {cell_text(getattr(tried, self._size))}",
            tried.verdict,
        )
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip("\n".join(lines)), self)

    def _nearest(self, at: QPointF) -> int | None:
        scales = self._scales()
        if scales is None:
            return None
        best, best_away = None, _REACH
        for nth, tried in enumerate(self._tries):
            place = self._place(tried, *scales)
            if place is None:
                continue
            away = (place - at).manhattanLength()
            if away < best_away:
                best, best_away = nth, away
        return best

    def _scales(self) -> tuple[_Scale, _Scale] | None:
        prices = span([number(t.price) for t in self._tries])
        if prices is None:
            return None
        low, high = prices
        quotes = [q for q in (self._ask(), self._bid()) if q is not None]
        reach = 4 * max(high - low, 0.25 * abs(high), 1e-12)
        near = [q for q in quotes if low - reach <= q <= high + reach]
        low, high = min([low, *near]), max([high, *near])
        air = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
        blocks = span([self._block(t) for t in self._tries]) or (0.0, 1.0)
        top = max(blocks[1], 1e-12)
        across = _Scale(low - air, high + air, _LEFT, max(self.width() - _RIGHT, _LEFT + 1))
        up = _Scale(min(blocks[0], 0.0), 1.12 * top, max(self.height() - _BOTTOM, _TOP + 1), _TOP)
        return across, up

    def _place(self, tried: Try, across: _Scale, up: _Scale) -> QPointF | None:
        price, block = number(tried.price), self._block(tried)
        if price is None:
            return None
        return QPointF(across(price), up(0.0 if block is None else block))

    def _block(self, tried: Try) -> float | None:
        return number(getattr(tried, self._size))

    def _ask(self) -> float | None:
        return next((t.ask for t in self._tries if t.ask is not None), None)

    def _bid(self) -> float | None:
        return next((t.bid for t in self._tries if t.bid is not None), None)

    def _axes(self, painter: QPainter, across: _Scale, up: _Scale) -> None:
        muted, grid = self._theme.color("muted"), self._theme.color("grid")
        right, center = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignHCenter
        middle = Qt.AlignmentFlag.AlignVCenter
        for value in nice_values(up.low, up.high, 4):
            y = up(value)
            painter.setPen(grid)
            painter.drawLine(QPointF(across.start, y), QPointF(across.end, y))
            painter.setPen(muted)
            painter.drawText(QRectF(0, y - 8, _LEFT - 6, 16), right | middle, short(value))
        for value in nice_values(across.low, across.high, max(2, self.width() // 90)):
            x = across(value)
            painter.setPen(grid)
            painter.drawLine(QPointF(x, up.start), QPointF(x, up.end))
            painter.setPen(muted)
            painter.drawText(QRectF(x - 40, up.start + 4, 80, 16), center, short(value))
        painter.setPen(muted)
        painter.drawText(QRectF(4, 2, 200, 16), middle, self._block_label)
        where = QRectF(across.end - 120, self.height() - 17, 120 + _RIGHT - 4, 16)
        painter.drawText(where, right | middle, self._price_label)

    def _quotes(self, painter: QPainter, across: _Scale) -> None:
        """The seller's ask and the buyer's bid as lines; shaded where the two cross."""
        ask, bid = self._ask(), self._bid()
        top, bottom = float(_TOP), float(self.height() - _BOTTOM)
        if ask is not None and bid is not None and ask < bid:
            left = max(across(ask), across.start)
            right = min(across(bid), across.end)
            shade = QColor(self._theme.color("good"))
            shade.setAlphaF(0.10)
            if right > left:
                painter.fillRect(QRectF(left, top, right - left, bottom - top), shade)
        names = ((ask, "ask"), (bid, "bid"))
        for value, name in names:
            if value is None:
                continue
            inside = across.low <= value <= across.high
            x = min(max(across(value), across.start), across.end)
            style = Qt.PenStyle.DashLine if inside else Qt.PenStyle.DotLine
            painter.setPen(QPen(self._theme.color("muted"), 1, style))
            painter.drawLine(QPointF(x, top), QPointF(x, bottom))
            painter.setPen(self._theme.color("text"))
            arrow = "" if inside else (" →" if value > across.high else " ←")
            text = f"{name} {short(value)}{arrow}"
            self._label(painter, x, text, left_side=name == "ask")

    def _label(self, painter: QPainter, x: float, text: str, *, left_side: bool) -> None:
        width = painter.fontMetrics().horizontalAdvance(text) + 4.0
        start = x - width if left_side else x + 2
        start = min(max(start, 0.0), self.width() - width)
        painter.drawText(QRectF(start, _TOP - 18, width, 16), Qt.AlignmentFlag.AlignVCenter, text)

    def _color(self, tried: Try) -> QColor:
        return reason_color(self._theme, tried.reason)

    def _legend(self, painter: QPainter) -> None:
        """Only the outcomes that occur, below the axis."""
        x, y = 8.0, self.height() - 9.0
        seen: set[str] = set()
        for tried in self._tries:
            text = cell_text(tried.reason, missing="no reason recorded")
            if text in seen:
                continue
            seen.add(text)
            width = painter.fontMetrics().horizontalAdvance(text) + 4
            if x + 8 + width > self.width() - 48:
                break  # the list below names every outcome
            draw_mark(painter, QPointF(x, y), outcome_shape(tried), self._color(tried), 8)
            painter.setPen(self._theme.color("muted"))
            painter.drawText(QRectF(x + 8, y - 8, width, 16), Qt.AlignmentFlag.AlignVCenter, text)
            x += width + 24
