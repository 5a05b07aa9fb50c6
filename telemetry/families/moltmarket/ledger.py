"""What the tables beside the event log say, as the events so far leave it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import Any, NamedTuple

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.metrics import Marked, Tally

SNAPSHOT_EVERY = 5
"""How often the producer takes metrics, in ticks; it takes them at the last tick as well."""
Row = tuple[object, ...]
_METRICS = (
    "cash_balance", "asset_balance", "equity", "pnl", "pnl_pct", "max_equity", "drawdown",
    "trade_count", "order_count", "reject_count",
)  # fmt: skip
AGENT_COLUMNS = (
    "run_id", "id", "name", "cash_balance", "asset_balance", "status", "actions_this_tick",
    "created_at", "bankrupt_at_tick", "api_key_hash",
)  # fmt: skip
ORDER_COLUMNS = (
    "run_id", "id", "agent_id", "side", "price", "quantity", "filled_quantity", "status",
    "tick_created", "sequence_num", "created_at",
)  # fmt: skip
TRADE_COLUMNS = (
    "run_id", "id", "tick_id", "price", "quantity", "bid_order_id", "ask_order_id",
    "bid_agent_id", "ask_agent_id", "fee_total", "created_at",
)  # fmt: skip
SNAPSHOT_COLUMNS = ("run_id", "agent_id", "tick_id", *_METRICS, "created_at")


_of_snapshot = itemgetter(*_METRICS)


class Event(NamedTuple):
    """One event of the log; its amounts are Decimals, or text where they were read from it."""

    tick: int
    kind: str
    agent_id: str | None
    payload: Mapping[str, Any]
    created_at: str | None


@dataclass
class Changes:
    """Rows that differ from what is stored, by their id; each once, as it stands at the end."""

    new_agents: dict[str, Row] = field(default_factory=dict)
    agents: dict[str, Row] = field(default_factory=dict)
    new_orders: dict[str, Row] = field(default_factory=dict)
    orders: dict[str, Row] = field(default_factory=dict)
    trades: list[Row] = field(default_factory=list)
    snapshots: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        rows = (self.new_agents, self.agents, self.new_orders, self.orders)
        return sum(map(len, rows)) + len(self.trades) + len(self.snapshots)

    def add(self, later: Changes) -> None:
        """Take over what came after these."""
        for new, changed, more, again in (
            (self.new_agents, self.agents, later.new_agents, later.agents),
            (self.new_orders, self.orders, later.new_orders, later.orders),
        ):
            new.update(more)
            for key, row in again.items():
                (new if key in new else changed)[key] = row
        self.trades += later.trades
        self.snapshots += later.snapshots


@dataclass(slots=True)
class _Order:
    agent_id: str
    side: str
    price: Decimal
    quantity: Decimal
    tick: int
    number: int
    created_at: str | None
    filled: Decimal = Decimal(0)
    status: str = "open"
    stored: bool = False


@dataclass(slots=True)
class _Agent:
    created_at: str | None
    bankrupt_at: int | None = None
    stored: bool = False


class Ledger:
    """The state of a run, moved by one event after another with `apply`.

    What a caller would get wrong: it believes every event; ask `check` before one is written.
    Only open orders are held, so that its size follows the book and not the run.
    """

    def __init__(
        self,
        run_id: str,
        snapshot_every: int = SNAPSHOT_EVERY,
        secrets: Mapping[str, str | None] | None = None,
    ) -> None:
        """``secrets`` are hashes of keys by agent, which no event tells."""
        self.run_id = run_id
        self.snapshot_every = snapshot_every
        self.status = "created"
        self.started_at: str | None = None
        self.stopped_at: str | None = None
        self.current_tick = 0
        self.placed = self.traded = 0
        self.ticks_ended = 0
        self.within_tick = False
        self._secrets = dict(secrets or {})
        self._orders: dict[str, _Order] = {}
        self._agents: dict[str, _Agent] = {}
        self._placed_in_all = 0
        self._tally = Tally()
        self._dirty_orders: dict[str, _Order] = {}
        self._dirty_agents: dict[str, _Agent] = {}
        self._trades: list[Row] = []
        self._snapshots: list[Row] = []
        self._latest: tuple[Event, list[Marked]] | None = None
        self._taken_at: int | None = None

    def __len__(self) -> int:
        """How many rows wait for `take`."""
        waiting = len(self._dirty_orders) + len(self._dirty_agents)
        return waiting + len(self._trades) + len(self._snapshots)

    def balance(self, agent_id: str) -> tuple[Decimal, Decimal]:
        """Cash and asset of an agent; RecordingError where it never entered."""
        account = self._tally.market.accounts.get(agent_id)
        if account is None:
            raise RecordingError(f"There is no agent {agent_id!r}; log AGENT_CREATED first.")
        return account.cash, account.asset

    def keep_secret(self, agent_id: str, key_hash: str | None) -> None:
        """What the row of a new agent shall hold beside what events tell."""
        self._secrets[agent_id] = key_hash

    def has_agent(self, agent_id: str) -> bool:
        return agent_id in self._agents

    def is_bankrupt(self, agent_id: str) -> bool:
        return self._agents[agent_id].bankrupt_at is not None

    def open_order(self, order_id: str) -> tuple[str, str, Decimal] | None:
        """Agent, side and what is left of an order; None where none of that id is open."""
        order = self._orders.get(order_id)
        if order is None:
            return None
        return order.agent_id, order.side, order.quantity - order.filled

    def in_debt(self) -> str | None:
        """An agent whose cash is below zero though it was not declared bankrupt."""
        accounts = self._tally.market.accounts
        owing = (a for a in self._agents if accounts[a].cash < 0 and not self.is_bankrupt(a))
        return next(owing, None)

    def apply(self, event: Event) -> None:
        """Move on by one event."""
        _, kind, agent, payload, _ = event
        self.within_tick = kind not in _AROUND
        if kind not in _TICKS:
            self._tally.take(kind, agent, payload)
        step = _STEPS.get(kind)
        if step is not None:
            step(self, event)

    def take(self) -> Changes:
        """What has changed since the last time, as rows."""
        changes = Changes(trades=self._trades, snapshots=self._snapshots)
        self._trades, self._snapshots = [], []
        for key, agent in self._dirty_agents.items():
            (changes.agents if agent.stored else changes.new_agents)[key] = self._agent_row(key)
            agent.stored = True
        for key, order in self._dirty_orders.items():
            row = self._order_row(key, order)
            (changes.orders if order.stored else changes.new_orders)[key] = row
            order.stored = True
        self._dirty_agents, self._dirty_orders = {}, {}
        return changes

    def standings(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every agent's name, status and metrics now, in the order in which they entered."""
        for agent, _, metrics in self._tally.rows(self.current_tick):
            account = self._tally.market.accounts[str(agent)]
            known = {"name": account.name, "status": account.status}
            out = {"bankrupt_at_tick": self._agents[str(agent)].bankrupt_at}
            yield str(agent), {**known, **metrics, **out}

    def last_snapshots(self) -> list[Row]:
        """Metrics at the last tick that has ended, if they were not yet taken at it."""
        taken, self._taken_at = self._taken_at, self.current_tick
        missed = self._latest is not None and taken != self.current_tick
        return list(self._metrics()) if missed else []

    def _started(self, event: Event) -> None:
        self.status, self.started_at = "running", event.created_at

    def _stopped(self, event: Event) -> None:
        reason = event.payload["reason"]
        self._snapshots += self.last_snapshots()
        self.status = "completed" if reason == "completed" else "stopped"
        self.stopped_at, self.current_tick = event.created_at, event.tick

    def _tick_started(self, event: Event) -> None:
        self.placed = self.traded = 0

    def _tick_ended(self, event: Event) -> None:
        self.current_tick = event.tick
        self.ticks_ended += 1
        self._latest = event, self._tally.mark()
        if event.tick % self.snapshot_every == 0:
            self._snapshots += self._metrics()
            self._taken_at = event.tick

    def _metrics(self) -> Iterator[Row]:
        """A snapshot of every agent as the last tick that has ended left it."""
        event, standing = self._latest or (None, [])
        if event is None:
            return
        for marked in standing:
            told = _of_snapshot(marked.metrics())
            yield (self.run_id, marked.agent, event.tick, *told, event.created_at)

    def _entered(self, event: Event) -> None:
        name = str(event.agent_id)
        self._agents[name] = self._dirty_agents[name] = _Agent(event.created_at)

    def _changed(self, event: Event) -> None:
        name = str(event.agent_id)
        self._dirty_agents[name] = self._agents[name]

    def _broke(self, event: Event) -> None:
        name = str(event.agent_id)
        self._agents[name].bankrupt_at = event.tick
        self._changed(event)
        for order_id in [k for k, order in self._orders.items() if order.agent_id == name]:
            self._close(order_id, "cancelled")

    def _ordered(self, event: Event) -> None:
        told, key = event.payload, event.payload["orderId"]
        self._orders[key] = self._dirty_orders[key] = _Order(
            str(event.agent_id),
            told["side"],
            Decimal(told["price"]),
            Decimal(told["quantity"]),
            event.tick,
            self._placed_in_all,
            event.created_at,
        )
        self._placed_in_all += 1
        self.placed += 1

    def _cancelled(self, event: Event) -> None:
        self._close(event.payload["orderId"], "cancelled")

    def _executed(self, event: Event) -> None:
        told, quantity = event.payload, Decimal(event.payload["quantity"])
        self.traded += 1
        self._trades.append(
            (
                self.run_id, told["tradeId"], event.tick, Decimal(told["price"]), quantity,
                told["bidOrderId"], told["askOrderId"], told["bidAgentId"], told["askAgentId"],
                Decimal(told["fee"]), event.created_at,
            )
        )  # fmt: skip
        for key in (told["bidOrderId"], told["askOrderId"]):
            order = self._orders.get(key)
            if order is None:
                continue
            order.filled += quantity
            self._dirty_orders[key] = order
            if order.filled >= order.quantity:
                self._close(key, "filled")

    def _close(self, order_id: str, status: str) -> None:
        order = self._orders.pop(order_id, None)
        if order is not None:
            order.status = status
            self._dirty_orders[order_id] = order

    def _agent_row(self, key: str) -> Row:
        account, agent = self._tally.market.accounts[key], self._agents[key]
        return (
            self.run_id, key, account.name, account.cash, account.asset, account.status, 0,
            agent.created_at, agent.bankrupt_at, self._secrets.get(key),
        )  # fmt: skip

    def _order_row(self, key: str, order: _Order) -> Row:
        return (
            self.run_id, key, order.agent_id, order.side, order.price, order.quantity,
            order.filled, order.status, order.tick, order.number, order.created_at,
        )  # fmt: skip


_TICKS = frozenset({"TICK_START", "TICK_END"})
_AROUND = frozenset({"TICK_END", "RUN_CREATED"})
"""Events after which no tick is under way."""
_STEPS = {
    "RUN_STARTED": Ledger._started,
    "RUN_STOPPED": Ledger._stopped,
    "TICK_START": Ledger._tick_started,
    "TICK_END": Ledger._tick_ended,
    "AGENT_CREATED": Ledger._entered,
    "AGENT_BANKRUPT": Ledger._broke,
    "ORDER_PLACED": Ledger._ordered,
    "ORDER_CANCELLED": Ledger._cancelled,
    "TRADE_EXECUTED": Ledger._executed,
    "BALANCE_UPDATED": Ledger._changed,
    "DECAY_APPLIED": Ledger._changed,
}
