"""GridLayout: where cells, and several agents within one cell, lie in pixels."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

import numpy as np
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
    """Cells are squares, the whole grid as large as it fits; row 0 is at the top, as stored.

    `own` int64[n] are the places in the scene of agents that have their cell for themselves, which
    come first among the spots; `shared` are the other spots. `x`, `y`, `radius` float64[spots] and
    `crowd` bool[spots] are those of every spot; `at` float64[agents, 2] is where each agent stands.
    """

    def __init__(self, scene: Scene, area: QRectF) -> None:
        self.columns, self.rows = max(1, scene.width), max(1, scene.height)
        inside = area.adjusted(_LABELS, _LABELS, -8, -8)
        self.cell = max(0.1, min(inside.width() / self.columns, inside.height() / self.rows))
        width, height = self.cell * self.columns, self.cell * self.rows
        left = inside.left() + (inside.width() - width) / 2
        self.grid = QRectF(left, inside.top(), width, height)
        self._scene = scene
        self.own = np.flatnonzero(scene.alone)
        self.at = (scene.numbers[:, :2] + 0.5) * self.cell + (left, inside.top())
        self.shared = self._shared()
        others = np.array([(s.center.x(), s.center.y(), s.radius) for s in self.shared])
        others = others.reshape(len(self.shared), 3)
        self.x, self.y = (np.concatenate((self.at[self.own, i], others[:, i])) for i in (0, 1))
        self.radius = np.concatenate((np.full(len(self.own), self.single), others[:, 2]))
        self.crowd = np.zeros(len(self.x), bool)
        self.crowd[len(self.own) :] = [spot.crowd for spot in self.shared]
        self._spots: dict[int, Spot] = {}

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

    def spot(self, place: int) -> Spot:
        """The spot at a place of `x`; the same object each time."""
        if place >= len(self.own):
            return self.shared[place - len(self.own)]
        known = self._spots.get(place)
        if known is None:
            center = QPointF(float(self.x[place]), float(self.y[place]))
            known = Spot(center, self.single, (self._scene.agents[int(self.own[place])],))
            self._spots[place] = known
        return known

    @property
    def spots(self) -> list[Spot]:
        """All of them."""
        return [self.spot(place) for place in range(len(self.x))]

    @cached_property
    def _of_agent(self) -> dict[AgentId, int]:
        agents = self._scene.agents
        found = {agents[i].agent_id: place for place, i in enumerate(self.own.tolist())}
        for place, spot in enumerate(self.shared, len(self.own)):
            found.update({mark.agent_id: place for mark in spot.agents})
        return found

    def spot_of(self, agent: AgentId) -> Spot | None:
        place = self._of_agent.get(agent)
        return None if place is None else self.spot(place)

    def spot_at(self, at: QPointF) -> Spot | None:
        """The agent under a pixel; small discs are given a few pixels of reach."""
        away = np.hypot(self.x - at.x(), self.y - at.y())
        away[away > np.maximum(self.radius, 6.0)] = np.inf
        best = int(np.argmin(away)) if away.size else 0
        return self.spot(best) if away.size and np.isfinite(away[best]) else None

    def _shared(self) -> list[Spot]:
        """Those of agents that are not alone in their cell, cell by cell."""
        cells: dict[tuple[float, float], list[int]] = defaultdict(list)
        places = self._scene.numbers[:, :2].tolist()
        for i in np.flatnonzero(~self._scene.alone).tolist():
            cells[places[i][0], places[i][1]].append(i)
        found = []
        for cell, agents in cells.items():
            found += self._in_cell(self.center(*cell), agents)
        return found

    @property
    def single(self) -> float:
        """Radius of a disc that has its cell for itself."""
        return max(self.cell * 0.34, 2.0)

    def _in_cell(self, center: QPointF, agents: list[int]) -> list[Spot]:
        """Several agents side by side; a crowd, or a cell of few pixels, as one."""
        marks = [self._scene.agents[i] for i in agents]
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
            self.at[agents[place]] = spots[-1].center.toTuple()
        return spots
