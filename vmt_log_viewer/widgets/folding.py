"""FoldingSplitter: parts below each other, or side by side where the height does not suffice."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget


class FoldingSplitter(QSplitter):
    """Turns by itself as its height passes `low`; sizes begin anew in the other direction."""

    def __init__(self, low: int, below: Sequence[int], beside: Sequence[int]) -> None:
        """`below` and `beside` are the shares of the parts in either direction."""
        super().__init__(Qt.Orientation.Vertical)
        self._low = low
        self._shares = {
            Qt.Orientation.Vertical: list(below),
            Qt.Orientation.Horizontal: list(beside),
        }
        self._begun = False
        self.setChildrenCollapsible(False)

    def add_parts(self, *parts: QWidget) -> None:
        for part in parts:
            self.addWidget(part)

    @property
    def folded(self) -> bool:
        """Whether the parts stand side by side."""
        return self.orientation() == Qt.Orientation.Horizontal

    def resizeEvent(self, event: QResizeEvent) -> None:
        low = event.size().height() < self._low
        wanted = Qt.Orientation.Horizontal if low else Qt.Orientation.Vertical
        if wanted != self.orientation() or not self._begun:
            self._begun = True
            self.setOrientation(wanted)
            room = event.size().width() if low else event.size().height()
            shares = self._shares[wanted]
            self.setSizes([room * share // sum(shares) for share in shares])
        super().resizeEvent(event)
