"""Why a debt defaulted although a dealer was there: never traded, too late, or a full dealer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Case, Gate, GateState, Why
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.asker import Asker
from telemetry.families.bilancio.audit_words import number, text
from telemetry.queries import WhyQuery

_DEBT = ("due_day", "debtor", "creditor", "amount", "outcome", "liability_id")
_TRADE = ("day", "side", "price", "is_passthrough")


def why(asker: Asker, query: WhyQuery) -> Why:
    """The gates of the obligation whose row is `key`."""
    if query.key is None:
        raise RequestError("Why a debt defaulted needs the obligation: the key of its row.")
    debt = _debt(asker, query)
    every = _trades(asker, query, debt)
    trades = [t for t in every if t["day"] <= debt["due_day"]]
    sales = [t for t in every if str(t["side"]).upper() == "SELL"]
    sold = [t for t in trades if t in sales]
    gates = (
        _dealer(asker, query, trades),
        _traded(asker, trades),
        _in_time(debt, sold, sales),
        _room(asker, query, debt, sold),
        _enough(asker, query, debt, trades),
    )
    label = f"{debt['debtor']} owes {debt['creditor']} {text(number(debt['amount']))}"
    return Why(
        query.run_id,
        f"Debt {debt['liability_id'] or query.key}, due on day {debt['due_day']}",
        debt["outcome"] == "repaid",
        (Case(label, gates, None, query.key),),
        "obligations, trades and the dealer's inventory",
        debt["due_day"],
        (debt["debtor"], debt["creditor"]),
    )


def _debt(asker: Asker, query: WhyQuery) -> Mapping[str, Any]:
    own = (
        asker.column("obligations", "run_id") == query.run_id,
        asker.column("obligations", "line") == query.key,
    )
    columns = [asker.column("obligations", n) for n in _DEBT]
    known = asker.has("obligations", "line") and isinstance(query.key, int)
    rows = asker.rows(sa.select(*columns).where(*own)) if known else []
    if not rows:
        raise NothingFoundError(f"There is no obligation {query.key!r} in run {query.run_id}.")
    return dict(zip(_DEBT, rows[0], strict=True))


def _trades(asker: Asker, query: WhyQuery, debt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the debtor traded in the run, in order."""
    if not asker.has("trades", "trader_id", *_TRADE):
        return []
    own = (
        asker.column("trades", "run_id") == query.run_id,
        asker.column("trades", "trader_id") == debt["debtor"],
    )
    columns = [asker.column("trades", n) for n in _TRADE]
    order = (asker.column("trades", "day"), asker.column("trades", "line"))
    rows = asker.rows(sa.select(*columns).where(*own).order_by(*order))
    return [dict(zip(_TRADE, row, strict=True)) for row in rows]


def _dealer(asker: Asker, query: WhyQuery, trades: list[Mapping[str, Any]]) -> Gate:
    name, label = "dealer", "A dealer was there"
    own = asker.column("runs", "run_id") == query.run_id
    rows = asker.rows(sa.select(asker.column("runs", "regime")).where(own))
    regime = rows[0][0] if rows else None
    if trades or regime in ("active", "treatment"):
        return Gate(name, label, "passed", f"The run is {regime or 'one with trades'}.")
    if regime is None:
        return Gate(name, label, "not judged", "Not recorded: the regime of the run.")
    return Gate(name, label, "failed", f"The run is {regime}: nobody could trade.")


def _traded(asker: Asker, trades: list[Mapping[str, Any]]) -> Gate:
    name, label = "traded", "The debtor traded"
    if not asker.has("trades", "trader_id"):
        return Gate(name, label, "not judged", "Not recorded: trades.")
    if not trades:
        return Gate(name, label, "failed", "It never traded before the debt was due.")
    said = f"It traded {len(trades)} times before."
    return Gate(name, label, "passed", said, float(len(trades)), "trades")


def _in_time(
    debt: Mapping[str, Any], sold: list[Mapping[str, Any]], sales: list[Mapping[str, Any]]
) -> Gate:
    """It sold something on the day or before."""
    name, label = "in time", "It sold in time"
    due = debt["due_day"]
    if not sales:
        return Gate(name, label, "failed", "It never sold anything.")
    first = sales[0]["day"]
    if not sold:
        said = f"Its first sale was on day {first}, after the debt was due on {due}."
        return Gate(name, label, "failed", said, float(due - first), "days")
    spare = due - sold[-1]["day"]
    said = f"Its last sale before was on day {sold[-1]['day']}, the debt was due on {due}."
    return Gate(name, label, "passed", said, float(spare), "days")


def _room(
    asker: Asker, query: WhyQuery, debt: Mapping[str, Any], sold: list[Mapping[str, Any]]
) -> Gate:
    """The dealer had room for what was offered, as its inventory of the day says."""
    name, label = "room", "The dealer had room"
    if not asker.has("inventory_timeseries", "day", "dealer_inventory", "max_capacity"):
        return Gate(name, label, "not judged", "Not recorded: the dealer's inventory.")
    passed_on = sum(t["is_passthrough"] in (True, "True") for t in sold)
    at = {n: asker.column("inventory_timeseries", n) for n in _INVENTORY}
    own = (at["run_id"] == query.run_id, at["day"] == debt["due_day"])
    rows = asker.rows(sa.select(at["dealer_inventory"], at["max_capacity"]).where(*own))
    room = [(number(m) or Decimal(0)) - (number(i) or Decimal(0)) for i, m in rows]
    if not rows:
        return Gate(name, label, "not judged", "Not recorded: the inventory of the day.")
    most = max(room)
    said = f"Its roomiest bucket had room for {text(most)}; {passed_on} sales were passed on."
    state: GateState = "passed" if most > 0 and not passed_on else "failed"
    return Gate(name, label, state, said, float(most), "tickets")


_INVENTORY = ("run_id", "day", "dealer_inventory", "max_capacity")


def _enough(
    asker: Asker, query: WhyQuery, debt: Mapping[str, Any], trades: list[Mapping[str, Any]]
) -> Gate:
    """Cash at the start and from trading against the debt; other payments are not counted."""
    name, label = "cash", "Cash at the start and from trades covers the debt"
    own = (
        asker.column("agents", "run_id") == query.run_id,
        asker.column("agents", "agent") == debt["debtor"],
    )
    if not asker.has("agents", "agent", "cash_at_start"):
        return Gate(name, label, "not judged", "Not recorded: cash at the start.")
    rows = asker.rows(sa.select(asker.column("agents", "cash_at_start")).where(*own))
    start, owed = number(rows[0][0]) if rows else None, number(debt["amount"])
    if start is None or owed is None:
        return Gate(name, label, "not judged", "Not recorded: cash at the start.")
    signs = {"SELL": 1, "BUY": -1}
    got = Decimal(0)
    for trade in trades:
        got += signs.get(str(trade["side"]).upper(), 0) * (number(trade["price"]) or Decimal(0))
    margin = start + got - owed
    said = f"{text(start)} at the start and {text(got)} from trades, for {text(owed)} owed."
    state: GateState = "passed" if margin >= 0 else "failed"
    return Gate(name, label, state, said, float(margin), "cash")
