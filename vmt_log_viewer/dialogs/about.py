"""What this program is, and where it keeps its own things."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

import telemetry
from vmt_log_viewer.dialogs.card import Card
from vmt_log_viewer.settings import user_folder
from vmt_log_viewer.theme import Theme


class About(Card):
    """Name, version and the folder of settings and notes."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, 460, 230)
        title = QLabel("VMT Log Viewer")
        title.setFont(theme.font("title"))
        text = QLabel(
            f"Version {telemetry.__version__}\n\n"
            "Browse, plot and export the telemetry of simulation runs. "
            "Opened sources are only ever read.\n\n"
            f"Settings and notes are kept in {user_folder()}"
        )
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QPushButton("Close")
        close.clicked.connect(self.end)
        self.setFocusProxy(close)
        self.body.addWidget(title)
        self.body.addWidget(text, 1)
        self.body.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
