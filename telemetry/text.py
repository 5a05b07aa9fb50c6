"""Value → text, one way for every cell, command and export: NULL, 0 and "" never look alike."""

from __future__ import annotations

import math
import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # which would load numpy, and a message needs no arrays
    from telemetry.concepts import Cell, Column, Table

DIGITS = 6
_FRACTIONS = 4
"""Decimals that money which is a double is shown with at most, where it is no small amount."""
_EXACT = 1e13
"""Up to here a double still tells cents apart."""
NULL = "null"
NOT_RECORDED = "not recorded"
CENTS = "cents"
"""The unit of stored integers that people read as money; exact formats keep the cents, and the
same value in units beside them."""
MONEY = "$"
"""The unit that money is shown in, and that filters, measures and points are in."""
UNITS = "_units"
"""How the column ends that holds a money column's value in units."""

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
    Integers keep every digit, Decimals too unless `digits` are asked for; text longer than
    `limit` ends in "…". A column whose unit is cents reads as money: 12345 is 123.45.
    """
    if cell is None:
        if missing is not None:
            return missing
        return NOT_RECORDED if column is not None and not column.recorded else NULL
    if column is not None and column.unit == CENTS and not isinstance(cell, str | bytes | bool):
        return money_text(cell)
    if isinstance(cell, float) and math.isfinite(cell):
        if column is not None and column.unit == MONEY and abs(cell) < _EXACT:
            return _doubled(Decimal(repr(float(cell))))
        return f"{cell:.{DIGITS if digits is None else digits}g}"
    if digits is not None and isinstance(cell, Decimal) and cell.is_finite():
        return exact_text(_short(cell, digits))
    if isinstance(cell, str):
        return one_line(cell, limit=limit)
    if isinstance(cell, bytes) and limit is not None and 2 * len(cell) > limit:
        return exact_text(cell[: limit // 2]) + "…"
    return exact_text(cell)


def money_text(cents: int | float | Decimal) -> str:
    """Cents as money, with the two decimals of whole cents and those of fractions that are there.

    Integers and Decimals keep every digit; of doubles fractions are shown to 4 decimals, or to as
    many as 6 significant digits take.
    """
    if not math.isfinite(cents):
        return exact_text(cents)
    if isinstance(cents, float):
        return _doubled(_hundredth(Decimal(repr(float(cents)))))
    return _plain_money(_hundredth(Decimal(cents)))


def per_unit(unit: str | None) -> int:
    """What stored values of this unit are divided by where people see or write them."""
    return 100 if unit == CENTS else 1


def shown_unit(unit: str | None) -> str:
    """The unit as people see it: cents are shown as money."""
    return MONEY if unit == CENTS else unit or ""


def in_units(cell: Cell, unit: str | None) -> Cell:
    """`cell` as it is shown, exact: 12345 cents are Decimal("123.45")."""
    if unit != CENTS or isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        return cell
    if isinstance(cell, float):
        return cell / per_unit(unit)
    exact = Decimal(cell)
    return _hundredth(exact) if exact.is_finite() else exact


def exact_shown(cell: Cell, column: Column) -> str:
    """`cell` in full, in the unit that it is shown in."""
    return exact_text(in_units(cell, column.unit))


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


def nothing_of(table: Table) -> str:
    """The sentence for a table that holds nothing of a run, with what to do where that helps."""
    name = table.label[:1].lower() + table.label[1:]
    if table.always_written:
        return f"There are no {name} in this run."
    return f"No {name} are recorded for this run. {table.how_to_record}".strip()


def bytes_text(size: int | None) -> str | None:
    """A size for people: 731 bytes, 40.7 kB, 4.9 MB (thousands); None where it is not known."""
    if size is None or size < 1000:
        return None if size is None else f"{size} bytes"
    shown, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while shown >= 999.95 and len(units) > 1:
        shown, units = shown / 1000, units[1:]
    return f"{shown:.1f} {units[0]}"


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


def _hundredth(value: Decimal) -> Decimal:
    """Exactly: a division would round to 28 digits."""
    sign, digits, exponent = value.as_tuple()
    return Decimal((sign, digits, int(exponent) - 2))


def _doubled(value: Decimal) -> str:
    """Money that is a double, whose last digits may stand for nothing."""
    if value and value.adjusted() < -_FRACTIONS:
        return f"{float(value):.{DIGITS}g}"
    places = max(_FRACTIONS, DIGITS - 1 - value.adjusted())
    return _plain_money(round(value, places) if -int(value.as_tuple().exponent) > places else value)


def _plain_money(value: Decimal) -> str:
    whole, _, fraction = format(abs(value), "f").partition(".")
    return f"{'-' if value < 0 else ''}{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def _short(value: Decimal, digits: int) -> Decimal:
    """`value` to `digits` significant digits, but never without one of its whole ones."""
    context = Context(prec=max(digits, value.adjusted() + 1))
    short = context.plus(value)
    return short.normalize(context) if int(short.as_tuple().exponent) < 0 else short


def _decimal(value: Decimal) -> str:
    """Plain digits where that is no longer than sensible, else with an exponent."""
    if value.is_finite() and -20 <= value.adjusted() <= 40:
        return format(value, "f")
    return str(value).lower() if not value.is_finite() else str(value)
