"""Marks differ by what they say, and are seen whole."""

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from telemetry.concepts import Line
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.mark_layer import DOWN, ROUND, SQUARE, UP, MarkLayer, mark_shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [("upper", UP), ("lower", DOWN), ("A", ROUND), ("B", SQUARE), ("both", ROUND)],
)
def test_clamps_point_to_their_bound_and_goods_have_shapes_of_their_own(text, shape):
    assert mark_shape(text) == shape


def painted(qapp, tick: int) -> int:
    """How many pixels the mark of one value at `tick` takes."""
    layer = MarkLayer()
    layer.edge = QColor("red")
    line = Line(0, np.array([tick]), np.array([0.5]), ("lower",))
    layer.show((line,), (QColor("red"),))
    image = QImage(100, 60, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    layer.paint(painter, Frame(0, 10, 0.0, 1.0, 100, 60))
    painter.end()
    return sum(image.pixelColor(x, y).alpha() > 128 for x in range(100) for y in range(60))


def test_a_mark_at_the_first_or_last_tick_is_as_large_as_any_other(qapp):
    middle = painted(qapp, 5)
    assert middle > 20
    assert painted(qapp, 0) == pytest.approx(middle, rel=0.1)
    assert painted(qapp, 10) == pytest.approx(middle, rel=0.1)
