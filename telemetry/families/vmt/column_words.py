"""Columns that several VMT tables have, and the ways in which quantities are declared."""

from __future__ import annotations

from telemetry.families.vmt import derived, terms
from telemetry.families.vocabulary import ColumnSpec

C = ColumnSpec
STATE_AT = ("tick_states.run_id", "tick_states.tick")
RUN_SCALE = ("run_id", "simulation_runs.run_id", "simulation_runs.money_scale")


def key() -> ColumnSpec:
    """The number that the database gives a row."""
    return C("id", "id", "int", role="key", visible=False, help="Row id of the table.")


def run() -> ColumnSpec:
    """The run that a row belongs to."""
    return C("run_id", "run", "int", role="run", visible=False)


def tick() -> ColumnSpec:
    """The tick of a row."""
    return C("tick", "tick", "int", role="tick")


def good(name: str, label: str, unit: str, role: str | None = None) -> ColumnSpec:
    """So many units of a good."""
    return C(name, label, "int", role=role, unit=unit, scale="goods")


def money(name: str, label: str, role: str | None = None, *, visible: bool = True) -> ColumnSpec:
    """An amount of money in minor units; 0 in vintages that have none."""
    return C(
        name, label, "int", role=role, unit="M minor", optional=True, default=0, visible=visible
    )


def optional(name: str, label: str, unit: str | None = None, role: str | None = None) -> ColumnSpec:
    """A number that only some vintages have."""
    return C(name, label, "real", role=role, unit=unit, optional=True)


def mode_and_regime(table: str) -> tuple[ColumnSpec, ColumnSpec]:
    """Mode and regime at a row's tick, which the row itself does not tell."""
    return (
        C(
            "mode",
            "mode",
            role="mode",
            derive=derived.mode_at_tick(table),
            needs=("run_id", "tick", "tick_states.current_mode|mode_changes.new_mode"),
            facet=True,
            help="Mode of the row's tick, from tick_states or else mode_changes.",
        ),
        C(
            "regime",
            "regime",
            role="regime",
            derive=derived.regime_at_tick(table),
            needs=("run_id", "tick", *STATE_AT, "tick_states.exchange_regime"),
            facet=True,
            help="Exchange regime of the row's tick, from tick_states.",
        ),
    )


def pair(table: str, a: str, b: str, m: str) -> ColumnSpec:
    """The kind of an exchange, from what was exchanged where it was not stored."""
    return C(
        "pair_type",
        "pair",
        role="pair",
        derive=derived.pair_type(table, a, b, m),
        needs=(a, b),
        facet=True,
        help="What changed hands, told by the amounts (else by exchange_pair_type).",
        words=terms.PAIRS,
    )
