"""Why a payment settled late, or not at all: policy, liquidity, queue and deadline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Case, Gate, GateState, Why
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.asker import Asker
from telemetry.families.simcash.audit_words import EVENTS, STATES, TRANSACTIONS, money
from telemetry.families.simcash.sql import decoded, text_at
from telemetry.queries import WhyQuery

_NAMES = (
    "sender_id", "receiver_id", "amount", "arrival_tick", "deadline_tick", "settlement_tick",
    "status", "drop_reason",
)  # fmt: skip
_QUEUED = ("QueuedRtgs",)
_RELEASED = ("Queue2LiquidityRelease", "RtgsQueue2Settle")
_NETTED = ("LsmBilateralOffset", "LsmCycleSettlement")
Event = tuple[int, str, str | None]


def why(asker: Asker, query: WhyQuery) -> Why:
    """The gates of the transaction `key`, from its row and its own events."""
    if query.key is None:
        raise RequestError("Why a payment settled late or not needs its transaction: its key.")
    told = _row(asker, query)
    events = _events(asker, query)
    gates = (
        _released(told, events),
        _funded(asker, query, told, events),
        _queue(told, events),
        _in_time(told),
    )
    label = f"{told['sender_id']} pays {told['receiver_id']} {money(told['amount'])}"
    return Why(
        query.run_id,
        f"Transaction {query.key}",
        told["status"] == "settled",
        (Case(label, gates, None, query.key),),
        "its row and its events" if events else "its row; its events are not recorded",
        told["arrival_tick"],
        (told["sender_id"], told["receiver_id"]),
    )


def _row(asker: Asker, query: WhyQuery) -> Mapping[str, Any]:
    columns = [asker.column(TRANSACTIONS, n) for n in _NAMES]
    own = (
        asker.column(TRANSACTIONS, "simulation_id") == query.run_id,
        asker.column(TRANSACTIONS, "tx_id") == str(query.key),
    )
    rows = asker.rows(sa.select(*columns).where(*own)) if asker.has(TRANSACTIONS, "tx_id") else []
    if not rows:
        raise NothingFoundError(f"There is no transaction {query.key!r} in run {query.run_id}.")
    return dict(zip(_NAMES, rows[0], strict=True))


def _events(asker: Asker, query: WhyQuery) -> list[Event]:
    """Tick, type and reason of the transaction's own events, in order."""
    if not asker.has(EVENTS, "tx_id", "tick", "event_type", "details"):
        return []
    names = ("tick", "event_type", "details", "simulation_id", "tx_id", "event_timestamp")
    tick, kind, details, run, tx, when = (asker.column(EVENTS, n) for n in names)
    reason = text_at(decoded(details), "$.reason")
    statement = sa.select(tick, kind, reason).where(run == query.run_id, tx == str(query.key))
    return [(t, k, r) for t, k, r in asker.rows(statement.order_by(tick, when))]


def _of(events: list[Event], *kinds: str) -> list[Event]:
    return [event for event in events if event[1] in kinds]


def _released(told: Mapping[str, Any], events: list[Event]) -> Gate:
    """The sender's policy let it go."""
    name, label = "policy", "Released by the sender's policy"
    held, dropped = _of(events, "PolicyHold"), _of(events, "PolicyDrop")
    sent = _of(events, "PolicySubmit", "RtgsSubmission")
    ticks = len({tick for tick, _, _ in held})
    reasons = ", ".join(sorted({str(r) for _, _, r in held if r})) or "no reason recorded"
    if dropped or told["drop_reason"]:
        said = told["drop_reason"] or dropped[-1][2] or "no reason recorded"
        return Gate(name, label, "failed", f"Dropped: {said}.", float(-ticks), "ticks held")
    if sent:
        first = sent[0][0]
        waited = f" after {ticks} ticks on hold ({reasons})" if held else ""
        return Gate(name, label, "passed", f"Submitted at tick {first}{waited}.")
    if held:
        said = f"Held in every one of {ticks} ticks ({reasons})."
        return Gate(name, label, "failed", said, float(-ticks), "ticks held")
    return Gate(name, label, "not judged", "Not recorded: what the policy decided.")


def _funded(asker: Asker, query: WhyQuery, told: Mapping[str, Any], events: list[Event]) -> Gate:
    """The sender could pay when it was submitted."""
    name, label = "liquidity", "Enough liquidity when submitted"
    sent = _of(events, "PolicySubmit", "RtgsSubmission")
    if not sent:
        return Gate(name, label, "not judged", "It was not submitted.")
    queued = _of(events, *_QUEUED)
    state: GateState = "failed" if queued else "passed"
    before = _balance(asker, query, told, sent[0][0])
    if before is None:
        said = "It had to queue." if queued else "It settled at once."
        return Gate(name, label, state, f"{said} Not recorded: the sender's balance.")
    balance, cap, posted = before
    margin = (balance + cap + posted - told["amount"]) / 100
    pledge = f" and {money(posted)} by collateral, before haircuts" if posted else ""
    said = (
        f"{told['sender_id']} had {money(balance)} after the tick before, and credit of "
        f"{money(cap)}{pledge}, for {money(told['amount'])}."
    )
    return Gate(name, label, state, said, margin, "$")


def _balance(
    asker: Asker, query: WhyQuery, told: Mapping[str, Any], tick: int
) -> tuple[int, int, int] | None:
    """Balance, unsecured credit and posted collateral of the sender one tick before."""
    if not asker.has(STATES, "balance", "unsecured_cap"):
        return None
    names = ("balance", "unsecured_cap", "posted_collateral", "simulation_id", "agent_id", "tick")
    balance, cap, posted, run, agent, at = (asker.column(STATES, n) for n in names)
    own = (run == query.run_id, agent == told["sender_id"], at == tick - 1)
    rows = asker.rows(sa.select(balance, cap, posted).where(*own).limit(1))
    if not rows or rows[0][0] is None or rows[0][1] is None:
        return None
    return int(rows[0][0]), int(rows[0][1]), int(rows[0][2] or 0)


def _queue(told: Mapping[str, Any], events: list[Event]) -> Gate:
    """It left the system's queue, if it had to wait there."""
    name, label = "queue", "Left the settlement queue"
    queued = _of(events, *_QUEUED)
    if not queued:
        return Gate(name, label, "passed" if told["settlement_tick"] is not None else "not judged",
                    "It never had to queue.")  # fmt: skip
    done = told["settlement_tick"]
    if done is None:
        said = f"In the queue from tick {queued[0][0]} and never released."
        return Gate(name, label, "failed", said)
    how = "netted against others" if not _of(events, *_RELEASED) else "released by liquidity"
    waited = done - queued[0][0]
    said = f"Waited {waited} ticks, then {how}."
    return Gate(name, label, "passed", said)


def _in_time(told: Mapping[str, Any]) -> Gate:
    name, label = "deadline", "Settled before its deadline"
    due, done = told["deadline_tick"], told["settlement_tick"]
    if due is None:
        return Gate(name, label, "not judged", "Not recorded: the deadline.")
    if done is None:
        return Gate(name, label, "failed", f"Due at tick {due}, never settled.")
    state: GateState = "passed" if done <= due else "failed"
    return Gate(name, label, state, f"Settled at tick {done}, due at tick {due}.",
                float(due - done), "ticks")  # fmt: skip
