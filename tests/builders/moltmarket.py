"""Small MoltMarket recordings, written as the producer writes them: a log and its tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

RUN = "determinism-test-42"
DDL = """
CREATE TYPE "AgentStatus" AS ENUM ('active', 'bankrupt', 'inactive');
CREATE TYPE "OrderSide" AS ENUM ('bid', 'ask');
CREATE TYPE "OrderStatus" AS ENUM ('open', 'filled', 'cancelled', 'expired');
CREATE TYPE "RunStatus" AS ENUM ('created', 'running', 'stopped', 'completed');
CREATE TABLE agents (id text NOT NULL, run_id text NOT NULL, api_key_hash text NOT NULL,
    name text NOT NULL, cash_balance numeric(20,8) NOT NULL, asset_balance numeric(20,8) NOT NULL,
    status "AgentStatus" DEFAULT 'active' NOT NULL, actions_this_tick integer DEFAULT 0 NOT NULL,
    created_at timestamp(3) DEFAULT CURRENT_TIMESTAMP NOT NULL, bankrupt_at_tick bigint,
    PRIMARY KEY (run_id, id));
CREATE TABLE events (id bigserial PRIMARY KEY, run_id text NOT NULL, tick_id bigint NOT NULL,
    event_seq bigint NOT NULL, event_type text NOT NULL, agent_id text, payload jsonb NOT NULL,
    prev_hash text NOT NULL, event_hash text NOT NULL,
    created_at timestamp(3) DEFAULT CURRENT_TIMESTAMP NOT NULL);
CREATE TABLE orders (id text NOT NULL, run_id text NOT NULL, agent_id text NOT NULL,
    side "OrderSide" NOT NULL, price numeric(20,8) NOT NULL, quantity numeric(20,8) NOT NULL,
    filled_quantity numeric(20,8) DEFAULT 0 NOT NULL, status "OrderStatus" DEFAULT 'open' NOT NULL,
    tick_created bigint NOT NULL, sequence_num bigint NOT NULL,
    created_at timestamp(3) DEFAULT CURRENT_TIMESTAMP NOT NULL, PRIMARY KEY (run_id, id));
CREATE TABLE runs (id text PRIMARY KEY, seed bigint NOT NULL, scenario_version text NOT NULL,
    status "RunStatus" DEFAULT 'created' NOT NULL, config jsonb NOT NULL,
    current_tick bigint DEFAULT 0 NOT NULL, event_count bigint DEFAULT 0 NOT NULL,
    last_event_hash text DEFAULT 'GENESIS' NOT NULL,
    created_at timestamp(3) DEFAULT CURRENT_TIMESTAMP NOT NULL, started_at timestamp(3),
    stopped_at timestamp(3));
CREATE TABLE trades (id text NOT NULL, run_id text NOT NULL, tick_id bigint NOT NULL,
    price numeric(20,8) NOT NULL, quantity numeric(20,8) NOT NULL, bid_order_id text NOT NULL,
    ask_order_id text NOT NULL, bid_agent_id text NOT NULL, ask_agent_id text NOT NULL,
    fee_total numeric(20,8) NOT NULL, created_at timestamp(3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
    PRIMARY KEY (run_id, id));
"""

Event = dict[str, Any]


def chain(events: Iterable[tuple[int, str, str | None, Mapping[str, Any]]]) -> list[Event]:
    """(tick, type, agent, payload) as a chained log; payloads may hold only what JSON and
    JavaScript write alike (text, small integers), so that plain sorted JSON is the producer's."""
    prev, found = "GENESIS", []
    for seq, (tick, kind, agent, payload) in enumerate(events):
        fields = {
            "agentId": agent,
            "eventSeq": seq,
            "eventType": kind,
            "payload": payload,
            "prevHash": prev,
            "runId": RUN,
            "tickId": tick,
        }
        written = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        own = hashlib.sha256(written.encode()).hexdigest()
        found.append(
            {"id": seq + 1, **fields, "eventHash": own, "createdAt": f"2026-01-01T{seq:02}:00Z"}
        )
        prev = own
    return found


def small_market() -> list[Event]:
    """Two makers and a spender: a partial fill, a self-trade, a rejection, a bankruptcy, decay."""
    config = {"config": {"initialCash": "1000.00000000"}, "seed": 42, "scenarioVersion": "v1"}

    def enters(name: str, cash: str) -> Event:
        return {"agentId": name, "name": name, "initialCash": cash, "initialAsset": "10.00000000"}

    def places(order: str, agent: str, side: str, price: str, quantity: str) -> Event:
        return {
            "orderId": order,
            "agentId": agent,
            "side": side,
            "price": price,
            "quantity": quantity,
        }

    def trades(trade: str, bid: str, ask: str, quantity: str, buyer: str, seller: str) -> Event:
        return {
            "tradeId": trade, "price": "101.00000000", "quantity": quantity, "bidOrderId": bid,
            "askOrderId": ask, "bidAgentId": buyer, "askAgentId": seller, "fee": "0.00000003",
        }  # fmt: skip

    return chain(
        [
            (0, "RUN_CREATED", None, config),
            (0, "AGENT_CREATED", "a", enters("a", "1000.00000000")),
            (0, "AGENT_CREATED", "b", enters("b", "1000.00000000")),
            (0, "RUN_STARTED", None, {}),
            (0, "TICK_START", None, {"tickId": 0}),
            (0, "ORDER_PLACED", "a", places("o1", "a", "ask", "101.00000000", "3.00000000")),
            (0, "ORDER_PLACED", "a", places("o2", "a", "bid", "99.00000000", "1.00000000")),
            (0, "TICK_END", None, {"tickId": 0, "ordersProcessed": 2, "tradesExecuted": 0}),
            (1, "RATE_LIMIT_HIT", "b", {"agentId": "b", "actionsAttempted": 11, "limit": 10}),
            (1, "TICK_START", None, {"tickId": 1}),
            (1, "ORDER_PLACED", "b", places("o3", "b", "bid", "101.00000000", "1.00000000")),
            (1, "TRADE_EXECUTED", None, trades("t1", "o3", "o1", "1.00000000", "b", "a")),
            (1, "BALANCE_UPDATED", "b", {"agentId": "b", "cashDelta": "-101.00000002",
             "assetDelta": "1.00000000", "newCash": "898.99999998", "newAsset": "11.00000000",
             "reason": "trade_execution"}),
            (1, "BALANCE_UPDATED", "a", {"agentId": "a", "cashDelta": "100.99999999",
             "assetDelta": "-1.00000000", "newCash": "1100.99999999", "newAsset": "9.00000000",
             "reason": "trade_execution"}),
            (1, "ORDER_REJECTED", "b", {"agentId": "b", "reasonCode": "INVALID_PRICE",
             "details": "=1+1 is no price"}),
            (2, "DECAY_APPLIED", "a", {"agentId": "a", "amount": "1.00000000",
             "newCash": "1099.99999999"}),
            (2, "AGENT_BANKRUPT", "a", {"agentId": "a", "finalCash": "-1.00000000",
             "finalAsset": "9.00000000"}),
            (2, "RUN_STOPPED", None, {"reason": "completed"}),
        ]
    )  # fmt: skip


def write_log(path: Path, events: Iterable[Event]) -> Path:
    """The events as the producer's events.jsonl."""
    path.write_text("".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events))
    return path


def write_sql(events: list[Event]) -> str:
    """The producer's tables (`DDL`) with runs, events, agents and trades of `events`."""

    def text(value: object) -> str:
        return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"

    rows = [DDL]
    rows.append(
        f"INSERT INTO runs (id, seed, scenario_version, status, config, current_tick, event_count, "
        f"last_event_hash) VALUES ('{RUN}', 42, 'v1', 'completed', '{{}}', 2, {len(events)}, "
        f"'{events[-1]['eventHash']}');"
    )
    for e in events:
        values = (e["tickId"], e["eventSeq"], text(e["eventType"]), text(e["agentId"]),
                  text(json.dumps(e["payload"])),
                  text(e["prevHash"]), text(e["eventHash"]))  # fmt: skip
        rows.append(
            "INSERT INTO events (run_id, tick_id, event_seq, event_type, agent_id, payload, "
            f"prev_hash, event_hash) VALUES ('{RUN}', {', '.join(str(v) for v in values)});"
        )
        p = e["payload"]
        if e["eventType"] == "AGENT_CREATED":
            rows.append(
                "INSERT INTO agents (id, run_id, api_key_hash, name, cash_balance, asset_balance) "
                f"VALUES ('{p['agentId']}', '{RUN}', 'secret-hash', '{p['name']}', "
                f"{p['initialCash']}, {p['initialAsset']});"
            )
        if e["eventType"] == "TRADE_EXECUTED":
            rows.append(
                "INSERT INTO trades (id, run_id, tick_id, price, quantity, bid_order_id, "
                "ask_order_id, bid_agent_id, ask_agent_id, fee_total) VALUES "
                f"('{p['tradeId']}', '{RUN}', {e['tickId']}, {p['price']}, {p['quantity']}, "
                f"'{p['bidOrderId']}', '{p['askOrderId']}', '{p['bidAgentId']}', "
                f"'{p['askAgentId']}', {p['fee']});"
            )
    return "\n".join(rows)
