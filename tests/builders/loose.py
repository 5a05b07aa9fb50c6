"""Copies of built databases as hand-made tools write them: no keys, constraints or indices."""

import sqlite3
from collections.abc import Container
from pathlib import Path


def tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return [name for (name,) in rows if not name.startswith("sqlite_")]


def columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Name and declared type of each column."""
    return {row[1]: row[2] for row in connection.execute(f'PRAGMA table_info("{table}")')}


def loose_copy(
    whole: Path, path: Path, *, without: Container[tuple[str, str]] = (), typed: bool = True
) -> Path:
    """All rows of `whole` in plain tables, less the (table, column)s `without`."""
    old = sqlite3.connect(whole)
    new = sqlite3.connect(path)
    for name in tables(old):
        kept = {c: t for c, t in columns(old, name).items() if (name, c) not in without}
        listed = ", ".join(f'"{c}"' for c in kept)
        declared = ", ".join(f'"{c}" {t if typed else ""}' for c, t in kept.items())
        new.execute(f'CREATE TABLE "{name}" ({declared})')
        rows = old.execute(f'SELECT {listed} FROM "{name}"').fetchall()
        marks = ", ".join("?" * len(kept))
        new.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
    new.commit()
    old.close()
    new.close()
    return path
