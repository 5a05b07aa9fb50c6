"""The pages of a table that are in memory, and how to ask for one that is not."""

from __future__ import annotations

from collections import OrderedDict

from telemetry.concepts import Cell, PageKey, TablePage
from telemetry.frozen import replace
from telemetry.queries import TableQuery


class PageCache:
    """Pages of `page_rows` rows, the least recently used dropped beyond `capacity`.

    What stays for good is only where each page seen ended, so that the page behind it is asked
    for by key (at once, however far down) instead of by counting rows off.
    """

    def __init__(self, page_rows: int, capacity: int) -> None:
        self.page_rows = page_rows
        self._capacity = capacity
        self._pages: OrderedDict[int, TablePage] = OrderedDict()
        self._ends: dict[int, PageKey] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def __contains__(self, index: int) -> bool:
        return index in self._pages

    def clear(self) -> None:
        self._pages.clear()
        self._ends.clear()

    def put(self, index: int, page: TablePage) -> None:
        """Keep `page`, whose first row is row `index * page_rows` of the whole."""
        self._pages[index] = page
        self._pages.move_to_end(index)
        if page.next is not None:
            self._ends[index] = page.next
        while len(self._pages) > self._capacity:
            self._pages.popitem(last=False)

    def drop_from(self, row: int) -> None:
        """Forget the page that holds `row` and all behind it: they are no longer what they were."""
        first = row // self.page_rows
        for index in [i for i in self._pages if i >= first]:
            del self._pages[index]
        for index in [i for i in self._ends if i >= first]:
            del self._ends[index]

    def page_of(self, row: int) -> TablePage | None:
        """The page that holds `row`, marked as just used; None where it is not in memory."""
        index = row // self.page_rows
        page = self._pages.get(index)
        if page is not None:
            self._pages.move_to_end(index)
        return page

    def row(self, row: int) -> tuple[Cell, ...] | None:
        page = self.page_of(row)
        inside = row % self.page_rows
        return page.rows[inside] if page is not None and inside < len(page.rows) else None

    def key(self, row: int) -> int | str | None:
        page = self.page_of(row)
        inside = row % self.page_rows
        return page.keys[inside] if page is not None and inside < len(page.keys) else None

    def find(self, key: int | str) -> int | None:
        """The row with `key` among the pages in memory."""
        for index, page in self._pages.items():
            if key in page.keys:
                return index * self.page_rows + page.keys.index(key)
        return None

    def ask(self, index: int, query: TableQuery) -> TableQuery:
        """`query` for page `index`: behind its neighbour's last row if known, else by offset."""
        end = self._ends.get(index - 1)
        if index == 0 or end is not None:
            return replace(query, limit=self.page_rows, after=end, offset=0)
        return replace(query, limit=self.page_rows, after=None, offset=index * self.page_rows)
