"""Library: every open source and its runs, to find one and show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from telemetry.analysis.audits import mark
from telemetry.concepts import Audit, ExperimentList, RunId, RunList
from telemetry.errors import FilterError, TelemetryError
from telemetry.queries import ExperimentsQuery, RunSizesQuery, RunsQuery
from vmt_log_viewer.icons import icon
from vmt_log_viewer.models.run_filter import RunFilter
from vmt_log_viewer.models.run_lines import Node
from vmt_log_viewer.models.run_order import RunOrder
from vmt_log_viewer.models.run_tree import RunTree
from vmt_log_viewer.notes import Notes
from vmt_log_viewer.state.history import Change
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.drags import Dragged, Drags
from vmt_log_viewer.views.library_tree import LibraryTree
from vmt_log_viewer.views.view import Context

if TYPE_CHECKING:
    from telemetry.source import Source

FILTER_HINT = "Filter: words, regime=mixed"
COUNTED_ROLES = ("trades", "attempts")


class Library(QWidget):
    """The tree of sources with its filter line.

    `chosen` comes when the user picks a run, not when `show_current` marks the one shown.
    """

    chosen = Signal(object, object)  # Source, Run
    experiment_chosen = Signal(object, str, object)  # Source, its id, an iteration or None
    experiments_listed = Signal(object, object)  # Source, ExperimentList; only after `listed`
    listed = Signal(object, object)  # Source, RunList
    failed = Signal(str)

    def __init__(self, context: Context, notes: Notes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._notes = context, notes
        self.model = RunTree(self)
        self.order = RunOrder(self.model, self)
        self.tree = LibraryTree(self.order, context.settings)
        self.filter_line = QLineEdit()
        self._problem = QLabel()
        self._build()
        self.tree.run_chosen.connect(self._run_chosen)
        self.tree.group_chosen.connect(self._group_chosen)
        self.tree.star_wanted.connect(self.toggle_star)
        self.model.note_edited.connect(self._note_edited)
        self.model.modelReset.connect(self._mark_shown)
        context.document.audited.connect(self._audited)
        self.filter_line.textChanged.connect(self._filter_changed)
        self.filter_line.returnPressed.connect(self.tree.setFocus)
        self.filter_line.setText(context.settings.get("library.filter", ""))
        self._text = self.filter_line.text()
        self.filter_line.textChanged.connect(self._remember_filter)
        self._drags = Drags(context.document.history, self)
        self._drags.watch(self.tree.header().viewport(), Dragged(
            "columns of the Library", self.tree.arrangement, self.tree.arrange))  # fmt: skip
        self.tree.column_shown.connect(self._remember_column)

    def _build(self) -> None:
        self.filter_line.setPlaceholderText(FILTER_HINT)
        self.filter_line.setToolTip(
            "Words are sought in every text. column=expression filters: ticks=>100, "
            "regime=mixed|money_only, seed=2~4, status=null."
        )
        self.filter_line.setClearButtonEnabled(True)
        self.filter_line.addAction(icon("funnel"), QLineEdit.ActionPosition.LeadingPosition)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setWordWrap(True)
        self._problem.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.setSpacing(GRID)
        for widget in (self.filter_line, self._problem, self.tree):
            layout.addWidget(widget)

    def add(self, source: Source) -> None:
        """List a source's runs (again), and count their rows once they are listed."""

        lane, what = _lane("runs", source), f"listing the runs of {source.identity.name}"

        def show(runs: RunList) -> None:
            self.model.set_source(source, runs, self._notes.of_source(source.key))
            self._context.runner.run(lane, lambda token: runs, told, None, self, what, source)

        def told(runs: RunList) -> None:  # in a turn of its own, for a run is shown upon it
            self.listed.emit(source, runs)
            self._list_experiments(source)
            self._count(source, runs)

        def fail(error: TelemetryError) -> None:
            self.model.set_source(source, RunList((), ()), {})
            self.model.set_problem(source, str(error))
            self.failed.emit(str(error))

        self._context.runner.submit(lane, source, RunsQuery(), show, fail, self, what)

    def remove(self, source: Source) -> None:
        for name in ("runs", "experiments", "sizes"):
            self._context.runner.cancel(_lane(name, source))
        self.model.remove_source(source)

    def current_source(self) -> Source | None:
        """The source of the line that the keyboard is on."""
        node = self.tree.current_node()
        return None if node is None else node.source

    def focus_filter(self) -> None:
        self.filter_line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_line.selectAll()

    def toggle_star(self, source: Source, run_id: RunId) -> None:
        starred = not self._notes.of_run(source.key, run_id).starred
        self._keep(source, run_id, starred=starred)

    def show_current(self, source: Source, run_id: RunId | None) -> None:
        """Mark the run that is shown; without one, the source."""
        if run_id is not None:
            self.tree.mark(self.model.index_of(source, run_id))
        elif (node := self.tree.current_node()) is None or node.source is not source:
            self.tree.mark(self.model.source_index(source))

    def save(self) -> None:
        """Remember filter and columns."""
        self._context.settings.set("library.filter", self.filter_line.text())
        self.tree.save_columns()

    def _mark_shown(self) -> None:
        document = self._context.document
        if document.source is not None:
            self.show_current(document.source, document.run_id)

    def _list_experiments(self, source: Source) -> None:
        """After the runs, for counting what belongs to an experiment may take time."""
        if not source.can_answer(ExperimentsQuery):
            return

        def show(found: ExperimentList) -> None:
            self.model.set_experiments(source, found)
            self.experiments_listed.emit(source, found)

        def fail(error: TelemetryError) -> None:
            self.failed.emit(str(error))

        what = f"listing the experiments of {source.identity.name}"
        self._context.runner.submit(_lane("experiments", source), source, ExperimentsQuery(),
                                    show, fail, self, what)  # fmt: skip

    def _count(self, source: Source, runs: RunList) -> None:
        tables = [source.table_with_role(role) for role in COUNTED_ROLES]
        names = tuple(table.name for table in tables if table is not None and table.recorded)
        if not names or not runs.runs:
            return
        query = RunSizesQuery(tuple(run.run_id for run in runs.runs), names)
        self._context.runner.submit(
            _lane("sizes", source),
            source,
            query,
            lambda sizes: self.model.set_sizes(source, sizes),
            lambda error: self.failed.emit(str(error)),
            self,
            f"counting the rows of {source.identity.name}",
            later=True,
        )

    def _filter_changed(self, text: str) -> None:
        """Narrow the tree; a text that is no filter is said so and the runs stay."""
        try:
            filter_ = RunFilter.parse(text, self.model.columns)
        except FilterError as error:
            self._problem.setText(str(error))
            self._problem.show()
            self._mark(self.filter_line, bad=True)
            return
        self._problem.hide()
        self._mark(self.filter_line, bad=False)
        self.order.set_filter(filter_)
        self.tree.expandAll()
        self._mark_shown()

    def _remember_filter(self, text: str) -> None:
        """A run of typing is one step."""
        old, self._text = self._text, text
        put = self.filter_line.setText
        self._context.document.history.push(Change(
            "filter the Library", lambda: put(old), lambda: put(text), kind="library filter"
        ))  # fmt: skip

    def _remember_column(self, label: str, before: object, after: object) -> None:
        put = self.tree.arrange
        self._context.document.history.push(Change(
            f"{label} in the Library", lambda: put(before), lambda: put(after)))  # fmt: skip

    def _mark(self, line: QLineEdit, bad: bool) -> None:
        color = self._context.theme.color("bad").name()
        line.setStyleSheet(f"QLineEdit {{ border: 1px solid {color}; }}" if bad else "")

    def _run_chosen(self, node: Node) -> None:
        if node.row is not None:
            self.chosen.emit(node.source, node.row.run)

    def _group_chosen(self, node: Node) -> None:
        if node.experiment is not None:
            self.experiment_chosen.emit(node.source, node.experiment, node.iteration)

    def _audited(self, source: Source, audit: Audit) -> None:
        self.model.set_audit(source, audit.run_id, mark(audit))

    def _note_edited(self, source: Source, run_id: RunId, field: str, text: str) -> None:
        value: object = text.strip()
        if field == "tags":
            value = tuple(dict.fromkeys(text.replace(",", " ").split()))
        self._keep(source, run_id, **{field: value})

    def _keep(self, source: Source, run_id: RunId, **changes: object) -> None:
        self._notes.problem = None
        note = self._notes.change(source.key, run_id, **changes)
        self.model.set_note(source, run_id, note)
        if self._notes.problem is not None:
            self.failed.emit(self._notes.problem)


def _lane(name: str, source: Source) -> str:
    return f"library.{name}.{id(source)}"
