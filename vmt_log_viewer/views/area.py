"""ViewArea: the views of the centre as tabs, on one side or on two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLayout, QSplitter, QTabWidget, QVBoxLayout, QWidget

from telemetry.concepts import RunId, TickRange
from telemetry.text import one_line
from vmt_log_viewer.icons import icon
from vmt_log_viewer.views.view import Context, View

if TYPE_CHECKING:
    from telemetry.source import Source

LEAST = QSize(280, 200)


class ViewPage(QWidget):
    """The place of one view. The view is made, and told of the run, when it is first seen."""

    def __init__(self, kind: type[View], context: Context) -> None:
        super().__init__()
        self.kind = kind
        self.view: View | None = None
        self.reason: str | None = None
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
            self.layout().addWidget(self.view)
            self.view.show()  # now, not when the layout comes round to it: views ask when seen
        (source, run_id), self._wanted, self.stale = self._wanted, None, False
        if run_id is None:
            self.view.show_source(source)
        else:
            self.view.show_run(source, run_id)
        return self.view

    def forget(self) -> None:
        self._wanted = None
        if self.view is not None:
            self.view.clear()


class ViewArea(QWidget):
    """Only views that suit the source have a tab; the View menu says why another has none."""

    made = Signal(object)  # View: just made, to be connected
    current_changed = Signal()

    def __init__(self, kinds: Sequence[type[View]], context: Context) -> None:
        super().__init__()
        self._context = context
        self.pages = [ViewPage(kind, context) for kind in kinds]
        self._sides = (QTabWidget(), QTabWidget())
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._active = self._sides[0]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)
        for side in self._sides:
            side.setDocumentMode(True)
            side.setMovable(True)
            side.tabBar().setExpanding(False)
            side.tabBar().setUsesScrollButtons(True)
            side.tabBarClicked.connect(lambda index, side=side: self._set_active(side))
            side.currentChanged.connect(lambda index: self._seen())
            self._splitter.addWidget(side)
        self._sides[1].hide()
        for page in self.pages:
            self._sides[0].addTab(page, icon(page.kind.icon), page.kind.title)

    def show_run(self, source: Source, run_id: RunId | None) -> None:
        """Show another run in every view, those that are seen now first of all.

        None shows the source itself, in the views that tell of more than one run.
        """
        for page in self.pages:
            page.want(source, run_id)
            self._mark_suitable(page)
        for side in self._sides:
            self._leave_unsuitable(side)
        self._seen()

    def clear(self) -> None:
        for page in self.pages:
            page.forget()

    def refresh(self) -> None:
        """Ask again in the views that are seen; the others when they are."""
        for page in self.pages:
            page.stale = True
        self._seen()

    def grow(self, ticks: TickRange) -> None:
        """The run has come further: the views that are seen show it, the others once they are."""
        seen = self._seen_pages()
        for page in self.pages:
            if page not in seen:
                page.stale = True
            elif page.view is not None:
                page.view.grow(ticks)

    @property
    def current(self) -> View | None:
        """The view that verbs mean: the one seen on the side used last."""
        page = self._active.currentWidget()
        return page.view if isinstance(page, ViewPage) else None

    def views(self) -> list[View]:
        """The views that are seen."""
        return [page.view for page in self._seen_pages() if page.view is not None]

    def suitable(self) -> list[ViewPage]:
        return [page for page in self.pages if page.reason is None]

    def page(self, name: str) -> ViewPage | None:
        return next((page for page in self.pages if page.kind.name == name), None)

    def go_to(self, page: ViewPage) -> None:
        """See this view."""
        side = self._side_of(page)
        if side is not None and page.reason is None:
            self._set_active(side)
            side.setCurrentWidget(page)
            self._seen()

    def move_current(self) -> None:
        """Move the current view to the other side, where it is seen beside the rest."""
        page = self._active.currentWidget()
        other = self._sides[1] if self._active is self._sides[0] else self._sides[0]
        if not isinstance(page, ViewPage) or (self._active.count() == 1 and not other.count()):
            return
        self._active.removeTab(self._active.indexOf(page))
        other.addTab(page, icon(page.kind.icon), page.kind.title)
        self._mark_suitable(page)
        other.setCurrentWidget(page)
        for side in self._sides:
            side.setVisible(side.count() > 0)
            self._leave_unsuitable(side)
        if self._sides[0].count() and self._sides[1].count():
            self._splitter.setSizes([1, 1])
        self._set_active(other)
        self._seen()

    def settled(self) -> bool:
        return all(view.settled() for view in self.views())

    def _seen_pages(self) -> list[ViewPage]:
        found = [side.currentWidget() for side in self._sides if side.count()]
        return [page for page in found if isinstance(page, ViewPage)]

    def _seen(self) -> None:
        for page in self._seen_pages():
            had = page.view
            view = page.fill()
            if view is not None and had is None:
                self.made.emit(view)
        self.current_changed.emit()

    def _set_active(self, side: QTabWidget) -> None:
        self._active = side
        self.current_changed.emit()

    def _side_of(self, page: ViewPage) -> QTabWidget | None:
        return next((side for side in self._sides if side.indexOf(page) >= 0), None)

    def _mark_suitable(self, page: ViewPage) -> None:
        side = self._side_of(page)
        if side is None:
            return
        index = side.indexOf(page)
        side.setTabEnabled(index, page.reason is None)
        side.setTabVisible(index, page.reason is None)

    def _leave_unsuitable(self, side: QTabWidget) -> None:
        """Qt leaves a hidden tab by itself, but not always to the first one that suits."""
        page = side.currentWidget()
        if isinstance(page, ViewPage) and page.reason is not None:
            for index in range(side.count()):
                if side.isTabEnabled(index):
                    side.setCurrentIndex(index)
                    return
