"""Navigation: the verbs that move the cursor, from tick to tick and from trade to trade."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from vmt_log_viewer.background.seek import Seek, find
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.state.playback import SPEEDS
from vmt_log_viewer.window import Window

WHAT = {"trades": "trade", "attempts": "failed attempt"}
LANE = "session.seek"


class Navigation(QObject):
    """Binds the verbs of the menu Go. Seeking keeps to the brush and to the chosen agents."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._document = window.context.document
        self._runner = window.context.runner
        self._bind_ticks()
        bind = window.actions_.bind
        bind("next_trade", lambda: self.seek("trades", True))
        bind("previous_trade", lambda: self.seek("trades", False))
        bind("next_failure", lambda: self.seek("attempts", True))
        bind("previous_failure", lambda: self.seek("attempts", False))

    def seek(self, role: str, forward: bool) -> None:
        """Go to the next or previous row of a kind, and select it."""
        document, seek = self._document, self._from_here(role, forward)
        source, run_id = document.source, document.run_id
        if seek is None or source is None or run_id is None:
            return

        def show(found: RowItem | None) -> None:
            if found is None:
                there = "after" if forward else "before"
                self._window.tell(f"No {WHAT[role]} {there} tick {seek.tick}.")
                return
            document.cursor.move_to(found.tick)
            document.selection.select(found)

        self._runner.run(
            LANE,
            lambda token: find(source, run_id, seek, token),
            show,
            lambda error: self._window.say(str(error)),
            what=f"looking for a {WHAT[role]}",
            source=source,
        )

    def _from_here(self, role: str, forward: bool) -> Seek | None:
        """Where to look: after the row selected at the cursor, or from the cursor itself."""
        cursor, selection = self._document.cursor, self._document.selection
        source, item = self._document.source, selection.item
        bounds = selection.brush or cursor.bounds
        table = None if source is None else source.table_with_role(role)
        if cursor.tick is None or bounds is None or table is None:
            return None
        here = isinstance(item, RowItem) and (item.table, item.tick) == (table.name, cursor.tick)
        key = item.key if isinstance(item, RowItem) and here else None
        return Seek(role, cursor.tick, forward, bounds, key, selection.agents)

    def _bind_ticks(self) -> None:
        bind, cursor = self._window.actions_.bind, self._document.cursor
        playback, marks = self._document.playback, self._document.marks
        bind("next_tick", lambda: cursor.step(1))
        bind("previous_tick", lambda: cursor.step(-1))
        bind("next_ten", lambda: cursor.step(10))
        bind("previous_ten", lambda: cursor.step(-10))
        bind("first_tick", cursor.first)
        bind("last_tick", cursor.last)
        bind("play", playback.toggle)
        bind("faster", lambda: self._change_speed(1))
        bind("slower", lambda: self._change_speed(-1))
        bind("mark", lambda: None if cursor.tick is None else marks.toggle(cursor.tick))
        bind("next_mark", lambda: self._to_mark(marks.after))
        bind("previous_mark", lambda: self._to_mark(marks.before))
        playback.toggled.connect(lambda on: self._window.actions_["play"].setChecked(on))

    def _to_mark(self, find: Callable[[int], int | None]) -> None:
        cursor = self._document.cursor
        if cursor.tick is not None:
            cursor.move_to(find(cursor.tick))

    def _change_speed(self, by: int) -> None:
        playback = self._document.playback
        place = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - playback.speed))
        playback.set_speed(SPEEDS[max(0, min(len(SPEEDS) - 1, place + by))])
