"""The folder that the producer writes (or its event log alone) as the tables of its database."""

from __future__ import annotations

import json
from pathlib import Path

from telemetry.engines.literals import file_literal

EVENT_FILES = ("events.jsonl", "events.jsonl.gz")
_FIELDS = {
    "id": "BIGINT", "runId": "VARCHAR", "tickId": "BIGINT", "eventSeq": "BIGINT",
    "eventType": "VARCHAR", "agentId": "VARCHAR", "payload": "JSON", "prevHash": "VARCHAR",
    "eventHash": "VARCHAR", "createdAt": "VARCHAR",
}  # fmt: skip
_LONGEST_LINE = 16_000_000
"""Bytes; longer only where the file itself is."""


def recognise(path: Path) -> bool:
    """A folder with events.jsonl (empty where a run begins), or a .jsonl(.gz) file, whose first
    line is a chained event."""
    if path.is_dir():
        there = [path / name for name in EVENT_FILES if (path / name).is_file()]
        first = _first_line(there[0]) if there else b"-"
        return not first.strip() or b'"prevHash"' in first
    if not path.name.endswith((".jsonl", ".jsonl.gz")) or not path.is_file():
        return False
    return b'"prevHash"' in _first_line(path)


def views(path: Path) -> dict[str, str]:
    """SELECT per table. Orders, trades and balances come from events where no file has them."""
    folder = path if path.is_dir() else path.parent
    events = (
        next(folder / n for n in EVENT_FILES if (folder / n).is_file()) if path.is_dir() else path
    )
    beside = path.is_dir()
    summary = folder / "summary.json"
    agents = folder / "agents.json"
    return {
        "event_lines": _lines(events),
        "events": _EVENTS,
        "runs": _runs(summary if beside and summary.is_file() else None),
        "agents": _agents(agents if beside and agents.is_file() else None),
        "trades": _TRADES,
        "orders": _ORDERS,
    }


def _lines(path: Path) -> str:
    """Each line as a struct of its fields, NULL where it is no chained event."""
    longest = max(_LONGEST_LINE, 0 if path.name.endswith(".gz") else path.stat().st_size)
    line = "ltrim(line, chr(65279))"  # a byte-order mark
    return (
        f"SELECT CASE WHEN json_valid({line}) THEN json_transform({line}, "
        f"'{json.dumps(_FIELDS)}') END AS e FROM read_csv({file_literal(path)}, "
        "columns={'line': 'VARCHAR'}, auto_detect=false, header=false, delim=E'\\x01', quote='', "
        f"escape='', null_padding=true, strict_mode=false, max_line_size={longest}, "
        f"buffer_size={2 * longest}) WHERE line IS NOT NULL"
    )


def _runs(summary: Path | None) -> str:
    """One row a run id in the log; the count and hash to verify against come from summary.json."""
    count, last = "NULL::BIGINT", "NULL::VARCHAR"
    source = ""
    if summary is not None:
        count, last = "any_value(s.event_count)::BIGINT", "any_value(s.final_event_hash)::VARCHAR"
        source = (
            f" LEFT JOIN read_json({file_literal(summary)}, columns={{run_id: 'VARCHAR', "
            "event_count: 'BIGINT', final_event_hash: 'VARCHAR'}) s ON s.run_id = e.run_id"
        )
    first = "max(CASE WHEN e.event_type = '{}' THEN {} END)"
    created = "e.payload->>'{}'"
    return (
        "SELECT e.run_id AS id, "
        + f"{first.format('RUN_CREATED', created.format('seed'))}::BIGINT AS seed, "
        + f"{first.format('RUN_CREATED', created.format('scenarioVersion'))} AS scenario_version, "
        + "CASE WHEN bool_or(e.event_type = 'RUN_STOPPED') THEN "
        + f"{first.format('RUN_STOPPED', created.format('reason'))} ELSE 'running' END AS status, "
        + f"{first.format('RUN_CREATED', created.format('config'))} AS config, "
        + "max(e.tick_id) AS current_tick, "
        + f"{count} AS event_count, {last} AS last_event_hash, "
        + f"{first.format('RUN_CREATED', 'e.created_at')} AS created_at, "
        + f"{first.format('RUN_STARTED', 'e.created_at')} AS started_at, "
        + f"{first.format('RUN_STOPPED', 'e.created_at')} AS stopped_at, "
        + "(SELECT count(*) FROM event_lines l WHERE l.e.eventSeq IS NULL) AS unread_lines "
        + f"FROM events e{source} GROUP BY e.run_id"
    )


def _agents(agents: Path | None) -> str:
    """Agents as agents.json has them, else as their last balance event left them."""
    if agents is not None:
        return (
            "SELECT a.agent_id AS id, (SELECT any_value(run_id) FROM events) AS run_id, a.name, "
            "a.status, CAST(a.cash_balance AS DECIMAL(28, 8)) AS cash_balance, "
            "CAST(a.asset_balance AS DECIMAL(28, 8)) AS asset_balance, a.bankrupt_at_tick "
            f"FROM read_json({file_literal(agents)}, columns={{agent_id: 'VARCHAR', "
            "name: 'VARCHAR', "
            "status: 'VARCHAR', cash_balance: 'VARCHAR', asset_balance: 'VARCHAR', "
            "bankrupt_at_tick: 'BIGINT'}) a"
        )
    cash = "coalesce(payload->>'newCash', payload->>'initialCash')"
    asset = "coalesce(payload->>'newAsset', payload->>'initialAsset')"
    return (
        "SELECT agent_id AS id, run_id, max(payload->>'name') AS name, "
        "CASE WHEN bool_or(event_type = 'AGENT_BANKRUPT') THEN 'bankrupt' ELSE 'active' END "
        f"AS status, CAST(arg_max({cash}, event_seq) AS DECIMAL(28, 8)) AS cash_balance, "
        f"CAST(arg_max({asset}, event_seq) AS DECIMAL(28, 8)) AS asset_balance, "
        "max(CASE WHEN event_type = 'AGENT_BANKRUPT' THEN tick_id END) AS bankrupt_at_tick "
        "FROM events WHERE event_type IN ('AGENT_CREATED', 'BALANCE_UPDATED', 'DECAY_APPLIED', "
        "'AGENT_BANKRUPT') GROUP BY agent_id, run_id"
    )


_EVENTS = (
    "SELECT e.id AS id, e.runId AS run_id, e.tickId AS tick_id, e.eventSeq AS event_seq, "
    "e.eventType AS event_type, e.agentId AS agent_id, e.payload AS payload, "
    "e.prevHash AS prev_hash, e.eventHash AS event_hash, e.createdAt AS created_at "
    "FROM event_lines WHERE e.eventSeq IS NOT NULL"
)
_TRADES = (
    "SELECT payload->>'tradeId' AS id, run_id, tick_id, "
    "CAST(payload->>'price' AS DECIMAL(28, 8)) AS price, "
    "CAST(payload->>'quantity' AS DECIMAL(28, 8)) AS quantity, "
    "payload->>'bidOrderId' AS bid_order_id, payload->>'askOrderId' AS ask_order_id, "
    "payload->>'bidAgentId' AS bid_agent_id, payload->>'askAgentId' AS ask_agent_id, "
    "CAST(payload->>'fee' AS DECIMAL(28, 8)) AS fee_total, created_at "
    "FROM events WHERE event_type = 'TRADE_EXECUTED'"
)
_ORDERS = (
    "SELECT p.payload->>'orderId' AS id, p.run_id, p.agent_id, p.payload->>'side' AS side, "
    "CAST(p.payload->>'price' AS DECIMAL(28, 8)) AS price, "
    "CAST(p.payload->>'quantity' AS DECIMAL(28, 8)) AS quantity, "
    "p.tick_id AS tick_created, p.event_seq AS sequence_num, p.created_at "
    "FROM events p WHERE p.event_type = 'ORDER_PLACED'"
)


def _first_line(path: Path) -> bytes:
    import gzip

    try:
        if path.name.endswith(".gz"):
            with gzip.open(path, "rb") as packed:
                return packed.readline(65536)
        with path.open("rb") as plain:
            return plain.readline(65536)
    except (OSError, EOFError):
        return b""
