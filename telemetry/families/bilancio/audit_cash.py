"""Dealer-ring audit rules over cash, face values, debts and their settlement."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from telemetry.concepts import Fault
from telemetry.families.auditing import Auditing, Judged
from telemetry.families.bilancio.audit_words import Row, each, judge, number, same, text

SYSTEM = "system_state_timeseries"
_BUCKETS = ("face_bucket_short", "face_bucket_mid", "face_bucket_long")


def face(audit: Auditing) -> Judged:
    """The buckets against the total."""

    def problem(row: Row) -> str | None:
        parts, total = [number(row[n]) for n in _BUCKETS], number(row["total_face_value"])
        known = [p for p in parts if p is not None]
        if total is None or len(known) < len(parts):
            return None
        summed = sum(known, Decimal(0))
        if same(summed, total):
            return ""
        return f"the buckets come to {text(summed)}, total_face_value is {text(total)}"

    return judge(audit, SYSTEM, (*_BUCKETS, "total_face_value"), problem)


def debt_to_money(audit: Auditing) -> Judged:
    """The ratio against its parts."""

    def problem(row: Row) -> str | None:
        ratio, cash, debt = (
            number(row[n]) for n in ("debt_to_money", "total_cash", "total_face_value")
        )
        if ratio is None or cash is None or debt is None or cash == 0:
            return None
        if same(ratio * cash, debt):
            return ""
        return f"debt_to_money is {text(ratio)} for {text(debt)} of debt and {text(cash)} of cash"

    return judge(audit, SYSTEM, ("debt_to_money", "total_cash", "total_face_value"), problem)


def constant(audit: Auditing) -> Judged:
    """The cash of all against that of the day before, until somebody trades."""
    traded = audit.lacking("trades", "day") == ""
    days = (row["day"] for row in each(audit, "trades", "day")) if traded else ()
    until = min((day for day in days if isinstance(day, int)), default=None)
    before: list[Decimal] = []

    def problem(row: Row) -> str | None:
        cash = number(row["total_cash"])
        if cash is None:
            return None
        last = before[-1] if before else None
        before.append(cash)
        if last is None or (until is not None and row["day"] >= until):
            return None
        return "" if same(last, cash) else f"total_cash is {text(cash)} after {text(last)}"

    return judge(audit, SYSTEM, ("total_cash",), problem)


def owed(audit: Auditing) -> Judged:
    """Cash held against cash owed by who issued it."""
    lacks = audit.lacking("balances", "assets_cash", "liabilities_cash")
    if lacks:
        return Judged(unjudged=lacks)
    rows = each(audit, "balances", "agent_id", *_CASH, "is_summary")
    own = [r for r in rows if r["agent_id"] is not None and not r["is_summary"]]
    if all(number(r["liabilities_cash"]) is None for r in own):
        return Judged(unjudged="not recorded: what the central bank owes")
    held, due = (_sum(own, name) for name in _CASH)
    if same(held, due):
        return Judged(1)
    sentence = f"Agents hold {text(held)} of cash at the end, the central bank owes {text(due)}."
    return Judged(1, 1, (Fault(sentence),))


def _sum(rows: list[Row], name: str) -> Decimal:
    return sum((number(row[name]) or Decimal(0) for row in rows), Decimal(0))


_CASH = ("assets_cash", "liabilities_cash")


def net_worth(audit: Auditing) -> Judged:
    """Assets less liabilities of each agent."""
    names = ("net_financial", "total_financial_assets", "total_financial_liabilities")

    def problem(row: Row) -> str | None:
        net, assets, debts = (number(row[n]) for n in names)
        if net is None or assets is None or debts is None:
            return None
        if same(assets - debts, net):
            return ""
        return f"net_financial is {text(net)} for {text(assets)} held and {text(debts)} owed"

    return judge(audit, "balances", names, problem, day=None, agent="agent_id")


def settled(audit: Auditing) -> Judged:
    """Each settlement against the debt that it names."""
    lacks = audit.lacking("events", "kind", "reference", "amount")
    if lacks:
        return Judged(unjudged=lacks)
    owed: dict[str, Decimal | None] = {}
    done: set[str] = set()
    checked = faults = 0
    first: list[Fault] = []
    for row in each(audit, "events", "kind", "reference", "amount", "day", "agent"):
        name, amount = row["reference"], number(row["amount"])
        if row["kind"] == "PayableCreated":
            owed[name] = amount
        if row["kind"] != "PayableSettled" or name is None:
            continue
        checked += 1
        said = _wrong(owed, done, name, amount)
        done.add(name)
        if said:
            faults += 1
            if len(first) < audit.first:
                first.append(_fault(row, said))
    if not checked:
        return Judged(unjudged="nothing to judge: no debt was settled")
    return Judged(checked, faults, tuple(first))


def _wrong(
    owed: dict[str, Decimal | None], done: set[str], name: str, amount: Decimal | None
) -> str:
    if name not in owed:
        return "was settled, but never created"
    if name in done:
        return "was settled twice"
    debt = owed[name]
    if debt is not None and amount is not None and not same(debt, amount):
        return f"of {text(debt)} was settled with {text(amount)}"
    return ""


def _fault(row: Row, said: str) -> Fault:
    day: Any = row["day"]
    who = () if row["agent"] is None else (row["agent"],)
    return Fault(f"Debt {row['reference']} {said} on day {day}.", day, who, "events", row["line"])


def rates(audit: Auditing) -> Judged:
    """The shares of a day against each other and the amounts."""

    def problem(row: Row) -> str | None:
        due, paid, phi, delta = (number(row[n]) for n in _RATES)
        if due is None or paid is None or phi is None or delta is None or due == 0:
            return None
        wrong = []
        if not same(phi + delta, Decimal(1)):
            wrong.append(f"phi_t {text(phi)} and delta_t {text(delta)} do not make 1")
        on_time = phi * due
        if on_time > paid and not same(on_time, paid):
            wrong.append(f"phi_t {text(phi)} of {text(due)} is more than the {text(paid)} settled")
        return " and ".join(wrong)

    return judge(audit, "metrics", _RATES, problem)


_RATES = ("S_t", "gross_settled_t", "phi_t", "delta_t")
