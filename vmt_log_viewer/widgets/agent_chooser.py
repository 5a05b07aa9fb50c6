"""AgentChooser: which agents are chosen, here and in every other view."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from telemetry.concepts import Agent, AgentId
from telemetry.text import one_line
from vmt_log_viewer.models.agent_rows import AgentRows
from vmt_log_viewer.theme import INSIDE

SWATCH = 10
EVERY_TYPE = "Every type"


def agent_name(agent: Agent) -> str:
    """ "agent 3" where the source knows a number only, else its own name."""
    name = one_line(agent.label, limit=40)
    return f"agent {name}" if name.lstrip("-").isdigit() else name


def _line(agent: Agent) -> str:
    kind = f"  {one_line(agent.kind, limit=40)}" if agent.kind else ""
    return f"{agent_name(agent)}{kind}"


class AgentChooser(QWidget):
    """A list of check boxes. None checked means no restriction: every agent.

    "All" and "None" act on the agents that the search and the type leave in the list.
    """

    chosen_changed = Signal(object)  # tuple[AgentId, ...]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = AgentRows(_line)
        self.rows.setParent(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find an agent")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._find)
        self.kinds = QComboBox()
        self.kinds.setToolTip("Types of agents")
        self.kinds.currentIndexChanged.connect(self._find)
        self.all, self.none = QPushButton("All"), QPushButton("None")
        self.all.clicked.connect(lambda: self.rows.tick_listed(True))
        self.none.clicked.connect(lambda: self.rows.tick_listed(False))
        self.list = QListView()
        self.list.setUniformItemSizes(True)
        self.list.setIconSize(QSize(SWATCH, SWATCH))
        self.list.setModel(self.rows)
        self.list.activated.connect(self.rows.toggle)
        self.rows.ticked.connect(lambda: self.chosen_changed.emit(self.chosen))
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
        return self.rows.chosen

    def offer(self, agents: Sequence[Agent], color_of: Callable[[AgentId], QColor]) -> None:
        """List `agents`, none of them chosen."""
        self.rows.show(agents, color_of)
        kinds = list(dict.fromkeys(agent.kind for agent in agents if agent.kind))
        self.kinds.blockSignals(True)
        self.kinds.clear()
        self.kinds.addItem(EVERY_TYPE)
        self.kinds.addItems(kinds)
        self.kinds.blockSignals(False)
        self.kinds.setVisible(len(kinds) > 1)
        if self.search.text():
            self._find()

    def show_chosen(self, agents: Sequence[AgentId]) -> None:
        """Follow a choice that was made elsewhere; nobody is told."""
        self.rows.choose(agents)

    def _find(self) -> None:
        kind = self.kinds.currentText() if self.kinds.currentIndex() > 0 else None
        self.rows.find(self.search.text().casefold().strip(), kind)
