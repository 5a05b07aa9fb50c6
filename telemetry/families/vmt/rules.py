"""What the columns of the VMT family accept, and which of them belong to money alone.

Source: "Money Telemetry Database Schema Extensions"; the words are the producer's.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Table

from telemetry.families.vmt.models import Base
from telemetry.recording.checks import RowCheck
from telemetry.recording.rules import Rule, choice, flag, integer, real

REGIMES = ("barter_only", "money_only", "mixed", "mixed_liquidity_gated")
MODES = ("forage", "trade", "both")
MONEY_MODES = ("quasilinear", "kkt_lambda")
PAIR_TYPES = ("A<->B", "A<->M", "B<->M", "M<->A", "M<->B", "B<->A")

#: Left at their defaults by barter runs. Surpluses are gains of utility, known without money.
MONEY_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "agent_snapshots": (
        "inventory_M",
        "lambda_money",
        "ask_A_in_M",
        "bid_A_in_M",
        "ask_B_in_M",
        "bid_B_in_M",
        "perceived_price_A",
        "perceived_price_B",
        "lambda_changed",
    ),
    "trades": ("dM", "exchange_pair_type", "buyer_lambda", "seller_lambda"),
    "trade_attempts": (
        "exchange_pair_type",
        "dM_attempted",
        "buyer_lambda",
        "seller_lambda",
        "buyer_M_init",
        "seller_M_init",
        "buyer_M_final",
        "seller_M_final",
    ),
}

_COUNT = integer(minimum=0)
_PRICE = real(infinite=True)
_LAMBDA = real(minimum=0.0)
_QUOTES = ("ask_A_in_B", "bid_A_in_B", "p_min", "p_max", "ask_A_in_M", "bid_A_in_M")
_MORE_QUOTES = ("ask_B_in_M", "bid_B_in_M", "perceived_price_A", "perceived_price_B")
_SIDES = ("buyer_ask", "buyer_bid", "seller_ask", "seller_bid", "price", "surplus")
_YES_OR_NO = (
    "lambda_changed",
    "buyer_improves",
    "seller_improves",
    "buyer_feasible",
    "seller_feasible",
    "clamped",
    "is_paired",
    "is_foraging_committed",
)
#: By column name: the family uses a name for the same thing in every table.
RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("agent_id", "buyer_id", "seller_id", "partner_id"), _COUNT),
    **dict.fromkeys(("agent_i", "agent_j", "num_neighbors", "rank", "distance"), _COUNT),
    **dict.fromkeys(("inventory_A", "inventory_B", "inventory_M", "amount"), _COUNT),
    **dict.fromkeys(("dA", "dB", "dM", "dM_attempted", "buyer_M_init", "seller_M_init"), _COUNT),
    **dict.fromkeys((*_QUOTES, *_MORE_QUOTES, *_SIDES), _PRICE),
    **dict.fromkeys(("lambda_money", "buyer_lambda", "seller_lambda"), _LAMBDA),
    **dict.fromkeys(("lambda_old", "lambda_new"), _LAMBDA),
    **dict.fromkeys(("lambda_hat_A", "lambda_hat_B", "lambda_hat"), _PRICE),
    **dict.fromkeys(_YES_OR_NO, flag()),
    **dict.fromkeys(("mode", "current_mode", "old_mode", "new_mode"), choice(MODES)),
    **dict.fromkeys(("exchange_pair_type", "pair_type"), choice(PAIR_TYPES)),
    "exchange_regime": choice(REGIMES),
    "money_mode": choice(MONEY_MODES),
    "money_scale": integer(minimum=1),
    "num_agents": _COUNT,
    "grid_width": _COUNT,
    "grid_height": _COUNT,
    "clamp_type": choice(("lower", "upper")),
    "event": choice(("pair", "unpair")),
    "target_type": choice(("trade", "forage", "idle")),
    "result": choice(("success", "fail")),
}


def table(name: str) -> Table:
    """The table of that name."""
    return Base.metadata.tables[name]


def row_checks(*, barter: bool, lacking: Mapping[str, frozenset[str]]) -> dict[str, RowCheck]:
    """A check for every table; columns that are not to be written are checked all the same.

    Barter leaves the money columns alone, and what the database is ``lacking`` cannot be written.
    """
    return {
        name: RowCheck(
            table,
            RULES,
            given=() if name == "simulation_runs" else ("run_id", "tick"),
            unwritten={*lacking.get(name, ()), *(MONEY_COLUMNS.get(name, ()) if barter else ())},
        )
        for name, table in Base.metadata.tables.items()
    }
