"""Pages of the Compare view: a table with a caption, the first difference, groups of seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from telemetry.analysis.divergences import ALSO, also_rows, cells, headings, sentence
from telemetry.concepts import Divergence
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.compare_work import Told, Totals, groups_table
from vmt_log_viewer.widgets.plain import caption, tool_button
from vmt_log_viewer.widgets.plain_table import PlainTable

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

READING = "Reading …"


class TablePage(QWidget):
    """A table under one sentence; `name` is what its export is called."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.name = name
        self.said = caption(theme, elided=False)
        self.said.setWordWrap(True)
        self.table = PlainTable(theme)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, INSIDE, 0, 0)
        self.body.setSpacing(GRID)
        self.body.addWidget(self.said)
        self.body.addWidget(self.table, 1)
        self.body.addStretch(0)  # takes the room of a table that is hidden

    def wait(self) -> None:
        """Nothing is known yet."""
        self.say(READING)

    def say(self, text: str) -> None:
        """A sentence in place of the table."""
        self.said.setText(text)
        self.table.rows.show((), ())
        self.table.hide()

    def show_table(self, told: Told, text: str) -> None:
        self.said.setText(text)
        self.table.setVisible(bool(told.rows))
        self.table.rows.show(told.columns, told.rows)


class DivergencePage(TablePage):
    """Where two runs part: the sentence, a way to get there, and the cells of both."""

    tick_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "first-difference")
        self.go = tool_button("Go there", "arrow-right", "Show this tick and these agents")
        self.go.clicked.connect(self.tick_wanted)
        self.also = PlainTable(theme)
        self.said.setFont(theme.font("text"))
        self.said.setForegroundRole(QPalette.ColorRole.WindowText)
        line = QHBoxLayout()
        line.addWidget(self.go)
        line.addStretch(1)
        self.body.insertLayout(1, line)
        self.body.addWidget(self.also)
        self.say("")

    def say(self, text: str) -> None:
        super().say(text)
        self.go.hide()
        self.also.hide()

    def show_divergence(self, found: Divergence, left: str, right: str) -> None:
        said = " ".join((sentence(found, left, right), *found.notes))
        if found.first is None:
            self.say(said)
            return
        self.show_table(Told(headings(found.first, left, right), cells(found.first)), said)
        self.go.setVisible(found.first.tick is not None)
        if found.first.tick is not None:
            self.go.setText(f"Go to tick {found.first.tick}")
        self.also.setVisible(bool(found.also))
        self.also.rows.show(ALSO, also_rows(found, left, right))
        lines = min(6, len(found.also)) + 1
        self.also.setFixedHeight(lines * self.also.verticalHeader().defaultSectionSize() + 6)


class SeedsPage(TablePage):
    """The groups that differ by seed alone, and how a chosen one differs from the first.

    It works nothing out itself: who hears `wanted` answers with `show_effects`.
    """

    wanted = Signal(int)  # the row of a group

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "effects")
        self.groups = PlainTable(theme)
        self._found: Totals | None = None
        self.shown: tuple[int, Told] | None = None  # the group held against the first, and how
        self.body.insertWidget(1, self.groups)
        self.groups.row_chosen.connect(self._choose)
        self.say("")

    def say(self, text: str) -> None:
        super().say(text)
        self.groups.hide()
        self.shown = None

    def show_groups(self, found: Totals) -> None:
        self._found = found
        several = [g for g in found.groups if len(g.runs) > 1]
        if not several:
            self.say("No two of these runs share a configuration but for the seed, so there is "
                     "nothing to tell an effect from the noise of seeds.")  # fmt: skip
            return
        told = groups_table(found)
        self.groups.show()
        self.groups.rows.show(told.columns, told.rows)
        lines = min(6, len(told.rows)) + 1
        self.groups.setFixedHeight(lines * self.groups.verticalHeader().defaultSectionSize() + 20)
        self._choose(1 if len(found.groups) > 1 else 0)

    def choose_group(self, row: int) -> None:
        """Hold the group in `row` against the first one, as if it had been clicked."""
        self.groups.choose(row)
        self._choose(row)

    def _choose(self, row: int) -> None:
        """Ask for how this group differs from the first one."""
        found = self._found
        if found is not None and 0 <= row < len(found.groups):
            self.said.setText(READING)
            self.wanted.emit(row)

    def ask_again(self) -> None:
        """What is held against the first group is another measure now."""
        rows = self.groups.chosen()
        if self._found is not None and not self.groups.isHidden():
            self._choose(rows[0] if rows else min(1, len(self._found.groups) - 1))

    def show_effects(self, row: int, told: Told) -> None:
        """The effects of the group in `row`, or the means of the first one."""
        if self._found is None or not 0 <= row < len(self._found.groups):
            return
        self.shown = (row, told) if told.rows else None
        first, other = self._found.groups[0], self._found.groups[row]
        if other is not first:
            said = f"{other.name} less {first.name}: mean difference with its 95 % t interval; "
            self.show_table(told, said + "effect size in standard deviations.")
            return
        many = len(self._found.groups) > 1
        more = " Choose another one to hold it against this." if many else ""
        self.show_table(told, f"{first.name}: means with their 95 % t intervals.{more}")
