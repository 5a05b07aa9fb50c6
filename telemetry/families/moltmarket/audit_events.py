"""Order-book audit rules that follow the event log once, in its order."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Fault
from telemetry.families.auditing import Auditing, Judged
from telemetry.families.moltmarket.order_book import UNIT, Market, amount_of, value_of
from telemetry.families.moltmarket.words import decode
from telemetry.frozen import Frozen
from telemetry.text import exact_text

_NAMES = ("tick_id", "event_seq", "event_type", "agent_id", "payload", "id")
Move = tuple[Decimal, Decimal]
"""What a balance update changed: cash and asset."""


class Event(Frozen):
    """One event as the rules see it."""

    tick: int
    seq: int
    kind: str
    agent: str | None
    told: Mapping[str, Any]
    key: int | str


@dataclass
class Walk:
    """A pass over the log: what each rule checked and found, and the market it leads to.

    Believes no event: the market moves on by what each says, right or wrong.
    """

    first: int
    market: Market = field(default_factory=Market)
    checked: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    found: defaultdict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    fees: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    _pending: deque[Event] = field(default_factory=deque)  # trades that wait for their balances
    _moves: list[Move] = field(default_factory=list)
    _begun: int | None = None
    _traded: int = 0

    def take(self, event: Event) -> None:
        """Judge one event, then let the market follow it."""
        step = _STEPS.get(event.kind)
        if step is not None:
            step(self, event)
        self.market.apply(event.kind, event.agent, event.told)

    def end(self) -> None:
        """The tick or the log is over: what still waits for its balances has none."""
        while self._pending:
            event = self._pending.popleft()
            self.judge(
                "trade-conserves", event, "no two balance updates follow", _sides(event.told)
            )
        self._moves = []

    def judge(self, rule: str, event: Event, problem: str, agents: tuple[str, ...] = ()) -> None:
        """Count one thing checked; "" is no problem."""
        self.checked[rule] += 1
        if not problem:
            return
        self.faults[rule] += 1
        if len(self.found[rule]) < self.first:
            named = agents or ((event.agent,) if event.agent else ())
            sentence = f"Event {event.seq} at tick {event.tick}: {problem}."
            self.found[rule].append(Fault(sentence, event.tick, named, "events", event.key))

    def _balance(self, event: Event) -> None:
        account = self.market.accounts.get(str(event.agent))
        cash, asset = amount_of(event.told, "newCash"), amount_of(event.told, "newAsset")
        if event.kind == "DECAY_APPLIED":
            gained, got = -(amount_of(event.told, "amount") or Decimal(0)), Decimal(0)
        else:
            gained = amount_of(event.told, "cashDelta") or Decimal(0)
            got = amount_of(event.told, "assetDelta") or Decimal(0)
        if self._pending and event.kind == "BALANCE_UPDATED":
            self._moves.append((gained, got))
            if len(self._moves) == 2:
                self._close_trade()
        problem = "the agent never entered"
        if account is not None:
            wrong = [
                f"{name} went from {exact_text(old)} by {exact_text(by)} to {exact_text(new)}"
                for name, old, by, new in (
                    ("cash", account.cash, gained, cash),
                    ("asset", account.asset, got, asset),
                )
                if new is not None and old + by != new
            ]
            problem = " and ".join(wrong)
        self.judge("balance-steps", event, problem)

    def _execute(self, event: Event) -> None:
        told = event.told
        self._traded += 1
        self._pending.append(event)
        price, quantity = amount_of(told, "price"), amount_of(told, "quantity")
        self.quantity += quantity or 0
        self.fees += amount_of(told, "fee") or amount_of(told, "feeTotal") or 0
        wrong = []
        for side in ("bid", "ask"):
            order = self.market.orders.get(str(value_of(told, f"{side}OrderId")))
            if order is None:
                wrong.append(f"the {side} order is not open")
                continue
            if order.agent_id != value_of(told, f"{side}AgentId"):
                wrong.append(f"the {side} order is not its agent's")
            if quantity is not None and quantity > order.left:
                left = exact_text(order.left)
                wrong.append(f"{exact_text(quantity)} were traded, {left} of the {side} were left")
            beyond = price is not None and (
                price > order.price if side == "bid" else price < order.price
            )
            if beyond:
                wrong.append(
                    f"price {exact_text(price)} is beyond the {side}'s {exact_text(order.price)}"
                )
        self.judge("trade-in-book", event, "; ".join(wrong), _sides(told))

    def _close_trade(self) -> None:
        """The buyer's and the seller's update of the trade that has waited longest are here."""
        event, moves = self._pending.popleft(), self._moves
        self._moves = []
        told = event.told
        fee = amount_of(told, "fee") or amount_of(told, "feeTotal") or Decimal(0)
        cash, asset = (moves[0][n] + moves[1][n] for n in (0, 1))
        wrong = []
        if abs(cash + fee) > UNIT:
            wrong.append(
                f"cash changed by {exact_text(cash)} in all for a fee of {exact_text(fee)}"
            )
        if asset != 0:
            wrong.append(f"the asset changed by {exact_text(asset)} in all")
        wrong += _buyer(told, moves, fee)
        self.judge("trade-conserves", event, " and ".join(wrong), _sides(told))

    def _start(self, event: Event) -> None:
        problem = "" if self._begun is None else f"tick {self._begun} did not end before"
        self.judge("ticks-complete", event, problem)
        self._begun, self._traded = event.tick, 0

    def _finish(self, event: Event) -> None:
        told = amount_of(event.told, "tradesExecuted")
        problem = "" if self._begun == event.tick else f"tick {event.tick} never started"
        if not problem and told is not None and told != self._traded:
            problem = f"tradesExecuted is {exact_text(told)}, the tick has {self._traded} trades"
        self.judge("ticks-complete", event, problem)
        self._begun = None
        self.end()


def _sides(told: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(value_of(told, f"{side}AgentId")) for side in ("bid", "ask"))


def _buyer(told: Mapping[str, Any], moves: list[Move], fee: Decimal) -> list[str]:
    """What is wrong with the buyer's change: the quantity, for price · quantity and half a fee."""
    price, quantity = amount_of(told, "price"), amount_of(told, "quantity")
    paid, got = -moves[0][0], moves[0][1]
    if price is None or quantity is None:
        return ["price or quantity is missing"]
    wrong = (
        [] if got == quantity else [f"the buyer got {exact_text(got)} of {exact_text(quantity)}"]
    )
    if abs(paid - price * quantity - fee / 2) > 2 * UNIT:
        wrong.append(
            f"the buyer paid {exact_text(paid)} for {exact_text(quantity)} at {exact_text(price)}"
        )
    return wrong


_STEPS: dict[str, Callable[[Walk, Event], None]] = {
    "BALANCE_UPDATED": Walk._balance,
    "DECAY_APPLIED": Walk._balance,
    "TRADE_EXECUTED": Walk._execute,
    "TICK_START": Walk._start,
    "TICK_END": Walk._finish,
}


def walked(audit: Auditing) -> Walk:
    """The pass over the run's log, made once for all rules."""
    walk: Walk = audit.once("walk", lambda: _walk(audit))
    return walk


def _walk(audit: Auditing) -> Walk:
    ask = audit.asker
    walk = Walk(audit.first)
    statement = (
        sa.select(*(ask.column("events", n) for n in _NAMES))
        .where(ask.column("events", "run_id") == audit.run_id)
        .order_by(ask.column("events", "event_seq"))
    )
    done, total = 0, audit.fields.get("event_count")
    for chunk in ask.chunks(statement):
        for tick, seq, kind, agent, payload, key in chunk:
            walk.take(Event(tick, seq, kind, agent, _told(payload), key))
        done += len(chunk)
        ask.token.report(done, total if isinstance(total, int) else None, "events")
    walk.end()
    return walk


def _told(payload: Any) -> Mapping[str, Any]:
    try:
        found = decode(payload)
    except RecursionError:  # none that a rule looks at is nested
        return {}
    return found if isinstance(found, dict) else {}


def rule(name: str) -> Callable[[Auditing], Judged]:
    """What the pass found for one rule."""

    def judge(audit: Auditing) -> Judged:
        lacks = audit.lacking("events", "event_type", "payload")
        if lacks:
            return Judged(unjudged=lacks)
        walk = walked(audit)
        if not walk.checked[name]:
            return Judged(unjudged="nothing to judge: no event of this kind in the run")
        return Judged(walk.checked[name], walk.faults[name], tuple(walk.found[name]))

    return judge
