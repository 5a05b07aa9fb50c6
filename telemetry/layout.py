"""Layout: one family's declaration met with the tables and columns that one database has."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Column, Table
from telemetry.engines import Shape
from telemetry.engines.try_cast import try_number
from telemetry.errors import RequestError
from telemetry.families.vocabulary import ColumnSpec, FamilySpec, TableSpec

PSEUDO = ("rowid",)
"""Columns that an engine has of its own; they order rows and are not offered."""


@dataclass(frozen=True)
class StoredTables:
    """The database's own tables with exactly the columns it has, typed as the models say.

    The same object every time, so that all columns of a statement share one FROM.
    """

    shape: Shape
    types: Mapping[str, Mapping[str, Any]]
    _tables: dict[str, sa.TableClause] = field(default_factory=dict, compare=False, repr=False)

    def has(self, table: str, *names: str) -> bool:
        return self.shape.has(table, *names)

    def table(self, name: str) -> sa.TableClause:
        known = self._tables.get(name)
        if known is None:
            types = self.types.get(name, {})
            columns = (
                sa.column(c, types.get(c, sa.types.NullType()))
                for c in self.shape.tables.get(name, ())
            )
            # Of two that threads make at once, both get the first.
            known = self._tables.setdefault(name, sa.table(name, *columns))
        return known

    def column(self, table: str, name: str) -> sa.ColumnElement[Any]:
        """The stored column, or NULL where the database has none of that name.

        NULL also in the rows of runs that are older than a column which a migration added: there
        its default was never recorded.
        """
        if not self.has(table, name):
            return sa.null()
        element: sa.ColumnElement[Any] = self.table(table).c[name]
        added = self.shape.added.get(table, {}).get(name)
        if added is None or not self.has(table, added[0]):
            return element
        run, last = added
        return sa.case((self.table(table).c[run] > last, element), else_=sa.null())


@dataclass(frozen=True)
class Layout:
    """A family as one database holds it: which of the declared columns exist, which do not.

    Columns that the database has and the declaration does not know are offered as well, last.
    """

    family: FamilySpec
    shape: Shape
    scales: Mapping[str, int]
    _selectables: dict[str, sa.FromClause] = field(default_factory=dict, compare=False, repr=False)
    _described: dict[str, Table] = field(default_factory=dict, compare=False, repr=False)
    base: StoredTables = field(init=False, compare=False, repr=False)
    """The stored tables that declared ones are read from."""
    statements: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)
    """Statements that are the same in each question, kept by who asks them and for what."""

    def __post_init__(self) -> None:
        given = [t.model for t in self.family.tables if t.model is not None]
        models = {m for model in given for m in model.metadata.tables.values()} | {*given}
        types = {m.name: {c.name: c.type for c in m.c} for m in models}
        types |= {t.name: t.types() for t in self.family.tables if t.model is None}
        object.__setattr__(self, "base", StoredTables(self.shape, types))

    def stored(self, table: str) -> str:
        """The database's table that the declared one is read from."""
        spec = self.family.table(table)
        return table if spec is None or spec.of is None else spec.of

    def there(self, table: str) -> bool:
        """Whether the database has what `table` is read from."""
        spec = self.family.table(self.stored(table))
        if spec is not None and spec.select is not None:
            return all(self._needed(spec, need) for need in spec.needs)
        return self.stored(table) in self.shape.tables

    def has(self, table: str, *names: str) -> bool:
        spec = self.family.table(self.stored(table))
        if spec is not None and spec.select is not None:
            return self.there(table) and all(n in self.selectable(table).c for n in names)
        return self.shape.has(self.stored(table), *(self._called(table, n) for n in names))

    def _called(self, table: str, name: str) -> str:
        """What the database calls the stored column: an older one may call it otherwise."""
        stored = self.stored(table)
        spec = None if self.shape.has(stored, name) else self.family.table(stored)
        column = None if spec is None else spec.spec(name)
        older = "" if column is None else column.formerly
        return older if older and self.shape.has(stored, older) else name

    def scale(self, name: str) -> int:
        return self.scales.get(name, 1)

    def selectable(self, table: str) -> sa.FromClause:
        """The stored table, or the query that makes the declared one.

        The same object every time, so that all columns of a statement share one FROM.
        """
        table = self.stored(table)
        spec = self.family.table(table)
        if spec is None or spec.select is None:
            return self.base.table(table)
        known = self._selectables.get(table)
        if known is None:  # of two that threads make at once, both get the first
            made = spec.select(self.base).subquery(table)
            known = self._selectables.setdefault(table, made)
        return known

    def column(self, table: str, name: str) -> sa.ColumnElement[Any]:
        """The column, or NULL where the table has none of that name."""
        if not self.has(table, name):
            return sa.null()
        stored, name = self.stored(table), self._called(table, name)
        if self.shape.added.get(stored):
            return self.base.column(stored, name)
        element: sa.ColumnElement[Any] = self.selectable(table).c[name]
        # As text, an enumeration may hold words that the model does not know yet.
        return sa.cast(element, sa.Text) if isinstance(element.type, sa.Enum) else element

    def recorded(self, table: TableSpec, column: ColumnSpec) -> bool:
        if column.derive is None:
            return self.has(table.name, column.name)
        return all(self._needed(table, need) for need in column.needs)

    def _needed(self, table: TableSpec, need: str) -> bool:
        has = self.has if table.select is None else self.base.has
        return any(
            has(*name.split(".", 1)) if "." in name else self.has(table.name, name)
            for name in need.split("|")
        )

    def element(self, table: TableSpec, column: ColumnSpec) -> sa.ColumnElement[Any]:
        """What to select for `column`: stored, derived, or NULL where not recorded."""
        if not self.recorded(table, column):
            return sa.null()
        return column.derive(self) if column.derive else self.column(table.name, column.name)

    def number(self, table: TableSpec, column: ColumnSpec) -> sa.ColumnElement[Any]:
        """`element` as it is compared, sorted and added up: numbers that are text as doubles."""
        element = self.element(table, column)
        return try_number(element) if column.decimal_text else element

    def specs(self, table: TableSpec) -> tuple[ColumnSpec, ...]:
        """The declared columns and, after them, those that only this database has."""
        known = {*(c.name for c in table.columns), *PSEUDO, *table.secret}
        known |= {self._called(table.name, c.name) for c in table.columns if c.formerly}
        own = () if table.select else self.shape.tables.get(self.stored(table.name), ())
        extra = (n for n in own if n not in known)
        return (*table.columns, *(ColumnSpec(n, visible=False) for n in extra))

    def table_spec(self, name: str) -> TableSpec:
        spec = self.family.table(name)
        if spec is None:
            known = ", ".join(t.name for t in self.family.tables)
            raise RequestError(f"There is no table {name!r} in this family; it has {known}.")
        return spec

    def column_spec(self, table: TableSpec, name: str) -> ColumnSpec:
        found = next((c for c in self.specs(table) if c.name == name), None)
        if found is None:
            known = ", ".join(c.name for c in self.specs(table))
            raise RequestError(f"{table.name} has no column {name!r}; it has {known}.")
        return found

    def describe_column(self, table: TableSpec, column: ColumnSpec) -> Column:
        divided = column.scale is not None and self.scale(column.scale) != 1
        return Column(
            name=column.name,
            label=column.label or column.name,
            kind="real" if divided else column.kind,
            role=column.role,
            unit=column.unit,
            recorded=self.recorded(table, column),
            derived=column.derive is not None,
            visible=column.visible,
            facet=column.facet,
            optional=column.optional,
            help=column.help,
            words=column.words,
            weight=column.weight,
        )

    def describe(self, table: TableSpec) -> Table:
        if table.name not in self._described:
            self._described[table.name] = self._describe(table)
        return self._described[table.name]

    def _describe(self, table: TableSpec) -> Table:
        return Table(
            name=table.name,
            label=table.label,
            role=table.role,
            columns=tuple(self.describe_column(table, c) for c in self.specs(table)),
            recorded=self.there(table.name),
            how_to_record=table.how_to_record,
            explained=table.explain is not None,
            always_written=table.always_written,
            group=None if table.summary is None else table.summary.group,
        )
