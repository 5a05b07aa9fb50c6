"""A recorded run as the folder that the producer itself writes: log, trades, agents, summary."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.hash_chain import ChainEvent
from telemetry.families.moltmarket.ledger import Event, Ledger
from telemetry.families.moltmarket.rebuilding import restored, stored_events
from telemetry.recording.folder import writing

_AMOUNTS = ("cash_balance", "asset_balance", "equity", "pnl")
_TRADE_KEYS = {"fee": "fee_total"}


def write(connection: sa.Connection, run_id: str, folder: Path, saved_at: str) -> None:
    """Write the run into a new folder, whole or not at all.

    Raises `RecordingError` where the folder is there already or cannot be written, and where the
    chain of the run is broken.
    """
    ledger, chain = restored(connection, run_id)
    first: Mapping[str, Any] = {}
    trades = volume = fees = Decimal(0)
    with (
        _new_folder(folder) as place,
        (place / "events.jsonl").open("w", encoding="utf-8", newline="\n") as log,
        (place / "trades.jsonl").open("w", encoding="utf-8", newline="\n") as traded,
    ):
        for event, chained in stored_events(connection, run_id):
            log.write(_line(_logged(event, chained)))
            first = first or event.payload
            if event.kind == "TRADE_EXECUTED":
                told = _trade(event)
                traded.write(_line(told))
                trades += 1
                volume += Decimal(told["quantity"])
                fees += Decimal(told["fee_total"])
        agents = list(_agents(ledger))
        _put(place / "agents.json", agents)
        summary = {
            "run_id": run_id,
            "seed": first.get("seed"),
            "config": {_snake(k): v for k, v in first.get("config", {}).items()},
            "tick_count": ledger.ticks_ended,
            "agent_count": len(agents),
            "total_trades": int(trades),
            "total_volume": f"{volume:.8f}",
            "total_fees": f"{fees:.8f}",
            "final_event_hash": chain.last_hash,
            "event_count": chain.count,
            "saved_at": _time(saved_at),
        }
        _put(place / "summary.json", summary)


def _logged(event: Event, chained: ChainEvent) -> dict[str, Any]:
    return {
        "id": chained.seq + 1,
        "runId": chained.run_id,
        "tickId": event.tick,
        "eventSeq": chained.seq,
        "eventType": event.kind,
        "agentId": event.agent_id,
        "payload": event.payload,
        "prevHash": chained.prev_hash,
        "eventHash": chained.event_hash,
        "createdAt": _time(event.created_at),
    }


def _trade(event: Event) -> dict[str, Any]:
    """A trade as trades.jsonl has it: the payload in snake_case, and its tick."""
    told = {_TRADE_KEYS.get(_snake(k), _snake(k)): v for k, v in event.payload.items()}
    names = ("price", "quantity", "bid_order_id", "ask_order_id", "bid_agent_id", "ask_agent_id")
    ids = {"trade_id": told["trade_id"], "tick_id": event.tick}
    return {**ids, **{name: told[name] for name in names}, "fee_total": told["fee_total"]}


def _agents(ledger: Ledger) -> Iterator[dict[str, Any]]:
    for agent, told in ledger.standings():
        yield {
            "agent_id": agent,
            "name": told["name"],
            "status": told["status"],
            **{name: f"{told[name]:.8f}" for name in _AMOUNTS},
            "pnl_pct": f"{told['pnl_pct']:.2f}",
            "trade_count": told["trade_count"],
            "bankrupt_at_tick": told["bankrupt_at_tick"],
        }


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside the place, moved there in the end and gone where anything fails."""
    if folder.exists():
        raise RecordingError(f"Cannot write to {folder}: it is there already; choose another.")
    part = folder.with_name(f".{folder.name}.part")
    with writing(folder):
        try:
            part.mkdir(parents=True)
            yield part
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _put(path: Path, value: object) -> None:
    path.write_text(f"{json.dumps(value, ensure_ascii=False, indent=2)}\n", "utf-8")


def _line(value: object) -> str:
    return f"{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n"


def _snake(key: str) -> str:
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key)


def _time(stored: str | None) -> str | None:
    return None if stored is None else f"{stored.replace(' ', 'T')}Z"
