"""The producer's hash chain, recomputed event by event exactly as the producer computes it.

event_hash = hex(sha256(utf8(J))), where J is the JSON of {agentId, eventSeq, eventType, payload,
prevHash, runId, tickId}, keys in the order that JavaScript gives a sorted object, no white space,
strings and numbers as JSON.stringify writes them. The first prevHash is the word GENESIS.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from telemetry.concepts import RunId, Verdict
from telemetry.errors import NothingFoundError
from telemetry.frozen import Frozen

GENESIS = "GENESIS"
_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_MAX_INDEX = 2**32 - 2
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_EXACT_INT = 2**53


class ChainEvent(Frozen):
    """One event as stored; `payload` is the decoded JSON."""

    run_id: RunId
    tick: int
    seq: int
    kind: str
    agent_id: str | None
    payload: Any
    prev_hash: str
    event_hash: str


def canonical_json(value: Any) -> str:
    """`value` as the producer's JavaScript writes it after sorting keys recursively."""
    if isinstance(value, dict):
        parts = (f"{_text(k)}:{canonical_json(value[k])}" for k in sorted(value, key=_key_order))
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(canonical_json(v) for v in value) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _number(value)


def event_hash(event: ChainEvent, prev_hash: str) -> str:
    """The hash that `event` must carry after `prev_hash`, as 64 hex digits."""
    fields = {
        "agentId": event.agent_id,
        "eventSeq": event.seq,
        "eventType": event.kind,
        "payload": event.payload,
        "prevHash": prev_hash,
        "runId": event.run_id,
        "tickId": event.tick,
    }
    return hashlib.sha256(canonical_json(fields).encode("utf-8")).hexdigest()


def verify(
    run_id: RunId,
    events: Iterable[ChainEvent],
    *,
    expected_count: int | None = None,
    expected_last: str | None = None,
) -> Verdict:
    """Walk `events` (ascending seq) to the first that is wrong, and say in what.

    Looked for, in this order: a gap in the sequence, another previous hash, another own hash; and
    at the end, against what the run row says, a tail that was cut off.
    """
    prev, seq, checked = GENESIS, 0, 0
    for event in events:
        problem = _problem(event, seq, prev)
        if problem is not None:
            return Verdict(run_id, checked, False, seq, problem)
        prev, seq, checked = event.event_hash, event.seq + 1, checked + 1
    if expected_count is not None and checked != expected_count:
        what = f"the run row counts {expected_count} events, {checked} are there"
        return Verdict(run_id, checked, False, seq, f"Truncated: {what}; the tail was cut off.")
    if expected_last is not None and checked and prev != expected_last:
        what = "the last event's hash is not the one that the run row names"
        return Verdict(run_id, checked, False, seq - 1, f"Truncated: {what}.")
    return Verdict(run_id, checked, True, None, "")


def _problem(event: ChainEvent, seq: int, prev: str) -> str | None:
    if event.seq != seq:
        what = f"event {seq} is missing" if event.seq > seq else f"event {event.seq} comes again"
        return f"Gap: {what}; the next one found is {event.seq}."
    if event.prev_hash != prev:
        return f"Event {seq} names another previous hash than event {seq - 1} carries."
    try:
        own = event_hash(event, prev)
    except RecursionError:
        raise too_deep(seq) from None
    if own != event.event_hash:
        return f"Event {seq} does not match its own hash: its content was changed."
    return None


def too_deep(seq: int) -> NothingFoundError:
    return NothingFoundError(
        f"The payload of event {seq} is nested too deeply for its hash to be computed here; "
        "nothing is said about the chain."
    )


def _key_order(key: str) -> tuple[int, int, bytes]:
    """Array-index-like keys first, by number; then the others by UTF-16 code unit."""
    if _ARRAY_INDEX.fullmatch(key) and int(key) <= _MAX_INDEX:
        return (0, int(key), b"")
    return (1, 0, key.encode("utf-16-be", "surrogatepass"))


def _text(value: str) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return _LONE_SURROGATE.sub(lambda m: f"\\u{ord(m[0]):04x}", written)


def _number(value: int | float | Decimal) -> str:
    """A number as JavaScript prints it: 1.0 → 1, 1e21 → 1e+21, 1e-7 → 1e-7."""
    if isinstance(value, int) and abs(value) <= _EXACT_INT:
        return str(value)
    number = float(value)
    if not math.isfinite(number):
        return "null"
    if number == 0:
        return "0"
    digits, exponent = _shortest(abs(number))
    sign = "-" if number < 0 else ""
    n = exponent + 1
    if len(digits) <= n <= 21:
        return sign + digits + "0" * (n - len(digits))
    if 0 < n <= 21:
        return f"{sign}{digits[:n]}.{digits[n:]}"
    if -6 < n <= 0:
        return f"{sign}0.{'0' * -n}{digits}"
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{'+' if n > 0 else '-'}{abs(n - 1)}"


def _shortest(number: float) -> tuple[str, int]:
    """The shortest digits that name `number`, and the decimal exponent of the first of them."""
    mantissa, _, exponent = f"{Decimal(repr(number)):e}".partition("e")
    return mantissa.replace(".", "").rstrip("0") or "0", int(exponent)
