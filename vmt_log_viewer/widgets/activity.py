"""Activity: what is being read, how far it has come, and how to stop it, in the status bar."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from vmt_log_viewer.background.runner import Runner
from vmt_log_viewer.icons import icon
from vmt_log_viewer.theme import INSIDE

PATIENCE = 0.5  # seconds that work may take before it is shown


class Activity(QWidget):
    """Shows the longest running job once it has taken more than half a second.

    Its room in the status bar is kept, so nothing jumps when it comes and goes.
    """

    def __init__(self, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._lane: str | None = None
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setFixedSize(120, 8)
        self.bar.setTextVisible(False)
        self.button = QToolButton()
        self.button.setText("Cancel")
        self.button.setIcon(icon("x-circle"))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setAutoRaise(True)
        self.button.clicked.connect(self.cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(INSIDE, 0, 0, 0)
        layout.setSpacing(INSIDE)
        for widget in (self.bar, self.label, self.button):
            layout.addWidget(widget)
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(widget is self.button)
            widget.setSizePolicy(policy)
        layout.addStretch(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._update)
        runner.busy_changed.connect(self._update)
        runner.progressed.connect(self._progressed)
        self._show(None)

    def cancel(self) -> None:
        """Stop the job that is shown."""
        if self._lane is not None:
            self._runner.cancel(self._lane)

    def stop(self) -> None:
        self._timer.stop()

    def _update(self) -> None:
        jobs = self._runner.jobs()
        if not jobs:
            self._timer.stop()
            self._show(None)
            return
        waited = time.monotonic() - jobs[0].since
        if waited < PATIENCE:
            self._show(None)
            self._timer.start(round(1000 * (PATIENCE - waited)) + 1)
            return
        if jobs[0].lane != self._lane:
            self._lane = jobs[0].lane
            self.bar.setRange(0, 0)
            more = f" and {len(jobs) - 1} more" if len(jobs) > 1 else ""
            self._show(f"{jobs[0].what[:1].upper()}{jobs[0].what[1:]}{more} …")

    def _progressed(self, lane: str, done: int, total: int | None, what: str) -> None:
        if lane != self._lane:
            return
        if total:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * min(done / total, 1.0)))
            self.label.setText(f"{done} of {total} {what}")
        else:
            self.label.setText(f"{done} {what}")

    def _show(self, text: str | None) -> None:
        if text is None:
            self._lane = None
        self.label.setText(text or "")
        for widget in (self.bar, self.label, self.button):
            widget.setVisible(text is not None)
