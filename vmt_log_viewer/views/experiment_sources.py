"""SourcePages: the tabs of an experiment that depend on which tables its source has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from telemetry.concepts import Cell, Table
from vmt_log_viewer.views.experiment_effects import EffectsPage
from vmt_log_viewer.views.experiment_page import ExperimentPage, tables_above_runs
from vmt_log_viewer.views.experiment_pairs import ROLE, PairsPage
from vmt_log_viewer.views.experiment_table import TablePage
from vmt_log_viewer.views.experiment_tabs import ExperimentTabs
from vmt_log_viewer.views.view import Context

if TYPE_CHECKING:
    from telemetry.source import Source


class SourcePages(QObject):
    """Pairs and effects where runs are compared in pairs, and a page for every other table that
    lies above runs. Made anew for another source; kept for another experiment of the same."""

    run_wanted = Signal(object)  # RunId
    status_changed = Signal()
    export_changed = Signal()

    def __init__(self, context: Context, lane: str, tabs: ExperimentTabs) -> None:
        super().__init__(tabs)
        self._context, self._lane, self._tabs = context, lane, tabs
        self._source: Source | None = None
        self._status: dict[ExperimentPage, str] = {}
        self.pairs: PairsPage | None = None
        self.effects: EffectsPage | None = None
        self.tables: dict[str, TablePage] = {}

    @property
    def recorded(self) -> bool:
        """Whether any of the pages has a table that this source has."""
        return self.pairs is not None or any(p.table.recorded for p in self.tables.values())

    def show_source(self, source: Source) -> None:
        """Make the pages of this source, unless they are there."""
        if source is self._source:
            return
        self.drop()
        self._source = source
        for table in pairs_of(source):
            self.pairs = PairsPage(self._context, f"{self._lane}.pairs", table)
            self._add(self.pairs, table.label)
            if table.with_role("effect") and table.with_role("parameter"):
                lane = f"{self._lane}.effects"
                self.effects = EffectsPage(self._context, lane, table, self.pairs)
                self.effects.pairs_wanted.connect(self._show_pairs)
                self._add(self.effects, "Effects")
        for other in tables_above_runs(source):
            page = TablePage(self._context, f"{self._lane}.{other.name}", other)
            self.tables[other.name] = page
            self._add(page, other.label, "" if other.recorded else "Not recorded in this database")

    def page_of(self, table: str) -> TablePage | PairsPage | None:
        """The page that shows this table's rows."""
        if self.pairs is not None and self.pairs.table.name == table:
            return self.pairs
        return self.tables.get(table)

    def drop(self) -> None:
        """The source is shown no more."""
        pages = [page for page in (self.pairs, self.effects, *self.tables.values()) if page]
        self._tabs.drop(pages)
        self._status.clear()
        self._source = self.pairs = self.effects = None
        self.tables = {}

    def turn_to_first(self) -> None:
        page = self.pairs or next(iter(self.tables.values()), None)
        if page is not None:
            self._tabs.turn_to(page)

    def status(self, page: ExperimentPage) -> str:
        """What the page last said for the status bar."""
        return self._status.get(page, "")

    def _add(self, page: ExperimentPage, title: str, tip: str = "") -> None:
        self._tabs.add(page, title, tip)
        page.run_wanted.connect(self.run_wanted)
        page.export_changed.connect(self.export_changed)
        page.status_changed.connect(lambda text: self._say(page, text))

    def _say(self, page: ExperimentPage, text: str) -> None:
        self._status[page] = text
        self.status_changed.emit()

    def _show_pairs(self, cells: dict[str, Cell]) -> None:
        if self.pairs is not None:
            self._tabs.turn_to(self.pairs)
            self.pairs.narrow(cells)


def pairs_of(source: Source) -> tuple[Table, ...]:
    """The table of pairs of runs, where the source has one."""
    table = source.table_with_role(ROLE)
    return () if table is None or not table.recorded else (table,)
