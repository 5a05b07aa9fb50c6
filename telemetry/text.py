"""Value → text, one way for every cell, command and export: NULL, 0 and "" never look alike."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # which would load numpy, and a message needs no arrays
    from telemetry.concepts import Cell, Column

DIGITS = 6
NULL = "null"
NOT_RECORDED = "not recorded"
CENTS = "cents"
"""The unit of columns and measures that people read as money; exact formats keep the cents."""

# Control characters, line separators, lone surrogates, and what reorders or hides text.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def cell_text(
    cell: Cell,
    column: Column | None = None,
    *,
    digits: int | None = None,
    missing: str | None = None,
    limit: int | None = 1000,
) -> str:
    """`cell` for people, on one line: floats to `digits` significant digits (6 unless told).

    None reads as `missing`, else "not recorded" in a column that is not recorded, else "null".
    Integers and Decimals keep every digit; text longer than `limit` ends in "…". A column whose
    unit is cents reads as money: 12345 is 123.45.
    """
    if cell is None:
        if missing is not None:
            return missing
        return NOT_RECORDED if column is not None and not column.recorded else NULL
    if column is not None and column.unit == CENTS and not isinstance(cell, str | bytes | bool):
        return money_text(cell)
    if isinstance(cell, float) and math.isfinite(cell):
        return f"{cell:.{DIGITS if digits is None else digits}g}"
    if isinstance(cell, str):
        return one_line(cell, limit=limit)
    if isinstance(cell, bytes) and limit is not None and 2 * len(cell) > limit:
        return exact_text(cell[: limit // 2]) + "…"
    return exact_text(cell)


def money_text(cents: int | float | Decimal) -> str:
    """Cents as money with two decimals: whole cents exactly, a mean of cents to the nearest one."""
    if not math.isfinite(cents):
        return exact_text(cents)
    whole = int(cents) if cents == int(cents) else round(cents)
    return f"{'-' if whole < 0 else ''}{abs(whole) // 100}.{abs(whole) % 100:02d}"


def exact_text(cell: Cell) -> str:
    """`cell` in full, as exports and the clipboard carry it; None is "".

    Floats are the shortest text that reads back as the same double (inf, -inf, nan included),
    Decimals have the digits they have, flags are true and false, bytes are 0x… in hexadecimal.
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return _decimal(cell)
    if isinstance(cell, bytes):
        return "0x" + cell.hex()
    return repr(cell)


def one_line(text: str, limit: int | None = 200) -> str:
    """`text` as one harmless line: what breaks lines, steers a terminal or reorders text is
    shown as an escape (\\n, \\x1b, \\u202e); longer than `limit` characters ends in "…"."""
    if limit is not None and len(text) > limit:
        return _UNSAFE.sub(_escape, text[: limit - 1]) + "…"
    return _UNSAFE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _decimal(value: Decimal) -> str:
    """Plain digits where that is no longer than sensible, else with an exponent."""
    if value.is_finite() and -20 <= value.adjusted() <= 40:
        return format(value, "f")
    return str(value).lower() if not value.is_finite() else str(value)
