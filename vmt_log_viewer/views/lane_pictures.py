"""LanePictures: what stays of each row while the cursor moves, as a picture of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.turns import Turns

PaintRow = Callable[[QPainter, int], None]
"""Paints the row of that number where it stands in the strip."""


class LanePictures:
    """New rows that stand in for others are there at once; others come one in each turn of the
    event loop, since to paint them all while answers arrive is felt."""

    def __init__(self, strip: QWidget) -> None:
        self._strip, self._turns = strip, Turns(strip)
        self._kept: list[Kept] = []
        self._there = 0

    def renew(self, rows: int, *, in_turns: bool) -> None:
        """There are other rows now."""
        self._turns.stop()
        self._kept = [Kept(self._strip) for _ in range(rows)]
        self._there = 0 if in_turns else rows
        if in_turns:
            self._turns.begin(self._steps())

    def painted(self) -> bool:
        """Whether all of them are there."""
        return self._there == len(self._kept) and all(kept.idle() for kept in self._kept)

    @property
    def paintings(self) -> int:
        """How many rows were painted; the others were copied."""
        return sum(kept.paintings for kept in self._kept)

    def draw(
        self, painter: QPainter, places: Sequence[QRectF], key: object, paint: PaintRow
    ) -> None:
        """Draw them, each at its place; `key` names all that they depend on."""
        there = len(self._kept) if Kept.at_once else self._there
        for number, (kept, where) in enumerate(zip(self._kept[:there], places, strict=False)):
            painter.save()
            painter.translate(where.topLeft())
            kept.draw(painter, where.size(), key, partial(_moved, where, paint, number))
            painter.restore()

    def prepare(self, places: Sequence[QRectF], key: object, paint: PaintRow) -> Iterator[None]:
        """Paint in these steps what `draw` will be asked for with another key."""
        for number, (kept, where) in enumerate(zip(self._kept, places, strict=False)):
            yield from kept.prepare(key, partial(_moved, where, paint, number))

    def _steps(self) -> Iterator[None]:
        while self._there < len(self._kept):
            self._there += 1
            self._strip.update()
            yield


def _moved(where: QRectF, paint: PaintRow, number: int, painter: QPainter) -> None:
    painter.translate(-where.topLeft())
    paint(painter, number)
