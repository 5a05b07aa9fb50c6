"""What each event of the market must say: its fields, in the order of the document, and rules.

Source: "MoltMarket Data Schema", event types; payload keys are spelt as the producer writes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.models import ORDER_SIDE
from telemetry.families.moltmarket.order_book import UNIT
from telemetry.frozen import Frozen
from telemetry.recording.rules import RefusedValue, Rule, choice, exact, integer, shown, text

Payload = dict[str, Any]
_WHOLE_DIGITS, _PLACES = 12, 8
_SQLITE_LIMIT = Decimal(2**53) * UNIT
"""SQLite keeps a DECIMAL as a double: below this, each multiple of 1e-8 has a double of its own."""
_DEEPEST = 200


class Field(Frozen, dict=True):
    """One field of an event: its name here, and the key that the payload has for it.

    An ``amount`` becomes a Decimal of eight decimals, ``least`` or more. What is not ``required``
    the recorder fills.
    """

    name: str
    rule: Rule
    required: bool = True
    amount: bool = False
    least: Decimal | None = None

    @cached_property
    def key(self) -> str:
        first, *rest = self.name.split("_")
        return first + "".join(word.capitalize() for word in rest)


def short_text(longest: int) -> Rule:
    """Text of at most so many characters, which is what its column has room for."""
    any_text = text()

    def check(value: object) -> object:
        found = str(any_text(value))
        if len(found) > longest:
            raise RefusedValue(f"must have at most {longest} characters, not {len(found)}")
        return found

    return Rule(check)


def key_hash() -> Rule:
    """A SHA-256 as 64 hex digits. A refusal never quotes it: it may be the key itself."""

    def check(value: object) -> object:
        if isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef"):
            return value
        raise RefusedValue("must be a SHA-256 as 64 lower-case hex digits; a key is never stored")

    return Rule(check)


def plain_json() -> Rule:
    """Values that JSON holds and gives back as they were; Decimal belongs in there as text."""

    def check(value: object) -> object:
        if not isinstance(value, Mapping):
            raise RefusedValue(f"must be a mapping, not {shown(value)}")
        return _plain(value, "", 0)

    return Rule(check)


def _plain(value: Any, path: str, depth: int) -> Any:
    where = f"{path}: " if path else ""
    if depth > _DEEPEST:
        raise RefusedValue(f"must not be nested deeper than {_DEEPEST} levels")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        try:
            return text()(value)
        except RefusedValue as refusal:
            raise RefusedValue(f"{where}{refusal}") from None
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
        return {
            _plain(k, path, depth): _plain(v, f"{path}.{k}".lstrip("."), depth + 1)
            for k, v in value.items()
        }
    raise RefusedValue(f"must be plain JSON values; {where or 'it holds '}{shown(value)}")


_NAME = text()
COUNT = integer(minimum=0)
_AGENT = Field("agent_id", _NAME)
_ANY, _NOT_NEGATIVE, _POSITIVE = None, Decimal(0), UNIT


def _amount(name: str, least: Decimal | None, *, required: bool = True) -> Field:
    rule = exact(least, digits=_WHOLE_DIGITS, places=_PLACES)
    return Field(name, rule, required, amount=True, least=least)


EVENTS: Mapping[str, tuple[Field, ...]] = {
    "RUN_CREATED": (
        Field("config", plain_json()),
        Field("seed", integer()),
        Field("scenario_version", short_text(64)),
        Field("snapshot_every", integer(minimum=1), required=False),
    ),
    "RUN_STARTED": (),
    "RUN_STOPPED": (Field("reason", _NAME),),
    "TICK_START": (Field("tick_id", COUNT),),
    "TICK_END": (
        Field("tick_id", COUNT),
        Field("orders_processed", COUNT),
        Field("trades_executed", COUNT),
    ),
    "AGENT_CREATED": (
        _AGENT,
        Field("name", short_text(128)),
        _amount("initial_cash", _NOT_NEGATIVE),
        _amount("initial_asset", _NOT_NEGATIVE),
    ),
    "AGENT_BANKRUPT": (
        _AGENT,
        _amount("final_cash", _ANY, required=False),
        _amount("final_asset", _NOT_NEGATIVE, required=False),
    ),
    "ORDER_PLACED": (
        Field("order_id", _NAME),
        _AGENT,
        Field("side", choice(ORDER_SIDE)),
        _amount("price", _POSITIVE),
        _amount("quantity", _POSITIVE),
    ),
    "ORDER_CANCELLED": (Field("order_id", _NAME), _AGENT, Field("reason", _NAME)),
    "ORDER_REJECTED": (_AGENT, Field("reason_code", _NAME), Field("details", _NAME)),
    "TRADE_EXECUTED": (
        Field("trade_id", _NAME),
        _amount("price", _POSITIVE),
        _amount("quantity", _POSITIVE),
        Field("bid_order_id", _NAME),
        Field("ask_order_id", _NAME),
        Field("bid_agent_id", _NAME),
        Field("ask_agent_id", _NAME),
        _amount("fee", _NOT_NEGATIVE),
    ),
    "BALANCE_UPDATED": (
        _AGENT,
        _amount("cash_delta", _ANY),
        _amount("asset_delta", _ANY),
        _amount("new_cash", _ANY, required=False),
        _amount("new_asset", _NOT_NEGATIVE, required=False),
        Field("reason", _NAME),
    ),
    "DECAY_APPLIED": (
        _AGENT,
        _amount("amount", _NOT_NEGATIVE),
        _amount("new_cash", _ANY, required=False),
    ),
    "RATE_LIMIT_HIT": (_AGENT, Field("actions_attempted", COUNT), Field("limit", COUNT)),
    "SCENARIO_EVENT": (Field("event_type", short_text(64)), Field("params", plain_json())),
}
#: Said by the recorder itself.
OWN = frozenset({"RUN_CREATED", "RUN_STARTED", "RUN_STOPPED", "TICK_START", "TICK_END"})


def limit_of(dialect: str) -> Decimal:
    """What every amount must stay below there, to be kept exactly."""
    return _SQLITE_LIMIT if dialect == "sqlite" else Decimal(10**_WHOLE_DIGITS)


def check_event(kind: str, values: Mapping[str, object], limit: Decimal) -> Payload:
    """The payload of an event, its amounts Decimals of eight decimals.

    Raises `RecordingError` naming ``KIND.field`` for an unknown, missing or wrong field.
    """
    fields = EVENTS.get(kind)
    if fields is None:
        raise RecordingError(f"There is no event {shown(kind)}; there are {', '.join(EVENTS)}.")
    payload: Payload = {}
    given = 0
    for field in fields:
        value = values.get(field.name)
        given += field.name in values
        if value is None:
            if field.required:
                raise RecordingError(f"{kind}.{field.name} is required; give it a value.")
            continue
        try:
            found = field.rule(value)
        except RefusedValue as refusal:
            raise RecordingError(f"{kind}.{field.name} {refusal}.") from None
        if field.amount:
            found = in_range(f"{kind}.{field.name}", found, limit)
        payload[field.key] = found
    if given != len(values):
        unknown = sorted(set(values) - {field.name for field in fields})
        raise RecordingError(
            f"{kind} has no field {unknown[0]}; "
            f"its fields are {', '.join(f.name for f in fields) or 'none'}."
        )
    return payload


def in_range(name: str, amount: Any, limit: Decimal) -> Decimal:
    """The amount with eight decimals, and without the sign of a zero.

    RecordingError where it could not be kept exactly.
    """
    if not -limit < amount < limit:
        raise RecordingError(
            f"{name} must be within ±{limit.normalize():f} to be kept to the last of its 8 "
            f"decimals there, not {amount}."
        )
    return Decimal(amount).quantize(UNIT) + 0
