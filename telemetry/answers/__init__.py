"""How each kind of query is answered: one function a kind, over a Reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telemetry import queries
from telemetry.answers import (
    agents,
    aggregates,
    audit,
    bands,
    bands_of_runs,
    digests,
    failing,
    fans,
    flows,
    lens,
    means,
    negotiation,
    runs,
    scene,
    series,
    settling,
    splits,
    summaries,
    tables,
    timeline,
)
from telemetry.reader import Reader

ANSWERS: dict[type[queries.Query[Any]], Callable[[Reader, Any], Any]] = {
    queries.RunsQuery: runs.runs,
    queries.RunQuery: runs.run,
    queries.ContradictionsQuery: runs.contradictions,
    queries.ProgressQuery: runs.progress,
    queries.RunSizesQuery: runs.run_sizes,
    queries.RunCellsQuery: summaries.run_cells,
    queries.AgentsQuery: agents.agents,
    queries.SeriesQuery: series.series,
    queries.FanQuery: fans.fan,
    queries.BandQuery: bands.band,
    queries.BandsQuery: bands_of_runs.bands,
    queries.LensQuery: lens.lens,
    queries.SettlingQuery: settling.settling,
    queries.TimelineQuery: timeline.timeline,
    queries.ColumnsQuery: tables.columns,
    queries.TableQuery: tables.page,
    queries.CountQuery: tables.count,
    queries.DigestQuery: digests.digests,
    queries.FacetQuery: aggregates.facets,
    queries.SummaryQuery: aggregates.summary,
    queries.SummariesQuery: summaries.summaries,
    queries.HistogramQuery: aggregates.histogram,
    queries.PointsQuery: aggregates.points,
    queries.MeansQuery: means.means,
    queries.SplitQuery: splits.split,
    queries.FlowsQuery: flows.flows,
    queries.IntermediariesQuery: flows.intermediaries,
    queries.SceneQuery: scene.scene,
    queries.NegotiationQuery: negotiation.negotiation,
    queries.FunnelQuery: failing.funnel,
    queries.AuditQuery: audit.audit,
}
