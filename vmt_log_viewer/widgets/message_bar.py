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
        self._said: list[tuple[str, str]] = []  # what it is about, the sentence
        self._offered = ""  # what the buttons are about
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
        self._other = QPushButton()
        self._other.clicked.connect(self._declined)
        self._decline: Callable[[], None] | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(INSIDE, GRID, GRID, GRID)
        layout.setSpacing(INSIDE)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._offer, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._other, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self._dress)
        self._dress()
        self.hide()

    @property
    def text(self) -> str:
        """What is shown, a sentence a line; empty while hidden."""
        return "\n".join(text for _, text in self._said)

    def tells(self, about: str) -> bool:
        """Whether a sentence about this is shown."""
        return any(about == known for known, _ in self._said)

    def say(
        self,
        text: str,
        offer: str = "",
        accept: Callable[[], None] | None = None,
        other: str = "",
        decline: Callable[[], None] | None = None,
        about: str = "",
    ) -> None:
        """Show `text` below what is still shown, instead of an older sentence `about` the same.

        Buttons called `offer` and `other` do `accept` and `decline`, until something else is
        said.
        """
        self._accept, self._decline = accept, decline
        for button, words in ((self._offer, offer), (self._other, other)):
            button.setText(words)
            button.setVisible(bool(words))
        about = about or text
        self._offered = about if offer else ""
        self._said = [*(each for each in self._said if each[0] != about), (about, text)][-KEPT:]
        self._label.setText(self.text)
        self.show()

    def take_back(self, about: str) -> None:
        """What was said about this, and offered with it, holds no more."""
        self._said = [each for each in self._said if each[0] != about]
        if not self._said:
            self.clear()
            return
        if self._offered == about:
            self._accept = self._decline = None
            self._offer.hide()
            self._other.hide()
        self._label.setText(self.text)

    def clear(self) -> None:
        self._said, self._accept, self._decline = [], None, None
        self._label.clear()
        self.hide()

    def _accepted(self) -> None:
        accept = self._accept
        self.clear()
        if accept is not None:
            accept()

    def _declined(self) -> None:
        decline = self._decline
        self.clear()
        if decline is not None:
            decline()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("notice"))
        painter.setPen(self._theme.color("line"))
        painter.drawLine(self.rect().bottomLeft(), self.rect().bottomRight())

    def _dress(self) -> None:
        self._icon.setPixmap(icon("warning", self._theme.color("warning")).pixmap(16, 16))
        self.update()
