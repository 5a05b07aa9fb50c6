"""What a driver gives, as cells."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from typing import Any

from telemetry.concepts import Cell

_PLAIN = (int, float, str, Decimal, bytes, type(None))


def cell(value: Any) -> Cell:
    """What a driver gave as a cell: times in ISO 8601, decoded JSON as its text again."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    return str(value)
