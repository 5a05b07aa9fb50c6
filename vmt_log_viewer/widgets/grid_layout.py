"""GridLayout: where cells, and several agents within one cell, lie in pixels."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from functools import cached_property
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF

from telemetry.concepts import AgentId, AgentMark, Scene

_LABELS = 24.0  # pixels left and above for the coordinates
_CROWD = 9  # more agents than that in one cell are drawn as one disc with their number


class Spot(NamedTuple):
    """Where one agent (or a crowd of them) is drawn."""

    center: QPointF
    radius: float
    agents: tuple[AgentMark, ...]

    @property
    def crowd(self) -> bool:
        return len(self.agents) > 1


class GridLayout:
    """Cells are squares, the whole grid as large as it fits; row 0 is at the top, as stored."""

    def __init__(self, scene: Scene, area: QRectF) -> None:
        self.columns, self.rows = max(1, scene.width), max(1, scene.height)
        inside = area.adjusted(_LABELS, _LABELS, -8, -8)
        self.cell = max(0.1, min(inside.width() / self.columns, inside.height() / self.rows))
        width, height = self.cell * self.columns, self.cell * self.rows
        left = inside.left() + (inside.width() - width) / 2
        self.grid = QRectF(left, inside.top(), width, height)
        self.spots = self._spots(scene.agents)

    def center(self, x: float, y: float) -> QPointF:
        """The middle of cell (x, y)."""
        return QPointF(
            self.grid.left() + (x + 0.5) * self.cell, self.grid.top() + (y + 0.5) * self.cell
        )

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """The cell under a pixel, None outside of the grid."""
        if not self.grid.contains(at):
            return None
        x = int((at.x() - self.grid.left()) / self.cell)
        y = int((at.y() - self.grid.top()) / self.cell)
        return min(x, self.columns - 1), min(y, self.rows - 1)

    @cached_property
    def _of_agent(self) -> dict[AgentId, Spot]:
        return {mark.agent_id: spot for spot in self.spots for mark in spot.agents}

    def spot_of(self, agent: AgentId) -> Spot | None:
        return self._of_agent.get(agent)

    def spot_at(self, at: QPointF) -> Spot | None:
        """The agent under a pixel; small discs are given a few pixels of reach."""
        best, best_away = None, math.inf
        for spot in self.spots:
            away = math.hypot(spot.center.x() - at.x(), spot.center.y() - at.y())
            if away <= max(spot.radius, 6.0) and away < best_away:
                best, best_away = spot, away
        return best

    def _spots(self, agents: tuple[AgentMark, ...]) -> list[Spot]:
        """Those that have their cell for themselves first."""
        cells = [(mark.x, mark.y) for mark in agents]
        count = Counter(cells)
        left, top, cell, single = self.grid.left(), self.grid.top(), self.cell, self.single
        spots = []
        shared: dict[tuple[float, float], list[AgentMark]] = defaultdict(list)
        for mark, at in zip(agents, cells, strict=True):
            if count[at] > 1:
                shared[at].append(mark)
            else:
                x, y = at
                center = QPointF(left + (x + 0.5) * cell, top + (y + 0.5) * cell)
                spots.append(Spot(center, single, (mark,)))
        for (x, y), marks in shared.items():
            spots += self._in_cell(self.center(x, y), marks)
        return spots

    @property
    def single(self) -> float:
        """Radius of a disc that has its cell for itself."""
        return max(self.cell * 0.34, 2.0)

    def _in_cell(self, center: QPointF, marks: list[AgentMark]) -> list[Spot]:
        """Several agents side by side; a crowd, or a cell of few pixels, as one."""
        across = math.ceil(math.sqrt(len(marks)))
        radius = self.cell * 0.40 / across
        if len(marks) > _CROWD or radius < 2.5:
            return [Spot(center, self.single, tuple(marks))]
        step = self.cell * 0.9 / across
        down = math.ceil(len(marks) / across)
        spots = []
        for place, mark in enumerate(marks):
            column, row = place % across, place // across
            offset = QPointF((column - (across - 1) / 2) * step, (row - (down - 1) / 2) * step)
            spots.append(Spot(center + offset, radius, (mark,)))
        return spots
