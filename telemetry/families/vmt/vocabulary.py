"""The VMT family's declaration: its tables, measures and lanes, and how its vintages differ."""

from __future__ import annotations

from telemetry.families.vmt import audit, experiments, near_misses, questions
from telemetry.families.vmt.box import box
from telemetry.families.vmt.columns import RUN_COLUMNS, RUN_EXTRA
from telemetry.families.vmt.flows import FLOWS
from telemetry.families.vmt.measures import LANES, MEASURES
from telemetry.families.vmt.migrations import SCHEMA
from telemetry.families.vmt.tables import TABLES
from telemetry.families.vmt.vintages import recognise, scales
from telemetry.families.vmt.why import why
from telemetry.families.vocabulary import FamilySpec, RunSpec
from telemetry.queries import (
    BoxQuery,
    ExperimentsQuery,
    FunnelQuery,
    IterationsQuery,
    NearMissesQuery,
    WhyQuery,
)

RUNS = RunSpec(
    table="simulation_runs",
    id="run_id",
    name="scenario_name",
    config="config_json",
    columns=(*RUN_COLUMNS, *experiments.RUN_LINKS),
    extra=questions.run_extra,
    extra_columns=RUN_EXTRA,
    status=questions.status,
    tick_tables=("agent_snapshots", "tick_states", "trades", "trade_attempts"),
    grid=("grid_width", "grid_height"),
    experiment="experiment_id",
    iteration="iteration",
)

FAMILY = FamilySpec(
    name="vmt",
    label="VMT grid economy",
    recognise=recognise,
    runs=RUNS,
    tables=TABLES,
    measures=MEASURES,
    lanes=LANES,
    scales=scales,
    detail=questions.detail,
    contradictions=questions.contradictions,
    answers={
        ExperimentsQuery: experiments.experiments,
        IterationsQuery: experiments.iterations,
        WhyQuery: why,
        BoxQuery: box,
        NearMissesQuery: near_misses.near_misses,
        FunnelQuery: near_misses.funnel,
    },
    answers_from={ExperimentsQuery: "experiments", IterationsQuery: "experiments"},
    schema=SCHEMA,
    audit=audit.RULES,
    flows=FLOWS,
)
