"""DeskKeeper: writes down what is open while the program runs, and opens it again next time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer

from vmt_log_viewer.background.session import Session
from vmt_log_viewer.desk_folder import DeskFolder
from vmt_log_viewer.desk_opener import DeskOpener
from vmt_log_viewer.settings import Settings
from vmt_log_viewer.state.desk import Desk, desk_text
from vmt_log_viewer.state.items import item_values
from vmt_log_viewer.state.saved_view import without_secrets
from vmt_log_viewer.views.steps import told
from vmt_log_viewer.window import Window

SOON, PLAYING = 2_000, 10_000
"""Milliseconds between a change and the file that has it; while the run is played."""
SURVIVED = 3_000
"""Milliseconds after which what was put up counts as harmless."""
RESTORED = "The program did not end by itself last time; what was open is open again."
CRASHED = "The program did not end by itself last time."


class DeskKeeper(QObject):
    """Nothing is written before something changed, and never on the GUI thread but at the end."""

    def __init__(
        self, window: Window, session: Session, settings: Settings, folder: DeskFolder
    ) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._settings, self._folder = settings, folder
        self._document = window.context.document
        self.opener = DeskOpener(window, session)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="desk")
        self._failures = 0
        self._written = b""
        self._putting_up: Desk | None = None
        self._crashed: tuple[Path, Desk] | None = None  # what the user may still ask for
        self._restored = self._finished = False
        self._soon, self._survived = QTimer(self), QTimer(self)
        for timer, work in ((self._soon, self._write), (self._survived, self._survive)):
            timer.setSingleShot(True)
            timer.timeout.connect(work)
        self._survived.setInterval(SURVIVED)
        self.opener.done.connect(self._is_up)
        folder.begin()
        self._watch()

    def reopen(self, *, after_end: bool = True) -> bool:
        """Put up what was open when a program crashed, else (`after_end`) when one ended last.

        False where nobody ever wrote down what was open.
        """
        found = self._folder.crashed()
        if found is None:
            desk = self._folder.last() if after_end else None
            if desk is not None and desk.sources:
                self._put_up(desk)
            return desk is not None
        path, desk = found
        if desk.failures:
            aside = self._folder.put_aside(path)
            self._window.say(
                f"The program ended twice while it opened what was open before; it begins empty, "
                f"and what was open is kept in {aside}."
            )
            return True
        self._restored = True
        self._take_over(path, desk)
        return True

    def offer(self) -> None:
        """Something else was asked for: what a crash left behind can still be opened."""
        found = self._folder.crashed()
        if found is not None and not found[1].failures:
            self._crashed = found
            self._document.source_opened.connect(self._say_offer)  # after what that makes vanish
            self._say_offer()

    def _say_offer(self, *_: object) -> None:
        if self._crashed is not None:
            path, desk = self._crashed
            self._window.say(CRASHED, "Open what was open", lambda: self._take_over(path, desk))

    def start_empty(self) -> None:
        """Nothing is open any more."""
        self._putting_up = None
        self.opener.stop()
        for source in self._document.sources:
            self._session.close(source)

    def finish(self) -> None:
        """The program ends by itself: next time begins with what is open now."""
        self._finished = True
        self._soon.stop()
        self._survived.stop()
        desk = self._putting_up or msgspec.structs.replace(self.desk(), failures=0)
        self.opener.stop()
        self._writer.shutdown(wait=True)
        self._folder.end(desk_text(desk))

    def desk(self) -> Desk:
        """What is open now, and how it is seen."""
        document, area = self._document, self._window.area
        kept = [s for s in document.sources if not self._session.opener.is_copy(s.location)]
        place = {id(source): number for number, source in enumerate(kept)}
        brush = document.selection.brush
        made = [page.view for page in area.pages if page.view is not None]
        return Desk(
            sources=tuple(without_secrets(source.location) for source in kept),
            shown=place.get(id(document.source)),
            run=None if document.run_id is None else str(document.run_id),
            compared=tuple(
                (place[id(source)], str(run.run_id))
                for source, run in document.comparison
                if id(source) in place
            ),
            experiment=document.experiment,
            tick=document.cursor.tick,
            brush=None if brush is None else (brush.first, brush.last),
            agents=document.selection.agents,
            item=item_values(document.selection.item),
            arrangement=area.arrangement(),
            states={**{view.name: told(view) for view in made}, **self.opener.waiting},
            failures=self._failures,
        )

    def _put_up(self, desk: Desk) -> None:
        """A program that dies from here on until `_survive` has failed at this desk."""
        self._failures, self._putting_up, self._crashed = desk.failures + 1, desk, None
        self._folder.write(desk_text(desk.failed_again()))
        self.opener.open(desk)

    def _take_over(self, path: Path, desk: Desk) -> None:
        self._put_up(desk)
        self._folder.forget(path)

    def _is_up(self) -> None:
        """Say what could not be opened, and why all the rest is there."""
        if self._putting_up is None:
            return  # a view that was seen later
        self._putting_up = None
        for sentence in self.opener.problems:
            self._window.say(sentence)
        if self._restored:
            self._restored = False
            self._window.say(RESTORED, "Start empty", self.start_empty)
        self._survived.start()

    def _survive(self) -> None:
        self._failures = 0
        self._change()

    def _watch(self) -> None:
        document, area = self._document, self._window.area
        for signal in (
            document.source_opened,
            document.source_closed,
            document.run_shown,
            document.source_shown,
            document.run_cleared,
            document.compared,
            document.experiment_chosen,
            document.cursor.moved,
            document.selection.brush_changed,
            document.selection.agents_changed,
            document.selection.item_selected,
            document.history.changed,
        ):
            signal.connect(self._changed)
        area.current_changed.connect(self._change)
        area.made.connect(lambda view: view.export_changed.connect(self._change))

    def _changed(self, *_: object) -> None:
        self._change()

    def _change(self) -> None:
        if not self._soon.isActive() and not self._finished:
            self._soon.start(PLAYING if self._document.playback.playing else SOON)

    def _write(self) -> None:
        """Collect here, write elsewhere. While a desk is being put up its own file stays."""
        if self._putting_up is not None:
            self._soon.start(SOON)
            return
        text = desk_text(self.desk())
        if text != self._written:
            self._written = text
            self._writer.submit(self._folder.write, text)
        self._window.save()
        self._settings.save()
