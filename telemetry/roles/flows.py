"""What changes hands in a mapped database: units one way, what is paid for them the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import FlowLeg
from telemetry.engines.try_cast import try_number
from telemetry.families.vocabulary import Columns, ColumnSpec, FlowSpec
from telemetry.roles.tables import Mapped
from telemetry.roles.words import label_of

_KINDS = ("trades", "events")


def paid(place: Mapped) -> ColumnSpec | None:
    """Price × quantity, for a table of trades that has both and no amount of its own."""
    own = place.own
    price, quantity = own.with_role("price"), own.with_role("quantity")
    if own.kind != "trades" or price is None or quantity is None or own.with_role("amount"):
        return None
    name = "paid"
    while place.evidence.column(name) is not None:
        name += "_"

    def number(columns: Columns, column: str) -> sa.ColumnElement[Any]:
        known = place.evidence.column(column)
        element = columns.column(place.name, column)
        return try_number(element) if known is not None and known.written else element

    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        return number(columns, price) * number(columns, quantity)

    return ColumnSpec(
        name, "paid", "real", role="amount", derive=derive,
        help=f"{label_of(price)} × {label_of(quantity)}",
    )  # fmt: skip


def flows_of(places: Sequence[Mapped]) -> tuple[FlowSpec, ...]:
    """The flows of each table that names two sides: who sold or gave, and who bought or received.

    An amount beside a price or a quantity is what was paid, so it goes to the seller; an amount
    alone is what was given.
    """
    found: dict[str, FlowSpec] = {}
    for place in places:
        own = place.own
        buyer, seller = own.with_role("buyer"), own.with_role("seller")
        if buyer is None or seller is None or place.tick is None or place.run is None:
            continue
        if own.kind not in _KINDS:
            continue
        units, amount = own.with_role("quantity"), own.with_role("amount")
        extra = paid(place)
        amount = amount or (None if extra is None else extra.name)
        traded = units is not None or own.with_role("price") is not None
        legs = {
            units: FlowLeg(seller, buyer, str(units)),
            amount: FlowLeg(buyer, seller, str(amount)) if traded
            else FlowLeg(seller, buyer, str(amount)),
        }  # fmt: skip
        for column, leg in legs.items():
            if column is None:
                continue
            name = column if column not in found else f"{label_of(place.name)}: {column}"
            found[name] = FlowSpec(
                name, label_of(column), "", place.name, (leg,), money=column == amount,
            )  # fmt: skip
    return tuple(found.values())
