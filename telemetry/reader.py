"""Reader: a layout with an open connection, for the length of one question."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.engines import Expected
from telemetry.engines.columns import ColumnKind, ColumnsRead, no_columns
from telemetry.engines.digests import Digested, no_digests
from telemetry.engines.lines import Field, Lines, no_lines
from telemetry.engines.together import together
from telemetry.families.vocabulary import FamilySpec
from telemetry.layout import Layout

CHUNK = 2_000
STEP = 500
FIRST_STEP = 32
"""How many rows are fetched at most, and at first, before a question gives way or ends."""
QUICK = 0.002
"""Seconds: what took longer is fetched in smaller steps from then on."""
MOST = 16_000
"""How many rows a chunk of a server's may grow to."""
_EMBEDDED = ("sqlite", "duckdb")
_FLOATS = (700, 701)
"""What PostgreSQL calls the types of which its driver makes a float."""


def _no_arrays(*_: object) -> None:
    """Of an engine that gives rows."""


def _few(statement: sa.Select[Any]) -> bool:
    """Whether a statement gives groups, or no more rows than a number that it names."""
    return bool(statement._group_by_clauses) or statement._limit_clause is not None


def _nothing_expected(_: object) -> None:
    """Of an engine that does not say what it expects."""


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
    engine_expects: Callable[[sa.Select[Any]], Expected | None] = field(
        default=_nothing_expected, compare=False
    )
    """What the engine expects of a statement; None where it does not say."""
    lines_after: int = 0
    """How many rows are better written from their values before `engine_lines` is asked."""
    lines_meanwhile: int = 0
    """How many are, besides, while it gets ready to write the rest."""

    @property
    def served(self) -> bool:
        """Whether rows come from a server: there it pays to send few."""
        return self.connection.dialect.name not in _EMBEDDED

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
        if self.served and _few(statement):
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
            return [row for chunk in self._in_steps(cursor.fetchmany, CHUNK) for row in chunk]

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
        if not self.served:
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
