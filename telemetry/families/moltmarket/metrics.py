"""Metrics of every agent after each tick, rebuilt from the event log where no snapshots are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

from telemetry.concepts import AgentId, RunId, Standing
from telemetry.families.moltmarket.order_book import ONE_SIDED_MID, UNIT, Market
from telemetry.families.moltmarket.proofs import market_events
from telemetry.families.vocabulary import Asker

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


class Tally:
    """The market, and what agents did in it so far."""

    def __init__(self) -> None:
        self.market = Market()
        self._counts = {n: Counter[str]() for n in ("trade_count", "order_count", "reject_count")}
        self._highest: dict[AgentId, Decimal] = {}

    def take(self, kind: str, agent: str | None, payload: Mapping[str, Any]) -> None:
        self.market.apply(kind, agent, payload)
        if kind == "TRADE_EXECUTED":
            self._counts["trade_count"].update(_parties(payload))
        elif agent is not None and kind in _COUNTED:
            self._counts[_COUNTED[kind]][agent] += 1

    def rows(self, tick: int) -> Iterator[tuple[AgentId, int, Metrics]]:
        standings = {s.agent_id: s for s in self.market.standings(self._mid())}
        for agent in self.market.accounts:
            yield agent, tick, self._metrics(standings[agent])

    def _mid(self) -> Decimal:
        prices: dict[str, list[Decimal]] = {"bid": [], "ask": []}
        for order in self.market.orders.values():
            prices[order.side].append(order.price)
        if not prices["bid"] or not prices["ask"]:
            return ONE_SIDED_MID
        middle = (max(prices["bid"]) + min(prices["ask"])) / 2
        return middle.quantize(UNIT, ROUND_DOWN)

    def _metrics(self, standing: Standing) -> Metrics:
        agent = standing.agent_id
        highest = max(self._highest.get(agent, standing.equity), standing.equity)
        self._highest[agent] = highest
        fall = (highest - standing.equity) / highest if highest > 0 else Decimal(0)
        return {
            "cash_balance": standing.cash,
            "asset_balance": standing.asset,
            "equity": standing.equity,
            "pnl": standing.pnl,
            "pnl_pct": standing.pnl_pct,
            "max_equity": highest,
            "drawdown": fall.quantize(MILLIONTH, ROUND_DOWN),
            **{name: counts[str(agent)] for name, counts in self._counts.items()},
        }


def _parties(payload: Mapping[str, Any]) -> set[str]:
    """The agents of a trade; who trades with itself has made one trade."""
    names = ("bidAgentId", "bid_agent_id", "askAgentId", "ask_agent_id")
    return {str(payload[name]) for name in names if name in payload}


_COUNTED = {"ORDER_PLACED": "order_count", "ORDER_REJECTED": "reject_count"}
