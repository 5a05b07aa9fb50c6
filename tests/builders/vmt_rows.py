"""What a built VMT database holds at one tick, worked out from run, tick and agent alone."""

from __future__ import annotations

import json
from dataclasses import dataclass

HUGE = 104107961.83923806  # a marginal utility divided by an epsilon, as real files have it
REASONS = (
    "dB_nonpositive",
    "seller_utility_no_improvement",
    "buyer_utility_no_improvement",
    "both_utility_no_improvement",
    "buyer_insufficient_B",
    "seller_insufficient_A",
)
PAIRS = {
    "barter_only": ["A<->B"],
    "money_only": ["A<->M", "B<->M"],
    "mixed": ["A<->M", "B<->M", "A<->B"],
    "mixed_liquidity_gated": ["A<->M", "B<->M", "A<->B"],
}
Row = dict[str, object]


@dataclass(frozen=True)
class Place:
    """One tick of one run, and what is so in it."""

    run: int
    tick: int
    agents: int
    mode: str
    last_mode: str | None
    regime: str
    vintage: str

    @property
    def key(self) -> Row:
        """The columns that every row begins with."""
        return {"run_id": self.run, "tick": self.tick}

    @property
    def trades(self) -> bool:
        """Trade happens every third tick in which the mode allows it."""
        return self.mode != "forage" and self.tick % 3 == 0 and self.agents > 1

    @property
    def pair(self) -> str:
        """The pair types take turns, trade by trade."""
        pairs = PAIRS[self.regime]
        return pairs[self.tick // 3 % len(pairs)]


def of_tick(at: Place) -> dict[str, list[Row]]:
    """Rows by table; a caller drops the tables and columns that the vintage lacks."""
    rows: dict[str, list[Row]] = {
        "agent_snapshots": [_snapshot(at, agent) for agent in range(at.agents)],
        "decisions": [_decision(at, agent) for agent in range(at.agents)],
        "tick_states": [_state(at)],
    }
    if at.tick % 10 == 0:
        rows["resource_snapshots"] = _resources(at)
    if at.last_mode not in (None, at.mode):
        rows["mode_changes"] = [at.key | {"old_mode": at.last_mode, "new_mode": at.mode}]
    if at.trades:
        rows["trades"] = [_trade(at)]
        rows["trade_attempts"] = _attempts(at)
        rows["pairings"] = _pairings(at)
        rows["preferences"] = _preferences(at)
    return rows


def _units(at: Place) -> int:
    return 10_000 if at.vintage == "head_decimal" else 1


def _snapshot(at: Place, agent: int) -> Row:
    stock_a = (10 + agent + at.tick % 5) * _units(at)
    stock_b = (20 - agent + at.tick % 4) * _units(at)
    row = at.key | {
        "agent_id": agent,
        "x": (agent + at.tick) % 12,
        "y": agent % 12,
        "inventory_A": stock_a,
        "inventory_B": stock_b,
        "utility": float(agent + at.tick) + 0.25,
        "ask_A_in_B": 1.1 + agent,
        "bid_A_in_B": 0.9 + agent,
        "p_min": 1.0 + agent,
        "p_max": 1.0 + agent,
        "target_agent_id": (agent + 1) % at.agents if at.trades else None,
        "target_x": (agent + at.tick + 1) % 12,
        "target_y": agent % 12,
        "utility_type": "ULinear" if agent % 2 else "UCES",
    }
    if agent == at.agents - 1 and at.tick % 10 == 0:
        row |= {"ask_A_in_B": HUGE, "p_max": HUGE}
    if agent == 1 and at.tick % 7 == 3 and at.vintage not in ("barter", "mode"):
        row |= dict.fromkeys(("ask_A_in_B", "bid_A_in_B", "p_min", "p_max"))
    if at.vintage == "money_full":
        row |= _money_state(at, agent)
    return row


def _money_state(at: Place, agent: int) -> Row:
    value = 1.0 / (agent + 1) + 0.001 * at.tick
    return {
        "inventory_M": 100 + 10 * agent - at.tick % 3,
        "lambda_money": value,
        "ask_A_in_M": 5.5 + agent,
        "bid_A_in_M": 4.5 + agent,
        "ask_B_in_M": 3.5 + agent,
        "bid_B_in_M": 2.5 + agent,
        "lambda_changed": int(agent == 0),
    }


def _resources(at: Place) -> list[Row]:
    cells = [(0, 2, "A"), (3, 3, "B"), (11, 11, "B")]
    if at.tick % 20 == 10:  # harvested: a cell that is absent holds nothing
        cells = cells[:2]
    return [
        at.key | {"x": x, "y": y, "resource_type": kind, "amount": (1 + x % 4) * _units(at)}
        for x, y, kind in cells
    ]


def _decision(at: Place, agent: int) -> Row:
    row: Row = at.key | {"agent_id": agent, "num_neighbors": at.agents - 1, "mode": at.mode}
    if at.trades:
        partner = (agent + 1) % at.agents
        return row | {
            "chosen_partner_id": partner,
            "surplus_with_partner": 0.4798,
            "target_type": "trade",
            "target_x": 3,
            "target_y": 2,
            "alternatives": f"{partner}:0.4798; {(agent + 2) % at.agents}:0.3000",
            "is_paired": 1,
        }
    if agent == 0 and at.mode == "trade":
        return row | {"target_type": "idle", "alternatives": ""}
    return row | {
        "target_type": "forage",
        "target_x": 0,
        "target_y": 2,
        "alternatives": "",
        "claimed_resource_pos": "0,2",
        "is_foraging_committed": 1,
    }


def _state(at: Place) -> Row:
    pairs = [] if at.mode == "forage" else PAIRS[at.regime]
    return at.key | {
        "current_mode": at.mode,
        "exchange_regime": at.regime,
        "active_pairs": json.dumps(pairs),
    }


def _trade(at: Place) -> Row:
    """Agent 0 buys from agent 1: 2 A for 1 B, or 1 A for 3 M, or 1 B for 2 M."""
    pair = at.pair
    row = at.key | {"x": 3, "y": 2, "buyer_id": 0, "seller_id": 1}
    amounts = {"A<->B": (2, 1, 0, 0.5), "A<->M": (1, 0, 3, 3.0), "B<->M": (0, 1, 2, 2.0)}[pair]
    scale = _units(at)
    row |= {
        "dA": amounts[0] * scale,
        "dB": amounts[1] * scale,
        "dM": amounts[2],
        "price": amounts[3],
        "direction": _direction(at.vintage, pair),
    }
    if at.vintage == "money_p2":
        return row  # this vintage leaves the pair type at its default, 'A<->B'
    row["exchange_pair_type"] = pair
    if at.vintage == "money_full":
        row |= {"buyer_surplus": 0.5, "seller_surplus": 0.25}
        row |= {"buyer_lambda": 1.0, "seller_lambda": 0.5} if "M" in pair else {}
    return row


def _direction(vintage: str, pair: str) -> str:
    if vintage in ("barter", "mode"):
        return "i_buys_A"
    if vintage == "money_p2":
        return "i_buys_A" if pair == "A<->B" else f"j_sells_{pair[0]}_for_M"
    return f"{pair[0]}_traded_for_{pair[-1]}"


def _attempts(at: Place) -> list[Row]:
    """A negotiation of 0 and 1 that ends well, and (with a third agent) one that only fails."""
    rows = [_attempt(at, 1, step, reason) for step, reason in enumerate(REASONS)]
    rows.append(_attempt(at, 1, len(REASONS), None))
    if at.agents > 2:
        rows += [_attempt(at, 2, step, "buyer_utility_no_improvement") for step in range(3)]
    return rows


def _attempt(at: Place, seller: int, step: int, reason: str | None) -> Row:
    received = step + 1
    paid = 0 if reason == "dB_nonpositive" else 1 + step // 2
    buyer_gains = reason in (None, "seller_utility_no_improvement")
    seller_gains = reason in (None, "buyer_utility_no_improvement")
    scale = _units(at)
    return at.key | {
        "buyer_id": 0,
        "seller_id": seller,
        "direction": "i_buys_A",
        "price": 0.5 + 0.1 * step,
        "buyer_ask": 1.5,
        "buyer_bid": 1.25,
        "seller_ask": 0.5,
        "seller_bid": 0.25,
        "surplus": 0.75,
        "dA_attempted": received * scale,
        "dB_calculated": paid * scale,
        "buyer_A_init": 8 * scale,
        "buyer_B_init": 3 * scale,
        "buyer_U_init": 10.0,
        "buyer_A_final": (8 + received) * scale,
        "buyer_B_final": (3 - paid) * scale,
        "buyer_U_final": 10.5 if buyer_gains else 9.5,
        "buyer_improves": int(buyer_gains),
        "seller_A_init": 5 * scale,
        "seller_B_init": 9 * scale,
        "seller_U_init": 20.0,
        "seller_A_final": (5 - received) * scale,
        "seller_B_final": (9 + paid) * scale,
        "seller_U_final": 20.25 if seller_gains else 19.0,
        "seller_improves": int(seller_gains),
        "buyer_feasible": int(reason != "buyer_insufficient_B"),
        "seller_feasible": int(reason != "seller_insufficient_A"),
        "result": "success" if reason is None else "fail",
        "result_reason": reason or "utility_improves_both",
    }


def _pairings(at: Place) -> list[Row]:
    pair = at.key | {"agent_i": 0, "agent_j": 1}
    rows = [pair | {"event": "pair", "reason": "mutual_consent", "surplus_i": 0.5}]
    if at.agents > 2:
        other = at.key | {"agent_i": 0, "agent_j": 2}
        gone = "no_feasible_trade" if at.vintage == "head_decimal" else "trade_failed"
        rows.append(other | {"event": "pair", "reason": "greedy_fallback", "surplus_i": 0.25})
        rows.append(other | {"event": "unpair", "reason": gone})
    return rows


def _preferences(at: Place) -> list[Row]:
    return [
        at.key
        | {
            "agent_id": agent,
            "partner_id": (agent + 1 + rank) % at.agents,
            "rank": rank,
            "surplus": 2.0 - rank,
            "discounted_surplus": (2.0 - rank) * 0.95**4,
            "distance": 4,
            "pair_type": at.pair,
        }
        for agent in range(at.agents)
        for rank in range(min(2, at.agents - 1))
    ]
