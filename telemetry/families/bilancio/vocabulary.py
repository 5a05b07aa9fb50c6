"""The Bilancio family's declaration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telemetry.concepts import Cell
from telemetry.engines import Shape
from telemetry.families.asker import Asker
from telemetry.families.bilancio import audit, pairs, questions, sweep_columns
from telemetry.families.bilancio.causes import funnel
from telemetry.families.bilancio.layout import opened
from telemetry.families.bilancio.measures import FLOWS, LANES, MEASURES
from telemetry.families.bilancio.tables import TABLES
from telemetry.families.bilancio.views import FolderViews
from telemetry.families.bilancio.why import why
from telemetry.families.vocabulary import FamilySpec, FolderSpec, RunSpec, ScaleSpec
from telemetry.queries import (
    AgentsQuery,
    ExperimentsQuery,
    FunnelQuery,
    IterationsQuery,
    PairQuery,
    WhyQuery,
)

SPEC = "with what the document lists"
PRODUCER = "as the producer writes it"


def recognise(shape: Shape) -> str | None:
    """Told by the tables that its folders are read as; the columns of trades give the vintage."""
    if not shape.has("pairs", "active_run_id", "trading_effect"):
        return None
    if not shape.has("horizon", "dealer_inventory", "debt_to_money"):
        return None
    documented = shape.has("trades", "outside_mid") and not shape.has("trades", "vbt_mid_before")
    return SPEC if documented else PRODUCER


def is_experiment(path: Path) -> bool:
    """An experiment, an arm, a run, its out/ or one of its CSV files."""
    try:
        return opened(path) is not None
    except OSError:  # which whoever opens it will say
        return False


def _scales(asker: Asker, vintage: str) -> tuple[ScaleSpec, ...]:
    return ()


def _status(fields: Mapping[str, Cell]) -> str:
    return str(fields.get("status") or "unknown")


def _extra(fields: Mapping[str, Cell], config: object) -> Mapping[str, Cell]:
    return {}


_ANSWERS: dict[type[Any], Any] = {
    AgentsQuery: questions.agents,
    ExperimentsQuery: questions.experiments,
    IterationsQuery: questions.iterations,
    PairQuery: pairs.why,
    WhyQuery: why,
    FunnelQuery: funnel,
}
FAMILY = FamilySpec(
    name="bilancio",
    label="Bilancio dealer ring",
    recognise=recognise,
    runs=RunSpec(
        table="runs",
        id="run_id",
        name="title",
        config="scenario",
        columns=sweep_columns.RUNS,
        extra=_extra,
        extra_columns=(),
        status=_status,
        tick_tables=(
            "events",
            "metrics",
            "system_state_timeseries",
            "inventory_timeseries",
            "trades",
        ),
        experiment="experiment_id",
        order=("files_missing", "experiment_id", "pair", "regime"),
        ticks_listed=False,
    ),
    tables=TABLES,
    measures=MEASURES,
    lanes=LANES,
    scales=_scales,
    detail=questions.detail,
    answers=_ANSWERS,
    audit=audit.RULES,
    flows=FLOWS,
    folder=FolderSpec(
        "Bilancio experiment folder",
        is_experiment,
        views=lambda path: FolderViews(path)(()),
        of_runs=FolderViews,
    ),
)
