"""Trades, pairings and changes of mode and λ as sentences, for a run told tick by tick."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts import Cell

_GOODS = (("dA", "A"), ("dB", "B"), ("dM", "M minor"))


def trade(row: Mapping[str, Cell]) -> str:
    """A row of trades: who gave what for what; the buyer gets the first good that moved."""
    moved = [f"{_number(row.get(name))} {good}" for name, good in _GOODS if _some(row.get(name))]
    got = moved[0] if moved else "nothing"
    paid = " and ".join(moved[1:]) or "nothing"
    sides = [(who, row.get(f"{who}_surplus")) for who in ("buyer", "seller")]
    gains = [f"{who} {_number(gain)}" for who, gain in sides if gain is not None]
    said = f"{row.get('buyer_id')!s} buys {got} from {row.get('seller_id')!s} for {paid}"
    return f"{said}; surplus: {', '.join(gains)}" if gains else said


def mode_change(row: Mapping[str, Cell]) -> str:
    """A row of mode_changes."""
    return f"mode changes from {row.get('old_mode')!s} to {row.get('new_mode')!s}"


def pairing(row: Mapping[str, Cell]) -> str:
    """A row of pairings, with the producer's reason in words."""
    what = {"pair": "pair up", "unpair": "part"}.get(str(row.get("event")), str(row.get("event")))
    said = f"{row.get('agent_i')!s} and {row.get('agent_j')!s} {what}"
    reason = row.get("reason")
    return said if reason is None else f"{said}: {str(reason).replace('_', ' ')}"


def lambda_update(row: Mapping[str, Cell]) -> str:
    """A row of lambda_updates; "clamped" where the estimate was held within its bounds."""
    old, new = _number(row.get("lambda_old")), _number(row.get("lambda_new"))
    said = f"λ of {row.get('agent_id')!s} goes from {old} to {new}"
    if not row.get("clamped"):
        return said
    kind = row.get("clamp_type")
    return f"{said}, clamped" if kind is None else f"{said}, clamped ({kind!s})"


def _some(value: Cell) -> bool:
    return value is not None and value != 0


def _number(value: Cell) -> str:
    if value is None:
        return "not recorded"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
