"""The values that a SimCash recorder takes for one row of each table, named as the columns are.

Run, tick, day and times are the recorder's own. Money is integer cents; lists and mappings are
stored as JSON.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class TransactionRow(TypedDict):
    """A payment, written once: when its fate is known, or at the run's last tick."""

    tx_id: str
    sender_id: str
    receiver_id: str
    amount: int
    priority: int
    is_divisible: bool
    arrival_tick: int
    arrival_day: int
    deadline_tick: int
    settlement_tick: NotRequired[int | None]
    settlement_day: NotRequired[int | None]
    status: str
    overdue_since_tick: NotRequired[int | None]
    drop_reason: NotRequired[str | None]
    amount_settled: int
    queue1_ticks: int
    queue2_ticks: int
    total_delay_ticks: int
    delay_cost: int
    parent_tx_id: NotRequired[str | None]
    split_index: NotRequired[int | None]
    rtgs_priority: NotRequired[str | None]
    rtgs_submission_tick: NotRequired[int | None]
    declared_rtgs_priority: NotRequired[str | None]


class AgentStateRow(TypedDict):
    """One agent at the end of a tick; costs accumulate within the day, ``_delta`` is the tick's."""

    agent_id: str
    balance: int
    balance_change: int
    unsecured_cap: int
    posted_collateral: int
    liquidity_cost: int
    delay_cost: int
    collateral_cost: int
    penalty_cost: int
    split_friction_cost: int
    liquidity_cost_delta: int
    delay_cost_delta: int
    collateral_cost_delta: int
    penalty_cost_delta: int
    split_friction_cost_delta: int


class DayRow(TypedDict):
    """One agent's day, logged in its last tick; costs are the day's own."""

    agent_id: str
    opening_balance: int
    closing_balance: int
    min_balance: int
    max_balance: int
    unsecured_cap: int
    peak_overdraft: int
    opening_posted_collateral: int
    closing_posted_collateral: int
    peak_posted_collateral: int
    collateral_capacity: int
    num_collateral_posts: int
    num_collateral_withdrawals: int
    num_arrivals: int
    num_sent: int
    num_received: int
    num_settled: int
    num_dropped: int
    queue1_peak_size: int
    queue1_eod_size: int
    liquidity_cost: int
    delay_cost: int
    collateral_cost: int
    split_friction_cost: int
    deadline_penalty_cost: int
    total_cost: int


class CollateralRow(TypedDict):
    """Collateral posted or withdrawn."""

    agent_id: str
    action: str
    amount: int
    reason: str
    layer: str
    balance_before: int
    posted_collateral_before: int
    posted_collateral_after: int
    available_capacity_after: int


class DecisionRow(TypedDict):
    """What a policy decided about one transaction."""

    agent_id: str
    decision_type: str
    tx_id: str
    reason: NotRequired[str | None]
    num_splits: NotRequired[int | None]
    child_tx_ids: NotRequired[str | None]


class ModelTalk(TypedDict):
    """One question to a language model and what came of it."""

    agent_id: str
    system_prompt: str
    user_prompt: str
    raw_response: str
    parsed_policy: object
    parsing_error: str | None
    model: str
    prompt_tokens: int
    completion_tokens: int
    latency_seconds: float
