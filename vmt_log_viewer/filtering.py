"""Filtering: saved filters put in force, and what happens when one of them rings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from telemetry.errors import FilterError
from telemetry.filters.saved import SavedFilter
from vmt_log_viewer.background.following import Follower
from vmt_log_viewer.background.ringing import Ringer
from vmt_log_viewer.state.alerts import Ring
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.views.area import ViewPage
from vmt_log_viewer.views.experiment import ExperimentView
from vmt_log_viewer.views.experiment_page import tables_above_runs
from vmt_log_viewer.views.experiment_sources import pairs_of
from vmt_log_viewer.views.row_view import RowView
from vmt_log_viewer.views.tables import TablesView, tables_of
from vmt_log_viewer.views.view import View
from vmt_log_viewer.widgets.saved_filters import SavedFilterPanel
from vmt_log_viewer.widgets.words import count_text
from vmt_log_viewer.window import Window

SOUND = "ring_sound"


class Filtering(QObject):
    """Binds the verbs of saved filters. `beep` makes the sound."""

    def __init__(self, window: Window, follower: Follower) -> None:
        super().__init__(window)
        self._window = window
        self._document = window.context.document
        self._settings = window.context.settings
        self.beep: Callable[[], None] = QApplication.beep
        self._rung: dict[tuple[str, str, str], tuple[int, int]] = {}  # rows, first tick
        self.ringer = Ringer(self._document, window.context.runner, self)
        self.ringer.rang.connect(self._rang)
        self.ringer.failed.connect(window.say)
        self._document.run_shown.connect(lambda *_: self._forget())
        follower.grown.connect(self.ringer.grow)
        follower.replaced.connect(self.ringer.begin)
        bind, actions = window.actions_.bind, window.actions_
        bind("saved_filters", self._open)
        bind("silence", self.silence)
        bind("ring_sound", lambda: self._settings.set(SOUND, actions["ring_sound"].isChecked()))
        actions["ring_sound"].setChecked(bool(self._settings.get(SOUND, True)))

    def of_source(self) -> tuple[SavedFilter, ...]:
        """All that are saved for the tables of the source shown."""
        source = self._document.source
        return () if source is None else self._document.shelf.of(source.family)

    def apply(self, saved: SavedFilter) -> bool:
        """See the table filtered like this; False, and a sentence said, where that cannot be."""
        try:
            with self._document.history.together(f"apply “{saved.name}”"):
                panel = self._panel_of(saved)
                if panel is None:
                    where = f"of {saved.table}, which no view shows here"
                    raise FilterError(f"The saved filter “{saved.name}” is {where}.")
                panel.use(saved)
        except FilterError as error:
            self._window.say(str(error))
            return False
        return True

    def silence(self, only: SavedFilter | None = None) -> None:
        """Let filters ring no more (None: none of those of this source)."""
        for saved in self.of_source():
            if saved.rings and (only is None or saved.key == only.key):
                self._document.shelf.keep(msgspec.structs.replace(saved, rings=False))

    def current(self) -> SavedFilterPanel | None:
        """The saved filters of the table that is meant, if one is seen."""
        view = self._window.area.current
        return None if view is None else view.saved_filters()

    def _open(self) -> None:
        panel = self.current()
        if panel is not None:
            panel.open()

    def _panel_of(self, saved: SavedFilter) -> SavedFilterPanel | None:
        """What filters this table, in the view that shows it, which is turned to it."""
        view = self._view_of(saved)
        if isinstance(view, ExperimentView):
            return view.turn_to_table(saved.table)
        return view.saved if isinstance(view, RowView) else None

    def _view_of(self, saved: SavedFilter) -> View | None:
        """The view that shows this table, which is seen then."""
        source, area = self._document.source, self._window.area
        if source is None:
            return None
        for page in area.suitable():
            table = source.table_with_role(getattr(page.kind, "role", "") or "-")
            if table is not None and table.name == saved.table:
                return self._seen(page)
        above = [table.name for table in (*tables_above_runs(source), *pairs_of(source))]
        page = area.page(ExperimentView.name)
        if page is not None and saved.table in above:
            return self._seen(page)
        page = area.page(TablesView.name)
        if page is None or saved.table not in [table.name for table in tables_of(source)]:
            return None
        view = self._seen(page)
        if isinstance(view, TablesView):
            view.choose(saved.table)
        return view

    def _seen(self, page: ViewPage) -> View | None:
        self._window.area.go_to(page)
        page.hurry()
        return page.view

    def _rang(self, ring: Ring) -> None:
        """Say it above the views, on the timeline, in the task bar, and once by a sound."""
        saved, messages = ring.saved, self._window.messages
        about = _about(saved.key)
        known = self._rung.get(saved.key) if messages.tells(about) else None
        count, first = (ring.count, ring.tick) if known is None else (
            known[0] + ring.count, known[1])  # fmt: skip
        self._rung[saved.key] = count, first
        self._document.alerts.add(saved.name, ring.ticks)
        rows = "1 new row" if count == 1 else f"{count_text(count)} new rows"
        last = ring.ticks[-1]
        where = f"at tick {first}" if first == last else f"at ticks {first}–{last}"
        messages.say(
            f"“{saved.name}” rang: {rows} of {self.label_of(saved)} {where}.",
            "Show",
            partial(self._show, ring, first),
            "Stop ringing",
            partial(self.silence, saved),
            about,
        )
        QApplication.alert(self._window)
        if known is None and self._settings.get(SOUND, True):
            self.beep()

    def _forget(self) -> None:
        """What rang was of another run."""
        for key in self._rung:
            self._window.messages.take_back(_about(key))
        self._rung = {}

    def label_of(self, saved: SavedFilter) -> str:
        """The table's name as people read it."""
        source = self._document.source
        tables = () if source is None else source.tables
        return next((table.label for table in tables if table.name == saved.table), saved.table)

    def _show(self, ring: Ring, first: int) -> None:
        if self.apply(ring.saved):
            self._document.cursor.move_to(first)
            if ring.tick == first:
                self._document.selection.select(RowItem(ring.saved.table, ring.key, first))


def _about(key: tuple[str, str, str]) -> str:
    """What a ring's sentence is about, so that the next one takes its place."""
    return f"ring {key}"
