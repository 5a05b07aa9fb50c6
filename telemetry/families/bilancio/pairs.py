"""Why a pair of runs differs or does not, in one sentence with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.queries import PairQuery
from telemetry.text import one_line

_NAMES = (
    "pair", "delta_passive", "delta_active", "trading_effect", "passive_status", "active_status",
    "total_trades", "n_traders_using_dealer", "frac_defaulted_that_traded",
)  # fmt: skip
_Row = Mapping[str, Any]


def why(asker: Asker, query: PairQuery) -> str:
    """What came of the pair with this active run: the comparison's numbers, and whether those who
    defaulted had ever traded, from the run's own obligations where its files are here.

    NothingFoundError where no pair has such an active run.
    """
    rows = asker.rows(
        sa.select(*(asker.column("pairs", name) for name in _NAMES))
        .where(asker.column("pairs", "active_run_id") == query.run_id)
        .limit(1)
    )
    if not rows:
        raise NothingFoundError(f"No pair has {query.run_id} as its active run.")
    row = dict(zip(_NAMES, rows[0], strict=True))
    if _number(row["trading_effect"]) is None:
        return (
            f"Pair {row['pair']} was not compared: its passive run is "
            f"{row['passive_status'] or 'not recorded'}, its active run "
            f"{row['active_status'] or 'not recorded'}."
        )
    parts = (_came_out(row, _tried(asker, query)), _traded(row), _defaulters(asker, query, row))
    return f"{'; '.join(part for part in parts if part)}."


def _tried(asker: Asker, query: PairQuery) -> str:
    """What the active run has and the other has not, by the name of its arm."""
    arm = sa.select(asker.column("runs", "regime")).where(
        asker.column("runs", "run_id") == query.run_id
    )
    named = next((str(name) for (name,) in asker.rows(arm.limit(1)) if name), "active")
    return "with the dealer" if named in ("active", "treatment") else f"in {one_line(named)}"


def _came_out(row: _Row, tried: str) -> str:
    passive, active = _number(row["delta_passive"]), _number(row["delta_active"])
    effect = _number(row["trading_effect"]) or 0.0
    if effect == 0 and active == 0:
        return f"Pair {row['pair']} shows no difference: nobody defaulted in either run"
    if effect == 0:
        return f"Pair {row['pair']} shows no difference: the default rate is {active:.4g} in both"
    way = "fewer" if effect > 0 else "more"
    return (
        f"Pair {row['pair']} has {way} defaults {tried}: {active:.4g} instead of "
        f"{passive:.4g} (effect {effect:+.4g})"
    )


def _traded(row: _Row) -> str:
    trades, traders = row["total_trades"], row["n_traders_using_dealer"]
    if trades is None:
        return "how often they traded is not recorded"
    if trades == 0:
        return "nobody traded"
    made = "1 trade was made" if trades == 1 else f"{trades} trades were made"
    if traders is None:
        return made
    return f"{made}, by {traders} trader{'' if traders == 1 else 's'}"


def _defaulters(asker: Asker, query: PairQuery, row: _Row) -> str:
    """Whether those who defaulted had ever traded with the dealer."""
    outcome, traded, debtor = (
        asker.column("obligations", n) for n in ("outcome", "debtor_traded", "debtor")
    )
    of_run = asker.column("obligations", "run_id") == query.run_id
    counted: Any = sa.select(
        sa.func.count(),
        sa.func.count(sa.case((outcome == "defaulted", debtor)).distinct()),
        sa.func.count(sa.case((sa.and_(outcome == "defaulted", traded), debtor)).distinct()),
    ).where(of_run)
    known, debtors, traders = asker.rows(counted)[0]
    if known:
        if debtors == 1:
            return f"the one debtor in default had {'' if traders else 'never '}traded before"
        if debtors:
            who = {0: "none", debtors: "all"}.get(traders, str(traders))
            return f"of {debtors} debtors in default {who} had traded before"
    if not _number(row["delta_active"]):
        return "" if not _number(row["delta_passive"]) else "nobody defaulted in the active run"
    share = _number(row["frac_defaulted_that_traded"])
    if share is not None:
        return f"{100 * share:.4g} % of the face in default was of debtors who had traded"
    if row["total_trades"] == 0:
        return ""
    return "who defaulted was not logged, and the files of this run are not here to tell"


def _number(cell: Any) -> float | None:
    """A decimal written as text as a number; None for what is none."""
    try:
        return None if cell is None else float(cell)
    except ValueError:
        return None
