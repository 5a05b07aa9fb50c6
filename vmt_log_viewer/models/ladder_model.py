"""LadderModel: the tries of a negotiation as rows, their gains as numbers to draw bars from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from telemetry.concepts import Cell, Column, Negotiation
from telemetry.text import cell_text, exact_text
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.models.ladder import Side, Try, column_of, span, tries
from vmt_log_viewer.plots.nice import short

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

GAIN_ROLE = Qt.ItemDataRole.UserRole
TRY_ROLE = Qt.ItemDataRole.UserRole + 1
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

Index = QModelIndex | QPersistentModelIndex
Text = Callable[[Try], str]


def _cell(role: str) -> Text:
    return lambda t: cell_text(getattr(t, role), missing="—", digits=5)


def _gain(side: str) -> Text:
    def text(tried: Try) -> str:
        gain = getattr(tried, side).gain
        if gain is None or not math.isfinite(gain):
            return cell_text(gain, missing="—")
        return ("+" if gain > 0 else "") + short(gain, 3)

    return text


def _utility(side: str) -> Text:
    def text(tried: Try) -> str:
        found: Side = getattr(tried, side)
        if found.before is None and found.after is None:
            return "not recorded"
        before, after = (cell_text(u, missing="?") for u in (found.before, found.after))
        return f"{before} → {after}"

    return text


def _feasible(tried: Try) -> str:
    sides = (("buyer", tried.buying), ("seller", tried.selling))
    if all(side.feasible is None for _, side in sides):
        return "—"
    cannot = [name for name, side in sides if side.feasible is False]
    missing = f", {cell_text(tried.shortage)} short" if cannot and tried.shortage else ""
    return f"{' and '.join(cannot)} cannot{missing}" if cannot else "both can"


class LadderModel(QAbstractTableModel):
    """One row per try, in the order they were tried. Columns nobody recorded are left out."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.tries: tuple[Try, ...] = ()
        self._columns: list[tuple[str, str, Text]] = []
        self.gains: tuple[float, float] | None = None

    def show_negotiation(self, negotiation: Negotiation | None) -> None:
        self.beginResetModel()
        self.tries = () if negotiation is None else tries(negotiation)
        self._columns = [] if negotiation is None else _columns(negotiation, self.tries)
        sides = [side for t in self.tries for side in (t.buying, t.selling)]
        self.gains = span([side.gain for side in sides])
        self.endResetModel()

    def column_id(self, section: int) -> str:
        return self._columns[section][0]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.tries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        tried = self.tries[index.row()]
        name, _, text = self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return str(index.row() + 1) if name == "number" else text(tried)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_LEFT if name in ("outcome", "feasible", "direction") else _RIGHT)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(tried, name)
        if role == GAIN_ROLE and name in ("buying", "selling"):
            side: Side = getattr(tried, name)
            return side.gain
        if role == TRY_ROLE:
            return tried
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section][1]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            left = self._columns[section][0] in ("outcome", "feasible", "direction")
            return int(_LEFT if left else _RIGHT)
        return None

    def _tip(self, tried: Try, name: str) -> str:
        if name in ("buying", "selling"):
            side: Side = getattr(tried, name)
            parts = (("before", side.before), ("after", side.after), ("ΔU", side.gain))
            return plain_tip("\n".join(f"{n} {exact_text(v) or 'not recorded'}" for n, v in parts))
        if name in ("price", "block", "counter"):
            return plain_tip(exact_text(getattr(tried, name)))
        return plain_tip(tried.verdict)


def _columns(negotiation: Negotiation, found: tuple[Try, ...]) -> list[tuple[str, str, Text]]:
    page = negotiation.attempts

    def label(role: str, otherwise: str) -> str:
        column: Column | None = column_of(page, role)
        return otherwise if column is None else column.label

    def used(name: str) -> bool:
        values: list[Cell] = [getattr(t, name) for t in found]
        return any(v is not None for v in values)

    columns: list[tuple[str, str, Text]] = [
        ("number", "#", str),
        ("outcome", "outcome", lambda t: cell_text(t.reason, missing="—")),
    ]
    if len({t.buyer for t in found}) > 1 or len({t.direction for t in found}) > 1:
        columns.append(
            ("direction", "direction", lambda t: f"{t.buyer} ← {t.seller}, {t.direction}")
        )
    columns.append(("price", label("price", "price"), _cell("price")))
    columns.append(("block", label("block", "block"), _cell("block")))
    if used("counter"):
        columns.append(("counter", label("counter", "paid"), _cell("counter")))
    columns += [
        ("buying", "buyer ΔU", _gain("buying")),
        ("selling", "seller ΔU", _gain("selling")),
        ("feasible", "stock", _feasible),
    ]
    if used("gap"):
        columns.append(("gap", label("gap", "bid − ask"), _cell("gap")))
    columns += [
        ("buyer_utility", "buyer U before → after", _utility("buying")),
        ("seller_utility", "seller U before → after", _utility("selling")),
    ]
    return columns
