"""Tables made on any engine that we write to, and which tables a connection sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from telemetry.engines import Shape

DUCKDB = "duckdb"


def shape_of(connection: sa.Connection) -> Shape:
    """The tables and columns that the connection sees now, its own uncommitted ones included."""
    name = connection.dialect.name
    if name == "sqlite":
        from telemetry.engines.sqlite_shape import shape_of as sqlite_shape

        driver = connection.connection.driver_connection
        assert driver is not None
        return sqlite_shape(driver)
    if name == DUCKDB:
        from telemetry.engines.duckdb import read_shape as duckdb_shape

        return duckdb_shape(connection)
    from telemetry.engines.postgresql import read_shape

    return read_shape(connection)


def create(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Make those of `tables` that are not there, with their indices; the caller commits.

    An index whose ``info`` says that it is ``needless_on`` DuckDB is not made there.
    """
    wanted = list(tables)
    if not wanted:
        return
    if connection.dialect.name != DUCKDB:
        wanted[0].metadata.create_all(connection, tables=wanted)
        return
    for table in wanted:
        for sequence in sequences(table):
            connection.execute(sa.schema.CreateSequence(sequence, if_not_exists=True))
        connection.execute(CreateTable(suited(table, DUCKDB), if_not_exists=True))
        wished = [i for i in table.indexes if i.info.get("needless_on") != DUCKDB]
        for index in sorted(wished, key=lambda i: str(i.name)):
            connection.execute(CreateIndex(index, if_not_exists=True))


def sequences(table: sa.Table) -> tuple[sa.Sequence, ...]:
    """What counts a table's own ids where an engine has no type that does."""
    counted = table.autoincrement_column
    return () if counted is None else (sa.Sequence(f"{table.name}_{counted.name}_seq"),)


def default_of(column: sa.Column[Any]) -> Any:
    """What a column's server default was declared as, to declare another column like it."""
    default = column.server_default
    return default.arg if isinstance(default, sa.DefaultClause) else None


def suited(table: sa.Table, engine: str) -> sa.Table:
    """`table` as `engine` can make it.

    DuckDB has no counting type, checks foreign keys so eagerly that rows which others name cannot
    be updated, and its enumerations would be types beside the tables.
    """
    if engine != DUCKDB:
        return table
    columns = [_for_duckdb(table, column) for column in table.columns]
    unique = [
        sa.UniqueConstraint(*(c.name for c in constraint.columns))
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    return sa.Table(table.name, sa.MetaData(), *columns, *unique)


def _for_duckdb(table: sa.Table, column: sa.Column[Any]) -> sa.Column[Any]:
    default = default_of(column)
    if column is table.autoincrement_column:
        default = sa.text(f"nextval('{sequences(table)[0].name}')")
    return sa.Column(
        column.name,
        sa.Text() if isinstance(column.type, sa.Enum) else column.type,
        primary_key=column.primary_key,
        autoincrement=False,
        nullable=column.nullable,
        server_default=default,
    )
