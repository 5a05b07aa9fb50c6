"""The measures, lanes and flows of SimCash runs; money is in cents."""

from __future__ import annotations

from telemetry.concepts import FlowLeg
from telemetry.families.simcash.costs import KINDS
from telemetry.families.vocabulary import FlowSpec, LaneSpec, MeasureSpec

_STATES, _COSTS, _QUEUES, _DAYS = (
    "tick_agent_states",
    "costs",
    "queue_sizes",
    "daily_agent_metrics",
)


def _cents(
    name: str, label: str, group: str, table: str, column: str = "", *, default: bool = False
) -> MeasureSpec:
    return MeasureSpec(name, label, "cents", group, table, column or name, default=default)


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


MEASURES = (
    _cents("balance", "Balance", "Liquidity", _STATES, default=True),
    _cents("credit_used", "Credit used", "Liquidity", _STATES, default=True),
    _cents("unsecured_cap", "Unsecured cap", "Liquidity", _STATES),
    _cents("posted_collateral", "Posted collateral", "Liquidity", _STATES, default=True),
    _cents("balance_change", "Balance change", "Liquidity", _STATES),
    _cents("cost_so_far", "Cost, accumulated", "Costs accumulated", _COSTS, default=True),
    *(
        _cents(f"{k}_so_far", f"{_kind(k).capitalize()}, accumulated", "Costs accumulated", _COSTS)
        for k in (*KINDS, "other")
    ),
    _cents("cost", "Cost per tick", "Costs per tick", _COSTS, default=True),
    *(
        _cents(k, f"{_kind(k).capitalize()} per tick", "Costs per tick", _COSTS)
        for k in (*KINDS, "other")
    ),
    MeasureSpec("queue1", "Queue 1", "transactions", "Queues", _QUEUES, "queue1", default=True),
    MeasureSpec("queue2", "Queue 2", "transactions", "Queues", _QUEUES, "queue2"),
    _cents("queued_value", "Queued value", "Queues", _QUEUES),
    _cents("day_closing_balance", "Closing balance", "Days", _DAYS, "closing_balance"),
    _cents("day_min_balance", "Lowest balance", "Days", _DAYS, "min_balance"),
    _cents("day_peak_overdraft", "Largest overdraft", "Days", _DAYS, "peak_overdraft"),
    _cents("day_cost", "Cost of the day", "Days", _DAYS, "total_cost"),
    MeasureSpec("day_settled", "Settled in the day", "transactions", "Days", _DAYS, "num_settled"),
    MeasureSpec(
        "day_queue1", "Queue 1 at the day's end", "transactions", "Days", _DAYS, "queue1_eod_size"
    ),
)
LANES = (
    LaneSpec("day", "Day", states=("ticks", "day")),
    LaneSpec("status", "Run status", states=("ticks", "status")),
)
FLOWS = (
    FlowSpec(
        "payments", "Payments settled", "cents", "transactions",
        (FlowLeg("sender_id", "receiver_id", "amount_settled", (("settlement_tick", "!null"),)),),
        tick="settlement_tick", money=True, stock="balance",
    ),
)  # fmt: skip
