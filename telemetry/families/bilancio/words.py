"""Events, trades and obligations as lines of words, for replays and lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from telemetry.concepts import Cell
from telemetry.text import exact_text

_LINES = {
    "CashMinted": "{to} receives {amount} of new cash",
    "CashRetired": "{frm} gives up {amount} of cash",
    "CashTransferred": "{frm} pays {to} {amount} in cash",
    "CashDeposited": "{customer} deposits {amount} at {bank}",
    "CashWithdrawn": "{customer} withdraws {amount} from {bank}",
    "PayableCreated": "{debtor} owes {creditor} {amount}, due on day {due_day}",
    "PayableSettled": "{debtor} repays {creditor} {amount}",
    "PayableRolledOver": "{debtor} rolls over {amount} owed to {creditor}, due on day {due_day}",
    "PartialSettlement": "{debtor} pays {creditor} {amount_paid} of {original_amount}",
    "ObligationSettled": "obligation {contract_id} is settled",
    "ObligationDefaulted": "{debtor} defaults on {contract_id} to {creditor}, short of {shortfall}",
    "ObligationWrittenOff": "{creditor} writes off {amount} owed by {debtor}",
    "AgentDefaulted": "{agent} defaults, short of {shortfall} for {trigger_contract}",
    "ScheduledActionCancelled": "a scheduled action of {agent} is cancelled",
    "RingReconnected": "the ring closes around a defaulted agent",
    "RingCollapsed": "the ring collapses",
    "ClaimTransferredDealer": "claim {payable_id} of {amount}, due on day {due_day}, passes from "
    "{from_holder} to {to_holder}",
    "InstrumentMerged": "instrument {removed} is merged into {keep}",
    "PhaseA": "phase A: the day begins",
    "PhaseB": "phase B: trade and settlement",
    "PhaseC": "phase C: the day is cleared",
    "SubphaseB1": "phase B1: scheduled actions",
    "SubphaseB_Dealer": "dealer trading",
    "SubphaseB2": "phase B2: settlement of what is due",
}
_SETTING = ("kind", "day", "phase")


def describe_event(row: Mapping[str, Cell]) -> str:
    """A row of `events` in words; what its payload lacks reads "not recorded"."""
    payload = decode(row.get("payload"))
    if payload is None:
        return str(row.get("unreadable") or "this line is no whole JSON object")
    kind = str(payload.get("kind", "an event without a kind"))
    if kind == "dealer_trade":
        return _dealer_trade(_Payload(payload))
    line = _LINES.get(kind)
    if line is not None:
        return line.format_map(_Payload(payload))
    told = ", ".join(f"{k} {_written(v)}" for k, v in payload.items() if k not in _SETTING)
    return f"{kind}: {told}" if told else kind


def describe_trade(row: Mapping[str, Cell]) -> str:
    """A row of `trades`: who traded what at which price, and with whom."""
    side = str(row.get("side") or "").upper()
    verb = {"SELL": "sells", "BUY": "buys"}.get(side, "trades")
    parts = [
        f"{_said(row, 'trader_id')} {verb} a claim on {_said(row, 'issuer_id')} "
        f"(face {_said(row, 'face_value')}, due on day {_said(row, 'maturity_day')}) "
        f"for {_said(row, 'price')}, {_said(row, 'unit_price')} per unit of face",
        "passed through to the outside dealer" if row.get("is_passthrough") else "",
        "because the dealer was at its limit" if row.get("hit_inventory_limit") else "",
        "driven by a lack of liquidity" if row.get("is_liquidity_driven") else "",
        "which takes its safety margin below zero" if row.get("reduces_margin_below_zero") else "",
    ]
    return ", ".join(part for part in parts if part)


def describe_obligation(row: Mapping[str, Cell]) -> str:
    """A row of `obligations` or `defaults`: what was owed, what came of it, and any trades."""
    owed = (
        f"{_said(row, 'debtor')} owed {_said(row, 'creditor')} {_said(row, 'amount')} "
        f"on day {_said(row, 'due_day')}"
    )
    outcome = row.get("outcome")
    came = {
        "repaid": "and repaid it",
        "defaulted": "and did not pay",
        "not reached": "and the run ended before",
    }.get(exact_text(outcome), f"({exact_text(outcome)})" if outcome is not None else "")
    buys, sells = row.get("buy_count"), row.get("sell_count")
    why = _circumstances(row) if outcome == "defaulted" else ""
    if buys is None and sells is None:
        return f"{owed} {came}".strip() + why
    if not buys and not sells:
        return f"{owed} {came}; it had never traded with the dealer{why}"
    counted = " and ".join(
        f"{what} {exact_text(n)} time{'' if n == 1 else 's'}"
        for what, n in (("bought", buys), ("sold", sells))
        if n
    )
    return f"{owed} {came}; before, it had {counted}{why}"


def _circumstances(row: Mapping[str, Cell]) -> str:
    """What the debtor had begun with, and what the dealer could have done."""
    parts = []
    if row.get("cash_at_start") is not None and row.get("owed_in_all") is not None:
        parts.append(
            f"it began with {_said(row, 'cash_at_start')} cash "
            f"and owed {_said(row, 'owed_in_all')} in all"
        )
    if row.get("dealer_inventory") is not None:
        debt = row.get("debt_then")
        beside = "" if debt is None else f" beside {_said(row, 'debt_then')} of debt outstanding"
        parts.append(f"the dealer then held {_said(row, 'dealer_inventory')} tickets{beside}")
    return "".join(f"; {part}" for part in parts)


def decode(payload: Any) -> dict[str, Any] | None:
    """A line's object with its numbers exact, or None where it is none."""
    try:
        found = json.loads(payload, parse_float=Decimal)
    except (TypeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _dealer_trade(payload: _Payload) -> str:
    verb = {"sell": "sells", "buy": "buys"}.get(str(payload.get("side", "")).lower(), "trades")
    where = ", passed through to the outside dealer" if payload.get("is_passthrough") else ""
    return (
        "{trader} " + verb + " {ticket_id} (face {face}) for {price} in bucket {bucket}"
    ).format_map(payload) + where


def _said(row: Mapping[str, Cell], name: str) -> str:
    cell = row.get(name)
    return "?" if cell is None else exact_text(cell)


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool | dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


class _Payload(dict[str, Any]):
    """A payload that answers for every key, and never with a KeyError."""

    def __missing__(self, key: str) -> Any:
        return "not recorded"
