"""Metrics of every agent after each tick, rebuilt from the event log where no snapshots are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple

from telemetry.concepts import AgentId, RunId
from telemetry.families.asker import Asker
from telemetry.families.moltmarket.order_book import (
    ONE_SIDED_MID,
    UNIT,
    Account,
    Market,
    gains,
    product,
)
from telemetry.families.moltmarket.proofs import market_events

MILLIONTH = Decimal("0.000001")
Metrics = Mapping[str, Decimal | int]
Row = tuple[AgentId, int, Decimal | int]


def rebuild(name: str) -> Callable[[Asker, RunId], list[Row]]:
    """The metric `name` as (agent, tick, value), by tick; agents in the order they entered."""

    def rows(asker: Asker, run_id: RunId) -> list[Row]:
        told = after_each_tick(market_events(asker, run_id))
        return [(agent, tick, metrics[name]) for agent, tick, metrics in told]

    return rows


def after_each_tick(
    events: Iterable[tuple[int, str, str | None, Mapping[str, Any]]],
) -> Iterator[tuple[AgentId, int, Metrics]]:
    """What a snapshot of each agent would say after each tick of `events` (tick, kind, agent,
    payload), which come in their order. Highs are those of all ticks, not of some."""
    tally = Tally()
    now: int | None = None
    for tick, kind, agent, payload in events:
        if now is not None and tick != now:
            yield from tally.rows(now)
        now = tick
        tally.take(kind, agent, payload)
    if now is not None:
        yield from tally.rows(now)


class Marked(NamedTuple):
    """How an agent stood after a tick, its holdings marked at the middle of the book."""

    agent: AgentId
    account: Account
    mid: Decimal
    cash: Decimal
    asset: Decimal
    equity: Decimal
    highest: Decimal
    counts: tuple[int, ...]

    def metrics(self) -> Metrics:
        """What a snapshot says of it."""
        pnl, pnl_pct = gains(self.account, self.equity, self.mid)
        highest = self.highest
        fall = (highest - self.equity) / highest if highest > 0 else Decimal(0)
        return {
            "cash_balance": self.cash,
            "asset_balance": self.asset,
            "equity": self.equity,
            "pnl": pnl,
            "pnl_pct": pnl_pct,
            "max_equity": highest,
            "drawdown": fall.quantize(MILLIONTH, ROUND_DOWN),
            **dict(zip(_COUNTS, self.counts, strict=True)),
        }


class Tally:
    """The market, and what agents did in it so far."""

    def __init__(self) -> None:
        self.market = Market()
        self._counts = {name: Counter[str]() for name in _COUNTS}
        self._highest: dict[AgentId, Decimal] = {}

    def take(self, kind: str, agent: str | None, payload: Mapping[str, Any]) -> None:
        self.market.apply(kind, agent, payload)
        if kind == "TRADE_EXECUTED":
            trades = self._counts["trade_count"]
            for party in _parties(payload):
                trades[party] += 1
        elif agent is not None and kind in _COUNTED:
            self._counts[_COUNTED[kind]][agent] += 1

    def mark(self) -> list[Marked]:
        """How every agent stands now, at the end of a tick: highs are those of all such calls."""
        mid, highs, found = self._mid(), self._highest, []
        counts = tuple(self._counts.values())
        for agent, account in self.market.accounts.items():
            cash, asset = account.cash, account.asset
            equity = cash + product(asset, mid)
            highest = highs.get(agent, equity)
            highs[agent] = highest = max(highest, equity)
            told = tuple(count[agent] for count in counts)
            found.append(Marked(agent, account, mid, cash, asset, equity, highest, told))
        return found

    def rows(self, tick: int) -> Iterator[tuple[AgentId, int, Metrics]]:
        """A snapshot of every agent, in the order in which they entered."""
        return ((marked.agent, tick, marked.metrics()) for marked in self.mark())

    def _mid(self) -> Decimal:
        orders = self.market.orders.values()
        bid = max((order.price for order in orders if order.side == "bid"), default=None)
        ask = min((order.price for order in orders if order.side == "ask"), default=None)
        if bid is None or ask is None:
            return ONE_SIDED_MID
        return ((bid + ask) / 2).quantize(UNIT, ROUND_DOWN)


def _parties(payload: Mapping[str, Any]) -> set[str]:
    """The agents of a trade; who trades with itself has made one trade."""
    names = ("bidAgentId", "bid_agent_id", "askAgentId", "ask_agent_id")
    return {str(payload[name]) for name in names if name in payload}


_COUNTS = ("trade_count", "order_count", "reject_count")
_COUNTED = {"ORDER_PLACED": "order_count", "ORDER_REJECTED": "reject_count"}
