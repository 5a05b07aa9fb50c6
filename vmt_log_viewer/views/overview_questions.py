"""What the overview asks about a run, and how the answers become bars and columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor

from telemetry.concepts import Agent, AgentId, Facets, Measure, Series, Table, TickRange
from telemetry.filters import Filter
from telemetry.frozen import Frozen
from telemetry.queries import FacetQuery, HistogramQuery, SeriesQuery, SummaryQuery, Where
from telemetry.text import cell_text
from vmt_log_viewer.plots.against_chart import Side
from vmt_log_viewer.plots.agent_columns import AgentColumn
from vmt_log_viewer.plots.bars import Bar
from vmt_log_viewer.state.failures import failed_text, succeeded_text
from vmt_log_viewer.theme import Theme
from vmt_log_viewer.widgets.agent_chooser import agent_name
from vmt_log_viewer.widgets.outcome_mark import reason_color

if TYPE_CHECKING:
    from telemetry.concepts import RunId
    from telemetry.source import Source

BINS = 100


class Questions(Frozen):
    """The queries about one run of a source, limited to `ticks` where a brush says so.

    A property is None where the source cannot answer it.
    """

    source: Source
    run_id: RunId
    ticks: TickRange | None

    @property
    def trades(self) -> Table | None:
        return _recorded(self.source.table_with_role("trades"))

    @property
    def attempts(self) -> Table | None:
        return _recorded(self.source.table_with_role("attempts"))

    def titles(self) -> dict[str, str]:
        """The headings of the sections about trades and attempts, in the family's own words."""
        trades = self.source.table_with_role("trades")
        attempts = self.source.table_with_role("attempts")
        traded = "Trades" if trades is None else trades.label
        tried = "Attempts" if attempts is None else attempts.label
        reason = None if attempts is None else attempts.with_role("reason")
        group = None if trades is None else trades.column(trades.group or "")
        return {
            "pairs": f"{traded} by {group.label}" if group is not None else traded,
            "over_time": f"{traded} over time",
            "attempts": f"{tried} by {'reason' if reason is None else reason.label}",
            "traders": f"{traded} of each agent",
        }

    @property
    def where(self) -> Where:
        return Where(ticks=self.ticks)

    def summary(self) -> SummaryQuery | None:
        table = self.trades
        return None if table is None else SummaryQuery(self.run_id, table.name, self.where)

    def histogram(self) -> HistogramQuery | None:
        table = self.trades
        if table is None:
            return None
        pair = table.with_role("pair") or table.with_role("result")
        by = None if pair is None else pair.name
        return HistogramQuery(self.run_id, table.name, by, self.where, BINS)

    def counts_of(self, role: str) -> FacetQuery | None:
        """Trades per "buyer" or "seller"."""
        column = None if self.trades is None else self.trades.with_role(role)
        if self.trades is None or column is None:
            return None
        return FacetQuery(self.run_id, self.trades.name, column.name, self.where)

    def reasons(self, *, success: bool) -> FacetQuery | None:
        """Attempts per reason, of those that succeeded or of the others."""
        table = self.attempts
        if table is None:
            return None
        result, reason = table.with_role("result"), table.with_role("reason")
        if result is None or reason is None:
            return None
        text = succeeded_text(result) if success else failed_text(result)
        if text is None and success:
            return None
        filters = () if text is None else (Filter.parse(result.name, text),)
        where = Where(filters=filters, ticks=self.ticks)
        return FacetQuery(self.run_id, table.name, reason.name, where)

    def measures(self) -> tuple[Measure, ...]:
        """The measures whose beginning and end are compared."""
        return tuple(m for m in self.source.measures if m.recorded and m.default)

    def against(self) -> tuple[Measure, Measure] | None:
        """The first measure that is to be seen against another, and that other."""
        known = {m.name: m for m in self.source.measures if m.recorded}
        pairs = ((m, known.get(m.against)) for m in known.values() if m.against)
        return next(((one, other) for one, other in pairs if other is not None), None)

    def over_ticks(self, measure: Measure) -> SeriesQuery:
        return SeriesQuery(self.run_id, measure.name, None, self.ticks)

    def at(self, measure: Measure, tick: int) -> SeriesQuery:
        return SeriesQuery(self.run_id, measure.name, None, TickRange(tick, tick))


def reason_bars(failed: Facets | None, succeeded: Facets | None, theme: Theme) -> list[Bar]:
    """Failures first, by how often they happen; then what succeeded."""
    bars = []
    for facets in (failed, succeeded):
        if facets is not None:
            bars += [
                Bar(
                    cell_text(value, missing="not recorded", limit=60),
                    count,
                    reason_color(theme, value),
                )
                for value, count in facets.values
            ]
    return bars


def trade_columns(
    bought: Facets | None,
    sold: Facets | None,
    agents: Sequence[Agent],
    color_of: Callable[[AgentId], QColor],
) -> list[AgentColumn]:
    """Every agent, the busiest first; one that never traded has its place too."""
    buys: Mapping[object, int] = {} if bought is None else dict(bought.values)
    sells: Mapping[object, int] = {} if sold is None else dict(sold.values)
    columns = []
    for agent in agents:
        counts = (float(buys.get(agent.agent_id, 0)), float(sells.get(agent.agent_id, 0)))
        columns.append(
            AgentColumn(agent.agent_id, agent_name(agent), color_of(agent.agent_id), counts)
        )
    return sorted(columns, key=lambda column: -sum(column.parts))


def span_columns(
    start: Series,
    end: Series,
    agents: Sequence[Agent],
    color_of: Callable[[AgentId], QColor],
) -> list[AgentColumn]:
    """Every agent with a value at both ticks, ordered by the value that it began with."""
    before, after = _values(start), _values(end)
    found = [
        AgentColumn(
            agent.agent_id,
            agent_name(agent),
            color_of(agent.agent_id),
            (before[agent.agent_id], after[agent.agent_id]),
        )
        for agent in agents
        if agent.agent_id in before and agent.agent_id in after
    ]
    return sorted(found, key=lambda column: column.parts)


def against_side(
    series: Series, agents: Sequence[Agent], color_of: Callable[[AgentId], QColor]
) -> Side:
    """The lines that have values, each agent in its name and colour; one of a whole system by
    the name of the measure."""
    names = {agent.agent_id: agent_name(agent) for agent in agents}
    lines = tuple(line for line in series.lines if np.isfinite(line.value).any())
    alone, label = len(lines) == 1, series.measure.label.lower()
    named = tuple(label if alone else names.get(x.agent_id, str(x.agent_id)) for x in lines)
    colors = tuple(color_of(line.agent_id) for line in lines)
    return Side(lines, named, colors, series.measure.unit)


def _values(series: Series) -> dict[AgentId, float]:
    first = ((line.agent_id, float(line.value[0])) for line in series.lines if line.value.size)
    return {agent: value for agent, value in first if math.isfinite(value)}


def _recorded(table: Table | None) -> Table | None:
    return table if table is not None and table.recorded else None
