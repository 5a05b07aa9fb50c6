"""SavedViews: what a view shows as a file, and a file shown as a view again."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from telemetry.cancel import CancelToken
from telemetry.concepts import Run, changed_since
from telemetry.errors import SourceError, TelemetryError
from telemetry.export import fingerprint_of
from telemetry.location import parse_location
from telemetry.queries import RunQuery
from telemetry.roles.mapping import from_json, to_json
from vmt_log_viewer import passwords
from vmt_log_viewer.background.session import Session
from vmt_log_viewer.state.choices import Choices
from vmt_log_viewer.state.items import item_of, item_values
from vmt_log_viewer.state.marks import marks_of, plain_marks
from vmt_log_viewer.state.saved_view import (
    SavedRun,
    SavedSource,
    SavedView,
    missing,
    read_view,
    without_secrets,
)
from vmt_log_viewer.views.places import (
    column_widths,
    facet_rooms,
    put_columns,
    put_rooms,
    put_splitters,
    scroll_places,
    scroll_to,
    splitter_sizes,
)
from vmt_log_viewer.views.view import View
from vmt_log_viewer.window import Window

if TYPE_CHECKING:
    from telemetry.source import Source

log = logging.getLogger(__name__)
STEP = 20  # milliseconds after which it is looked again whether a step has ended
TURNS = 3
"""How often a view is told its choices: a tab has to be there before what stands on it."""
LANE = "saved_view"
Opens = Callable[[str, str | None, int | None], None]


def captured(window: Window) -> tuple[SavedView, tuple[Source, ...]] | None:
    """What the current view shows, and its sources in the view's order; None without a view."""
    view, document = window.area.current, window.context.document
    if view is None or document.source is None:
        return None
    compared = document.comparison if view.name == "compare" else ()
    sources = tuple(dict.fromkeys([document.source, *(source for source, _ in compared)]))
    brush, run_id = document.selection.brush, document.run_id
    return (
        SavedView(
            view=view.name,
            sources=tuple(_saved(source) for source in sources),
            run=None if run_id is None else str(run_id),
            compared=tuple(SavedRun(sources.index(s), str(run.run_id)) for s, run in compared),
            tick=document.cursor.tick,
            brush=None if brush is None else (brush.first, brush.last),
            agents=document.selection.agents,
            item=_as_told(item_values(document.selection.item)),
            marks=tuple(plain_marks(document.marks.all)),
            state=_as_told(view.state()),
            splitters=splitter_sizes(view),
            columns=column_widths(view),
            rooms=facet_rooms(view),
            scrolled=scroll_places(view),
            theme="dark" if window.context.theme.dark else "light",
            size=(view.width(), view.height()),
            ratio=view.devicePixelRatioF(),
        ),
        sources,
    )


class SavedViews(QObject):
    """Opens one saved view at a time: a newer one, or another run chosen by hand, ends it.

    `opened` comes once everything is as it was saved; `failed` with the sentence why it is not.
    """

    opened = Signal(object)  # SavedView
    failed = Signal(str)
    said = Signal(str)  # something that is worth knowing about what is shown

    def __init__(self, window: Window, session: Session, opens: Opens) -> None:
        """`opens` opens a location with a run and a tick, and asks for a password if need be.

        `password` knows that of a source which is compared, for there nobody is asked.
        """
        super().__init__(window)
        self._window, self._session = window, session
        self.opens = opens
        self.password: Callable[[str], str | None] = passwords.recall
        self._document = window.context.document
        self._steps: Iterator[Callable[[], bool]] | None = None
        self._over: Callable[[], bool] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(STEP)
        self._timer.timeout.connect(self._go_on)
        session.opener.failed.connect(lambda place, error: self._fail(str(error), say=False))
        session.failed.connect(lambda text: self._fail(text, say=False))

    @property
    def busy(self) -> bool:
        """Whether a view is on its way."""
        return self._steps is not None

    def open(self, path: Path) -> None:
        """Show what is saved in `path`; `opened` or `failed` tells how it went."""
        self.stop()
        try:
            view = read_view(path)
            gone = missing(view, path)
            if gone is not None:
                raise SourceError(gone)
            if self._window.area.page(view.view) is None:
                raise SourceError(
                    f"{path} shows the view {view.view!r}, which this version does not have; use "
                    f"version {view.program_version} or newer."
                )
            keys = [parse_location(source.location).key for source in view.sources]
        except TelemetryError as error:
            self._fail(str(error))
            return
        self._steps = self._show(view, keys)
        self._over = None
        self._timer.start()

    def stop(self) -> None:
        """What was on its way is wanted no more."""
        self._timer.stop()
        self._steps = self._over = None

    def _go_on(self) -> None:
        if self._steps is None or (self._over is not None and not self._over()):
            return
        try:
            self._over = next(self._steps)
        except StopIteration:
            self.stop()
        except TelemetryError as error:
            self._fail(str(error))

    def _fail(self, sentence: str, *, say: bool = True) -> None:
        """`say`: nobody else tells it."""
        if self._steps is None and not say:
            return
        self.stop()
        if say:
            self.said.emit(sentence)
        self.failed.emit(sentence)

    def _show(self, view: SavedView, keys: list[str]) -> Iterator[Callable[[], bool]]:
        """Each step begins something and gives what tells that it has ended."""
        yield from self._open_sources(view, keys)
        yield from self._compare(view, keys)
        document = self._document
        document.selection.set_brush(view.ticks)
        document.selection.set_agents(view.agents)
        document.cursor.move_to(view.tick)
        brought = marks_of(list(view.marks))  # marks of one's own at the same ticks stay
        document.marks.replace([*brought, *document.marks.all])
        self._window.show_view(view.view)
        yield self._settled
        shown = self._window.area.current
        page = self._window.area.page(view.view)
        if shown is None or page is None or shown is not page.view:
            raise SourceError(
                (page.reason if page is not None else None)
                or f"The view {view.view!r} cannot be shown of this source."
            )
        yield from self._restore(shown, view)
        document.history.clear()
        self._compare_fingerprints(view, keys)
        self.opened.emit(view)

    def _open_sources(self, view: SavedView, keys: list[str]) -> Iterator[Callable[[], bool]]:
        document = self._document
        for place, (saved, key) in enumerate(zip(view.sources, keys, strict=True)):
            if saved.roles is not None:
                roles = from_json(json.dumps(saved.roles), "The saved view")
                self._session.opener.roles_of[saved.location] = roles
            if place:
                password = self.password(saved.location)
                self._session.open(saved.location, password=password, show="never")
            else:
                self.opens(saved.location, view.run, view.tick)
                yield lambda: document.source is not None and document.source.key == keys[0]
                if view.run is not None:
                    yield lambda: str(document.run_id) == view.run
            yield lambda key=key: self._source(key) is not None
            source = self._source(key)
            if source is not None and saved.scale not in (None, _scale(source)):
                self._session.set_scale(source, saved.scale)
        yield self._settled

    def _compare(self, view: SavedView, keys: list[str]) -> Iterator[Callable[[], bool]]:
        """Hold the runs side by side that were so."""
        if not view.compared:
            return
        wanted = [(self._source(keys[run.source]), run.run) for run in view.compared]
        found: list[tuple[Source, Run]] = []

        def read(token: CancelToken) -> list[tuple[Source, Run]]:
            return [
                (source, source.ask(RunQuery(source.parse_run_id(run)), token).run)
                for source, run in wanted
                if source is not None
            ]

        self._window.context.runner.run(
            LANE, read, found.extend, lambda error: self._fail(str(error)), self, "listing runs"
        )
        yield lambda: bool(found)
        self._document.compare(found)

    def _restore(self, shown: View, view: SavedView) -> Iterator[Callable[[], bool]]:
        """Choices until the view tells the same, then the item, then where everything stands."""
        choices = Choices(view.state, shown.title)
        for _ in range(TURNS):
            choices = Choices(view.state, shown.title)
            shown.restore(choices)
            yield self._settled
            if _as_told(shown.state()) == view.state:
                break
        if choices.problem:
            self.said.emit(choices.problem)
        item = item_of(view.item)
        if item is not None:
            self._document.selection.select(item)
            yield self._settled
            self._document.cursor.move_to(view.tick)
            yield self._settled
        put_rooms(shown, view.rooms)
        put_splitters(shown, view.splitters)
        yield self._settled
        put_columns(shown, view.columns)
        yield self._settled
        scroll_to(shown, view.scrolled)
        yield self._settled

    def _compare_fingerprints(self, view: SavedView, keys: list[str]) -> None:
        """Say where a source is not what it was when the view was saved."""
        pairs = [
            (source, saved.fingerprint)
            for saved, key in zip(view.sources, keys, strict=True)
            if saved.fingerprint is not None and (source := self._source(key)) is not None
        ]
        run_id = self._document.run_id

        def look(token: CancelToken) -> list[str]:
            names = []
            for place, (source, then) in enumerate(pairs):
                now = fingerprint_of(source, run_id if place == 0 else None, token)
                if changed_since(now, then):
                    names.append(source.name)
            return names

        def tell(names: list[str]) -> None:
            if names:
                self.said.emit(
                    f"{', '.join(names)} has changed since this view was saved; it is shown as it "
                    "is now."
                )

        self._window.context.runner.run(
            LANE, look, tell, lambda error: None, self, "looking whether the source has changed"
        )

    def _settled(self) -> bool:
        return self._window.context.runner.idle() and self._window.area.settled()

    def _source(self, key: str) -> Source | None:
        return next((s for s in self._document.sources if s.key == key), None)


def _as_told(values: Any) -> Any:
    """As a file will tell it: plain texts, lists for tuples."""
    return json.loads(json.dumps(values))


def _saved(source: Source) -> SavedSource:
    location = without_secrets(source.location)
    read = source.by_roles
    roles = None if read is None else json.loads(to_json(read.mapping))
    return SavedSource(location, source.identity.family, _scale(source), roles)


def _scale(source: Source) -> int | None:
    """What quantities are divided by; None where nothing is."""
    return max(source.scales.values()) if source.scales else None
