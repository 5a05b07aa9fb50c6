"""FacetPanel: how often each value occurs among the filtered rows, one section per column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column, Facets
from telemetry.errors import TelemetryError
from telemetry.filters import Filter
from telemetry.filters.terms import text_of
from telemetry.frozen import Frozen, replace
from telemetry.queries import FacetQuery
from telemetry.text import cell_text, in_units
from vmt_log_viewer.models.cell_style import CellStyle, plain_tip
from vmt_log_viewer.state.choices import JSON
from vmt_log_viewer.theme import BETWEEN, GRID, INSIDE
from vmt_log_viewer.widgets.facet_list import FacetList, FacetRow
from vmt_log_viewer.widgets.pair_chips import PairChips
from vmt_log_viewer.widgets.plain import caption, heading, tool_button
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context
    from vmt_log_viewer.widgets.table_panel import TablePanel

FEW, MANY = 8, 14  # rows shown at most before and after "show all"; more are scrolled to


class SplitFacets(Frozen):
    """The facets of a column, and again for each value of the column they are split by."""

    facets: Facets
    parts: tuple[tuple[Cell, Facets], ...] = ()


def read_facets(
    source: Source, query: FacetQuery, split: Column | None, token: CancelToken
) -> SplitFacets:
    """Facets of `query`, split by the values of `split` where one is given."""
    facets = source.ask(query, token)
    if split is None or not facets.values:
        return SplitFacets(facets)
    by = source.ask(replace(query, column=split.name, limit=6), token)
    parts = []
    for value, _ in by.values:
        filters = (*query.where.filters, Filter.any_of(split.name, (in_units(value, split.unit),)))
        where = replace(query.where, filters=filters)
        parts.append((value, source.ask(replace(query, where=where, limit=None), token)))
    return SplitFacets(facets, tuple(parts))


class FacetSection(QWidget):
    """One column's facet. It never shrinks while its table is shown, so that nothing jumps."""

    arrived = Signal()

    def __init__(
        self,
        context: Context,
        panel: TablePanel,
        column: Column,
        lane: str,
        *,
        split: Column | None = None,
        splits: bool = False,
        prominent: bool = False,
    ) -> None:
        super().__init__()
        self.column, self._split, self._splits = column, split, splits
        self._context, self._panel, self._lane = context, panel, lane
        self._style = CellStyle(context.theme)
        self._all = False
        self._rows_kept = 1
        make = heading if prominent else caption
        self._title = make(context.theme, column.label)
        self._clear = tool_button(f"Any {column.label}", "x", "Any value", only_icon=True)
        self._more = tool_button("", "caret-down", "Show every value")
        self.list = FacetList(context.theme, self)
        self.list.shares = split is not None
        self.list.setAccessibleName(column.label)
        self.chips: PairChips | None = None
        self._lay_out()
        self.list.toggled.connect(self._toggle)
        self._clear.clicked.connect(lambda: panel.filters.choose(column.name, ()))
        self._more.clicked.connect(self._show_all)
        panel.filters.text_changed.connect(self._show_chosen)
        self._show_chosen("")

    def ask(self, source: Source) -> None:
        """Count again under the panel's present filters."""
        query = self._panel.model.asked
        if query is None:
            return
        where = self._panel.where_without(self.column.name)
        limit = None if self._all else FEW
        facet_query = FacetQuery(query.run_id, query.table, self.column.name, where, limit)
        self._context.runner.run(
            f"{self._lane}.{self.column.name}",
            lambda token: read_facets(source, facet_query, self._split, token),
            self._show,
            self._show_failure,
            self,
            f"counting {self.column.label}",
        )

    @property
    def room(self) -> int:
        """Rows that there is room for."""
        return self._rows_kept

    @property
    def shows_all(self) -> bool:
        """Whether every value was asked for."""
        return self._all

    def keep_room(self, rows: int) -> None:
        self._rows_kept = max(1, min(rows, MANY))
        self.list.show_height(self._rows_kept)

    def show_every(self, everything: bool) -> None:
        """Every value, or the most frequent ones."""
        if everything != self._all and self._panel.source is not None:
            self._all = everything
            self.ask(self._panel.source)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(self._title, 1)
        self._clear.setIconSize(QSize(12, 12))
        policy = self._clear.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._clear.setSizePolicy(policy)
        top.addWidget(self._clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        if any(word.sense for word in self.column.words) and self.column.role == "pair":
            self.chips = PairChips(self._panel.filters, self.column, self)
            layout.addWidget(self.chips)
        layout.addWidget(self.list)
        layout.addWidget(self._more)
        self._more.hide()
        self.list.show_height(self._rows_kept)

    def _toggle(self, value: Cell) -> None:
        self._panel.filters.toggle(self.column.name, value)

    def _show_all(self) -> None:
        self._all = True
        if self._panel.source is not None:
            self.ask(self._panel.source)

    def _show(self, split: SplitFacets) -> None:
        facets = split.facets
        rows = [self._row(value, count, split) for value, count in facets.values]
        known = {text_of(row.value) for row in rows}
        chosen = self._panel.filters.chosen(self.column.name)
        missing = sorted((c for c in chosen if c not in known), key=str)
        rows += [self._row(value, 0, split) for value in missing]
        self.list.facet_model.show_rows(rows, facets.total)
        self.setVisible(bool(chosen) or any(row.value is not None for row in rows) or not rows)
        cap = MANY if self._all else FEW
        self._rows_kept = max(self._rows_kept, min(cap, len(rows)))
        self.list.show_height(self._rows_kept)
        hidden = facets.distinct - len(facets.values)
        self._more.setText(f"{count_text(hidden)} more")
        self._more.setVisible(hidden > 0)
        if self.chips is not None:
            self.chips.offer([str(v) for v, _ in facets.values if v is not None])
        self.arrived.emit()

    def _row(self, value: Cell, count: int, split: SplitFacets) -> FacetRow:
        split_by = self._split or self.column
        paint = self._color if self._splits else self._style.color
        parts = tuple(
            (self._color(by, split_by), dict(facets.values).get(value, 0), self._part_text(by))
            for by, facets in split.parts
        )
        return FacetRow(
            in_units(value, self.column.unit),
            cell_text(value, self.column),
            count,
            paint(value, self.column),
            tuple(part for part in parts if part[1]),
        )

    def _color(self, value: Cell, column: Column) -> QColor:
        """A colour for any value of a column that splits another one."""
        known = self._style.color(value, column)
        return known if known is not None else self._context.theme.pair_color(str(value))

    def _part_text(self, value: Cell) -> str:
        return cell_text(value, self._split)

    def _show_chosen(self, name: str) -> None:
        if name in ("", self.column.name):
            self.list.facet_model.chosen = self._panel.filters.chosen(self.column.name)
            self.list.viewport().update()
            self._clear.setVisible(bool(self._panel.filters.text(self.column.name)))

    def _show_failure(self, error: TelemetryError) -> None:
        self._title.setToolTip(plain_tip(str(error)))


class FacetPanel(QScrollArea):
    """The facets of a TablePanel's table. The first role in `roles` stands out."""

    def __init__(
        self,
        context: Context,
        panel: TablePanel,
        lane: str,
        roles: Sequence[str],
        parent: QWidget | None = None,
        *,
        split: tuple[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(parent)
        self._context, self._panel, self._lane = context, panel, lane
        self._roles, self._split = tuple(roles), split
        self.sections: list[FacetSection] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(176)
        self._body = QWidget()
        self._layout = QVBoxLayout(self._body)
        self._layout.setContentsMargins(0, 0, INSIDE, 0)
        self._layout.setSpacing(BETWEEN)
        self._layout.addStretch(1)
        self.setWidget(self._body)
        panel.asked.connect(self.ask)
        panel.columns_judged.connect(self._rebuild)

    def ask(self) -> None:
        """Count again; sections are made anew where the table has other facets."""
        if self._columns() != [section.column for section in self.sections]:
            self._rebuild(ask=False)
        source = self._panel.source
        for section in self.sections:
            if source is not None:
                section.ask(source)

    def state(self) -> list[JSON]:
        """The columns of which every value is shown."""
        return [section.column.name for section in self.sections if section.shows_all]

    def restore(self, columns: Collection[str]) -> None:
        """Show every value of these columns, of others the most frequent ones."""
        for section in self.sections:
            section.show_every(section.column.name in columns)

    def rooms(self) -> dict[str, int]:
        """How many rows each facet has room for, by column."""
        return {section.column.name: section.room for section in self.sections}

    def keep_rooms(self, rooms: Mapping[str, int]) -> None:
        """Give each facet room for so many rows."""
        for section in self.sections:
            section.keep_room(rooms.get(section.column.name, section.room))

    def section(self, role: str) -> FacetSection | None:
        return next((s for s in self.sections if s.column.role == role), None)

    def _columns(self) -> list[Column]:
        """Facet columns that are recorded: those of the roles wanted first, then the rest."""
        found = [c for c in self._panel.columns if c.facet and c.recorded]
        rank = {role: place for place, role in enumerate(self._roles)}
        return sorted(found, key=lambda c: rank.get(c.role or "", len(rank)))

    def _rebuild(self, *, ask: bool = True) -> None:
        columns = self._columns()
        if columns == [section.column for section in self.sections]:
            return
        for section in self.sections:
            self._layout.removeWidget(section)
            section.hide()
            section.deleteLater()
        splits = [self._split_for(column) for column in columns]
        self.sections = [
            FacetSection(
                self._context,
                self._panel,
                column,
                self._lane,
                split=self._split_for(column),
                splits=column in splits,
                prominent=place == 0,
            )
            for place, column in enumerate(columns)
        ]
        for place, section in enumerate(self.sections):
            self._layout.insertWidget(place, section)
        if ask:
            self.ask()

    def _split_for(self, column: Column) -> Column | None:
        if self._split is None or column.role != self._split[0]:
            return None
        found = (self._panel.column(role) for role in self._split[1])
        return next((c for c in found if c is not None), None)
