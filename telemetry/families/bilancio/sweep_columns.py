"""The columns of runs, experiments, pairs and aggregates, as a person reads them."""

from __future__ import annotations

import sqlalchemy as sa

from telemetry.families.bilancio.column_words import (
    CASH,
    FACE,
    SHARE,
    C,
    hidden,
    number,
    own,
)
from telemetry.families.vocabulary import Doubt

PARAMETERS = (
    number("kappa", "κ", role="parameter", facet=True, help="Liquidity: initial cash per debt."),
    number("concentration", "c", role="parameter", facet=True,
           help="Dirichlet concentration of debts; small: unequal."),
    number("mu", "μ", role="parameter", facet=True, help="How late debts fall due, 0 to 1."),
)  # fmt: skip
OUTSIDE = number("outside_mid_ratio", "ρ", role="parameter", facet=True,
                 help="Outside dealer's mid price per unit of face.")  # fmt: skip
DELTAS = (
    number(
        "delta_passive",
        "default rate passive",
        SHARE,
        role="baseline",
        help="Of the control: no dealer, or lenders that are idle.",
    ),
    number(
        "delta_active",
        "default rate active",
        SHARE,
        role="treated",
        help="Of the treatment: a dealer, or lenders that lend.",
    ),
    number("trading_effect", "effect", SHARE, role="effect", help="δ passive − δ active."),
)
RUNS = (
    C("run_id", "run", role="run"),
    C("title", "what", role="name"),
    C("regime", "regime", role="regime", facet=True),
    C("status", "status", role="status", facet=True),
    C("pair", "pair", "int", role="pair_number"),
    C("other_run", "pair's other run", role="run_link"),
    C("seed", "seed", "int", role="seed"),
    *PARAMETERS,
    OUTSIDE,
    number("monotonicity", "monotonicity"),
    number("delta_total", "default rate", SHARE),
    number("delta_other", "other's default rate", SHARE),
    number("trading_effect", "effect", SHARE, help="δ passive − δ active."),
    number("trading_relief_ratio", "relief", SHARE),
    number("phi_total", "settled on time", SHARE),
    C("n_agents", "agents", "int"),
    C("default_handling", "on default", facet=True),
    C("error", "error"),
    C("files_missing", "without files", "flag", facet=True,
      help="Known from the registry alone; its folder is not here."),
    C("files", "files", "int", visible=False, help="Files in its out/ folder."),
    C("replayable", "replayable", "flag", role="replayable", visible=False,
      derive=lambda c: sa.func.coalesce(c.column("runs", "files"), 0) > 0, needs=("files",),
      help="Has files in its out/ folder."),
    *hidden(
        number("face_value", "ticket size"),
        number("big_entity_share", "big entities' share"),
        number("Q_total", "Q"),
        number("S1", "total dues"),
        number("L0", "initial cash", CASH),
        C("maturity_days", "horizon", "int", unit="days"),
        C("time_to_stability", "days until stable", "int"),
        C("dealer_enabled", "dealer", "flag"),
        C("phase", "phase"),
        C("experiment_id", "experiment", role="experiment"),
        C("folder", "folder"),
    ),
)  # fmt: skip
EXPERIMENTS = (
    C("experiment_id", "experiment", role="experiment"),
    C("name", "name", role="name"),
    C("kind", "arms", role="kind"),
    C("status", "status", role="status", facet=True),
    C("runs", "runs", "int"),
    C("pairs", "pairs", "int"),
    C("completed_pairs", "compared", "int"),
    C("pairs_improved", "fewer defaults", "int"),
    C("pairs_unchanged", "no difference", "int"),
    C("pairs_worsened", "more defaults", "int"),
    C("mean_delta_passive", "mean default rate passive", "real", unit=SHARE),
    C("mean_delta_active", "mean default rate active", "real", unit=SHARE),
    C("mean_trading_effect", "mean effect", "real", unit=SHARE),
    C("mean_relief_ratio", "mean relief", "real", unit=SHARE),
    C("description", "description", optional=True),
    C("created_at", "created", "time", role="start", optional=True),
    C("completed_at", "completed", "time", role="end", optional=True),
)
USAGE = (
    C("dealer_trade_count", "trades", "int"),
    C("trader_dealer_trade_count", "trades of households", "int"),
    C("n_traders_using_dealer", "traders", "int"),
    number("total_face_traded", "face traded", FACE),
    number("total_cash_volume", "cash volume", CASH),
    number("dealer_active_fraction", "days with inventory", SHARE),
    number("dealer_empty_fraction", "days empty", SHARE),
    number("vbt_usage_fraction", "days routed outside", SHARE),
    number("mean_debt_to_money", "mean debt to money"),
    number("final_debt_to_money", "final debt to money"),
    number("debt_shrink_rate", "debt shrunk by", SHARE),
    number("frac_defaulted_that_traded", "defaulted face of traders", SHARE,
           help="Share of the face in default whose debtor had traded with the dealer."),
    number("frac_repaid_that_traded", "repaid face of traders", SHARE),
)  # fmt: skip
PAIRS = (
    C("pair", "pair", "int", role="pair_number"),
    *PARAMETERS,
    OUTSIDE,
    C("seed", "seed", "int", role="seed"),
    *DELTAS,
    C("result", "result", role="result", facet=True),
    C(
        "explanation",
        "why no difference",
        role="reason",
        facet=True,
        help="Where defaulters were not logged, the run's defaults tell whether they had traded.",
    ),
    C("total_trades", "trades", "int"),
    C("passive_run_id", "passive run", role="baseline_run"),
    C("active_run_id", "active run", role="treated_run"),
    number("trading_relief_ratio", "relief", SHARE),
    *hidden(
        C("passive_status", "passive status", facet=True),
        C("active_status", "active status", facet=True),
        number("phi_passive", "settled on time passive", SHARE),
        number("phi_active", "settled on time active", SHARE),
        number("monotonicity", "monotonicity", facet=True),
        number("face_value", "ticket size"),
        number("big_entity_share", "big entities' share"),
        number("dealer_total_pnl", "dealer's profit", CASH),
        number("dealer_total_return", "dealer's return"),
        *USAGE,
        C("experiment_id", "experiment", role="experiment"),
        C("unreadable", "unreadable", optional=True),
    ),
)
_EXPERIMENT = C("experiment_id", "experiment", role="experiment", visible=False)
DEALER_USAGE = (
    C("run_id", "active run", role="treated_run"),
    *PARAMETERS,
    OUTSIDE,
    *DELTAS,
    *USAGE,
    number("trading_relief_ratio", "relief", SHARE, visible=False),
    _EXPERIMENT,
    *own(),
)
_ONLY_REPAID = Doubt(
    "pairs",
    "delta_active",
    "Every rate is 0 because only repaid obligations were logged: Pairs shows defaults in {n} of "
    "the active runs.",
)
STRATEGY_BY_RUN = (
    C("run_id", "active run", role="treated_run"),
    C("strategy", "strategy", role="reason", facet=True),
    C("count", "obligations", "int"),
    number("face", "face", FACE),
    C("default_count", "defaults", "int"),
    number("default_face", "face in default", FACE),
    number("default_rate", "default rate", SHARE, weight="face", doubt=_ONLY_REPAID),
    *PARAMETERS,
    OUTSIDE,
    *DELTAS,
    C("seed", "seed", "int", role="seed", visible=False),
    _EXPERIMENT,
    *own(),
)
STRATEGY_OVERALL = (
    C("strategy", "strategy", role="reason", facet=True),
    *PARAMETERS,
    OUTSIDE,
    C("runs_using_strategy", "runs", "int"),
    number("total_face", "face", FACE),
    number("default_face", "face in default", FACE),
    number("default_rate", "default rate", SHARE, weight="total_face", doubt=_ONLY_REPAID),
    number("mean_trading_effect", "mean effect", SHARE, weight="runs_using_strategy"),
    _EXPERIMENT,
    *own(),
)
