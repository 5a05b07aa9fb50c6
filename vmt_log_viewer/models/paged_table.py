"""PagedTable: a table of any length as an item model, its rows fetched when they are looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column, TablePage, TickRange
from telemetry.errors import TelemetryError
from telemetry.frozen import replace
from telemetry.queries import CountQuery, Sort, TableQuery
from vmt_log_viewer.background.runner import in_words
from vmt_log_viewer.models.cell_style import PLACEHOLDER, CellStyle
from vmt_log_viewer.models.first_page import sought_page
from vmt_log_viewer.models.item_roles import ItemRoles
from vmt_log_viewer.models.page_cache import PageCache
from vmt_log_viewer.models.row_search import rows_within, search_row

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.background.runner import Runner

PAGE_ROWS = 500
PAGES_KEPT = 40
_WANTED_KEPT = 3

Index = QModelIndex | QPersistentModelIndex


class PagedTable(ItemRoles, QAbstractTableModel):
    """The rows that a TableQuery matches.

    `ask` keeps showing the old rows until the first page of the new question is here. Until the
    total is known, the model is as long as what was loaded in one piece from the top.
    """

    shown = Signal()
    counted = Signal(int)
    failed = Signal(object)
    columns_changed = Signal()
    _found = Signal(object, object, float)

    def __init__(
        self,
        runner: Runner,
        lane: str,
        style: CellStyle,
        parent: QObject | None = None,
        *,
        page_rows: int = PAGE_ROWS,
        pages_kept: int = PAGES_KEPT,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._lane = lane
        self._style = style
        self._cache = PageCache(page_rows, pages_kept)
        self._source: Source | None = None
        self._query: TableQuery | None = None
        self._next: TableQuery | None = None  # asked for, first page not here yet
        self._columns: tuple[Column, ...] = ()
        self._rows = 0
        self.total: int | None = None
        self.sought: float | None = None
        """The share of the rows that the shown ones are the first of; None: of all."""
        self._settled: tuple[int, int] | None = None  # so many rows before this tick
        self._total_kept: int | None = None  # of the rows asked for: they were only sorted anew
        self._counting = False
        self._wanted: list[int] = []
        self._fetching: int | None = None
        self._refused: set[int] = set()
        self._found.connect(self._show_found)

    # What is asked

    @property
    def query(self) -> TableQuery | None:
        """The question whose rows are shown now."""
        return self._query

    @property
    def asked(self) -> TableQuery | None:
        """The newest question, shown or still under way."""
        return self._next or self._query

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    def settled(self) -> bool:
        return self._next is None and not self._counting and self._fetching is None

    def ask(self, source: Source, query: TableQuery) -> None:
        """Show the rows of `query` instead; a later call overrides an earlier one."""
        self._next = replace(query, limit=self._cache.page_rows, after=None, offset=0)
        self._source = source
        self._total_kept = None
        for part in ("page", "count", "find", "grow"):
            self._runner.cancel(f"{self._lane}.{part}")
        self._counting, self._fetching, self.sought = False, None, None
        self._wanted.clear()
        work = sought_page(source, self._next, self._found.emit)
        lane, what = f"{self._lane}.first", in_words(self._next)
        self._runner.run(lane, work, self._show_first, self._first_failed, self, what, source)

    def grow(self, ticks: TickRange) -> bool:
        """The run has come further: rows from `ticks.first` on are counted, and read when seen.

        False where that cannot be told from the ticks alone (another order, or nothing is
        counted yet): then the whole question has to be asked again.
        """
        query, source = self._query, self._source
        if query is None or source is None or self._next is not None or query.sort is not None:
            return False
        if self.total is None or self._counting:
            return False
        if not self._runner.pending(f"{self._lane}.grow"):
            self._count_new(source, query, ticks)
        return True

    def _count_new(self, source: Source, query: TableQuery, ticks: TickRange) -> None:
        """Rows of the last tick known count anew: a writer may have been in the middle of it."""
        settled_to, settled_rows = self._settled or (None, 0)

        def count(token: CancelToken) -> tuple[int, int]:
            before = rows_within(source, query, settled_to, ticks.first - 1, token)
            return settled_rows + before, rows_within(source, query, ticks.first, ticks.last, token)

        def show(counts: tuple[int, int]) -> None:
            settled, newer = counts
            self._settled = (ticks.first, settled)
            self._cache.drop_from(settled)
            self._set_total(settled + newer)
            if self._rows > settled and self._columns:
                corner = self.index(self._rows - 1, len(self._columns) - 1)
                self.dataChanged.emit(self.index(settled, 0), corner)

        self._runner.run(
            f"{self._lane}.grow", count, show, self.failed.emit, self, "counting new rows", source
        )

    def clear(self) -> None:
        """Show nothing and ask nothing."""
        for part in ("first", "page", "count", "find", "grow"):
            self._runner.cancel(f"{self._lane}.{part}")
        self._next, self._counting, self._fetching, self.sought = None, False, None, None
        self._reset(None, None)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask again in another order; a negative column means the table's own order."""
        asked = self.asked
        if asked is None or self._source is None:
            return
        sort = None
        if 0 <= column < len(self._columns):
            name = self._columns[column].name
            sort = Sort(name, order == Qt.SortOrder.DescendingOrder)
        if sort != asked.sort:
            same_rows = self._next is None
            self.ask(self._source, replace(asked, sort=sort))
            self._total_kept = self.total if same_rows else None

    # Rows and keys

    def cell(self, row: int, column: int) -> Cell:
        """The exact value; None also where the row is not loaded."""
        values = self._cache.row(row)
        return values[column] if values is not None else None

    def values(self, row: int) -> tuple[Cell, ...] | None:
        """All cells of a row, None where it is not loaded (then it is fetched)."""
        values = self._cache.row(row)
        if values is None and 0 <= row < self._rows:
            self._want(row // self._cache.page_rows)
        return values

    def key_at(self, row: int) -> int | str | None:
        return self._cache.key(row)

    def loaded_row(self, key: int | str) -> int | None:
        """The row with this key among those in memory."""
        return self._cache.find(key)

    def column_index(self, name: str) -> int:
        """Where the column stands, −1 where there is none of that name."""
        return next((i for i, c in enumerate(self._columns) if c.name == name), -1)

    def find_row(self, key: int | str, found: Callable[[int | None], None]) -> None:
        """Call `found` with the row of `key` in the present order, None if no row has it.

        Reads keys in the background from the top where the row is not in memory.
        """
        row = self.loaded_row(key)
        if row is not None or self._query is None or self._source is None:
            found(row)
            return
        source, query = self._source, self._query

        def search(token: CancelToken) -> int | None:
            return search_row(source, query, key, token)

        self._runner.run(f"{self._lane}.find", search, found, self.failed.emit)

    # QAbstractTableModel

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return self.answers(index)(role)

    def answers(self, index: Index) -> Callable[[int], Any]:
        if not index.isValid():
            return _nothing
        row, place = index.row(), index.column()
        values = self._cache.row(row)
        if values is None:
            self._want(row // self._cache.page_rows)
            return _placeholder
        return partial(self._style.data, values[place], self._columns[place])

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        if not 0 <= section < len(self._columns):
            return None
        return self._style.header(self._columns[section], role)

    def canFetchMore(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        if parent.isValid() or self.total is not None or self._next is not None:
            return False
        following = self._rows // self._cache.page_rows
        return self._rows % self._cache.page_rows == 0 and following not in self._refused

    def fetchMore(self, parent: Index = QModelIndex()) -> None:  # noqa: B008
        if self.canFetchMore(parent):
            self._want(self._rows // self._cache.page_rows)

    # Answers

    def _show_found(self, query: TableQuery, page: TablePage, share: float) -> None:
        """The first rows among those read so far; the answer is still under way."""
        if query is not self._next:
            return
        if self.sought is None or page.columns != self._columns:
            self._reset(query, page)
        else:
            self._cache.put(0, page)
            self._set_rows(max(self._rows, len(page.rows)))
            corner = self.index(self._rows - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, 0), corner)
        self.sought = share
        self.shown.emit()

    def _show_first(self, page: TablePage) -> None:
        query, self._next, self.sought = self._next, None, None
        self._reset(query, page)
        self.shown.emit()
        if page.next is None:
            self._set_total(len(page.rows))
        elif self._total_kept is not None:
            self._set_total(self._total_kept)
        elif query is not None and self._source is not None:
            self._counting = True
            count = CountQuery(query.run_id, query.table, query.where)
            self._runner.submit(
                f"{self._lane}.count", self._source, count, self._counted, self._count_failed, self
            )

    def _first_failed(self, error: TelemetryError) -> None:
        self._next = None
        if self.sought is not None:  # rows that are no answer
            self.sought = None
            self._reset(None, None)
        self.failed.emit(error)

    def _reset(self, query: TableQuery | None, page: TablePage | None) -> None:
        columns = page.columns if page is not None else ()
        changed = columns != self._columns
        self.beginResetModel()
        self._query = query
        self._columns = columns
        self._cache.clear()
        self._refused.clear()
        self._wanted.clear()
        self._settled = None
        self.total = None
        self._rows = 0
        if page is not None:
            self._cache.put(0, page)
            self._rows = len(page.rows)
        self.endResetModel()
        if changed:
            self.columns_changed.emit()

    def _counted(self, total: int) -> None:
        self._counting = False
        self._set_total(max(total, 0))

    def _count_failed(self, error: TelemetryError) -> None:
        self._counting = False
        self.failed.emit(error)

    def _set_total(self, total: int) -> None:
        """Make the model exactly `total` rows long."""
        self.total = total
        self._set_rows(total)
        self.counted.emit(total)

    def _set_rows(self, rows: int) -> None:
        if rows > self._rows:
            self.beginInsertRows(QModelIndex(), self._rows, rows - 1)
            self._rows = rows
            self.endInsertRows()
        elif rows < self._rows:
            self.beginRemoveRows(QModelIndex(), rows, self._rows - 1)
            self._rows = rows
            self.endRemoveRows()

    # Pages on demand

    def _want(self, index: int) -> None:
        """Fetch page `index` soon; where many are wanted, those asked for last come first."""
        if self._next is not None or index == self._fetching or index in self._refused:
            return
        if not self._wanted:
            QTimer.singleShot(0, self, self._fetch_wanted)
        if index in self._wanted:
            self._wanted.remove(index)
        self._wanted.append(index)
        del self._wanted[:-_WANTED_KEPT]

    def _fetch_wanted(self) -> None:
        self._wanted = [i for i in self._wanted if i not in self._cache and i != self._fetching]
        if not self._wanted or self._query is None or self._source is None:
            return
        index = self._wanted.pop()
        self._fetching = index
        self._runner.submit(
            f"{self._lane}.page",
            self._source,
            self._cache.ask(index, self._query),
            lambda page: self._show_page(index, page),
            lambda error: self._page_failed(index, error),
            self,
        )

    def _show_page(self, index: int, page: TablePage) -> None:
        self._fetching = None
        first = index * self._cache.page_rows
        end = first + len(page.rows)
        self._cache.put(index, page)
        if page.next is None and (page.rows or first <= self._rows):
            self._set_total(end)  # the rows themselves say where the table ends
        elif self.total is None and first <= self._rows < end:
            self._set_rows(end)
        if end > first and self._columns:
            last = min(end, self._rows) - 1
            corner = self.index(last, len(self._columns) - 1)
            self.dataChanged.emit(self.index(first, 0), corner)
        self._fetch_wanted()

    def _page_failed(self, index: int, error: TelemetryError) -> None:
        self._fetching = None
        self._refused.add(index)
        self.failed.emit(error)


def _nothing(_role: int) -> None:
    """What there is of a cell that is none."""


def _placeholder(role: int) -> str | None:
    return PLACEHOLDER if role == Qt.ItemDataRole.DisplayRole else None
