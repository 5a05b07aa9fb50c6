"""Means of a table's column by one column and by two: effects by parameter, rates by strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from telemetry.concepts import Column, Means, Table
from telemetry.errors import TelemetryError
from telemetry.filters import Filter
from telemetry.frozen import replace
from telemetry.queries import MeansQuery, Where
from telemetry.text import one_line
from vmt_log_viewer.models.means_grid import about, group_columns, means_rows, value_columns
from vmt_log_viewer.plots.heat_map import HeatMap
from vmt_log_viewer.plots.means_chart import MeansChart
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.view import Context, Frame
from vmt_log_viewer.widgets.plain import caption

if TYPE_CHECKING:
    from telemetry.source import Source

NOTHING = "nothing"
NARROW = 560  # pixels: below, only the map is shown where there is one


class MeansPanel(QWidget):
    """Its rows are those of `where`, but for filters on the very columns that it groups by: a
    click that narrows the table to a cell must not empty the others."""

    cell_chosen = Signal(object)  # {column name: cell}
    changed = Signal()

    def __init__(self, context: Context, lane: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._lane = context, lane
        self._source: Source | None = None
        self._table: Table | None = None
        self._where: Callable[[], Where] = Where
        self.value, self.across, self.up = QComboBox(), QComboBox(), QComboBox()
        self.chart, self.map = MeansChart(context.theme), HeatMap(context.theme)
        self.about, self.charts = caption(context.theme), QSplitter()
        self.doubt = QLabel()  # why the means are not what they seem: too grave for a caption
        self.doubt.setTextFormat(Qt.TextFormat.PlainText)
        self.doubt.setWordWrap(True)
        self.doubt.hide()
        self._lay_out()
        for box in (self.value, self.across, self.up):
            box.currentIndexChanged.connect(self._chosen)
        self.chart.group_clicked.connect(self._group_clicked)
        self.map.cell_clicked.connect(self._cell_clicked)

    def show_table(self, source: Source, table: Table, where: Callable[[], Where]) -> None:
        """Offer the columns of `table`; `where` says which rows, each time they are asked for."""
        anew = self._table is None or table.name != self._table.name
        self._source, self._table, self._where = source, table, where
        if anew:
            self.chart.show_means(None)
            self.map.show_means(None)
            groups = group_columns(table)
            _fill(self.value, value_columns(table))
            _fill(self.across, groups, 0)
            _fill(self.up, groups, 1 if self._swept(groups) else -1, nothing=True)
        self.ask()

    def clear(self) -> None:
        for lane in ("one", "two"):
            self._context.runner.cancel(f"{self._lane}.{lane}")
        self._source = self._table = None
        self.chart.show_means(None)
        self.map.show_means(None)

    @property
    def useful(self) -> bool:
        """Whether the table has anything to group by."""
        return bool(self.value.count() and self.across.count())

    def ask(self) -> None:
        """Ask again: the filters may be others."""
        if self._source is None or self._table is None or not self.useful:
            return
        first, second = self.across.currentData(), self.up.currentData()
        self._submit("one", (first,), self._show_one)
        self.map.setVisible(second is not None)
        if second is not None and second != first:
            self._submit("two", (first, second), self._show_two)
        self._share()

    def frames(self) -> tuple[Frame, ...]:
        """The means as they are drawn: by one column, and by two where the map is shown."""
        drawn = [self.chart.means] if not self.chart.isHidden() else []
        drawn += [self.map.means] if not self.map.isHidden() else []
        return tuple(_frame(means) for means in drawn if means is not None)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._share()

    def _share(self) -> None:
        self.chart.setVisible(self.width() >= NARROW or self.map.isHidden())

    def _swept(self, groups: tuple[Column, ...]) -> bool:
        return len(groups) > 1 and groups[0].role == groups[1].role == "parameter"

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(INSIDE)
        for word, box in (("mean", self.value), ("by", self.across), ("and", self.up)):
            label = QLabel(word)
            label.setBuddy(box)
            box.setAccessibleName(f"{word}: column")
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMaximumWidth(240)
            line.addWidget(label)
            line.addWidget(box)
        line.addStretch(1)
        for part, share in ((self.chart, 4), (self.map, 5)):
            self.charts.addWidget(part)
            self.charts.setStretchFactor(self.charts.count() - 1, share)
        self.charts.setChildrenCollapsible(False)
        self.charts.setSizes([400, 500])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(line)
        layout.addWidget(self.about)
        layout.addWidget(self.doubt)
        layout.addWidget(self.charts, 1)

    def _chosen(self, _: int) -> None:
        second = self.up.currentData()
        if second is not None and second == self.across.currentData():
            other = next(
                (i for i in range(self.up.count()) if self.up.itemData(i) not in (None, second)), 0
            )
            self.up.blockSignals(True)
            self.up.setCurrentIndex(other)
            self.up.blockSignals(False)
        self.ask()

    def _submit(self, lane: str, by: tuple[str, ...], show: Callable[[Means], None]) -> None:
        assert self._source is not None
        assert self._table is not None
        where, kept = self._where(), self._kept()
        query = MeansQuery(
            "", self._table.name, self.value.currentData(), by, replace(where, filters=kept)
        )
        self._context.runner.submit(
            f"{self._lane}.{lane}", self._source, query, show, self._failed, self
        )

    def _kept(self) -> tuple[Filter, ...]:
        grouped = (self.across.currentData(), self.up.currentData())
        return tuple(f for f in self._where().filters if f.column not in grouped)

    def _filtered(self) -> str:
        """By which columns the rows are filtered, beyond the choice of the experiment."""
        columns = () if self._table is None else self._table.columns
        known = {c.name: c for c in columns if c.role != "experiment"}
        names = [known[f.column].label for f in self._kept() if f.column in known]
        return f" · filtered by {', '.join(names)}" if names else ""

    def _show_one(self, means: Means) -> None:
        self.chart.show_means(means, signed=_signed(means))
        self.about.setText(about(means) + self._filtered())
        self.doubt.setText(" ".join(one_line(note, limit=400) for note in means.notes))
        self.doubt.setVisible(bool(means.notes))
        self.changed.emit()

    def _show_two(self, means: Means) -> None:
        self.map.show_means(means, signed=_signed(means))
        self.changed.emit()

    def _failed(self, error: TelemetryError) -> None:
        self.about.setText(str(error))
        self.doubt.hide()

    def _group_clicked(self, group: int) -> None:
        means = self.chart.means
        if means is not None:
            self.cell_chosen.emit({means.by[0].name: means.keys[group][0]})

    def _cell_clicked(self, keys: tuple[object, object]) -> None:
        means = self.map.means
        if means is not None:
            names = (column.name for column in means.by)
            self.cell_chosen.emit(dict(zip(names, keys, strict=True)))


def _fill(
    box: QComboBox, columns: tuple[Column, ...], chosen: int = 0, *, nothing: bool = False
) -> None:
    box.blockSignals(True)
    box.clear()
    if nothing:
        box.addItem(NOTHING, None)
    for column in columns:
        box.addItem(one_line(column.label), column.name)
    box.setCurrentIndex(chosen + nothing)
    box.blockSignals(False)


def _signed(means: Means) -> bool:
    """Effects lie around zero, and so does whatever has values on both sides of it."""
    return means.value.role == "effect" or bool((means.mean < 0).any())


def _frame(means: Means) -> Frame:
    columns, rows = means_rows(means)
    names = "-".join(column.name for column in means.by)
    return Frame(f"{means.value.name}-by-{names}", columns, rows)
