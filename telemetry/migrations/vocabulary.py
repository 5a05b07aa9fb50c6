"""How a family declares the versions of its schema, and what a migration did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import sqlalchemy as sa

from telemetry.frozen import Frozen, field


class Growing(Protocol):
    """What a step may do to a database; what is there already is left as it is."""

    @property
    def connection(self) -> sa.Connection: ...

    def has(self, table: str, *columns: str) -> bool: ...

    def add_tables(self, *names: str) -> None: ...

    def add_columns(self, table: str, *names: str) -> None: ...

    def allow_null(self, table: str, *names: str) -> None: ...

    def rebuild(
        self, table: str, values: Mapping[str, str], aliases: Mapping[str, str]
    ) -> None: ...

    def fill(self, table: str, statement: str) -> None: ...


class Step(Frozen):
    """From the version before to `version`; `apply` may find some of it done already."""

    version: int
    title: str
    apply: Callable[[Growing], None]


class SchemaSpec(Frozen):
    """The tables that a family's recorder writes, and the steps by which older ones become them.

    `declared` gives the tables; who only reads does not ask, so that models need not be loaded.
    `engines` are those on which an empty database can be made, the usual one first. `run` is the
    table and column of whole-numbered run ids that only ever rise: by them, runs recorded before
    a column was added are told from later ones; None where added columns hold NULL in old rows.
    `run_column` is what its tables call the run that a row belongs to; by it they can be laid out
    over servers. `frozen` maps a vintage to the sentence why nothing may be recorded to it, though
    it was migrated.
    """

    family: str
    declared: Callable[[], sa.MetaData]
    steps: tuple[Step, ...]
    engines: tuple[str, ...]
    run: tuple[str, str] | None = None
    frozen: Mapping[str, str] = field(default_factory=dict)
    run_column: str | None = None

    @property
    def metadata(self) -> sa.MetaData:
        """The tables that our recorder writes."""
        return self.declared()

    @property
    def version(self) -> int:
        """The version that our recorder writes."""
        return self.steps[-1].version


class Done(Frozen):
    """One thing that a step did: `columns` are those added, `rows` those rewritten or there."""

    version: int
    title: str
    table: str
    what: str
    columns: tuple[str, ...] = ()
    rows: int | None = None


class Addition(Frozen):
    """A column (with column None: a table) that was not there when the older runs were recorded.

    `last_run` is the largest id of those runs; None where runs are not numbered: then a table
    counts as added as long as it is empty.
    """

    table: str
    column: str | None
    last_run: int | None
