"""The vintages of the VMT producer, told apart by tables and columns, never by name."""

from __future__ import annotations

import statistics

import sqlalchemy as sa

from telemetry.engines import Shape
from telemetry.families.asker import Asker
from telemetry.families.vocabulary import ScaleSpec

BARTER = "barter"
MODE = "mode schedule"
MONEY_FIRST = "money, first"
MONEY = "money"
MONEY_COMPLETE = "money, complete"
DECIMAL = "decimal"
DECIMAL_SCALE = 10_000


def recognise(shape: Shape) -> str | None:
    """The vintage, or None where the tables are not a VMT producer's."""
    if not shape.has("simulation_runs", "run_id", "scenario_name"):
        return None
    if not shape.has("agent_snapshots", "run_id", "tick", "agent_id"):
        return None
    if shape.has("simulation_runs", "exchange_regime"):
        if shape.has("trade_attempts", "dM_attempted"):
            return MONEY_COMPLETE
        return MONEY if shape.has("pairings") else MONEY_FIRST
    if _pairing_columns(shape):
        return DECIMAL
    modes = shape.has("decisions", "mode") if shape.has("decisions") else shape.has("mode_changes")
    return MODE if modes else BARTER


def _pairing_columns(shape: Shape) -> bool:
    """Whether the tables have what came with pairings.

    Tables that only came later say nothing where these are there to ask: each of the producer's
    programs, its viewer too, adds the tables it misses to any file it opens, but no column.
    """
    columns = {"trades": "exchange_pair_type", "decisions": "is_paired"}
    there = [table for table in columns if shape.has(table)]
    if there:
        return all(shape.has(table, columns[table]) for table in there)
    return shape.has("tick_states") or shape.has("pairings")


def scales(asker: Asker, vintage: str) -> tuple[ScaleSpec, ...]:
    """Goods are stored × 10 000 in the decimal vintage; the file does not say so, so we look."""
    if vintage != DECIMAL or not asker.has("agent_snapshots", "inventory_A", "inventory_B"):
        return (ScaleSpec("goods", 1),)
    columns = [asker.column("agent_snapshots", n) for n in ("inventory_A", "inventory_B")]
    rows = asker.rows(sa.select(*columns).limit(1000))
    stored = [v for row in rows for v in row if isinstance(v, int) and v != 0]
    if stored and statistics.median(abs(v) for v in stored) < DECIMAL_SCALE / 10:
        return (
            ScaleSpec(
                "goods",
                1,
                "This vintage usually stores quantities × 10 000, but those here are small, so "
                "they are shown as stored; set the scale if that is wrong.",
            ),
        )
    return (
        ScaleSpec(
            "goods",
            DECIMAL_SCALE,
            "Quantities of goods are shown in units, stored integers ÷ 10 000: inferred from the "
            "vintage, since the file does not say; set another scale if that is wrong.",
        ),
    )
