"""The VMT models make exactly the schema that the seed document and the producer lay down."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from telemetry.families.vmt import FAMILY
from telemetry.families.vmt.models import Base
from tests.builders import vmt

# "Money Telemetry Database Schema Extensions", its statements word for word.
SEED_SQL = """
ALTER TABLE simulation_runs ADD COLUMN exchange_regime TEXT DEFAULT 'barter_only';
ALTER TABLE simulation_runs ADD COLUMN money_mode TEXT DEFAULT NULL;
ALTER TABLE simulation_runs ADD COLUMN money_scale INTEGER DEFAULT 1;

ALTER TABLE agent_snapshots ADD COLUMN inventory_M INTEGER DEFAULT 0;
ALTER TABLE agent_snapshots ADD COLUMN lambda_money REAL DEFAULT NULL;
ALTER TABLE agent_snapshots ADD COLUMN ask_A_in_M REAL DEFAULT NULL;
ALTER TABLE agent_snapshots ADD COLUMN bid_A_in_M REAL DEFAULT NULL;
ALTER TABLE agent_snapshots ADD COLUMN ask_B_in_M REAL DEFAULT NULL;
ALTER TABLE agent_snapshots ADD COLUMN bid_B_in_M REAL DEFAULT NULL;
ALTER TABLE agent_snapshots ADD COLUMN perceived_price_A REAL DEFAULT NULL;
ALTER TABLE agent_snapshots ADD COLUMN perceived_price_B REAL DEFAULT NULL;
ALTER TABLE agent_snapshots ADD COLUMN lambda_changed INTEGER DEFAULT 0;
CREATE INDEX IF NOT EXISTS idx_agent_snapshots_money
ON agent_snapshots(run_id, tick, inventory_M, lambda_money);

ALTER TABLE trades ADD COLUMN dM INTEGER DEFAULT 0;
ALTER TABLE trades ADD COLUMN exchange_pair_type TEXT DEFAULT 'A<->B';
ALTER TABLE trades ADD COLUMN buyer_lambda REAL DEFAULT NULL;
ALTER TABLE trades ADD COLUMN seller_lambda REAL DEFAULT NULL;
ALTER TABLE trades ADD COLUMN buyer_surplus REAL DEFAULT NULL;
ALTER TABLE trades ADD COLUMN seller_surplus REAL DEFAULT NULL;
CREATE INDEX IF NOT EXISTS idx_trades_money
ON trades(run_id, tick, exchange_pair_type, dM);
CREATE INDEX IF NOT EXISTS idx_trades_surplus
ON trades(run_id, buyer_surplus, seller_surplus);

CREATE TABLE IF NOT EXISTS tick_states (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    current_mode TEXT NOT NULL,
    exchange_regime TEXT NOT NULL,
    active_pairs TEXT NOT NULL,
    FOREIGN KEY (run_id) REFERENCES simulation_runs(run_id),
    UNIQUE(run_id, tick)
);
CREATE INDEX IF NOT EXISTS idx_tick_states_run_tick
ON tick_states(run_id, tick);
CREATE INDEX IF NOT EXISTS idx_tick_states_mode
ON tick_states(run_id, current_mode, exchange_regime);

CREATE TABLE IF NOT EXISTS lambda_updates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    agent_id INTEGER NOT NULL,
    lambda_old REAL NOT NULL,
    lambda_new REAL NOT NULL,
    lambda_hat_A REAL NOT NULL,
    lambda_hat_B REAL NOT NULL,
    lambda_hat REAL NOT NULL,
    clamped INTEGER NOT NULL,
    clamp_type TEXT,
    FOREIGN KEY (run_id) REFERENCES simulation_runs(run_id)
);
CREATE INDEX IF NOT EXISTS idx_lambda_updates_run_agent
ON lambda_updates(run_id, agent_id, tick);

ALTER TABLE trade_attempts ADD COLUMN exchange_pair_type TEXT DEFAULT 'A<->B';
ALTER TABLE trade_attempts ADD COLUMN dM_attempted INTEGER DEFAULT 0;
ALTER TABLE trade_attempts ADD COLUMN buyer_lambda REAL DEFAULT NULL;
ALTER TABLE trade_attempts ADD COLUMN seller_lambda REAL DEFAULT NULL;
ALTER TABLE trade_attempts ADD COLUMN buyer_M_init INTEGER DEFAULT 0;
ALTER TABLE trade_attempts ADD COLUMN seller_M_init INTEGER DEFAULT 0;
ALTER TABLE trade_attempts ADD COLUMN buyer_M_final INTEGER DEFAULT 0;
ALTER TABLE trade_attempts ADD COLUMN seller_M_final INTEGER DEFAULT 0;
"""
TABLES = sorted(Base.metadata.tables)

Connection = sqlite3.Connection


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory):
    """A database that the models made."""
    path = tmp_path_factory.mktemp("models") / "ours.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    yield from _opened(path)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory):
    """The tables before money (vintage mode) after the seed's own statements."""
    path = vmt.create("mode", tmp_path_factory.mktemp("seed") / "seed.db")
    connection = sqlite3.connect(path)
    connection.executescript(SEED_SQL)
    connection.close()
    yield from _opened(path)


@pytest.fixture(scope="module")
def money(tmp_path_factory: pytest.TempPathFactory):
    """The tables of the last money vintage, as its producer defines them."""
    yield from _opened(vmt.create("money", tmp_path_factory.mktemp("money") / "money.db"))


def _opened(path: Path):
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def columns(connection: Connection, table: str) -> dict[str, tuple[object, ...]]:
    """Type, NOT NULL and default by column; a primary key is NOT NULL in any case."""
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return {row[1]: (row[2], row[3] or row[5], row[4]) for row in rows}


def indices(connection: Connection, table: str) -> dict[str, tuple[object, ...]]:
    """Uniqueness and columns by index name."""
    return {
        name: (unique, *[row[2] for row in connection.execute(f"PRAGMA index_info({name})")])
        for _, name, unique, *_ in connection.execute(f"PRAGMA index_list({table})").fetchall()
    }


def test_readers_take_each_column_for_what_its_model_stores():
    """They go by kinds and load no models: as many columns, in the same types."""
    read = {t.name: {n: repr(kind) for n, kind in t.types().items()} for t in FAMILY.tables}
    stored = {t.name: {c.name: repr(c.type) for c in t.c} for t in Base.metadata.sorted_tables}
    assert read == stored


def test_every_table_of_the_family_has_a_model():
    assert TABLES == [
        "agent_snapshots",
        "decisions",
        "lambda_updates",
        "mode_changes",
        "pairings",
        "preferences",
        "resource_snapshots",
        "simulation_runs",
        "tick_states",
        "trade_attempts",
        "trades",
    ]


@pytest.mark.parametrize("table", TABLES)
def test_the_seed_s_columns_and_defaults_are_there(
    ours: Connection, seeded: Connection, table: str
):
    wanted = columns(seeded, table)
    have = columns(ours, table)
    # The money vintages let these be NULL, which a barter file cannot be altered to.
    relaxed = (
        {"ask_A_in_B", "bid_A_in_B", "p_min", "p_max"} if table == "agent_snapshots" else set()
    )
    assert {name: have.get(name) for name in wanted if name not in relaxed} == {
        name: column for name, column in wanted.items() if name not in relaxed
    }
    assert relaxed <= set(have)


@pytest.mark.parametrize("table", TABLES)
def test_the_seed_s_indices_are_there_by_name(ours: Connection, seeded: Connection, table: str):
    have = indices(ours, table)
    wanted = indices(seeded, table)
    assert {name: have.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("table", TABLES)
def test_columns_stand_in_the_producer_s_order_with_its_types(
    ours: Connection, money: Connection, table: str
):
    have, wanted = columns(ours, table), columns(money, table)
    extra = list(have)[len(wanted) :]
    assert list(have.items())[: len(wanted)] == list(wanted.items())
    assert bool(extra) == (table == "trade_attempts")


@pytest.mark.parametrize("table", TABLES)
def test_the_producer_s_indices_and_foreign_keys_are_there(
    ours: Connection, money: Connection, table: str
):
    have, wanted = indices(ours, table), indices(money, table)
    assert {name: have.get(name) for name in wanted} == wanted
    keys = f"PRAGMA foreign_key_list({table})"
    assert ours.execute(keys).fetchall() == money.execute(keys).fetchall()


@pytest.mark.parametrize("table", TABLES)
def test_ids_are_never_used_twice(ours: Connection, table: str):
    sql = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    assert "AUTOINCREMENT" in ours.execute(sql, (table,)).fetchone()[0]


def test_a_tick_has_one_state_only(ours: Connection):
    row = (1, 5, "both", "mixed", "[]")
    sql = (
        "INSERT INTO tick_states (run_id, tick, current_mode, exchange_regime, active_pairs) "
        "VALUES (?, ?, ?, ?, ?)"
    )
    ours.execute(sql, row)
    with pytest.raises(sqlite3.IntegrityError):
        ours.execute(sql, row)
    ours.rollback()


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "vintage"),
    [
        ("legacy", "barter"),
        ("mode", "mode"),
        ("money_p2", "money_p2"),
        ("money", "money"),
        ("money_full", "money_full"),
        ("head_decimal", "head_decimal"),
    ],
)
def test_builders_use_the_definitions_of_the_real_files(
    shared_data: Path, tmp_path: Path, file: str, vintage: str
):
    copy = tmp_path / f"{file}.db"
    copy.write_bytes((shared_data / "vmt" / f"{file}.db").read_bytes())
    sql = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    built = vmt.create(vintage, tmp_path / "built.db")
    assert _trimmed(vmt.query(built, sql)) == _trimmed(vmt.query(copy, sql))


def _trimmed(rows: list[tuple[object, ...]]) -> list[tuple[object, str]]:
    return [(name, str(sql).strip()) for name, sql in rows]
