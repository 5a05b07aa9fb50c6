"""The exchange: accounts, a book of limit orders, matching by price and time, fees."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from telemetry.families.moltmarket.recorder import MarketRun

UNIT = Decimal("0.00000001")
LEAST = Decimal("0.01")


@dataclass
class Order:
    """A limit order; `left` is what is not yet filled."""

    id: str
    agent: str
    side: str
    price: Decimal
    left: Decimal


@dataclass
class Account:
    """What an agent holds, and which of its orders are open."""

    id: str
    name: str
    cash: Decimal
    asset: Decimal
    orders: dict[str, Order] = field(default_factory=dict)
    bankrupt: bool = False
    actions: int = 0

    def promised(self, side: str) -> Decimal:
        """What open orders of a side may take: cash for bids, asset for asks."""
        orders = [order for order in self.orders.values() if order.side == side]
        prices = (o.price if side == "bid" else Decimal(1) for o in orders)
        return sum((o.left * p for o, p in zip(orders, prices, strict=True)), Decimal(0))


def floor(amount: Decimal) -> Decimal:
    """Towards zero, to eight decimals."""
    return amount.quantize(UNIT, ROUND_DOWN)


class Exchange:
    """Takes actions, one at a time, and tells the recorder what came of each.

    What a caller would get wrong: cash may go below zero within a tick, since bids may be
    levered; `settle` then makes the agent bankrupt.
    """

    def __init__(
        self,
        run: MarketRun,
        rng: random.Random,
        *,
        fee_bps: int,
        max_actions: int,
        leverage: int,
    ) -> None:
        self.run, self._rng = run, rng
        self._fee_bps, self._max_actions, self._leverage = fee_bps, max_actions, leverage
        self.accounts: dict[str, Account] = {}
        self.book: dict[str, list[Order]] = {"bid": [], "ask": []}
        self.last_price: Decimal | None = None
        self.fees = self.decayed = Decimal(0)

    def enter(self, tick: int, name: str, cash: Decimal, asset: Decimal) -> Account:
        account = Account(self._new_id(), name, cash, asset)
        self.accounts[account.id] = account
        self.run.log_agent_created(
            tick, agent_id=account.id, name=name, initial_cash=cash, initial_asset=asset
        )
        return account

    def best(self, side: str) -> Decimal | None:
        orders = self.book[side]
        return orders[0].price if orders else None

    def mid(self) -> Decimal | None:
        """Half way between the best prices; None while a side is empty."""
        bid, ask = self.best("bid"), self.best("ask")
        return None if bid is None or ask is None else (bid + ask) / 2

    def place(
        self, tick: int, account: Account, side: str, price: Decimal, quantity: Decimal
    ) -> str | None:
        """An order, matched at once as far as it can be; its id, or None where it is refused."""
        if not self._may_act(tick, account):
            return None
        refused = self._refusal(account, side, price, quantity)
        if refused is not None:
            code, details = refused
            self.run.log_order_rejected(
                tick, agent_id=account.id, reason_code=code, details=details
            )
            return None
        order = Order(self._new_id(), account.id, side, price, quantity)
        self.run.log_order_placed(
            tick, order_id=order.id, agent_id=account.id, side=side, price=price, quantity=quantity
        )
        account.orders[order.id] = order
        self._match(tick, order)
        if order.left:
            self._rest(order)
        return order.id

    def cancel(self, tick: int, account: Account, order_id: str) -> None:
        """Take an order back; one that is no longer open is a refused action."""
        if not self._may_act(tick, account):
            return
        order = account.orders.pop(order_id, None)
        if order is None:
            self.run.log_order_rejected(
                tick,
                agent_id=account.id,
                reason_code="ORDER_NOT_FOUND",
                details="Order is not open",
            )
            return
        self.book[order.side].remove(order)
        self.run.log_order_cancelled(tick, order_id=order_id, agent_id=account.id)

    def decay(self, tick: int, bps: int) -> None:
        """Take a little of everyone's cash, so that nobody only holds it."""
        for account in self._solvent():
            amount = floor(account.cash * bps / 10_000)
            if amount > 0:
                self.run.log_decay(tick, agent_id=account.id, amount=amount)
                account.cash -= amount
                self.decayed += amount

    def settle(self, tick: int) -> None:
        """The end of the tick: whoever is below zero is out, and its orders with it."""
        for account in self._solvent():
            account.actions = 0
            if account.cash < 0:
                self.run.log_agent_bankrupt(tick, agent_id=account.id)
                account.bankrupt = True
                for order in account.orders.values():
                    self.book[order.side].remove(order)
                account.orders = {}

    def _solvent(self) -> list[Account]:
        return [account for account in self.accounts.values() if not account.bankrupt]

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _may_act(self, tick: int, account: Account) -> bool:
        account.actions += 1
        if account.actions <= self._max_actions:
            return True
        if account.actions == self._max_actions + 1:
            self.run.log_rate_limit(
                tick,
                agent_id=account.id,
                actions_attempted=account.actions,
                limit=self._max_actions,
            )
        return False

    def _refusal(
        self, account: Account, side: str, price: Decimal, quantity: Decimal
    ) -> tuple[str, str] | None:
        if price < LEAST:
            return "INVALID_PRICE", f"Price {price} is below {LEAST}"
        if quantity < LEAST:
            return "INVALID_QUANTITY", f"Quantity {quantity} is below {LEAST}"
        if side == "ask" and account.promised("ask") + quantity > account.asset:
            return "INSUFFICIENT_ASSET", f"Only {account.asset} is held"
        cost = account.promised("bid") + price * quantity
        if side == "bid" and cost > account.cash * self._leverage:
            return "INSUFFICIENT_CASH", f"Only {account.cash} is held"
        return None

    def _match(self, tick: int, order: Order) -> None:
        against = self.book["ask" if order.side == "bid" else "bid"]
        crosses: Callable[[Decimal], bool] = (
            order.price.__ge__ if order.side == "bid" else order.price.__le__
        )
        while order.left and against and crosses(against[0].price):
            other = against[0]
            quantity = min(order.left, other.left)
            bid, ask = (order, other) if order.side == "bid" else (other, order)
            self._trade(tick, bid, ask, other.price, quantity)
            if not other.left:
                against.pop(0)
                del self.accounts[other.agent].orders[other.id]
        if not order.left:
            del self.accounts[order.agent].orders[order.id]

    def _trade(self, tick: int, bid: Order, ask: Order, price: Decimal, quantity: Decimal) -> None:
        paid = floor(price * quantity)
        fee = floor(paid * self._fee_bps / 10_000)
        half = floor(fee / 2)
        self.run.log_trade(
            tick,
            trade_id=self._new_id(),
            price=price,
            quantity=quantity,
            bid_order_id=bid.id,
            ask_order_id=ask.id,
            bid_agent_id=bid.agent,
            ask_agent_id=ask.agent,
            fee=fee,
        )
        bid.left -= quantity
        ask.left -= quantity
        self._move(tick, bid.agent, -paid - half, quantity)
        self._move(tick, ask.agent, paid - half, -quantity)
        self.fees += 2 * half
        self.last_price = price

    def _move(self, tick: int, agent: str, cash: Decimal, asset: Decimal) -> None:
        account = self.accounts[agent]
        account.cash += cash
        account.asset += asset
        self.run.log_balance(tick, agent_id=agent, cash_delta=cash, asset_delta=asset)

    def _rest(self, order: Order) -> None:
        """Behind those of the same or a better price."""
        sign = -1 if order.side == "bid" else 1
        orders = self.book[order.side]
        place = next(
            (i for i, o in enumerate(orders) if sign * o.price > sign * order.price), len(orders)
        )
        orders.insert(place, order)
