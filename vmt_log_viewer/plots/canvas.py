"""Canvas: the one item of a plot, painting its layers in pixels and keeping the result."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from telemetry.frozen import replace
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.later import Later
from vmt_log_viewer.plots.value_scale import ValueScale


class Layer(Protocol):
    """Something to paint: (0, 0) is the plot's top left corner, units are logical pixels."""

    def paint(self, painter: QPainter, frame: Frame) -> None: ...


class Canvas(pg.GraphicsObject):
    """Covers exactly what its view box shows, whatever lies outside.

    What was painted is kept as an image until `refresh`, a zoom or another size, so a cursor
    moving over a plot of 500 lines costs one blit. Given a `later`, another size stretches the
    image until its turn comes. `vector` bypasses the image for exports.
    """

    def __init__(self, *layers: Layer, kept: bool = True, later: Later | None = None) -> None:
        super().__init__()
        self.layers: tuple[Layer, ...] = layers
        self.scale_of_values: Callable[[], ValueScale] = ValueScale
        self.vector = False
        self.paintings = 0
        self._kept = kept
        self._image: QImage | None = None
        self._image_for: tuple[Frame, int] | None = None
        self._later = later
        self._version = 0

    def refresh(self) -> None:
        """A layer has something else to show."""
        self._version += 1
        self.update()

    def prepare(self) -> None:
        """Paint now what is to be seen when it is shown next, at the size that it had."""
        if self._image_for is not None:
            self._painted(self._image_for[0])

    def boundingRect(self) -> QRectF:
        box = self.getViewBox()
        return QRectF(0, 0, 1, 1) if box is None else box.viewRect()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()
        self.update()

    def dataBounds(self, *_args: object, **_kw: object) -> tuple[None, None]:
        return (None, None)  # never takes part in automatic ranges

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        where = self._where(painter)
        if where.width() < 2 or where.height() < 2:
            return
        painter.save()
        frame = self._frame(where.width(), where.height(), _ratio(painter))
        painter.setWorldTransform(QTransform.fromTranslate(where.left(), where.top()))
        if self.vector or not self._kept:
            self._paint_layers(painter, frame)
        elif self._later is not None and self._image is not None and self._stretches(frame):
            painter.drawImage(QRectF(0, 0, frame.width, frame.height), self._image)
            self._later.ask(self, self._anew)
        else:
            painter.drawImage(QPointF(0, 0), self._painted(frame))
        painter.restore()

    def _stretches(self, frame: Frame) -> bool:
        """Whether the kept image shows the same, and at another size only."""
        if self._image_for is None or self._image_for[1] != self._version:
            return False
        had = self._image_for[0]
        return had != frame and replace(had, width=frame.width, height=frame.height) == frame

    def _anew(self) -> None:
        self._image = None
        self.update()

    def _where(self, painter: QPainter) -> QRectF:
        """The plot in logical pixels: a painter's world transform leaves its pixel ratio out."""
        return painter.worldTransform().mapRect(self.boundingRect())

    def _frame(self, width: float, height: float, ratio: float) -> Frame:
        rect = self.boundingRect()
        scale = self.scale_of_values()
        return Frame(
            rect.left(), rect.right(), rect.top(), rect.bottom(), width, height, scale, ratio
        )

    def _painted(self, frame: Frame) -> QImage:
        key = (frame, self._version)
        if self._image is None or self._image_for != key:
            image = QImage(
                math.ceil(frame.width * frame.dpr),
                math.ceil(frame.height * frame.dpr),
                QImage.Format.Format_ARGB32_Premultiplied,
            )
            image.setDevicePixelRatio(frame.dpr)
            image.fill(Qt.GlobalColor.transparent)
            painter = QPainter(image)
            self._paint_layers(painter, frame)
            painter.end()
            self._image, self._image_for = image, key
            self.paintings += 1
        return self._image

    def _paint_layers(self, painter: QPainter, frame: Frame) -> None:
        painter.setClipRect(QRectF(0, 0, frame.width, frame.height))
        for layer in self.layers:
            painter.save()
            layer.paint(painter, frame)
            painter.restore()


def _ratio(painter: QPainter) -> float:
    device = painter.device()
    return float(device.devicePixelRatioF()) if device is not None else 1.0
