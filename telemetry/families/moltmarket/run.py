"""One market run being written: what may be said of it, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.event_store import EventStore
from telemetry.families.moltmarket.ledger import Event, Ledger
from telemetry.families.moltmarket.payloads import payload_of
from telemetry.families.moltmarket.rules import (
    OWN,
    Payload,
    check_event,
    in_range,
    key_hash,
)
from telemetry.recording.rules import RefusedValue
from telemetry.recording.run import COMPLETED, RunRecorder

Amount = Decimal | int | str
"""Exact, with at most eight decimals; a float is refused by the name of its field."""
Now = Callable[[], str]
_BEFORE_START = frozenset({"AGENT_CREATED", "RATE_LIMIT_HIT", "SCENARIO_EVENT"})
"""What may be said before its tick starts; any other event starts it."""


class MarketRun(RunRecorder[str]):
    """One market run being written; every ``log_…`` adds one event to its chained log.

    RUN_STARTED, TICK_START, TICK_END and RUN_STOPPED are written by themselves. What a caller
    would get wrong: an exception leaves the run ``running``, to be resumed; `stop` ends it early.
    """

    def __init__(
        self, run_id: str, store: EventStore, ledger: Ledger, *, now: Now, limit: Decimal
    ) -> None:
        """``now`` tells the time as it is stored; amounts must stay below ``limit``."""
        super().__init__(store, run_id, {}, finalise=self._end_run, tick_column="tick_id")
        self._store, self._ledger, self._now, self._limit = store, ledger, now, limit
        self._begun: int | None = None
        self._reason = COMPLETED

    def begin_tick(self, tick: int) -> None:
        """Write TICK_START now; without this call the first event that needs it writes it."""
        if tick != self._tick:
            self._enter_tick(tick)
        self._begin(tick)

    def log_agent_created(
        self,
        tick: int,
        *,
        agent_id: str,
        name: str,
        initial_cash: Amount,
        initial_asset: Amount,
        api_key_hash: str | None = None,
    ) -> None:
        """An agent enters. The SHA-256 of its key goes into the agent's row alone: no event, no
        error and no screen ever tells it."""
        if api_key_hash is not None:
            try:
                key_hash()(api_key_hash)
            except RefusedValue as refusal:
                raise RecordingError(f"agents.api_key_hash {refusal}.") from None
        told = {"agent_id": agent_id, "name": name}
        cash = {"initial_cash": initial_cash, "initial_asset": initial_asset}
        self.record("AGENT_CREATED", tick, {**told, **cash})
        self._ledger.keep_secret(agent_id, api_key_hash)

    def log_agent_bankrupt(self, tick: int, *, agent_id: str) -> None:
        """The agent is out, with what it holds now; its open orders are cancelled."""
        self.record("AGENT_BANKRUPT", tick, {"agent_id": agent_id})

    def log_order_placed(
        self,
        tick: int,
        *,
        order_id: str,
        agent_id: str,
        side: str,
        price: Amount,
        quantity: Amount,
    ) -> None:
        """A limit order (``bid`` or ``ask``) enters the book; price and quantity above zero."""
        told = {"order_id": order_id, "agent_id": agent_id, "side": side}
        self.record("ORDER_PLACED", tick, {**told, "price": price, "quantity": quantity})

    def log_order_cancelled(
        self, tick: int, *, order_id: str, agent_id: str, reason: str = "user_cancelled"
    ) -> None:
        """What is left of an open order leaves the book."""
        told = {"order_id": order_id, "agent_id": agent_id, "reason": reason}
        self.record("ORDER_CANCELLED", tick, told)

    def log_order_rejected(
        self, tick: int, *, agent_id: str, reason_code: str, details: str
    ) -> None:
        """An action was refused: this family's failed attempts."""
        told = {"agent_id": agent_id, "reason_code": reason_code, "details": details}
        self.record("ORDER_REJECTED", tick, told)

    def log_trade(
        self,
        tick: int,
        *,
        trade_id: str,
        price: Amount,
        quantity: Amount,
        bid_order_id: str,
        ask_order_id: str,
        bid_agent_id: str,
        ask_agent_id: str,
        fee: Amount,
    ) -> None:
        """Two open orders meet; one agent may have made both. Balances are logged by themselves."""
        told = {"trade_id": trade_id, "price": price, "quantity": quantity, "fee": fee}
        orders = {"bid_order_id": bid_order_id, "ask_order_id": ask_order_id}
        agents = {"bid_agent_id": bid_agent_id, "ask_agent_id": ask_agent_id}
        self.record("TRADE_EXECUTED", tick, {**told, **orders, **agents})

    def log_balance(
        self,
        tick: int,
        *,
        agent_id: str,
        cash_delta: Amount,
        asset_delta: Amount,
        reason: str = "trade_execution",
    ) -> None:
        """Cash and asset change by this much; the new balances follow."""
        told = {"agent_id": agent_id, "reason": reason}
        self.record(
            "BALANCE_UPDATED",
            tick,
            {**told, "cash_delta": cash_delta, "asset_delta": asset_delta},
        )

    def log_decay(self, tick: int, *, agent_id: str, amount: Amount) -> None:
        """Cash that is taken from an agent for holding it."""
        self.record("DECAY_APPLIED", tick, {"agent_id": agent_id, "amount": amount})

    def log_rate_limit(
        self, tick: int, *, agent_id: str, actions_attempted: int, limit: int
    ) -> None:
        """An agent tried more in a tick than it may."""
        told = {"agent_id": agent_id, "actions_attempted": actions_attempted, "limit": limit}
        self.record("RATE_LIMIT_HIT", tick, told)

    def log_scenario_event(
        self, tick: int, *, event_type: str, params: Mapping[str, object]
    ) -> None:
        """Something that the scenario does to the market; ``params`` are plain JSON values."""
        self.record("SCENARIO_EVENT", tick, {"event_type": event_type, "params": params})

    def record(self, kind: str, tick: int, values: Mapping[str, object]) -> None:
        """Add one event of this type, its fields as the document names them (snake_case).

        Raises `RecordingError` naming ``TYPE.field``; then the rest of the tick is as it was.
        """
        if kind in OWN:
            raise RecordingError(f"{kind} is written by the recorder itself.")
        payload = payload_of(kind, values, self._limit)
        agent = payload.get("agentId")
        self._follow(kind, agent, payload)
        if tick != self._tick:
            self._enter_tick(tick)
        if tick != self._begun and kind not in _BEFORE_START:
            self._begin(tick)
        self._append(tick, kind, agent, payload)

    def record_columns(
        self, table: str, tick: int, columns: Mapping[str, Sequence[object]]
    ) -> None:
        """Refused: each event is chained to the one before it, so they come one by one."""
        raise RecordingError(f"{table} takes one event at a time; call record.")

    def end_tick(self, tick: int) -> None:
        """Write TICK_END and commit: when this returns, the tick is in the database, come what may.

        Refused, and the tick left open, while an agent without cash was not declared bankrupt.
        """
        if tick != self._tick:
            self._enter_tick(tick)
        debtor = self._ledger.in_debt()
        if debtor is not None:
            cash = self._ledger.balance(debtor)[0]
            raise RecordingError(
                f"agents.cash_balance of {debtor} is {cash} at the end of tick {tick}; log it as "
                "bankrupt before the tick ends."
            )
        self._begin(tick)
        counts = {"ordersProcessed": self._ledger.placed, "tradesExecuted": self._ledger.traded}
        self._append(tick, "TICK_END", None, {"tickId": tick, **counts})
        super().end_tick(tick)

    def stop(self, reason: str) -> None:
        """End the run before its time, for a reason that its last event tells."""
        self._reason = str(check_event("RUN_STOPPED", {"reason": reason}, self._limit)["reason"])
        self.finish()

    def _begin(self, tick: int) -> None:
        if self._begun == tick:
            return
        if self._ledger.started_at is None:
            self._append(tick, "RUN_STARTED", None, {})
        self._append(tick, "TICK_START", None, {"tickId": tick})
        self._begun = tick

    def _end_run(self, ticks: int) -> None:
        """RUN_STOPPED, one tick after the last, with the metrics of the last."""
        after = 0 if self.last_tick is None else self.last_tick + 1
        self._append(after, "RUN_STOPPED", None, {"reason": self._reason})
        self._store.end_tick()
        self._store.commit_ended()

    def _append(self, tick: int, kind: str, agent: str | None, payload: Payload) -> None:
        try:
            self._store.append(Event(tick, kind, agent, payload, self._now()))
        except BaseException:
            self._stop()
            raise

    def _follow(self, kind: str, agent: str | None, payload: Payload) -> None:
        """Refuse what cannot follow from the events so far, and fill in what does."""
        if kind == "AGENT_CREATED":
            if self._ledger.has_agent(str(agent)):
                raise RecordingError(f"AGENT_CREATED.agent_id {agent!r} is in the run already.")
            return
        if agent is not None:
            self._ledger.balance(agent)
        step = _FOLLOWING.get(kind)
        if step is not None:
            step(self, payload)

    def _follow_order(self, payload: Payload) -> None:
        if self._ledger.open_order(payload["orderId"]) is not None:
            raise RecordingError(f"ORDER_PLACED.order_id {payload['orderId']!r} is open already.")
        if self._ledger.is_bankrupt(payload["agentId"]):
            raise RecordingError(f"ORDER_PLACED.agent_id {payload['agentId']!r} is bankrupt.")

    def _follow_cancel(self, payload: Payload) -> None:
        self._open("ORDER_CANCELLED.order_id", payload["orderId"], payload["agentId"])

    def _follow_trade(self, payload: Payload) -> None:
        for side in ("bid", "ask"):
            name = f"TRADE_EXECUTED.{side}_order_id"
            found, left = self._open(name, payload[f"{side}OrderId"], payload[f"{side}AgentId"])
            if found != side:
                raise RecordingError(f"{name} {payload[f'{side}OrderId']!r} is no {side}.")
            if payload["quantity"] > left:
                raise RecordingError(
                    f"TRADE_EXECUTED.quantity must be at most {left}, which is left of order "
                    f"{payload[f'{side}OrderId']!r}, not {payload['quantity']}."
                )

    def _open(self, name: str, order_id: str, agent_id: str) -> tuple[str, Decimal]:
        found = self._ledger.open_order(order_id)
        if found is None:
            raise RecordingError(f"{name} {order_id!r} is not open.")
        if found[0] != agent_id:
            raise RecordingError(f"{name} {order_id!r} is an order of {found[0]!r}.")
        return found[1], found[2]

    def _follow_balance(self, payload: Payload) -> None:
        cash, asset = self._ledger.balance(payload["agentId"])
        self._state("BALANCE_UPDATED.new_cash", "newCash", payload, cash + payload["cashDelta"])
        left = asset + payload["assetDelta"]
        self._state("BALANCE_UPDATED.new_asset", "newAsset", payload, left)
        if left < 0:
            raise RecordingError(f"BALANCE_UPDATED.new_asset must be 0 or more, not {left}.")

    def _follow_decay(self, payload: Payload) -> None:
        cash, _ = self._ledger.balance(payload["agentId"])
        self._state("DECAY_APPLIED.new_cash", "newCash", payload, cash - payload["amount"])

    def _follow_bankruptcy(self, payload: Payload) -> None:
        if self._ledger.is_bankrupt(payload["agentId"]):
            raise RecordingError(f"AGENT_BANKRUPT.agent_id {payload['agentId']!r} is bankrupt.")
        cash, asset = self._ledger.balance(payload["agentId"])
        self._state("AGENT_BANKRUPT.final_cash", "finalCash", payload, cash)
        self._state("AGENT_BANKRUPT.final_asset", "finalAsset", payload, asset)

    def _state(self, name: str, key: str, payload: Payload, follows: Decimal) -> None:
        """Set what follows from the events, or refuse what was given against it."""
        if payload.setdefault(key, in_range(name, follows, self._limit)) != follows:
            raise RecordingError(f"{name} must be {follows}, as the events so far make it.")


_FOLLOWING: Mapping[str, Callable[[MarketRun, Payload], None]] = {
    "ORDER_PLACED": MarketRun._follow_order,
    "ORDER_CANCELLED": MarketRun._follow_cancel,
    "TRADE_EXECUTED": MarketRun._follow_trade,
    "BALANCE_UPDATED": MarketRun._follow_balance,
    "DECAY_APPLIED": MarketRun._follow_decay,
    "AGENT_BANKRUPT": MarketRun._follow_bankruptcy,
}
