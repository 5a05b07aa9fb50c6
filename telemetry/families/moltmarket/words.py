"""An event of the market as a line of words, for replays and event lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from telemetry.concepts import Cell

_LINES = {
    "RUN_CREATED": "run created with seed {seed}",
    "RUN_STARTED": "run started",
    "RUN_STOPPED": "run stopped: {reason}",
    "TICK_START": "tick {tickId} starts",
    "TICK_END": "tick {tickId} ends: {ordersProcessed} orders, {tradesExecuted} trades",
    "AGENT_CREATED": "{name} enters with {initialCash} cash and {initialAsset} asset",
    "AGENT_BANKRUPT": "bankrupt with {finalCash} cash and {finalAsset} asset; "
    "its orders are cancelled",
    "ORDER_PLACED": "{side} {quantity} at {price}",
    "ORDER_CANCELLED": "order {orderId} cancelled: {reason}",
    "ORDER_REJECTED": "order rejected, {reasonCode}: {details}",
    "TRADE_EXECUTED": "{bidAgentId} buys {quantity} from {askAgentId} at {price}",
    "BALANCE_UPDATED": "balance: {newCash} cash, {newAsset} asset ({reason})",
    "DECAY_APPLIED": "decay of {amount}: {newCash} cash left",
    "RATE_LIMIT_HIT": "rate limit: {actionsAttempted} actions, {limit} allowed",
}


def describe_event(row: Mapping[str, Cell]) -> str:
    """A row of `events` in words; what its payload lacks reads "not recorded"."""
    kind = str(row.get("event_type") or "")
    try:
        payload = _Payload(decode(row.get("payload")))
    except RecursionError:  # nested deeper than Python follows
        payload = _Payload()
    line = _LINES.get(kind)
    text = kind if line is None else line.format_map(payload)
    agent = row.get("agent_id")
    return text if agent is None else f"{agent!s}: {text}"


def decode(payload: Any) -> dict[str, Any]:
    """The payload as a mapping, whatever the driver gave; {} where it is none. RecursionError
    where it is nested too deeply."""
    if isinstance(payload, str | bytes):
        try:
            payload = json.loads(payload)
        except ValueError:
            return {}
    return payload if isinstance(payload, dict) else {}


class _Payload(dict[str, Any]):
    """A payload that answers under camelCase and snake_case keys, and never with a KeyError."""

    def __missing__(self, key: str) -> Any:
        snake = "".join("_" + c.lower() if c.isupper() else c for c in key)
        return self[snake] if snake != key and snake in self else "not recorded"
