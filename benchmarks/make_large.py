"""Writes a large VMT database with the producer's own tables and indices, nothing helpful added."""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SNAPSHOTS = """CREATE TABLE agent_snapshots (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, tick INTEGER NOT NULL,
    agent_id INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL,
    inventory_A INTEGER NOT NULL, inventory_B INTEGER NOT NULL, inventory_M INTEGER DEFAULT 0,
    utility REAL NOT NULL, ask_A_in_B REAL, bid_A_in_B REAL, p_min REAL, p_max REAL,
    ask_A_in_M REAL DEFAULT NULL, bid_A_in_M REAL DEFAULT NULL, ask_B_in_M REAL DEFAULT NULL,
    bid_B_in_M REAL DEFAULT NULL, perceived_price_A REAL DEFAULT NULL,
    perceived_price_B REAL DEFAULT NULL, lambda_money REAL DEFAULT NULL,
    lambda_changed INTEGER DEFAULT 0, target_agent_id INTEGER, target_x INTEGER,
    target_y INTEGER, utility_type TEXT)"""
TRADES = """CREATE TABLE trades (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, tick INTEGER NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, buyer_id INTEGER NOT NULL, seller_id INTEGER NOT NULL,
    dA INTEGER NOT NULL, dB INTEGER NOT NULL, dM INTEGER DEFAULT 0, price REAL NOT NULL,
    direction TEXT NOT NULL, exchange_pair_type TEXT DEFAULT 'A<->B',
    buyer_lambda REAL DEFAULT NULL, seller_lambda REAL DEFAULT NULL,
    buyer_surplus REAL DEFAULT NULL, seller_surplus REAL DEFAULT NULL)"""
RUNS = """CREATE TABLE simulation_runs (
    run_id INTEGER PRIMARY KEY AUTOINCREMENT, scenario_name TEXT, start_time TEXT, end_time TEXT,
    total_ticks INTEGER, num_agents INTEGER, grid_width INTEGER, grid_height INTEGER,
    config_json TEXT, exchange_regime TEXT DEFAULT 'barter_only', money_mode TEXT DEFAULT NULL,
    money_scale INTEGER DEFAULT 1)"""
STATES = """CREATE TABLE tick_states (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, tick INTEGER NOT NULL,
    current_mode TEXT NOT NULL, exchange_regime TEXT NOT NULL, active_pairs TEXT NOT NULL,
    UNIQUE(run_id, tick))"""
PAIRINGS = (
    "CREATE TABLE pairings (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER, tick INTEGER)"
)
INDICES = (
    "CREATE INDEX idx_agent_snapshots_run_tick ON agent_snapshots(run_id, tick)",
    "CREATE INDEX idx_agent_snapshots_agent ON agent_snapshots(run_id, agent_id, tick)",
    "CREATE INDEX idx_trades_run_tick ON trades(run_id, tick)",
    "CREATE INDEX idx_trades_agents ON trades(run_id, buyer_id, seller_id)",
    "CREATE INDEX idx_tick_states_run_tick ON tick_states(run_id, tick)",
)
PAIRS = ("A<->B", "A<->M", "B<->M")


def make_large(path: Path, agents: int, ticks: int, trades: int, seed: int = 1) -> Path:
    """`agents` × `ticks` snapshots (late entrants and gaps left out) and `trades` trades.

    Rows are written in the order of ticks, as a simulator would; FileExistsError if it is there.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already; remove it first.")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    for statement in (RUNS, SNAPSHOTS, TRADES, STATES, PAIRINGS, *INDICES):
        connection.execute(statement)
    config = {"seed": seed, "params": {"exchange_regime": "mixed", "money_mode": "kkt_lambda"}}
    connection.execute(
        "INSERT INTO simulation_runs (scenario_name, start_time, num_agents, grid_width, "
        "grid_height, config_json, exchange_regime, money_mode) "
        "VALUES (?, ?, ?, 100, 100, ?, ?, ?)",
        ("large", "2026-01-01T00:00", agents, json.dumps(config), "mixed", "kkt_lambda"),
    )
    rng = np.random.default_rng(seed)
    snapshots = f"INSERT INTO agent_snapshots VALUES (NULL, 1, {', '.join('?' * 24)})"
    connection.executemany(snapshots, _snapshots(rng, agents, ticks))
    trading = f"INSERT INTO trades VALUES (NULL, 1, {', '.join('?' * 15)})"
    connection.executemany(trading, _trades(rng, agents, ticks, trades))
    connection.executemany(
        "INSERT INTO tick_states VALUES (NULL, 1, ?, ?, 'mixed', ?)",
        (
            (
                t,
                mode := ("trade" if t // 50 % 3 else "forage"),
                "[]" if mode == "forage" else json.dumps(PAIRS),
            )
            for t in range(ticks)
        ),
    )
    connection.commit()
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return path


def _snapshots(rng: np.random.Generator, agents: int, ticks: int) -> Iterator[tuple[object, ...]]:
    """λ as a mean-reverting walk per agent; a tenth of the agents enters late, 1 % leaves gaps."""
    entry = np.where(rng.random(agents) < 0.1, rng.integers(0, ticks, agents), 0)
    level = rng.lognormal(0, 0.6, agents)
    value = level.copy()
    for tick in range(ticks):
        value += 0.05 * (level - value) + 0.02 * rng.standard_normal(agents)
        there = (entry <= tick) & (rng.random(agents) > 0.01)
        stock = rng.integers(0, 40, (3, agents))
        place = rng.integers(0, 100, (2, agents))
        for agent in np.flatnonzero(there):
            lam = float(value[agent])
            a, b, m = (int(s[agent]) for s in stock)
            yield (
                tick, int(agent), int(place[0, agent]), int(place[1, agent]), a, b, m, lam * a,
                lam, lam * 0.9, lam, lam, lam * 3, lam * 2.7, lam * 2, lam * 1.8, lam, lam, lam,
                1, None, None, None, "UCES",
            )  # fmt: skip


def _trades(
    rng: np.random.Generator, agents: int, ticks: int, trades: int
) -> Iterator[tuple[object, ...]]:
    at = np.sort(rng.integers(0, ticks, trades))
    pair = rng.choice(3, trades, p=(0.7, 0.27, 0.03))
    sides = rng.integers(0, agents, (2, trades))
    price = rng.lognormal(0, 0.5, trades)
    surplus = rng.exponential(1.0, (2, trades))
    for i in range(trades):
        kind = int(pair[i])
        amounts = ((1, 1, 0), (1, 0, 2), (0, 1, 2))[kind]
        yield (
            int(at[i]), 1, 1, int(sides[0, i]), int(sides[1, i]), *amounts, float(price[i]),
            "A_traded_for_B", PAIRS[kind], None, None, float(surplus[0, i]), float(surplus[1, i]),
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--ticks", type=int, default=50_000)
    parser.add_argument("--trades", type=int, default=1_000_000)
    options = parser.parse_args()
    make_large(options.path, options.agents, options.ticks, options.trades)


if __name__ == "__main__":
    main()
