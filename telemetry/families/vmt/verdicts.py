"""Why one attempt failed, in a sentence: the producer's reason with the margin beside it."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts import Cell


def explain_attempt(row: Mapping[str, Cell]) -> str:
    """A row of trade_attempts (derived columns included) as a sentence; "" where it says nothing.

    Gains are U_final − U_init of each side, missing stock is the block less the giver's stock.
    """
    reason = row.get("result_reason")
    if row.get("result") == "success":
        return f"Traded: {_gain('the buyer', row, 'buyer')}, {_gain('the seller', row, 'seller')}."
    match reason:
        case "both_utility_no_improvement":
            return (
                f"Neither gains: {_gain('buyer', row, 'buyer')}, {_gain('seller', row, 'seller')}."
            )
        case "buyer_utility_no_improvement":
            return f"The buyer does not gain: {_gain('buyer', row, 'buyer')}."
        case "seller_utility_no_improvement":
            return f"The seller does not gain: {_gain('seller', row, 'seller')}."
        case str() if "insufficient" in reason:
            side, _, good = reason.partition("_insufficient_")
            return f"The {side} is short of {good}: {_number(row.get('missing_stock'))} missing."
        case "dB_nonpositive":
            return f"At price {_number(row.get('price'))} the block rounds to no B at all."
        case "dM_nonpositive":
            return f"At price {_number(row.get('price'))} the block rounds to no M at all."
        case None:
            return ""
        case _:
            return f"Failed: {reason!s}."


def _gain(who: str, row: Mapping[str, Cell], side: str) -> str:
    gain = row.get(f"{side}_gain")
    if gain is None:
        return f"{who} ΔU not recorded"
    sign = "+" if isinstance(gain, int | float) and gain >= 0 else ""
    return f"{who} ΔU {sign}{_number(gain)}"


def _number(value: Cell) -> str:
    if value is None:
        return "not recorded"
    return f"{value:.4g}".replace("-", "−") if isinstance(value, float) else str(value)
