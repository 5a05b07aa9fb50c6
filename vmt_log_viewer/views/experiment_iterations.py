"""The iterations of an experiment: costs as a chart and a table, and the runs of those chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from telemetry.concepts import Iteration, IterationList, RunId, RunList
from telemetry.text import CENTS, one_line
from vmt_log_viewer.models import convergence as going
from vmt_log_viewer.models.iteration_runs import runs_table
from vmt_log_viewer.plots.iteration_chart import ChartLine, IterationChart
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.theme import BETWEEN, GRID, ROW_HEIGHT, Theme
from vmt_log_viewer.views.experiment_page import ExperimentPage
from vmt_log_viewer.views.view import ExportRequest, Frame
from vmt_log_viewer.widgets.folding import FoldingSplitter
from vmt_log_viewer.widgets.plain import caption, tool_button
from vmt_log_viewer.widgets.plain_table import PlainTable

LOW = 420  # pixels of height
UNLIMITED = 16_777_215  # what Qt calls no limit
EACH = "cost of each agent"
CHOICE = Qt.ItemDataRole.UserRole


class IterationsPage(ExperimentPage):
    """The iterations chosen here are those whose runs are listed and whose policies compared."""

    iteration_chosen = Signal(int)  # by hand, in the chart
    selected = Signal(object)  # tuple[int, ...]: places in `listed.iterations`, ascending

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.listed: IterationList | None = None
        self._runs: RunList | None = None
        self._named: tuple[RunId, ...] = ()
        self.chart = IterationChart(theme)
        self.shows = QComboBox()
        self.table, self.runs = PlainTable(theme, many=True), PlainTable(theme)
        self.notes, self.about_runs = caption(theme), caption(theme)
        self.open = tool_button("Open run", "play", "Show the chosen run")
        self._lay_out()
        self.shows.currentIndexChanged.connect(self._draw)
        self.table.rows_selected.connect(self._selected)
        self.table.row_opened.connect(self._open_first)
        self.runs.row_opened.connect(self._open_row)
        self.chart.iteration_clicked.connect(self._choose_iteration)
        self.open.clicked.connect(lambda: self._open_row(next(iter(self.runs.chosen()), 0)))
        theme.changed.connect(self._draw)

    def show_iterations(self, listed: IterationList, current: int | None) -> None:
        """Show an experiment, the iteration `current` chosen (None: the last one)."""
        self.listed = listed
        columns, rows = going.iteration_table(listed)
        self.table.rows.show(columns, rows)
        self.table.fit()
        self.notes.setText(" ".join(one_line(note, limit=400) for note in listed.notes))
        self._fill_choices(listed)
        self.choose(current)
        self.export_changed.emit()

    def show_runs(self, runs: RunList) -> None:
        """What is known of the runs that iterations name."""
        self._runs = runs
        self._fill_runs()

    def choose(self, iteration: int | None) -> None:
        """Choose an iteration without opening anything."""
        numbers = self.numbers()
        if not numbers:
            self._selected(())
            return
        row = numbers.index(iteration) if iteration in numbers else len(numbers) - 1
        self.table.choose(row)
        self._selected((row,))

    def choose_rows(self, rows: Sequence[int]) -> None:
        """Choose the iterations in these rows of the table."""
        self.table.choose(*rows)
        self._selected(tuple(sorted(rows)))

    def chosen(self) -> tuple[Iteration, ...]:
        listed = self.listed
        if listed is None:
            return ()
        return tuple(listed.iterations[row] for row in self.table.chosen())

    def kept(self) -> int | None:
        """The iteration to choose when more of them are known: None, the last, if it was that."""
        chosen, numbers = self.chosen(), self.numbers()
        last = chosen[-1].iteration if chosen else None
        return None if not numbers or last == numbers[-1] else last

    def numbers(self) -> list[int]:
        return [] if self.listed is None else [i.iteration for i in self.listed.iterations]

    # ExperimentPage

    def clear(self) -> None:
        self.listed = self._runs = None
        self.table.rows.show((), ())
        self.runs.rows.show((), ())
        self.chart.show_lines((), str)

    def export_request(self) -> ExportRequest | None:
        """The iterations and the runs of those chosen, as the tables show them."""
        if self.listed is None:
            return None
        frames = [Frame("iterations", self.table.rows.columns, self.table.rows.rows)]
        if self.runs.rows.rows:
            frames.append(Frame("runs", self.runs.rows.columns, self.runs.rows.rows))
        name = f"experiment-{self.listed.experiment_id}"
        return ExportRequest(name, pictures=widget_pictures(self.chart), frames=tuple(frames))

    # Inside

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(BETWEEN)
        line.addWidget(self.shows)
        line.addWidget(self.notes, 1)
        upper, top = _part()
        top.addLayout(line)
        top.addWidget(self.chart, 1)
        self._lower, below = _part()
        about = QHBoxLayout()
        about.addWidget(self.about_runs, 1)
        about.addWidget(self.open)
        below.addLayout(about)
        below.addWidget(self.runs, 1)
        self.shows.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.shows.setMaximumWidth(280)
        self.shows.setAccessibleName("What the chart shows")
        tables = QSplitter(Qt.Orientation.Vertical)
        tables.setChildrenCollapsible(False)
        tables.addWidget(self.table)
        tables.addWidget(self._lower)
        tables.setSizes([220, 180])
        parts = FoldingSplitter(LOW, (4, 6), (3, 4))
        parts.add_parts(upper, tables)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.addWidget(parts)

    def _fill_choices(self, listed: IterationList) -> None:
        """What may be drawn; the same thing stays chosen where the new experiment has it."""
        kept = self.shows.currentData(CHOICE)
        agents = going.agents_of(listed.iterations)
        choices: list[tuple[str, tuple[str, str]]] = [(going.TOTAL, ("cost", ""))]
        choices += [(f"cost of {one_line(a)}", ("cost", a)) for a in agents]
        choices += [(EACH, ("each", ""))] if len(agents) > 1 else []
        self.shows.blockSignals(True)
        self.shows.clear()
        for text, data in choices:
            self.shows.addItem(text, data)
        known = [data for _, data in choices]
        self.shows.setCurrentIndex(known.index(kept) if kept in known else 0)
        self.shows.blockSignals(False)
        self._draw()

    def _draw(self, _: object = None) -> None:
        listed, choice = self.listed, self.shows.currentData(CHOICE)
        if listed is None or choice is None:
            return
        what, name = choice
        unit = listed.unit
        per = 100.0 if unit == CENTS else 1.0
        if what == "each":
            self.chart.show_lines(
                self._each(listed), lambda cost: going.cost_text(cost, unit), per=per, unit=unit
            )
            return
        found = going.convergence(listed, name or None)
        self.chart.show_lines(
            self._lines(found),
            lambda cost: going.cost_text(cost, unit),
            per=per,
            unit=unit,
            baseline=found.baseline,
            band=found.band,
        )

    def _lines(self, found: going.Convergence) -> list[ChartLine]:
        theme = self._theme
        lines = []
        if found.mean:
            lines.append(
                ChartLine("mean of samples", found.mean, theme.color("warning"), gaps=True)
            )
        lines.append(ChartLine("all policies", found.tried, theme.color("text"), dashed=True))
        if found.accepted:
            accent = theme.color("accent")
            lines.append(ChartLine("accepted so far", found.accepted, accent, step=True))
        return lines

    def _each(self, listed: IterationList) -> list[ChartLine]:
        agents = going.agents_of(listed.iterations)
        return [
            ChartLine(
                one_line(agent),
                going.convergence(listed, agent).tried,
                self._theme.agent_color(agent, place, len(agents)),
            )
            for place, agent in enumerate(agents)
        ]

    def _choose_iteration(self, iteration: int) -> None:
        self.choose(iteration)
        self.iteration_chosen.emit(iteration)

    def _selected(self, rows: tuple[int, ...]) -> None:
        self.chart.choose([i.iteration for i in self.chosen()])
        self._fill_runs()
        self.selected.emit(rows)

    def _fill_runs(self) -> None:
        chosen = self.chosen()
        columns, rows, self._named = runs_table(chosen, self._runs)
        self.runs.rows.show(columns, rows)
        if rows:
            self.runs.choose(0)
        self.runs.setVisible(bool(rows))
        self._lower.setMaximumHeight(UNLIMITED if rows else ROW_HEIGHT)  # a line is all it says
        self.open.setEnabled(bool(rows))
        self.open.setVisible(bool(rows))
        self.about_runs.setText(_about_runs(chosen, len(rows)))
        self.export_changed.emit()

    def _open_first(self, row: int) -> None:
        if self.listed is not None and self.listed.iterations[row].runs:
            self.run_wanted.emit(self.listed.iterations[row].runs[0])

    def _open_row(self, row: int) -> None:
        if row < len(self._named):
            self.run_wanted.emit(self._named[row])


def _about_runs(chosen: tuple[Iteration, ...], runs: int) -> str:
    if not chosen:
        return "Choose an iteration to see its runs."
    of = ", ".join(str(i.iteration) for i in chosen[:6]) + (" …" if len(chosen) > 6 else "")
    what = "iteration" if len(chosen) == 1 else "iterations"
    if not runs:
        return f"Runs of {what} {of}: not recorded in this database."
    return f"Runs of {what} {of}: {runs}"


def _part() -> tuple[QWidget, QVBoxLayout]:
    part = QWidget()
    layout = QVBoxLayout(part)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID)
    return part, layout
