"""Amounts and payloads in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from telemetry.concepts import Cell
from telemetry.text import money_text


def money(cents: object) -> str | None:
    """Cents as money: 12345 is "123.45". None for what is no number."""
    if isinstance(cents, bool) or not isinstance(cents, int | Decimal | float):
        return None
    return money_text(cents)


def payload(text: Cell) -> Mapping[str, object]:
    """The object in a stored JSON text, however often it was encoded; {} where there is none."""
    value = unpacked(text)
    return value if isinstance(value, dict) else {}


def unpacked(value: object) -> object:
    """JSON text decoded until it is no text any more; text that is no JSON stays as it is."""
    for _ in range(3):
        if not isinstance(value, str) or value[:1] not in '{["':
            return value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
