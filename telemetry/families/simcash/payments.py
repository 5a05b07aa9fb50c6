"""Transactions as the trades of payments, and those that failed, queue or went overdue."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from telemetry.concepts import Cell
from telemetry.families.simcash.replay import short
from telemetry.families.simcash.sql import Element
from telemetry.families.simcash.states import cents, run_column
from telemetry.families.simcash.words import money
from telemetry.families.vocabulary import AggregateSpec, Columns, ColumnSpec, SummarySpec

C = ColumnSpec
_T = "transactions"
SETTLED = "settled"


def route(columns: Columns) -> Element:
    """sender → receiver."""
    sender, receiver = columns.column(_T, "sender_id"), columns.column(_T, "receiver_id")
    return sender.concat(" → ").concat(receiver)


def delay(columns: Columns) -> Element:
    """Ticks from arrival to settlement; NULL while unsettled."""
    return columns.column(_T, "settlement_tick") - columns.column(_T, "arrival_tick")


def outstanding(columns: Columns) -> Element:
    """What is still owed."""
    return columns.column(_T, "amount") - columns.column(_T, "amount_settled")


def failed(columns: Columns) -> sa.ColumnElement[bool]:
    """Not settled, or settled only after the deadline had passed."""
    return sa.or_(columns.column(_T, "status") != SETTLED, _late(columns))


def _late(columns: Columns) -> sa.ColumnElement[bool]:
    """The deadline passed before it was settled; the producer forgets since when once it is."""
    settled, due = columns.column(_T, "settlement_tick"), columns.column(_T, "deadline_tick")
    return sa.or_(columns.column(_T, "overdue_since_tick").is_not(None), settled > due)


def reason(columns: Columns) -> Element:
    """Why: the reason given for a drop, else what became of the transaction."""
    status = columns.column(_T, "status")
    overdue = _late(columns)
    submitted = columns.column(_T, "rtgs_submission_tick").is_not(None)
    return sa.case(
        (columns.column(_T, "drop_reason").is_not(None), columns.column(_T, "drop_reason")),
        (sa.and_(status == SETTLED, overdue), "settled after its deadline"),
        (sa.and_(overdue, submitted), "deadline passed in the settlement system's queue"),
        (overdue, "deadline passed while its bank held it"),
        (submitted, "waits in the settlement system's queue"),
        (status == "pending", "waits at its bank"),
        else_=status,
    )


def explain(row: Mapping[str, Cell]) -> str:
    """An unsettled or late transaction in a sentence."""
    said = {name: "not recorded" if cell is None else str(cell) for name, cell in row.items()}
    since = row.get("overdue_since_tick")
    late = "" if since is None else f", overdue since tick {since!s}"
    if row.get("settlement_tick") is not None:
        late = f", paid at tick {row['settlement_tick']!s}"
    owes = "owes" if row.get("settlement_tick") is None else "owed"
    return (
        f"{short(row.get('tx_id'))}: {said.get('sender_id')} {owes} {said.get('receiver_id')} "
        f"{money(row.get('amount'))} by tick {said.get('deadline_tick')}{late}; "
        f"{row.get('reason') or row.get('status')!s}."
    )


_COMMON = (
    run_column(),
    C("arrival_tick", "arrived", "int", role="tick"),
    C("tx_id", "transaction", role="transaction"),
    C("sender_id", "sender", role="buyer", facet=True, help="Who pays."),
    C("receiver_id", "receiver", role="seller", facet=True, help="Who is paid."),
    cents("amount", "amount", role="quantity"),
    C("status", "status", role="result", facet=True),
)
_MORE = (
    C("deadline_tick", "deadline", "int", role="deadline"),
    C("settlement_tick", "settled at", "int", role="settled"),
    C(
        "settlement_delay",
        "delay",
        "int",
        role="delay",
        unit="ticks",
        derive=delay,
        needs=("settlement_tick", "arrival_tick"),
        help="Settlement tick less arrival tick.",
    ),
    C("overdue_since_tick", "overdue since", "int", role="overdue"),
    cents("amount_settled", "settled amount"),
    cents(
        "outstanding",
        "outstanding",
        role="shortage",
        derive=outstanding,
        needs=("amount", "amount_settled"),
        help="Amount less what was settled of it.",
    ),
    cents("delay_cost", "delay cost", role="cost"),
    C("priority", "priority", "int", role="priority", facet=True),
    C("rtgs_priority", "settlement priority", facet=True),
    C("rtgs_submission_tick", "submitted at", "int"),
    C("drop_reason", "drop reason", facet=True, visible=False),
    C("route", "route", role="route", derive=route, needs=("sender_id", "receiver_id"), facet=True),
    C("arrival_day", "arrival day", "int", visible=False, facet=True),
    C("settlement_day", "settlement day", "int", visible=False, facet=True),
    C("is_divisible", "divisible", "flag", visible=False, facet=True),
    C("queue1_ticks", "ticks in queue 1", "int", visible=False),
    C("queue2_ticks", "ticks in queue 2", "int", visible=False),
    C("total_delay_ticks", "delay (as stored)", "int", visible=False),
    C("parent_tx_id", "split from", visible=False),
    C("split_index", "split", "int", visible=False),
    C("declared_rtgs_priority", "declared priority", visible=False, facet=True),
)
TRANSACTIONS = (*_COMMON, *_MORE)
FAILED = (
    *_COMMON,
    C("reason", "reason", role="reason", derive=reason, needs=("status",), facet=True),
    *_MORE,
)
SUMMARY = SummarySpec(
    "status",
    (
        AggregateSpec("trade_count", "transactions", "count"),
        AggregateSpec("settled_count", "settled", "count", "settlement_tick"),
        AggregateSpec("sum_amount", "Σ amount", "sum", "amount"),
        AggregateSpec("sum_settled", "Σ settled", "sum", "amount_settled"),
        AggregateSpec("avg_delay", "mean delay", "avg", "settlement_delay"),
        AggregateSpec("max_delay", "longest delay", "max", "settlement_delay"),
        AggregateSpec("sum_delay_cost", "Σ delay cost", "sum", "delay_cost"),
    ),
)
FAILED_SUMMARY = SummarySpec(
    "reason",
    (
        AggregateSpec("attempt_count", "transactions", "count"),
        AggregateSpec("sum_amount", "Σ amount", "sum", "amount"),
        AggregateSpec("sum_outstanding", "Σ outstanding", "sum", "outstanding"),
        AggregateSpec("avg_delay", "mean delay", "avg", "settlement_delay"),
    ),
)
