"""RoleTree: the tables of an unknown database with their kinds, and their columns with roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel

from telemetry.roles.mapping import Mapping, TableRoles
from telemetry.roles.words import KINDS, LEFT_OUT, PLAIN, ROLES, ROLES_OF, SECRET, Word
from telemetry.text import exact_text, one_line
from vmt_log_viewer.models.cell_style import plain_tip

if TYPE_CHECKING:
    from telemetry.roles.proposing import Proposal, TableProposal
    from vmt_log_viewer.theme import Theme

NAME, IS, WHY, EXAMPLES = range(4)
HEADINGS = ("table and column", "is", "why", "examples")
CHOSEN = Qt.ItemDataRole.UserRole
"""The word of a line: a kind of a table's, a role of a column's."""
_SET = "set by you"
_QUIET = ("other", LEFT_OUT)
Index = QModelIndex | QPersistentModelIndex


class RoleTree(QStandardItemModel):
    """Edits a mapping that nobody reads by before `mapping` is taken from it.

    A table that becomes of another kind gets the roles that would then be proposed.
    """

    edited = Signal()

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(0, len(HEADINGS), parent)
        self._theme = theme
        self._proposals: dict[str, TableProposal] = {}
        self.setHorizontalHeaderLabels(HEADINGS)

    def show(self, proposal: Proposal, mapping: Mapping) -> None:
        """Begin with `mapping`, beside what was proposed."""
        self.removeRows(0, self.rowCount())
        self._proposals = {t.evidence.name: t for t in proposal.tables}
        listed = sorted(proposal.tables, key=lambda t: self._rank(t, mapping))
        for table in listed:
            own = mapping.tables.get(table.evidence.name) or TableRoles("other")
            self.appendRow(self._table_row(table, own))

    def mapping(self) -> Mapping:
        """What the lines say now."""
        tables = {}
        for row in range(self.rowCount()):
            table = self.item(row, NAME)
            columns = {}
            for line in range(table.rowCount()):
                role = table.child(line, IS).data(CHOSEN)
                if role != PLAIN:
                    columns[str(table.child(line, NAME).data(CHOSEN))] = str(role)
            kind = str(self.item(row, IS).data(CHOSEN))
            tables[str(table.data(CHOSEN))] = TableRoles(kind, columns)
        return Mapping(tables)

    def choices(self, index: Index) -> tuple[Word, ...]:
        """What the line at `index` may be."""
        if not index.parent().isValid():
            return tuple(KINDS.values())
        kind = index.parent().siblingAtColumn(IS).data(CHOSEN)
        return tuple(ROLES[role] for role in ROLES_OF[str(kind)])

    def choose(self, index: Index, word: str) -> None:
        """Make the line at `index` that."""
        line = index.siblingAtColumn(IS)
        if line.data(CHOSEN) == word:
            return
        item = self.itemFromIndex(line)
        table = self.item(index.row() if not index.parent().isValid() else index.parent().row())
        proposal = self._proposals[str(table.data(CHOSEN))]
        if index.parent().isValid():
            column = str(index.siblingAtColumn(NAME).data(CHOSEN))
            self._say(item, ROLES[word])
            why = proposal.columns[column].reason if self._agreed(proposal, column, word) else _SET
            table.child(index.row(), WHY).setText(why)
            self._dim([item, table.child(index.row(), WHY)], word == PLAIN)
            table.child(index.row(), EXAMPLES).setText(_examples(proposal, column, word))
        else:
            self._say(item, KINDS[word])
            self.item(index.row(), WHY).setText(proposal.reason if word == proposal.kind else _SET)
            table.removeRows(0, table.rowCount())
            for name, guess in proposal.as_kind(word).items():
                table.appendRow(self._column_row(proposal, name, guess.role, guess.reason))
        self.edited.emit()

    def opened(self) -> list[QModelIndex]:
        """The tables whose columns are worth seeing at first."""
        rows = range(self.rowCount())
        return [self.index(r, 0) for r in rows if self.item(r, IS).data(CHOSEN) not in _QUIET]

    def _rank(self, table: TableProposal, mapping: Mapping) -> tuple[int, bool]:
        own = mapping.tables.get(table.evidence.name)
        kind = "other" if own is None else own.kind
        return list(KINDS).index(kind), not table.evidence.rows

    def _table_row(self, table: TableProposal, own: TableRoles) -> list[QStandardItem]:
        evidence = table.evidence
        name = self._cell(one_line(evidence.name, limit=80), evidence.name)
        font = name.font()
        font.setWeight(self._theme.font("strong").weight())
        name.setFont(font)
        is_ = self._say(self._cell(""), KINDS[own.kind])
        why = self._cell(table.reason if own.kind == table.kind else _SET)
        for column in evidence.columns:
            role = own.columns.get(column.name, PLAIN)
            agreed = own.kind == table.kind and self._agreed(table, column.name, role)
            reason = table.columns[column.name].reason if agreed else _SET
            name.appendRow(self._column_row(table, column.name, role, reason))
        few = "" if evidence.rows else "no rows" if evidence.complete else "not looked into"
        return [name, is_, why, self._cell(few)]

    def _column_row(
        self, table: TableProposal, column: str, role: str, reason: str
    ) -> list[QStandardItem]:
        name = self._cell(one_line(column, limit=80) or "(no name)", column)
        is_, why = self._say(self._cell(""), ROLES[role]), self._cell(reason)
        self._dim([is_, why], role == PLAIN)
        return [name, is_, why, self._cell(_examples(table, column, role))]

    def _dim(self, items: list[QStandardItem], plain: bool) -> None:
        for item in items:
            item.setForeground(self._theme.color("muted" if plain else "text"))

    def _agreed(self, table: TableProposal, column: str, role: str) -> bool:
        return table.columns[column].role == role

    def _cell(self, text: str, chosen: str = "") -> QStandardItem:
        item = QStandardItem(one_line(text, limit=400))
        item.setEditable(False)
        item.setData(chosen, CHOSEN)
        item.setToolTip(plain_tip(text) if text else "")
        return item

    def _say(self, item: QStandardItem, word: Word) -> QStandardItem:
        item.setText(word.label)
        item.setData(word.name, CHOSEN)
        item.setToolTip(plain_tip(word.meaning))
        item.setEditable(True)
        return item


def _examples(table: TableProposal, column: str, role: str) -> str:
    """A few values as text; none of what may be secret."""
    known = table.evidence.column(column)
    if known is None or SECRET in (role, table.columns[column].role):
        return ""
    if not known.shown:
        return "empty" if known.rows else ""
    return ", ".join(one_line(exact_text(value), limit=32) for value in known.shown)
