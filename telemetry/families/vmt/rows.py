"""The values that a VMT recorder takes for one row of each table, named as the columns are.

``run_id``, ``tick`` and ``id`` are the recorder's own. What is `NotRequired` keeps the database's
default when it is left out. Quantities and money are integers (money in minor units).
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class AgentSnapshotRow(TypedDict):
    """One agent at the end of a tick; quotes are per unit, None where there is none."""

    agent_id: int
    x: int
    y: int
    inventory_A: int
    inventory_B: int
    inventory_M: NotRequired[int]
    utility: float
    ask_A_in_B: NotRequired[float | None]
    bid_A_in_B: NotRequired[float | None]
    p_min: NotRequired[float | None]
    p_max: NotRequired[float | None]
    ask_A_in_M: NotRequired[float | None]
    bid_A_in_M: NotRequired[float | None]
    ask_B_in_M: NotRequired[float | None]
    bid_B_in_M: NotRequired[float | None]
    perceived_price_A: NotRequired[float | None]
    perceived_price_B: NotRequired[float | None]
    lambda_money: NotRequired[float | None]
    lambda_changed: NotRequired[bool]
    target_agent_id: NotRequired[int | None]
    target_x: NotRequired[int | None]
    target_y: NotRequired[int | None]
    utility_type: NotRequired[str | None]


class ResourceRow(TypedDict):
    """What lies on one cell."""

    x: int
    y: int
    resource_type: str
    amount: int


class DecisionRow(TypedDict):
    """What one agent means to do; ``alternatives`` is ``partner:surplus`` joined by ``"; "``."""

    agent_id: int
    chosen_partner_id: NotRequired[int | None]
    surplus_with_partner: NotRequired[float | None]
    target_type: str
    target_x: NotRequired[int | None]
    target_y: NotRequired[int | None]
    num_neighbors: int
    alternatives: NotRequired[str | None]
    mode: NotRequired[str | None]
    claimed_resource_pos: NotRequired[str | None]
    is_paired: NotRequired[bool]
    is_foraging_committed: NotRequired[bool]


class TradeRow(TypedDict):
    """One exchange; ``price`` is dB/dA for barter, dM/dA or dM/dB for money."""

    x: int
    y: int
    buyer_id: int
    seller_id: int
    dA: int
    dB: int
    dM: NotRequired[int]
    price: float
    direction: str
    exchange_pair_type: NotRequired[str]
    buyer_lambda: NotRequired[float | None]
    seller_lambda: NotRequired[float | None]
    buyer_surplus: NotRequired[float | None]
    seller_surplus: NotRequired[float | None]


class AttemptRow(TypedDict):
    """One price and block that was tried; the final stocks are those it would have led to."""

    buyer_id: int
    seller_id: int
    direction: str
    price: float
    buyer_ask: float
    buyer_bid: float
    seller_ask: float
    seller_bid: float
    surplus: float
    dA_attempted: int
    dB_calculated: int
    buyer_A_init: int
    buyer_B_init: int
    buyer_U_init: float
    buyer_A_final: int
    buyer_B_final: int
    buyer_U_final: float
    buyer_improves: bool
    seller_A_init: int
    seller_B_init: int
    seller_U_init: float
    seller_A_final: int
    seller_B_final: int
    seller_U_final: float
    seller_improves: bool
    buyer_feasible: bool
    seller_feasible: bool
    result: str
    result_reason: str
    exchange_pair_type: NotRequired[str]
    dM_attempted: NotRequired[int]
    buyer_lambda: NotRequired[float | None]
    seller_lambda: NotRequired[float | None]
    buyer_M_init: NotRequired[int]
    seller_M_init: NotRequired[int]
    buyer_M_final: NotRequired[int]
    seller_M_final: NotRequired[int]


class LambdaUpdateRow(TypedDict):
    """One step of λ: estimates from both goods, their minimum, and the smoothed, clamped result."""

    agent_id: int
    lambda_old: float
    lambda_new: float
    lambda_hat_A: float
    lambda_hat_B: float
    lambda_hat: float
    clamped: bool
    clamp_type: NotRequired[str | None]


class PairingRow(TypedDict):
    """Two agents who agreed to meet, or gave each other up."""

    agent_i: int
    agent_j: int
    event: str
    reason: str
    surplus_i: NotRequired[float | None]
    surplus_j: NotRequired[float | None]


class PreferenceRow(TypedDict):
    """One entry of an agent's ranked list of partners; rank 0 is the best."""

    agent_id: int
    partner_id: int
    rank: int
    surplus: float
    discounted_surplus: float
    distance: int
    pair_type: NotRequired[str | None]
