"""LaneCanvas: the lanes of a run over its ticks, with the cursor, the brush and the marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QEvent, QMarginsF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Lane, TickRange
from telemetry.frozen import Frozen
from telemetry.text import one_line
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.axes import LEFT, RIGHT, cursor_flag, paint_ticks
from vmt_log_viewer.plots.lane_painter import paint_lane
from vmt_log_viewer.plots.tick_box import WHEEL, tick_range
from vmt_log_viewer.plots.tick_window import TickWindow
from vmt_log_viewer.state.document import Document
from vmt_log_viewer.state.history import Change
from vmt_log_viewer.state.marks import Mark
from vmt_log_viewer.theme import Theme
from vmt_log_viewer.views.lane_pictures import LanePictures

AXIS, GAP = 20, 2
TAKEN = 6.0
"""Pixels beside a mark on the axis within which it is meant."""
MOST_TOLD = 12
"""Alerts that one tip names."""
GRIP = 4.0
"""Pixels beside an edge of the brush within which it can be taken."""
DRAG = 3.0
"""Pixels that a press may wander before it counts as drawing a brush."""
NOT_RECORDED = "not recorded"


class LaneRow(Frozen):
    """One row of the strip: a lane; or a `label` that says which are not recorded, and why."""

    name: str
    label: str
    lane: Lane | None
    reason: str = ""


class LaneCanvas(QWidget):
    """Click moves the cursor, drag draws the brush, double click clears it, the wheel zooms.

    Over the tick axis, dragging moves the cursor instead.
    """

    def __init__(self, document: Document, theme: Theme) -> None:
        super().__init__()
        self._document, self._theme = document, theme
        self.window_of_ticks = TickWindow()
        self.rows: tuple[LaneRow, ...] = ()
        self._pictures = LanePictures(self)
        self._pressed: QPointF | None = None
        self._anchor: float | None = None
        self._drawing: TickRange | None = None
        self._scrubbing = False
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(LEFT + RIGHT + 80)
        self.setAccessibleName("Timeline of the run")
        self.window_of_ticks.changed.connect(self.redraw)
        document.cursor.moved.connect(self.redraw)
        document.selection.brush_changed.connect(self.redraw)
        document.marks.changed.connect(self.redraw)
        document.alerts.changed.connect(self.redraw)
        theme.changed.connect(self.redraw)

    # What is shown

    def show_rows(self, rows: Sequence[LaneRow]) -> None:
        before, self.rows = self.rows, tuple(rows)
        first = any(row.lane for row in rows) and not any(row.lane for row in before)
        self._pictures.renew(len(rows), in_turns=first)
        self.updateGeometry()
        self.setFixedHeight(self.sizeHint().height())
        self.redraw()

    def painted(self) -> bool:
        """Whether all rows are there."""
        return self._pictures.painted()

    def redraw(self, *_what: object) -> None:
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, int(max(1, len(self.rows)) * (self.lane_height + GAP)) + AXIS)

    @property
    def lane_height(self) -> int:
        """Thick where there are few lanes; names stay readable up to six of them."""
        return 16 if len(self.rows) <= 3 else max(5, min(13, 80 // len(self.rows)))

    def area(self) -> QRectF:
        """The lanes, without their names and the axis."""
        return QRectF(LEFT, 0, max(1, self.width() - LEFT - RIGHT), self.height() - AXIS)

    def x_of(self, tick: float) -> float:
        where, window = self.area(), self.window_of_ticks
        return where.left() + (tick - window.first) / (window.last - window.first) * where.width()

    def tick_at(self, x: float) -> float:
        where, window = self.area(), self.window_of_ticks
        return window.first + (x - where.left()) / where.width() * (window.last - window.first)

    # Painting

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        where, window = self.area(), self.window_of_ticks
        painter.fillRect(self.rect(), self._theme.color("base"))
        self._pictures.draw(painter, self._places(), self._lanes_key(), self._paint_row)
        painter.setFont(self._theme.font("caption"))
        for number, row in enumerate(self.rows):
            self._paint_state(painter, number, row)
        axis = QRectF(where.left(), where.bottom(), where.width(), AXIS)
        if self._document.cursor.bounds is not None:
            self._paint_brush(painter, where)
            self._paint_cursor(painter, where)
            tick = self._document.cursor.tick
            flags = [] if tick is None else [cursor_flag(tick, self._theme)]
            paint_ticks(painter, axis, window.first, window.last, self._theme, flags)
            self._paint_marks(painter, axis)
        painter.end()

    def dress(self) -> Iterator[None]:
        """Paint in steps what the theme's colours will show."""
        yield from self._pictures.prepare(self._places(), self._lanes_key(), self._paint_row)

    def _lanes_key(self) -> tuple[float, float, int]:
        return self.window_of_ticks.first, self.window_of_ticks.last, self._theme.version

    def _places(self) -> list[QRectF]:
        """The rows with their names and half of what lies between two of them."""
        margins = QMarginsF(LEFT, GAP / 2, RIGHT, GAP / 2)
        return [self._place_of(number) + margins for number in range(len(self.rows))]

    def _place_of(self, number: int) -> QRectF:
        area, height = self.area(), self.lane_height
        return QRectF(area.left(), number * (height + GAP) + GAP / 2, area.width(), height)

    def _paint_row(self, painter: QPainter, number: int) -> None:
        """All of a row that stays where it is while the cursor moves."""
        theme, height, row = self._theme, self.lane_height, self.rows[number]
        painter.fillRect(self._places()[number], theme.color("base"))
        where = self._place_of(number)
        top = where.top()
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("muted"))
        middle = Qt.AlignmentFlag.AlignVCenter
        if height >= 10 and row.lane is not None:
            name = QRectF(0, top - 2, LEFT - 6, height + 4)
            text = painter.fontMetrics().elidedText(
                row.label, Qt.TextElideMode.ElideRight, int(name.width())
            )
            painter.drawText(name, int(middle | Qt.AlignmentFlag.AlignRight), text)
        if row.lane is None:
            painter.fillRect(where, theme.color("panel"))
            shown = where.adjusted(6, -2, 0, 2)
            painter.drawText(shown, int(middle | Qt.AlignmentFlag.AlignLeft), row.label)
            return
        painter.save()
        painter.setClipRect(where)
        window = self.window_of_ticks
        paint_lane(
            painter,
            where,
            row.lane,
            window.first,
            window.last,
            lambda state: theme.state_color(row.name, state),
            named=height >= 10,
            dpr=self.devicePixelRatioF(),
        )
        painter.restore()

    def _paint_state(self, painter: QPainter, number: int, row: LaneRow) -> None:
        """The state at the cursor, at the right of its lane."""
        lane = self._place_of(number)
        where = QRectF(lane.right() + 8, lane.top() - 2, RIGHT - 12, lane.height() + 4)
        tick = self._document.cursor.tick
        if tick is None or row.lane is None or self.lane_height < 10:
            return
        state = row.lane.at(tick)
        color = (
            self._theme.color("line") if state is None else self._theme.state_color(row.name, state)
        )
        painter.fillRect(QRectF(where.left(), where.center().y() - 4, 8, 8), color)
        painter.setPen(self._theme.color("text" if state is not None else "muted"))
        text = painter.fontMetrics().elidedText(
            one_line(state) if state else NOT_RECORDED,
            Qt.TextElideMode.ElideRight,
            int(where.width() - 12),
        )
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(where.adjusted(12, 0, 0, 0), int(flags), text)

    def _paint_brush(self, painter: QPainter, where: QRectF) -> None:
        brush = self._drawing or self._document.selection.brush
        if brush is None:
            return
        left = min(max(self.x_of(brush.first), where.left()), where.right())
        right = min(max(self.x_of(brush.last + 1), where.left()), where.right())
        veil = QColor(self._theme.color("base"))
        veil.setAlphaF(0.62)
        painter.fillRect(QRectF(where.left(), 0, left - where.left(), where.height()), veil)
        painter.fillRect(QRectF(right, 0, where.right() - right, where.height()), veil)
        painter.setPen(QPen(self._theme.color("accent"), 1))
        for x in (left, right):
            painter.drawLine(QPointF(int(x) + 0.5, 0), QPointF(int(x) + 0.5, where.bottom() + 4))
        painter.fillRect(QRectF(left, where.bottom(), right - left, 2), self._theme.color("accent"))

    def _paint_marks(self, painter: QPainter, axis: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("text"))
        for tick in self._document.marks.ticks:
            x = self.x_of(tick)
            if axis.left() <= x <= axis.right():
                top = axis.top()
                tip = [QPointF(x, top), QPointF(x - 4, top + 6), QPointF(x + 4, top + 6)]
                painter.drawPolygon(QPolygonF(tip))
        painter.setBrush(self._theme.color("warning"))
        places = {round(self.x_of(tick)) for tick in self._document.alerts.ticks}
        for x in places:
            if axis.left() <= x <= axis.right():
                painter.drawEllipse(QPointF(x, axis.top() + 4), 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_cursor(self, painter: QPainter, where: QRectF) -> None:
        tick, window = self._document.cursor.tick, self.window_of_ticks
        if tick is None or not window.first <= tick <= window.last:
            return
        accent = self._theme.color("accent")
        x = int(self.x_of(tick))
        painter.fillRect(QRectF(x - 1.5, 0, 4, where.bottom()), self._theme.color("base"))
        painter.fillRect(QRectF(x - 0.5, 0, 2, where.bottom() + 3), accent)

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._document.cursor.bounds is None:
            return
        self._pressed = event.position()
        self._scrubbing = event.position().y() >= self.area().bottom()
        self._anchor = self._taken(event.position().x())
        if self._scrubbing:
            x, y = event.position().x(), event.position().y()
            mark, rung = self._mark_at(x, y), self._alerts_at(x, y)
            if mark is None and not rung:
                self._go_to(x)
            else:
                self._document.cursor.move_to(rung[0] if mark is None else mark.tick)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._pressed is None:
            over_edge = self._taken(x) is not None and event.position().y() < self.area().bottom()
            shape = Qt.CursorShape.SizeHorCursor if over_edge else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
        elif self._scrubbing:
            self._go_to(x)
        elif self._drawing is not None or abs(x - self._pressed.x()) > DRAG:
            anchor = self.tick_at(self._pressed.x()) if self._anchor is None else self._anchor
            bounds = self._document.cursor.bounds
            self._drawing = tick_range(anchor, self.tick_at(x), bounds)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        drawn, self._drawing = self._drawing, None
        scrubbing, self._scrubbing, self._pressed = self._scrubbing, False, None
        if drawn is not None:
            self._document.selection.set_brush(drawn)
        elif not scrubbing:
            self._go_to(event.position().x())
        self.update()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Clear the brush; without one, show the whole run again."""
        if self._document.selection.brush is not None:
            self._document.selection.set_brush(None)
        else:
            window = self.window_of_ticks
            before = (window.first, window.last)
            window.fit()
            self._remember_window(*before)

    def _remember_window(self, first: float, last: float) -> None:
        """Let Ctrl+Z show again the ticks that were shown before."""
        window = self.window_of_ticks
        now = (window.first, window.last)
        if now != (first, last):
            change = Change(
                "zoom the timeline",
                lambda: window.show(first, last),
                lambda: window.show(*now),
                kind="timeline",
            )
            self._document.history.push(change)

    def wheelEvent(self, event: QWheelEvent) -> None:
        window = self.window_of_ticks
        before = (window.first, window.last)
        sideways = event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            sideways = sideways or event.angleDelta().y()
        if sideways:
            window.pan(-sideways / 1200 * (window.last - window.first))
        else:
            factor = WHEEL ** event.angleDelta().y()
            window.zoom(factor, self.tick_at(event.position().x()))
        self._remember_window(*before)
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.words_at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), plain_tip(text) if text else "", self)
            return True
        return super().event(event)

    def words_at(self, x: float, y: float) -> str:
        """What lies under the mouse: the tick and every lane's state, or why one is missing."""
        if (mark := self._mark_at(x, y)) is not None:
            return f"{mark.words}\n{mark.note}".strip()
        if rung := self._alerts_at(x, y):
            more = [f"and {len(rung) - MOST_TOLD} ticks more"] if len(rung) > MOST_TOLD else []
            told = [self._document.alerts.words_at(tick) for tick in rung[:MOST_TOLD]]
            return "\n".join([*told, *more])
        row = int(y // (self.lane_height + GAP))
        if 0 <= row < len(self.rows) and (self.rows[row].lane is None or x < LEFT):
            return self.rows[row].reason or self.rows[row].label
        if (
            self._document.cursor.bounds is None
            or not self.area().left() <= x < self.area().right()
        ):
            return ""
        tick = int(self.tick_at(x) // 1)
        states = [f"{r.label}: {r.lane.at(tick) or NOT_RECORDED}" for r in self.rows if r.lane]
        return "\n".join([f"tick {tick}", *states])

    def _mark_at(self, x: float, y: float) -> Mark | None:
        """The mark on the axis under the mouse."""
        if y < self.area().bottom():
            return None
        near = [mark for mark in self._document.marks.all if abs(self.x_of(mark.tick) - x) <= TAKEN]
        return min(near, key=lambda mark: abs(self.x_of(mark.tick) - x), default=None)

    def _alerts_at(self, x: float, y: float) -> list[int]:
        """The ticks on the axis under the mouse at which something rang, the nearest first."""
        ticks = self._document.alerts.ticks if y >= self.area().bottom() else ()
        near = [tick for tick in ticks if abs(self.x_of(tick) - x) <= TAKEN]
        return sorted(near, key=lambda tick: abs(self.x_of(tick) - x))

    def _go_to(self, x: float) -> None:
        self._document.cursor.move_to(int(self.tick_at(x) // 1))

    def _taken(self, x: float) -> float | None:
        """The fixed edge while the other edge of the brush is taken at `x`; None elsewhere."""
        brush = self._document.selection.brush
        if brush is None:
            return None
        first, last = float(brush.first), brush.last + 1.0
        if abs(x - self.x_of(first)) <= GRIP:
            return last
        return first if abs(x - self.x_of(last)) <= GRIP else None
