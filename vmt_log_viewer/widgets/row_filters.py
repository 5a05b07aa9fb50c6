"""RowFilters: the filter texts of a table's columns, shared by filter row, facets and chips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, Signal

from telemetry.concepts import Cell, Column, Kind
from telemetry.errors import FilterError
from telemetry.filters import AnyOf, Equals, Filter, Null
from telemetry.filters.terms import text_of


class RowFilters(QObject):
    """One filter text per column.

    A text that cannot be understood is kept as typed, together with the sentence that says why,
    while the column's last good filter stays in force: the rows stay as they were.
    """

    changed = Signal()  # other rows match now
    text_changed = Signal(str)  # a column's text or problem; "" for all columns

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._texts: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self._filters: dict[str, Filter] = {}
        self._kinds: dict[str, Kind] = {}

    def set_columns(self, columns: Iterable[Column]) -> None:
        """Say which columns there are; filters of others are dropped, values judged by kind."""
        self._kinds = {column.name: column.kind for column in columns if column.recorded}
        self.replace({name: text for name, text in self._texts.items() if name in self._kinds})

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Those in force, ordered by column so that equal filters make equal queries."""
        return tuple(self._filters[name] for name in sorted(self._filters))

    @property
    def texts(self) -> dict[str, str]:
        """Text per column for those in force, as they would be typed."""
        return {name: self._texts[name] for name in sorted(self._filters) if name in self._texts}

    def without(self, column: str) -> tuple[Filter, ...]:
        """Those in force, but for `column`."""
        return tuple(f for f in self.filters if f.column != column)

    def text(self, column: str) -> str:
        return self._texts.get(column, "")

    def problem(self, column: str) -> str | None:
        """Why the column's text is not in force, as a sentence."""
        return self._problems.get(column)

    def set_text(self, column: str, text: str) -> None:
        """Filter `column` by `text`; nothing but spaces takes its filter away."""
        if text == self.text(column):
            return
        if self._take(column, text):
            self.text_changed.emit(column)
            self.changed.emit()
        else:
            self.text_changed.emit(column)

    def replace(self, texts: Mapping[str, str]) -> None:
        """Filter by exactly these texts."""
        before = self._filters
        self._texts, self._problems, self._filters = {}, {}, {}
        for column, text in texts.items():
            self._take(column, text)
        self.text_changed.emit("")
        if self._filters != before:
            self.changed.emit()

    def clear(self) -> None:
        self.replace({})

    def chosen(self, column: str) -> frozenset[Cell]:
        """The values that the column's filter lists, as text (None for NULL).

        Empty too where the filter is no plain list of values.
        """
        return frozenset(_listed(self._filters.get(column)))

    def choose(self, column: str, values: Iterable[Cell]) -> None:
        """Filter `column` by any of exactly these values; none takes its filter away."""
        cells = tuple(values)
        self.set_text(column, str(Filter.any_of(column, cells).expr) if cells else "")

    def toggle(self, column: str, value: Cell) -> None:
        """Add `value` to the list of the column's filter, or take it out."""
        listed, text = _listed(self._filters.get(column)), text_of(value)
        rest = [each for each in listed if each != text]
        self.choose(column, rest if text in listed else [*rest, text])

    def _take(self, column: str, text: str) -> bool:
        """Keep `text`; True where the filters in force changed."""
        before = self._filters.get(column)
        self._problems.pop(column, None)
        if not text.strip():
            self._texts.pop(column, None)
            self._filters.pop(column, None)
            return before is not None
        self._texts[column] = text
        try:
            found = Filter.parse(column, text)
            found.check(self._kinds.get(column, "text"))
            self._filters[column] = found
        except FilterError as error:
            self._problems[column] = str(error)
        return self._filters.get(column) != before


def _listed(found: Filter | None) -> list[str | None]:
    """The values of a filter that is a plain list of values, in order; else nothing."""
    if found is None:
        return []
    terms = found.expr.terms if isinstance(found.expr, AnyOf) else (found.expr,)
    values: list[str | None] = []
    for term in terms:
        if isinstance(term, Equals):
            values.append(term.value)
        elif isinstance(term, Null):
            values.append(None)
        else:
            return []
    return values
