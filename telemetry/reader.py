"""Reader: one family's declaration met with one database, for the length of one question."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.concepts import Column, Table
from telemetry.engines import Shape
from telemetry.engines.columns import ColumnKind, ColumnsRead, no_columns
from telemetry.engines.digests import Digested, no_digests
from telemetry.engines.lines import Field, Lines, no_lines
from telemetry.engines.together import together
from telemetry.engines.try_cast import try_number
from telemetry.errors import RequestError
from telemetry.families.vocabulary import ColumnSpec, FamilySpec, TableSpec

CHUNK = 2_000
STEP = 500
FIRST_STEP = 32
"""How many rows are fetched at most, and at first, before a question gives way or ends."""
QUICK = 0.002
"""Seconds: what took longer is fetched in smaller steps from then on."""
MOST = 16_000
"""How many rows a chunk of a server's may grow to."""
PSEUDO = ("rowid",)
"""Columns that an engine has of its own; they order rows and are not offered."""
_EMBEDDED = ("sqlite", "duckdb")
_FLOATS = (700, 701)
"""What PostgreSQL calls the types of which its driver makes a float."""


def _no_arrays(*_: object) -> None:
    """Of an engine that gives rows."""


def _few(statement: sa.Select[Any]) -> bool:
    """Whether a statement gives groups, or no more rows than a number that it names."""
    return bool(statement._group_by_clauses) or statement._limit_clause is not None


def _no_cost(_: object) -> None:
    """Of an engine that does not say what it expects."""


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


@dataclass(frozen=True)
class Reader:
    """A layout with an open connection; every statement of a question goes through it."""

    layout: Layout
    connection: sa.Connection
    token: CancelToken
    beside: Callable[[], AbstractContextManager[sa.Connection | None]] = field(
        default=nullcontext[None], compare=False
    )
    """Opens another connection that sees the same state, or None where nobody can promise that."""
    engine_lines: Callable[[sa.Select[Any], Sequence[Field]], Lines] = field(
        default=no_lines, compare=False
    )
    """Writes a statement's rows as lines of CSV; ByValuesError where it cannot."""
    engine_digests: Callable[[sa.Select[Any], Sequence[Field]], Digested] = field(
        default=no_digests, compare=False
    )
    """Works out digests of a statement's rows; ByValuesError where it cannot."""
    engine_arrays: Callable[[sa.Select[Any], Mapping[str, Any]], tuple[Any, Any] | None] = field(
        default=_no_arrays, compare=False
    )
    """Gives a statement's rows as an array a column; None where rows are as quick."""
    engine_columns: Callable[[Sequence[sa.Select[Any]], Sequence[ColumnKind]], ColumnsRead] = field(
        default=no_columns, compare=False
    )
    """Reads the rows of many statements as arrays; ByValuesError where it cannot (go on)."""
    engine_cost: Callable[[sa.Select[Any]], float | None] = field(default=_no_cost, compare=False)
    """What the engine expects a statement to cost, in its own unit; None where it does not say."""
    lines_after: int = 0
    """How many rows are better written from their values before `engine_lines` is asked."""
    lines_meanwhile: int = 0
    """How many are, besides, while it gets ready to write the rest."""

    @property
    def family(self) -> FamilySpec:
        return self.layout.family

    def column(self, table: str, name: str) -> sa.ColumnElement[Any]:
        return self.layout.column(table, name)

    def has(self, table: str, *names: str) -> bool:
        return self.layout.has(table, *names)

    def scale(self, name: str) -> int:
        return self.layout.scale(name)

    def along_ticks(self, table: str) -> list[sa.ColumnElement[bool]]:
        """A condition that every row fulfils, but that makes SQLite take the index of run and tick.

        Rows lie in the file in the order of ticks; along any other index each row is a jump, an
        order of magnitude slower. None where there is no such index, or a tick may be NULL.
        """
        spec, stored = self.layout.table_spec(table), self.layout.stored(table)
        wanted = (spec.run, spec.tick)
        served = any(i[:2] == wanted for i in self.layout.shape.indices.get(stored, ()))
        if spec.tick is None or not served:
            return []
        if spec.tick not in self.layout.shape.required.get(stored, ()):
            return []
        return [self.column(table, spec.tick) >= sa.literal(-math.inf, sa.Float())]

    def null_is_told(self, table: str, name: str) -> bool:
        """Whether an ORDER BY of a stored column has to say that NULL comes first."""
        if self.connection.dialect.name == "sqlite":
            return False  # where it comes first anyway
        stored = self.layout.stored(table)
        spec, shape = self.family.table(stored), self.layout.shape
        if shape.added.get(stored) or (spec is not None and spec.select is not None):
            return True
        return name not in shape.required.get(stored, ())

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """All rows, read in chunks so that a withdrawn question ends between them.

        Groups and a server's first rows are few and come at once: of a cursor PostgreSQL makes no
        plan for several workers.
        """
        if self.connection.dialect.name not in _EMBEDDED and _few(statement):
            return self._at_once(statement)
        found: list[tuple[Any, ...]] = []
        for chunk in self.chunks(statement):
            found.extend(chunk)
        return found

    def _at_once(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        self.token.check()
        with self.connection.execute(statement) as result:
            cursor = result.cursor
            if cursor is None or self._converted(statement, cursor.description):
                return [tuple(row) for row in result]
            return list(cursor.fetchall())

    def rows_of_all(
        self, statements: Sequence[sa.Select[Any]], report: Callable[[int], None]
    ) -> list[list[tuple[Any, ...]]]:
        """All rows of each statement, read by several connections; told how many are done."""

        def read(statement: sa.Select[Any], own: sa.Connection) -> list[tuple[Any, ...]]:
            return Reader(self.layout, own, self.token).rows(statement)

        parts = [partial(read, statement) for statement in statements]
        return together(self.connection, self.beside, parts, report)

    def chunks(self, statement: sa.Select[Any], size: int = CHUNK) -> Iterator[list[Any]]:
        """The rows a chunk at a time, in constant memory.

        Engines hand out their driver's own tuples where no declared type asks for a conversion,
        which none does on embedded ones; a server's rows come through a server-side cursor.
        """
        self.token.check()
        if self.connection.dialect.name in _EMBEDDED:
            with self.connection.execute(statement) as result:
                if result.cursor is not None:
                    yield from self._in_steps(result.cursor.fetchmany, size)
            return
        options = {"stream_results": True}
        with self.connection.execute(statement, execution_options=options) as result:
            cursor = result.cursor
            first = getattr(result.cursor_strategy, "_rowbuffer", None)  # it has read a row or so
            plain = cursor is not None and not self._converted(statement, cursor.description)
            if first is None or not plain:
                while rows := result.fetchmany(size):
                    yield [tuple(row) for row in rows]
                    self.token.check()
                return
            more = True
            while more:
                fetched = cursor.fetchmany(size)
                more = len(fetched) == size
                if chunk := [*first, *fetched]:
                    first.clear()
                    yield chunk
                self.token.check()
                size = min(2 * size, MOST)  # the way to a server and back is long

    def _in_steps(self, fetch: Callable[[int], Sequence[Any]], size: int) -> Iterator[list[Any]]:
        """Chunks of so many rows, each fetched in steps that take a moment."""
        step, more = FIRST_STEP, True
        while more:
            chunk: list[Any] = []
            while more and len(chunk) < size:
                begin = time.perf_counter()
                fetched = fetch(min(step, size - len(chunk)))
                quick = time.perf_counter() - begin < QUICK
                step = min(2 * step, STEP) if quick else max(step // 2, 1)
                more = len(fetched) > 0
                chunk += fetched
                self.token.check()
            if chunk:
                yield chunk

    def _converted(self, statement: sa.Select[Any], description: Any) -> bool:
        """Whether a declared type makes something else of what the driver gives."""
        dialect = self.connection.dialect
        for column, told in zip(statement.selected_columns, description, strict=True):
            if isinstance(column.type, sa.Float) and told.type_code in _FLOATS:
                continue
            if column.type.dialect_impl(dialect).result_processor(dialect, told.type_code):
                return True
        return False

    def one(self, statement: sa.Select[Any]) -> tuple[Any, ...] | None:
        self.token.check()
        row = self.connection.execute(statement).first()
        return None if row is None else tuple(row)

    def scalar(self, statement: sa.Select[Any]) -> Any:
        row = self.one(statement)
        return None if row is None else row[0]
