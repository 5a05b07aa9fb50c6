"""The same work on the other families: SimCash in its DuckDB file, MoltMarket on its PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.frame import Pair, Room, line, milliseconds, ratio
from benchmarks.large.postgresql import MARKET
from benchmarks.large.simcash import RUN
from benchmarks.lines.servers import driver
from telemetry.queries import ExperimentsQuery, IterationsQuery, SeriesQuery, TableQuery

FIRST = milliseconds(150)
EXPERIMENTS, ITERATIONS = 200, 50
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


def _duck(path: Path) -> Callable[[str], object]:
    """The bare driver, which opens the file for each statement as we do, since its lock keeps a
    simulator out."""

    def fetched(statement: str) -> object:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    return fetched


@line("SimCash: first page of events", against="duckdb driver, opened anew", bar=FIRST)
def simcash_events(room: Room) -> Pair:
    path = room.database(f"simcash-{room.size}")
    source, bare = room.open(path), _duck(path)
    statement = (
        f"SELECT * FROM simulation_events WHERE simulation_id = '{RUN}' "
        "ORDER BY tick, event_timestamp, event_id LIMIT 501"
    )
    query = TableQuery(RUN, "simulation_events")
    return Pair(lambda: source.ask(query), lambda: bare(statement))


@line("SimCash: balance of one bank", against="duckdb driver, opened anew", bar=ratio(1.3))
def simcash_balance(room: Room) -> Pair:
    path = room.database(f"simcash-{room.size}")
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


@line("MoltMarket on PostgreSQL: first page of events", against="psycopg", bar=FIRST)
def market_events(room: Room) -> Pair:
    url = room.served("market")
    source, bare = room.open(url), driver(room, url)
    statement = f"SELECT * FROM events WHERE run_id = '{MARKET}' ORDER BY event_seq LIMIT 501"
    query = TableQuery(MARKET, "events")
    return Pair(lambda: source.ask(query), lambda: bare.execute(statement).fetchall())


@line("MoltMarket on PostgreSQL: equity of one agent", against="psycopg", bar=ratio(1.3))
def market_equity(room: Room) -> Pair:
    url = room.served("market")
    source, bare = room.open(url), driver(room, url)
    statement = (
        f"SELECT tick_id, equity FROM metrics_snapshots WHERE run_id = '{MARKET}' "
        "AND agent_id = 'a7' ORDER BY tick_id"
    )
    query = SeriesQuery(MARKET, "equity", ("a7",))
    return Pair(lambda: source.ask(query), lambda: bare.execute(statement).fetchall())
