"""Payments, order books and dealer rings: honest runs break no rule, a planted fault breaks one."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry.concepts import Audit
from telemetry.families.bilancio.recorder import BilancioRecorder
from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.frozen import replace
from telemetry.queries import AuditQuery, RunsQuery
from telemetry.samples import dealer_ring, order_book
from telemetry.samples.dealer_ring.catalogue import SCENARIOS as RINGS
from telemetry.samples.order_book.scenario import USUAL_BOTS
from telemetry.samples.payments import setting, simulate
from telemetry.samples.payments.catalogue import CRISIS, PROMPT
from tests.builders import bilancio as builder

SETTLED = "event_type = 'RtgsImmediateSettlement'"
ONE_SETTLED = f"event_id = (SELECT min(event_id) FROM simulation_events WHERE {SETTLED})"
ACCRUED = (
    "event_id = (SELECT min(event_id) FROM simulation_events WHERE event_type = 'CostAccrual')"
)
LAST = "tick = (SELECT max(tick) FROM tick_agent_states) AND agent_id = 'ALPHA'"
DETAIL = "json_merge_patch(details::JSON, '{}')"
PAYMENTS = {
    "balance-steps": [
        f"UPDATE tick_agent_states SET balance = balance + 1 WHERE {LAST}",
        "UPDATE daily_agent_metrics SET closing_balance = closing_balance + 1, "
        "max_balance = max_balance + 1 WHERE agent_id = 'ALPHA' AND day = "
        "(SELECT max(day) FROM daily_agent_metrics)",
    ],
    "settlement-balance": [
        f"UPDATE simulation_events SET details = "
        f"""{DETAIL.format('{"sender_balance_after": 7}')} WHERE {ONE_SETTLED}""",
    ],
    "settled-amounts": [
        "UPDATE transactions SET amount_settled = amount - 1 WHERE tx_id = "
        "(SELECT min(tx_id) FROM transactions WHERE status = 'settled')"
    ],
    "settlements-agree": [
        "UPDATE transactions SET settlement_tick = settlement_tick + 1 WHERE tx_id = "
        f"(SELECT tx_id FROM simulation_events WHERE {ONE_SETTLED})"
    ],
    "cost-deltas": [
        "UPDATE tick_agent_states SET delay_cost = delay_cost + 5, delay_cost_delta = "
        f"delay_cost_delta + 5 WHERE {LAST}"
    ],
    "costs-accumulate": [f"UPDATE tick_agent_states SET delay_cost = delay_cost + 5 WHERE {LAST}"],
    "cost-parts": [
        f"UPDATE simulation_events SET details = "
        f"""{DETAIL.format('{"costs": {"total": -1}}')} WHERE {ACCRUED}""",
    ],
    "day-costs": [
        "UPDATE daily_agent_metrics SET liquidity_cost = total_cost + 1 WHERE agent_id = 'ALPHA' "
        "AND day = 0"
    ],
    "day-balances": [
        "UPDATE daily_agent_metrics SET opening_balance = opening_balance + 1, max_balance = "
        "max_balance + 1 WHERE agent_id = 'ALPHA' AND day = 1"
    ],
    "day-extremes": [
        "UPDATE daily_agent_metrics SET min_balance = closing_balance + 1 WHERE day = 0 AND "
        "agent_id = 'BRAVO'"
    ],
    "run-row-agrees": ["UPDATE simulation_runs SET total_settlements = total_settlements + 1"],
}


def audited(source_path: Path) -> Audit:
    source = telemetry.open_source(source_path)
    try:
        (only,) = source.ask(RunsQuery()).runs
        return source.ask(AuditQuery(only.run_id))
    finally:
        source.close()


def broken(found: Audit) -> list[str]:
    return [v.rule.name for v in found.verdicts if v.faults]


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("payments") / "p.db"
    plan = replace(CRISIS, ticks_per_day=40, num_days=2)
    policies = {bank.id: PROMPT for bank in plan.banks}
    with (
        SimCashRecorder(f"duckdb:///{path}") as recorder,
        recorder.begin_run(setting(plan, policies, 3), ticks_per_commit=40) as run,
    ):
        simulate(plan, policies, 3, run)
    return path


def test_honest_payments_are_judged_by_every_rule_and_break_none(payments):
    found = audited(payments)
    assert {v.rule.name: v.state for v in found.verdicts if v.state != "sound"} == {}
    assert set(PAYMENTS) < {v.rule.name for v in found.verdicts}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("rule", PAYMENTS)
def test_a_fault_planted_in_payments_is_found_by_its_rule_alone(payments, tmp_path, rule):
    path = tmp_path / "planted.db"
    shutil.copyfile(payments, path)
    with closing(duckdb.connect(str(path))) as connection:
        for statement in PAYMENTS[rule]:
            assert connection.execute(statement).fetchone() > (0,)
    assert broken(audited(path)) == [rule]


def test_money_that_appears_between_banks_is_found(payments, tmp_path):
    """It cannot be planted for one rule alone: a balance that nothing explains breaks two."""
    path = tmp_path / "planted.db"
    shutil.copyfile(payments, path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(
            "UPDATE tick_agent_states SET balance = balance + 1 WHERE agent_id = 'ALPHA' AND "
            "tick >= 20"
        )
        connection.execute(
            "UPDATE tick_agent_states SET balance_change = balance_change + 1 WHERE agent_id = "
            "'ALPHA' AND tick = 20"
        )
        connection.execute(
            "UPDATE daily_agent_metrics SET closing_balance = closing_balance + 1, max_balance = "
            "max_balance + 1 WHERE agent_id = 'ALPHA'"
        )
        connection.execute(
            "UPDATE daily_agent_metrics SET opening_balance = opening_balance + 1 WHERE agent_id "
            "= 'ALPHA' AND day > 0"
        )
    assert broken(audited(path)) == ["money-conserved", "payments-explain"]


def test_faults_of_one_day_stand_in_the_order_of_their_banks(payments, tmp_path):
    """However a join of the database turns them out."""
    path = tmp_path / "planted.db"
    shutil.copyfile(payments, path)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(
            "CREATE TABLE turned AS SELECT * FROM daily_agent_metrics ORDER BY agent_id DESC"
        )
        connection.execute("DELETE FROM daily_agent_metrics")
        connection.execute("INSERT INTO daily_agent_metrics SELECT * FROM turned")
        connection.execute("UPDATE daily_agent_metrics SET closing_balance = closing_balance + 1")
    (found,) = (v for v in audited(path).verdicts if v.rule.name == "day-balances")
    told = [(fault.tick, fault.agents) for fault in found.first]
    assert len(told) == 2 * len(CRISIS.banks)
    assert told == sorted(told)


def of_kind(kind: str) -> str:
    return f"event_seq = (SELECT min(event_seq) FROM events WHERE event_type = '{kind}')"


def patched(kind: str, field: str, value: str) -> str:
    return (
        f"UPDATE events SET payload = json_set(payload, '$.{field}', '{value}') "
        f"WHERE {of_kind(kind)}"
    )


# Every change of an event breaks the chain as well, which is what the chain is for.
BOOK = {
    "trade-in-book": (patched("TRADE_EXECUTED", "askOrderId", "nobody"), True),
    "ticks-complete": (patched("TICK_END", "tradesExecuted", "99"), True),
    "hash-chain": ("UPDATE events SET event_hash = 'x' WHERE event_seq = 5", False),
    "agents-agree": (
        "UPDATE agents SET cash_balance = cash_balance + 1 WHERE id = (SELECT min(id) FROM agents)",
        False,
    ),
    "trades-agree": (
        "UPDATE trades SET quantity = quantity + 1 WHERE id = (SELECT min(id) FROM trades)",
        False,
    ),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "b.db"
    scenario = order_book.Scenario(name="book", seed=4, ticks=40, bots=USUAL_BOTS, decay_every=10)
    with MarketRecorder(path) as recorder:
        order_book.simulate(scenario, recorder, ticks_per_commit=40)
    return path


def test_an_honest_market_is_judged_by_every_rule_and_breaks_none(book):
    found = audited(book)
    assert {v.rule.name: v.state for v in found.verdicts if v.state != "sound"} == {}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("rule", BOOK)
def test_a_fault_planted_in_a_market_is_found_by_its_rule(book, tmp_path, rule):
    statement, chained = BOOK[rule]
    found = audited(altered(book, tmp_path, statement))
    assert broken(found) == (["hash-chain", rule] if chained else [rule])


def altered(book: Path, folder: Path, statement: str) -> Path:
    path = folder / "planted.db"
    shutil.copyfile(book, path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement).rowcount == 1
        connection.commit()
    return path


def test_a_balance_that_nothing_explains_names_its_event_and_agent(book, tmp_path):
    path = altered(book, tmp_path, patched("DECAY_APPLIED", "amount", "12345"))
    found = {v.rule.name: v for v in audited(path).verdicts if v.faults}
    assert set(found) == {"hash-chain", "balance-steps"}
    fault = found["balance-steps"].first[0]
    assert "by -12345" in fault.sentence
    assert fault.table == "events"
    assert len(fault.agents) == 1


def test_a_trade_that_pays_too_much_is_found_at_the_trade(book, tmp_path):
    path = altered(book, tmp_path, patched("TRADE_EXECUTED", "fee", "50"))
    assert "trade-conserves" in broken(audited(path))


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ring") / "ring"
    dealer_ring.simulate(RINGS[4], BilancioRecorder(folder), "active", run_id="active_1")
    return folder


def change(path: Path, column: str, value: Callable[[str], str], line: int = 0) -> None:
    """Put another value into one cell of a CSV file."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[line][column] = value(rows[line][column])
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


RING = {
    "trade-cash": ("trades.csv", "trader_cash_after"),
    "trade-price": ("trades.csv", "unit_price"),
    "dealer-trades": ("trades.csv", "dealer_inventory_before"),
    "inventory-shares": ("inventory_timeseries.csv", "capacity_pct"),
    "face-adds-up": ("system_state_timeseries.csv", "face_bucket_short"),
    "debt-to-money": ("system_state_timeseries.csv", "debt_to_money"),
    "day-rates": ("metrics.csv", "delta_t"),
}


def out(folder: Path) -> Path:
    return next(folder.rglob("trades.csv")).parent


def test_an_honest_ring_breaks_no_rule(ring):
    found = audited(ring)
    assert broken(found) == []
    assert {v.rule.name for v in found.verdicts if v.state == "sound"} >= set(RING)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("rule", RING)
def test_a_fault_planted_in_a_ring_is_found_by_its_rule_alone(ring, tmp_path, rule):
    name, column = RING[rule]
    shutil.copytree(ring, tmp_path / "ring")
    change(out(tmp_path / "ring") / name, column, lambda text: f"{float(text or 0) + 1}")
    assert broken(audited(tmp_path / "ring")) == [rule]


def test_a_debt_settled_twice_is_found(ring, tmp_path):
    shutil.copytree(ring, tmp_path / "ring")
    path = out(tmp_path / "ring") / "events.jsonl"
    lines = path.read_text("utf-8").splitlines()
    settled = next(line for line in lines if json.loads(line)["kind"] == "PayableSettled")
    path.write_text("\n".join([*lines, settled]) + "\n", "utf-8")
    found = audited(tmp_path / "ring")
    assert broken(found) == ["payables-settled"]
    assert "settled twice" in found.verdicts[9].first[0].sentence


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A ring as its producer writes it, in which nobody trades and all cash is owed."""
    folder = builder.write_run(tmp_path / "quiet_1")
    (folder / "out" / "trades.csv").unlink()
    builder.put_csv(folder / "out" / "balances.csv", builder.BALANCES, (
        {"agent_id": "H1", "assets_cash": "40.0", "net_financial": "40.0",
         "total_financial_assets": "40.0", "total_financial_liabilities": 0},
        {"agent_id": "H2", "assets_cash": "80.0", "net_financial": "-10.0",
         "total_financial_assets": "80.0", "total_financial_liabilities": "90.0"},
        {"agent_id": "CB", "liabilities_cash": "120.0", "net_financial": "-120.0",
         "total_financial_assets": 0, "total_financial_liabilities": "120.0"},
    ))  # fmt: skip
    return folder


QUIET: dict[str, tuple[tuple[str, str, int, str], ...]] = {
    "cash-constant": (
        ("system_state_timeseries.csv", "total_cash", 1, "100"),
        ("system_state_timeseries.csv", "debt_to_money", 1, "0.9"),
    ),
    "cash-owed": (("balances.csv", "assets_cash", 0, "41.0"),),
    "net-worth": (("balances.csv", "net_financial", 1, "80.0"),),
}


def test_a_fault_planted_in_a_ring_without_trades_is_found_by_its_rule_alone(quiet):
    sound = {v.rule.name for v in audited(quiet).verdicts if v.state == "sound"}
    assert sound >= set(QUIET)
    for rule, cells in QUIET.items():
        kept = {name: (quiet / "out" / name).read_bytes() for name, *_ in cells}
        for name, column, line, value in cells:
            change(quiet / "out" / name, column, lambda _, value=value: value, line)
        assert broken(audited(quiet)) == [rule]
        for name, content in kept.items():
            (quiet / "out" / name).write_bytes(content)
