"""What the Lens view makes of its answers: lines of agents that settle, of what binds, and ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtGui import QColor

from telemetry.analysis import lenses
from telemetry.concepts import AgentId, Histogram, Ints, Lens, Settlings
from telemetry.export import Worked
from vmt_log_viewer.background.exporting import Frame, Late
from vmt_log_viewer.plots.compare_lines import CompareLine
from vmt_log_viewer.plots.phase_chart import Way
from vmt_log_viewer.theme import NAMED
from vmt_log_viewer.views.compare_work import COLORS

NAMED_LINES = 8
"""So many agents that stand apart are drawn as lines."""
WAYS = 60
"""So many agents' ways are drawn at most; all agents have their discs."""


def label(lens: Lens) -> str:
    """A measure with its unit."""
    return f"{lens.measure.label} ({lens.measure.unit})" if lens.measure.unit else (
        lens.measure.label)  # fmt: skip


def settled_lines(found: Settlings) -> list[CompareLine]:
    """The share of all agents that have settled, as steps; nothing where none does."""
    ticks = np.array(sorted(s.settled for s in found.agents if s.stays), np.float64)
    if not len(ticks) or found.ticks is None:
        return []
    share = np.arange(1, len(ticks) + 1) / len(found.agents)
    first, last = float(found.ticks.first), float(found.ticks.last)
    x = np.concatenate([[first], np.repeat(ticks, 2), [last]])
    y = np.concatenate([[0, 0], np.repeat(share, 2)])
    color = QColor(NAMED["blue"])
    tick = x.astype(np.int64)
    return [CompareLine("agents settled", color, x, y, tick, last - first, holds=True)]


def binding_lines(found: Histogram) -> list[CompareLine]:
    """The share of the updates that each estimate binds; NaN where there are no updates."""
    whole = np.sum(list(found.counts.values()), axis=0)
    return [
        CompareLine(
            name, QColor(NAMED[COLORS[i % len(COLORS)]]), found.start.astype(np.float64),
            counts / np.where(whole, whole, np.nan), found.start, float(found.width),
        )
        for i, (name, counts) in enumerate(sorted(found.counts.items()))
    ]  # fmt: skip


def ways(
    up: Lens,
    across: Lens,
    chosen: Sequence[AgentId],
    called: Callable[[AgentId], str],
    color: Callable[[AgentId, tuple[AgentId, ...]], QColor],
) -> tuple[list[Way], Ints]:
    """Every agent's two values at the ticks of both; those chosen, else those apart, stand out."""
    ticks = np.intersect1d(up.tick, across.tick)
    x, y = (np.searchsorted(lens.tick, ticks) for lens in (across, up))
    rows = [{agent: i for i, agent in enumerate(lens.agents)} for lens in (across, up)]
    both = [agent for agent in up.agents if agent in rows[0]]
    apart = [outlier.agent_id for outlier in up.outliers][:NAMED_LINES]
    first = [agent for agent in (*chosen, *apart) if agent in rows[0] and agent in rows[1]]
    strong = set(chosen or apart)
    found = [
        Way(agent, called(agent), across.value[rows[0][agent]][x], up.value[rows[1][agent]][y],
            color(agent, up.agents), agent in strong, drawn=place < WAYS)
        for place, agent in enumerate(dict.fromkeys((*first, *both)))
    ]  # fmt: skip
    return found, ticks


def phase_frame(up: Lens, across: Lens, again: Callable[[], Worked]) -> Frame:
    """Both values of every agent at every tick at which it has both."""
    rows = Late(lenses.phase_rows, up, across)
    return Frame("phase", lenses.phase_columns(up.measure, across.measure), rows, again)
