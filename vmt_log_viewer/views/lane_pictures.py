"""LanePictures: what stays of a strip while the cursor moves, painted once and then copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.turns import Turns

PaintRow = Callable[[QPainter, int], None]
"""Paints the row of that number where it stands in the strip."""


class LanePictures:
    """One picture of all rows. Where none were before, each comes first as one of its own, in a
    turn of the event loop of its own: to paint them all while answers arrive is felt."""

    def __init__(self, strip: QWidget) -> None:
        self._strip, self._turns, self._whole = strip, Turns(strip), Kept(strip)
        self._rows: list[Kept] = []
        self._there = 0
        self.paintings = 0

    def renew(self, rows: int, *, in_turns: bool) -> None:
        """There are other rows now."""
        self._turns.stop()
        self._whole.forget()
        self._rows = [Kept(self._strip) for _ in range(rows if in_turns else 0)]
        self._there = 0
        if in_turns:
            self._turns.begin(self._steps())

    def painted(self) -> bool:
        """Whether all of them are there."""
        rows = self._there == len(self._rows) and all(kept.idle() for kept in self._rows)
        return rows and self._whole.idle()

    def draw(
        self, painter: QPainter, places: Sequence[QRectF], key: object, paint: PaintRow
    ) -> None:
        """Draw the rows, each at its place; `key` names all that they depend on."""
        if self._there < len(self._rows) and not Kept.at_once:
            for number, where in enumerate(places[: self._there]):
                self._draw_row(painter, number, where, key, paint)
            return
        whole = partial(self._all, places, key, paint)
        self._whole.draw(painter, QSizeF(self._strip.size()), key, whole)
        if self._whole.there():
            self._rows, self._there = [], 0

    def prepare(self, places: Sequence[QRectF], key: object, paint: PaintRow) -> Iterator[None]:
        """Paint in these steps what `draw` will be asked for with another key."""
        yield from self._whole.prepare(key, partial(self._all, places, key, paint))

    def _all(
        self, places: Sequence[QRectF], key: object, paint: PaintRow, painter: QPainter
    ) -> None:
        for number, where in enumerate(places):
            there = number < len(self._rows) and self._rows[number].shows(where.size(), key)
            if there and not Kept.at_once:
                self._draw_row(painter, number, where, key, paint)
            else:
                self._paint(paint, number, painter)

    def _draw_row(
        self, painter: QPainter, number: int, where: QRectF, key: object, paint: PaintRow
    ) -> None:
        def moved(row: QPainter) -> None:
            row.translate(-where.topLeft())
            self._paint(paint, number, row)

        painter.save()
        painter.translate(where.topLeft())
        self._rows[number].draw(painter, where.size(), key, moved)
        painter.restore()

    def _paint(self, paint: PaintRow, number: int, painter: QPainter) -> None:
        self.paintings += 1
        paint(painter, number)

    def _steps(self) -> Iterator[None]:
        while self._there < len(self._rows):
            self._there += 1
            self._strip.update()
            yield
