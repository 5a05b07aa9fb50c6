"""ProofBar: whether a recording can be trusted, from the button to the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QWidget

from telemetry.concepts import RunId, Verdict
from telemetry.errors import TelemetryError
from telemetry.queries import VerifyQuery
from telemetry.text import one_line
from vmt_log_viewer import icons
from vmt_log_viewer.theme import GRID, ICON
from vmt_log_viewer.widgets.plain import ElidedLabel, tool_button
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context

UNASKED = "The recording carries its own proof; it has not been checked yet."


class ProofBar(QWidget):
    """One line; it hides itself where the family has no proof. Nothing is checked unasked."""

    jump_wanted = Signal(int)  # the sequence number of the first bad event
    judged = Signal(object)  # Verdict

    def __init__(self, context: Context, lane: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._lane = context, lane
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self.verdict: Verdict | None = None
        self._mark = QLabel()
        self.sentence = ElidedLabel(UNASKED)
        self.progress = QProgressBar()
        self.progress.setFixedWidth(140)
        self.progress.setTextVisible(False)
        self.verify = tool_button("Verify", "shield-check", "Check every link of the recording")
        self.cancel = tool_button("Cancel", "x", "Stop checking")
        self.jump = tool_button("Go to event", "arrow-right", "The first event that is wrong")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID, 0, 0, 0)
        layout.setSpacing(GRID)
        for widget in (self._mark, self.sentence, self.progress, self.cancel, self.jump):
            layout.addWidget(widget, 1 if widget is self.sentence else 0)
        layout.addWidget(self.verify)
        self.verify.clicked.connect(self.start)
        self.cancel.clicked.connect(self._stop)
        self.jump.clicked.connect(self._jump)
        context.runner.progressed.connect(self._progressed)
        context.runner.busy_changed.connect(self._look)
        context.theme.changed.connect(self._dress)
        self._checking = False
        self._show(UNASKED)

    def show_run(self, source: Source, run_id: RunId) -> None:
        """Another run: what was found out about the last one is forgotten."""
        if self._source is source and self._run_id == run_id:
            return
        self.forget()
        self._source, self._run_id = source, run_id
        self.setVisible(source.can_answer(VerifyQuery))
        self._show(UNASKED)

    def forget(self) -> None:
        self._checking = False
        self._context.runner.cancel(self._lane)
        self._source = self._run_id = self.verdict = None
        self._show(UNASKED)

    def start(self) -> None:
        """Check the run in the background."""
        if self._source is None or self._run_id is None:
            return
        self.verdict, self._checking = None, True
        self.progress.setRange(0, 0)
        query = VerifyQuery(self._run_id)
        self._context.runner.submit(
            self._lane, self._source, query, self._judge, self._failed, self, "verifying the run"
        )
        self._show("Checking …")

    def _stop(self) -> None:
        self._context.runner.cancel(self._lane)

    def _look(self) -> None:
        """The check may have been cancelled from elsewhere (Esc, another run)."""
        if self._checking and not self._context.runner.pending(self._lane):
            self._checking = False
            if self.verdict is None:
                self._show("The check was cancelled; nothing is known.")

    def _progressed(self, lane: str, done: int, total: int | None, what: str) -> None:
        if lane != self._lane or not self._checking:
            return
        self.progress.setRange(0, total or 0)
        self.progress.setValue(min(done, total) if total else 0)
        of = f" of {count_text(total)}" if total else ""
        self.sentence.setText(f"Checking … {count_text(done)}{of} {what}")

    def _judge(self, verdict: Verdict) -> None:
        self.verdict, self._checking = verdict, False
        checked = f"{count_text(verdict.checked)} events were checked"
        if verdict.sound:
            self._show(f"Sound: {checked}, and every link holds.")
        else:
            self._show(one_line(f"Broken: {verdict.problem} {checked}.", limit=1000))
        self.judged.emit(verdict)

    def _failed(self, error: TelemetryError) -> None:
        self._checking = False
        self._show(str(error))

    def _jump(self) -> None:
        if self.verdict is not None and self.verdict.broken_at is not None:
            self.jump_wanted.emit(self.verdict.broken_at)

    def _show(self, text: str) -> None:
        self.sentence.setText(text)
        self.progress.setVisible(self._checking)
        self.cancel.setVisible(self._checking)
        self.verify.setVisible(not self._checking)
        verdict = self.verdict
        self.jump.setVisible(verdict is not None and verdict.broken_at is not None)
        self._dress()

    def _dress(self) -> None:
        theme, verdict = self._context.theme, self.verdict
        name, color = "shield", "muted"
        if verdict is not None:
            name = "shield-check" if verdict.sound else "shield-warning"
            color = "good" if verdict.sound else "bad"
        self._mark.setPixmap(icons.icon(name, theme.color(color)).pixmap(ICON, ICON))
