"""Changes: what a step does to a database, done by Alembic and told as it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp
from alembic.runtime.migration import MigrationContext
from sqlalchemy.schema import CreateColumn

from telemetry.migrations.tables import DUCKDB, default_of, sequences, shape_of, suited
from telemetry.migrations.vocabulary import Addition, Done, SchemaSpec, Step


class DuckDBImpl(DefaultImpl):
    """DuckDB to Alembic, which finds it by its name: plain DDL is enough."""

    __dialect__ = DUCKDB


class Changes:
    """A database being brought to a schema; what is there already is left as it is.

    `done` says what was changed, `additions` what was not there when the older runs were recorded.
    """

    def __init__(self, connection: sa.Connection, schema: SchemaSpec) -> None:
        self.connection = connection
        self.done: list[Done] = []
        self.additions: list[Addition] = []
        self._schema = schema
        self._step = schema.steps[0]
        self._operations = Operations(MigrationContext.configure(connection))
        self._engine = connection.dialect.name
        self._look()
        self._last_run = self._largest_run()

    def apply(self, step: Step) -> None:
        """Do one step and look at what the database has then."""
        self._step = step
        step.apply(self)

    def has(self, table: str, *columns: str) -> bool:
        return self._shape.has(table, *columns)

    def add_tables(self, *names: str) -> None:
        """Make each declared table that is not there, with its indices."""
        for name in names:
            if self.has(name):
                self._add_indices(name)
                continue
            model = self._model(name)
            if self._engine == DUCKDB:
                for sequence in sequences(model):
                    self.connection.execute(sa.schema.CreateSequence(sequence, if_not_exists=True))
            self._operations.invoke(CreateTableOp.from_table(suited(model, self._engine)))
            self._look()
            self._tell(name, "table added", tuple(c.name for c in model.c))
            self._note_addition(name, None)
            self._add_indices(name)

    def add_columns(self, table: str, *names: str) -> None:
        """Add those of the declared columns that are not there, with their defaults."""
        if not self.has(table):
            return
        missing = [n for n in names if not self.has(table, n)]
        for name in missing:
            declared = self._model(table).c[name]
            column: sa.Column[object] = sa.Column(
                name,
                declared.type,
                server_default=default_of(declared),
            )
            self._operations.add_column(table, column)
            self._note_addition(table, name)
        if missing:
            self._look()
            self._tell(table, "columns added", tuple(missing), self._rows(table))
        self._add_indices(table)

    def allow_null(self, table: str, *names: str) -> None:
        """Let columns be NULL that could not be; SQLite can that only by making the table anew."""
        strict = [n for n in names if n in self._shape.required.get(table, ())]
        if not strict:
            return
        if self._engine == "sqlite":
            self._make_anew(table, strict)
        else:
            for name in strict:
                self._operations.alter_column(table, name, nullable=True)
        self._look()
        self._tell(table, "NULL allowed", tuple(strict), self._rows(table))

    def _make_anew(self, table: str, strict: list[str]) -> None:
        """Copy the table into one that allows NULL in the `strict` columns."""
        counted = self._counted(table)
        options = {"sqlite_autoincrement": counted is not None}
        with self._operations.batch_alter_table(
            table, recreate="always", table_kwargs=options
        ) as batch:
            for name in strict:
                batch.alter_column(name, nullable=True)
        if counted is not None:  # ids that were given once are not given again
            self.connection.exec_driver_sql(
                "UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (counted, table)
            )

    def _counted(self, table: str) -> int | None:
        """The last id that an AUTOINCREMENT table gave; None for another table."""
        made = self.connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ).scalar_one_or_none()
        if "AUTOINCREMENT" not in str(made).upper():
            return None
        last = self.connection.exec_driver_sql(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)
        ).scalar_one_or_none()
        return last or 0

    def rebuild(
        self,
        table: str,
        values: Mapping[str, str],
        aliases: Mapping[str, str],
        keep: tuple[str, ...] = (),
    ) -> None:
        """The declared table in the place of an older one, with the same rows.

        `values` gives, by column, the expression over the older table's columns that it is filled
        with; columns of `keep` go over under their old names. `aliases` are older names under
        which readers still find a new column. Nothing but the key is required of the rows.
        """
        older = f"{table}_before"
        had = list(self._shape.tables[table])
        kept = {name: self._shape.tables[table][name] for name in keep if self.has(table, name)}
        self._drop_indices(table)
        self._operations.rename_table(table, older)
        self.connection.exec_driver_sql(self._rebuilt(table, aliases, kept))
        names = ", ".join(f'"{name}"' for name in (*values, *kept))
        taken = ", ".join((*values.values(), *(f'"{name}"' for name in kept)))
        self.connection.exec_driver_sql(
            f'INSERT INTO "{table}" ({names}) SELECT {taken} FROM "{older}"'
        )
        self._operations.drop_table(older)
        self._look()
        new = tuple(n for n in self._shape.tables[table] if n not in had)
        self._tell(table, "table rebuilt", new, self._rows(table))
        self._add_indices(table)

    def fill(self, table: str, statement: str) -> None:
        """Put rows into a table by a statement of our own."""
        before = self._rows(table)
        self.connection.exec_driver_sql(statement)
        if added := self._rows(table) - before:
            self._tell(table, "rows added", rows=added)

    def _rebuilt(self, table: str, aliases: Mapping[str, str], kept: Mapping[str, str]) -> str:
        """CREATE TABLE, which SQLAlchemy cannot say with DuckDB's kind of computed columns."""
        model, dialect = suited(self._model(table), self._engine), self.connection.dialect
        parts = []
        for column in model.c:
            free = column.primary_key or column.server_default is not None
            copy = sa.Column(
                column.name, column.type, server_default=default_of(column), nullable=not free
            )
            sa.Table(table, sa.MetaData(), copy)
            parts.append(str(CreateColumn(copy).compile(dialect=dialect)))
        parts += [f'"{name}" {kind}' for name, kind in kept.items()]
        parts += [f'"{old}" VARCHAR GENERATED ALWAYS AS ("{new}")' for old, new in aliases.items()]
        key = ", ".join(f'"{c.name}"' for c in model.primary_key)
        return f'CREATE TABLE "{table}" ({", ".join(parts)}, PRIMARY KEY ({key}))'

    def _drop_indices(self, table: str) -> None:
        """DuckDB renames no table that has an index."""
        listed = self.connection.exec_driver_sql(
            "SELECT index_name FROM duckdb_indexes() WHERE table_name = ?", (table,)
        )
        for (name,) in listed.all():
            self._operations.drop_index(name)

    def _add_indices(self, table: str) -> None:
        for index in sorted(self._model(table).indexes, key=lambda i: str(i.name)):
            columns = [c.name for c in index.columns]
            if self.has(table, *columns):
                self._operations.create_index(
                    str(index.name), table, columns, unique=index.unique, if_not_exists=True
                )

    def _model(self, table: str) -> sa.Table:
        return self._schema.metadata.tables[table]

    def _look(self) -> None:
        declared = {t.name: [c.name for c in t.c] for t in self._schema.metadata.tables.values()}
        self._shape = shape_of(self.connection).spelt_like(declared)

    def _rows(self, table: str) -> int:
        counted = sa.select(sa.func.count()).select_from(sa.table(table))
        return int(self.connection.execute(counted).scalar_one())

    def _largest_run(self) -> int | None:
        if self._schema.run is None or not self.has(*self._schema.run):
            return None
        table, column = self._schema.run
        largest: sa.Select[Any] = sa.select(sa.func.max(sa.column(column))).select_from(
            sa.table(table)
        )
        found = self.connection.execute(largest).scalar_one()
        return found if isinstance(found, int) else None

    def _note_addition(self, table: str, column: str | None) -> None:
        by_emptiness = self._schema.run is None and column is None
        if self._last_run is not None or by_emptiness:
            self.additions.append(Addition(table, column, self._last_run))

    def _tell(
        self, table: str, what: str, columns: tuple[str, ...] = (), rows: int | None = None
    ) -> None:
        step = self._step
        self.done.append(Done(step.version, step.title, table, what, columns, rows))
