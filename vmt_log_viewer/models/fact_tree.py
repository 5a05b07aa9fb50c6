"""FactTree: names and values in sections, with JSON below them, built only as far as looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from telemetry.concepts import Cell, Column
from telemetry.frozen import Frozen
from telemetry.text import cell_text, exact_text, in_units, one_line, shown_unit
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.models.item_roles import ItemRoles
from vmt_log_viewer.theme import Theme

Index = QModelIndex | QPersistentModelIndex
BATCH = 200  # children that are made at a time
SHOWN = 500  # characters of a value that a row shows; the tooltip and the clipboard have more
TOOLTIP = 2000
EDITED = 100_000  # characters that the field for selecting a part can hold without stalling


class Fact(Frozen):
    """A name and a value. `value` may be a cell, or a list or dict as JSON gives them.

    `recorded` False shows "not recorded" whatever the value is; `wide` puts a sentence across
    both columns, and `mood` ("warning", "good", "bad", "muted") colours it.
    """

    name: str
    value: object = None
    unit: str = ""
    recorded: bool = True
    wide: bool = False
    mood: str = ""
    help: str = ""


class Section(Frozen):
    """A heading and its facts."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(eq=False)
class _Node:
    id: int
    fact: Fact
    parent: _Node | None
    section: bool = False
    children: list[_Node] = field(default_factory=list)
    rest: Iterator[Fact] | None = None  # facts below that have no node yet


def fact_of(column: Column, cell: Cell) -> Fact:
    """A cell as its column has it."""
    return Fact(
        column.label or column.name,
        in_units(cell, column.unit),
        shown_unit(column.unit),
        recorded=column.recorded,
        help=column.help,
    )


class FactTree(ItemRoles, QAbstractItemModel):
    """Two columns, name and value. Children of large JSON values are made in batches."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ids = count(1)
        self._nodes: dict[int, _Node] = {}
        self._root = _Node(0, Fact(""), None)

    def set_sections(self, sections: Sequence[Section]) -> None:
        """Show other facts."""
        self.beginResetModel()
        self._nodes.clear()
        self._root = _Node(0, Fact(""), None)
        for section in sections:
            node = self._new(Fact(section.title), self._root, section=True)
            for fact in section.facts:
                self._new(fact, node)
        self.endResetModel()

    def fact(self, index: Index) -> Fact | None:
        node = self._nodes.get(index.internalId()) if index.isValid() else None
        return None if node is None else node.fact

    def is_section(self, index: Index) -> bool:
        node = self._nodes.get(index.internalId()) if index.isValid() else None
        return node is not None and node.section

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        children = self._at(parent).children
        if 0 <= row < len(children) and column in (0, 1):
            return self.createIndex(row, column, children[row].id)
        return QModelIndex()

    def parent(self, index: Index = None) -> QModelIndex | QObject:  # type: ignore[override]
        if index is None:
            return super().parent()
        above = self._at(index).parent
        if above is None or above.parent is None:
            return QModelIndex()
        return self.createIndex(above.parent.children.index(above), 0, above.id)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.column() > 0 else len(self._at(parent).children)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 2

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        node = self._at(parent)
        return parent.column() <= 0 and bool(node.children or node.rest is not None)

    def canFetchMore(self, parent: Index) -> bool:
        return self._at(parent).rest is not None

    def fetchMore(self, parent: Index) -> None:
        node = self._at(parent)
        if node.rest is None:
            return
        facts = list(islice(node.rest, BATCH))
        if len(facts) < BATCH:
            node.rest = None
        if facts:
            start = len(node.children)
            self.beginInsertRows(parent, start, start + len(facts) - 1)
            for fact in facts:
                self._new(fact, node)
            self.endInsertRows()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        node = self._at(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return node.fact.name if index.column() == 0 else value_text(node.fact)
        if role == Qt.ItemDataRole.EditRole:
            text = whole_text(node.fact) if index.column() == 1 else node.fact.name
            return text if len(text) <= EDITED else f"{text[:EDITED]}… ({len(text)} characters)"
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(node.fact, index.column())
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._color(node, index.column())
        if role == Qt.ItemDataRole.FontRole:
            return self._font(node)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.isValid() and index.column() == 1 and not self._at(index).section:
            flags |= Qt.ItemFlag.ItemIsEditable  # its editor is read-only: to select and copy
        return flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        return False

    def _at(self, index: Index) -> _Node:
        return self._nodes.get(index.internalId(), self._root) if index.isValid() else self._root

    def _new(self, fact: Fact, parent: _Node, section: bool = False) -> _Node:
        node = _Node(next(self._ids), fact, parent, section)
        if isinstance(fact.value, dict | list) and fact.value:
            node.rest = _below(fact.value)
        self._nodes[node.id] = node
        parent.children.append(node)
        return node

    def _color(self, node: _Node, column: int) -> QColor | None:
        fact = node.fact
        if fact.mood:
            return self._theme.color(fact.mood)
        absent = not fact.recorded or fact.value is None
        if not node.section and not fact.wide and (column == 0 or absent):
            return self._theme.color("muted")
        return None

    def _font(self, node: _Node) -> QFont | None:
        return self._theme.font("strong") if node.section else None


def value_text(fact: Fact) -> str:
    """The value as a row shows it, on one line, with its unit."""
    value = fact.value
    if not fact.recorded:
        return "not recorded"
    if isinstance(value, dict):
        return f"{{{len(value)}}}"
    if isinstance(value, list | tuple):
        return f"[{len(value)}]"
    if value is None:
        return "" if fact.wide else "null"
    text = cell_text(value, limit=SHOWN)  # type: ignore[arg-type]
    if isinstance(value, str) and len(value) > SHOWN:
        text += f" ({len(value)} characters)"
    return f"{text} {fact.unit}" if fact.unit else text


def whole_text(fact: Fact) -> str:
    """The value exactly, as it is copied."""
    if not fact.recorded or isinstance(fact.value, dict | list | tuple):
        return value_text(fact)
    return exact_text(fact.value)  # type: ignore[arg-type]


def _tooltip(fact: Fact, column: int) -> str | None:
    text = fact.help if column == 0 and fact.help else ""
    if column == 1 or fact.wide:
        text = fact.name if fact.wide else whole_text(fact)
    if len(text) > TOOLTIP:
        text = f"{text[:TOOLTIP]}… ({len(text)} characters)"
    return plain_tip(text) if text else None


def _below(value: dict[str, object] | list[object]) -> Iterator[Fact]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return (Fact(one_line(str(name)), item) for name, item in pairs)
