"""Pages by key: where one ends, and the conditions under which the next one goes on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell, PageKey
from telemetry.frozen import Frozen, replace
from telemetry.reader import Reader

FAR = 2_000
"""Rows passed over, from which on it is worth counting whether the other end is nearer."""
Row = tuple[Any, ...]
Element = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]


class Order(Frozen):
    """The order of a table's rows: the sort column, then what breaks ties, the key last.

    NULL comes before every value. `keyed` False: the rows have no key of their own, so a page
    can only be found by counting rows off. `explicit`: the columns of which the engine must be
    told where NULL goes; an index in its own order serves none of these.
    """

    columns: tuple[Element, ...]
    descending: bool
    keyed: bool
    explicit: tuple[bool, ...]

    def clauses(self) -> list[Element]:
        return [
            self._clause(column, told)
            for column, told in zip(self.columns, self.explicit, strict=True)
        ]

    def backwards(self) -> Order:
        return replace(self, descending=not self.descending)

    def _clause(self, column: Element, told: bool) -> Element:
        if self.descending:
            return column.desc().nulls_last() if told else column.desc()
        return column.asc().nulls_first() if told else column.asc()

    def parts(self, values: tuple[Cell, ...]) -> list[Condition]:
        """Conditions for the rows from `values` on, each a range of an index, in their order."""
        first, value = self.columns[0], values[0]
        rest = self._rest(self.columns[1:], values[1:])
        if value is None:
            tie = [sa.and_(first.is_(None), rest)]
            return tie if self.descending else [*tie, first.is_not(None)]
        if self.descending:
            return [sa.and_(first <= value, sa.or_(first < value, rest)), first.is_(None)]
        return [sa.and_(first >= value, sa.or_(first > value, rest))]

    def _rest(self, columns: tuple[Element, ...], values: tuple[Cell, ...]) -> Condition:
        """The rows from `values` on among those that are equal in the columns before."""
        found: Condition = sa.true()
        for column, value in reversed(list(zip(columns, values, strict=True))):
            if value is None:
                tie = sa.and_(column.is_(None), found)
                found = tie if self.descending else sa.or_(column.is_not(None), tie)
            elif self.descending:
                beyond = sa.or_(column < value, column.is_(None))
                found = sa.or_(beyond, sa.and_(column == value, found))
            else:
                found = sa.or_(column > value, sa.and_(column == value, found))
        return found


def read(
    reader: Reader,
    statement: sa.Select[Any],
    order: Order,
    limit: int,
    *,
    offset: int = 0,
    after: PageKey | None = None,
    row: Element | None = None,
    places: bool = False,
) -> list[Row]:
    """At most `limit` rows of the statement from `offset`, or else after `after`.

    `row` is the engine's own number of a row, where the rows are better found by that first;
    `places`: by their keys, as an engine wants it that works columns out for rows that it passes.
    """
    before, skip, values = _opened(after, offset)
    if not values:
        return _rows(reader, statement, order, limit, before, row, places)
    found: list[Row] = []
    for part in order.parts(values):
        if len(found) < limit:
            wanted = statement.where(part)
            found += _rows(reader, wanted, order, limit - len(found), skip, row, places)
            skip = 0
    return found


def _rows(
    reader: Reader,
    statement: sa.Select[Any],
    order: Order,
    limit: int,
    offset: int,
    row: Element | None,
    places: bool,
) -> list[Row]:
    if places:
        found = _by_places(reader, statement, order, limit, offset)
        if found is not None:
            return found
    return reader.rows(_cut(statement, order, row, limit, offset))


def _by_places(
    reader: Reader, statement: sa.Select[Any], order: Order, limit: int, offset: int
) -> list[Row] | None:
    """The rows whose places in the order are sought first, from the nearer end.

    None where their keys do not find just these again (NULL, not one row's alone).
    """
    narrow, nearer = statement.with_only_columns(*order.columns), order
    if offset >= FAR:
        total = int(reader.scalar(statement.with_only_columns(sa.func.count())))
        limit = min(limit, max(0, total - offset))
        if offset > total // 2:
            nearer, offset = order.backwards(), total - offset - limit
    if limit <= 0:
        return []
    cut = narrow.order_by(*nearer.clauses()).limit(limit)
    places = reader.rows(cut.offset(offset) if offset else cut)
    if nearer is not order:
        places.reverse()
    keys = [place[-1] for place in places]
    again = statement.where(order.columns[-1].in_(keys)).order_by(*order.clauses())
    rows = reader.rows(again.limit(len(keys) + 1)) if keys else []
    width = len(order.columns)
    return rows if [row[-width:] for row in rows] == places else None


def _cut(
    statement: sa.Select[Any], order: Order, row: Element | None, limit: int, offset: int
) -> sa.Select[Any]:
    """The statement's rows in order from `offset` on; by `row`, only of those is all read."""
    ordered = statement.order_by(*order.clauses()).limit(limit)
    if offset:
        ordered = ordered.offset(offset)
    if row is None:
        return ordered
    chosen = ordered.with_only_columns(row).correlate(None)
    rows = sa.select(*statement.selected_columns).select_from(*statement.get_final_froms())
    return rows.where(row.in_(chosen)).order_by(*order.clauses())


def end(order: Order, rows: list[Row], offset: int, after: PageKey | None) -> PageKey:
    """Where a page ends whose `rows` are (sort and key values alone, at least one)."""
    count, skipped, before = _opened(after, offset)
    count += len(rows)
    last = rows[-1]
    if not order.keyed or any(map(_altered, last)):
        return PageKey((count, 0))
    same = next((i for i, row in enumerate(reversed(rows)) if row != last), len(rows))
    if same == len(rows) and before == last:  # rows with one key between them, page upon page
        same += skipped
    return PageKey((count, same, *last))


def row_key(values: Row) -> int | str:
    """What tells a row of a table from the others: its key, one text where that has parts."""
    if len(values) == 1 and isinstance(values[0], int | str):
        return values[0]
    return "\x1f".join(str(v) for v in values)


def passed(after: PageKey | None, offset: int) -> int:
    """How many rows stand before the page."""
    return _opened(after, offset)[0]


def _opened(after: PageKey | None, offset: int) -> tuple[int, int, tuple[Cell, ...]]:
    """Rows passed so far, how many of them equal the last one, and that one's values."""
    if after is None:
        return offset, 0, ()
    count, skip, *values = after.values
    return int(str(count)), int(str(skip)), tuple(values)


def _altered(value: Any) -> bool:
    """Whether a text may not be what is stored: bytes that are no UTF-8 were made escapes."""
    return isinstance(value, str) and "\\x" in value
