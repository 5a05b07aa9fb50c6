"""Why an order was rejected: the rate limit, the order that it names, and the balance behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Case, Gate, GateState, Why
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.asker import Asker
from telemetry.families.moltmarket.order_book import Market, value_of
from telemetry.families.moltmarket.words import decode
from telemetry.queries import WhyQuery
from telemetry.text import exact_text

_ACTIONS = ("ORDER_PLACED", "ORDER_CANCELLED", "ORDER_REJECTED")
_REJECTED = ("ORDER_REJECTED", "RATE_LIMIT_HIT")
_FUNDS = ("BALANCE", "FUNDS", "CASH", "ASSET", "INSUFFICIENT")


def why(asker: Asker, query: WhyQuery) -> Why:
    """The gates of the rejection whose event id is `key`, and the market as it stood then."""
    if query.key is None:
        raise RequestError("Why an order was rejected needs its event: the key of its row.")
    tick, seq, kind, agent, told = _event(asker, query)
    market, used = Market(), 0
    for at, before, who, payload in _before(asker, query, seq):
        market.apply(before, who, payload)
        used += at == tick and who == agent and before in _ACTIONS
    reason = str(value_of(told, "reasonCode") or kind)
    details = value_of(told, "details")
    said = f"{reason}: {exact_text(details)}" if isinstance(details, str) else reason
    gates = (
        _rate(asker, query, kind, told, used),
        _names(reason, said),
        _funds(market, agent, reason, said),
        _other(kind, reason, said),
    )
    name = market.accounts[agent].name if agent in market.accounts else agent
    return Why(
        query.run_id, f"Event {seq}", False, (Case(f"{name}: {reason}", gates, None, query.key),),
        "the event log up to it", tick, () if agent is None else (agent,),
    )  # fmt: skip


def _event(asker: Asker, query: WhyQuery) -> tuple[int, int, str, str | None, Mapping[str, Any]]:
    names = ("tick_id", "event_seq", "event_type", "agent_id", "payload")
    own = (
        asker.column("events", "run_id") == query.run_id,
        asker.column("events", "id") == query.key,
        asker.column("events", "event_type").in_(_REJECTED),
    )
    statement = sa.select(*(asker.column("events", n) for n in names)).where(*own)
    rows = asker.rows(statement) if isinstance(query.key, int) else []
    if not rows:
        raise NothingFoundError(f"Event {query.key!r} of run {query.run_id} is no rejection.")
    tick, seq, kind, agent, payload = rows[0]
    return tick, seq, kind, agent, _told(payload)


def _before(
    asker: Asker, query: WhyQuery, seq: int
) -> Iterator[tuple[int, str, str | None, Mapping[str, Any]]]:
    """Tick, kind, agent and payload of each event before that one, in their order."""
    names = ("tick_id", "event_type", "agent_id", "payload")
    number = asker.column("events", "event_seq")
    own = (asker.column("events", "run_id") == query.run_id, number < seq)
    statement = sa.select(*(asker.column("events", n) for n in names)).where(*own)
    for chunk in asker.chunks(statement.order_by(number)):
        for tick, kind, agent, payload in chunk:
            yield tick, kind, agent, _told(payload)


def _told(payload: object) -> Mapping[str, Any]:
    """What the payload says; nothing, where it is nested deeper than Python follows."""
    try:
        return decode(payload)
    except RecursionError:
        return {}


def _rate(asker: Asker, query: WhyQuery, kind: str, told: Mapping[str, Any], used: int) -> Gate:
    """Actions of the agent in the tick against the limit, both as the event tells them."""
    name, label = "rate", "Within the rate limit"
    hit = kind == "RATE_LIMIT_HIT"
    limit, tried = value_of(told, "limit"), value_of(told, "actionsAttempted")
    if hit and isinstance(limit, int) and isinstance(tried, int):
        said = f"{tried} actions were tried in the tick, {limit} are allowed."
        return Gate(name, label, "failed", said, float(limit - tried), "actions")
    if hit:
        return Gate(name, label, "failed", "The limit was hit; by how much is not recorded.")
    most = _limit(asker, query)
    if most is None:
        return Gate(name, label, "not judged", "Not recorded: maxActionsPerTick.")
    said = f"Action {used + 1} of the tick in the log; {most} are allowed."
    return Gate(name, label, "passed", said, float(most - used - 1), "actions")


def _limit(asker: Asker, query: WhyQuery) -> int | None:
    own = asker.column("runs", "id") == query.run_id
    rows = asker.rows(sa.select(asker.column("runs", "config")).where(own))
    config = decode(rows[0][0]) if rows and rows[0][0] is not None else {}
    found = config.get("maxActionsPerTick") if isinstance(config, dict) else None
    return found if isinstance(found, int) else None


def _names(reason: str, said: str) -> Gate:
    name, label = "order", "Names an order that is open"
    if "NOT_FOUND" in reason or "NOT_OPEN" in reason:
        return Gate(name, label, "failed", f"{said}.")
    return Gate(name, label, "passed", "It was not rejected for that.")


def _funds(market: Market, agent: str | None, reason: str, said: str) -> Gate:
    """What the agent held when it was rejected, less what its open orders already bind."""
    name, label = "balance", "Covered by the agent's balance"
    account = None if agent is None else market.accounts.get(agent)
    failed = any(word in reason for word in _FUNDS)
    if account is None:
        state: GateState = "failed" if failed else "not judged"
        return Gate(name, label, state, f"{said}. Not recorded: the agent's balance.")
    own = [order for order in market.orders.values() if order.agent_id == agent]
    bids = sum((o.price * o.left for o in own if o.side == "bid"), Decimal(0))
    asks = sum((o.left for o in own if o.side == "ask"), Decimal(0))
    held = (
        f"It held {_short(account.cash)} of cash ({_short(bids)} in bids) and "
        f"{_short(account.asset)} of the asset ({_short(asks)} in asks)."
    )
    if not failed:
        return Gate(name, label, "passed", f"It was not rejected for that. {held}")
    good = "ASSET" in reason
    margin = float(account.asset - asks if good else account.cash - bids)
    return Gate(name, label, "failed", f"{said}. {held}", margin, "ASSET" if good else "CASH")


def _short(amount: Decimal | int) -> str:
    """The same number without the zeros at its end."""
    text = format(Decimal(amount), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _other(kind: str, reason: str, said: str) -> Gate:
    name, label = "other", "Valid otherwise"
    known = kind == "RATE_LIMIT_HIT" or "NOT_FOUND" in reason or "NOT_OPEN" in reason
    if known or any(word in reason for word in _FUNDS):
        return Gate(name, label, "not judged", "It was rejected before.")
    return Gate(name, label, "failed", f"{said}.")
