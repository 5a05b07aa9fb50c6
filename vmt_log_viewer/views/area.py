"""ViewArea: the views of the centre as tabs, in one half or in two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from telemetry.concepts import RunId, TickRange
from vmt_log_viewer.icons import icon
from vmt_log_viewer.state.history import Change
from vmt_log_viewer.views.halves import ZONES, Half, Halves, Zone
from vmt_log_viewer.views.page import LEAST, ViewPage
from vmt_log_viewer.views.view import Context, View

if TYPE_CHECKING:
    from telemetry.source import Source

__all__ = ["LEAST", "ViewArea", "ViewPage"]
BELOW = Qt.Orientation.Vertical


class ViewArea(QWidget):
    """Only views that suit the source have a tab; the View menu says why another has none."""

    made = Signal(object)  # View: just made, to be connected
    current_changed = Signal()

    def __init__(self, kinds: Sequence[type[View]], context: Context) -> None:
        super().__init__()
        self._context = context
        self.pages = [ViewPage(kind, context) for kind in kinds]
        self.halves = Halves(self)
        self._sides = self.halves.sides
        self._active = self._sides[0]
        self._quiet = False
        self._turns_by_itself = False  # another run is shown: its views may be other ones
        self._last: dict[Half, QWidget | None] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.halves)
        for side in self._sides:
            side.tabBarClicked.connect(lambda index, side=side: self._set_active(side))
            side.currentChanged.connect(lambda index, side=side: self._turned(side))
            side.bar.drawn_out.connect(lambda index, side=side: self._drag(side, index))
        for page in self.pages:
            self._sides[0].addTab(page, icon(page.kind.icon), page.kind.title)
        self.halves.dropped.connect(self._dropped)
        QApplication.instance().focusChanged.connect(self._focus_changed)

    def show_run(self, source: Source, run_id: RunId | None) -> None:
        """Show another run in every view, those that are seen now first of all.

        None shows the source itself, in the views that tell of more than one run.
        """
        self._turns_by_itself = True
        for page in self.pages:
            page.want(source, run_id)
            self._mark_suitable(page)
        for side in self._sides:
            self._leave_unsuitable(side)
        self._show_halves()
        self._turns_by_itself = False
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
        seen = self.pages_seen()
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
        return [page.view for page in self.pages_seen() if page.view is not None]

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

    def _turned(self, side: Half) -> None:
        """Another view is seen; by hand, unless views are being put elsewhere or another run is."""
        old, new = self._last.get(side), side.currentWidget()
        self._last[side] = new
        by_hand = not (self._quiet or self._turns_by_itself)
        if by_hand and isinstance(old, ViewPage) and isinstance(new, ViewPage) and old is not new:
            text = f"show {new.kind.title}"
            undo, redo = partial(self.go_to, old), partial(self.go_to, new)
            self._context.document.history.push(Change(text, undo, redo, kind="turn"))
        self._seen()

    # Halves

    def move_current(self) -> None:
        """Move the current view to the other half, where it is seen beside the rest."""
        page = self._active.currentWidget()
        other = self._sides[1 - self._sides.index(self._active)]
        if isinstance(page, ViewPage):
            self._put(page, other, self.halves.orientation())

    def split_current(self, zone: Zone) -> None:
        """See the current view in this half, and all others in the other one."""
        page = self._active.currentWidget()
        if isinstance(page, ViewPage):
            self.put(page, zone)

    def put(self, page: ViewPage, zone: Zone) -> None:
        """Move a view to a half, which is made where there is none yet."""
        orientation, place = ZONES[zone]
        self._put(page, self._sides[place], orientation)

    def join(self) -> None:
        """Bring all views together in one half again."""
        with self._undoable("join the halves"):
            shown = self._active.currentWidget()
            for page in self._sides[1].pages():
                self._move(page, self._sides[0])
            self._sides[0].setCurrentWidget(shown)
            self._set_active(self._sides[0])

    @property
    def split(self) -> bool:
        return self.halves.split

    def arrangement(self) -> dict[str, Any]:
        """Which view stands where, as a file can hold it."""
        return {
            "below": self.halves.orientation() == BELOW,
            "sizes": self.halves.sizes(),
            "halves": [[page.kind.name for page in _pages(side)] for side in self._sides],
            "current": [_name(side.currentWidget()) for side in self._sides],
            "active": self._sides.index(self._active),
        }

    def arrange(self, arrangement: Mapping[str, Any]) -> None:
        """Put views where `arrangement` says; what it does not name, or misnames, stays."""
        names = arrangement.get("halves")
        if not isinstance(names, list) or len(names) != len(self._sides):
            return
        self._quiet = True
        for side, half in zip(self._sides, names, strict=True):
            for place, name in enumerate(half if isinstance(half, list) else ()):
                page = self.page(str(name))
                if page is not None:
                    self._move(page, side, place)
        below = bool(arrangement.get("below"))
        self.halves.setOrientation(BELOW if below else Qt.Orientation.Horizontal)
        current = arrangement.get("current")
        for side, name in zip(
            self._sides, current if isinstance(current, list) else (), strict=False
        ):
            page = self.page(str(name))
            if page is not None and self._side_of(page) is side and page.reason is None:
                side.setCurrentWidget(page)
        self._quiet = False
        self._show_halves()
        sizes = arrangement.get("sizes")
        if self.split and isinstance(sizes, list) and all(isinstance(n, int) for n in sizes):
            self.halves.setSizes(sizes)
        self._set_active(self._sides[1 if arrangement.get("active") == 1 else 0])
        self._seen()

    def _put(self, page: ViewPage, side: Half, orientation: Qt.Orientation) -> None:
        others = [each for each in self.pages if each is not page]
        if not any(each.reason is None for each in others):
            return  # it is the only view: there is nothing to stand beside
        with self._undoable(f"move {page.kind.title.lower()}"):
            if not self.split:
                rest = self._sides[1 - self._sides.index(side)]
                for each in others:
                    self._move(each, rest)
            self.halves.setOrientation(orientation)
            self._move(page, side)
            side.setCurrentWidget(page)
            self._set_active(side)

    @contextmanager
    def _undoable(self, text: str) -> Iterator[None]:
        before = self.arrangement()
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False
        for side in self._sides:
            self._leave_unsuitable(side)
        self._show_halves()
        self._seen()
        after = self.arrangement()
        if after["halves"] != before["halves"] or after["below"] != before["below"]:
            change = Change(text, lambda: self.arrange(before), lambda: self.arrange(after))
            self._context.document.history.push(change)

    def _move(self, page: QWidget, side: Half, place: int = -1) -> None:
        """Take a page's tab to a half, at the end or at a place."""
        assert isinstance(page, ViewPage)
        old = self._side_of(page)
        if old is not None and not (old is side and place in (-1, side.indexOf(page))):
            old.removeTab(old.indexOf(page))
            side.insertTab(place, page, icon(page.kind.icon), page.kind.title)
            self._mark_suitable(page)

    def _show_halves(self) -> None:
        self.halves.show_used()
        if self._active.isHidden():
            self._set_active(next(s for s in self._sides if not s.isHidden()))
        self._mark_active()

    def _drag(self, side: Half, index: int) -> None:
        page = side.widget(index)
        if isinstance(page, ViewPage):
            self.halves.drag(page.kind.name)

    def _dropped(self, name: str, zone: Zone) -> None:
        page = self.page(name)
        if page is not None:
            self.put(page, zone)

    def _focus_changed(self, _: QWidget | None, now: QWidget | None) -> None:
        """The half that has the keyboard is the one that verbs mean."""
        for side in self._sides:
            if now is not None and side.isAncestorOf(now) and side is not self._active:
                self._set_active(side)

    def settled(self) -> bool:
        return all(page.settled() for page in self.pages_seen())

    def pages_seen(self) -> list[ViewPage]:
        found = [side.currentWidget() for side in self._sides if side.count()]
        return [page for page in found if isinstance(page, ViewPage)]

    def _seen(self) -> None:
        if self._quiet:
            return
        for page in self.pages_seen():
            had = page.view
            view = page.fill()
            if view is not None and had is None:
                self.made.emit(view)
        self.current_changed.emit()

    def _set_active(self, side: Half) -> None:
        self._active = side
        self._mark_active()
        self.current_changed.emit()

    def _mark_active(self) -> None:
        for side in self._sides:
            side.bar.show_active(side is self._active or not self.split)

    def _side_of(self, page: ViewPage) -> Half | None:
        return next((side for side in self._sides if side.indexOf(page) >= 0), None)

    def _mark_suitable(self, page: ViewPage) -> None:
        side = self._side_of(page)
        if side is None:
            return
        index = side.indexOf(page)
        side.setTabEnabled(index, page.reason is None)
        side.setTabVisible(index, page.reason is None)

    def _leave_unsuitable(self, side: Half) -> None:
        """Qt leaves a hidden tab by itself, but not always to the first one that suits."""
        page = side.currentWidget()
        if isinstance(page, ViewPage) and page.reason is not None:
            for index in range(side.count()):
                if side.isTabEnabled(index):
                    side.setCurrentIndex(index)
                    return


def _pages(side: Half) -> list[ViewPage]:
    return [page for page in side.pages() if isinstance(page, ViewPage)]


def _name(page: QWidget | None) -> str:
    return page.kind.name if isinstance(page, ViewPage) else ""
