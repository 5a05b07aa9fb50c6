"""ViewPage: the place of one view among the tabs, filled when it is first seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from telemetry.concepts import RunId
from telemetry.text import one_line
from vmt_log_viewer.turns import paint_later
from vmt_log_viewer.views.view import Context, View

if TYPE_CHECKING:
    from telemetry.source import Source

LEAST = QSize(280, 140)


class ViewPage(QWidget):
    """The place of one view. The view is made when the page is first seen, is shown in the turn
    after and told of the run in the one after that: `settled` then."""

    def __init__(self, kind: type[View], context: Context) -> None:
        super().__init__()
        self.kind = kind
        self.view: View | None = None
        self.reason: str | None = None
        self._made = False  # just now, so that it has to wait for the next turns
        self.stale = False  # the source may tell more than the view shows
        self._context = context
        self._wanted: tuple[Source, RunId | None] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        # A view that wants more room than there is must not push the docks aside.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setMinimumSize(LEAST)

    def want(self, source: Source, run_id: RunId | None) -> None:
        """Show this run as soon as the page is seen; None: the source above its runs."""
        self.reason = self.kind.unsuitable(source)
        if self.reason is None and run_id is None and not self.kind.above_runs:
            about = one_line(source.name)
            self.reason = f"{self.kind.title} is about a run, and none of {about} is shown."
        self._wanted = (source, run_id)

    def fill(self) -> View | None:
        """The page is seen: make the view if need be and show what is wanted."""
        if self.reason is not None:
            return self.view
        if self._wanted is None:
            if self.stale and self.view is not None:
                self.view.refresh()
            self.stale = False
            return self.view
        if self.view is None:
            self.view = self.kind(self._context)
            self.view.hide()
            paint_later(self)
            self.layout().addWidget(self.view)
            self._made = True
            QTimer.singleShot(1, self, self._show_view)  # of 0 it would be in this same turn
        elif not self._made:
            self._show_wanted()
        return self.view

    def hurry(self) -> None:
        """Show what is wanted at once, where it would be shown in the next turns."""
        if self.view is not None:
            self.view.show()
        self._show_wanted()

    def settled(self) -> bool:
        """True when all that was wanted is on the screen."""
        if self.view is None or self.reason is not None:
            return True
        return self._wanted is None and self.updatesEnabled() and self.view.settled()

    def _show_view(self) -> None:
        if self.view is not None:
            paint_later(self)
            self.view.show()
            QTimer.singleShot(1, self, self._show_wanted)

    def _show_wanted(self) -> None:
        self._made = False
        if self.view is None or self._wanted is None:
            return
        (source, run_id), self._wanted, self.stale = self._wanted, None, False
        paint_later(self)
        if run_id is None:
            self.view.show_source(source)
        else:
            self.view.show_run(source, run_id)

    def forget(self) -> None:
        self._wanted = None
        if self.view is not None:
            self.view.clear()
