"""The VMT tables as a person reads them: labels, units, roles, and the derived columns."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa

from telemetry.families.vmt import derived, models, sentences, terms
from telemetry.families.vmt.verdicts import explain_attempt
from telemetry.families.vocabulary import AggregateSpec, ColumnSpec, SummarySpec, TableSpec

C = ColumnSpec
_STATE_AT = ("tick_states.run_id", "tick_states.tick")
_RUN_SCALE = ("run_id", "simulation_runs.run_id", "simulation_runs.money_scale")


def _key() -> ColumnSpec:
    return C("id", "id", "int", role="key", visible=False, help="Row id of the table.")


def _run() -> ColumnSpec:
    return C("run_id", "run", "int", role="run", visible=False)


def _tick() -> ColumnSpec:
    return C("tick", "tick", "int", role="tick")


def _good(name: str, label: str, unit: str, role: str | None = None) -> ColumnSpec:
    return C(name, label, "int", role=role, unit=unit, scale="goods")


def _money(name: str, label: str, role: str | None = None, *, visible: bool = True) -> ColumnSpec:
    return C(
        name, label, "int", role=role, unit="M minor", optional=True, default=0, visible=visible
    )


def _optional(
    name: str, label: str, unit: str | None = None, role: str | None = None
) -> ColumnSpec:
    return C(name, label, "real", role=role, unit=unit, optional=True)


def _mode_and_regime(table: str) -> tuple[ColumnSpec, ColumnSpec]:
    return (
        C(
            "mode",
            "mode",
            role="mode",
            derive=derived.mode_at_tick(table),
            needs=("run_id", "tick", "tick_states.current_mode|mode_changes.new_mode"),
            facet=True,
            help="Mode of the row's tick, from tick_states or else mode_changes.",
        ),
        C(
            "regime",
            "regime",
            role="regime",
            derive=derived.regime_at_tick(table),
            needs=("run_id", "tick", *_STATE_AT, "tick_states.exchange_regime"),
            facet=True,
            help="Exchange regime of the row's tick, from tick_states.",
        ),
    )


def _pair(table: str, a: str, b: str, m: str) -> ColumnSpec:
    return C(
        "pair_type",
        "pair",
        role="pair",
        derive=derived.pair_type(table, a, b, m),
        needs=(a, b),
        facet=True,
        help="What changed hands, told by the amounts (else by exchange_pair_type).",
        words=terms.PAIRS,
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
        needs=(*_STATE_AT, "tick_states.exchange_regime"),
        facet=True,
        help="tick_states.exchange_regime at the first recorded tick.",
    ),
)
RUN_EXTRA = (
    C("seed", "seed", "int", role="seed", help="config_json.seed"),
    C("regime_configured", "regime (config)", visible=False, help="config_json.params."),
    C("money_mode_configured", "money mode (config)", visible=False, help="config_json.params."),
    C("status", "status", role="status", facet=True, help="finished where end_time is set"),
)

SNAPSHOTS = (
    _key(),
    _run(),
    _tick(),
    C("agent_id", "agent", "int", role="agent"),
    C("x", "x", "int", role="x"),
    C("y", "y", "int", role="y"),
    _good("inventory_A", "A", "A", "quantity"),
    _good("inventory_B", "B", "B", "quantity"),
    _money("inventory_M", "M", "quantity"),
    C("utility", "utility", "real", role="utility"),
    C("ask_A_in_B", "ask A in B", "real", role="quote", unit="B per A"),
    C("bid_A_in_B", "bid A in B", "real", role="quote", unit="B per A"),
    C("p_min", "p min", "real", unit="B per A"),
    C("p_max", "p max", "real", unit="B per A"),
    _optional("ask_A_in_M", "ask A in M", "M per A", "quote"),
    _optional("bid_A_in_M", "bid A in M", "M per A", "quote"),
    _optional("ask_B_in_M", "ask B in M", "M per B", "quote"),
    _optional("bid_B_in_M", "bid B in M", "M per B", "quote"),
    _optional("perceived_price_A", "perceived p A", "M per A"),
    _optional("perceived_price_B", "perceived p B", "M per B"),
    _optional("lambda_money", "λ", "utility per M", "lambda"),
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
        needs=("inventory_M", *_RUN_SCALE),
        visible=False,
        optional=True,
        default=0,
    ),
)

TRADES = (
    _key(),
    _run(),
    _tick(),
    C("x", "x", "int", role="x", visible=False),
    C("y", "y", "int", role="y", visible=False),
    C("buyer_id", "buyer", "int", role="buyer", facet=True),
    C("seller_id", "seller", "int", role="seller", facet=True),
    _good("dA", "ΔA", "A", "quantity"),
    _good("dB", "ΔB", "B", "quantity"),
    _money("dM", "ΔM", "quantity"),
    C("price", "price", "real", role="price"),
    C("direction", "direction", role="direction", facet=True),
    C("exchange_pair_type", "pair (as stored)", facet=True, visible=False),
    _optional("buyer_lambda", "buyer λ", "utility per M"),
    _optional("seller_lambda", "seller λ", "utility per M"),
    _optional("buyer_surplus", "buyer surplus", "utility", "surplus_buyer"),
    _optional("seller_surplus", "seller surplus", "utility", "surplus_seller"),
    _pair("trades", "dA", "dB", "dM"),
    C(
        "implied_price",
        "implied price",
        "real",
        role="implied_price",
        derive=derived.implied_price,
        needs=("dA", "dB"),
        help="dB/dA for A<->B, dM/dA for A<->M, dM/dB for B<->M.",
    ),
    C(
        "total_surplus",
        "surplus",
        "real",
        role="surplus",
        unit="utility",
        derive=derived.total_surplus,
        needs=("buyer_surplus", "seller_surplus"),
        optional=True,
        help="buyer_surplus + seller_surplus",
    ),
    *_mode_and_regime("trades"),
    C(
        "dM_units",
        "ΔM (units)",
        "real",
        unit="M",
        derive=derived.in_money_units("trades", "dM"),
        needs=("dM", *_RUN_SCALE),
        visible=False,
        optional=True,
        default=0,
    ),
)

ATTEMPTS = (
    _key(),
    _run(),
    _tick(),
    C("buyer_id", "buyer", "int", role="buyer", facet=True),
    C("seller_id", "seller", "int", role="seller", facet=True),
    C("direction", "direction", role="direction", facet=True),
    C("price", "price", "real", role="price"),
    C("buyer_ask", "buyer ask", "real", role="buyer_ask"),
    C("buyer_bid", "buyer bid", "real", role="buyer_bid"),
    C("seller_ask", "seller ask", "real", role="seller_ask"),
    C("seller_bid", "seller bid", "real", role="seller_bid"),
    C("surplus", "quote overlap", "real", role="overlap"),
    _good("dA_attempted", "ΔA tried", "A"),
    _good("dB_calculated", "ΔB", "B"),
    _good("buyer_A_init", "buyer A before", "A"),
    _good("buyer_B_init", "buyer B before", "B"),
    C("buyer_U_init", "buyer U before", "real", role="buyer_before", unit="utility"),
    _good("buyer_A_final", "buyer A after", "A"),
    _good("buyer_B_final", "buyer B after", "B"),
    C("buyer_U_final", "buyer U after", "real", role="buyer_after", unit="utility"),
    C("buyer_improves", "buyer gains", "flag", role="buyer_improves"),
    _good("seller_A_init", "seller A before", "A"),
    _good("seller_B_init", "seller B before", "B"),
    C("seller_U_init", "seller U before", "real", role="seller_before", unit="utility"),
    _good("seller_A_final", "seller A after", "A"),
    _good("seller_B_final", "seller B after", "B"),
    C("seller_U_final", "seller U after", "real", role="seller_after", unit="utility"),
    C("seller_improves", "seller gains", "flag", role="seller_improves"),
    C("buyer_feasible", "buyer feasible", "flag", role="feasible_buyer"),
    C("seller_feasible", "seller feasible", "flag", role="feasible_seller"),
    C("result", "result", role="result", facet=True, words=terms.RESULTS),
    C("result_reason", "reason", role="reason", facet=True, words=terms.REASONS),
    C("exchange_pair_type", "pair (as stored)", facet=True, optional=True, default="A<->B"),
    _money("dM_attempted", "ΔM"),
    _optional("buyer_lambda", "buyer λ", "utility per M"),
    _optional("seller_lambda", "seller λ", "utility per M"),
    _money("buyer_M_init", "buyer M before", visible=False),
    _money("seller_M_init", "seller M before", visible=False),
    _money("buyer_M_final", "buyer M after", visible=False),
    _money("seller_M_final", "seller M after", visible=False),
    C(
        "buyer_gain",
        "buyer ΔU",
        "real",
        role="buyer_gain",
        unit="utility",
        derive=derived.difference("trade_attempts", "buyer_U_final", "buyer_U_init"),
        needs=("buyer_U_final", "buyer_U_init"),
    ),
    C(
        "seller_gain",
        "seller ΔU",
        "real",
        role="seller_gain",
        unit="utility",
        derive=derived.difference("trade_attempts", "seller_U_final", "seller_U_init"),
        needs=("seller_U_final", "seller_U_init"),
    ),
    C(
        "block",
        "block sold",
        "int",
        role="block",
        scale="goods",
        derive=derived.block_sold,
        needs=("dA_attempted", "dB_calculated"),
        help="What the seller would give: A, or B in B<->M.",
    ),
    C(
        "payment",
        "paid",
        "int",
        role="counter",
        derive=derived.payment,
        needs=("dA_attempted", "dB_calculated"),
        scale="goods",
        help="What the buyer would give: B, or M in money pairs (minor units).",
    ),
    C(
        "missing_stock",
        "missing stock",
        "int",
        role="shortage",
        scale="goods",
        derive=derived.missing_stock,
        needs=("dA_attempted", "dB_calculated", "seller_A_init", "buyer_B_init"),
        help="By how much the block exceeds what its giver holds.",
    ),
    C(
        "quote_gap",
        "bid − ask",
        "real",
        role="gap",
        derive=derived.difference("trade_attempts", "buyer_bid", "seller_ask"),
        needs=("buyer_bid", "seller_ask"),
        help="Buyer's bid less seller's ask; negative: the quotes do not cross.",
    ),
    C(
        "pair_type",
        "pair",
        role="pair",
        derive=lambda c: c.column("trade_attempts", "exchange_pair_type"),
        needs=("exchange_pair_type",),
        facet=True,
        visible=False,
        words=terms.PAIRS,
    ),
    *_mode_and_regime("trade_attempts"),
)

RESOURCES = (
    _key(),
    _run(),
    _tick(),
    C("x", "x", "int", role="x"),
    C("y", "y", "int", role="y"),
    C("resource_type", "resource", role="kind", facet=True),
    _good("amount", "amount", "units", "amount"),
)
DECISIONS = (
    _key(),
    _run(),
    _tick(),
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
    _key(),
    _run(),
    _tick(),
    C("old_mode", "from", facet=True),
    C("new_mode", "to", role="mode", facet=True),
)
TICK_STATES = (
    _key(),
    _run(),
    _tick(),
    C("current_mode", "mode", role="mode", facet=True),
    C("exchange_regime", "regime", role="regime", facet=True),
    C("active_pairs", "active pairs", "json", facet=True),
)
LAMBDA_UPDATES = (
    _key(),
    _run(),
    _tick(),
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
    _key(),
    _run(),
    _tick(),
    C("agent_i", "agent i", "int", role="agent"),
    C("agent_j", "agent j", "int", role="partner"),
    C("event", "event", role="event", facet=True),
    C("reason", "reason", role="reason", facet=True),
    C("surplus_i", "surplus i", "real"),
    C("surplus_j", "surplus j", "real"),
)
PREFERENCES = (
    _key(),
    _run(),
    _tick(),
    C("agent_id", "agent", "int", role="agent"),
    C("partner_id", "partner", "int", role="partner"),
    C("rank", "rank", "int", facet=True),
    C("surplus", "surplus", "real"),
    C("discounted_surplus", "discounted surplus", "real"),
    C("distance", "distance", "int"),
    C("pair_type", "pair", role="pair", facet=True, words=terms.PAIRS),
)

TRADE_SUMMARY = SummarySpec(
    "pair_type",
    (
        AggregateSpec("trade_count", "trades", "count"),
        AggregateSpec("sum_dA", "Σ ΔA", "sum", "dA"),
        AggregateSpec("sum_dB", "Σ ΔB", "sum", "dB"),
        AggregateSpec("sum_dM", "Σ ΔM", "sum", "dM"),
        AggregateSpec("avg_price", "mean price", "avg", "price"),
        AggregateSpec("avg_buyer_surplus", "mean buyer surplus", "avg", "buyer_surplus"),
        AggregateSpec("avg_seller_surplus", "mean seller surplus", "avg", "seller_surplus"),
        AggregateSpec("avg_total_surplus", "mean surplus", "avg", "total_surplus"),
        AggregateSpec("sum_total_surplus", "Σ surplus", "sum", "total_surplus"),
    ),
)
ATTEMPT_SUMMARY = SummarySpec(
    "result_reason",
    (
        AggregateSpec("attempt_count", "attempts", "count"),
        AggregateSpec("avg_buyer_gain", "mean buyer ΔU", "avg", "buyer_gain"),
        AggregateSpec("avg_seller_gain", "mean seller ΔU", "avg", "seller_gain"),
        AggregateSpec("max_missing_stock", "largest shortage", "max", "missing_stock"),
    ),
)


def _table(model: Any, label: str, columns: tuple[ColumnSpec, ...], **more: Any) -> TableSpec:
    table = cast(sa.Table, model.__table__)
    more.setdefault("role", table.name)
    return TableSpec(table.name, label, model=table, columns=columns, **more)


_DEBUG = "Record the run with log level “debug” to see every attempt."
_AGENT = ("agent_id",)

TABLES = (
    _table(
        models.SimulationRun,
        "Runs",
        (*RUN_COLUMNS, C("config_json", "configuration", "json", role="config", visible=False)),
        role="runs",
        key=("run_id",),
        tick=None,
        sort="run_id",
    ),
    _table(
        models.Trade,
        "Trades",
        TRADES,
        agents=("buyer_id", "seller_id"),
        summary=TRADE_SUMMARY,
        explain=sentences.trade,
    ),
    _table(
        models.TradeAttempt,
        "Attempts",
        ATTEMPTS,
        role="attempts",
        agents=("buyer_id", "seller_id"),
        summary=ATTEMPT_SUMMARY,
        how_to_record=_DEBUG,
        explain=explain_attempt,
    ),
    _table(models.AgentSnapshot, "Agent snapshots", SNAPSHOTS, role="states", agents=_AGENT),
    _table(models.ResourceSnapshot, "Resources", RESOURCES, role="resources"),
    _table(models.Decision, "Decisions", DECISIONS, agents=_AGENT),
    _table(models.TickState, "Tick states", TICK_STATES),
    _table(models.ModeChange, "Mode changes", MODE_CHANGES, explain=sentences.mode_change),
    _table(
        models.LambdaUpdate,
        "λ updates",
        LAMBDA_UPDATES,
        agents=_AGENT,
        explain=sentences.lambda_update,
        how_to_record="They are recorded in runs with money mode “kkt_lambda”.",
    ),
    _table(
        models.Pairing,
        "Pairings",
        PAIRINGS,
        agents=("agent_i", "agent_j"),
        explain=sentences.pairing,
    ),
    _table(models.Preference, "Preferences", PREFERENCES, agents=_AGENT),
)
