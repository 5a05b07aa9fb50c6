"""ViewSteps: whatever is changed by hand in a view becomes a step that Ctrl+Z takes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QTabBar,
)

from vmt_log_viewer.state.choices import Choices
from vmt_log_viewer.state.history import Change
from vmt_log_viewer.views.area import ViewArea
from vmt_log_viewer.views.drags import Drags
from vmt_log_viewer.views.view import Context, View
from vmt_log_viewer.widgets.row_filters import RowFilters

State = Mapping[str, Any]
TURNS = 3
"""How often a view is told its choices: a tab has to be there before what stands on it."""
LISTEN = 100  # milliseconds of rest after which the parts of views are looked through
WAIT = 60  # milliseconds until it is looked whether a view took over all of it
FLOWING = frozenset({"ticks", "values"})
"""Choices that are made by a wheel or by dragging: what follows at once is the same step."""
_SAID = {
    "above": "what stands above the rows", "on_page": "what the tab shows", "page": "tab",
    "every_value": "values that facets list",
}  # fmt: skip
"""What keys of `View.state` are called where their own words tell nobody anything."""
_HEARD = "heard"  # property of a widget whose signals are connected
_BY_HAND: tuple[tuple[type[QObject], tuple[str, ...]], ...] = (
    (QAbstractButton, ("clicked",)),
    (QComboBox, ("activated",)),
    (QTabBar, ("tabBarClicked",)),
    (QHeaderView, ("sectionClicked",)),
    (QAbstractItemView, ("clicked", "activated")),
    (QAbstractSpinBox, ("editingFinished",)),
    (QLineEdit, ("editingFinished",)),
    (QAction, ("triggered",)),
    (RowFilters, ("changed",)),
)
"""The signals of widgets that only a hand makes them emit."""


class ViewSteps(QObject):
    """Knows what the views that are seen told when all was quiet, and looks after each touch.

    What a view does by itself (another run, answers that came) is no step. A step that is taken
    back turns to its view.
    """

    def __init__(self, area: ViewArea, context: Context) -> None:
        super().__init__(area)
        self._area, self._runner = area, context.runner
        self._history = context.document.history
        self._known: dict[View, State] = {}
        self._version = self._history.version
        self._looking = self._by_hand = False
        self._last: tuple[_Step | None, View | None, int] = (None, None, 0)
        self._restoring: tuple[View, State, int] | None = None
        self._soon, self._next_turn = QTimer(self), QTimer(self)
        for timer, wait, work in (
            (self._soon, 0, self._look),
            (self._next_turn, WAIT, self._take_turn),
        ):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(work)
        self._ears = QTimer(self)
        self._ears.setSingleShot(True)
        self._ears.setInterval(LISTEN)
        self._ears.timeout.connect(self._listen)
        area.made.connect(lambda view: self._listen())
        area.made.connect(lambda view: view.touched.connect(self._touched))
        area.current_changed.connect(self._touched)
        self._history.changed.connect(self._look_soon)
        context.runner.idle_reached.connect(self._quiet)
        self._drags = Drags(self._history, self)
        self._drags.watch_splitters(area.halves, "move the divider of the halves", lambda: None)

    def _touched(self, *_: object) -> None:
        self._by_hand = True
        self._look_soon()

    def _look_soon(self) -> None:
        if not self._looking:
            self._looking = True
            self._soon.start()

    def _look(self) -> None:
        """Push what differs now, unless somebody else pushed or took back a step meanwhile.

        What differs though no hand touched anything since follows from the last step.
        """
        by_hand, self._looking, self._by_hand = self._by_hand, False, False
        mine = self._version == self._history.version and self._restoring is None
        for view in self._area.views():
            before, now = self._known.get(view), told(view)
            self._known[view] = now
            if mine and by_hand and before is not None:
                self._push(view, before, now)
            elif mine:
                self._follow(view)
        self._version = self._history.version

    def _push(self, view: View, before: State, now: State) -> None:
        keys = [key for key in now if now[key] != before.get(key) and key not in view.own_steps]
        if not keys:
            return
        named = ", ".join(_SAID.get(key) or key.replace("_", " ") for key in keys[:3])
        flows = FLOWING.issuperset(keys)
        step = _Step(partial(self._turn_to, view), before, now)
        kind = f"{view.name}.{named}" if flows else ""
        self._history.push(Change(f"{view.title}: {named}", step.undo, step.redo, kind))
        self._last = (step, view, self._history.version)

    def take_over(self, view: View, state: State) -> None:
        """Let a view choose what it once told, until it tells the same: no step, and nobody's.

        One view at a time: `idle` tells when it is done.
        """
        self._restoring = (view, state, TURNS)
        self._take_turn()

    def _turn_to(self, view: View, state: State) -> None:
        self._go_to(view)
        self.take_over(view, state)

    def _go_to(self, view: View) -> None:
        page = self._area.page(view.name)
        if page is not None:
            self._area.go_to(page)

    def idle(self) -> bool:
        """True when nothing is still to be noticed or taken over."""
        return not (self._looking or self._ears.isActive()) and self._restoring is None

    def _take_turn(self) -> None:
        if self._restoring is None:
            return
        view, state, turns = self._restoring
        if turns and told(view) != state:
            if not (self._runner.idle() and view.settled()) and turns < TURNS:
                self._next_turn.start()
                return
            self._restoring = (view, state, turns - 1)
            with self._history.unnoticed():
                view.restore(Choices(state, view.title))
            if told(view) != state:  # answers have to come before the rest can be chosen
                self._next_turn.start()
                return
        self._restoring = None
        self._known[view] = told(view)

    def _quiet(self) -> None:
        """All answers are here: what followed from the last step belongs to it."""
        views = self._area.views()
        if self._restoring is not None and told(self._restoring[0]) == self._restoring[1]:
            self._restoring = None
        self._ears.start()
        if self._looking:
            return
        for view in views:
            self._known[view] = told(view)
            self._follow(view)

    def _follow(self, view: View) -> None:
        """What the view tells now belongs to its last step, if that is the latest of all."""
        step, about, version = self._last
        if step is not None and about is view and version == self._history.version:
            step.after = self._known[view]

    def _listen(self) -> None:
        """Hear the parts that came with the answers; not at every tick that is stepped over."""
        for view in self._area.views():
            for sender, signal in _senders(view):
                getattr(sender, signal).connect(self._touched)
            turn = partial(self._go_to, view)
            self._drags.watch_splitters(view, f"{view.title}: move a divider", turn)


class _Step:
    """A change of one view, from one state to another one that may still grow complete."""

    def __init__(self, restore: Callable[[State], None], before: State, after: State) -> None:
        self._restore = restore
        self.before, self.after = before, after

    def undo(self) -> None:
        self._restore(self.before)

    def redo(self) -> None:
        self._restore(self.after)


def told(view: View) -> dict[str, Any]:
    """A view's choices as a file will tell them: plain texts, lists for tuples."""
    found: dict[str, Any] = msgspec.to_builtins(view.state(), str_keys=True, enc_hook=_plain_text)
    return found


def _plain_text(value: object) -> str:
    """A text of a kind of its own, as some drivers name columns."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"A view told {type(value).__name__}, which no file can hold.")


def _senders(view: View) -> Iterator[tuple[QObject, str]]:
    """The parts of a view that nobody listens to yet, and their signals."""
    for kind, signals in _BY_HAND:
        for child in view.findChildren(kind):
            if not child.property(_HEARD):
                child.setProperty(_HEARD, True)
                for signal in signals:
                    yield child, signal
