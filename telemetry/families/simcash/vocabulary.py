"""The SimCash family's declaration for its unified and its experiment databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.engines import Shape
from telemetry.families.asker import Asker
from telemetry.families.simcash import audit, experiments, people, runs, shapes
from telemetry.families.simcash.measures import FLOWS, LANES, MEASURES
from telemetry.families.simcash.migrations import SCHEMA
from telemetry.families.simcash.models import experiment, unified
from telemetry.families.simcash.tables import tables
from telemetry.families.simcash.why import why
from telemetry.families.vocabulary import FamilySpec, ScaleSpec
from telemetry.frozen import replace
from telemetry.queries import AgentsQuery, ExperimentsQuery, IterationsQuery, WhyQuery

NAME = "simcash"
LABEL = "SimCash payments"
ANSWERS: Mapping[type[Any], Callable[[Any, Any], Any]] = {
    ExperimentsQuery: experiments.experiments,
    IterationsQuery: experiments.iterations,
    AgentsQuery: people.agents,
    WhyQuery: why,
}


def no_scales(asker: Asker, vintage: str) -> tuple[ScaleSpec, ...]:
    return ()


def _family(recognise: Callable[[Shape], str | None], models: sa.MetaData) -> FamilySpec:
    """The declaration for databases with `models`, with what their tables can answer."""
    declared = tables(models)
    names = {t.name for t in declared}
    return FamilySpec(
        name=NAME,
        label=LABEL,
        recognise=recognise,
        runs=replace(runs.RUNS, tick_tables=tuple(t for t in runs.RUNS.tick_tables if t in names)),
        tables=declared,
        measures=tuple(m for m in MEASURES if m.table in names),
        lanes=tuple(lane for lane in LANES if lane.states[0] in names),
        scales=no_scales,
        detail=runs.detail,
        answers=ANSWERS,
        schema=SCHEMA,
        audit=audit.RULES if "simulation_events" in names else (),
        flows=tuple(flow for flow in FLOWS if flow.table in names),
    )


UNIFIED = _family(shapes.unified, unified.Base.metadata)
EXPERIMENT = _family(shapes.experiment, experiment.Base.metadata)
