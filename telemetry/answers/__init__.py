"""How each kind of query is answered: one function a kind, over a Reader."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from telemetry import queries
from telemetry.reader import Reader

Answer = Callable[[Reader, Any], Any]


def _by(module: str, function: str) -> Answer:
    """A function of a module here, which is loaded when it first answers: a command that lists
    trades needs no NumPy."""

    def answer(reader: Reader, query: Any) -> Any:
        return getattr(import_module(f"{__name__}.{module}"), function)(reader, query)

    return answer


ANSWERS: dict[type[queries.Query[Any]], Answer] = {
    queries.RunsQuery: _by("runs", "runs"),
    queries.RunQuery: _by("runs", "run"),
    queries.ContradictionsQuery: _by("runs", "contradictions"),
    queries.ProgressQuery: _by("runs", "progress"),
    queries.RunSizesQuery: _by("runs", "run_sizes"),
    queries.RunCellsQuery: _by("summaries", "run_cells"),
    queries.AgentsQuery: _by("agents", "agents"),
    queries.SeriesQuery: _by("series", "series"),
    queries.FanQuery: _by("fans", "fan"),
    queries.BandQuery: _by("bands", "band"),
    queries.BandsQuery: _by("bands_of_runs", "bands"),
    queries.LensQuery: _by("lens", "lens"),
    queries.SettlingQuery: _by("settling", "settling"),
    queries.TimelineQuery: _by("timeline", "timeline"),
    queries.ColumnsQuery: _by("tables", "columns"),
    queries.TableQuery: _by("tables", "page"),
    queries.CountQuery: _by("tables", "count"),
    queries.DigestQuery: _by("digests", "digests"),
    queries.FacetQuery: _by("aggregates", "facets"),
    queries.SummaryQuery: _by("aggregates", "summary"),
    queries.SummariesQuery: _by("summaries", "summaries"),
    queries.HistogramQuery: _by("aggregates", "histogram"),
    queries.PointsQuery: _by("aggregates", "points"),
    queries.MeansQuery: _by("means", "means"),
    queries.SplitQuery: _by("splits", "split"),
    queries.FlowsQuery: _by("flows", "flows"),
    queries.IntermediariesQuery: _by("flows", "intermediaries"),
    queries.SceneQuery: _by("scene", "scene"),
    queries.NegotiationQuery: _by("negotiation", "negotiation"),
    queries.FunnelQuery: _by("failing", "funnel"),
    queries.AuditQuery: _by("audit", "audit"),
}
