"""Regimes, lens and flows of real databases against SQL and arithmetic by hand."""

from __future__ import annotations

import csv
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import stats

from telemetry.analysis.chosen import Chosen, every_run
from telemetry.analysis.event_study import Asked, event_study
from telemetry.concepts import Flows
from telemetry.detect import open_source
from telemetry.queries import (
    FlowsQuery,
    IntermediariesQuery,
    RunsQuery,
    SettlingQuery,
    SplitQuery,
)
from telemetry.source import Source

pytestmark = pytest.mark.realdata
SIMCASH_RUN = "sim-18bced27"


@pytest.fixture(scope="module")
def money(shared_data: Path) -> Path:
    return shared_data / "vmt" / "money_full.db"


@pytest.fixture(scope="module")
def source(money: Path) -> Iterator[Source]:
    found = open_source(money)
    yield found
    found.close()


def asked(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def edges(found: Flows) -> dict[tuple[object, object], float]:
    every: dict[tuple[object, object], float] = defaultdict(float)
    for giver, taker, quantity in zip(found.giver, found.taker, found.quantity, strict=True):
        every[found.agents[giver], found.agents[taker]] += float(quantity)  # type: ignore[arg-type]
    return dict(every)


def test_a_split_by_mode_is_what_sql_says(source: Source, money: Path):
    found = source.ask(SplitQuery(3, ("mode",), measures=("utility",)))
    by_hand = {
        mode: (ticks, trades, utility)
        for mode, ticks, trades, utility in asked(
            money,
            """
            SELECT current_mode, count(*), (SELECT count(*) FROM trades t JOIN tick_states s
                USING (run_id, tick) WHERE run_id = 3 AND s.current_mode = o.current_mode),
                (SELECT avg(utility) FROM agent_snapshots a JOIN tick_states s
                USING (run_id, tick) WHERE run_id = 3 AND s.current_mode = o.current_mode)
            FROM tick_states o WHERE run_id = 3 GROUP BY 1""",
        )
    }
    trades, utility = found.quantities[0], found.quantities[-1]
    assert trades.name == "trades: trades"
    for i, state in enumerate(found.states):
        told = (found.ticks[i], trades.value(i), utility.value(i))
        assert told == pytest.approx(by_hand[state]), state


def test_the_path_of_utility_around_switches_is_that_of_the_rows(source: Source, money: Path):
    run = next(r for r in every_run(source) if r.run_id == 3)
    found = event_study([Chosen(source, run.run)], Asked("utility", ("mode",), 3, relative=True))
    modes = dict(asked(money, "SELECT tick, current_mode FROM tick_states WHERE run_id = 3"))
    mean = dict(asked(money, "SELECT tick, avg(utility) FROM agent_snapshots WHERE run_id = 3 "
                             "GROUP BY tick"))  # fmt: skip
    switches = [t for t in sorted(modes) if t and modes[t] == "forage" != modes[t - 1]]
    (path,) = (p for p in found.paths if p.name == "trade → forage")
    assert path.switches == len(switches)
    values = [mean[t + 3] - mean[t - 1] for t in switches if t + 3 in mean]
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert path.n[-1] == len(values)
    assert (path.mean[-1], path.low[-1], path.high[-1]) == pytest.approx(
        (np.mean(values), low, high))  # fmt: skip
    assert path.mean[-1] > 0 > path.low[-1]  # 11 switches are too few to be sure of it


def test_agents_settle_where_their_rows_say_so(source: Source, money: Path):
    found = source.ask(SettlingQuery(1, "lambda_money", 0.01))
    assert len(found.agents) == 8
    for told in found.agents:
        rows = asked(money, "SELECT tick, lambda_money FROM agent_snapshots WHERE run_id = 1 "
                            f"AND agent_id = {told.agent_id} ORDER BY tick")  # fmt: skip
        limit = rows[-1][1]
        outside = [t for t, v in rows if abs(v - limit) > 0.01 * abs(limit)]  # type: ignore[operator]
        assert (told.limit, told.settled) == (limit, max(outside, default=-1) + 1)  # type: ignore[operator,type-var]


def test_money_flows_and_is_passed_on_as_the_trades_say(source: Source, money: Path):
    rows = asked(money, "SELECT buyer_id, seller_id, dM FROM trades WHERE run_id = 1 AND dM <> 0 "
                        "ORDER BY tick, id")  # fmt: skip
    by_hand: dict[tuple[object, object], float] = defaultdict(float)
    held: dict[object, float] = defaultdict(float)
    passed: dict[object, float] = defaultdict(float)
    for buyer, seller, amount in rows:
        by_hand[buyer, seller] += amount  # type: ignore[operator]
        onward = min(amount, held[buyer])  # type: ignore[type-var]
        passed[buyer] += onward
        held[buyer] -= onward
        held[seller] += amount  # type: ignore[operator]
    assert edges(source.ask(FlowsQuery(1, "M"))) == dict(by_hand)
    found = {p.agent_id: p.passed for p in source.ask(IntermediariesQuery(1, "M")).agents}
    assert {a: p for a, p in found.items() if p} == {a: p for a, p in passed.items() if p}


def test_payments_are_those_of_the_transactions(shared_data: Path):
    path = shared_data / "simcash" / "gen_unified.db"
    with duckdb.connect(str(path), read_only=True) as connection:
        by_hand = {
            (sender, receiver): float(cents) / 100
            for sender, receiver, cents in connection.execute(
                "SELECT sender_id, receiver_id, sum(amount_settled) FROM transactions WHERE "
                "simulation_id = ? AND settlement_tick IS NOT NULL GROUP BY ALL", [SIMCASH_RUN]
            ).fetchall()
        }  # fmt: skip
    found = open_source(path)
    assert edges(found.ask(FlowsQuery(SIMCASH_RUN, "payments"))) == pytest.approx(by_hand)
    found.close()


def test_claims_flow_to_the_dealer_as_the_file_says(shared_data: Path):
    folder = next(iter(sorted((shared_data / "bilancio").glob("*/active/runs/*1f375311f4ec"))))
    by_hand: dict[tuple[object, object], float] = defaultdict(float)
    with (folder / "out" / "trades.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            outside = row["is_passthrough"] == "True"
            pair = (row["trader_id"], "outside dealer" if outside else f"dealer {row['bucket']}")
            by_hand[pair if row["side"] == "SELL" else pair[::-1]] += float(row["face_value"])
    found = open_source(folder)
    run = found.ask(RunsQuery()).runs[0].run_id
    assert edges(found.ask(FlowsQuery(run, "claims"))) == dict(by_hand)
    found.close()
