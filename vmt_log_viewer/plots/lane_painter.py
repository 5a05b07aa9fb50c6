"""Painting of states: a lane of the timeline, and the shading behind a plot."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from telemetry.concepts import Lane
from telemetry.text import one_line
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.lane_columns import Mixed, lane_pieces

ColorOf = Callable[[str], QColor]
SWITCHES = frozenset(("on", "off"))
"""States that need no name in a lane: its own name says what is on."""
AT_LEAST = 2.5
"""Pixels that the smallest share of a mixed column gets, so that it can be seen."""


def paint_lane(
    painter: QPainter,
    rect: QRectF,
    lane: Lane,
    first: float,
    last: float,
    color_of: ColorOf,
    *,
    named: bool = False,
    dpr: float = 1.0,
) -> None:
    """Paint `lane` into `rect`, tick `first` at its left edge and `last` at its right one.

    `named`: state names are written into the blocks that have room for them. "off" is painted as
    a thin line: it is the absence of "on".
    """
    pieces = lane_pieces(lane, first, last, rect.width(), dpr)
    painter.setPen(Qt.PenStyle.NoPen)
    for block in pieces.blocks:
        where = QRectF(
            rect.left() + block.left, rect.top(), block.right - block.left, rect.height()
        )
        painter.fillRect(_height_of(block.state, where), color_of(block.state))
    for column in pieces.mixed:
        _paint_mixed(painter, rect, column, color_of)
    if named:
        for block in pieces.blocks:
            where = QRectF(
                rect.left() + block.left, rect.top(), block.right - block.left, rect.height()
            )
            if block.state not in SWITCHES:
                _paint_name(painter, where, block.state, color_of(block.state))


def _height_of(state: str, where: QRectF) -> QRectF:
    if state != "off":
        return where
    return QRectF(where.left(), where.center().y() - 0.5, where.width(), 1.0)


def _paint_name(painter: QPainter, where: QRectF, name: str, color: QColor) -> None:
    name = one_line(name, limit=60)
    room = QFontMetricsF(painter.font()).horizontalAdvance(name)
    if room + 12 > where.width():
        return
    painter.setPen(readable_on(color))
    flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    painter.drawText(where.adjusted(6, 0, -6, 0), int(flags), name)
    painter.setPen(Qt.PenStyle.NoPen)


def _paint_mixed(painter: QPainter, rect: QRectF, column: Mixed, color_of: ColorOf) -> None:
    """The states of one column above each other, each as high as its share."""
    heights = [max(AT_LEAST, share * rect.height()) for _, share in column.shares]
    total = sum(share for _, share in column.shares)
    room = rect.height() * min(1.0, max(total, 0.25))
    factor = room / sum(heights) if sum(heights) > room else 1.0
    top = rect.top()
    for (state, _), height in zip(column.shares, heights, strict=True):
        left, width = rect.left() + column.left, column.right - column.left
        painter.fillRect(QRectF(left, top, width, height * factor), color_of(state))
        top += height * factor


def readable_on(color: QColor) -> QColor:
    """Black or white, whichever contrasts more with `color`."""
    red, green, blue = (c**2.2 for c in color.getRgbF()[:3])
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return QColor("black") if light > 0.18 else QColor("white")


class ShadingLayer:
    """The states of one lane as a tint behind a plot; a mixed column is tinted by its mixture."""

    def __init__(self) -> None:
        self.lane: Lane | None = None
        self.color_of: ColorOf = lambda _state: QColor("gray")
        self.strength = 0.14

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self.lane is None:
            return
        pieces = lane_pieces(self.lane, frame.first, frame.last, frame.width, frame.dpr)
        for block in pieces.blocks:
            color = QColor(self.color_of(block.state))
            color.setAlphaF(self.strength)
            painter.fillRect(QRectF(block.left, 0, block.right - block.left, frame.height), color)
        for column in pieces.mixed:
            where = QRectF(column.left, 0, column.right - column.left, frame.height)
            painter.fillRect(where, self._mixture(column))

    def _mixture(self, column: Mixed) -> QColor:
        total = sum(share for _, share in column.shares)
        channels = [0.0, 0.0, 0.0]
        for state, share in column.shares:
            for k, part in enumerate(self.color_of(state).getRgbF()[:3]):
                channels[k] += part * share / total
        return QColor.fromRgbF(*channels, self.strength * min(1.0, max(total, 0.25)))
