"""The quick way of an event: checked by one compiled expression, and written as JSON by another.

Both say what `rules.check_event` and `hash_chain.canonical_json` would say, or nothing at all: then
these decide. Events come by the million, and each is checked, written and hashed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache
from json.encoder import encode_basestring
from typing import Any, cast

from telemetry.families.moltmarket.order_book import UNIT
from telemetry.families.moltmarket.rules import COUNT, EVENTS, Field, Payload, check_event

_ZERO = Decimal("0.00000000")
_EXACT_INT = 2**53
"""Whole numbers up to here are the same in JavaScript."""
#: Raises where a value has more decimals than fit, and of NaN and infinity.
_ROUNDING = Context(prec=60, traps=[Inexact, InvalidOperation])
_quantize = Decimal.quantize

Check = Callable[[Mapping[str, object]], Payload | None]
Write = Callable[[Mapping[str, Any]], str | None]


def payload_of(kind: str, values: Mapping[str, object], limit: Decimal) -> Payload:
    """The payload of an event, its amounts Decimals of eight decimals.

    Raises `RecordingError` naming ``KIND.field`` for an unknown, missing or wrong field.
    """
    check = _checks(limit).get(kind)
    if check is not None:
        try:
            payload = check(values)
        except (KeyError, ArithmeticError):
            payload = None
        if payload is not None:
            return payload
    return check_event(kind, values, limit)


def json_of(kind: str, payload: Mapping[str, Any]) -> str | None:
    """The payload as it is stored and hashed, where that is the same; None where it may not be."""
    write = _WRITES.get(kind)
    return None if write is None else write(payload)


@cache
def _checks(limit: Decimal) -> Mapping[str, Check]:
    return {kind: _check(fields, limit) for kind, fields in EVENTS.items()}


def _check(fields: tuple[Field, ...], limit: Decimal) -> Check:
    """Passes events whose required fields, and no others, are given as plain values."""
    words: dict[str, object] = {
        "LIMIT": limit, "ROUNDING": _ROUNDING, "UNIT": UNIT, "ZERO": _ZERO, "DECIMAL": Decimal,
        "quantize": _quantize,
    }  # fmt: skip
    given = [field for field in fields if field.required]
    terms, items = [f"len(values) == {len(given)}"], []
    for place, field in enumerate(given):
        value = f"v{place}"
        terms.append(f"({value} := values[{field.name!r}]) is not None")
        if field.amount:
            words[f"LEAST{place}"] = -limit if field.least is None else field.least
            terms += [
                f"type({value}) is DECIMAL",
                f"-LIMIT < ({value} := quantize({value}, UNIT, None, ROUNDING)) < LIMIT",
                f"LEAST{place} <= {value}",
            ]
            items.append(f"{field.key!r}: {value} or ZERO")
            continue
        term = field.rule.plain.format(v=value)
        for word, meaning in field.rule.words.items():
            term = term.replace(word, f"{word}{place}")
            words[f"{word}{place}"] = meaning
        terms.append(term)
        items.append(f"{field.key!r}: {field.rule.taken.format(v=value)}")
    # Made of names and rules that this program declares; no value is part of it.
    source = f"lambda values: {{{', '.join(items)}}} if {' and '.join(terms)} else None"
    return cast("Check", eval(source, words))


def _write(fields: tuple[Field, ...]) -> Write:
    """Writes payloads that have all their fields, keys sorted; whole numbers only if exact."""
    terms, parts = [f"len(p) == {len(fields)}"], []
    for field in sorted(fields, key=lambda field: field.key):
        value = f'p["{field.key}"]'
        if field.amount:
            written = f'"{{{value}:.8f}}"'
        elif field.rule is COUNT:
            written = f"{{{value}}}"
            terms.append(f"type({value}) is int and {value} <= {_EXACT_INT}")
        else:
            written = f"{{quote({value})}}"
        parts.append(f'"{field.key}":{written}')
    source = f"lambda p: f'''{{{{{','.join(parts)}}}}}''' if {' and '.join(terms)} else None"
    return cast("Write", eval(source, {"quote": encode_basestring}))


_FREE_FORM = ("RUN_CREATED", "SCENARIO_EVENT")
"""Events with values of any kind; all others hold text, amounts and counts alone."""
_WRITES = {kind: _write(fields) for kind, fields in EVENTS.items() if kind not in _FREE_FORM}
