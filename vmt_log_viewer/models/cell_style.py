"""How one cell of a table looks: its text, alignment, colour, swatch and tooltip."""

from __future__ import annotations

import html
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from telemetry.concepts import Cell, Column
from telemetry.text import CENTS, cell_text, exact_shown, exact_text, shown_unit
from vmt_log_viewer.widgets.outcome_mark import reason_color

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

PLACEHOLDER = "…"
NOT_RECORDED = "Not recorded in this database."
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_COLORED = frozenset(("pair", "mode", "regime", "reason"))
_SWATCH = 12


class CellStyle:
    """The looks of cells in the present theme; NULL and unrecorded cells are muted words."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._swatches: dict[int, QPixmap] = {}

    def data(self, cell: Cell, column: Column, role: int) -> Any:
        """What an item model answers for this cell and item role."""
        asked = _ANSWERS.get(role)
        return None if asked is None else asked(self, cell, column)

    def _foreground(self, cell: Cell, column: Column) -> QColor | None:
        return self._theme.color("muted") if cell is None or not column.recorded else None

    def _decoration(self, cell: Cell, column: Column) -> QPixmap | None:
        color = self.color(cell, column) if column.role in _COLORED else None
        return self.swatch(color) if color is not None else None

    def header(self, column: Column, role: int) -> Any:
        """What an item model answers for the heading of this column."""
        if role == Qt.ItemDataRole.DisplayRole:
            return heading(column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            parts = [column.name, column.help, "" if column.recorded else NOT_RECORDED]
            return plain_tip("\n".join(part for part in parts if part))
        return None

    def color(self, cell: Cell, column: Column) -> QColor | None:
        """The colour that this value keeps in every view, None for ordinary values."""
        if cell is None or not column.recorded:
            return None
        if column.role == "pair":
            return self._theme.pair_color(str(cell))
        if column.role == "mode":
            return self._theme.mode_color(str(cell))
        if column.role == "regime":
            return self._theme.regime_color(str(cell))
        if column.role == "reason":
            return reason_color(self._theme, cell)
        return None

    def swatch(self, color: QColor) -> QPixmap:
        """A small square of `color`."""
        known = self._swatches.get(color.rgba())
        if known is None:
            known = _square(color)
            self._swatches[color.rgba()] = known
        return known

    def _tip(self, cell: Cell, column: Column) -> str | None:
        if not column.recorded:
            return NOT_RECORDED
        return "NULL: nothing was stored here" if cell is None else plain_tip(_exact(cell, column))


_ANSWERS: dict[int, Callable[[CellStyle, Cell, Column], Any]] = {
    Qt.ItemDataRole.DisplayRole: lambda _, cell, column: cell_text(cell, column),
    Qt.ItemDataRole.TextAlignmentRole: lambda _, cell, column: _aligned(column),
    Qt.ItemDataRole.ForegroundRole: CellStyle._foreground,
    Qt.ItemDataRole.DecorationRole: CellStyle._decoration,
    Qt.ItemDataRole.ToolTipRole: CellStyle._tip,
}
"""Looked up for each of some thousand roles whenever a table is painted."""


def _aligned(column: Column) -> int:
    return _RIGHT if is_number(column) else _LEFT


def heading(column: Column) -> str:
    """The column's label, with its unit where the label does not say it already."""
    unit = shown_unit(column.unit)
    told = not unit or unit in column.label
    return column.label if told else f"{column.label} ({unit})"


def rounded_text(cell: Cell, column: Column, decimals: int) -> str:
    """`cell` for people, an exact decimal with so many places at most; its tip has all of them."""
    if isinstance(cell, Decimal) and cell.is_finite():
        return f"{cell:.{decimals}f}"
    return cell_text(cell, column)


def _exact(cell: Cell, column: Column) -> str:
    """The value in full with its unit; of money also what is stored."""
    text = f"{exact_shown(cell, column)} {shown_unit(column.unit)}".rstrip()
    return f"{text}, stored as {exact_text(cell)} cents" if column.unit == CENTS else text


def is_number(column: Column) -> bool:
    return column.kind in ("int", "real")


def plain_tip(text: str) -> str:
    """`text` for a tooltip, which would otherwise take anything like a tag for formatting."""
    return f'<span style="white-space:pre-wrap">{html.escape(text)}</span>'


def _square(color: QColor) -> QPixmap:
    scale = 2
    pixmap = QPixmap(_SWATCH * scale, _SWATCH * scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(QRectF(2, 4, 16, 16), 4, 4)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap
