"""The queries of the VMT document, run by hand on a database that our recorder wrote."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from telemetry.families.vmt.recorder import VmtRecorder
from tests.telemetry.test_vmt_recorder import AGENT, STEP, TRADE

BARTER = {"dA": 2, "dB": 3, "dM": 0, "exchange_pair_type": "A<->B", "buyer_surplus": 1.5}
SURPLUS = (
    "SELECT exchange_pair_type, COUNT(*) as trade_count, AVG(buyer_surplus) as avg_buyer_surplus, "
    "AVG(seller_surplus) as avg_seller_surplus, AVG(buyer_surplus + seller_surplus) as "
    "avg_total_surplus FROM trades WHERE run_id = ? GROUP BY exchange_pair_type"
)


@pytest.fixture
def asked(tmp_path: Path):
    """Asks SQL of a run of two ticks: money and barter in the first, barter in the second."""
    path = tmp_path / "runs.db"
    with VmtRecorder(path) as recorder, recorder.begin_run("s", exchange_regime="mixed") as run:
        run.log_tick_state(0, "trade", "mixed", ["A<->M", "A<->B"])
        run.log_trade(0, **TRADE)
        run.log_trade(0, **{**TRADE, **BARTER})
        run.log_agent_snapshot(0, **AGENT)
        run.end_tick(0)
        run.log_tick_state(1, "forage", "mixed", [])
        run.log_trade(1, **{**TRADE, **BARTER, "seller_surplus": 0.75})
        run.log_agent_snapshot(1, **{**AGENT, "lambda_money": 0.06, "inventory_M": 94})
        run.log_lambda_update(1, **STEP)
        run.end_tick(1)
    with closing(sqlite3.connect(path)) as connection:
        yield lambda sql, *given: connection.execute(sql, (run.run_id, *given)).fetchall()


def test_the_documents_own_queries_find_what_was_recorded(asked):
    money = asked("SELECT tick, dA, dM FROM trades WHERE run_id = ? AND dM > 0 ORDER BY tick")
    assert money == [(0, 2, 6)]
    path_of_lambda = asked(
        "SELECT tick, lambda_money, inventory_M FROM agent_snapshots "
        "WHERE run_id = ? AND agent_id = ? ORDER BY tick",
        0,
    )
    assert path_of_lambda == [(0, 0.05, 100), (1, 0.06, 94)]
    states = asked(
        "SELECT tick, current_mode, exchange_regime, active_pairs FROM tick_states "
        "WHERE run_id = ? ORDER BY tick"
    )
    assert states == [(0, "trade", "mixed", '["A<->M", "A<->B"]'), (1, "forage", "mixed", "[]")]
    in_trade_mode = asked(
        "SELECT t.tick, t.dM FROM trades t JOIN tick_states ts ON t.run_id = ts.run_id "
        "AND t.tick = ts.tick WHERE t.run_id = ? AND ts.current_mode = 'trade' "
        "AND ts.exchange_regime = 'mixed' ORDER BY t.tick"
    )
    assert sorted(in_trade_mode) == [(0, 0), (0, 6)]
    steps = asked(
        "SELECT agent_id, tick, lambda_old, lambda_new, clamped FROM lambda_updates "
        "WHERE run_id = ? ORDER BY agent_id, tick"
    )
    assert steps == [(0, 1, 0.05, 0.06, 1)]
    assert asked(SURPLUS) == [("A<->B", 2, 1.5, 0.5, 2.0), ("A<->M", 1, 0.5, 0.25, 0.75)]
