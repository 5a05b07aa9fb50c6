"""The few things that every screen, command and export sees, whatever the family behind them."""

from __future__ import annotations

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
from telemetry.concepts.growth import Progress
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
from telemetry.concepts.rows import Facets, Histogram, Means, PageKey, Points, Summary, TablePage
from telemetry.concepts.runs import Agent, Run, RunDetail, RunList, RunSizes
from telemetry.concepts.scenes import AgentMark, Negotiation, ResourceMark, Scene, TradeMark
from telemetry.concepts.schema import Column, Identity, LaneInfo, Measure, Table, Word
from telemetry.concepts.series import Band, Fan, Lane, Line, Series, Timeline
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
    "Box",
    "Case",
    "Cell",
    "Column",
    "Curve",
    "Curves",
    "Divergence",
    "Effect",
    "Estimate",
    "Experiment",
    "ExperimentList",
    "Facets",
    "Fan",
    "Fault",
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
    "Study",
    "StudyPath",
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
