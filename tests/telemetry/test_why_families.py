"""Why a payment was late, an order rejected and a debt not paid, against what was planted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import telemetry
from telemetry.concepts import TickRange, Why
from telemetry.errors import NothingFoundError
from telemetry.families.bilancio.causes import CAUSES
from telemetry.families.bilancio.recorder import BilancioRecorder
from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.frozen import replace
from telemetry.queries import FunnelQuery, RunsQuery, TableQuery, WhyQuery
from telemetry.samples import dealer_ring, order_book
from telemetry.samples.dealer_ring.catalogue import SCENARIOS as RINGS
from telemetry.samples.order_book.scenario import USUAL_BOTS
from telemetry.samples.payments import setting, simulate
from telemetry.samples.payments.catalogue import CRISIS, PROMPT


def every(path: Path, table: str, most: int = 400) -> list[tuple[dict[str, object], Why]]:
    """Rows of a table of the only run (`most` of them, evenly spread), and why each failed."""
    source = telemetry.open_source(path)
    try:
        (run,) = source.ask(RunsQuery()).runs
        page = source.ask(TableQuery(run.run_id, table, limit=1000))
        names = [column.name for column in page.columns]
        rows = [dict(zip(names, row, strict=True)) for row in page.rows]
        step = max(1, len(rows) // most)
        whys = [source.ask(WhyQuery(run.run_id, key=key)) for key in page.keys[::step]]
        with pytest.raises(NothingFoundError):
            source.ask(WhyQuery(run.run_id, key="nobody"))
        return list(zip(rows[::step], whys, strict=True))
    finally:
        source.close()


def funnel(path: Path, by: tuple[str, ...]) -> dict[tuple[tuple[str, ...], str], int]:
    """How many of each group failed for each reason, as far as any did."""
    source = telemetry.open_source(path)
    try:
        (run,) = source.ask(RunsQuery()).runs
        found = source.ask(FunnelQuery(run.run_id))
        assert found.by == by
        some = source.ask(FunnelQuery(run.run_id, TickRange(0, 1)))
        whole, part = (sum(map(f.tries, f.counts)) for f in (found, some))
        assert 0 <= part < whole
        return {(g, why): n for g, own in found.counts.items() for why, n in own.items() if n}
    finally:
        source.close()


def states(found: Why) -> dict[str, str]:
    return {gate.name: gate.state for gate in found.cases[0].gates}


def test_payments_that_never_settled_say_where_they_stopped(tmp_path):
    path = tmp_path / "p.db"
    plan = replace(CRISIS, ticks_per_day=50, num_days=2)
    policies = {bank.id: PROMPT for bank in plan.banks}
    with (
        SimCashRecorder(f"duckdb:///{path}") as recorder,
        recorder.begin_run(setting(plan, policies, 3), ticks_per_commit=100) as run,
    ):
        simulate(plan, policies, 3, run)
    asked = every(path, "unsettled", 12)
    assert asked
    for row, found in asked:
        assert found.happened == (row["status"] == "settled")
        assert found.agents == (row["sender_id"], row["receiver_id"])
        assert states(found)["deadline"] == "failed"
    assert {"policy", "liquidity"} <= {found.cases[0].failed.name for _, found in asked}
    rows = [row for row, _ in every(path, "unsettled")]
    told = Counter(((r["status"], r["sender_id"]), r["reason"]) for r in rows)
    assert funnel(path, ("status", "sender")) == told
    settled = [
        found for row, found in every(path, "transactions", 12) if row["status"] == "settled"
    ]
    assert all(found.happened for found in settled)
    late = [gate for found in settled for gate in found.cases[0].gates if gate.name == "deadline"]
    assert all((gate.margin < 0) == (gate.state == "failed") for gate in late)


def test_rejected_orders_name_their_reason(tmp_path):
    path = tmp_path / "b.db"
    bots = {**USUAL_BOTS, "spammer": 1, "beginner": 1}
    scenario = order_book.Scenario(name="book", seed=9, ticks=40, bots=bots)
    with MarketRecorder(path) as recorder:
        order_book.simulate(scenario, recorder, ticks_per_commit=40)
    asked = every(path, "attempts")
    seen = set()
    for row, found in asked:
        gate = found.cases[0].failed
        seen.add(gate.name)
        if row["event_type"] == "RATE_LIMIT_HIT":
            assert gate.name == "rate"
            assert gate.margin < 0
        assert found.tick == row["tick_id"]
    assert {"rate", "balance"} <= seen
    told = Counter(((r["event_type"], r["agent_name"]), r["reason_code"]) for r, _ in asked)
    assert funnel(path, ("event", "agent")) == told


def test_debts_that_were_not_paid_have_a_gate_that_failed(tmp_path):
    folder = tmp_path / "ring"
    dealer_ring.simulate(RINGS[0], BilancioRecorder(folder), "active", run_id="active_1")
    asked = every(folder, "defaults", 8)
    assert asked
    for row, found in asked:
        assert found.happened is False
        assert found.agents == (row["debtor"], row["creditor"])
        told = states(found)
        assert told["dealer"] == "passed"
        assert (told["traded"] == "failed") == (not row["buy_count"] and not row["sell_count"])
    causes = Counter(
        ((str(row["due_day"]), row["strategy"]), CAUSES[found.cases[0].failed.name][0])
        for row, found in every(folder, "defaults")
    )
    assert funnel(folder, ("due on day", "strategy")) == causes
