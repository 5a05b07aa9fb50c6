"""Kept: a picture that does not move with the cursor, painted once and then only copied."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPaintEngine, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from vmt_log_viewer.plots.later import Later

Paint = Callable[[QPainter], Iterator[None] | None]
"""Paints all of a picture; one that takes long does so in steps, with `yield` between them."""


class Stepwise(Protocol):
    """A widget whose picture is painted in steps."""

    def isVisible(self) -> bool: ...

    def dress(self) -> Iterator[None]:
        """Paint in steps what the theme's colours will show."""
        ...

    def painted(self) -> bool:
        """Whether all of the picture is there."""
        ...


class Kept:
    """Paints again where its key, the size or the screen's pixel ratio is another.

    The key has to name all that the picture depends on; compare numbers and texts only, and call
    `forget` where something else changed. Where its `widget` is told, another size stretches the
    picture at first, each step of painting has a turn of its own (the first too where nothing is
    shown yet), and there is no picture (or the stretched one) until the last: `idle` tells. Where
    it `stays` the last one is shown until then, and what was begun is painted to its end.
    """

    at_once = False
    """Whether all pictures are painted at once now (`whole`)."""

    def __init__(self, widget: QWidget | None = None, *, stays: bool = False) -> None:
        self._widget, self._later, self._stays = widget, Later(widget), stays
        self._pixmap: QPixmap | None = None
        self._key: Any = None
        self._work: _Work | None = None
        self._due = False  # the turn has come in which another size is painted
        self._drawn = True  # what was painted last, so that it is known whether another is wanted
        self.paintings = 0

    @classmethod
    @contextmanager
    def whole(cls) -> Iterator[None]:
        """Within this all pictures are painted at once, as finely as their device shows them."""
        before, cls.at_once = cls.at_once, True
        try:
            yield
        finally:
            cls.at_once = before

    def idle(self) -> bool:
        """Whether nothing is left to be painted."""
        return self._work is None and self._later.idle() and self._drawn

    def there(self) -> bool:
        """Whether there is a picture, be it of another key."""
        return self._pixmap is not None

    def shows(self, size: QSizeF, key: Any) -> bool:
        """Whether there is a picture of that size and key."""
        there = self._pixmap is not None and self._key is not None
        return there and (*self._key[:2], self._key[3]) == (size.width(), size.height(), key)

    def forget(self, *_what: object) -> None:
        self._pixmap = self._work = None
        self._drawn = True

    def draw(self, painter: QPainter, size: QSizeF, key: Any, paint: Paint) -> None:
        """Draw the picture of `size` logical pixels at (0, 0), painted by `paint` where need be.

        Where vectors are drawn, `paint` draws them.
        """
        if self.at_once or painter.paintEngine().type() == QPaintEngine.Type.SVG:
            painter.save()
            _all_of(paint(painter))
            painter.restore()
            return
        self._drawn = True
        device = painter.device()
        ratio = 1.0 if device is None else device.devicePixelRatioF()
        wanted = (size.width(), size.height(), ratio, key)
        if self._pixmap is None or wanted != self._key:
            self._paint(wanted, size, paint)
        if self._pixmap is not None and wanted == self._key:
            painter.drawPixmap(QPointF(0, 0), self._pixmap)
        elif self._pixmap is not None and (self._stays or self._resized(wanted)):
            painter.drawPixmap(QRectF(QPointF(0, 0), size).toRect(), self._pixmap)

    def prepare(self, key: Any, paint: Paint) -> Iterator[None]:
        """Paint in these steps what `draw` will be asked for with another key, at the size that
        the picture has."""
        if self._pixmap is not None:
            wide, high, ratio, _ = self._key
            self._work = _Work((wide, high, ratio, key), QSizeF(wide, high), paint)
            yield from self._steps()

    def _steps(self) -> Iterator[None]:
        while self._work is not None:
            self._go()
            yield

    def _paint(self, wanted: tuple[Any, ...], size: QSizeF, paint: Paint) -> None:
        """Begin with the picture, or go on to wait for one that was begun."""
        if self._work is not None and (self._stays or self._work.key == wanted):
            return
        if self._pixmap is not None and self._resized(wanted) and not self._due:
            self._later.ask(self._widget, self._anew)
            return
        self._due = False
        self._work = _Work(wanted, size, paint)
        waits = self._pixmap is None or self._stays
        if self._widget is not None and waits and self._work.stepwise:
            self._later.ask(self._widget, self._go)  # all else of the window is painted in this
            return
        self._go()
        if self._widget is None:
            _all_of(self._steps())

    def _go(self) -> None:
        """The next step; the picture is there after the last."""
        work = self._work
        if work is None:
            return
        self._work = None  # whatever happens: a picture that failed is not waited for
        if not work.go():
            self._work = work
            if self._widget is not None:
                self._later.ask(self._widget, self._go)
            return
        self._pixmap, self._key = work.pixmap, work.key
        self.paintings += 1
        self._drawn = not self._stays
        if work.stepwise and self._widget is not None:
            self._widget.update()

    def _resized(self, wanted: tuple[Any, ...]) -> bool:
        return self._widget is not None and wanted != self._key and wanted[2:] == self._key[2:]

    def _anew(self) -> None:
        if self._widget is not None:
            self._due = True
            self._widget.update()


class _Work:
    """A picture under way."""

    def __init__(self, key: tuple[Any, ...], size: QSizeF, paint: Paint) -> None:
        ratio = key[2]
        wide, high = (math.ceil(side * ratio) for side in (size.width(), size.height()))
        self.key = key
        self.pixmap = QPixmap(max(1, wide), max(1, high))
        self.pixmap.setDevicePixelRatio(ratio)
        self.pixmap.fill(Qt.GlobalColor.transparent)
        self._painter = QPainter(self.pixmap)
        steps = paint(self._painter)
        self.stepwise = steps is not None
        self._steps = iter(steps or ())

    def go(self) -> bool:
        """Paint to the next `yield`; whether that was all."""
        if next(self._steps, self) is not self:
            return False
        self._painter.end()
        return True

    def __del__(self) -> None:
        """Qt ends the program where a picture is gone and its painter is not."""
        if self._painter.isActive():
            self._painter.end()


def _all_of(steps: Iterator[None] | None) -> None:
    for _ in steps or ():
        pass
