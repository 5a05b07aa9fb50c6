"""Small VMT databases of every vintage, made of the producer's own table definitions.

The definitions are the text that real files hold; the rows are arithmetic, so that a test can
work out what must be there. All the surprises of real files are in: agent 0, NULL quotes, quotes
of 1e8, a run row that says ``barter_only`` although money moved, unfinished runs, resources every
ten ticks, money trades typed as barter, quantities scaled by 10 000.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from tests.builders import vmt_rows

_DDL = Path(__file__).parent / "vmt_ddl"

#: barter and legacy are one vintage; money_full is money with the NULL columns filled.
VINTAGES = ("barter", "mode", "money_p2", "money", "money_full", "head_decimal")
_MONEY = ("money_p2", "money", "money_full")

#: The exchange regime of run 1, 2, 3, … where the vintage knows money.
REGIMES = ("mixed", "barter_only", "money_only", "mixed_liquidity_gated")
SCENARIO = "Demo 4: Mode Schedule × Exchange Regime"
UNITS = 10_000


def ddl(vintage: str) -> str:
    """The producer's statements that create the tables of a vintage, as its files hold them."""
    if vintage in ("barter", "legacy"):
        return (resources.files("telemetry.samples") / "vmt_barter.sql").read_text("utf-8")
    name = "money" if vintage == "money_full" else vintage
    return (_DDL / f"{name}.sql").read_text("utf-8")


def connect(path: Path, journal: str = "wal") -> sqlite3.Connection:
    """A connection for writing, as the producer opens it."""
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={journal}")
    return connection


def create(vintage: str, path: Path, *, journal: str = "wal") -> Path:
    """A database of the vintage with all its tables and no row."""
    connection = connect(path, journal)
    with connection:
        connection.executescript(ddl(vintage))
    connection.close()
    return path


def opened_by(vintage: str, path: Path) -> Path:
    """`path` after the vintage's program, or its viewer, opened it: missing tables are made."""
    made = ddl(vintage).replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ")
    connection = sqlite3.connect(path)
    connection.executescript(made.replace("CREATE INDEX ", "CREATE INDEX IF NOT EXISTS "))
    connection.close()
    return path


def insert(path: Path, table: str, **values: object) -> int:
    """Add one row exactly as given (also nonsense) and return its id."""
    connection = sqlite3.connect(path)
    with connection:
        key = _insert(connection, table, values)
    connection.close()
    return key


def query(path: Path, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    """The rows of plain SQL, to compare answers with."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


def build(
    vintage: str,
    path: Path,
    *,
    runs: int = 2,
    ticks: int = 30,
    agents: int = 4,
    first_tick: int = 0,
    journal: str = "wal",
    **run_values: object,
) -> Path:
    """A filled database; ``run_values`` replace columns of every row of simulation_runs.

    Run 1 is unfinished and has a mode schedule (forage and trade by turns of five ticks) where
    the vintage knows modes; the others are finished and in mode ``both``. Regimes follow
    `REGIMES`. What is in a row depends on its run, tick and agent only: see `vmt_rows`.
    """
    if vintage == "legacy":
        vintage = "barter"
    create(vintage, path, journal=journal)
    connection = connect(path, journal)
    with connection:
        for run in range(1, runs + 1):
            _fill_run(connection, vintage, run, range(first_tick, first_tick + ticks), agents)
            if run_values:
                _update_run(connection, run, run_values)
    connection.close()
    return path


def regime_of(vintage: str, run: int) -> str:
    """The regime that a run of a built database really has."""
    return REGIMES[(run - 1) % len(REGIMES)] if vintage in _MONEY else "barter_only"


def mode_of(vintage: str, run: int, tick: int) -> str:
    """The mode that a run of a built database has at a tick."""
    if run != 1 or vintage == "barter":
        return "both"
    return "forage" if tick // 5 % 2 == 0 else "trade"


def _fill_run(
    connection: sqlite3.Connection, vintage: str, run: int, ticks: range, agents: int
) -> None:
    columns = _columns(connection)
    _insert(connection, "simulation_runs", _run_row(vintage, run, len(ticks), agents))
    for tick in ticks:
        at = vmt_rows.Place(
            run=run,
            tick=tick,
            agents=agents,
            mode=mode_of(vintage, run, tick),
            last_mode=mode_of(vintage, run, tick - 1) if tick > ticks[0] else None,
            regime=regime_of(vintage, run),
            vintage=vintage,
        )
        for table, rows in vmt_rows.of_tick(at).items():
            if table in columns:
                _insert_all(connection, table, columns[table], rows)


def _run_row(vintage: str, run: int, ticks: int, agents: int) -> dict[str, object]:
    params: dict[str, object] = {"spread": 0.1, "vision_radius": 12, "dA_max": 3, "beta": 0.95}
    if vintage in _MONEY:
        params |= {
            "exchange_regime": regime_of(vintage, run),
            "money_mode": "quasilinear",
            "money_scale": 1,
            "lambda_money": 1.0,
        }
    row: dict[str, object] = {
        "run_id": run,
        "scenario_name": SCENARIO if run == 1 else f"scenario {run}",
        "start_time": f"2025-10-19T12:{run:02}:00.000001",
        "num_agents": agents,
        "grid_width": 12,
        "grid_height": 12,
        "config_json": json.dumps({"seed": 40 + run, "params": params}),
    }
    if run != 1:
        row |= {"end_time": f"2025-10-19T13:{run:02}:00.000001", "total_ticks": ticks}
    if vintage == "money_full":  # only this one says the truth in its run row
        row |= {"exchange_regime": regime_of(vintage, run), "money_mode": "quasilinear"}
    return row


def _update_run(connection: sqlite3.Connection, run: int, values: dict[str, object]) -> None:
    changes = ", ".join(f'"{name}" = ?' for name in values)
    sql = f"UPDATE simulation_runs SET {changes} WHERE run_id = ?"
    connection.execute(sql, (*values.values(), run))


def _columns(connection: sqlite3.Connection) -> dict[str, list[str]]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
        for (name,) in tables
    }


def _insert(connection: sqlite3.Connection, table: str, values: dict[str, object]) -> int:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'
    if not values:
        sql = f'INSERT INTO "{table}" DEFAULT VALUES'
    key = connection.execute(sql, tuple(values.values())).lastrowid
    return key if key is not None else -1


def _insert_all(
    connection: sqlite3.Connection,
    table: str,
    known: Sequence[str],
    rows: Sequence[dict[str, object]],
) -> None:
    for row in rows:
        _insert(connection, table, {name: row[name] for name in row if name in known})
