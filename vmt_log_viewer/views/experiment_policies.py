"""The policies of an experiment: a parameter over iterations, and two iterations compared."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from telemetry.concepts import Iteration, IterationList
from telemetry.text import one_line
from vmt_log_viewer.models import convergence as going
from vmt_log_viewer.plots.iteration_chart import ChartLine, IterationChart
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.theme import GRID, INSIDE, Theme
from vmt_log_viewer.views.experiment_page import ExperimentPage
from vmt_log_viewer.views.view import ExportRequest, Frame
from vmt_log_viewer.widgets.folding import FoldingSplitter
from vmt_log_viewer.widgets.plain import caption
from vmt_log_viewer.widgets.plain_table import PlainTable

LOW = 380  # pixels of height
NARROWEST = 160  # pixels of a path, which else takes half of the table at most
UNCHANGED = "No number in the policies changes."


class PoliciesPage(ExperimentPage):
    """The first and the last policies are compared until others are chosen; a click in the chart
    compares that iteration with the one before it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.listed: IterationList | None = None
        self.parameter, self.before, self.after = QComboBox(), QComboBox(), QComboBox()
        self.chart, self.table = IterationChart(theme), PlainTable(theme)
        self.about, self.compared = caption(theme), caption(theme)
        self._lay_out()
        self.parameter.currentIndexChanged.connect(self._draw)
        for box in (self.before, self.after):
            box.currentIndexChanged.connect(self._compare)
        self.chart.iteration_clicked.connect(self._clicked)
        theme.changed.connect(self._draw)

    def show_iterations(self, listed: IterationList) -> None:
        """Show the policies of an experiment."""
        self.listed = listed
        kept = self.parameter.currentData()
        names = list(going.parameters_by_agent(listed.iterations))
        _fill(self.parameter, names, names, names.index(kept) if kept in names else 0)
        self.parameter.setEnabled(bool(names))
        numbers = [i.iteration for i in listed.iterations]
        words = [f"iteration {n}" for n in numbers]
        for box, place in ((self.before, 0), (self.after, len(numbers) - 1)):
            _fill(box, words, list(range(len(numbers))), place)
        self._draw()
        self._compare()

    def compare(self, before: int, after: int) -> None:
        """Compare two iterations, told by their places in the list."""
        for box, place in ((self.before, before), (self.after, after)):
            box.blockSignals(True)
            box.setCurrentIndex(place)
            box.blockSignals(False)
        self._compare()

    # ExperimentPage

    def clear(self) -> None:
        self.listed = None
        self.table.rows.show((), ())
        self.chart.show_lines((), str)

    def export_request(self) -> ExportRequest | None:
        """The differences as they are listed, and the parameter as it is drawn."""
        if self.listed is None:
            return None
        between = f"policies-{self.before.currentData()}-{self.after.currentData()}"
        frames = [Frame(between, self.table.rows.columns, self.table.rows.rows)]
        name = self.parameter.currentData()
        if name is not None:
            frames.append(Frame(name, *going.parameter_table(self.listed.iterations, name)))
        return ExportRequest(
            f"experiment-{self.listed.experiment_id}-policies",
            pictures=widget_pictures(self.chart),
            frames=tuple(frames),
        )

    # Inside

    def _lay_out(self) -> None:
        upper, lower = QWidget(), QWidget()
        for part, widgets, body, about in (
            (upper, (QLabel("parameter"), self.parameter), self.chart, self.about),
            (
                lower,
                (QLabel("compare"), self.before, QLabel("with"), self.after),
                self.table,
                self.compared,
            ),
        ):
            layout = QVBoxLayout(part)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(GRID)
            line = QHBoxLayout()
            line.setSpacing(INSIDE)
            for widget in widgets:
                line.addWidget(widget)
            line.addWidget(about, 1)
            layout.addLayout(line)
            layout.addWidget(body, 1)
        for box, name in (
            (self.parameter, "parameter"),
            (self.before, "compare"),
            (self.after, "with"),
        ):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMaximumWidth(360)
        body = FoldingSplitter(LOW, (3, 4), (2, 3))
        body.add_parts(upper, lower)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.addWidget(body)

    def _draw(self, _: object = None) -> None:
        listed, name = self.listed, self.parameter.currentData()
        if listed is None:
            return
        if name is None:
            self.chart.show_lines((), str)
            recorded = any(i.policies for i in listed.iterations)
            self.about.setText(UNCHANGED if recorded else "")
            return
        by_agent = going.parameters_by_agent(listed.iterations)[name]
        agents = list(going.policy_agents(listed.iterations))
        lines = [
            ChartLine(
                one_line(agent),
                places,
                self._theme.agent_color(agent, agents.index(agent), len(agents)),
                step=True,
            )
            for agent, places in by_agent.items()
        ]
        self.chart.show_lines(lines, lambda value: f"{value:.6g}")
        self.about.setText("")

    def _compare(self, _: object = None) -> None:
        listed, before, after = self.listed, self.before.currentData(), self.after.currentData()
        if listed is None or before is None or after is None:
            return
        old, new = listed.iterations[before], listed.iterations[after]
        self.chart.choose([old.iteration, new.iteration])
        rows, moods = going.policy_rows(old, new) if old.policies and new.policies else ((), {})
        self.table.rows.show(going.POLICY_COLUMNS, rows, moods)
        self.table.fit()
        self.table.resizeColumnToContents(0)
        most = max(NARROWEST, self.table.width() // 2)
        self.table.setColumnWidth(0, min(self.table.columnWidth(0) + GRID, most))
        self.compared.setText(_compared(old, new, len(rows)))
        self.status_changed.emit(self.compared.text())
        self.export_changed.emit()

    def _clicked(self, iteration: int) -> None:
        if self.listed is not None:
            numbers = [i.iteration for i in self.listed.iterations]
            place = numbers.index(iteration)
            self.compare(max(0, place - 1), place)


def _compared(old: Iteration, new: Iteration, differences: int) -> str:
    for iteration in (old, new):
        if not iteration.policies:
            return f"The policies of iteration {iteration.iteration} are not recorded."
    if old is new:
        return f"Nothing to compare iteration {old.iteration} with: choose two."
    many = "1 difference" if differences == 1 else f"{differences} differences"
    return many if differences else "The policies are the same."


def _fill(box: QComboBox, words: list[str], data: list[object] | list[str], chosen: int) -> None:
    box.blockSignals(True)
    box.clear()
    for word, item in zip(words, data, strict=True):
        box.addItem(one_line(word), item)
    box.setCurrentIndex(min(chosen, box.count() - 1))
    box.blockSignals(False)
