"""Drags: what a mouse moves, from press to release, is one step that Ctrl+Z takes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QWidget
from shiboken6 import isValid

from telemetry.frozen import Frozen
from vmt_log_viewer.state.history import Change, History

_WATCHED = "drags watched"


class Dragged(Frozen):
    """What a drag changes: `look` tells it, `put` takes over what `look` once told."""

    text: str
    look: Callable[[], Any]
    put: Callable[[Any], None]


class Drags(QObject):
    """Watches widgets that are dragged. What changes by itself meanwhile belongs to the drag."""

    def __init__(self, history: History, parent: QObject) -> None:
        super().__init__(parent)
        self._history = history
        self._watched: dict[QObject, Dragged] = {}
        self._dragging: Dragged | None = None
        self._before: Any = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)  # what is released moves only after this has heard of it
        self._soon.timeout.connect(self._look)

    def watch(self, widget: QWidget, dragged: Dragged) -> None:
        """A drag of `widget` is a step from now on."""
        self._watched[widget] = dragged
        widget.destroyed.connect(lambda gone=None, widget=widget: self._watched.pop(widget, None))
        widget.installEventFilter(self)

    def watch_splitters(self, whole: QWidget, text: str, turn: Callable[[], None]) -> None:
        """The dividers within `whole` that are not watched yet; `turn` has them seen again."""
        for handle in whole.findChildren(QSplitterHandle):
            if not handle.property(_WATCHED):
                handle.setProperty(_WATCHED, True)
                self.watch(handle, _divider(handle.splitter(), text, turn))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and watched in self._watched:
            self._look()
            self._dragging = self._watched[watched]
            self._before = self._dragging.look()
        elif kind == QEvent.Type.MouseButtonRelease and self._dragging is not None:
            self._soon.start()
        return super().eventFilter(watched, event)

    def _look(self) -> None:
        """The drag is over: remember it where it changed something."""
        dragged, before = self._dragging, self._before
        self._dragging = None
        if dragged is None:
            return
        after, put = dragged.look(), dragged.put
        if after != before:
            self._history.push(Change(dragged.text, lambda: put(before), lambda: put(after)))


def _divider(splitter: QSplitter, text: str, turn: Callable[[], None]) -> Dragged:
    def look() -> tuple[Qt.Orientation, list[int]] | None:
        return (splitter.orientation(), splitter.sizes()) if isValid(splitter) else None

    def put(told: tuple[Qt.Orientation, list[int]] | None) -> None:
        turn()
        if told is not None and isValid(splitter) and splitter.orientation() == told[0]:
            splitter.setSizes(told[1])  # sizes of a divider that lies otherwise mean nothing

    return Dragged(text, look, put)
