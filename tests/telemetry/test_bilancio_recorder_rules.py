"""What follows from the rows of a dealer ring, by the words of the document."""

from __future__ import annotations

from decimal import Decimal

import pytest

from telemetry.families.bilancio.rules import (
    at_inventory_limit,
    classify_strategy,
    percentage,
)


def classify_as_documented(buy_count: int, sell_count: int, held_matching: bool) -> str:
    """The document's own lines."""
    if buy_count == 0 and sell_count == 0:
        return "no_trade"
    elif held_matching and sell_count == 0:
        return "hold_to_maturity"
    elif buy_count > 0 and sell_count > 0:
        if sell_count >= buy_count:
            return "round_trip"
        else:
            return "sell_before"
    elif sell_count > 0:
        return "sell_before"
    else:
        return "hold_to_maturity"


def test_strategies_are_classified_as_the_document_does() -> None:
    told = [(b, s, held) for b in range(4) for s in range(4) for held in (False, True)]
    assert [classify_strategy(*t) for t in told] == [classify_as_documented(*t) for t in told]
    assert {classify_strategy(*t) for t in told} == {
        "no_trade",
        "hold_to_maturity",
        "sell_before",
        "round_trip",
    }


@pytest.mark.parametrize(
    ("side", "inventory", "limit"),
    [("SELL", 4, True), ("SELL", 3, False), ("BUY", 0, True), ("BUY", 1, False), ("BUY", 4, False)],
)
def test_a_dealer_is_at_its_limit_when_full_for_sellers_or_empty_for_buyers(
    side: str, inventory: int, limit: bool
) -> None:
    assert at_inventory_limit(side, inventory, 4) is limit


def test_shares_are_of_a_hundred() -> None:
    assert percentage(Decimal(1), Decimal(8)) == Decimal("12.5")
    assert percentage(Decimal(0), Decimal(0)) == 0
