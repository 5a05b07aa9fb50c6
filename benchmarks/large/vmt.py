"""Large VMT databases: long runs, many runs, runs with very many attempts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.large.writing import append, new_database, with_nulls

PAIRS = ("A<->B", "A<->M", "B<->M")
SHARES = (0.7, 0.27, 0.03)
DIRECTIONS = np.array(["A_traded_for_B", "A_traded_for_M", "B_traded_for_M"])
REASONS = np.array(
    [
        "both_utility_no_improvement",
        "buyer_utility_no_improvement",
        "seller_utility_no_improvement",
        "buyer_insufficient_B",
        "seller_insufficient_A",
        "utility_improves_both",
    ]
)
BLOCK = 100_000
SIDE = 100


def long_run(
    path: Path, agents: int, ticks: int, trades: int, *, vintage: str = "money", seed: int = 1
) -> Path:
    """One run of `agents` × `ticks` snapshots, less late entrants and gaps, and `trades` trades."""
    rng = np.random.default_rng(seed)
    scale = 10_000 if vintage == "head_decimal" else 1
    with new_database(path, vintage) as connection:
        _run(connection, "Large run", agents, seed)
        _snapshots(connection, rng, 1, agents, ticks, scale)
        _trades(connection, rng, 1, agents, ticks, trades, scale)
        _world(connection, rng, 1, ticks)
    return path


def wider_run(path: Path, narrow: Path, times: int) -> Path:
    """The run of `narrow` with each agent `times` times over, of another level each; fast, in SQL.

    Agent a becomes a, a + n, a + 2n …, of which only the first has quotes in money; trades,
    states and resources stay as they are. The indices of the snapshots are the producer's, but
    are made at the end, which is sooner done.
    """
    with new_database(path, "money") as connection:
        connection.execute("ATTACH ? AS narrow", [f"file:{narrow}?mode=ro&immutable=1"])
        tables = connection.execute(
            "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        )
        for (table,) in tables.fetchall():
            if table != "agent_snapshots":
                connection.execute(f"INSERT INTO main.{table} SELECT * FROM narrow.{table}")
        indices = connection.execute(
            "SELECT name, sql FROM main.sqlite_master WHERE type = 'index' "
            "AND tbl_name = 'agent_snapshots' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indices:
            connection.execute(f"DROP INDEX {name}")
        agents = connection.execute("SELECT num_agents FROM simulation_runs").fetchone()[0]
        connection.execute("UPDATE simulation_runs SET num_agents = num_agents * ?", [times])
        known = connection.execute("SELECT name FROM pragma_table_info('agent_snapshots')")
        columns = [name for (name,) in known if name != "id"]
        own = {
            "agent_id": f"agent_id + {agents} * k",
            "lambda_money": "lambda_money * (1 + k * 0.1)",
            **{name: f"iif(k, NULL, {name})" for name in columns if name.endswith("_in_M")},
        }
        read = ", ".join(own.get(name, name) for name in columns)
        connection.execute(
            f"WITH RECURSIVE copies(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM copies "
            f"WHERE k + 1 < {times}) INSERT INTO main.agent_snapshots ({', '.join(columns)}) "
            f"SELECT {read} FROM narrow.agent_snapshots CROSS JOIN copies"
        )
        for _, statement in indices:
            connection.execute(statement)
    return path


def many_runs(path: Path, runs: int = 3_000, *, vintage: str = "money", seed: int = 1) -> Path:
    """`runs` runs of 20 agents × 50 ticks with 40 trades each."""
    rng = np.random.default_rng(seed)
    with new_database(path, vintage) as connection:
        for run in range(1, runs + 1):
            _run(connection, f"Sweep {run % 60:02d}", 20, seed + run)
            _snapshots(connection, rng, run, 20, 50, 1)
            _trades(connection, rng, run, 20, 50, 40, 1)
            _world(connection, rng, run, 50)
    return path


def many_attempts(
    path: Path, attempts: int, *, agents: int = 200, ticks: int = 5_000, seed: int = 1
) -> Path:
    """One debug run with `attempts` attempts, nearly all of which failed."""
    rng = np.random.default_rng(seed)
    with new_database(path, "money") as connection:
        _run(connection, "Debug run", agents, seed)
        _snapshots(connection, rng, 1, agents, ticks, 1)
        _trades(connection, rng, 1, agents, ticks, attempts // 100, 1)
        _world(connection, rng, 1, ticks)
        for at in _in_order(rng, ticks, attempts):
            append(connection, "trade_attempts", len(at), _attempts(rng, at, agents))
    return path


def _run(connection: sqlite3.Connection, name: str, agents: int, seed: int) -> None:
    params = {"exchange_regime": "mixed", "money_mode": "kkt_lambda"}
    values = {
        "scenario_name": [name],
        "start_time": [f"2026-01-01T00:00:{seed % 60:02d}"],
        "num_agents": [agents],
        "grid_width": [SIDE],
        "grid_height": [SIDE],
        "config_json": [json.dumps({"seed": seed, "params": params})],
        "exchange_regime": ["mixed"],
        "money_mode": ["kkt_lambda"],
    }
    append(connection, "simulation_runs", 1, values)


def _snapshots(
    connection: sqlite3.Connection,
    rng: np.random.Generator,
    run: int,
    agents: int,
    ticks: int,
    scale: int,
) -> None:
    """λ as a mean-reverting walk per agent; a tenth enters late, 1 % of the rows are missing."""
    entry = np.where(rng.random(agents) < 0.1, rng.integers(0, max(1, ticks // 2), agents), 0)
    away = rng.integers(0, ticks, agents)  # a stretch of ticks without each seventh agent
    level = rng.lognormal(0, 0.6, agents)
    value = level.copy()
    kinds = np.array(["UCES", "ULinear", "UQuadratic"])[np.arange(agents) % 3]
    per_block = max(1, BLOCK // agents)
    for first in range(0, ticks, per_block):
        at = np.arange(first, min(ticks, first + per_block))
        shocks = rng.standard_normal((len(at), agents)) * (0.02 * level)
        walk = np.empty((len(at), agents))
        for i in range(len(at)):
            value += 0.05 * (level - value) + shocks[i]
            walk[i] = value
        np.maximum(walk, 1e-3, out=walk)
        gone = (np.abs(at[:, None] - away) < ticks // 100) & (np.arange(agents) % 7 == 3)
        there = (entry <= at[:, None]) & ~gone & (rng.random(walk.shape) > 0.01)
        tick, agent = (np.broadcast_to(a, walk.shape)[there] for a in (at[:, None], range(agents)))
        lam, n = walk[there], int(there.sum())
        rows = _states(rng, lam, n, scale)
        rows.update(run_id=run, tick=tick, agent_id=agent, utility_type=kinds[agent])
        append(connection, "agent_snapshots", n, rows)


def _states(rng: np.random.Generator, lam: np.ndarray, n: int, scale: int) -> dict[str, object]:
    stock = rng.integers(0, 40, (2, n))
    none = rng.random(n)
    ask = np.where(none < 0.0005, 1e8, lam * 1.1)
    target = with_nulls(rng.integers(0, SIDE, n), none < 0.6)
    return {
        "x": rng.integers(0, SIDE, n),
        "y": rng.integers(0, SIDE, n),
        "inventory_A": stock[0] * scale,
        "inventory_B": stock[1] * scale,
        "inventory_M": rng.integers(0, 500, n),
        "utility": lam * (stock[0] + 1) ** 0.5,
        "ask_A_in_B": ask,
        "bid_A_in_B": lam * 0.9,
        "p_min": with_nulls(lam, none > 0.9),
        "p_max": with_nulls(lam * 1.2, none > 0.9),
        "ask_A_in_M": lam * 3,
        "bid_A_in_M": lam * 2.7,
        "ask_B_in_M": lam * 2,
        "bid_B_in_M": lam * 1.8,
        "perceived_price_A": lam * 2.8,
        "perceived_price_B": lam * 1.9,
        "lambda_money": with_nulls(lam, none < 0.01),
        "lambda_changed": (none > 0.5).astype(np.int64),
        "target_agent_id": None,
        "target_x": target,
        "target_y": target,
    }


def _trades(
    connection: sqlite3.Connection,
    rng: np.random.Generator,
    run: int,
    agents: int,
    ticks: int,
    trades: int,
    scale: int,
) -> None:
    """Few pair types and few agents take most of the trades."""
    for at in _in_order(rng, ticks, trades):
        n = len(at)
        pair = rng.choice(3, n, p=SHARES)
        buyer, seller = _skewed(rng, agents, n)
        price = rng.lognormal(0, 0.5, n)
        surplus = rng.exponential(1.0, (2, n))
        values = {
            "run_id": run,
            "tick": at,
            "x": rng.integers(0, SIDE, n),
            "y": rng.integers(0, SIDE, n),
            "buyer_id": buyer,
            "seller_id": seller,
            "dA": np.where(pair == 2, 0, rng.integers(1, 4, n) * scale),
            "dB": np.where(pair == 1, 0, rng.integers(1, 6, n) * scale),
            "dM": np.where(pair == 0, 0, rng.integers(1, 9, n)),
            "price": price,
            "direction": DIRECTIONS[pair],
            "exchange_pair_type": np.array(PAIRS)[pair],
            "buyer_lambda": with_nulls(price * 0.7, pair == 0),
            "seller_lambda": with_nulls(price * 0.5, pair == 0),
            "buyer_surplus": surplus[0],
            "seller_surplus": surplus[1],
        }
        append(connection, "trades", n, values)


def _attempts(rng: np.random.Generator, at: np.ndarray, agents: int) -> dict[str, object]:
    n = len(at)
    buyer, seller = _skewed(rng, agents, n)
    reason = rng.choice(len(REASONS), n, p=(0.62, 0.2, 0.1, 0.05, 0.02, 0.01))
    good = reason == len(REASONS) - 1
    price = rng.lognormal(0, 0.5, n)
    stock = rng.integers(0, 40, (4, n))
    before = rng.lognormal(2, 0.4, (2, n))
    after = before + np.where(good, 0.1, -0.1)
    return {
        "run_id": 1,
        "tick": at,
        "buyer_id": buyer,
        "seller_id": seller,
        "direction": np.array(["i_buys_A", "j_buys_A"])[rng.integers(0, 2, n)],
        "price": price,
        "buyer_ask": price * 1.1,
        "buyer_bid": price * 1.05,
        "seller_ask": price * 0.95,
        "seller_bid": price * 0.9,
        "surplus": price * 0.1,
        "dA_attempted": rng.integers(1, 4, n),
        "dB_calculated": rng.integers(1, 6, n),
        "buyer_A_init": stock[0],
        "buyer_B_init": stock[1],
        "buyer_U_init": before[0],
        "buyer_A_final": stock[0] + 1,
        "buyer_B_final": stock[1] - 1,
        "buyer_U_final": after[0],
        "buyer_improves": good.astype(np.int64),
        "seller_A_init": stock[2],
        "seller_B_init": stock[3],
        "seller_U_init": before[1],
        "seller_A_final": stock[2] - 1,
        "seller_B_final": stock[3] + 1,
        "seller_U_final": after[1],
        "seller_improves": good.astype(np.int64),
        "buyer_feasible": (reason != 3).astype(np.int64),
        "seller_feasible": (reason != 4).astype(np.int64),
        "result": np.where(good, "success", "fail"),
        "result_reason": REASONS[reason],
    }


def _world(connection: sqlite3.Connection, rng: np.random.Generator, run: int, ticks: int) -> None:
    """Modes that change every 50 ticks, exchange pairs by mode, resources every hundredth tick."""
    at = np.arange(ticks)
    trading = at // 50 % 3 > 0
    pairs = np.where(trading, json.dumps(PAIRS), "[]")
    states = {"run_id": run, "tick": at, "current_mode": np.where(trading, "trade", "forage")}
    states.update(exchange_regime="mixed", active_pairs=pairs)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if "tick_states" in tables:
        append(connection, "tick_states", ticks, states)
    if "mode_changes" in tables:
        turns = 1 + np.flatnonzero(np.diff(trading))
        words = np.array(["forage", "trade"])
        changes = {"run_id": run, "tick": turns, "old_mode": words[trading[turns - 1].astype(int)]}
        changes["new_mode"] = words[trading[turns].astype(int)]
        append(connection, "mode_changes", len(turns), changes)
    seen = np.repeat(np.arange(0, ticks, 100), 60)
    place = rng.integers(0, SIDE, (2, len(seen)))
    goods = {"run_id": run, "tick": seen, "x": place[0], "y": place[1]}
    goods.update(
        resource_type=np.array(["A", "B"])[np.arange(len(seen)) % 2],
        amount=rng.integers(0, 10, len(seen)),
    )
    append(connection, "resource_snapshots", len(seen), goods)


def _skewed(rng: np.random.Generator, agents: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Buyers and sellers, never the same one; low ids far more often than high ones."""
    buyer = (agents * rng.random(n) ** 3).astype(np.int64)
    seller = (buyer + 1 + rng.integers(0, max(1, agents - 1), n)) % agents
    return buyer, seller


def _in_order(rng: np.random.Generator, ticks: int, rows: int) -> Iterator[np.ndarray]:
    """The ticks of `rows` rows, ascending, a block at a time; some ticks have many, some none."""
    weight = rng.gamma(0.5, 1.0, ticks)
    counts = rng.multinomial(rows, weight / weight.sum())
    at = np.repeat(np.arange(ticks), counts)
    for first in range(0, rows, BLOCK):
        yield at[first : first + BLOCK]
