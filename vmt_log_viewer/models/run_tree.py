"""RunTree: open sources, experiments, iterations and runs as one item model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from telemetry.concepts import Column, Experiment, ExperimentList, Run, RunId, RunList, RunSizes
from telemetry.frozen import replace
from telemetry.text import one_line
from vmt_log_viewer.models.item_roles import ItemRoles
from vmt_log_viewer.models.run_columns import RunRow, columns_of, sizes_by_role
from vmt_log_viewer.models.run_lines import Node, alignment, group_data, run_data
from vmt_log_viewer.notes import RunNote

if TYPE_CHECKING:
    from telemetry.source import Source

Index = QModelIndex | QPersistentModelIndex


class RunTree(ItemRoles, QAbstractItemModel):
    """Sources and their runs; levels that a family lacks are absent.

    Counts arrive after the runs (`set_sizes`): until then their cells are empty, never 0.
    """

    note_edited = Signal(object, object, str, str)  # Source, RunId, "tags" or "note", new text

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[Column, ...] = columns_of(())
        self._ids = count(1)
        self._nodes: dict[int, Node] = {}
        self._root: list[Node] = []
        self._lists: dict[int, RunList] = {}
        self._experiments: dict[int, tuple[Experiment, ...]] = {}

    def set_source(self, source: Source, runs: RunList, notes: dict[RunId, RunNote]) -> None:
        """Add a source, or replace what was known of its runs (counts stay)."""
        old = self._source_node(source)
        known = {} if old is None else {n.row.run.run_id: n.row for n in old.runs()}
        rows = [
            RunRow(
                run,
                runs.columns,
                notes.get(run.run_id, RunNote()),
                *((was.counts, was.audit) if (was := known.get(run.run_id)) else ()),
            )
            for run in runs.runs
        ]
        if old is not None and self._updated(old, rows):
            return
        self.beginResetModel()
        node = self._built(source, rows)
        if old is None:
            self._root.append(node)
        else:
            self._root[self._root.index(old)] = node
            self._forget(old)
        self._lists[id(source)] = runs
        self.columns = columns_of(self._lists.values())
        self.endResetModel()

    def set_problem(self, source: Source, problem: str) -> None:
        """Say at the source that its runs cannot be listed."""
        node = self._source_node(source)
        if node is not None:
            node.problem = problem
            index = self._index(node)
            self.dataChanged.emit(index, index)

    def remove_source(self, source: Source) -> None:
        node = self._source_node(source)
        if node is None:
            return
        self.beginResetModel()
        self._root.remove(node)
        self._forget(node)
        self._lists.pop(id(source), None)
        self._experiments.pop(id(source), None)
        self.columns = columns_of(self._lists.values())
        self.endResetModel()

    def set_experiments(self, source: Source, found: ExperimentList) -> None:
        """Give every experiment a line, those without runs too."""
        old = self._source_node(source)
        if old is None or self._experiments.get(id(source), ()) == found.experiments:
            return
        self._experiments[id(source)] = found.experiments
        self.beginResetModel()
        node = self._built(source, [run.row for run in old.runs() if run.row is not None])
        self._root[self._root.index(old)] = node
        self._forget(old)
        self.endResetModel()

    def all_runs(self) -> Iterator[tuple[Source, Run]]:
        """Every run of every source, as listed."""
        for root in self._root:
            for node in root.runs():
                if node.row is not None:
                    yield root.source, node.row.run

    def set_sizes(self, source: Source, sizes: RunSizes) -> None:
        """Fill in the counts of runs."""
        node = self._source_node(source)
        if node is None:
            return
        roles = {table.name: table.role for table in source.tables if table.role}
        counts = sizes_by_role(sizes, roles)
        for run_node in node.runs():
            found = counts.get(run_node.row.run.run_id)
            if found is not None:
                self._change(run_node, counts={**(run_node.row.counts or {}), **found})

    def set_note(self, source: Source, run_id: RunId, note: RunNote) -> None:
        index = self.index_of(source, run_id)
        if index.isValid():
            self._change(self._nodes[index.internalId()], note=note)

    def set_audit(self, source: Source, run_id: RunId, verdict: str) -> None:
        """Show what an audit of the run found."""
        index = self.index_of(source, run_id)
        if index.isValid():
            self._change(self._nodes[index.internalId()], audit=verdict)

    def node(self, index: Index) -> Node | None:
        return self._nodes.get(index.internalId()) if index.isValid() else None

    def index_of(self, source: Source, run_id: RunId) -> QModelIndex:
        """The first column of a run's line; invalid where it is not listed."""
        node = self._source_node(source)
        for run_node in () if node is None else node.runs():
            if run_node.row.run.run_id == run_id:
                return self._index(run_node)
        return QModelIndex()

    def source_index(self, source: Source) -> QModelIndex:
        node = self._source_node(source)
        return QModelIndex() if node is None else self._index(node)

    # QAbstractItemModel

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        children = self._children(parent)
        if 0 <= row < len(children) and 0 <= column < len(self.columns):
            return self.createIndex(row, column, children[row].id)
        return QModelIndex()

    def parent(self, index: Index = None) -> QModelIndex | QObject:  # type: ignore[override]
        if index is None:
            return super().parent()
        node = self.node(index)
        if node is None or node.parent is None:
            return QModelIndex()
        return self._index(node.parent)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.column() > 0 else len(self._children(parent))

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        node = self.node(index)
        if node is None:
            return None
        column = self.columns[index.column()]
        if node.row is None:
            return group_data(node, column, role)
        return run_data(node.row, column, role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        node = self.node(index)
        if node is not None and node.row is not None and self._editable(index):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another note or other tags: whoever keeps them answers with `set_note`."""
        node = self.node(index)
        if node is None or node.row is None or not self._editable(index):
            return False
        field_ = str(self.columns[index.column()].role)
        self.note_edited.emit(node.source, node.row.run.run_id, field_, str(value))
        return True

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if column.role == "starred" else column.label
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.help or column.label
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(column)
        return None

    def _editable(self, index: Index) -> bool:
        return self.columns[index.column()].role in ("tags", "note")

    def _children(self, parent: Index) -> list[Node]:
        if not parent.isValid():
            return self._root
        node = self.node(parent)
        return [] if node is None else node.children

    def _source_node(self, source: Source) -> Node | None:
        return next((node for node in self._root if node.source is source), None)

    def _index(self, node: Node) -> QModelIndex:
        siblings = self._root if node.parent is None else node.parent.children
        return self.createIndex(siblings.index(node), 0, node.id)

    def _change(self, node: Node, **changes: Any) -> None:
        node.row = replace(node.row, **changes)
        index = self._index(node)
        last = index.siblingAtColumn(len(self.columns) - 1)
        self.dataChanged.emit(index, last)

    def _built(self, source: Source, rows: list[RunRow]) -> Node:
        top = self._new(one_line(source.identity.name), source, None, "database")
        groups: dict[tuple[str | None, int | None], Node] = {}
        for row in rows:
            parent = self._group(top, groups, row.run.experiment_id, row.run.iteration)
            self._new(one_line(row.run.name), source, parent, "", row)
        for experiment in self._experiments.get(id(source), ()):
            node = self._group(top, groups, experiment.experiment_id, None)
            words = (experiment.name, experiment.kind, experiment.status)
            node.about = ", ".join(one_line(word) for word in words if word)
        return top

    def _group(
        self,
        top: Node,
        groups: dict[tuple[str | None, int | None], Node],
        experiment: str | None,
        iteration: int | None,
    ) -> Node:
        """The node that a run of this experiment and iteration belongs under."""
        if experiment is None and iteration is None:
            return top
        key = (experiment, iteration)
        if key not in groups:
            if iteration is None:
                text, parent, name = one_line(str(experiment)), top, "flask"
            else:
                parent = self._group(top, groups, experiment, None)
                text, name = f"Iteration {iteration}", "repeat"
            groups[key] = self._new(text, top.source, parent, name)
            groups[key].experiment, groups[key].iteration = experiment, iteration
        return groups[key]

    def _new(
        self, text: str, source: Source, parent: Node | None, name: str, row: RunRow | None = None
    ) -> Node:
        node = Node(next(self._ids), text, source, parent, row=row, icon=name)
        self._nodes[node.id] = node
        if parent is not None:
            parent.children.append(node)
        return node

    def _forget(self, node: Node) -> None:
        for child in node.children:
            self._forget(child)
        del self._nodes[node.id]

    def _updated(self, old: Node, rows: list[RunRow]) -> bool:
        """True when the same runs are listed: their lines were updated where they stand."""
        nodes = {node.row.run.run_id: node for node in old.runs()}
        if [row.run.run_id for row in rows] != list(nodes):
            return False
        for row in rows:
            node = nodes[row.run.run_id]
            if node.row != row:
                node.row = row
                self._change(node)
        return True
