"""Payment audit rules about transactions, their settlements and the run row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Fault, TickRange
from telemetry.families.auditing import Auditing, Judged, fault_where
from telemetry.families.simcash.audit_words import (
    DAYS,
    EVENTS,
    SETTLEMENTS,
    TRANSACTIONS,
    kind,
    money,
    of_run,
    text_of,
    whole_of,
)


def sender_pays(audit: Auditing) -> Judged:
    """The sender's balance before and after each immediate settlement."""
    lacks = audit.lacking(EVENTS, "event_type", "details")
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker

    def build(window: TickRange | None) -> sa.Select[Any]:
        before, after = (whole_of(audit, f"$.sender_balance_{n}") for n in ("before", "after"))
        amount = whole_of(audit, "$.amount")
        return sa.select(
            ask.column(EVENTS, "event_id").label("key"),
            ask.column(EVENTS, "tick").label("tick"),
            text_of(audit, "$.sender").label("agent"),
            text_of(audit, "$.receiver").label("other"),
            before.label("before"),
            amount.label("amount"),
            after.label("after"),
            fault_where(before - amount != after).label("fault"),
        ).where(of_run(audit, EVENTS, window), kind(audit, SETTLEMENTS[0]))

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"{row['agent']} paid {money(row['amount'])} to {row['other']} at tick {row['tick']} "
            f"from {money(row['before'])}, which left {money(row['after'])}."
        )

    return audit.rows(EVENTS, build, tell)


def settled_whole(audit: Auditing) -> Judged:
    """Amounts and ticks of each transaction against its status."""
    names = ("status", "amount", "amount_settled", "arrival_tick", "settlement_tick")
    lacks = audit.lacking(TRANSACTIONS, *names)
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker

    def build(window: TickRange | None) -> sa.Select[Any]:
        status, amount, settled, arrived, done = (ask.column(TRANSACTIONS, n) for n in names)
        whole = sa.and_(
            sa.func.coalesce(settled == amount, sa.false()),
            sa.func.coalesce(done >= arrived, sa.false()),
        )
        open_ = sa.and_(sa.func.coalesce(settled, 0) < amount, done.is_(None))
        broken = sa.case((status == "settled", sa.not_(whole)), else_=sa.not_(open_))
        return sa.select(
            ask.column(TRANSACTIONS, "tx_id").label("key"),
            sa.func.coalesce(done, arrived).label("tick"),
            ask.column(TRANSACTIONS, "sender_id").label("agent"),
            ask.column(TRANSACTIONS, "receiver_id").label("other"),
            status.label("status"), amount.label("amount"), settled.label("settled"),
            arrived.label("arrived"), done.label("done"), fault_where(broken).label("fault"),
        ).where(ask.column(TRANSACTIONS, "simulation_id") == audit.run_id)  # fmt: skip

    def tell(row: Mapping[str, Any]) -> str:
        when = "no settlement tick" if row["done"] is None else f"settlement tick {row['done']}"
        return (
            f"{row['key']} of {money(row['amount'])} is {row['status']} with "
            f"{money(row['settled'])} settled, arrival tick {row['arrived']} and {when}."
        )

    return audit.rows(TRANSACTIONS, build, tell)


def events_agree(audit: Auditing) -> Judged:
    """Each settlement event against the transaction that it names."""
    lacks = audit.lacking(TRANSACTIONS, "amount", "settlement_tick") or audit.lacking(
        EVENTS, "tx_id", "details"
    )
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker

    def build(window: TickRange | None) -> sa.Select[Any]:
        owed, done = (ask.column(TRANSACTIONS, n) for n in ("amount", "settlement_tick"))
        amount, tick = whole_of(audit, "$.amount"), ask.column(EVENTS, "tick")
        same = sa.and_(
            ask.column(TRANSACTIONS, "simulation_id") == ask.column(EVENTS, "simulation_id"),
            ask.column(TRANSACTIONS, "tx_id") == ask.column(EVENTS, "tx_id"),
        )
        broken = sa.or_(amount != owed, sa.func.coalesce(done != tick, sa.true()))
        return (
            sa.select(
                ask.column(EVENTS, "event_id").label("key"),
                tick.label("tick"),
                text_of(audit, "$.sender").label("agent"),
                text_of(audit, "$.receiver").label("other"),
                ask.column(EVENTS, "tx_id").label("tx"),
                amount.label("amount"), owed.label("owed"), done.label("done"),
                fault_where(broken).label("fault"),
            )
            .select_from(tick.table.join(owed.table, same))
            .where(of_run(audit, EVENTS, window), kind(audit, *SETTLEMENTS))
        )  # fmt: skip

    def tell(row: Mapping[str, Any]) -> str:
        when = "never" if row["done"] is None else f"at tick {row['done']}"
        return (
            f"{row['tx']} was settled with {money(row['amount'])} at tick {row['tick']}; its row "
            f"says {money(row['owed'])}, settled {when}."
        )

    return audit.rows(EVENTS, build, tell)


def run_row_agrees(audit: Auditing) -> Judged:
    """Totals of the run row against transactions and days."""
    told = [*_counts(audit), _cost(audit)]
    compared = [t for t in told if t is not None]
    if not compared:
        return Judged(unjudged="not recorded: transactions and days to compare with")
    faults = tuple(Fault(sentence) for sentence in compared if sentence)
    return Judged(len(compared), len(faults), faults[: audit.first])


def _counts(audit: Auditing) -> list[str | None]:
    """None: not comparable; "": agrees."""
    if audit.lacking(TRANSACTIONS, "status"):
        return []
    ask = audit.asker
    settled = sa.func.sum(sa.case((ask.column(TRANSACTIONS, "status") == "settled", 1), else_=0))
    own = ask.column(TRANSACTIONS, "simulation_id") == audit.run_id
    columns: list[Any] = [sa.func.count(), settled]
    ((rows, done),) = ask.rows(sa.select(*columns).where(own))
    found = {"total_transactions": rows, "total_settlements": done}
    return [_differs(audit, name, int(value or 0)) for name, value in found.items()]


def _differs(audit: Auditing, name: str, seen: int) -> str | None:
    said = audit.fields.get(name)
    if not isinstance(said, int):
        return None
    return "" if said == seen else f"The run row says {name} {said}, its rows come to {seen}."


def _cost(audit: Auditing) -> str | None:
    said = audit.fields.get("total_cost")
    if not isinstance(said, int) or audit.lacking(DAYS, "total_cost"):
        return None
    cost = audit.asker.column(DAYS, "total_cost")
    own = audit.asker.column(DAYS, "simulation_id") == audit.run_id
    ((total,),) = audit.asker.rows(sa.select(sa.func.sum(cost)).where(own))
    if total is None or int(total) == said:
        return None if total is None else ""
    return f"The run row says a total cost of {money(said)}, its days come to {money(total)}."
