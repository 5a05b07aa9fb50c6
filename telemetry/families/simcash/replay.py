"""Replay: each event of a run as a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts import Cell
from telemetry.families.simcash.words import money, payload, unpacked

_ALTERNATIVES = {
    "sender": ("sender", "sender_id", "from_agent", "agent_id"),
    "receiver": ("receiver", "receiver_id", "to_agent", "counterparty_id"),
    "deadline": ("deadline", "deadline_tick"),
    "old": ("old_priority", "original_priority"),
    "new": ("new_priority", "escalated_priority"),
    "splits": ("num_splits",),
    "value": ("amount", "total_value", "settled_value", "offset_amount"),
    "overdue": ("ticks_overdue", "total_ticks_overdue"),
}
_MONEY = frozenset(
    [
        "amount",
        "amount_a",
        "amount_b",
        "value",
        "new_total",
        "balance_after",
        "sender_balance_before",
        "sender_balance_after",
        "deadline_penalty_cost",
        "estimated_delay_cost",
        "remaining_amount",
        "settled_amount",
        "total_penalties",
        "requested_amount",
        "max_value",
        "max_per_counterparty",
        "delta",
        "bilateral_limit",
        "multilateral_limit",
        "current_bilateral_outflow",
        "current_total_outflow",
        "max_net_outflow",
        "settled_value",
        "total_value",
        "offset_amount",
    ]
)
_SENTENCES = {
    "Arrival": "{tx} arrives: {sender} owes {receiver} {amount}, priority {priority}, "
    "deadline tick {deadline}",
    "PolicySubmit": "{agent} submits {tx}",
    "PolicyHold": "{agent} holds {tx} back: {reason}",
    "PolicyDrop": "{agent} drops {tx}: {reason}",
    "PolicySplit": "{agent} splits {tx} into {splits}",
    "TransactionReprioritized": "{agent} moves {tx} from priority {old} to {new}",
    "PriorityEscalated": "{tx} of {sender} escalates from priority {old} to {new}, "
    "{ticks_until_deadline} ticks before its deadline",
    "CollateralPost": "{agent} posts {amount} of collateral, now {new_total}: {reason}",
    "CollateralWithdraw": "{agent} withdraws {amount} of collateral, now {new_total}: {reason}",
    "CollateralTimerWithdrawn": "{amount} of collateral return to {agent} by timer, posted at "
    "tick {posted_at_tick}, now {new_total}",
    "CollateralTimerBlocked": "{agent} may not take back {requested_amount} of collateral: "
    "{reason}",
    "StateRegisterSet": "{agent} sets {register_key} from {old_value} to {new_value}: {reason}",
    "BankBudgetSet": "{agent} may release {max_value} at this tick",
    "RtgsSubmission": "{tx} enters settlement: {sender} to {receiver} {amount}, {rtgs_priority}",
    "RtgsWithdrawal": "{sender} takes {tx} out of queue 2",
    "RtgsResubmission": "{sender} puts {tx} back as {new_rtgs_priority}",
    "RtgsImmediateSettlement": "{tx} settles at once: {sender} pays {receiver} {amount}, "
    "{sender} has {sender_balance_after} left",
    "QueuedRtgs": "{tx} of {sender} waits in queue 2 for liquidity",
    "Queue2LiquidityRelease": "{tx} settles after {queue_wait_ticks} ticks in queue 2: {sender} "
    "pays {receiver} {amount}, {release_reason}",
    "RtgsQueue2Settle": "{tx} settles out of queue 2: {sender} pays {receiver} {amount}",
    "LsmBilateralOffset": "{agent_a} ({amount_a}) and {agent_b} ({amount_b}) settle "
    "{transactions} against each other",
    "LsmCycleSettlement": "{members} settle {transactions} worth {value} in a cycle",
    "EntryDispositionOffset": "{agent_a} and {agent_b} settle {offset_amount} on entry of "
    "{incoming}",
    "BilateralLimitExceeded": "{tx} is blocked: {sender} has reached its limit of "
    "{bilateral_limit} to {receiver}",
    "MultilateralLimitExceeded": "{tx} is blocked: {sender} has reached its limit of "
    "{multilateral_limit}",
    "AlgorithmExecution": "Algorithm {algorithm}: {result}, {settlements} settled",
    "DeferredCreditApplied": "{agent} is credited {amount} for {transactions}",
    "LiquidityReturn": "{agent} returns {amount} of liquidity, {balance_after} left",
    "TransactionWentOverdue": "{tx} is overdue (deadline tick {deadline}): {sender} still owes "
    "{receiver} {remaining_amount}, penalty {deadline_penalty_cost}",
    "OverdueTransactionSettled": "{tx} settles {overdue} ticks late: {sender} pays {receiver} "
    "{settled_amount}",
    "EndOfDay": "Day {day} ends with {unsettled_count} unsettled, penalties {total_penalties}",
}
_UNKNOWN = "not recorded"


def explain(row: Mapping[str, Cell]) -> str:
    """An event as a sentence; of an unknown type its payload, field by field."""
    kind = str(row.get("event_type") or "")
    details = payload(row.get("details"))
    if kind == "CostAccrual":
        return _accrual(row, details)
    if kind == "ScenarioEventExecuted":
        return _scenario(details)
    sentence = _SENTENCES.get(kind)
    if sentence is not None:
        return sentence.format_map(_Words(row, details))
    fields = [f"{name} {_shown(name, value)}" for name, value in details.items()]
    return ": ".join(filter(None, (kind, ", ".join(fields))))


class _Words(dict[str, str]):
    """The words of a sentence, looked up in the payload when it asks for them."""

    def __init__(self, row: Mapping[str, Cell], details: Mapping[str, object]) -> None:
        super().__init__()
        self._row, self._details = row, details

    def __missing__(self, name: str) -> str:
        match name:
            case "tx":
                return short(self._row.get("tx_id") or self._details.get("tx_id"))
            case "agent":
                return str(self._row.get("agent_id") or self._details.get("agent_id") or _UNKNOWN)
            case "incoming":
                return short(self._details.get("incoming_tx_id"))
            case "members":
                return _listed(self._details.get("agents"))
            case "transactions":
                named = self._details.get("tx_ids", self._details.get("source_transactions"))
                return _transactions(named)
        for key in _ALTERNATIVES.get(name, (name,)):
            value = self._details.get(key)
            if value is not None:
                return _shown(key, value)
        return str(self._row.get("agent_id") or _UNKNOWN) if name == "sender" else _UNKNOWN


def short(tx: object) -> str:
    """A transaction id shortened to what tells it apart."""
    return _UNKNOWN if tx is None else str(tx)[:8]


def _shown(name: str, value: object) -> str:
    value = unpacked(value)
    if name in _MONEY and (text := money(value)) is not None:
        return text
    if isinstance(value, list):
        return _listed(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_shown(str(k), v)}" for k, v in value.items())
    return _UNKNOWN if value is None else str(value)


def _listed(values: object) -> str:
    return ", ".join(str(v) for v in values) if isinstance(values, list) else _UNKNOWN


def _transactions(named: object) -> str:
    if not isinstance(named, list):
        return _UNKNOWN
    word = "transaction" if len(named) == 1 else "transactions"
    return f"{len(named)} {word} ({', '.join(short(t) for t in named)})"


def _accrual(row: Mapping[str, Cell], details: Mapping[str, object]) -> str:
    costs = unpacked(details.get("costs"))
    if not isinstance(costs, Mapping):
        costs = {}
    total = money(costs.get("total"))
    parts = {
        str(name).removesuffix("_cost").replace("_", " "): value
        for name, value in costs.items()
        if name != "total" and isinstance(value, int) and value
    }
    whole = costs.get("total")
    if isinstance(whole, int) and (rest := whole - sum(parts.values())):
        parts["other"] = rest
    split = ", ".join(f"{name} {money(value)}" for name, value in parts.items())
    agent = str(row.get("agent_id") or _UNKNOWN)
    return f"{agent} accrues {total or _UNKNOWN}" + (f": {split}" if split else "")


def _scenario(details: Mapping[str, object]) -> str:
    kind = str(details.get("scenario_event_type") or details.get("event_type") or "event")
    inner = unpacked(details.get("details_json", details.get("details")))
    fields = inner if isinstance(inner, Mapping) else {}
    said = [f"{str(k).replace('_', ' ')} {_shown(str(k), v)}" for k, v in fields.items()]
    return f"Scenario: {kind.replace('_', ' ')}" + (f" ({', '.join(said)})" if said else "")
