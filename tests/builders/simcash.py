"""Small SimCash databases of every shape, made of the statements that real files hold.

The unified one holds an experiment of two iterations, its bootstrap samples, a run alone, and all
the surprises of real files: parties that only the payload names, also where it is encoded twice;
accruals whose total exceeds their parts, two of them in one tick; accumulators that begin anew
with each day; a payment that settles late and one that never does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

_DDL = Path(__file__).parent / "simcash_ddl"
SHAPES = ("unified", "simulations", "experiment", "legacy", "game", "castro")
VINTAGES = {
    "unified": "unified",
    "simulations": "simulations only",
    "experiment": "experiment, newer",
    "legacy": "experiment, legacy",
    "game": "game audit",
    "castro": "two-bank experiment",
}
#: What later files of the two-bank experiments have besides: table, column, type.
CASTRO_LATER = {
    "experiment_config": {"master_seed": "INTEGER", "seed_matrix": "JSON"},
    "policy_iterations": {"was_accepted": "BOOLEAN", "is_best": "BOOLEAN"},
    "iteration_metrics": {
        "policy_was_accepted": "BOOLEAN",
        "is_best_iteration": "BOOLEAN",
        "comparison_to_best": "VARCHAR",
    },
}
EXPERIMENT = "exp-7"
ALONE = "sim-alone"
INITIAL, SECOND = f"{EXPERIMENT}-iter0-initial", f"{EXPERIMENT}-iter1-evaluation"
SAMPLES = tuple(f"{EXPERIMENT}-iter1-bootstrap-sample{i}" for i in range(3))
SAMPLE_COSTS = (900, 1000, 1400)
START = datetime(2026, 3, 1, 12)
TICKS_PER_DAY = 3
AGENTS = ("A", "B", "ÅBO")


def create(path: Path, shape: str) -> Path:
    """A database of the shape with all its tables and no row."""
    path.write_bytes(_made(_create, shape))
    return path


def _create(path: Path, shape: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute((_DDL / f"{shape}.sql").read_text("utf-8"))


@cache
def _made(make: Callable[..., None], *what: str) -> bytes:
    """The file that `make` makes: DuckDB takes its time, and a copy of the file takes none."""
    with TemporaryDirectory() as folder:
        make(Path(folder) / "made.db", *what)
        return (Path(folder) / "made.db").read_bytes()


def insert(path: Path, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows exactly as given (also nonsense); columns that a row lacks stay at their default."""
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            values = list(row.values())
            connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', values)
        connection.commit()


def loosen(connection: duckdb.DuckDBPyConnection, table: str, expression: str, column: str) -> None:
    """Put `expression` into a column, of a table without keys, constraints and indices."""
    connection.execute(
        f"CREATE TABLE loose AS SELECT * REPLACE ({expression} AS {column}) FROM {table}"
    )
    connection.execute(f"DROP TABLE {table}")
    connection.execute(f"ALTER TABLE loose RENAME TO {table}")


def unified(path: Path) -> Path:
    """The unified shape with an experiment, its runs, and one run in full."""
    path.write_bytes(_made(_unified))
    return path


def _unified(path: Path) -> None:
    create(path, "unified")
    insert(path, "simulation_runs", _runs())
    insert(path, "simulations", [_simulation()])
    insert(path, "experiments", [experiment(master_seed=7)])
    insert(path, "experiment_iterations", iterations("experiment_id"))
    insert(path, "experiment_events", experiment_events("experiment_id"))
    insert(path, "simulation_events", events(ALONE))
    insert(path, "simulation_events", [event(0, INITIAL, 0, "EndOfDay", {"day": 0})])
    insert(path, "transactions", transactions(ALONE))
    insert(path, "tick_agent_states", states(ALONE))
    insert(path, "tick_queue_snapshots", _queues())
    insert(path, "daily_agent_metrics", _days())


def run(simulation_id: str, **more: Any) -> dict[str, Any]:
    """A run row; two days of three ticks."""
    return {
        "simulation_id": simulation_id,
        "config_name": "two_banks.yaml",
        "config_hash": "",
        "start_time": START,
        "end_time": START + timedelta(seconds=1),
        "ticks_per_day": TICKS_PER_DAY,
        "num_days": 2,
        "rng_seed": 42,
        "status": "completed",
        "total_transactions": 0,
        **more,
    }


def _runs() -> list[dict[str, Any]]:
    of_it = {"experiment_id": EXPERIMENT}
    samples = [
        run(
            name,
            **of_it,
            iteration=1,
            sample_index=i,
            run_purpose="bootstrap",
            total_cost=cost,
            rng_seed=100 + i,
        )
        for i, (name, cost) in enumerate(zip(SAMPLES, SAMPLE_COSTS, strict=True))
    ]
    return [
        *reversed(samples),
        run(ALONE, total_transactions=4, total_cost=ALONE_COST, total_settlements=2),
        run(INITIAL, **of_it, iteration=0, run_purpose="initial", total_cost=3000),
        run(SECOND, **of_it, iteration=1, run_purpose="evaluation", total_cost=1000),
    ]


def _simulation() -> dict[str, Any]:
    return {
        "simulation_id": ALONE,
        "config_file": "two_banks.yaml",
        "config_hash": "",
        "rng_seed": 42,
        "ticks_per_day": TICKS_PER_DAY,
        "num_days": 2,
        "num_agents": 3,
        "config_json": json.dumps({"agents": list(AGENTS)}),
        "status": "completed",
    }


def experiment(key: str = "experiment_id", **more: Any) -> dict[str, Any]:
    """An experiment row; the configuration names the scenario and master seed 7."""
    config = {
        "master_seed": 7,
        "scenario_path": "two_banks.yaml",
        "evaluation": {"mode": "bootstrap"},
        "convergence": {"max_iterations": 9},
    }
    return {
        key: EXPERIMENT,
        "experiment_name": "seven",
        "experiment_type": "generic",
        "config": json.dumps(config),
        "created_at": START.isoformat(),
        "completed_at": (START + timedelta(hours=1)).isoformat(),
        "num_iterations": 2,
        "converged": True,
        "convergence_reason": "Stability achieved",
        **more,
    }


def iterations(key: str) -> list[dict[str, Any]]:
    """Iteration 0 costs 3000 cents, iteration 1 costs 1001; B keeps its policy."""
    costs = [{"A": 1000, "B": 2000}, {"A": 1, "B": 1000}]
    accepted = [{"A": False, "B": False}, {"A": True, "B": False}]
    return [
        {
            key: EXPERIMENT,
            "iteration": i,
            "costs_per_agent": json.dumps(costs[i]),
            "accepted_changes": json.dumps(accepted[i]),
            "policies": json.dumps({"A": policy(0.5 - i / 4), "B": json.dumps(policy(0.5))}),
            "timestamp": (START + timedelta(minutes=i)).isoformat(),
        }
        for i in range(2)
    ]


def policy(fraction: float) -> dict[str, Any]:
    return {"policy_id": "p", "parameters": {"initial_liquidity_fraction": fraction}}


def experiment_events(key: str) -> list[dict[str, Any]]:
    """An evaluation, and a question to a language model with a long prompt."""
    talk = {
        "agent_id": "A",
        "system_prompt": "s" * 20_000,
        "user_prompt": "What now?",
        "raw_response": "{}",
        "parsed_policy": policy(0.25),
        "parsing_error": None,
        "model": "some:model",
        "prompt_tokens": 3173,
        "completion_tokens": 31,
        "latency_seconds": 91.5,
    }
    happened = [
        ("evaluation", {"total_cost": 3000, "per_agent_costs": {"A": 1000, "B": 2000}}),
        ("llm_interaction", talk),
    ]
    return [
        {
            key: EXPERIMENT,
            "iteration": 0,
            "event_type": kind,
            "event_data": json.dumps(data),
            "timestamp": (START + timedelta(minutes=i)).isoformat(),
        }
        for i, (kind, data) in enumerate(happened)
    ]


def event(
    number: int,
    simulation_id: str,
    tick: int,
    kind: str,
    details: object,
    *,
    agent: str | None = None,
    tx: str | None = None,
    at: datetime | None = None,
) -> dict[str, Any]:
    """An event row; ids are not in the order of writing."""
    written = at or START + timedelta(milliseconds=number)
    return {
        "event_id": f"{(number * 7919) % 10_007:05d}-{simulation_id}",
        "simulation_id": simulation_id,
        "tick": tick,
        "day": tick // TICKS_PER_DAY,
        "event_timestamp": written,
        "event_type": kind,
        "details": details if isinstance(details, str) else json.dumps(details),
        "agent_id": agent,
        "tx_id": tx,
        "created_at": written,
    }


def accrual(total: int, **parts: int) -> dict[str, Any]:
    names = ("liquidity", "delay", "collateral", "penalty", "split_friction")
    return {"costs": {**{f"{n}_cost": parts.get(n, 0) for n in names}, "total": total}}


ALONE_COST = 700
_SAME = START + timedelta(seconds=9)


def events(simulation_id: str) -> list[dict[str, Any]]:
    """What happened in the run alone: A pays B at once, ÅBO waits and nets, tick 4 is silent."""
    inner = json.dumps({"from_agent": "B", "to_agent": "ÅBO", "amount": 500, "tx_id": "t9"})
    rows: list[tuple[int, str, object, str | None, str | None]] = [
        (0, "Arrival", {"sender_id": "A", "receiver_id": "B", "amount": 100}, None, "t1"),
        (0, "RtgsSubmission", {"sender": "A", "receiver": "B", "amount": 100}, None, "t1"),
        (0, "PolicySubmit", {}, "A", "t1"),
        (
            0,
            "RtgsImmediateSettlement",
            {"sender": "A", "receiver": "B", "amount": 100, "sender_balance_after": 900},
            None,
            "t1",
        ),
        (1, "CostAccrual", accrual(100, delay=60), "A", None),
        (1, "QueuedRtgs", {"sender_id": "ÅBO"}, None, "t2"),
        (
            2,
            "ScenarioEventExecuted",
            {"scenario_event_type": "direct_transfer", "details_json": inner},
            None,
            None,
        ),
        (2, "CostAccrual", accrual(200, penalty=200), "B", None),
        (2, "CostAccrual", accrual(50, liquidity=50), "B", None),
        (
            3,
            "LsmCycleSettlement",
            {"agents": ["A", "B", "ÅBO"], "tx_ids": ["t2", "t3"], "total_value": 300},
            None,
            None,
        ),
        (3, "StateRegisterSet", {"net": {"B": 3}}, "A", None),
        (5, "CostAccrual", json.dumps(json.dumps(accrual(350, delay=350))), "A", None),
        (5, "EndOfDay", {"day": 1, "unsettled_count": 1, "total_penalties": 0}, None, None),
    ]
    made = [
        event(i, simulation_id, tick, kind, details, agent=agent, tx=tx)
        for i, (tick, kind, details, agent, tx) in enumerate(rows)
    ]
    for row in made[-2:]:  # written in one instant: their order is that of the rows
        row["event_timestamp"] = _SAME
    return made


def transactions(simulation_id: str) -> list[dict[str, Any]]:
    """t1 at once, t2 late, t3 dropped, t4 still queued."""
    common = {
        "simulation_id": simulation_id,
        "priority": 5,
        "is_divisible": False,
        "arrival_day": 0,
        "queue1_ticks": 0,
        "queue2_ticks": 0,
        "total_delay_ticks": 0,
        "delay_cost": 0,
    }
    rows = [
        ("t1", "A", "B", 100, 0, 2, 0, "settled", None, None, 100, 0),
        ("t2", "ÅBO", "B", 200, 1, 2, 3, "settled", 3, None, 200, 1),
        ("t3", "B", "A", 300, 1, 2, None, "dropped", None, "no funds", 0, None),
        ("t4", "B", "ÅBO", 400, 2, 9, None, "pending", None, None, 0, None),
    ]
    names = [
        "tx_id",
        "sender_id",
        "receiver_id",
        "amount",
        "arrival_tick",
        "deadline_tick",
        "settlement_tick",
        "status",
        "overdue_since_tick",
        "drop_reason",
        "amount_settled",
        "rtgs_submission_tick",
    ]
    return [{**common, **dict(zip(names, row, strict=True))} for row in rows]


def states(simulation_id: str) -> list[dict[str, Any]]:
    """A and B at every tick; A owes 50 at tick 1; costs of A accumulate 10 a tick, daily anew."""
    zeros = ("collateral", "penalty", "split_friction", "liquidity")
    found = []
    for tick in range(6):
        for agent in ("A", "B"):
            in_day = tick % TICKS_PER_DAY + 1
            delay = 10 * in_day if agent == "A" else 0
            before = 0 if in_day == 1 and tick == 0 else 10 * ((tick - 1) % TICKS_PER_DAY + 1)
            found.append(
                {
                    "simulation_id": simulation_id,
                    "agent_id": agent,
                    "tick": tick,
                    "day": tick // TICKS_PER_DAY,
                    "balance": -50 if (agent, tick) == ("A", 1) else 1000 + tick,
                    "balance_change": 1,
                    "unsecured_cap": 500,
                    "posted_collateral": 0,
                    "delay_cost": delay,
                    "delay_cost_delta": delay - before if agent == "A" else 0,
                    **{f"{n}_cost": 0 for n in zeros},
                    **{f"{n}_cost_delta": 0 for n in zeros},
                }
            )
    return found


def _queues() -> list[dict[str, Any]]:
    rows = [(2, "queue1", 0, "t3"), (2, "queue1", 1, "t4"), (3, "rtgs", 0, "t4")]
    names = ("tick", "queue_type", "position", "tx_id")
    return [
        {"simulation_id": ALONE, "agent_id": "B", **dict(zip(names, row, strict=True))}
        for row in rows
    ]


def _days() -> list[dict[str, Any]]:
    with_zero = [
        "min_balance",
        "max_balance",
        "unsecured_cap",
        "peak_overdraft",
        "opening_posted_collateral",
        "closing_posted_collateral",
        "peak_posted_collateral",
        "collateral_capacity",
        "num_collateral_posts",
        "num_collateral_withdrawals",
        "num_arrivals",
        "num_sent",
        "num_received",
        "num_settled",
        "num_dropped",
        "queue1_peak_size",
        "queue1_eod_size",
        "liquidity_cost",
        "delay_cost",
        "collateral_cost",
        "split_friction_cost",
        "deadline_penalty_cost",
        "total_cost",
    ]
    return [
        {
            "simulation_id": ALONE,
            "agent_id": agent,
            "day": day,
            "opening_balance": 1000,
            "closing_balance": 1000 + day,
            **dict.fromkeys(with_zero, 0),
        }
        for day in range(2)
        for agent in AGENTS
    ]
