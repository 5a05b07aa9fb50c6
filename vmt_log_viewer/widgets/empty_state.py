"""EmptyState: what a view shows instead of nothing, a sentence and the next step."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from vmt_log_viewer.theme import AROUND, BETWEEN

WIDTH = 560  # pixels: a longer line is hard to read


class EmptyState(QWidget):
    """A sentence in the middle, and a button where something can be done about it.

    The text is plain, whatever it contains.
    """

    triggered = Signal()

    def __init__(self, text: str = "", button: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._label.setMaximumWidth(WIDTH)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = QPushButton()
        self._button.clicked.connect(self.triggered)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(AROUND, AROUND, AROUND, AROUND)
        layout.setSpacing(BETWEEN)
        layout.addStretch(1)
        line = QHBoxLayout()  # an alignment instead would cost the sentence its further lines
        line.addStretch(1)
        line.addWidget(self._label, 1000)
        line.addStretch(1)
        layout.addLayout(line)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self.say(text, button)

    @property
    def text(self) -> str:
        return self._label.text()

    def say(self, text: str, button: str = "") -> None:
        """Show `text`; a button only where `button` names a next step."""
        self._label.setText(text)
        self._button.setText(button)
        self._button.setVisible(bool(button))
