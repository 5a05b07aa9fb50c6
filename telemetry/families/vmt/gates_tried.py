"""The gates of two agents' tries, from trade_attempts: the try that came closest decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Case, Gate
from telemetry.families.asker import Asker
from telemetry.families.vmt.audit_words import number, numeric, signed
from telemetry.families.vmt.circumstances import ALIASES, PAIRS_OF, Circumstances, outcome
from telemetry.frozen import Frozen
from telemetry.queries import WhyQuery

_NAMES = (
    "id", "buyer_id", "seller_id", "direction", "price", "buyer_bid", "seller_ask",
    "dA_attempted", "dB_calculated", "dM_attempted", "exchange_pair_type", "buyer_U_init",
    "buyer_U_final", "seller_U_init", "seller_U_final", "result", "result_reason",
    *(f"{side}_{good}_init" for side in ("buyer", "seller") for good in "ABM"),
)  # fmt: skip
_WORDS = (
    "id", "buyer_id", "seller_id", "direction", "exchange_pair_type", "result", "result_reason",
)  # fmt: skip


class Try(Frozen):
    """One row of trade_attempts, as its gates see it; amounts are as stored."""

    key: int
    pair: str
    block: int
    paid: int
    spare: int
    gain: float | None
    told: Mapping[str, Any]

    @property
    def place(self) -> tuple[int, float]:
        """How far it came: 2 succeeded, 1 failed at utility, 0 at the block; and how near."""
        if self.told["result"] == "success":
            return (2, 0.0)
        if "utility" in str(self.told["result_reason"]):
            return (1, float("-inf") if self.gain is None else self.gain)
        return (0, float(min(self.spare, self.paid - 1)))


def tries(asker: Asker, query: WhyQuery) -> list[Try]:
    """What the two tried at the tick, in order."""
    if not asker.has("trade_attempts", "run_id", "tick", "buyer_id", "seller_id", "result"):
        return []
    own = (
        asker.column("trade_attempts", "run_id") == query.run_id,
        asker.column("trade_attempts", "tick") == query.tick,
        asker.column("trade_attempts", "buyer_id").in_(query.agents),
        asker.column("trade_attempts", "seller_id").in_(query.agents),
    )
    columns = [asker.column("trade_attempts", n).label(n) for n in _NAMES]
    order = asker.column("trade_attempts", "id")
    rows = asker.rows(sa.select(*columns).where(*own).order_by(order))
    told = (dict(zip(_NAMES, row, strict=True)) for row in rows)
    return [_try({n: v if n in _WORDS else numeric(v) for n, v in row.items()}) for row in told]


def _try(row: dict[str, Any]) -> Try:
    stored = str(row["exchange_pair_type"] or "A<->B")
    pair = ALIASES.get(stored, stored if stored in PAIRS_OF["mixed"] else "A<->B")
    good, payment = pair[0], pair[-1]
    moved = {"A": row["dA_attempted"], "B": row["dB_calculated"], "M": row["dM_attempted"]}
    block, paid = int(moved[good] or 0), int(moved[payment] or 0)
    has, holds = row[f"seller_{good}_init"], row[f"buyer_{payment}_init"]
    spare = min(
        (int(s) for s in (_less(has, block), _less(holds, paid)) if s is not None), default=0
    )
    gains = [_less(row[f"{side}_U_final"], row[f"{side}_U_init"]) for side in ("buyer", "seller")]
    gain = None if None in gains else min(g for g in gains if g is not None)
    return Try(row["id"], pair, block, paid, spare, gain, row)


def _less(value: Any, other: Any) -> Any:
    return None if value is None or other is None else value - other


def cases(asker: Asker, query: WhyQuery, about: Circumstances) -> list[Case]:
    """One for each buyer and pair type that was tried."""
    groups: dict[tuple[Any, Any, str], list[Try]] = {}
    for tried in tries(asker, query):
        key = (tried.told["buyer_id"], tried.told["seller_id"], tried.pair)
        groups.setdefault(key, []).append(tried)
    found = []
    for (buyer, seller, pair), group in groups.items():
        best = max(group, key=lambda t: t.place)
        scale = asker.scale("goods")
        gates = (about.allowed(pair), *_met(about), _crossed(best), *_deal(group, best, scale))
        label = f"{buyer} buys {pair[0]} from {seller} for {pair[-1]}"
        found.append(Case(label, gates, len(group), best.key))
    return found


def _met(about: Circumstances) -> tuple[Gate, Gate]:
    """They negotiated, so they were within reach and paired; the numbers as far as recorded."""
    near, paired = about.near(), about.paired()
    told = "They negotiated."
    if near.state != "passed":
        near = Gate(near.name, near.label, "passed", told)
    if paired.state != "passed":
        paired = Gate(paired.name, paired.label, "passed", told)
    return near, paired


def _crossed(best: Try) -> Gate:
    bid, asked = best.told["buyer_bid"], best.told["seller_ask"]
    name, label = "quotes", "Quotes cross"
    if bid is None or asked is None:
        return Gate(name, label, "not judged", "Not recorded: the quotes of the try.")
    state = outcome(bid >= asked)
    said = f"Bid {number(bid)}, ask {number(asked)}."
    return Gate(name, label, state, said, float(bid - asked), f"{best.pair[-1]} per {best.pair[0]}")


def _deal(group: list[Try], best: Try, scale: int) -> tuple[Gate, Gate]:
    """Feasibility after rounding, and both utilities, of the try that came closest."""
    good, payment = best.pair[0], best.pair[-1]
    size = number(best.block, 1 if good == "M" else scale)
    pays = number(best.paid, 1 if payment == "M" else scale)
    what = f"{size} {good} for {pays} {payment}"
    feasible = best.place[0] >= 1
    unit = _unit(best)
    block = Gate(
        "block", "Block feasible after rounding", outcome(feasible),
        _about_block(group, best, what), _spare(best, scale), unit,
    )  # fmt: skip
    name, label = "utility", "Both sides gain"
    if not feasible:
        return block, Gate(name, label, "not judged", "No block was feasible.")
    if best.gain is None:
        return block, Gate(name, label, "not judged", "Not recorded: utilities of the try.")
    sides = ("buyer", "seller")
    gains = [_less(best.told[f"{s}_U_final"], best.told[f"{s}_U_init"]) for s in sides]
    said = f"{what}: buyer ΔU {signed(gains[0])}, seller ΔU {signed(gains[1])}."
    state = outcome(best.told["result"] == "success")
    return block, Gate(name, label, state, said, float(best.gain), "utility")


def _unit(best: Try) -> str:
    """What the spare stock counts: the good of the side that has less to spare."""
    good, payment = best.pair[0], best.pair[-1]
    has = _less(best.told[f"seller_{good}_init"], best.block)
    holds = _less(best.told[f"buyer_{payment}_init"], best.paid)
    if best.paid < 1 or has is None or (holds is not None and holds < has):
        return payment
    return good


def _spare(best: Try, scale: int) -> float:
    """Stock to spare of the side that has less, or how far the payment is from one unit."""
    unit = _unit(best)
    least = best.spare if best.paid >= 1 else best.paid - 1
    return least / (1 if unit == "M" else scale)


def _about_block(group: list[Try], best: Try, what: str) -> str:
    infeasible = sum(t.place[0] == 0 for t in group)
    of = f"{infeasible} of {len(group)} tries were not feasible"
    if best.place[0] >= 1:
        return f"{what} can be given; {of}." if infeasible else f"{what} can be given."
    if best.paid < 1:
        return (
            f"At price {number(best.told['price'])} the block rounds to no {best.pair[-1]}; {of}."
        )
    return f"{what} cannot be given: {best.told['result_reason']}; {of}."
