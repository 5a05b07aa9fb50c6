"""Source: an opened database that answers every query by executing its family's declaration."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from collections.abc import Mapping as Map
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from telemetry.answers import ANSWERS, offered, tables
from telemetry.answers.csv_lines import Row, csv_lines
from telemetry.answers.seeking import seek
from telemetry.cache import KeptAnswers
from telemetry.cancel import CancelToken
from telemetry.concepts import Identity
from telemetry.engines import Database, Shape
from telemetry.errors import AskAgainError, ChangedError, NothingFoundError, RequestError
from telemetry.families.vocabulary import FamilySpec
from telemetry.layout import Layout
from telemetry.queries import Query, RunsQuery, TableQuery
from telemetry.reader import Reader

if TYPE_CHECKING:
    import sqlalchemy as sa

    from telemetry.concepts import (
        Cell,
        Column,
        Fingerprint,
        Good,
        LaneInfo,
        Measure,
        Rule,
        RunId,
        Statement,
        Table,
        TablePage,
    )
    from telemetry.roles.mapping import Mapping
    from telemetry.roles.opening import ByRoles

T = TypeVar("T")
MAX_SCALE = 10**12
WORTH_KEEPING = 0.05
"""Seconds: what is answered sooner is not worth a file."""
ANEW = 2
"""How often a question is asked anew where a writer changed the source under it."""


class Source:
    """An open source. Thread-safe; nothing is held between questions, nothing is ever written.

    `says_kept`: an answer from the cache folder says so in its notes. What is drawn must not
    depend on when it was asked first, so that a picture can be made again.
    """

    says_kept = True

    def __init__(
        self,
        database: Database,
        family: FamilySpec,
        vintage: str,
        shape: Shape,
        scale: int | None = None,
        look_again: Callable[[], Shape] | None = None,
        by_roles: ByRoles | None = None,
    ) -> None:
        """`look_again` gives the shape anew where it may change with the runs that are there.

        `by_roles` is told of a database of no known family: how it is read.
        """
        self._database = database
        self._look_again = look_again
        self._set: int | None = None
        self._adopt(family, vintage, shape, by_roles)
        self.set_scale(scale)

    def _adopt(
        self, family: FamilySpec, vintage: str, shape: Shape, by_roles: ByRoles | None
    ) -> None:
        database = self._database
        bare = Layout(family, shape, {})
        with database.connection() as connection:
            inferred = family.scales(Reader(bare, connection, CancelToken()), vintage)
        of = (family.name, vintage, database.engine_label, database.location.schema)
        about = "\n".join(map(str, (*of, shape.tables, shape.added)))
        if by_roles is not None:
            about += f"\n{by_roles.mapping}"
        self._family, self._vintage, self._by_roles = family, vintage, by_roles
        self._inferred, self._layout = inferred, bare
        self._kept = KeptAnswers(database.location.key, database.state, about)

    @property
    def by_roles(self) -> ByRoles | None:
        """How a database of no known family is read; None for one that its family declares."""
        return self._by_roles

    def read_by(self, mapping: Mapping) -> None:
        """Read the database by these roles from now on; blocks for a look at it.

        RequestError where they do not fit, or the family needs none; nothing has changed then.
        """
        from telemetry.roles.opening import by_roles

        if self._by_roles is None:
            raise RequestError(f"{self._family.label} sources need no roles.")
        read = by_roles(self._database, self._by_roles.stored, mapping)
        self._adopt(read.family, read.origin, read.shape, read)
        self.set_scale(self._set)

    @property
    def key(self) -> str:
        """A stable text for settings and notes; holds no password."""
        return self._database.location.key

    @property
    def name(self) -> str:
        return self._database.location.name

    @property
    def location(self) -> str:
        """Where it is, as a person names it; holds no password."""
        return self._database.location.text

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table of the family, also those that this source lacks."""
        return tuple(self._layout.describe(t) for t in self._family.tables if not t.inner)

    @property
    def measures(self) -> tuple[Measure, ...]:
        return offered.measures(self._layout)

    @property
    def lanes(self) -> tuple[LaneInfo, ...]:
        return offered.lanes(self._layout)

    @property
    def goods(self) -> tuple[Good, ...]:
        """What changes hands here, also what this source lacks; empty where nothing does."""
        return offered.goods(self._layout)

    @property
    def audit_rules(self) -> tuple[Rule, ...]:
        """What `AuditQuery` holds a run against; empty where the family declares nothing."""
        return tuple(declared.rule for declared in self._family.audit)

    @property
    def scales(self) -> Map[str, int]:
        """What stored integers are divided by, by scale name; 1: shown as stored."""
        return self._layout.scales

    @property
    def family(self) -> str:
        """The family's name, without the question that the whole `identity` may be."""
        return self._family.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the source as far as it was read; a question may add to it."""
        return (*self._database.notes, *self._role_notes(), *self._scale_notes())

    @property
    def identity(self) -> Identity:
        """Family, vintage, engine, tables with what is missing, and what was inferred."""
        described = self.tables
        return Identity(
            location=self.location,
            name=self.name,
            family=self._family.name,
            family_label=self._family.label,
            vintage=self._vintage,
            engine=self._database.engine_label,
            size_bytes=self._database.size_bytes(),
            tables=described,
            missing=tuple(_missing(described)),
            notes=self.notes,
        )

    def fingerprint(self, token: CancelToken | None = None) -> Fingerprint:
        """What tells this source from another and from itself after a change; reads files."""
        return self._database.fingerprint(token or CancelToken())

    def table(self, name: str) -> Table:
        """The table of that name; RequestError where the family has none."""
        return self._layout.describe(self._layout.table_spec(name))

    def table_with_role(self, role: str) -> Table | None:
        """The table that plays `role` (it may be not recorded here); None: the family has none."""
        return next((t for t in self.tables if t.role == role), None)

    def explain(self, table: str, row: Map[str, Cell]) -> str:
        """A row of `table` (by column name, payload included) in words; "" where it has none."""
        told = self._layout.table_spec(table).explain
        return "" if told is None else told(row)

    def explains(self, table: str) -> bool:
        """Whether the family has words for the rows of `table`."""
        return self._layout.table_spec(table).explain is not None

    def set_scale(self, scale: int | None) -> None:
        """Divide stored quantities of goods by `scale`; None: what the vintage suggests."""
        if scale is not None and not 1 <= scale <= MAX_SCALE:
            raise RequestError(f"The scale {scale} is not between 1 and {MAX_SCALE}.")
        self._set = scale
        scales = {
            s.name: scale if scale is not None and s.name == "goods" else s.value
            for s in self._inferred
        }
        self._layout = Layout(self._family, self._layout.shape, scales)

    @property
    def scale_given(self) -> int | None:
        """What `set_scale` was told; None: the scales are what the vintage suggests."""
        return self._set

    def can_answer(self, query: type[Query[Any]]) -> bool:
        """Whether a question of this kind has an answer here, though it may be an empty one."""
        return self._answer_to(query) is not None

    def _answer_to(self, query: type[Query[Any]]) -> Callable[..., Any] | None:
        needed = self._family.answers_from.get(query)
        own = self._family.answers.get(query)
        if own is not None and (needed is None or self._layout.shape.has(needed)):
            return own
        return ANSWERS.get(query)

    def ask(self, query: Query[T], token: CancelToken | None = None) -> T:
        """Answer `query`; blocks. QueryCancelled once the token is cancelled."""
        answer = self._answer_to(type(query))
        if answer is None:
            raise NothingFoundError(f"{self._family.label} sources {query.LACKING}.")
        token = token or CancelToken()
        kept = self._kept.of(query, dict(self._layout.scales), token) if query.KEPT else None
        if kept is not None:
            known: tuple[T, str] | None = kept.read(told=self.says_kept)
            if known is not None:
                answered, token.kept = known
                return answered
        begin = time.monotonic()
        found = self._found(answer, query, token)
        if kept is not None and time.monotonic() - begin > WORTH_KEEPING:
            kept.write(found)
        return found

    def _found(self, answer: Callable[..., T], query: Query[T], token: CancelToken) -> T:
        """The answer from the database, asked anew where that changed meanwhile."""
        if isinstance(query, RunsQuery) and self._look_again is not None:
            self._layout = Layout(self._family, self._look_again(), self._layout.scales)
        for _ in range(ANEW):
            with suppress(ChangedError, AskAgainError):
                return self._answered(answer, query, token)
        return self._answered(answer, query, token)

    def _answered(self, answer: Callable[..., T], query: Query[T], token: CancelToken) -> T:
        with self._database.connection(token, _about(query)) as connection:
            return answer(self._reader(connection, token), query)

    def _reader(self, connection: sa.Connection, token: CancelToken) -> Reader:
        database = self._database
        return Reader(
            self._layout,
            connection,
            token,
            partial(database.beside, connection, token),
            engine_digests=partial(database.digests, connection, token),
            engine_arrays=partial(database.arrays, connection),
            engine_columns=partial(database.columns, connection, token),
            engine_expects=partial(database.expects, connection),
        )

    def statement(self, query: Query[Any], token: CancelToken | None = None) -> Statement:
        """The statement whose rows answer a query for rows, a series or flows, values written out.

        RequestError for other queries, NothingFoundError where nothing is recorded.
        """
        from telemetry.answers.statements import select_of

        token = token or CancelToken()
        with self._database.connection(token, _about(query)) as connection:
            select, divided = select_of(Reader(self._layout, connection, token), query)
            return self._database.spelled(connection, select, divided)

    def stream(
        self, query: TableQuery, token: CancelToken | None = None
    ) -> Generator[tuple[tuple[Cell, ...], ...]]:
        """All rows that match, a chunk at a time in constant memory; `limit` is ignored."""
        token = token or CancelToken()
        with self._database.connection(token, _about(query)) as connection:
            yield from tables.stream(Reader(self._layout, connection, token), query)

    def seek(
        self, query: TableQuery, token: CancelToken | None = None
    ) -> Generator[tuple[TablePage, int, int]]:
        """First pages that get better and at last the answer, each with how many ticks of how many
        it is from; where an index serves the order, the answer alone."""
        token = token or CancelToken()
        with self._database.connection(token, _about(query)) as connection:
            for found in seek(self._reader(connection, token), query):
                yield found.page, found.done, found.total

    def csv_lines(
        self,
        query: TableQuery,
        lines: Callable[[list[Row]], str],
        limit: int | None = None,
        token: CancelToken | None = None,
    ) -> Generator[tuple[str, int]]:
        """All rows that match (at most `limit`) as lines of CSV, with how many rows they are.

        Constant memory. The engine writes them where it writes exactly what `lines` would make of
        their values, and `lines` does where not; `query.limit` is ignored.
        """
        token = token or CancelToken()
        with self._database.connection(token, _about(query)) as connection:
            by_engine = partial(self._database.lines, connection, token)
            reader = Reader(
                self._layout,
                connection,
                token,
                engine_lines=by_engine,
                lines_after=self._database.lines_after,
                lines_meanwhile=self._database.lines_meanwhile,
            )
            yield from csv_lines(reader, query, lines, limit)

    def stream_columns(self, query: TableQuery) -> tuple[Column, ...]:
        """The columns of the rows that `stream` gives."""
        return tables.stream_columns(self._layout, query)

    def parse_run_id(self, text: str) -> RunId:
        """The run that a person means by `text`; NothingFoundError where there is none."""
        listed = self.ask(RunsQuery()).runs
        for run in listed:
            if str(run.run_id) == text.strip():
                return run.run_id
        known = ", ".join(str(r.run_id) for r in listed[:20]) + (" …" if len(listed) > 20 else "")
        has = f"it has {known}" if listed else "it has no runs"
        raise NothingFoundError(f"There is no run {text!r} in {self.name}; {has}.")

    def close(self) -> None:
        self._database.close()

    def _role_notes(self) -> tuple[str, ...]:
        return () if self._by_roles is None else self._by_roles.notes

    def _scale_notes(self) -> tuple[str, ...]:
        if self._set is not None:
            return (f"Quantities are shown divided by {self._set}, as set by you.",)
        return tuple(s.note for s in self._inferred if s.note)


def _about(query: Query[T]) -> tuple[RunId, ...]:
    """The runs that a question is about; none where it is about the source."""
    run_id = getattr(query, "run_id", None)
    if run_id is not None:
        return (run_id,)
    return tuple(getattr(query, "run_ids", ()))


def _missing(described: tuple[Table, ...]) -> Iterator[str]:
    for table in described:
        if not table.recorded:
            yield f"table {table.name}"
            continue
        lacking = [c.name for c in table.columns if not c.recorded and not c.derived]
        if lacking:
            yield f"{table.name}: {', '.join(lacking)}"
