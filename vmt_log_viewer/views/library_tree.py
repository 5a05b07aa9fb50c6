"""LibraryTree: the Library's tree itself, its columns and its menus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
)

from vmt_log_viewer.models.run_columns import shown_at_first
from vmt_log_viewer.models.run_lines import Node
from vmt_log_viewer.models.run_order import RunOrder
from vmt_log_viewer.models.run_tree import RunTree
from vmt_log_viewer.settings import Settings
from vmt_log_viewer.theme import ROW_HEIGHT

WIDTHS = {"name": 164, "starred": 24, "run": 38, "ticks": 84, "count trades": 54}
OTHER_WIDTH = 96
LEAST_MISSING = 16
"""Pixels that names may lack before the columns beside them give way."""
BESIDE = ("starred", "run", "count trades")  # what stands beside the name at first


class _Rows(QStyledItemDelegate):
    """Rows of one height, so that nothing jumps when icons and counts arrive. A name that is too
    long loses its middle: runs of a sweep differ at their ends."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if index.column() == 0:
            option.textElideMode = Qt.TextElideMode.ElideMiddle

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW_HEIGHT)


class LibraryTree(QTreeView):
    """Emits `run_chosen` when the user moves to another line, by mouse or keyboard."""

    run_chosen = Signal(object)  # Node
    group_chosen = Signal(object)  # Node: a source, experiment or iteration, by click or Enter
    compare_wanted = Signal(object)  # tuple[Node, ...]: runs, two or more
    star_wanted = Signal(object, object)  # Source, RunId
    close_wanted = Signal(object)  # Source
    scale_wanted = Signal(object)  # Source
    roles_wanted = Signal(object)  # Source
    column_shown = Signal(str, object, object)  # what was done, the arrangement before and after

    def __init__(self, order: RunOrder, settings: Settings) -> None:
        super().__init__()
        self._order = order
        self._tree = cast(RunTree, order.sourceModel())
        self._settings = settings
        self._marking = False
        self._named = WIDTHS["name"]
        self.setModel(order)
        self._build()
        self.lay_out()
        self._tree.modelAboutToBeReset.connect(self.save_columns)
        self._tree.modelReset.connect(self.lay_out)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        self.clicked.connect(self._clicked)
        self.activated.connect(self._activated)
        self.customContextMenuRequested.connect(self._show_menu)
        self.header().customContextMenuRequested.connect(self._show_columns_menu)

    def _build(self) -> None:
        self.setItemDelegate(_Rows(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        self.setAllColumnsShowFocus(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        header = self.header()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.setMinimumSectionSize(24)
        header.setStretchLastSection(False)
        header.setFixedHeight(ROW_HEIGHT)

    def current_node(self) -> Node | None:
        return self._node(self.currentIndex())

    def chosen_runs(self) -> tuple[Node, ...]:
        """The runs whose lines are selected, in the order of the tree."""
        nodes = (self._node(index) for index in self.selectionModel().selectedRows())
        found = {node.id: node for node in nodes if node is not None and node.row is not None}
        return tuple(found[key] for key in sorted(found))

    def mark(self, index: QModelIndex) -> None:
        """Make the line of the tree model's `index` the current one, without choosing it."""
        target = self._order.mapFromSource(index)
        if not target.isValid():
            return
        self._marking = True
        try:
            self.setCurrentIndex(target)
            self.scrollTo(target)
        finally:
            self._marking = False

    def lay_out(self) -> None:
        """Show the columns that the user (or nobody yet) chose, as wide as they were."""
        shown = self._settings.get("library.columns") or {}
        header = self.header()
        header.setSectionsMovable(True)
        for place, column in enumerate(self._tree.columns):
            key = column.role or column.name
            self.setColumnHidden(place, not shown.get(key, shown_at_first(column)))
            widths = self._settings.get("library.widths") or {}
            header.resizeSection(place, widths.get(key, WIDTHS.get(key, OTHER_WIDTH)))
            if key == "starred":
                header.setSectionResizeMode(place, QHeaderView.ResizeMode.Fixed)
        self._widen_name()
        self.expandAll()

    def _widen_name(self) -> None:
        """Names take the room that the columns of the first screen leave, unless set by hand; all
        of it, where that is so little that none of these could be seen whole."""
        if "name" in (self._settings.get("library.widths") or {}):
            return
        beside = sum(
            self.columnWidth(place)
            for place, column in enumerate(self._tree.columns)
            if (column.role or column.name) in BESIDE and not self.isColumnHidden(place)
        )
        whole = self.viewport().width()
        narrow = whole - beside < WIDTHS["name"] - LEAST_MISSING
        self._named = max(whole if narrow else whole - beside, WIDTHS["name"])
        self.setColumnWidth(0, self._named)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.columnWidth(0) == self._named:
            self._widen_name()

    def save_columns(self) -> None:
        """Remember which columns are shown and how wide."""
        shown, widths = {}, {}
        for place, column in enumerate(self._tree.columns):
            key = column.role or column.name
            hidden = self.isColumnHidden(place)
            if hidden == shown_at_first(column):
                shown[key] = not hidden
            elif not hidden and self.columnWidth(place) != self._usual(key):
                widths[key] = self.columnWidth(place)
        self._settings.set(
            "library.columns", {**self._settings.get("library.columns", {}), **shown}
        )
        self._settings.set("library.widths", {**self._settings.get("library.widths", {}), **widths})

    def arrangement(self) -> dict[str, Any]:
        """Which columns are seen, how wide, in which order, and what the runs are sorted by."""
        header = self.header()
        order = [header.logicalIndex(place) for place in range(header.count())]
        seen = {self._key(i): None if header.isSectionHidden(i) else header.sectionSize(i)
                for i in order if i < len(self._tree.columns)}  # fmt: skip
        by = header.sortIndicatorSection()
        sort = self._key(by) if 0 <= by < len(self._tree.columns) else ""
        return {"columns": seen, "sort": sort, "order": header.sortIndicatorOrder()}

    def arrange(self, arrangement: Mapping[str, Any]) -> None:
        """Look as `arrangement` once told; columns that came since stay as they are."""
        header = self.header()
        places = {self._key(i): i for i in range(len(self._tree.columns))}
        known = [(places[k], width) for k, width in arrangement["columns"].items() if k in places]
        for place, (i, width) in enumerate(known):
            self.setColumnHidden(i, width is None)
            if width is not None:
                header.resizeSection(i, width)
            header.moveSection(header.visualIndex(i), place)
        self.sortByColumn(places.get(arrangement["sort"], -1), arrangement["order"])

    def _key(self, place: int) -> str:
        column = self._tree.columns[place]
        return column.role or column.name

    def _usual(self, key: str) -> int:
        return self._named if key == "name" else WIDTHS.get(key, OTHER_WIDTH)

    def _node(self, index: QModelIndex) -> Node | None:
        return self._tree.node(self._order.mapToSource(index))

    def _current_changed(self, index: QModelIndex) -> None:
        node = self._node(index)
        several = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        chosen_alone = not QGuiApplication.keyboardModifiers() & several
        if node is not None and chosen_alone and not self._marking:
            self.run_chosen.emit(node)

    def _clicked(self, index: QModelIndex) -> None:
        node = self._node(index)
        if node is None or node.row is None:
            self._activated(index)
            return
        if self._tree.columns[index.column()].role == "starred":
            self.star_wanted.emit(node.source, node.row.run.run_id)

    def _activated(self, index: QModelIndex) -> None:
        node = self._node(index)
        if node is not None and node.row is None:
            self.group_chosen.emit(node)

    def _show_menu(self, where: QPoint) -> None:
        index = self.indexAt(where)
        node = self._node(index)
        if node is not None:
            menu = self._menu_for(node, index)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.viewport().mapToGlobal(where))

    def _menu_for(self, node: Node, index: QModelIndex) -> QMenu:
        menu = QMenu(self)
        chosen = self.chosen_runs()
        runs = chosen if node in chosen and len(chosen) > 1 else tuple(node.runs())
        if len(runs) > 1:
            text = f"Compare these {len(runs)} runs"
            menu.addAction(text, lambda: self.compare_wanted.emit(runs))
            menu.addSeparator()
        if node.row is not None:
            run = node.row.run
            starred = node.row.note.starred
            text = "Take the star away" if starred else "Star"
            menu.addAction(text, lambda: self.star_wanted.emit(node.source, run.run_id))
            menu.addAction("Edit tags", lambda: self._edit(index, "tags"))
            menu.addAction("Edit note", lambda: self._edit(index, "note"))
            menu.addAction("Copy run id", lambda: _copy(str(run.run_id)))
            menu.addSeparator()
        location = node.source.identity.location
        menu.addAction("Copy location", lambda: _copy(location))
        if node.source.scales:
            menu.addAction("Set the scale of quantities…",
                           lambda: self.scale_wanted.emit(node.source))  # fmt: skip
        if node.source.by_roles is not None:
            menu.addAction("Roles of this database…",
                           lambda: self.roles_wanted.emit(node.source))  # fmt: skip
        menu.addAction("Close source", lambda: self.close_wanted.emit(node.source))
        return menu

    def _edit(self, index: QModelIndex, role: str) -> None:
        places = [i for i, column in enumerate(self._tree.columns) if column.role == role]
        self.setColumnHidden(places[0], False)
        target = index.siblingAtColumn(places[0])
        self.scrollTo(target)
        self.edit(target)

    def _show_columns_menu(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, column in enumerate(self._tree.columns[1:], 1):
            action = menu.addAction(column.label)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(place))
            action.toggled.connect(lambda on, place=place: self._show_column(place, on))
        menu.popup(self.header().mapToGlobal(where))

    def _show_column(self, place: int, on: bool) -> None:
        before = self.arrangement()
        self.setColumnHidden(place, not on)
        label = self._tree.columns[place].label
        self.column_shown.emit(f"{'show' if on else 'hide'} {label}", before, self.arrangement())


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
