"""What the producer added up over a sweep: its pairs, dealer usage, outcomes by strategy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import sqlalchemy as sa

from telemetry.families.bilancio import models, sql
from telemetry.families.bilancio.layout import Opened
from telemetry.families.bilancio.models import NUMBER, WHOLE

_SAME = {
    "delta_passive": ("delta_passive", "delta_control", "delta_idle"),
    "delta_active": ("delta_active", "delta_treatment", "delta_lend"),
    "trading_effect": (
        "trading_effect", "delta_reduction", "lending_effect", "bank_lending_effect",
    ),
    "trading_relief_ratio": (
        "trading_relief_ratio", "relief_ratio", "lending_relief_ratio", "bank_lending_relief_ratio",
    ),
    "phi_passive": ("phi_passive", "phi_control", "phi_idle"),
    "phi_active": ("phi_active", "phi_treatment", "phi_lend"),
    "passive_run_id": ("passive_run_id", "control_run_id", "idle_run_id"),
    "passive_status": ("passive_status", "control_status", "idle_status"),
    "active_run_id": ("active_run_id", "treatment_run_id", "lend_run_id"),
    "active_status": ("active_status", "treatment_status", "lend_status"),
}  # fmt: skip
"""How the ways of naming the arms spell the columns of comparison.csv: without a dealer and with
one, or lenders that are idle and that lend."""
_EFFECT = sql.real("c.trading_effect")
_RESULT = f"""CASE WHEN {_EFFECT} IS NULL THEN 'not compared'
    WHEN {_EFFECT} > 0 THEN 'fewer defaults' WHEN {_EFFECT} < 0 THEN 'more defaults'
    ELSE 'no difference' END"""
_TRADED = "coalesce(u.dealer_trade_count, c.total_trades)"
_SHARE = sql.real("u.frac_defaulted_that_traded")
_EXPLANATION = f"""CASE WHEN {_EFFECT} IS NULL
        THEN CASE WHEN c.passive_status <> 'completed' OR c.active_status <> 'completed'
            THEN 'a run did not finish' END
    WHEN {_EFFECT} <> 0 THEN NULL
    WHEN {sql.real("c.delta_passive")} = 0 THEN 'nobody defaulted'
    WHEN {_TRADED} = 0 THEN 'nobody traded'
    WHEN {_SHARE} = 0 THEN 'defaulters had never traded'
    WHEN {_SHARE} > 0 THEN 'defaulters had traded, in vain'
    WHEN {_TRADED} > 0 THEN 'traded; defaulters not logged' END"""


def views(found: Opened) -> dict[str, Callable[[], str]]:
    """The tables of the aggregates, and the pairs with why they show no difference."""
    return {
        "dealer_usage": partial(_all, found, "dealer_usage", models.DEALER_USAGE),
        "comparison": partial(_all, found, "comparison", models.PAIRS, _SAME),
        "pairs": _pairs,
        "strategy_outcomes": partial(_strategies, found),
        "strategy_outcomes_overall": partial(
            _all, found, "strategy_overall", models.STRATEGY_OVERALL
        ),
    }


def _all(
    found: Opened,
    aggregate: str,
    model: sa.Table,
    same: Mapping[str, tuple[str, ...]] | None = None,
) -> str:
    """An aggregate of every experiment, row by row; no rows where there is no such file."""
    parts = []
    for experiment in found.experiments:
        path = experiment.aggregate(aggregate)
        rows = None if path is None else sql.csv_rows([path])
        if path is not None and rows is not None:
            names = sql.columns_of([path])
            own = {"experiment_id": sql.text(experiment.experiment_id)}
            own["pair" if model is models.PAIRS else "line"] = f"r.{sql.name(sql.LINE_IN_FILES)}"
            parts.append(_typed(model, names, rows, own, same or {}))
    return " UNION ALL BY NAME ".join(parts) or sql.empty(models.duckdb_types(model))


def _typed(
    model: sa.Table,
    names: tuple[str, ...],
    rows: str,
    own: dict[str, str],
    same: Mapping[str, tuple[str, ...]],
) -> str:
    """A file's rows as the model declares them, what they lack as NULL, and what is new, last."""
    written = {n.lower(): f"r.{sql.name(n)}" for n in names}
    picked, problems, used = [], [f"r.{sql.name(sql.BEYOND)}"], set()
    for column, kind in models.kinds(model).items():
        spelt = next((s for s in same.get(column, (column,)) if s.lower() in written), column)
        element = own.get(column) or written.get(spelt.lower())
        used.add(spelt.lower())
        if column == "unreadable":
            continue
        if element is None:
            typed = models.duckdb_types(model)[column]
            picked.append(f"CAST(NULL AS {typed}) AS {sql.name(column)}")
        elif column in own:
            picked.append(f"{element} AS {sql.name(column)}")
        else:
            read = sql.whole(element) if kind == WHOLE else element
            picked.append(f"{read} AS {sql.name(column)}")
            if kind in (WHOLE, NUMBER):
                number = sql.real(element) if kind == NUMBER else read
                problems.append(
                    f"CASE WHEN {element} IS NOT NULL AND {number} IS NULL "
                    f"THEN {sql.text(column + ': ')} || {element} END"
                )
    extra = [f"{e} AS {sql.name(n)}" for n, e in written.items() if n not in used]
    return (
        f"SELECT {', '.join((*picked, *extra))}, "
        f"nullif(concat_ws('; ', {', '.join(problems)}), '') AS unreadable FROM ({rows}) r"
    )


def _pairs() -> str:
    """The comparison with what the dealer was used for, and why a pair shows no difference."""
    usage = [n for n in models.kinds(models.DEALER_USAGE) if n in models.kinds(models.PAIRS)]
    told = [n for n in usage if n not in _BOTH]
    return (
        f"SELECT c.* EXCLUDE ({', '.join((*told, 'result', 'explanation'))}), "
        f"{', '.join(f'u.{n}' for n in told)}, {_RESULT} "
        f"AS result, {_EXPLANATION} AS explanation FROM comparison c LEFT JOIN dealer_usage u "
        "ON u.experiment_id = c.experiment_id AND u.run_id = c.active_run_id"
    )


_BOTH = (
    "experiment_id", "kappa", "concentration", "mu", "outside_mid_ratio", "delta_passive",
    "delta_active", "trading_effect", "trading_relief_ratio", "unreadable",
)  # fmt: skip


def _strategies(found: Opened) -> str:
    """strategy_outcomes_by_run.csv with a row for each run and strategy instead of columns."""
    parts = []
    model = models.STRATEGY_BY_RUN
    for experiment in found.experiments:
        path = experiment.aggregate("strategy_by_run")
        rows = None if path is None else sql.csv_rows([path])
        if path is None or rows is None:
            continue
        names = sql.columns_of([path])
        strategies = [n.removeprefix("count_") for n in names if n.startswith("count_")]
        for place, strategy in enumerate(strategies):
            line = f"(r.{sql.name(sql.LINE_IN_FILES)} - 1) * {len(strategies)} + {place + 1}"
            own = {
                "experiment_id": sql.text(experiment.experiment_id),
                "strategy": sql.text(strategy),
                "line": line,
            }
            per = ("count", "face", "default_count", "default_face", "default_rate")
            same = {n: (f"{n}_{strategy}",) for n in per}
            kept = tuple(n for n in names if n in models.kinds(model) or n in _spelt(same))
            parts.append(_typed(model, kept, rows, own, same))
    return " UNION ALL BY NAME ".join(parts) or sql.empty(models.duckdb_types(model))


def _spelt(same: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {name for names in same.values() for name in names}
