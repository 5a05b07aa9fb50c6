"""A market played at random through the recorder, and what must come out of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import telemetry
from telemetry.concepts import RunId
from telemetry.families.moltmarket.recorder import MarketRun
from telemetry.queries import TableQuery
from telemetry.source import Source

UNIT = Decimal("1e-8")
DERIVED = ("agents", "orders", "trades", "metrics_snapshots")


@dataclass
class Played:
    """What was said to the recorder: the market's own books, kept apart from the recorder's."""

    said: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    cash: dict[str, Decimal] = field(default_factory=dict)
    asset: dict[str, Decimal] = field(default_factory=dict)
    bankrupt: dict[str, int] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    trades: list[dict[str, Any]] = field(default_factory=list)


class Player:
    """Plays ticks of a market whose moves follow from a seed."""

    def __init__(self, run: MarketRun, seed: int, agents: int = 4) -> None:
        self.run, self.rng, self.played = run, random.Random(seed), Played()
        self._number = 0
        for i in range(agents):
            self._enter(f"agent-{i}" if i else "ä \"'é\\\n")

    def play(self, ticks: range) -> Played:
        for tick in ticks:
            for _ in range(self.rng.randint(0, 8)):
                self.rng.choice((self._order, self._order, self._trade, self._other))(tick)
            self._break(tick)
            self.run.end_tick(tick)
        return self.played

    def _say(self, tick: int, kind: str, **values: Any) -> None:
        self.run.record(kind, tick, values)
        self.played.said.append((tick, kind, values))

    def _enter(self, name: str) -> None:
        cash, asset = self._amount(500), self._amount(100)
        told = {"agent_id": name, "name": name.upper()}
        self._say(0, "AGENT_CREATED", **told, initial_cash=cash, initial_asset=asset)
        self.played.cash[name], self.played.asset[name] = cash, asset

    def _amount(self, most: int) -> Decimal:
        digits = self.rng.choice((0, 2, 8))
        return round(Decimal(self.rng.randint(1, most * 10**8)) * UNIT, digits) + UNIT

    def _agent(self) -> str | None:
        free = [a for a in self.played.cash if a not in self.played.bankrupt]
        return self.rng.choice(free) if free else None

    def _order(self, tick: int) -> None:
        agent = self._agent()
        if agent is None:
            return
        self._number += 1
        name = f"o{self._number}"
        told = {
            "agent_id": agent,
            "side": self.rng.choice(("bid", "ask")),
            "price": self._amount(200),
            "quantity": self._amount(5),
        }
        self._say(tick, "ORDER_PLACED", order_id=name, **told)
        self.played.orders[name] = {**told, "filled": Decimal(0), "status": "open", "tick": tick}

    def _open(self, side: str | None = None) -> list[str]:
        orders = self.played.orders.items()
        return [k for k, o in orders if o["status"] == "open" and side in (None, o["side"])]

    def _trade(self, tick: int) -> None:
        bids, asks = self._open("bid"), self._open("ask")
        if not bids or not asks:
            return
        bid, ask = self.rng.choice(bids), self.rng.choice(asks)
        orders = self.played.orders
        left = min(orders[k]["quantity"] - orders[k]["filled"] for k in (bid, ask))
        seller = orders[ask]["agent_id"]
        quantity = min(left, self.rng.choice((left, self._amount(3))), self.played.asset[seller])
        if quantity <= 0:
            return
        price = orders[ask]["price"]
        self._number += 1
        told = {
            "trade_id": f"t{self._number}", "price": price, "quantity": quantity,
            "bid_order_id": bid, "ask_order_id": ask, "bid_agent_id": orders[bid]["agent_id"],
            "ask_agent_id": seller, "fee": self._amount(1),
        }  # fmt: skip
        self._say(tick, "TRADE_EXECUTED", **told)
        self.played.trades.append({**told, "tick": tick})
        paid = round(price * quantity, 8)
        for key, agent, sign in ((bid, told["bid_agent_id"], 1), (ask, seller, -1)):
            orders[key]["filled"] += quantity
            if orders[key]["filled"] == orders[key]["quantity"]:
                orders[key]["status"] = "filled"
            self._move(tick, agent, -sign * paid, sign * quantity)

    def _move(self, tick: int, agent: str, cash: Decimal, asset: Decimal) -> None:
        told = {"agent_id": agent, "cash_delta": cash, "asset_delta": asset}
        self._say(tick, "BALANCE_UPDATED", **told, reason="trade_execution")
        self.played.cash[agent] += cash
        self.played.asset[agent] += asset

    def _other(self, tick: int) -> None:
        agent = self._agent()
        if agent is None:
            return
        kind = self.rng.randrange(5)
        if kind == 0:
            told: dict[str, Any] = {"actions_attempted": 11, "limit": 10}
            self._say(tick, "RATE_LIMIT_HIT", agent_id=agent, **told)
        elif kind == 1:
            told = {"reason_code": "INVALID_PRICE", "details": "=1+1 is\tno “price” 🎲"}
            self._say(tick, "ORDER_REJECTED", agent_id=agent, **told)
        elif kind == 2:
            amount = self._amount(3)
            self._say(tick, "DECAY_APPLIED", agent_id=agent, amount=amount)
            self.played.cash[agent] -= amount
        elif kind == 3 and self._open():
            key = self.rng.choice(self._open())
            order = self.played.orders[key]
            told = {"order_id": key, "agent_id": order["agent_id"], "reason": "user_cancelled"}
            self._say(tick, "ORDER_CANCELLED", **told)
            order["status"] = "cancelled"
        else:
            params = {"b": [1.0, 1e21, 1e-7, {"10": None, "9": True}], "a": "é\u2028"}
            self._say(tick, "SCENARIO_EVENT", event_type="shock", params=params)

    def _break(self, tick: int) -> None:
        for agent, cash in self.played.cash.items():
            if cash < 0 and agent not in self.played.bankrupt:
                self._say(tick, "AGENT_BANKRUPT", agent_id=agent)
                self.played.bankrupt[agent] = tick
                for key in self._open():
                    if self.played.orders[key]["agent_id"] == agent:
                        self.played.orders[key]["status"] = "cancelled"


@contextmanager
def opened(location: str | Path) -> Iterator[Source]:
    """A source that is closed again."""
    source = telemetry.open_source(str(location))
    try:
        yield source
    finally:
        source.close()


def rows(source: Source, run_id: RunId, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """All rows of a table, as our own reader gives them; amounts as Decimal of eight places."""
    query = TableQuery(run_id, table, columns=columns or None)
    found = [row for chunk in source.stream(query) for row in chunk]
    return [tuple(_exact(v) for v in row) for row in found]


def _exact(value: Any) -> Any:
    return Decimal(f"{value:.8f}") if isinstance(value, float | Decimal) else value
