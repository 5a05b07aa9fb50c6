"""The few things that every screen, command and export sees, whatever the family behind them.

Each module is loaded when somebody asks for something of it: a command that lists runs needs two.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telemetry.concepts.audit import Audit, Fault, Rule, RuleVerdict
    from telemetry.concepts.box import Box, Holder, Move
    from telemetry.concepts.comparison import (
        Align,
        Curve,
        Curves,
        Divergence,
        Effect,
        Estimate,
        Parting,
        Quantity,
        RowDifference,
        SeedBand,
        SeedGroup,
        Setting,
    )
    from telemetry.concepts.experiments import (
        Experiment,
        ExperimentList,
        Iteration,
        IterationList,
        Verdict,
    )
    from telemetry.concepts.fingerprint import Fingerprint, changed_since
    from telemetry.concepts.flows import FlowLeg, Flows, Good, Intermediaries, Passing, Velocity
    from telemetry.concepts.lens import Lens, Outlier, Settling, Settlings
    from telemetry.concepts.market import Level, OrderBook, Standing, TickPrice
    from telemetry.concepts.regimes import (
        Folding,
        Overlap,
        Split,
        SplitQuantity,
        Study,
        StudyPath,
        Unit,
    )
    from telemetry.concepts.rows import (
        Facets,
        Histogram,
        Means,
        PageKey,
        Points,
        Summaries,
        Summary,
        TablePage,
    )
    from telemetry.concepts.runs import Agent, Findings, Progress, Run, RunDetail, RunList, RunSizes
    from telemetry.concepts.scenes import AgentMark, Negotiation, ResourceMark, Scene, TradeMark
    from telemetry.concepts.schema import Column, Identity, LaneInfo, Measure, Table, Word
    from telemetry.concepts.series import (
        Band,
        Bands,
        Digests,
        Fan,
        Lane,
        Line,
        Series,
        Stretches,
        Timeline,
    )
    from telemetry.concepts.statement import Statement
    from telemetry.concepts.values import AgentId, Cell, Floats, Ints, Kind, RunId, TickRange
    from telemetry.concepts.why import Case, Funnel, Gate, GateState, NearMiss, NearMisses, Why

__all__ = [
    "Agent",
    "AgentId",
    "AgentMark",
    "Align",
    "Audit",
    "Band",
    "Bands",
    "Box",
    "Case",
    "Cell",
    "Column",
    "Curve",
    "Curves",
    "Digests",
    "Divergence",
    "Effect",
    "Estimate",
    "Experiment",
    "ExperimentList",
    "Facets",
    "Fan",
    "Fault",
    "Findings",
    "Fingerprint",
    "Floats",
    "FlowLeg",
    "Flows",
    "Folding",
    "Funnel",
    "Gate",
    "GateState",
    "Good",
    "Histogram",
    "Holder",
    "Identity",
    "Intermediaries",
    "Ints",
    "Iteration",
    "IterationList",
    "Kind",
    "Lane",
    "LaneInfo",
    "Lens",
    "Level",
    "Line",
    "Means",
    "Measure",
    "Move",
    "NearMiss",
    "NearMisses",
    "Negotiation",
    "OrderBook",
    "Outlier",
    "Overlap",
    "PageKey",
    "Parting",
    "Passing",
    "Points",
    "Progress",
    "Quantity",
    "ResourceMark",
    "RowDifference",
    "Rule",
    "RuleVerdict",
    "Run",
    "RunDetail",
    "RunId",
    "RunList",
    "RunSizes",
    "Scene",
    "SeedBand",
    "SeedGroup",
    "Series",
    "Setting",
    "Settling",
    "Settlings",
    "Split",
    "SplitQuantity",
    "Standing",
    "Statement",
    "Stretches",
    "Study",
    "StudyPath",
    "Summaries",
    "Summary",
    "Table",
    "TablePage",
    "TickPrice",
    "TickRange",
    "Timeline",
    "TradeMark",
    "Unit",
    "Velocity",
    "Verdict",
    "Why",
    "Word",
    "changed_since",
]

_HOMES = {
    "audit": "Audit Fault Rule RuleVerdict",
    "box": "Box Holder Move",
    "comparison": (
        "Align Curve Curves Divergence Effect Estimate Parting Quantity RowDifference SeedBand "
        "SeedGroup Setting"
    ),
    "experiments": "Experiment ExperimentList Iteration IterationList Verdict",
    "fingerprint": "Fingerprint changed_since",
    "flows": "FlowLeg Flows Good Intermediaries Passing Velocity",
    "lens": "Lens Outlier Settling Settlings",
    "market": "Level OrderBook Standing TickPrice",
    "regimes": "Folding Overlap Split SplitQuantity Study StudyPath Unit",
    "rows": "Facets Histogram Means PageKey Points Summaries Summary TablePage",
    "runs": "Agent Findings Progress Run RunDetail RunList RunSizes",
    "scenes": "AgentMark Negotiation ResourceMark Scene TradeMark",
    "schema": "Column Identity LaneInfo Measure Table Word",
    "series": "Band Bands Digests Fan Lane Line Series Stretches Timeline",
    "statement": "Statement",
    "values": "AgentId Cell Floats Ints Kind RunId TickRange",
    "why": "Case Funnel Gate GateState NearMiss NearMisses Why",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found
    return found
