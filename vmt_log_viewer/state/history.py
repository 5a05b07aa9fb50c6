"""History: undo and redo of what the user changed about the view, never of data."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from psygnal import Signal

from telemetry.frozen import Frozen, replace

LIMIT = 200


class Change(Frozen):
    """A step that was already taken: `undo` takes it back, `redo` takes it again.

    Steps with the same `kind` that follow each other within `History.pause` seconds are one.
    """

    text: str
    undo: Callable[[], None]
    redo: Callable[[], None]
    kind: str = ""


class History:
    """The view changes so far. While it undoes or redoes, pushes are ignored."""

    changed = Signal()
    pause = 1.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done: list[Change] = []
        self._undone: list[Change] = []
        self._last_push = float("-inf")
        self._replaying = False
        self._gathered: list[Change] | None = None
        self._version = 0
        self.changed.connect(self._count)

    @property
    def version(self) -> int:
        """Another number after every push, undo and redo."""
        return self._version

    @contextlib.contextmanager
    def unnoticed(self) -> Iterator[None]:
        """What is pushed meanwhile is nothing that anybody did by hand."""
        before, self._replaying = self._replaying, True
        try:
            yield
        finally:
            self._replaying = before

    @property
    def undo_text(self) -> str | None:
        """What the next undo takes back; None where there is nothing."""
        return self._done[-1].text if self._done else None

    @property
    def redo_text(self) -> str | None:
        return self._undone[-1].text if self._undone else None

    def _count(self) -> None:
        self._version += 1

    def push(self, change: Change) -> None:
        """Remember a change that has just been made."""
        if self._replaying:
            return
        if self._gathered is not None:
            self._gathered.append(change)
            return
        now = self._clock()
        last = self._done[-1] if self._done else None
        joins = last is not None and change.kind != "" and change.kind == last.kind
        if last is not None and joins and now - self._last_push < self.pause:
            self._done[-1] = replace(last, text=change.text, redo=change.redo)
        else:
            self._done.append(change)
            del self._done[:-LIMIT]
        self._last_push = now
        self._undone.clear()
        self.changed.emit()

    @contextlib.contextmanager
    def together(self, text: str) -> Iterator[None]:
        """What is pushed meanwhile becomes one step called `text`."""
        outer, self._gathered = self._gathered, []
        try:
            yield
        finally:
            steps, self._gathered = self._gathered, outer
            if steps:
                self.push(_joined(text, steps))

    def undo(self) -> None:
        self._move(self._done, self._undone, lambda change: change.undo())

    def redo(self) -> None:
        self._move(self._undone, self._done, lambda change: change.redo())

    def clear(self) -> None:
        """Forget everything: the changes belong to a run that is no longer shown."""
        self._done.clear()
        self._undone.clear()
        self._last_push = float("-inf")
        self.changed.emit()

    def _move(
        self, origin: list[Change], target: list[Change], take: Callable[[Change], None]
    ) -> None:
        if not origin:
            return
        change = origin.pop()
        with self.unnoticed():
            take(change)
        target.append(change)
        self._last_push = float("-inf")
        self.changed.emit()


def _joined(text: str, steps: list[Change]) -> Change:
    """Steps as one: undone from the last to the first."""

    def undo() -> None:
        for step in reversed(steps):
            step.undo()

    def redo() -> None:
        for step in steps:
            step.redo()

    return Change(text, undo, redo)
