"""The gates of two agents who tried nothing that is recorded, from their states and quotes."""

from __future__ import annotations

import math
from typing import Any

from telemetry.concepts import AgentId, Case, Gate
from telemetry.families.asker import Asker
from telemetry.families.vmt.audit_words import number
from telemetry.families.vmt.circumstances import Circumstances, State, outcome
from telemetry.queries import WhyQuery

_BLOCKS = 5


def cases(asker: Asker, query: WhyQuery, about: Circumstances) -> list[Case]:
    """Each agent as the buyer in each pair type that could matter; none without states."""
    if len(about.before) < 2 and len(about.at) < 2:
        return []
    first, second = about.agents
    return [
        _case(asker, about, buyer, seller, pair)
        for pair in about.pairs
        for buyer, seller in ((first, second), (second, first))
    ]


def _case(asker: Asker, about: Circumstances, buyer: AgentId, seller: AgentId, pair: str) -> Case:
    bought, sold = about.before.get(buyer, {}), about.before.get(seller, {})
    quote = f"{pair[0]}_in_{pair[-1]}"
    bid, asked = bought.get(f"bid_{quote}"), sold.get(f"ask_{quote}")
    crossed = _crossed(bid, asked, pair)
    block = _block(about, bought, sold, bid, asked, pair, asker.scale("goods"))
    utility = Gate(
        "utility", "Both sides gain", "not judged",
        "Not recorded: the utilities of a try (the parameters of utility are not recorded).",
    )  # fmt: skip
    label = f"{buyer} buys {pair[0]} from {seller} for {pair[-1]}"
    gates = (about.allowed(pair), about.near(), about.paired(), crossed, block, utility)
    return Case(label, gates)


def _crossed(bid: Any, asked: Any, pair: str) -> Gate:
    name, label = "quotes", "Quotes cross"
    if bid is None or asked is None:
        side = "the buyer's bid" if bid is None else "the seller's ask"
        return Gate(name, label, "not judged", f"Not recorded (or not quoted): {side}.")
    state = outcome(bid >= asked)
    said = f"Bid {number(bid)}, ask {number(asked)}."
    return Gate(name, label, state, said, float(bid - asked), f"{pair[-1]} per {pair[0]}")


def _block(
    about: Circumstances, bought: State, sold: State, bid: Any, asked: Any, pair: str, goods: int
) -> Gate:
    """Whether any block at any price between the quotes can be given by both."""
    name, label = "block", "Block feasible after rounding"
    good, payment = pair[0], pair[-1]
    if bid is None or asked is None or bid < asked:
        return Gate(name, label, "not judged", "Needs quotes that cross.")
    has, holds = sold.get(f"inventory_{good}"), bought.get(f"inventory_{payment}")
    if has is None or holds is None:
        return Gate(name, label, "not judged", f"Not recorded: stocks of {good} and {payment}.")
    unit, per = (1 if g == "M" else goods for g in (good, payment))
    most = about.params.get("dA_max")
    most = most if isinstance(most, int) and 0 < most <= 1000 else _BLOCKS
    found = max(
        (_spare(has, holds, n * unit, price) for n in range(1, most + 1) for price in (asked, bid)),
        key=lambda spare: spare[0],
    )
    spare, block, paid, short = found
    what = f"{number(block, unit)} {good} for {number(paid, per)} {payment}"
    held = spare >= 0
    said = f"{what} could be given." if held else f"Not even {what} could be given."
    margin = spare / (unit if short == "good" else per)
    which = good if short == "good" else payment
    return Gate(name, label, outcome(held), said, margin, which)


def _spare(has: int, holds: int, block: int, price: float) -> tuple[float, int, int, str]:
    """Stock to spare of the side that has less; a payment that rounds to nothing lacks one."""
    paid = math.floor(price * block + 0.5)
    if paid < 1:
        return (paid - 1, block, paid, "payment")
    of_good, of_payment = has - block, holds - paid
    if of_good <= of_payment:
        return (of_good, block, paid, "good")
    return (of_payment, block, paid, "payment")
