"""What changes hands in VMT trades: A, B and money."""

from __future__ import annotations

from telemetry.concepts import FlowLeg
from telemetry.families.vocabulary import FlowSpec

_BUYER, _SELLER = "buyer_id", "seller_id"
_BARTER = "A<->B|B<->A"
_FOR_A, _FOR_B = "A<->M|M<->A", "B<->M|M<->B"


def _leg(giver: str, taker: str, amount: str, pairs: str) -> FlowLeg:
    return FlowLeg(giver, taker, amount, (("pair_type", pairs),))


FLOWS = (
    FlowSpec("A", "Good A", "A", "trades", (_leg(_SELLER, _BUYER, "dA", f"{_BARTER}|{_FOR_A}"),)),
    FlowSpec(
        "B",
        "Good B",
        "B",
        "trades",
        (_leg(_BUYER, _SELLER, "dB", _BARTER), _leg(_SELLER, _BUYER, "dB", _FOR_B)),
    ),
    FlowSpec(
        "M",
        "Money M",
        "M",
        "trades",
        (_leg(_BUYER, _SELLER, "dM", f"{_FOR_A}|{_FOR_B}"),),
        money=True,
        stock="inventory_M",
        divisor="money_scale",
    ),
)
"""Buyers get A, or B for money; in barter they pay with B (see `derived.pair_type`)."""
