"""AgentChooser: which agents are chosen, here and in every other view."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from telemetry.concepts import Agent, AgentId
from telemetry.text import one_line
from vmt_log_viewer.theme import INSIDE, ROW_HEIGHT

_AGENT = Qt.ItemDataRole.UserRole
EVERY_TYPE = "Every type"


def agent_name(agent: Agent) -> str:
    """ "agent 3" where the source knows a number only, else its own name."""
    name = one_line(agent.label, limit=40)
    return f"agent {name}" if name.lstrip("-").isdigit() else name


class AgentChooser(QWidget):
    """A list of check boxes. None checked means no restriction: every agent.

    "All" and "None" act on the agents that the search and the type leave in the list.
    """

    chosen_changed = Signal(object)  # tuple[AgentId, ...]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filling = False
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find an agent")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._find)
        self.kinds = QComboBox()
        self.kinds.setToolTip("Types of agents")
        self.kinds.currentIndexChanged.connect(self._find)
        self.all, self.none = QPushButton("All"), QPushButton("None")
        self.all.clicked.connect(lambda: self._set_shown(True))
        self.none.clicked.connect(lambda: self._set_shown(False))
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self.list.itemChanged.connect(self._item_changed)
        self.list.itemActivated.connect(_toggle)
        top = QHBoxLayout()
        top.setSpacing(INSIDE)
        for part, stretch in ((self.search, 1), (self.all, 0), (self.none, 0)):
            top.addWidget(part, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.setSpacing(INSIDE)
        layout.addLayout(top)
        layout.addWidget(self.kinds)
        layout.addWidget(self.list, 1)

    def sizeHint(self) -> QSize:
        return QSize(320, 420)

    @property
    def chosen(self) -> tuple[AgentId, ...]:
        return tuple(
            item.data(_AGENT)
            for item in self._all_items()
            if item.checkState() == Qt.CheckState.Checked
        )

    def offer(self, agents: Sequence[Agent], color_of: Callable[[AgentId], QColor]) -> None:
        """List `agents`, none of them chosen."""
        self._filling = True
        self.list.clear()
        for agent in agents:
            kind = f"  {one_line(agent.kind, limit=40)}" if agent.kind else ""
            item = QListWidgetItem(_swatch(color_of(agent.agent_id)), f"{agent_name(agent)}{kind}")
            item.setData(_AGENT, agent.agent_id)
            item.setData(_AGENT + 1, agent.kind)
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled
                | Qt.ItemFlag.ItemIsSelectable
                | Qt.ItemFlag.ItemIsUserCheckable
            )
            item.setCheckState(Qt.CheckState.Unchecked)
            item.setSizeHint(QSize(0, ROW_HEIGHT))
            self.list.addItem(item)
        kinds = list(dict.fromkeys(agent.kind for agent in agents if agent.kind))
        self.kinds.clear()
        self.kinds.addItem(EVERY_TYPE)
        self.kinds.addItems(kinds)
        self.kinds.setVisible(len(kinds) > 1)
        self._filling = False
        self._find()

    def show_chosen(self, agents: Sequence[AgentId]) -> None:
        """Follow a choice that was made elsewhere; nobody is told."""
        self._filling = True
        chosen = set(agents)
        for item in self._all_items():
            on = item.data(_AGENT) in chosen
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self._filling = False

    def _all_items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _set_shown(self, on: bool) -> None:
        self._filling = True
        for item in self._all_items():
            if not item.isHidden():
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self._filling = False
        self.chosen_changed.emit(self.chosen)

    def _item_changed(self, _item: QListWidgetItem) -> None:
        if not self._filling:
            self.chosen_changed.emit(self.chosen)

    def _find(self) -> None:
        if self._filling:
            return
        wanted = self.search.text().casefold().strip()
        kind = self.kinds.currentText() if self.kinds.currentIndex() > 0 else None
        for item in self._all_items():
            other = kind is not None and item.data(_AGENT + 1) != kind
            item.setHidden(other or wanted not in item.text().casefold())


def _swatch(color: QColor) -> QIcon:
    pixmap = QPixmap(10, 10)
    pixmap.fill(color)
    return QIcon(pixmap)


def _toggle(item: QListWidgetItem) -> None:
    checked = item.checkState() == Qt.CheckState.Checked
    item.setCheckState(Qt.CheckState.Unchecked if checked else Qt.CheckState.Checked)
