"""The order book and the standings after a tick, rebuilt from the event log alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from telemetry.concepts import Level, OrderBook, Standing
from telemetry.errors import SourceError
from telemetry.text import one_line

UNIT = Decimal("0.00000001")
CENT = Decimal("0.01")
ONE_SIDED_MID = Decimal("100.00000000")
"""What the producer marks holdings at while the book has only one side."""


@dataclass(slots=True)
class Order:
    """An order that is still open; `left` is what is not yet filled."""

    agent_id: str
    side: str
    price: Decimal
    left: Decimal


@dataclass(slots=True)
class Account:
    """An agent's holdings now and at the start."""

    name: str
    cash: Decimal
    asset: Decimal
    initial_cash: Decimal
    initial_asset: Decimal
    status: str = "active"


@dataclass
class Market:
    """The state that events lead to; feed them in their order with `apply`."""

    orders: dict[str, Order] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    last_price: Decimal | None = None
    trades: int = 0
    volume: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)

    def apply(self, kind: str, agent_id: str | None, payload: Mapping[str, Any]) -> None:
        """One event; kinds that change nothing here are passed over.

        SourceError where its payload lacks what the kind has, since nothing follows from there on.
        """
        step = _STEPS.get(kind)
        if step is None:
            return
        try:
            step(self, payload, _agent(payload, agent_id))
        except (ArithmeticError, KeyError, TypeError):
            whose = one_line(_agent(payload, agent_id), limit=60)
            raise SourceError(
                f"A payload of {kind} (agent {whose}) tells no amount that can be read, so what "
                "follows from the events is unknown; look for it in the events."
            ) from None

    def levels(self, side: str) -> list[Level]:
        """All price levels of "bid" or "ask", best first."""
        found: dict[Decimal, tuple[Decimal, int]] = {}
        for order in self.orders.values():
            if order.side == side:
                quantity, count = found.get(order.price, (Decimal(0), 0))
                found[order.price] = (quantity + order.left, count + 1)
        best_first = sorted(found, reverse=side == "bid")
        return [Level(price, *found[price]) for price in best_first]

    def book(self, tick: int, levels: int) -> OrderBook:
        """The best `levels` of each side and everyone's standing after `tick`."""
        bids, asks = self.levels("bid"), self.levels("ask")
        mid = spread = None
        if bids and asks:
            mid = ((bids[0].price + asks[0].price) / 2).quantize(UNIT, ROUND_DOWN)
            spread = asks[0].price - bids[0].price
        notes = []
        if mid is None:
            notes.append(f"The book is one-sided: holdings are marked at {ONE_SIDED_MID}.")
        standings = self.standings(ONE_SIDED_MID if mid is None else mid)
        cut = max(len(bids), len(asks)) - levels
        if cut > 0:
            notes.append(f"The best {levels} of up to {levels + cut} price levels are shown.")
        return OrderBook(
            tick,
            tuple(bids[:levels]),
            tuple(asks[:levels]),
            mid,
            spread,
            self.last_price,
            tuple(standings),
            tuple(notes),
        )

    def standings(self, mid: Decimal) -> list[Standing]:
        """PnL is equity less the *initial* holdings at the same `mid`, as the producer has it."""
        marked = []
        for agent_id, account in self.accounts.items():
            equity = account.cash + product(account.asset, mid)
            marked.append((agent_id, account, equity, *gains(account, equity, mid)))
        marked.sort(key=lambda m: -m[2])
        return [
            Standing(i + 1, agent_id, a.name, a.status, a.cash, a.asset, equity, pnl, pct)
            for i, (agent_id, a, equity, pnl, pct) in enumerate(marked)
        ]

    def _created(self, payload: Mapping[str, Any], agent: str) -> None:
        cash = _exact(_get(payload, "initialCash"))
        asset = _exact(_get(payload, "initialAsset"))
        self.accounts[agent] = Account(str(payload.get("name", agent)), cash, asset, cash, asset)

    def _placed(self, payload: Mapping[str, Any], agent: str) -> None:
        price, quantity = _exact(payload["price"]), _exact(payload["quantity"])
        order = Order(agent, str(payload["side"]), price, quantity)
        self.orders[str(_get(payload, "orderId"))] = order

    def _cancelled(self, payload: Mapping[str, Any], agent: str) -> None:
        self.orders.pop(str(_get(payload, "orderId")), None)

    def _traded(self, payload: Mapping[str, Any], agent: str) -> None:
        quantity = _exact(payload["quantity"])
        self.last_price = _exact(payload["price"])
        self.trades += 1
        self.volume += quantity
        self.fees += _exact(payload.get("fee", payload.get("feeTotal", 0)))
        for side in ("bidOrderId", "askOrderId"):
            name = str(_get(payload, side))
            order = self.orders.get(name)
            if order is not None:
                order.left -= quantity
                if order.left <= 0:
                    del self.orders[name]

    def _balance(self, payload: Mapping[str, Any], agent: str) -> None:
        account = self.accounts.get(agent)
        if account is not None:
            account.cash = _exact(_get(payload, "newCash"))
            asset = _get(payload, "newAsset")
            if asset is not None:
                account.asset = _exact(asset)

    def _bankrupt(self, payload: Mapping[str, Any], agent: str) -> None:
        """Cancels all of the agent's orders, though the log names none of them."""
        self.orders = {k: o for k, o in self.orders.items() if o.agent_id != agent}
        if agent in self.accounts:
            self.accounts[agent].status = "bankrupt"


_STEPS = {
    "AGENT_CREATED": Market._created,
    "ORDER_PLACED": Market._placed,
    "ORDER_CANCELLED": Market._cancelled,
    "TRADE_EXECUTED": Market._traded,
    "BALANCE_UPDATED": Market._balance,
    "DECAY_APPLIED": Market._balance,
    "AGENT_BANKRUPT": Market._bankrupt,
}


def replay(events: Iterable[tuple[str, str | None, Mapping[str, Any]]]) -> Market:
    """The market after `events` (kind, agent, payload), which must come in their order."""
    market = Market()
    for kind, agent_id, payload in events:
        market.apply(kind, agent_id, payload)
    return market


def product(quantity: Decimal, price: Decimal) -> Decimal:
    """What so much is worth, cut to eight decimals as the producer does."""
    return (quantity * price).quantize(UNIT, ROUND_DOWN)


def gains(account: Account, equity: Decimal, mid: Decimal) -> tuple[Decimal, Decimal]:
    """PnL of an agent with this equity, in cash and in percent of its initial holdings."""
    initial = account.initial_cash + product(account.initial_asset, mid)
    pnl = equity - initial
    return pnl, (pnl / initial * 100).quantize(CENT, ROUND_DOWN) + 0 if initial else Decimal(0)


def _exact(value: Any) -> Decimal:
    """A payload's amount: text, or a number where somebody else wrote it."""
    return value if type(value) is Decimal else Decimal(str(value))


def _get(payload: Mapping[str, Any], name: str) -> Any:
    """A payload's value under its camelCase key, or the snake_case one of the document."""
    if name in payload:
        return payload[name]
    return payload.get("".join("_" + c.lower() if c.isupper() else c for c in name))


def value_of(payload: Mapping[str, Any], name: str) -> Any:
    """A payload's value under its camelCase key, or the snake_case one of the document."""
    return _get(payload, name)


def amount_of(payload: Mapping[str, Any], name: str) -> Decimal | None:
    """A payload's exact amount; None where it has none of that name."""
    found = _get(payload, name)
    return None if found is None else _exact(found)


def _agent(payload: Mapping[str, Any], agent_id: str | None) -> str:
    return str(agent_id if agent_id is not None else _get(payload, "agentId"))
