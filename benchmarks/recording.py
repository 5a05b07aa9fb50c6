"""Rows per second of a recorder against the bare driver's bulk insert of the same rows.

`python -m benchmarks.recording` prints a line for each database and way of recording. Both sides
write the same rows into the same tables with the same indices, in transactions of as many ticks.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from telemetry.families.vmt.recorder import VmtRecorder

TICKS_PER_COMMIT = 10
Rows = list[list[dict[str, Any]]]  # rows by tick


def snapshots(agents: int, ticks: int) -> Rows:
    """One row an agent and tick, all 25 columns of agent_snapshots in use."""
    chance = random.Random(1)
    return [[_snapshot(chance, agent) for agent in range(agents)] for _ in range(ticks)]


def _snapshot(chance: random.Random, agent: int) -> dict[str, Any]:
    real = chance.random
    return {
        "agent_id": agent, "x": chance.randrange(30), "y": chance.randrange(30),
        "inventory_A": chance.randrange(100), "inventory_B": chance.randrange(100),
        "inventory_M": chance.randrange(1000), "utility": real() * 10,
        "ask_A_in_B": real(), "bid_A_in_B": real(), "p_min": real(), "p_max": real(),
        "ask_A_in_M": real(), "bid_A_in_M": real(), "ask_B_in_M": real(), "bid_B_in_M": real(),
        "perceived_price_A": real(), "perceived_price_B": real(), "lambda_money": real(),
        "lambda_changed": 1, "target_agent_id": None, "target_x": None, "target_y": None,
        "utility_type": "ces",
    }  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One way of recording into a fresh database, and the bare driver's into another."""

    name: str
    driver: str
    prepare: Callable[[Rows], Any]  # how the simulator has its state at hand
    record: Callable[[str, Any], None]
    bare: Callable[[str, list[tuple[Any, ...]], list[str]], None]
    place: Callable[[], str]  # the URL of a database that is empty or not there yet


def by_rows(url: str, rows: Rows) -> None:
    """A call a row, as most simulators do."""
    with VmtRecorder(url) as recorder, _run(recorder) as run:
        for tick, of_tick in enumerate(rows):
            for row in of_tick:
                run.log_agent_snapshot(tick, **row)
            run.end_tick(tick)


def as_columns(rows: Rows) -> list[dict[str, list[Any]]]:
    return [{name: [row[name] for row in of] for name in of[0]} for of in rows]


def by_columns(url: str, columns: list[dict[str, list[Any]]]) -> None:
    """A call a tick, the state of all agents as columns."""
    with VmtRecorder(url) as recorder, _run(recorder) as run:
        for tick, of_tick in enumerate(columns):
            run.record_columns("agent_snapshots", tick, of_tick)
            run.end_tick(tick)


def _run(recorder: VmtRecorder) -> Any:
    return recorder.begin_run("bench", exchange_regime="mixed", ticks_per_commit=TICKS_PER_COMMIT)


def sqlite_bare(url: str, rows: list[tuple[Any, ...]], names: list[str]) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    marks = ",".join("?" * len(names))
    statement = f"INSERT INTO agent_snapshots ({','.join(names)}) VALUES ({marks})"
    for part in _parts(rows):
        connection.executemany(statement, part)
        connection.commit()
    connection.close()


def postgresql_bare(url: str, rows: list[tuple[Any, ...]], names: list[str]) -> None:
    import psycopg

    quoted = ",".join(f'"{name}"' for name in names)
    with psycopg.connect(url) as connection:
        for part in _parts(rows):
            with connection.cursor() as cursor:
                with cursor.copy(f"COPY agent_snapshots ({quoted}) FROM STDIN") as copy:
                    for row in part:
                        copy.write_row(row)
            connection.commit()


def duckdb_bare(url: str, rows: list[tuple[Any, ...]], names: list[str]) -> None:
    connection: Any = duckdb.connect(url.removeprefix("duckdb:///"))
    for part in _parts(rows):
        connection.begin()
        appender = connection.appender("agent_snapshots", columns=names)
        appender.append_rows(part)
        appender.flush()
        connection.commit()
    connection.close()


_per_commit = 0


def _parts(rows: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    for start in range(0, len(rows), _per_commit):
        yield rows[start : start + _per_commit]


@contextmanager
def comparisons(folder: Path) -> Iterator[list[Comparison]]:
    """Every database that can be had here."""
    count = iter(range(10**6))

    def file(kind: str) -> Callable[[], str]:
        return lambda: f"{kind}:///{folder / f'{kind}{next(count)}.db'}"

    with ExitStack() as stack:
        places = [
            ("SQLite", "sqlite3 executemany", sqlite_bare, file("sqlite")),
            ("DuckDB", "duckdb appender", duckdb_bare, file("duckdb")),
        ]
        server = _server(stack)
        if server is not None:
            places.append(("PostgreSQL", "psycopg COPY", postgresql_bare, server))
        yield [
            Comparison(f"{name}, {way}", driver, prepare, record, bare, place)
            for name, driver, bare, place in places
            for way, prepare, record in (
                ("row by row", list, by_rows),
                ("columns", as_columns, by_columns),
            )
        ]


def _server(stack: ExitStack) -> Callable[[], str] | None:
    """Databases of a server started for this run, where the package that carries one is here."""
    try:
        from tests.builders.postgresql import running

        return stack.enter_context(running()).create
    except ImportError:
        return None


def measure(one: Comparison, rows: Rows, times: int) -> tuple[float, float, float]:
    """Rows per second of the recorder and the bare driver (medians, taken in turn), and MB."""
    flat = [(1, tick, *row.values()) for tick, of_tick in enumerate(rows) for row in of_tick]
    names = ["run_id", "tick", *rows[0][0]]
    ours, theirs, ready = [], [], one.prepare(rows)
    for _ in range(times):
        mine, other = _made(one.place()), _made(one.place())
        ours.append(_seconds(lambda url=mine: one.record(url, ready)))
        theirs.append(_seconds(lambda url=other: one.bare(url, flat, names)))
    tracemalloc.start()
    one.record(one.place(), ready)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    return len(flat) / statistics.median(ours), ratio, peak


def _made(url: str) -> str:
    """The tables are made, and a run that the bare driver's rows can belong to."""
    with VmtRecorder(url) as recorder:
        _run(recorder).finish()
    return url


def _seconds(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> int:
    global _per_commit
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording", description=__doc__)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--ticks", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    rows = snapshots(options.agents, options.ticks)
    _per_commit = options.agents * TICKS_PER_COMMIT
    print(f"{options.agents * options.ticks} rows of 25 columns, {TICKS_PER_COMMIT} ticks a commit")
    print(f"{'recorder':<24} {'rows/s':>9} {'of bare':>8} {'peak':>8}  bare driver")
    with tempfile.TemporaryDirectory() as name, comparisons(Path(name)) as found:
        for one in found:
            speed, ratio, peak = measure(one, rows, options.times)
            print(f"{one.name:<24} {speed:9.0f} {ratio:8.2f} {peak:6.1f}MB  {one.driver}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
