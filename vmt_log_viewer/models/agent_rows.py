"""AgentRows: agents to tick, of which a search leaves some; however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor

from telemetry.concepts import Agent, AgentId
from vmt_log_viewer.theme import ROW_HEIGHT

Index = QModelIndex | QPersistentModelIndex
_ROLES = Qt.ItemDataRole


class AgentRows(QAbstractListModel):
    """Names and colours are worked out for the lines that are seen; a tick outlives a search."""

    ticked = Signal()  # by somebody, not by `choose`

    def __init__(self, name_of: Callable[[Agent], str]) -> None:
        super().__init__()
        self._name_of = name_of
        self._color_of: Callable[[AgentId], QColor] = lambda _agent: QColor()
        self._agents: tuple[Agent, ...] = ()
        self._rows: list[int] = []
        self._chosen: set[AgentId] = set()

    @property
    def chosen(self) -> tuple[AgentId, ...]:
        return tuple(a.agent_id for a in self._agents if a.agent_id in self._chosen)

    def show(self, agents: Sequence[Agent], color_of: Callable[[AgentId], QColor]) -> None:
        """Other agents, all of them in the list and none ticked."""
        self.beginResetModel()
        self._agents, self._color_of = tuple(agents), color_of
        self._rows, self._chosen = list(range(len(self._agents))), set()
        self.endResetModel()

    def choose(self, agents: Iterable[AgentId]) -> None:
        """Tick these and no other."""
        self._chosen = set(agents)
        self._all_changed()

    def find(self, text: str, kind: str | None) -> None:
        """Leave the agents in the list whose line holds `text`, of one type or (None) of every."""
        self.beginResetModel()
        self._rows = [
            place
            for place, agent in enumerate(self._agents)
            if kind in (None, agent.kind) and text in self._name_of(agent).casefold()
        ]
        self.endResetModel()

    def tick_listed(self, on: bool) -> None:
        """Tick or untick all that the search left in the list."""
        listed = {self._agents[place].agent_id for place in self._rows}
        self._chosen = self._chosen | listed if on else self._chosen - listed
        self._all_changed()
        self.ticked.emit()

    def toggle(self, index: QModelIndex) -> None:
        agent = self._agents[self._rows[index.row()]].agent_id
        self._chosen ^= {agent}
        self.dataChanged.emit(index, index, [_ROLES.CheckStateRole])
        self.ticked.emit()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable

    def data(self, index: Index, role: int = _ROLES.DisplayRole) -> Any:
        agent = self._agents[self._rows[index.row()]]
        if role == _ROLES.DisplayRole:
            return self._name_of(agent)
        if role == _ROLES.DecorationRole:
            return self._color_of(agent.agent_id)
        if role == _ROLES.CheckStateRole:
            on = agent.agent_id in self._chosen
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        return QSize(0, ROW_HEIGHT) if role == _ROLES.SizeHintRole else None

    def setData(self, index: Index, value: object, role: int = _ROLES.EditRole) -> bool:
        if role != _ROLES.CheckStateRole:
            return False
        self.toggle(self.index(index.row(), 0))
        return True

    def _all_changed(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))
