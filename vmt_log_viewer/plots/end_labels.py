"""EndLabels: names at the right end of the lines, moved apart where they would overlap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from telemetry.concepts import AgentId
from telemetry.frozen import Frozen
from vmt_log_viewer.plots.axes import RIGHT
from vmt_log_viewer.theme import Theme

SIZE = 15.0
"""Pixels that a label takes from top to bottom."""


class EndLabel(Frozen):
    """`text` belongs at `height`; lower `rank` is kept first where not all have room."""

    text: str
    color: QColor
    height: float
    rank: int = 1
    agent_id: AgentId | None = None


class Placed(Frozen):
    label: EndLabel
    wanted: float
    y: float


def place(
    labels: Sequence[tuple[float, EndLabel]], top: float, bottom: float
) -> tuple[list[Placed], int]:
    """Labels with their wanted y moved apart between `top` and `bottom`, and how many were left
    out. Those of the lowest rank stay; among equals an even choice over the height."""
    room = max(0, int((bottom - top) / SIZE))
    ordered = sorted(labels, key=lambda pair: pair[0])
    if len(ordered) > room:
        room = max(0, room - 1)  # one place for the count
        ordered = _chosen(ordered, room)
    ys = spread([y for y, _ in ordered], SIZE, top + SIZE / 2, bottom - SIZE / 2)
    if len(labels) > len(ordered):
        ys = spread([y for y, _ in ordered], SIZE, top + SIZE / 2, bottom - SIZE * 1.5)
    placed = [Placed(label, want, y) for (want, label), y in zip(ordered, ys, strict=True)]
    return placed, len(labels) - len(placed)


def _chosen(ordered: list[tuple[float, EndLabel]], room: int) -> list[tuple[float, EndLabel]]:
    kept: list[tuple[float, EndLabel]] = []
    for rank in sorted({label.rank for _, label in ordered}):
        group = [pair for pair in ordered if pair[1].rank == rank]
        left = room - len(kept)
        if len(group) > left:
            last = max(left - 1, 1)
            group = [group[round(k * (len(group) - 1) / last)] for k in range(left)]
        kept += group
    return sorted(kept, key=lambda pair: pair[0])


def spread(wanted: Sequence[float], size: float, low: float, high: float) -> list[float]:
    """Centres `size` apart between `low` and `high`, as near as possible to the `wanted` ones,
    which are ascending. They must fit."""
    groups: list[list[float]] = []  # [sum of wanted offsets, count]
    for i, want in enumerate(wanted):
        groups.append([want - i * size, 1.0])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += count
    placed: list[float] = []
    limit = high - (len(wanted) - 1) * size
    for total, count in groups:
        at = min(max(total / count, low), limit)
        placed += [at + (len(placed) + k) * size for k in range(int(count))]
    return placed


class EndLabels(pg.AxisItem):
    """Takes the place of the right axis. A click on a name reports its agent to `picked`."""

    def __init__(self, theme: Theme, picked: Callable[[AgentId], None]) -> None:
        super().__init__("right")
        self._theme, self._picked = theme, picked
        self.labels: tuple[EndLabel, ...] = ()
        self._more = 0
        self.setWidth(RIGHT)

    def show_labels(self, labels: Sequence[EndLabel], more: int = 0) -> None:
        """`more`: so many further lines have no label among these."""
        self.labels, self._more = tuple(labels), more
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self.size().width(), self.size().height())

    def placed(self) -> tuple[list[Placed], int]:
        """Where the labels stand now, and how many have no room; those of lines that leave the
        plot stand at its edge."""
        rect = self.boundingRect()
        low, high = self.range
        if high <= low or rect.height() < SIZE:
            return [], 0
        room = rect.height()
        per = room / (high - low)
        wanted = [
            (min(max((high - label.height) * per, 0.0), room), label)
            for label in self.labels
            if label.height == label.height
        ]
        placed, omitted = place(wanted, 0.0, room)
        return placed, omitted + self._more

    def paint(self, painter: QPainter, *_args: object) -> None:
        placed, omitted = self.placed()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("caption"))
        metrics = QFontMetricsF(painter.font())
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for item in placed:
            painter.setPen(QPen(item.label.color, 2))
            painter.drawLine(QPointF(2, item.wanted), QPointF(9, item.y))
            painter.setPen(self._theme.color("text"))
            text = metrics.elidedText(item.label.text, Qt.TextElideMode.ElideRight, RIGHT - 14)
            painter.drawText(QRectF(12, item.y - 8, RIGHT - 12, 16), int(left), text)
        if omitted:
            painter.setPen(self._theme.color("muted"))
            where = QRectF(12, self.boundingRect().bottom() - SIZE, RIGHT - 12, SIZE)
            painter.drawText(where, int(left), f"+{omitted} more")

    def mouseClickEvent(self, event: object) -> None:
        y = event.pos().y()  # type: ignore[attr-defined]
        for item in self.placed()[0]:
            if abs(item.y - y) <= SIZE / 2 and item.label.agent_id is not None:
                event.accept()  # type: ignore[attr-defined]
                self._picked(item.label.agent_id)
                return
