"""Costs, balances, queues and days of a run, per tick and agent, exact to the cent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry.filters import Filter
from telemetry.queries import (
    CountQuery,
    FanQuery,
    PointsQuery,
    SeriesQuery,
    SummaryQuery,
    TableQuery,
    Where,
)
from telemetry.source import Source
from tests.builders import simcash
from tests.builders.simcash import ALONE


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return telemetry.open_source(simcash.unified(tmp_path_factory.mktemp("sc") / "u.db"))


def values(source: Source, measure: str, run: str = ALONE) -> dict[object, list[float]]:
    return {
        line.agent_id: line.value.tolist() for line in source.ask(SeriesQuery(run, measure)).lines
    }


def cents(source: Source, measure: str, run: str = ALONE) -> dict[object, list[float]]:
    """A money measure, whose values are in units, in whole cents."""
    found = values(source, measure, run)
    return {agent: [round(v * 100, 6) for v in line] for agent, line in found.items()}


def cells(source: Source, table: str, *columns: str, run: str = ALONE) -> list[tuple[object, ...]]:
    query = TableQuery(run, table, columns=columns)
    return [row for chunk in source.stream(query) for row in chunk]


def test_a_tick_s_cost_is_the_sum_of_its_accruals(source: Source) -> None:
    assert cents(source, "cost") == {
        "A": [0, 100, 0, 0, 0, 350],
        "B": [0, 0, 250, 0, 0, 0],
        "ÅBO": [0, 0, 0, 0, 0, 0],
    }


def test_costs_accumulate_over_days(source: Source) -> None:
    assert cents(source, "cost_so_far")["A"] == [0, 100, 100, 100, 100, 450]
    assert cents(source, "delay_so_far")["A"] == [0, 60, 60, 60, 60, 410]


def test_other_is_what_the_total_has_beyond_its_parts(source: Source) -> None:
    assert cents(source, "other")["A"] == [0, 40, 0, 0, 0, 0]
    names = ("liquidity", "delay", "collateral", "penalty", "split_friction", "other", "cost")
    for row in cells(source, "costs", *names):
        parts = [part for part in row[:-1] if isinstance(part, int)]
        assert sum(parts) == row[-1]


def test_what_no_accrual_or_state_tells_is_no_cost_of_zero(tmp_path: Path) -> None:
    path = simcash.unified(tmp_path / "u.db")
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "UPDATE simulation_events SET details = '{}' "
            "WHERE event_type = 'CostAccrual' AND agent_id = 'A' AND tick = 1"
        )
    unread = telemetry.open_source(path)
    rows = cells(unread, "costs", "agent_id", "tick", "cost", "delay", "other", "cost_so_far")
    of_a = [row[1:] for row in rows if row[0] == "A"]
    assert of_a[:3] == [(0, 0, 0, 0, 0), (1, None, None, None, None), (2, 0, 0, 0, None)]
    assert of_a[5] == (5, 350, 350, 0, None)
    unread.close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM simulation_events WHERE event_type = 'CostAccrual'")
        simcash.loosen(
            connection, "tick_agent_states", "CASE tick WHEN 1 THEN NULL ELSE delay_cost END",
            "delay_cost",
        )  # fmt: skip
    unread = telemetry.open_source(path)
    rows = cells(unread, "costs", "tick", "agent_id", "cost")
    assert [row[2] for row in rows if row[1] == "A"][1] is None
    assert [row[2] for row in rows if row[1] == "A"][4] is not None
    unread.close()


def test_the_costs_of_a_run_are_those_of_its_run_row(source: Source) -> None:
    total = sum(int(str(row[0])) for row in cells(source, "costs", "cost"))
    assert total == simcash.ALONE_COST


def test_the_costs_of_one_agent_and_some_ticks(source: Source) -> None:
    assert source.ask(CountQuery(ALONE, "costs", Where(agents=("A",)))) == 6
    assert source.ask(CountQuery(ALONE, "costs")) == 18


def test_without_accruals_costs_come_from_accumulators_that_begin_anew_daily(
    tmp_path: Path,
) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    simcash.insert(path, "simulation_runs", [simcash.run("states")])
    simcash.insert(path, "tick_agent_states", simcash.states("states"))
    source = telemetry.open_source(path)
    assert cents(source, "cost", "states")["A"] == [10] * 6
    assert cents(source, "delay_so_far", "states")["A"] == [10, 20, 30, 40, 50, 60]
    assert [d for (d,) in cells(source, "costs", "day", run="states")] == [0] * 6 + [1] * 6


def test_a_run_that_recorded_no_costs_has_none_instead_of_zeros(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    simcash.insert(path, "simulation_runs", [simcash.run("bare")])
    simcash.insert(path, "simulation_events", [simcash.event(0, "bare", 0, "EndOfDay", {})])
    series = telemetry.open_source(path).ask(SeriesQuery("bare", "cost"))
    assert series.lines == ()
    assert not series.measure.recorded
    assert "not recorded" in series.measure.reason


def test_credit_used_is_how_far_the_balance_lies_below_zero(source: Source) -> None:
    assert cents(source, "credit_used")["A"] == [0, 50, 0, 0, 0, 0]
    assert cents(source, "balance")["A"][1] == -50


def test_money_measures_are_in_units_and_say_so(source: Source) -> None:
    units = {m.name: m.unit for m in source.measures}
    assert {units[n] for n in ("balance", "cost", "queued_value", "day_cost")} == {"$"}
    assert values(source, "balance")["A"][1] == -0.5


def test_tables_keep_cents_with_the_exact_units_beside_them(source: Source) -> None:
    for table in ("transactions", "costs", "tick_agent_states", "unsettled"):
        names = [c.name for c in source.table(table).columns]
        money = [c.name for c in source.table(table).columns if c.unit == "cents"]
        assert money
        for name in money:
            assert names[names.index(name) + 1] == f"{name}_units"
            for stored, units in cells(source, table, name, f"{name}_units"):
                assert units == (None if stored is None else Decimal(stored) / 100)


def test_filters_and_points_of_money_mean_what_is_shown(source: Source) -> None:
    amounts = [row[0] for row in cells(source, "transactions", "amount")]
    one = max(amounts)
    where = Where((Filter.parse("amount", f">={Decimal(one) / 100}"),))
    found = source.ask(TableQuery(ALONE, "transactions", ("amount",), where)).rows
    assert found == tuple((a,) for a in amounts if a == one)
    assert (
        source.ask(CountQuery(ALONE, "transactions", Where((Filter.parse("amount", f">={one}"),))))
        == 0
    )
    points = source.ask(PointsQuery(ALONE, "transactions", "arrival_tick", "amount"))
    assert sorted(points.y.tolist()) == sorted(a / 100 for a in amounts)


def test_queues_count_what_waits_and_none_is_zero_where_states_are_recorded(
    source: Source,
) -> None:
    assert values(source, "queue1")["B"] == [0, 0, 2, 0, 0, 0]
    assert values(source, "queue2")["B"] == [0, 0, 0, 1, 0, 0]
    assert cents(source, "queued_value")["B"] == [0, 0, 700, 400, 0, 0]


def test_days_stand_at_their_last_tick(source: Source) -> None:
    (line, *_) = source.ask(SeriesQuery(ALONE, "day_closing_balance")).lines
    assert (line.tick.tolist(), line.value.tolist()) == ([2, 5], [10.0, 10.01])


def test_a_fan_spans_the_agents_of_each_tick(source: Source) -> None:
    fan = source.ask(FanQuery(ALONE, "cost_so_far"))
    assert fan.count.tolist() == [3] * 6
    assert fan.quantiles["max"].tolist() == [0, 1, 2.5, 2.5, 2.5, 4.5]


def test_ticks_tell_what_happened_in_each_also_in_a_silent_one(source: Source) -> None:
    names = ("tick", "day", "events", "arrivals", "settled", "netted", "queued")
    assert cells(source, "ticks", *names) == [
        (0, 0, 4, 1, 1, 0, 0),
        (1, 0, 2, 0, 0, 0, 1),
        (2, 0, 3, 0, 0, 0, 0),
        (3, 1, 2, 0, 0, 1, 0),
        (4, 1, 0, 0, 0, 0, 0),
        (5, 1, 2, 0, 0, 0, 0),
    ]


def test_transactions_are_the_trades_and_know_their_delay(source: Source) -> None:
    table = source.table_with_role("trades")
    assert table is not None
    assert table.name == "transactions"
    roles = {r: table.with_role(r) for r in ("buyer", "seller", "quantity", "result", "delay")}
    assert [c and c.name for c in roles.values()] == [
        "sender_id",
        "receiver_id",
        "amount",
        "status",
        "settlement_delay",
    ]
    assert table.with_role("price") is None
    names = ("tx_id", "route", "settlement_delay", "outstanding")
    assert cells(source, "transactions", *names) == [
        ("t1", "A → B", 0, 0),
        ("t2", "ÅBO → B", 2, 0),
        ("t3", "B → A", None, 300),
        ("t4", "B → ÅBO", None, 400),
    ]


def test_failed_late_and_queued_transactions_are_the_attempts_with_a_reason(
    source: Source,
) -> None:
    table = source.table_with_role("attempts")
    assert table is not None
    assert cells(source, table.name, "tx_id", "reason") == [
        ("t2", "settled after its deadline"),
        ("t3", "no funds"),
        ("t4", "waits at its bank"),
    ]
    assert source.ask(CountQuery(ALONE, table.name, Where(agents=("A",)))) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "overdue", "overdue_since_tick": 3}, "deadline passed while its bank held it"),
        (
            {"status": "overdue", "overdue_since_tick": 3, "rtgs_submission_tick": 2},
            "deadline passed in the settlement system's queue",
        ),
        (
            {"status": "pending", "rtgs_submission_tick": 2},
            "waits in the settlement system's queue",
        ),
        ({"status": "cancelled"}, "cancelled"),
        (  # the producer's own rows say nothing of an overdue payment once it is settled
            {"status": "settled", "settlement_tick": 9, "deadline_tick": 5},
            "settled after its deadline",
        ),
        ({"status": "dropped", "drop_reason": "x", "overdue_since_tick": 3}, "x"),
    ],
)
def test_each_kind_of_failure_has_its_reason(
    fields: dict[str, object], reason: str, tmp_path: Path
) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    row = {**simcash.transactions("r")[3], **fields}
    simcash.insert(path, "transactions", [row])
    source = telemetry.open_source(path)
    assert cells(source, "unsettled", "reason", run="r") == [(reason,)]


def test_the_summary_of_transactions_adds_up_exactly(source: Source) -> None:
    summary = source.ask(SummaryQuery(ALONE, "transactions"))
    total = dict(zip([c.name for c in summary.columns], summary.total, strict=True))
    assert (total["trade_count"], total["settled_count"]) == (4, 2)
    assert (total["sum_amount"], total["sum_settled"]) == (1000, 300)
    assert (total["avg_delay"], total["max_delay"]) == (1.0, 2)
    assert [(g[0], g[1]) for g in summary.groups] == [
        ("settled", 2),
        ("dropped", 1),
        ("pending", 1),
    ]


def test_netting_cycles_are_found_by_any_of_their_agents(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    row = {
        "simulation_id": "r",
        "tick": 1,
        "day": 0,
        "cycle_type": "multilateral",
        "cycle_length": 2,
        "agents": '["A", "ÅBO"]',
        "transactions": "[]",
        "settled_value": 1,
        "total_value": 2,
    }
    simcash.insert(path, "lsm_cycles", [row])
    source = telemetry.open_source(path)
    counts = {a: source.ask(CountQuery("r", "lsm_cycles", Where(agents=(a,)))) for a in "AB"}
    assert counts == {"A": 1, "B": 0}
    assert source.ask(CountQuery("r", "lsm_cycles", Where(agents=("ÅBO",)))) == 1
