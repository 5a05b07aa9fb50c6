"""Events of a run: who takes part, which transactions, and the payload."""

from __future__ import annotations

import json

import sqlalchemy as sa

from telemetry.concepts import AgentId
from telemetry.families.simcash.sql import (
    Element,
    decoded,
    listed_at,
    names,
    text_at,
    whole,
)
from telemetry.families.vocabulary import AggregateSpec, Columns, ColumnSpec, SummarySpec

C = ColumnSpec
_TABLE = "simulation_events"


def taking_part(columns: Columns, agents: tuple[AgentId, ...]) -> sa.ColumnElement[bool]:
    """The row's agent, or any agent that the payload names, as a value or as a key.

    The payload is text in which an id stands between quotes, and between escaped quotes where
    JSON was encoded once more within it.
    """
    own = columns.column(_TABLE, "agent_id").in_([str(a) for a in agents])
    if not columns.has(_TABLE, "details"):
        return own
    details = sa.cast(columns.column(_TABLE, "details"), sa.Text())
    named = [names(details, text) for a in agents for text in _spellings(str(a))]
    return sa.or_(own, *named)


def _spellings(agent: str) -> list[str]:
    """How JSON writes an id: plain or with escapes, once or twice encoded."""
    found: dict[str, None] = {}
    for ascii_only in (True, False):
        once = json.dumps(agent, ensure_ascii=ascii_only)
        found[once] = None
        found[json.dumps(once, ensure_ascii=ascii_only)[1:-1]] = None
    return list(found)


def transactions_named(columns: Columns) -> Element:
    """The row's transaction, or those that the payload lists, separated by ", "."""
    own = columns.column(_TABLE, "tx_id")
    json_ = decoded(columns.column(_TABLE, "details"))
    inner = decoded(text_at(json_, "$.details_json"))
    lists = ("$.tx_ids", "$.source_transactions", "$.child_ids")
    listed = [listed_at(json_, path) for path in lists]
    single = [text_at(json_, "$.incoming_tx_id"), text_at(inner, "$.tx_id")]
    some = [sa.func.nullif(e, "") for e in (*listed, *single)]
    return sa.func.coalesce(own, *some)


def amount(columns: Columns) -> Element:
    """The amount that the payload names, in cents."""
    json_ = decoded(columns.column(_TABLE, "details"))
    paths = ("$.amount", "$.total_value", "$.offset_amount", "$.costs.total")
    texts = [text_at(json_, path) for path in paths]
    return whole(sa.func.coalesce(*texts))


COLUMNS = (
    C("simulation_id", "run", role="run", visible=False),
    C("tick", "tick", "int", role="tick"),
    C("day", "day", "int", role="day"),
    C("event_type", "event", role="event", facet=True),
    C("agent_id", "agent", role="agent", facet=True),
    C("tx_id", "transaction", role="transaction"),
    C(
        "amount",
        "amount",
        "int",
        role="amount",
        unit="cents",
        derive=amount,
        needs=("details",),
    ),
    C(
        "transactions",
        "transactions",
        role="transactions",
        derive=transactions_named,
        needs=("details", "tx_id"),
        visible=False,
        help="The row's transaction, or all that its payload lists.",
    ),
    C("event_timestamp", "written", "time", visible=False),
    C("event_id", "event id", visible=False),
    C("created_at", "created", "time", visible=False),
    C("details", "payload", "json", role="payload", visible=False),
)
SUMMARY = SummarySpec(
    "event_type",
    (
        AggregateSpec("event_count", "events", "count"),
        AggregateSpec("first_tick", "first tick", "min", "tick"),
        AggregateSpec("last_tick", "last tick", "max", "tick"),
        AggregateSpec("sum_amount", "Σ amount", "sum", "amount"),
    ),
)
