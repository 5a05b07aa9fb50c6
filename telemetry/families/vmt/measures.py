"""The VMT measures and lanes."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts import Cell
from telemetry.families.vocabulary import LaneSpec, MeasureSpec

PAIRS = ("A<->B", "A<->M", "B<->M", "M<->A", "M<->B", "B<->A")


def constant_lambda(fields: Mapping[str, Cell], config: object) -> float | None:
    """config_json.params.lambda_money, which holds for every agent of a quasilinear run."""
    params = config.get("params") if isinstance(config, dict) else None
    if not isinstance(params, dict):
        return None
    mode = fields.get("money_mode") or params.get("money_mode")
    regime = params.get("exchange_regime") or fields.get("exchange_regime")
    value = params.get("lambda_money")
    if mode != "quasilinear" or regime == "barter_only" or isinstance(value, bool):
        return None
    if params.get("money_utility_form") not in (None, "linear"):
        return None
    try:
        return float(value) if isinstance(value, int | float) else None
    except OverflowError:
        return None


def lambda_bounds(fields: Mapping[str, Cell], config: object) -> tuple[float, float] | None:
    """config_json.params.lambda_bounds: λ_min and λ_max."""
    params = config.get("params") if isinstance(config, dict) else None
    bounds = params.get("lambda_bounds") if isinstance(params, dict) else None
    found = bounds if isinstance(bounds, dict) else {}
    low, high = found.get("lambda_min"), found.get("lambda_max")
    if isinstance(low, bool) or isinstance(high, bool):
        return None
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None
    try:
        return float(low), float(high)
    except OverflowError:
        return None


def _snapshot(
    name: str, label: str, unit: str, group: str, *, default: bool = False
) -> MeasureSpec:
    return MeasureSpec(name, label, unit, group, "agent_snapshots", name, default=default)


def _update(name: str, label: str, help_text: str, mark: str = "clamp_type") -> MeasureSpec:
    return MeasureSpec(
        name,
        label,
        "utility per M",
        "λ updates",
        "lambda_updates",
        name,
        mark=mark,
        help=help_text,
    )


MEASURES = (
    MeasureSpec(
        "lambda_money",
        "λ (marginal utility of money)",
        "utility per M",
        "Money",
        "agent_snapshots",
        "lambda_money",
        constant=constant_lambda,
        default=True,
        phase="inventory_M",
        bounds=lambda_bounds,
    ),
    _snapshot("inventory_A", "Inventory A", "A", "Inventory", default=True),
    _snapshot("inventory_B", "Inventory B", "B", "Inventory", default=True),
    MeasureSpec(
        "inventory_M",
        "Inventory M (money)",
        "M",
        "Money",
        "agent_snapshots",
        "inventory_M",
        divisor="money_scale",
        evidence=("inventory_M", "lambda_money"),
        default=True,
    ),
    _snapshot("utility", "Utility", "utility", "Utility", default=True),
    _snapshot("ask_A_in_B", "Ask A in B", "B per A", "Quotes"),
    _snapshot("bid_A_in_B", "Bid A in B", "B per A", "Quotes"),
    _snapshot("p_min", "Reservation price, lowest", "B per A", "Quotes"),
    _snapshot("p_max", "Reservation price, highest", "B per A", "Quotes"),
    _snapshot("ask_A_in_M", "Ask A in M", "M per A", "Quotes in money"),
    _snapshot("bid_A_in_M", "Bid A in M", "M per A", "Quotes in money"),
    _snapshot("ask_B_in_M", "Ask B in M", "M per B", "Quotes in money"),
    _snapshot("bid_B_in_M", "Bid B in M", "M per B", "Quotes in money"),
    _snapshot("perceived_price_A", "Perceived price of A", "M per A", "Perceived prices"),
    _snapshot("perceived_price_B", "Perceived price of B", "M per B", "Perceived prices"),
    _update("lambda_old", "λ before update", "λ before the update"),
    _update("lambda_new", "λ after update", "λ after smoothing and clamping"),
    _update("lambda_hat_A", "λ̂ from A", "MU_A / perceived price of A"),
    _update("lambda_hat_B", "λ̂ from B", "MU_B / perceived price of B"),
    _update(
        "lambda_hat",
        "λ̂, ● A binds, ■ B binds",
        "min(λ̂ from A, λ̂ from B), before smoothing; the mark says whose estimate it is",
        mark="binding_good",
    ),
)

LANES = (
    LaneSpec(
        "mode",
        "Mode",
        states=("tick_states", "current_mode"),
        changes=("mode_changes", "old_mode", "new_mode"),
    ),
    LaneSpec("regime", "Regime", states=("tick_states", "exchange_regime")),
    LaneSpec("pairs", "Exchange pairs", states=("tick_states", "active_pairs"), members=PAIRS),
)
