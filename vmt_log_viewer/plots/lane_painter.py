"""Painting of states: a lane of the timeline, and the shading behind a plot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from telemetry.concepts import Floats, Lane
from telemetry.text import one_line
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.lane_columns import Mixed, column_shares, lane_pieces

ColorOf = Callable[[str], QColor]
SWITCHES = frozenset(("on", "off"))
"""States that need no name in a lane: its own name says what is on."""
FAINTEST = 0.25
"""Share of its tint that a column keeps whose ticks were mostly not recorded."""
_ROOM_FOR_NAME = 14.0  # pixels, with the air at both sides: no name is narrower
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
    blocks = pieces.blocks
    for code, state in enumerate(blocks.names):
        mine = blocks.code == code
        places = np.column_stack((blocks.left[mine], blocks.right[mine]))
        if len(places):
            painter.setBrush(color_of(state))
            _draw_rects(painter, places, rect, thin=state == "off")
    if len(pieces.mixed):
        _paint_mixed(painter, rect, pieces.mixed, color_of, dpr)
    if named:
        for left, right, state in blocks.wider_than(_ROOM_FOR_NAME):
            where = QRectF(rect.left() + left, rect.top(), right - left, rect.height())
            if state not in SWITCHES:
                _paint_name(painter, where, state, color_of(state))


def _draw_rects(painter: QPainter, places: Floats, rect: QRectF, *, thin: bool) -> None:
    """Rectangles from left to right (float64[n, 2]) as high as `rect`, or as a line within it."""
    array = pg.Qt.internals.PrimitiveArray(QRectF, 4)
    array.resize(len(places))
    rects = array.ndarray()
    rects[:, 0] = rect.left() + places[:, 0]
    rects[:, 1] = rect.center().y() - 0.5 if thin else rect.top()
    rects[:, 2] = places[:, 1] - places[:, 0]
    rects[:, 3] = 1.0 if thin else rect.height()
    painter.drawRects(*array.drawargs())


def _paint_name(painter: QPainter, where: QRectF, name: str, color: QColor) -> None:
    name = one_line(name, limit=60)
    room = QFontMetricsF(painter.font()).horizontalAdvance(name)
    if room + 12 > where.width():
        return
    painter.setPen(readable_on(color))
    flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    painter.drawText(where.adjusted(6, 0, -6, 0), int(flags), name)
    painter.setPen(Qt.PenStyle.NoPen)


def _paint_mixed(
    painter: QPainter, rect: QRectF, mixed: Mixed, color_of: ColorOf, dpr: float
) -> None:
    """The states of each column above each other, each as high as its share, and none so low that
    it could not be seen."""
    high, wide = max(1, round(rect.height() * dpr)), max(1, round(rect.width() * dpr))
    shares, total = mixed.shares, mixed.shares.sum(axis=0)
    heights = np.where(shares > 0, np.maximum(AT_LEAST * dpr, shares * high), 0.0)
    room = high * np.clip(total, FAINTEST, 1.0)
    factor = np.minimum(1.0, room / np.maximum(heights.sum(axis=0), 1e-9))
    ends = np.rint(np.cumsum(heights, axis=0) * factor)
    row, begin = np.arange(high)[:, None], np.zeros(len(mixed))
    found = np.zeros((high, len(mixed)), dtype=np.uint32)
    for name, end in zip(mixed.names, ends, strict=True):
        found[(row >= begin) & (row < end)] = color_of(name).rgba()
        begin = end
    pixels = np.zeros((high, wide), dtype=np.uint32)
    pixels[:, np.minimum(mixed.columns, wide - 1)] = found
    image = QImage(pixels.tobytes(), wide, high, 4 * wide, QImage.Format.Format_ARGB32)
    painter.drawImage(rect, image)


def readable_on(color: QColor) -> QColor:
    """Black or white, whichever contrasts more with `color`."""
    red, green, blue = (c**2.2 for c in color.getRgbF()[:3])
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return QColor("black") if light > 0.18 else QColor("white")


class ShadingLayer:
    """The states of one lane as a tint behind a plot: a row of pixels, stretched to its height.

    Every column is tinted by the mixture of its states, so none vanishes for being narrow.
    """

    def __init__(self) -> None:
        self.lane: Lane | None = None
        self.color_of: ColorOf = lambda _state: QColor("gray")
        self.strength = 0.14

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self.lane is None:
            return
        names, shares = column_shares(self.lane, frame.first, frame.last, frame.columns)
        if not names:
            return
        colors = np.array([self.color_of(name).getRgbF()[:3] for name in names])
        total = shares.sum(axis=0)
        alpha = np.where(total > 0, self.strength * np.clip(total, FAINTEST, 1.0), 0.0)
        mixed = colors.T @ shares / np.maximum(total, 1e-9)
        row = np.empty((frame.columns, 4), dtype=np.uint8)  # blue, green, red, alpha in memory
        row[:, :3] = (mixed[::-1] * alpha * 255.0 + 0.5).T  # premultiplied
        row[:, 3] = alpha * 255.0 + 0.5
        form = QImage.Format.Format_ARGB32_Premultiplied
        image = QImage(row.tobytes(), frame.columns, 1, 4 * frame.columns, form)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(QRectF(0, 0, frame.width, frame.height), image)
