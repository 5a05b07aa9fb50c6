"""The bots: each kind decides in its own way, from what it sees and what it thinks it is worth."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from telemetry.samples.order_book.exchange import Account, Exchange

CENT = Decimal("0.01")


@dataclass
class View:
    """What a bot may know at a tick: prices so far, and what the asset is truly worth."""

    tick: int
    prices: list[Decimal]
    worth: Decimal

    @property
    def price(self) -> Decimal:
        return self.prices[-1]


@dataclass
class Bot:
    """One trader: its account, its own dice, and the way in which it acts."""

    account: Account
    rng: random.Random
    act: Callable[[Bot, Exchange, View], None]
    quotes: list[str] = field(default_factory=list)

    def amount(self, low: float, high: float) -> Decimal:
        return Decimal(round(self.rng.uniform(low, high), 2)).quantize(CENT)

    def near(self, price: Decimal, shift: float) -> Decimal:
        """A price so much off, in whole cents and never below one."""
        return max((price * Decimal(1 + shift)).quantize(CENT), CENT)

    def free_asset(self) -> Decimal:
        return self.account.asset - self.account.promised("ask")


def make(bot: Bot, exchange: Exchange, view: View) -> None:
    """Quotes both sides around the price, leaning against its inventory; renews its quotes."""
    for order_id in bot.quotes:
        if order_id in bot.account.orders or bot.rng.random() < 0.05:
            exchange.cancel(view.tick, bot.account, order_id)
    bot.quotes = []
    lean = float(bot.account.asset - 100) / 100 * 0.006
    fair = bot.near((view.price * 3 + view.worth) / 4, -lean)
    for depth in (0.003, 0.008):
        for side, sign in (("bid", -1), ("ask", 1)):
            quantity = bot.amount(1, 3)
            if side == "ask" and quantity > bot.free_asset():
                continue
            placed = exchange.place(
                view.tick, bot.account, side, bot.near(fair, sign * depth), quantity
            )
            if placed is not None:
                bot.quotes.append(placed)


def follow(bot: Bot, exchange: Exchange, view: View) -> None:
    """Buys what rises and sells what falls, at once, at what the book asks."""
    past = view.prices[-12:]
    trend = float(past[-1] / past[0]) - 1
    if abs(trend) > 0.006 and bot.rng.random() < 0.3:
        _take(bot, exchange, view, "bid" if trend > 0 else "ask", bot.amount(0.5, 2))


def judge(bot: Bot, exchange: Exchange, view: View) -> None:
    """Buys below and sells above what it takes the asset to be worth."""
    if bot.rng.random() < 0.5:
        return
    believed = bot.near(view.worth, bot.rng.gauss(0, 0.01))
    gap = float(view.price / believed) - 1
    if abs(gap) > 0.008:
        _take(bot, exchange, view, "bid" if gap < 0 else "ask", bot.amount(0.5, 3))


def wander(bot: Bot, exchange: Exchange, view: View) -> None:
    """Puts an order anywhere near the price, and now and then takes one back."""
    if bot.account.orders and bot.rng.random() < 0.25:
        exchange.cancel(view.tick, bot.account, next(iter(bot.account.orders)))
    if bot.rng.random() < 0.35:
        side = bot.rng.choice(("bid", "ask"))
        shift = bot.rng.gauss(-0.004 if side == "bid" else 0.004, 0.008)
        price = bot.near(view.price, shift)
        exchange.place(view.tick, bot.account, side, price, bot.amount(0.1, 2))


def gamble(bot: Bot, exchange: Exchange, view: View) -> None:
    """Buys with all that it may borrow, as if prices could only rise: it goes bankrupt."""
    if view.tick >= 15 and view.tick % 3 == 0:
        quantity = (bot.account.cash / view.price * Decimal("0.4")).quantize(CENT)
        price = bot.near(view.price, 0.03)
        exchange.place(view.tick, bot.account, "bid", price, max(quantity, Decimal(8)))


def flood(bot: Bot, exchange: Exchange, view: View) -> None:
    """Sends more than it may every few ticks, far from the price, and forgets what it sent."""
    if view.tick % 7:
        return
    for order_id in list(bot.account.orders):
        exchange.cancel(view.tick, bot.account, order_id)
    for step in range(12):
        price = bot.near(view.price, -0.03 - 0.002 * step)
        exchange.place(view.tick, bot.account, "bid", price, bot.amount(0.1, 0.4))


def fumble(bot: Bot, exchange: Exchange, view: View) -> None:
    """Makes mistakes: free offers, orders of nothing, sales of what it has not."""
    if bot.rng.random() < 0.12:
        price, quantity = bot.rng.choice(
            ((Decimal(0), Decimal(1)), (view.price, Decimal(0)), (view.price, Decimal(5000)))
        )
        side = bot.rng.choice(("bid", "ask"))
        exchange.place(view.tick, bot.account, side, price, quantity)


def _take(bot: Bot, exchange: Exchange, view: View, side: str, quantity: Decimal) -> None:
    """An order that crosses the book, as far as the bot's means go; what is left is taken back."""
    price = bot.near(view.price, 0.01 if side == "bid" else -0.01)
    most = bot.account.cash / price if side == "bid" else bot.free_asset()
    quantity = min(quantity, most.quantize(CENT) - CENT)
    if quantity >= CENT:
        placed = exchange.place(view.tick, bot.account, side, price, quantity)
        if placed in bot.account.orders:
            exchange.cancel(view.tick, bot.account, str(placed))


KINDS: Mapping[str, tuple[str, Callable[[Bot, Exchange, View], None]]] = {
    "maker": ("Maker", make),
    "momentum": ("Momentum", follow),
    "value": ("Value", judge),
    "noise": ("Noise", wander),
    "gambler": ("Gambler", gamble),
    "spammer": ("Spammer", flood),
    "beginner": ("Beginner", fumble),
}
