"""The room that thinned runs leave in a file, given back where the engine does not do so itself.

Nothing here changes what a database says: it is done after the commit that thinned, and left
undone where another connection is in the way, for the next one to do.
"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from telemetry.recording.target import Target

_PATIENCE = 1_000  # milliseconds for a reader or writer to get out of the way
#: A SQLite file is written anew once so much of it is room that nothing uses.
_UNUSED = 1 / 8


def forget_thinned(target: Target) -> None:
    """Keep deleted rows of a DuckDB database out of its file, as long as they are in its WAL.

    A checkpoint writes the rows that are left; were it to come in the middle of the next run, it
    would write those of that one too, and their blocks would stay in the file for good.
    """
    if target.engine.dialect.name == "duckdb":
        _outside(target, "CHECKPOINT")


def compact(target: Target) -> None:
    """Give unused room of the file back; PostgreSQL's autovacuum lets new rows have it instead."""
    name = target.engine.dialect.name
    if name == "duckdb":
        _outside(target, "CHECKPOINT")
    elif name == "sqlite" and _unused(target) > _UNUSED:
        wait = f"PRAGMA busy_timeout={_PATIENCE}"
        _outside(target, wait, "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")


def _unused(target: Target) -> float:
    with target.transaction() as connection:
        pages, free = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count")
        )
        return float(free / pages)


def _outside(target: Target, *statements: str) -> None:
    """Run statements that no transaction can hold; one that may not run now changes nothing."""
    with suppress(DBAPIError), target.engine.connect() as connection:
        connection.detach()  # its settings are for these statements alone
        for statement in statements:
            connection.exec_driver_sql(statement)
