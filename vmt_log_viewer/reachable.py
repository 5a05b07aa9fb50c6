"""Reachable: what the palette offers besides the verbs: views, marks, filters, runs, sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from telemetry.filters.saved import SavedFilter
from vmt_log_viewer.actions import key_text
from vmt_log_viewer.background.session import Session
from vmt_log_viewer.dialogs.entries import Entry
from vmt_log_viewer.filtering import Filtering
from vmt_log_viewer.icons import icon
from vmt_log_viewer.window import Window


class Reachable:
    """Looks at what is open at the moment that it is asked. `open_` opens a location."""

    def __init__(
        self, window: Window, session: Session, filtering: Filtering, open_: Callable[[str], None]
    ) -> None:
        self._window, self._session = window, session
        self._filtering, self._open = filtering, open_
        self._document = window.context.document

    def entries(self) -> Iterator[Entry]:
        yield from self._views()
        yield from self._faces()
        yield from self._marks()
        yield from self._filters()
        yield from self._runs()
        yield from self._recent()

    def _views(self) -> Iterator[Entry]:
        area, actions = self._window.area, self._window.actions_
        suitable = area.suitable() if self._document.source is not None else []
        for number, page in enumerate(area.pages, 1):
            why = "" if page in suitable else page.reason or "no source is open"
            keys = key_text(actions[f"view_{number}"])
            go = partial(area.go_to, page)
            yield Entry(f"View {page.kind.title}", keys or "view", go, icon(page.kind.icon), why)

    def _faces(self) -> Iterator[Entry]:
        """The tabs of the views that are seen."""
        for view in self._window.area.views():
            for face in view.faces():
                turn = partial(view.turn_to_face, face)
                yield Entry(f"{view.title}: {face}", "tab", turn, icon(view.icon))

    def _marks(self) -> Iterator[Entry]:
        for mark in self._document.marks.all:
            go = partial(self._document.cursor.move_to, mark.tick)
            yield Entry(f"Go to {mark.words}", "marked tick", go, icon("map-pin"))

    def _filters(self) -> Iterator[Entry]:
        for saved in self._filtering.of_source():
            text = f"Filter {self._filtering.label_of(saved)}: {saved.name}"
            do = partial(self._filtering.apply, saved)
            yield Entry(text, "saved filter", do, icon("bookmark-simple"), self._why_not(saved))

    def _why_not(self, saved: SavedFilter) -> str:
        source = self._document.source
        tables = () if source is None else source.tables
        table = next((table for table in tables if table.name == saved.table), None)
        if table is None:
            return f"{saved.table} is not in this source"
        lacking = saved.lacking(table.columns)
        return f"not recorded here: {', '.join(lacking)}" if lacking else ""

    def _runs(self) -> Iterator[Entry]:
        picture = icon("chart-line")
        for source, run in self._window.library.model.all_runs():
            shown = source is self._document.source and run.run_id == self._document.run_id
            if not shown:
                text, hint = f"Run {run.run_id}: {run.name}", source.name
                show = partial(self._session.show_run, source, run)
                yield Entry(text, hint, show, picture, asked=True)

    def _recent(self) -> Iterator[Entry]:
        opened = {source.location for source in self._document.sources}
        for location in self._session.recent():
            if location not in opened:
                name = location if "://" in location else Path(location).name
                do = partial(self._open, location)
                yield Entry(f"Open {name}", location, do, icon("clock"), asked=True)
