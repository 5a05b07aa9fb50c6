"""DiscSheet: small discs painted once each and then stamped by the thousand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPixmap

from telemetry.concepts import Floats, Ints
from vmt_log_viewer.plots.stamps import stamp

MOST = 1024
"""Discs kept; with more the sheet begins anew."""
_ACROSS = 32
_AIR = 3.0  # pixels around a disc for its edge

Look = tuple[int, float, bool]
"""Colour (−1 where nothing is recorded), radius in pixels, whether it is chosen."""
Paint = Callable[[QPainter, QPointF, Look], None]


class DiscSheet:
    """Discs of one theme and pixel ratio; `begin` before stamping."""

    def __init__(self) -> None:
        self._key: tuple[float, float, int] | None = None
        self._places: dict[Look, int] = {}
        self._sheet = QPixmap()

    def begin(self, largest: float, ratio: float, version: int) -> None:
        """Discs of at most `largest` pixels' radius, in the theme's `version`."""
        if (largest, ratio, version) != self._key or len(self._places) > MOST:
            self._key = (largest, ratio, version)
            self._places = {}
            self._sheet = QPixmap()

    def stamp(
        self,
        painter: QPainter,
        x: Floats,
        y: Floats,
        looks: Sequence[Look],
        which: Ints,
        paint: Paint,
    ) -> None:
        """Draw a disc with its middle at each (x[i], y[i]), in order, that looks as
        looks[which[i]]."""
        assert self._key is not None
        if not x.size:
            return
        self._learn(looks, paint)
        largest, ratio, _ = self._key
        side = self._side(largest, ratio)
        place = np.array([self._places[look] for look in looks], np.int64)[which]
        corners = (place % _ACROSS * side, place // _ACROSS * side)
        stamp(painter, x, y, self._sheet, side, ratio, corners)

    def _side(self, largest: float, ratio: float) -> int:
        return math.ceil(2 * (largest + _AIR) * ratio)

    def _learn(self, looks: Sequence[Look], paint: Paint) -> None:
        """Paint the discs that are not on the sheet yet."""
        assert self._key is not None
        fresh = [look for look in dict.fromkeys(looks) if look not in self._places]
        if not fresh:
            return
        largest, ratio, _ = self._key
        side = self._side(largest, ratio)
        begin, count = len(self._places), len(self._places) + len(fresh)
        sheet = QPixmap(_ACROSS * side, -(-count // _ACROSS) * side)
        sheet.fill(Qt.GlobalColor.transparent)
        painter = QPainter(sheet)
        if not self._sheet.isNull():
            painter.drawPixmap(0, 0, self._sheet)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(ratio, ratio)
        for place, look in enumerate(fresh, start=begin):
            middle = QPointF((place % _ACROSS + 0.5) * side, (place // _ACROSS + 0.5) * side)
            paint(painter, middle / ratio, look)
            self._places[look] = place
        painter.end()
        self._sheet = sheet
