"""What a sweep adds up to, worked out from the files of its runs: pairs, strategies, dealer usage.

The columns are those of the producer's own aggregates; shares and means are doubles, as there.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from statistics import fmean

from telemetry.families.bilancio.layout import AGGREGATES, REGISTRY
from telemetry.families.bilancio.rules import STRATEGIES
from telemetry.frozen import Frozen
from telemetry.recording.folder import csv_line, replace, writing

Row = dict[str, object]
_SETTING = ("kappa", "concentration", "mu")


class Pair(Frozen):
    """Two runs of one ring: ``passive`` (or control) without dealers, ``active`` with them."""

    passive_run_id: str
    active_run_id: str
    outside_mid_ratio: Decimal
    face_value: Decimal = Decimal(1)
    big_entity_share: Decimal = Decimal(0)
    passive_arm: str = "passive"
    active_arm: str = "active"


def write(folder: Path, pairs: Sequence[Pair], config: Mapping[str, object]) -> None:
    """Write `aggregate/` of an experiment from what its pairs of runs have recorded.

    A pair whose runs are not both completed is listed with blank results.
    """
    registries = {
        arm: _by_run(_rows(folder / arm / REGISTRY))
        for arm in {p.passive_arm for p in pairs} | {p.active_arm for p in pairs}
    }
    compared = [_compared(folder, pair, registries) for pair in pairs]
    told = [(pair, row) for pair, row in zip(pairs, compared, strict=True)
            if row["trading_effect"] is not None]  # fmt: skip
    outcomes = [_strategies(folder, pair, row) for pair, row in told]
    place = folder / "aggregate"
    with writing(place):
        place.mkdir(exist_ok=True)
    _write(place, "comparison", compared)
    _write(place, "dealer_usage", [_usage(folder, pair, row) for pair, row in told])
    _write(place, "strategy_by_run", outcomes)
    _write(place, "strategy_overall", [_overall(s, o) for o in outcomes for s in STRATEGIES])
    summary = json.dumps(_summary(compared, config), indent=2)
    replace(place / AGGREGATES["summary"], summary.encode())


def _compared(folder: Path, pair: Pair, registries: Mapping[str, Mapping[str, Row]]) -> Row:
    passive = registries[pair.passive_arm].get(pair.passive_run_id, {})
    active = registries[pair.active_arm].get(pair.active_run_id, {})
    before, after = _number(passive.get("delta_total")), _number(active.get("delta_total"))
    done = before is not None and after is not None
    effect = before - after if before is not None and after is not None else None
    dealer = _dealer(folder, pair)
    return {
        **{k: active.get(k) for k in (*_SETTING, "monotonicity", "seed")},
        "face_value": pair.face_value,
        "outside_mid_ratio": pair.outside_mid_ratio,
        "big_entity_share": pair.big_entity_share,
        "delta_passive": before if done else None,
        "delta_active": after if done else None,
        "trading_effect": effect,
        "trading_relief_ratio": None if effect is None else _share(effect, before or Decimal(0)),
        "phi_passive": passive.get("phi_total"),
        "phi_active": active.get("phi_total"),
        "passive_run_id": pair.passive_run_id,
        "passive_status": passive.get("status"),
        "active_run_id": pair.active_run_id,
        "active_status": active.get("status"),
        "dealer_total_pnl": dealer.get("dealer_total_pnl"),
        "dealer_total_return": dealer.get("dealer_total_return"),
        "total_trades": len(_of_run(folder, pair, "trades")) if done else None,
    }


def _usage(folder: Path, pair: Pair, compared: Row) -> Row:
    trades = _of_run(folder, pair, "trades")
    repayments = _of_run(folder, pair, "repayment_events")
    stock = _of_run(folder, pair, "inventory_timeseries")
    state = _of_run(folder, pair, "system_state_timeseries")
    days = {row["day"] for row in stock}
    held = {row["day"] for row in stock if row["is_at_zero"] == "False"}
    routed = {row["day"] for row in stock if row["hit_vbt_this_step"] == "True"}
    debts = [_real(row["debt_to_money"]) for row in state if row["debt_to_money"]]
    traders = {row["trader_id"] for row in trades}
    return {
        "run_id": pair.active_run_id,
        **_setting(compared),
        "dealer_trade_count": len(trades),
        "trader_dealer_trade_count": len(trades),
        "n_traders_using_dealer": len(traders),
        "total_face_traded": float(_sum(trades, "face_value")),
        "total_cash_volume": float(_sum(trades, "price")),
        "dealer_active_fraction": len(held) / len(days) if days else None,
        "dealer_empty_fraction": 1 - len(held) / len(days) if days else None,
        "vbt_usage_fraction": len(routed) / len(days) if days else None,
        "mean_debt_to_money": fmean(debts) if debts else None,
        "final_debt_to_money": debts[-1] if debts else None,
        "debt_shrink_rate": 1 - debts[-1] / debts[0] if debts and debts[0] else None,
        "frac_defaulted_that_traded": _that_traded(repayments, "defaulted"),
        "frac_repaid_that_traded": _that_traded(repayments, "repaid"),
    }


def _that_traded(repayments: list[Row], outcome: str) -> float | None:
    """The share of face with this outcome whose debtor had traded with the dealer."""
    rows = [row for row in repayments if row["outcome"] == outcome]
    face = _sum(rows, "face_value")
    traded = _sum([row for row in rows if row["strategy"] != "no_trade"], "face_value")
    return float(traded / face) if face else None


def _strategies(folder: Path, pair: Pair, compared: Row) -> Row:
    rows = _of_run(folder, pair, "repayment_events")
    found: Row = {
        "run_id": pair.active_run_id,
        **_setting(compared),
        "seed": compared["seed"],
        "face_value": compared["face_value"],
        "total_liabilities": len(rows),
        "total_face_value": float(_sum(rows, "face_value")),
    }
    for suffix, of in (("total", rows), *((s, [r for r in rows if r["strategy"] == s])
                       for s in STRATEGIES)):  # fmt: skip
        lost = [row for row in of if row["outcome"] == "defaulted"]
        face, lost_face = float(_sum(of, "face_value")), float(_sum(lost, "face_value"))
        if suffix != "total":
            found |= {f"count_{suffix}": len(of), f"face_{suffix}": face}
        found |= {
            f"default_count_{suffix}": len(lost),
            f"default_face_{suffix}": lost_face,
            f"default_rate_{suffix}": lost_face / face if face else 0.0,
        }
    return found


def _overall(strategy: str, outcome: Row) -> Row:
    return {
        "strategy": strategy,
        **{k: outcome[k] for k in (*_SETTING, "outside_mid_ratio")},
        "total_face": outcome[f"face_{strategy}"],
        "default_face": outcome[f"default_face_{strategy}"],
        "default_rate": outcome[f"default_rate_{strategy}"],
        "runs_using_strategy": int(bool(outcome[f"count_{strategy}"])),
        "mean_trading_effect": outcome["trading_effect"] if outcome[f"count_{strategy}"] else 0.0,
    }


def _setting(compared: Row) -> Row:
    names = ("delta_passive", "delta_active", "trading_effect", "trading_relief_ratio")
    return {
        **{k: _real(compared[k]) for k in (*_SETTING, "outside_mid_ratio")},
        **{k: _real(compared[k]) for k in names},
    }


def _summary(compared: list[Row], config: Mapping[str, object]) -> Row:
    done = [row for row in compared if row["trading_effect"] is not None]
    effects = [_real(row["trading_effect"]) for row in done]

    def mean(name: str) -> float | None:
        return fmean(_real(row[name]) for row in done) if done else None

    return {
        "total_pairs": len(compared),
        "completed_pairs": len(done),
        "mean_delta_passive": mean("delta_passive"),
        "mean_delta_active": mean("delta_active"),
        "mean_trading_effect": mean("trading_effect"),
        "mean_relief_ratio": mean("trading_relief_ratio"),
        "pairs_with_improvement": sum(e > 0 for e in effects),
        "pairs_unchanged": sum(e == 0 for e in effects),
        "pairs_worsened": sum(e < 0 for e in effects),
        "config": dict(config),
    }


def _of_run(folder: Path, pair: Pair, name: str) -> list[Row]:
    return _rows(folder / pair.active_arm / "runs" / pair.active_run_id / "out" / f"{name}.csv")


def _dealer(folder: Path, pair: Pair) -> Mapping[str, object]:
    path = folder / pair.active_arm / "runs" / pair.active_run_id / "out" / "dealer_metrics.json"
    found = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _rows(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [dict(row) for row in csv.DictReader(file)]


def _by_run(rows: list[Row]) -> dict[str, Row]:
    return {str(row["run_id"]): row for row in rows}


def _write(place: Path, name: str, rows: list[Row]) -> None:
    if rows:
        lines = [csv_line(tuple(rows[0])), *(csv_line(tuple(row.values())) for row in rows)]
        replace(place / AGGREGATES[name], b"".join(lines))


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _real(value: object) -> float:
    return float(str(value))


def _sum(rows: list[Row], name: str) -> Decimal:
    return sum((Decimal(str(row[name])) for row in rows), Decimal(0))


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole else Decimal(0)
