"""DeskOpener: puts up again what was open, step by step, while the window can be used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from telemetry.errors import TelemetryError
from telemetry.location import parse_location
from vmt_log_viewer import passwords
from vmt_log_viewer.background.session import Session
from vmt_log_viewer.state.desk import Desk
from vmt_log_viewer.state.items import item_of
from vmt_log_viewer.window import Window

if TYPE_CHECKING:
    from telemetry.source import Source

PATIENCE = 30.0  # seconds after which the next step is taken, whatever the last one waits for
STEP = 20  # milliseconds after which it is looked again whether a step has ended


class DeskOpener(QObject):
    """One desk at a time. What cannot be opened any more is said in one sentence each.

    A view that is not seen takes over its choices when it is seen first; `waiting` has them
    until then.
    """

    done = Signal()

    def __init__(self, window: Window, session: Session) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._document = window.context.document
        self.waiting: dict[str, dict[str, object]] = {}
        self._steps: Iterator[Callable[[], bool]] | None = None
        self._over: Callable[[], bool] | None = None
        self._since = 0.0  # when the last step was taken
        self._failed: set[str] = set()
        self.problems: list[str] = []  # sentences about what could not be opened
        self._timer = QTimer(self)
        self._timer.setInterval(STEP)
        self._timer.timeout.connect(self._go_on)
        session.opener.failed.connect(lambda location, _: self._failed.add(location))
        session.failed.connect(self._note)
        session.copy_offered.connect(lambda sentence, _: self._note(sentence))
        window.area.current_changed.connect(self._look_at_views)

    @property
    def busy(self) -> bool:
        return self._steps is not None

    def open(self, desk: Desk) -> None:
        """Put up `desk`; `done` tells when everything is there that can be."""
        self.stop()
        self.problems, self._failed = [], set()
        self._window.area.arrange(desk.arrangement)
        self.waiting = {name: dict(state) for name, state in desk.states.items()}
        self._begin(self._put_up(desk))

    def stop(self) -> None:
        """What was on its way is wanted no more."""
        self._timer.stop()
        self._steps = self._over = None
        self.waiting = {}

    def _begin(self, steps: Iterator[Callable[[], bool]]) -> None:
        self._steps, self._over, self._since = steps, None, time.monotonic()
        self._timer.start()

    def _go_on(self) -> None:
        if self._steps is None:
            return
        waiting = self._over is not None and not self._over()
        if waiting and time.monotonic() - self._since < PATIENCE:
            return
        try:
            self._over, self._since = next(self._steps), time.monotonic()
        except StopIteration:
            self._timer.stop()
            self._steps = self._over = None
            self.done.emit()

    def _put_up(self, desk: Desk) -> Iterator[Callable[[], bool]]:
        """Each step begins something and gives what tells that it has ended."""
        found: dict[int, Source] = {}
        order = sorted(range(len(desk.sources)), key=lambda place: place != desk.shown)
        for place in order:
            location = desk.sources[place]
            if not self._ask_for(location, desk, shown=place == desk.shown):
                continue
            yield (
                lambda location=location: (
                    self._source(location) is not None or location in self._failed
                )
            )
            source = self._source(location)
            if source is not None:
                found[place] = source
        yield self._settled
        self._choose(desk, found)
        yield self._settled
        yield from self._restore_seen()
        self._document.cursor.move_to(desk.tick)
        self._document.history.clear()

    def _note(self, sentence: str) -> None:
        if self._steps is not None:
            self.problems.append(sentence)

    def _ask_for(self, location: str, desk: Desk, *, shown: bool) -> bool:
        """Begin to open a location; False where that needs a password that nobody knows."""
        password = passwords.recall(location) if passwords.wanted(location) else None
        if passwords.wanted(location) and password is None:
            self._note(f"{location} asks for its password; open it again (Ctrl+U).")
            return False
        run = desk.run if shown else None
        show = "always" if shown and run is not None else "never"
        tick = desk.tick if shown else None
        self._session.open(location, run, tick, password, show)  # type: ignore[arg-type]
        return True

    def _choose(self, desk: Desk, found: dict[int, Source]) -> None:
        """What is the document's: runs, brush, agents, the cursor, the item."""
        document = self._document
        shown = None if desk.shown is None else found.get(desk.shown)
        if shown is not None and desk.run is None:
            self._session.show_source(shown)
        runs = {(id(s), str(r.run_id)): (s, r) for s, r in self._window.library.model.all_runs()}
        compared = [
            runs[id(found[place]), run]
            for place, run in desk.compared
            if place in found and (id(found[place]), run) in runs
        ]
        if compared:
            document.compare(compared)
        if shown is None or shown is not document.source or str(document.run_id) != str(desk.run):
            return
        if desk.experiment is not None:
            document.choose_experiment(*desk.experiment)
        document.selection.set_brush(desk.ticks)
        document.selection.set_agents(desk.agents)
        document.cursor.move_to(desk.tick)
        item = item_of(desk.item)
        if item is not None:
            document.selection.select(item)

    def _restore_seen(self) -> Iterator[Callable[[], bool]]:
        """Tell the views that are seen what was chosen in them, until they tell the same."""
        for view in self._window.area.views():
            state = self.waiting.pop(view.name, None)
            if state:
                self._window.steps.take_over(view, state)
                yield self._settled

    def _look_at_views(self) -> None:
        """A view that is seen for the first time since takes over what was chosen in it."""
        seen = {view.name for view in self._window.area.views()}
        if self._steps is None and seen & self.waiting.keys():
            self._begin(self._later())

    def _later(self) -> Iterator[Callable[[], bool]]:
        yield self._settled
        yield from self._restore_seen()

    def _settled(self) -> bool:
        window = self._window
        return window.context.runner.idle() and window.area.settled() and window.steps.idle()

    def _source(self, location: str) -> Source | None:
        try:
            key = parse_location(location).key
        except TelemetryError:
            self._failed.add(location)
            return None
        return next((s for s in self._document.sources if s.key == key), None)
