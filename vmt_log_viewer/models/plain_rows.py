"""PlainRows: a short table that is in memory as a whole, with cells as all tables show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from telemetry.concepts import Cell, Column
from telemetry.text import cell_text
from vmt_log_viewer.models.cell_style import CellStyle, rounded_text
from vmt_log_viewer.models.item_roles import ItemRoles

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

Index = QModelIndex | QPersistentModelIndex


class PlainRows(ItemRoles, QAbstractTableModel):
    """Rows of cells below columns. `moods` colours single cells by a colour of the theme."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme, self._style = theme, CellStyle(theme)
        self.columns: tuple[Column, ...] = ()
        self.rows: tuple[tuple[Cell, ...], ...] = ()
        self._moods: dict[tuple[int, int], str] = {}
        self.decimals: int | None = None

    def round_to(self, decimals: int | None) -> None:
        """Show exact decimals with so many places; tips and copies keep all (None: shown too).

        Whoever asks for this has to say beside the table that it is so.
        """
        self.decimals = decimals

    def show(
        self,
        columns: Sequence[Column],
        rows: Sequence[tuple[Cell, ...]],
        moods: dict[tuple[int, int], str] | None = None,
    ) -> None:
        """Show these rows. Where shape and columns stay, scroll position and selection do too."""
        self._moods = moods or {}
        if tuple(columns) == self.columns and len(rows) == len(self.rows):
            self.rows = tuple(rows)
            if rows and columns:
                corner = self.index(len(rows) - 1, len(columns) - 1)
                self.dataChanged.emit(self.index(0, 0), corner)
            return
        self.beginResetModel()
        self.columns, self.rows = tuple(columns), tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        place = (index.row(), index.column())
        if role == Qt.ItemDataRole.ForegroundRole and place in self._moods:
            return self._theme.color(self._moods[place])
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(*place)
        return self._style.data(self.rows[place[0]][place[1]], self.columns[place[1]], role)

    def text(self, row: int, place: int) -> str:
        """What stands in a cell."""
        cell, column = self.rows[row][place], self.columns[place]
        if self.decimals is None:
            return cell_text(cell, column)
        return rounded_text(cell, column, self.decimals)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        return self._style.header(self.columns[section], role)
