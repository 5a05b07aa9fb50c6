"""The lines of the Library: sources, experiments, iterations, runs, and how each cell looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from telemetry.concepts import Column
from telemetry.text import cell_text, exact_shown, one_line
from vmt_log_viewer.icons import icon
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.models.run_columns import RunRow

if TYPE_CHECKING:
    from telemetry.source import Source

NAME_LENGTH = 200  # characters of a name that a row shows; the rest is in its tooltip
TOOLTIP_LENGTH = 2000


@dataclass(eq=False)
class Node:
    """One line of the tree. `row` is set for runs only, `experiment` for what is above them."""

    id: int
    text: str
    source: Source
    parent: Node | None
    children: list[Node] = field(default_factory=list)
    row: RunRow | None = None
    icon: str = ""
    problem: str = ""
    experiment: str | None = None
    iteration: int | None = None
    about: str = ""

    def runs(self) -> Iterator[Node]:
        """Itself where it is a run, and all runs below."""
        if self.row is not None:
            yield self
        for child in self.children:
            yield from child.runs()


def group_data(node: Node, column: Column, role: int) -> Any:
    if column.role != "name":
        return None
    if role == Qt.ItemDataRole.DisplayRole:
        return node.text if len(node.text) <= NAME_LENGTH else node.text[: NAME_LENGTH - 1] + "…"
    if role == Qt.ItemDataRole.DecorationRole:
        return icon("warning" if node.problem else node.icon)
    if role == Qt.ItemDataRole.ToolTipRole:
        identity = node.source.identity
        about = f"{identity.location}\n{identity.family_label}, {identity.vintage}"
        return tip(node.problem or node.about or about)
    return None


def run_data(row: RunRow, column: Column, role: int) -> Any:
    cell = row.cell(column)
    if role == Qt.ItemDataRole.DisplayRole:
        if column.role == "starred" or cell is None:
            return ""
        text = one_line(cell_text(cell, row.own_column(column) or column))
        if column.role == "name" and row.part:
            text = one_line(row.part)
        return text if len(text) <= NAME_LENGTH else text[: NAME_LENGTH - 1] + "…"
    if role == Qt.ItemDataRole.EditRole:
        return "" if cell is None else str(cell)
    if role == Qt.ItemDataRole.DecorationRole and column.role == "starred":
        return icon("star-fill") if cell else None
    if role == Qt.ItemDataRole.DecorationRole and column.role == "name" and row.audit:
        return icon("shield-check" if row.audit == "sound" else "shield-warning")
    if role == Qt.ItemDataRole.ToolTipRole:
        if column.role == "name" and row.audit:
            return tip(f"{exact_shown(cell, column)}\nAudit: {row.audit}")
        if column.role == "starred":
            return "Starred" if cell else None
        if cell is None and row.has_counted(column):
            return "not recorded of this run"
        return tip(exact_shown(cell, column)) if cell is not None else None
    if role == Qt.ItemDataRole.TextAlignmentRole:
        return alignment(column)
    return None


def tip(text: str) -> str:
    """A tooltip of at most so many characters that shows `text` as it is."""
    if len(text) > TOOLTIP_LENGTH:
        text = f"{text[:TOOLTIP_LENGTH]}… ({len(text)} characters)"
    return plain_tip(text)


def alignment(column: Column) -> Qt.AlignmentFlag:
    numeric = column.kind in ("int", "real") or column.role == "ticks"
    side = Qt.AlignmentFlag.AlignRight if numeric else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
