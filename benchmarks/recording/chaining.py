"""The bare driver of MoltMarket that is given values, and must make the JSON and the hashes too."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from typing import Any

from benchmarks.recording.bare import Bare, Part, Transactions

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def unchained(wanted: Transactions) -> Transactions:
    """The same rows, with payloads that are values and with no hashes yet."""
    return [[_unchained(part) for part in parts] for parts in wanted]


def _unchained(part: Part) -> Part:
    if part.table != "events":
        return part
    place = part.names.index("payload")
    rows = [(*row[:place], json.loads(row[place]), *row[place + 1 :]) for row in part.rows]
    return replace(part, rows=rows)


def write(driver: Bare, url: str, wanted: Transactions) -> None:
    """Chain the events, then write all rows as the driver does."""
    driver.write(url, chained(wanted))


def chained(wanted: Transactions) -> Transactions:
    """The rows with the payload as JSON, and the hash of each event after the one before it."""
    last = "GENESIS"
    found: Transactions = []
    for parts in wanted:
        ready = []
        for part in parts:
            if part.table == "events":
                rows = []
                for row in part.rows:
                    made = _made(row, last)
                    last = made[7]
                    rows.append(made)
                part = replace(part, rows=rows)
            ready.append(part)
        found.append(ready)
    return found


def _made(row: tuple[Any, ...], last: str) -> tuple[Any, ...]:
    """A row of EVENT_COLUMNS, as a bare program would make it."""
    run_id, tick, seq, kind, agent, payload, _, _, made_at = row
    event = {
        "agentId": agent, "eventSeq": seq, "eventType": kind, "payload": payload,
        "prevHash": last, "runId": run_id, "tickId": tick,
    }  # fmt: skip
    own = hashlib.sha256(_JSON(event).encode()).hexdigest()
    return (run_id, tick, seq, kind, agent, _JSON(payload), last, own, made_at)


def seconds(wanted: Transactions) -> float:
    """How long JSON and hashes take by themselves."""
    begin = time.perf_counter()
    chained(wanted)
    return time.perf_counter() - begin
