"""What a run's files become: exact numbers, flags, series, lanes, defaults, agents, words."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

import telemetry
from telemetry.concepts import TickRange
from telemetry.export import write_table
from telemetry.filters import Filter
from telemetry.queries import (
    AgentsQuery,
    CountQuery,
    FacetQuery,
    FanQuery,
    HistogramQuery,
    PointsQuery,
    RunQuery,
    SeriesQuery,
    Sort,
    SummaryQuery,
    TableQuery,
    TimelineQuery,
    Where,
)
from tests.builders import bilancio as b

RUN = "active_1"


@pytest.fixture
def source(tmp_path: Path) -> telemetry.Source:
    return telemetry.open_source(b.write_run(tmp_path / RUN))


def _rows(source: telemetry.Source, table: str, *names: str, **more: object) -> list[object]:
    query = TableQuery(RUN, table, names, **more)  # type: ignore[arg-type]
    return [row[0] if len(row) == 1 else row for row in source.ask(query).rows]


def _where(text: str) -> Where:
    column, _, rest = text.partition("=")
    return Where((Filter.parse(column, rest),))


NUMBERS = ("0E-13", "0E+23", "40312.50000000000000000000001", "-0.10", "1e3", "12", "", "abc")


@pytest.fixture
def numbers(tmp_path: Path) -> telemetry.Source:
    rows = [b.trade(RUN, i, "SELL", f"H{i}", price=text) for i, text in enumerate(NUMBERS)]
    path = b.put_csv(tmp_path / "trades.csv", b.TRADES, rows)
    return telemetry.open_source(path)


def test_decimals_are_exactly_as_python_printed_them(numbers: telemetry.Source) -> None:
    found = _rows(numbers, "trades", "price", sort=Sort("line"))

    assert [str(cell) for cell in found[:6]] == [
        "0E-13", "0E+23", "40312.50000000000000000000001", "-0.10", "1E+3", "12",
    ]  # fmt: skip
    assert all(isinstance(cell, Decimal) for cell in found[:6])
    assert found[6:] == [None, "abc"]


def test_decimals_sort_as_numbers_with_null_first(numbers: telemetry.Source) -> None:
    found = _rows(numbers, "trades", "price", sort=Sort("price"))

    assert [c if c is None or isinstance(c, str) else float(c) for c in found] == [
        None, "abc", -0.1, 0.0, 0.0, 12.0, 1000.0, 40312.5,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "days"),
    [("price=0", {0, 1}), ("price=>0", {2, 4, 5}), ("price=<0", {3}), ("price=12~1000", {4, 5}),
     ("price=40312.5", {2}), ("price=!0", {2, 3, 4, 5})],
)  # fmt: skip
def test_decimals_are_filtered_as_numbers(
    numbers: telemetry.Source, text: str, days: set[int]
) -> None:
    assert set(_rows(numbers, "trades", "day", where=_where(text))) == days


def test_decimals_are_paged_in_the_order_of_their_numbers(numbers: telemetry.Source) -> None:
    found: list[object] = []
    after = None
    while True:
        page = numbers.ask(TableQuery(RUN, "trades", ("price",), sort=Sort("price", True), limit=3,
                                      after=after))  # fmt: skip
        found += [row[0] for row in page.rows]
        after = page.next
        if after is None:
            break

    assert found == _rows(numbers, "trades", "price", sort=Sort("price", True))
    assert len(found) == len(NUMBERS)


def test_equal_decimals_are_one_facet_however_they_are_written(numbers: telemetry.Source) -> None:
    found = numbers.ask(FacetQuery(RUN, "trades", "price"))

    assert found.values[0] == (Decimal(0), 2)
    assert (found.total, found.distinct) == (8, 7)


def test_decimals_add_up_and_make_points_as_doubles(numbers: telemetry.Source) -> None:
    total = numbers.ask(SummaryQuery(RUN, "trades")).total
    columns = [c.name for c in numbers.ask(SummaryQuery(RUN, "trades")).columns]
    assert total[columns.index("volume")] == pytest.approx(40312.5 - 0.1 + 1000 + 12)

    points = numbers.ask(PointsQuery(RUN, "trades", "day", "price"))
    expected = [0, 0, 40312.5, -0.1, 1000, 12, np.nan, np.nan]
    np.testing.assert_array_equal(points.y, expected)


def test_exports_carry_every_digit(numbers: telemetry.Source, tmp_path: Path) -> None:
    target = tmp_path / "export.csv"
    write_table(numbers, TableQuery(RUN, "trades", ("day", "price"), sort=Sort("line")), target)

    rows = list(csv.DictReader(StringIO(target.read_text("utf-8"))))
    assert rows[2]["price"] == "40312.50000000000000000000001"
    assert [Decimal(r["price"]) for r in rows[:2]] == [0, 0]


def test_flags_are_true_or_false_and_filtered_as_such(source: telemetry.Source) -> None:
    assert _rows(source, "trades", "is_passthrough", sort=Sort("line")) == [True, False, True]
    assert source.ask(CountQuery(RUN, "trades", _where("is_passthrough=true"))) == 2
    assert source.ask(CountQuery(RUN, "trades", _where("hit_inventory_limit=1"))) == 1
    assert source.ask(FacetQuery(RUN, "trades", "is_passthrough")).values == ((True, 2), (False, 1))


def test_trades_are_filtered_by_side_bucket_trader_and_day(source: telemetry.Source) -> None:
    def lines(where: Where) -> list[object]:
        return _rows(source, "trades", "line", where=where)

    assert lines(_where("side=BUY")) == [2, 3]
    assert lines(_where("bucket=long")) == [3]
    assert lines(Where(agents=("H2",))) == [1]
    assert lines(Where(ticks=TickRange(1, 5))) == [3]


def test_the_summary_of_trades_is_by_bucket_and_side(source: telemetry.Source) -> None:
    found = source.ask(SummaryQuery(RUN, "trades"))

    assert [c.name for c in found.columns] == [
        "bucket_and_side", "trade_count", "face", "volume", "avg_price", "outside",
    ]  # fmt: skip
    assert sorted(found.groups) == [
        ("long BUY", 1, 0.0, 0.0, 1.2, 1),
        ("mid BUY", 1, 66.0, 75.9, 1.15, 0),
        ("mid SELL", 1, 66.0, 56.1, 0.85, 1),
    ]


def test_views_find_what_they_look_for_by_role(source: telemetry.Source) -> None:
    trades = source.table_with_role("trades")
    assert trades is not None
    wanted = {"agent": "trader_id", "pair": "bucket", "direction": "side", "price": "unit_price",
              "tick": "day", "outside": "is_passthrough", "quantity": "face_value"}  # fmt: skip
    assert {role: getattr(trades.with_role(role), "name", None) for role in wanted} == wanted
    attempts = source.table_with_role("attempts")
    assert attempts is not None
    assert attempts.with_role("reason").name == "strategy"  # type: ignore[union-attr]
    assert attempts.with_role("agent").name == "debtor"  # type: ignore[union-attr]
    for role in ("runs", "experiments", "pairs", "events", "inventory", "system_state", "horizon"):
        assert source.table_with_role(role) is not None, role


def test_inventory_is_a_line_for_each_bucket(source: telemetry.Source) -> None:
    found = source.ask(SeriesQuery(RUN, "dealer_inventory"))

    assert {line.agent_id: line.value.tolist() for line in found.lines} == {
        "long": [1.0, 1.0, 0.0],
        "short": [0.0, 4.0, 4.0],
    }
    assert found.lines[0].tick.tolist() == [0, 1, 2]
    one = source.ask(SeriesQuery(RUN, "capacity_pct", ("short",), TickRange(1, 2)))
    assert [(line.agent_id, line.value.tolist()) for line in one.lines] == [("short", [100, 100])]


def test_debt_to_money_is_a_line_of_the_system_and_0e23_is_zero(source: telemetry.Source) -> None:
    found = source.ask(SeriesQuery(RUN, "debt_to_money"))

    assert [(line.agent_id, line.value.tolist()) for line in found.lines] == [
        ("system", [4 / 3, 0.75, 0.0])
    ]
    assert source.ask(FanQuery(RUN, "debt_to_money")).quantiles["median"].tolist()[2] == 0.0


def test_a_measure_of_days_has_the_name_of_what_it_is(source: telemetry.Source) -> None:
    found = source.ask(SeriesQuery(RUN, "default_rate"))

    assert [(line.tick.tolist(), line.value.tolist()) for line in found.lines] == [([1, 2], [0, 1])]
    shares = source.ask(SeriesQuery(RUN, "shortfall_share")).lines
    assert {line.agent_id: line.value.tolist() for line in shares} == {"H1": [1.0], "H2": [1.0]}


def test_a_passive_run_says_that_the_dealer_was_not_recorded(tmp_path: Path) -> None:
    source = telemetry.open_source(b.write_experiment(tmp_path / "sweep", pairs=1))

    found = source.ask(SeriesQuery("passive_1", "dealer_inventory"))
    assert found.lines == ()
    assert "is not recorded in run passive_1" in found.notes[0]
    assert source.ask(TableQuery("passive_1", "trades")).rows == ()


def test_each_bucket_has_a_lane_of_the_dealers_state(source: telemetry.Source) -> None:
    found = source.ask(TimelineQuery(RUN))

    lanes = {lane.name: [lane.at(day) for day in (0, 1, 2)] for lane in found.lanes}
    assert lanes == {
        "dealer:short": ["empty", "full", "full"],
        "dealer:long": ["stocked", "routed outside", "empty"],
    }
    assert {lane.label for lane in found.lanes} == {"short", "long"}


def test_what_fell_due_and_was_not_settled_is_a_default(source: telemetry.Source) -> None:
    names = ("liability_id", "debtor", "creditor", "amount", "due_day", "outcome", "settled_day")
    assert _rows(source, "obligations", *names) == [
        ("PAY_1", "H1", "H2", Decimal(60), 1, "repaid", 1),
        ("PAY_2", "H2", "H3", Decimal(90), 2, "defaulted", None),
        ("PAY_3", "H3", "H1", Decimal(0), 7, "not reached", None),
    ]
    names = ("debtor", "outcome", "strategy", "buy_count", "sell_count")
    assert _rows(source, "defaults", *names) == [("H2", "defaulted", "sell_before", 0, 1)]


def test_outcomes_that_were_logged_are_believed(tmp_path: Path) -> None:
    run = b.write_run(tmp_path / RUN)
    row: dict[str, object] = {
        "run_id": RUN, "regime": "active", "trader_id": "H2", "maturity_day": 2,
        "face_value": "90.50", "buy_count": 2, "sell_count": 0, "net_cash_pnl": "-3",
    }  # fmt: skip
    b.put_csv(run / "out" / "repayment_events.csv", b.REPAYMENTS, (
        row | {"liability_id": "PAY_2", "outcome": "repaid", "strategy": "round_trip"},
        row | {"liability_id": "PAY_8", "outcome": "defaulted", "strategy": "no_trade"},
    ))  # fmt: skip
    source = telemetry.open_source(run)

    assert _rows(source, "obligations", "liability_id", "outcome", "strategy", "buy_count") == [
        ("PAY_1", "repaid", "hold_to_maturity", 1),
        ("PAY_8", "defaulted", "no_trade", 2),
        ("PAY_2", "repaid", "round_trip", 2),
        ("PAY_3", "not reached", "hold_to_maturity", 1),
    ]
    assert _rows(source, "defaults", "liability_id", "amount") == [("PAY_8", Decimal("90.50"))]
    summary = source.ask(SummaryQuery(RUN, "repayment_events"))
    assert sorted(summary.groups) == [("no_trade", 1, 90.5, 1.0), ("round_trip", 1, 90.5, 0.0)]


@pytest.mark.parametrize("kind", ["ObligationDefaulted", "ObligationWrittenOff"])
def test_a_default_that_an_event_tells_counts_even_before_the_last_day(
    tmp_path: Path, kind: str
) -> None:
    run = b.write_run(tmp_path / RUN)
    told = b.event(kind, 1, contract_id="PAY_3", debtor="H3", creditor="H1", shortfall=5)
    b.put_events(run / "out" / "events.jsonl", (*b.EVENTS, told))

    found = _rows(telemetry.open_source(run), "defaults", "liability_id", "due_day")
    assert found == [("PAY_2", 2), ("PAY_3", 7)]


def test_a_run_says_whether_those_who_defaulted_had_traded(source: telemetry.Source) -> None:
    facts = dict(source.ask(RunQuery(RUN)).facts)

    assert facts["obligations defaulted"] == 1
    assert (facts["debtors in default"], facts["of them had traded"]) == (1, 1)
    assert source.ask(RunQuery(RUN)).notes == (
        "1 default follows from events (due, and not settled): repayment_events has no row of it.",
    )


def test_agents_tell_initial_conditions_trades_and_what_became_of_them(
    source: telemetry.Source,
) -> None:
    names = ("agent", "kind", "cash_at_start", "owed", "claims", "cash_per_debt", "start", "traded",
             "defaulted", "defaulted_face", "cash_at_end")  # fmt: skip
    assert _rows(source, "agents", *names) == [
        ("H1", "household", 100.0, 60.0, 0.0, 100 / 60, "cash covers debt", True, False, None,
         Decimal("40.0")),
        ("H2", "household", 20.0, 90.0, 60.0, 20 / 90, "cash below half of debt", True, True, 90.0,
         Decimal("136.10")),
        ("H3", "household", None, 0.0, 90.0, None, "no debt", True, False, None, None),
    ]  # fmt: skip
    groups = source.ask(SummaryQuery(RUN, "agents")).groups
    assert {g[0]: g[3] for g in groups} == {
        "cash covers debt": 0, "cash below half of debt": 1, "no debt": 0,
    }  # fmt: skip


def test_the_agents_of_a_run_are_buckets_the_system_and_those_named(
    source: telemetry.Source,
) -> None:
    found = [(a.agent_id, a.kind, a.first_tick, a.last_tick) for a in source.ask(AgentsQuery(RUN))]

    assert found == [
        ("long", "bucket", 0, 2),
        ("short", "bucket", 0, 2),
        ("system", "system", 0, 2),
        ("H1", "household", None, None),
        ("H2", "household", None, None),
        ("H3", "household", None, None),
    ]
    assert source.ask(RunQuery(RUN)).agents == 3


def test_inventory_stands_against_the_debt_that_remains(source: telemetry.Source) -> None:
    names = ("day", "dealer_inventory", "max_capacity", "total_face_value", "debt_to_money",
             "repaid_face", "due_unpaid_face")  # fmt: skip
    rows = _rows(source, "horizon", *names)

    assert rows == [
        (0, 1, 8, Decimal(160), Decimal("1.333333333333333333333333333"), 0.0, 0.0),
        (1, 5, 8, Decimal(90), Decimal("0.75"), 60.0, 0.0),
        (2, 4, 8, Decimal(0), Decimal("0E+23"), 60.0, 90.0),
    ]


def test_balances_set_totals_apart_from_agents(source: telemetry.Source) -> None:
    assert _rows(source, "balances", "agent_id", "is_summary", "item_name") == [
        ("H1", False, None),
        ("H2", False, None),
        ("SYSTEM", True, None),
        ("SYSTEM", True, "Total Assets"),
    ]


def test_results_of_the_dealer_are_a_row_each_with_their_bucket(source: telemetry.Source) -> None:
    assert _rows(source, "dealer_metrics", "line", "metric", "bucket", "value") == [
        (1, "dealer_total_pnl", None, Decimal("1.5")),
        (2, "dealer_pnl_by_bucket", "short", Decimal("0.0")),
        (3, "dealer_pnl_by_bucket", "long", Decimal("1.5")),
        (4, "total_trades", None, Decimal(3)),
        (5, "mean_margin_at_default", None, None),
    ]


def test_events_keep_the_order_of_their_lines_and_name_both_sides(
    source: telemetry.Source,
) -> None:
    names = ("line", "day", "kind", "agent", "counterparty", "amount", "reference")
    rows = _rows(source, "events", *names)

    assert rows[0] == (1, 0, "CashMinted", "H1", None, Decimal(100), "C_1")
    assert rows[2] == (3, 0, "PayableCreated", "H1", "H2", Decimal(60), "PAY_1")
    assert rows[6] == (7, 0, "dealer_trade", "H2", None, Decimal("56.1"), "TKT_1")
    assert rows[9] == (10, 1, "PayableSettled", "H1", "H2", Decimal(60), "PAY_1")
    assert [r[0] for r in rows] == list(range(1, len(b.EVENTS) + 1))
    assert _rows(source, "events", "line", where=Where(agents=("H3",))) == [4, 5]
    assert _rows(source, "events", "line", where=Where(ticks=TickRange(2, 9))) == [12, 13]


def test_rows_are_told_in_words(source: telemetry.Source) -> None:
    def told(table: str, line: int) -> str:
        spec = source._family.table(table)
        assert spec is not None
        assert spec.explain is not None
        page = source.ask(TableQuery(RUN, table, where=_where(f"line={line}")))
        names = [c.name for c in page.columns]
        return spec.explain(dict(zip(names, page.rows[0], strict=True)))

    assert told("events", 1) == "H1 receives 100 of new cash"
    assert told("events", 3) == "H1 owes H2 60, due on day 1"
    assert told("events", 7) == (
        "H2 sells TKT_1 (face 66.0) for 56.1 in bucket mid, passed through to the outside dealer"
    )
    assert told("events", 10) == "H1 repays H2 60"
    assert told("trades", 3) == (
        "H3 buys a claim on H3 (face 0, due on day 8) for 0.0000000000000, 1.2 per unit of face, "
        "passed through to the outside dealer, because the dealer was at its limit"
    )
    assert told("defaults", 4) == (
        "H2 owed H3 90 on day 2 and did not pay; before, it had sold 1 time; it began with "
        "20.0 cash and owed 90.0 in all; the dealer then held 4 tickets beside 0 of debt "
        "outstanding"
    )


def test_histograms_count_trades_by_day(source: telemetry.Source) -> None:
    found = source.ask(HistogramQuery(RUN, "trades", "bucket"))

    assert found.start.tolist() == [0, 1, 2]
    assert {k: v.tolist() for k, v in found.counts.items()} == {
        "mid": [2, 0, 0],
        "long": [0, 1, 0],
    }


def test_where_no_obligation_is_known_nothing_is_said_of_debts(tmp_path: Path) -> None:
    run = b.write_run(tmp_path / RUN)
    (run / "out" / "events.jsonl").unlink()
    (run / "out" / "repayment_events.csv").unlink()
    source = telemetry.open_source(run)

    names = ("agent", "start", "defaulted", "defaults", "owed", "traded")
    assert _rows(source, "agents", *names)[0] == ("H1", None, None, None, None, True)
    assert _rows(source, "horizon", "repaid_face", "due_unpaid_face") == [(None, None)] * 3
