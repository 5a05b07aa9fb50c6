"""The quick ways of an event say what the slow ones do: what is accepted, stored and hashed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telemetry.errors import RecordingError
from telemetry.families.moltmarket import payloads
from telemetry.families.moltmarket.hash_chain import canonical_json
from telemetry.families.moltmarket.payloads import json_of, payload_of
from telemetry.families.moltmarket.rules import EVENTS, check_event, limit_of

LIMIT = limit_of("sqlite")
KINDS = ("ORDER_PLACED", "TRADE_EXECUTED", "BALANCE_UPDATED", "RATE_LIMIT_HIT", "TICK_END")
AMOUNTS = st.one_of(
    st.decimals(allow_nan=True, places=8, min_value=-10, max_value=10),
    st.decimals(allow_nan=True),
    st.sampled_from([Decimal("1E-8"), Decimal("-0"), Decimal("1E+3"), Decimal(2**53) / 10**8,
                     Decimal(10**12), 7, "1.5", 1.5, None]),
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=5), st.sampled_from(["bid", '\u2028"\\/', "\ud800", "\0", 3]))
COUNTS = st.one_of(st.integers(-1, 2**65), st.sampled_from([2**53, 2**53 + 1, True, 1.0]))


def judged(check: Any, kind: str, values: dict[str, Any]) -> object:
    """The payload with the type and form of every value, or the sentence that refuses it."""
    try:
        payload = check(kind, values, LIMIT)
    except RecordingError as error:
        return str(error)
    return [(key, type(value), str(value)) for key, value in payload.items()]


@st.composite
def events(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Mostly right events, some with a wrong, missing or unknown field."""
    kind = draw(st.sampled_from(KINDS))
    values: dict[str, Any] = {}
    for field in EVENTS[kind]:
        if field.amount:
            usual: st.SearchStrategy[Any] = st.decimals(1, 9, places=2)
            values[field.name] = draw(st.one_of(usual, usual, AMOUNTS))
        elif field.rule is payloads.COUNT:
            values[field.name] = draw(st.one_of(st.integers(0, 9), COUNTS))
        else:
            usual = st.just("ask") if field.name == "side" else st.text("aé\n", max_size=3)
            values[field.name] = draw(st.one_of(usual, usual, TEXTS))
        if not field.required and draw(st.booleans()):
            del values[field.name]
    if draw(st.integers(0, 9)) == 0:
        values["more"] = 1
    return kind, values


@given(event=events())
@example(event=("RATE_LIMIT_HIT", {"agent_id": "a", "actions_attempted": True, "limit": 2**60}))
def test_an_event_that_passes_quickly_is_what_the_rules_make_of_it(
    event: tuple[str, dict[str, Any]],
) -> None:
    kind, values = event
    assert judged(payload_of, kind, values) == judged(check_event, kind, values)


@given(event=events())
@example(event=("RATE_LIMIT_HIT", {"agent_id": "a", "actions_attempted": True, "limit": 2**60}))
def test_json_that_is_written_quickly_is_the_producers_to_the_byte(
    event: tuple[str, dict[str, Any]],
) -> None:
    kind, values = event
    try:
        payload = check_event(kind, values, LIMIT)
    except RecordingError:
        return
    written = json_of(kind, payload)
    told = {k: f"{v:.8f}" if isinstance(v, Decimal) else v for k, v in payload.items()}
    assert written in (None, canonical_json(told))


def test_usual_events_go_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "check_event", None)
    amounts = {"price": Decimal("99.5"), "quantity": Decimal(1)}
    told = {"order_id": "o", "agent_id": "a", "side": "bid", **amounts}
    payload = payload_of("ORDER_PLACED", told, LIMIT)
    assert json_of("ORDER_PLACED", payload) == (
        '{"agentId":"a","orderId":"o","price":"99.50000000","quantity":"1.00000000","side":"bid"}'
    )
