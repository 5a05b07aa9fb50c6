"""The columns of runs, states and everything but trading, as a person reads them."""

from __future__ import annotations

from telemetry.families.vmt import derived, terms
from telemetry.families.vmt.column_words import (
    RUN_SCALE,
    STATE_AT,
    C,
    good,
    key,
    money,
    optional,
    run,
    tick,
)

RUN_COLUMNS = (
    C("run_id", "run", "int", role="run"),
    C("scenario_name", "scenario", role="name"),
    C("start_time", "started", "time", role="start"),
    C("end_time", "ended", "time", role="end", visible=False),
    C("total_ticks", "ticks (run row)", "int", visible=False),
    C("num_agents", "agents", "int", role="agents"),
    C("grid_width", "grid width", "int", visible=False),
    C("grid_height", "grid height", "int", visible=False),
    C("exchange_regime", "regime (run row)", facet=True, visible=False),
    C("money_mode", "money mode", role="money_mode", facet=True),
    C("money_scale", "money scale", "int", visible=False),
    C(
        "regime_seen",
        "regime",
        role="regime",
        derive=derived.regime_at_start,
        needs=(*STATE_AT, "tick_states.exchange_regime"),
        facet=True,
        help="tick_states.exchange_regime at the first recorded tick.",
    ),
)
RUN_ROWS = (
    *RUN_COLUMNS,
    C("config_json", "configuration", "json", role="config", visible=False),
)
RUN_EXTRA = (
    C("seed", "seed", "int", role="seed", help="config_json.seed"),
    C("regime_configured", "regime (config)", visible=False, help="config_json.params."),
    C("money_mode_configured", "money mode (config)", visible=False, help="config_json.params."),
    C("status", "status", role="status", facet=True, help="finished where end_time is set"),
)

SNAPSHOTS = (
    key(),
    run(),
    tick(),
    C("agent_id", "agent", "int", role="agent"),
    C("x", "x", "int", role="x"),
    C("y", "y", "int", role="y"),
    good("inventory_A", "A", "A", "quantity"),
    good("inventory_B", "B", "B", "quantity"),
    money("inventory_M", "M", "quantity"),
    C("utility", "utility", "real", role="utility"),
    C("ask_A_in_B", "ask A in B", "real", role="quote", unit="B per A"),
    C("bid_A_in_B", "bid A in B", "real", role="quote", unit="B per A"),
    C("p_min", "p min", "real", unit="B per A"),
    C("p_max", "p max", "real", unit="B per A"),
    optional("ask_A_in_M", "ask A in M", "M per A", "quote"),
    optional("bid_A_in_M", "bid A in M", "M per A", "quote"),
    optional("ask_B_in_M", "ask B in M", "M per B", "quote"),
    optional("bid_B_in_M", "bid B in M", "M per B", "quote"),
    optional("perceived_price_A", "perceived p A", "M per A"),
    optional("perceived_price_B", "perceived p B", "M per B"),
    optional("lambda_money", "λ", "utility per M", "lambda"),
    C("lambda_changed", "λ changed", "flag", optional=True, default=0),
    C("target_agent_id", "target agent", "int", role="target_agent"),
    C("target_x", "target x", "int", role="target_x"),
    C("target_y", "target y", "int", role="target_y"),
    C("utility_type", "utility type", role="agent_kind", facet=True),
    C(
        "inventory_M_units",
        "M (units)",
        "real",
        unit="M",
        derive=derived.in_money_units("agent_snapshots", "inventory_M"),
        needs=("inventory_M", *RUN_SCALE),
        visible=False,
        optional=True,
        default=0,
    ),
)
RESOURCES = (
    key(),
    run(),
    tick(),
    C("x", "x", "int", role="x"),
    C("y", "y", "int", role="y"),
    C("resource_type", "resource", role="kind", facet=True),
    good("amount", "amount", "units", "amount"),
)
DECISIONS = (
    key(),
    run(),
    tick(),
    C("agent_id", "agent", "int", role="agent"),
    C("chosen_partner_id", "partner", "int", role="partner"),
    C("surplus_with_partner", "surplus with partner", "real"),
    C("target_type", "target", role="kind", facet=True),
    C("target_x", "target x", "int", role="target_x"),
    C("target_y", "target y", "int", role="target_y"),
    C("num_neighbors", "neighbours", "int"),
    C("alternatives", "alternatives", help="partner:surplus; …"),
    C("mode", "mode", role="mode", facet=True),
    C("claimed_resource_pos", "claimed resource"),
    C("is_paired", "paired", "flag"),
    C("is_foraging_committed", "foraging", "flag"),
)
MODE_CHANGES = (
    key(),
    run(),
    tick(),
    C("old_mode", "from", facet=True),
    C("new_mode", "to", role="mode", facet=True),
)
TICK_STATES = (
    key(),
    run(),
    tick(),
    C("current_mode", "mode", role="mode", facet=True),
    C("exchange_regime", "regime", role="regime", facet=True),
    C("active_pairs", "active pairs", "json", facet=True),
)
LAMBDA_UPDATES = (
    key(),
    run(),
    tick(),
    C("agent_id", "agent", "int", role="agent"),
    C("lambda_old", "λ before", "real", unit="utility per M"),
    C("lambda_new", "λ after", "real", unit="utility per M"),
    C("lambda_hat_A", "λ̂ A", "real", unit="utility per M"),
    C("lambda_hat_B", "λ̂ B", "real", unit="utility per M"),
    C("lambda_hat", "λ̂", "real", unit="utility per M"),
    C("clamped", "clamped", "flag", facet=True),
    C("clamp_type", "clamp", facet=True),
    C(
        "binding_good",
        "binds",
        derive=derived.binding_good,
        needs=("lambda_hat_A", "lambda_hat_B"),
        facet=True,
        help="The good whose estimate is λ̂ = min(λ̂ A, λ̂ B).",
    ),
)
PAIRINGS = (
    key(),
    run(),
    tick(),
    C("agent_i", "agent i", "int", role="agent"),
    C("agent_j", "agent j", "int", role="partner"),
    C("event", "event", role="event", facet=True),
    C("reason", "reason", role="reason", facet=True),
    C("surplus_i", "surplus i", "real"),
    C("surplus_j", "surplus j", "real"),
)
PREFERENCES = (
    key(),
    run(),
    tick(),
    C("agent_id", "agent", "int", role="agent"),
    C("partner_id", "partner", "int", role="partner"),
    C("rank", "rank", "int", facet=True),
    C("surplus", "surplus", "real"),
    C("discounted_surplus", "discounted surplus", "real"),
    C("distance", "distance", "int"),
    C("pair_type", "pair", role="pair", facet=True, words=terms.PAIRS),
)
