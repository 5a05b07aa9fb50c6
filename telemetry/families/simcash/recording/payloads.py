"""Payloads as the JSON text that is stored: plain values only, no NaN, and money in whole cents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

import msgspec

from telemetry.errors import RecordingError
from telemetry.recording.rules import RefusedValue, text

_MONEY = frozenset(
    [
        *("amount", "amount_a", "amount_b", "new_total", "total", "total_cost", "balance_after"),
        *("sender_balance_before", "sender_balance_after", "remaining_amount", "settled_amount"),
        *("total_penalties", "requested_amount", "settled_value", "total_value", "offset_amount"),
        *("max_net_outflow", "bilateral_limit", "multilateral_limit"),
    ]
)
_OF_MONEY = frozenset(
    ["tx_amounts", "per_agent_costs", "costs_per_agent", "costs", "net_positions"]
)

#: What is no fraction and holds none, by far the most of what events are made of.
_HARMLESS = frozenset((int, str, bool, type(None)))
_TEXTS = frozenset((str,))
_spaced = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_quickly = msgspec.json.Encoder().encode
_storable = text()


def details_json(value: object) -> str:
    """An event's details as JSON text; raises `RecordingError` as `as_json` does.

    A dictionary of texts, whole numbers and flags, and of such lists and dictionaries, in which
    no fraction can hide, is written the quick way.
    """
    if type(value) is dict and _holds_no_fraction(value):
        try:
            "".join(value)
            return _quickly(value).decode()
        except (TypeError, ValueError):
            pass  # a key that is no text, or text that is no Unicode: said by its rule
    field = "simulation_events.details"
    try:
        return str(_storable(as_json(field, value, money=True)))
    except RefusedValue as refusal:
        raise RecordingError(f"{field} {refusal}.") from None


def _holds_no_fraction(told: dict[str, object]) -> bool:
    """Whether all is harmless down to the second level; what is nested deeper may not be."""
    if _HARMLESS.issuperset(map(type, told.values())):
        return True
    for value in told.values():
        kind = type(value)
        if kind is list:
            inner: Iterable[object] = value  # type: ignore[assignment]
        elif kind is dict and _TEXTS.issuperset(map(type, value)):  # type: ignore[call-overload]
            inner = value.values()  # type: ignore[attr-defined]
        elif kind in _HARMLESS:
            continue
        else:
            return False
        if not _HARMLESS.issuperset(map(type, inner)):
            return False
    return True


def as_json(field: str, value: object, *, money: bool = False) -> str:
    """The value as JSON text; raises `RecordingError` naming ``field`` where it is no plain value.

    With ``money``, entries that are amounts by their name (``amount``, ``…_cost``) must be whole
    cents; and the text has no spaces, for events come by the million.
    """
    if money:
        _refuse_fractions(field, value, is_money=False)
    try:
        return _compact(value) if money else _spaced(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordingError(f"{field} must be plain JSON values: {error}.") from None


def canonical(value: object) -> str:
    """The same text for the same value, whatever the order of its keys: what a hash is made of."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: object) -> str:
    """SHA-256 (hexadecimal) of the canonical text."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def _refuse_fractions(field: str, value: object, *, is_money: bool) -> None:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if type(entry) in _HARMLESS:
                continue
            name = str(key)
            owed = is_money or name in _MONEY or name.endswith("_cost")
            _refuse_fractions(f"{field}.{name}", entry, is_money=owed or name in _OF_MONEY)
    elif isinstance(value, list | tuple):
        for place, entry in enumerate(value):
            _refuse_fractions(f"{field}.{place}", entry, is_money=is_money)
    elif is_money and isinstance(value, float):
        raise RecordingError(f"{field} must be integer cents, not {value!r}.")
