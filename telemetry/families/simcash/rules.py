"""What the columns of the unified SimCash schema accept: whole cents, known words, no NaN.

Source: "Unified Database Architecture Exploration"; the words are the producer's.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table

from telemetry.errors import RecordingError
from telemetry.families.simcash.models.unified import Base
from telemetry.recording.checks import RowCheck
from telemetry.recording.rules import RefusedValue, Rule, choice, flag, integer, real, shown

PURPOSES = ("standalone", "initial", "bootstrap", "evaluation", "best", "final")
EXPERIMENT_TYPES = ("castro", "generic", "custom")
RUN_STATUSES = ("running", "completed", "failed")
LEVELS = ("none", "summary", "events", "full")
TRANSACTION_STATUSES = ("pending", "partially_settled", "settled", "overdue", "dropped")

#: What the recorder fills in every row that has such a column, from the run and its tick.
GIVEN = (
    "simulation_id",
    "tick",
    "day",
    "created_at",
    "snapshot_tick",
    "snapshot_day",
    "checkpoint_tick",
    "checkpoint_day",
    "checkpoint_timestamp",
)
#: What the recorder also fills in an event, and in one that is logged by itself.
OF_EVENTS = ("event_id", "event_timestamp")
OF_EVENT = (*OF_EVENTS, "details")
#: Tables whose rows are about experiments or whole runs, and are no part of a tick.
APART = (
    *("experiments", "experiment_iterations", "experiment_events"),
    *("simulation_runs", "simulations"),
)

_GIVEN_APART: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(APART, ()),
    "simulation_events": (*OF_EVENTS, *GIVEN),
}
COST_KINDS = ("liquidity", "delay", "collateral", "penalty", "split_friction", "deadline_penalty")


def cents(minimum: int | None = 0) -> Rule:
    """Money: a whole number of cents. A float is refused, also one without a fraction."""
    whole = integer(minimum)

    def check(value: object) -> object:
        if isinstance(value, bool | float):
            raise RefusedValue(f"must be integer cents, not {shown(value)}")
        return whole.check(value)

    return Rule(check, whole.plain, plain_column=whole.plain_column)


def moment() -> Rule:
    """A date and time without a zone, as every time of the family is local."""

    def check(value: object) -> object:
        if not isinstance(value, datetime) or value.tzinfo is not None:
            raise RefusedValue(f"must be a datetime without a time zone, not {shown(value)}")
        return value

    def plain_column(values: Sequence[Any]) -> bool:
        if set(map(type, values)) != {datetime}:
            return False
        return all(value.tzinfo is None for value in values)

    return Rule(
        check,
        "type({v}) is DATETIME and {v}.tzinfo is None",
        words={"DATETIME": datetime},
        plain_column=plain_column,
    )


_CENTS = cents()
_COUNT = integer(minimum=0)
_OWED = (
    "amount",
    "amount_settled",
    "unsecured_cap",
    "peak_overdraft",
    "collateral_capacity",
    "available_capacity_after",
    "settled_value",
    "total_value",
    "max_net_outflow",
    "total_cost",
    "total_cost_cents",
    "final_cost",
    "best_cost",
    "posted_collateral",
    *(f"posted_collateral_{when}" for when in ("before", "after")),
    *(f"{when}_posted_collateral" for when in ("opening", "closing", "peak")),
    *(f"{kind}_cost" for kind in COST_KINDS),
)
_EITHER_SIGN = (
    "balance",
    "balance_change",
    "balance_before",
    *(f"{which}_balance" for which in ("opening", "closing", "min", "max")),
    *(f"{kind}_cost_delta" for kind in COST_KINDS),
)
_COUNTED = (
    *("iteration", "sample_index", "num_iterations", "num_days", "position", "cycle_length"),
    *("arrival_tick", "arrival_day", "deadline_tick", "settlement_tick", "settlement_day"),
    *("overdue_since_tick", "rtgs_submission_tick", "queue1_ticks", "queue2_ticks"),
    *("total_delay_ticks", "priority", "split_index", "num_splits", "num_agents"),
    *("num_transactions", "total_size_bytes", "total_transactions", "total_settlements"),
    *("total_arrivals", "num_collateral_posts", "num_collateral_withdrawals", "num_arrivals"),
    *("num_sent", "num_received", "num_settled", "num_dropped"),
    *("queue1_peak_size", "queue1_eod_size"),
)
#: By column name: the family uses a name for the same thing in every table.
RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_OWED, _CENTS),
    **dict.fromkeys(_EITHER_SIGN, cents(None)),
    **dict.fromkeys(_COUNTED, _COUNT),
    "event_timestamp": moment(),
    **dict.fromkeys(("created_at", "completed_at", "start_time", "end_time"), moment()),
    "started_at": moment(),
    "ticks_per_day": integer(minimum=1),
    "duration_seconds": real(minimum=0.0),
    "ticks_per_second": real(minimum=0.0),
    "is_divisible": flag(),
    "converged": flag(),
    "run_purpose": choice(PURPOSES),
    "persistence_level": choice(LEVELS),
    "experiment_type": choice(EXPERIMENT_TYPES),
    "queue_type": choice(("queue1", "queue2", "rtgs")),
    "action": choice(("post", "withdraw", "hold")),
    "layer": choice(("strategic", "end_of_tick")),
    "cycle_type": choice(("bilateral", "multilateral")),
    "decision_type": choice(("submit", "hold", "drop", "split")),
    "checkpoint_type": choice(("manual", "auto", "end_of_day", "final")),
}
_STATUS_OF = {
    "transactions": choice(TRANSACTION_STATUSES),
    "simulation_runs": choice(RUN_STATUSES),
    "simulations": choice(RUN_STATUSES),
}
_CREATED_BY = {
    "policy_snapshots": choice(("init", "manual", "llm")),
}


def whole_cents(field: str, value: object) -> int:
    """The amount; raises `RecordingError` naming ``field`` where it is none, or negative."""
    try:
        return int(str(_CENTS(value)))
    except RefusedValue as refusal:
        raise RecordingError(f"{field} {refusal}.") from None


def table(name: str) -> Table:
    """The table of that name."""
    return Base.metadata.tables[name]


def _check(name: str, given: Sequence[str]) -> RowCheck:
    own = {
        column: rules[name]
        for column, rules in (("status", _STATUS_OF), ("created_by", _CREATED_BY))
        if name in rules
    }
    # Rows of a tick come by the thousand, now with these columns and now with those.
    return RowCheck(table(name), {**RULES, **own}, given=given, whole=name not in APART)


def row_checks() -> Mapping[str, RowCheck]:
    """A check for every table; of `APART` all columns are the caller's.

    They are compiled once a thread, for an experiment begins many runs.
    """
    if not hasattr(_compiled, "checks"):
        _compiled.checks = {
            name: _check(name, _GIVEN_APART.get(name, GIVEN)) for name in Base.metadata.tables
        }
        _compiled.event = _check("simulation_events", (*OF_EVENT, *GIVEN))
    found: Mapping[str, RowCheck] = _compiled.checks
    return found


def event_check() -> RowCheck:
    """A check of what a caller says of one event, beside its details."""
    row_checks()
    found: RowCheck = _compiled.event
    return found


_compiled = threading.local()
