"""Pictures of plots: PNG at twice the size of the screen, SVG with lines as lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication, QWidget

from telemetry.export.staging import sentences, staged
from vmt_log_viewer.plots.axes import LEFT, RIGHT, paint_ticks
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.measure_plot import MeasurePlot
from vmt_log_viewer.plots.stage import Shared

MARGIN, HEADER, TICKS, BETWEEN = 12, 24, 24, 8
RATIO = 2.0


def png_of(path: Path, plots: Sequence[MeasurePlot], shared: Shared) -> None:
    """Write what the plots show to `path`; ExportError where it cannot be written."""
    plots = [plot for plot in plots if not plot.message.text()]
    size = _size(plots)
    image = QImage(size * RATIO, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(RATIO)
    painter = QPainter(image)
    _paint(painter, size, plots, shared)
    painter.end()
    _write(path, _bytes(lambda buffer: image.save(buffer, "PNG")))


def svg_of(path: Path, plots: Sequence[MeasurePlot], shared: Shared) -> None:
    """Write what the plots show to `path` as vectors; ExportError where it cannot be written."""
    plots = [plot for plot in plots if not plot.message.text()]
    size = _size(plots)

    def draw(buffer: QBuffer) -> None:
        generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
        generator.setOutputDevice(buffer)
        generator.setSize(size)
        generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
        generator.setTitle(", ".join(plot.measure.label for plot in plots))
        painter = QPainter(generator)
        _paint(painter, size, plots, shared)
        painter.end()

    _write(path, _bytes(draw))


def widget_png(path: Path, widget: QWidget) -> None:
    """Write what a widget shows, all of it, to `path`; ExportError where it cannot be written."""
    picture = widget_image(widget)
    _write(path, _bytes(lambda buffer: picture.save(buffer, "PNG")))


def widget_image(widget: QWidget) -> QImage:
    """What a widget shows at twice its size, the same on every screen, nothing in focus."""
    focus = QApplication.focusWidget()
    if focus is not None:
        focus.clearFocus()
    image = QImage(widget.size() * RATIO, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(RATIO)
    image.fill(widget.palette().color(widget.backgroundRole()))
    try:
        with Kept.whole():
            widget.render(image)
    finally:
        if focus is not None:
            focus.setFocus()
    return image


def widget_svg(path: Path, widget: QWidget) -> None:
    """Write what a widget shows as vectors; ExportError where it cannot be written."""

    def draw(buffer: QBuffer) -> None:
        generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
        generator.setOutputDevice(buffer)
        generator.setSize(widget.size())
        generator.setViewBox(QRectF(0, 0, widget.width(), widget.height()))
        generator.setTitle(widget.accessibleName())
        painter = QPainter(generator)
        try:
            with Kept.whole():
                widget.render(painter, QPoint())
        finally:
            painter.end()

    _write(path, _bytes(draw))


def widget_pictures(widget: QWidget) -> dict[str, Callable[[Path], None]]:
    """Both kinds of picture of a widget, as an export offers them."""
    return {
        "png": lambda path: widget_png(path, widget),
        "svg": lambda path: widget_svg(path, widget),
    }


def _size(plots: Sequence[MeasurePlot]) -> QSize:
    width = max((plot.width() for plot in plots), default=400)
    height = sum(plot.stage.height() + HEADER + BETWEEN for plot in plots)
    return QSize(width + 2 * MARGIN, height + TICKS + 2 * MARGIN)


def _paint(painter: QPainter, size: QSize, plots: Sequence[MeasurePlot], shared: Shared) -> None:
    theme = shared.theme
    painter.fillRect(QRectF(0, 0, size.width(), size.height()), theme.color("base"))
    top = float(MARGIN)
    for plot in plots:
        where = QRectF(MARGIN, top, size.width() - 2 * MARGIN, plot.stage.height() + HEADER)
        _paint_plot(painter, where, plot, shared)
        top += where.height() + BETWEEN
    room = size.width() - 2 * MARGIN - LEFT - RIGHT
    axis = QRectF(MARGIN + LEFT, top, room, TICKS)
    paint_ticks(painter, axis, shared.window.first, shared.window.last, theme)
    painter.setPen(theme.color("muted"))
    painter.drawText(
        QRectF(axis.right() + 8, top, RIGHT, TICKS), int(Qt.AlignmentFlag.AlignVCenter), "tick"
    )


def _paint_plot(painter: QPainter, where: QRectF, plot: MeasurePlot, shared: Shared) -> None:
    theme = shared.theme
    header = QRectF(where.left() + 8, where.top(), where.width() - 16, HEADER)
    painter.setFont(theme.font("strong"))
    painter.setPen(theme.color("text"))
    flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    painter.drawText(header, flags, plot.measure.label)
    after = QFontMetricsF(theme.font("strong")).horizontalAdvance(plot.measure.label) + 8
    painter.setFont(theme.font("caption"))
    painter.setPen(theme.color("muted"))
    painter.drawText(header.adjusted(after, 0, 0, 0), flags, plot.header.in_words())
    stage = plot.stage
    stage.set_vector(True)
    try:
        target = QRectF(where.left(), where.top() + HEADER, where.width(), stage.height())
        stage.render(painter, target, stage.viewport().rect(), Qt.AspectRatioMode.IgnoreAspectRatio)
    finally:
        stage.set_vector(False)


def _bytes(draw: Callable[[QBuffer], object]) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    draw(buffer)
    buffer.close()
    return data.data()


def _write(path: Path, content: bytes) -> None:
    with staged() as files:
        stream = files.open(path)
        with sentences(path):
            stream.buffer.write(content)
