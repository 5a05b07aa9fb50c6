"""TablePanel: a table with its filters, columns, clipboard, and the line that counts its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from telemetry.concepts import AgentId, Column, RunId, Table, TickRange
from telemetry.errors import TelemetryError
from telemetry.filters import Filter
from telemetry.frozen import replace
from telemetry.queries import ColumnsQuery, CountQuery, Sort, TableQuery, Where
from telemetry.text import CENTS, UNITS
from vmt_log_viewer.background.pace import Pace
from vmt_log_viewer.models.cell_style import CellStyle
from vmt_log_viewer.models.clipboard import copied_text
from vmt_log_viewer.models.paged_table import PagedTable
from vmt_log_viewer.turns import paint_later
from vmt_log_viewer.widgets.row_choice import RowChoice
from vmt_log_viewer.widgets.row_filters import RowFilters
from vmt_log_viewer.widgets.row_menu import give_row_menu
from vmt_log_viewer.widgets.row_table import RowTable
from vmt_log_viewer.widgets.table_bar import TableBar
from vmt_log_viewer.widgets.words import count_text, rows_text, ticks_text

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context

# Roles of columns that are read for one row at a time only.
HEAVY = (
    "payload",
    "system_prompt",
    "prompt",
    "response",
    "reasoning",
    "policy",
    "old_policy",
    "log",
)
_SOON = 60  # milliseconds: a dragged brush asks once it rests, not at every pixel


class TablePanel(QWidget):
    """Rows of one table of one run, as filtered, sorted and limited to ticks and agents.

    `asked` tells companions (facets, summary, scatter) that `where` is another one; they ask
    for themselves, so that the first rows never wait for them.
    """

    asked = Signal()
    columns_judged = Signal()
    status_changed = Signal(str)
    row_chosen = Signal(int)  # by hand; once its cells are here
    row_found = Signal(int)  # the row that `choose_key` looked for; once its cells are here
    row_opened = Signal(int)
    failed = Signal(object)
    nothing_recorded = Signal()  # the run has no row in this table, whatever the filters

    def __init__(self, context: Context, lane: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._lane = context, lane
        self.filters = RowFilters(self)
        self.model = PagedTable(context.runner, f"{lane}.rows", CellStyle(context.theme), self)
        self.view = RowTable(self.model, self.filters, context.theme, self)
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self.table: Table | None = None
        self._judged: tuple[Column, ...] | None = None
        self._ticks: TickRange | None = None
        self._agents: tuple[AgentId, ...] | None = None
        self._always: tuple[Filter, ...] = ()
        self._unseen: tuple[str, ...] = ()
        self._all: int | None = None
        self._problem = ""
        self._seen: TableQuery | None = None
        self._soon = QTimer(self, singleShot=True, interval=_SOON)
        self._soon.timeout.connect(self._ask)
        runner = context.runner
        self._pace_rows = Pace(self._ask_again, self.model.settled, runner, self)
        self._pace_counts = Pace(
            self._count_again, lambda: not runner.pending(f"{lane}."), runner, self
        )
        self._choice = RowChoice(self.model, self.view, self)
        self._bar = TableBar(context.theme)
        self._lay_out()
        self._connect()

    def add_tool(self, widget: QToolButton, *, first: bool = False) -> None:
        """Put a button of the view's own into the line above the table."""
        self._bar.add_tool(widget, first=first)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._bar.fit(self.width())

    # What is shown

    def show_table(
        self,
        source: Source,
        run_id: RunId,
        table: Table,
        texts: dict[str, str] | None = None,
        sort: Sort | None = None,
    ) -> None:
        """Show `table` of a run, filtered by `texts` (None: as it was filtered before)."""
        table = replace(table, columns=self._seen_at_first(table.columns))
        self._source, self._run_id, self.table = source, run_id, table
        self._context.theme.learn(table.columns)
        self._judged, self._all, self._problem = None, None, ""
        self._soon.stop()
        if texts is not None:
            self.filters.blockSignals(True)
            self.filters.replace(texts)
            self.filters.blockSignals(False)
        self.filters.set_columns(table.columns)
        self._soon.stop()
        kept = self.model.asked.sort if self.model.asked is not None else None
        self._submit(sort or kept)
        runner, lane = self._context.runner, self._lane
        runner.submit(
            f"{lane}.columns", source, ColumnsQuery(run_id, table.name), self._judge, None, self
        )
        runner.submit(
            f"{lane}.all",
            source,
            CountQuery(run_id, table.name, Where(self._always)),
            self._count_all,
            None,
            self,
        )

    def clear(self) -> None:
        self._source = self._run_id = self.table = None
        self._soon.stop()
        self.model.clear()

    def grow(self, ticks: TickRange) -> None:
        """The run has come further: new rows are appended; what counts rows counts now and then."""
        if self._source is None or self.table is None:
            return
        if self._all == 0:
            self.refresh()  # there may be rows now where there were none
        elif self.table.with_role("tick") is None or not self.model.grow(ticks):
            self._pace_rows.want()
        self._pace_counts.want()

    def _ask_again(self) -> None:
        if self._source is not None and self.model.asked is not None:
            self.model.ask(self._source, self.model.asked)

    def _count_again(self) -> None:
        """Whole-table counts and what the companions (facets, summary) show."""
        if self._source is None or self._run_id is None or self.table is None:
            return
        query = CountQuery(self._run_id, self.table.name, Where(self._always))
        lane = f"{self._lane}.all"
        self._context.runner.submit(lane, self._source, query, self._count_all, None, self)
        self.asked.emit()

    def refresh(self) -> None:
        if self._source is not None and self._run_id is not None and self.table is not None:
            self.show_table(self._source, self._run_id, self.table)

    def ask_now(self) -> None:
        """Take over what was changed, without waiting for more of it."""
        if self._soon.isActive():
            self._soon.stop()
            self._ask()

    def limit_ticks(self, ticks: TickRange | None) -> None:
        """Only rows within `ticks`; None: all."""
        if ticks != self._ticks:
            self._ticks = ticks
            self._ask_soon()

    def limit_agents(self, agents: tuple[AgentId, ...] | None) -> None:
        """Only rows in which one of `agents` takes part; None: all."""
        if agents != self._agents:
            self._agents = agents
            self._ask_soon()

    def limit_rows(self, always: tuple[Filter, ...], unseen: tuple[str, ...] = ()) -> None:
        """Only rows that these filters let pass, whatever the user filters by besides, without
        columns that play the roles `unseen` unless asked for; to be said before `show_table`."""
        self._always, self._unseen = always, unseen

    @property
    def source(self) -> Source | None:
        return self._source

    @property
    def where(self) -> Where:
        return Where((*self._always, *self.filters.filters), self._ticks, self._agents)

    def where_without(self, column: str) -> Where:
        """As `where`, but for the filter on `column`: what its facet counts."""
        others = (*self._always, *self.filters.without(column))
        return Where(others, self._ticks, self._agents)

    def export_query(self) -> TableQuery | None:
        """The rows exactly as shown: filtered, sorted, visible columns in their order.

        Beside money that is stored in cents stand its units, which are what the table shows.
        """
        if self.model.asked is None:
            return None
        known = {column.name for column in self.columns}
        cents = {c.name for c in self.columns if c.unit == CENTS and c.name + UNITS in known}
        names: list[str] = []
        for name in self.view.visible_columns():
            names += [name, name + UNITS] if name in cents else [name]
        return replace(self.model.asked, columns=tuple(dict.fromkeys(names)))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns, `recorded` judged for the run once that is known."""
        if self._judged is not None:
            return self._judged
        return self.table.columns if self.table is not None else ()

    def column(self, role: str) -> Column | None:
        """The first recorded column that plays `role`."""
        return next((c for c in self.columns if c.role == role and c.recorded), None)

    def value(self, row: int, role: str) -> object:
        """The exact cell of a loaded row in the column that plays `role`; None without one."""
        column = self.column(role)
        section = self.model.column_index(column.name) if column is not None else -1
        return self.model.cell(row, section) if section >= 0 else None

    def settled(self) -> bool:
        waiting = self._soon.isActive() or self.view.filter_header.waiting()
        return not waiting and self.model.settled()

    # Rows

    def choose_key(self, key: int | str) -> None:
        """Select the row with `key` and bring it into view, wherever it is."""
        self._choice.choose_key(key)

    def current_key(self) -> int | str | None:
        """The key of the current row, None without one (or where it is not loaded)."""
        return self._choice.current_key()

    def step(self, count: int) -> None:
        """Choose the row `count` below the current one, as if it had been clicked."""
        self._choice.step(count)

    def copy(self) -> None:
        """The selected rows, visible columns, to the clipboard; rows not loaded are read first."""
        query, source = self.model.query, self._source
        ranges = self.view.selected_ranges()
        if query is None or source is None or not ranges:
            return
        names = self.view.visible_columns()
        columns = [self.model.columns[self.model.column_index(name)] for name in names]
        query = replace(query, columns=names)

        def put(copied: tuple[str, int]) -> None:
            QGuiApplication.clipboard().setText(copied[0])
            self.status_changed.emit(f"{count_text(copied[1])} rows copied")

        self._context.runner.run(
            f"{self._lane}.copy",
            lambda token: copied_text(source, query, columns, ranges, token),
            put,
            None,
            self,
            "copying rows",
        )

    def status(self) -> str:
        """ "90 of 5 559 rows · filtered · ticks 10–50"."""
        if self._problem:
            return self._problem
        parts = [rows_text(self.model.total, self._all)]
        if self.model.sought is not None:
            parts = [f"sorting … {100 * self.model.sought:.0f} % read, the first rows so far"]
        if self.filters.filters:
            parts.append("filtered")
        if self._ticks is not None:
            parts.append(ticks_text(self._ticks))
        if self._agents is not None:
            parts.append(f"chosen agents only ({len(self._agents)})")
        return " · ".join(parts)

    # Inside

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._bar)
        layout.addWidget(self.view, 1)

    def _connect(self) -> None:
        self.model.columns_changed.connect(self._dress)
        self.model.shown.connect(self._rows_shown)
        self.model.counted.connect(lambda _: self._say())
        self.model.failed.connect(self._show_failure)
        self.filters.changed.connect(self._ask_soon)
        self._choice.chosen.connect(self.row_chosen)
        self._choice.found.connect(self.row_found)
        self._bar.clear_clicked.connect(self.filters.clear)
        self.view.row_opened.connect(self.row_opened)
        self.view.copy_asked.connect(self.copy)
        self.view.columns_arranged.connect(self._remember)
        self._bar.columns_clicked.connect(self._choose_columns)
        give_row_menu(self, self._context.actions)

    def _ask_soon(self) -> None:
        if self._source is not None:
            self._soon.start()

    def _ask(self) -> None:
        self._submit(self.model.asked.sort if self.model.asked is not None else None)

    def _submit(self, sort: Sort | None) -> None:
        if self._source is None or self._run_id is None or self.table is None:
            return
        known = sort is not None and self.table.column(sort.column) is not None
        query = TableQuery(
            self._run_id,
            self.table.name,
            tuple(column.name for column in self.table.columns),
            self.where,
            sort if known else None,
        )
        self._problem = ""
        self.model.ask(self._source, query)
        self.asked.emit()
        self._say()

    def _dress(self) -> None:
        columns = self._judged if self._judged is not None else self.model.columns
        paint_later(self)  # other columns take a turn by themselves
        self.view.set_columns(columns)
        arrangement = self._context.settings.get(self._setting())
        if isinstance(arrangement, dict):
            self.view.arrange(arrangement)
            self.view.judge_columns(self.columns)

    def _judge(self, columns: tuple[Column, ...]) -> None:
        self._judged = columns = self._seen_at_first(columns)
        if len(columns) == len(self.model.columns):
            self.view.judge_columns(columns)
        self.columns_judged.emit()

    def _seen_at_first(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        light = (c for c in columns if c.role not in HEAVY)
        return tuple(replace(c, visible=False) if c.role in self._unseen else c for c in light)

    def _count_all(self, total: int) -> None:
        self._all = total
        if total == 0:
            self.nothing_recorded.emit()
            return
        self._say()

    def arrange(self, arrangement: dict[str, object]) -> None:
        """Show and place columns like this, now and when rows come anew."""
        self.view.arrange(arrangement)
        self.view.judge_columns(self.columns)
        self._remember()

    def _remember(self) -> None:
        self._context.settings.set(self._setting(), self.view.arrangement())

    def _setting(self) -> str:
        family = self._source.identity.family if self._source is not None else ""
        return f"{self._lane}.columns.{family}"

    def _choose_columns(self, where: QPoint) -> None:
        menu = self.view.column_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)

    def _rows_shown(self) -> None:
        if self.model.query != self._seen:  # other rows, or in another order: from the top
            self._seen = self.model.query
            self.view.scrollToTop()
        self._say()

    def _show_failure(self, error: TelemetryError) -> None:
        self._problem = str(error)
        self._say()
        self.failed.emit(error)

    def _say(self) -> None:
        text = self.status()
        self._bar.say(text, filtered=bool(self.filters.texts))
        self.status_changed.emit(text)
