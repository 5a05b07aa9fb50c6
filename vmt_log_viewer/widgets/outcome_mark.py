"""The mark of a try: a colour per reason and a shape per kind of outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

if TYPE_CHECKING:
    from vmt_log_viewer.models.ladder import Try
    from vmt_log_viewer.theme import Theme


def reason_color(theme: Theme, reason: object) -> QColor:
    """The colour of a result's reason, the same in funnel, histogram, table and ladder."""
    return theme.state_color("reason", str(reason))


def outcome_shape(tried: Try) -> str:
    """From who lost what rather than from a family's own reasons."""
    if tried.success:
        return "disc"
    if tried.buying.feasible is False or tried.selling.feasible is False:
        return "square"
    buyer, seller = tried.buying.gain, tried.selling.gain
    buyer_loses = buyer is not None and buyer <= 0
    seller_loses = seller is not None and seller <= 0
    if buyer_loses and seller_loses:
        return "cross"
    if buyer_loses:
        return "down"
    return "up" if seller_loses else "diamond"


def draw_mark(painter: QPainter, center: QPointF, shape: str, color: QColor, size: float) -> None:
    """The shape around `center`, `size` pixels across."""
    half = size / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    box = QRectF(center.x() - half, center.y() - half, size, size)
    if shape == "disc":
        painter.drawEllipse(box)
    elif shape == "square":
        painter.drawRect(box.adjusted(1, 1, -1, -1))
    elif shape == "up":
        _polygon(painter, center, half, ((-1, 0.8), (1, 0.8), (0, -1)))
    elif shape == "down":
        _polygon(painter, center, half, ((-1, -0.8), (1, -0.8), (0, 1)))
    elif shape == "diamond":
        _polygon(painter, center, half, ((0, -1), (1, 0), (0, 1), (-1, 0)))
    else:
        painter.setPen(QPen(color, 2))
        painter.drawLine(box.topLeft() + QPointF(1, 1), box.bottomRight() - QPointF(1, 1))
        painter.drawLine(box.topRight() + QPointF(-1, 1), box.bottomLeft() + QPointF(1, -1))
    painter.restore()


def _polygon(
    painter: QPainter, center: QPointF, half: float, corners: tuple[tuple[float, float], ...]
) -> None:
    points = [center + QPointF(x * half, y * half) for x, y in corners]
    painter.drawPolygon(QPolygonF(points))
