"""The tables, columns and indices that a SQLite file has."""

from __future__ import annotations

import sqlite3

from telemetry.engines.database import Shape


def shape_of(connection: sqlite3.Connection) -> Shape:
    """Tables and views with their columns; one that SQLite itself cannot read is left out."""
    listed = connection.execute(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    indices: dict[str, tuple[tuple[str, ...], ...]] = {}
    required: dict[str, frozenset[str]] = {}
    for name, kind in listed:
        try:
            columns = _columns(connection, name)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            continue  # a view of what is gone, or a virtual table of a module that is not here
        tables[name] = columns
        if kind == "table":
            indices[name] = _indices(connection, name)
            required[name] = _required(connection, name)
    return Shape(tables, indices, folds_case=True, required=required)


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    rows = connection.execute(
        "SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1", (table,)
    )
    return dict(rows.fetchall())


def _required(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    rows = connection.execute(
        'SELECT name FROM pragma_table_xinfo(?) WHERE "notnull" AND hidden <> 1', (table,)
    )
    return frozenset(name for (name,) in rows)


def _indices(connection: sqlite3.Connection, table: str) -> tuple[tuple[str, ...], ...]:
    """The columns of each whole index; one of an expression ends at that."""
    rows = connection.execute(
        "SELECT i.name, c.name FROM pragma_index_list(?) i, pragma_index_info(i.name) c "
        "WHERE NOT i.partial ORDER BY i.name, c.seqno",
        (table,),
    ).fetchall()
    found: dict[str, list[str | None]] = {}
    for index, column in rows:
        found.setdefault(index, []).append(column)
    return tuple(
        tuple(n for n in names[: names.index(None) if None in names else None] if n is not None)
        for names in found.values()
    )
