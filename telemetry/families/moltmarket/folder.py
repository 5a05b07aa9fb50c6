"""The folder that the producer writes (or its event log alone) as the tables of its database."""

from __future__ import annotations

from pathlib import Path

from telemetry.engines.literals import file_literal

EVENT_FILES = ("events.jsonl", "events.jsonl.gz")
_EVENT_COLUMNS = (
    "{id: 'BIGINT', runId: 'VARCHAR', tickId: 'BIGINT', eventSeq: 'BIGINT', eventType: 'VARCHAR', "
    "agentId: 'VARCHAR', payload: 'JSON', prevHash: 'VARCHAR', eventHash: 'VARCHAR', "
    "createdAt: 'VARCHAR'}"
)


def recognise(path: Path) -> bool:
    """A folder with events.jsonl, or a .jsonl(.gz) file whose first line is a chained event."""
    if path.is_dir():
        return any((path / name).is_file() for name in EVENT_FILES)
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
        "events": _events(events),
        "runs": _runs(summary if beside and summary.is_file() else None),
        "agents": _agents(agents if beside and agents.is_file() else None),
        "trades": _TRADES,
        "orders": _ORDERS,
    }


def _events(path: Path) -> str:
    return (
        "SELECT id, runId AS run_id, tickId AS tick_id, eventSeq AS event_seq, "
        "eventType AS event_type, agentId AS agent_id, payload, prevHash AS prev_hash, "
        "eventHash AS event_hash, createdAt AS created_at FROM read_json("
        f"{file_literal(path)}, format='newline_delimited', ignore_errors=true, "
        f"columns={_EVENT_COLUMNS}) WHERE eventSeq IS NOT NULL"
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
        + f"{first.format('RUN_STOPPED', 'e.created_at')} AS stopped_at "
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
