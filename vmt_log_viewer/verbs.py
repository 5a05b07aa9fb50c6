"""What the verbs do: each one bound to the part of the program that does it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from telemetry.errors import TelemetryError
from vmt_log_viewer import passwords
from vmt_log_viewer.actions import MOST_VIEWS
from vmt_log_viewer.background.following import Follower
from vmt_log_viewer.background.opening import shown
from vmt_log_viewer.background.session import Session
from vmt_log_viewer.dialogs import scale as scale_dialog
from vmt_log_viewer.dialogs.about import About
from vmt_log_viewer.dialogs.card import Card
from vmt_log_viewer.dialogs.keys import KeyHelp
from vmt_log_viewer.dialogs.marks import MarksCard
from vmt_log_viewer.dialogs.open_url import OpenUrl
from vmt_log_viewer.dialogs.palette import CommandPalette
from vmt_log_viewer.exports import Exports
from vmt_log_viewer.filtering import Filtering
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.navigation import Navigation
from vmt_log_viewer.proof import Proof
from vmt_log_viewer.reachable import Reachable
from vmt_log_viewer.role_choice import RoleChoice
from vmt_log_viewer.state.items import RunItem
from vmt_log_viewer.window import Window

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.theme import Choice


REOPEN = "reopen"


class Verbs(QObject):
    """Binds every verb, and keeps those enabled that can be done now."""

    def __init__(self, window: Window, session: Session) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._context = window.context
        self._document = window.context.document
        self._actions = window.actions_
        self._recorded: set[str | None] = set()
        self._busy = False
        self._soon = QTimer(self)  # answers come by the dozen
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.update_facts)
        self._exports = Exports(window)
        self.role_choice = RoleChoice(window, session)
        self.proof = Proof(window, session, self.open_location)
        self.follower = Follower(self._document, self._context.runner, self)
        self._bind_files()
        self._bind_edit()
        self._navigation = Navigation(window)
        self.filtering = Filtering(window, self.follower)
        self._reachable = Reachable(window, session, self.filtering, self.open_location)
        self._bind_view()
        self._watch()
        self.update_facts()

    def stop(self) -> None:
        """No clock is left running."""
        self._soon.stop()
        self.follower.set_on(False)
        self.proof.stop()

    def open_location(self, location: str, run: str | None = None, tick: int | None = None) -> None:
        """Open what was dropped, chosen or opened before; a server's password is asked for."""
        if self.proof.takes(location):
            return
        if not passwords.wanted(location):
            self._session.open(location, run, tick)
        elif (password := passwords.recall(shown(location))) is not None:
            self._session.open(location, run, tick, password)
        else:
            self._open_url(location, run, tick)

    def _bind_files(self) -> None:
        bind = self._actions.bind
        bind("open_file", self._open_file)
        bind("open_folder", self._open_folder)
        bind("open_url", lambda: self._open_url())
        bind("close_source", lambda: self._close(self._meant_source()))
        bind("set_scale", lambda: self._set_scale(self._meant_source()))
        bind("roles", lambda: self.role_choice.show(self._meant_source()))
        bind("export", self._exports.export_view)
        bind("export_run", self._exports.export_run)
        bind("quit", self._window.close)
        reopen, settings = self._actions["reopen"], self._context.settings
        bind("reopen", lambda: settings.set(REOPEN, reopen.isChecked()))
        reopen.setChecked(bool(settings.get(REOPEN, True)))
        self._window.dropped.connect(lambda found: [self.open_location(place) for place in found])
        self._window.library.tree.close_wanted.connect(self._close)
        self._window.library.tree.scale_wanted.connect(self._set_scale)
        self._window.library.tree.roles_wanted.connect(self.role_choice.show)
        self._session.recent_changed.connect(self._fill_recent)
        self._fill_recent()

    def _bind_edit(self) -> None:
        bind, selection = self._actions.bind, self._document.selection
        bind("undo", self._document.history.undo)
        bind("redo", self._document.history.redo)
        bind("filter", self._filter)
        bind("filter_library", self._filter_library)
        bind("clear_brush", lambda: selection.set_brush(None))
        bind("clear_agents", lambda: selection.set_agents(()))
        bind("star", self._star)

    def _bind_view(self) -> None:
        bind, window = self._actions.bind, self._window
        bind("fit", lambda: [view.fit() for view in window.area.views()])
        bind("refresh", self._session.refresh)
        bind("follow", self._follow)
        self._actions["follow"].setChecked(bool(self._context.settings.get("follow", True)))
        self.follower.set_on(self._actions["follow"].isChecked())
        bind("move_view", window.area.move_current)
        bind("split_right", lambda: window.area.split_current("right"))
        bind("split_below", lambda: window.area.split_current("bottom"))
        bind("join", window.area.join)
        for key, dock in (
            ("show_library", window.library_dock),
            ("show_inspector", window.inspector_dock),
        ):
            bind(key, lambda key=key, dock=dock: dock.setVisible(self._actions[key].isChecked()))
        bind("inspect_run", self._inspect_run)
        bind("cancel", self._context.runner.cancel_all)
        for choice in ("system", "light", "dark"):
            bind(f"theme_{choice}", lambda choice=choice: self._choose_theme(choice))
        for number in range(1, MOST_VIEWS + 1):
            bind(f"view_{number}", lambda number=number: self._go_to(number))
        bind("palette", lambda: self._show_card(CommandPalette(
            self._actions, self._context.theme, window, self._reachable.entries())))  # fmt: skip
        bind("keys", lambda: self._show_card(KeyHelp(self._actions, self._context.theme, window)))
        bind("marks", lambda: self._show_card(
            MarksCard(self._document, self._context.theme, window)))  # fmt: skip
        bind("about", lambda: self._show_card(About(self._context.theme, window)))
        self._show_theme()

    def _follow(self) -> None:
        on = self._actions["follow"].isChecked()
        self.follower.set_on(on)
        self._context.settings.set("follow", on)

    def _watch(self) -> None:
        """Whatever may change what can be done."""
        document = self._document
        document.run_shown.connect(self._look_at_tables)
        document.source_shown.connect(lambda source: self._say_why_not())
        for signal in (
            document.source_opened,
            document.source_closed,
            document.run_cleared,
            document.source_shown,
            document.cursor.bounds_changed,
            document.selection.agents_changed,
            document.selection.brush_changed,
            document.marks.changed,
            document.shelf.changed,
        ):
            signal.connect(self._facts_changed)
        document.history.changed.connect(self._history_changed)
        self._window.area.current_changed.connect(self.update_facts)
        self._window.area.made.connect(lambda view: view.export_changed.connect(self.update_facts))
        self._context.runner.busy_changed.connect(self._busy_changed)

    def _facts_changed(self, *_: object) -> None:
        self.update_facts()

    def _busy_changed(self) -> None:
        """At once where work begins or ends; what answers may change is looked at once a turn."""
        begun = self._busy
        self._busy = not self._context.runner.idle()
        if self._busy == begun:
            self._soon.start(0)
        elif self._busy:
            self._tell(busy=True)
        else:
            self._soon.stop()
            self.update_facts()

    def _history_changed(self, *_: object) -> None:
        """At every tick: nothing else is looked at."""
        history = self._document.history
        undo, redo = history.undo_text, history.redo_text
        self._tell(undo=undo is not None, redo=redo is not None)
        self._actions["undo"].setText(f"Undo: {undo}" if undo else "Undo view change")
        self._actions["redo"].setText(f"Redo: {redo}" if redo else "Redo view change")

    def _tell(self, **facts: bool) -> None:
        """Some facts; the others are as they were."""
        holding = {name for name, holds in facts.items() if holds}
        self._actions.set_facts(self._actions.facts - facts.keys() | holding)

    def update_facts(self) -> None:
        """Enable what can be done now."""
        self._actions.set_facts(frozenset(self._facts()))
        self._say_why_not()

    def _facts(self) -> list[str]:
        document, area = self._document, self._window.area
        source = document.source
        view = area.current
        ticks = document.cursor.bounds is not None
        request = None if view is None else view.export_request()
        checks = {
            "source": bool(document.sources),
            "run": document.run is not None,
            "ticks": ticks,
            "trades": ticks and "trades" in self._recorded,
            "attempts": ticks and "attempts" in self._recorded,
            "scale": source is not None and bool(source.scales),
            "roles": source is not None and source.by_roles is not None,
            "undo": document.history.undo_text is not None,
            "redo": document.history.redo_text is not None,
            "brush": document.selection.brush is not None,
            "agents": bool(document.selection.agents),
            "marks": bool(document.marks.ticks),
            "table": self.filtering.current() is not None,
            "ringing": any(saved.rings for saved in self.filtering.of_source()),
            "split": area.split,
            "export": request is not None,
            "statement": request is not None and request.in_words,
            "view": view is not None and source is not None,
            "busy": not self._context.runner.idle(),
        }
        if source is not None:
            suitable = area.suitable()
            for number, page in enumerate(area.pages, 1):
                checks[f"view_{number}"] = page in suitable
        return [name for name, holds in checks.items() if holds]

    def _look_at_tables(self, source: Source, run_id: object) -> None:
        """Which tables the source has: told once a run, for describing them all takes time."""
        tables = (source.table_with_role(role) for role in ("trades", "attempts"))
        self._recorded = {t.role for t in tables if t is not None and t.recorded}
        self._say_why_not()
        self.update_facts()

    def _say_why_not(self) -> None:
        """The View menu keeps a view that does not suit, with the reason for it as its tip."""
        for number, page in enumerate(self._window.area.pages, 1):
            keys = f" (Ctrl+{number})" if number < 10 else ""
            tip = page.reason or f"{page.kind.title}{keys}"
            action, plain = self._window.actions_[f"view_{number}"], plain_tip(tip)
            if action.toolTip() != plain:  # each that is set is looked at by menus
                action.setToolTip(plain)

    # Files

    def _open_file(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Open telemetry", self._folder())
        for path in paths:
            self.open_location(path)
        self._keep_folder(paths)

    def _open_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self._window, "Open folder", self._folder())
        if path:
            self.open_location(path)
            self._keep_folder([path])

    def _open_url(self, url: str = "", run: str | None = None, tick: int | None = None) -> None:
        answer = OpenUrl.ask(self._window, url)
        if answer is None:
            return
        if answer.keep and answer.password is not None:
            passwords.keep(shown(answer.url), answer.password)
        self._session.open(answer.url, run, tick, answer.password)

    def _folder(self) -> str:
        return str(self._context.settings.get("folder", str(Path.home())))

    def _keep_folder(self, paths: list[str]) -> None:
        if paths:
            self._context.settings.set("folder", str(Path(paths[0]).parent))

    def _fill_recent(self) -> None:
        menu = self._window.recent_menu
        menu.clear()
        for location in self._session.recent():
            text = location.replace("&", "&&")
            menu.addAction(text, lambda location=location: self.open_location(location))
        menu.setEnabled(not menu.isEmpty())

    def _meant_source(self) -> Source | None:
        return self._window.library.current_source() or self._document.source

    def _close(self, source: Source | None) -> None:
        if source is not None:
            self._session.close(source)

    def _set_scale(self, source: Source | None) -> None:
        if source is None or not source.scales:
            return
        chosen = scale_dialog.ask(self._window, source.name, max(source.scales.values()))
        if chosen is not None:
            try:
                self._session.set_scale(source, chosen)
            except TelemetryError as error:
                self._window.say(str(error))

    # Edit and go

    def _filter(self) -> None:
        view = self._window.area.current
        if view is None or not view.focus_filter():
            self._filter_library()

    def _filter_library(self) -> None:
        self._window.library_dock.show()
        self._window.library.focus_filter()

    def _star(self) -> None:
        document = self._document
        if document.source is not None and document.run_id is not None:
            self._window.library.toggle_star(document.source, document.run_id)

    # View

    def _go_to(self, number: int) -> None:
        if number <= len(self._window.area.pages):
            self._window.area.go_to(self._window.area.pages[number - 1])

    def _inspect_run(self) -> None:
        self._window.inspector_dock.show()
        self._document.selection.select(RunItem())

    def _choose_theme(self, choice: Choice) -> None:
        self._context.theme.choose(choice)
        self._context.settings.set("theme", choice)
        self._show_theme()

    def _show_theme(self) -> None:
        for choice in ("system", "light", "dark"):
            self._actions[f"theme_{choice}"].setChecked(self._context.theme.choice == choice)

    def _show_card(self, card: Card) -> None:
        card.open()
        card.setFocus()
