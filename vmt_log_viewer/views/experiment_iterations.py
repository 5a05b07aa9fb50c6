"""The iterations of an experiment: costs, what was accepted, and how two policies differ."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from telemetry.concepts import Iteration, IterationList
from telemetry.text import CENTS, one_line
from vmt_log_viewer.models import convergence as going
from vmt_log_viewer.plots.iteration_chart import ChartLine, IterationChart
from vmt_log_viewer.theme import BETWEEN, GRID, Theme
from vmt_log_viewer.widgets.plain import caption, tool_button
from vmt_log_viewer.widgets.plain_table import PlainTable

EACH = "cost of each agent"
LISTED = 60  # runs that the menu names; the Library has them all
CHOICE = Qt.ItemDataRole.UserRole


class IterationsPage(QWidget):
    """One iteration chosen is compared with the one before it, two with each other."""

    run_wanted = Signal(object)  # RunId
    iteration_chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.listed: IterationList | None = None
        self.chart = IterationChart(theme)
        self.shows = QComboBox()
        self.table, self.policies = PlainTable(theme, many=True), PlainTable(theme)
        self.notes, self.compared = caption(theme), caption(theme)
        self.open = tool_button("Open run", "play", "Show a run of the chosen iteration")
        self._runs = QMenu(self.open)
        self.open.setMenu(self._runs)
        self._lay_out()
        self.shows.currentIndexChanged.connect(self._draw)
        self.table.rows_selected.connect(self._selected)
        self.table.row_opened.connect(self._open_row)
        self.chart.iteration_clicked.connect(self._choose_iteration)
        self.open.clicked.connect(self._open_first)
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

    def choose(self, iteration: int | None) -> None:
        """Choose an iteration without opening anything."""
        numbers = self._numbers()
        if not numbers:
            self._selected(())
            return
        row = numbers.index(iteration) if iteration in numbers else len(numbers) - 1
        self.table.choose(row)
        self._selected((row,))

    def clear(self) -> None:
        self.listed = None
        self.table.rows.show((), ())
        self.policies.rows.show((), ())
        self.chart.show_lines((), str)

    def chosen(self) -> tuple[Iteration, ...]:
        listed = self.listed
        if listed is None:
            return ()
        return tuple(listed.iterations[row] for row in self.table.chosen())

    # Inside

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(BETWEEN)
        line.addWidget(self.shows)
        line.addWidget(self.notes, 1)
        upper = QWidget()
        top = QVBoxLayout(upper)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(GRID)
        top.addLayout(line)
        top.addWidget(self.chart, 1)
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(GRID)
        about = QHBoxLayout()
        about.addWidget(self.compared, 1)
        about.addWidget(self.open)
        below.addLayout(about)
        below.addWidget(self.policies, 1)
        self.open.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.shows.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.shows.setMaximumWidth(280)
        self.shows.setAccessibleName("What the chart shows")
        parts = QSplitter(Qt.Orientation.Vertical)
        for place, (part, share) in enumerate(((upper, 5), (self.table, 4), (lower, 4))):
            parts.addWidget(part)
            parts.setStretchFactor(place, share)
            parts.setCollapsible(place, False)
        parts.setSizes([280, 190, 200])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.addWidget(parts)

    def _numbers(self) -> list[int]:
        return [] if self.listed is None else [i.iteration for i in self.listed.iterations]

    def _fill_choices(self, listed: IterationList) -> None:
        """What may be drawn; the same thing stays chosen where the new experiment has it."""
        kept = self.shows.currentData(CHOICE)
        agents = going.agents_of(listed.iterations)
        choices: list[tuple[str, tuple[str, str]]] = [(going.TOTAL, ("cost", ""))]
        choices += [(f"cost of {one_line(a)}", ("cost", a)) for a in agents]
        choices += [(EACH, ("each", ""))] if len(agents) > 1 else []
        paths = going.parameters(listed.iterations)
        choices += [(one_line(path), ("parameter", path)) for path in paths]
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
        if what == "parameter":
            places = going.parameters(listed.iterations).get(name, ())
            line = ChartLine(one_line(name), places, self._theme.color("accent"), step=True)
            self.chart.show_lines((line,), lambda value: f"{value:.6g}")
            return
        unit = listed.unit
        per = 100.0 if unit == CENTS else 1.0
        if what == "each":
            self.chart.show_lines(
                self._each(listed), lambda cost: going.cost_text(cost, unit), per=per
            )
            return
        found = going.convergence(listed, name or None)
        self.chart.show_lines(
            self._lines(found),
            lambda cost: going.cost_text(cost, unit),
            per=per,
            baseline=found.baseline,
            band=found.band,
        )

    def _lines(self, found: going.Convergence) -> list[ChartLine]:
        theme = self._theme
        lines = [ChartLine("all policies", found.tried, theme.color("muted"), dashed=True)]
        if found.mean:
            lines.append(
                ChartLine("mean of samples", found.mean, theme.color("warning"), gaps=True)
            )
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
        chosen = self.chosen()
        self.chart.choose([i.iteration for i in chosen])
        self._fill_runs(chosen)
        listed = self.listed
        if listed is None or not rows:
            self.compared.setText("Choose an iteration, or two of them to compare.")
            self.policies.rows.show(going.POLICY_COLUMNS, ())
            return
        new = listed.iterations[rows[-1]]
        before = rows[0] if len(rows) > 1 else rows[-1] - 1
        if before < 0:
            self.compared.setText(f"Iteration {new.iteration} is the first: the baseline.")
            self.policies.rows.show(going.POLICY_COLUMNS, ())
            return
        self._compare(listed.iterations[before], new)

    def _compare(self, old: Iteration, new: Iteration) -> None:
        between = f"Policies of iteration {old.iteration} and {new.iteration}"
        if not old.policies or not new.policies:
            self.compared.setText(f"{between} are not recorded.")
            self.policies.rows.show(going.POLICY_COLUMNS, ())
            return
        rows, moods = going.policy_rows(old, new)
        many = "1 difference" if len(rows) == 1 else f"{len(rows)} differences"
        self.compared.setText(f"{between}: {many if rows else 'the same'}")
        self.policies.rows.show(going.POLICY_COLUMNS, rows, moods)
        self.policies.fit()

    def _fill_runs(self, chosen: tuple[Iteration, ...]) -> None:
        self._runs.clear()
        runs = [run for iteration in chosen for run in iteration.runs]
        for run in runs[:LISTED]:
            text = one_line(str(run)).replace("&", "&&")
            self._runs.addAction(text, lambda run=run: self.run_wanted.emit(run))
        if len(runs) > LISTED:
            more = self._runs.addAction(f"{len(runs) - LISTED} more are in the Library")
            more.setEnabled(False)
        self.open.setEnabled(bool(runs))
        tip = "Show a run of the chosen iteration"
        self.open.setToolTip(tip if runs else "No run of this iteration is recorded here")

    def _open_first(self) -> None:
        for iteration in self.chosen()[-1:]:
            if iteration.runs:
                self.run_wanted.emit(iteration.runs[0])

    def _open_row(self, row: int) -> None:
        if self.listed is not None and self.listed.iterations[row].runs:
            self.run_wanted.emit(self.listed.iterations[row].runs[0])
