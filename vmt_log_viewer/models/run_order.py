"""RunOrder: the runs as the Library lists them, filtered and sorted by value."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt

from telemetry.concepts import Cell
from vmt_log_viewer.models.run_columns import RunRow
from vmt_log_viewer.models.run_filter import RunFilter
from vmt_log_viewer.models.run_tree import RunTree


class RunOrder(QSortFilterProxyModel):
    """Filters runs (a source stays as long as a run of it does, or no filter is set).

    What is not recorded comes last, however the column is sorted.
    """

    def __init__(self, tree: RunTree, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tree = tree
        self._filter = RunFilter()
        self.setSourceModel(tree)
        self.setRecursiveFilteringEnabled(True)
        self.setDynamicSortFilter(True)

    def set_filter(self, filter_: RunFilter) -> None:
        self._filter = filter_
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: QModelIndex | QPersistentModelIndex) -> bool:
        node = self._tree.node(self._tree.index(row, 0, parent))
        if node is None:
            return False
        if self._filter == RunFilter():
            return True
        return node.row is not None and self._accepts(node.row)

    def lessThan(
        self, left: QModelIndex | QPersistentModelIndex, right: QModelIndex | QPersistentModelIndex
    ) -> bool:
        first, second = self._tree.node(left), self._tree.node(right)
        if first is None or second is None or first.row is None or second.row is None:
            return left.row() < right.row()
        column = self._tree.columns[left.column()]
        one, other = first.row.order(column), second.row.order(column)
        if one[0] != other[0] and 2 in (one[0], other[0]):
            ascending = self.sortOrder() == Qt.SortOrder.AscendingOrder
            return (one < other) == ascending
        return one < other

    def _accepts(self, row: RunRow) -> bool:
        columns = {column.name: column for column in self._tree.columns}

        def cell(name: str) -> Cell:
            return row.cell(columns[name]) if name in columns else None

        return self._filter.matches(cell, _texts(row, self._tree))


def _texts(row: RunRow, tree: RunTree) -> Iterator[str]:
    for column in tree.columns:
        value = row.cell(column)
        if isinstance(value, str):
            yield value
