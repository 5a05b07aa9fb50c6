"""GridLayout: where cells, and several agents within one cell, lie in pixels."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from telemetry.concepts import AgentId, AgentMark, Floats, Ints, Scene

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
    come first among the spots; `members` are the places of those who stand at each other spot.
    `x`, `y`, `radius` float64[spots] and `crowd` bool[spots] are those of every spot; `at`
    float64[agents, 2] is where each agent stands.
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
        self.members, others = self._shared()
        self.x, self.y = (np.concatenate((self.at[self.own, i], others[:, i])) for i in (0, 1))
        self.radius = np.concatenate((np.full(len(self.own), self.single), others[:, 2]))
        self.crowd = np.zeros(len(self.x), bool)
        self.crowd[len(self.own) :] = [len(spot) > 1 for spot in self.members]
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

    def of_spot(self, place: int) -> tuple[int, ...]:
        """Who stands at a place of `x`: places in the scene."""
        alone = place < len(self.own)
        return (int(self.own[place]),) if alone else self.members[place - len(self.own)]

    def spot(self, place: int) -> Spot:
        """The spot at a place of `x`; the same object each time."""
        known = self._spots.get(place)
        if known is None:
            center = QPointF(float(self.x[place]), float(self.y[place]))
            agents = tuple(self._scene.agents[i] for i in self.of_spot(place))
            known = self._spots[place] = Spot(center, float(self.radius[place]), agents)
        return known

    @property
    def spots(self) -> list[Spot]:
        """All of them."""
        return [self.spot(place) for place in range(len(self.x))]

    @cached_property
    def _place(self) -> Ints:
        """int64[agents]: the place among the spots of each."""
        found = np.empty(len(self.at), np.int64)
        found[self.own] = np.arange(len(self.own))
        for place, spot in enumerate(self.members, len(self.own)):
            found[list(spot)] = place
        return found

    def places_of(self, agents: Iterable[AgentId]) -> Ints:
        """The places of their spots in `x`; −1 for who is not on the grid."""
        places = self._scene.places
        found = np.array([places.get(agent, -1) for agent in agents], np.int64)
        return np.append(self._place, -1)[found]

    def spot_of(self, agent: AgentId) -> Spot | None:
        (place,) = self.places_of((agent,)).tolist()
        return None if place < 0 else self.spot(place)

    def spot_at(self, at: QPointF) -> Spot | None:
        """The agent under a pixel; small discs are given a few pixels of reach."""
        away = np.hypot(self.x - at.x(), self.y - at.y())
        away[away > np.maximum(self.radius, 6.0)] = np.inf
        best = int(np.argmin(away)) if away.size else 0
        return self.spot(best) if away.size and np.isfinite(away[best]) else None

    @property
    def single(self) -> float:
        """Radius of a disc that has its cell for itself."""
        return max(self.cell * 0.34, 2.0)

    def _shared(self) -> tuple[list[tuple[int, ...]], Floats]:
        """Spots of agents that are not alone in their cell, cell by cell, with x, y and radius.

        Several agents stand side by side; a crowd, or those in a cell of few pixels, as one.
        """
        cells = self._scene.together
        size = np.array([len(agents) for agents in cells], np.int64)
        across = np.ceil(np.sqrt(size))
        radius = self.cell * 0.40 / np.maximum(across, 1)
        crowd = (size > _CROWD) | (radius < 2.5)
        cell = np.repeat(np.arange(len(cells)), np.where(crowd, 1, size))
        within = np.arange(len(cell)) - np.searchsorted(cell, cell)
        row, column = np.divmod(within, across[cell])
        last = np.column_stack((across, np.ceil(size / np.maximum(across, 1)))) - 1
        step = self.cell * 0.9 / np.maximum(across, 1)
        aside = (np.column_stack((column, row)) - last[cell] / 2) * step[cell, np.newaxis]
        aside[crowd[cell]] = 0.0
        at = self.at[np.array([agents[0] for agents in cells], np.int64)][cell] + aside
        members = [
            agents if as_one else agents[place : place + 1]
            for agents, as_one, place in zip(
                (cells[i] for i in cell.tolist()),
                crowd[cell].tolist(),
                within.tolist(),
                strict=True,
            )
        ]
        side_by_side = ~crowd[cell]
        alone = [spot[0] for spot, apart in zip(members, side_by_side, strict=True) if apart]
        self.at[np.array(alone, np.int64)] = at[side_by_side]
        return members, np.column_stack((at, np.where(crowd, self.single, radius)[cell]))
