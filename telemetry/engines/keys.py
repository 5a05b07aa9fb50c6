"""Primary keys, foreign keys and views of a database, as its engine tells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from telemetry.engines.database import Shape
from telemetry.frozen import Frozen, field


class Keys(Frozen):
    """What tells a table's rows apart, and what they refer to.

    `primary` are the columns of the primary key; `refers` maps a column to (table, column), keys
    of several columns left out; `unique` are the columns of each unique key. A view has none.
    """

    primary: tuple[str, ...] = ()
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = ()
    view: bool = False


def keys_of(connection: sa.Connection, shape: Shape) -> dict[str, Keys]:
    """The keys of each table of `shape`; one that its engine cannot tell of has none."""
    if connection.dialect.name == "sqlite":
        return {table: _of_sqlite(connection, table) for table in shape.tables}
    if connection.dialect.name == "duckdb":
        return _of_duckdb(connection, shape)
    return _of_server(connection, shape)


def _of_sqlite(connection: sa.Connection, table: str) -> Keys:
    def ask(statement: str) -> list[Any]:
        with suppress(sa.exc.DBAPIError):  # a virtual table of a module that is not here
            return list(connection.exec_driver_sql(statement, (table,)).fetchall())
        return []

    kind = ask("SELECT type FROM sqlite_master WHERE name = ? COLLATE NOCASE")
    primary = ask("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk")
    rows = ask('SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq')
    several = {row[0] for row in rows if sum(other[0] == row[0] for other in rows) > 1}
    listed = ask(
        "SELECT i.name, c.name FROM pragma_index_list(?) i, pragma_index_info(i.name) c "
        'WHERE i."unique" AND NOT i.partial ORDER BY i.name, c.seqno'
    )
    return Keys(
        tuple(name for (name,) in primary),
        {own: (other, there or "") for id_, other, own, there in rows if id_ not in several},
        tuple(_grouped(listed)),
        bool(kind) and kind[0][0] == "view",
    )


def _grouped(rows: Iterable[tuple[str, str | None]]) -> list[tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, column in rows:
        found.setdefault(name, []).append(column or "")
    return [tuple(columns) for columns in found.values()]


def _of_duckdb(connection: sa.Connection, shape: Shape) -> dict[str, Keys]:
    rows = connection.exec_driver_sql(
        "SELECT table_name, constraint_type, constraint_column_names, referenced_table, "
        "referenced_column_names FROM duckdb_constraints() WHERE schema_name = current_schema() "
        "AND database_name = current_database()"
    ).fetchall()
    found = {name: Keys(view="rowid" not in own) for name, own in shape.tables.items()}
    for table, kind, columns, other, others in rows:
        own = found.get(table, Keys())
        if kind == "PRIMARY KEY":
            own = Keys(tuple(columns), own.refers, own.unique)
        elif kind == "UNIQUE":
            own = Keys(own.primary, own.refers, (*own.unique, tuple(columns)))
        elif kind == "FOREIGN KEY" and len(columns) == 1 and others:
            own = Keys(own.primary, {**own.refers, columns[0]: (other, others[0])}, own.unique)
        found[table] = own
    return found


def _of_server(connection: sa.Connection, shape: Shape) -> dict[str, Keys]:
    inspector: Any = sa.inspect(connection)
    views = {*inspector.get_view_names(), *inspector.get_materialized_view_names()}
    primary = {name: key for (_, name), key in inspector.get_multi_pk_constraint().items()}
    refers = {name: keys for (_, name), keys in inspector.get_multi_foreign_keys().items()}
    unique = {name: keys for (_, name), keys in inspector.get_multi_unique_constraints().items()}
    return {
        table: Keys(
            tuple((primary.get(table) or {}).get("constrained_columns") or ()),
            {
                key["constrained_columns"][0]: (key["referred_table"], key["referred_columns"][0])
                for key in refers.get(table, ())
                if len(key["constrained_columns"]) == 1 and key["referred_columns"]
            },
            tuple(tuple(key["column_names"]) for key in unique.get(table, ())),
            table in views,
        )
        for table in shape.tables
    }
