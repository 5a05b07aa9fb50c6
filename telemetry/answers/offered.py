"""What a source offers: measures, lanes and goods, each with whether it is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.answers.measures import declared
from telemetry.concepts import Good, LaneInfo
from telemetry.families.vocabulary import FlowSpec
from telemetry.layout import Layout
from telemetry.text import shown_unit

if TYPE_CHECKING:
    from telemetry.concepts import Measure


def measures(layout: Layout) -> tuple[Measure, ...]:
    """The family's measures, each with whether this source has its column."""
    return tuple(declared(layout, m) for m in layout.family.measures)


def lanes(layout: Layout) -> tuple[LaneInfo, ...]:
    """The family's lanes, each with whether this source records it."""
    found = []
    for spec in layout.family.lanes:
        recorded = layout.has(*spec.states) or (
            spec.changes is not None and layout.has(*spec.changes)
        )
        reason = "" if recorded else f"{spec.label} is not recorded in this database."
        found.append(LaneInfo(spec.name, spec.label, recorded, reason))
    return tuple(found)


def goods(layout: Layout) -> tuple[Good, ...]:
    """What changes hands in the family, each with whether this source records it."""
    return tuple(good_of(layout, spec) for spec in layout.family.flows)


def good_of(layout: Layout, spec: FlowSpec) -> Good:
    """What changes hands by one declaration, and whether this source records it."""
    table = layout.table_spec(spec.table)
    names = {n for leg in spec.legs for n in (leg.giver, leg.taker, leg.amount)}
    lacking = [n for n in sorted(names) if not layout.recorded(table, layout.column_spec(table, n))]
    reason = ""
    if not layout.there(table.name):
        reason = f"{spec.label} is not recorded: this database has no table {table.name}."
    elif lacking:
        reason = f"{spec.label} is not recorded: {table.name} has no column {lacking[0]}."
    return Good(
        spec.name, spec.label, shown_unit(spec.unit), spec.table, spec.tick or str(table.tick),
        spec.legs, spec.money, spec.stock, not reason, reason,
    )  # fmt: skip
