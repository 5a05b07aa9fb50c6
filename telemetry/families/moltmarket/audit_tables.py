"""Order-book audit rules that hold tables and run row against the event log."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Fault
from telemetry.families.auditing import Auditing, Judged
from telemetry.families.moltmarket.audit_events import walked
from telemetry.families.moltmarket.proofs import verify_run
from telemetry.queries import VerifyQuery
from telemetry.text import exact_text

_DIGIT = Decimal("5e-9")


def chain(audit: Auditing) -> Judged:
    """The family's own proof as a rule."""
    lacks = audit.lacking("events", "prev_hash", "event_hash")
    if lacks:
        return Judged(unjudged=lacks)
    verdict = verify_run(audit.asker, VerifyQuery(str(audit.run_id)))
    if verdict.sound:
        return Judged(verdict.checked)
    tick = key = None
    if verdict.broken_at is not None:
        names = ("tick_id", "id", "run_id", "event_seq")
        at, own, run, seq = (audit.asker.column("events", n) for n in names)
        where = (run == audit.run_id, seq == verdict.broken_at)
        found = audit.asker.rows(sa.select(at, own).where(*where).limit(1))
        tick, key = found[0] if found else (None, None)
    where_at = "" if verdict.broken_at is None else f"Event {verdict.broken_at}: "
    table = "events" if key is not None else None
    fault = Fault(f"{where_at}{verdict.problem}", tick, (), table, key)
    return Judged(verdict.checked, 1, (fault,))


def agents_agree(audit: Auditing) -> Judged:
    """Each agent's row against its last balances."""
    names = ("id", "cash_balance", "asset_balance")
    lacks = audit.lacking("agents", *names) or audit.lacking("events", "payload")
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker
    own = ask.column("agents", "run_id") == audit.run_id
    rows = ask.rows(sa.select(*(ask.column("agents", n) for n in names)).where(own))
    accounts = walked(audit).market.accounts
    faults = []
    for agent, cash, asset in rows:
        account = accounts.get(str(agent))
        if account is None:
            faults.append(Fault(f"{agent} has a row, but no event lets it enter.", None, (agent,)))
            continue
        for name, row, told in (("cash", cash, account.cash), ("asset", asset, account.asset)):
            if row is not None and abs(_exact(row) - told) > _DIGIT:
                held = f"holds {exact_text(_exact(row))} {name} in its row"
                said = f"{exact_text(told)} after its last event"
                faults.append(Fault(f"{account.name} {held}, {said}.", None, (agent,)))
    return Judged(len(rows), len(faults), tuple(faults[: audit.first]))


def trades_agree(audit: Auditing) -> Judged:
    """The sums of the table of trades against those of the events."""
    names = ("quantity", "fee_total")
    lacks = audit.lacking("events", "payload")
    walk = None if lacks else walked(audit)
    if walk is not None and walk.market.trades:
        lacks = audit.lacking("trades", *names)
    if lacks or walk is None:
        return Judged(unjudged=lacks)
    if not audit.asker.has("trades", *names):
        return Judged(unjudged="not recorded: trades")
    own = audit.asker.column("trades", "run_id") == audit.run_id
    columns: list[Any] = [sa.func.count()]
    columns += [sa.func.sum(audit.asker.column("trades", n)) for n in names]
    ((rows, quantity, fees),) = audit.asker.rows(sa.select(*columns).where(own))
    slack = _DIGIT * max(int(rows), 1)
    faults = []
    if rows != walk.market.trades:
        faults.append(f"The table has {rows} trades, the events tell of {walk.market.trades}.")
    for name, total, told in (("quantity", quantity, walk.quantity), ("fee", fees, walk.fees)):
        if abs(_exact(total or 0) - told) > slack:
            sums = f"{exact_text(_exact(total or 0))}, the events' to {exact_text(told)}"
            faults.append(f"The table's {name} comes to {sums}.")
    first = tuple(Fault(sentence) for sentence in faults[: audit.first])
    return Judged(max(int(rows), walk.market.trades, 1), len(faults), first)


def _exact(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
