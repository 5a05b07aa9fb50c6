"""MeasureChooser: which measures are plotted, in groups, with a reason for those that cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from telemetry.concepts import Measure
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import INSIDE, ROW_HEIGHT

_NAME = Qt.ItemDataRole.UserRole


class MeasureChooser(QWidget):
    """A tree of check boxes. `chosen` keeps the order in which the source lists its measures."""

    chosen_changed = Signal(object)  # tuple[str, ...]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measures: tuple[Measure, ...] = ()
        self._items: dict[str, QTreeWidgetItem] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a measure")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._find)
        self.defaults = QPushButton("Defaults")
        self.defaults.setToolTip("Plot the measures that this kind of database starts with")
        self.defaults.clicked.connect(self._choose_defaults)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(INSIDE)
        self.tree.setUniformRowHeights(True)
        self.tree.itemChanged.connect(self._item_changed)
        self.tree.itemActivated.connect(_toggle)
        self._filling = False
        top = QHBoxLayout()
        top.setSpacing(INSIDE)
        top.addWidget(self.search, 1)
        top.addWidget(self.defaults)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.setSpacing(INSIDE)
        layout.addLayout(top)
        layout.addWidget(self.tree, 1)

    def sizeHint(self) -> QSize:
        return QSize(340, 420)

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(
            m.name
            for m in self._measures
            if self._items[m.name].checkState(0) == Qt.CheckState.Checked
        )

    def offer(self, measures: Sequence[Measure], chosen: Sequence[str]) -> None:
        """List `measures`, with `chosen` checked; nobody is told."""
        self._filling = True
        self._measures = tuple(measures)
        self._items = {}
        self.tree.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        for measure in measures:
            if measure.group not in groups:
                groups[measure.group] = self._group(measure.group)
            self._items[measure.name] = self._item(groups[measure.group], measure)
        self.tree.expandAll()
        self._check(chosen)
        self._filling = False
        self._find(self.search.text())

    def choose(self, names: Sequence[str]) -> None:
        """Check exactly these and tell it."""
        self._filling = True
        before = self.chosen
        self._check(names)
        self._filling = False
        if self.chosen != before:
            self.chosen_changed.emit(self.chosen)

    def _check(self, names: Sequence[str]) -> None:
        for measure in self._measures:
            on = measure.name in names and measure.recorded
            state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            self._items[measure.name].setCheckState(0, state)

    def _choose_defaults(self) -> None:
        self.choose([m.name for m in self._measures if m.default])

    def _group(self, name: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self.tree, [name])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = item.font(0)
        font.setWeight(font.Weight.DemiBold)
        item.setFont(0, font)
        item.setSizeHint(0, QSize(0, ROW_HEIGHT))
        return item

    def _item(self, group: QTreeWidgetItem, measure: Measure) -> QTreeWidgetItem:
        unit = f"  {measure.unit}" if measure.unit else ""
        missing = "" if measure.recorded else "  · not recorded"
        item = QTreeWidgetItem(group, [f"{measure.label}{unit}{missing}"])
        item.setData(0, _NAME, measure.name)
        item.setToolTip(0, plain_tip(measure.help if measure.recorded else measure.reason))
        flags = Qt.ItemFlag.ItemIsUserCheckable
        if measure.recorded:
            flags |= Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        item.setFlags(flags)
        item.setSizeHint(0, QSize(0, ROW_HEIGHT))
        return item

    def _item_changed(self, _item: QTreeWidgetItem) -> None:
        if not self._filling:
            self.chosen_changed.emit(self.chosen)

    def _find(self, text: str) -> None:
        wanted = text.casefold().strip()
        for row in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(row)
            hits = 0
            for k in range(group.childCount()):
                item = group.child(k)
                name = f"{item.data(0, _NAME)} {item.text(0)} {group.text(0)}".casefold()
                item.setHidden(wanted not in name)
                hits += not item.isHidden()
            group.setHidden(hits == 0)


def _toggle(item: QTreeWidgetItem, _column: int) -> None:
    if item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
        checked = item.checkState(0) == Qt.CheckState.Checked
        item.setCheckState(0, Qt.CheckState.Unchecked if checked else Qt.CheckState.Checked)
