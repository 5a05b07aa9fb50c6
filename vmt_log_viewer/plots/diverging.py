"""Colours of values around zero: blue above, vermilion below, nothing in the middle."""

from __future__ import annotations

import math

from PySide6.QtGui import QColor

from vmt_log_viewer.theme import BLUE, VERMILLION


def end_color(value: float) -> QColor:
    """The full colour of the side of zero that `value` lies on."""
    return QColor(BLUE if value >= 0 else VERMILLION)


def around_zero(value: float, limit: float, middle: QColor) -> QColor:
    """From `middle` at zero to the full colour at ±`limit`; NaN has no colour (`middle`)."""
    if math.isnan(value) or limit <= 0:
        return QColor(middle)
    share = min(1.0, abs(value) / limit)
    end = end_color(value)
    mixed = (a + share * (b - a) for a, b in zip(middle.getRgbF(), end.getRgbF(), strict=True))
    return QColor.fromRgbF(*mixed)
