"""MessageBar: one sentence about something that went wrong, above the views, never modal."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from vmt_log_viewer.icons import icon
from vmt_log_viewer.theme import GRID, INSIDE, Theme

KEPT = 3  # sentences that are shown together; older ones give way


class MessageBar(QWidget):
    """Keeps the last few sentences until they are dismissed. Their text is plain."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._texts: list[str] = []
        self._icon = QLabel()
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton()
        close.setIcon(icon("x"))
        close.setAutoRaise(True)
        close.setToolTip("Dismiss")
        close.setAccessibleName("Dismiss the message")
        close.clicked.connect(self.clear)
        self._offer = QPushButton()
        self._offer.clicked.connect(self._accepted)
        self._accept: Callable[[], None] | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(INSIDE, GRID, GRID, GRID)
        layout.setSpacing(INSIDE)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._offer, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self._dress)
        self._dress()
        self.hide()

    @property
    def text(self) -> str:
        """What is shown, a sentence a line; empty while hidden."""
        return "\n".join(self._texts)

    def say(self, text: str, offer: str = "", accept: Callable[[], None] | None = None) -> None:
        """Show `text` below what is still shown; the same sentence is not shown twice.

        A button called `offer` does `accept`, until something else is said.
        """
        self._accept = accept
        self._offer.setText(offer)
        self._offer.setVisible(bool(offer))
        self._texts = [*(t for t in self._texts if t != text), text][-KEPT:]
        self._label.setText(self.text)
        self.show()

    def clear(self) -> None:
        self._texts, self._accept = [], None
        self._label.clear()
        self.hide()

    def _accepted(self) -> None:
        accept = self._accept
        self.clear()
        if accept is not None:
            accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("notice"))
        painter.setPen(self._theme.color("line"))
        painter.drawLine(self.rect().bottomLeft(), self.rect().bottomRight())

    def _dress(self) -> None:
        self._icon.setPixmap(icon("warning", self._theme.color("warning")).pixmap(16, 16))
        self.update()
