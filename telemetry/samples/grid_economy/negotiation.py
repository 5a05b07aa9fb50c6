"""How two agents look for a trade: blocks and prices between ask and bid, one after another.

For every pair type where the buyer's bid exceeds the seller's ask, blocks of 1, 2, … units of the
good are tried at five even prices from ask to bid, and at the prices between them that make the
payment a whole number. The first try at which both sides strictly gain is the trade.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from telemetry.frozen import Frozen
from telemetry.samples.grid_economy.agent import Agent, Quote

_EVEN_PRICES = 5
_MOST_WHOLE_PRICES = 6
#: A gain must be more than rounding of floats can make of nothing.
_GAIN = 1e-9


class Offer(NamedTuple):
    """Somebody would pay more than somebody asks; ``gain`` is the overlap in utility."""

    pair: str
    buyer: Agent
    seller: Agent
    gain: float

    @property
    def good(self) -> str:
        """What changes hands in blocks."""
        return self.pair[0]

    @property
    def payment(self) -> str:
        """What it is paid with."""
        return self.pair[-1]

    @property
    def asked(self) -> float:
        """The seller's ask."""
        return self.seller.quotes[self.pair].ask

    @property
    def bid(self) -> float:
        """The buyer's bid."""
        return self.buyer.quotes[self.pair].bid


class Try(Frozen):
    """One block at one price; ``reason`` is ``utility_improves_both`` where it is a trade."""

    offer: Offer
    price: float
    block: int
    paid: int
    buyer_before: float
    buyer_after: float
    seller_before: float
    seller_after: float
    reason: str

    @property
    def succeeded(self) -> bool:
        """Whether both sides can and want to."""
        return self.reason == "utility_improves_both"

    @property
    def amounts(self) -> tuple[int, int, int]:
        """What changes hands: dA, dB, dM, each 0 or more."""
        moved = {self.offer.good: self.block, self.offer.payment: self.paid}
        return moved.get("A", 0), moved.get("B", 0), moved.get("M", 0)


def offers(first: Agent, second: Agent, pairs: Sequence[str]) -> list[Offer]:
    """The offers between two agents, the greatest gain first; empty where nobody would gain."""
    found = []
    for pair in pairs:
        for buyer, seller in ((first, second), (second, first)):
            bidding, asking = buyer.quotes[pair], seller.quotes[pair]
            if bidding.buys and asking.sells and bidding.bid > asking.ask:
                found.append(Offer(pair, buyer, seller, _gain(bidding, asking)))
    return sorted(found, key=lambda offer: -offer.gain)


def tries(offer: Offer, block_max: int) -> Iterator[Try]:
    """The ladder of one offer, up to and including its first success."""
    for block in range(1, block_max + 1):
        for price in ladder(offer.asked, offer.bid, block):
            attempt = _attempt(offer, block, price)
            yield attempt
            if attempt.succeeded:
                return


def ladder(ask: float, bid: float, block: int) -> list[float]:
    """Prices from ask to bid: five even ones, and those that give a whole payment, if few."""
    step = (bid - ask) / (_EVEN_PRICES - 1)
    prices = {ask + step * n for n in range(_EVEN_PRICES - 1)} | {bid}
    whole = range(math.ceil(ask * block), math.floor(bid * block) + 1)
    if len(whole) <= _MOST_WHOLE_PRICES:
        prices |= {paid / block for paid in whole}
    return sorted(prices)


def settle(trade: Try) -> None:
    """Let the goods and the payment change hands."""
    (buyer_stocks, seller_stocks) = _stocks_after(trade.offer, trade.block, trade.paid)
    buyer, seller = trade.offer.buyer, trade.offer.seller
    buyer.a, buyer.b, buyer.m = buyer_stocks
    seller.a, seller.b, seller.m = seller_stocks


def _gain(bidding: Quote, asking: Quote) -> float:
    return (bidding.bid - asking.ask) * min(bidding.worth, asking.worth)


def _attempt(offer: Offer, block: int, price: float) -> Try:
    buyer, seller = offer.buyer, offer.seller
    paid = math.floor(price * block + 0.5)
    buyer_stocks, seller_stocks = _stocks_after(offer, block, paid)
    before = (
        buyer.total_utility(buyer.a, buyer.b, buyer.m),
        seller.total_utility(seller.a, seller.b, seller.m),
    )
    after = (buyer.total_utility(*buyer_stocks), seller.total_utility(*seller_stocks))
    reason = _reason(offer, block, paid, after[0] - before[0], after[1] - before[1])
    return Try(offer, price, block, paid, before[0], after[0], before[1], after[1], reason)


def _stocks_after(
    offer: Offer, block: int, paid: int
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    change = {"A": 0, "B": 0, "M": 0}
    change[offer.good] += block
    change[offer.payment] -= paid
    buyer, seller = offer.buyer, offer.seller
    a, b, m = change["A"], change["B"], change["M"]
    return (buyer.a + a, buyer.b + b, buyer.m + m), (seller.a - a, seller.b - b, seller.m - m)


def _reason(offer: Offer, block: int, paid: int, buyer_gain: float, seller_gain: float) -> str:
    if paid <= 0:
        return f"d{offer.payment}_nonpositive"
    if offer.seller.stock_of(offer.good) < block:
        return f"seller_insufficient_{offer.good}"
    if offer.buyer.stock_of(offer.payment) < paid:
        return f"buyer_insufficient_{offer.payment}"
    if buyer_gain > _GAIN and seller_gain > _GAIN:
        return "utility_improves_both"
    if buyer_gain > _GAIN:
        return "seller_utility_no_improvement"
    return "buyer_utility_no_improvement" if seller_gain > _GAIN else "both_utility_no_improvement"
