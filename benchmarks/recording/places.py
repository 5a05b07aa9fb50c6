"""The databases that can be had here: a driver each, and empty places to record to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.recording import bare
from benchmarks.recording.bare import Bare


@dataclass(frozen=True)
class Engine:
    """A database engine: its name, its bare driver, and the URL of a database not there yet."""

    name: str
    driver: Bare
    place: Callable[[], str]


@contextmanager
def engines(folder: Path) -> Iterator[list[Engine]]:
    """Every engine; PostgreSQL is a server of this run's own, where its package is here."""
    count = iter(range(10**6))

    def file(kind: str) -> Callable[[], str]:
        return lambda: f"{kind}:///{folder / f'{kind}{next(count)}.db'}"

    with ExitStack() as stack:
        found = [Engine("SQLite", bare.SQLITE, file("sqlite"))]
        server = _server(stack)
        if server is not None:
            found.append(Engine("PostgreSQL", bare.POSTGRESQL, server))
        yield [*found, Engine("DuckDB", bare.DUCKDB, file("duckdb"))]


def _server(stack: ExitStack) -> Callable[[], str] | None:
    try:
        from tests.builders.postgresql import running

        return stack.enter_context(running(durable=True)).create
    except ImportError:
        return None
