"""The same work on the other families: SimCash in its DuckDB file, MoltMarket on its PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb

from benchmarks.frame import Pair, Room, line, milliseconds, ratio
from benchmarks.large.simcash import RUN
from benchmarks.lines.servers import database, driver, psql
from telemetry.queries import ExperimentsQuery, IterationsQuery, SeriesQuery, TableQuery

FIRST = milliseconds(150)
EXPERIMENTS, ITERATIONS = 200, 50
MARKET, TRADERS, TICKS, EVENTS = "large-market", 100, 5_000, 500_000
_EXPERIMENTS = """
INSERT INTO experiments (experiment_id, experiment_name, experiment_type, config, master_seed,
    created_at, num_iterations, converged)
SELECT 'exp-' || e, 'experiment ' || e, 'castro', '{}', e,
    TIMESTAMP '2026-01-01' + to_hours(e), $iterations, e % 3 = 0
FROM range($experiments) AS experiments(e)
"""
_ITERATIONS = """
INSERT INTO experiment_iterations (experiment_id, iteration, costs_per_agent, accepted_changes,
    policies, timestamp)
SELECT 'exp-' || e, i, '{"BANK_A": ' || (100000 - i * 100) || ', "BANK_B": 90000}',
    '{"BANK_A": true, "BANK_B": false}', '{}', '2026-01-01T00:00:00'
FROM range($experiments) AS experiments(e), range($iterations) AS iterations(i)
"""
_MARKET = (
    "INSERT INTO runs (id, seed, scenario_version, status, config, current_tick, event_count,"
    f" last_event_hash) VALUES ('{MARKET}', 1, 'v1', 'completed', '{{}}', {TICKS}, {EVENTS}, 'x')",
    "INSERT INTO agents (id, run_id, name, cash_balance, asset_balance, status,"
    f" actions_this_tick) SELECT 'a' || n, '{MARKET}', 'agent ' || n, 1000, 10, 'active', 0"
    f" FROM generate_series(1, {TRADERS}) n",
    "INSERT INTO events (run_id, tick_id, event_seq, event_type, agent_id, payload, prev_hash,"
    f" event_hash) SELECT '{MARKET}', n::bigint * {TICKS} / {EVENTS}, n, 'ORDER_PLACED',"
    f" 'a' || (1 + n % {TRADERS}), jsonb_build_object('price', n % 977, 'side', 'bid'),"
    f" md5((n - 1)::text), md5(n::text) FROM generate_series(0, {EVENTS - 1}) n",
    "INSERT INTO metrics_snapshots (run_id, agent_id, tick_id, cash_balance, asset_balance, equity,"
    " pnl, pnl_pct, max_equity, drawdown, trade_count, order_count, reject_count)"
    f" SELECT '{MARKET}', 'a' || a, t, 1000 + (a * t) % 97, 10, 1500 + (a * t) % 89, 0, 0, 1600,"
    f" 0, 1, 2, 0 FROM generate_series(1, {TRADERS}) a, generate_series(0, {TICKS - 1}) t",
    "VACUUM ANALYZE",
)


def _duck(path: Path) -> Callable[[str], object]:
    """The bare driver, which opens the file for each statement as we do, since its lock keeps a
    simulator out."""

    def fetched(statement: str) -> object:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    return fetched


@line("SimCash: first page of events", against="duckdb driver, opened anew", bar=FIRST)
def simcash_events(room: Room) -> Pair:
    path = room.database("simcash-1m")
    source, bare = room.open(path), _duck(path)
    statement = (
        f"SELECT * FROM simulation_events WHERE simulation_id = '{RUN}' "
        "ORDER BY tick, event_timestamp, event_id LIMIT 501"
    )
    query = TableQuery(RUN, "simulation_events")
    return Pair(lambda: source.ask(query), lambda: bare(statement))


@line("SimCash: balance of one bank", against="duckdb driver, opened anew", bar=ratio(1.3))
def simcash_balance(room: Room) -> Pair:
    path = room.database("simcash-1m")
    source, bare = room.open(path), _duck(path)
    statement = (
        f"SELECT tick, balance FROM tick_agent_states WHERE simulation_id = '{RUN}' "
        "AND agent_id = 'BANK_005' ORDER BY tick"
    )
    query = SeriesQuery(RUN, "balance", ("BANK_005",))
    return Pair(lambda: source.ask(query), lambda: bare(statement))


@line(
    f"SimCash: page of an experiment among {EXPERIMENTS} × {ITERATIONS} iterations",
    against="duckdb driver, both tables", bar=milliseconds(500),
)  # fmt: skip
def simcash_experiment(room: Room) -> Pair:
    path = room.folder / "experiments.db"
    shutil.copy(room.database("simcash-1m"), path)
    with duckdb.connect(str(path)) as connection:
        sizes = {"experiments": EXPERIMENTS, "iterations": ITERATIONS}
        connection.execute(_EXPERIMENTS, sizes)
        connection.execute(_ITERATIONS, sizes)
    source, bare = room.open(path), _duck(path)

    def ours() -> None:
        source.ask(ExperimentsQuery())
        source.ask(IterationsQuery("exp-7"))

    def theirs() -> None:
        bare("SELECT * FROM experiments")
        bare("SELECT * FROM experiment_iterations WHERE experiment_id = 'exp-7'")

    return Pair(ours, theirs)


@cache
def _market() -> str:
    """A market of half a million events and as many states, on a server."""
    url = database("moltmarket")
    psql(url, *_MARKET)
    return url


@line("MoltMarket on PostgreSQL: first page of events", against="psycopg", bar=FIRST)
def market_events(room: Room) -> Pair:
    url = _market()
    source, bare = room.open(url), driver(room, url)
    statement = f"SELECT * FROM events WHERE run_id = '{MARKET}' ORDER BY event_seq LIMIT 501"
    query = TableQuery(MARKET, "events")
    return Pair(lambda: source.ask(query), lambda: bare.execute(statement).fetchall())


@line("MoltMarket on PostgreSQL: equity of one agent", against="psycopg", bar=ratio(1.3))
def market_equity(room: Room) -> Pair:
    url = _market()
    source, bare = room.open(url), driver(room, url)
    statement = (
        f"SELECT tick_id, equity FROM metrics_snapshots WHERE run_id = '{MARKET}' "
        "AND agent_id = 'a7' ORDER BY tick_id"
    )
    query = SeriesQuery(MARKET, "equity", ("a7",))
    return Pair(lambda: source.ask(query), lambda: bare.execute(statement).fetchall())
